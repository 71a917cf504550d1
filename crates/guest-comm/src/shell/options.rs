//! The command line of the agents.
//!
//! The first argument may be a number: the least serious lines to log, with syslog's numbers (default 4, warnings). As in
//! the original it is read like a number of C, and further arguments that are not known are not looked at.
//!
//! Contract: guest 1.2.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use guest_protocol::messaging::AGENT_ADDRESS;
use guest_protocol::messaging::envelope::Address;

/// Least serious lines that are logged when nothing else is said.
const DEFAULT_LEVEL: i64 = 4;
/// The highest level there is.
const HIGHEST_LEVEL: i64 = 7;
/// The port libvirt gives a VM.
const DEVICE: &str = "/dev/virtio-ports/cgcs.messaging";
/// Where libvirt puts the sockets of the ports.
const SOCKET_DIR: &str = "/var/lib/libvirt/qemu";
/// Instances of a host when nothing else is said.
const INSTANCE_LIMIT: usize = 1024;

/// The first argument is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// What the original says of it. The process ends with 1.
    #[error("No digits were found")]
    NoDigits,
}

/// What the command line says; each agent uses its part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Least serious lines that are logged.
    pub level: i64,
    /// `--device PATH`: guest_agent's port, or a UNIX stream socket in its place.
    pub device: PathBuf,
    /// `--socket-dir DIR`: where host_agent finds the sockets of the ports.
    pub socket_dir: PathBuf,
    /// `--address NAME`: the agent's abstract address.
    pub address: Address,
    /// `--max-instances N`: how many instances host_agent serves.
    pub instance_limit: NonZeroUsize,
}

impl Options {
    /// Reads the arguments after the program's name.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, OptionsError> {
        let mut options = Self {
            level: DEFAULT_LEVEL,
            device: DEVICE.into(),
            socket_dir: SOCKET_DIR.into(),
            address: Address::new(AGENT_ADDRESS).ok_or(OptionsError::NoDigits)?,
            instance_limit: NonZeroUsize::new(INSTANCE_LIMIT).ok_or(OptionsError::NoDigits)?,
        };
        let mut arguments = arguments.into_iter().peekable();
        if let Some(level) = arguments.next_if(|argument| !argument.starts_with("--")) {
            options.level = c_number(&level).ok_or(OptionsError::NoDigits)?.min(HIGHEST_LEVEL);
        }
        while let Some(name) = arguments.next() {
            match (name.as_str(), arguments.peek()) {
                ("--device", Some(path)) => options.device = path.into(),
                ("--socket-dir", Some(path)) => options.socket_dir = path.into(),
                ("--address", Some(name)) => {
                    options.address = Address::new(name.as_str()).unwrap_or(options.address);
                }
                ("--max-instances", Some(number)) => {
                    options.instance_limit = number.parse().unwrap_or(options.instance_limit);
                }
                _ => continue,
            }
            arguments.next();
        }
        Ok(options)
    }
}

/// The number `text` begins with, as `strtol` with base 0 reads it.
fn c_number(text: &str) -> Option<i64> {
    let text = text.trim_start();
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => (-1, text),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (radix, digits) = match hex {
        Some(digits) if digits.starts_with(|letter: char| letter.is_ascii_hexdigit()) => (16, digits),
        _ if text.starts_with('0') => (8, text),
        _ => (10, text),
    };
    let end = digits.find(|letter: char| !letter.is_digit(radix)).unwrap_or(digits.len());
    let digits = digits.get(..end).filter(|digits| !digits.is_empty())?;
    Some(i64::from_str_radix(digits, radix).map_or(i64::MAX, |number| sign * number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options, OptionsError> {
        Options::parse(arguments.iter().map(|argument| (*argument).to_owned()))
    }

    #[test]
    fn the_level_is_read_like_a_number_of_c() {
        let cases = [
            (&[][..], Ok(4)),
            (&["7"], Ok(7)),
            (&["9"], Ok(7)),
            (&["0"], Ok(0)),
            (&[" +6x"], Ok(6)),
            (&["0x5"], Ok(5)),
            (&["03"], Ok(3)),
            (&["-1"], Ok(-1)),
            (&["99999999999999999999"], Ok(7)),
            (&["word"], Err(OptionsError::NoDigits)),
            (&[""], Err(OptionsError::NoDigits)),
            (&["3", "word", "5"], Ok(3)),
        ];
        for (arguments, level) in cases {
            assert_eq!(parse(arguments).map(|options| options.level), level, "{arguments:?}");
        }
    }

    #[test]
    fn places_can_be_named() {
        let usual = parse(&[]).unwrap();
        assert_eq!(usual.device, PathBuf::from("/dev/virtio-ports/cgcs.messaging"));
        assert_eq!(usual.socket_dir, PathBuf::from("/var/lib/libvirt/qemu"));
        assert_eq!(usual.address.as_str(), "cgcs.messaging");
        assert_eq!(usual.instance_limit.get(), 1024);
        let named = [
            "7",
            "--device",
            "/d",
            "--socket-dir",
            "/s",
            "--address",
            "a",
            "--max-instances",
            "3",
            "--device",
        ];
        let named = parse(&named).unwrap();
        assert_eq!(named.device, PathBuf::from("/d"));
        assert_eq!(named.socket_dir, PathBuf::from("/s"));
        assert_eq!(named.address.as_str(), "a");
        assert_eq!(named.instance_limit.get(), 3);
        assert_eq!(parse(&["--max-instances", "0"]).unwrap().instance_limit.get(), 1024);
    }
}

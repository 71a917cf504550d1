//! The command line. Contract: guest 1.1.

use std::path::PathBuf;

/// Longest name of an instance, bytes.
const MAX_NAME: usize = 63;
/// Where the configuration is.
const CONFIG: &str = "/etc/guest-client/heartbeat/guest_heartbeat.conf";
/// Where applications connect.
const SOCKET: &str = "/var/run/.guest_heartbeat_api";

/// Shown when the start fails for its arguments.
pub const USAGE: &str = "guest-client [ARGS]\n  where ARGS may be any of: \n    \
    --name      Override the name of the instance\n    \
    --device    Override default communication channel device\n\n";

/// What the command line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arguments {
    /// Name of the instance, instead of the host name.
    pub name: Option<String>,
    /// The port, or a socket.
    pub device: PathBuf,
    /// The configuration file.
    pub config: PathBuf,
    /// The socket for applications.
    pub socket: PathBuf,
}

/// Reads the arguments, without the program's name. What is not known, or has no value, is ignored.
pub fn parse(arguments: impl IntoIterator<Item = String>) -> Arguments {
    let mut parsed = Arguments {
        name: None,
        device: "/dev/vport1p1".into(),
        config: CONFIG.into(),
        socket: SOCKET.into(),
    };
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let (key, attached) = match argument.split_once('=') {
            Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
            None => (argument, None),
        };
        if !matches!(key.as_str(), "--name" | "--device" | "--config" | "--socket") {
            continue;
        }
        let Some(value) = attached.or_else(|| arguments.next()) else { break };
        match key.as_str() {
            "--name" => parsed.name = Some(guest_protocol::heartbeat::cut(&value, MAX_NAME).to_owned()),
            "--device" => parsed.device = value.into(),
            "--config" => parsed.config = value.into(),
            _ => parsed.socket = value.into(),
        }
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_options_are_taken_and_the_rest_is_ignored() {
        let run = |words: &str| parse(words.split_whitespace().map(str::to_owned));
        let usual = run("");
        assert_eq!(usual.device, PathBuf::from("/dev/vport1p1"));
        assert_eq!(run("--help -x what --name"), usual);
        let all = run("-q --name vm1 --device /d --config=/c --socket /s");
        assert_eq!(all.name.as_deref(), Some("vm1"));
        assert_eq!((all.device, all.config, all.socket), ("/d".into(), "/c".into(), "/s".into()));
        assert_eq!(run(&format!("--name {}", "x".repeat(99))).name.unwrap().len(), 63);
    }
}

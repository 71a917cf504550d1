//! Where a process is observed.

use nfv_common::config::{ConfigError, Settings};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Address of the observation port: `monitor_host` (127.0.0.1) and `monitor_port` of the section; without a port there
/// is none.
///
/// # Errors
/// The host is no address, or the port no number.
pub fn address(settings: &Settings, section: &str) -> Result<Option<SocketAddr>, ConfigError> {
    const HOST: &str = "monitor_host";
    let Some(port) = settings.int(section, "monitor_port")? else { return Ok(None) };
    let host = match settings.get(section, HOST) {
        None | Some("localhost") => IpAddr::from(Ipv4Addr::LOCALHOST),
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse()
            .map_err(|_| settings.wrong(section, HOST, host, "an IPv4 or IPv6 address"))?,
    };
    Ok(Some(SocketAddr::new(host, port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_off_without_a_port_and_on_loopback_without_a_host() {
        let read = |text: &str| address(&Settings::parse("c", text.as_bytes()).unwrap(), "vim");
        assert_eq!(read("[vim]\nmonitor_host=::1\n").unwrap(), None);
        for (text, want) in [
            ("[vim]\nmonitor_port=4346\n", "127.0.0.1:4346"),
            ("[vim]\nmonitor_port=4346\nmonitor_host=::\n", "[::]:4346"),
            ("[vim]\nmonitor_port=1\nmonitor_host=[fd00::1]\n", "[fd00::1]:1"),
        ] {
            assert_eq!(read(text).unwrap().unwrap().to_string(), want);
        }
        assert!(read("[vim]\nmonitor_port=4346\nmonitor_host=here\n").is_err());
        assert!(read("[vim]\nmonitor_port=70000\n").is_err());
    }
}

//! guestServer's configuration. Contract: guest 1.4.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use guest_daemon::place::Place;
use guest_daemon::settings::{SettingsError, debug, load, millis_or};

use crate::watch::Limits;

/// Path of the file.
pub const FILE: &str = "/etc/mtc/guestServer.ini";

/// Values of `guestServer.ini`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Port on which guestAgent listens.
    pub agent_port: u16,
    /// Port on which guestServer listens.
    pub port: u16,
    /// Times and bounds.
    pub limits: Limits,
    /// Where QEMU makes the sockets.
    pub channels: PathBuf,
    /// Address to listen on, instead of that of the management interface.
    pub bind_address: Option<IpAddr>,
    /// Name of this host, instead of the system's.
    pub hostname: Option<String>,
    /// Whether debug lines are logged.
    pub debug: bool,
}

impl Config {
    /// Reads the file.
    pub fn load(place: &Place) -> Result<Self, SettingsError> {
        let settings = load(&place.at(FILE))?;
        let usual = Limits::default();
        let grace = usual.lateness;
        let bind_address = settings.get("client", "bind_address").map(|text| {
            text.parse().map_err(|_| settings.wrong("client", "bind_address", text, "an address"))
        });
        Ok(Self {
            agent_port: settings.require_int("agent", "rx_port")?,
            port: settings.require_int("client", "rx_port")?,
            limits: Limits {
                failure_threshold: settings.int_or("client", "hbs_failure_threshold", 0)?,
                shortest_interval: millis_or(&settings, "client", "hbs_pulse_period", Duration::ZERO)?,
                instances: settings.int_or("client", "max_instances", usual.instances)?,
                lateness: millis_or(&settings, "client", "hbs_lateness_threshold", grace)?,
                graces: settings.int_or("client", "hbs_lateness_grace", usual.graces)?,
            },
            channels: place.at(settings.get_or("client", "channel_dir", "/var/lib/libvirt/qemu")),
            bind_address: bind_address.transpose()?,
            hostname: settings.get("client", "hostname").map(str::to_owned),
            debug: debug(&settings),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_text(text: &str) -> Result<Config, SettingsError> {
        let root = tempfile::tempdir().unwrap();
        let place = Place::new("guestServer", Some(root.path()));
        std::fs::create_dir_all(place.at("/etc/mtc")).unwrap();
        std::fs::write(place.at(FILE), text).unwrap();
        Config::load(&place)
    }

    #[test]
    fn the_packaged_file_is_read() {
        let config = load_text(include_str!("../../../packaging/etc/mtc/guest.ini")).unwrap();
        assert_eq!((config.agent_port, config.port, config.debug), (2401, 2411, false));
        assert_eq!(config.limits.failure_threshold, 1);
        assert_eq!(config.limits.shortest_interval, Duration::from_millis(400));
        assert!(config.channels.ends_with("var/lib/libvirt/qemu"));
    }

    #[test]
    fn ports_are_mandatory_and_the_rest_is_not() {
        let config =
            load_text("[agent]\nrx_port=1\n[client]\nrx_port=2\nbind_address=::1\nhostname=c7\n").unwrap();
        assert_eq!(config.limits, Limits::default());
        assert_eq!(config.bind_address, Some("::1".parse().unwrap()));
        assert_eq!(config.hostname.as_deref(), Some("c7"));
        for text in
            ["", "[agent]\nrx_port=1\n", "[client]\nrx_port=2\n", "[agent]\nrx_port=x\n[client]\nrx_port=2\n"]
        {
            assert!(load_text(text).is_err(), "{text}");
        }
    }
}

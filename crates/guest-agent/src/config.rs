//! guestAgent's configuration: three files. Contract: guest 1.4.

use guest_daemon::place::Place;
use guest_daemon::settings::{SettingsError, debug, load};

const OWN: &str = "/etc/mtc/guestAgent.ini";
const MAINTENANCE: &str = "/etc/mtc.conf";
const PLUGINS: &str = "/etc/nfv/nfv_plugins/nfvi_plugins/config.ini";

/// Values of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Port for datagrams of guestServers.
    pub server_events_port: u16,
    /// Port on which guestServers listen.
    pub server_port: u16,
    /// Port for requests of the VIM.
    pub vim_commands_port: u16,
    /// Port on which the VIM listens.
    pub vim_port: u16,
    /// Port for datagrams of mtcAgent.
    pub maintenance_commands_port: u16,
    /// Port on which mtcAgent listens.
    pub maintenance_port: u16,
    /// Name whose address floats between the controllers.
    pub controller: String,
    /// Name of this host, instead of the system's.
    pub hostname: Option<String>,
    /// Requests to the VIM that are under way at once.
    pub vim_calls: usize,
    /// Requests to the VIM that may wait.
    pub vim_queue: usize,
    /// Whether debug lines are logged.
    pub debug: bool,
}

impl Config {
    /// Reads the files.
    pub fn load(place: &Place) -> Result<Self, SettingsError> {
        let own = load(&place.at(OWN))?;
        let maintenance = load(&place.at(MAINTENANCE))?;
        let plugins = load(&place.at(PLUGINS))?;
        Ok(Self {
            server_events_port: own.require_int("agent", "rx_port")?,
            server_port: own.require_int("client", "rx_port")?,
            vim_commands_port: own.require_int("agent", "vim_cmd_port")?,
            vim_port: plugins.require_int("guest-rest-api", "port")?,
            maintenance_commands_port: maintenance.require_int("agent", "mtc_to_guest_cmd_port")?,
            maintenance_port: maintenance.require_int("agent", "hbs_to_mtc_event_port")?,
            controller: own.get_or("agent", "controller", "controller").to_owned(),
            hostname: own.get("agent", "hostname").map(str::to_owned),
            vim_calls: own.int_or("agent", "vim_calls_at_once", 8_usize)?.max(1),
            vim_queue: own.int_or("agent", "vim_queue", 10_000)?,
            debug: debug(&own),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_files_are_needed_with_six_keys() {
        let root = tempfile::tempdir().unwrap();
        let place = Place::new("guestAgent", Some(root.path()));
        let files = [
            (OWN, include_str!("../../../packaging/etc/mtc/guest.ini")),
            (MAINTENANCE, "[agent]\nhbs_to_mtc_event_port = 2107 ; x\nmtc_to_guest_cmd_port = 2108\n"),
            (PLUGINS, "[guest-rest-api]\nhost=127.0.0.1\nport=30002\n"),
        ];
        for (path, text) in files {
            let file = place.at(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        let config = Config::load(&place).unwrap();
        let ports = [
            config.server_events_port,
            config.server_port,
            config.vim_commands_port,
            config.vim_port,
            config.maintenance_port,
            config.maintenance_commands_port,
        ];
        assert_eq!(ports, [2401, 2411, 2410, 30002, 2107, 2108]);
        assert_eq!(config.controller, "controller");
        for (path, text) in files {
            let keys: Vec<_> =
                text.lines().filter(|line| line.split(';').next().unwrap().contains("port")).collect();
            for key in keys {
                std::fs::write(place.at(path), text.replacen(key, "", 1)).unwrap();
                assert!(Config::load(&place).is_err(), "{key}");
            }
            std::fs::write(place.at(path), text).unwrap();
        }
    }
}

//! The configuration of the process. Contract: vim-api 3.1, deployment 3.2.

use crate::hostname::HostNames;
use nfv_common::config::{ConfigError, Settings};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

const SECTION: &str = "vim-webserver";

/// Who may see the dashboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody, as in the original.
    Open,
    /// Who has one of these roles in the platform's project.
    Keystone {
        /// Roles that let in.
        roles: Vec<String>,
        /// A session that was not used for this long ends.
        idle_limit: Duration,
        /// The cookie is sent over TLS only: a proxy in front speaks it.
        secure_cookie: bool,
    },
}

/// All settings of the process.
#[derive(Clone, Debug)]
pub struct WebSettings {
    /// Address or name to listen on; a `:` makes it IPv6.
    pub host: String,
    /// Port; 0 lets the system choose (tests).
    pub port: u16,
    /// Directory of the original's page; it need not be there.
    pub source_dir: PathBuf,
    /// Directory of the database file.
    pub database_dir: PathBuf,
    /// Configuration of the plugins.
    pub nfvi_config_file: PathBuf,
    /// Configuration of the alarm handlers, if the VIM has one.
    pub alarm_config_file: Option<PathBuf>,
    /// Configuration of the event-log handlers, if the VIM has one.
    pub event_log_config_file: Option<PathBuf>,
    /// Where the VIM is asked what would happen; none: it is not asked.
    pub vim: Option<SocketAddr>,
    /// Who may see the dashboard.
    pub access: Access,
    /// Names under which it may be asked for.
    pub allowed_hosts: HostNames,
    /// How often the database is asked whether it has changed.
    pub database_interval: Duration,
    /// How often Fault Management is asked while somebody looks.
    pub alarm_interval: Duration,
    /// Most event streams at once.
    pub max_streams: usize,
}

impl WebSettings {
    /// Reads the settings.
    ///
    /// # Errors
    /// A required key is missing, or a value is not what it must be; the error names file, section and key.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        // read by the original at its start, so that a file without it does not start there either
        settings.require("vim-api", "host")?;
        let file = |section: &str| settings.get(section, "config_file").map(PathBuf::from);
        let interval: u64 = settings.int_or(SECTION, "database_interval_in_ms", 500)?;
        Ok(Self {
            host: bare(settings.require(SECTION, "host")?).to_owned(),
            port: settings.require_int(SECTION, "port")?,
            source_dir: settings.require(SECTION, "source_dir")?.into(),
            database_dir: settings.require("database", "database_dir")?.into(),
            nfvi_config_file: settings.require("nfvi", "config_file")?.into(),
            alarm_config_file: file("alarm"),
            event_log_config_file: file("event-log"),
            vim: vim(settings),
            access: access(settings)?,
            allowed_hosts: allowed_hosts(settings)?,
            database_interval: Duration::from_millis(interval.clamp(50, 60_000)),
            alarm_interval: settings
                .seconds_or(SECTION, "alarm_interval_in_secs", Duration::from_secs(15))?
                .max(Duration::from_secs(1)),
            max_streams: settings.int_or::<u32>(SECTION, "max_streams", 64)? as usize,
        })
    }
}

/// `[vim] rpc_host`, `rpc_port`. The original does not read them here, so nothing in them keeps the process from starting.
fn vim(settings: &Settings) -> Option<SocketAddr> {
    let host = match bare(settings.get("vim", "rpc_host")?) {
        "localhost" => IpAddr::from([127, 0, 0, 1]),
        literal => literal.parse().ok()?,
    };
    Some(SocketAddr::new(host, settings.get("vim", "rpc_port")?.trim().parse().ok()?))
}

fn access(settings: &Settings) -> Result<Access, ConfigError> {
    match settings.get_or(SECTION, "login", "none") {
        "none" => Ok(Access::Open),
        "keystone" => {
            let mut roles: Vec<String> =
                settings.list(SECTION, "login_roles").into_iter().map(str::to_owned).collect();
            if roles.is_empty() {
                roles.push("admin".to_owned());
            }
            let minutes: u32 = settings.int_or(SECTION, "session_idle_limit_in_mins", 60)?;
            Ok(Access::Keystone {
                roles,
                idle_limit: Duration::from_secs(u64::from(minutes.max(1)) * 60),
                secure_cookie: settings.lower_flag(SECTION, "secure_cookie").unwrap_or(false),
            })
        }
        other => Err(settings.wrong(SECTION, "login", other, "none or keystone")),
    }
}

fn allowed_hosts(settings: &Settings) -> Result<HostNames, ConfigError> {
    HostNames::of(&settings.list(SECTION, "allowed_hosts")).map_err(|name| {
        settings.wrong(SECTION, "allowed_hosts", &name, "a list of host names without port, or *")
    })
}

/// An IPv6 address may stand in the brackets that it has in URLs.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKAGED: &str = "[database]\ndatabase_dir=/var/lib/vim\n[nfvi]\nconfig_file=/etc/nfvi.ini\n\
                            [vim-api]\nhost=0.0.0.0\nport=4545\n\
                            [vim-webserver]\nhost=127.0.0.1\nport=32323\nsource_dir=/usr/share/web\n";

    fn read(file: &str) -> Result<WebSettings, ConfigError> {
        WebSettings::from_settings(&Settings::parse("config.ini", file.as_bytes())?)
    }

    #[test]
    fn the_packaged_sections_are_enough() {
        let settings = read(PACKAGED).unwrap();
        assert_eq!((settings.host.as_str(), settings.port), ("127.0.0.1", 32323));
        assert_eq!(settings.access, Access::Open);
        assert_eq!(settings.allowed_hosts, HostNames::Any);
        assert_eq!(settings.database_interval, Duration::from_millis(500));
        assert_eq!(read(&PACKAGED.replace("127.0.0.1", "[fd01::2]")).unwrap().host, "fd01::2");
    }

    #[test]
    fn where_the_vim_is_asked_may_be_missing_or_odd() {
        for (section, expected) in [
            ("", None),
            ("[vim]\nrpc_host=127.0.0.1\n", None),
            ("[vim]\nrpc_host=localhost\nrpc_port=4343\n", Some("127.0.0.1:4343")),
            ("[vim]\nrpc_host=[fd01::2]\nrpc_port=4343\n", Some("[fd01::2]:4343")),
            ("[vim]\nrpc_host=fd01::2\nrpc_port=4343\n", Some("[fd01::2]:4343")),
            ("[vim]\nrpc_host=controller\nrpc_port=4343\n", None),
            ("[vim]\nrpc_host=127.0.0.1\nrpc_port=x\n", None),
        ] {
            let vim = read(&format!("{PACKAGED}{section}")).unwrap().vim;
            assert_eq!(vim, expected.map(|address| address.parse().unwrap()), "{section}");
        }
    }

    #[test]
    fn each_required_key_is_asked_for() {
        for line in [
            "database_dir=/var/lib/vim\n",
            "config_file=/etc/nfvi.ini\n",
            "host=0.0.0.0\n",
            "host=127.0.0.1\n",
            "port=32323\n",
            "source_dir=/usr/share/web\n",
        ] {
            let key = line.split('=').next().unwrap();
            let error = read(&PACKAGED.replacen(line, "", 1)).unwrap_err().to_string();
            assert!(error.contains(key), "{error}");
        }
        assert!(read(&PACKAGED.replace("32323", "99999")).is_err());
    }

    #[test]
    fn names_can_be_limited() {
        let settings = read(&format!("{PACKAGED}allowed_hosts = cloud1.example.org, Controller\n")).unwrap();
        assert!(settings.allowed_hosts.allow(b"controller:32323"));
        assert!(!settings.allowed_hosts.allow(b"evil.example:32323"));
        let error = read(&format!("{PACKAGED}allowed_hosts=controller:32323\n")).unwrap_err().to_string();
        assert!(error.contains("'controller:32323' is not a list of host names"), "{error}");
    }

    #[test]
    fn login_is_by_configuration() {
        let settings =
            read(&format!("{PACKAGED}login=keystone\nsession_idle_limit_in_mins=5\nsecure_cookie=True\n"));
        let expected = Access::Keystone {
            roles: vec!["admin".to_owned()],
            idle_limit: Duration::from_secs(300),
            secure_cookie: true,
        };
        assert_eq!(settings.unwrap().access, expected);
        let error = read(&format!("{PACKAGED}login=maybe\n")).unwrap_err().to_string();
        assert!(error.ends_with("login = 'maybe' is not none or keystone"), "{error}");
    }
}

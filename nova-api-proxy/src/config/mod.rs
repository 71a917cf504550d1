//! The proxy's configuration.
//!
//! ```text
//! command line ──► files in order ──► OsloConfig ──► ProxyConfig   [DEFAULT], the proxy's own
//!                                               ├──► LogConfig     [DEFAULT], logging
//!                                               └──► AuthConfig    [keystone_authtoken] and the paste file's section
//! ```
//!
//! Contract: nova-api-proxy 2, 4.

mod authtoken;
mod logging;

use std::path::{Path, PathBuf};
use std::time::Duration;

use nfv_common::config::oslo::{default_directories, default_files, directory_files};
use nfv_common::config::{ConfigError, OsloConfig};

pub use authtoken::{AuthConfig, Credentials};
pub use logging::LogConfig;

use crate::cli::{Arguments, ConfigSource, PROGRAM};
use crate::error::StartError;

/// Name under which oslo.config looks for default files.
const PROJECT: &str = "api-proxy";
const SECTION: &str = "DEFAULT";
/// Placeholder style of Python's `%`; the default of `wsgi_log_format`.
const ACCESS_FORMAT: &str = "%(client_ip)s \"%(request_line)s\" status: %(status_code)s len: %(body_length)s time: \
                             %(wall_seconds).7f";

/// A host and port, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Address or name.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl Address {
    /// `HOST:PORT` without brackets, as the original writes it.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// Certificates of the listener.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// CA to verify clients with; if set, they must have a certificate.
    pub ca: Option<PathBuf>,
    /// Certificate.
    pub cert: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
}

/// The options of `[DEFAULT]` that are the proxy's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyConfig {
    /// `osapi_proxy_listen`, `osapi_proxy_listen_port`
    pub listen: Address,
    /// `osapi_compute_listen`, `osapi_compute_listen_port`
    pub nova: Address,
    /// `nfvi_compute_listen`, `nfvi_compute_listen_port`
    pub vim: Address,
    /// `use_ssl` and the files.
    pub tls: Option<TlsFiles>,
    /// `show_request_body`
    pub show_request_body: bool,
    /// `api_paste_config`
    pub paste: String,
    /// `pool_size`: requests that are worked on at once.
    pub pool_size: usize,
    /// `wsgi_log_format`
    pub access_format: String,
    /// `tcp_keepidle`
    pub keep_idle: Duration,
    /// `max_header_line`, bytes.
    pub max_header_line: usize,
    /// `client_socket_timeout`; none for 0.
    pub client_timeout: Option<Duration>,
    /// `upstream_ssl`: TLS to the upstreams; as `use_ssl` when absent.
    pub upstream_tls: bool,
    /// `upstream_ca_file`: what their certificates are checked against; the system's when absent.
    pub upstream_ca: Option<PathBuf>,
    /// `upstream_connect_timeout`
    pub connect_timeout: Duration,
    /// `upstream_answer_timeout`: longest silence of an upstream that owes bytes.
    pub answer_timeout: Duration,
    /// `max_action_body`: longest body that is looked at, bytes.
    pub max_action_body: usize,
    /// `workers`: threads that serve.
    pub workers: usize,
    /// `run_dir`: where the pid file is.
    pub run_dir: PathBuf,
}

impl ProxyConfig {
    /// Reads the options.
    ///
    /// # Errors
    /// A value that is not of its type.
    pub fn read(config: &OsloConfig) -> Result<Self, ConfigError> {
        let text = |key: &str, default: &str| -> Result<String, ConfigError> {
            Ok(config.text(SECTION, key)?.unwrap_or_else(|| default.to_owned()))
        };
        let address = |host: &str, default: &str, port: u16| -> Result<Address, ConfigError> {
            let key = format!("{host}_port");
            Ok(Address { host: text(host, default)?, port: config.int(SECTION, &key)?.unwrap_or(port) })
        };
        let path = |key: &str| config.text(SECTION, key).map(|path| path.filter(|path| !path.is_empty()));
        let path = |key: &str| path(key).map(|path| path.map(PathBuf::from));
        let seconds = |key: &str, default: u32| -> Result<Duration, ConfigError> {
            Ok(Duration::from_secs(config.int::<u32>(SECTION, key)?.unwrap_or(default).into()))
        };
        let count = |key: &str, default: usize| -> Result<usize, ConfigError> {
            let number = config.int::<u32>(SECTION, key)?.map_or(default, |number| number as usize);
            if number > 0 { Ok(number) } else { Err(config.wrong(SECTION, key, "0", "a positive number")) }
        };
        let use_ssl = config.flag(SECTION, "use_ssl")?.unwrap_or(false);
        let client_timeout = seconds("client_socket_timeout", 900)?;
        let tls =
            TlsFiles { ca: path("ssl_ca_file")?, cert: path("ssl_cert_file")?, key: path("ssl_key_file")? };
        Ok(Self {
            listen: address("osapi_proxy_listen", "0.0.0.0", 8774)?,
            nova: address("osapi_compute_listen", "0.0.0.0", 18774)?,
            vim: address("nfvi_compute_listen", "127.0.0.1", 30003)?,
            tls: use_ssl.then_some(tls),
            show_request_body: config.flag(SECTION, "show_request_body")?.unwrap_or(false),
            paste: text("api_paste_config", "api-proxy-paste.ini")?,
            pool_size: count("pool_size", 1000)?,
            access_format: text("wsgi_log_format", ACCESS_FORMAT)?,
            keep_idle: seconds("tcp_keepidle", 600)?,
            max_header_line: count("max_header_line", 16_384)?,
            client_timeout: (!client_timeout.is_zero()).then_some(client_timeout),
            upstream_tls: config.flag(SECTION, "upstream_ssl")?.unwrap_or(use_ssl),
            upstream_ca: path("upstream_ca_file")?,
            connect_timeout: seconds("upstream_connect_timeout", 10)?,
            answer_timeout: seconds("upstream_answer_timeout", 900)?,
            max_action_body: count("max_action_body", 1 << 20)?,
            workers: count("workers", default_workers())?,
            run_dir: path("run_dir")?.unwrap_or_else(|| "/var/run".into()),
        })
    }
}

/// The platform's own cores of a controller are few; more threads than this do not help a proxy.
fn default_workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(4)
}

/// Reads the files that the command line names, or the default ones; the command line's options win.
///
/// # Errors
/// A file is missing or cannot be parsed.
pub fn load(arguments: &Arguments, home: Option<&Path>) -> Result<OsloConfig, StartError> {
    let mut files = Vec::new();
    for source in &arguments.sources {
        match source {
            ConfigSource::File(file) => files.push(file.clone()),
            ConfigSource::Directory(directory) => files.extend(directory_files(directory)?),
        }
    }
    if arguments.sources.is_empty() {
        files = default_files(PROJECT, PROGRAM, home);
    }
    let mut config = OsloConfig::load(&files)?;
    for (key, value) in &arguments.settings {
        config.set(key, value.clone());
    }
    Ok(config)
}

/// Looks for the paste file: beside the configuration files, in the configuration directories, then in the default
/// ones.
pub fn find_paste(name: &str, arguments: &Arguments, home: Option<&Path>) -> Option<PathBuf> {
    let path = Path::new(name);
    if path.is_absolute() {
        return path.exists().then(|| path.to_owned());
    }
    let mut directories = Vec::new();
    for source in &arguments.sources {
        if let ConfigSource::File(file) = source {
            let parent = file.parent().unwrap_or(Path::new(""));
            directories.push(std::path::absolute(parent).unwrap_or_else(|_| parent.to_owned()));
        }
    }
    for source in &arguments.sources {
        if let ConfigSource::Directory(directory) = source {
            directories.push(directory.clone());
        }
    }
    directories.extend(default_directories(PROJECT, home));
    directories.into_iter().map(|directory| directory.join(path)).find(|path| path.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../etc/nova-api-proxy.conf");

    fn config(content: &str) -> OsloConfig {
        let mut config = OsloConfig::default();
        config.add("f.conf", content.as_bytes()).unwrap();
        config
    }

    #[test]
    fn defaults_are_the_contracts() {
        let read = ProxyConfig::read(&OsloConfig::default()).unwrap();
        let address = |host: &str, port| Address { host: host.to_owned(), port };
        let expected = ProxyConfig {
            listen: address("0.0.0.0", 8774),
            nova: address("0.0.0.0", 18774),
            vim: address("127.0.0.1", 30003),
            tls: None,
            show_request_body: false,
            paste: "api-proxy-paste.ini".to_owned(),
            pool_size: 1000,
            access_format:
                "%(client_ip)s \"%(request_line)s\" status: %(status_code)s len: %(body_length)s time: \
                            %(wall_seconds).7f"
                    .to_owned(),
            keep_idle: Duration::from_secs(600),
            max_header_line: 16384,
            client_timeout: Some(Duration::from_secs(900)),
            upstream_tls: false,
            upstream_ca: None,
            connect_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(900),
            max_action_body: 1_048_576,
            workers: default_workers(),
            run_dir: "/var/run".into(),
        };
        assert_eq!(read, expected);
        let shipped = ProxyConfig::read(&config(SHIPPED)).unwrap();
        assert_eq!(shipped, ProxyConfig { pool_size: 128, ..expected });
    }

    #[test]
    fn every_option_is_read() {
        let read = ProxyConfig::read(&config(
            "[DEFAULT]\nosapi_proxy_listen = ::1\nosapi_proxy_listen_port = 1\nosapi_compute_listen = nova\n\
             osapi_compute_listen_port = 2\nnfvi_compute_listen = fd00::2\nnfvi_compute_listen_port = 3\nuse_ssl = on\n\
             show_request_body = yes\napi_paste_config = /p.ini\npool_size = 256\nwsgi_log_format = $$ %(client_ip)s\n\
             ssl_ca_file = ca\nssl_cert_file = cert\nssl_key_file = key\ntcp_keepidle = 4\nmax_header_line = 5\n\
             client_socket_timeout = 0\nupstream_ssl = no\nupstream_ca_file = uca\nupstream_connect_timeout = 6\n\
             upstream_answer_timeout = 7\nmax_action_body = 8\nworkers = 9\nrun_dir = /run\n",
        ))
        .unwrap();
        let address = |host: &str, port| Address { host: host.to_owned(), port };
        let tls = TlsFiles { ca: Some("ca".into()), cert: Some("cert".into()), key: Some("key".into()) };
        assert_eq!(
            read,
            ProxyConfig {
                listen: address("::1", 1),
                nova: address("nova", 2),
                vim: address("fd00::2", 3),
                tls: Some(tls),
                show_request_body: true,
                paste: "/p.ini".to_owned(),
                pool_size: 256,
                access_format: "$ %(client_ip)s".to_owned(),
                keep_idle: Duration::from_secs(4),
                max_header_line: 5,
                client_timeout: None,
                upstream_tls: false,
                upstream_ca: Some("uca".into()),
                connect_timeout: Duration::from_secs(6),
                answer_timeout: Duration::from_secs(7),
                max_action_body: 8,
                workers: 9,
                run_dir: "/run".into(),
            }
        );
        assert_eq!(read.vim.authority(), "fd00::2:3");
    }

    #[test]
    fn wrong_values_are_named() {
        for (line, expected) in [
            ("use_ssl = maybe", "use_ssl = 'maybe' is not a boolean"),
            ("pool_size =", "pool_size = '' is not an integer"),
            ("pool_size = 0", "pool_size = '0' is not a positive number"),
            (
                "osapi_proxy_listen_port = 99999",
                "osapi_proxy_listen_port = '99999' is not in the range of this setting",
            ),
        ] {
            let error = ProxyConfig::read(&config(&format!("[DEFAULT]\n{line}\n"))).unwrap_err();
            assert_eq!(error.to_string(), format!("configuration file f.conf: [DEFAULT] {expected}"));
        }
    }

    #[test]
    fn the_command_line_and_the_places_of_the_paste_file() {
        let dir = tempfile::tempdir().unwrap();
        let home = tempfile::tempdir().unwrap();
        let file = dir.path().join("nova-api-proxy.conf");
        std::fs::write(&file, "[DEFAULT]\ndebug = False\npool_size = 7\n").unwrap();
        let arguments = Arguments {
            sources: vec![ConfigSource::File(file)],
            settings: vec![("debug", "true".to_owned())],
        };
        let read = load(&arguments, None).unwrap();
        assert_eq!(read.flag("DEFAULT", "debug").unwrap(), Some(true));
        assert_eq!(read.int::<u8>("DEFAULT", "pool_size").unwrap(), Some(7));
        assert_eq!(find_paste("p.ini", &arguments, Some(home.path())), None);
        std::fs::write(home.path().join("p.ini"), "").unwrap();
        assert_eq!(find_paste("p.ini", &arguments, Some(home.path())), Some(home.path().join("p.ini")));
        std::fs::write(dir.path().join("p.ini"), "").unwrap();
        let beside = dir.path().join("p.ini");
        assert_eq!(find_paste("p.ini", &arguments, Some(home.path())), Some(beside.clone()));
        assert_eq!(find_paste(beside.to_str().unwrap(), &Arguments::default(), None), Some(beside));
        let missing = Arguments { sources: vec![ConfigSource::File("/none.conf".into())], settings: vec![] };
        assert!(load(&missing, None).unwrap_err().to_string().contains("/none.conf"));
    }
}

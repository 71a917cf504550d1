//! Configuration: the VIM's file, sections `[vim]`, `[vim-api]`, `[nfvi]`, and the plugins' file it names. Contract:
//! vim-api 1.1, 1.2; deployment 3.2, 3.5.

use nfv_common::config::{ConfigError, Settings};
use nfv_plugins::catalog::ServiceConfig;
use nfv_plugins::config::{AccountConfig, Timeouts, account, service};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

const SECTION: &str = "vim-api";

/// What the process needs to know to run.
#[derive(Debug)]
pub struct ApiConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where the VIM is asked.
    pub vim: SocketAddr,
    /// From where.
    pub vim_local: SocketAddr,
    /// Where observers may look without a token.
    pub monitor: Option<SocketAddr>,
    /// Directory of the flag file: `[vim-api] run_dir`, `[vim] run_dir`, else `/var/run`.
    pub run_dir: PathBuf,
    /// Limits of requests.
    pub limits: Limits,
    /// Who may use it.
    pub access: AccessConfig,
    /// The service Heat.
    pub heat: HeatConfig,
}

/// Limits of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest body: `max_request_body`, bytes.
    pub body: usize,
    /// A client has this long to send its headers, and again to send its body: `client_timeout_in_secs`.
    pub client: Duration,
    /// Connections at once: `max_connections`.
    pub connections: usize,
    /// Threads that serve: `workers`.
    pub workers: usize,
    /// An idle connection is kept this long: `keep_alive_in_secs`.
    pub keep_alive: Duration,
}

/// Who may use the API.
#[derive(Debug)]
pub struct AccessConfig {
    /// The VIM's account.
    pub account: AccountConfig,
    /// A question to Keystone may take this long: `[nfvi-timeouts] openstack.get_token`.
    pub limit: Duration,
    /// How long it is remembered what Keystone said of a token: `token_cache_time`, seconds; 0 for not at all.
    pub cache_time: Duration,
    /// Bytes that all this may take: `token_cache_size`.
    pub cache_size: usize,
}

/// The service Heat.
#[derive(Debug)]
pub struct HeatConfig {
    /// The account it is asked with.
    pub account: AccountConfig,
    /// Where it is.
    pub service: ServiceConfig,
    /// A request may take this long: `[nfvi-timeouts] heat`.
    pub limit: Duration,
    /// A token may take this long.
    pub token_limit: Duration,
}

impl ApiConfig {
    /// Reads the VIM's configuration and the file of the plugins.
    ///
    /// # Errors
    /// An option is missing or is not what it must be.
    pub fn read(settings: &Settings) -> Result<Self, ConfigError> {
        let plugins = Settings::load(settings.require("nfvi", "config_file")?)?;
        let timeouts = Timeouts::read(&plugins)?;
        let token_limit = timeouts.of("openstack", "get_token");
        let workers = std::thread::available_parallelism().map_or(2, |cores| cores.get().min(4));
        let at_least_one = |key: &'static str, default: usize| match settings.int_or(SECTION, key, default)? {
            0 => Err(settings.wrong(SECTION, key, "0", "a number from one on")),
            number => Ok(number),
        };
        let run_dir = settings.get(SECTION, "run_dir").or_else(|| settings.get("vim", "run_dir"));
        Ok(Self {
            listen: address(settings, SECTION, "host", "port")?,
            vim: address(settings, "vim", "rpc_host", "rpc_port")?,
            vim_local: address(settings, SECTION, "rpc_host", "rpc_port")?,
            monitor: nfv_monitor::address(settings, SECTION)?,
            run_dir: run_dir.unwrap_or("/var/run").into(),
            limits: Limits {
                body: at_least_one("max_request_body", 1 << 20)?,
                client: settings.seconds_or(SECTION, "client_timeout_in_secs", Duration::from_secs(15))?,
                connections: at_least_one("max_connections", 512)?,
                workers: at_least_one("workers", workers)?,
                keep_alive: settings.seconds_or(SECTION, "keep_alive_in_secs", Duration::from_secs(15))?,
            },
            access: AccessConfig {
                account: account(&plugins, "platform")?,
                limit: token_limit,
                cache_time: settings.seconds_or(SECTION, "token_cache_time", Duration::from_secs(60))?,
                cache_size: settings.int_or(SECTION, "token_cache_size", 4usize << 20)?,
            },
            heat: HeatConfig {
                account: account(&plugins, "openstack")?,
                service: service(&plugins, "heat"),
                limit: timeouts.of("heat", "request"),
                token_limit,
            },
        })
    }
}

fn address(
    settings: &Settings,
    section: &'static str,
    host: &'static str,
    port: &'static str,
) -> Result<SocketAddr, ConfigError> {
    let text = settings.require(section, host)?;
    let ip = match text {
        "localhost" => Ok(IpAddr::from([127, 0, 0, 1])),
        literal => literal.trim_matches(['[', ']']).parse(),
    };
    let ip = ip.map_err(|_| settings.wrong(section, host, text, "an IPv4 or IPv6 address"))?;
    Ok(SocketAddr::new(ip, settings.require_int(section, port)?))
}

//! The options of oslo.log.
//!
//! Contract: nova-api-proxy 4.3.

use std::path::PathBuf;

use nfv_common::config::{ConfigError, OsloConfig};
use nfv_common::logging::Facility;

const SECTION: &str = "DEFAULT";
/// The file in `log_dir` when `log_file` is not set.
const DEFAULT_FILE: &str = "nova-api-proxy.log";
const DATE_FORMAT: &str = "%Y-%m-%d %H:%M:%S";
const LINE_FORMAT: &str =
    "%(asctime)s.%(msecs)03d %(process)d %(levelname)s %(name)s [-] %(instance)s%(message)s";
const DEBUG_SUFFIX: &str = "%(funcName)s %(pathname)s:%(lineno)d";

/// How and where the proxy logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// `debug`
    pub debug: bool,
    /// `log_file` in `log_dir`.
    pub file: Option<PathBuf>,
    /// `watch_log_file`: the file is opened again when it was moved away.
    pub watch_file: bool,
    /// `use_syslog` with `syslog_log_facility`.
    pub syslog: Option<Facility>,
    /// `use_journal`
    pub journal: bool,
    /// `use_stderr`, or nothing else is used.
    pub stderr: bool,
    /// A stream that a Python logging configuration names.
    pub stdout: bool,
    /// `use_json`
    pub json: bool,
    /// `log_date_format`
    pub date_format: String,
    /// `logging_default_format_string`
    pub line_format: String,
    /// `logging_debug_format_suffix`
    pub debug_suffix: String,
}

impl LogConfig {
    /// Reads the options. `log_config_append` is left to [`super::super::log`], which reads that file.
    ///
    /// # Errors
    /// A value that is not of its type; an unknown facility while syslog is used.
    pub fn read(config: &OsloConfig) -> Result<Self, ConfigError> {
        let flag = |key: &str| config.flag(SECTION, key).map(|flag| flag.unwrap_or(false));
        let text = |key: &str, default: &str| -> Result<String, ConfigError> {
            Ok(config.text(SECTION, key)?.unwrap_or_else(|| default.to_owned()))
        };
        let either = |key: &str, old: &str| -> Result<Option<String>, ConfigError> {
            let value = match config.text(SECTION, key)? {
                None => config.text(SECTION, old)?,
                found => found,
            };
            Ok(value.filter(|value| !value.is_empty()))
        };
        let file = match (either("log_dir", "logdir")?, either("log_file", "logfile")?) {
            (Some(directory), Some(file)) => Some(PathBuf::from(directory).join(file)),
            (Some(directory), None) => Some(PathBuf::from(directory).join(DEFAULT_FILE)),
            (None, file) => file.map(PathBuf::from),
        };
        let syslog = if flag("use_syslog")? {
            let name = text("syslog_log_facility", "LOG_USER")?;
            let short = name.to_ascii_lowercase();
            let facility = Facility::parse(short.strip_prefix("log_").unwrap_or(&short));
            let wrong = || config.wrong(SECTION, "syslog_log_facility", &name, "a syslog facility");
            Some(facility.ok_or_else(wrong)?)
        } else {
            None
        };
        let journal = flag("use_journal")?;
        let alone = file.is_none() && syslog.is_none() && !journal;
        Ok(Self {
            debug: flag("debug")?,
            watch_file: flag("watch_log_file")?,
            stderr: flag("use_stderr")? || alone,
            stdout: false,
            json: flag("use_json")?,
            date_format: text("log_date_format", DATE_FORMAT)?,
            line_format: text("logging_default_format_string", LINE_FORMAT)?,
            debug_suffix: text("logging_debug_format_suffix", DEBUG_SUFFIX)?,
            file,
            syslog,
            journal,
        })
    }

    /// The Python logging configuration to use instead.
    ///
    /// # Errors
    /// A reference that cannot be resolved.
    pub fn append(config: &OsloConfig) -> Result<Option<PathBuf>, ConfigError> {
        let path = match config.text(SECTION, "log_config_append")? {
            None => config.text(SECTION, "log_config")?,
            found => found,
        };
        Ok(path.filter(|path| !path.is_empty()).map(PathBuf::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str) -> Result<LogConfig, ConfigError> {
        let mut config = OsloConfig::default();
        config.add("f.conf", format!("[DEFAULT]\n{content}").as_bytes())?;
        LogConfig::read(&config)
    }

    #[test]
    fn defaults_are_the_contracts() {
        let defaults = read("").unwrap();
        assert_eq!(
            defaults,
            LogConfig {
                debug: false,
                file: None,
                watch_file: false,
                syslog: None,
                journal: false,
                stderr: true,
                stdout: false,
                json: false,
                date_format: "%Y-%m-%d %H:%M:%S".to_owned(),
                line_format: LINE_FORMAT.to_owned(),
                debug_suffix: DEBUG_SUFFIX.to_owned(),
            }
        );
    }

    /// What the 2019 Puppet module writes.
    #[test]
    fn both_forms_that_puppet_writes() {
        let log = read("use_syslog=True\nsyslog_log_facility=local5\n").unwrap();
        assert_eq!((log.syslog.map(Facility::number), log.stderr), (Some(21), false));
        let log =
            read("use_syslog=False\nuse_stderr=False\nlog_file=nova-api-proxy.log\nlog_dir=/var/log/nova\n")
                .unwrap();
        assert_eq!((log.file, log.stderr), (Some("/var/log/nova/nova-api-proxy.log".into()), false));
    }

    #[test]
    fn spellings_and_what_is_wrong() {
        assert_eq!(read("log-dir = /l\n").unwrap().file, Some("/l/nova-api-proxy.log".into()));
        assert_eq!(read("logdir = /l\nlogfile = /x/y.log\n").unwrap().file, Some("/x/y.log".into()));
        assert_eq!(read("use_syslog=1\n").unwrap().syslog, Some(Facility::USER));
        assert_eq!(
            read("use_syslog=1\nsyslog_log_facility=LOG_LOCAL5\n").unwrap().syslog.unwrap().number(),
            21
        );
        assert!(read("use_syslog=1\nsyslog_log_facility=none\n").is_err());
        assert!(read("debug = perhaps\n").is_err());
        assert!(!read("use_journal = true\n").unwrap().stderr);
    }
}

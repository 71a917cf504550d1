//! The `[debug]` section of the VIM's configuration.
//!
//! Contract: deployment 3.2.

use std::path::PathBuf;

use crate::config::{ConfigError, Settings};

const SECTION: &str = "debug";

/// A syslog facility by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facility(u8);

impl Facility {
    /// `user`, the default.
    pub const USER: Self = Self(1);

    /// The facility of this name.
    pub fn parse(name: &str) -> Option<Self> {
        let number = match name {
            "kern" => 0,
            "user" => 1,
            "mail" => 2,
            "daemon" => 3,
            "auth" | "security" => 4,
            "syslog" => 5,
            "lpr" => 6,
            "news" => 7,
            "uucp" => 8,
            "cron" => 9,
            "authpriv" => 10,
            "ftp" => 11,
            "local0" => 16,
            "local1" => 17,
            "local2" => 18,
            "local3" => 19,
            "local4" => 20,
            "local5" => 21,
            "local6" => 22,
            "local7" => 23,
            _ => return None,
        };
        Some(Self(number))
    }

    /// The number, which stands in the priority of a message times 8.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// Where syslog listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyslogAddress {
    /// Path of the datagram socket.
    pub socket: PathBuf,
    /// Facility of all messages.
    pub facility: Facility,
}

/// Where lines go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handlers {
    /// To syslog.
    pub syslog: Option<SyslogAddress>,
    /// To standard output.
    pub stdout: bool,
}

/// What the log of a process needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggingConfig {
    /// `VIM`, `VIM-API` or `VIM-WEB`: the first part of the name shown.
    pub process: &'static str,
    /// Path of debug.ini.
    pub debug_file: PathBuf,
    /// Where lines go.
    pub handlers: Handlers,
}

impl LoggingConfig {
    /// Reads section `[debug]`. Unknown handlers are ignored; without any, nothing is written.
    ///
    /// # Errors
    /// No `config_file`; a facility that does not exist while syslog is a handler.
    pub fn from_settings(process: &'static str, settings: &Settings) -> Result<Self, ConfigError> {
        let debug_file = PathBuf::from(settings.require(SECTION, "config_file")?);
        let handlers = settings.list(SECTION, "handlers");
        let syslog = if handlers.contains(&"syslog") {
            let name = settings.get_or(SECTION, "syslog_facility", "user");
            let facility = Facility::parse(name)
                .ok_or_else(|| settings.wrong(SECTION, "syslog_facility", name, "a syslog facility"))?;
            let socket = settings.get_or(SECTION, "syslog_address", "/dev/log").into();
            Some(SyslogAddress { socket, facility })
        } else {
            None
        };
        Ok(Self { process, debug_file, handlers: Handlers { syslog, stdout: handlers.contains(&"stdout") } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(body: &str) -> Result<LoggingConfig, ConfigError> {
        LoggingConfig::from_settings(
            "VIM",
            &Settings::parse("config.ini", format!("[debug]\n{body}").as_bytes())?,
        )
    }

    #[test]
    fn the_packaged_section_and_its_defaults() {
        let packaged = config(
            "config_file=/etc/nfv/vim/debug.ini\nhandlers=syslog, stdout\nsyslog_address=/dev/log\nsyslog_facility=user\n",
        )
        .unwrap();
        let expected = LoggingConfig {
            process: "VIM",
            debug_file: "/etc/nfv/vim/debug.ini".into(),
            handlers: Handlers {
                syslog: Some(SyslogAddress { socket: "/dev/log".into(), facility: Facility::USER }),
                stdout: true,
            },
        };
        assert_eq!(packaged, expected);
        assert_eq!(
            config("config_file=/etc/nfv/vim/debug.ini\nhandlers=stdout,syslog,other\n").unwrap(),
            expected
        );
        assert_eq!(config("config_file=x\n").unwrap().handlers, Handlers::default());
    }

    #[test]
    fn a_wrong_facility_is_named_only_when_syslog_is_used() {
        assert_eq!(
            config("config_file=x\nhandlers=syslog\nsyslog_facility=usr\n").unwrap_err().to_string(),
            "configuration file config.ini: [debug] syslog_facility = 'usr' is not a syslog facility"
        );
        assert!(config("config_file=x\nhandlers=stdout\nsyslog_facility=usr\n").is_ok());
        assert!(matches!(config("handlers=stdout\n"), Err(ConfigError::NoKey { .. })));
    }

    #[test]
    fn facilities_have_their_numbers() {
        for (name, number) in [("kern", 0), ("user", 1), ("security", 4), ("authpriv", 10), ("local5", 21)] {
            assert_eq!(Facility::parse(name).map(Facility::number), Some(number), "{name}");
        }
    }
}

//! The levels of debug.ini and what the log shows for them.
//!
//! Contract: deployment 3.3, 4.4.

use crate::text_enum::text_enum;

text_enum! {
    /// A level of debug.ini, the most silent first.
    DebugLevel ("debug level") {
        None = "debug.level.none",
        Critical = "debug.level.critical",
        Error = "debug.level.error",
        Warn = "debug.level.warn",
        Notice = "debug.level.notice",
        Info = "debug.level.info",
        Debug = "debug.level.debug",
        Verbose = "debug.level.verbose",
    }
}

impl DebugLevel {
    /// The number behind the level; a message is written if its number reaches those of both tables.
    pub const fn number(self) -> u16 {
        match self {
            Self::None => 8000,
            Self::Critical => 7000,
            Self::Error => 6000,
            Self::Warn => 5000,
            Self::Notice => 4000,
            Self::Info => 3000,
            Self::Debug => 2000,
            Self::Verbose => 1000,
        }
    }

    /// How a message of this level is shown.
    pub const fn shown(self) -> Shown {
        match self {
            Self::None | Self::Critical => Shown::Critical,
            Self::Error => Shown::Error,
            Self::Warn => Shown::Warning,
            Self::Notice | Self::Info => Shown::Info,
            Self::Debug | Self::Verbose => Shown::Debug,
        }
    }

    /// The level of an event that says no more than `tracing` knows.
    pub const fn of_tracing(level: &tracing::Level) -> Self {
        match *level {
            tracing::Level::ERROR => Self::Error,
            tracing::Level::WARN => Self::Warn,
            tracing::Level::INFO => Self::Info,
            tracing::Level::DEBUG => Self::Debug,
            tracing::Level::TRACE => Self::Verbose,
        }
    }
}

/// The severity in a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// `CRITICAL`
    Critical,
    /// `ERROR`
    Error,
    /// `WARNING`
    Warning,
    /// `INFO`
    Info,
    /// `DEBUG`
    Debug,
}

impl Shown {
    /// The text in the line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "CRITICAL",
            Self::Error => "ERROR",
            Self::Warning => "WARNING",
            Self::Info => "INFO",
            Self::Debug => "DEBUG",
        }
    }

    /// The severity number of syslog.
    pub const fn syslog(self) -> u8 {
        match self {
            Self::Critical => 2,
            Self::Error => 3,
            Self::Warning => 4,
            Self::Info => 6,
            Self::Debug => 7,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_those_of_the_contract() {
        let rows = [
            ("debug.level.critical", 7000, "CRITICAL", 10),
            ("debug.level.error", 6000, "ERROR", 11),
            ("debug.level.warn", 5000, "WARNING", 12),
            ("debug.level.notice", 4000, "INFO", 14),
            ("debug.level.info", 3000, "INFO", 14),
            ("debug.level.debug", 2000, "DEBUG", 15),
            ("debug.level.verbose", 1000, "DEBUG", 15),
        ];
        for (text, number, shown, user_priority) in rows {
            let level = DebugLevel::parse(text).unwrap();
            assert_eq!(level.number(), number, "{text}");
            assert_eq!(level.shown().as_str(), shown, "{text}");
            assert_eq!(8 + level.shown().syslog(), user_priority, "{text}");
        }
        assert_eq!(DebugLevel::None.number(), 8000);
        assert_eq!(DebugLevel::ALL.len(), rows.len() + 1);
    }
}

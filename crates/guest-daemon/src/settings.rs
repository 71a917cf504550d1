//! Values of the configuration files of maintenance daemons: integers with a comment behind them.

use std::path::Path;
use std::time::Duration;

use nfv_common::config::{ConfigError, Settings};

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file or value is wrong, or a mandatory key is missing.
    #[error(transparent)]
    File(#[from] ConfigError),
    /// The log classes cannot be read.
    #[error("{0}")]
    Other(String),
}

/// Reads a file; a missing one has no values.
pub fn load(path: &Path) -> Result<Settings, SettingsError> {
    Ok(Settings::load(path)?)
}

/// Milliseconds, or the default.
pub fn millis_or(
    settings: &Settings,
    section: &str,
    key: &str,
    default: Duration,
) -> Result<Duration, SettingsError> {
    let millis: Option<u32> = settings.int(section, key)?;
    Ok(millis.map_or(default, |millis| Duration::from_millis(millis.into())))
}

/// Whether any debug class is switched on in `[debug]`.
pub fn debug(settings: &Settings) -> bool {
    const CLASSES: [&str; 10] =
        ["timer", "json", "fsm", "http", "alive", "msg", "state", "work", "level", "all"];
    let on = |class: &&str| {
        settings.int_or("debug", &format!("debug_{class}"), 0).is_ok_and(|value: i64| value != 0)
    };
    CLASSES.iter().any(on)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_comments_behind_them() {
        let text =
            b"; head\n[agent]                     ; Agent\nrx_port = 2401              ; port\n\n[debug] ;\n\
            debug_msg = 1  ; on\n[client]\nhbs_pulse_period = 400 ; ms\n";
        let settings = Settings::parse("guest.ini", text).unwrap();
        assert_eq!(settings.require_int::<u16>("agent", "rx_port").unwrap(), 2401);
        assert!(debug(&settings));
        let period = millis_or(&settings, "client", "hbs_pulse_period", Duration::ZERO).unwrap();
        assert_eq!(period, Duration::from_millis(400));
        assert_eq!(millis_or(&settings, "client", "other", Duration::ZERO).unwrap(), Duration::ZERO);
        assert!(!debug(&Settings::parse("x", b"[debug]\ndebug_all = 0 ; off\n").unwrap()));
    }
}

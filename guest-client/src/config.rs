//! `guest_heartbeat.conf`. Contract: guest 1.1.

use std::path::{Path, PathBuf};
use std::time::Duration;

use guest_protocol::heartbeat::words::{CorrectiveAction, Vocabulary};
use guest_protocol::heartbeat::{cut, leading_int};

/// Shortest interval between two heartbeats.
pub const SHORTEST_INTERVAL: Duration = Duration::from_millis(400);
/// Longest path of a script, bytes.
pub const MAX_PATH: usize = 254;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("Failed to open file {file}: {cause}")]
    Read {
        /// Its path.
        file: String,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The heart would beat too fast.
    #[error("Guest heartbeat interval configuration is less than {} ms.", SHORTEST_INTERVAL.as_millis())]
    Interval,
}

/// Values of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Period of init messages while not acknowledged.
    pub init_retry: Duration,
    /// Least time without a challenge that counts as a lost host.
    pub min_timeout: Duration,
    /// Heartbeat interval asked of the host.
    pub interval: Duration,
    /// Time to vote.
    pub vote: Duration,
    /// Time to prepare for a stop or reboot.
    pub shutdown_notice: Duration,
    /// Time to prepare for a pause, suspend, migration or resize.
    pub suspend_notice: Duration,
    /// Time to come back afterwards.
    pub resume_notice: Duration,
    /// Time from power-on to the first heartbeat.
    pub restart: Duration,
    /// What to do when the heartbeat is lost or the health script reports illness.
    pub corrective_action: CorrectiveAction,
    /// Period of the health script; none: it is not run.
    pub health_interval: Option<Duration>,
    /// The health script.
    pub health_script: Option<PathBuf>,
    /// The event script.
    pub event_script: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        let notice = Duration::from_secs(10);
        Self {
            init_retry: Duration::from_secs(5),
            min_timeout: Duration::from_secs(5),
            interval: Duration::from_secs(1),
            vote: notice,
            shutdown_notice: notice,
            suspend_notice: notice,
            resume_notice: notice,
            restart: Duration::from_secs(120),
            corrective_action: CorrectiveAction::Reboot,
            health_interval: None,
            health_script: None,
            event_script: None,
        }
    }
}

impl Config {
    /// Reads the file; keys that mean nothing are given back, to be logged.
    pub fn load(file: &Path) -> Result<(Self, Vec<String>), ConfigError> {
        let bytes = std::fs::read(file)
            .map_err(|cause| ConfigError::Read { file: file.display().to_string(), cause })?;
        Self::parse(&bytes)
    }

    /// Reads the content of the file.
    pub fn parse(content: &[u8]) -> Result<(Self, Vec<String>), ConfigError> {
        let mut config = Self::default();
        let mut unknown = Vec::new();
        for line in String::from_utf8_lossy(content).lines() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            // Several `=` in a row are one; a further one ends the value.
            let mut parts = line.split('=').filter(|part| !part.is_empty());
            let (Some(key), Some(value)) = (parts.next(), parts.next()) else { continue };
            let (key, value) = (strip(key), strip(value));
            if !config.set(key, value) {
                unknown.push(key.to_owned());
            }
        }
        if config.interval < SHORTEST_INTERVAL {
            return Err(ConfigError::Interval);
        }
        Ok((config, unknown))
    }

    fn set(&mut self, key: &str, value: &str) -> bool {
        let millis = || Duration::from_millis(u64::try_from(leading_int(value)).unwrap_or(0));
        let seconds = || Duration::from_secs(u64::try_from(leading_int(value)).unwrap_or(0));
        let path = || (!value.is_empty()).then(|| PathBuf::from(cut(value, MAX_PATH)));
        match key {
            "HB_INIT_RETRY" => self.init_retry = millis(),
            "HB_MIN_TIMEOUT" => self.min_timeout = millis(),
            "HB_INTERVAL" => self.interval = millis(),
            "VOTE" => self.vote = seconds(),
            "SHUTDOWN_NOTICE" => self.shutdown_notice = seconds(),
            "SUSPEND_NOTICE" => self.suspend_notice = seconds(),
            "RESUME_NOTICE" => self.resume_notice = seconds(),
            "RESTART" => self.restart = seconds(),
            "CORRECTIVE_ACTION" => match CorrectiveAction::parse(value) {
                Some(
                    action @ (CorrectiveAction::Reboot | CorrectiveAction::Stop | CorrectiveAction::Log),
                ) => self.corrective_action = action,
                Some(CorrectiveAction::None | CorrectiveAction::Unknown) | None => {}
            },
            "HEALTH_CHECK_INTERVAL" => {
                self.health_interval = Some(seconds()).filter(|interval| !interval.is_zero());
            }
            "HEALTH_CHECK_SCRIPT" => self.health_script = path(),
            "EVENT_NOTIFICATION_SCRIPT" => self.event_script = path(),
            _ => return false,
        }
        true
    }

    /// Time without a challenge that counts as a lost host.
    pub fn challenge_timeout(&self) -> Duration {
        (self.interval * 2).max(self.min_timeout)
    }
}

fn strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\'' || c == '"')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Config {
        Config::parse(text.as_bytes()).unwrap().0
    }

    #[test]
    fn the_packaged_file_has_the_values_of_the_contract() {
        let (config, unknown) = Config::parse(include_bytes!("../scripts/guest_heartbeat.conf")).unwrap();
        let secs = Duration::from_secs;
        let expected = Config {
            vote: secs(8),
            shutdown_notice: secs(8),
            suspend_notice: secs(8),
            resume_notice: secs(13),
            restart: secs(600),
            health_interval: Some(secs(30)),
            health_script: Some("/etc/guest-client/heartbeat/sample_health_check_script".into()),
            event_script: Some("/etc/guest-client/heartbeat/sample_event_handling_script".into()),
            ..Config::default()
        };
        assert_eq!((config, unknown), (expected, vec![]));
    }

    #[test]
    fn lines_are_read_as_loosely_as_ever() {
        assert_eq!(parse(""), Config::default());
        assert_eq!(parse("  VOTE = \"7\"  \n# VOTE=9\n\n").vote, Duration::from_secs(7));
        assert_eq!(parse("VOTE=3 seconds\n").vote, Duration::from_secs(3));
        assert_eq!(parse("VOTE=soon\n").vote, Duration::ZERO);
        assert_eq!(parse("VOTE=-4\n").vote, Duration::ZERO);
        assert_eq!(parse("VOTE\nVOTE=\n"), Config::default());
        assert_eq!(parse("HEALTH_CHECK_SCRIPT='/a=b'\n").health_script, Some("/a".into()));
        assert_eq!(parse("EVENT_NOTIFICATION_SCRIPT=\"\"\n").event_script, None);
        assert_eq!(parse("HEALTH_CHECK_INTERVAL=0\n").health_interval, None);
        for (word, action) in [
            ("stop", CorrectiveAction::Stop),
            ("\"log\"", CorrectiveAction::Log),
            ("none", CorrectiveAction::Reboot),
            ("Stop", CorrectiveAction::Reboot),
        ] {
            assert_eq!(parse(&format!("CORRECTIVE_ACTION={word}\n")).corrective_action, action);
        }
        let (_, unknown) = Config::parse(b"COLOUR=blue\nVOTE=1\n").unwrap();
        assert_eq!(unknown, ["COLOUR"]);
    }

    #[test]
    fn an_interval_below_400_ms_is_refused() {
        assert!(matches!(Config::parse(b"HB_INTERVAL=399\n"), Err(ConfigError::Interval)));
        assert_eq!(parse("HB_INTERVAL=400\n").challenge_timeout(), Duration::from_secs(5));
        assert_eq!(parse("HB_INTERVAL=4000\n").challenge_timeout(), Duration::from_secs(8));
    }
}

//! What must hold of the configuration file, whatever is in it. The fuzz target and the replay of its corpus call the
//! same function.

use crate::config::{Config, MAX_PATH, SHORTEST_INTERVAL};

/// A configuration that is taken can be used.
///
/// # Panics
/// When that does not hold.
pub fn config(bytes: &[u8]) {
    let Ok((config, _unknown)) = Config::parse(bytes) else { return };
    assert!(config.interval >= SHORTEST_INTERVAL);
    assert!(config.challenge_timeout() >= config.interval * 2);
    assert!(config.health_interval.is_none_or(|interval| !interval.is_zero()));
    for script in [&config.health_script, &config.event_script].into_iter().flatten() {
        let length = script.as_os_str().len();
        assert!(length > 0 && length <= MAX_PATH);
    }
}

//! Strategies as the database keeps them. Contract: deployment 1.6 (`sw_updates.strategy_data`).
//!
//! The engine that builds and applies strategies (phases, stages, steps) has its place here. What stands here
//! now is what the rest needs to know of a strategy that an earlier process left behind.

use serde::{Deserialize, Serialize};

/// The outer shape of a persisted strategy; the rest of it is kept as it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StrategyRecord {
    /// Its id.
    pub uuid: String,
    /// For instance `sw-patch`.
    pub name: String,
    /// For instance `applying`.
    #[serde(default)]
    pub state: String,
    /// For instance `apply`.
    #[serde(default)]
    pub current_phase: Option<String>,
    /// All other keys.
    #[serde(flatten)]
    pub rest: serde_json::Map<String, serde_json::Value>,
}

impl StrategyRecord {
    /// Reads `strategy_data`; none for `{}`, which means that there is no strategy.
    ///
    /// # Errors
    /// If the text is not JSON or lacks what every strategy has.
    pub fn read(strategy_data: &str) -> Result<Option<Self>, serde_json::Error> {
        let value: serde_json::Value = serde_json::from_str(strategy_data)?;
        if value.as_object().is_some_and(serde_json::Map::is_empty) {
            return Ok(None);
        }
        serde_json::from_value(value).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_strategy_and_keeps_what_it_does_not_know() {
        assert_eq!(StrategyRecord::read("{}").unwrap(), None);
        let text = r#"{"uuid": "u", "name": "sw-patch", "state": "applying", "current_phase": "apply", "swift_apply_type": "ignore"}"#;
        let record = StrategyRecord::read(text).unwrap().unwrap();
        assert_eq!(
            (record.state.as_str(), record.rest["swift_apply_type"].as_str()),
            ("applying", Some("ignore"))
        );
        assert!(StrategyRecord::read("[]").is_err());
        assert!(StrategyRecord::read("{").is_err());
    }
}

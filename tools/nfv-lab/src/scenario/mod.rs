//! Scenarios: a time line of faults and operators' deeds, and what is expected of the VIM.

pub mod command;
pub mod expect;
pub mod run;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};
use command::Command;
use expect::Expectation;

/// A scenario file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Name in the report.
    #[serde(default)]
    pub name: String,
    /// The time line.
    #[serde(default, rename = "event")]
    pub events: Vec<Event>,
    /// What must come true.
    #[serde(default, rename = "expect")]
    pub expectations: Vec<Expectation>,
}

/// A deed at a time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    /// Seconds since the scenario's start.
    pub at: f64,
    /// What is done.
    #[serde(flatten)]
    pub command: Command,
}

impl Scenario {
    /// Reads a TOML text.
    ///
    /// # Errors
    /// Not TOML, an unknown deed or expectation, a missing key.
    pub fn parse(text: &str) -> std::result::Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Reads a TOML file.
    ///
    /// # Errors
    /// The file cannot be read, or as [`Scenario::parse`].
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::Read { path: path.to_path_buf(), source })?;
        Self::parse(&text)
            .map_err(|error| Error::File { path: path.to_path_buf(), reason: error.to_string() })
    }
}

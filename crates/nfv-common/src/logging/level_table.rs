//! Which messages are written: the tables of debug.ini.
//!
//! Contract: deployment 3.3.

use std::collections::BTreeMap;
use std::path::Path;

use super::DebugLevel;
use crate::config::{ConfigError, Settings};

const OVERALL: &str = "debug-overall";
const LOGGERS: &str = "debug-loggers";

/// Crates whose events are ours; the events of others are shown from WARN upwards unless listed.
const OWN_CRATES: &[&str] = &["nfv", "guest", "nova_api_proxy"];

/// Modules that tell, as errors, of each client that breaks off or sends what is no HTTP. That is no fault of ours, and
/// one client could fill the log with it: nothing is shown unless listed.
const OF_CLIENTS: &[&str] = &["actix_http.h1.dispatcher", "actix_http.h2.dispatcher"];

/// Levels by logger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelTable {
    overall: DebugLevel,
    loggers: BTreeMap<String, DebugLevel>,
}

impl LevelTable {
    /// A table from its parts. Logger names are lower case, as in the file.
    pub fn new(overall: DebugLevel, loggers: BTreeMap<String, DebugLevel>) -> Self {
        Self { overall, loggers }
    }

    /// Reads debug.ini. With the table come the lines the operator is to see on standard output about what is missing.
    ///
    /// # Errors
    /// A file that exists but cannot be read or understood.
    pub fn load(path: impl AsRef<Path>) -> Result<(Self, Vec<&'static str>), ConfigError> {
        let settings = Settings::load_interpolated(path, &[OVERALL, LOGGERS])?;
        Ok(Self::from_settings(&settings))
    }

    fn from_settings(settings: &Settings) -> (Self, Vec<&'static str>) {
        let mut notes = Vec::new();
        let overall = settings.get(OVERALL, "debug_level");
        if !settings.has_section(OVERALL) {
            notes.push("Debug configuration has no debug-overall section.");
        } else {
            if overall.is_none() {
                notes.push("Debug configuration has no debug_level option in the debug-overall section.");
            }
            if settings.get(OVERALL, "trace_level").is_none() {
                notes.push("Debug configuration has no trace_level option in the debug-overall section.");
            }
        }
        if !settings.has_section(LOGGERS) {
            notes.push("Debug configuration file has no debug-loggers section.");
        }
        let level = |text: &str| DebugLevel::parse(text).unwrap_or(DebugLevel::None);
        let loggers = settings.section(LOGGERS).into_iter().flatten();
        let loggers = loggers.map(|(name, text)| (name.clone(), level(text))).collect();
        (Self::new(overall.map_or(DebugLevel::None, level), loggers), notes)
    }

    /// Whether any logger writes messages of this level: a cheap first look. The overall level is a floor for all.
    pub(super) fn may_allow(&self, level: DebugLevel) -> bool {
        level.number() >= self.overall.number()
    }

    /// Whether a message of the named logger is written.
    pub fn allows(&self, logger: &str, level: DebugLevel) -> bool {
        self.reaches(level, self.loggers.get(logger).copied())
    }

    /// Whether a message of a Rust module (with dots) is written: the nearest listed module decides.
    pub fn allows_module(&self, module: &str, level: DebugLevel) -> bool {
        let mut name = module;
        let listed = loop {
            if let Some(listed) = self.loggers.get(name) {
                break Some(*listed);
            }
            match name.rsplit_once('.') {
                Some((parent, _)) => name = parent,
                None if OF_CLIENTS.contains(&module) => break Some(DebugLevel::None),
                None => break (!is_own(module)).then_some(DebugLevel::Warn),
            }
        };
        self.reaches(level, listed)
    }

    fn reaches(&self, level: DebugLevel, listed: Option<DebugLevel>) -> bool {
        level.number() >= self.overall.number() && level.number() >= listed.unwrap_or(self.overall).number()
    }
}

fn is_own(module: &str) -> bool {
    OWN_CRATES.iter().any(|own| module.starts_with(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(content: &str) -> (LevelTable, Vec<&'static str>) {
        LevelTable::from_settings(&Settings::parse("debug.ini", content.as_bytes()).unwrap())
    }

    #[test]
    fn a_message_must_reach_the_overall_level_and_that_of_its_logger() {
        use DebugLevel::*;
        let (info, _) = table(
            "[debug-overall]\ndebug_level: debug.level.info\ntrace_level: debug.level.notice\n[debug-loggers]\n\
             a: debug.level.verbose\nB: debug.level.warn\nc: debug.level.none\nd: something\n",
        );
        for (logger, level, expected) in [
            // The overall level is a floor even for a logger that asks for more.
            ("a", Verbose, false),
            ("a", Debug, false),
            ("a", Info, true),
            // Names are lower-cased in the file, not in the code.
            ("b", Notice, false),
            ("b", Warn, true),
            ("B", Info, true),
            // `none` and unknown texts silence everything below.
            ("c", Critical, false),
            ("d", Critical, false),
            // Loggers not listed have the overall level.
            ("other", Debug, false),
            ("other", Info, true),
            ("other", Notice, true),
            ("a.child", Info, true),
        ] {
            assert_eq!(info.allows(logger, level), expected, "{logger} {level}");
        }
        assert!(!info.may_allow(Debug) && info.may_allow(Info));
    }

    #[test]
    fn modules_take_the_level_of_their_nearest_listed_parent() {
        use DebugLevel::*;
        let (table, _) = table(
            "[debug-overall]\ndebug_level=debug.level.verbose\n[debug-loggers]\nnfv_vim: debug.level.info\n\
             nfv_vim.core.host: debug.level.debug\nhyper.proto: debug.level.info\nactix_http.h2: debug.level.error\n",
        );
        for (module, level, expected) in [
            ("nfv_vim.core", Debug, false),
            ("nfv_vim.core", Info, true),
            ("nfv_vim.core.host.fsm", Debug, true),
            ("nfv_vim.core.hosts", Debug, false),
            ("nfv_plugins.nova", Verbose, true),
            ("guest_server", Verbose, true),
            ("hyper.client", Info, false),
            ("hyper.client", Warn, true),
            ("hyper.proto.h1", Info, true),
            ("hyper.proto.h1", Debug, false),
            // What clients do wrong is shown to who asks for it.
            ("actix_http.h1.dispatcher", Error, false),
            ("actix_http.h1.decoder", Error, true),
            ("actix_http.h2.dispatcher", Error, true),
        ] {
            assert_eq!(table.allows_module(module, level), expected, "{module} {level}");
        }
    }

    #[test]
    fn what_is_missing_is_named_and_silences_the_log() {
        for (content, expected) in [
            (
                "",
                vec![
                    "Debug configuration has no debug-overall section.",
                    "Debug configuration file has no debug-loggers section.",
                ],
            ),
            (
                "[debug-overall]\n[debug-loggers]\n",
                vec![
                    "Debug configuration has no debug_level option in the debug-overall section.",
                    "Debug configuration has no trace_level option in the debug-overall section.",
                ],
            ),
            (
                "[debug-overall]\ndebug_level=nonsense\ntrace_level=\n",
                vec!["Debug configuration file has no debug-loggers section."],
            ),
        ] {
            let (table, notes) = table(content);
            assert_eq!(notes, expected, "{content:?}");
            assert!(!table.allows("any", DebugLevel::Critical), "{content:?}");
        }
    }

    #[test]
    fn values_are_interpolated() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("debug.ini");
        std::fs::write(
            &path,
            "[DEFAULT]\nusual = debug.level.info\n[debug-overall]\ndebug_level = %(usual)s\ntrace_level = x\n\
             [debug-loggers]\na = %(usual)s\n",
        )
        .unwrap();
        let (table, notes) = LevelTable::load(&path).unwrap();
        assert!(notes.is_empty());
        assert!(table.allows("a", DebugLevel::Info) && !table.allows("a", DebugLevel::Debug));
    }
}

//! Typed access to the values of a configuration file.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use config::Config;
use serde::Deserialize;

use super::ini::{Document, Section};
use super::{ConfigError, IniFile, Interpolation};

/// The values of one configuration file. Keys are lower case, sections as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    file: String,
    sections: BTreeMap<String, Section>,
}

#[derive(Deserialize)]
struct Collected {
    sections: BTreeMap<String, Section>,
}

impl Settings {
    /// Reads a file, values raw. A missing file has no sections.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        Self::from_source(IniFile::new(path.as_ref()))
    }

    /// Reads a file and resolves `%` references in the sections named.
    pub fn load_interpolated(
        path: impl AsRef<Path>,
        sections: &'static [&'static str],
    ) -> Result<Self, ConfigError> {
        Self::from_source(IniFile::new(path.as_ref()).with_interpolation(Interpolation::Sections(sections)))
    }

    fn from_source(source: IniFile) -> Result<Self, ConfigError> {
        let file = source.path().display().to_string();
        let built = Config::builder().add_source(source).build();
        match built.and_then(Config::try_deserialize::<Collected>) {
            Ok(Collected { sections }) => Ok(Self { file, sections }),
            Err(config::ConfigError::Foreign(error)) => Err(match error.downcast::<ConfigError>() {
                Ok(ours) => *ours,
                Err(other) => {
                    ConfigError::Collect { file: file.into(), cause: config::ConfigError::Foreign(other) }
                }
            }),
            Err(cause) => Err(ConfigError::Collect { file: file.into(), cause }),
        }
    }

    /// Reads values from memory, as if they were the content of `file`.
    pub fn parse(file: impl Into<String>, content: &[u8]) -> Result<Self, ConfigError> {
        let file = file.into();
        let document = Document::parse(content)
            .map_err(|cause| ConfigError::Syntax { file: file.as_str().into(), cause })?;
        let sections = document
            .section_names()
            .filter_map(|name| Some((name.to_owned(), document.section(name)?)))
            .collect();
        Ok(Self { file, sections })
    }

    /// Name of the file, for messages.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Whether the section is there. Some rules of the contract hang on the section, not on its keys.
    pub fn has_section(&self, section: &str) -> bool {
        self.sections.contains_key(section)
    }

    /// All values of a section.
    pub fn section(&self, section: &str) -> Option<&Section> {
        self.sections.get(section)
    }

    /// The value, if section and key are there.
    pub fn get(&self, section: &str, key: &str) -> Option<&str> {
        self.sections.get(section)?.get(key).map(String::as_str)
    }

    /// The value, or `default`.
    pub fn get_or<'a>(&'a self, section: &str, key: &str, default: &'a str) -> &'a str {
        self.get(section, key).unwrap_or(default)
    }

    /// The value of a required key.
    ///
    /// # Errors
    /// [`ConfigError::NoSection`], [`ConfigError::NoKey`].
    pub fn require(&self, section: &str, key: &str) -> Result<&str, ConfigError> {
        self.get(section, key).ok_or_else(|| self.missing(section, key))
    }

    /// An integer, if section and key are there. Blanks around it and a sign are allowed.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for anything else, and for a number outside of `T`.
    pub fn int<T: TryFrom<i64>>(&self, section: &str, key: &str) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.get(section, key) else { return Ok(None) };
        let number: i64 = parse_int(value).ok_or_else(|| self.wrong(section, key, value, "an integer"))?;
        match T::try_from(number) {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(self.wrong(section, key, value, "in the range of this setting")),
        }
    }

    /// An integer, or `default`. Errors: see [`Self::int`].
    pub fn int_or<T: TryFrom<i64>>(&self, section: &str, key: &str, default: T) -> Result<T, ConfigError> {
        Ok(self.int(section, key)?.unwrap_or(default))
    }

    /// An integer that must be there. Errors: see [`Self::require`] and [`Self::int`].
    pub fn require_int<T: TryFrom<i64>>(&self, section: &str, key: &str) -> Result<T, ConfigError> {
        self.int(section, key)?.ok_or_else(|| self.missing(section, key))
    }

    /// A time in whole seconds, or `default`. Errors: see [`Self::int`]; a negative number is one.
    pub fn seconds_or(&self, section: &str, key: &str, default: Duration) -> Result<Duration, ConfigError> {
        Ok(self.int::<u64>(section, key)?.map_or(default, Duration::from_secs))
    }

    /// A truth value of the kind "T-list": true for exactly `Yes yes Y y True true T t 1`, false for any other text.
    pub fn listed_flag(&self, section: &str, key: &str) -> Option<bool> {
        self.get(section, key)
            .map(|value| matches!(value, "Yes" | "yes" | "Y" | "y" | "True" | "true" | "T" | "t" | "1"))
    }

    /// A truth value of the kind "lower": true for `true` in any case, false for any other text.
    pub fn lower_flag(&self, section: &str, key: &str) -> Option<bool> {
        self.get(section, key).map(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The items of a comma-separated value, trimmed; empty items are left out. No key: no items.
    pub fn list(&self, section: &str, key: &str) -> Vec<&str> {
        let value = self.get(section, key).unwrap_or_default();
        value.split(',').map(str::trim).filter(|item| !item.is_empty()).collect()
    }

    /// The error for a value that is not what its reader needs; for checks of the callers' own.
    pub fn wrong(&self, section: &str, key: &str, value: &str, expected: &'static str) -> ConfigError {
        ConfigError::Value {
            file: self.file.as_str().into(),
            section: section.into(),
            key: key.into(),
            value: value.into(),
            expected,
        }
    }

    fn missing(&self, section: &str, key: &str) -> ConfigError {
        let file = self.file.as_str().into();
        if self.has_section(section) {
            ConfigError::NoKey { file, section: section.into(), key: key.into() }
        } else {
            ConfigError::NoSection { file, section: section.into() }
        }
    }
}

fn parse_int(text: &str) -> Option<i64> {
    let text = text.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    // `parse` alone would accept what Python does not, a second sign for example.
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "[vim]\nrpc_host = 127.0.0.1\nrpc_port =  4343 \nempty =\nneg: -7\nbig=99999999999999999999\n\
                        hex = 0x10\nmulti = 5\n  6\n[debug]\nhandlers= syslog, stdout ,,\n[a.b[0]]\nopenstack.get_token = 10\n";

    fn settings() -> Settings {
        Settings::parse("/etc/nfv/vim/config.ini", FILE.as_bytes()).unwrap()
    }

    #[test]
    fn required_values_name_what_is_missing() {
        let s = settings();
        assert_eq!(s.require("vim", "rpc_host").unwrap(), "127.0.0.1");
        assert_eq!(
            s.require("vim", "nothing").unwrap_err().to_string(),
            "configuration file /etc/nfv/vim/config.ini has no key 'nothing' in section [vim]"
        );
        assert_eq!(
            s.require("alarm", "handlers").unwrap_err().to_string(),
            "configuration file /etc/nfv/vim/config.ini has no section [alarm]"
        );
    }

    #[test]
    fn integers_follow_pythons_int() {
        let s = settings();
        assert_eq!(s.require_int::<u16>("vim", "rpc_port").unwrap(), 4343);
        assert_eq!(s.int::<i32>("vim", "neg").unwrap(), Some(-7));
        assert_eq!(s.int_or("vim", "absent", 60u32).unwrap(), 60);
        assert_eq!(s.int_or("absent", "absent", 60u32).unwrap(), 60);
        for key in ["empty", "hex", "multi", "rpc_host", "big"] {
            let text = s.int::<i64>("vim", key).unwrap_err().to_string();
            let value = s.get("vim", key).unwrap();
            assert_eq!(
                text,
                format!(
                    "configuration file /etc/nfv/vim/config.ini: [vim] {key} = '{value}' is not an integer"
                )
            );
        }
        assert_eq!(
            s.int::<u32>("vim", "neg").unwrap_err().to_string(),
            "configuration file /etc/nfv/vim/config.ini: [vim] neg = '-7' is not in the range of this setting"
        );
        for (text, expected) in [
            ("+5", Some(5)),
            ("007", Some(7)),
            ("+-5", None),
            ("1_0", None),
            ("5.0", None),
            ("\n 5\t", Some(5)),
        ] {
            assert_eq!(parse_int(text), expected, "{text:?}");
        }
    }

    #[test]
    fn seconds_are_durations() {
        let s = settings();
        let minute = Duration::from_secs(60);
        assert_eq!(s.seconds_or("vim", "rpc_port", minute).unwrap(), Duration::from_secs(4343));
        assert_eq!(s.seconds_or("vim", "none", minute).unwrap(), minute);
        assert!(s.seconds_or("vim", "neg", minute).is_err());
    }

    #[test]
    fn both_kinds_of_truth_values() {
        for (text, listed, lower) in [
            ("Yes", true, false),
            ("yes", true, false),
            ("Y", true, false),
            ("y", true, false),
            ("True", true, true),
            ("true", true, true),
            ("T", true, false),
            ("t", true, false),
            ("1", true, false),
            ("TRUE", false, true),
            ("YES", false, false),
            ("on", false, false),
            ("0", false, false),
            ("", false, false),
        ] {
            let s = Settings::parse("f", format!("[s]\nk = {text}\n").as_bytes()).unwrap();
            assert_eq!(s.listed_flag("s", "k"), Some(listed), "{text}");
            assert_eq!(s.lower_flag("s", "k"), Some(lower), "{text}");
            assert_eq!((s.listed_flag("s", "x"), s.lower_flag("x", "k")), (None, None));
        }
    }

    #[test]
    fn lists_are_split_at_commas() {
        let s = settings();
        assert_eq!(s.list("debug", "handlers"), ["syslog", "stdout"]);
        assert!(s.list("debug", "none").is_empty());
    }

    #[test]
    fn names_that_look_like_paths_of_the_library_stay_plain() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.ini");
        std::fs::write(&path, FILE).unwrap();
        let s = Settings::load(&path).unwrap();
        assert_eq!(s.get("a.b[0", "openstack.get_token"), Some("10"));
        assert_eq!(s.sections, settings().sections);
    }

    #[test]
    fn a_missing_file_is_empty_and_an_unreadable_one_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let s = Settings::load(dir.path().join("none.ini")).unwrap();
        assert!(!s.has_section("debug"));
        assert!(matches!(s.require("debug", "config_file"), Err(ConfigError::NoSection { .. })));
        assert!(matches!(Settings::load(dir.path()), Err(ConfigError::Read { .. })));
    }

    #[test]
    fn errors_of_the_file_name_file_and_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.ini");
        let load = |content: &str| {
            std::fs::write(&path, content).unwrap();
            let error = Settings::load_interpolated(&path, &["s"]).unwrap_err().to_string();
            error.replace(&path.display().to_string(), "FILE")
        };
        assert_eq!(
            load("a = 1\n"),
            "configuration file FILE: line 1: 'a = 1' stands before the first section header"
        );
        assert_eq!(
            load("[s]\nkey\n[t]\n  x\n"),
            "configuration file FILE: neither section, comment nor 'key = value': line 2: 'key'; line 4: '  x'"
        );
        assert_eq!(
            load("[s]\na = %(b)s\n"),
            "configuration file FILE: [s] a: it refers to 'b', which is not there"
        );
    }

    #[test]
    fn only_the_sections_named_are_interpolated() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("debug.ini");
        std::fs::write(&path, "[DEFAULT]\nd = 7\n[s]\na = %(d)s%%\n[t]\na = %(nope)s\n").unwrap();
        let s = Settings::load_interpolated(&path, &["s"]).unwrap();
        assert_eq!(s.get("s", "a"), Some("7%"));
        assert_eq!(s.get("t", "a"), Some("%(nope)s"));
        assert_eq!(Settings::load(&path).unwrap().get("s", "a"), Some("%(d)s%%"));
    }
}

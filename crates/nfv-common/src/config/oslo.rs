//! Configuration files as oslo.config reads them: several files, one set of values.
//!
//! ```text
//! files in order ──► parse (rules below) ──► values by section and key ──► text, flag, int, all
//! command line   ──► set ─────────────────►  the last one counts           `$name` resolved when read
//! ```
//!
//! Where the format differs from [`super::ini`]:
//!
//! - A blank line or a comment ends a value; an indented line with nothing to continue is an error.
//! - There are no comments behind values and no `rem` lines; one pair of quotes around a value is dropped.
//! - `-` and `_` are the same in keys; keys keep their case, sections other than `DEFAULT` do not.
//! - A key may stand there several times; all its values are kept, the last one is the value.
//! - `DEFAULT` is a section like others; its values are not visible in them.
//!
//! Contract: nova-api-proxy 2, 4.1.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::ConfigError;
use super::ini::{BadLine, SyntaxError};
use super::interpolation::InterpolationError;

const DEFAULT: &str = "DEFAULT";
/// References nest no deeper; oslo.config itself runs until its stack ends.
const MAX_DEPTH: usize = 10;
/// The resolved value is no longer than this.
const MAX_LENGTH: usize = 1 << 20;
/// Shown as the origin of values from the command line.
const COMMAND_LINE: &str = "(command line)";

#[derive(Clone, Debug)]
struct Value {
    text: String,
    /// Index into the origins.
    origin: usize,
}

/// The values of all configuration files.
#[derive(Clone, Debug, Default)]
pub struct OsloConfig {
    sections: BTreeMap<String, BTreeMap<String, Vec<Value>>>,
    overrides: BTreeMap<String, String>,
    defaults: BTreeMap<String, String>,
    origins: Vec<String>,
}

impl OsloConfig {
    /// Reads the files in order; later ones win. A missing file is an error.
    ///
    /// # Errors
    /// [`ConfigError::Read`], [`ConfigError::Syntax`].
    pub fn load<P: AsRef<Path>>(files: impl IntoIterator<Item = P>) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        for file in files {
            let name = file.as_ref().display().to_string();
            let content = std::fs::read(file.as_ref())
                .map_err(|cause| ConfigError::Read { file: name.as_str().into(), cause })?;
            config.add(&name, &content)?;
        }
        Ok(config)
    }

    /// Adds a file's content.
    ///
    /// # Errors
    /// [`ConfigError::Syntax`].
    pub fn add(&mut self, file: &str, content: &[u8]) -> Result<(), ConfigError> {
        self.origins.push(file.to_owned());
        let origin = self.origins.len() - 1;
        parse(content, |section, key, text| {
            let section = self.sections.entry(section_name(section)).or_default();
            section.entry(key_name(key)).or_default().push(Value { text, origin });
        })
        .map_err(|cause| ConfigError::Syntax { file: file.into(), cause })
    }

    /// Sets a value of `DEFAULT` that wins over all files: an option of the command line.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.overrides.insert(key_name(key), value.into());
    }

    /// Tells the default of an option of `DEFAULT`, which `$name` may refer to.
    pub fn set_default(&mut self, key: &str, value: &str) {
        self.defaults.insert(key_name(key), value.to_owned());
    }

    /// Whether the section is there.
    pub fn has_section(&self, section: &str) -> bool {
        self.sections.contains_key(&section_name(section))
    }

    /// The value as it stands in the file, its references unresolved.
    pub fn raw(&self, section: &str, key: &str) -> Option<&str> {
        self.find(&section_name(section), &key_name(key)).map(|(text, _)| text)
    }

    /// The value, its references resolved.
    ///
    /// # Errors
    /// [`ConfigError::Interpolation`].
    pub fn text(&self, section: &str, key: &str) -> Result<Option<String>, ConfigError> {
        let (section, key) = (section_name(section), key_name(key));
        let Some((text, file)) = self.find(&section, &key) else { return Ok(None) };
        self.resolved(&section, text).map(Some).map_err(|cause| ConfigError::Interpolation {
            file: file.into(),
            section: section.as_str().into(),
            key: key.as_str().into(),
            cause,
        })
    }

    /// All values of a key that may be repeated (MultiStr), in the order of the files.
    ///
    /// # Errors
    /// [`ConfigError::Interpolation`].
    pub fn all(&self, section: &str, key: &str) -> Result<Vec<String>, ConfigError> {
        let (section, key) = (section_name(section), key_name(key));
        let values = self.sections.get(&section).and_then(|values| values.get(&key));
        let resolve = |value: &Value| {
            self.resolved(&section, &value.text).map_err(|cause| ConfigError::Interpolation {
                file: self.origins[value.origin].as_str().into(),
                section: section.as_str().into(),
                key: key.as_str().into(),
                cause,
            })
        };
        values.into_iter().flatten().map(resolve).collect()
    }

    /// A truth value: `true 1 yes on` or `false 0 no off`, in any case.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for any other text, [`ConfigError::Interpolation`].
    pub fn flag(&self, section: &str, key: &str) -> Result<Option<bool>, ConfigError> {
        let Some(text) = self.text(section, key)? else { return Ok(None) };
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(Some(true)),
            "false" | "0" | "no" | "off" => Ok(Some(false)),
            _ => Err(self.wrong(section, key, &text, "a boolean")),
        }
    }

    /// A decimal integer within `T`.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for any other text, [`ConfigError::Interpolation`].
    pub fn int<T: TryFrom<i64>>(&self, section: &str, key: &str) -> Result<Option<T>, ConfigError> {
        let Some(text) = self.text(section, key)? else { return Ok(None) };
        let number = text.trim().parse::<i64>();
        let number = number.map_err(|_| self.wrong(section, key, &text, "an integer"))?;
        let number = T::try_from(number);
        number.map(Some).map_err(|_| self.wrong(section, key, &text, "in the range of this setting"))
    }

    /// The error for a value that is not what its reader needs; for checks of the callers' own.
    pub fn wrong(&self, section: &str, key: &str, value: &str, expected: &'static str) -> ConfigError {
        let file = self.find(&section_name(section), &key_name(key)).map_or(COMMAND_LINE, |(_, file)| file);
        ConfigError::Value {
            file: file.into(),
            section: section.into(),
            key: key.into(),
            value: value.into(),
            expected,
        }
    }

    fn find(&self, section: &str, key: &str) -> Option<(&str, &str)> {
        if section == DEFAULT
            && let Some(text) = self.overrides.get(key)
        {
            return Some((text, COMMAND_LINE));
        }
        let value = self.sections.get(section)?.get(key)?.last()?;
        Some((&value.text, &self.origins[value.origin]))
    }

    fn resolved(&self, section: &str, text: &str) -> Result<String, InterpolationError> {
        let mut out = String::with_capacity(text.len());
        self.append(section, text, 1, &mut out)?;
        Ok(out)
    }

    /// `$name`, `${name}` and `${group.name}`; `$$` and `\$` are a dollar. Any other `$` stays.
    fn append(
        &self,
        section: &str,
        text: &str,
        depth: usize,
        out: &mut String,
    ) -> Result<(), InterpolationError> {
        if depth > MAX_DEPTH {
            return Err(InterpolationError::Depth);
        }
        let mut rest = text;
        while let Some(dollar) = rest.find('$') {
            let escaped = rest[..dollar].ends_with('\\');
            out.push_str(&rest[..dollar - usize::from(escaped)]);
            rest = &rest[dollar + 1..];
            if escaped {
                out.push('$');
            } else if let Some(after) = rest.strip_prefix('$') {
                out.push('$');
                rest = after;
            } else if let Some((name, after)) = reference(rest) {
                let value = self.referred(section, name);
                let (group, value) = value.ok_or_else(|| InterpolationError::Missing(name.to_owned()))?;
                self.append(group, value, depth + 1, out)?;
                rest = after;
            } else {
                out.push('$');
            }
            if out.len() > MAX_LENGTH {
                return Err(InterpolationError::Length);
            }
        }
        out.push_str(rest);
        if out.len() > MAX_LENGTH { Err(InterpolationError::Length) } else { Ok(()) }
    }

    /// Section and text of what `name` means in `section`: `group.name`, else of the section itself, else of `DEFAULT`.
    fn referred<'a>(&'a self, section: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
        let (groups, key) = match name.split_once('.') {
            Some((group, key)) => (vec![self.sections.get_key_value(&section_name(group))?.0.as_str()], key),
            None => (vec![section, DEFAULT], name),
        };
        let key = key_name(key);
        let found = groups.into_iter().find_map(|group| Some((group, self.find(group, &key)?.0)));
        found.or_else(|| Some((DEFAULT, self.defaults.get(&key)?.as_str())))
    }
}

/// Splits a name in front: `name…` or `{name}…`.
fn reference(text: &str) -> Option<(&str, &str)> {
    let end = |text: &str| {
        let first = text.chars().next().is_some_and(|c| c == '_' || c.is_ascii_alphabetic());
        let end = text.find(|c: char| !(c == '_' || c == '.' || c.is_ascii_alphanumeric()));
        if first { end.unwrap_or(text.len()) } else { 0 }
    };
    if let Some(braced) = text.strip_prefix('{') {
        let (name, after) = braced.split_at(end(braced));
        return after.strip_prefix('}').filter(|_| !name.is_empty()).map(|after| (name, after));
    }
    let (name, after) = text.split_at(end(text));
    (!name.is_empty()).then_some((name, after))
}

fn section_name(name: &str) -> String {
    if name == DEFAULT { name.to_owned() } else { name.to_ascii_lowercase() }
}

fn key_name(name: &str) -> String {
    name.replace('-', "_")
}

/// Hands every assignment to `assign`. The first wrong line ends the reading.
fn parse(content: &[u8], mut assign: impl FnMut(&str, &str, String)) -> Result<(), SyntaxError> {
    let content = match std::str::from_utf8(content) {
        Ok(text) => text.to_owned(),
        Err(_) => content.iter().map(|byte| char::from(*byte)).collect(),
    };
    let mut section: Option<&str> = None;
    let mut open: Option<(&str, String)> = None;
    for (index, line) in content.split('\n').enumerate() {
        let line = line.trim_end();
        let bad = || BadLine { number: index + 1, text: line.to_owned() };
        if line.starts_with([' ', '\t']) {
            let (_, value) = open.as_mut().ok_or_else(|| SyntaxError::BadLines(vec![bad()]))?;
            value.push('\n');
            value.push_str(line.trim_start());
            continue;
        }
        if let (Some(section), Some((key, value))) = (section, open.take()) {
            assign(section, key, value);
        }
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(header) = line.strip_prefix('[') {
            let name = header.strip_suffix(']').filter(|name| !name.is_empty());
            section = Some(name.ok_or_else(|| SyntaxError::BadLines(vec![bad()]))?);
            continue;
        }
        let (key, value) = line.split_once(['=', ':']).ok_or_else(|| SyntaxError::BadLines(vec![bad()]))?;
        if key.trim().is_empty() {
            return Err(SyntaxError::BadLines(vec![bad()]));
        }
        if section.is_none() {
            return Err(SyntaxError::NoSectionHeader(bad()));
        }
        open = Some((key.trim(), unquoted(value.trim()).to_owned()));
    }
    if let (Some(section), Some((key, value))) = (section, open) {
        assign(section, key, value);
    }
    Ok(())
}

fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            return if rest.is_empty() { rest } else { rest.strip_suffix(quote).unwrap_or(value) };
        }
    }
    value
}

/// The files read when the command line names none: for each of `project.conf` and `program.conf` the first that
/// exists in `~/.project`, `~`, `/etc/project`, `/etc`, `/usr/share/project`.
pub fn default_files(project: &str, program: &str, home: Option<&Path>) -> Vec<PathBuf> {
    let directories = default_directories(project, home);
    let found = |name: &str| {
        let file = format!("{name}.conf");
        directories.iter().map(|directory| directory.join(&file)).find(|path| path.exists())
    };
    let names = if project == program { vec![project] } else { vec![project, program] };
    names.into_iter().filter_map(found).collect()
}

/// The directories in which files of a project are looked for.
pub fn default_directories(project: &str, home: Option<&Path>) -> Vec<PathBuf> {
    let mut directories = Vec::new();
    if let Some(home) = home {
        directories.push(home.join(format!(".{project}")));
        directories.push(home.to_owned());
    }
    directories.push(Path::new("/etc").join(project));
    directories.push(PathBuf::from("/etc"));
    directories.push(Path::new("/usr/share").join(project));
    directories
}

/// The `*.conf` files of a directory, sorted; hidden files are none.
///
/// # Errors
/// [`ConfigError::Read`].
pub fn directory_files(directory: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let wrong = |cause| ConfigError::Read { file: directory.display().to_string().into(), cause };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.ends_with(".conf") && !name.starts_with('.') {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(content: &str) -> OsloConfig {
        let mut config = OsloConfig::default();
        config.add("f.conf", content.as_bytes()).unwrap();
        config
    }

    fn value(content: &str) -> Option<String> {
        config(&format!("[DEFAULT]\n{content}\n")).text("DEFAULT", "k_k").unwrap()
    }

    #[test]
    fn values_follow_the_rules_of_the_format() {
        for (content, expected) in [
            ("k_k = v", Some("v")),
            ("k_k: v", Some("v")),
            ("k-k =v ", Some("v")),
            ("K_K = v", None),
            ("k_k = a = b : c", Some("a = b : c")),
            ("k_k = v # no comment", Some("v # no comment")),
            ("k_k = \"v w\"", Some("v w")),
            ("k_k = 'v'", Some("v")),
            ("k_k = \"v'", Some("\"v'")),
            ("k_k = '", Some("")),
            ("k_k =", Some("")),
            ("k_k = a\n  b\n\tc", Some("a\nb\nc")),
            ("k_k = a\n# comment\nx = 1", Some("a")),
            ("k_k = a\nk-k = b", Some("b")),
            ("#k_k = a", None),
            (";k_k = a", None),
            ("d = /var\nk_k = $d/log", Some("/var/log")),
            ("d = /var\nk_k = ${d}log", Some("/varlog")),
            ("k_k = a$$b\\$c", Some("a$b$c")),
            ("k_k = 5$ and $5", Some("5$ and $5")),
            ("a = $b\nb = $$c\nk_k = <$a>", Some("<$c>")),
            ("k_k = %(client_ip)s", Some("%(client_ip)s")),
        ] {
            assert_eq!(value(content).as_deref(), expected, "{content}");
        }
    }

    #[test]
    fn sections_match_in_any_case_but_default() {
        let c = config("[DEFAULT]\na=1\n[default]\na=2\n[Keystone_AuthToken]\na=3\nb = $a ${DEFAULT.a}\n");
        assert_eq!(c.raw("DEFAULT", "a"), Some("1"));
        assert_eq!(c.raw("keystone_authtoken", "a"), Some("3"));
        assert_eq!(c.text("keystone_authtoken", "b").unwrap().unwrap(), "3 1");
        assert_eq!(c.raw("keystone_authtoken", "c"), None);
        assert!(c.has_section("KEYSTONE_authtoken") && !c.has_section("other"));
    }

    #[test]
    fn later_files_and_the_command_line_win_and_repeated_values_are_kept() {
        let mut c = config("[DEFAULT]\na=1\na=2\nb=1\n");
        c.add("g.conf", b"[DEFAULT]\na=3\n").unwrap();
        assert_eq!(c.text("DEFAULT", "a").unwrap().unwrap(), "3");
        assert_eq!(c.all("DEFAULT", "a").unwrap(), ["1", "2", "3"]);
        c.set("b", "9");
        assert_eq!(c.int::<u16>("DEFAULT", "b").unwrap(), Some(9));
        c.set_default("log_dir", "/var/log");
        c.add("h.conf", b"[DEFAULT]\nc = $log_dir/x\n").unwrap();
        assert_eq!(c.text("DEFAULT", "c").unwrap().unwrap(), "/var/log/x");
    }

    #[test]
    fn typed_values_are_checked_and_named() {
        let c = config("[DEFAULT]\nt=YES\nf=oFF\nx=maybe\nn= 5 \ne=\nbig=70000\nloop=$loop\nmiss=$none\n");
        assert_eq!(
            (c.flag("DEFAULT", "t").unwrap(), c.flag("DEFAULT", "f").unwrap()),
            (Some(true), Some(false))
        );
        assert_eq!(c.flag("DEFAULT", "none").unwrap(), None);
        assert_eq!(c.int::<u16>("DEFAULT", "n").unwrap(), Some(5));
        for (error, expected) in [
            (c.flag("DEFAULT", "x").unwrap_err(), "f.conf: [DEFAULT] x = 'maybe' is not a boolean"),
            (c.int::<u16>("DEFAULT", "e").unwrap_err(), "f.conf: [DEFAULT] e = '' is not an integer"),
            (
                c.int::<u16>("DEFAULT", "big").unwrap_err(),
                "f.conf: [DEFAULT] big = '70000' is not in the range of this setting",
            ),
            (
                c.text("DEFAULT", "loop").unwrap_err(),
                "f.conf: [DEFAULT] loop: its references nest too deeply",
            ),
            (
                c.text("DEFAULT", "miss").unwrap_err(),
                "f.conf: [DEFAULT] miss: it refers to 'none', which is not there",
            ),
        ] {
            assert_eq!(error.to_string(), format!("configuration file {expected}"));
        }
    }

    #[test]
    fn wrong_lines_are_named() {
        for content in
            ["a = 1\n", "[DEFAULT]\n  a\n", "[DEFAULT\n", "[]\n", "[DEFAULT]\nword\n", "[DEFAULT]\n= 1\n"]
        {
            let error = OsloConfig::default().add("f", content.as_bytes()).unwrap_err();
            assert!(matches!(error, ConfigError::Syntax { .. }), "{content}");
        }
    }

    #[test]
    fn files_are_found_in_their_order_and_missing_ones_are_errors() {
        let home = tempfile::tempdir().unwrap();
        let own = home.path().join(".api-proxy");
        std::fs::create_dir(&own).unwrap();
        for file in [own.join("nova-api-proxy.conf"), home.path().join("nova-api-proxy.conf")] {
            std::fs::write(file, "").unwrap();
        }
        std::fs::write(home.path().join("api-proxy.conf"), "").unwrap();
        assert_eq!(
            default_files("api-proxy", "nova-api-proxy", Some(home.path())),
            [home.path().join("api-proxy.conf"), own.join("nova-api-proxy.conf")]
        );
        for name in ["b.conf", "a.conf", ".c.conf", "d.ini"] {
            std::fs::write(own.join(name), "").unwrap();
        }
        let names = ["a.conf", "b.conf", "nova-api-proxy.conf"].map(|name| own.join(name));
        assert_eq!(directory_files(&own).unwrap(), names);
        assert!(directory_files(&own.join("none")).is_err());
        assert!(matches!(OsloConfig::load([own.join("none")]), Err(ConfigError::Read { .. })));
    }
}

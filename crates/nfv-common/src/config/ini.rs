//! The ini format as read by Python 2.7's ConfigParser.
//!
//! Contract: deployment 3.1. The rules that surprise:
//!
//! - A line that starts with white space continues the previous value, even when it looks like a comment, a section or
//!   an assignment. Blank lines and comments in the first column do not end a value.
//! - Directly after a section header there is nothing to continue: an indented line there is an error.
//! - A comment inside a value starts at the *first* `;` of the line, and only if white space stands before it; lines
//!   that continue a value have no comments. When the value itself starts with `;`, its last character decides instead.
//! - Errors in single lines are collected; a line outside any section ends the reading at once.
//!
//! Files are bytes. Names and values that are not UTF-8 are taken as Latin-1, so that a foreign byte in a value nobody
//! reads does not stop a process.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::interpolation::{InterpolationError, resolve};

/// Values of one section by key.
pub type Section = BTreeMap<String, String>;

/// The section whose values are merged into every other one.
const DEFAULT: &str = "DEFAULT";
/// The key under which a section knows its own name; for interpolation only.
const OWN_NAME: &str = "__name__";

/// A line the format has no meaning for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Number of the line, from 1.
    pub number: usize,
    /// The line without its end.
    pub text: String,
}

/// A file that breaks the rules of the format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxError {
    /// Something other than a comment stands before the first section.
    #[error("line {}: '{}' stands before the first section header", .0.number, .0.text.escape_debug())]
    NoSectionHeader(BadLine),
    /// Lines that are neither header, comment, assignment nor continuation, in order.
    #[error("{}", list(.0))]
    BadLines(Vec<BadLine>),
}

fn list(lines: &[BadLine]) -> String {
    let lines: Vec<_> =
        lines.iter().map(|line| format!("line {}: '{}'", line.number, line.text.escape_debug())).collect();
    format!("neither section, comment nor 'key = value': {}", lines.join("; "))
}

/// A parsed file, values raw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    defaults: Section,
    sections: BTreeMap<String, Section>,
}

impl Document {
    /// Reads a file's content.
    pub fn parse(content: &[u8]) -> Result<Self, SyntaxError> {
        Reader::default().read(content)
    }

    /// Names of the sections, sorted; `DEFAULT` is not one.
    pub fn section_names(&self) -> impl Iterator<Item = &str> {
        self.sections.keys().map(String::as_str)
    }

    /// The values of `DEFAULT`, raw.
    pub fn defaults(&self) -> &Section {
        &self.defaults
    }

    /// The values of a section, those of `DEFAULT` included, raw.
    pub fn section(&self, name: &str) -> Option<Section> {
        let mut values = self.visible(name)?;
        values.remove(OWN_NAME);
        Some(values)
    }

    /// The values of a section with `%(key)s` references resolved. `%(__name__)s` is the section's name.
    pub fn resolved(&self, name: &str) -> Option<BTreeMap<String, Result<String, InterpolationError>>> {
        let values = self.visible(name)?;
        let keys = values.iter().filter(|(key, _)| *key != OWN_NAME);
        Some(keys.map(|(key, value)| (key.clone(), resolve(value, &values))).collect())
    }

    fn visible(&self, name: &str) -> Option<Section> {
        let own = self.sections.get(name)?;
        let mut values = self.defaults.clone();
        values.extend(own.iter().map(|(key, value)| (key.clone(), value.clone())));
        Some(values)
    }
}

#[derive(Default)]
struct Reader {
    document: Document,
    bad: Vec<BadLine>,
    /// Section of the line at hand; none before the first header.
    section: Option<String>,
    /// Key that an indented line continues; none directly after a header.
    key: Option<String>,
}

impl Reader {
    fn read(mut self, content: &[u8]) -> Result<Document, SyntaxError> {
        for (index, line) in content.split(|byte| *byte == b'\n').enumerate() {
            if is_blank_or_comment(line) {
                continue;
            }
            if line.first().is_some_and(is_space) && self.continues_value(line) {
                continue;
            }
            if let Some(name) = section_header(line) {
                self.open_section(text(name).into_owned());
                continue;
            }
            let bad = || BadLine { number: index + 1, text: text(line).trim_end_matches('\r').to_owned() };
            let Some(section) = self.section.as_deref() else {
                return Err(SyntaxError::NoSectionHeader(bad()));
            };
            match assignment(line) {
                Some((key, value)) => {
                    values_of(&mut self.document, section).insert(key.clone(), value);
                    self.key = Some(key);
                }
                None => self.bad.push(bad()),
            }
        }
        if self.bad.is_empty() { Ok(self.document) } else { Err(SyntaxError::BadLines(self.bad)) }
    }

    fn continues_value(&mut self, line: &[u8]) -> bool {
        let (Some(section), Some(key)) = (self.section.as_deref(), self.key.as_deref()) else { return false };
        if let Some(value) = values_of(&mut self.document, section).get_mut(key) {
            value.push('\n');
            value.push_str(&text(trim(line)));
        }
        true
    }

    fn open_section(&mut self, name: String) {
        if name != DEFAULT && !self.document.sections.contains_key(&name) {
            let values = Section::from([(OWN_NAME.to_owned(), name.clone())]);
            self.document.sections.insert(name.clone(), values);
        }
        self.section = Some(name);
        self.key = None;
    }
}

fn values_of<'a>(document: &'a mut Document, section: &str) -> &'a mut Section {
    if section == DEFAULT {
        &mut document.defaults
    } else {
        document.sections.entry(section.to_owned()).or_default()
    }
}

fn is_blank_or_comment(line: &[u8]) -> bool {
    let Some(first) = line.first() else { return true };
    match first {
        b'#' | b';' => true,
        b'r' | b'R' => {
            let word = line.split(is_space).next().unwrap_or_default();
            word.eq_ignore_ascii_case(b"rem")
        }
        _ => trim(line).is_empty(),
    }
}

/// The name in `[name]`; whatever follows the bracket is ignored.
fn section_header(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"[")?;
    let end = rest.iter().position(|byte| *byte == b']')?;
    (end > 0).then(|| &rest[..end])
}

/// Key in lower case and value without comment.
fn assignment(line: &[u8]) -> Option<(String, String)> {
    let delimiter = line.iter().position(|byte| matches!(byte, b'=' | b':'))?;
    if delimiter == 0 || line.first().is_some_and(is_space) {
        return None;
    }
    let key = text(trim(&line[..delimiter])).to_ascii_lowercase();
    let value = trim(without_comment(trim_start(&line[delimiter + 1..])));
    let value = if value == b"\"\"" { "".into() } else { text(value) };
    Some((key, value.into_owned()))
}

/// Cuts the value at its first `;` if white space stands before that; before a `;` in front stands, by the original's
/// reckoning, the last character.
fn without_comment(value: &[u8]) -> &[u8] {
    let Some(semicolon) = value.iter().position(|byte| *byte == b';') else { return value };
    let before = if semicolon == 0 { value.last() } else { value.get(semicolon - 1) };
    if before.is_some_and(is_space) { &value[..semicolon] } else { value }
}

/// White space as the original has it: vertical tab counts, no byte above 127 does.
fn is_space(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

fn trim_start(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| !is_space(byte)).unwrap_or(bytes.len());
    &bytes[start..]
}

fn trim(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| !is_space(byte)).map_or(0, |last| last + 1);
    trim_start(&bytes[..end])
}

/// UTF-8, or Latin-1 where it is not.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect()),
    }
}

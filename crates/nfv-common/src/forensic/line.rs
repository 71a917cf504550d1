//! The grammar of a log line.
//!
//! ```text
//! 2019-01-23T19:41:01.166 controller-0    VIM_Thread[6581]     INFO    _host_state_enabled.py.27    Entering …
//! timestamp               host            process and pid      level   source file            line  message
//! ```
//!
//! White space between tokens is free, also inside the timestamp; only the source file's name is one word. What a line
//! lacks is told as the original tells it, position included, because people search logs of the tool for it.

use std::borrow::Cow;
use std::fmt;

use super::Stamp;

/// Lines of at most this many bytes, the newline included, cannot hold all tokens and are passed over in silence.
pub const SHORTEST_LINE: usize = 70;

const TAB: usize = 8;
const NUMBER: &str = "W:(0123...)";
const WORD: &str = "W:(ABCD...)";

/// A log line, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine<'a> {
    /// When it was received.
    pub time: Stamp,
    /// Source file name, for example `_host.py`.
    pub file: &'a [u8],
    /// What was said, without the newline.
    pub message: &'a [u8],
}

/// Why a line is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotALine {
    /// A token is missing.
    Expected {
        /// The token, in the original's notation.
        token: &'static str,
        /// Byte of the line, from 0.
        at: usize,
        /// Line (2 when the newline itself was passed) and column, from 1.
        line_column: (usize, usize),
    },
    /// The timestamp is no point in time.
    Time(&'static str),
}

impl fmt::Display for NotALine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expected { token, at, line_column: (line, column) } => {
                write!(f, "Expected {token} (at char {at}), (line:{line}, col:{column})")
            }
            Self::Time(what) => f.write_str(what),
        }
    }
}

/// Tabs become blanks up to the next multiple of eight columns, before positions are counted.
pub(super) fn expand_tabs(line: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\t', line).is_none() {
        return Cow::Borrowed(line);
    }
    let mut expanded = Vec::with_capacity(line.len() + TAB);
    let mut column = 0;
    for &byte in line {
        if byte == b'\t' {
            let blanks = TAB - column % TAB;
            expanded.resize(expanded.len() + blanks, b' ');
            column += blanks;
        } else {
            expanded.push(byte);
            column = if matches!(byte, b'\n' | b'\r') { 0 } else { column + 1 };
        }
    }
    Cow::Owned(expanded)
}

impl<'a> LogLine<'a> {
    /// Takes a line apart; it holds no tabs and may end with a newline.
    ///
    /// # Errors
    /// The first token that is missing, or what is wrong with the time.
    pub fn parse(line: &'a [u8]) -> Result<Self, NotALine> {
        let mut rest = Cursor { line, at: 0 };
        let mut parts = [rest.number()?, 0, 0, 0, 0, 0, 0];
        for (part, (before, token)) in parts[1..].iter_mut().zip(SEPARATORS) {
            rest.literal(before, token)?;
            *part = rest.number()?;
        }
        rest.word(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))?;
        rest.process()?;
        rest.word(|byte| byte.is_ascii_alphabetic())?;
        let file = rest.source_file()?;
        rest.literal(b'.', "\".\"")?;
        rest.number()?;
        let message = rest.rest_of_line();
        let time = Stamp::from_parts(parts).map_err(NotALine::Time)?;
        Ok(Self { time, file, message })
    }
}

const SEPARATORS: [(u8, &str); 6] =
    [(b'-', "\"-\""), (b'-', "\"-\""), (b'T', "\"T\""), (b':', "\":\""), (b':', "\":\""), (b'.', "\".\"")];

struct Cursor<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn expected(&self, token: &'static str) -> NotALine {
        let before = &self.line[..self.at];
        let lines = before.iter().filter(|byte| **byte == b'\n').count();
        let column = self.at - before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        NotALine::Expected { token, at: self.at, line_column: (lines + 1, column + 1) }
    }

    fn skip_blanks(&mut self) {
        self.at += count(&self.line[self.at..], |byte| matches!(byte, b' ' | b'\n' | b'\t' | b'\r'));
    }

    fn word(&mut self, is_in: impl Fn(u8) -> bool) -> Result<&'a [u8], NotALine> {
        self.skip_blanks();
        let length = count(&self.line[self.at..], is_in);
        if length == 0 {
            return Err(self.expected(WORD));
        }
        self.at += length;
        Ok(&self.line[self.at - length..self.at])
    }

    fn number(&mut self) -> Result<u64, NotALine> {
        self.skip_blanks();
        let (start, mut number) = (self.at, 0_u64);
        while let Some(byte @ b'0'..=b'9') = self.line.get(self.at) {
            number = number.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
            self.at += 1;
        }
        if self.at == start { Err(self.expected(NUMBER)) } else { Ok(number) }
    }

    fn literal(&mut self, byte: u8, token: &'static str) -> Result<(), NotALine> {
        self.skip_blanks();
        if self.line.get(self.at) != Some(&byte) {
            return Err(self.expected(token));
        }
        self.at += 1;
        Ok(())
    }

    /// `VIM_Thread[6581]`. A worker has a number in its name, `VIM_Compute-Worker-0_Thread[6581]`, which the original
    /// does not expect (docs/differences.md).
    fn process(&mut self) -> Result<(), NotALine> {
        self.skip_blanks();
        let start = self.at;
        let plain = self.plain_process();
        if plain.is_err() {
            let name = count(&self.line[start..], |byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
            });
            let pid = self.line[start + name..].strip_prefix(b"[").unwrap_or_default();
            let digits = count(pid, |byte| byte.is_ascii_digit());
            if name > 0 && digits > 0 && pid.get(digits) == Some(&b']') {
                self.at = start + name + 1 + digits + 1;
                return Ok(());
            }
        }
        plain
    }

    fn plain_process(&mut self) -> Result<(), NotALine> {
        self.word(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-' | b'['))?;
        self.number()?;
        self.literal(b']', "\"]\"")
    }

    fn source_file(&mut self) -> Result<&'a [u8], NotALine> {
        let start = self.word(|byte| byte.is_ascii_alphabetic() || byte == b'_')?.len();
        if !self.line[self.at..].starts_with(b".py") {
            return Err(self.expected("\".py\""));
        }
        self.at += 3;
        Ok(&self.line[self.at - 3 - start..self.at])
    }

    fn rest_of_line(&mut self) -> &'a [u8] {
        self.skip_blanks();
        let rest = &self.line[self.at..];
        &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())]
    }
}

fn count(bytes: &[u8], is_in: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|byte| !is_in(*byte)).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "2019-01-23T19:41:01.166 controller-0                           VIM_Thread[6581]     INFO                     _host_state_enabled.py.27    Entering state (enabled) for compute-0.\n";

    #[test]
    fn the_contracts_example_is_taken_apart() {
        let line = LogLine::parse(EXAMPLE.as_bytes()).unwrap();
        assert_eq!(line.time.to_string(), "2019-01-23 19:41:01.166");
        assert_eq!(line.file, b"_host_state_enabled.py");
        assert_eq!(line.message, b"Entering state (enabled) for compute-0.");
    }

    #[test]
    fn workers_have_numbers_in_their_names() {
        let worker = EXAMPLE.replace("VIM_Thread", "VIM_Compute-Worker-0_Thread");
        assert!(LogLine::parse(worker.as_bytes()).is_ok());
        let broken = EXAMPLE.replace("VIM_Thread[6581]", "VIM_Compute-Worker-0_Thread[x]");
        let error = LogLine::parse(broken.as_bytes()).unwrap_err();
        assert!(error.to_string().starts_with("Expected \"]\" (at char 83)"), "{error}");
    }

    #[test]
    fn what_is_missing_is_told_with_its_place() {
        for (from, to, error) in [
            ("2019-", "#", "Expected W:(0123...) (at char 0), (line:1, col:1)"),
            ("2019-", "2019#", "Expected \"-\" (at char 4), (line:1, col:5)"),
            ("T19", "t19", "Expected \"T\" (at char 10), (line:1, col:11)"),
            (" controller", " #controller", "Expected W:(ABCD...) (at char 24), (line:1, col:25)"),
            ("enabled.py", "enabled.rs", "Expected \".py\" (at char 128), (line:1, col:129)"),
            (
                ".27    Entering state (enabled) for compute-0.",
                ".",
                "Expected W:(0123...) (at char 133), (line:2, col:1)",
            ),
            (".166", ".1666", "microsecond must be in 0..999999"),
        ] {
            let line = EXAMPLE.replacen(from, to, 1);
            assert_eq!(LogLine::parse(line.as_bytes()).unwrap_err().to_string(), error);
        }
    }

    #[test]
    fn tabs_move_to_the_next_column_of_eight() {
        assert_eq!(&*expand_tabs(b"a\tbcdefgh\ti\r\tj"), b"a       bcdefgh i\r        j");
        assert!(matches!(expand_tabs(b"none"), Cow::Borrowed(_)));
    }
}

//! Python's `%(name)spec` formats, for log lines.
//!
//! Contract: nova-api-proxy 4.2, 4.3, 9.3.

use std::fmt::Write as _;

/// A value to be put in.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// Text.
    Text(&'a str),
    /// An integer.
    Int(i64),
    /// A number.
    Float(f64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Field { name: String, flags: String, width: usize, precision: Option<usize>, kind: char },
}

/// A format that has been taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format(Vec<Piece>);

impl Format {
    /// Takes a format apart; what is none of `%(name)…` and `%%` stays as it is.
    pub fn parse(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            literal.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix("%%") {
                literal.push('%');
                rest = after;
            } else if let Some((field, after)) = field(rest) {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                pieces.push(field);
                rest = after;
            } else {
                literal.push('%');
                rest = &rest[1..];
            }
        }
        literal.push_str(rest);
        pieces.push(Piece::Literal(literal));
        pieces.retain(|piece| !matches!(piece, Piece::Literal(text) if text.is_empty()));
        Self(pieces)
    }

    /// Whether a name is used.
    pub fn uses(&self, wanted: &str) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Field { name, .. } if name == wanted))
    }

    /// Puts the values in; an unknown name gives nothing.
    pub fn render<'v>(&self, value: impl Fn(&str) -> Option<Value<'v>>) -> String {
        let mut out = String::with_capacity(160);
        for piece in &self.0 {
            match piece {
                Piece::Literal(text) => out.push_str(text),
                Piece::Field { name, flags, width, precision, kind } => {
                    let Some(value) = value(name) else { continue };
                    put(&mut out, value, flags, *width, *precision, *kind);
                }
            }
        }
        out
    }
}

fn put(out: &mut String, value: Value<'_>, flags: &str, width: usize, precision: Option<usize>, kind: char) {
    let mut text = String::new();
    // writing to a string cannot fail
    let _ = match (value, kind) {
        (Value::Text(value), _) => {
            let end = precision.and_then(|p| value.char_indices().nth(p)).map_or(value.len(), |(at, _)| at);
            text.write_str(&value[..end])
        }
        (Value::Int(value), 'f' | 'F') => write!(text, "{:.*}", precision.unwrap_or(6), value as f64),
        (Value::Int(value), _) => write!(text, "{value}"),
        (Value::Float(value), 'd' | 'i') => write!(text, "{}", value as i64),
        (Value::Float(value), 's' | 'r') => write!(text, "{value}"),
        (Value::Float(value), _) => write!(text, "{:.*}", precision.unwrap_or(6), value),
    };
    let missing = width.saturating_sub(text.chars().count());
    let numeric = !matches!(value, Value::Text(_));
    if flags.contains('-') {
        out.push_str(&text);
        out.extend(std::iter::repeat_n(' ', missing));
    } else {
        let filler = if numeric && flags.contains('0') { '0' } else { ' ' };
        out.extend(std::iter::repeat_n(filler, missing));
        out.push_str(&text);
    }
}

/// Splits `%(name)03d…`.
fn field(text: &str) -> Option<(Piece, &str)> {
    let (name, mut rest) = text.strip_prefix("%(")?.split_once(')')?;
    let flags = take(&mut rest, |c| matches!(c, '-' | '0' | '+' | ' ' | '#')).to_owned();
    let width = take(&mut rest, |c| c.is_ascii_digit()).parse().unwrap_or(0).min(1000);
    let mut precision = None;
    if let Some(after) = rest.strip_prefix('.') {
        rest = after;
        precision = Some(take(&mut rest, |c| c.is_ascii_digit()).parse().unwrap_or(0).min(30));
    }
    let kind = rest.chars().next().filter(|c| matches!(c, 's' | 'r' | 'd' | 'i' | 'f' | 'F' | 'g' | 'e'))?;
    Some((Piece::Field { name: name.to_owned(), flags, width, precision, kind }, &rest[1..]))
}

fn take<'a>(rest: &mut &'a str, wanted: impl Fn(char) -> bool) -> &'a str {
    let end = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
    let (taken, after) = rest.split_at(end);
    *rest = after;
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_follow_python() {
        let value = |name: &str| match name {
            "s" => Some(Value::Text("text")),
            "n" => Some(Value::Int(7)),
            "f" => Some(Value::Float(0.0093551)),
            _ => None,
        };
        for (format, expected) in [
            ("plain", "plain"),
            ("%(s)s|%(n)d|%(n)03d|%(n)s", "text|7|007|7"),
            ("%(f).7f|%(f)f|%(f).2f", "0.0093551|0.009355|0.01"),
            ("%(s)6s|%(s)-6s|%(s).2s", "  text|text  |te"),
            ("100%% %(none)s.", "100% ."),
            ("%d %(s) %(", "%d %(s) %("),
            ("%(n)5d|%(n)-5d|", "    7|7    |"),
        ] {
            assert_eq!(Format::parse(format).render(value), expected, "{format}");
        }
        assert!(Format::parse("%(a)s").uses("a") && !Format::parse("a").uses("a"));
    }
}

//! `%(key)s` references in values, as Python 2.7's SafeConfigParser resolves them.
//!
//! Contract: deployment 3.1, 3.3 (debug.ini only).

use super::ini::Section;

const MAX_DEPTH: usize = 10;
/// References multiply: ten levels of ten references are ten thousand million. No real value comes near this bound.
const MAX_LENGTH: usize = 1 << 20;

/// A reference that cannot be resolved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InterpolationError {
    /// `%` is followed by something else than `%` or `(`, or the bracket is not closed by `)s`.
    #[error("'%' must be followed by '%' or '(key)s', found '{}'", .0.escape_debug())]
    Syntax(String),
    /// The key named is not in the section.
    #[error("it refers to '{0}', which is not there")]
    Missing(String),
    /// References nest deeper than ten levels.
    #[error("its references nest too deeply")]
    Depth,
    /// The resolved value is longer than a mebibyte.
    #[error("its references make it too long")]
    Length,
}

/// `value` with its references replaced by the values in `section`.
pub(super) fn resolve(value: &str, section: &Section) -> Result<String, InterpolationError> {
    let mut resolved = String::new();
    append(value, section, 1, &mut resolved)?;
    Ok(resolved)
}

fn append(value: &str, section: &Section, depth: usize, out: &mut String) -> Result<(), InterpolationError> {
    if depth > MAX_DEPTH {
        return Err(InterpolationError::Depth);
    }
    let mut rest = value;
    while let Some(percent) = rest.find('%') {
        push(&rest[..percent], out)?;
        rest = &rest[percent..];
        if let Some(after) = rest.strip_prefix("%%") {
            push("%", out)?;
            rest = after;
            continue;
        }
        let Some((key, after)) = reference(rest) else {
            return Err(InterpolationError::Syntax(rest.to_owned()));
        };
        let key = key.to_ascii_lowercase();
        match section.get(&key) {
            None => return Err(InterpolationError::Missing(key)),
            Some(value) if value.contains('%') => append(value, section, depth + 1, out)?,
            Some(value) => push(value, out)?,
        }
        rest = after;
    }
    push(rest, out)
}

/// Splits `%(key)s…` into key and the rest.
fn reference(text: &str) -> Option<(&str, &str)> {
    let (key, after) = text.strip_prefix("%(")?.split_once(')')?;
    let after = after.strip_prefix('s')?;
    (!key.is_empty()).then_some((key, after))
}

fn push(text: &str, out: &mut String) -> Result<(), InterpolationError> {
    if out.len() + text.len() > MAX_LENGTH {
        return Err(InterpolationError::Length);
    }
    out.push_str(text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(pairs: &[(&str, &str)]) -> Section {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn references_are_resolved_or_refused() {
        let values = section(&[
            ("a", "1"),
            ("b", "<%(a)s>"),
            ("loop", "%(loop)s"),
            ("pc", "50%%"),
            ("bad", "%"),
            ("__name__", "sec"),
        ]);
        let syntax = |text: &str| Err(InterpolationError::Syntax(text.to_owned()));
        for (value, expected) in [
            ("plain", Ok("plain".to_owned())),
            ("", Ok(String::new())),
            ("x%(a)sy%(A)sz", Ok("x1y1z".to_owned())),
            ("%(b)s%(b)s", Ok("<1><1>".to_owned())),
            ("%%(a)s %%", Ok("%(a)s %".to_owned())),
            ("%(pc)s", Ok("50%".to_owned())),
            ("%(__name__)s", Ok("sec".to_owned())),
            ("x%", syntax("%")),
            ("%(bad)s", syntax("%")),
            ("%d", syntax("%d")),
            ("%(a)d", syntax("%(a)d")),
            ("%(a", syntax("%(a")),
            ("%()s", syntax("%()s")),
            ("%(é", syntax("%(é")),
            ("%(none)s", Err(InterpolationError::Missing("none".to_owned()))),
            ("%(loop)s", Err(InterpolationError::Depth)),
        ] {
            assert_eq!(resolve(value, &values), expected, "{value}");
        }
    }

    #[test]
    fn multiplying_references_end_in_an_error_not_in_all_memory() {
        let ten = |key: &str| format!("%({key})s").repeat(10);
        let mut values = section(&[("v0", "0123456789")]);
        for level in 1..9 {
            values.insert(format!("v{level}"), ten(&format!("v{}", level - 1)));
        }
        assert_eq!(resolve("%(v8)s", &values), Err(InterpolationError::Length));
    }
}

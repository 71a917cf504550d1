//! Patterns with `*` (any text, also none), used for paths and names.

/// Whether the whole text matches.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(first) = parts.next() else { return text.is_empty() };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(mut part) = parts.next() else { return rest.is_empty() };
    for next in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        part = next;
    }
    rest.ends_with(part)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_stand_for_any_text() {
        let rows = [
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("*", "", true),
            ("*", "anything", true),
            ("/v2.1/*/servers/*/action", "/v2.1/t/servers/x/action", true),
            ("/v2.1/*/servers/*/action", "/v2.1/t/servers/x", false),
            ("vm-*", "vm-", true),
            ("*-1", "vm-1-1", true),
            ("a*b*c", "a-c", false),
            ("a*a", "a", false),
        ];
        for (pattern, text, wanted) in rows {
            assert_eq!(matches(pattern, text), wanted, "{pattern} on {text}");
        }
    }
}

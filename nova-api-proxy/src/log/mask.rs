//! Secrets are hidden in whatever the log shows.
//!
//! The original hides the answers of key pair requests only; passwords of created and rebuilt servers went to its log.

use std::borrow::Cow;

/// What stands in a secret's place.
pub const HIDDEN: &str = "***";

/// Members of JSON objects whose values are hidden, without regard to case, `_` and `-`.
const SECRETS: [&str; 14] = [
    "adminpass",
    "adminpassword",
    "authtoken",
    "chappassword",
    "configdrive",
    "encryptedkey",
    "newpass",
    "passphrase",
    "password",
    "privatekey",
    "secret",
    "sslkey",
    "token",
    "userdata",
];

/// Headers whose values are hidden, in lower case.
const SECRET_HEADERS: [&str; 6] =
    ["x-auth-token", "x-subject-token", "x-service-token", "x-storage-token", "authorization", "cookie"];

/// Whether the value of this member is hidden.
pub fn is_secret(name: &str) -> bool {
    let plain: String =
        name.chars().filter(|c| !matches!(c, '_' | '-')).map(|c| c.to_ascii_lowercase()).collect();
    SECRETS.contains(&plain.as_str())
}

/// Whether the value of this header is hidden.
pub fn is_secret_header(name: &[u8]) -> bool {
    SECRET_HEADERS.iter().any(|secret| name.eq_ignore_ascii_case(secret.as_bytes()))
}

/// JSON text, or the beginning of one, with the text values of secret members hidden, and tokens in URLs.
pub fn json(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some((start, end)) = string(text, at) {
        at = end;
        let inner = &text[start + 1..end.saturating_sub(1).max(start + 1)];
        if let Some(found) = inner.find("token=") {
            let begin = start + 1 + found + "token=".len();
            let length = text[begin..end].find(['&', '"', '#']).unwrap_or(end - begin);
            hide(text, &mut out, &mut copied, begin, begin + length);
        }
        if !is_secret(inner) {
            continue;
        }
        let after = text[end..].trim_start();
        let Some(value) = after.strip_prefix(':').map(str::trim_start) else { continue };
        let value_at = text.len() - value.len();
        if value.starts_with('"')
            && let Some((start, end)) = string(text, value_at)
        {
            let closed = text[..end].ends_with('"') && end > start + 1;
            hide(text, &mut out, &mut copied, start + 1, if closed { end - 1 } else { end });
            at = end;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

fn hide(text: &str, out: &mut String, copied: &mut usize, begin: usize, end: usize) {
    out.push_str(&text[*copied..begin]);
    out.push_str(HIDDEN);
    *copied = end;
}

/// Where the next string at or after `from` begins and ends, quotes included; one that is cut off ends with the text.
fn string(text: &str, from: usize) -> Option<(usize, usize)> {
    let start = from + text[from..].find('"')?;
    let mut escaped = false;
    for (offset, byte) in text.as_bytes()[start + 1..].iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some((start, start + offset + 2)),
            _ => {}
        }
    }
    Some((start, text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_and_nothing_else() {
        for (text, expected) in [
            (
                r#"{"server": {"id": "1", "adminPass": "geheim"}}"#,
                r#"{"server": {"id": "1", "adminPass": "***"}}"#,
            ),
            (
                r#"{"rebuild": {"admin_pass":"a\"b", "name": "n"}}"#,
                r#"{"rebuild": {"admin_pass":"***", "name": "n"}}"#,
            ),
            (r#"{"private_key" : "-----BEGIN", "x": 1}"#, r#"{"private_key" : "***", "x": 1}"#),
            (r#"{"user_data": "IyE=", "password": "p"}"#, r#"{"user_data": "***", "password": "***"}"#),
            (r#"{"adminPass": "cut of"#, r#"{"adminPass": "***"#),
            (r#"{"adminPass": ""}"#, r#"{"adminPass": "***"}"#),
            (r#"{"adminPass": null, "a": "adminPass"}"#, r#"{"adminPass": null, "a": "adminPass"}"#),
            (
                r#"{"console": {"url": "http://h:6080/vnc.html?token=abc-1&x=2"}}"#,
                r#"{"console": {"url": "http://h:6080/vnc.html?token=***&x=2"}}"#,
            ),
            (r#"{"name": "my password is"}"#, r#"{"name": "my password is"}"#),
            ("no json at all \"", "no json at all \""),
            ("", ""),
        ] {
            assert_eq!(json(text), expected, "{text}");
        }
    }

    #[test]
    fn headers_that_are_secret() {
        for (name, secret) in
            [("X-Auth-Token", true), ("x-service-token", true), ("Cookie", true), ("Host", false)]
        {
            assert_eq!(is_secret_header(name.as_bytes()), secret, "{name}");
        }
    }
}

//! The journal: one JSON line for each request that was answered and each notification that was sent.
//!
//! Tokens, passwords and keys never reach it: see [`clean_headers`] and [`clean_body`].

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;

use crate::{Error, Result};

/// Direction of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// A request to the cloud.
    In,
    /// A notification by the cloud.
    Out,
}

/// One line.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// Number of the line, given when it is written (in order of completion).
    pub seq: u64,
    /// Wall clock at arrival, RFC 3339 in UTC.
    pub time: String,
    /// Seconds since the lab's start at arrival.
    pub at: f64,
    /// To or from the cloud.
    pub direction: Direction,
    /// Service, or sender of a notification.
    pub service: &'static str,
    /// HTTP method, `SEND`, `PUBLISH`.
    pub method: String,
    /// Path, notify type or event type.
    pub path: String,
    /// Raw query.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub query: String,
    /// Headers without secrets.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Body without secrets: JSON, or text, or its length.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub body: Value,
    /// HTTP status; none when there was no answer.
    pub status: Option<u16>,
    /// Milliseconds until the answer.
    pub duration_ms: f64,
    /// Fault rule that was applied, or why a notification was not delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// Number of the try of a notification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
}

/// The journal.
#[derive(Debug)]
pub struct Journal {
    kept: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    written: u64,
    file: Option<File>,
    entries: VecDeque<Arc<Entry>>,
}

impl Journal {
    /// A journal that keeps the last `kept` entries in memory and writes all to the file, if one is given.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn new(path: Option<&Path>, kept: usize) -> Result<Self> {
        let file = path
            .map(|path| {
                File::create(path).map_err(|source| Error::Write { path: path.to_path_buf(), source })
            })
            .transpose()?;
        Ok(Self {
            kept: kept.max(1),
            inner: Mutex::new(Inner { written: 0, file, entries: VecDeque::new() }),
        })
    }

    /// Numbers and writes an entry; the line is in the file when this returns. A file that can no longer be written is given up.
    pub fn write(&self, mut entry: Entry) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.written += 1;
        entry.seq = inner.written;
        let line = serde_json::to_string(&entry).unwrap_or_default();
        if let Some(file) = &mut inner.file
            && let Err(error) = writeln!(file, "{line}")
        {
            eprintln!("nfv-lab: the journal cannot be written any more: {error}");
            inner.file = None;
        }
        if inner.entries.len() >= self.kept {
            inner.entries.pop_front();
        }
        inner.entries.push_back(Arc::new(entry));
    }

    /// Entries with a higher number, at most `limit`.
    #[must_use]
    pub fn since(&self, seq: u64, limit: usize) -> Vec<Arc<Entry>> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.entries.iter().filter(|entry| entry.seq > seq).take(limit).cloned().collect()
    }

    /// All entries in memory that the caller wants, in order of arrival.
    #[must_use]
    pub fn matching(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<Arc<Entry>> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<_> = inner.entries.iter().filter(|entry| wanted(entry)).cloned().collect();
        found.sort_by(|one, other| one.at.total_cmp(&other.at));
        found
    }
}

const SECRET_HEADERS: [&str; 6] =
    ["x-auth-token", "x-subject-token", "x-service-token", "authorization", "cookie", "proxy-authorization"];
const BLANK: &str = "***";
/// Longer bodies are noted by length only.
const LONGEST: usize = 64 * 1024;

/// Headers in title case, secrets blanked.
#[must_use]
pub fn clean_headers(headers: &[(String, String)]) -> BTreeMap<String, String> {
    headers
        .iter()
        .map(|(name, value)| {
            let secret = SECRET_HEADERS.contains(&name.as_str());
            (title_case(name), if secret { BLANK.to_owned() } else { value.clone() })
        })
        .collect()
}

fn title_case(name: &str) -> String {
    let capital = |part: &str| {
        let mut letters = part.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    name.split('-').map(capital).collect::<Vec<_>>().join("-")
}

/// The body as it may be written.
#[must_use]
pub fn clean_body(body: &[u8]) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    if body.len() > LONGEST {
        return Value::String(format!("({} bytes)", body.len()));
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(mut value) => {
            blank(&mut value);
            value
        }
        Err(_) => Value::String(format!("({} bytes, not JSON)", body.len())),
    }
}

/// Blanks every value whose key speaks of a secret, and tokens in an identity request.
pub fn blank(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let lower = key.to_ascii_lowercase();
                let secret = ["password", "adminpass", "secret", "admin_pass", "private_key"]
                    .iter()
                    .any(|word| lower.contains(word));
                if (secret && !value.is_object()) || lower == "token" {
                    *value = Value::String(BLANK.to_owned());
                } else {
                    blank(value);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(blank),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_blanked() {
        let body = json!({"auth": {"identity": {"methods": ["password"], "token": {"id": "tok3n"},
            "password": {"user": {"name": "admin", "password": "s3cret"}}}},
            "rebuild": {"adminPass": "s3cret", "name": "vm"}, "list": [{"client_secret": "s3cret"}]});
        let text = clean_body(body.to_string().as_bytes()).to_string();
        assert!(!text.contains("s3cret") && !text.contains("tok3n"), "{text}");
        assert!(text.contains("\"name\":\"admin\"") && text.contains("\"name\":\"vm\""), "{text}");
        let headers = clean_headers(&[
            ("x-auth-token".into(), "tok3n".into()),
            ("user-agent".into(), "vim/1.0".into()),
        ]);
        assert_eq!(headers["X-Auth-Token"], "***");
        assert_eq!(headers["User-Agent"], "vim/1.0");
        assert_eq!(clean_body(b"password=s3cret"), json!("(15 bytes, not JSON)"));
    }
}

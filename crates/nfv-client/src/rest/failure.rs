//! Why there is no whole answer, in the words of `urllib2`.

use std::error::Error;
use std::io;

/// Why there is no whole answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No connection, or it broke before anything was answered.
    #[error("<urlopen error {0}>")]
    Open(String),
    /// What came after that, or the address cannot be used at all.
    #[error("{0}")]
    Broken(String),
}

/// How far an exchange got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Sending,
    Reading,
}

/// What `httplib` says of a connection that was closed without a word.
const NO_STATUS_LINE: &str = "No status line received - the server has closed the connection";

pub(super) fn transport(error: &reqwest::Error, phase: Phase) -> Failure {
    let text = words(error);
    if error.is_connect() {
        Failure::Open(text)
    } else if phase == Phase::Sending && !error.is_timeout() && text.is_empty() {
        Failure::Broken(NO_STATUS_LINE.to_owned())
    } else {
        Failure::Broken(text)
    }
}

fn words(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "timed out".to_owned();
    }
    let mut at: &dyn Error = error;
    loop {
        if let Some(text) = at.downcast_ref::<io::Error>().and_then(system_error) {
            return text;
        }
        if at.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message) {
            return String::new();
        }
        match at.source() {
            Some(source) => at = source,
            None => break,
        }
    }
    let text = at.to_string();
    if let Some(resolver) = text.strip_prefix("failed to lookup address information: ") {
        return resolver_error(resolver);
    }
    if text.contains("certificate") {
        return format!("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {text}");
    }
    text
}

/// `[Errno 111] Connection refused`
fn system_error(error: &io::Error) -> Option<String> {
    let number = error.raw_os_error()?;
    let text = error.to_string();
    let text = text.strip_suffix(&format!(" (os error {number})")).unwrap_or(&text);
    Some(format!("[Errno {number}] {text}"))
}

/// The numbers of the C library's resolver, which Rust's text does not hold.
fn resolver_error(text: &str) -> String {
    let number = match text {
        "Name or service not known" => -2,
        "Temporary failure in name resolution" => -3,
        "No address associated with hostname" => -5,
        _ => return text.to_owned(),
    };
    format!("[Errno {number}] {text}")
}

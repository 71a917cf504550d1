//! Who asked for what, and how it ended: the access line of the original on standard error, and a line of the log with
//! the request's id and its user. Neither shows a token, a body or a query.

use crate::access::User;
use std::io::Write;
use std::net::IpAddr;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

/// Lines that may wait for standard error; when it does not take them they are lost, not the requests.
const WAITING_LINES: usize = 1024;
/// Longest path that is shown, bytes.
const LONGEST_PATH: usize = 300;

const LOGGER: &str = "nfv_vim.api";
const FILE: &str = "_application.py";

/// A request that was answered.
#[derive(Debug)]
pub struct Entry<'a> {
    /// Its id, which the client has in the answer.
    pub id: &'a str,
    /// Where it came from.
    pub client: Option<IpAddr>,
    /// Who it was, if the token was taken.
    pub user: Option<&'a User>,
    /// Method.
    pub method: &'a str,
    /// Path, without the query.
    pub path: &'a str,
    /// HTTP status.
    pub status: u16,
    /// Bytes of the body.
    pub length: usize,
    /// How long it took.
    pub took: Duration,
    /// What the client was told, when it was refused.
    pub refusal: Option<&'a str>,
}

/// The two logs.
#[derive(Debug, Clone)]
pub struct Audit {
    lines: SyncSender<String>,
}

impl Audit {
    /// Starts the thread that writes to standard error.
    pub fn start() -> Self {
        let (lines, waiting) = sync_channel::<String>(WAITING_LINES);
        std::thread::spawn(move || {
            for line in waiting {
                let _ = writeln!(std::io::stderr(), "{line}");
            }
        });
        Self { lines }
    }

    /// Writes a request down.
    pub fn write(&self, entry: &Entry<'_>) {
        let path = shown(entry.path);
        let method = shown(entry.method);
        let client = entry.client.map_or_else(|| "-".to_owned(), |client| client.to_string());
        let date = jiff::Zoned::now().strftime("%d/%b/%Y %H:%M:%S").to_string();
        let (status, length) = (entry.status, entry.length);
        // who does not read standard error must not stop the service
        let _ = self
            .lines
            .try_send(format!("{client} - - [{date}] \"{method} {path} HTTP/1.1\" {status} {length}"));
        let user = entry.user.map_or("-", |user| &user.name);
        let project = entry.user.map_or("-", |user| &user.project);
        let refusal = entry.refusal.map_or_else(String::new, |text| format!(", {}", shown(text)));
        let millis = entry.took.as_millis();
        let id = entry.id;
        if entry.method == "GET" && status < 400 {
            tracing::debug!(
                logger = LOGGER,
                file = FILE,
                "Audit: {id} client={client} user={user} project={project} {method} {path} status={status} \
                 ms={millis}{refusal}"
            );
        } else {
            tracing::info!(
                logger = LOGGER,
                file = FILE,
                "Audit: {id} client={client} user={user} project={project} {method} {path} status={status} \
                 ms={millis}{refusal}"
            );
        }
    }
}

/// What a client sent, on one line and in bounds.
fn shown(text: &str) -> String {
    let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= LONGEST_PATH);
    let end = end.last().unwrap_or(0);
    text[..end].chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn what_is_shown_is_one_line_of_bounded_length() {
        assert_eq!(shown("/a\r\nb"), "/a??b");
        assert_eq!(shown(&"ä".repeat(1000)).len(), 300);
        assert_eq!(shown(""), "");
    }
}

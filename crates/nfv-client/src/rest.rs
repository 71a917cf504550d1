//! One HTTP exchange with Keystone or the VIM.
//!
//! Failures carry the words that Python's `urllib2` has for them, because the original prints those.
//!
//! Contract: vim-api 4.2, 4.3.

mod failure;
mod tls;

use crate::settings::Secret;
use failure::{Phase, transport};
use nfv_common::python_dict::{Keys, ordered};
use nfv_common::python_text::quoted_bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tls::Clients;

pub use failure::Failure;
pub use tls::Trust;

/// An answer that is longer is refused.
const MAX_ANSWER: usize = 64 << 20;
const MAX_REDIRECTS: usize = 10;
/// Stands for a secret in what is shown.
pub(crate) const HIDDEN: &str = "***";

/// Sees lines of the traffic, without secrets.
pub type Observer = Arc<dyn Fn(&str) + Send + Sync>;

/// A request.
#[derive(Clone, Debug)]
pub struct Call {
    /// `GET`, `POST`, `DELETE`
    pub method: Method,
    /// Whole address.
    pub url: String,
    /// For `X-Auth-Token`.
    pub token: Option<Secret>,
    /// JSON.
    pub body: Option<String>,
    /// Part of the body that is not shown.
    pub hidden: Option<Secret>,
}

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// The words behind it.
    pub reason: String,
    /// Names in title case, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// As it came.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of that name (in title case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Speaks HTTP to whom it is told.
#[derive(Clone)]
pub struct RestClient {
    clients: Arc<Clients>,
    observer: Option<Observer>,
}

impl fmt::Debug for RestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RestClient")
    }
}

impl RestClient {
    /// A client that trusts these certificates and shows its traffic to the observer.
    pub fn new(trust: Trust, observer: Option<Observer>) -> Self {
        Self { clients: Arc::new(Clients::new(trust)), observer }
    }

    /// Sends a request and reads the whole answer within `limit`. Redirects are followed as `urllib2` does; to another
    /// host the token does not go along.
    ///
    /// # Errors
    /// There is no whole answer.
    pub async fn send(&self, call: &Call, limit: Duration) -> Result<Answer, Failure> {
        let mut call = call.clone();
        let mut url = parse(&call.url)?;
        for _ in 0..=MAX_REDIRECTS {
            let answer = self.once(&call, url.clone(), limit).await?;
            let as_get = match (call.method.as_str(), answer.status) {
                ("GET", 301..=303 | 307) => false,
                ("POST", 301..=303) => true,
                _ => return Ok(answer),
            };
            let Some(next) = answer.header("Location").and_then(|to| url.join(to).ok()) else {
                return Ok(answer);
            };
            if as_get {
                call.method = Method::GET;
                call.body = None;
            }
            if next.origin() != url.origin() {
                call.token = None;
            }
            next.as_str().clone_into(&mut call.url);
            url = next;
        }
        Err(Failure::Open("too many redirects".to_owned()))
    }

    async fn once(&self, call: &Call, url: Url, limit: Duration) -> Result<Answer, Failure> {
        let http = self.clients.of(&url).map_err(Failure::Open)?;
        let mut headers = HeaderMap::new();
        let lines = header_lines(call, &url);
        for (name, value, secret) in &lines {
            // what cannot be a header (a line break in a token) is refused before anything is sent
            let bad = || Failure::Broken(format!("Invalid header value {}", quoted_bytes(value)));
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
            let mut value = HeaderValue::from_str(value).map_err(|_| bad())?;
            value.set_sensitive(*secret);
            headers.insert(name, value);
        }
        self.show_request(call, &url, &lines);
        let mut request = http.request(call.method.clone(), url).headers(headers).timeout(limit);
        if let Some(body) = &call.body {
            request = request.body(body.clone());
        }
        let mut incoming = request.send().await.map_err(|error| transport(&error, Phase::Sending))?;
        let status = incoming.status();
        let reason = match incoming.extensions().get::<hyper::ext::ReasonPhrase>() {
            Some(reason) => String::from_utf8_lossy(reason.as_bytes()).into_owned(),
            None => status.canonical_reason().unwrap_or_default().to_owned(),
        };
        let headers: Vec<_> = incoming
            .headers()
            .iter()
            .map(|(name, value)| {
                (title_case(name.as_str()), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        self.show_answer(status.as_u16(), &reason, &headers);
        let mut body = Vec::new();
        while let Some(chunk) = incoming.chunk().await.map_err(|error| transport(&error, Phase::Reading))? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(Failure::Broken(format!("the answer is longer than {MAX_ANSWER} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status: status.as_u16(), reason, headers, body })
    }

    /// As `httplib` shows what it sends, but for secrets.
    fn show_request(&self, call: &Call, url: &Url, lines: &[(&'static str, String, bool)]) {
        let Some(observer) = &self.observer else { return };
        let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let mut text = format!("{} {target} HTTP/1.1\r\n", call.method);
        for (name, value, secret) in lines {
            let value = if *secret { HIDDEN } else { value };
            text = text + name + ": " + value + "\r\n";
        }
        text += "\r\n";
        if let Some(body) = &call.body {
            text += &shown_body(body, call.hidden.as_ref());
        }
        // an address out of the catalog is a unicode text to Python
        let mark = if call.token.is_some() { "u" } else { "" };
        observer(&format!("send: {mark}{}", quoted_bytes(&text)));
    }

    fn show_answer(&self, status: u16, reason: &str, headers: &[(String, String)]) {
        let Some(observer) = &self.observer else { return };
        observer(&format!("reply: {}", quoted_bytes(format!("HTTP/1.1 {status} {reason}\r\n"))));
        for (name, value) in headers {
            let value = if name == "X-Subject-Token" { HIDDEN } else { value };
            observer(&format!("header: {name}: {value}\r"));
        }
    }
}

/// The headers in the order in which the original sends them: that of dictionaries filled from dictionaries.
fn header_lines(call: &Call, url: &Url) -> Vec<(&'static str, String, bool)> {
    let host = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => String::new(),
    };
    // `urllib2` keeps names in this form until it sends them
    let has_body = call.body.is_some();
    let mut gathered = keys([has_body.then_some("Content-length"), Some("Host"), Some("User-agent")]);
    gathered.update(keys([
        call.token.is_some().then_some("X-auth-token"),
        Some("Accept"),
        has_body.then_some("Content-type"),
    ]));
    gathered.insert("Connection");
    let value = |name: &str| match name {
        "Content-length" => ("Content-Length", call.body.as_ref().map_or(0, String::len).to_string(), false),
        "Host" => ("Host", host.clone(), false),
        "User-agent" => ("User-Agent", "Python-urllib/2.7".to_owned(), false),
        "X-auth-token" => {
            let token = call.token.as_ref().map_or("", Secret::expose);
            ("X-Auth-Token", token.to_owned(), true)
        }
        "Accept" => ("Accept", "application/json".to_owned(), false),
        "Content-type" => ("Content-Type", "application/json".to_owned(), false),
        _ => ("Connection", "close".to_owned(), false),
    };
    let lines: Vec<_> = gathered.into_vec().into_iter().map(value).collect();
    let order = ordered(lines.iter().map(|(name, ..)| *name));
    let line = |name: &str| lines.iter().find(|(known, ..)| *known == name).cloned();
    let first = ("Accept-Encoding", "identity".to_owned(), false);
    std::iter::once(first).chain(order.into_iter().filter_map(line)).collect()
}

fn keys(names: [Option<&'static str>; 3]) -> Keys<&'static str> {
    let mut keys = Keys::new();
    names.into_iter().flatten().for_each(|name| keys.insert(name));
    keys
}

/// The body without what must not be shown, as it stands in JSON.
fn shown_body(body: &str, hidden: Option<&Secret>) -> String {
    let Some(secret) = hidden.filter(|secret| !secret.expose().is_empty()) else { return body.to_owned() };
    let quoted = nfv_common::pyjson::to_string(secret.expose());
    body.replace(&quoted, &format!("\"{HIDDEN}\""))
}

fn parse(text: &str) -> Result<Url, Failure> {
    let scheme = text.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| !scheme.contains('/'));
    match scheme {
        None | Some("") => return Err(Failure::Broken(format!("unknown url type: {text}"))),
        Some("http" | "https") => {}
        Some(other) => return Err(Failure::Open(format!("unknown url type: {other}"))),
    }
    let url = Url::parse(text).map_err(|error| match error {
        url::ParseError::EmptyHost => Failure::Open("no host given".to_owned()),
        url::ParseError::InvalidPort => {
            Failure::Broken(format!("nonnumeric port: {}", quoted_bytes(port_of(text))))
        }
        error => Failure::Broken(format!("{error}: {text}")),
    })?;
    // `http:///path` is read leniently as host `path`
    if text.split("://").nth(1).is_none_or(|rest| rest.is_empty() || rest.starts_with('/')) {
        return Err(Failure::Open("no host given".to_owned()));
    }
    Ok(url)
}

fn port_of(text: &str) -> &str {
    let host = text.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    host.rsplit(':').next().unwrap_or_default()
}

/// `x-auth-token` as `X-Auth-Token`.
fn title_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut first = true;
    for c in name.chars() {
        out.push(if first { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() });
        first = c == '-';
    }
    out
}

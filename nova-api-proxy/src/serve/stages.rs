//! What the stages of the paste file do with a request.
//!
//! Contract: nova-api-proxy 5, 6, 9.1, 9.2, 10.

use std::sync::Arc;

use super::worker::Shared;
use crate::action::{self, Verdict};
use crate::answer::Own;
use crate::forward::client_url;
use crate::http::head::RequestHead;
use crate::log::logger::{ACCEPTOR, DISPATCHER};
use crate::log::{mask, pyrepr};
use crate::paste::Filter;
use crate::route::{self, Upstream, Watch};
use crate::token::{Admission, Identity, Tokens};

/// A request and what is known of it.
#[derive(Debug)]
pub struct Request {
    /// Its head.
    pub head: RequestHead,
    /// Its path, decoded.
    pub path: Vec<u8>,
    /// Its query with the `?`.
    pub query: Vec<u8>,
    /// Scheme of the client's connection.
    pub scheme: &'static str,
    /// The client's address.
    pub peer: String,
}

impl Request {
    /// Takes the target apart.
    pub fn new(head: RequestHead, scheme: &'static str, peer: &str) -> Self {
        let (path, query) = route::split_target(head.target());
        let (path, query) = (route::decode(path).into_owned(), query.to_vec());
        Self { head, path, query, scheme, peer: peer.to_owned() }
    }

    fn url(&self) -> String {
        client_url(&self.head, self.scheme, &self.path, &self.query)
    }

    fn method(&self) -> String {
        String::from_utf8_lossy(self.head.method()).into_owned()
    }

    fn header(&self, name: &[u8]) -> Option<&[u8]> {
        self.head.fields.get(name)
    }
}

/// Where a request goes, and as whose.
#[derive(Debug, Default)]
pub struct Passage {
    /// Headers of the identity, when authtoken has let it pass.
    pub identity: Option<String>,
    user: Option<Arc<Identity>>,
    /// What the acceptor does with it.
    pub watch: Option<Watch>,
}

/// The result of the stages up to where a body is needed.
#[derive(Debug)]
pub enum Staged {
    /// It goes to Nova, or its body decides.
    Passed(Passage),
    /// It is answered.
    Answered(Own),
}

/// Leads a request through the stages.
pub async fn pass(shared: &Arc<Shared>, request: &Request) -> Staged {
    let Some(pipeline) = &shared.pipeline else {
        return Staged::Answered(shared.failed("there is no pipeline"));
    };
    let mut passage = Passage::default();
    for filter in &pipeline.filters {
        match filter {
            Filter::DebugHeader => log_headers(request),
            Filter::Version if route::is_open(request.head.method(), &request.path) => {
                tracing::debug!(
                    target: ACCEPTOR,
                    "VersionController forward the version request to remote host: ({}), port: ({})",
                    shared.config.nova.host,
                    shared.config.nova.port
                );
                return Staged::Passed(passage);
            }
            Filter::Version => {}
            Filter::AuthToken(_) => {
                let Some(validator) = &shared.validator else {
                    return Staged::Answered(shared.failed("tokens cannot be validated"));
                };
                let user = request.header(b"x-auth-token").or_else(|| request.header(b"x-storage-token"));
                let tokens = Tokens { user, service: request.header(b"x-service-token") };
                match validator.admit(tokens).await {
                    Admission::Granted(grant) => {
                        passage.identity = Some(grant.headers);
                        passage.user = grant.user;
                    }
                    Admission::Unauthorized => {
                        return Staged::Answered(Own::Unauthorized(validator.challenge().to_owned()));
                    }
                    Admission::Unavailable => return Staged::Answered(Own::Unavailable),
                }
            }
            Filter::Acceptor => passage.watch = Some(route::watch(request.head.method(), &request.path)),
        }
    }
    Staged::Passed(passage)
}

/// What the acceptor does once the body of a watched POST is there; others have none here.
///
/// # Errors
/// The text of why the request is answered 500.
pub fn decide(
    shared: &Shared,
    request: &Request,
    passage: &Passage,
    body: Option<&[u8]>,
) -> Result<Upstream, &'static str> {
    let watch = passage.watch.unwrap_or(Watch::No);
    let content_type = request.header(b"content-type");
    let upstream = match (watch, body) {
        (Watch::No, _) => {
            tracing::debug!(target: DISPATCHER, "Not match found, forward it to Nova-API");
            Upstream::Nova
        }
        (Watch::Log, _) => {
            tracing::debug!(target: DISPATCHER, "Found match action!!!!!");
            log_watched(shared, request, passage, body.unwrap_or_default());
            Upstream::Nova
        }
        (Watch::Body, body) => {
            tracing::debug!(target: DISPATCHER, "Found match action!!!!!");
            let body = body.unwrap_or_default();
            log_watched(shared, request, passage, body);
            tracing::debug!(target: ACCEPTOR, "Check if it is a NFVI action");
            if action::is_untyped(content_type) {
                tracing::info!(target: ACCEPTOR, "Content type null or plain text");
            }
            match action::classify(content_type, body) {
                Verdict::Unreadable(why) => return Err(why),
                Verdict::Nova => Upstream::Nova,
                Verdict::Vim(action) => {
                    let (method, url, value) = (request.method(), request.url(), value_of(body, action));
                    tracing::info!(
                        target: ACCEPTOR,
                        "Forward to NFV \"{method} {url}\", action: ({action}), val:({value})"
                    );
                    Upstream::Vim
                }
            }
        }
    };
    let address = match upstream {
        Upstream::Nova => &shared.config.nova,
        Upstream::Vim => &shared.config.vim,
    };
    tracing::debug!(
        target: DISPATCHER,
        "APIDispatcher dispatch the request to remote host: ({}), port: ({})",
        address.host,
        address.port
    );
    Ok(upstream)
}

/// The value of a body's member as the original shows it.
fn value_of(body: &[u8], action: &str) -> String {
    match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(body) => pyrepr::json(&body[action]),
        // too deep to be shown
        Err(_) => "...".to_owned(),
    }
}

fn log_watched(shared: &Shared, request: &Request, passage: &Passage, body: &[u8]) {
    let content_type = request.header(b"content-type");
    if action::is_untyped(content_type) {
        tracing::info!(target: ACCEPTOR, "Content type null or plain text");
    }
    if shared.debug() && action::is_json(content_type, body) {
        let text = String::from_utf8_lossy(body);
        tracing::debug!(target: ACCEPTOR, "Req body: ({})", mask::json(&text));
        if let Ok(body) = serde_json::from_slice(body) {
            log_members(&body);
        }
    }
    let text = |name: &[u8]| {
        let value = request.header(name).map(|value| String::from_utf8_lossy(value).into_owned());
        value.unwrap_or_else(|| "Keystone middleware disabled".to_owned())
    };
    let (user, tenant) = match (&passage.user, &passage.identity) {
        (Some(identity), _) => (identity.user.clone(), identity.project.clone()),
        (None, Some(_)) => ("None".to_owned(), "None".to_owned()),
        (None, None) => (text(b"x-user"), text(b"x-tenant")),
    };
    let forwarded = request.header(b"x-forwarded-for").map(String::from_utf8_lossy);
    let address = forwarded.as_deref().unwrap_or(&request.peer);
    let (method, url) = (request.method(), request.url());
    tracing::info!(
        target: ACCEPTOR,
        "{method} request issued by user ({user}) tenant ({tenant}) remote address ({address}) \"{method} {url}\""
    );
}

/// The members of a body, one line each.
fn log_members(value: &serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                match value {
                    Value::Object(_) | Value::Array(_) => {
                        tracing::info!(target: ACCEPTOR, "{key}");
                        log_members(value);
                    }
                    Value::String(_) if mask::is_secret(key) => {
                        tracing::info!(target: ACCEPTOR, "{key} : {}", mask::HIDDEN);
                    }
                    plain => tracing::info!(target: ACCEPTOR, "{key} : {}", plain_text(plain)),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| match item {
            Value::Object(_) | Value::Array(_) => log_members(item),
            plain => tracing::info!(target: ACCEPTOR, "{}", plain_text(plain)),
        }),
        plain => tracing::info!(target: ACCEPTOR, "Obj: ({})", plain_text(plain)),
    }
}

fn plain_text(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| pyrepr::json(value), str::to_owned)
}

/// The stage debug_header.
fn log_headers(request: &Request) {
    tracing::info!(target: ACCEPTOR, "Incoming headers: ({} {})\n", request.method(), request.url());
    let mut lines: Vec<String> =
        request.head.fields.iter().map(|(name, value)| header_line(name, value)).collect();
    lines.sort();
    for line in lines {
        tracing::info!(target: ACCEPTOR, "  {line}\n");
    }
}

/// A header as the log shows it.
pub fn header_line(name: &[u8], value: &[u8]) -> String {
    let hidden = mask::is_secret_header(name);
    let mut first = true;
    let name = name.iter().map(|byte| {
        let byte = if *byte == b'_' { b'-' } else { *byte };
        let shown = if first { byte.to_ascii_uppercase() } else { byte.to_ascii_lowercase() };
        first = byte == b'-';
        char::from(shown)
    });
    let name: String = name.collect();
    let value = String::from_utf8_lossy(value);
    format!("{name}: {}", if hidden { mask::HIDDEN } else { &value })
}

/// The body of a request, for the stage debug_header with `show_request_body`.
pub fn log_body(body: &[u8]) {
    let text = String::from_utf8_lossy(body);
    for line in mask::json(&text).lines() {
        tracing::info!(target: ACCEPTOR, "{}\n", line.escape_debug());
    }
    tracing::info!(target: ACCEPTOR, "{}\n", "-".repeat(70));
}

//! One HTTP request to a neighbour. Contract: southbound 2.
//!
//! Every request has a deadline that covers everything from the connection to the last byte of the body, and
//! the body has a limit. Nothing is repeated here.
//!
//! TLS is set up once for all requests, not for each; [`RestClient::reload`] reads the trust store anew.

use super::upload::{self, Body};
use crate::error::PluginError;
use crate::secret::Secret;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

/// No answer of a neighbour is longer than this.
pub(crate) const MAX_BODY: usize = 32 * 1024 * 1024;
pub(super) const MAX_REDIRECTS: usize = 10;
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// Headers that concern one connection only.
pub(super) const HOP_BY_HOP: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailers",
    "transfer-encoding",
    "upgrade",
];

/// A request, and the function it is in the table of time limits.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub module: &'static str,
    pub function: &'static str,
    pub method: Method,
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub token: Option<Secret>,
    /// Goes into `Authorization`; Kubernetes only.
    pub bearer: Option<Secret>,
    pub body: Option<Body>,
    /// A text in the body that no log may show.
    pub secret: Option<Secret>,
}

impl Request {
    pub(crate) fn new(
        module: &'static str,
        function: &'static str,
        method: Method,
        url: impl Into<String>,
    ) -> Self {
        Self {
            module,
            function,
            method,
            url: url.into(),
            headers: Vec::new(),
            token: None,
            bearer: None,
            body: None,
            secret: None,
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// `wrs-header: true`: the request comes from the platform.
    pub(crate) fn wrs(self) -> Self {
        self.header("Wrs-Header", "true")
    }

    /// `User-Agent: vim/1.0`: sysinv, maintenance and the guest agent know the VIM by it.
    pub(crate) fn vim_agent(self) -> Self {
        self.header("User-Agent", "vim/1.0")
    }

    pub(crate) fn json_type(self) -> Self {
        self.header("Content-Type", "application/json")
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(Body::Bytes(body.into()));
        self
    }

    /// The content of a file as body; it is read while it is sent.
    pub(crate) fn file(mut self, file: upload::File) -> Self {
        self.body = Some(Body::File(file));
        self
    }

    /// A JSON body with its content type.
    pub(crate) fn json(self, body: &Value) -> Self {
        self.json_type().body(body.to_string())
    }
}

/// What a neighbour answered.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub status: u16,
    /// Names in capitalized-dashed form, hop-by-hop headers left out.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    /// The body as JSON; an empty one is an empty object.
    pub(crate) fn json(&self) -> Result<Value, String> {
        if self.body.is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        serde_json::from_slice(&self.body).map_err(|error| format!("the answer is no JSON: {error}"))
    }

    fn content_type_is_json(&self) -> bool {
        let header = self.headers.iter().find(|(name, _)| name == "Content-Type");
        header.is_some_and(|(_, value)| {
            value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
        })
    }

    /// The text an error answer gives for its error, as operators see it. Contract: southbound 2.4.
    pub(crate) fn reason(&self) -> String {
        if !self.content_type_is_json() {
            return String::new();
        }
        let Ok(body) = self.json() else { return String::new() };
        let fault = || {
            let text = body["error_message"].as_str()?;
            let inner: Value = serde_json::from_str(text).ok()?;
            inner["faultstring"].as_str().map(str::to_owned)
        };
        let text = body["computeFault"]["message"]
            .as_str()
            .or_else(|| body["badRequest"]["message"].as_str())
            .map(str::to_owned)
            .or_else(fault)
            .unwrap_or_default();
        text.to_lowercase().trim_end_matches('.').to_owned()
    }
}

/// Why there is no good answer. The texts name the request and never hold a secret.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum RestError {
    #[error("{request}: no answer within {} s", limit.as_secs_f32())]
    TimedOut { request: String, limit: Duration },
    #[error("{request}: not reached: {cause}")]
    Unreachable { request: String, cause: String },
    #[error("{request}: status {}{excerpt}", response.status)]
    Status { request: String, response: Box<Response>, excerpt: String },
    #[error("{request}: {cause}")]
    BadAnswer { request: String, cause: String },
    #[error("{request}: not sent: {cause}")]
    BadRequest { request: String, cause: String },
}

impl RestError {
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            RestError::Status { response, .. } => Some(response.status),
            RestError::TimedOut { .. }
            | RestError::Unreachable { .. }
            | RestError::BadAnswer { .. }
            | RestError::BadRequest { .. } => None,
        }
    }
}

/// How a client is made anew when certificates have changed.
type Build = Box<dyn Fn() -> Result<reqwest::Client, PluginError> + Send + Sync>;

/// An HTTP client: one for all neighbours of OpenStack and the platform, one for Kubernetes.
pub(crate) struct RestClient {
    http: RwLock<reqwest::Client>,
    build: Build,
}

impl std::fmt::Debug for RestClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RestClient")
    }
}

/// What all clients have in common: HTTP/1.1, one request per connection, no redirects of their own.
pub(crate) fn builder() -> reqwest::ClientBuilder {
    // fails when some provider is installed already, which is as good
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .http1_only()
        .http1_title_case_headers()
        .pool_max_idle_per_host(0)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(CONNECT_LIMIT)
}

/// Trusts what the system trusts (also `SSL_CERT_FILE` and `SSL_CERT_DIR`), and goes through the proxies that the
/// environment names.
fn system_client() -> Result<reqwest::Client, PluginError> {
    let client = builder().build().or_else(|error| {
        // a machine without any certificate can still speak http to its neighbours
        tracing::warn!("the system's trust store cannot be used, https will fail: {error}");
        builder().tls_certs_only([]).build()
    });
    client.map_err(|error| PluginError::Client(error.to_string()))
}

impl RestClient {
    /// The client for OpenStack and the platform.
    pub(crate) fn new() -> Result<Self, PluginError> {
        Self::with(Box::new(system_client))
    }

    /// A client that is made in another way.
    pub(crate) fn with(build: Build) -> Result<Self, PluginError> {
        Ok(Self { http: RwLock::new(build()?), build })
    }

    /// Reads certificates anew; requests under way keep the old ones. When that fails the old ones stay.
    pub(crate) fn reload(&self) -> Result<(), PluginError> {
        let http = (self.build)()?;
        *self.http.write().unwrap_or_else(PoisonError::into_inner) = http;
        Ok(())
    }

    pub(super) fn http(&self) -> reqwest::Client {
        self.http.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends a request and reads the whole answer within `limit`. Status 200 to 299 is success, and 302 to
    /// PUT, PATCH and DELETE (southbound 2.3).
    pub(crate) async fn send(&self, request: Request, limit: Duration) -> Result<Response, RestError> {
        let name = format!("{} {}", request.method, request.url);
        match tokio::time::timeout(limit, self.exchange(request, &name)).await {
            Ok(result) => result,
            Err(_) => Err(RestError::TimedOut { request: name, limit }),
        }
    }

    async fn exchange(&self, mut request: Request, name: &str) -> Result<Response, RestError> {
        let mut url = Url::parse(&request.url).map_err(|error| RestError::Unreachable {
            request: name.to_owned(),
            cause: format!("bad address: {error}"),
        })?;
        for _ in 0..=MAX_REDIRECTS {
            let response = self.once(&request, url.clone(), name).await?;
            let Some(step) = redirect(&request.method, response.status) else {
                return judge(&request, response, name);
            };
            let location = response.headers.iter().find(|(header, _)| header == "Location");
            let Some(next) = location.and_then(|(_, to)| url.join(to).ok()) else {
                return Err(status_error(&request, response, name));
            };
            if step == Redirect::AsGet {
                request.method = Method::GET;
                request.body = None;
                request.headers.retain(|(header, _)| *header != "Content-Type");
            }
            if next.host_str() != url.host_str() {
                // a token is for the neighbour that was asked, not for whomever it names
                request.token = None;
                request.bearer = None;
            }
            url = next;
        }
        Err(RestError::BadAnswer { request: name.to_owned(), cause: "too many redirects".to_owned() })
    }

    async fn once(&self, request: &Request, url: Url, name: &str) -> Result<Response, RestError> {
        let headers =
            headers_of(request).map_err(|cause| RestError::BadRequest { request: name.to_owned(), cause })?;
        let mut outgoing = self.http().request(request.method.clone(), url).headers(headers);
        if let Some(body) = &request.body {
            let body = body.open().await;
            outgoing = outgoing
                .body(body.map_err(|cause| RestError::BadRequest { request: name.to_owned(), cause })?);
        }
        read(outgoing, name).await
    }
}

/// Sends a request and reads its answer.
pub(super) async fn read(outgoing: reqwest::RequestBuilder, name: &str) -> Result<Response, RestError> {
    let unreachable = |error: &dyn std::error::Error| RestError::Unreachable {
        request: name.to_owned(),
        cause: innermost(error),
    };
    let mut incoming = outgoing.send().await.map_err(|error| unreachable(&error))?;
    let status = incoming.status().as_u16();
    let headers = incoming
        .headers()
        .iter()
        .filter(|(header, _)| !HOP_BY_HOP.contains(&header.as_str()))
        .map(|(header, value)| {
            (title_case(header.as_str()), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let mut body = Vec::new();
    while let Some(chunk) = incoming.chunk().await.map_err(|error| unreachable(&error))? {
        if body.len() + chunk.len() > MAX_BODY {
            let cause = format!("the answer is longer than {MAX_BODY} bytes");
            return Err(RestError::BadAnswer { request: name.to_owned(), cause });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response { status, headers, body })
}

#[derive(PartialEq, Eq)]
pub(super) enum Redirect {
    Same,
    AsGet,
}

/// How a redirect is followed; none: it is not.
pub(super) fn redirect(method: &Method, status: u16) -> Option<Redirect> {
    match (method.as_str(), status) {
        ("GET", 301..=303 | 307) => Some(Redirect::Same),
        ("POST", 301..=303) => Some(Redirect::AsGet),
        _ => None,
    }
}

fn judge(request: &Request, response: Response, name: &str) -> Result<Response, RestError> {
    let found = response.status == 302 && matches!(request.method.as_str(), "PUT" | "PATCH" | "DELETE");
    if found || (200..300).contains(&response.status) {
        Ok(response)
    } else {
        Err(status_error(request, response, name))
    }
}

fn status_error(request: &Request, response: Response, name: &str) -> RestError {
    let excerpt = excerpt(&response.body, [&request.token, &request.bearer, &request.secret]);
    RestError::Status { request: name.to_owned(), response: Box::new(response), excerpt }
}

/// The beginning of an error body for the log, on one line and without the request's secrets.
fn excerpt(body: &[u8], secrets: [&Option<Secret>; 3]) -> String {
    let mut text = String::from_utf8_lossy(body).into_owned();
    for secret in secrets.into_iter().flatten().filter(|secret| !secret.expose().is_empty()) {
        // as it is, and as it stands inside JSON
        let quoted = serde_json::Value::from(secret.expose()).to_string();
        text = text.replace(secret.expose(), "(secret)").replace(quoted.trim_matches('"'), "(secret)");
    }
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect();
    if line.is_empty() { line } else { format!(": {line}") }
}

fn headers_of(request: &Request) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let mut put = |name: &str, value: &str, secret: bool| {
        let bad = || format!("header {name} cannot be sent");
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| bad())?;
        value.set_sensitive(secret);
        headers.insert(name, value);
        Ok::<(), String>(())
    };
    put("Accept-Encoding", "identity", false)?;
    put("Connection", "close", false)?;
    put("User-Agent", "Python-urllib/2.7", false)?;
    put("Accept", "application/json", false)?;
    if let Some(token) = &request.token {
        put("X-Auth-Token", token.expose(), true)?;
    }
    if let Some(bearer) = &request.bearer {
        put("Authorization", &format!("Bearer {}", bearer.expose()), true)?;
    }
    for (name, value) in &request.headers {
        put(name, value, false)?;
    }
    if request.body.is_none() && !matches!(request.method.as_str(), "GET" | "DELETE") {
        put("Content-Length", "0", false)?;
    }
    Ok(headers)
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

/// The innermost cause, where the operating system says what is wrong.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut at = error;
    while let Some(source) = at.source() {
        at = source;
    }
    at.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(content_type: &str, body: &str) -> Response {
        Response {
            status: 500,
            headers: vec![("Content-Type".into(), content_type.into())],
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn reasons_are_taken_from_the_known_places_only() {
        let json = "application/json";
        let rows = [
            (json, r#"{"computeFault": {"message": "It Broke.."}}"#, "it broke"),
            ("application/json; charset=UTF-8", r#"{"badRequest": {"message": "No Way."}}"#, "no way"),
            (json, r#"{"badRequest": {"message": "b"}, "computeFault": {"message": "a"}}"#, "a"),
            (json, r#"{"error_message": "{\"faultstring\": \"Host Locked.\"}"}"#, "host locked"),
            (json, r#"{"error_message": "no json"}"#, ""),
            (json, r#"{"error_message": {"faultstring": "not text"}}"#, ""),
            (json, r#"{"conflictingRequest": {"message": "x"}}"#, ""),
            (json, r#"{"computeFault": "text"}"#, ""),
            (json, "[1]", ""),
            (json, "<html>", ""),
            (json, "", ""),
            ("text/html", r#"{"computeFault": {"message": "x"}}"#, ""),
        ];
        for (content_type, body, want) in rows {
            assert_eq!(answer(content_type, body).reason(), want, "{body}");
        }
    }

    #[test]
    fn an_error_body_is_logged_on_one_line_without_secrets() {
        let token = Some(Secret::new("t0ken"));
        let text = excerpt(b"<h1>\n bad t0ken  </h1>", [&token, &None, &None]);
        assert_eq!(text, ": <h1> bad (secret) </h1>");
        let password = Some(Secret::new("a\"b"));
        assert_eq!(
            excerpt(br#"{"password": "a\"b"}"#, [&None, &None, &password]),
            r#": {"password": "(secret)"}"#
        );
        assert_eq!(excerpt(b"", [&None, &None, &None]), "");
        assert!(excerpt(&[b'x'; 5000], [&None, &None, &None]).len() < 400);
    }

    #[test]
    fn header_names_are_written_as_neighbours_know_them() {
        for (name, want) in [("x-auth-token", "X-Auth-Token"), ("ETAG", "Etag"), ("x--y", "X--Y")] {
            assert_eq!(title_case(name), want);
        }
    }
}

//! HTTP: one request from its head to its answer. Contract: vim-api 1.1 to 1.3.

use crate::access::{Access, Admission, User};
use crate::audit::{Audit, Entry};
use crate::metrics::Metrics;
use crate::observe::Observed;
use crate::openapi;
use crate::resource::heat::{self, HeatRequest};
use crate::resource::{self, Answer};
use crate::route::{self, Action, PathPart, Resource, Route};
use crate::settings::{HeatConfig, Limits};
use crate::vim::VimClient;
use crate::wire::routing_error::RoutingError;
use crate::wire::{BodyType, Fault, Media, Values, xml};
use actix_web::body::MessageBody;
use actix_web::dev::Server;
use actix_web::http::header::{
    ACCEPT, ALLOW, CONTENT_TYPE, HOST, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::http::{KeepAlive, Method, StatusCode};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use nfv_monitor::{Source, health_answer, metrics_answer};
use nfv_plugins::identity::IdentityClient;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a request may take as a whole; each wait for the VIM ends before.
const REQUEST_LIMIT: Duration = Duration::from_secs(300);
/// How long requests under way may take when the process is to end: with all else it is to take less than 10 s, and
/// after 15 s the resource agent kills.
const SHUTDOWN_SECONDS: u64 = 6;
/// Connections that wait to be taken.
const BACKLOG: u32 = 128;
/// Body of a 500 when Keystone, or Heat, cannot be asked.
const SERVER_ERROR: &str = "A server error occurred.  Please contact the administrator.";
/// Header with the request's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-openstack-request-id");

/// What serving needs.
#[derive(Debug)]
pub struct Serving {
    /// The VIM.
    pub vim: Arc<VimClient>,
    /// Who may.
    pub access: Arc<Access>,
    /// Keystone and Heat.
    pub client: Arc<IdentityClient>,
    /// Where Heat is.
    pub heat: HeatConfig,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Health.
    pub observed: Arc<Observed>,
    /// Logs of requests.
    pub audit: Audit,
    /// Limits.
    pub limits: Limits,
    /// Where it listens; links say so when the client names no host.
    pub listen: SocketAddr,
}

/// An open port.
#[allow(missing_debug_implementations)]
pub struct Listening {
    /// Where.
    pub address: SocketAddr,
    /// Serves when it is polled.
    pub server: Server,
}

/// Opens the port.
///
/// # Errors
/// It cannot be opened.
pub fn open(serving: Serving) -> std::io::Result<Listening> {
    let limits = serving.limits;
    let listen = serving.listen;
    let serving = web::Data::new(serving);
    let server =
        HttpServer::new(move || App::new().app_data(serving.clone()).default_service(web::to(serve)))
            .workers(limits.workers)
            .backlog(BACKLOG)
            .max_connections(limits.connections.div_ceil(limits.workers))
            .keep_alive(if limits.keep_alive.is_zero() {
                KeepAlive::Disabled
            } else {
                KeepAlive::Timeout(limits.keep_alive)
            })
            .client_request_timeout(limits.client)
            .client_disconnect_timeout(Duration::from_secs(1))
            .shutdown_timeout(SHUTDOWN_SECONDS)
            .disable_signals()
            .bind(listen)?;
    let address = server.addrs().first().copied().unwrap_or(listen);
    Ok(Listening { address, server: server.run() })
}

/// An answer, and what the logs say of it.
struct Done {
    response: HttpResponse,
    resource: &'static str,
    refusal: Option<String>,
}

impl Done {
    fn new(resource: &'static str, response: HttpResponse) -> Self {
        Self { response, resource, refusal: None }
    }
}

async fn serve(serving: web::Data<Serving>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let begun = Instant::now();
    let under_way = serving.metrics.begin();
    let id = format!("req-{}", uuid());
    let mut user = None;
    let Done { mut response, resource, refusal } = answer(&serving, &request, payload, &mut user).await;
    drop(under_way);
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let length = match response.body().size() {
        actix_web::body::BodySize::Sized(length) => usize::try_from(length).unwrap_or(usize::MAX),
        actix_web::body::BodySize::None | actix_web::body::BodySize::Stream => 0,
    };
    let status = response.status().as_u16();
    let took = begun.elapsed();
    serving.metrics.answered(method_label(request.method()), resource, status, took);
    serving.audit.write(&Entry {
        id: &id,
        client: request.peer_addr().map(|address| address.ip()),
        user: user.as_deref(),
        method: request.method().as_str(),
        path: request.uri().path(),
        status,
        length,
        took,
        refusal: refusal.as_deref(),
    });
    response
}

/// Methods are labels; those that clients make up are one.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

async fn answer(
    serving: &web::Data<Serving>,
    request: &HttpRequest,
    payload: web::Payload,
    user: &mut Option<Arc<User>>,
) -> Done {
    let raw_path = request.uri().path();
    if !raw_path.starts_with('/') {
        return Done::new("none", HttpResponse::NotFound().finish());
    }
    if raw_path == "/healthz" && request.method() == Method::GET {
        return Done::new("healthz", health_answer(&serving.observed.health().await));
    }
    let token = request.headers().get("x-auth-token").map(HeaderValue::as_bytes);
    match serving.access.admit(token).await {
        Admission::Granted(who) => *user = Some(who),
        Admission::Refused => {
            let mut done = Done::new("none", HttpResponse::Forbidden().finish());
            done.refusal = Some("the token is not one of an administrator".to_owned());
            return done;
        }
        Admission::Broken => return server_error("none"),
    }
    let accept = header(request, &ACCEPT);
    let Some(path) = decode(raw_path) else { return misrouted(request, &RoutingError::NotFound) };
    let (segments, suffix) = segments(&path);
    let route = match route::find(request.method().as_str(), &segments) {
        Ok(route) => route,
        Err(error) => {
            if let ["api", "openstack", "heat", ..] = segments[..] {
                // any method goes there
                return relay(serving, request, payload).await;
            }
            if path.ends_with('/') && route::is_description(&segments) {
                // the original looks for what stands behind the slash
                return misrouted(request, &RoutingError::NotFound);
            }
            return misrouted(request, &error);
        }
    };
    if route.operation.action == Action::PassOn {
        return relay(serving, request, payload).await;
    }
    if let Some(error) = overridden_method(request) {
        return misrouted(request, &error);
    }
    match route.operation.action {
        Action::ShowOpenApi => {
            let text = openapi::document_text();
            return Done::new("openapi", HttpResponse::Ok().content_type("application/json").body(text));
        }
        Action::ShowMetrics => return Done::new("metrics", metrics_answer(serving.observed.metrics())),
        _ => {}
    }
    let Some(media) = suffix.or_else(|| Media::wanted(accept.as_deref())) else {
        return misrouted(request, &RoutingError::NotAcceptable);
    };
    let resource = route.resource.name();
    match typed(serving, request, payload, route).await {
        Ok(Answer { status, body }) => {
            let mut builder = HttpResponse::build(code(status));
            let response = match body {
                Some(node) => builder.content_type(media.content_type()).body(match media {
                    Media::Json => node.json(),
                    Media::Xml | Media::TextXml => node.xml("result"),
                }),
                None => builder.finish(),
            };
            Done::new(resource, response)
        }
        Err(fault) => {
            let mut builder = HttpResponse::build(code(fault.status()));
            let response = builder.content_type(media.content_type()).body(fault.body(media));
            let refusal = fault.reason().map_or_else(|| fault.to_string(), str::to_owned);
            Done { response, resource, refusal: Some(refusal) }
        }
    }
}

/// A request with a typed body and answer. Once it is begun it is done, also when the client has gone.
async fn typed(
    serving: &web::Data<Serving>,
    request: &HttpRequest,
    payload: web::Payload,
    route: Route,
) -> Result<Answer, Fault> {
    let values = arguments(serving, request, payload, &route).await?;
    let base = base(request, serving.listen);
    let vim = Arc::clone(&serving.vim);
    let work = actix_web::rt::spawn(async move {
        let work = resource::perform(&vim, &route, &values, &base);
        tokio::time::timeout(REQUEST_LIMIT, work)
            .await
            .unwrap_or_else(|_| Err(Fault::Failed(Some("the request took too long".to_owned()))))
    });
    work.await.unwrap_or_else(|error| Err(Fault::Broken(format!("the request failed inside: {error}"))))
}

/// Parts of the path, query and body, checked in the original's order.
async fn arguments(
    serving: &Serving,
    request: &HttpRequest,
    payload: web::Payload,
    route: &Route,
) -> Result<Values, Fault> {
    let operation = route.operation;
    let own = usize::from(operation.part != PathPart::No);
    if let (Some(extra), Some(body)) = (route.parts.get(own), operation.body) {
        // the part lies where the original expects the body
        let why = format!(
            "unable to convert to {}. Error: __init__() takes exactly 1 argument (2 given)",
            body.record.name
        );
        return Err(Fault::invalid(body.argument, &Value::from(extra.as_str()), why));
    }
    let known = operation.query.map_or(&[][..], |query| query.fields);
    let (asked, unknown): (Vec<_>, Vec<_>) = fields(request.query_string())
        .into_iter()
        .partition(|(name, _)| known.iter().any(|field| field.name == name));
    let mut unknown: Vec<String> = unknown.into_iter().map(|(name, _)| name).collect();
    let body = match operation.body {
        Some(body) => Some((body, read_body(payload, &serving.limits).await?)),
        None => None,
    };
    let content_type = header(request, &CONTENT_TYPE);
    let body_type = BodyType::of(content_type.as_deref());
    if let (Some((_, bytes)), BodyType::Form) = (&body, &body_type) {
        unknown.extend(fields(&String::from_utf8_lossy(bytes)).into_iter().map(|(name, _)| name));
    }
    if !unknown.is_empty() {
        unknown.sort_unstable();
        unknown.dedup();
        return Err(Fault::UnknownArguments(unknown));
    }
    let mut values = None;
    if let Some((body, bytes)) = &body
        && !bytes.is_empty()
    {
        let value = match body_type {
            BodyType::Json => serde_json::from_slice(bytes)
                .map_err(|_| Fault::Refused("Request is not in valid JSON format".to_owned()))?,
            BodyType::Xml => xml::read(body.record, bytes)?,
            BodyType::Form => return Err(Fault::MissingArgument(body.argument)),
            BodyType::Unknown(name) => return Err(Fault::UnknownType(name)),
        };
        values = Some(body.record.read(body.argument, &value)?);
    }
    if let (PathPart::Yes(name), None) = (operation.part, route.parts.first()) {
        return Err(Fault::MissingArgument(name));
    }
    match (values, operation.body) {
        (Some(values), _) => Ok(values),
        (None, Some(body)) => Err(Fault::MissingArgument(body.argument)),
        (None, None) => match operation.query {
            Some(query) => {
                let asked = asked.into_iter().map(|(name, value)| (name, Value::from(value)));
                query.read("query", &Value::Object(asked.collect()))
            }
            None => Ok(Values::default()),
        },
    }
}

async fn read_body(payload: web::Payload, limits: &Limits) -> Result<web::Bytes, Fault> {
    match tokio::time::timeout(limits.client, payload.to_bytes_limited(limits.body)).await {
        Ok(Ok(Ok(bytes))) => Ok(bytes),
        Ok(Ok(Err(error))) => Err(Fault::Refused(format!("The request's body cannot be read: {error}"))),
        Ok(Err(_)) => Err(Fault::TooLong { limit: limits.body }),
        Err(_) => Err(Fault::TooSlow),
    }
}

async fn relay(serving: &Serving, request: &HttpRequest, payload: web::Payload) -> Done {
    let resource = Resource::Heat.name();
    let body = match read_body(payload, &serving.limits).await {
        Ok(body) => body,
        Err(fault) => {
            let mut builder = HttpResponse::build(code(fault.status()));
            let response = builder.content_type(Media::Json.content_type()).body(fault.body(Media::Json));
            return Done { response, resource, refusal: Some(fault.to_string()) };
        }
    };
    let target = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    let headers = request.headers().iter();
    let heat_request = HeatRequest {
        method: request.method().as_str().to_owned(),
        target,
        headers: headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect(),
        body: body.to_vec(),
    };
    let Some(answer) = heat::pass_on(&serving.client, &serving.heat, heat_request).await else {
        return server_error(resource);
    };
    let mut response = HttpResponse::build(code(answer.status));
    for (name, value) in &answer.headers {
        // the length is that of the body, which may be empty for HEAD
        if !name.eq_ignore_ascii_case("content-length") {
            response.append_header((name.as_str(), value.as_str()));
        }
    }
    Done::new(resource, response.body(answer.body))
}

fn server_error(resource: &'static str) -> Done {
    let response = HttpResponse::InternalServerError().content_type("text/plain").body(SERVER_ERROR);
    Done { response, resource, refusal: Some("Keystone or Heat cannot be asked".to_owned()) }
}

fn misrouted(request: &HttpRequest, error: &RoutingError) -> Done {
    let accept = header(request, &ACCEPT);
    let mut builder = HttpResponse::build(code(error.status()));
    if let RoutingError::MethodNotAllowed { allow, .. } = error
        && !allow.is_empty()
    {
        builder.insert_header((ALLOW, allow.join(", ")));
    }
    let response = if request.method() == Method::HEAD {
        builder.content_type("text/html; charset=UTF-8").finish()
    } else {
        let (content_type, body) = error.answer(accept.as_deref());
        builder.content_type(content_type).body(body)
    };
    Done { response, resource: "none", refusal: None }
}

/// `_method` in the query of a GET, which some browsers' forms have: the original does not take these.
fn overridden_method(request: &HttpRequest) -> Option<RoutingError> {
    let overridden = request.query_string().split('&').find_map(|pair| pair.strip_prefix("_method="))?;
    let known = matches!(overridden.to_ascii_lowercase().as_str(), "delete" | "put");
    (request.method() == Method::GET && known)
        .then(|| RoutingError::MethodNotAllowed { method: "GET".to_owned(), allow: &[] })
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn header(request: &HttpRequest, name: &HeaderName) -> Option<String> {
    request.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Scheme, host and port of links: those that the client used.
fn base(request: &HttpRequest, listen: SocketAddr) -> String {
    let https = request
        .headers()
        .get("x-forwarded-proto")
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"https"));
    let host =
        request.headers().get(HOST).and_then(|host| host.to_str().ok()).filter(|host| !host.is_empty());
    let host = host.map_or_else(|| listen.to_string(), str::to_owned);
    format!("{}://{host}", if https { "https" } else { "http" })
}

/// Decodes `%xx`; nothing when the result is no text.
fn decode(path: &str) -> Option<String> {
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = || bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match bytes[at] {
            b'%' if digits().is_some_and(|pair| pair.bytes().all(|digit| digit.is_ascii_hexdigit())) => {
                out.push(u8::from_str_radix(digits()?, 16).ok()?);
                at += 3;
            }
            byte => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).ok()
}

/// The parts of a path that are not empty, and the form that a suffix of the last one chooses.
fn segments(path: &str) -> (Vec<&str>, Option<Media>) {
    let mut segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let mut media = None;
    if segments != ["openapi.json"]
        && let Some(last) = segments.last_mut()
    {
        for (suffix, form) in [(".json", Media::Json), (".xml", Media::Xml)] {
            if let Some(stem) = last.strip_suffix(suffix).filter(|stem| !stem.is_empty()) {
                (*last, media) = (stem, Some(form));
                break;
            }
        }
    }
    (segments, media)
}

/// Names and values of the fields of a query or form.
fn fields(encoded: &str) -> Vec<(String, String)> {
    let text = |encoded: &str| {
        let encoded = encoded.replace('+', " ");
        decode(&encoded).unwrap_or(encoded).chars().take(100).collect()
    };
    let pairs = encoded.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (text(name), text(value))).take(50).collect()
}

/// A random uuid, version 4.
fn uuid() -> String {
    let bits = (fastrand::u128(..) & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_decoded_then_split() {
        assert_eq!(decode("/%61pi/a%2Fb%zz%").as_deref(), Some("/api/a/b%zz%"));
        assert_eq!(decode("/%ff"), None);
        assert_eq!(segments("//api//x.xml/"), (vec!["api", "x"], Some(Media::Xml)));
        assert_eq!(segments("/api/.json"), (vec!["api", ".json"], None));
        assert_eq!(segments("/openapi.json"), (vec!["openapi.json"], None));
    }

    #[test]
    fn fields_of_a_query() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            fields("a=1&b+c=%32=3&%64&=x&"),
            [pair("a", "1"), pair("b c", "2=3"), pair("d", ""), pair("", "x")]
        );
        assert_eq!(fields(""), []);
        assert_eq!(
            fields(&format!("{}={}", "n".repeat(200), "v".repeat(200))),
            [pair(&"n".repeat(100), &"v".repeat(100))]
        );
    }

    #[test]
    fn ids_are_uuids_of_version_4() {
        let id = uuid();
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "4");
        assert!("89ab".contains(&id[19..20]), "{id}");
    }
}

//! The HTTP side: reads requests, applies fault rules, asks the service, writes the journal.

use std::net::TcpListener;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Server, ServerHandle};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::json;

use crate::control;
use crate::faults::Effect;
use crate::journal::{Direction, Entry, clean_body, clean_headers};
use crate::lab::Shared;
use crate::ports::Service;
use crate::service::{self, Reply, Request, parse_query};

/// Largest body that is taken (image uploads).
const LARGEST_BODY: usize = 256 * 1024 * 1024;
/// How long an idle connection stays open.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// Starts to serve on a listener that is open already.
///
/// # Errors
/// The listener cannot be used.
pub fn serve(
    shared: &Arc<Shared>,
    service: Service,
    listener: TcpListener,
) -> std::io::Result<(Server, ServerHandle)> {
    let shared = Arc::clone(shared);
    let server = HttpServer::new(move || {
        let shared = Arc::clone(&shared);
        App::new().app_data(web::PayloadConfig::new(LARGEST_BODY)).default_service(web::to(
            move |http: HttpRequest, body: web::Bytes| {
                let shared = Arc::clone(&shared);
                async move { handle(&shared, service, &http, &body).await }
            },
        ))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .keep_alive(KEEP_ALIVE)
    .listen(listener)?
    .run();
    let handle = server.handle();
    Ok((server, handle))
}

fn read(http: &HttpRequest, body: &[u8]) -> Request {
    let headers = http
        .headers()
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    Request {
        method: http.method().as_str().to_owned(),
        path: http.uri().path().to_owned(),
        query_text: http.query_string().to_owned(),
        query: parse_query(http.query_string()),
        headers,
        body: body.to_vec(),
    }
}

async fn handle(shared: &Arc<Shared>, service: Service, http: &HttpRequest, body: &[u8]) -> HttpResponse {
    let request = read(http, body);
    if service == Service::Control {
        return response(control::answer(shared, &request).await);
    }
    let started = Started::new(shared, service, request);
    let request = &started.request;
    let effect = shared.fault_for(service, request);
    let fault = effect.as_ref().map(|effect| effect.name().to_owned());
    let ask =
        || shared.with_cloud(|cloud| service::answer(service, cloud, request, shared.ports(), shared.bind()));
    let reply = match effect {
        None => ask(),
        Some(Effect::Slow { delay }) => {
            let delay = Duration::try_from_secs_f64(delay).unwrap_or_default();
            tokio::time::sleep(delay).await;
            ask()
        }
        Some(Effect::Fail { status, body }) => {
            let text = "Unexpected API Error. Please report this.";
            let default = json!({"computeFault": {"code": status, "message": text}});
            Reply::json(status, &body.unwrap_or(default))
        }
        Some(Effect::WrongBody { body }) => Reply { body: body.into_bytes(), ..ask() },
        Some(Effect::Unauthorized) => Reply::unauthorized(),
        Some(Effect::Hang) => {
            started.finish(None, fault);
            return std::future::pending().await;
        }
        Some(Effect::Cut) => {
            started.finish(None, fault);
            return cut();
        }
        Some(Effect::LostAnswer) => {
            ask();
            started.finish(None, fault);
            return cut();
        }
    };
    started.finish(Some(reply.status), fault);
    response(reply)
}

/// A request under way, for its journal line.
struct Started<'a> {
    shared: &'a Shared,
    service: Service,
    request: Request,
    time: String,
    at: f64,
    since: Instant,
}

impl<'a> Started<'a> {
    fn new(shared: &'a Shared, service: Service, request: Request) -> Self {
        Self {
            shared,
            service,
            request,
            time: jiff::Timestamp::now().to_string(),
            at: shared.elapsed().as_secs_f64(),
            since: Instant::now(),
        }
    }

    fn finish(&self, status: Option<u16>, fault: Option<String>) {
        self.shared.journal.write(Entry {
            seq: 0,
            time: self.time.clone(),
            at: self.at,
            direction: Direction::In,
            service: self.service.as_str(),
            method: self.request.method.clone(),
            path: self.request.path.clone(),
            query: self.request.query_text.clone(),
            headers: clean_headers(&self.request.headers),
            body: clean_body(&self.request.body),
            status,
            duration_ms: self.since.elapsed().as_secs_f64() * 1000.0,
            fault,
            attempt: None,
        });
    }
}

fn response(reply: Reply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut builder = HttpResponse::build(status);
    for (name, value) in &reply.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(*name), HeaderValue::try_from(value)) {
            builder.insert_header((name, value));
        }
    }
    if reply.body.is_empty() {
        return builder.finish();
    }
    builder.content_type(reply.content_type).body(reply.body)
}

/// A body that fails before its first byte: the server drops the connection without having sent anything.
struct CutBody;

impl MessageBody for CutBody {
    type Error = std::io::Error;

    fn size(&self) -> BodySize {
        BodySize::Sized(1)
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<web::Bytes, Self::Error>>> {
        Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionReset.into())))
    }
}

fn cut() -> HttpResponse {
    HttpResponse::Ok().body(BoxBody::new(CutBody))
}

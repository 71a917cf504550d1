//! The doors through which neighbours speak to the VIM. Contract: southbound 6 to 10.
//!
//! ```text
//!   30001 sysinv, mtcAgent ──► infrastructure ─┐
//!   30002 guestAgent ──────► guest ──────────┤
//!   30003 nova-api-proxy ────► compute ────────┼─► Inbox ──► core ──► Reply ──► the neighbour that asked
//!   30004 nfv-notify ────────► host ───────────┘
//! ```
//!
//! Each request is bounded in size and time, runs on its own, and cannot stop a listener or another request.

pub(crate) mod compute;
pub(crate) mod guest;
pub(crate) mod host;
pub(crate) mod infrastructure;
pub(crate) mod waiting;

use crate::Inbound;
use crate::config::ListenConfig;
use crate::error::PluginError;
use actix_web::dev::ServerHandle;
use actix_web::http::KeepAlive;
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpResponse, HttpResponseBuilder, HttpServer};
use nfv_nfvi::{Notification, Reply};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// The longest body a neighbour may send.
const MAX_PAYLOAD: usize = 1024 * 1024;
/// How long a client may take to send its headers, and the core to reply.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long an answer under way may take when the listener closes.
const SHUTDOWN_SECONDS: u64 = 1;

/// The way to the core.
#[derive(Debug, Clone)]
pub(crate) struct Inbox(mpsc::Sender<Inbound>);

/// The core did not take a notification or did not reply in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Silent;

impl Inbox {
    pub(crate) fn new(sender: mpsc::Sender<Inbound>) -> Self {
        Self(sender)
    }

    /// Hands a notification over; the receiver gets the reply if the core makes one.
    pub(crate) async fn send(&self, notification: Notification) -> Result<oneshot::Receiver<Reply>, Silent> {
        let (reply, receiver) = oneshot::channel();
        let inbound = Inbound { notification, reply: Some(reply) };
        match tokio::time::timeout(PATIENCE, self.0.send(inbound)).await {
            Ok(Ok(())) => Ok(receiver),
            Ok(Err(_)) | Err(_) => Err(Silent),
        }
    }

    /// Hands a notification over and waits for the reply.
    pub(crate) async fn ask(&self, notification: Notification) -> Result<Reply, Silent> {
        let receiver = self.send(notification).await?;
        match tokio::time::timeout(PATIENCE, receiver).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(_)) | Err(_) => Err(Silent),
        }
    }
}

/// Resolves and binds, so that a wrong address or a port in use is an error of the start.
pub(crate) async fn bind(what: &'static str, config: &ListenConfig) -> Result<TcpListener, PluginError> {
    let failed = |source| PluginError::Listen { what, host: config.host.clone(), port: config.port, source };
    let addresses = tokio::net::lookup_host((config.host.as_str(), config.port)).await.map_err(failed)?;
    let mut addresses: Vec<SocketAddr> = addresses.collect();
    addresses.sort_by_key(SocketAddr::is_ipv4);
    let listener = TcpListener::bind(addresses.as_slice()).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

/// An HTTP listener that is open.
#[derive(Debug)]
pub(crate) struct HttpListener {
    pub address: SocketAddr,
    handle: ServerHandle,
}

impl HttpListener {
    pub(crate) async fn open(
        what: &'static str,
        config: &ListenConfig,
        routes: impl Fn(&mut ServiceConfig) + Send + Clone + 'static,
    ) -> Result<Self, PluginError> {
        let failed =
            |source| PluginError::Listen { what, host: config.host.clone(), port: config.port, source };
        let listener = bind(what, config).await?;
        let address = listener.local_addr().map_err(failed)?;
        let server = HttpServer::new(move || App::new().configure(routes.clone()))
            .workers(1)
            .backlog(64)
            .keep_alive(KeepAlive::Disabled)
            .client_request_timeout(PATIENCE)
            .client_disconnect_timeout(Duration::from_secs(1))
            .shutdown_timeout(SHUTDOWN_SECONDS)
            .disable_signals()
            .listen(listener)
            .map_err(failed)?
            .run();
        let handle = server.handle();
        tokio::spawn(async move {
            if let Err(error) = server.await {
                tracing::error!("Listener of {what} has ended: {error}");
            }
        });
        Ok(Self { address, handle })
    }

    /// Closes the listener; requests under way are cut.
    pub(crate) async fn close(&self) {
        self.handle.stop(false).await;
    }
}

/// Reads the body of a request, with a bound in size and time.
async fn read_body(payload: web::Payload) -> Result<web::Bytes, HttpResponse> {
    match tokio::time::timeout(PATIENCE, payload.to_bytes_limited(MAX_PAYLOAD)).await {
        Ok(Ok(Ok(body))) => Ok(body),
        Ok(Ok(Err(error))) => {
            Err(refuse(HttpResponse::BadRequest(), &format!("the body cannot be read: {error}")))
        }
        Ok(Err(_)) => Err(refuse(HttpResponse::PayloadTooLarge(), "the body is too long")),
        Err(_) => Err(refuse(HttpResponse::RequestTimeout(), "the body does not come")),
    }
}

/// What a neighbour sent, in a length that fits into a log line.
fn shortened(text: &impl ToString) -> String {
    const LONGEST: usize = 80;
    let text = text.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// An answer with a short text, where the original closed the connection without a byte.
fn refuse(mut answer: HttpResponseBuilder, text: &str) -> HttpResponse {
    answer.content_type("text/plain; charset=utf-8").body(format!("{text}\n"))
}

/// The core has not replied in time.
fn busy() -> HttpResponse {
    refuse(HttpResponse::ServiceUnavailable(), "the VIM is busy")
}

/// The method has no meaning on this port.
fn wrong_method(method: &actix_web::http::Method) -> HttpResponse {
    let known = matches!(method.as_str(), "GET" | "POST" | "PUT" | "PATCH" | "DELETE");
    let answer = if known { HttpResponse::MethodNotAllowed() } else { HttpResponse::NotImplemented() };
    refuse(answer, "this method is not served here")
}

//! The port on which a process is observed.

use crate::health::{Health, health_answer};
use actix_web::dev::ServerHandle;
use actix_web::http::header::{CACHE_CONTROL, ContentType};
use actix_web::{App, HttpResponse, HttpServer, web};
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// How long a client may take to send its headers.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections at once; more wait.
const MOST_CONNECTIONS: usize = 32;
/// What Prometheus and its kin read.
const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What is observed.
pub trait Source: Send + Sync + 'static {
    /// The health now. It takes some seconds at most.
    fn health(&self) -> Pin<Box<dyn Future<Output = Health> + Send + '_>>;

    /// The metrics now, in the text format of OpenMetrics.
    fn metrics(&self) -> String;
}

/// The port cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} for observers: {source}")]
pub struct MonitorError {
    address: SocketAddr,
    source: std::io::Error,
}

/// The metrics as an answer.
pub fn metrics_answer(text: String) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).content_type(TYPE).body(text)
}

/// An open port. It closes when this is dropped.
#[derive(Debug)]
pub struct MonitorServer {
    address: SocketAddr,
    handle: ServerHandle,
    task: tokio::task::JoinHandle<()>,
}

impl MonitorServer {
    /// Opens the port; must be called within a tokio runtime.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn start(address: SocketAddr, source: Arc<dyn Source>) -> Result<Self, MonitorError> {
        let failed = |source| MonitorError { address, source };
        let listener = TcpListener::bind(address).map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        let source = web::Data::from(source);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(source.clone())
                .route("/healthz", web::get().to(health))
                .route("/metrics", web::get().to(metrics))
                .default_service(web::to(|| async {
                    HttpResponse::NotFound().insert_header(ContentType::plaintext()).body("not found\n")
                }))
        })
        .workers(1)
        .max_connections(MOST_CONNECTIONS)
        .client_request_timeout(PATIENCE)
        .shutdown_timeout(1)
        .disable_signals()
        .listen(listener)
        .map_err(failed)?
        .run();
        let handle = server.handle();
        let task = tokio::spawn(async move {
            if let Err(error) = server.await {
                tracing::error!("The port for observers has ended: {error}");
            }
        });
        Ok(Self { address: bound, handle, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes it.
    pub async fn close(self) {
        self.handle.stop(false).await;
    }
}

impl Drop for MonitorServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn health(source: web::Data<dyn Source>) -> HttpResponse {
    health_answer(&source.health().await)
}

async fn metrics(source: web::Data<dyn Source>) -> HttpResponse {
    metrics_answer(source.metrics())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::PartState;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    struct Fixed;

    impl Source for Fixed {
        fn health(&self) -> Pin<Box<dyn Future<Output = Health> + Send + '_>> {
            Box::pin(async { Health::default().with("core", PartState::Failing("asleep".to_owned())) })
        }

        fn metrics(&self) -> String {
            "# EOF\n".to_owned()
        }
    }

    async fn get(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn both_pages_are_served_and_nothing_else() {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            let server = MonitorServer::start(host.parse().unwrap(), Arc::new(Fixed)).unwrap();
            let answer = get(server.address(), "/healthz").await;
            assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("asleep"), "{answer}");
            let answer = get(server.address(), "/metrics").await;
            assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("# EOF\n"), "{answer}");
            assert!(get(server.address(), "/x").await.starts_with("HTTP/1.1 404 "));
            server.close().await;
        }
    }
}

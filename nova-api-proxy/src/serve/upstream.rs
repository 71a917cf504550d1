//! Connections to the upstreams: made, kept while idle, used again.
//!
//! Each worker has its own, so no lock is taken. A connection is used again only when its other side is quiet. What must
//! not be done twice gets a connection that was used a moment ago, or a new one: an upstream that closes an idle
//! connection just when a request is on its way would otherwise lose that request.
//!
//! Contract: nova-api-proxy 7.1, 11 (pooling).

use std::cell::RefCell;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::stream::Stream;
use crate::config::Address;
use crate::http::buffer::Buffer;
use crate::route::Upstream;

/// Idle connections kept to each upstream by each worker.
const MAX_IDLE: usize = 64;
/// How long a connection is kept.
const IDLE_LIMIT: Duration = Duration::from_secs(30);
/// How long ago a connection was used last, for a request that must not be done twice.
const FRESH: Duration = Duration::from_secs(1);

/// A connection to an upstream and what was read from it.
#[derive(Debug)]
pub struct Link {
    /// The connection.
    pub stream: Stream,
    /// Bytes read and not used.
    pub buffer: Buffer,
    /// Whether it served a request before.
    pub reused: bool,
}

#[derive(Debug)]
struct Idle {
    stream: Stream,
    since: Instant,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[error("cannot connect to {authority}: {cause}")]
pub struct ConnectError {
    authority: String,
    #[source]
    cause: io::Error,
}

/// The connections of a worker.
pub struct Upstreams {
    nova: Pool,
    vim: Pool,
    tls: Option<TlsConnector>,
    connect_timeout: Duration,
}

struct Pool {
    address: Address,
    idle: RefCell<Vec<Idle>>,
}

impl Upstreams {
    /// No connections yet.
    pub fn new(nova: Address, vim: Address, tls: Option<TlsConnector>, connect_timeout: Duration) -> Self {
        let pool = |address| Pool { address, idle: RefCell::default() };
        Self { nova: pool(nova), vim: pool(vim), tls, connect_timeout }
    }

    fn pool(&self, upstream: Upstream) -> &Pool {
        match upstream {
            Upstream::Nova => &self.nova,
            Upstream::Vim => &self.vim,
        }
    }

    /// A connection that was used before and can be again. `repeatable`: the request may be sent a second time.
    pub fn reuse(&self, upstream: Upstream, repeatable: bool) -> Option<Link> {
        let limit = if repeatable { IDLE_LIMIT } else { FRESH };
        let mut idle = self.pool(upstream).idle.borrow_mut();
        // the one used last is in front of the others
        while let Some(Idle { stream, since }) = idle.pop() {
            if since.elapsed() > limit {
                if since.elapsed() <= IDLE_LIMIT {
                    idle.push(Idle { stream, since });
                }
                return None;
            }
            if stream.is_quiet() {
                return Some(Link { stream, buffer: Buffer::default(), reused: true });
            }
        }
        None
    }

    /// A new connection.
    ///
    /// # Errors
    /// [`ConnectError`]
    pub async fn connect(&self, upstream: Upstream) -> Result<Link, ConnectError> {
        let address = &self.pool(upstream).address;
        let wrong = |cause| ConnectError { authority: address.authority(), cause };
        let stream = match timeout(self.connect_timeout, self.open(address)).await {
            Ok(opened) => opened.map_err(wrong)?,
            Err(_) => return Err(wrong(io::ErrorKind::TimedOut.into())),
        };
        Ok(Link { stream, buffer: Buffer::default(), reused: false })
    }

    async fn open(&self, address: &Address) -> io::Result<Stream> {
        let tcp = connect_any(address).await?;
        tcp.set_nodelay(true)?;
        let Some(tls) = &self.tls else { return Ok(Stream::Plain(tcp)) };
        let name = ServerName::try_from(address.host.clone()).map_err(io::Error::other)?;
        let stream = tls.connect(name, tcp).await?;
        Ok(Stream::Tls(Box::new(stream.into())))
    }

    /// Keeps a connection on which everything was read.
    pub fn keep(&self, upstream: Upstream, link: Link) {
        let mut idle = self.pool(upstream).idle.borrow_mut();
        if idle.len() < MAX_IDLE && link.buffer.is_empty() {
            idle.push(Idle { stream: link.stream, since: Instant::now() });
        }
    }

    /// Closes what is idle for too long or was closed by the other side.
    pub fn sweep(&self) {
        for pool in [&self.nova, &self.vim] {
            let mut idle = pool.idle.borrow_mut();
            idle.retain(|idle| idle.since.elapsed() <= IDLE_LIMIT && idle.stream.is_quiet());
        }
    }
}

async fn connect_any(address: &Address) -> io::Result<TcpStream> {
    // brackets are accepted, too
    let host =
        address.host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&address.host);
    if let Ok(ip) = host.parse::<IpAddr>() {
        return TcpStream::connect(SocketAddr::new(ip, address.port)).await;
    }
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for found in tokio::net::lookup_host((host, address.port)).await? {
        match TcpStream::connect(found).await {
            Ok(tcp) => return Ok(tcp),
            Err(error) => last = error,
        }
    }
    Err(last)
}

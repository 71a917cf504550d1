//! The threads that serve, and what they share.

use std::cell::Cell;
use std::io;
use std::net::{SocketAddr, TcpStream as StdStream};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::task::LocalSet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::connection;
use super::upstream::Upstreams;
use crate::answer::Own;
use crate::config::ProxyConfig;
use crate::histogram::Histograms;
use crate::log::percent::Format;
use crate::paste::Pipeline;
use crate::route::Upstream;
use crate::token::Validator;

/// How often idle upstream connections are looked at.
const SWEEP: Duration = Duration::from_secs(5);

/// What all threads share.
pub struct Shared {
    /// The configuration.
    pub config: ProxyConfig,
    /// The stages; none when the paste file has none for this program.
    pub pipeline: Option<Pipeline>,
    /// The stage authtoken, if it is one.
    pub validator: Option<Arc<Validator>>,
    /// How long the upstreams took.
    pub histograms: Histograms,
    /// Places for requests that are worked on.
    pub places: Semaphore,
    /// The access line.
    pub access: Format,
    /// TLS of the listener.
    pub acceptor: Option<TlsAcceptor>,
    /// TLS to the upstreams.
    pub connector: Option<TlsConnector>,
    debug: Arc<AtomicBool>,
    nova: String,
    vim: String,
    /// Told whenever a connection has ended.
    freed: Notify,
}

impl Shared {
    /// Puts it together.
    pub fn new(
        config: ProxyConfig,
        pipeline: Option<Pipeline>,
        validator: Option<Arc<Validator>>,
        (acceptor, connector): (Option<TlsAcceptor>, Option<TlsConnector>),
        debug: Arc<AtomicBool>,
    ) -> Arc<Self> {
        Arc::new(Self {
            places: Semaphore::new(config.pool_size.min(Semaphore::MAX_PERMITS)),
            access: Format::parse(&config.access_format),
            nova: config.nova.authority(),
            vim: config.vim.authority(),
            histograms: Histograms::default(),
            freed: Notify::new(),
            config,
            pipeline,
            validator,
            acceptor,
            connector,
            debug,
        })
    }

    /// Whether DEBUG lines are shown.
    pub fn debug(&self) -> bool {
        self.debug.load(Ordering::Relaxed)
    }

    /// Scheme of the clients' connections.
    pub fn scheme(&self) -> &'static str {
        if self.acceptor.is_some() { "https" } else { "http" }
    }

    /// `HOST:PORT` of an upstream.
    pub fn authority(&self, upstream: Upstream) -> &str {
        match upstream {
            Upstream::Nova => &self.nova,
            Upstream::Vim => &self.vim,
        }
    }

    /// The answer to what failed; only with `debug` does it say why.
    pub fn failed(&self, why: &str) -> Own {
        Own::Failed(self.debug().then(|| why.to_owned()))
    }

    /// Waits until a connection ends.
    pub async fn one_ended(&self) {
        self.freed.notified().await;
    }
}

/// A thread's own things.
pub struct Worker {
    /// What all share.
    pub shared: Arc<Shared>,
    /// Connections to the upstreams.
    pub upstreams: Upstreams,
    stopping: Cell<bool>,
    stop: Notify,
    served: Cell<usize>,
    all_done: Notify,
}

impl Worker {
    /// Whether the process was asked to end.
    pub fn is_stopping(&self) -> bool {
        self.stopping.get()
    }

    /// Waits until the process is asked to end.
    pub async fn stopped(&self) {
        let stopped = self.stop.notified();
        if !self.stopping.get() {
            stopped.await;
        }
    }
}

enum Job {
    Serve(StdStream, SocketAddr),
    Stop,
}

/// A thread as the one that accepts sees it.
pub struct WorkerHandle {
    jobs: mpsc::UnboundedSender<Job>,
    connections: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl WorkerHandle {
    /// Starts a thread.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(shared: &Arc<Shared>, index: usize) -> io::Result<Self> {
        let (jobs, receiver) = mpsc::unbounded_channel();
        let connections = Arc::new(AtomicUsize::new(0));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (shared, counter) = (Arc::clone(shared), Arc::clone(&connections));
        let body = move || LocalSet::new().block_on(&runtime, work(shared, receiver, counter));
        let thread = std::thread::Builder::new().name(format!("worker-{index}")).spawn(body)?;
        Ok(Self { jobs, connections, thread: Some(thread) })
    }

    /// Connections that it has.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Gives it a client. The number of those is bounded by whoever accepts.
    pub fn serve(&self, stream: StdStream, peer: SocketAddr) {
        self.connections.fetch_add(1, Ordering::Relaxed);
        if self.jobs.send(Job::Serve(stream, peer)).is_err() {
            self.connections.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Asks it to end once its clients have their answers.
    pub fn stop(&self) {
        // a thread that is gone has stopped
        let _ = self.jobs.send(Job::Stop);
    }

    /// Whether it has ended.
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

/// Counts a connection out when it ends, however it ends.
struct Counted {
    worker: Rc<Worker>,
    connections: Arc<AtomicUsize>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
        self.worker.shared.freed.notify_one();
        self.worker.served.set(self.worker.served.get() - 1);
        if self.worker.served.get() == 0 {
            self.worker.all_done.notify_one();
        }
    }
}

async fn work(shared: Arc<Shared>, mut jobs: mpsc::UnboundedReceiver<Job>, connections: Arc<AtomicUsize>) {
    let config = &shared.config;
    let connector = shared.connector.clone();
    let upstreams =
        Upstreams::new(config.nova.clone(), config.vim.clone(), connector, config.connect_timeout);
    let worker = Rc::new(Worker {
        shared,
        upstreams,
        stopping: Cell::new(false),
        stop: Notify::new(),
        served: Cell::new(0),
        all_done: Notify::new(),
    });
    let mut sweep = interval(SWEEP);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            job = jobs.recv() => match job {
                Some(Job::Serve(stream, peer)) => {
                    worker.served.set(worker.served.get() + 1);
                    let counted = Counted { worker: Rc::clone(&worker), connections: Arc::clone(&connections) };
                    let Ok(tcp) = TcpStream::from_std(stream) else { continue };
                    // an answer's last piece must not wait for the client's acknowledgement
                    let _ = tcp.set_nodelay(true);
                    tokio::task::spawn_local(async move {
                        connection::serve(Rc::clone(&counted.worker), tcp, peer).await;
                        drop(counted);
                    });
                }
                Some(Job::Stop) | None => break,
            },
            _ = sweep.tick() => worker.upstreams.sweep(),
        }
    }
    worker.stopping.set(true);
    worker.stop.notify_waiters();
    while worker.served.get() > 0 {
        worker.all_done.notified().await;
    }
}

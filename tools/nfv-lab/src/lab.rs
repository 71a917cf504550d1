//! The running lab: cloud, clock, services, senders.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use tokio::sync::{Notify, mpsc, watch};

use crate::config::{Amqp, ClusterFile, LabSettings, VimAddresses};
use crate::faults::{Effect, Faults};
use crate::journal::Journal;
use crate::model::Cloud;
use crate::model::notice::{Notice, Sender};
use crate::ports::{BoundPorts, Service};
use crate::scenario::run::Play;
use crate::service::Request;
use crate::{Error, Result, http, notify};

/// What all parts of the lab share.
#[derive(Debug)]
pub struct Shared {
    cloud: Mutex<Cloud>,
    start: Instant,
    faults: Mutex<Faults>,
    vim: Mutex<VimAddresses>,
    ports: BoundPorts,
    settings: LabSettings,
    amqp: Option<Amqp>,
    wake: Notify,
    outboxes: BTreeMap<Sender, mpsc::UnboundedSender<Notice>>,
    servers: Mutex<BTreeMap<Service, ServerHandle>>,
    stop: watch::Sender<bool>,
    /// The journal.
    pub journal: Journal,
    /// The scenario that is played.
    pub play: Mutex<Option<Arc<Play>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// The ports of the services.
    #[must_use]
    pub fn ports(&self) -> &BoundPorts {
        &self.ports
    }

    /// The address of the services.
    #[must_use]
    pub fn bind(&self) -> &str {
        &self.settings.bind
    }

    /// Settings of the lab itself.
    #[must_use]
    pub fn settings(&self) -> &LabSettings {
        &self.settings
    }

    /// The broker.
    #[must_use]
    pub fn amqp(&self) -> Option<&Amqp> {
        self.amqp.as_ref()
    }

    /// Does something with the cloud as it is now, then sends what it has to say.
    pub fn with_cloud<T>(&self, work: impl FnOnce(&mut Cloud) -> T) -> T {
        let mut cloud = lock(&self.cloud);
        let before = cloud.next_due();
        cloud.advance(self.elapsed());
        let result = work(&mut cloud);
        for notice in cloud.take_notices() {
            if let Some(outbox) = self.outboxes.get(&notice.sender) {
                // The receiver only goes away when the lab stops.
                let _ = outbox.send(notice);
            }
        }
        if cloud.next_due() != before {
            self.wake.notify_one();
        }
        result
    }

    /// What the fault rules make of a request.
    #[must_use]
    pub fn fault_for(&self, service: Service, request: &Request) -> Option<Effect> {
        let now = self.elapsed();
        lock(&self.faults).hit(service.as_str(), &request.method, &request.path, &request.body, now)
    }

    /// Does something with the fault rules.
    pub fn with_faults<T>(&self, work: impl FnOnce(&mut Faults, Duration) -> T) -> T {
        work(&mut lock(&self.faults), self.elapsed())
    }

    /// Where the VIM listens.
    #[must_use]
    pub fn vim(&self) -> VimAddresses {
        lock(&self.vim).clone()
    }

    /// Sets where the VIM listens.
    pub fn set_vim(&self, vim: VimAddresses) {
        *lock(&self.vim) = vim;
    }

    /// Asks the lab to stop.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Ends when the lab is to stop.
    pub async fn stopped(&self) {
        let mut stop = self.stop.subscribe();
        // The sender lives as long as `self`.
        let _ = stop.wait_for(|stop| *stop).await;
    }

    /// Takes a service away: open connections are cut, new ones refused; it comes back after the given time.
    pub fn restart_service(self: &Arc<Self>, service: Service, down: Duration) {
        let shared = Arc::clone(self);
        tokio::spawn(async move {
            let handle = lock(&shared.servers).remove(&service);
            let Some(handle) = handle else { return };
            handle.stop(false).await;
            tokio::select! {
                () = tokio::time::sleep(down) => {}
                () = shared.stopped() => return,
            }
            let port = shared.ports.get(&service).copied().unwrap_or_default();
            let opened = TcpListener::bind((shared.bind(), port))
                .map_err(|error| error.to_string())
                .and_then(|listener| shared.open(service, listener).map_err(|error| error.to_string()));
            if let Err(error) = opened {
                eprintln!("nfv-lab: {} cannot listen on port {port} again: {error}", service.as_str());
            }
        });
    }

    fn open(self: &Arc<Self>, service: Service, listener: TcpListener) -> std::io::Result<()> {
        let (server, handle) = http::serve(self, service, listener)?;
        lock(&self.servers).insert(service, handle);
        tokio::spawn(server);
        Ok(())
    }

    async fn close_all(&self) {
        let servers = std::mem::take(&mut *lock(&self.servers));
        for handle in servers.into_values() {
            handle.stop(false).await;
        }
    }
}

/// What a start needs beside the cluster.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Where the journal goes; memory only when absent.
    pub journal: Option<PathBuf>,
}

/// A running lab.
#[derive(Debug)]
pub struct Lab {
    shared: Arc<Shared>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Lab {
    /// Builds the cloud, opens all ports and starts to serve. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// The cluster contradicts itself, a port is taken, the journal cannot be written.
    pub fn start(file: ClusterFile, options: &Options) -> Result<Self> {
        let cloud = Cloud::build(&file, jiff::Timestamp::now())?;
        let journal = Journal::new(options.journal.as_deref(), file.lab.journal_kept)?;
        let mut listeners = Vec::new();
        let mut ports = BoundPorts::new();
        for service in Service::ALL {
            let wanted = file.ports.wanted(service, file.lab.port_base);
            let address = format!("{}:{wanted}", file.lab.bind);
            let fail = |source| Error::Listen { service: service.as_str(), address: address.clone(), source };
            let listener = TcpListener::bind((file.lab.bind.as_str(), wanted)).map_err(fail)?;
            ports.insert(service, listener.local_addr().map_err(fail)?.port());
            listeners.push((service, listener));
        }
        let mut outboxes = BTreeMap::new();
        let mut inboxes = Vec::new();
        for sender in Sender::ALL {
            let (outbox, inbox) = mpsc::unbounded_channel();
            outboxes.insert(sender, outbox);
            inboxes.push((sender, inbox));
        }
        let shared = Arc::new(Shared {
            cloud: Mutex::new(cloud),
            start: Instant::now(),
            faults: Mutex::new(Faults::new(file.lab.seed)),
            vim: Mutex::new(file.vim),
            ports,
            settings: file.lab,
            amqp: file.amqp,
            wake: Notify::new(),
            outboxes,
            servers: Mutex::new(BTreeMap::new()),
            stop: watch::channel(false).0,
            journal,
            play: Mutex::new(None),
        });
        for (service, listener) in listeners {
            let port = shared.ports[&service];
            shared.open(service, listener).map_err(|source| Error::Listen {
                service: service.as_str(),
                address: format!("{}:{port}", shared.settings.bind),
                source,
            })?;
        }
        let mut tasks = vec![tokio::spawn(keep_time(Arc::clone(&shared)))];
        for (sender, inbox) in inboxes {
            tasks.push(tokio::spawn(notify::run(Arc::clone(&shared), sender, inbox)));
        }
        Ok(Self { shared, tasks })
    }

    /// The shared part.
    #[must_use]
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Waits until the lab is asked to stop, then closes everything.
    pub async fn run(self) {
        self.shared.stopped().await;
        self.shared.close_all().await;
        for task in self.tasks {
            task.abort();
        }
    }
}

/// Carries out what the cloud has on its agenda, when it is due.
async fn keep_time(shared: Arc<Shared>) {
    loop {
        let due = shared.with_cloud(|cloud| cloud.next_due());
        let wait = due.map_or(Duration::from_secs(3600), |due| due.saturating_sub(shared.elapsed()));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = shared.wake.notified() => {}
            () = shared.stopped() => return,
        }
    }
}

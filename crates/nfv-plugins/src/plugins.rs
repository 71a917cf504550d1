//! All plugins of a process. Contract: southbound 13.

use crate::config::PluginsConfig;
use crate::error::PluginError;
use crate::kubernetes::Kubernetes;
use crate::listener::host::HostListener;
use crate::listener::waiting::WaitingActions;
use crate::listener::{self, HttpListener, Inbox};
use crate::network::HostExtension;
use crate::openstack::caller::{Caller, Neighbours};
use crate::openstack::rest::RestClient;
use crate::openstack::token::TokenCache;
use crate::openstack::{cinder, glance, keystone};
use crate::turn::Turn;
use crate::{Inbound, amqp, compute, guest, infrastructure, network, patching, unsupported};
use futures_util::FutureExt;
use nfv_nfvi::call::IdentityCall;
use nfv_nfvi::{Answer, Call, CallError, CallResult, ErrorKind, Pool};
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// The plugins, their tokens and listeners.
#[derive(Debug)]
pub struct Plugins {
    neighbours: Neighbours,
    /// In the order of [`Pool::ALL`]; plugins with the same account have the same.
    tokens: [Arc<TokenCache>; Pool::ALL.len()],
    host_extension: HostExtension,
    waiting: Arc<WaitingActions>,
    infrastructure: HttpListener,
    guest: Option<HttpListener>,
    compute: Option<HttpListener>,
    host: HostListener,
    notifications: Option<AbortHandle>,
}

/// Where the listeners listen; the ports are real ones also when 0 was configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// 30001.
    pub infrastructure: SocketAddr,
    /// 30002; none when the guest plugin is switched off.
    pub guest: Option<SocketAddr>,
    /// 30003; none when the compute plugin is switched off.
    pub compute: Option<SocketAddr>,
    /// 30004.
    pub host: SocketAddr,
}

impl Plugins {
    /// Makes the clients, opens the listeners and listens to Nova's notifications; what neighbours tell goes to `inbound`.
    ///
    /// No neighbour is asked anything here: a cloud that is away does not stop the start.
    ///
    /// # Errors
    /// A listener that cannot be opened, or no HTTP client.
    pub async fn start(
        config: &PluginsConfig,
        inbound: mpsc::Sender<Inbound>,
    ) -> Result<Plugins, PluginError> {
        let inbox = Inbox::new(inbound.clone());
        let rest = RestClient::new()?;
        let waiting = WaitingActions::new(config.max_concurrent_requests, config.max_request_wait);
        let infrastructure = listener::infrastructure::open(
            &config.infrastructure,
            inbox.clone(),
            config.data_port_fault_handling,
        )
        .await?;
        let guest = match config.disabled.guest {
            true => None,
            false => Some(listener::guest::open(&config.guest, inbox.clone()).await?),
        };
        let compute = if config.disabled.compute {
            None
        } else {
            let auto = config.auto_accept_requests;
            let waiting = Arc::clone(&waiting);
            Some(listener::compute::open(&config.compute, inbox.clone(), waiting, auto).await?)
        };
        let host = HostListener::open(&config.host_listener, config.host_listener_key.clone(), inbox).await?;
        // last, when nothing can fail any more; it sets itself up in its own time
        let notifications = (!config.disabled.compute)
            .then(|| tokio::spawn(amqp::listen_for_ever(config.amqp.clone(), inbound)).abort_handle());
        Ok(Plugins {
            neighbours: Neighbours {
                config: config.clone(),
                rest,
                kubernetes: Kubernetes::new(config.kubernetes_config.clone()),
            },
            tokens: tokens(config),
            host_extension: HostExtension::default(),
            waiting,
            infrastructure,
            guest,
            compute,
            host,
            notifications,
        })
    }

    /// Where the listeners listen.
    pub fn addresses(&self) -> Addresses {
        Addresses {
            infrastructure: self.infrastructure.address,
            guest: self.guest.as_ref().map(|listener| listener.address),
            compute: self.compute.as_ref().map(|listener| listener.address),
            host: self.host.address,
        }
    }

    /// Makes a call. Each of its requests ends within its time limit (southbound 13.4); between them the call
    /// waits for its turns. It never panics: whatever goes wrong is an error that names the call.
    pub async fn perform(&self, call: Call, turn: Turn) -> CallResult {
        let pool = call.pool();
        match AssertUnwindSafe(self.dispatch(call, turn)).catch_unwind().await {
            Ok(result) => result,
            Err(_) => {
                let detail = format!("the {} plugin failed inside", pool.as_str());
                tracing::error!("{detail}");
                Err(CallError::new(ErrorKind::BadAnswer, detail))
            }
        }
    }

    async fn dispatch(&self, call: Call, turn: Turn) -> CallResult {
        let pool = call.pool();
        if self.is_disabled(pool) {
            return unsupported(&format!("the {} plugin is switched off, its calls", pool.as_str()));
        }
        let at = Pool::ALL.iter().position(|known| *known == pool).unwrap_or_default();
        let mut caller = Caller::new(&self.neighbours, &self.tokens[at], turn);
        let caller = &mut caller;
        match call {
            Call::Identity(IdentityCall::GetTenants) => keystone::tenants(caller).await.map(Answer::Tenants),
            Call::Infrastructure(call) => infrastructure::perform(caller, call).await,
            Call::Compute(call) => compute::perform(caller, &self.waiting, call).await,
            Call::Network(call) => network::perform(caller, &self.host_extension, call).await,
            Call::Guest(call) => guest::perform(caller, call).await,
            Call::Image(call) => glance::perform(caller, call).await,
            Call::BlockStorage(call) => cinder::perform(caller, call).await,
            Call::SwMgmt(call) => patching::perform(caller, call).await,
        }
    }

    fn is_disabled(&self, pool: Pool) -> bool {
        let disabled = self.neighbours.config.disabled;
        match pool {
            Pool::Image => disabled.image,
            Pool::BlockStorage => disabled.block_storage,
            Pool::Compute => disabled.compute,
            Pool::Network => disabled.network,
            Pool::Guest => disabled.guest,
            Pool::Identity | Pool::Infrastructure | Pool::SwMgmt => false,
        }
    }

    /// Reads certificates and the credentials for Kubernetes anew; calls under way keep the old ones.
    pub fn reload(&self) {
        self.neighbours.kubernetes.reload();
        if let Err(error) = self.neighbours.rest.reload() {
            tracing::error!("The certificates could not be read anew, the old ones stay: {error}.");
        }
    }

    /// Closes the listeners at once. Calls under way are the caller's to drop.
    pub async fn stop(&self) {
        self.host.close();
        if let Some(notifications) = &self.notifications {
            notifications.abort();
        }
        self.infrastructure.close().await;
        for listener in [&self.guest, &self.compute].into_iter().flatten() {
            listener.close().await;
        }
    }
}

/// A token for each account.
fn tokens(config: &PluginsConfig) -> [Arc<TokenCache>; Pool::ALL.len()] {
    let openstack = Arc::new(TokenCache::new(config.openstack.clone()));
    let platform = match config.platform == *openstack.account() {
        true => Arc::clone(&openstack),
        false => Arc::new(TokenCache::new(config.platform.clone())),
    };
    Pool::ALL.map(|pool| match pool {
        Pool::Infrastructure | Pool::Guest | Pool::SwMgmt => Arc::clone(&platform),
        Pool::Identity | Pool::Image | Pool::BlockStorage | Pool::Compute | Pool::Network => {
            Arc::clone(&openstack)
        }
    })
}

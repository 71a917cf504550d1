//! What supervisors see: health of the parts, and metrics.

use crate::access::{Access, KeystoneState};
use crate::metrics::Metrics;
use crate::vim::VimClient;
use nfv_monitor::{Health, PartState, Source};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// What was found is told again for this long: whoever asks without end does not make the VIM work.
const KEPT: Duration = Duration::from_secs(2);

/// The process as supervisors see it.
#[derive(Debug)]
pub struct Observed {
    vim: Arc<VimClient>,
    access: Arc<Access>,
    metrics: Arc<Metrics>,
    last: Mutex<Option<(Instant, Health)>>,
}

impl Observed {
    /// Looks at these.
    pub fn new(vim: Arc<VimClient>, access: Arc<Access>, metrics: Arc<Metrics>) -> Self {
        Self { vim, access, metrics, last: Mutex::default() }
    }
}

impl Source for Observed {
    fn health(&self) -> Pin<Box<dyn Future<Output = Health> + Send + '_>> {
        Box::pin(async {
            let mut last = self.last.lock().await;
            if let Some((when, health)) = &*last
                && when.elapsed() < KEPT
            {
                return health.clone();
            }
            let vim = match self.vim.is_reachable().await {
                Ok(()) => PartState::Ok,
                Err(why) => PartState::Failing(why),
            };
            let keystone = match self.access.keystone() {
                KeystoneState::Unknown => PartState::Idle,
                KeystoneState::Ok => PartState::Ok,
                KeystoneState::Failing(why) => PartState::Failing(why),
            };
            let health =
                Health::default().with("server", PartState::Ok).with("vim", vim).with("keystone", keystone);
            *last = Some((Instant::now(), health.clone()));
            health
        })
    }

    fn metrics(&self) -> String {
        self.metrics.text(self.access.remembered())
    }
}

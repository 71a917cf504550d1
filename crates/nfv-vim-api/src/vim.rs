//! Asking the VIM: what [`Client`] does, counted and told as faults. Contract: vim-api 2.1, 2.2.

use crate::metrics::Metrics;
use crate::wire::Fault;
use nfv_vim_rpc::client::{Answers, AskError, Client};
use nfv_vim_rpc::{Request, Response};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// How long an answer is waited for when nothing else is said.
pub const SHORT: Duration = Duration::from_secs(5);
/// For questions about strategies, and for what would happen.
pub const STRATEGY: Duration = Duration::from_secs(30);
/// For a new image.
pub const IMAGE: Duration = Duration::from_secs(180);

/// How long a whole listing may take.
const LISTING_WAIT: Duration = Duration::from_secs(120);

const LOGGER: &str = "nfv_vim.api";
const FILE: &str = "_hooks.py";

/// The VIM.
#[derive(Debug)]
pub struct VimClient {
    client: Client,
    metrics: Arc<Metrics>,
}

impl VimClient {
    /// The VIM at `address`, asked from `local`. Where that names a port there is one connection at a time.
    pub fn new(address: SocketAddr, local: SocketAddr, metrics: Arc<Metrics>) -> Self {
        Self { client: Client::new(address, local), metrics }
    }

    /// One question, one answer.
    ///
    /// # Errors
    /// The VIM cannot be reached or has no answer.
    pub async fn ask_one(&self, request: Request, wait: Duration) -> Result<Response, Fault> {
        let (kind, begun) = (request.kind(), Instant::now());
        let mut answers = self.ask(&request, wait).await?;
        let answer = answers.one().await;
        self.ended(kind, begun, answer)
    }

    /// One question, as many answers as there are objects; each is given to `read`.
    ///
    /// # Errors
    /// The VIM cannot be reached, is silent, or `read` refuses an answer. The original gives a shorter list when the VIM
    /// is silent.
    pub async fn ask_all<T>(
        &self,
        request: Request,
        read: impl Fn(Response) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let (kind, begun) = (request.kind(), Instant::now());
        let mut answers = self.ask(&request, SHORT).await?;
        let collect = async {
            let mut all = Vec::new();
            while let Some(answer) = answers.next().await? {
                all.push(answer);
            }
            Ok(all)
        };
        let all = timeout(LISTING_WAIT, collect)
            .await
            .unwrap_or_else(|_| Err(AskError::NoAnswer("the VIM's list does not end".to_owned())));
        self.ended(kind, begun, all)?.into_iter().map(read).collect()
    }

    /// Whether it takes connections.
    ///
    /// # Errors
    /// It does not; why.
    pub async fn is_reachable(&self) -> Result<(), String> {
        self.client.is_reachable().await
    }

    async fn ask(&self, request: &Request, wait: Duration) -> Result<Answers, Fault> {
        let kind = request.kind();
        self.client.ask(request, wait).await.map_err(|error| {
            tracing::error!(logger = LOGGER, file = FILE, "Cannot send {kind} to the VIM: {error}");
            self.metrics.question(kind, "unreachable", Duration::ZERO);
            error.into()
        })
    }

    fn ended<T>(&self, kind: &'static str, begun: Instant, answer: Result<T, AskError>) -> Result<T, Fault> {
        let how = if answer.is_ok() { "answered" } else { "no answer" };
        self.metrics.question(kind, how, begun.elapsed());
        answer.map_err(|error| {
            tracing::error!(logger = LOGGER, file = FILE, "No answer to {kind}: {error}.");
            error.into()
        })
    }
}

impl From<AskError> for Fault {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Unreachable(text) => Self::Broken(text),
            AskError::NoAnswer(why) => Self::Failed(Some(why)),
        }
    }
}

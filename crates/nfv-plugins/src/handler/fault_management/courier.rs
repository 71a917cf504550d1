//! Carries what waits at a desk to fmManager, in order, and waits while it is away.

use super::FmAddress;
use super::connection::{Connection, FmError};
use super::wire::{Answer, Request};
use std::future::Future;
use std::pin::pin;
use std::time::Duration;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

/// Commands on their way to the task.
const QUEUE: usize = 4096;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A request that fmManager takes and does not answer well is tried so often; then the next has its turn.
const MAX_ATTEMPTS: u32 = 10;
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// What waits for fmManager, in order. Plain state.
pub(super) trait Desk: Send + 'static {
    /// What the VIM hands over.
    type Command: Send + 'static;

    /// Takes a command.
    fn take(&mut self, command: Self::Command);
    /// The time for an audit has come.
    fn audit(&mut self);
    /// The request that is next.
    fn next(&self) -> Option<Request>;
    /// The answer to it.
    fn answered(&mut self, answer: &Answer) -> Verdict;
    /// It is not tried any more.
    fn give_up(&mut self);
    /// How many requests wait.
    fn waiting(&self) -> usize;
}

/// What an answer means for the request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is over, the next one has its turn.
    Over,
    /// It is to be sent again, for this reason.
    Again(String),
}

/// The task and the way to it.
#[derive(Debug)]
pub(super) struct Courier<C> {
    what: &'static str,
    commands: mpsc::Sender<C>,
    task: JoinHandle<()>,
}

impl<C: Send + 'static> Courier<C> {
    pub(super) fn start<D: Desk<Command = C>>(
        what: &'static str,
        desk: D,
        address: FmAddress,
        audit_interval: Option<Duration>,
    ) -> Self {
        let (commands, queue) = mpsc::channel(QUEUE);
        let round = Round {
            what,
            peer: format!("{}:{}", address.host, address.port),
            desk,
            commands: queue,
            open: true,
            connection: Connection::new(address),
            audit_interval,
        };
        Self { what, commands, task: tokio::spawn(round.walk()) }
    }

    /// Takes a command, never waits.
    pub(super) fn hand_over(&self, command: C) {
        let what = self.what;
        match self.commands.try_send(command) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                tracing::error!("Fault Management: {what} come too fast, one is lost.");
            }
            Err(TrySendError::Closed(_)) => {
                tracing::error!("Fault Management: the task for {what} has ended, one is lost.");
            }
        }
    }

    /// Sends what waits, for at most two seconds.
    pub(super) async fn stop(self) {
        drop(self.commands);
        let mut task = self.task;
        if tokio::time::timeout(STOP_LIMIT, &mut task).await.is_err() {
            task.abort();
            tracing::error!("Fault Management: not all {} could be sent before the end.", self.what);
        }
    }
}

struct Round<D: Desk> {
    what: &'static str,
    peer: String,
    desk: D,
    commands: mpsc::Receiver<D::Command>,
    /// More commands may come.
    open: bool,
    connection: Connection,
    audit_interval: Option<Duration>,
}

impl<D: Desk> Round<D> {
    async fn walk(mut self) {
        let mut next_audit = self.audit_interval.map(|interval| Instant::now() + interval);
        let (mut pause, mut attempts) = (FIRST_PAUSE, 0);
        let mut told = String::new();
        loop {
            while let Ok(command) = self.commands.try_recv() {
                self.desk.take(command);
            }
            if let (Some(due), Some(interval)) = (next_audit, self.audit_interval)
                && due <= Instant::now()
            {
                self.desk.audit();
                next_audit = Some(Instant::now() + interval);
            }
            let Some(request) = self.desk.next() else {
                if !self.open {
                    return;
                }
                self.idle(next_audit).await;
                continue;
            };
            let (desk, commands, open) = (&mut self.desk, &mut self.commands, &mut self.open);
            let result = while_taking(desk, commands, open, self.connection.exchange(&request)).await;
            let failure = match result {
                Ok(answer) => match self.desk.answered(&answer) {
                    Verdict::Over => {
                        if !told.is_empty() {
                            let (what, peer) = (self.what, &self.peer);
                            tracing::info!("Fault Management at {peer} takes {what} again.");
                        }
                        (pause, attempts) = (FIRST_PAUSE, 0);
                        told.clear();
                        continue;
                    }
                    Verdict::Again(why) => FmError::NoAnswer(why),
                },
                Err(error) => error,
            };
            let text = failure.to_string();
            if text != told {
                // one line for each new reason, not one for each try
                let (what, peer, waiting) = (self.what, &self.peer, self.desk.waiting());
                tracing::warn!("Fault Management at {peer}: {what}: {text}; {waiting} wait, trying on.");
                told = text;
            }
            if matches!(failure, FmError::NoAnswer(_)) {
                attempts += 1;
                if attempts >= MAX_ATTEMPTS {
                    let what = self.what;
                    tracing::error!("Fault Management: {what}: a request is given up: {failure}.");
                    self.desk.give_up();
                    attempts = 0;
                }
            }
            if !self.open {
                let (what, waiting) = (self.what, self.desk.waiting());
                tracing::error!("Fault Management: {waiting} {what} could not be sent before the end.");
                return;
            }
            let (desk, commands, open) = (&mut self.desk, &mut self.commands, &mut self.open);
            while_taking(desk, commands, open, sleep(pause)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Waits until there is something to do.
    async fn idle(&mut self, next_audit: Option<Instant>) {
        let audit = async {
            match next_audit {
                Some(due) => sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            command = self.commands.recv() => match command {
                Some(command) => self.desk.take(command),
                None => self.open = false,
            },
            () = audit => {}
        }
    }
}

/// Waits for `work` while commands are taken, so that none is lost meanwhile.
async fn while_taking<D: Desk, T>(
    desk: &mut D,
    commands: &mut mpsc::Receiver<D::Command>,
    open: &mut bool,
    work: impl Future<Output = T>,
) -> T {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            result = &mut work => return result,
            command = commands.recv(), if *open => match command {
                Some(command) => desk.take(command),
                None => *open = false,
            },
        }
    }
}

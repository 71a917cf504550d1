//! The loop: inputs in order, the core's outcome committed, then its effects.
//!
//! Inputs that wait together are handled together and committed in one transaction; no effect of theirs leaves
//! before. If the database cannot take the writes, effects are held back and the commit is tried again; after
//! [`COMMIT_PATIENCE`] the process ends, and the other controller takes over.

use super::history::Waiting;
use super::inbox::{Message, Signal};
use super::monitor::{InputKind, Monitor};
use super::performer::Performer;
use super::settings::kubernetes_configured;
use crate::core::{Effect, Input, Outcome, Vim};
use nfv_common::histogram::{self, Histograms};
use nfv_common::logging::LoggingHandle;
use nfv_common::time::{Mono, Now};
use nfv_monitor::Supervisor;
use nfv_nfvi::{Call, CallId};
use nfv_plugins::Grant;
use nfv_vim_db::Database;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Inputs handled before a commit, at most.
const BATCH: usize = 64;
/// The loop turns at least this often.
const LONGEST_SLEEP: Duration = Duration::from_millis(500);
/// Nothing came for so long: there is time to write the history.
const QUIET: Duration = Duration::from_millis(20);
/// A commit that fails is tried again for this long.
const COMMIT_PATIENCE: Duration = Duration::from_secs(30);
/// It is looked this often whether Kubernetes is configured.
const KUBERNETES_EVERY: Duration = Duration::from_secs(10);

/// Why the loop ended.
#[derive(Debug)]
pub(super) enum End {
    /// A signal asked for it.
    Signal(Signal),
    /// Everything that could send an input is gone.
    Deserted,
    /// The database does not take writes any more.
    Database(nfv_vim_db::DbError),
}

/// The core, its database and its hands.
pub(super) struct CoreThread {
    pub(super) vim: Vim,
    pub(super) database: Database,
    pub(super) performer: Performer,
    pub(super) inbox: Receiver<Message>,
    /// A signal to end has come; it also stands in the inbox.
    pub(super) ending: Arc<AtomicBool>,
    pub(super) logging: LoggingHandle,
    pub(super) clock: Clock,
    pub(super) grants: HashMap<CallId, Grant>,
    pub(super) histograms: Histograms,
    /// When it was last looked whether Kubernetes is configured.
    pub(super) looked_for_kubernetes: Instant,
    /// Rows of the history that are written when nothing else is to be done.
    pub(super) history: Waiting,
    pub(super) monitor: Arc<Monitor>,
    pub(super) supervisor: Supervisor,
    /// Calls under way: what they are called in the histograms, and since when.
    pub(super) calls: HashMap<CallId, (String, Instant)>,
}

/// The origin of monotonic time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock(Instant);

impl Clock {
    /// A clock that starts now; the origin lies in the past, so that stamps before it can be made.
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    /// The present moment.
    pub(super) fn now(self) -> Now {
        const BEFORE: Duration = Duration::from_secs(3600);
        Now { mono: Mono::at(BEFORE + self.0.elapsed()), wall: jiff::Timestamp::now() }
    }
}

impl CoreThread {
    /// Runs until a signal, or until it cannot go on; gives back what must be closed in order. `first` is what
    /// starting the core led to.
    pub(super) fn run(mut self, first: Outcome) -> (End, Database, Performer) {
        let end = match self.finish(first) {
            Err(end) => end,
            Ok(()) => loop {
                if let Err(end) = self.turn() {
                    break end;
                }
            },
        };
        if !matches!(end, End::Database(_)) {
            self.write_history();
        }
        (end, self.database, self.performer)
    }

    /// Waits for inputs, handles them, commits, performs.
    fn turn(&mut self) -> Result<(), End> {
        let now = self.clock.now().mono;
        let mut sleep =
            self.vim.next_deadline().map_or(LONGEST_SLEEP, |due| due.since(now).min(LONGEST_SLEEP));
        if !self.history.is_empty() {
            sleep = sleep.min(QUIET);
        }
        let first = match self.inbox.recv_timeout(sleep) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => {
                self.write_history();
                None
            }
            Err(RecvTimeoutError::Disconnected) => return Err(End::Deserted),
        };
        let begun = Instant::now();
        let mut outcome = Outcome::default();
        let mut messages = first;
        let mut handled = 0;
        while let Some(message) = messages.take() {
            if let Some(input) = self.input(message)? {
                append(&mut outcome, self.vim.handle(self.clock.now(), input));
            }
            handled += 1;
            if handled < BATCH {
                messages = self.inbox.try_recv().ok();
            }
        }
        if self.looked_for_kubernetes.elapsed() >= KUBERNETES_EVERY {
            self.looked_for_kubernetes = Instant::now();
            let input = Input::Kubernetes(kubernetes_configured());
            append(&mut outcome, self.vim.handle(self.clock.now(), input));
        }
        let ticked = Instant::now();
        append(&mut outcome, self.vim.handle(self.clock.now(), Input::Tick));
        let name = histogram::names::timer_dispatch();
        self.histograms.add(name, histogram::names::deciseconds(ticked.elapsed()), local_time());
        let finished = self.finish(outcome);
        self.monitor.turned(begun.elapsed(), &self.vim);
        self.supervisor.turned();
        finished
    }

    /// The core's input for a message; none for what concerns the process alone.
    fn input(&mut self, message: Message) -> Result<Option<Input>, End> {
        self.monitor.input(match &message {
            Message::Inbound(_) => InputKind::Notification,
            Message::Api(_) => InputKind::Request,
            Message::Answer(..) => InputKind::Answer,
            Message::TurnWanted(..) => InputKind::Turn,
            Message::Signal(_) => InputKind::Signal,
        });
        Ok(match message {
            Message::Inbound(inbound) => {
                let request = inbound.reply.map(|reply| self.performer.keep(reply));
                Some(Input::Notification { request, body: Box::new(inbound.notification) })
            }
            Message::Api(request) => {
                let id = self.performer.keep_api_request(request.reply);
                Some(Input::Request { id, body: Box::new(request.body) })
            }
            Message::Answer(id, result) => {
                self.grants.remove(&id);
                self.performer.call_ended(id);
                if let Some((function, begun)) = self.calls.remove(&id) {
                    let name = histogram::names::worker_execution_time(&function);
                    self.histograms.add(name, begun.elapsed().as_secs(), local_time());
                }
                Some(Input::Answer { id, result })
            }
            Message::TurnWanted(id, grant) => {
                // one that was given up while this was on its way gets no turn any more
                if self.performer.is_running(id) {
                    self.grants.insert(id, grant);
                }
                Some(Input::TurnWanted(id))
            }
            Message::Signal(Signal::Reload) => {
                tracing::info!(logger = "nfv_vim", file = "vim.py", "Reload signalled.");
                if let Err(error) = self.logging.reload() {
                    tracing::error!(logger = "nfv_vim", file = "vim.py", "Reload failed: {error}.");
                }
                self.performer.plugins.reload();
                tracing::info!(logger = "nfv_vim", file = "vim.py", "Reload complete.");
                None
            }
            Message::Signal(Signal::Dump) => {
                tracing::info!(logger = "nfv_vim", file = "vim.py", "Dump captured data signalled.");
                self.log_histograms(histogram::Form::Pretty);
                for row in self.vim.quarantined() {
                    tracing::info!(logger = "nfv_vim", file = "vim.py", "Since the start: {row}.");
                }
                for wait in self.vim.waits() {
                    let (what, since, until) = (&wait.waiting.what, wait.waiting.since, wait.waiting.until);
                    let now = self.clock.now().mono;
                    tracing::info!(
                        logger = "nfv_vim",
                        file = "vim.py",
                        "{} ({}) waits for {what} since {} s, {} s more at most.",
                        wait.who,
                        wait.task,
                        now.since(since).as_secs(),
                        until.since(now).as_secs(),
                    );
                }
                tracing::info!(logger = "nfv_vim", file = "vim.py", "Dump captured data complete.");
                None
            }
            Message::Signal(Signal::Reset) => {
                tracing::info!(logger = "nfv_vim", file = "vim.py", "Reset captured data signalled.");
                self.histograms.reset(local_time());
                tracing::info!(logger = "nfv_vim", file = "vim.py", "Reset captured data complete.");
                None
            }
            Message::Signal(signal @ (Signal::Terminate | Signal::Interrupt)) => {
                return Err(End::Signal(signal));
            }
        })
    }

    fn log_histograms(&self, form: histogram::Form) {
        for line in self.histograms.lines(form) {
            tracing::info!(logger = histogram::LOGGER, file = histogram::LOG_FILE, "{line}");
        }
    }

    /// Commits the writes, then performs the effects.
    fn finish(&mut self, outcome: Outcome) -> Result<(), End> {
        if !outcome.writes.is_empty() {
            let begun = Instant::now();
            self.commit(&outcome)?;
            let name = histogram::names::database_commits(histogram::names::Commit::Periodic);
            self.histograms.add(name, histogram::names::deciseconds(begun.elapsed()), local_time());
            self.monitor.committed(begun.elapsed());
        }
        let mut asked_for = Vec::new();
        for effect in outcome.effects {
            if let Effect::LogHistograms = effect {
                self.log_histograms(histogram::Form::Plain);
                continue;
            }
            if let Effect::ShowHistory { request, asked } = effect {
                asked_for.push((request, asked));
                continue;
            }
            if let Effect::Resume(id) = &effect {
                if let Some(grant) = self.grants.remove(id) {
                    grant.grant();
                }
                continue;
            }
            match &effect {
                Effect::Call { id, call } => {
                    self.calls.insert(*id, (histogram_name(call), Instant::now()));
                }
                Effect::Abandon(id) => {
                    self.calls.remove(id);
                }
                _ => {}
            }
            // dropping a grant lets its call go on, so the call is stopped first: what is given up must not leave
            let unused = if let Effect::Abandon(id) = &effect { self.grants.remove(id) } else { None };
            self.performer.perform(effect);
            drop(unused);
        }
        self.history.push(outcome.history);
        if self.history.is_due() || !asked_for.is_empty() {
            self.write_history();
        }
        for (request, asked) in asked_for {
            let responses = vec![super::history::show(&mut self.database, &asked)];
            self.performer.perform(Effect::Respond { request, responses });
        }
        Ok(())
    }

    /// Writes what waits of the history. If that fails it is a pity, and no reason to stop; the next commit finds out
    /// what is wrong.
    fn write_history(&mut self) {
        let history = self.history.take();
        if let Err(error) = self.database.apply_without_waiting(&history) {
            tracing::warn!(
                logger = "nfv_vim.database",
                file = "_database.py",
                "{} rows of the history are lost: {error}.",
                history.len()
            );
        }
    }

    fn commit(&mut self, outcome: &Outcome) -> Result<(), End> {
        let begun = Instant::now();
        loop {
            match self.database.apply(&outcome.writes) {
                Ok(()) => return Ok(()),
                Err(error) if begun.elapsed() >= COMMIT_PATIENCE || self.ending.load(Ordering::Relaxed) => {
                    return Err(End::Database(error));
                }
                Err(error) => {
                    self.monitor.commit_failed(&error.to_string());
                    tracing::error!(
                        logger = "nfv_vim.database",
                        file = "_database.py",
                        "Commit failed, trying again: {error}."
                    );
                    self.supervisor.turned();
                    std::thread::sleep(Duration::from_secs(1));
                }
            }
        }
    }
}

fn append(to: &mut Outcome, mut from: Outcome) {
    to.writes.append(&mut from.writes);
    to.effects.append(&mut from.effects);
    to.history.append(&mut from.history);
}

/// The beginning of a text; the rest, which may be long, is not made.
struct Beginning(String);

impl Write for Beginning {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        const ENOUGH: usize = 80;
        self.0.push_str(text);
        if self.0.len() < ENOUGH { Ok(()) } else { Err(std::fmt::Error) }
    }
}

/// A call as the histograms name it: `get_hosts`.
fn histogram_name(call: &Call) -> String {
    // what the derived text begins with: the plugin's variant, then the function's
    let mut beginning = Beginning(String::new());
    let _ = write!(beginning, "{call:?}");
    let text = beginning.0;
    let function = text.split_once('(').map_or(text.as_str(), |(_, inner)| inner);
    let mut name = String::new();
    for letter in function.chars().take_while(char::is_ascii_alphanumeric) {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// Histograms carry local dates.
fn local_time() -> jiff::civil::DateTime {
    jiff::Zoned::now().datetime()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nfv_nfvi::call::{IdentityCall, InfrastructureCall};

    #[test]
    fn histograms_name_calls_by_their_function() {
        let host = InfrastructureCall::GetHost { uuid: "u".to_owned(), name: "n".to_owned() };
        for (call, name) in [
            (Call::Identity(IdentityCall::GetTenants), "get_tenants"),
            (Call::Infrastructure(host), "get_host"),
        ] {
            assert_eq!(histogram_name(&call), name);
        }
    }
}

//! Carrying effects out: calls as tasks, replies, alarms, event logs, log lines, flag files.

use super::inbox::Message;
use crate::core::{Effect, Flag, Level, LogLine};
use nfv_nfvi::{Call, CallError, CallId, ErrorKind, Reply, RequestId};
use nfv_plugins::handler::{AlarmHandlers, EventLogHandlers};
use nfv_plugins::{Plugins, Turn};
use nfv_vim_rpc::Response;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

/// The hands of the core.
pub(super) struct Performer {
    pub(super) tokio: Handle,
    pub(super) plugins: Arc<Plugins>,
    pub(super) alarms: AlarmHandlers,
    pub(super) event_logs: EventLogHandlers,
    pub(super) inbox: Sender<Message>,
    pub(super) run_dir: PathBuf,
    pub(super) requests: HashMap<RequestId, oneshot::Sender<Reply>>,
    pub(super) api_requests: HashMap<RequestId, oneshot::Sender<Vec<Response>>>,
    pub(super) last_request: u64,
    pub(super) calls: HashMap<CallId, AbortHandle>,
}

impl Performer {
    /// Keeps a neighbour's request until the core answers it.
    pub(super) fn keep(&mut self, reply: oneshot::Sender<Reply>) -> RequestId {
        self.last_request += 1;
        let id = RequestId(self.last_request);
        self.requests.insert(id, reply);
        id
    }

    /// Keeps a request of nfv-vim-api until the core answers it.
    pub(super) fn keep_api_request(&mut self, reply: oneshot::Sender<Vec<Response>>) -> RequestId {
        self.last_request += 1;
        let id = RequestId(self.last_request);
        self.api_requests.insert(id, reply);
        id
    }

    /// The call is over; there is nothing to stop any more.
    pub(super) fn call_ended(&mut self, id: CallId) {
        self.calls.remove(&id);
    }

    /// The call was started and has neither ended nor been given up.
    pub(super) fn is_running(&self, id: CallId) -> bool {
        self.calls.contains_key(&id)
    }

    /// Does one thing. `Resume`, `LogHistograms` and `ShowHistory` are the core thread's own affair.
    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Call { id, call } => self.start_call(id, *call),
            Effect::Resume(_) | Effect::LogHistograms | Effect::ShowHistory { .. } => {}
            Effect::Abandon(id) => {
                if let Some(task) = self.calls.remove(&id) {
                    task.abort();
                }
            }
            Effect::Reply { request, reply } => {
                if let Some(waiting) = self.requests.remove(&request) {
                    // a neighbour that has gone needs no reply
                    let _ = waiting.send(reply);
                }
            }
            Effect::Respond { request, responses } => {
                if let Some(waiting) = self.api_requests.remove(&request) {
                    let _ = waiting.send(responses);
                }
            }
            Effect::Release(request) => {
                self.requests.remove(&request);
            }
            Effect::RaiseAlarm(alarm) => self.alarms.raise(&alarm),
            Effect::ClearAlarm(uuid) => self.alarms.clear(&uuid),
            Effect::EventLog(log) => self.event_logs.log(&log),
            Effect::Log(line) => write_log(&line),
            Effect::Touch(flag) => self.touch(flag),
        }
    }

    fn start_call(&mut self, id: CallId, call: Call) {
        let (plugins, inbox) = (Arc::clone(&self.plugins), self.inbox.clone());
        let (turn, mut control) = Turn::new();
        let turns = inbox.clone();
        self.tokio.spawn(async move {
            while let Some(grant) = control.wanted().await {
                if turns.send(Message::TurnWanted(id, grant)).is_err() {
                    return;
                }
            }
        });
        let work = self.tokio.spawn(async move { plugins.perform(call, turn).await });
        self.calls.insert(id, work.abort_handle());
        self.tokio.spawn(async move {
            let result = match work.await {
                Ok(result) => result,
                // given up: the core does not wait for it any more
                Err(stopped) if stopped.is_cancelled() => return,
                Err(stopped) => {
                    Err(CallError::new(ErrorKind::BadAnswer, format!("the adapter failed: {stopped}")))
                }
            };
            let _ = inbox.send(Message::Answer(id, Box::new(result)));
        });
    }

    fn touch(&self, flag: Flag) {
        let path = self.run_dir.join(flag.file_name());
        if let Err(error) = std::fs::File::create(&path) {
            tracing::error!(
                logger = "nfv_vim",
                file = "vim.py",
                "Cannot create {}: {error}.",
                path.display()
            );
        }
    }
}

/// A log line of the core, with the names that readers of the original's logs go by.
fn write_log(line: &LogLine) {
    let (logger, file, text) = (line.logger, line.file, line.text.as_str());
    match line.level {
        Level::Error => tracing::error!(logger, file, line = 1, "{text}"),
        Level::Warn => tracing::warn!(logger, file, line = 1, "{text}"),
        Level::Info => tracing::info!(logger, file, line = 1, "{text}"),
        Level::Debug => tracing::debug!(logger, file, line = 1, "{text}"),
    }
}

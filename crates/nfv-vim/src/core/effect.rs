//! What the core wants done. It does nothing itself.

use nfv_common::alarm::{AlarmData, AlarmUuid};
use nfv_common::event_log::EventLogData;
use nfv_nfvi::{Call, CallId, Reply, RequestId};
use nfv_vim_db::Write;
use nfv_vim_rpc::Response;
use nfv_vim_rpc::history::GetHistory;

/// Everything that one input led to. The writes are committed in one transaction before any effect leaves.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Rows to write, in order.
    pub writes: Vec<Write>,
    /// What to do after the commit, in order.
    pub effects: Vec<Effect>,
    /// Rows of the history, in order: written after the effects, in a transaction of their own, and no harm if they are
    /// lost. Nothing waits for them.
    pub history: Vec<Write>,
}

/// One thing for the shell to do.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Make this call and bring its answer back as an input. The call has its first turn.
    Call {
        /// Its id.
        id: CallId,
        /// The call.
        call: Box<Call>,
    },
    /// The call has its next turn.
    Resume(CallId),
    /// Nobody waits for the call any more; stop it.
    Abandon(CallId),
    /// Answer a neighbour's request.
    Reply {
        /// Its id.
        request: RequestId,
        /// The answer.
        reply: Reply,
    },
    /// Answer a request of nfv-vim-api: with these messages, in order, and close its connection behind them.
    Respond {
        /// Its id.
        request: RequestId,
        /// The messages; none for a listing of nothing.
        responses: Vec<Response>,
    },
    /// Read the decisions about an object and answer a request of nfv-vim-api with them.
    ShowHistory {
        /// Id of the request.
        request: RequestId,
        /// About which object, and how many.
        asked: GetHistory,
    },
    /// The core has nothing to say to this request; whoever holds it may answer otherwise.
    Release(RequestId),
    /// Raise an alarm with all handlers.
    RaiseAlarm(Box<AlarmData>),
    /// Clear an alarm with all handlers.
    ClearAlarm(AlarmUuid),
    /// Issue an event log with all handlers.
    EventLog(Box<EventLogData>),
    /// Write the timing histograms to the log: answers are slow.
    LogHistograms,
    /// Write a log line.
    Log(LogLine),
    /// Create an empty flag file.
    Touch(Flag),
}

/// Files whose existence tells something. Contract: deployment 8.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// `.nfv-vim.dor_complete`
    DorComplete,
    /// `.nfv-vim.unlock_complete`
    UnlockComplete,
    /// `.nfv-vim.audit_round`: its time is that of the last round of audits (docs/differences.md).
    AuditRound,
}

impl Flag {
    /// File name in the run directory.
    pub const fn file_name(self) -> &'static str {
        match self {
            Flag::DorComplete => ".nfv-vim.dor_complete",
            Flag::UnlockComplete => ".nfv-vim.unlock_complete",
            Flag::AuditRound => ".nfv-vim.audit_round",
        }
    }
}

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Something an operator must know.
    Error,
    /// Something that is not as it should be.
    Warn,
    /// What happened.
    Info,
    /// Details.
    Debug,
}

/// A log line with the names that readers of the original's logs go by. Contract: deployment 4.4, 7.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Level.
    pub level: Level,
    /// Logger name of debug.ini.
    pub logger: &'static str,
    /// Source file name as the original has it.
    pub file: &'static str,
    /// Text.
    pub text: String,
}

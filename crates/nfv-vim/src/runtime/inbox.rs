//! What reaches the core thread.

use super::rpc_server::ApiRequest;
use nfv_nfvi::{CallId, CallResult};
use nfv_plugins::{Grant, Inbound};

/// One message to the core thread.
#[derive(Debug)]
pub(super) enum Message {
    /// A neighbour said something.
    Inbound(Box<Inbound>),
    /// nfv-vim-api asks for something.
    Api(Box<ApiRequest>),
    /// A call ended.
    Answer(CallId, Box<CallResult>),
    /// A call wants its next turn.
    TurnWanted(CallId, Grant),
    /// A signal came.
    Signal(Signal),
}

/// What signals ask for. Contract: deployment 4.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// TERM: go, without a flag file.
    Terminate,
    /// INT: go, with a flag file.
    Interrupt,
    /// HUP: read debug.ini again.
    Reload,
    /// USR1: histograms to the log.
    Dump,
    /// USR2: histograms anew.
    Reset,
}

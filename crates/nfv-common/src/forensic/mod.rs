//! What happened, told from the VIM's log.
//!
//! ```text
//! log files ──► evidence ──► line (grammar) ──► patterns (what matters) ──► Record ──┬─► Report (nfv-forensic)
//!               merged by time                                                       └─► analysis (was it a success?)
//! ```
//!
//! Logs of the original and of this VIM are read alike: both write the lines of deployment 4.4. One record at a time is
//! in memory, so a log of any size can be read.
//!
//! Contract: deployment 7.1.

mod analysis;
mod evidence;
mod instance_text;
mod line;
mod pattern;
mod record;
mod report;
mod source;
mod stamp;

pub use analysis::{Analysis, Context, Operation};
pub use evidence::{EvidenceError, Listener, Period, gather};
pub use line::{LogLine, NotALine, SHORTEST_LINE};
pub use pattern::Patterns;
pub use record::{Action, Director, End, Guest, HostState, Record, RecordType};
pub use report::Report;
pub use source::{LogReader, LogSource};
pub use stamp::{Elapsed, Stamp};

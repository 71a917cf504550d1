//! The engine under every state machine of the NFV processes.
//!
//! - [`Machine`]: which state, since when.
//! - [`Task`]: the works a state runs one after another, each of which ends, fails, or waits for something that
//!   it names, until a deadline. There is no way to wait without both.
//!
//! The transition tables themselves are one `match` each, beside the objects they belong to. Events that arise
//! while one is handled are queued by the core and handled after it, so no event ever sees a half-done change.
//!
//! Contract: vim-behaviour 1.4, 1.5.

mod machine;
mod task;

pub use machine::Machine;
pub use task::{Progress, Step, Task, TaskResult, Waiting, Work};

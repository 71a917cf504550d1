//! HTTP, datagrams, signals and time around the inventory. Everything that happens takes the one lock, decides, and
//! leaves; only requests to the VIM wait, each in a task of its own.

mod http;
mod queue;
mod start;
mod state;
mod vim;

pub use start::run;

//! The process around the rules: sockets, threads, signals.
//!
//! ```text
//! main thread: accept ──► the worker with the fewest connections      signals, questions to Keystone
//! worker:      connection ──► head ──► stages ──► upstream connection ──► answer ──► next head
//! ```
//!
//! - [`process`]: start, signals, end; [`worker`]: the threads; [`connection`]: one client.
//! - [`stages`]: what the paste file's stages do with a request; [`exchange`]: sending it its answer ([`relay`]).
//! - [`upstream`], [`stream`], [`tls`], [`pump`]: connections and the bytes on them.

pub mod connection;
pub mod exchange;
pub mod process;
pub mod pump;
pub mod relay;
pub mod stages;
pub mod stream;
pub mod tls;
pub mod upstream;
pub mod worker;

//! What nfv-vim-api and nfv-vim say to each other: messages as plain data, and their framing.
//!
//! ```text
//!   bytes ──► FrameReader ──► payload ──► Request::decode ──► Request
//!   Response ──► Response::encode ──► payload ──► frame ──► bytes
//! ```
//!
//! Nothing here does I/O, but for the module `client`, which is a feature. A connection carries one request; its answers
//! follow one after the other, none for a listing of nothing, and the connection closes behind the last one. Contract:
//! vim-api 2.
//!
//! - [`frame`]: length and payload (2.1).
//! - [`message`]: the envelope, all types of requests and answers (2.2, 2.3).
//! - [`instance`], [`image`], [`volume`], [`network`], [`subnet`], [`strategy`]: their payloads.
//! - [`history`], [`preview`]: what the original does not have (docs/extensions.md).

#[cfg(feature = "client")]
pub mod client;
mod error;
pub mod frame;
pub mod history;
pub mod image;
pub mod instance;
mod lenient;
pub mod message;
pub mod network;
pub mod preview;
pub mod strategy;
pub mod subnet;
pub mod volume;

pub use error::RpcError;
pub use frame::{FrameReader, LONGEST_ANSWER, LONGEST_REQUEST, frame};
pub use message::{Request, Response, ResponseBody, ResultCode};

use serde::{Deserialize, Serialize};

/// A payload that names one object.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ByUuid {
    /// The object.
    #[serde(default, deserialize_with = "lenient::text")]
    pub uuid: Option<String>,
}

impl ByUuid {
    /// Names this object.
    pub fn new(uuid: impl Into<String>) -> Self {
        Self { uuid: Some(uuid.into()) }
    }
}

/// A payload without keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Nothing {}

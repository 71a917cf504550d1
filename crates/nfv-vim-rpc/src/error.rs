//! What can be wrong with bytes that came from outside.

/// Why bytes are no message. The connection they came on is of no more use and is closed (contract: vim-api 2.2).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RpcError {
    /// A frame says that it is longer than is allowed.
    #[error("a message of {length} bytes was announced, {limit} are allowed")]
    TooLong {
        /// Bytes announced.
        length: u64,
        /// Bytes allowed.
        limit: u32,
    },
    /// The payload is no JSON.
    #[error("the message is not JSON: {0}")]
    NotJson(String),
    /// The payload is JSON, but no object.
    #[error("the message is not a JSON object")]
    NotAnObject,
    /// The version is missing or says that it is unknown.
    #[error("the message has no version")]
    NoVersion,
    /// The type is missing or is no text.
    #[error("the message has no type")]
    NoType,
    /// No message of this direction has such a type.
    #[error("no message has type {0:?}")]
    UnknownType(String),
    /// A key has a value of the wrong kind.
    #[error("message {kind}: {detail}")]
    BadPayload {
        /// Type of the message.
        kind: String,
        /// What is wrong.
        detail: String,
    },
}

//! What is known of users' tokens.
//!
//! ```text
//! request ──► Tokens::verdict ──► cache (bounded, by the token's hash) ──► known: answered at once
//!                         └───► one task for each unknown token ──► Keystone ──► all who wait for it
//! ```
//!
//! How Keystone is asked is the user's affair: nova-api-proxy validates a token, nfv-vim-api asks for one of its own
//! project in exchange. Neither a storm of requests with one token nor one with many can put more than a bounded number
//! of questions to Keystone at a time.

mod cache;
mod tokens;

pub use cache::{Cache, Key, key};
pub use tokens::{Answer, Tokens, Verdict};

/// What is kept of a token takes this much memory.
pub trait Weigh {
    /// Bytes, with everything it owns.
    fn size(&self) -> usize;
}

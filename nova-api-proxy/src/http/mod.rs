//! HTTP/1.1 on the wire: heads, bodies and their limits, without any socket.
//!
//! Heads are found and measured here and parsed by `httparse`, the parser below hyper. A library server was not taken
//! because the answers to what is too long or malformed, refusing a message with two lengths, the case and order of
//! headers and the odd answers of the VIM are part of the contract, and none of them can be chosen there. What goes
//! out is always written anew, so no malformed message is passed on.
//!
//! - [`buffer`]: bytes read and not yet used; [`head`]: requests' and answers' first lines and headers.
//! - [`framing`]: where a body ends; [`chunked`]: bodies in chunks.
//! - [`refusal`]: the answers to what is no good request.

pub mod buffer;
pub mod chunked;
pub mod framing;
pub mod head;
pub mod refusal;

//! `libguest_common_api.so.3`: what the guest API libraries share: names of errors, the log, a stream's buffer, UNIX
//! sockets.
//!
//! Drop-in for the library of that name; its headers are `include/guest_api_*.h`. Every function catches panics at its
//! edge and then gives its error value; a null pointer where none may be is answered with the error value.
//!
//! Contract: guest 2.1.

pub mod debug;
pub mod stream;
pub mod types;
pub mod unix;

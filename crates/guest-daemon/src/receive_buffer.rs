//! Room for datagrams that arrive at once: a query of a host with a thousand VMs has a thousand answers, and the usual
//! buffer holds some ninety.

use std::os::fd::AsFd;

use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::{RcvBuf, RcvBufForce};

/// Bytes asked for.
const SIZE: usize = 8 << 20;

/// Gives a socket as much room as the system allows; beyond its limit that needs the right to administer networks.
pub fn enlarge(socket: &impl AsFd) {
    if setsockopt(socket, RcvBufForce, &SIZE).is_err() {
        // What there is has to do; what is lost the next audit repairs.
        let _ = setsockopt(socket, RcvBuf, &SIZE);
    }
}

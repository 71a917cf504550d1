//! `guest_api_unix.h`: UNIX stream sockets.

use std::ffi::{c_char, c_int, c_void};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};

use guest_comm::app_socket::error_text;
use guest_comm_abi::barrier::guarded;
use guest_comm_abi::text::borrow;
use socket2::{Domain, SockAddr, SockRef, Socket, Type};

use crate::debug::{DEBUG, ERROR, INFO, VERBOSE, say};
use crate::types::{FAILED, GuestApiError, INTERRUPTED, OKAY, TRY_AGAIN};

const MSG_NOSIGNAL: c_int = 0x4000;

/// Does something with an open descriptor.
fn with_socket(s: c_int, work: impl FnOnce(SockRef<'_>) -> GuestApiError) -> GuestApiError {
    if s < 0 {
        return FAILED;
    }
    // SAFETY: not -1; the caller's descriptor stays open during the call. One that is not open gives errors.
    let descriptor = unsafe { BorrowedFd::borrow_raw(s) };
    work(SockRef::from(&descriptor))
}

/// `GuestApiErrorT guest_api_unix_open(int *s)`: a nonblocking stream socket that is closed on exec; -1 in `s` on error.
///
/// # Safety
///
/// `s` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn guest_api_unix_open(s: *mut c_int) -> GuestApiError {
    guarded(FAILED, || {
        if s.is_null() {
            return FAILED;
        }
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)
            .and_then(|socket| socket.set_nonblocking(true).map(|()| socket));
        let (descriptor, result) = match socket {
            Ok(socket) => (socket.into_raw_fd(), OKAY),
            Err(error) => {
                say(ERROR, &format!("Failed to open socket, error={}.", error_text(&error)));
                (-1, FAILED)
            }
        };
        // SAFETY: the caller's promise; not null.
        unsafe { s.write(descriptor) };
        result
    })
}

/// `GuestApiErrorT guest_api_unix_connect(int s, char *address)`: connects to the socket at a path. TRY_AGAIN when nobody
/// listens there.
///
/// # Safety
///
/// `address` is a string of C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn guest_api_unix_connect(s: c_int, address: *const c_char) -> GuestApiError {
    guarded(FAILED, || {
        // SAFETY: the caller's promise.
        let Some(path) = (unsafe { borrow(address) }) else {
            return FAILED;
        };
        let connect = |socket: SockRef<'_>| {
            let connected = SockAddr::unix(path.as_ref()).and_then(|address| socket.connect(&address));
            let Err(error) = connected else {
                return OKAY;
            };
            let text = format!("Failed to connect to {path}, error={}.", error_text(&error));
            match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                    say(DEBUG, &text);
                    TRY_AGAIN
                }
                _ => {
                    say(ERROR, &text);
                    FAILED
                }
            }
        };
        with_socket(s, connect)
    })
}

/// `GuestApiErrorT guest_api_unix_send(int s, void *msg, int size)`: sends a message. TRY_AGAIN when the other end is
/// closed, without a SIGPIPE.
///
/// # Safety
///
/// `size` bytes can be read at `msg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn guest_api_unix_send(s: c_int, msg: *const c_void, size: c_int) -> GuestApiError {
    guarded(FAILED, || {
        let (Ok(size), false) = (usize::try_from(size), msg.is_null()) else {
            return FAILED;
        };
        // SAFETY: the caller's promise; not null.
        let bytes = unsafe { std::slice::from_raw_parts(msg.cast::<u8>(), size) };
        with_socket(s, |socket| {
            let Err(error) = socket.send_with_flags(bytes, MSG_NOSIGNAL) else {
                return OKAY;
            };
            let text = format!("Failed to write to socket, error={}.", error_text(&error));
            if error.kind() == io::ErrorKind::BrokenPipe {
                say(INFO, &text);
                TRY_AGAIN
            } else {
                say(ERROR, &text);
                FAILED
            }
        })
    })
}

/// `GuestApiErrorT guest_api_unix_receive(int s, void *buf, int size, int *got)`: reads what there is. OKAY with 0 in
/// `got` when the other end is closed.
///
/// # Safety
///
/// `size` bytes may be written at `buf`, and `got` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn guest_api_unix_receive(
    s: c_int,
    buf: *mut c_void,
    size: c_int,
    got: *mut c_int,
) -> GuestApiError {
    guarded(FAILED, || {
        let (Ok(size), false, false) = (usize::try_from(size), buf.is_null(), got.is_null()) else {
            return FAILED;
        };
        // SAFETY: the caller's promise; not null; nothing is read of what may be uninitialized.
        let buffer = unsafe { std::slice::from_raw_parts_mut(buf.cast::<MaybeUninit<u8>>(), size) };
        with_socket(s, |socket| {
            let length = match socket.recv(buffer) {
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    say(DEBUG, "Interrupted on socket read.");
                    return INTERRUPTED;
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => 0,
                Err(error) => {
                    say(ERROR, &format!("Failed to read from socket, error={}.", error_text(&error)));
                    return FAILED;
                }
            };
            say(VERBOSE, &format!("Received message, msg_size={length}."));
            // SAFETY: the caller's promise; not null. The length is not larger than `size`, which was an int.
            unsafe { got.write(c_int::try_from(length).unwrap_or(0)) };
            OKAY
        })
    })
}

/// `GuestApiErrorT guest_api_unix_close(int s)`: closes it; a negative one is none.
///
/// # Safety
///
/// Nobody else uses or closes `s` afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn guest_api_unix_close(s: c_int) -> GuestApiError {
    guarded(FAILED, || {
        if s >= 0 {
            // SAFETY: the caller hands it over. (A number that is not open would end a debug build of the standard
            // library only.)
            drop(unsafe { OwnedFd::from_raw_fd(s) });
        }
        OKAY
    })
}

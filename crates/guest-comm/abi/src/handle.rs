//! `gh_info_t` and `hg_info_t`: a socket, the agent's address, the text of the last error, the callback.
//!
//! The caller has a pointer to it and no function to give it back; it may be freed with `free`, for which it is
//! allocated. The functions here are the common half of both libraries.

use std::ffi::{CString, c_char, c_int};
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{FromRawFd, IntoRawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use guest_comm::app_socket::error_text;
use guest_protocol::messaging::envelope::{Address, Data, datagram_text};
use guest_protocol::messaging::{AGENT_ADDRESS, APP_READ};

use crate::json_c::Owned;
use crate::text::{ERROR_SIZE, ErrorText, write_error};

const PATH_SIZE: usize = 108;
/// Bytes of an address before its path.
const FAMILY_SIZE: usize = 2;
const AF_UNIX: u16 = 1;

/// `struct sockaddr_un`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SocketAddress {
    family: u16,
    path: [u8; PATH_SIZE],
}

/// `gh_info_t` with one kind of callback, `hg_info_t` with the other; 528 bytes.
#[repr(C)]
pub struct Info<H> {
    /// The socket; -1 when there is none.
    pub sock: c_int,
    /// The agent's address.
    pub svaddr: SocketAddress,
    /// Its length in bytes.
    pub svaddrlen: c_int,
    /// The text of the last error.
    pub errorbuf: ErrorText,
    /// The callback.
    pub handler: Option<H>,
}

const _: () = {
    type Callback = extern "C" fn();
    assert!(std::mem::size_of::<Info<Callback>>() == 528);
    assert!(std::mem::offset_of!(Info<Callback>, sock) == 0);
    assert!(std::mem::offset_of!(Info<Callback>, svaddr) == 4);
    assert!(std::mem::size_of::<SocketAddress>() == 110);
    assert!(std::mem::offset_of!(Info<Callback>, svaddrlen) == 116);
    assert!(std::mem::offset_of!(Info<Callback>, errorbuf) == 120);
    assert!(std::mem::offset_of!(Info<Callback>, handler) == 520);
};

impl<H> Info<H> {
    fn new(handler: Option<H>) -> Self {
        let mut path = [0; PATH_SIZE];
        // the first byte stays NUL: an abstract address
        for (place, byte) in path.iter_mut().skip(1).zip(AGENT_ADDRESS.bytes()) {
            *place = byte;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "17")]
        let svaddrlen = (FAMILY_SIZE + 1 + AGENT_ADDRESS.len()) as c_int;
        let svaddr = SocketAddress { family: AF_UNIX, path };
        Self { sock: -1, svaddr, svaddrlen, errorbuf: [0; ERROR_SIZE], handler }
    }

    /// Says why, and gives what the function that failed returns.
    pub fn fail(&mut self, why: &str) -> c_int {
        write_error(&mut self.errorbuf, why);
        -1
    }

    /// The text of the last error.
    pub fn error(&mut self) -> *mut c_char {
        self.errorbuf.as_mut_ptr()
    }

    /// The socket, which stays open when it is dropped.
    fn socket(&self) -> ManuallyDrop<UnixDatagram> {
        // SAFETY: `sock` was opened by `open` and belongs to the handle; `ManuallyDrop` leaves it open. A caller who
        // has closed it gets errors.
        ManuallyDrop::new(unsafe { UnixDatagram::from_raw_fd(self.sock) })
    }

    fn agent(&self) -> io::Result<SocketAddr> {
        let length = usize::try_from(self.svaddrlen).unwrap_or(0).saturating_sub(FAMILY_SIZE + 1);
        SocketAddr::from_abstract_name(
            self.svaddr.path.iter().copied().skip(1).take(length).collect::<Vec<_>>(),
        )
    }

    /// The text of the next datagram; `None` when there is none.
    pub fn receive(&mut self) -> Result<Option<String>, String> {
        let mut buffer = [0; APP_READ];
        match self.socket().recv(&mut buffer) {
            Ok(length) => Ok(Some(datagram_text(buffer.get(..length).unwrap_or_default()))),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(format!("error receiving msg: {}", error_text(&error))),
        }
    }

    /// Sends a datagram to the agent.
    pub fn send(&mut self, datagram: &str) -> c_int {
        let agent = self.agent();
        match agent.and_then(|agent| self.socket().send_to_addr(datagram.as_bytes(), &agent)) {
            Ok(_) => 0,
            Err(error) => self.fail(&format!("sendto: {}", error_text(&error))),
        }
    }
}

/// Opens a handle with a socket bound to `@address` and puts it into `out`. Gives the socket, or -1; then the handle is
/// there nevertheless, with the text of the error.
///
/// # Safety
///
/// `out` may be written.
pub unsafe fn open<H>(handler: Option<H>, address: Option<&str>, out: *mut *mut Info<H>) -> c_int {
    let mut info = Box::new(Info::new(handler));
    let socket = bind(address.unwrap_or_default());
    let result = match socket {
        Ok(socket) => {
            info.sock = socket.into_raw_fd();
            info.sock
        }
        Err(error) => info.fail(&format!("unable to bind socket: {}", error_text(&error))),
    };
    // SAFETY: the caller's promise.
    unsafe { out.write(Box::into_raw(info)) };
    result
}

fn bind(address: &str) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(address)?)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// What an application sends, as json-c reads and writes it: it takes more than JSON allows, and applications may rely
/// on it. `None` if it cannot be sent.
pub fn application_data(text: &str) -> Option<Data> {
    Data::from_text(&Owned::parse(&CString::new(text).ok()?)?.text())
}

/// The address of an application on the other side.
pub fn application_address(text: &str) -> Option<Address> {
    Address::new(text)
}

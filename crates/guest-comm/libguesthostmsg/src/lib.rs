//! `libguesthostmsg.so.2`: messages of applications in a VM to applications on its host.
//!
//! Drop-in for the library of that name; its header is `include/cgcs/guest_host_msg.h`.
//!
//! Every function catches panics at its edge and then gives its error value. What the caller has to see to stands with
//! each function; a null pointer where none may be is answered with the error value.
//!
//! Contract: guest 2.3.

use std::ffi::{CString, c_char, c_int};

use guest_comm_abi::barrier::guarded;
use guest_comm_abi::handle::{Info, application_address, application_data, open};
use guest_comm_abi::json_c::{JsonObject, with_object};
use guest_comm_abi::text::borrow;
use guest_protocol::messaging::envelope::{EnvelopeError, GuestAppDelivery, GuestAppRequest};

/// `gh_msg_handler_t`: is given the address of the application on the host and what it says. Both are the library's.
pub type Handler = unsafe extern "C" fn(source_addr: *const c_char, message: *mut JsonObject);

/// `int gh_init(gh_msg_handler_t, char *addr, gh_info_t **info)`: binds a socket to `@addr` and gives it; -1 on error.
///
/// # Safety
///
/// `addr` is a string of C; `info` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gh_init(
    handler: Option<Handler>,
    addr: *const c_char,
    info: *mut *mut Info<Handler>,
) -> c_int {
    guarded(-1, || {
        if info.is_null() {
            return -1;
        }
        // SAFETY: the caller's promise; `info` is not null.
        unsafe { open(handler, borrow(addr).as_deref(), info) }
    })
}

/// `int gh_process_msg(gh_info_t *)`: reads one datagram, if there is one, and calls the callback; 0, or -1 on error.
///
/// # Safety
///
/// `info` comes from [`gh_init`] and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gh_process_msg(info: *mut Info<Handler>) -> c_int {
    guarded(-1, || {
        // SAFETY: the caller's promise. The reference ends before the callback, which may use the handle, too.
        let Some(handle) = (unsafe { info.as_mut() }) else {
            return -1;
        };
        let (handler, received) = (handle.handler, handle.receive());
        match received.and_then(|text| text.map_or(Ok(()), |text| deliver(&text, handler))) {
            Ok(()) => 0,
            // SAFETY: as above.
            Err(why) => unsafe { info.as_mut() }.map_or(-1, |handle| handle.fail(&why)),
        }
    })
}

fn deliver(text: &str, handler: Option<Handler>) -> Result<(), String> {
    let delivery = GuestAppDelivery::parse(text).map_err(|error| match error {
        EnvelopeError::Version(version) => format!("invalid version {version}, expecting 2"),
        EnvelopeError::NotJson | EnvelopeError::Missing(_) => error.to_string(),
    })?;
    let source = CString::new(delivery.source).map_err(|_| "failed to parse source_addr")?;
    let delivered = with_object(delivery.data.as_str(), |object| {
        if let Some(handler) = handler {
            // SAFETY: the application has given this function for that; both pointers live during the call.
            unsafe { handler(source.as_ptr(), object) }
        }
    });
    if delivered { Ok(()) } else { Err("failed to parse msg".to_owned()) }
}

/// `int gh_send_msg(gh_info_t *, const char *dest_addr, const char *msg)`: sends `msg`, which is JSON, to an application
/// on the host; 0, or -1 on error.
///
/// # Safety
///
/// `info` comes from [`gh_init`] and no other thread uses it; the texts are strings of C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gh_send_msg(
    info: *mut Info<Handler>,
    dest_addr: *const c_char,
    msg: *const c_char,
) -> c_int {
    guarded(-1, || {
        // SAFETY: the caller's promise.
        let (info, dest, msg) = unsafe { (info.as_mut(), borrow(dest_addr), borrow(msg)) };
        let Some(info) = info else {
            return -1;
        };
        let Some(data) = msg.as_deref().and_then(application_data) else {
            return info.fail("failed to parse msg");
        };
        let Some(dest) = dest.as_deref().and_then(application_address) else {
            return info.fail("invalid destination address");
        };
        info.send(&GuestAppRequest { data, dest }.compose())
    })
}

/// `char *gh_get_error(gh_info_t *)`: the text of the last error.
///
/// # Safety
///
/// `info` comes from [`gh_init`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gh_get_error(info: *mut Info<Handler>) -> *mut c_char {
    // SAFETY: the caller's promise.
    guarded(std::ptr::null_mut(), || unsafe { info.as_mut() }.map_or(std::ptr::null_mut(), Info::error))
}

//! `libhostguestmsg.so.2`: messages of applications on a host to applications in its VMs.
//!
//! Drop-in for the library of that name; its header is `include/cgcs/host_guest_msg.h`.
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
use guest_protocol::messaging::envelope::{EnvelopeError, HostAppDelivery, HostAppRequest};

/// `hg_msg_handler_t`: is given the address of the application in the VM, the VM's instance, and what is said. All are
/// the library's.
pub type Handler = unsafe extern "C" fn(
    source_addr: *const c_char,
    source_instance: *const c_char,
    message: *mut JsonObject,
);

/// `int hg_init(hg_msg_handler_t, char *addr, hg_info_t **info)`: binds a socket to `@addr` and gives it; -1 on error.
///
/// # Safety
///
/// `addr` is a string of C; `info` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hg_init(
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

/// `int hg_process_msg(hg_info_t *)`: reads one datagram, if there is one, and calls the callback; 0, or -1 on error.
///
/// # Safety
///
/// `info` comes from [`hg_init`] and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hg_process_msg(info: *mut Info<Handler>) -> c_int {
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
    let delivery = HostAppDelivery::parse(text).map_err(|error| match error {
        EnvelopeError::Version(_) => "invalid version".to_owned(),
        EnvelopeError::NotJson | EnvelopeError::Missing(_) => error.to_string(),
    })?;
    let source = CString::new(delivery.source).map_err(|_| "failed to parse source_addr")?;
    let instance = CString::new(delivery.instance).map_err(|_| "failed to parse source_instance")?;
    let delivered = with_object(delivery.data.as_str(), |object| {
        if let Some(handler) = handler {
            // SAFETY: the application has given this function for that; all pointers live during the call.
            unsafe { handler(source.as_ptr(), instance.as_ptr(), object) }
        }
    });
    if delivered { Ok(()) } else { Err("failed to parse msg".to_owned()) }
}

/// `int hg_send_msg(hg_info_t *, const char *dest_addr, const char *dest_instance, const char *msg)`: sends `msg`, which
/// is JSON, to an application in a VM; 0, or -1 on error.
///
/// # Safety
///
/// `info` comes from [`hg_init`] and no other thread uses it; the texts are strings of C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hg_send_msg(
    info: *mut Info<Handler>,
    dest_addr: *const c_char,
    dest_instance: *const c_char,
    msg: *const c_char,
) -> c_int {
    guarded(-1, || {
        // SAFETY: the caller's promise.
        let (info, dest, instance, msg) =
            unsafe { (info.as_mut(), borrow(dest_addr), borrow(dest_instance), borrow(msg)) };
        let Some(info) = info else {
            return -1;
        };
        let Some(data) = msg.as_deref().and_then(application_data) else {
            return info.fail("failed to parse msg");
        };
        let Some(dest) = dest.as_deref().and_then(application_address) else {
            return info.fail("invalid destination address");
        };
        let instance = instance.map(String::from).unwrap_or_default();
        info.send(&HostAppRequest { data, dest, instance }.compose())
    })
}

/// `char *hg_get_error(hg_info_t *)`: the text of the last error.
///
/// # Safety
///
/// `info` comes from [`hg_init`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hg_get_error(info: *mut Info<Handler>) -> *mut c_char {
    // SAFETY: the caller's promise.
    guarded(std::ptr::null_mut(), || unsafe { info.as_mut() }.map_or(std::ptr::null_mut(), Info::error))
}

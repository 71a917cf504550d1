//! `libservergroup.so.2`: messages between the VMs of a server group.
//!
//! Drop-in for the library of that name; its header is `include/server_group.h`. A process is one member: the state is
//! the process's, as in the original, and not for several threads at a time. A callback may call the library.
//!
//! Every function catches panics at its edge and then gives its error value.
//!
//! Contract: guest 2.4.

use std::cell::UnsafeCell;
use std::ffi::{c_char, c_int, c_uint, c_ushort, c_void};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use guest_comm::server_group::{GroupError, Heard, Member};
use guest_comm_abi::barrier::guarded;
use guest_comm_abi::json_c::{JsonObject, text_of};
use guest_comm_abi::text::{ERROR_SIZE, ErrorText, borrow, terminated, write_error};

/// `sg_broadcast_msg_handler_t`: the instance that says something, and what it says.
pub type BroadcastHandler =
    unsafe extern "C" fn(source_instance: *mut c_char, message: *mut c_void, length: c_ushort);
/// `sg_notification_msg_handler_t` and `sg_status_msg_handler_t`: JSON text.
pub type TextHandler = unsafe extern "C" fn(message: *mut c_void, length: c_ushort);

#[derive(Clone, Copy, Default)]
struct Callbacks {
    broadcast: Option<BroadcastHandler>,
    notification: Option<TextHandler>,
    status: Option<TextHandler>,
}

struct State {
    member: Option<Member>,
    callbacks: Callbacks,
}

static STATE: Mutex<State> = Mutex::new(State {
    member: None,
    callbacks: Callbacks { broadcast: None, notification: None, status: None },
});

/// The text of the last error, to which callers have a pointer.
struct LastError(UnsafeCell<ErrorText>);

// SAFETY: written only while `STATE` is locked. Callers read it by pointer; that they don't do so while another thread
// calls the library is their promise (the library is not for several threads at a time).
unsafe impl Sync for LastError {}

static LAST_ERROR: LastError = LastError(UnsafeCell::new([0; ERROR_SIZE]));

fn lock() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn say(_locked: &MutexGuard<'_, State>, why: &str) -> c_int {
    // SAFETY: the state is locked, so nobody else writes; see `LastError` for readers.
    write_error(unsafe { &mut *LAST_ERROR.0.get() }, why);
    -1
}

/// Does something as the member this process is.
fn as_member(work: impl FnOnce(&mut Member) -> Result<(), GroupError>) -> c_int {
    let mut state = lock();
    let result = match &mut state.member {
        Some(member) => work(member).map_err(|error| error.to_string()),
        None => Err("not initialized".to_owned()),
    };
    match result {
        Ok(()) => 0,
        Err(why) => say(&state, &why),
    }
}

/// Hears something and tells the application. The callback runs without the lock.
fn hear(listen: impl FnOnce(&mut Member) -> Result<Option<Heard>, GroupError>) -> c_int {
    let mut heard = None;
    let result = as_member(|member| {
        heard = listen(member)?;
        Ok(())
    });
    if let Some(heard) = heard {
        let callbacks = lock().callbacks;
        tell(callbacks, &heard);
    }
    result
}

fn tell(callbacks: Callbacks, heard: &Heard) {
    match heard {
        Heard::Broadcast { source_instance, message } => {
            if let Some(callback) = callbacks.broadcast {
                let (mut source, _) = terminated(source_instance.as_bytes());
                let (mut text, length) = terminated(message.as_bytes());
                // SAFETY: the application has given this function for that; both texts live during the call.
                unsafe { callback(source.as_mut_ptr().cast(), text.as_mut_ptr().cast(), short(length)) }
            }
        }
        Heard::Notification(text) => tell_text(callbacks.notification, text.as_bytes()),
        Heard::Status(text) => tell_text(callbacks.status, text),
    }
}

fn tell_text(callback: Option<TextHandler>, text: &[u8]) {
    if let Some(callback) = callback {
        let (mut text, length) = terminated(text);
        // SAFETY: the application has given this function for that; the text lives during the call.
        unsafe { callback(text.as_mut_ptr().cast(), short(length)) }
    }
}

/// Messages come from datagrams of 4096 bytes, and the status is bounded.
fn short(length: usize) -> c_ushort {
    c_ushort::try_from(length).unwrap_or(c_ushort::MAX)
}

/// `int init_sg(broadcast, notification, status)`: becomes a member; gives the socket to wait on, or -1. Each callback
/// may be null.
#[unsafe(no_mangle)]
pub extern "C" fn init_sg(
    broadcast: Option<BroadcastHandler>,
    notification: Option<TextHandler>,
    status: Option<TextHandler>,
) -> c_int {
    guarded(-1, || {
        let mut state = lock();
        match Member::join() {
            Ok(member) => {
                let socket = member.as_fd().as_raw_fd();
                *state =
                    State { member: Some(member), callbacks: Callbacks { broadcast, notification, status } };
                socket
            }
            Err(error) => say(&state, &error.to_string()),
        }
    })
}

/// `int process_sg_msg()`: reads one datagram, if there is one, and calls the callback; 0, or -1 on error.
#[unsafe(no_mangle)]
pub extern "C" fn process_sg_msg() -> c_int {
    guarded(-1, || hear(Member::hear))
}

/// `int sg_msg_broadcast(void *msg, unsigned int len)`: says something to all other members; 0, or -1 on error. `len` is
/// not looked at.
///
/// # Safety
///
/// `msg` is a string of C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_msg_broadcast(msg: *mut c_void, _len: c_uint) -> c_int {
    guarded(-1, || {
        // SAFETY: the caller's promise.
        let text = unsafe { borrow(msg.cast_const().cast()) };
        as_member(|member| member.send("broadcast", 0, text.as_deref()))
    })
}

/// `int sg_request_status()`: asks how all members are; 0, or -1 on error.
#[unsafe(no_mangle)]
pub extern "C" fn sg_request_status() -> c_int {
    guarded(-1, || as_member(Member::request_status))
}

/// `char *sg_get_error()`: the text of the last error.
#[unsafe(no_mangle)]
pub extern "C" fn sg_get_error() -> *mut c_char {
    LAST_ERROR.0.get().cast()
}

/// `int sg_send_host_msg(const char *type, int seq, const char *data)`: sends a message of any type; 0, or -1 on error.
///
/// # Safety
///
/// `msg_type` is a string of C; `data` is one or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_send_host_msg(msg_type: *const c_char, seq: c_int, data: *const c_char) -> c_int {
    guarded(-1, || {
        // SAFETY: the caller's promise.
        let (msg_type, data) = unsafe { (borrow(msg_type), borrow(data)) };
        as_member(|member| member.send(msg_type.as_deref().unwrap_or_default(), seq, data.as_deref()))
    })
}

/// `int dispatch_sg_msg(json_object *)`: what the host says, the value of `data`; 0, or -1 on error.
///
/// # Safety
///
/// `message` is null or a live object of json-c.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dispatch_sg_msg(message: *mut JsonObject) -> c_int {
    guarded(-1, || {
        // SAFETY: the caller's promise.
        let text = unsafe { text_of(message) };
        hear(|member| member.session().on_message(&text))
    })
}

/// `int handle_status_resp(unsigned int seq, const char *msg, unsigned int len)`: the status of one member; 0, or -1 on
/// error.
///
/// # Safety
///
/// `len` bytes can be read at `msg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn handle_status_resp(seq: c_uint, msg: *const c_char, len: c_uint) -> c_int {
    guarded(-1, || {
        let server = match usize::try_from(len) {
            Ok(length) if !msg.is_null() => {
                // SAFETY: the caller's promise; not null.
                unsafe { std::slice::from_raw_parts(msg.cast::<u8>(), length) }
            }
            _ => &[],
        };
        as_member(|member| Ok(member.session().query().on_response(seq, server)?))
    })
}

/// `int handle_status_resp_done(unsigned int seq)`: the status of all members has come; 0, or -1 on error.
#[unsafe(no_mangle)]
pub extern "C" fn handle_status_resp_done(seq: c_uint) -> c_int {
    guarded(-1, || hear(|member| Ok(Some(Heard::Status(member.session().query().on_done(seq)?)))))
}

/// `int ensure_status_buf_size(unsigned int size)`: whether so many bytes of status can be held; 0, or -1 if not. Nothing
/// is kept for it: the status grows as it comes.
#[unsafe(no_mangle)]
pub extern "C" fn ensure_status_buf_size(size: c_uint) -> c_int {
    guarded(-1, || {
        let room = usize::try_from(size).map(|size| Vec::<u8>::new().try_reserve_exact(size));
        if matches!(room, Ok(Ok(()))) {
            return 0;
        }
        let mut state = lock();
        if let Some(member) = &mut state.member {
            member.session().query().cancel();
        }
        say(&state, &format!("unable to realloc buffer to size {size}"))
    })
}

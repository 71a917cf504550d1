//! The exported functions. Contract: guest 2.2.
//!
//! No panic leaves a function, and no lock is held while a callback runs.

use std::ffi::{CStr, c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use guest_protocol::heartbeat::application::{
    ApplicationMessage, LOG_SIZE, NAME_SIZE, Registration, action, event, notification, vote,
};

use crate::names::{ACTIONS, EVENTS, NOTIFICATIONS, VOTES, word};
use crate::session::{Arrived, Outcome, Session};

/// Where guest_client listens.
const ADDRESS: &str = "/var/run/.guest_heartbeat_api";
/// Another place, for tests and trials.
const ADDRESS_VARIABLE: &str = "GUEST_HEARTBEAT_API_SOCKET";

/// What an application tells of itself.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct InitData {
    application_name: [c_char; NAME_SIZE],
    heartbeat_interval_ms: c_int,
    vote_secs: c_int,
    shutdown_notice_secs: c_int,
    suspend_notice_secs: c_int,
    resume_notice_secs: c_int,
    corrective_action: c_int,
}

type RegisterState = extern "C" fn(bool);
type HealthCheck = extern "C" fn(*mut bool, *mut c_int, *mut c_char);
type ActionNotify = extern "C" fn(c_int, c_int, c_int);

/// What the library calls.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Callbacks {
    register_state: Option<RegisterState>,
    health_check: Option<HealthCheck>,
    action_notify: Option<ActionNotify>,
}

const _: () = {
    assert!(size_of::<InitData>() == 64);
    assert!(std::mem::offset_of!(InitData, heartbeat_interval_ms) == 40);
    assert!(std::mem::offset_of!(InitData, vote_secs) == 44);
    assert!(std::mem::offset_of!(InitData, shutdown_notice_secs) == 48);
    assert!(std::mem::offset_of!(InitData, suspend_notice_secs) == 52);
    assert!(std::mem::offset_of!(InitData, resume_notice_secs) == 56);
    assert!(std::mem::offset_of!(InitData, corrective_action) == 60);
    assert!(size_of::<Callbacks>() == 24);
    assert!(std::mem::offset_of!(Callbacks, health_check) == 8);
    assert!(std::mem::offset_of!(Callbacks, action_notify) == 16);
};

struct Library {
    session: Session,
    callbacks: Callbacks,
}

const NO_CALLBACKS: Callbacks = Callbacks { register_state: None, health_check: None, action_notify: None };

static LIBRARY: Mutex<Option<Library>> = Mutex::new(None);

fn lock() -> MutexGuard<'static, Option<Library>> {
    LIBRARY.lock().unwrap_or_else(PoisonError::into_inner)
}

fn with<T>(work: impl FnOnce(&mut Library) -> T) -> T {
    let mut library = lock();
    work(library.get_or_insert_with(|| Library { session: Session::default(), callbacks: NO_CALLBACKS }))
}

/// Runs a function's body; a panic becomes `otherwise`.
fn guarded<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(otherwise)
}

/// The text at a pointer, at most `limit` bytes; empty for NULL.
///
/// # Safety
/// The pointer is NULL, or points to bytes that end with a NUL or are at least `limit`.
unsafe fn text(pointer: *const c_char, limit: usize) -> String {
    if pointer.is_null() {
        return String::new();
    }
    let mut bytes = Vec::new();
    for index in 0..limit {
        // SAFETY: no NUL was found before, so by the function's contract this byte may be read.
        let byte = unsafe { *pointer.add(index) }.cast_unsigned();
        if byte == 0 {
            break;
        }
        bytes.push(byte);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn unsigned(value: c_int) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// The word of a corrective action.
#[unsafe(no_mangle)]
pub extern "C" fn guest_heartbeat_api_action_str(action: c_int) -> *const c_char {
    word(&ACTIONS, action, c"action-???").as_ptr()
}

/// The word of an event.
#[unsafe(no_mangle)]
pub extern "C" fn guest_heartbeat_api_event_str(event: c_int) -> *const c_char {
    word(&EVENTS, event, c"event-???").as_ptr()
}

/// The word of a kind of notification.
#[unsafe(no_mangle)]
pub extern "C" fn guest_heartbeat_api_notify_str(notify: c_int) -> *const c_char {
    word(&NOTIFICATIONS, notify, c"notify-???").as_ptr()
}

/// The word of a vote.
#[unsafe(no_mangle)]
pub extern "C" fn guest_heartbeat_api_vote_result_str(vote_result: c_int) -> *const c_char {
    word(&VOTES, vote_result, c"vote-???").as_ptr()
}

/// Begins: takes over the callbacks. All three have to be there.
///
/// # Safety
/// `callbacks` is NULL or points to a structure of callbacks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn guest_heartbeat_api_initialize(callbacks: *const Callbacks) -> c_int {
    guarded(Outcome::Failed, || {
        if callbacks.is_null() {
            return Outcome::Failed;
        }
        // SAFETY: it is not NULL, and the caller gives a structure of callbacks.
        let callbacks = unsafe { *callbacks };
        let Callbacks { register_state: Some(_), health_check: Some(_), action_notify: Some(_) } = callbacks
        else {
            return Outcome::Failed;
        };
        *lock() = Some(Library { session: Session::default(), callbacks });
        Outcome::Okay
    }) as c_int
}

/// Connects when needed and asks to be watched. What comes of it is told to `register_state`.
///
/// # Safety
/// `init_data` is NULL or points to a structure of init data.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn guest_heartbeat_api_register(init_data: *const InitData) -> c_int {
    guarded(Outcome::Failed, || {
        if init_data.is_null() {
            return Outcome::Failed;
        }
        // SAFETY: it is not NULL, and the caller gives a structure of init data.
        let data = unsafe { *init_data };
        // SAFETY: the name is an array of that size.
        let name = unsafe { text(data.application_name.as_ptr(), NAME_SIZE) };
        let registration = Registration {
            name,
            heartbeat_interval: Duration::from_millis(unsigned(data.heartbeat_interval_ms)),
            vote: Duration::from_secs(unsigned(data.vote_secs)),
            shutdown_notice: Duration::from_secs(unsigned(data.shutdown_notice_secs)),
            suspend_notice: Duration::from_secs(unsigned(data.suspend_notice_secs)),
            resume_notice: Duration::from_secs(unsigned(data.resume_notice_secs)),
            corrective_action: action(data.corrective_action.cast_unsigned()),
        };
        let address =
            std::env::var_os(ADDRESS_VARIABLE).map_or_else(|| PathBuf::from(ADDRESS), PathBuf::from);
        with(|library| match library.session.connect(&address) {
            Outcome::Okay => library.session.send(&ApplicationMessage::Init(registration)),
            other => other,
        })
    }) as c_int
}

/// Takes its leave; the connection stays.
///
/// # Safety
/// `log_msg` is NULL or points to a text that ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn guest_heartbeat_api_deregister(log_msg: *const c_char) -> c_int {
    guarded(Outcome::Failed, || {
        // SAFETY: by the function's contract.
        let log = unsafe { text(log_msg, LOG_SIZE) };
        with(|library| library.session.send(&ApplicationMessage::Final { log }))
    }) as c_int
}

/// Votes, or tells that it is prepared.
///
/// # Safety
/// `log_msg` is NULL or points to a text that ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn guest_heartbeat_api_send_action_response(
    invocation_id: c_int,
    event_type: c_int,
    notify_type: c_int,
    vote_result: c_int,
    log_msg: *const c_char,
) -> c_int {
    guarded(Outcome::Failed, || {
        // SAFETY: by the function's contract.
        let log = unsafe { text(log_msg, LOG_SIZE) };
        let message = ApplicationMessage::ActionResponse {
            invocation_id: invocation_id.cast_unsigned(),
            event: event(event_type.cast_unsigned()),
            notification: notification(notify_type.cast_unsigned()),
            vote: vote(vote_result.cast_unsigned()),
            log,
        };
        with(|library| library.session.send(&message))
    }) as c_int
}

/// What to poll; -1 without a connection.
#[unsafe(no_mangle)]
pub extern "C" fn guest_heartbeat_api_get_selobj() -> c_int {
    guarded(-1, || with(|library| library.session.fd()))
}

/// Reads once and calls the callbacks for all that is complete.
#[unsafe(no_mangle)]
pub extern "C" fn guest_heartbeat_api_dispatch(selobj: c_int) {
    guarded((), || {
        let arrived = with(|library| {
            let ours = selobj >= 0 && selobj == library.session.fd();
            if ours { library.session.receive() } else { Arrived::Nothing }
        });
        match arrived {
            Arrived::Messages(messages) => messages.into_iter().for_each(deliver),
            Arrived::Dropped => registered(false),
            Arrived::Nothing => {}
        }
    });
}

fn callbacks() -> Callbacks {
    with(|library| library.callbacks)
}

fn registered(accepted: bool) {
    if let Some(register_state) = callbacks().register_state {
        register_state(accepted);
    }
}

fn deliver(message: ApplicationMessage) {
    match message {
        ApplicationMessage::InitAck { accepted } => registered(accepted),
        ApplicationMessage::Challenge { challenge } => answer(challenge),
        ApplicationMessage::ActionNotify { invocation_id, event, notification } => {
            if let Some(action_notify) = callbacks().action_notify {
                let number = |number: u32| number.cast_signed();
                action_notify(number(invocation_id), number(event.number()), number(notification.number()));
            }
        }
        // Those are ours to send.
        ApplicationMessage::Init(_)
        | ApplicationMessage::Final { .. }
        | ApplicationMessage::ChallengeResponse { .. }
        | ApplicationMessage::ActionResponse { .. } => {}
    }
}

fn answer(challenge: u32) {
    let (mut healthy, mut wanted) = (true, 1);
    let mut log = [0; LOG_SIZE];
    if let Some(health_check) = callbacks().health_check {
        health_check(&raw mut healthy, &raw mut wanted, log.as_mut_ptr());
    }
    if let Some(last) = log.last_mut() {
        *last = 0;
    }
    let bytes = log.map(c_char::cast_unsigned);
    let log = CStr::from_bytes_until_nul(&bytes).map(CStr::to_string_lossy).unwrap_or_default();
    let message = ApplicationMessage::ChallengeResponse {
        response: challenge,
        healthy,
        corrective_action: action(wanted.cast_unsigned()),
        log: log.into_owned(),
    };
    with(|library| library.session.send(&message));
}

/// Ends: closes the connection and forgets the callbacks.
#[unsafe(no_mangle)]
pub extern "C" fn guest_heartbeat_api_finalize() -> c_int {
    guarded(Outcome::Failed, || {
        *lock() = None;
        Outcome::Okay
    }) as c_int
}

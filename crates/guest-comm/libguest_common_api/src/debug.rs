//! `guest_api_debug.h`: lines to the system log.

use std::ffi::{CString, c_char, c_int, c_void};
use std::panic::Location;
use std::sync::atomic::{AtomicI32, Ordering};

use guest_comm_abi::barrier::guarded;

use crate::types::{GuestApiError, OKAY};

/// `GuestApiDebugLogLevelT`.
pub type Level = c_int;

/// Something failed.
pub const ERROR: Level = 0;
/// Something happened; lines up to this one are wanted at first.
pub const INFO: Level = 1;
/// How something happened.
pub const DEBUG: Level = 2;
/// Everything.
pub const VERBOSE: Level = 3;

/// Longest line, bytes, with its NUL.
const LINE: usize = 256;
const LOG_INFO: c_int = 6;

static LEVEL: AtomicI32 = AtomicI32::new(INFO);

unsafe extern "C" {
    fn syslog(priority: c_int, format: *const c_char, ...);
    fn vsnprintf(buffer: *mut c_char, size: usize, format: *const c_char, arguments: *mut c_void) -> c_int;
}

fn name(level: Level) -> &'static std::ffi::CStr {
    match level {
        ERROR => c"error",
        INFO => c" info",
        DEBUG => c"debug",
        VERBOSE => c" verb",
        _ => c"???",
    }
}

/// `const char *guest_api_debug_log_level_str(level)`: its name; `???` for what is none.
#[unsafe(no_mangle)]
pub extern "C" fn guest_api_debug_log_level_str(level: Level) -> *const c_char {
    name(level).as_ptr()
}

/// `void guest_api_debug_set_log_level(level)`: lines up to this level are wanted.
#[unsafe(no_mangle)]
pub extern "C" fn guest_api_debug_set_log_level(level: Level) {
    LEVEL.store(level, Ordering::Relaxed);
}

/// `bool guest_api_debug_want_log(level)`: whether lines of this level are wanted.
#[unsafe(no_mangle)]
pub extern "C" fn guest_api_debug_want_log(level: Level) -> bool {
    level <= LEVEL.load(Ordering::Relaxed)
}

/// `GuestApiErrorT guest_api_debug_initialize(char process_name[])`: the level is INFO again. The name is not used: the
/// system log knows it.
#[unsafe(no_mangle)]
pub extern "C" fn guest_api_debug_initialize(_process_name: *const c_char) -> GuestApiError {
    guest_api_debug_set_log_level(INFO);
    OKAY
}

/// `GuestApiErrorT guest_api_debug_finalize(void)`: the level is INFO again.
#[unsafe(no_mangle)]
pub extern "C" fn guest_api_debug_finalize() -> GuestApiError {
    guest_api_debug_set_log_level(INFO);
    OKAY
}

/// `void guest_api_debug_log(const char *format, ...)`: a line of at most 255 bytes to the system log.
///
/// Rust has no variadic functions; this one lays its arguments out as a `va_list` (System V ABI, 3.5.7) and hands it on.
///
/// # Safety
///
/// `format` and the arguments are as `printf` wants them.
#[cfg(target_arch = "x86_64")]
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub unsafe extern "C" fn guest_api_debug_log(_format: *const c_char) {
    std::arch::naked_asm!(
        // on the stack: the va_list at 0x00, the registers at 0x20
        "sub rsp, 0xd8",
        "mov [rsp + 0x20], rdi",
        "mov [rsp + 0x28], rsi",
        "mov [rsp + 0x30], rdx",
        "mov [rsp + 0x38], rcx",
        "mov [rsp + 0x40], r8",
        "mov [rsp + 0x48], r9",
        // al tells whether there are arguments in vector registers
        "test al, al",
        "je 2f",
        "movaps [rsp + 0x50], xmm0",
        "movaps [rsp + 0x60], xmm1",
        "movaps [rsp + 0x70], xmm2",
        "movaps [rsp + 0x80], xmm3",
        "movaps [rsp + 0x90], xmm4",
        "movaps [rsp + 0xa0], xmm5",
        "movaps [rsp + 0xb0], xmm6",
        "movaps [rsp + 0xc0], xmm7",
        "2:",
        // one general register is used up by the format, no vector register is
        "mov dword ptr [rsp], 8",
        "mov dword ptr [rsp + 4], 48",
        // further arguments lie behind the return address
        "lea rax, [rsp + 0xe0]",
        "mov [rsp + 8], rax",
        "lea rax, [rsp + 0x20]",
        "mov [rsp + 16], rax",
        "mov rsi, rsp",
        "call {log}",
        "add rsp, 0xd8",
        "ret",
        log = sym log_arguments,
    )
}

#[cfg(not(target_arch = "x86_64"))]
compile_error!("guest_api_debug_log lays out a va_list, which is written for x86-64 only");

/// # Safety
///
/// `format` and `arguments`, a `va_list`, are as `vprintf` wants them.
unsafe extern "C" fn log_arguments(format: *const c_char, arguments: *mut c_void) {
    guarded((), || {
        if format.is_null() {
            return;
        }
        let mut line = [0; LINE];
        // SAFETY: the buffer has its size, the rest is the caller's promise; `vsnprintf` ends the line with NUL.
        unsafe {
            vsnprintf(line.as_mut_ptr(), line.len(), format, arguments);
            syslog(LOG_INFO, c"%s".as_ptr(), line.as_ptr());
        }
    });
}

/// A line of this library itself.
#[track_caller]
pub(crate) fn say(level: Level, text: &str) {
    if !guest_api_debug_want_log(level) {
        return;
    }
    let place = Location::caller();
    let file = place.file().rsplit('/').next().unwrap_or_default();
    let mut line = format!("{}: {file}({}): {text}", name(level).to_string_lossy(), place.line());
    while line.len() >= LINE {
        line.pop();
    }
    if let Ok(line) = CString::new(line) {
        // SAFETY: both are strings of C, and the format wants one.
        unsafe { syslog(LOG_INFO, c"%s".as_ptr(), line.as_ptr()) };
    }
}

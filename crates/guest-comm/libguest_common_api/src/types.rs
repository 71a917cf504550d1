//! `guest_api_types.h`.

use std::ffi::{c_char, c_int};

/// `GuestApiErrorT`: how a function ended.
pub type GuestApiError = c_int;

/// It is done.
pub const OKAY: GuestApiError = 0;
/// It failed.
pub const FAILED: GuestApiError = 1;
/// A signal came between.
pub const INTERRUPTED: GuestApiError = 2;
/// It may succeed later.
pub const TRY_AGAIN: GuestApiError = 3;

/// `const char *guest_api_error_str(GuestApiErrorT)`: its name; `???` for what is none.
#[unsafe(no_mangle)]
pub extern "C" fn guest_api_error_str(error: GuestApiError) -> *const c_char {
    let name = match error {
        OKAY => c"OKAY",
        FAILED => c"FAILED",
        INTERRUPTED => c"INTERRUPTED",
        TRY_AGAIN => c"TRY_AGAIN",
        _ => c"???",
    };
    name.as_ptr()
}

//! `guest_api_stream.h`: a buffer in which messages are found by their delimiter.
//!
//! The caller reads into the buffer itself: it writes at `end_ptr`, at most `avail` bytes, and then moves `end_ptr`,
//! `avail` and `size`. So every field is looked at before it is believed.

use std::ffi::{c_char, c_int, c_void};
use std::ptr::null_mut;

use guest_comm_abi::barrier::guarded;

use crate::debug::{ERROR, say};
use crate::types::{FAILED, GuestApiError, OKAY};

/// `GuestApiStreamT`.
#[repr(C)]
#[derive(Debug)]
pub struct GuestApiStream {
    delimiter: *mut c_char,
    delimiter_size: c_int,
    end_ptr: *mut c_char,
    bytes: *mut c_char,
    avail: c_int,
    size: c_int,
    max_size: c_int,
}

const _: () = {
    assert!(std::mem::size_of::<GuestApiStream>() == 48);
    assert!(std::mem::offset_of!(GuestApiStream, delimiter) == 0);
    assert!(std::mem::offset_of!(GuestApiStream, delimiter_size) == 8);
    assert!(std::mem::offset_of!(GuestApiStream, end_ptr) == 16);
    assert!(std::mem::offset_of!(GuestApiStream, bytes) == 24);
    assert!(std::mem::offset_of!(GuestApiStream, avail) == 32);
    assert!(std::mem::offset_of!(GuestApiStream, size) == 36);
    assert!(std::mem::offset_of!(GuestApiStream, max_size) == 40);
};

unsafe extern "C" {
    // a caller may have a copy of the structure, and the original's users may free its parts: these are malloc's
    fn calloc(count: usize, size: usize) -> *mut c_void;
    fn free(memory: *mut c_void);
}

fn count(number: c_int) -> usize {
    usize::try_from(number).unwrap_or(0)
}

impl GuestApiStream {
    /// The delimiter and what is in the buffer.
    fn parts(&mut self) -> (&[u8], &mut [u8]) {
        if self.bytes.is_null() || self.delimiter.is_null() {
            return (&[], &mut []);
        }
        let size = count(self.size.min(self.max_size));
        // SAFETY: `setup` has allocated `delimiter_size` and `max_size` bytes, all of them written; `size` is not
        // larger. The two don't overlap.
        unsafe {
            (
                std::slice::from_raw_parts(self.delimiter.cast::<u8>(), count(self.delimiter_size)),
                std::slice::from_raw_parts_mut(self.bytes.cast::<u8>(), size),
            )
        }
    }

    /// Where the first delimiter ends: the index behind it.
    fn behind_delimiter(&mut self) -> Option<usize> {
        let (delimiter, bytes) = self.parts();
        if delimiter.is_empty() {
            return None;
        }
        bytes.windows(delimiter.len()).position(|window| window == delimiter).map(|at| at + delimiter.len())
    }

    /// Drops the first `gone` bytes.
    fn drop_front(&mut self, gone: usize) {
        let (_, bytes) = self.parts();
        let gone = gone.min(bytes.len());
        bytes.copy_within(gone.., 0);
        let left = bytes.len() - gone;
        self.set_size(left);
    }

    fn set_size(&mut self, size: usize) {
        self.size = c_int::try_from(size).unwrap_or(0);
        self.avail = self.max_size - self.size;
        self.end_ptr = self.bytes.wrapping_add(size);
    }

    fn empty(&mut self) {
        self.size = self.max_size;
        self.parts().1.fill(0);
        self.set_size(0);
    }
}

/// `int guest_api_stream_get(stream *)`: index of the first delimiter's last byte, or -1.
///
/// # Safety
///
/// `stream` is null or was set up by [`guest_api_stream_setup`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn guest_api_stream_get(stream: *mut GuestApiStream) -> c_int {
    guarded(-1, || {
        // SAFETY: the caller's promise.
        let behind = unsafe { stream.as_mut() }.and_then(GuestApiStream::behind_delimiter);
        behind.and_then(|behind| c_int::try_from(behind - 1).ok()).unwrap_or(-1)
    })
}

/// `bool guest_api_stream_get_next(stream *)`: drops what lies before the first delimiter, which is then the beginning.
/// Without a delimiter all is dropped, but for less than a delimiter's length.
///
/// # Safety
///
/// `stream` is null or was set up by [`guest_api_stream_setup`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn guest_api_stream_get_next(stream: *mut GuestApiStream) -> bool {
    guarded(false, || {
        // SAFETY: the caller's promise.
        let Some(stream) = (unsafe { stream.as_mut() }) else {
            return false;
        };
        if stream.delimiter_size > stream.size {
            return false;
        }
        match stream.behind_delimiter() {
            Some(behind) => {
                stream.drop_front(behind - count(stream.delimiter_size));
                true
            }
            None => {
                stream.empty();
                false
            }
        }
    })
}

/// `void guest_api_stream_advance(int, stream *)`: drops that many bytes.
///
/// # Safety
///
/// `stream` is null or was set up by [`guest_api_stream_setup`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn guest_api_stream_advance(advance: c_int, stream: *mut GuestApiStream) {
    guarded((), || {
        // SAFETY: the caller's promise.
        if let Some(stream) = unsafe { stream.as_mut() } {
            stream.drop_front(count(advance));
        }
    });
}

/// `void guest_api_stream_reset(stream *)`: drops everything.
///
/// # Safety
///
/// `stream` is null or was set up by [`guest_api_stream_setup`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn guest_api_stream_reset(stream: *mut GuestApiStream) {
    guarded((), || {
        // SAFETY: the caller's promise.
        if let Some(stream) = unsafe { stream.as_mut() } {
            stream.empty();
        }
    });
}

/// `GuestApiErrorT guest_api_stream_setup(const char *delimiter, int delimiter_size, int stream_size, stream *)`: makes
/// an empty stream for `stream_size` bytes. The delimiter is copied.
///
/// # Safety
///
/// `delimiter_size` bytes can be read at `delimiter`; `stream` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn guest_api_stream_setup(
    delimiter: *const c_char,
    delimiter_size: c_int,
    stream_size: c_int,
    stream: *mut GuestApiStream,
) -> GuestApiError {
    guarded(FAILED, || {
        if stream.is_null() || delimiter.is_null() || delimiter_size < 0 || stream_size < 0 {
            return FAILED;
        }
        // SAFETY: plain allocations, each checked before it is used; the delimiter is the caller's promise, and
        // `stream` is not null and may be written.
        unsafe {
            let copy = calloc(count(delimiter_size).max(1), 1).cast::<c_char>();
            let bytes = calloc(count(stream_size).max(1), 1).cast::<c_char>();
            if copy.is_null() || bytes.is_null() {
                free(copy.cast());
                free(bytes.cast());
                say(ERROR, &format!("Failed to allocate stream storage, needed={stream_size}."));
                return FAILED;
            }
            copy.copy_from_nonoverlapping(delimiter, count(delimiter_size));
            stream.write(GuestApiStream {
                delimiter: copy,
                delimiter_size,
                end_ptr: bytes,
                bytes,
                avail: stream_size,
                size: 0,
                max_size: stream_size,
            });
        }
        OKAY
    })
}

/// `GuestApiErrorT guest_api_stream_release(stream *)`: frees what belongs to the stream; it is all zeros afterwards.
///
/// # Safety
///
/// `stream` is null, all zeros, or was set up by [`guest_api_stream_setup`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn guest_api_stream_release(stream: *mut GuestApiStream) -> GuestApiError {
    guarded(FAILED, || {
        // SAFETY: the caller's promise.
        let Some(stream) = (unsafe { stream.as_mut() }) else {
            return FAILED;
        };
        let parts = [stream.delimiter, stream.bytes];
        *stream = GuestApiStream {
            delimiter: null_mut(),
            delimiter_size: 0,
            end_ptr: null_mut(),
            bytes: null_mut(),
            avail: 0,
            size: 0,
            max_size: 0,
        };
        for part in parts {
            // SAFETY: from calloc, or null; nobody has it any more.
            unsafe { free(part.cast()) };
        }
        OKAY
    })
}

//! Strings of C in and out.

use std::borrow::Cow;
use std::ffi::{CStr, c_char};

/// The string at `text`; `None` for a null pointer. Bytes that are not UTF-8 are replaced.
///
/// # Safety
///
/// `text` is null or points to a string that ends with NUL and is not changed while the result is used.
pub unsafe fn borrow<'a>(text: *const c_char) -> Option<Cow<'a, str>> {
    if text.is_null() {
        return None;
    }
    // SAFETY: not null; the rest is the caller's promise.
    Some(unsafe { CStr::from_ptr(text) }.to_string_lossy())
}

/// Bytes of the text of an error, with its NUL.
pub const ERROR_SIZE: usize = 400;

/// The text of an error, as C finds it.
pub type ErrorText = [c_char; ERROR_SIZE];

/// Writes `text` as a string of C, cut where it does not fit. (The original has room for one byte less than there is.)
pub fn write_error(buffer: &mut ErrorText, text: &str) {
    let mut end = text.len().min(ERROR_SIZE - 2);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    buffer.fill(0);
    let bytes = text.as_bytes().iter().take(end).take_while(|byte| **byte != 0);
    for (place, byte) in buffer.iter_mut().zip(bytes) {
        *place = c_char::from_ne_bytes([*byte]);
    }
}

/// `bytes` with a NUL behind them, and their length up to their first NUL.
pub fn terminated(bytes: &[u8]) -> (Vec<u8>, usize) {
    let length = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let mut text = bytes.to_vec();
    text.push(0);
    (text, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(buffer: &ErrorText) -> String {
        // SAFETY: the buffer ends with NUL, as the last assertion of each case shows.
        unsafe { borrow(buffer.as_ptr()) }.unwrap().into_owned()
    }

    #[test]
    fn errors_are_cut_to_their_buffer() {
        let mut buffer = [1; ERROR_SIZE];
        write_error(&mut buffer, "why");
        assert_eq!(read(&buffer), "why");
        write_error(&mut buffer, &"é".repeat(300));
        assert_eq!(read(&buffer), "é".repeat(199));
        assert_eq!(buffer[ERROR_SIZE - 1], 0);
        write_error(&mut buffer, "");
        assert_eq!(read(&buffer), "");
    }

    #[test]
    fn strings_come_from_c() {
        // SAFETY: a null pointer, and literals with their NUL.
        unsafe {
            assert_eq!(borrow(std::ptr::null()), None);
            assert_eq!(borrow(c"text".as_ptr()).unwrap(), "text");
            assert_eq!(borrow(c"\xff".as_ptr()).unwrap(), "\u{fffd}");
        }
        assert_eq!(terminated(b"ab\0c"), (b"ab\0c\0".to_vec(), 2));
    }
}

//! Objects of the system's json-c.

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr::NonNull;

/// `struct json_object` of json-c.
#[repr(C)]
pub struct JsonObject {
    _private: [u8; 0],
}

/// Without blanks.
const JSON_C_TO_STRING_PLAIN: c_int = 0;

#[link(name = "json-c")]
unsafe extern "C" {
    fn json_tokener_parse(text: *const c_char) -> *mut JsonObject;
    fn json_object_to_json_string_ext(object: *mut JsonObject, flags: c_int) -> *const c_char;
    fn json_object_put(object: *mut JsonObject) -> c_int;
}

/// A reference to an object, given back when it is dropped.
#[derive(Debug)]
pub struct Owned(NonNull<JsonObject>);

impl Owned {
    /// What json-c finds in `text`; `None` for what it cannot read, and for `null`, which has no object.
    pub fn parse(text: &CStr) -> Option<Self> {
        // SAFETY: `text` ends with NUL; json-c keeps no pointer to it.
        NonNull::new(unsafe { json_tokener_parse(text.as_ptr()) }).map(Self)
    }

    /// The object, for a call that does not keep it.
    pub fn as_ptr(&self) -> *mut JsonObject {
        self.0.as_ptr()
    }

    /// Its text without blanks.
    pub fn text(&self) -> String {
        // SAFETY: the object lives as long as `self`.
        unsafe { text_of(self.as_ptr()) }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: we hold one reference and give it back once. Whoever took another one keeps the object.
        unsafe { json_object_put(self.as_ptr()) };
    }
}

/// The text of an object without blanks; `null` for a null pointer.
///
/// # Safety
///
/// `object` is null or a live object of json-c that no other thread uses.
pub unsafe fn text_of(object: *mut JsonObject) -> String {
    // SAFETY: json-c takes null, too; the rest is the caller's promise. The text belongs to the object and is copied.
    unsafe {
        let text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN);
        if text.is_null() { "null".to_owned() } else { CStr::from_ptr(text).to_string_lossy().into_owned() }
    }
}

/// Calls `use_it` with an object of `text`, which is given back afterwards; with null for `null`. False if json-c cannot
/// read it.
pub fn with_object(text: &str, use_it: impl FnOnce(*mut JsonObject)) -> bool {
    let Ok(c_text) = CString::new(text) else {
        return false;
    };
    match Owned::parse(&c_text) {
        Some(object) => use_it(object.as_ptr()),
        None if text == "null" => use_it(std::ptr::null_mut()),
        None => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_json_cs_own() {
        assert_eq!(Owned::parse(c"{'a': 1, }trailing").unwrap().text(), r#"{"a":1}"#);
        assert!(Owned::parse(c"nonsense").is_none());
        let mut seen = String::new();
        // SAFETY: the object lives during the call.
        assert!(with_object(r#"{"a":[1]}"#, |object| seen = unsafe { text_of(object) }));
        assert_eq!(seen, r#"{"a":[1]}"#);
        assert!(with_object("null", |object| assert!(object.is_null())));
        assert!(!with_object("nonsense", |_| panic!("there is no object")));
    }
}

//! No panic passes into C.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work`; gives `otherwise` when it panics. What was half done stays so: each function of the libraries works on
/// a handle that it leaves usable at every point.
pub fn guarded<T>(otherwise: T, work: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(otherwise)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_panic_becomes_the_error_of_the_function() {
        assert_eq!(super::guarded(-1, || 0), 0);
        assert_eq!(super::guarded(-1, || panic!("for the test")), -1);
    }
}

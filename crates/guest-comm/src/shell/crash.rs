//! A defect of ours leaves its trace in a file, and the process ends with 255, so that its supervisor starts it again.
//!
//! Contract: guest 1.2.

use std::backtrace::Backtrace;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// Sees to it that a panic is appended to `file` and ends the process.
pub fn leave_trace_in(file: impl Into<PathBuf>) {
    let file = file.into();
    std::panic::set_hook(Box::new(move |panic| {
        let trace = format!("\n{panic}\n{}\n", Backtrace::force_capture());
        let opened = OpenOptions::new().append(true).create(true).mode(0o700).open(&file);
        if opened.and_then(|mut file| file.write_all(trace.as_bytes())).is_err() {
            eprint!("{trace}");
        }
        std::process::exit(255);
    }));
}

//! Where a command writes.

use std::io::{IsTerminal, Write};

/// Standard output and standard error. What nobody reads any more is lost without a word.
pub struct Console {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    /// Whether a person sees standard output.
    pub out_is_terminal: bool,
    /// Whether a person sees standard error.
    pub err_is_terminal: bool,
}

impl Console {
    /// The process's own.
    pub fn standard() -> Self {
        let (out, err) = (std::io::stdout(), std::io::stderr());
        Self {
            out_is_terminal: out.is_terminal(),
            err_is_terminal: err.is_terminal(),
            out: Box::new(out),
            err: Box::new(err),
        }
    }

    /// To standard output, at once.
    pub fn out(&mut self, text: &str) {
        let _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
    }

    /// To standard error, at once.
    pub fn err(&mut self, text: &str) {
        let _ = self.err.write_all(text.as_bytes()).and_then(|()| self.err.flush());
    }
}

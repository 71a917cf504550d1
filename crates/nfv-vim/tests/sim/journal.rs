//! What happened, as lines: hashed all together, the last ones kept to be shown.

use nfv_common::time::Mono;
use std::collections::VecDeque;
use std::fmt::Display;
use std::hash::{DefaultHasher, Hash, Hasher};

const KEPT: usize = 60;

/// The journal of one run.
pub struct Journal {
    hasher: DefaultHasher,
    last: VecDeque<String>,
    /// Print every line at once.
    pub verbose: bool,
    /// Every line worth being shown, when wanted.
    pub whole: Option<Vec<(Mono, String)>>,
    /// Lines of routine are not even made: for measurements.
    pub silent: bool,
    /// How many lines there were.
    pub lines: u64,
}

impl Journal {
    /// An empty journal; `NFV_SIM_VERBOSE=1` prints it as it is written.
    pub fn new() -> Self {
        let verbose = std::env::var_os("NFV_SIM_VERBOSE").is_some();
        Self {
            hasher: DefaultHasher::new(),
            last: VecDeque::new(),
            verbose,
            whole: None,
            silent: false,
            lines: 0,
        }
    }

    /// Writes a line that is worth being shown.
    pub fn line(&mut self, now: Mono, text: &str) {
        self.count(now, text);
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        let line = format!("{:>10.3} {text}", now.since_origin().as_secs_f64());
        if self.verbose {
            println!("{line}");
        }
        self.last.push_back(line);
        if let Some(whole) = &mut self.whole {
            whole.push((now, text.to_owned()));
        }
    }

    /// Writes a line of routine: part of the hash, not shown.
    pub fn routine(&mut self, now: Mono, text: impl Display) {
        if self.silent {
            return;
        }
        let text = text.to_string();
        self.count(now, &text);
        if self.verbose {
            println!("{:>10.3}   {text}", now.since_origin().as_secs_f64());
        }
    }

    fn count(&mut self, now: Mono, text: &str) {
        now.hash(&mut self.hasher);
        text.hash(&mut self.hasher);
        self.lines += 1;
    }

    /// One number for the whole.
    pub fn hash(&self) -> u64 {
        self.hasher.finish()
    }

    /// The last lines.
    pub fn tail(&self) -> String {
        self.last.iter().map(|line| format!("{line}\n")).collect()
    }
}

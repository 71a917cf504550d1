//! How many lines of the log one VM may cause.
//!
//! A VM that sends nonsense must not fill the log of its host. Each source has a number of lines in a span of time; then
//! its lines are only counted, and the next span begins with how many there were.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Lines a source may cause in a span.
pub const LINES: u32 = 20;
/// The span.
pub const SPAN: Duration = Duration::from_secs(60);
/// Sources that are remembered.
const SOURCES: usize = 4096;

/// What is to be done with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Write it.
    Write,
    /// Write it, and that so many of the same source were not written before it.
    WriteAfter(u32),
    /// Don't write it.
    Drop,
}

#[derive(Debug)]
struct Span {
    since: Instant,
    lines: u32,
}

/// The lines of all sources.
#[derive(Debug, Default)]
pub struct LogBudget {
    spans: BTreeMap<String, Span>,
}

impl LogBudget {
    /// `source` wants to write a line.
    pub fn ask(&mut self, source: &str, now: Instant) -> Verdict {
        let over = |span: &Span| now.saturating_duration_since(span.since) >= SPAN;
        if self.spans.len() >= SOURCES {
            self.spans.retain(|_, span| !over(span));
        }
        let Some(span) = self.spans.get_mut(source) else {
            if self.spans.len() >= SOURCES {
                return Verdict::Drop;
            }
            self.spans.insert(source.to_owned(), Span { since: now, lines: 1 });
            return Verdict::Write;
        };
        if over(span) {
            let dropped = span.lines.saturating_sub(LINES);
            *span = Span { since: now, lines: 1 };
            return if dropped == 0 { Verdict::Write } else { Verdict::WriteAfter(dropped) };
        }
        span.lines = span.lines.saturating_add(1);
        if span.lines <= LINES { Verdict::Write } else { Verdict::Drop }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_says_too_much_is_counted_only() {
        let start = Instant::now();
        let mut budget = LogBudget::default();
        for _ in 0..LINES {
            assert_eq!(budget.ask("a", start), Verdict::Write);
        }
        for _ in 0..7 {
            assert_eq!(budget.ask("a", start + SPAN / 2), Verdict::Drop);
        }
        assert_eq!(budget.ask("b", start), Verdict::Write);
        assert_eq!(budget.ask("a", start + SPAN), Verdict::WriteAfter(7));
        assert_eq!(budget.ask("a", start + SPAN), Verdict::Write);
        assert_eq!(budget.ask("a", start + SPAN * 3), Verdict::Write);
    }

    #[test]
    fn sources_of_old_are_forgotten() {
        let start = Instant::now();
        let mut budget = LogBudget::default();
        for source in 0..SOURCES {
            assert_eq!(budget.ask(&source.to_string(), start), Verdict::Write);
        }
        assert_eq!(budget.ask("new", start), Verdict::Drop);
        assert_eq!(budget.ask("new", start + SPAN), Verdict::Write);
        assert_eq!(budget.spans.len(), 1);
    }
}

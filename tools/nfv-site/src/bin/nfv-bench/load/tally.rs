//! Answers, counted and judged.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// So many wrong answers are kept in words.
const TOLD: usize = 40;

/// What an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Right,
    /// Not what was wanted, but said so, and there was a fault to cause it.
    Honest,
    /// Neither.
    Wrong,
}

/// The answers to one kind of question.
#[derive(Debug, Clone, Default)]
pub struct Count {
    /// Right ones.
    pub right: u64,
    /// Honest ones.
    pub honest: u64,
    /// Wrong ones.
    pub wrong: u64,
    /// How long the right ones took, milliseconds.
    times: Vec<u32>,
}

impl Count {
    /// The time that this share of the right answers did not exceed, milliseconds.
    pub fn at(&self, share: f64) -> u32 {
        let mut times = self.times.clone();
        times.sort_unstable();
        let last = times.len().saturating_sub(1);
        times.get((last as f64 * share).round() as usize).copied().unwrap_or_default()
    }
}

#[derive(Debug, Default)]
struct Inner {
    counts: BTreeMap<&'static str, Count>,
    wrong: Vec<String>,
}

/// All answers, shared by those who ask.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<Mutex<Inner>>);

impl Tally {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more; `text` says what a wrong one was.
    pub fn add(&self, kind: &'static str, verdict: Verdict, took: Duration, text: impl FnOnce() -> String) {
        let mut inner = self.inner();
        let count = inner.counts.entry(kind).or_default();
        match verdict {
            Verdict::Right => {
                count.right += 1;
                count.times.push(u32::try_from(took.as_millis()).unwrap_or(u32::MAX));
            }
            Verdict::Honest => count.honest += 1,
            Verdict::Wrong => {
                count.wrong += 1;
                if inner.wrong.len() < TOLD {
                    let text = format!("{kind}: {}", text());
                    inner.wrong.push(text);
                }
            }
        }
    }

    /// Counts by kind of question.
    pub fn counts(&self) -> BTreeMap<&'static str, Count> {
        self.inner().counts.clone()
    }

    /// Right, honest and wrong ones of all kinds.
    pub fn sums(&self) -> (u64, u64, u64) {
        self.inner().counts.values().fold((0, 0, 0), |(right, honest, wrong), count| {
            (right + count.right, honest + count.honest, wrong + count.wrong)
        })
    }

    /// Wrong answers in words.
    pub fn wrong(&self) -> Vec<String> {
        self.inner().wrong.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_kind_and_wrong_ones_told() {
        let tally = Tally::default();
        for milliseconds in 1..=100 {
            tally.add("list", Verdict::Right, Duration::from_millis(milliseconds), String::new);
        }
        tally.add("list", Verdict::Honest, Duration::ZERO, String::new);
        tally.add("one", Verdict::Wrong, Duration::ZERO, || "404".to_owned());
        assert_eq!(tally.sums(), (100, 1, 1));
        assert_eq!((tally.counts()["list"].at(0.5), tally.counts()["list"].at(1.0)), (51, 100));
        assert_eq!(tally.wrong(), ["one: 404"]);
    }
}

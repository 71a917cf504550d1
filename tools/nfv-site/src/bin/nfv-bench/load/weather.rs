//! The faults so far, and what they excuse.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So long after its end a fault may still be felt: by what was under way, and by who waits before the next try.
const AFTERMATH: Duration = Duration::from_secs(15);

/// The kind of fault after which no token is known.
pub const TOKENS: &str = "tokens";

/// On what an answer depends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// nfv-vim-api, which is restarted at times.
    Api,
    /// Who knows tokens.
    Keystone,
    /// Nova, behind the proxy and behind the VIM.
    Nova,
    /// The neighbours that a strategy asks.
    Platform,
}

/// A fault.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Seconds since the load began.
    pub at: f64,
    /// `vm-crash`, `service`, ...
    pub kind: &'static str,
    /// What exactly.
    pub text: String,
    begun: Instant,
    until: Instant,
    hits: BTreeSet<Part>,
}

/// All faults, shared by who makes them and who judges answers.
#[derive(Debug, Clone)]
pub struct Weather {
    begun: Instant,
    faults: Arc<Mutex<Vec<Fault>>>,
    maintenance: Arc<AtomicBool>,
}

impl Weather {
    /// No faults; the load begins now.
    pub fn new() -> Self {
        Self { begun: Instant::now(), faults: Arc::default(), maintenance: Arc::default() }
    }

    /// A maintenance window begins or ends: in it users leave their servers alone, and only services fail. A strategy
    /// gives up when any server changes by itself; without such windows none would ever be applied to its end.
    pub fn set_maintenance(&self, on: bool) {
        self.maintenance.store(on, Ordering::Relaxed);
    }

    /// There is a maintenance window.
    pub fn is_maintenance(&self) -> bool {
        self.maintenance.load(Ordering::Relaxed)
    }

    fn faults(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seconds since the load began.
    pub fn now(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    /// A fault begins, and lasts so long.
    pub fn add(
        &self,
        kind: &'static str,
        text: String,
        lasts: Duration,
        hits: impl IntoIterator<Item = Part>,
    ) {
        let begun = Instant::now();
        let hits = hits.into_iter().collect();
        self.faults().push(Fault { at: self.now(), kind, text, begun, until: begun + lasts, hits });
    }

    /// Whether a fault could be felt by what was asked then and is answered now.
    pub fn excuses(&self, parts: &[Part], asked: Instant) -> bool {
        let now = Instant::now();
        self.faults().iter().any(|fault| {
            fault.begun <= now
                && fault.until + AFTERMATH >= asked
                && parts.iter().any(|part| fault.hits.contains(part))
        })
    }

    /// Whether tokens of that time may have been forgotten.
    pub fn has_forgotten_tokens(&self, since: Instant) -> bool {
        self.faults().iter().any(|fault| fault.kind == TOKENS && fault.begun >= since)
    }

    /// All so far.
    pub fn all(&self) -> Vec<Fault> {
        self.faults().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_excuses_what_depends_on_it_while_it_is_felt() {
        let weather = Weather::new();
        let asked = Instant::now();
        assert!(!weather.excuses(&[Part::Api, Part::Nova], asked));
        weather.add("service", String::new(), Duration::from_secs(1), [Part::Nova]);
        assert!(weather.excuses(&[Part::Api, Part::Nova], asked));
        assert!(!weather.excuses(&[Part::Api], asked));
        assert!(
            !weather.excuses(&[Part::Nova], asked + AFTERMATH + Duration::from_secs(2)),
            "it is long over"
        );
        assert!(!weather.has_forgotten_tokens(asked));
        weather.add(TOKENS, String::new(), Duration::ZERO, []);
        assert!(weather.has_forgotten_tokens(asked) && !weather.has_forgotten_tokens(Instant::now()));
    }
}

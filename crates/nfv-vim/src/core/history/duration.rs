//! How long things took in this system: what estimates rest on.

use nfv_common::pyjson;
use nfv_vim_db::Write;
use nfv_vim_db::row::StateRow;
use nfv_vim_rpc::preview::Estimate;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Kind of the rows in the side table.
pub const STATE_KIND: &str = "durations";

/// So many of each kind are remembered.
const REMEMBERED: usize = 16;

/// What things take where nothing was measured yet: magnitudes of small VMs and usual servers.
const ASSUMED: [(&str, u64); 16] = [
    ("live-migrate", 30),
    ("cold-migrate", 60),
    ("evacuate", 60),
    ("stop", 15),
    ("start", 20),
    ("fail", 2),
    ("disable", 10),
    ("enable", 10),
    ("step:lock-hosts", 30),
    ("step:unlock-hosts", 600),
    ("step:reboot-hosts", 600),
    ("step:swact-hosts", 60),
    ("step:sw-patch-hosts", 300),
    ("step:upgrade-hosts", 1800),
    ("step:wait-data-sync", 120),
    ("step:query-alarms", 2),
];

/// The last durations of each kind of thing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Durations {
    taken: BTreeMap<String, VecDeque<u64>>,
}

/// A row's content.
#[derive(Serialize, Deserialize)]
struct Stored {
    milliseconds: VecDeque<u64>,
}

impl Durations {
    /// Takes a row of the side table in.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn load(&mut self, key: &str, data: &str) -> Result<(), String> {
        let stored: Stored = serde_json::from_str(data).map_err(|error| error.to_string())?;
        let mut taken = stored.milliseconds;
        taken.truncate(REMEMBERED);
        self.taken.insert(key.to_owned(), taken);
        Ok(())
    }

    /// Something went well and took this long: what must be written, if it is of a kind that estimates need.
    pub fn took(&mut self, what: &str, duration: Duration) -> Option<Write> {
        if !ASSUMED.iter().any(|(known, _)| *known == what) {
            return None;
        }
        let taken = self.taken.entry(what.to_owned()).or_default();
        if taken.len() == REMEMBERED {
            taken.pop_front();
        }
        taken.push_back(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
        let data = pyjson::to_string(&Stored { milliseconds: taken.clone() });
        Some(Write::PutState(StateRow { kind: STATE_KIND.to_owned(), key: what.to_owned(), data }))
    }

    /// About how long something takes: the median of what it took lately, else an assumption; nothing where there is
    /// neither.
    pub fn estimate(&self, what: &str) -> Estimate {
        if let Some(taken) = self.taken.get(what).filter(|taken| !taken.is_empty()) {
            let mut sorted: Vec<_> = taken.iter().copied().collect();
            sorted.sort_unstable();
            let median = sorted[sorted.len() / 2];
            return Estimate { seconds: median.div_ceil(1000), measured: true };
        }
        let assumed = ASSUMED.iter().find(|(known, _)| *known == what);
        Estimate { seconds: assumed.map_or(0, |(_, seconds)| *seconds), measured: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_are_the_median_of_the_last_and_survive_a_restart() {
        let mut durations = Durations::default();
        assert_eq!(durations.estimate("live-migrate"), Estimate { seconds: 30, measured: false });
        assert_eq!(durations.estimate("unheard-of"), Estimate::default());
        assert_eq!(durations.took("unheard-of", Duration::from_secs(1)), None);
        let mut row = None;
        for seconds in (1..=40).chain([400, 2, 3]) {
            row = durations.took("live-migrate", Duration::from_secs(seconds));
        }
        // the last sixteen are 28 to 40, 400, 2 and 3
        assert_eq!(durations.estimate("live-migrate"), Estimate { seconds: 34, measured: true });
        let Some(Write::PutState(row)) = row else { panic!("a row") };
        let mut loaded = Durations::default();
        loaded.load(&row.key, &row.data).unwrap();
        assert_eq!(loaded, durations);
        assert!(loaded.load("x", "nonsense").is_err());
    }
}

//! The decisions: rows that wait to be written, and reading them for nfv-vim-api. docs/extensions.md, "History".

use nfv_vim_db::{Database, Write};
use nfv_vim_rpc::history::{Decision, GetHistory, History, ObjectType};
use nfv_vim_rpc::{Response, ResponseBody as Body, ResultCode};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Rows wait for a moment in which nothing else is to be done, but no longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// More rows do not wait.
const MOST_ROWS: usize = 4096;

/// Rows that wait to be written.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    rows: Vec<Write>,
    since: Option<Instant>,
}

impl Waiting {
    /// Further rows.
    pub(super) fn push(&mut self, mut rows: Vec<Write>) {
        if !rows.is_empty() {
            self.since.get_or_insert_with(Instant::now);
            self.rows.append(&mut rows);
        }
    }

    /// Nothing waits.
    pub(super) const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// They have waited long enough.
    pub(super) fn is_due(&self) -> bool {
        self.rows.len() >= MOST_ROWS || self.since.is_some_and(|since| since.elapsed() >= LONGEST_WAIT)
    }

    /// What is to be written: of each decision the last state, and each object pruned once.
    pub(super) fn take(&mut self) -> Vec<Write> {
        self.since = None;
        let (mut decisions, mut pruned) = (BTreeSet::new(), BTreeSet::new());
        let mut kept: Vec<_> = std::mem::take(&mut self.rows)
            .into_iter()
            .rev()
            .filter(|write| match write {
                Write::PutDecision(row) => decisions.insert(row.seq),
                // what forgets an object must not forget what comes after it
                Write::PruneDecisions { kind, key, keep } if *keep > 0 => {
                    pruned.insert((kind.clone(), key.clone()))
                }
                _ => true,
            })
            .collect();
        kept.reverse();
        kept
    }
}

/// The answer. A decision that cannot be read is left out and logged.
pub(super) fn show(database: &mut Database, asked: &GetHistory) -> Response {
    let GetHistory { object_type, object, limit } = asked.clone();
    let kind = object_type.map(ObjectType::as_str).unwrap_or_default();
    let key = object.as_deref().unwrap_or_default();
    let limit = limit.and_then(|limit| i64::try_from(limit).ok()).unwrap_or(i64::MAX);
    match database.decisions(kind, key, limit) {
        Ok((rows, left_out)) => {
            for row in left_out {
                tracing::warn!(logger = "nfv_vim.database", file = "_database.py", "Decisions: {row}.");
            }
            let read = |row: nfv_vim_db::row::DecisionRow| {
                serde_json::from_str::<Decision>(&row.data)
                    .inspect_err(|error| {
                        tracing::warn!(
                            logger = "nfv_vim.database",
                            file = "_database.py",
                            "Decision {} about {kind} {key} cannot be read: {error}.",
                            row.seq
                        );
                    })
                    .ok()
            };
            let decisions = rows.into_iter().filter_map(read).collect();
            Response::success(Body::GetHistory(History { object_type, object, decisions }))
        }
        Err(error) => {
            tracing::error!(logger = "nfv_vim.database", file = "_database.py", "No decisions: {error}.");
            Response::without(ResultCode::Failed, Body::GetHistory)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nfv_vim_db::row::DecisionRow;

    #[test]
    fn of_each_decision_the_last_state_is_written() {
        let put = |seq, data: &str| {
            let (kind, key, data) = ("host".to_owned(), "a".to_owned(), data.to_owned());
            Write::PutDecision(DecisionRow { seq, kind, key, open: false, data })
        };
        let prune = |keep| Write::PruneDecisions { kind: "host".to_owned(), key: "a".to_owned(), keep };
        let mut waiting = Waiting::default();
        waiting.push(Vec::new());
        assert!(waiting.is_empty() && !waiting.is_due());
        waiting.push(vec![put(1, "old"), prune(2), put(2, "old"), prune(0), put(1, "new")]);
        waiting.push(vec![put(2, "new"), prune(2)]);
        assert_eq!(waiting.take(), [prune(0), put(1, "new"), put(2, "new"), prune(2)]);
        assert!(waiting.is_empty());
        waiting.push(vec![put(1, ""); MOST_ROWS]);
        assert!(waiting.is_due());
    }
}

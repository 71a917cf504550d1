//! What must hold of the decisions that are kept for operators. docs/extensions.md, "History".

use super::store::Store;
use nfv_vim::core::Vim;
use nfv_vim_rpc::history::Decision;
use std::collections::BTreeMap;

/// After every input: what is under way is in the database as such, once, with what it waits for and until when.
pub fn after_input(vim: &Vim, store: &Store) -> Result<(), String> {
    let open: Vec<_> = store.open_decisions().collect();
    if open.len() != vim.open_decisions() {
        return Err(format!("{} decisions are under way, the database has {open:?}", vim.open_decisions()));
    }
    let mut about = BTreeMap::new();
    for row in open {
        if about.insert((row.kind.as_str(), row.key.as_str()), row).is_some() {
            return Err(format!("two decisions about {} {} are under way", row.kind, row.key));
        }
    }
    for instance in vim.instances() {
        let Some(running) = instance.running.as_ref().filter(|running| !running.kind.is_guest_services())
        else {
            continue;
        };
        let name = instance.name();
        let row = about.remove(&("instance", instance.uuid()));
        let row = row.ok_or_else(|| format!("{} of {name} is not in the history", running.kind.as_str()))?;
        let decision: Decision = serde_json::from_str(&row.data).map_err(|error| error.to_string())?;
        if !running.kind.as_str().starts_with(&decision.decision) {
            return Err(format!(
                "{} of {name} stands in the history as {}",
                running.kind.as_str(),
                decision.decision
            ));
        }
        let complete = decision.wait.is_some() && decision.deadline.is_some() && decision.outcome.is_none();
        if !complete || decision.cause.is_empty() || decision.evidence.is_empty() {
            return Err(format!("the history does not tell all about {name}: {decision:?}"));
        }
    }
    match about.keys().find(|(kind, _)| *kind == "instance") {
        Some((_, uuid)) => Err(format!("a decision about {uuid} counts as under way though nothing runs")),
        None => Ok(()),
    }
}

/// In the end: every decision that is not under way has an outcome, and of no object too many are kept.
pub fn at_the_end(store: &Store, kept_of_each: u32) -> Result<(), String> {
    let mut kept: BTreeMap<_, usize> = BTreeMap::new();
    for row in store.history() {
        let count = kept.entry((&row.kind, &row.key)).or_default();
        *count += 1;
        // one that is under way may come on top
        if *count > kept_of_each as usize + 1 {
            return Err(format!("{count} decisions about {} {} are kept", row.kind, row.key));
        }
        let decision: Decision = serde_json::from_str(&row.data).map_err(|error| error.to_string())?;
        if row.open != decision.outcome.is_none() {
            return Err(format!("it is open: {}, its outcome is {:?}", row.open, decision.outcome));
        }
    }
    Ok(())
}

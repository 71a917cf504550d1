//! One stored strategy: read and written again. Contract: strategies 9.3, 1.11.

use crate::data::FullDict;
use crate::view;
use crate::world::Recorded;
use nfv_vim::core::strategy::SwUpdate;
use serde_json::{Value, json};

pub fn check(dict: &FullDict) -> Result<(), String> {
    let mut world = Recorded::of_tables(&dict.inventory, "controller-0", |_| true);
    let text = dict.persisted.to_string();
    let update = SwUpdate::load("object".into(), dict.sw_update_type, &text, Vec::new(), &mut world)?;
    let stored = update.to_stored().ok_or("no strategy was read")?;
    let ours = serde_json::to_value(&stored).map_err(|error| error.to_string())?;
    let mut recorded = dict.persisted.clone();
    for phase in ["build_phase", "apply_phase", "abort_phase"] {
        // not restored: 0 until timers are refreshed (1.11)
        if recorded[phase]["inprogress"] == Value::Bool(false) {
            recorded[phase]["timeout"] = json!(0);
        }
    }
    if !world.calls.is_empty() {
        return Err(format!("reading it asked for {:?}", world.calls));
    }
    match view::difference(&ours, &recorded) {
        None => Ok(()),
        Some(difference) => Err(difference),
    }
}

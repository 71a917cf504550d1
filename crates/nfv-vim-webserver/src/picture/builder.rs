//! From the database to a picture, looking only into rows that have changed.

use super::{HeldAlarm, HostView, InstanceView, Picture, StrategyView, SystemView, host, stock};
use crate::legacy::list::parsed;
use nfv_vim_db::row::{InstanceRow, StateRow};
use nfv_vim_db::{DbError, Reader};
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Kind of the side table's rows that are alarms.
const ALARM_KIND: &str = "alarm";

/// Remembers what the rows of the instances looked like.
#[derive(Debug, Default)]
pub struct Builder {
    /// By uuid: a number for the row's content, and what was made of it.
    instances: HashMap<String, (u64, Arc<InstanceView>)>,
    tenants: BTreeMap<String, String>,
}

impl Builder {
    /// Reads everything as of one moment. What has not changed is shared with `before`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(&mut self, reader: &mut Reader, before: &Picture) -> Result<Picture, DbError> {
        let mut picture = Picture { revision: before.revision, ..Picture::default() };
        reader.read(|tables| {
            let mut tenants = BTreeMap::new();
            tables.tenants(|row| {
                tenants.insert(row.uuid, row.name);
            })?;
            if tenants != self.tenants {
                self.tenants = tenants;
                // every instance shows the name of its tenant
                self.instances.clear();
            }
            tables.systems(|row| {
                picture.system.get_or_insert(SystemView { name: row.name, description: row.description });
            })?;
            let mut capacity = HashMap::new();
            tables.hypervisors(|row| {
                if let Some(found) = host::Capacity::of(&row) {
                    capacity.insert(row.host_name, found);
                }
            })?;
            tables.hosts(|row| {
                let capacity = capacity.get(&row.name).copied();
                let view = HostView::of(row, capacity);
                let view = same_or_new(before.hosts.get(&view.name), view);
                picture.hosts.insert(view.name.clone(), view);
            })?;
            let mut seen = HashMap::with_capacity(self.instances.len());
            tables.instances(|row| {
                let (uuid, content) = (row.uuid.clone(), content_of(&row));
                let view = match self.instances.get(&uuid) {
                    Some((known, view)) if *known == content => Arc::clone(view),
                    _ => same_or_new(before.instances.get(&uuid), InstanceView::of(row, &self.tenants)),
                };
                seen.insert(uuid.clone(), (content, Arc::clone(&view)));
                picture.instances.insert(uuid, view);
            })?;
            self.instances = seen;
            tables.sw_updates(|row| {
                let known = before.strategies.iter().find(|known| known.uuid == row.uuid);
                picture.strategies.extend(StrategyView::of(&row).map(|view| same_or_new(known, view)));
            })?;
            tables.state(|row| {
                if let Some(alarm) = held_alarm(&row) {
                    let alarm = same_or_new(before.alarms.get(&row.key), alarm);
                    picture.alarms.insert(row.key, alarm);
                }
            })?;
            picture.stock = stock::read(tables)?
                .into_iter()
                .map(|table| {
                    let known = before.stock.iter().find(|known| known.name == table.name);
                    same_or_new(known, table)
                })
                .collect();
            picture.unreadable = tables.quarantined().len();
            Ok(())
        })?;
        Ok(picture)
    }
}

fn same_or_new<T: PartialEq>(before: Option<&Arc<T>>, now: T) -> Arc<T> {
    match before {
        Some(before) if **before == now => Arc::clone(before),
        _ => Arc::new(now),
    }
}

/// A number that differs when what an [`InstanceView`] is made of differs.
fn content_of(row: &InstanceRow) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&row.name, &row.admin_state, &row.oper_state, &row.avail_status, &row.action).hash(&mut hasher);
    (&row.host_name, &row.nfvi_instance_data).hash(&mut hasher);
    hasher.finish()
}

fn held_alarm(row: &StateRow) -> Option<HeldAlarm> {
    if row.kind != ALARM_KIND {
        return None;
    }
    let stored = parsed(&row.data)?;
    let text = |key: &str| stored[key].as_str().unwrap_or_default().to_owned();
    Some(HeldAlarm {
        uuid: row.key.clone(),
        kind: text("alarm_type"),
        entity: text("entity"),
        severity: text("perceived_severity"),
        reason: text("specific_problem_text"),
        repair: text("proposed_repair_action"),
        time: text("created_timestamp"),
    })
}

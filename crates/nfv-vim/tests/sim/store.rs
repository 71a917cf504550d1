//! What survives a crash of the VIM: the rows of its database, folded in memory or kept in a real file.

use nfv_vim_db::row::DecisionRow;
use nfv_vim_db::{Database, Snapshot, Write};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

/// The rows as the writes leave them, by the rules of the real database.
#[derive(Clone, Default)]
pub struct Memory {
    snapshot: Snapshot,
    /// Where the instances' rows and those of `nfv_state` are: they are many and written often.
    instances: HashMap<String, usize>,
    state: HashMap<(String, String), usize>,
    /// All decisions by number; of them the snapshot has what a start reads.
    history: BTreeMap<i64, DecisionRow>,
    /// Those of them that are under way.
    open: BTreeSet<i64>,
}

/// Puts a row at its place, or behind the others.
fn put_at<K: Eq + Hash, R: Clone>(rows: &mut Vec<R>, places: &mut HashMap<K, usize>, key: K, row: &R) {
    match places.entry(key) {
        Entry::Occupied(place) => rows[*place.get()] = row.clone(),
        Entry::Vacant(place) => {
            place.insert(rows.len());
            rows.push(row.clone());
        }
    }
}

/// Takes a row out; those behind it move up.
fn remove_at<K: Eq + Hash, R>(rows: &mut Vec<R>, places: &mut HashMap<K, usize>, key: &K) {
    if let Some(gone) = places.remove(key) {
        rows.remove(gone);
        places.values_mut().filter(|place| **place > gone).for_each(|place| *place -= 1);
    }
}

macro_rules! put {
    ($rows:expr, $row:expr, |$old:ident, $new:ident| $same:expr, $update:block) => {{
        let $new = $row;
        match $rows.iter_mut().find(|$old| $same) {
            Some($old) => $update,
            None => $rows.push($new.clone()),
        }
    }};
}

impl Memory {
    /// All rows.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Begins with these rows.
    pub fn load(&mut self, rows: &Snapshot) {
        self.snapshot = rows.clone();
        let at = |(place, row): (usize, &nfv_vim_db::row::InstanceRow)| (row.uuid.clone(), place);
        self.instances = rows.instances.iter().enumerate().map(at).collect();
        let at =
            |(place, row): (usize, &nfv_vim_db::row::StateRow)| ((row.kind.clone(), row.key.clone()), place);
        self.state = rows.state.iter().enumerate().map(at).collect();
        self.history = rows.decisions.iter().map(|row| (row.seq, row.clone())).collect();
        self.open = rows.decisions.iter().filter(|row| row.open).map(|row| row.seq).collect();
    }

    /// The decisions that are under way.
    pub fn open_decisions(&self) -> impl Iterator<Item = &DecisionRow> {
        self.open.iter().filter_map(|seq| self.history.get(seq))
    }

    /// All decisions.
    pub fn history(&self) -> impl Iterator<Item = &DecisionRow> {
        self.history.values()
    }

    /// What a new process reads.
    fn read(&self) -> Snapshot {
        let last_decision = self.history.last_key_value().map_or(0, |(seq, _)| *seq);
        let decisions = self.open_decisions().cloned().collect();
        Snapshot { decisions, last_decision, ..self.snapshot.clone() }
    }

    /// Makes the changes; a change the core never makes is a mistake of the test.
    pub fn apply(&mut self, writes: &[Write]) {
        let s = &mut self.snapshot;
        for write in writes {
            match write {
                Write::PutTenant(row) => put!(s.tenants, row, |old, new| old.uuid == new.uuid, {
                    let name = std::mem::take(&mut old.name);
                    *old = new.clone();
                    old.name = name;
                }),
                Write::DeleteTenant { uuid } => s.tenants.retain(|row| row.uuid != *uuid),
                Write::PutSystem(row) => {
                    put!(s.systems, row, |old, new| old.name == new.name, { *old = new.clone() });
                }
                Write::DeleteSystem { name } => s.systems.retain(|row| row.name != *name),
                Write::PutHost(row) => put!(s.hosts, row, |old, new| old.name == new.name, {
                    let (uuid, personality) = (old.uuid.clone(), old.personality.clone());
                    *old = new.clone();
                    (old.uuid, old.personality) = (uuid, personality);
                }),
                Write::DeleteHost { name } => s.hosts.retain(|row| row.name != *name),
                Write::PutHypervisor(row) => put!(s.hypervisors, row, |old, new| old.uuid == new.uuid, {
                    let host_name = old.host_name.clone();
                    if new.stats_available {
                        *old = new.clone();
                        old.host_name = host_name;
                    } else {
                        old.admin_state.clone_from(&new.admin_state);
                        old.oper_state.clone_from(&new.oper_state);
                        old.nfvi_hypervisor_data.clone_from(&new.nfvi_hypervisor_data);
                    }
                }),
                Write::DeleteHypervisor { uuid } => s.hypervisors.retain(|row| row.uuid != *uuid),
                Write::PutInstanceType(row) => {
                    put!(s.instance_types, row, |old, new| old.uuid == new.uuid, {
                        if new.have_details {
                            *old = new.clone();
                        }
                    });
                }
                Write::DeleteInstanceType { uuid } => s.instance_types.retain(|row| row.uuid != *uuid),
                Write::PutInstance(row) => {
                    put_at(&mut s.instances, &mut self.instances, row.uuid.clone(), row);
                }
                Write::DeleteInstance { uuid } => remove_at(&mut s.instances, &mut self.instances, uuid),
                Write::PutState(row) => {
                    put_at(&mut s.state, &mut self.state, (row.kind.clone(), row.key.clone()), row);
                }
                Write::DeleteState { kind, key } => {
                    remove_at(&mut s.state, &mut self.state, &(kind.clone(), key.clone()));
                }
                Write::PutDecision(row) => {
                    self.history.insert(row.seq, row.clone());
                    if row.open {
                        self.open.insert(row.seq);
                    } else {
                        self.open.remove(&row.seq);
                    }
                }
                Write::PruneDecisions { kind, key, keep } => {
                    let of_object =
                        self.history.values().rev().filter(|row| row.kind == *kind && row.key == *key);
                    let gone: Vec<_> = of_object.skip(*keep as usize).map(|row| row.seq).collect();
                    for seq in gone {
                        self.history.remove(&seq);
                        self.open.remove(&seq);
                    }
                }
                Write::PutHostGroup(row) => {
                    put!(s.host_groups, row, |old, new| old.name == new.name, { *old = new.clone() });
                }
                Write::DeleteHostGroup { name } => s.host_groups.retain(|row| row.name != *name),
                Write::PutHostAggregate(row) => {
                    put!(s.host_aggregates, row, |old, new| old.name == new.name, { *old = new.clone() });
                }
                Write::DeleteHostAggregate { name } => s.host_aggregates.retain(|row| row.name != *name),
                Write::PutInstanceGroup(row) => {
                    put!(s.instance_groups, row, |old, new| old.uuid == new.uuid, { *old = new.clone() });
                }
                Write::DeleteInstanceGroup { uuid } => s.instance_groups.retain(|row| row.uuid != *uuid),
                Write::PutImage(row) => put!(s.images, row, |old, new| old.uuid == new.uuid, {
                    let kept = (old.name.clone(), old.container_format.clone(), old.disk_format.clone());
                    *old = new.clone();
                    (old.name, old.container_format, old.disk_format) = kept;
                }),
                Write::DeleteImage { uuid } => s.images.retain(|row| row.uuid != *uuid),
                Write::PutVolume(row) => {
                    put!(s.volumes, row, |old, new| old.uuid == new.uuid, { *old = new.clone() });
                }
                Write::DeleteVolume { uuid } => s.volumes.retain(|row| row.uuid != *uuid),
                Write::PutVolumeSnapshot(row) => {
                    put!(s.volume_snapshots, row, |old, new| old.uuid == new.uuid, { *old = new.clone() });
                }
                Write::DeleteVolumeSnapshot { uuid } => s.volume_snapshots.retain(|row| row.uuid != *uuid),
                Write::PutNetwork(row) => put!(s.networks, row, |old, new| old.uuid == new.uuid, {
                    let name = std::mem::take(&mut old.name);
                    *old = new.clone();
                    old.name = name;
                }),
                Write::DeleteNetwork { uuid } => s.networks.retain(|row| row.uuid != *uuid),
                Write::PutSubnet(row) => put!(s.subnets, row, |old, new| old.uuid == new.uuid, {
                    old.is_dhcp_enabled = new.is_dhcp_enabled;
                }),
                Write::DeleteSubnet { uuid } => s.subnets.retain(|row| row.uuid != *uuid),
                Write::PutSwUpdate(row) => {
                    put!(s.sw_updates, row, |old, new| old.uuid == new.uuid, { *old = new.clone() });
                }
                Write::DeleteSwUpdate { uuid } => s.sw_updates.retain(|row| row.uuid != *uuid),
                other => panic!("the simulated cloud has nothing that leads to {other:?}"),
            }
        }
    }
}

/// Where the rows are.
pub enum Store {
    /// In memory: fast.
    Memory(Memory),
    /// In memory and in a real database, which a restart reads.
    Both {
        /// The fold.
        memory: Memory,
        /// The real one; none while nobody has it open.
        database: Option<Database>,
        /// Its directory, which goes with it.
        directory: tempfile::TempDir,
    },
}

impl Store {
    /// An empty store in memory.
    pub fn memory() -> Self {
        Self::Memory(Memory::default())
    }

    /// An empty real database, in memory-backed storage where there is any.
    pub fn real() -> Self {
        let shm = std::path::Path::new("/dev/shm");
        let directory = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() }.unwrap();
        let database = Some(Database::open(directory.path()).unwrap());
        Self::Both { memory: Memory::default(), database, directory }
    }

    /// The rows.
    pub fn rows(&self) -> &Snapshot {
        match self {
            Self::Memory(memory) | Self::Both { memory, .. } => memory.snapshot(),
        }
    }

    /// The decisions that are under way.
    pub fn open_decisions(&self) -> impl Iterator<Item = &DecisionRow> {
        match self {
            Self::Memory(memory) | Self::Both { memory, .. } => memory.open_decisions(),
        }
    }

    /// All decisions.
    pub fn history(&self) -> impl Iterator<Item = &DecisionRow> {
        match self {
            Self::Memory(memory) | Self::Both { memory, .. } => memory.history(),
        }
    }

    /// Commits.
    pub fn commit(&mut self, writes: &[Write]) {
        match self {
            Self::Memory(memory) => memory.apply(writes),
            Self::Both { memory, database, .. } => {
                memory.apply(writes);
                database.as_mut().expect("open while the VIM runs").apply(writes).unwrap();
            }
        }
    }

    /// The process is gone: so are its connections.
    pub fn crash(&mut self) {
        if let Self::Both { database, .. } = self {
            *database = None;
        }
    }

    /// What a new process reads. A difference between fold and real database is told.
    pub fn load(&mut self) -> Result<Snapshot, String> {
        match self {
            Self::Memory(memory) => Ok(memory.read()),
            Self::Both { memory, database, directory } => {
                *database = None;
                let opened = database.insert(Database::open(directory.path()).unwrap());
                let mut snapshot = opened.load().unwrap();
                let mut folded = memory.read();
                for rows in [&mut snapshot, &mut folded] {
                    rows.state.sort_by(|a, b| (&a.kind, &a.key).cmp(&(&b.kind, &b.key)));
                }
                if snapshot == folded {
                    Ok(snapshot)
                } else {
                    Err(format!("the real database holds {snapshot:?}, the writes come to {folded:?}"))
                }
            }
        }
    }
}

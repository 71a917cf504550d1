//! What must hold after every input, and what must have come true in the end.

use super::cloud::Cloud;
use super::nova::Server;
use super::secs;
use nfv_common::alarm::AlarmType;
use nfv_common::time::Mono;
use nfv_nfvi::Call;
use nfv_nfvi::call::{ComputeCall, HostServicesNotice as Notice, NovaAction};
use nfv_vim::core::director::OperationKind;
use nfv_vim::core::host::HostState;
use nfv_vim::core::instance::Instance;
use nfv_vim::core::instance::guest_services::InstanceGuestServices;
use nfv_vim::core::{CoreConfig, Effect, Outcome, StartFacts, Vim};
use nfv_vim_db::Snapshot;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// What was wrong, and when.
#[derive(Debug, Clone)]
pub struct Failure {
    /// When.
    pub at: Mono,
    /// What.
    pub what: String,
}

/// The rows are loaded anew after so many inputs.
const RELOAD_EVERY: u64 = 997;

/// A call that is about to leave.
pub fn before_call(cloud: &Cloud, call: &Call) -> Result<(), String> {
    let Call::Compute(ComputeCall::InstanceAction { uuid, action: NovaAction::Evacuate, .. }) = call else {
        return Ok(());
    };
    let host = cloud.servers.get(uuid).and_then(|server| server.host.as_ref());
    let told = host.and_then(|host| cloud.hosts.get(host)).and_then(|host| host.told);
    match (host, told) {
        (Some(host), Some((_, false))) => {
            Err(format!("{uuid} is evacuated though the VIM was last told that {host} is there"))
        }
        _ => Ok(()),
    }
}

/// What a batch of the recovery audit may start at once. Contract: vim-behaviour 5.3.6.
pub fn recoveries(tick: bool, outcome: &Outcome, config: &CoreConfig) -> Result<(), String> {
    let begins =
        |effect: &&Effect| matches!(effect, Effect::Log(line) if line.text.starts_with("Recover instance "));
    let started = outcome.effects.iter().filter(begins).count();
    let limit = config.instance.max_concurrent_recovering;
    if tick && started > limit {
        return Err(format!("{started} instances are recovered at once, the limit is {limit}"));
    }
    Ok(())
}

/// A call of the VIM that heals an instance; users' own do not count.
fn heals(call: &Call) -> Option<&str> {
    match call {
        Call::Compute(ComputeCall::InstanceAction {
            uuid,
            action: NovaAction::Reboot { .. } | NovaAction::Rebuild { .. } | NovaAction::Evacuate,
            context: None,
        }) => Some(uuid),
        _ => None,
    }
}

/// Never two recoveries of one instance in flight: `open` are the calls on their way.
pub fn one_recovery<'a>(call: &Call, mut open: impl Iterator<Item = &'a Call>) -> Result<(), String> {
    let Some(uuid) = heals(call) else { return Ok(()) };
    match open.find(|other| heals(other) == Some(uuid)) {
        Some(other) => Err(format!("{call:?} leaves while {other:?} is in flight")),
        None => Ok(()),
    }
}

/// After every input.
pub fn after_input(
    vim: &Vim,
    cloud: &Cloud,
    rows: &Snapshot,
    raised: &BTreeMap<String, String>,
    now: Mono,
    inputs: u64,
) -> Result<(), String> {
    for wait in vim.waits() {
        if wait.waiting.what.trim().is_empty() {
            return Err(format!("{} waits in {} without saying for what", wait.who, wait.task));
        }
        if wait.waiting.until <= now {
            return Err(format!("{} waits for {} past its deadline", wait.who, wait.waiting.what));
        }
    }
    let waiting: BTreeSet<_> = vim.waits().into_iter().map(|wait| wait.who).collect();
    for instance in vim.instances().filter(|instance| instance.running.is_some()) {
        if !waiting.contains(&format!("instance {} ({})", instance.name(), instance.uuid())) {
            return Err(format!("{} has an action under way that waits for nothing", instance.name()));
        }
    }
    if vim.next_deadline().is_none() {
        return Err("no timer is armed: nothing would ever happen again".to_owned());
    }
    let bound = 3 * (vim.hosts().count() + vim.instances().count()) + 40;
    if vim.open_calls() > bound {
        return Err(format!("{} calls are open", vim.open_calls()));
    }
    alarms(vim, raised)?;
    limits(vim, cloud)?;
    persisted(vim, rows)?;
    residents(vim)?;
    if inputs.is_multiple_of(RELOAD_EVERY) {
        loads_again(rows, now)?;
    }
    Ok(())
}

/// Alarms that fit an instance's condition; empty when it must have none. Contract: vim-behaviour 8.3.
fn fitting(instance: &Instance) -> &'static [AlarmType] {
    use AlarmType as A;
    if instance.is_locked() {
        &[A::InstanceStopped]
    } else if instance.is_failed() {
        if instance.host().is_none() { &[A::InstanceSchedulingFailed] } else { &[A::InstanceFailed] }
    } else if instance.is_paused() {
        &[A::InstancePaused]
    } else if instance.is_suspended() {
        &[A::InstanceSuspended]
    } else if instance.is_rebooting() {
        &[A::InstanceRebooting]
    } else if instance.is_rebuilding() {
        &[A::InstanceEvacuating, A::InstanceRebuilding]
    } else if instance.is_migrating() {
        &[A::InstanceLiveMigrating]
    } else if instance.is_resizing() {
        &[
            A::InstanceColdMigrating,
            A::InstanceColdMigrateReverting,
            A::InstanceResizing,
            A::InstanceResizeReverting,
        ]
    } else if instance.is_resized() {
        &[
            A::InstanceColdMigrating,
            A::InstanceColdMigrated,
            A::InstanceColdMigrateReverting,
            A::InstanceResized,
            A::InstanceResizeReverting,
        ]
    } else {
        &[]
    }
}

fn alarms(vim: &Vim, raised: &BTreeMap<String, String>) -> Result<(), String> {
    let known: BTreeMap<_, _> =
        vim.raised_alarms().map(|alarm| (alarm.alarm_uuid.0.as_str(), alarm)).collect();
    if !known.keys().copied().eq(raised.keys().map(String::as_str)) {
        return Err(format!("the handlers have {raised:?}, the VIM has {known:?}"));
    }
    let mut of_instances: BTreeMap<&str, Vec<AlarmType>> = BTreeMap::new();
    for alarm in known.values() {
        if let Some((_, uuid)) = alarm.entity.split_once(".instance=") {
            of_instances.entry(uuid).or_default().push(alarm.alarm_type);
        }
    }
    for instance in vim.instances() {
        let mut up = of_instances.remove(instance.uuid()).unwrap_or_default();
        let all = up.len();
        up.retain(|alarm| *alarm != AlarmType::InstanceGuestHeartbeat);
        let heartbeat = usize::from(instance.heartbeat_alarm.is_some());
        if all - up.len() != heartbeat || (heartbeat == 1 && instance.deleted) {
            return Err(format!("{} has {} heartbeat alarms", instance.name(), all - up.len()));
        }
        let fit = if instance.deleted { &[] } else { fitting(instance) };
        let right = match up[..] {
            [] => fit.is_empty() || instance.is_paused(),
            [alarm] => fit.contains(&alarm),
            _ => false,
        };
        if !right {
            return Err(format!("{} has the alarms {up:?}, fitting are {fit:?}", instance.name()));
        }
    }
    match of_instances.first_key_value() {
        Some((uuid, alarms)) => Err(format!("{alarms:?} are raised for {uuid}, which is not known")),
        None => Ok(()),
    }
}

/// No more moves at once than configured.
fn limits(vim: &Vim, cloud: &Cloud) -> Result<(), String> {
    for (host, operation) in vim.operations() {
        // the only host's instances are all stopped at once (5.3.4)
        let at_once = matches!(operation.kind, OperationKind::StopInstances | OperationKind::StartInstances);
        let limit = if cloud.hosts.len() == 1 || at_once { usize::MAX } else { 1 };
        if operation.in_progress() > limit {
            return Err(format!("{} instances of {host} are moved at once", operation.in_progress()));
        }
    }
    Ok(())
}

/// The column says the guest services. Few values come again and again, and writing each as JSON after each input would
/// take half of the simulation's time.
fn is_stored(services: &InstanceGuestServices, column: Option<&str>) -> bool {
    thread_local!(static TEXTS: RefCell<Vec<(InstanceGuestServices, String)>> = const { RefCell::new(Vec::new()) });
    const KEPT: usize = 32;
    TEXTS.with_borrow_mut(|texts| {
        if let Some((_, text)) = texts.iter().find(|(known, _)| known == services) {
            return column == Some(text);
        }
        texts.truncate(KEPT);
        texts.insert(0, (services.clone(), services.text()));
        column == Some(&texts[0].1)
    })
}

/// The rows say what the VIM knows.
fn persisted(vim: &Vim, rows: &Snapshot) -> Result<(), String> {
    for host in vim.hosts() {
        let Some(row) = rows.hosts.iter().find(|row| row.name == host.name()) else {
            return Err(format!("{} is not in the database", host.name()));
        };
        if row.state != host.state().as_str() || row.action != host.action.as_str() {
            return Err(format!("{} is {:?}, its row is {row:?}", host.name(), host.state()));
        }
    }
    for instance in vim.instances() {
        let Some(row) = rows.instances.iter().find(|row| row.uuid == instance.uuid()) else {
            return Err(format!("{} is not in the database", instance.name()));
        };
        let nfvi = &instance.nfvi;
        if row.action != nfvi.action.as_str()
            || row.host_name != nfvi.host_name
            || row.oper_state != nfvi.oper_state.as_str()
            || row.admin_state != nfvi.admin_state.as_str()
            || row.recoverable != instance.recoverable
            || !is_stored(&instance.guest_services, row.guest_services.as_deref())
        {
            return Err(format!("{} is {nfvi:?}, its row is {row:?}", instance.name()));
        }
    }
    Ok(())
}

/// The index of instances by host is right.
fn residents(vim: &Vim) -> Result<(), String> {
    for host in vim.hosts() {
        let indexed: Vec<_> = vim.instances_on(host.name()).map(Instance::uuid).collect();
        let there: Vec<_> = vim.instances().filter(|i| i.on_host(host.name())).map(Instance::uuid).collect();
        if indexed != there {
            return Err(format!("on {} are {there:?}, the index has {indexed:?}", host.name()));
        }
    }
    Ok(())
}

fn loads_again(rows: &Snapshot, now: Mono) -> Result<(), String> {
    let now = nfv_common::time::Now { mono: now, wall: jiff::Timestamp::UNIX_EPOCH };
    let (vim, outcome) = Vim::start(CoreConfig::default(), StartFacts::default(), rows.clone(), now);
    let counts = (vim.hosts().count(), vim.instances().count(), vim.raised_alarms().count());
    let alarms = rows.state.iter().filter(|row| row.kind == "alarm").count();
    if counts != (rows.hosts.len(), rows.instances.len(), alarms) {
        return Err(format!("rows do not load again: {:?}", outcome.effects));
    }
    Ok(())
}

/// What is not yet as it should be once nothing goes wrong any more; empty when all is well.
pub fn unsettled(vim: &Vim, cloud: &Cloud) -> Vec<String> {
    let mut faults = Vec::new();
    for host in cloud.hosts.values() {
        let wanted = if !host.locked && host.enabled { HostState::Enabled } else { HostState::Disabled };
        match vim.hosts().find(|known| known.name() == host.name) {
            Some(known) if known.state() == wanted => {
                if wanted == HostState::Enabled && (!host.compute_enabled || host.forced_down) {
                    faults.push(format!("{} is enabled, Nova does not use it", host.name));
                }
            }
            known => faults.push(format!("{} is {:?}, not {wanted:?}", host.name, known.map(|h| h.state()))),
        }
        let due = if wanted == HostState::Enabled { Notice::Enabled } else { Notice::Disabled };
        if !host.locked && host.unheard.as_ref() == Some(&due) {
            faults.push(format!("sysinv did not hear of {}: {due:?}", host.name));
        }
        let last = host.heard.as_ref().filter(|_| wanted == HostState::Enabled);
        if last.is_some_and(|last| *last != Notice::Enabled) {
            faults.push(format!("{} is in service, sysinv heard last {last:?}", host.name));
        }
        if host.action != nfv_nfvi::object::HostAction::None {
            faults.push(format!("{}: sysinv still waits for {}", host.name, host.action));
        }
    }
    for server in cloud.servers.values() {
        settled(vim, cloud, server, &mut faults);
    }
    for uuid in cloud.guests.keys().filter(|uuid| !cloud.servers.contains_key(*uuid)) {
        faults.push(format!("the guest agent still has {uuid}"));
    }
    for instance in vim.instances() {
        if !cloud.servers.contains_key(instance.uuid()) {
            faults.push(format!("{} is known and does not exist", instance.name()));
        }
        if let Some(running) = &instance.running {
            faults.push(format!("{} is still in {:?}", instance.name(), running.state));
        }
    }
    for wait in vim.waits() {
        faults.push(format!("{} waits for {}", wait.who, wait.waiting.what));
    }
    for (host, operation) in vim.operations() {
        faults.push(format!("{host} has the operation {}", operation.kind.as_str()));
    }
    for alarm in vim.raised_alarms() {
        let host = alarm.entity.strip_prefix("host=").and_then(|rest| rest.split('.').next());
        let up = host.and_then(|host| cloud.hosts.get(host)).is_some_and(|host| !host.locked && host.enabled);
        if alarm.alarm_type == AlarmType::MultiNodeRecoveryMode || up {
            faults.push(format!("{:?} of {} is raised", alarm.alarm_type, alarm.entity));
        }
    }
    faults
}

fn settled(vim: &Vim, cloud: &Cloud, server: &Server, faults: &mut Vec<String>) {
    let Some(known) = vim.instances().find(|instance| instance.uuid() == server.uuid) else {
        return faults.push(format!("{} is not known", server.name));
    };
    let shown = server.view(true);
    if known.nfvi.nfvi_data != shown.nfvi_data || known.nfvi.host_name != shown.host_name {
        faults.push(format!(
            "{} is taken for {:?}, it is {:?}",
            server.name, known.nfvi.nfvi_data, shown.nfvi_data
        ));
    }
    guest_settled(known, cloud, server, faults);
    if server.user_stopped || server.vm == "paused" || !server.auto_recovery {
        return;
    }
    let host = server.host.as_ref().and_then(|host| cloud.hosts.get(host));
    let disabled = host.is_none_or(|host| host.locked || !host.enabled);
    let away = host.is_none_or(|host| host.is_away());
    let stuck_local = server.image.is_some() && server.flavor.disk > 20;
    // nobody may take a server off a host that has power and is locked; a large local disk stays where it is
    if disabled && (!away || stuck_local) {
        return;
    }
    if !cloud.runs(server) || disabled {
        faults.push(format!(
            "{} is {}/{}/{} on {}",
            server.name,
            server.vm,
            server.task,
            server.power,
            server.host.as_deref().unwrap_or("-")
        ));
    }
}

/// The guest agent knows whom it should know, and what is wanted of them; the VIM knows whose heart beats.
fn guest_settled(known: &Instance, cloud: &Cloud, server: &Server, faults: &mut Vec<String>) {
    if !cloud.guest_plugin {
        return;
    }
    let (services, guest) = (&known.guest_services, cloud.guests.get(&server.uuid));
    let beats = cloud.beats(&server.uuid);
    let right = match guest {
        None => !server.heartbeat && !services.are_provisioned(),
        Some(guest) => {
            server.heartbeat
                && Some(&guest.host) == server.host.as_ref()
                && (!cloud.runs(server) || guest.wanted && beats)
                && services.communication_established() == beats
        }
    };
    if !right || (beats && known.heartbeat_alarm.is_some()) {
        faults.push(format!(
            "the guest of {} is {guest:?}, beats: {beats}, known as {:?}",
            server.name,
            services.state()
        ));
    }
}

/// How long everything may take to come right.
pub const PATIENCE: std::time::Duration = secs(40 * 60);

//! Tables of the contract, row by row, and mistakes that must not come back: through the core's inputs and effects.
#![allow(clippy::unwrap_used)] // in helpers of tests

mod sim;

use nfv_common::time::Mono;
use nfv_nfvi::notification::HostOrder;
use nfv_vim::core::director::ItemEnd;
use nfv_vim::core::instance::action::ActionKind;
use nfv_vim::core::instance::state::{
    InstanceEvent as Event, InstanceFacts, InstanceState as State, Next, Report, Running, longest, react,
};
use sim::nova::OpKind;
use sim::platform::HostStep;
use sim::store::Store;
use sim::world::World;
use sim::{scenario, secs};

const BEGAN: Mono = Mono::at(secs(1000));

fn facts() -> InstanceFacts {
    InstanceFacts {
        idle: true,
        task_timed_out: false,
        locked: false,
        enabled: true,
        disabled: false,
        failed: false,
        migrating: false,
        resizing: false,
        rebuilding: false,
        moved: false,
        from_cli: false,
        guest: false,
        live_limit: Some(secs(800)),
        cold_limit: secs(900),
        evacuate_limit: secs(900),
        revert_limit: secs(900),
    }
}

/// State, event, seconds since it began, facts, started, seconds waiting, and: report, next, reason of a failure.
type Row = (
    State,
    Event,
    u64,
    fn(&mut InstanceFacts),
    bool,
    Option<u64>,
    Option<Report>,
    Option<Next>,
    Option<&'static str>,
);

fn failed(reason: &str) -> Event {
    Event::TaskFailed { task: 1, reason: reason.to_owned() }
}

/// vim-behaviour 3.4, the states with rules of their own.
#[test]
fn each_row_of_the_reaction_tables() {
    use ItemEnd::{Cancelled, Completed, Failed, TimedOut};
    use Report::{Evacuate, Migrate, Start, Stop};
    let done = || Event::TaskCompleted { task: 1 };
    let initial = Some(Next::Initial);
    let confirm = Some(Next::State(State::ColdMigrateConfirm));
    let rows: Vec<Row> = vec![
        (State::Start, Event::TaskStop, 1, |_| {}, false, None, Some(Start(Cancelled)), initial, None),
        (State::Start, done(), 1, |_| {}, false, None, None, None, None),
        (State::Start, failed("no"), 1, |_| {}, false, None, Some(Start(Failed)), initial, Some("no")),
        (
            State::Start,
            Event::NfviEnabled,
            1,
            |f| f.idle = false,
            false,
            None,
            Some(Start(Completed)),
            initial,
            None,
        ),
        (State::Start, Event::Audit, 1, |_| {}, false, None, Some(Start(Completed)), initial, None),
        (
            State::Start,
            Event::Audit,
            70,
            |f| f.enabled = false,
            false,
            Some(60),
            Some(Start(TimedOut)),
            initial,
            Some("timeout"),
        ),
        (State::Start, Event::Audit, 70, |f| f.enabled = false, false, Some(59), None, None, None),
        (State::Stop, Event::TaskStop, 1, |_| {}, false, None, Some(Stop(Cancelled)), initial, None),
        (
            State::Stop,
            Event::NfviDisabled,
            1,
            |f| (f.locked, f.disabled) = (true, true),
            false,
            None,
            Some(Stop(Completed)),
            initial,
            None,
        ),
        (State::Stop, Event::NfviDisabled, 1, |f| f.disabled = true, false, None, None, None, None),
        (State::Stop, failed("no"), 1, |_| {}, false, None, Some(Stop(Failed)), initial, Some("no")),
        (State::Stop, Event::Audit, 299, |_| {}, false, None, None, None, None),
        (State::Stop, Event::Audit, 300, |_| {}, false, None, Some(Stop(TimedOut)), initial, Some("timeout")),
        (State::LiveMigrate, Event::TaskStop, 1, |_| {}, false, None, None, initial, None),
        (
            State::LiveMigrate,
            Event::NfviHostChanged,
            1,
            |f| f.moved = true,
            false,
            None,
            Some(Migrate(Completed)),
            initial,
            None,
        ),
        (
            State::LiveMigrate,
            Event::LiveMigrateRollback,
            1,
            |_| {},
            false,
            None,
            Some(Migrate(Failed)),
            initial,
            None,
        ),
        (
            State::LiveMigrate,
            failed("no"),
            1,
            |_| {},
            false,
            None,
            Some(Migrate(Failed)),
            initial,
            Some("no"),
        ),
        (State::LiveMigrate, Event::NfviEnabled, 1, |f| f.migrating = true, false, None, None, None, None),
        (State::LiveMigrate, Event::NfviEnabled, 1, |_| {}, true, None, Some(Migrate(Failed)), initial, None),
        (State::LiveMigrate, Event::NfviEnabled, 1, |_| {}, false, None, None, None, None),
        (
            State::LiveMigrate,
            Event::Audit,
            70,
            |_| {},
            false,
            Some(60),
            Some(Migrate(TimedOut)),
            initial,
            Some("timeout"),
        ),
        (State::LiveMigrate, Event::Audit, 859, |f| f.migrating = true, true, None, None, None, None),
        (
            State::LiveMigrate,
            Event::Audit,
            860,
            |f| f.migrating = true,
            true,
            None,
            Some(Migrate(TimedOut)),
            initial,
            Some("timeout"),
        ),
        (
            State::LiveMigrate,
            Event::Audit,
            9000,
            |f| (f.migrating, f.live_limit) = (true, None),
            true,
            None,
            None,
            None,
            None,
        ),
        (State::ColdMigrate, Event::TaskStop, 1, |_| {}, false, None, None, initial, None),
        (
            State::ColdMigrate,
            Event::NfviResized,
            1,
            |_| {},
            false,
            None,
            Some(Migrate(Completed)),
            confirm,
            None,
        ),
        (State::ColdMigrate, done(), 1, |f| f.from_cli = true, false, None, None, initial, None),
        (State::ColdMigrate, done(), 1, |_| {}, false, None, None, None, None),
        (
            State::ColdMigrate,
            failed("no"),
            1,
            |_| {},
            false,
            None,
            Some(Migrate(Failed)),
            initial,
            Some("no"),
        ),
        (
            State::ColdMigrate,
            Event::Audit,
            70,
            |_| {},
            false,
            Some(60),
            Some(Migrate(TimedOut)),
            initial,
            Some("timeout"),
        ),
        (
            State::ColdMigrate,
            Event::Audit,
            900,
            |f| f.resizing = true,
            false,
            None,
            Some(Migrate(TimedOut)),
            initial,
            Some("timeout"),
        ),
        (
            State::Evacuate,
            Event::NfviEnabled,
            1,
            |f| f.moved = true,
            false,
            None,
            Some(Evacuate(Completed)),
            initial,
            None,
        ),
        (
            State::Evacuate,
            Event::NfviHostChanged,
            1,
            |f| (f.moved, f.rebuilding) = (true, true),
            false,
            None,
            None,
            None,
            None,
        ),
        (State::Evacuate, Event::NfviDisabled, 1, |_| {}, true, None, Some(Evacuate(Failed)), initial, None),
        (State::Evacuate, failed("no"), 1, |_| {}, false, None, Some(Evacuate(Failed)), initial, Some("no")),
        (State::Evacuate, Event::Audit, 130, |_| {}, false, Some(119), None, None, None),
        (
            State::Evacuate,
            Event::Audit,
            130,
            |_| {},
            false,
            Some(120),
            Some(Evacuate(TimedOut)),
            initial,
            Some("timeout"),
        ),
        (
            State::Evacuate,
            Event::Audit,
            900,
            |f| f.rebuilding = true,
            true,
            None,
            Some(Evacuate(TimedOut)),
            initial,
            Some("timeout"),
        ),
        (State::Fail, done(), 1, |_| {}, false, None, None, None, None),
        (State::Fail, done(), 1, |f| f.failed = true, false, None, None, initial, None),
        (State::Fail, failed(""), 1, |_| {}, false, None, None, initial, None),
        (State::Reboot, done(), 1, |_| {}, false, None, None, initial, None),
        (State::Reboot, failed("no"), 1, |_| {}, false, None, None, initial, Some("no")),
    ];
    for (state, event, after, change, started, waiting, report, next, reason) in rows {
        let mut facts = facts();
        change(&mut facts);
        let now = BEGAN + secs(after);
        let mut running = Running::new(ActionKind::Evacuate, state, Some("compute-0".to_owned()), BEGAN);
        running.started = started;
        running.waiting_since = waiting.map(|seconds| now - secs(seconds));
        let got = react(&mut running, &event, &facts, now);
        let row = format!("{state:?} {event:?} after {after} s");
        assert_eq!((got.report, got.next, got.failed.as_deref()), (report, next, reason), "{row}");
    }
}

fn world(hosts: u64) -> World {
    let mut cloud = scenario::cluster(1, hosts, 3, 20);
    cloud.steady = true;
    let mut world = World::new(1, cloud, Store::memory());
    world.run_for(secs(60)).map_err(|failure| failure.what).unwrap();
    world
}

fn run(world: &mut World, seconds: u64) {
    world.settle_cloud();
    world
        .run_for(secs(seconds))
        .map_err(|failure| format!("{}\n{}", failure.what, world.journal.tail()))
        .unwrap();
}

const VM_0: &str = "22222222-0000-0000-0000-000000000000";

/// vim-behaviour 5.3.3: the condition of the instance, and the text after the preamble.
#[test]
fn each_reason_to_refuse_a_lock() {
    type Change = fn(&mut World);
    fn set(world: &mut World, vm: &'static str, task: &'static str, power: &'static str) {
        world.cloud.servers.get_mut(VM_0).unwrap().set(vm, task, power);
    }
    let rows: [(Change, &str); 6] = [
        (
            |world| {
                set(world, "paused", "none", "paused");
                world.cloud.servers.get_mut(VM_0).unwrap().live = false;
            },
            "instance vm-0 is paused.",
        ),
        (|world| set(world, "suspended", "none", "running"), "instance vm-0 is suspended."),
        (|world| set(world, "active", "migrating", "running"), "instance vm-0 is migrating."),
        (|world| set(world, "active", "rebuilding", "running"), "instance vm-0 is rebuilding."),
        (|world| set(world, "active", "rebooting", "running"), "instance vm-0 action in progress."),
        (
            |world| {
                let server = world.cloud.servers.get_mut(VM_0).unwrap();
                server.live = false;
                server.image = Some("image-1".to_owned());
                server.flavor.disk = 500;
            },
            "instance vm-0 can't be cold-migrated by the system.  Manually move the instance off of host compute-0.",
        ),
    ];
    for (change, text) in rows {
        let mut world = world(3);
        change(&mut world);
        run(&mut world, 60);
        world.cloud.order("compute-0", HostOrder::Lock);
        run(&mut world, 30);
        assert_eq!(world.cloud.refusals, [format!("Lock of host compute-0 rejected because {text}")]);
        assert!(world.cloud.hosts["compute-0"].compute_enabled, "{text}: the host is used again");
    }
}

#[test]
fn a_lock_without_another_hypervisor_is_refused() {
    let mut world = world(1);
    world.cloud.order("compute-0", HostOrder::Lock);
    run(&mut world, 30);
    let why = "Lock of host compute-0 rejected because there are no other hypervisors available.";
    assert_eq!(world.cloud.refusals, [why]);
}

/// A crash that only a late notification tells leads to an alarm and a question, not to a reboot.
#[test]
fn a_healthy_instance_is_not_healed_on_the_word_of_a_late_notification() {
    let mut world = world(2);
    let server = world.cloud.servers.get_mut(VM_0).unwrap();
    server.set("active", "none", "crashed");
    let late = server.view(false);
    world.cloud.servers.get_mut(VM_0).unwrap().set("active", "none", "running");
    let body = nfv_nfvi::Notification::InstanceStateChange { instance: Box::new(late) };
    world.cloud.said.push((secs(1), sim::cloud::Message::Nova(body)));
    run(&mut world, 400);
    assert_eq!(world.cloud.requests, []);
    assert!(world.raised.is_empty(), "{:?}", world.raised);
    assert!(world.logs.iter().any(|(_, text)| text.contains("has failed")), "it was told");
}

/// Instances of a host that sysinv still locks after a refusal run on.
#[test]
fn the_host_audit_leaves_instances_of_a_host_alone_that_is_only_being_locked() {
    let mut world = world(2);
    world.cloud.hosts.get_mut("compute-0").unwrap().action = nfv_nfvi::object::HostAction::Lock;
    run(&mut world, 300);
    assert!(
        world.cloud.requests.iter().all(|(_, kind, _)| *kind != OpKind::ResetError),
        "nothing was failed"
    );
}

/// The steps of a host that dies and stays away are what the evacuation waits for.
#[test]
fn an_evacuation_waits_until_maintenance_gives_the_host_up() {
    let mut world = world(3);
    world.cloud.crash_host("compute-0", None);
    world
        .cloud
        .later
        .retain(|(_, event)| !matches!(event, sim::cloud::CloudEvent::Host { step: HostStep::Offline, .. }));
    run(&mut world, 110);
    let evacuations = |world: &World| world.cloud.requests.iter().filter(|r| r.1 == OpKind::Evacuate).count();
    assert_eq!(evacuations(&world), 0, "the host failed and is not offline");
    let procedure = world.cloud.hosts["compute-0"].procedure;
    world.cloud.host_step("compute-0", procedure, HostStep::Offline);
    run(&mut world, 120);
    assert_eq!(evacuations(&world), 1);
    assert!(world.cloud.runs(&world.cloud.servers[VM_0]));
}

#[test]
fn every_action_has_a_deadline_that_ends_it_or_starts_it_again() {
    for kind in ActionKind::all() {
        let state = State::first(kind);
        let mut running = Running::new(kind, state, None, BEGAN);
        let facts = facts();
        let limit = longest(state, &facts);
        let least = if kind.is_guest_services() { secs(120) } else { secs(180) };
        assert!(limit >= least, "{kind:?} has only {limit:?}");
        let reaction = react(&mut running, &Event::Overdue, &facts, BEGAN + limit);
        let over = reaction.next == Some(Next::Initial) || reaction.restart;
        assert!(over, "{kind:?}: {reaction:?}");
        let reported = matches!(
            state,
            State::Start | State::Stop | State::LiveMigrate | State::ColdMigrate | State::Evacuate
        );
        assert_eq!(reaction.report.is_some(), reported, "{kind:?}: {reaction:?}");
    }
}

//! Mistakes of the core that must not come back, in a whole simulated cloud, and what holds for every action.

use crate::sim;
use crate::sim::nova::OpKind;
use crate::sim::platform::HostStep;
use crate::sim::store::Store;
use crate::sim::world::World;
use crate::sim::{scenario, secs};
use nfv_common::time::Mono;
use nfv_vim::core::instance::action::ActionKind;
use nfv_vim::core::instance::state::{
    InstanceEvent as Event, InstanceFacts, InstanceState as State, Next, Running, longest, react,
};

const BEGAN: Mono = Mono::at(secs(1000));

fn facts() -> InstanceFacts {
    InstanceFacts {
        idle: true,
        task_timed_out: false,
        locked: false,
        enabled: true,
        disabled: false,
        failed: false,
        stopping: false,
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

/// How often Nova was asked for that.
fn requests(world: &World, kind: OpKind) -> usize {
    world.cloud.requests.iter().filter(|request| request.1 == kind).count()
}

const VM_0: &str = "22222222-0000-0000-0000-000000000000";

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

/// Upstream's notifications have no power state. What Nova says of the machine in between is the same crash, not one
/// after the other.
#[test]
fn a_crash_that_notifications_say_nothing_of_is_healed_once() {
    let mut world = world(2);
    world.cloud.powerless = true;
    world.cloud.crash_server(VM_0);
    run(&mut world, 400);
    assert_eq!(requests(&world, OpKind::Reboot), 1);
    assert!(world.cloud.runs(&world.cloud.servers[VM_0]));
    // the next one is another one, and healed as quickly
    world.cloud.crash_server(VM_0);
    run(&mut world, 10);
    assert_eq!(requests(&world, OpKind::Reboot), 2);
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
    assert_eq!(requests(&world, OpKind::Evacuate), 0, "the host failed and is not offline");
    let procedure = world.cloud.hosts["compute-0"].procedure;
    world.cloud.host_step("compute-0", procedure, HostStep::Offline);
    run(&mut world, 120);
    assert_eq!(requests(&world, OpKind::Evacuate), 1);
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

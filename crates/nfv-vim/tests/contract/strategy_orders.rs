//! vim-behaviour 5.3.5, the entry points for strategies: moving, stopping and starting instances.

use crate::rig::{Rig, Setup, UP, nova, server};
use nfv_nfvi::notification::HostOrder::Lock;
use nfv_nfvi::object::AdminState;
use nfv_vim::core::director::{DirectorCommand, OperationStatus};

const A: &str = "compute-0";
const B: &str = "compute-1";
const STOPPED: (&str, &str, &str) = ("stopped", "none", "shutdown");
const RUNS: (&str, &str, &str) = ("active", "none", "running");

/// Two hosts, on the first of them these servers in these states of Nova.
fn with(servers: &[(&str, (&str, &str, &str))]) -> Rig {
    on_hosts(Setup::new().host(A, "enabled").host(B, "enabled"), servers)
}

fn on_hosts(setup: Setup, servers: &[(&str, (&str, &str, &str))]) -> Rig {
    let mut rig = setup.start();
    for (uuid, states) in servers {
        let mut shown = server(uuid, A);
        nova(&mut shown, states.0, states.1, states.2);
        rig.add(shown);
    }
    rig.run(1);
    rig.forget();
    rig
}

fn uuids(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn migrate(names: &[&str]) -> DirectorCommand {
    DirectorCommand::MigrateInstances(uuids(names))
}

fn stop(names: &[&str]) -> DirectorCommand {
    DirectorCommand::StopInstances(uuids(names))
}

fn start(names: &[&str], serial: bool) -> DirectorCommand {
    DirectorCommand::StartInstances { uuids: uuids(names), serial }
}

fn going_on() -> OperationStatus {
    OperationStatus { in_progress: true, ..OperationStatus::default() }
}

fn failed(reason: &str) -> OperationStatus {
    OperationStatus { failed: true, reason: reason.to_owned(), ..OperationStatus::default() }
}

/// Nova stopped the server.
fn stopped(rig: &mut Rig, uuid: &str) {
    rig.nova(uuid, "stopped", "none", "shutdown");
}

/// Nova moved the server away.
fn moved(rig: &mut Rig, uuid: &str) {
    rig.change(uuid, |shown| shown.host_name = Some(B.to_owned()));
}

/// What the command comes to at once, and the calls that leave.
#[test]
fn what_speaks_against_it_is_told_at_once() {
    let live = "live-migrate block auto";
    let moves: [(&str, (&str, &str, &str), &str); 7] = [
        ("suspended", ("suspended", "none", "shutdown"), "instance vm-1 is suspended."),
        ("migrating", ("active", "migrating", "running"), "instance vm-1 is migrating."),
        ("rebuilding", ("active", "rebuilding", "running"), "instance vm-1 is rebuilding."),
        ("rebooting", ("active", "rebooting", "running"), "instance vm-1 action in progress."),
        ("resized", ("resized", "none", "running"), "instance vm-1 is resizing."),
        ("paused", ("paused", "none", "paused"), ""),
        ("runs", RUNS, ""),
    ];
    for (what, states, objection) in moves {
        let mut rig = with(&[("vm-1", states)]);
        let status = rig.command(migrate(&["vm-1"]));
        if objection.is_empty() {
            assert_eq!(status, going_on(), "{what}");
            assert_eq!(rig.calls(), [format!("vm-1: {live}")], "{what}");
            let begin = "reason = migrate instances requested";
            assert!(rig.logs().iter().any(|log| log.ends_with(begin)), "{what}: {:?}", rig.logs());
        } else {
            let reason = format!("Migrate instances from host {A} failed because {objection}");
            assert_eq!(status, failed(&reason), "{what}");
            assert_eq!(rig.calls(), [""; 0], "{what}");
            assert_eq!(rig.vim.operations().count(), 0, "{what}");
        }
        // the same conditions keep an instance from being stopped, and pause as well
        let objection = if what == "paused" { "instance vm-1 is paused." } else { objection };
        let mut rig = with(&[("vm-1", states)]);
        let status = rig.command(stop(&["vm-1"]));
        if objection.is_empty() {
            assert_eq!((status, rig.calls()), (going_on(), vec!["vm-1: stop"]), "{what}");
            let begin = "reason = stop instances issued";
            assert!(rig.logs().iter().any(|log| log.ends_with(begin)), "{what}: {:?}", rig.logs());
        } else {
            let reason = format!("Stop instances on host {A} failed because {objection}");
            assert_eq!((status, rig.calls()), (failed(&reason), vec![]), "{what}");
        }
        // and from being started, which also wants it to be stopped
        let objection = if what == "runs" { "instance vm-1 is not locked." } else { objection };
        let mut rig = with(&[("vm-1", states)]);
        let reason = format!("Start instances on host {A} failed because {objection}");
        assert_eq!(rig.command(start(&["vm-1"], false)), failed(&reason), "{what}");
    }
}

#[test]
fn nothing_begins_where_an_instance_or_its_host_is_not_known() {
    for command in [migrate, stop, (|names| start(names, true)) as fn(&[&str]) -> DirectorCommand] {
        let mut rig = with(&[("vm-1", STOPPED)]);
        assert_eq!(rig.command(command(&["vm-1", "vm-9"])), failed("Instance vm-9 does not exist."));
        assert_eq!(rig.calls(), [""; 0]);
        let mut lost = server("vm-2", "nowhere");
        nova(&mut lost, "stopped", "none", "shutdown");
        rig.add(lost);
        rig.forget();
        assert_eq!(rig.command(command(&["vm-2"])), failed("Host nowhere does not exist."));
        let mut nameless = server("vm-3", A);
        nameless.host_name = None;
        rig.add(nameless);
        assert_eq!(rig.command(command(&["vm-3"])), failed("Host None does not exist."));
    }
}

#[test]
fn one_operation_for_each_host() {
    let mut rig = with(&[("vm-1", RUNS), ("vm-2", RUNS)]);
    rig.command(stop(&["vm-1"]));
    let reason = format!("Another host operation stop-instances is already inprogress for host {A}.");
    assert_eq!(rig.command(migrate(&["vm-2"])), failed(&reason));
    rig.ok("vm-1: stop");
    stopped(&mut rig, "vm-1");
    assert_eq!(rig.vim.operations().count(), 0);
    rig.order(A, Lock);
    rig.all_ok();
    let reason = format!("Another host operation host-lock is already inprogress for host {A}.");
    assert_eq!(rig.command(stop(&["vm-2"])), failed(&reason));
}

#[test]
fn other_hypervisors_are_needed_and_all_of_the_host_moves_one_after_another() {
    let mut rig = on_hosts(Setup::new().host(A, "enabled").host(B, "disabled"), &[("vm-1", RUNS)]);
    let reason =
        format!("Migrate instances from host {A} failed because there are no other hypervisors available.");
    assert_eq!(rig.command(migrate(&["vm-1"])), failed(&reason));
    // one that was not named goes as well (quirk); a stopped and a failed one stay
    let states = [("vm-1", RUNS), ("vm-2", RUNS), ("vm-3", STOPPED), ("vm-4", ("error", "none", "running"))];
    let mut rig = with(&states);
    assert_eq!(rig.command(migrate(&["vm-2"])), going_on());
    assert_eq!(rig.calls(), ["vm-1: live-migrate block auto"]);
    rig.ok("vm-1: live");
    moved(&mut rig, "vm-1");
    assert_eq!(rig.calls(), ["vm-1: live-migrate block auto", "vm-2: live-migrate block auto"]);
    rig.ok("vm-2: live");
    moved(&mut rig, "vm-2");
    assert_eq!(rig.vim.operations().count(), 0);
    assert_eq!(rig.failures(), [""; 0]);
    assert_eq!(rig.state(A), "enabled");
}

#[test]
fn without_live_migration_it_is_a_cold_one_that_confirms_itself() {
    let mut rig = with(&[("vm-1", RUNS)]);
    rig.change("vm-1", |shown| shown.live_migration_support = Some(false));
    rig.forget();
    assert_eq!(rig.command(migrate(&["vm-1"])), going_on());
    rig.ok("vm-1: cold-migrate");
    rig.change("vm-1", |shown| {
        nova(shown, "resized", "none", "running");
        shown.host_name = Some(B.to_owned());
    });
    rig.ok("vm-1: confirm-resize");
    rig.nova("vm-1", "active", "none", "running");
    assert_eq!(rig.vim.operations().count(), 0);
    assert_eq!(rig.failures(), [""; 0]);
}

/// The reasons of 5.3.5, and what the strategy hears.
#[test]
fn a_migration_that_fails_ends_the_operation_and_the_strategy_hears_it() {
    let mut rig = with(&[("vm-1", RUNS), ("vm-2", RUNS)]);
    rig.command(migrate(&["vm-1", "vm-2"]));
    rig.nok("vm-1: live", "no");
    let reason = format!("migrate-instances-failed Migrate of instance vm-1 from host {A} failed.");
    assert_eq!(rig.failures(), [reason]);
    assert_eq!(rig.vim.operations().count(), 0);
    assert!(!rig.calls().iter().any(|call| call.starts_with("vm-2")), "{:?}", rig.calls());

    let mut rig = with(&[("vm-1", RUNS)]);
    rig.command(migrate(&["vm-1"]));
    rig.ok("vm-1: live");
    rig.run(2000);
    let reason = format!("migrate-instances-failed Migrate of instance vm-1 from host {A} timed out.");
    assert_eq!(rig.failures(), [reason]);
}

/// An instance that cannot go is met only in a later pass: the original leaves the strategy waiting.
#[test]
fn a_later_pass_that_fails_is_told_as_well() {
    let mut rig = with(&[("vm-1", RUNS), ("vm-2", RUNS)]);
    rig.command(migrate(&["vm-1"]));
    rig.ok("vm-1: live");
    rig.nova("vm-2", "active", "rebooting", "running");
    moved(&mut rig, "vm-1");
    let reason = format!(
        "migrate-instances-failed Migrate instances from host {A} failed because instance vm-2 action in progress."
    );
    assert_eq!(rig.failures(), [reason]);
    assert_eq!(rig.vim.operations().count(), 0);
}

#[test]
fn all_stop_at_once_and_only_those_that_are_named() {
    let mut rig = with(&[("vm-1", RUNS), ("vm-2", RUNS), ("vm-3", RUNS), ("vm-4", STOPPED)]);
    assert_eq!(rig.command(stop(&["vm-1", "vm-3", "vm-4"])), going_on());
    assert_eq!(rig.calls(), ["vm-1: stop", "vm-3: stop"]);
    for uuid in ["vm-1", "vm-3"] {
        rig.ok(&format!("{uuid}: stop"));
        stopped(&mut rig, uuid);
    }
    assert_eq!(rig.vim.operations().count(), 0);
    assert_eq!(rig.instance("vm-2").nfvi.admin_state, AdminState::Unlocked);
    // all of them are where they should be
    assert_eq!(rig.command(stop(&["vm-1", "vm-3", "vm-4"])), OperationStatus::default());
}

#[test]
fn a_stop_that_fails_ends_the_operation_and_fails_no_instance() {
    let mut rig = with(&[("vm-1", RUNS), ("vm-2", RUNS)]);
    rig.command(stop(&["vm-1", "vm-2"]));
    rig.nok("vm-1: stop", "no");
    assert_eq!(rig.vim.operations().count(), 0);
    // what had begun goes on
    rig.ok("vm-2: stop");
    stopped(&mut rig, "vm-2");
    assert!(!rig.calls().iter().any(|call| call.contains("reset-state")), "{:?}", rig.calls());
}

#[test]
fn starts_go_at_once_or_one_after_another() {
    let three = [("vm-1", STOPPED), ("vm-2", STOPPED), ("vm-3", STOPPED)];
    let mut rig = with(&three);
    assert_eq!(rig.command(start(&["vm-1", "vm-2"], false)), going_on());
    assert_eq!(rig.calls(), ["vm-1: start", "vm-2: start"]);
    assert!(rig.logs()[0].ends_with("reason = start instances issued"), "{:?}", rig.logs());
    for uuid in ["vm-1", "vm-2"] {
        rig.ok(&format!("{uuid}: start"));
        rig.nova(uuid, "active", "none", "running");
    }
    assert_eq!(rig.vim.operations().count(), 0);

    let mut rig = with(&three);
    assert_eq!(rig.command(start(&["vm-1", "vm-2", "vm-3"], true)), going_on());
    assert!(rig.logs()[0].ends_with("reason = start instances serial issued"), "{:?}", rig.logs());
    assert_eq!(rig.calls(), ["vm-1: start"]);
    // one that fails keeps none behind it from starting
    rig.nok("vm-1: start", "no");
    assert_eq!(rig.open_calls(), ["vm-2: start"]);
    rig.ok("vm-2: start");
    rig.nova("vm-2", "active", "none", "running");
    assert_eq!(rig.open_calls(), ["vm-3: start"]);
    rig.ok("vm-3: start");
    rig.nova("vm-3", "active", "none", "running");
    assert_eq!(rig.vim.operations().count(), 0);
    assert_eq!(rig.command(start(&["vm-1"], true)), going_on(), "it may be tried again");
}

/// A host that fails at once keeps those after it from beginning; those before it go on.
#[test]
fn several_hosts_are_taken_one_after_another() {
    let mut rig = Setup::new().host(A, "enabled").host(B, "enabled").host("compute-2", "enabled").start();
    for (uuid, host) in [("vm-0", A), ("vm-1", B), ("vm-2", "compute-2")] {
        rig.add(server(uuid, host));
    }
    rig.nova("vm-1", "paused", "none", "paused");
    rig.run(1);
    rig.forget();
    let status = rig.command(stop(&["vm-2", "vm-1", "vm-0"]));
    assert!(status.failed && status.in_progress);
    assert_eq!(status.reason, format!("Stop instances on host {B} failed because instance vm-1 is paused."));
    assert_eq!(rig.calls(), ["vm-0: stop"]);
}

/// The host's own trouble takes the operation's place, and a deleted instance holds nothing up.
#[test]
fn the_host_and_deletions_come_first() {
    let mut rig = with(&[("vm-1", RUNS), ("vm-2", RUNS)]);
    rig.command(migrate(&["vm-1"]));
    rig.order(A, Lock);
    rig.all_ok();
    let kinds: Vec<_> = rig.vim.operations().map(|(_, operation)| operation.kind.as_str()).collect();
    assert_eq!(kinds, ["host-lock"]);
    for uuid in ["vm-1", "vm-2"] {
        moved(&mut rig, uuid);
        rig.all_ok();
    }
    assert_eq!(rig.state(A), "disabled");
    assert_eq!(rig.failures(), [""; 0]);

    let mut rig = with(&[("vm-1", RUNS), ("vm-2", RUNS)]);
    rig.command(migrate(&["vm-1"]));
    rig.nova("vm-1", "deleted", "none", "shutdown");
    rig.run(2);
    assert!(rig.open_calls().contains(&"vm-2: live-migrate block auto".to_owned()), "{:?}", rig.open_calls());
}

/// What an earlier process had sent is joined: no second request, and the operation ends with it.
#[test]
fn after_a_restart_a_migration_under_way_is_joined() {
    let mut rig = with(&[("vm-1", RUNS), ("vm-2", RUNS)]);
    rig.command(migrate(&["vm-1", "vm-2"]));
    rig.ok("vm-1: live");
    rig.nova("vm-1", "active", "migrating", "running");
    let servers = rig.servers.clone();
    let mut rig = rig.restart(nfv_vim::core::CoreConfig::default());
    rig.servers = servers;
    rig.host_is(A, UP);
    assert_eq!(rig.command(migrate(&["vm-1", "vm-2"])), going_on());
    rig.run(1);
    assert!(!rig.calls().iter().any(|call| call.starts_with("vm-1: live")), "{:?}", rig.calls());
    rig.change("vm-1", |shown| {
        nova(shown, "active", "none", "running");
        shown.host_name = Some(B.to_owned());
    });
    assert!(rig.open_calls().contains(&"vm-2: live-migrate block auto".to_owned()), "{:?}", rig.open_calls());
}

/// During an upgrade that wants instances left alone nothing is sent, and the reason says so.
#[test]
fn an_upgrade_refuses() {
    let setup = Setup::new().host(A, "enabled").host(B, "enabled");
    let setup = setup.rows(|rows| {
        rows.hosts[1].upgrade_inprogress = true;
        rows.hosts[1].recover_instances = false;
    });
    let mut rig = on_hosts(setup, &[("vm-1", RUNS)]);
    let reason = format!(
        "Stop instances on host {A} failed because instance vm-1 must be left alone during the upgrade."
    );
    assert_eq!(rig.command(stop(&["vm-1"])), failed(&reason));
    assert_eq!(rig.command(migrate(&["vm-1"])), OperationStatus::default(), "the gate of 5.3.4 is closed");
    assert_eq!(rig.calls(), [""; 0]);
}

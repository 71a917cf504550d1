//! vim-behaviour 2.4: the transition table of hosts, what entering and leaving do, and when the lock is forgotten.

use crate::case::{Case, Elsewhere};
use crate::rig::{DOWN, FAILED, Rig, Setup, UP, host};
use nfv_nfvi::Notification;
use nfv_nfvi::notification::HostOrder::{ForceLock, Lock, Unlock};
use nfv_nfvi::object::HostAction;

pub const ELSEWHERE: &[Elsewhere] = &[];

const H: &str = "compute-0";
/// The platform cannot say more than that it is there.
const LOCKED_OFFLINE: (&str, &str, &str) = ("locked", "disabled", "offline");

/// What a row comes to: state, task under way, action of the VIM, calls made.
type End = (&'static str, &'static str, &'static str, &'static [&'static str]);
type Row = (&'static str, &'static str, fn() -> Rig, fn(&mut Rig), End);

fn at(state: &str) -> Rig {
    Setup::new().host(H, state).host("compute-1", "enabled").start()
}

/// With its task under way.
fn busy(state: &str) -> Rig {
    let mut rig = at(state);
    match state {
        "configure" => add(&mut rig),
        "deleting" | "deleting-failed" => delete(&mut rig),
        _ => rig.host_audit(H),
    }
    assert!(rig.task(H).is_some(), "the task of {state} runs");
    rig.forget();
    rig
}

/// Under way to `disabling` by a lock.
fn locking() -> Rig {
    let mut rig = at("enabled");
    rig.order(H, Lock);
    rig.forget();
    rig
}

fn force_locking() -> Rig {
    let mut rig = at("enabled");
    rig.order(H, ForceLock);
    rig.forget();
    rig
}

fn disabling_failed() -> Rig {
    let mut rig = locking();
    rig.nok("nova: disable", "no");
    assert_eq!(rig.state(H), "disabling-failed");
    rig.forget();
    rig
}

/// In `deleting` for so long, and busy.
fn deleting_for(seconds: u64) -> Rig {
    let mut rig = at("enabled");
    delete(&mut rig);
    rig.run(31);
    rig.ok("nova: delete");
    rig.run(seconds - 31);
    rig.forget();
    rig
}

fn add(rig: &mut Rig) {
    rig.say(Notification::HostAdd { uuid: format!("uuid-of-{H}"), name: H.to_owned() });
}

fn delete(rig: &mut Rig) {
    rig.say(Notification::HostDelete { uuid: format!("uuid-of-{H}"), name: H.to_owned() });
}

fn lock(rig: &mut Rig) {
    rig.order(H, Lock);
}

fn unlock(rig: &mut Rig) {
    rig.order(H, Unlock);
}

fn enable(rig: &mut Rig) {
    rig.host_is(H, UP);
}

fn disable(rig: &mut Rig) {
    rig.host_is(H, FAILED);
}

fn audit(rig: &mut Rig) {
    rig.host_audit(H);
}

const ADD_CALLS: &[&str] = &["nova: create services of compute-0"];
const ENABLE_CALLS: &[&str] = &["nova: compute-0 forced_down false"];
const DISABLE_CALLS: &[&str] = &["nova: disable services of compute-0"];
const DELETE_CALLS: &[&str] = &["nova: delete services of compute-0"];
const ADD: &str = "add-host_compute-0";
const ENABLE: &str = "enable-host_compute-0";
const DISABLE: &str = "disable-host_compute-0";
const DELETE: &str = "delete-host_compute-0";
const DISABLE_FAILED: &str = "notify-disable-failed-host_compute-0";
const DELETE_FAILED: &str = "notify-delete-failed-host_compute-0";
const NONE: &[&str] = &[];

/// Row, side of it, set-up, input, end.
fn rows() -> Vec<Row> {
    vec![
        ("2.4 initial (–) / add", "", || at("initial"), add, ("configure", ADD, "", ADD_CALLS)),
        ("2.4 initial (–) / add", "unlisted event", || at("initial"), lock, ("initial", "", "locking", NONE)),
        ("2.4 initial (–) / delete", "", || at("initial"), delete, ("deleting", DELETE, "", DELETE_CALLS)),
        (
            "2.4 configure (no) / add, audit",
            "idle",
            || at("configure"),
            add,
            ("configure", ADD, "", ADD_CALLS),
        ),
        ("2.4 configure (no) / add, audit", "busy", || busy("configure"), add, ("configure", ADD, "", NONE)),
        ("2.4 configure (no) / delete", "", || busy("configure"), delete, ("deleting", DELETE, "", &[])),
        (
            "2.4 configure (no) / task-completed",
            "enabled",
            || {
                let mut rig = Setup::new()
                    .host_as(host(H, "unlocked", "enabled", "available"), "configure", "")
                    .start();
                add(&mut rig);
                rig.ok("nova: create");
                rig.ok("neutron: create");
                rig.forget();
                rig
            },
            |rig| rig.ok("guest: create"),
            ("enabling", ENABLE, "", ENABLE_CALLS),
        ),
        (
            "2.4 configure (no) / task-completed",
            "not enabled",
            || {
                let mut rig = busy("configure");
                rig.ok("nova: create");
                rig.ok("neutron: create");
                rig.forget();
                rig
            },
            |rig| rig.ok("guest: create"),
            ("disabling", DISABLE, "", DISABLE_CALLS),
        ),
        (
            "2.4 configure (no) / task-failed",
            "",
            || busy("configure"),
            |rig| rig.nok("nova: create", "no"),
            ("configure", "", "", NONE),
        ),
        (
            "2.4 configure (no) / task-failed",
            "tried again by add",
            || {
                let mut rig = busy("configure");
                rig.nok("nova: create", "no");
                rig
            },
            |rig| rig.host_again(H),
            ("configure", ADD, "", ADD_CALLS),
        ),
        (
            "2.4 enabling (yes) / enable, audit",
            "audit",
            || at("enabling"),
            audit,
            ("enabling", ENABLE, "", ENABLE_CALLS),
        ),
        (
            "2.4 enabling (yes) / enable, audit",
            "enable",
            || Setup::new().host_as(host(H, "unlocked", "enabled", "degraded"), "enabling", "").start(),
            enable,
            ("enabling", ENABLE, "", ENABLE_CALLS),
        ),
        (
            "2.4 enabling (yes) / enable, audit",
            "busy",
            || busy("enabling"),
            audit,
            ("enabling", ENABLE, "", NONE),
        ),
        (
            "2.4 enabling (yes) / lock, unlock, disable",
            "lock",
            || at("enabling"),
            lock,
            ("disabling", DISABLE, "locking", DISABLE_CALLS),
        ),
        (
            "2.4 enabling (yes) / lock, unlock, disable",
            "unlock disables, and its action is over as the host is unlocked",
            || at("enabling"),
            unlock,
            ("disabling", DISABLE, "", DISABLE_CALLS),
        ),
        (
            "2.4 enabling (yes) / lock, unlock, disable",
            "disable",
            || at("enabling"),
            disable,
            ("disabling", DISABLE, "", DISABLE_CALLS),
        ),
        (
            "2.4 enabling (yes) / delete",
            "",
            || at("enabling"),
            delete,
            ("deleting", DELETE, "", DELETE_CALLS),
        ),
        (
            "2.4 enabling (yes) / task-completed",
            "",
            || {
                let mut rig = busy("enabling");
                for call in ["nova: compute-0", "nova: enable", "neutron: enable", "guest: enable", "sysinv"]
                {
                    rig.ok(call);
                }
                rig.forget();
                rig
            },
            |rig| rig.ok("nova: hypervisor"),
            ("enabled", "", "", NONE),
        ),
        (
            "2.4 enabling (yes) / task-failed",
            "",
            || busy("enabling"),
            |rig| rig.nok("nova: compute-0", "no"),
            ("enabling", "", "", NONE),
        ),
        (
            "2.4 enabling (yes) / task-failed",
            "tried again by audit",
            || {
                let mut rig = busy("enabling");
                rig.nok("nova: compute-0", "no");
                rig.forget();
                rig
            },
            audit,
            ("enabling", ENABLE, "", ENABLE_CALLS),
        ),
        (
            "2.4 enabled (no) / lock, unlock, disable",
            "lock",
            || at("enabled"),
            lock,
            ("disabling", DISABLE, "locking", DISABLE_CALLS),
        ),
        (
            "2.4 enabled (no) / lock, unlock, disable",
            "force lock",
            || at("enabled"),
            |rig| rig.order(H, ForceLock),
            ("disabling", DISABLE, "locking (force)", DISABLE_CALLS),
        ),
        (
            "2.4 enabled (no) / lock, unlock, disable",
            "unlock",
            || at("enabled"),
            unlock,
            ("disabling", DISABLE, "", DISABLE_CALLS),
        ),
        (
            "2.4 enabled (no) / lock, unlock, disable",
            "disable",
            || at("enabled"),
            disable,
            ("disabling", DISABLE, "", DISABLE_CALLS),
        ),
        ("2.4 enabled (no) / delete", "", || at("enabled"), delete, ("deleting", DELETE, "", DELETE_CALLS)),
        (
            "2.4 enabled (no) / audit",
            "idle",
            || at("enabled"),
            audit,
            ("enabled", "audit-enabled-host_compute-0", "", &["nova: query services of compute-0"]),
        ),
        (
            "2.4 enabled (no) / audit",
            "busy",
            || busy("enabled"),
            audit,
            ("enabled", "audit-enabled-host_compute-0", "", NONE),
        ),
        (
            "2.4 enabled (no) / task-completed",
            "services are well",
            || busy("enabled"),
            Rig::all_ok,
            (
                "enabled",
                "",
                "",
                &["neutron: query services of compute-0", "guest: query services of compute-0"],
            ),
        ),
        (
            "2.4 enabled (no) / task-completed",
            "a service is down",
            || {
                let mut rig = busy("enabled");
                rig.answer("nova: query", Ok(nfv_nfvi::Answer::HostServicesEnabled(false)));
                rig.answer("neutron: query", Ok(nfv_nfvi::Answer::HostServicesEnabled(true)));
                rig.forget();
                rig
            },
            |rig| rig.answer("guest: query", Ok(nfv_nfvi::Answer::HostServicesEnabled(true))),
            ("disabling", DISABLE, "", DISABLE_CALLS),
        ),
        (
            "2.4 enabled (no) / task-completed",
            "a service is down, and the services are locked",
            || {
                let setup =
                    Setup::new().host(H, "enabled").rows(|rows| rows.hosts[0].host_services_locked = true);
                let mut rig = setup.start();
                rig.host_audit(H);
                rig.answer("nova: query", Ok(nfv_nfvi::Answer::HostServicesEnabled(false)));
                rig.answer("neutron: query", Ok(nfv_nfvi::Answer::HostServicesEnabled(true)));
                rig.forget();
                rig
            },
            |rig| rig.answer("guest: query", Ok(nfv_nfvi::Answer::HostServicesEnabled(true))),
            ("enabled", "", "", NONE),
        ),
        (
            "2.4 disabling (yes) / lock, unlock, disable, audit",
            "lock",
            || at("disabling"),
            lock,
            ("disabling", DISABLE, "locking", DISABLE_CALLS),
        ),
        (
            "2.4 disabling (yes) / lock, unlock, disable, audit",
            "unlock",
            || at("disabling"),
            unlock,
            ("disabling", DISABLE, "unlocking", DISABLE_CALLS),
        ),
        (
            "2.4 disabling (yes) / lock, unlock, disable, audit",
            "disable",
            || at("disabling"),
            |rig| rig.host_is(H, LOCKED_OFFLINE),
            ("disabling", DISABLE, "", DISABLE_CALLS),
        ),
        (
            "2.4 disabling (yes) / lock, unlock, disable, audit",
            "audit",
            || at("disabling"),
            audit,
            ("disabling", DISABLE, "", DISABLE_CALLS),
        ),
        (
            "2.4 disabling (yes) / lock, unlock, disable, audit",
            "busy",
            || busy("disabling"),
            lock,
            ("disabling", DISABLE, "locking", NONE),
        ),
        (
            "2.4 disabling (yes) / enable",
            "an unlock is over",
            || Setup::new().host_as(host(H, "unlocked", "disabled", "failed"), "disabling", "").start(),
            enable,
            ("enabling", ENABLE, "", ENABLE_CALLS),
        ),
        (
            "2.4 disabling (yes) / delete",
            "the lock is forgotten",
            || {
                let mut rig = locking();
                rig.ok("nova: disable");
                rig.forget();
                rig
            },
            delete,
            ("deleting", DELETE, "", NONE),
        ),
        (
            "2.4 disabling (yes) / task-completed",
            "the lock is forgotten",
            || {
                let mut rig = locking();
                for call in [
                    "nova: disable",
                    "guest: disable",
                    "nova: hypervisor",
                    "nova: compute-0",
                    "neutron",
                    "sysinv",
                ] {
                    rig.ok(call);
                }
                rig.forget();
                rig
            },
            |rig| rig.ok("nova: hypervisor"),
            ("disabled", "", "", NONE),
        ),
        (
            "2.4 disabling (yes) / task-failed",
            "locking",
            locking,
            |rig| rig.nok("nova: disable", "no"),
            (
                "disabling-failed",
                DISABLE_FAILED,
                "locking",
                &["sysinv: compute-0 services-disable-failed ()"],
            ),
        ),
        (
            "2.4 disabling (yes) / task-failed",
            "not locking",
            || busy("disabling"),
            |rig| rig.nok("nova: disable", "no"),
            ("disabling", "", "", NONE),
        ),
        (
            "2.4 disabling (yes) / task-failed",
            "not locking, tried again by audit",
            || {
                let mut rig = busy("disabling");
                rig.nok("nova: disable", "no");
                rig.forget();
                rig
            },
            audit,
            ("disabling", DISABLE, "", DISABLE_CALLS),
        ),
        (
            "2.4 disabling-failed (yes) / lock, unlock, disable, audit",
            "lock",
            || at("disabling-failed"),
            lock,
            (
                "disabling-failed",
                DISABLE_FAILED,
                "locking",
                &["sysinv: compute-0 services-disable-failed ()"],
            ),
        ),
        (
            "2.4 disabling-failed (yes) / lock, unlock, disable, audit",
            "audit",
            || at("disabling-failed"),
            audit,
            ("disabling-failed", DISABLE_FAILED, "", &["sysinv: compute-0 services-disable-failed ()"]),
        ),
        (
            "2.4 disabling-failed (yes) / lock, unlock, disable, audit",
            "busy",
            disabling_failed,
            audit,
            ("disabling-failed", DISABLE_FAILED, "locking", NONE),
        ),
        (
            "2.4 disabling-failed (yes) / enable",
            "",
            || at("disabling-failed"),
            enable,
            ("enabling", ENABLE, "", ENABLE_CALLS),
        ),
        (
            "2.4 disabling-failed (yes) / delete",
            "the lock is forgotten",
            || {
                let mut rig = Setup::new()
                    .host_as(host(H, "locked", "disabled", "online"), "disabling-failed", "locking")
                    .start();
                rig.forget();
                rig
            },
            delete,
            ("deleting", DELETE, "", DELETE_CALLS),
        ),
        (
            "2.4 disabling-failed (yes) / task-completed, task-failed",
            "completed",
            disabling_failed,
            |rig| rig.ok("sysinv"),
            ("enabling", ENABLE, "", ENABLE_CALLS),
        ),
        (
            "2.4 disabling-failed (yes) / task-completed, task-failed",
            "the work is passed by force, so a refusal is the same",
            disabling_failed,
            |rig| rig.nok("sysinv", "no"),
            ("enabling", ENABLE, "", ENABLE_CALLS),
        ),
        (
            "2.4 disabling-failed (yes) / task-completed, task-failed",
            "no answer",
            disabling_failed,
            |rig| rig.run(61),
            ("enabling", ENABLE, "", ENABLE_CALLS),
        ),
        (
            "2.4 disabling-failed (yes) / task-completed, task-failed",
            "force lock: the lock is forgotten before it is asked for (quirk)",
            || {
                let mut rig = force_locking();
                rig.nok("nova: disable", "no");
                rig.forget();
                rig
            },
            |rig| rig.ok("sysinv"),
            ("enabling", ENABLE, "", ENABLE_CALLS),
        ),
        ("2.4 disabled (no) / enable", "", || at("disabled"), enable, ("enabling", ENABLE, "", ENABLE_CALLS)),
        ("2.4 disabled (no) / delete", "", || at("disabled"), delete, ("deleting", DELETE, "", DELETE_CALLS)),
        (
            "2.4 disabled (no) / lock",
            "idle",
            || at("disabled"),
            lock,
            (
                "disabled",
                "notify-disabled-host_compute-0",
                "locking",
                &["sysinv: compute-0 services-disabled"],
            ),
        ),
        (
            "2.4 disabled (no) / lock",
            "the task before is given up",
            || {
                let mut rig = at("disabled");
                rig.order(H, Lock);
                let first = rig.host(H).task.as_ref().unwrap().id();
                rig.forget();
                rig.order(H, ForceLock);
                assert_ne!(rig.host(H).task.as_ref().unwrap().id(), first);
                rig.ok("sysinv");
                rig
            },
            |_| {},
            (
                "disabled",
                "notify-disabled-host_compute-0",
                "locking (force)",
                &["sysinv: compute-0 services-disabled"],
            ),
        ),
        ("2.4 disabled (no) / audit", "", || at("disabled"), audit, ("disabled", "", "", NONE)),
        (
            "2.4 disabled (no) / disable, unlock, task events",
            "disable",
            || at("disabled"),
            |rig| rig.host_is(H, LOCKED_OFFLINE),
            ("disabled", "", "", NONE),
        ),
        (
            "2.4 disabled (no) / disable, unlock, task events",
            "unlock",
            || at("disabled"),
            unlock,
            ("disabled", "", "unlocking", NONE),
        ),
        (
            "2.4 disabled (no) / disable, unlock, task events",
            "task-completed",
            || {
                let mut rig = at("disabled");
                rig.order(H, Lock);
                rig.forget();
                rig
            },
            |rig| rig.ok("sysinv"),
            ("disabled", "", "locking", NONE),
        ),
        (
            "2.4 deleting (no) / delete",
            "idle",
            || at("deleting"),
            delete,
            ("deleting", DELETE, "", DELETE_CALLS),
        ),
        ("2.4 deleting (no) / delete", "busy", || busy("deleting"), delete, ("deleting", DELETE, "", NONE)),
        (
            "2.4 deleting (no) / task-completed",
            "",
            || {
                let mut rig = busy("deleting");
                for call in ["nova: delete", "neutron: delete", "guest: delete"] {
                    rig.ok(call);
                }
                rig.forget();
                rig
            },
            |rig| rig.ok("sysinv: compute-0 delete"),
            ("deleted", "", "", NONE),
        ),
        (
            "2.4 deleting (no) / task-failed",
            "the reason is kept and told",
            || busy("deleting"),
            |rig| rig.nok("nova: delete", "no"),
            ("deleting-failed", DELETE_FAILED, "", &["sysinv: compute-0 services-delete-failed (no)"]),
        ),
        (
            "2.4 deleting (no) / audit",
            "in time, after a start",
            || at("deleting"),
            |rig| rig.host_again(H),
            ("deleting", DELETE, "", DELETE_CALLS),
        ),
        (
            "2.4 deleting (no) / audit",
            "in time, and busy",
            || deleting_for(59),
            |rig| rig.host_again(H),
            ("deleting", DELETE, "", NONE),
        ),
        (
            "2.4 deleting (no) / audit",
            "too late",
            || deleting_for(60),
            |rig| rig.host_again(H),
            ("configure", ADD, "", NONE),
        ),
        (
            "2.4 deleting-failed (yes) / delete, audit",
            "delete",
            || at("deleting-failed"),
            delete,
            ("deleting-failed", DELETE_FAILED, "", &["sysinv: compute-0 services-delete-failed ()"]),
        ),
        (
            "2.4 deleting-failed (yes) / delete, audit",
            "audit",
            || at("deleting-failed"),
            audit,
            ("deleting-failed", DELETE_FAILED, "", &["sysinv: compute-0 services-delete-failed ()"]),
        ),
        (
            "2.4 deleting-failed (yes) / task-completed, task-failed",
            "completed",
            || busy("deleting-failed"),
            |rig| rig.ok("sysinv"),
            ("configure", ADD, "", ADD_CALLS),
        ),
        (
            "2.4 deleting-failed (yes) / task-completed, task-failed",
            "no answer",
            || busy("deleting-failed"),
            |rig| rig.run(61),
            ("configure", ADD, "", ADD_CALLS),
        ),
        ("2.4 deleted (–) / any", "delete", || at("deleted"), delete, ("deleted", "", "", NONE)),
        ("2.4 deleted (–) / any", "enable", || at("deleted"), enable, ("deleted", "", "", NONE)),
        ("2.4 deleted (–) / any", "lock", || at("deleted"), lock, ("deleted", "", "locking", NONE)),
    ]
}

/// Entering a state starts its time anew, writes it down, and clears what the contract says.
fn side_effects() -> Vec<Case> {
    vec![
        Case::new(
            "2.4 enabled (no) / lock, unlock, disable",
            "the state is written, its time begins anew",
            || {
                let mut rig = at("enabled");
                rig.run(100);
                rig.order(H, Lock);
                let row = rig.store.snapshot().hosts.iter().find(|row| row.name == H).unwrap();
                assert_eq!(
                    (row.state.as_str(), row.action.as_str(), row.elapsed_time_in_state.as_str()),
                    ("disabling", "locking", "0")
                );
            },
        ),
        Case::new(
            "2.4 disabling (yes) / enable",
            "a lock of the platform keeps it from being enabled",
            || {
                let mut rig = locking();
                let mut shown = host(H, "unlocked", "enabled", "available");
                shown.action = HostAction::Lock;
                rig.host_shown(shown);
                rig.host_is(H, FAILED);
                rig.host_is(H, UP);
                assert_eq!((rig.state(H), rig.host(H).is_locking()), ("disabling", true));
            },
        ),
        Case::new(
            "2.4 disabling (yes) / task-completed",
            "the platform's lock is reached: nothing is left",
            || {
                let mut rig = locking();
                rig.all_ok();
                rig.host_is(H, DOWN);
                assert_eq!((rig.state(H), rig.host(H).action.as_str()), ("disabled", ""));
                assert_eq!(rig.task(H), None);
            },
        ),
    ]
}

pub fn cases() -> Vec<Case> {
    let table = rows().into_iter().map(|(row, what, set_up, input, (state, task, action, calls))| {
        Case::new(row, what, move || {
            let mut rig = set_up();
            input(&mut rig);
            let got =
                (rig.state(H), rig.task(H).unwrap_or_default(), rig.host(H).action.as_str(), rig.calls());
            assert_eq!(got, (state, task.to_owned(), action, calls.to_vec()));
        })
    });
    table.chain(side_effects()).collect()
}

//! vim-behaviour 3.4: what each event does to each action of an instance.

mod rows;

use rows::rows;
use crate::case::{Case, Elsewhere};
use crate::rig::{Rig, nova};
use crate::scene::{
    OTHER, VM, arrives, audit_after, cloud, evacuation, failed_host, locked_cold, locked_live, locked_stop, silent,
    unlocked_start, user_action,
};
use nfv_nfvi::Notification;
use nfv_nfvi::object::{ActionState, ActionType};

pub const ELSEWHERE: &[Elsewhere] = &[];

/// State of the action, calls and logs after the input.
type End = (&'static str, &'static [&'static str], &'static [&'static str]);
/// Row, side, set-up, input, end.
type Row = (&'static str, &'static str, fn() -> Rig, fn(&mut Rig), End);

/// Nova says so, and nothing else.
fn seen(rig: &mut Rig, vm: &str, task: &str, power: &str) {
    rig.nova(VM, vm, task, power);
}

/// It crashes: a fail action stops the one under way.
fn crash(rig: &mut Rig) {
    rig.nova(VM, "active", "none", "crashed");
}

fn rollback(rig: &mut Rig) {
    rig.say(Notification::InstanceActionChange {
        uuid: VM.to_owned(),
        action: Some(ActionType::LiveMigrateRollback),
        state: ActionState::Started,
        reason: "no memory".to_owned(),
    });
}

/// The live migration of a lock was taken by Nova; nothing is seen of it.
fn live_taken() -> Rig {
    let mut rig = silent(locked_live());
    rig.ok("vm-0: live-migrate");
    rig.forget();
    rig
}

/// And it is under way.
fn live_under_way() -> Rig {
    let mut rig = live_taken();
    seen(&mut rig, "active", "migrating", "running");
    rig.forget();
    rig
}

fn cold_taken() -> Rig {
    let mut rig = silent(locked_cold());
    rig.ok("vm-0: cold-migrate");
    rig.forget();
    rig
}

fn evacuation_taken() -> Rig {
    let mut rig = silent(evacuation());
    rig.ok("vm-0: evacuate");
    rig.forget();
    rig
}

fn evacuation_under_way() -> Rig {
    let mut rig = evacuation_taken();
    seen(&mut rig, "error", "rebuilding", "running");
    rig.forget();
    rig
}

fn start_taken() -> Rig {
    let mut rig = silent(unlocked_start());
    rig.ok("vm-0: start");
    rig.forget();
    rig
}

const LOCK_GOES_ON: &str = "nova: compute-0 forced_down true";
const LIVE_FAILED: &str =
    "sysinv: compute-0 services-disable-failed (Migrate of instance vm-0 from host compute-0 failed.)";
const LIVE_LATE: &str =
    "sysinv: compute-0 services-disable-failed (Migrate of instance vm-0 from host compute-0 timed out.)";
const STOP_FAILED: &str = "sysinv: compute-0 services-disable-failed (Stop of instance vm-0 on host compute-0 failed.)";
const STOP_LATE: &str =
    "sysinv: compute-0 services-disable-failed (Stop of instance vm-0 on host compute-0 timed out.)";
const STOP_CANCELLED: &str =
    "sysinv: compute-0 services-disable-failed (Stop of instance vm-0 on host compute-0 cancelled.)";
const EVACUATION_ENDED: &str = "sysinv: compute-0 services-disabled";

/// An instance that is being set to error because its host boots.
fn failing() -> Rig {
    let mut rig = cloud();
    rig.say(Notification::HostBooting { name: crate::scene::H.to_owned() });
    assert_eq!(rig.action(VM), "fail");
    rig.forget();
    rig
}

const SIMPLE: &str = "3.4 pause, unpause, suspend, resume, reboot, resize, resize-conf";

/// The simple states: action, Nova's states before, request, log of a failure.
type Simple = (ActionType, ActionType, (&'static str, &'static str), &'static str, &'static str, &'static str);

fn simple() -> Vec<Simple> {
    use ActionType as A;
    let none = A::None;
    vec![
        (A::Pause, none.clone(), ("active", "running"), "pause", "pause", "700.119 Pause failed for instance vm-0 on host compute-0"),
        (
            A::Unpause,
            none.clone(),
            ("paused", "paused"),
            "unpause",
            "unpause",
            "700.125 Unpause failed for instance vm-0 on host compute-0",
        ),
        (
            A::Suspend,
            none.clone(),
            ("active", "running"),
            "suspend",
            "suspend",
            "700.131 Suspend failed for instance vm-0 on host compute-0",
        ),
        (
            A::Resume,
            none.clone(),
            ("suspended", "running"),
            "resume",
            "resume",
            "700.137 Resume failed for instance vm-0 on host compute-0",
        ),
        (
            A::Reboot,
            none.clone(),
            ("active", "running"),
            "reboot",
            "reboot HARD",
            "700.185 Reboot failed for instance vm-0 on host compute-0",
        ),
        (
            A::Resize,
            none.clone(),
            ("active", "running"),
            "resize",
            "resize to flavor-2",
            "700.197 Resize failed for instance vm-0 on host compute-0",
        ),
        (
            A::ConfirmResize,
            none.clone(),
            ("resized", "running"),
            "resize-confirm",
            "confirm-resize",
            "700.203 Resize-Confirm failed for instance vm-0 on host compute-0",
        ),
        (
            A::RevertResize,
            none,
            ("resized", "running"),
            "resize-revert",
            "revert-resize",
            "700.209 Resize-Revert failed for instance vm-0 on host compute-0",
        ),
        (
            A::ConfirmResize,
            A::ColdMigrate,
            ("resized", "running"),
            "cold-migrate-confirm",
            "confirm-resize",
            "700.167 Cold-Migrate-Confirm failed for instance vm-0 on host compute-0",
        ),
        (
            A::RevertResize,
            A::ColdMigrate,
            ("resized", "running"),
            "cold-migrate-revert",
            "revert-resize",
            "700.173 Cold-Migrate-Revert failed for instance vm-0 on host compute-0",
        ),
    ]
}

/// The request of a simple action is at Nova.
fn simple_rig(action: &ActionType, before: &ActionType, (vm, power): (&str, &str)) -> Rig {
    if *before == ActionType::ColdMigrate {
        let mut rig = user_action(ActionType::ColdMigrate, |_| {});
        rig.ok("vm-0: cold-migrate");
        rig.nova(VM, vm, "none", power);
        assert_eq!(crate::scene::user(&mut rig, action.clone()), None);
        rig.forget();
        return rig;
    }
    user_action(action.clone(), |server| nova(server, vm, "none", power))
}

fn simple_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (action, before, states, state, request, log) in simple() {
        let reverts = action == ActionType::RevertResize;
        let (a, b) = (action.clone(), before.clone());
        cases.push(Case::new(SIMPLE, format!("{state}: task-completed"), move || {
            let mut rig = simple_rig(&a, &b, states);
            assert_eq!((rig.action(VM), rig.open_calls()), (state, vec![format!("vm-0: {request}")]));
            rig.ok("vm-0");
            if reverts {
                // it is over when the instance is back (3.6)
                assert_eq!(rig.action(VM), state);
                rig.change(VM, |vm| vm.host_name = Some(OTHER.to_owned()));
            }
            assert_eq!(rig.action(VM), "initial");
        }));
        let (a, b) = (action.clone(), before.clone());
        cases.push(Case::new(SIMPLE, format!("{state}: task-failed"), move || {
            let mut rig = simple_rig(&a, &b, states);
            rig.nok("vm-0", "because.");
            assert_eq!((rig.action(VM), rig.logs()), ("initial", vec![format!("{log}, reason = because")]));
        }));
        let (a, b) = (action.clone(), before.clone());
        cases.push(Case::new(SIMPLE, format!("{state}: task-stop"), move || {
            let mut rig = simple_rig(&a, &b, states);
            rig.say(Notification::HostBooting { name: crate::scene::H.to_owned() });
            // nothing is logged of the action that was stopped
            assert_eq!((rig.action(VM), rig.logs()), ("fail", vec![]));
        }));
        cases.push(Case::new(SIMPLE, format!("{state}: everything else"), move || {
            let mut rig = silent(simple_rig(&action, &before, states));
            audit_after(&mut rig, 20);
            assert_eq!(rig.action(VM), state);
        }));
    }
    cases
}

/// A live migration that is over for Nova, while the guest is being told.
fn finishing() -> Rig {
    use crate::guest;
    let mut rig = guest::beating();
    guest::wants(&mut rig, ActionType::LiveMigrate);
    guest::play(&mut rig);
    rig.nova(guest::VM, "active", "migrating", "running");
    rig.change(guest::VM, |vm| {
        vm.host_name = Some(OTHER.to_owned());
        nova(vm, "active", "none", "running");
    });
    assert_eq!(rig.action(guest::VM), "live-migrate-finish");
    rig.forget();
    rig
}

/// The machines of guest services: created, set, deleted.
fn guest_set() -> Rig {
    let mut rig = crate::guest::beating();
    rig.nova(crate::guest::VM, "active", "powering-off", "running");
    assert_eq!(rig.action(crate::guest::VM), "guest-services-set");
    rig.forget();
    rig
}

fn guests() -> Vec<Case> {
    use crate::guest::{VM, audit};
    const FINISH: &str = "3.4 live-migrate-finish";
    const SERVICES: &str = "3.4 guest-services-*";
    vec![
        Case::new(FINISH, "task-completed", || {
            let mut rig = finishing();
            crate::guest::play(&mut rig);
            let log = "700.211 Guest Heartbeat established for instance vm on host compute-1";
            assert_eq!((rig.action(VM), rig.logs()), ("initial", vec![log.to_owned()]));
        }),
        Case::new(FINISH, "its works are passed by force: a refusal and silence end it as well", || {
            let mut rig = finishing();
            rig.nok("guest: enabled", "away");
            // the guest is not heard, so nothing is said to it until it is
            assert_eq!((rig.action(VM), rig.calls()), ("live-migrate-finish", vec![]));
            rig.run(301);
            assert_eq!((rig.action(VM), rig.logs()), ("initial", vec![]));
        }),
        Case::new(FINISH, "audit while busy", || {
            let mut rig = finishing();
            audit(&mut rig);
            assert_eq!(rig.action(VM), "live-migrate-finish");
        }),
        Case::new(FINISH, "task-stop", || {
            let mut rig = finishing();
            rig.say(Notification::HostBooting { name: OTHER.to_owned() });
            assert_eq!((rig.action(VM), rig.logs()), ("fail", vec![]));
        }),
        Case::new(SERVICES, "task-completed", || {
            let mut rig = guest_set();
            crate::guest::play(&mut rig);
            assert_eq!((rig.action(VM), rig.logs()), ("initial", vec![]));
        }),
        Case::new(SERVICES, "task-failed: nothing is logged", || {
            let mut rig = guest_set();
            rig.nok("guest: disabled", "away");
            assert_eq!((rig.action(VM), rig.logs()), ("initial", vec![]));
        }),
        Case::new(SERVICES, "task-stop", || {
            let mut rig = guest_set();
            rig.say(Notification::HostBooting { name: crate::scene::H.to_owned() });
            assert_eq!((rig.action(VM), rig.logs()), ("fail", vec![]));
        }),
        Case::new(SERVICES, "everything else", || {
            let mut rig = guest_set();
            audit(&mut rig);
            assert_eq!(rig.action(VM), "guest-services-set");
        }),
    ]
}

/// The ends of a started instance that the table cannot show: the operation and the mark.
fn more() -> Vec<Case> {
    vec![
        Case::new("3.4 start / nfvi-enabled", "reported: the operation is over and the mark is gone", || {
            let mut rig = unlocked_start();
            assert_eq!((rig.vim.operations().count(), rig.instance(VM).unlock_to_recover), (1, true));
            seen(&mut rig, "active", "none", "running");
            assert_eq!((rig.vim.operations().count(), rig.instance(VM).unlock_to_recover), (0, false));
        }),
        Case::new("3.4 start / task-failed", "reported: the operation is over and the mark stays", || {
            let mut rig = unlocked_start();
            rig.nok("vm-0: start", "no");
            assert_eq!((rig.vim.operations().count(), rig.instance(VM).unlock_to_recover), (0, true));
        }),
        Case::new("3.4 start / audit, idle", "reported as timed out", || {
            let mut rig = start_taken();
            audit_after(&mut rig, 60);
            assert_eq!((rig.vim.operations().count(), rig.instance(VM).unlock_to_recover), (0, true));
        }),
        Case::new("3.4 start / task-stop", "reported: the operation is over", || {
            let mut rig = unlocked_start();
            rig.nova(VM, "deleted", "none", "shutdown");
            assert_eq!((rig.action(VM), rig.vim.operations().count()), ("initial", 0));
        }),
        Case::new("3.4 stop / task-stop", "reported: the lock ends", || {
            let mut rig = locked_stop();
            rig.say(Notification::HostBooting { name: crate::scene::H.to_owned() });
            assert_eq!((rig.action(VM), rig.calls().last().copied()), ("fail", Some(STOP_CANCELLED)));
        }),
        Case::new("3.4 stop / nfvi-disabled or audit, when locked and disabled", "audit", || {
            // it was stopped before the stop was asked for
            let mut rig = user_action(ActionType::Stop, |vm| nova(vm, "stopped", "none", "shutdown"));
            rig.ok("vm-0: stop");
            assert_eq!(rig.action(VM), "stop");
            rig.run(20);
            assert_eq!(rig.action(VM), "initial");
        }),
        Case::new("3.4 start / audit, idle", "enabled", || {
            let mut rig = user_action(ActionType::Start, |_| {});
            rig.ok("vm-0: start");
            assert_eq!(rig.action(VM), "start");
            rig.run(20);
            assert_eq!((rig.action(VM), rig.logs()), ("initial", vec![]));
        }),
    ]
}

pub fn cases() -> Vec<Case> {
    let table = rows().into_iter().map(|(row, what, set_up, input, (action, calls, logs))| {
        Case::new(row, what, move || {
            let mut rig = set_up();
            rig.forget();
            input(&mut rig);
            assert_eq!((rig.action(VM), rig.calls(), rig.logs()), (
                action,
                calls.to_vec(),
                logs.iter().map(|log| (*log).to_owned()).collect()
            ));
        })
    });
    table.chain(simple_cases()).chain(guests()).chain(more()).collect()
}

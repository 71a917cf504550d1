//! vim-behaviour 3.5: the works of each task, seen as the calls that are made for an instance with a heartbeat.

use crate::case::{Case, Elsewhere};
use crate::guest::{VM, audit, beating, play, two_hosts, user, wants, with};
use crate::rig::{Rig, Setup, host};
use nfv_nfvi::Notification;
use nfv_nfvi::object::{ActionParameters, ActionType as T};
use nfv_vim::core::Input;
use nfv_vim::core::instance::state::InstanceState as S;
use nfv_vim::core::instance::work::{WorkKind as W, works};
use nfv_vim_rpc::Request;

pub const ELSEWHERE: &[Elsewhere] = &[];

/// Row, the instance, what happens to it, and the calls that follow.
type Row = (&'static str, fn() -> Rig, fn(&mut Rig), &'static [&'static str]);

fn active() -> Rig {
    beating()
}

fn stopped() -> Rig {
    with(two_hosts(), ("stopped", "none", "shutdown"))
}

fn paused() -> Rig {
    with(two_hosts(), ("paused", "none", "paused"))
}

fn suspended() -> Rig {
    with(two_hosts(), ("suspended", "none", "shutdown"))
}

fn to_flavor() -> ActionParameters {
    ActionParameters { instance_type_uuid: Some("large".to_owned()), ..ActionParameters::default() }
}

/// Moved to the other host and waiting for the user's word, after this action.
fn resized(action: T) -> Rig {
    let mut rig = beating();
    let parameters = if action == T::Resize { to_flavor() } else { ActionParameters::default() };
    assert_eq!(user(&mut rig, action, parameters), None);
    play(&mut rig);
    rig.nova(VM, "active", "resize_prep", "running");
    rig.change(VM, |server| {
        server.host_name = Some("compute-1".to_owned());
        crate::rig::nova(server, "resized", "none", "running");
    });
    play(&mut rig);
    audit(&mut rig);
    play(&mut rig);
    rig.forget();
    rig
}

fn migrating() -> Rig {
    let mut rig = beating();
    wants(&mut rig, T::LiveMigrate);
    play(&mut rig);
    rig.nova(VM, "active", "migrating", "running");
    rig.forget();
    rig
}

fn arrives(rig: &mut Rig) {
    rig.change(VM, |server| {
        server.host_name = Some("compute-1".to_owned());
        crate::rig::nova(server, "active", "none", "running");
    });
}

fn comes_back(rig: &mut Rig) {
    rig.change(VM, |server| {
        server.host_name = Some("compute-0".to_owned());
        crate::rig::nova(server, "active", "none", "running");
    });
}

fn on_dead_host() -> Rig {
    let dead = host("compute-0", "locked", "disabled", "offline");
    let setup = Setup::new().host_as(dead, "disabled", "").host("compute-1", "enabled");
    with(setup, ("error", "none", "running"))
}

fn evacuate(rig: &mut Rig) {
    let uuid = Some(VM.to_owned());
    let body = Request::EvacuateInstance(nfv_vim_rpc::ByUuid { uuid });
    rig.input(Input::Request { id: nfv_nfvi::RequestId(9000), body: Box::new(body) });
}

const ROWS: [Row; 21] = [
    (
        "3.5 LiveMigrate live-migrate-instance",
        active,
        |rig| wants(rig, T::LiveMigrate),
        &[
            "guest: vote vm live_migrate_begin",
            "guest: notify vm live_migrate_begin",
            "guest: disabled vm on compute-0",
            "vm: live-migrate block auto",
        ],
    ),
    (
        "3.5 LiveMigrateFinish live-migrate-finish-instance",
        migrating,
        arrives,
        &["guest: enabled vm on compute-1", "guest: notify vm live_migrate_end"],
    ),
    (
        "3.5 ColdMigrate cold-migrate-instance",
        active,
        |rig| wants(rig, T::ColdMigrate),
        &[
            "guest: vote vm cold_migrate_begin",
            "guest: notify vm cold_migrate_begin",
            "guest: disabled vm on compute-0",
            "vm: cold-migrate",
        ],
    ),
    (
        "3.5 ColdMigrateConfirm cold-migrate-confirm-instance",
        || resized(T::ColdMigrate),
        |rig| wants(rig, T::ConfirmResize),
        &["vm: confirm-resize", "guest: enabled vm on compute-1", "guest: notify vm cold_migrate_end"],
    ),
    (
        "3.5 ColdMigrateRevert cold-migrate-revert-instance",
        || resized(T::ColdMigrate),
        |rig| {
            wants(rig, T::RevertResize);
            play(rig);
            comes_back(rig);
        },
        &["vm: revert-resize", "guest: enabled vm on compute-0", "guest: notify vm cold_migrate_end"],
    ),
    (
        "3.5 Resize resize-instance",
        active,
        |rig| assert_eq!(user(rig, T::Resize, to_flavor()), None),
        &[
            "guest: vote vm resize_begin",
            "guest: notify vm resize_begin",
            "guest: disabled vm on compute-0",
            "vm: resize to large",
        ],
    ),
    (
        "3.5 ResizeConfirm resize-confirm-instance",
        || resized(T::Resize),
        |rig| wants(rig, T::ConfirmResize),
        &["vm: confirm-resize", "guest: enabled vm on compute-1", "guest: notify vm resize_end"],
    ),
    (
        "3.5 ResizeRevert resize-revert-instance",
        || resized(T::Resize),
        |rig| {
            wants(rig, T::RevertResize);
            play(rig);
            comes_back(rig);
        },
        &["vm: revert-resize", "guest: enabled vm on compute-0", "guest: notify vm resize_end"],
    ),
    (
        "3.5 Evacuate evacuate-instance",
        on_dead_host,
        evacuate,
        &["guest: disabled vm on compute-0", "vm: evacuate"],
    ),
    ("3.5 Start start-instance", stopped, |rig| wants(rig, T::Start), &["vm: start"]),
    (
        "3.5 Stop stop-instance",
        active,
        |rig| wants(rig, T::Stop),
        &["guest: vote vm stop", "guest: notify vm stop", "guest: disabled vm on compute-0", "vm: stop"],
    ),
    (
        "3.5 Pause / Suspend / Reboot pause-instance…",
        active,
        |rig| wants(rig, T::Pause),
        &["guest: vote vm pause", "guest: notify vm pause", "guest: disabled vm on compute-0", "vm: pause"],
    ),
    (
        "3.5 Pause / Suspend / Reboot pause-instance…",
        active,
        |rig| wants(rig, T::Suspend),
        &[
            "guest: vote vm suspend",
            "guest: notify vm suspend",
            "guest: disabled vm on compute-0",
            "vm: suspend",
        ],
    ),
    (
        "3.5 Pause / Suspend / Reboot pause-instance…",
        active,
        |rig| wants(rig, T::Reboot),
        &[
            "guest: vote vm reboot",
            "guest: notify vm reboot",
            "guest: disabled vm on compute-0",
            "vm: reboot HARD",
        ],
    ),
    (
        "3.5 Unpause / Resume",
        paused,
        |rig| {
            wants(rig, T::Unpause);
            crate::rig::nova(rig.servers.get_mut(VM).unwrap(), "active", "none", "running");
        },
        &["vm: unpause", "guest: enabled vm on compute-0", "guest: notify vm unpause"],
    ),
    (
        "3.5 Unpause / Resume",
        suspended,
        |rig| {
            wants(rig, T::Resume);
            crate::rig::nova(rig.servers.get_mut(VM).unwrap(), "active", "none", "running");
        },
        &["vm: resume", "guest: enabled vm on compute-0", "guest: notify vm resume"],
    ),
    ("3.5 Rebuild rebuild-instance", stopped, |rig| wants(rig, T::Rebuild), &["vm: rebuild vm from image"]),
    (
        "3.5 Fail fail-instance",
        active,
        |rig| rig.say(Notification::HostBooting { name: "compute-0".to_owned() }),
        &["guest: disabled vm on compute-0", "vm: reset-state error"],
    ),
    (
        "3.5 Delete delete-instance",
        active,
        |rig| rig.nova(VM, "deleted", "none", "shutdown"),
        &["guest: delete vm"],
    ),
    (
        "3.5 GuestServicesCreate guest-services-create-",
        || crate::guest::unheard(two_hosts(), ("active", "none", "running")),
        audit,
        &["guest: create vm on compute-0 heartbeat", "guest: enabled vm on compute-0"],
    ),
    (
        "3.5 GuestServicesEnable/Disable/Set/Delete",
        active,
        |rig| {
            rig.change(VM, |server| server.instance_type.as_mut().unwrap().extra_specs.clear());
            audit(rig);
        },
        &["guest: delete vm"],
    ),
];

pub fn cases() -> Vec<Case> {
    let rows = ROWS.into_iter().map(|(row, prepare, deed, calls)| {
        Case::new(row, calls.join(", "), move || {
            let mut rig = prepare();
            deed(&mut rig);
            play(&mut rig);
            let about: Vec<_> = rig.calls().into_iter().filter(|call| call.contains(VM)).collect();
            assert_eq!(about, calls);
            if rig.has_instance(VM) && row != "3.5 LiveMigrate live-migrate-instance" {
                let state = rig.action(VM);
                let waits_for_nova = ["cold-migrate", "start", "stop", "fail", "evacuate"].contains(&state);
                assert!(state == "initial" || waits_for_nova, "{state}");
            }
        })
    });
    let one_work = [
        (S::GuestServicesEnable, W::GuestEnable, true),
        (S::GuestServicesDisable, W::GuestDisable, true),
        (S::GuestServicesSet, W::GuestSet, false),
        (S::GuestServicesDelete, W::GuestDelete, false),
    ];
    let one_work = one_work.into_iter().map(|(state, work, passes)| {
        Case::new("3.5 GuestServicesEnable/Disable/Set/Delete", state.as_str(), move || {
            assert_eq!(works(state), [work]);
            assert_eq!(work.passes_when_failed(), passes);
        })
    });
    rows.chain(one_work).collect()
}

//! vim-behaviour 7: guest services over the life of an instance, what failed guests want, and the names they are told.

use crate::case::{Case, Elsewhere};
use crate::guest::{
    VM, asked, audit, beating, play, report, says, state, step, two_hosts, unheard, wants, with,
};
use crate::rig::Rig;
use nfv_nfvi::notification::{GuestFailure, GuestRepair, GuestResponse};
use nfv_nfvi::object::{ActionType as T, guest_event};
use nfv_nfvi::{Answer, Notification, Reply};
use nfv_vim::core::CoreConfig;

pub const ELSEWHERE: &[Elsewhere] = &[];

fn fails(rig: &mut Rig, failure: GuestFailure, repair: GuestRepair) -> Option<Reply> {
    rig.ask(Notification::GuestAlarm { uuid: VM.to_owned(), failure, repair })
}

/// The system may not heal it.
fn left_alone() -> Rig {
    let mut rig = beating();
    rig.change(VM, |server| {
        let specs = &mut server.instance_type.as_mut().unwrap().extra_specs;
        specs.insert("sw:wrs:auto_recovery".to_owned(), "false".to_owned());
    });
    rig.forget();
    rig
}

fn says_services(rig: &mut Rig, services: nfv_nfvi::object::GuestServices) {
    rig.say(Notification::GuestServicesState { services });
}

type Proof = (&'static str, &'static str, fn());

const PROOFS: &[Proof] = &[
    ("7.2 instance deleted", "the request is dropped: nothing is done with what is deleted (3.2)", || {
        let mut rig = beating();
        rig.servers.remove(VM);
        rig.say(Notification::InstanceStateChange {
            instance: {
                let mut gone = crate::rig::server(VM, "compute-0");
                crate::rig::nova(&mut gone, "deleted", "none", "shutdown");
                Box::new(gone)
            },
        });
        play(&mut rig);
        rig.forget();
        says_services(&mut rig, report("compute-1", true, false, None));
        assert_eq!(rig.calls(), Vec::<&str>::new());
        assert!(rig.instance(VM).deleted);
    }),
    ("7.2 deleting: configured and not disabled", "disabling, set", || {
        let mut rig = beating();
        rig.nova(VM, "active", "deleting", "running");
        assert_eq!(rig.calls(), ["guest: disabled vm on compute-0"]);
        assert_eq!((state(&rig), rig.action(VM)), ("disabling", "guest-services-set"));
        play(&mut rig);
        rig.forget();
        audit(&mut rig);
        assert_eq!((state(&rig), rig.calls()), ("disabled", Vec::new()));
    }),
    ("7.2 services deleting", "the flavor does not ask any more", || {
        let mut rig = beating();
        rig.change(VM, |server| server.instance_type.as_mut().unwrap().extra_specs.clear());
        audit(&mut rig);
        assert_eq!((state(&rig), rig.action(VM)), ("deleting", "guest-services-delete"));
        rig.ok("guest: delete");
        assert_eq!(state(&rig), "");
        rig.forget();
        audit(&mut rig);
        assert_eq!(rig.calls(), Vec::<&str>::new());
    }),
    ("7.2 not configured and host known", "create", || {
        let mut rig = unheard(two_hosts(), ("active", "none", "running"));
        assert_eq!(state(&rig), "not-configured");
        audit(&mut rig);
        assert_eq!(rig.calls(), ["guest: create vm on compute-0 heartbeat"]);
    }),
    ("7.2 not configured and host known", "no host: nothing", || {
        let mut rig = unheard(two_hosts(), ("active", "none", "running"));
        rig.servers.get_mut(VM).unwrap().host_name = None;
        rig.notify(VM);
        audit(&mut rig);
        assert_eq!(rig.calls(), Vec::<&str>::new());
    }),
    ("7.2 enable wanted, not (enabling or enabled)", "after a reboot", || {
        let mut rig = beating();
        rig.nova(VM, "active", "rebooting_hard", "running");
        play(&mut rig);
        rig.forget();
        rig.nova(VM, "active", "none", "running");
        assert_eq!((state(&rig), rig.calls()), ("enabling", vec!["guest: enabled vm on compute-0"]));
    }),
    ("7.2 enable wanted, not (enabling or enabled)", "not while an action is under way", || {
        let mut rig = beating();
        wants(&mut rig, T::Pause);
        audit(&mut rig);
        assert_eq!(rig.calls(), ["guest: vote vm pause"]);
    }),
    ("7.2 not wanted, not (disabling or disabled)", "each action that silences a guest", || {
        let tasks = [
            ("active", "rebuilding", "running"),
            ("active", "resize_prep", "running"),
            ("active", "migrating", "running"),
            ("active", "pausing", "running"),
            ("active", "suspending", "running"),
            ("active", "rebooting", "running"),
            ("active", "powering-off", "running"),
            ("error", "none", "running"),
        ];
        for (vm, task, power) in tasks {
            let mut rig = beating();
            rig.nova(VM, vm, task, power);
            assert_eq!(rig.open_calls(), ["guest: disabled vm on compute-0"], "{vm} {task}");
        }
    }),
    ("7.4 repair reboot", "soft reboot without vote and notification, by the instance", || {
        let mut rig = beating();
        let reply = fails(&mut rig, GuestFailure::Failed, GuestRepair::Reboot);
        let Some(Reply::GuestInstances(guests)) = reply else { panic!("{reply:?}") };
        assert_eq!((guests.len(), guests[0].services.len()), (1, 1));
        assert_eq!(
            rig.logs(),
            [
                "700.213 Guest Heartbeat failed for instance vm on host compute-0, soft-reboot repair action requested",
                "700.181 Reboot (soft-reboot) issued by the instance against instance vm owned by admin on host compute-0",
            ]
        );
        play(&mut rig);
        assert_eq!(rig.calls(), ["guest: disabled vm on compute-0", "vm: reboot SOFT"]);
        let data = rig.instance(VM).action_data.nfvi.clone().unwrap();
        assert!(data.skip_guest_vote && data.skip_guest_notify && !data.from_cli);
    }),
    ("7.4 repair reboot", "told again while it is rebooted: no second reboot", || {
        let mut rig = beating();
        fails(&mut rig, GuestFailure::Failed, GuestRepair::Reboot);
        fails(&mut rig, GuestFailure::Failed, GuestRepair::Reboot);
        play(&mut rig);
        fails(&mut rig, GuestFailure::Failed, GuestRepair::Log);
        let reboots = rig.calls().into_iter().filter(|call| call.starts_with("vm: reboot")).count();
        assert_eq!(reboots, 1);
        assert_eq!(rig.log_ids().into_iter().filter(|id| id == "instance-guest-heartbeat-failed").count(), 3);
    }),
    ("7.4 repair reboot", "auto-recovery off: failed", || {
        let mut rig = left_alone();
        fails(&mut rig, GuestFailure::Unhealthy, GuestRepair::Reboot);
        assert_eq!(
            rig.logs(),
            [
                "700.215 Guest Health Check failed for instance vm on host compute-0, soft-reboot repair action requested but auto-recovery disabled"
            ]
        );
        play(&mut rig);
        assert_eq!(rig.calls(), ["guest: disabled vm on compute-0", "vm: reset-state error"]);
    }),
    ("7.4 repair stop", "stop without vote and notification, by the instance", || {
        let mut rig = beating();
        fails(&mut rig, GuestFailure::Failed, GuestRepair::Stop);
        assert_eq!(
            rig.logs(),
            [
                "700.213 Guest Heartbeat failed for instance vm on host compute-0, stop repair action requested",
                "700.145 Stop issued by the instance against instance vm owned by admin on host compute-0",
            ]
        );
        play(&mut rig);
        assert_eq!(rig.calls(), ["guest: disabled vm on compute-0", "vm: stop"]);
    }),
    ("7.4 repair stop", "auto-recovery off: failed, unless it is", || {
        let mut rig = left_alone();
        fails(&mut rig, GuestFailure::Failed, GuestRepair::Stop);
        assert_eq!(
            rig.logs(),
            [
                "700.213 Guest Heartbeat failed for instance vm on host compute-0, stop repair action requested but auto-recovery disabled"
            ]
        );
        assert_eq!(rig.action(VM), "fail");
        let mut rig = left_alone();
        rig.nova(VM, "error", "none", "running");
        play(&mut rig);
        rig.forget();
        fails(&mut rig, GuestFailure::Failed, GuestRepair::Stop);
        assert_eq!((rig.action(VM), rig.calls()), ("initial", Vec::new()));
    }),
    ("7.4 log/none", "a log and nothing else", || {
        for mut rig in [beating(), left_alone()] {
            fails(&mut rig, GuestFailure::Failed, GuestRepair::Log);
            assert_eq!(rig.logs(), ["700.213 Guest Heartbeat failed for instance vm on host compute-0"]);
            assert_eq!(rig.calls(), Vec::<&str>::new());
        }
    }),
    ("7.5 other", "unknown", || {
        let others = [T::Start, T::Rebuild, T::Evacuate, T::Delete, T::None, T::Unknown];
        for action in others {
            assert_eq!((guest_event(&action, true), guest_event(&action, false)), ("unknown", "unknown"));
        }
    }),
    // 7.3 and 8.6 have no tables for these
    ("8.3 instance-guest-heartbeat", "raised after 600 s without one, cleared when it comes", || {
        let mut rig = unheard(two_hosts(), ("active", "none", "running"));
        audit(&mut rig);
        rig.ok("guest: create");
        let silent = || Ok(Answer::GuestServices(report("compute-0", true, false, None)));
        rig.answer("guest: enabled", silent());
        for _ in 0..36 {
            audit(&mut rig);
        }
        assert_eq!(rig.alarm_types(), Vec::<String>::new(), "592 s");
        audit(&mut rig);
        assert_eq!(rig.alarm_types(), ["instance-guest-heartbeat"]);
        let text = rig.alarms()[0].specific_problem_text.clone();
        assert_eq!(text, "Guest Heartbeat not established for instance vm owned by admin on host compute-0");
        rig.forget();
        says_services(&mut rig, report("compute-0", true, true, None));
        assert_eq!(rig.alarm_changes(), ["-instance-guest-heartbeat"]);
        assert_eq!(rig.logs(), ["700.211 Guest Heartbeat established for instance vm on host compute-0"]);
    }),
    ("8.3 instance-guest-heartbeat", "an action that has it switched off raises none", || {
        let mut rig = beating();
        for _ in 0..40 {
            audit(&mut rig);
        }
        wants(&mut rig, T::Pause);
        play(&mut rig);
        assert_eq!(rig.alarm_changes(), Vec::<String>::new());
    }),
    ("8.3 instance-guest-heartbeat", "stays beside the alarm of the instance's condition", || {
        let mut rig = unheard(two_hosts(), ("active", "none", "running"));
        for _ in 0..40 {
            audit(&mut rig);
            play(&mut rig);
            says_services(&mut rig, report("compute-0", true, false, None));
        }
        assert_eq!(rig.alarm_types(), ["instance-guest-heartbeat"]);
        rig.nova(VM, "active", "rebooting", "running");
        assert_eq!(rig.alarm_types(), ["instance-rebooting"], "a new state counts from 0");
    }),
    ("6.2 guest services (30 s)", "every 30 s, each instance that has some", || {
        let mut rig = beating();
        rig.add(crate::rig::server("plain", "compute-0"));
        rig.listings_refused = false;
        rig.run(61);
        let asked = rig.out().into_iter().filter(|call| call.starts_with("guest: query")).count();
        assert_eq!(asked, 1, "one question at a time for each, none for the plain one");
        rig.answer("guest: query vm", Ok(Answer::GuestServices(report("compute-1", true, true, None))));
        assert_eq!(rig.calls().last(), Some(&"guest: enabled vm on compute-0"), "another host: set (7.3)");
        play(&mut rig);
        rig.run(31);
        rig.forget();
        rig.answer("guest: query vm", Ok(Answer::GuestServices(report("compute-0", false, false, None))));
        assert_eq!(rig.calls(), ["guest: enabled vm on compute-0"], "not as expected: set (7.3)");
    }),
];

/// 7.5: row, action, and what the guest is told before and after it.
const NAMES: [(&str, T, &str, &str); 11] = [
    ("7.5 pause, unpause, suspend, resume, reboot, stop", T::Pause, "pause", "pause"),
    ("7.5 pause, unpause, suspend, resume, reboot, stop", T::Unpause, "unpause", "unpause"),
    ("7.5 pause, unpause, suspend, resume, reboot, stop", T::Suspend, "suspend", "suspend"),
    ("7.5 pause, unpause, suspend, resume, reboot, stop", T::Resume, "resume", "resume"),
    ("7.5 pause, unpause, suspend, resume, reboot, stop", T::Reboot, "reboot", "reboot"),
    ("7.5 pause, unpause, suspend, resume, reboot, stop", T::Stop, "stop", "stop"),
    ("7.5 live-migrate", T::LiveMigrate, "live_migrate_begin", "live_migrate_end"),
    ("7.5 cold-migrate", T::ColdMigrate, "cold_migrate_begin", "cold_migrate_end"),
    ("7.5 resize", T::Resize, "resize_begin", "resize_end"),
    ("7.5 confirm-resize, revert-resize", T::ConfirmResize, "resize_end", "resize_end"),
    ("7.5 confirm-resize, revert-resize", T::RevertResize, "resize_end", "resize_end"),
];

pub fn cases() -> Vec<Case> {
    let proofs = PROOFS.iter().map(|(row, what, proof)| Case::new(row, *what, *proof));
    let names = NAMES.into_iter().map(|(row, action, pre, post)| {
        Case::new(row, action.to_string(), move || {
            assert_eq!((guest_event(&action, true), guest_event(&action, false)), (pre, post));
        })
    });
    proofs.chain(names).collect()
}

/// 7.3 has no table: the changes of the heartbeat are told once each, whatever tells of them.
#[test]
fn a_heartbeat_that_comes_and_goes_is_told_once() {
    let mut rig = beating();
    for _ in 0..2 {
        says_services(&mut rig, report("compute-0", true, false, None));
    }
    assert_eq!(rig.logs(), ["700.212 Guest Heartbeat disconnected for instance vm on host compute-0"]);
    assert_eq!(state(&rig), "enabling");
}

/// The user's word is not lost on an action that is in the guest's hands: it is refused as any other.
#[test]
fn a_second_action_while_the_guest_is_asked_is_refused() {
    let mut rig = beating();
    wants(&mut rig, T::Stop);
    let reply = crate::guest::user(&mut rig, T::Pause, nfv_nfvi::object::ActionParameters::default());
    let message = "Cannot 'pause' instance vm action 'stop' is in progress".to_owned();
    assert_eq!(reply, Some(Reply::InstanceActionRejected { message }));
    rig.answer("guest: vote", asked(15));
    says(&mut rig, T::Stop, GuestResponse::Allow, "");
    assert!(step(&mut rig));
}

/// A restart in each phase of an action: the guest agent is brought to the right states again, nothing waits for ever.
#[test]
fn a_restart_in_the_middle_of_an_action_leaves_a_guest_that_is_heard_again() {
    for steps in 0..4 {
        let mut rig = beating();
        wants(&mut rig, T::Pause);
        for _ in 0..steps {
            step(&mut rig);
        }
        let mut rig = rig.restart(CoreConfig::default());
        for _ in 0..4 {
            audit(&mut rig);
            play(&mut rig);
        }
        assert_eq!((state(&rig), rig.action(VM)), ("enabled", "initial"), "after {steps} steps");
    }
}

/// Forgetting an instance that the guest agent still knows goes on after a restart.
#[test]
fn a_deletion_that_waits_for_the_guest_agent_goes_on_after_a_restart() {
    let mut rig = with(two_hosts(), ("active", "none", "running"));
    rig.nova(VM, "deleted", "none", "shutdown");
    rig.servers.remove(VM);
    let mut rig = rig.restart(CoreConfig::default());
    assert_eq!(rig.open_calls(), ["guest: delete vm"]);
    rig.ok("guest: delete");
    assert_eq!(rig.log_ids(), ["instance-deleted"]);
    rig.run(2);
    assert!(!rig.has_instance(VM));
    assert!(rig.store.snapshot().instances.is_empty());
}

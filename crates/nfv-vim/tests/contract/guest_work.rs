//! vim-behaviour 3.7: what the works that speak with the guest do, when they are skipped, and how they end.

use crate::case::{Case, Elsewhere};
use crate::guest::{
    VM, action_state, asked, audit, beating, pending, play, report, says, state, step, two_hosts, unheard,
    wants, with,
};
use crate::rig::{Rig, refused};
use nfv_nfvi::notification::{GuestFailure, GuestRepair, GuestResponse, HostOrder};
use nfv_nfvi::object::ActionType as T;
use nfv_nfvi::{Answer, CallError, ErrorKind, Notification};

pub const ELSEWHERE: &[Elsewhere] = &[];

/// A user's stop whose vote is out.
fn voting() -> Rig {
    let mut rig = beating();
    wants(&mut rig, T::Stop);
    assert_eq!(rig.open_calls(), ["guest: vote vm stop"]);
    rig
}

/// The same, one work later.
fn notifying() -> Rig {
    let mut rig = voting();
    step(&mut rig);
    assert_eq!(rig.open_calls(), ["guest: notify vm stop"]);
    rig
}

fn disabling() -> Rig {
    let mut rig = notifying();
    step(&mut rig);
    assert_eq!(rig.open_calls(), ["guest: disabled vm on compute-0"]);
    rig
}

/// An unpause whose guest services are being switched on.
fn unpausing() -> Rig {
    let mut rig = with(two_hosts(), ("paused", "none", "paused"));
    wants(&mut rig, T::Unpause);
    crate::rig::nova(rig.servers.get_mut(VM).unwrap(), "active", "none", "running");
    step(&mut rig);
    assert_eq!(rig.open_calls(), ["guest: enabled vm on compute-0"]);
    rig
}

/// The guest is back, or not yet, with this time for a restart.
fn unpaused(beats: bool, restart_timeout: Option<u64>) -> Rig {
    let mut rig = unpausing();
    rig.answer(
        "guest: enabled",
        Ok(Answer::GuestServices(report("compute-0", true, beats, restart_timeout))),
    );
    rig
}

fn made_known() -> Rig {
    let mut rig = unheard(two_hosts(), ("active", "none", "running"));
    audit(&mut rig);
    assert_eq!(rig.open_calls(), ["guest: create vm on compute-0 heartbeat"]);
    rig
}

fn skipping() -> Rig {
    let mut rig = beating();
    let (failure, repair) = (GuestFailure::Failed, GuestRepair::Reboot);
    rig.say(Notification::GuestAlarm { uuid: VM.to_owned(), failure, repair });
    rig
}

fn until(rig: &Rig) -> u64 {
    let waits = rig.vim.waits();
    let wait = waits.iter().find(|wait| wait.who.contains(VM)).expect("the instance waits");
    assert!(!wait.waiting.what.is_empty());
    wait.waiting.until.since(rig.now).as_secs()
}

type Proof = (&'static str, &'static str, fn());

fn not_found() -> CallError {
    CallError::new(ErrorKind::NotFound, "404").with_status(404)
}

const PROOFS: &[Proof] = &[
    ("3.7 vote (T)", "asks the guest and waits 120 s", || {
        let rig = voting();
        assert_eq!((action_state(&rig).as_str(), until(&rig)), ("voting", 120));
    }),
    ("3.7 vote (T)", "locked or disabled: skipped", || {
        for states in [("stopped", "none", "shutdown"), ("paused", "none", "paused")] {
            let mut rig = with(two_hosts(), states);
            wants(&mut rig, T::Reboot);
            assert_eq!(rig.calls(), ["guest: disabled vm on compute-0"]);
        }
    }),
    ("3.7 vote (T)", "not provisioned: skipped", || {
        let mut rig = two_hosts().start();
        rig.add(crate::rig::server(VM, "compute-0"));
        rig.forget();
        wants(&mut rig, T::Stop);
        assert_eq!(rig.calls(), ["vm: stop"]);
    }),
    ("3.7 vote (T)", "skip_guest_vote and skip_guest_notify", || {
        assert_eq!(skipping().calls(), ["guest: disabled vm on compute-0"]);
    }),
    ("3.7 vote (T)", "host force-locked: skipped, the guest is told all the same", || {
        let mut rig = beating();
        rig.order("compute-0", HostOrder::ForceLock);
        rig.forget();
        wants(&mut rig, T::Stop);
        let about: Vec<_> = rig.calls().into_iter().filter(|call| call.contains(VM)).collect();
        assert_eq!(about, ["guest: notify vm stop"]);
    }),
    ("3.7 vote (T)", "guest plugin switched off: skipped", || {
        let setup = two_hosts().config(|config| {
            config.disabled.insert(nfv_nfvi::Pool::Guest);
        });
        let mut rig = with(setup, ("active", "none", "running"));
        assert_eq!(rig.calls(), Vec::<&str>::new());
        wants(&mut rig, T::Stop);
        assert_eq!(rig.calls(), ["vm: stop"]);
        rig.run(700);
        rig.notify(VM);
        assert_eq!(rig.alarm_types(), Vec::<String>::new(), "nobody misses the heartbeat");
    }),
    ("3.7 pre-notify (T)", "tells the guest and waits 120 s", || {
        let rig = notifying();
        assert_eq!((action_state(&rig).as_str(), until(&rig)), ("pre-notify", 120));
    }),
    ("3.7 post-notify (T)", "heartbeat there: told at once, with 300 s or the restart time", || {
        for (told, seconds) in [(None, 300), (Some(0), 300), (Some(77), 77)] {
            // a time of 0 keeps the one known before, here none
            let rig = {
                let mut rig = unpausing();
                let known = report("compute-0", false, false, None);
                rig.say(Notification::GuestServicesState { services: known });
                rig.answer(
                    "guest: enabled",
                    Ok(Answer::GuestServices(report("compute-0", true, true, told))),
                );
                rig
            };
            assert_eq!(rig.open_calls(), ["guest: notify vm unpause"]);
            assert_eq!((action_state(&rig).as_str(), until(&rig)), ("post-notify", seconds), "{told:?}");
        }
    }),
    ("3.7 post-notify (T)", "heartbeat not there: waits for it", || {
        let rig = unpaused(false, Some(120));
        assert_eq!(rig.open_calls(), Vec::<String>::new());
        assert_eq!((rig.action(VM), until(&rig)), ("unpause", 120));
    }),
    ("3.7 post-notify (T)", "locked: skipped", || {
        let mut rig = unpausing();
        crate::rig::nova(rig.servers.get_mut(VM).unwrap(), "stopped", "none", "shutdown");
        rig.notify(VM);
        rig.answer("guest: enabled", Ok(Answer::GuestServices(report("compute-0", true, true, None))));
        assert!(!rig.calls().contains(&"guest: notify vm unpause"));
        assert_ne!(rig.action(VM), "unpause");
    }),
    ("3.7 guest-create (T)", "makes the services known by name, 60 s", || {
        assert_eq!(until(&made_known()), 60);
    }),
    ("3.7 guest-enable, guest-disable", "enabling", || {
        let rig = unpausing();
        assert_eq!((state(&rig), until(&rig)), ("enabling", 60));
        let row = &rig.store.snapshot().instances[0];
        assert!(row.guest_services.as_ref().unwrap().contains("enabling"), "persisted");
    }),
    ("3.7 guest-enable, guest-disable", "disabling", || {
        let rig = disabling();
        assert_eq!((state(&rig), until(&rig), action_state(&rig).as_str()), ("disabling", 60, "initiated"));
        let row = &rig.store.snapshot().instances[0];
        assert!(row.guest_services.as_ref().unwrap().contains("disabling"), "persisted");
    }),
    ("3.7 guest-set", "the states that are wanted, 60 s", || {
        let mut rig = beating();
        rig.nova(VM, "active", "rebooting_hard", "running");
        assert_eq!(rig.open_calls(), ["guest: disabled vm on compute-0"]);
        assert_eq!((rig.action(VM), until(&rig)), ("guest-services-set", 60));
    }),
    ("3.7 guest-delete (T)", "has it forgotten, 60 s", || {
        let mut rig = beating();
        rig.nova(VM, "deleted", "none", "shutdown");
        assert_eq!(rig.open_calls(), ["guest: delete vm"]);
        assert_eq!(until(&rig), 60);
    }),
    ("3.7 vote, pre-notify, post-notify", "timeout 0: done", || {
        let mut rig = voting();
        rig.answer("guest: vote", asked(0));
        rig.answer("guest: notify", asked(0));
        assert_eq!(rig.open_calls(), ["guest: disabled vm on compute-0"]);
        let mut rig = unpaused(true, None);
        rig.answer("guest: notify", asked(0));
        assert_eq!(rig.action(VM), "initial");
    }),
    ("3.7 vote, pre-notify, post-notify", "timeout n: that long", || {
        for mut rig in [voting(), notifying(), unpaused(true, None)] {
            let call = rig.open_calls().remove(0);
            rig.answer(&call, asked(33));
            assert_eq!(until(&rig), 33);
            rig.run(34);
            assert!(!rig.open_calls().contains(&call), "the guest's time is over: done");
        }
    }),
    ("3.7 vote, pre-notify, post-notify", "nok: done", || {
        for mut rig in [voting(), notifying(), unpaused(true, None)] {
            let call = rig.open_calls().remove(0);
            rig.answer(&call, refused("no"));
            assert!(!rig.log_ids().iter().any(|id| id.ends_with("-failed")), "{:?}", rig.log_ids());
            assert_ne!(action_state(&rig), "voting");
        }
    }),
    ("3.7 vote, pre-notify, post-notify", "no answer at all: done", || {
        for (mut rig, next) in
            [(voting(), "guest: notify vm stop"), (notifying(), "guest: disabled vm on compute-0")]
        {
            rig.run(121);
            assert!(rig.calls().contains(&next), "{:?}", rig.calls());
        }
    }),
    ("3.7 vote (Completion)", "allow", || {
        let mut rig = voting();
        rig.answer("guest: vote", asked(15));
        says(&mut rig, T::Stop, GuestResponse::Allow, "");
        assert_eq!(rig.open_calls(), ["guest: notify vm stop"]);
    }),
    ("3.7 vote (Completion)", "allow before the guest agent answers", || {
        let mut rig = voting();
        says(&mut rig, T::Stop, GuestResponse::Allow, "");
        assert!(rig.open_calls().contains(&"guest: vote vm stop".to_owned()));
        rig.answer("guest: vote", asked(15));
        assert_eq!(rig.open_calls(), ["guest: notify vm stop"]);
    }),
    ("3.7 vote (Completion)", "reject: 409, a log, and nothing is done", || {
        let mut rig = voting();
        rig.answer("guest: vote", asked(15));
        rig.forget();
        says(&mut rig, T::Stop, GuestResponse::Reject, "Busy With Calls. \n");
        assert_eq!(rig.calls(), ["vm: 409 Action rejected by instance: busy with calls "]);
        assert_eq!(
            rig.logs(),
            [
                "700.147 Stop rejected for instance vm enabled on host compute-0, reason = Action rejected by instance: busy with calls"
            ]
        );
        assert_eq!((rig.action(VM), action_state(&rig).as_str()), ("initial", "completed"));
    }),
    ("3.7 vote (Completion)", "a word about another action counts for nothing", || {
        let mut rig = voting();
        rig.answer("guest: vote", asked(15));
        says(&mut rig, T::Pause, GuestResponse::Reject, "");
        assert_eq!((rig.action(VM), action_state(&rig).as_str()), ("stop", "voting"));
    }),
    ("3.7 pre-notify (Completion)", "proceed; a late vote counts for nothing", || {
        let mut rig = notifying();
        rig.answer("guest: notify", asked(15));
        says(&mut rig, T::Stop, GuestResponse::Reject, "late");
        assert_eq!(rig.action(VM), "stop");
        says(&mut rig, T::Stop, GuestResponse::Proceed, "");
        assert_eq!(rig.open_calls(), ["guest: disabled vm on compute-0"]);
    }),
    ("3.7 post-notify (Completion)", "proceed", || {
        let mut rig = unpaused(true, None);
        rig.answer("guest: notify", asked(15));
        says(&mut rig, T::Unpause, GuestResponse::Proceed, "");
        assert_eq!((rig.action(VM), action_state(&rig).as_str()), ("initial", "completed"));
    }),
    ("3.7 post-notify (Completion)", "the heartbeat comes: the guest is told", || {
        let mut rig = unpaused(false, Some(120));
        let services = report("compute-0", true, true, Some(120));
        rig.say(Notification::GuestServicesState { services });
        assert_eq!(rig.open_calls(), ["guest: notify vm unpause"]);
        rig.answer("guest: notify", asked(15));
        says(&mut rig, T::Unpause, GuestResponse::Proceed, "");
        assert_eq!(rig.action(VM), "initial");
    }),
    ("3.7 post-notify (Completion)", "the heartbeat does not come: done after its time", || {
        let mut rig = unpaused(false, Some(120));
        rig.run(119);
        assert_eq!(rig.action(VM), "unpause");
        rig.run(2);
        assert_eq!(rig.action(VM), "initial");
    }),
    ("3.7 post-notify (Completion)", "locked when an audit comes: done", || {
        let mut rig = unpaused(false, Some(600));
        crate::rig::nova(rig.servers.get_mut(VM).unwrap(), "stopped", "none", "shutdown");
        rig.notify(VM);
        assert_eq!(rig.action(VM), "unpause");
        audit(&mut rig);
        assert_ne!(rig.action(VM), "unpause");
    }),
    ("3.7 guest-create (Completion)", "ok: configured, and the next work", || {
        let mut rig = made_known();
        rig.ok("guest: create");
        let row = &rig.store.snapshot().instances[0];
        assert!(row.guest_services.as_ref().unwrap().contains("enabling"), "guest-enable follows");
        assert_eq!(rig.open_calls(), ["guest: enabled vm on compute-0"]);
    }),
    ("3.7 guest-create (Completion)", "nok: not configured, tried again", || {
        let mut rig = made_known();
        rig.nok("guest: create", "no");
        assert_eq!((state(&rig), rig.action(VM)), ("not-configured", "initial"));
        rig.forget();
        audit(&mut rig);
        assert_eq!(rig.calls(), ["guest: create vm on compute-0 heartbeat"]);
    }),
    ("3.7 guest-enable/-disable/-set", "ok: as the answer shows", || {
        let mut rig = disabling();
        step(&mut rig);
        assert_eq!((state(&rig), rig.open_calls()), ("disabled", vec!["vm: stop".to_owned()]));
        assert_eq!(state(&unpaused(true, None)), "enabled");
    }),
    ("3.7 guest-enable/-disable/-set", "nok: done where it is forced, the instance goes on", || {
        let mut rig = disabling();
        rig.nok("guest: disabled", "no");
        assert_eq!((state(&rig), rig.open_calls()), ("disabling", vec!["vm: stop".to_owned()]));
        let mut rig = disabling();
        rig.run(61);
        assert!(rig.calls().contains(&"vm: stop"), "no answer at all");
    }),
    ("3.7 guest-enable/-disable/-set", "the guest agent does not know it: it is told again", || {
        let mut rig = disabling();
        rig.answer("guest: disabled", Err(not_found()));
        assert_eq!(state(&rig), "not-configured");
        play(&mut rig);
        rig.forget();
        rig.nova(VM, "stopped", "none", "shutdown");
        assert_eq!(rig.calls(), ["guest: create vm on compute-0 heartbeat"]);
        assert_eq!(pending(&rig), Vec::<&str>::new());
    }),
    ("3.7 guest-delete (Completion)", "ok: cleared, and the instance is forgotten", || {
        let mut rig = beating();
        rig.nova(VM, "deleted", "none", "shutdown");
        rig.servers.remove(VM);
        rig.ok("guest: delete");
        assert_eq!(state(&rig), "");
        rig.run(2);
        assert!(!rig.has_instance(VM));
    }),
    ("3.7 guest-delete (Completion)", "nok: kept, and tried again", || {
        let mut rig = beating();
        rig.nova(VM, "deleted", "none", "shutdown");
        rig.nok("guest: delete", "no");
        assert!(rig.has_instance(VM));
        rig.forget();
        rig.nova(VM, "deleted", "none", "shutdown");
        assert_eq!(rig.calls(), ["guest: delete vm"]);
    }),
];

pub fn cases() -> Vec<Case> {
    PROOFS.iter().map(|(row, what, proof)| Case::new(row, *what, *proof)).collect()
}

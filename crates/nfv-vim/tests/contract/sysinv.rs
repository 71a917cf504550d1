//! What sysinv is told again, and a lock between the VIM's part and the platform's. docs/differences.md.

use crate::rig::{DOWN, FAILED, Rig, Setup, UP, refused, server};
use crate::scene::{H, OTHER};
use nfv_nfvi::notification::HostOrder;
use nfv_nfvi::{CallError, CallResult, ErrorKind};

const ENABLED: &str = "sysinv: compute-0 services-enabled";
const DISABLED: &str = "sysinv: compute-0 services-disabled";
const DISABLE_FAILED: &str = "sysinv: compute-0 services-disable-failed";

fn away() -> CallResult {
    Err(CallError::new(ErrorKind::Unreachable, "connection refused"))
}

fn site() -> Rig {
    Setup::new().host(H, "enabled").host(OTHER, "enabled").start()
}

/// How often that was said.
fn said(rig: &Rig, word: &str) -> usize {
    rig.calls().iter().filter(|call| call.starts_with(word)).count()
}

/// Answers everything with yes until a call with this beginning is open.
fn until_asked(rig: &mut Rig, beginning: &str) {
    for _ in 0..20 {
        match rig.open_calls().into_iter().next() {
            Some(call) if call.starts_with(beginning) => return,
            Some(call) => rig.ok(&call),
            None => break,
        }
    }
    panic!("{beginning} is not asked; open are {:?}", rig.open_calls());
}

/// A host that the VIM has emptied for a lock; sysinv has not been told.
fn emptied() -> Rig {
    let mut rig = site();
    rig.order(H, HostOrder::Lock);
    until_asked(&mut rig, DISABLED);
    rig
}

/// sysinv does not hear either of what is said to it meanwhile.
fn ten_seconds_unheard(rig: &mut Rig) {
    rig.run(10);
    if rig.asks(DISABLED) {
        rig.answer(DISABLED, away());
    }
}

/// A host that came back; sysinv has not been told.
fn back_in_service() -> Rig {
    let mut rig = site();
    rig.host_is(H, FAILED);
    rig.all_ok();
    rig.forget();
    rig.host_is(H, UP);
    until_asked(&mut rig, ENABLED);
    rig
}

#[test]
fn a_word_that_sysinv_did_not_hear_is_said_again_until_it_hears_it() {
    for (mut rig, word) in [(emptied(), DISABLED), (back_in_service(), ENABLED)] {
        rig.answer(word, away());
        rig.all_ok();
        rig.forget();
        rig.run(11);
        assert_eq!(said(&rig, word), 1, "{word}: {:?}", rig.calls());
        rig.run(11);
        assert_eq!(said(&rig, word), 1, "{word}: one is on its way");
        rig.answer(word, Err(CallError::new(ErrorKind::TokenExpired, "401").with_status(401)));
        rig.run(11);
        assert_eq!(said(&rig, word), 2, "{word}");
        rig.ok(word);
        rig.run(60);
        assert_eq!(said(&rig, word), 2, "{word} was heard");
    }
}

#[test]
fn a_word_that_was_heard_or_refused_for_good_is_not_said_again() {
    let no = CallError::new(ErrorKind::Refused, "400 Bad Request").with_status(400);
    let gone = CallError::new(ErrorKind::NotFound, "404 Not Found").with_status(404);
    for (answer, again) in [
        (Err(no), 0),
        (Err(gone), 0),
        (Ok(nfv_nfvi::Answer::Done), 0),
        (Err(CallError::new(ErrorKind::Refused, "503").with_status(503)), 1),
        (refused("sysinv has no database"), 1),
    ] {
        let mut rig = back_in_service();
        rig.answer(ENABLED, answer.clone());
        rig.all_ok();
        rig.forget();
        rig.run(40);
        assert_eq!(said(&rig, ENABLED), again, "{answer:?}");
    }
}

#[test]
fn a_word_that_is_not_true_any_more_is_not_said() {
    let mut rig = emptied();
    rig.answer(DISABLED, away());
    rig.all_ok();
    rig.host_is(H, DOWN);
    rig.forget();
    rig.run(60);
    assert_eq!(said(&rig, DISABLED), 0, "it is locked");

    let mut rig = back_in_service();
    rig.answer(ENABLED, away());
    rig.all_ok();
    rig.order(H, HostOrder::Lock);
    rig.forget();
    rig.run(40);
    assert_eq!(said(&rig, ENABLED), 0, "it is being locked");
}

/// An ordinary lock that fails; sysinv has not been told so, but that the host is in service again.
fn lock_failed() -> (Rig, String) {
    let mut rig = site();
    rig.add(server("vm-0", H));
    rig.order(H, HostOrder::Lock);
    rig.nok("nova: disable services of compute-0", "no database");
    until_asked(&mut rig, DISABLE_FAILED);
    let word = rig.open_calls().into_iter().find(|call| call.starts_with(DISABLE_FAILED)).unwrap();
    rig.answer(DISABLE_FAILED, away());
    until_asked(&mut rig, ENABLED);
    rig.ok(ENABLED);
    rig.all_ok();
    rig.forget();
    (rig, word)
}

#[test]
fn a_lock_that_failed_is_told_again_with_its_reason_and_then_that_the_host_is_in_service() {
    let (mut rig, word) = lock_failed();
    rig.run(11);
    assert_eq!(rig.calls(), [word.as_str()]);
    rig.ok(&word);
    rig.run(11);
    assert_eq!(said(&rig, ENABLED), 1, "it is sysinv's last word");
    rig.ok(ENABLED);
    rig.run(60);
    assert_eq!((said(&rig, DISABLE_FAILED), said(&rig, ENABLED)), (1, 1));
}

#[test]
fn a_new_lock_makes_the_word_about_the_last_one_void() {
    let (mut rig, _) = lock_failed();
    rig.order(H, HostOrder::Lock);
    rig.run(40);
    assert_eq!(said(&rig, DISABLE_FAILED), 0);
}

#[test]
fn the_word_that_a_forced_lock_waits_for_is_said_again() {
    let mut rig = site();
    rig.order(H, HostOrder::ForceLock);
    until_asked(&mut rig, DISABLE_FAILED);
    rig.answer(DISABLE_FAILED, away());
    rig.all_ok();
    assert_eq!(rig.state(H), "disabled");
    rig.forget();
    rig.run(11);
    assert_eq!(said(&rig, DISABLE_FAILED), 1);
}

#[test]
fn only_sysinv_waits_for_an_older_word_that_is_on_its_way() {
    let mut rig = back_in_service();
    rig.answer(ENABLED, away());
    rig.all_ok();
    rig.run(11);
    assert!(rig.open_calls().iter().any(|call| call == ENABLED));
    rig.forget();
    rig.order(H, HostOrder::Lock);
    assert_eq!(rig.calls(), ["nova: disable services of compute-0"]);
    for _ in 0..20 {
        let next = rig.open_calls().into_iter().find(|call| call != ENABLED);
        let Some(call) = next else { break };
        rig.ok(&call);
    }
    assert_eq!(said(&rig, DISABLED), 0, "{:?}", rig.calls());
    rig.ok(ENABLED);
    assert_eq!(said(&rig, DISABLED), 1);
}

#[test]
fn a_lock_of_which_sysinv_hears_late_is_waited_for() {
    let mut rig = emptied();
    rig.answer(DISABLED, away());
    rig.all_ok();
    for _ in 0..9 {
        ten_seconds_unheard(&mut rig);
        rig.host_again(H);
    }
    assert_eq!(rig.state(H), "disabled", "after 90 s");
    rig.run(10);
    rig.ok(DISABLED);
    rig.run(50);
    rig.host_again(H);
    assert_eq!(rig.state(H), "disabled", "the lock is still to come");
    rig.run(11);
    rig.host_again(H);
    assert_eq!(rig.state(H), "enabling", "it did not come");
}

#[test]
fn a_sysinv_that_never_hears_of_it_does_not_keep_a_host_out_of_service() {
    let mut rig = emptied();
    rig.answer(DISABLED, away());
    rig.all_ok();
    for _ in 0..61 {
        ten_seconds_unheard(&mut rig);
    }
    rig.host_again(H);
    assert_eq!(rig.state(H), "enabling");
}

#[test]
fn a_host_that_gets_better_before_its_lock_came_is_not_taken_up() {
    let mut rig = site();
    rig.host_is(H, ("unlocked", "enabled", "degraded"));
    rig.order(H, HostOrder::Lock);
    rig.all_ok();
    rig.host_is(H, UP);
    assert_eq!(rig.state(H), "disabled");
    rig.host_is(H, FAILED);
    rig.host_is(H, UP);
    assert_eq!(rig.state(H), "enabling", "it failed and came back meanwhile");
}

#[test]
fn a_host_that_was_let_go_for_its_lock_is_not_taken_up_before_the_lock_came() {
    let mut rig = emptied();
    rig.all_ok();
    assert_eq!(rig.state(H), "disabled");
    rig.host_again(H);
    assert_eq!(rig.state(H), "disabled", "the lock is still to come");
    rig.run(61);
    rig.host_again(H);
    assert_eq!(rig.state(H), "enabling", "it did not come");
}

#[test]
fn a_lock_that_is_asked_for_again_waits_again() {
    let mut rig = emptied();
    rig.all_ok();
    rig.run(50);
    rig.order(H, HostOrder::Lock);
    rig.all_ok();
    rig.run(50);
    rig.host_again(H);
    assert_eq!(rig.state(H), "disabled");
}

#[test]
fn a_host_whose_services_were_down_without_a_lock_is_taken_up_with_the_next_news() {
    let mut rig = site();
    rig.host_audit(H);
    rig.answer("nova: query services of compute-0", Ok(nfv_nfvi::Answer::HostServicesEnabled(false)));
    rig.all_ok();
    assert_eq!(rig.state(H), "disabled");
    rig.host_again(H);
    assert_eq!(rig.state(H), "enabling");
}

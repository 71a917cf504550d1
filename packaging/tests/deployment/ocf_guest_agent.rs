//! The resource agent guestAgent, against deployment 4.8.

use crate::packaging;
use crate::run::{Ending, Outcome, Place, alive, wait_until};

/// Goes to the background, writes its pid, answers SIGUSR1 with the status file.
const DAEMON: &str = r#"#!/bin/bash
# bash: it runs a trap as soon as the sleep ends, whatever the system's sh is
if [ "${1:-}" != child ]; then
    [ -z "$REFUSE" ] || exit 26
    "$0" child </dev/null >/dev/null 2>&1 &
    exit 0
fi
run=${0%/usr/local/bin/*}
trap '[ -n "$SILENT" ] || echo healthy >"$run/guestAgent.info"' USR1
trap '[ -n "$STUBBORN" ] || { rm -f "$run/guestAgent.pid"; exit 0; }' INT
# only what can answer has a pid file
printf %s $$ >"$run/guestAgent.pid"
while :; do sleep 0.1; done
"#;

fn installed() -> Place {
    let mut place = Place::new();
    place.script("usr/local/bin/guestAgent", DAEMON);
    place.file("guestAgent.ini", "");
    place.set("OCF_RESKEY_config", place.text("guestAgent.ini"));
    place.set("OCF_ROOT", place.text("no-resource-agents"));
    place.set("NFV_ROOT", place.text("").trim_end_matches('/'));
    place.set("NFV_RUN_DIR", place.text("").trim_end_matches('/'));
    place
}

fn run(place: &Place, action: &str) -> Outcome {
    place.run(&packaging("ocf/guestAgent"), &[action])
}

#[test]
fn it_starts_asks_and_stops_the_daemon() {
    let place = installed();
    assert_eq!(run(&place, "monitor").code, 7);
    assert_eq!(run(&place, "start").code, 0);
    let pid = place.pid("guestAgent.pid").unwrap();
    let _ending = Ending(pid);
    assert_eq!((run(&place, "status").code, run(&place, "monitor").code), (0, 0));
    assert!(place.path("guestAgent.info").exists(), "the daemon was asked");
    assert_eq!((run(&place, "start").code, place.pid("guestAgent.pid")), (0, Some(pid)));
    assert_eq!(run(&place, "reload").code, 0);
    let second = place.pid("guestAgent.pid").unwrap();
    let _ending = Ending(second);
    assert!(second != pid && !alive(pid));
    assert_eq!(run(&place, "stop").code, 0);
    assert!(!alive(second) && !place.path("guestAgent.pid").exists());
    assert_eq!(run(&place, "stop").code, 0);
    assert_eq!(run(&place, "status").code, 7);
}

#[test]
fn a_daemon_that_does_not_answer_is_an_error() {
    let mut place = installed();
    place.set("SILENT", "yes");
    assert_eq!(run(&place, "start").code, 0);
    let _ending = Ending(place.pid("guestAgent.pid").unwrap());
    assert_eq!(run(&place, "monitor").code, 1);
    assert_eq!(run(&place, "stop").code, 0);
}

#[test]
fn a_daemon_that_does_not_end_is_killed() {
    let mut place = installed();
    place.set("STUBBORN", "yes");
    assert_eq!(run(&place, "start").code, 0);
    let pid = place.pid("guestAgent.pid").unwrap();
    let _ending = Ending(pid);
    assert_eq!(run(&place, "stop").code, 0);
    wait_until("it is killed", || !alive(pid));
    assert!(!place.path("guestAgent.pid").exists());
}

#[test]
fn what_is_wrong_is_told_by_the_code() {
    let mut place = installed();
    assert_eq!(run(&place, "validate-all").code, 0);
    assert_eq!(run(&place, "promote").code, 3);
    assert_eq!(run(&place, "help").code, 0);
    let meta = run(&place, "meta-data");
    assert_eq!(meta.code, 0);
    for part in [
        "name=\"guestAgent\"",
        "name=\"mode\"",
        "name=\"dbg\"",
        "name=\"monitor\" timeout=\"10s\" interval=\"300s\"",
    ] {
        assert!(meta.stdout.contains(part), "no {part}");
    }
    place.set("REFUSE", "yes");
    assert_eq!(run(&place, "start").code, 7, "it cannot be started");
    place.set("OCF_RESKEY_config", place.text("absent.ini"));
    assert_eq!(run(&place, "start").code, 6);
    place.set("OCF_RESKEY_binary", "absent");
    assert_eq!(run(&place, "monitor").code, 5);
}

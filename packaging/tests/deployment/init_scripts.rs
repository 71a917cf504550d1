//! The init scripts of guestAgent, guestServer and host_agent, against deployment 4.8 and 4.9.
//!
//! They know a daemon by its executable, so the stand-in is one: `examples/stand_in.rs`.

use crate::packaging;
use crate::run::{Ending, Place, alive, executable, wait_until};
use nfv_packaging::stage::substitute;
use std::path::PathBuf;

/// cargo builds it beside the tests.
fn stand_in() -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.join("examples/stand_in")
}

fn installed(name: &str, daemon: &str, script: &str) -> (Place, PathBuf) {
    let mut place = Place::new();
    let daemon = place.path(daemon);
    std::fs::create_dir_all(daemon.parent().unwrap()).unwrap();
    std::fs::copy(stand_in(), &daemon).unwrap();
    executable(&daemon);
    std::fs::create_dir_all(place.path("var/run")).unwrap();
    place.set("STAND_IN_PID_FILE", place.text(&format!("var/run/{name}.pid")));
    place.set("NFV_ROOT", place.text("").trim_end_matches('/'));
    let text = std::fs::read_to_string(packaging(script)).unwrap();
    let with = [("NAME", name), ("SIDE", "one side")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let text = substitute(&text, &with.into());
    assert!(
        !text.contains("@NAME@") && !text.contains("@SIDE@"),
        "something is left to substitute in {script}"
    );
    place.script("script", &text);
    let script = place.path("script");
    (place, script)
}

#[test]
fn the_daemons_of_the_guest_heartbeat() {
    for name in ["guestAgent", "guestServer"] {
        let (place, script) = installed(name, &format!("usr/local/bin/{name}"), "init.d/guest-daemon");
        let pid_file = format!("var/run/{name}.pid");
        let run = |action| {
            let outcome = place.run(&script, &[action]);
            (outcome.code, outcome.stdout.trim_end().to_owned())
        };
        assert_eq!(run("status"), (7, format!("{name} is NOT running")));
        assert_eq!(run("start"), (0, format!("Starting {name}: OK")));
        let pid = place.pid(&pid_file).unwrap();
        let _ending = Ending(pid);
        assert_eq!(run("status"), (0, format!("{name} is running")));
        assert_eq!(run("start"), (0, format!("Starting {name}: is already running OK")));
        assert_eq!(place.pid(&pid_file), Some(pid));
        assert_eq!(run("restart").0, 0);
        wait_until("it is another one", || place.pid(&pid_file).is_some_and(|now| now != pid));
        let second = place.pid(&pid_file).unwrap();
        let _ending = Ending(second);
        assert!(!alive(pid) && alive(second));
        // an upgrade has replaced the executable
        std::fs::remove_file(place.path(&format!("usr/local/bin/{name}"))).unwrap();
        assert_eq!(run("status").0, 5, "there is no program to run");
        std::fs::copy(stand_in(), place.path(&format!("usr/local/bin/{name}"))).unwrap();
        assert_eq!(run("status").0, 0);
        assert_eq!(run("stop"), (0, format!("Stopping {name}: OK")));
        assert!(!alive(second) && !place.path(&pid_file).exists());
        assert_eq!(run("stop").0, 0);
        assert_eq!(run("status").0, 7);
        assert!(run("what").1.contains("usage"));
    }
}

#[test]
fn host_agent() {
    let (place, script) = installed("host_agent", "usr/sbin/host_agent", "init.d/host_agent");
    let run = |action| {
        let outcome = place.run(&script, &[action]);
        (outcome.code, outcome.stdout.trim_end().to_owned())
    };
    let doing = |what: &str| format!("{what} agent to communicate with guest: host_agent... done.");
    assert_eq!(run("status"), (3, "host_agent is not running".to_owned()));
    assert_eq!(run("start"), (0, doing("starting")));
    let pid = place.pid("var/run/host_agent.pid").unwrap();
    let _ending = Ending(pid);
    assert!(place.path("var/lib/misc").is_dir());
    assert_eq!(run("status"), (0, format!("host_agent ({pid}) is running")));
    assert_eq!(run("start").0, 0);
    assert_eq!(place.pid("var/run/host_agent.pid"), Some(pid), "one is enough");
    assert_eq!(run("restart").0, 0);
    let second = place.pid("var/run/host_agent.pid").unwrap();
    let _ending = Ending(second);
    assert!(second != pid && !alive(pid) && alive(second));
    assert_eq!(run("stop"), (0, doing("stopping")));
    assert!(!alive(second));
    assert_eq!(run("status").0, 3);
    assert_eq!(run("what").0, 1);
    std::fs::remove_file(place.path("usr/sbin/host_agent")).unwrap();
    assert_eq!(run("status").0, 0, "without the program nothing is to be done");
}

//! The resource agents vim, vim-api and vim-webserver, against deployment 4.6: with a stand-in, and with the real nfv-vim.

use crate::packaging;
use crate::run::{Ending, Place, alive, executable, wait_until};
use nfv_site::{Options, Site, configuration};
use std::path::PathBuf;
use std::process::Command;

const AGENTS: [&str; 3] = ["vim", "vim-api", "vim-webserver"];
/// Lives until SIGTERM.
const OBEDIENT: &str =
    "#!/bin/sh\necho \"$@\" >\"${0%/*}/arguments\"\ntrap 'exit 143' TERM\nwhile :; do sleep 0.1; done\n";
/// Does not care for SIGTERM.
const STUBBORN: &str = "#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 0.1; done\n";

/// An installed agent and a program that stands in for the process.
fn installed(agent: &str, program: &str) -> (Place, PathBuf) {
    let mut place = Place::new();
    std::fs::copy(packaging("ocf/vim"), place.path(agent)).unwrap();
    executable(&place.path(agent));
    place.script(&format!("bin/nfv-{agent}"), program);
    place.file("config.ini", "");
    place.set("OCF_RESKEY_binary", place.text(&format!("bin/nfv-{agent}")));
    place.set("OCF_RESKEY_config", place.text("config.ini"));
    place.set("OCF_RESKEY_pid", place.text("pid"));
    place.set("OCF_ROOT", place.text("no-resource-agents"));
    place.set("NFV_RUN_DIR", place.text(""));
    // whoever runs the tests may not be root
    let me = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
    place.set("OCF_RESKEY_user", me.trim());
    let script = place.path(agent);
    (place, script)
}

#[test]
fn they_start_watch_and_stop_their_process() {
    for agent in AGENTS {
        let (place, script) = installed(agent, OBEDIENT);
        let flag = format!(".nfv-{agent}.not_running");
        let run = |action| place.run(&script, &[action]).code;
        assert_eq!((run("status"), run("monitor")), (7, 7), "{agent}");
        place.file(&flag, "");
        assert_eq!(run("start"), 0);
        let pid = place.pid("pid").unwrap();
        let _ending = Ending(pid);
        assert!(!place.path(&flag).exists(), "start removes the flag");
        assert_eq!((run("status"), run("monitor")), (0, 0));
        wait_until("the program has its arguments", || place.path("bin/arguments").exists());
        let arguments = std::fs::read_to_string(place.path("bin/arguments")).unwrap();
        assert_eq!(arguments.trim(), format!("-c {}", place.text("config.ini")));
        // one that runs is left alone
        assert_eq!((run("start"), place.pid("pid")), (0, Some(pid)));
        // what is ending counts as ended
        place.file(&flag, "");
        assert_eq!((run("status"), run("monitor")), (0, 7));
        assert_eq!(run("reload"), 0);
        let second = place.pid("pid").unwrap();
        let _ending = Ending(second);
        assert_ne!(second, pid);
        assert!(!alive(pid));
        assert_eq!(run("monitor"), 0);
        place.file(&flag, "");
        assert_eq!(run("stop"), 0);
        assert!(!alive(second));
        assert!(!place.path("pid").exists() && !place.path(&flag).exists());
        assert_eq!((run("stop"), run("monitor")), (0, 7));
    }
}

#[test]
fn a_process_that_has_died_is_found_dead_and_started_anew() {
    let (place, script) = installed("vim", OBEDIENT);
    let run = |action| place.run(&script, &[action]).code;
    assert_eq!(run("start"), 0);
    let pid = place.pid("pid").unwrap();
    drop(Ending(pid));
    wait_until("it is dead", || !alive(pid));
    assert_eq!(run("monitor"), 7);
    assert!(!place.path("pid").exists(), "a stale pid file is removed");
    place.file("pid", "2147483646");
    assert_eq!(run("start"), 0);
    let _ending = Ending(place.pid("pid").unwrap());
    assert_eq!(run("monitor"), 0);
}

#[test]
fn a_pid_that_is_somebody_elses_now_is_not_ours_and_is_left_alone() {
    let (place, script) = installed("vim", OBEDIENT);
    let mut other = Command::new("sleep").arg("600").spawn().unwrap();
    place.file("pid", &other.id().to_string());
    assert_eq!(place.run(&script, &["status"]).code, 7);
    place.file("pid", &other.id().to_string());
    assert_eq!(place.run(&script, &["stop"]).code, 0);
    assert!(alive(other.id() as i32));
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn one_that_does_not_end_by_sigterm_is_killed_within_the_callers_time() {
    let (mut place, script) = installed("vim-api", STUBBORN);
    assert_eq!(place.run(&script, &["start"]).code, 0);
    let pid = place.pid("pid").unwrap();
    let _ending = Ending(pid);
    // SIGTERM must not come before the program ignores it
    std::thread::sleep(std::time::Duration::from_secs(1));
    place.set("OCF_RESKEY_CRM_meta_timeout", "6000");
    assert_eq!(place.run(&script, &["stop"]).code, 0);
    wait_until("it is killed", || !alive(pid));
    assert!(!place.path("pid").exists());
}

#[test]
fn a_process_that_no_pid_file_knows_is_killed_at_stop() {
    let (mut place, script) = installed("vim", OBEDIENT);
    // the left-over is known by its executable: a program of its own, not a script
    std::fs::copy("/bin/sleep", place.path("bin/nfv-vim-copy")).unwrap();
    place.set("OCF_RESKEY_binary", place.text("bin/nfv-vim-copy"));
    let mut left = Command::new(place.path("bin/nfv-vim-copy")).arg("600").spawn().unwrap();
    // a replaced executable counts as well
    std::fs::remove_file(place.path("bin/nfv-vim-copy")).unwrap();
    place.script("bin/nfv-vim-copy", OBEDIENT);
    assert_eq!(place.run(&script, &["stop"]).code, 0);
    assert!(!left.wait().unwrap().success());
}

#[test]
fn what_is_wrong_is_told_by_the_code() {
    let (mut place, script) = installed("vim", OBEDIENT);
    assert_eq!(place.run(&script, &["validate-all"]).code, 0);
    assert_eq!(place.run(&script, &["promote"]).code, 3);
    let usage = place.run(&script, &["usage"]);
    assert_eq!((usage.code, place.run(&script, &["help"]).code), (0, 0));
    assert!(
        usage.stdout.contains("start|stop|status|reload|monitor|validate-all|meta-data"),
        "{}",
        usage.stdout
    );
    place.set("OCF_RESKEY_config", place.text("absent.ini"));
    for action in ["start", "stop", "status", "monitor", "validate-all"] {
        assert_eq!(place.run(&script, &[action]).code, 6, "{action}");
    }
    place.set("OCF_RESKEY_binary", place.text("bin/absent"));
    for action in ["start", "monitor", "validate-all"] {
        assert_eq!(place.run(&script, &[action]).code, 5, "{action}");
    }
    assert_eq!(place.run(&script, &["meta-data"]).code, 0);
}

#[test]
fn meta_data_names_the_agent_its_parameter_and_its_times() {
    for agent in AGENTS {
        let (mut place, script) = installed(agent, OBEDIENT);
        place.variables.clear();
        place.set("OCF_ROOT", "/nowhere");
        let outcome = place.run(&script, &["meta-data"]);
        assert_eq!(outcome.code, 0);
        for part in [
            format!("<resource-agent name=\"{agent}\">"),
            "<version>1.0</version>".to_owned(),
            "<parameter name=\"config\" unique=\"0\" required=\"1\">".to_owned(),
            "<content type=\"string\" default=\"/etc/nfv/vim/config.ini\"/>".to_owned(),
            "<action name=\"start\" timeout=\"10s\"/>".to_owned(),
            "<action name=\"stop\" timeout=\"10s\"/>".to_owned(),
            "<action name=\"monitor\" timeout=\"10s\" interval=\"30s\"/>".to_owned(),
            "<action name=\"meta-data\" timeout=\"10s\"/>".to_owned(),
            "<action name=\"validate-all\" timeout=\"10s\"/>".to_owned(),
        ] {
            assert!(outcome.stdout.contains(&part), "{agent}: no {part} in {}", outcome.stdout);
        }
        assert_eq!(outcome.stdout.matches("<parameter ").count(), 1);
    }
}

#[test]
fn one_that_ends_at_once_counts_as_started_and_is_found_dead() {
    let (place, script) = installed("vim-webserver", "#!/bin/sh\nexit 200\n");
    assert_eq!(place.run(&script, &["start"]).code, 0);
    wait_until("it is found dead", || place.run(&script, &["monitor"]).code == 7);
}

#[test]
fn the_real_nfv_vim_is_started_watched_and_stopped() {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let (mut place, script) = installed("vim", OBEDIENT);
        let options = Options {
            cluster: crate::root().join("tests/clusters/small.toml"),
            settings: configuration::quick(),
            directory: None,
            lab_arguments: Vec::new(),
        };
        let site = Site::start(&options).await.unwrap();
        let mut program = std::env::current_exe().unwrap();
        program.pop();
        if program.ends_with("deps") {
            program.pop();
        }
        place.set("OCF_RESKEY_binary", program.join("nfv-vim").to_str().unwrap());
        place.set("OCF_RESKEY_config", site.directory().join("config.ini").to_str().unwrap());
        place.set("NFV_RUN_DIR", site.directory().join("run").to_str().unwrap());
        assert_eq!(place.run(&script, &["start"]).code, 0);
        let pid = place.pid("pid").unwrap();
        let _ending = Ending(pid);
        let rpc = site.vim_ports().rpc;
        wait_until("nfv-vim listens", || std::net::TcpStream::connect(("127.0.0.1", rpc)).is_ok());
        assert_eq!(place.run(&script, &["monitor"]).code, 0);
        // an end of its own accord leaves the flag
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGINT).unwrap();
        wait_until("it has ended", || !alive(pid));
        assert!(site.directory().join("run/.nfv-vim.not_running").exists());
        assert_eq!(place.run(&script, &["monitor"]).code, 7);
        assert_eq!(place.run(&script, &["start"]).code, 0);
        let pid = place.pid("pid").unwrap();
        let _ending = Ending(pid);
        assert!(!site.directory().join("run/.nfv-vim.not_running").exists());
        wait_until("nfv-vim listens", || std::net::TcpStream::connect(("127.0.0.1", rpc)).is_ok());
        assert_eq!(place.run(&script, &["stop"]).code, 0);
        assert!(!alive(pid));
        assert!(!site.directory().join("db/vim_db_v1-wal").exists(), "it had time to close the database");
        assert!(!site.directory().join("run/.nfv-vim.not_running").exists());
    });
}

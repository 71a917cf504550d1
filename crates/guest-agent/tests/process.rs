//! The real process: its start, its files, its signals, its end. Contract: deployment 4.8; guest 1.4.

#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use test_support::daemon::{Daemon, wait_for};

/// A directory with all that the process reads, and the ports in it.
struct Place {
    directory: tempfile::TempDir,
    http: u16,
}

impl Place {
    /// With ports that were free a moment ago.
    fn new() -> Self {
        let http = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let place = Self { directory: tempfile::tempdir().unwrap(), http };
        let udp = free_udp;
        place.write("etc/platform/platform.conf", "management_interface=lo\nsubfunction=controller\n");
        place.write(
            "etc/mtc/guestAgent.ini",
            &format!(
                "[agent]\nrx_port={}\nvim_cmd_port={}\nhostname=127.0.0.1\ncontroller=127.0.0.1\n[client]\nrx_port={}\n",
                udp(),
                place.http,
                udp()
            ),
        );
        place.write(
            "etc/mtc.conf",
            &format!("[agent]\nhbs_to_mtc_event_port={}\nmtc_to_guest_cmd_port={}\n", udp(), udp()),
        );
        place.write(
            "etc/nfv/nfv_plugins/nfvi_plugins/config.ini",
            "[guest-rest-api]\nhost=127.0.0.1\nport=9\n",
        );
        std::fs::create_dir_all(place.path("var/run")).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let file = self.path(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    fn pid_file(&self) -> PathBuf {
        self.path("var/run/guestAgent.pid")
    }

    fn info(&self) -> PathBuf {
        self.path("var/run/guestAgent.info")
    }

    /// Starts it and waits until it serves.
    fn start(&self) -> Daemon {
        let agent = start(self.directory.path());
        wait_for("it does not serve", || self.ask().is_some());
        agent
    }

    /// The status line of whatever it answers.
    fn ask(&self) -> Option<String> {
        self.ask_by("GET")
    }

    fn ask_by(&self, method: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.http)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        write!(stream, "{method} /v1/hosts/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer.lines().next().map(str::to_owned)
    }
}

fn free_udp() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The process on a node with this root.
fn start(root: &Path) -> Daemon {
    Daemon::start(env!("CARGO_BIN_EXE_guestAgent"), root)
}

#[test]
fn it_tells_its_health_and_reads_its_configuration_when_asked() {
    let place = Place::new();
    let mut agent = place.start();
    let pid = std::fs::read_to_string(place.pid_file()).unwrap();
    assert_eq!(pid, agent.0.id().to_string(), "without a newline");
    assert!(std::fs::read_to_string(place.info()).unwrap().starts_with("I'm healthy"));
    // a second one leaves the first alone
    assert_eq!(start(place.directory.path()).ended(), Some(0));
    assert_eq!(std::fs::read_to_string(place.pid_file()).unwrap(), pid);
    // health is asked for as the OCF script does
    std::fs::remove_file(place.info()).unwrap();
    agent.signal(Signal::SIGUSR1);
    wait_for("no health file", || place.info().exists());
    // what only tells or reads does not end it, even when what is read is nonsense
    place.write("etc/mtc/guestAgent.ini", "[agent]\n");
    for signal in [Signal::SIGHUP, Signal::SIGUSR2, Signal::SIGPIPE, Signal::SIGCHLD] {
        agent.signal(signal);
    }
    std::fs::remove_file(place.info()).unwrap();
    agent.signal(Signal::SIGUSR1);
    wait_for("no health file", || place.info().exists());
    assert!(place.ask().is_some());
    assert_eq!(agent.0.try_wait().unwrap(), None);
}

#[test]
fn methods_that_the_vim_has_not_are_not_implemented() {
    let place = Place::new();
    let _agent = place.start();
    for method in ["OPTIONS", "HEAD", "TRACE", "BREW"] {
        let status = place.ask_by(method).unwrap();
        assert!(status.starts_with("HTTP/1.1 501 "), "{method}: {status}");
    }
    // A host of another name is only logged.
    let status = place.ask().unwrap();
    assert!(status.starts_with("HTTP/1.1 404 "), "{status}");
}

#[test]
fn each_signal_to_end_ends_it_with_0_and_takes_the_pid_file_away() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGABRT] {
        let place = Place::new();
        let mut agent = place.start();
        agent.signal(signal);
        assert_eq!(agent.ended(), Some(0), "{signal}");
        assert!(!place.pid_file().exists(), "{signal}");
        assert_eq!(place.ask(), None);
    }
}

#[test]
fn it_ends_while_it_waits_for_the_platform() {
    let place = Place::new();
    std::fs::remove_file(place.path("etc/platform/platform.conf")).unwrap();
    let mut agent = start(place.directory.path());
    wait_for("no pid file", || place.pid_file().exists());
    // the pid file is there before the handlers of signals
    wait_for("it takes no signals", || handles(agent.0.id(), Signal::SIGTERM));
    agent.signal(Signal::SIGTERM);
    assert_eq!(agent.ended(), Some(0));
    assert!(!place.pid_file().exists());
}

/// The process has a handler for the signal.
fn handles(pid: u32, signal: Signal) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or("0").trim();
    u64::from_str_radix(caught, 16).unwrap() >> (signal as i32 - 1) & 1 == 1
}

#[test]
fn after_a_kill_the_next_one_serves_and_takes_the_pid_file_over() {
    let place = Place::new();
    let mut agent = place.start();
    agent.signal(Signal::SIGKILL);
    assert_eq!(agent.ended(), None);
    assert_eq!(std::fs::read_to_string(place.pid_file()).unwrap(), agent.0.id().to_string());
    let mut next = place.start();
    assert_eq!(std::fs::read_to_string(place.pid_file()).unwrap(), next.0.id().to_string());
    next.signal(Signal::SIGTERM);
    assert_eq!(next.ended(), Some(0));
    assert!(!place.pid_file().exists());
}

#[test]
fn without_its_ports_it_does_not_start() {
    let place = Place::new();
    place.write("etc/mtc.conf", "[agent]\n");
    assert_eq!(start(place.directory.path()).ended(), Some(26));
    assert!(!place.pid_file().exists());
}

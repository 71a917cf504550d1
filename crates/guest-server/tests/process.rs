//! The real process: its start, its files, its signals, its end. Contract: deployment 4.8; guest 1.4.

#![allow(clippy::unwrap_used)]

use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::time::Duration;

use guest_protocol::heartbeat::datagram::{AgentEvent, ServerCommand};
use guest_protocol::heartbeat::instance::InstanceUuid;
use guest_protocol::heartbeat::words::Switch;
use nix::sys::signal::Signal;
use std::os::unix::net::UnixListener;
use test_support::daemon::{Daemon, wait_for};

const PLATFORM: &str = "etc/platform/platform.conf";

/// The process on a node with this root.
fn start(root: &Path) -> Daemon {
    Daemon::start(env!("CARGO_BIN_EXE_guestServer"), root)
}

fn write(root: &Path, path: &str, text: &str) {
    let file = root.join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

/// A node with all that the process reads, and the agent that asks it.
struct Node {
    directory: tempfile::TempDir,
    agent: UdpSocket,
    port: u16,
}

impl Node {
    /// Ready for the process; the directory of channels is not there yet.
    fn new() -> Self {
        let agent = UdpSocket::bind("127.0.0.1:0").unwrap();
        agent.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let port = UdpSocket::bind("127.0.0.4:0").unwrap().local_addr().unwrap().port();
        let node = Self { directory: tempfile::tempdir().unwrap(), agent, port };
        write(node.root(), "var/run/.goenabled", "");
        write(node.root(), PLATFORM, "management_interface=lo\nsubfunction=worker\n");
        write(node.root(), "etc/platform/.initial_config_complete", "");
        let ini = format!(
            "[agent]\nrx_port={}\n[client]\nrx_port={port}\nbind_address=127.0.0.4\nchannel_dir=/q\nhostname=c0\n",
            node.agent.local_addr().unwrap().port()
        );
        write(node.root(), "etc/mtc/guestServer.ini", &ini);
        node
    }

    fn root(&self) -> &Path {
        self.directory.path()
    }

    fn pid_file(&self) -> PathBuf {
        self.root().join("var/run/guestServer.pid")
    }

    fn info(&self) -> PathBuf {
        self.root().join("var/run/guestServer.info")
    }

    /// Starts it and waits until its pid file tells of it.
    fn start(&self) -> Daemon {
        let server = start(self.root());
        wait_for("no pid file", || {
            std::fs::read_to_string(self.pid_file()).is_ok_and(|text| text == server.0.id().to_string())
        });
        server
    }

    /// A VM's channel to the host.
    fn channel(&self) -> (InstanceUuid, UnixListener) {
        let uuid = InstanceUuid::parse("1f0bc3e3-efbe-48b8-9688-4821fc0ff83c").unwrap();
        std::fs::create_dir(self.root().join("q")).unwrap();
        let listener = UnixListener::bind(self.root().join("q").join(uuid.channel())).unwrap();
        (uuid, listener)
    }

    /// Tells it of the VM, and whether it then names it when it is asked.
    fn is_known(&self, uuid: &InstanceUuid) -> bool {
        // it searches for channels now and then; a command tells of one at once
        let add = ServerCommand::AddInstance(uuid.clone(), Switch::Enabled);
        for command in [add, ServerCommand::QueryInstances] {
            self.agent.send_to(&command.encode("127.0.0.1"), ("127.0.0.4", self.port)).unwrap();
        }
        let mut buffer = [0; 2048];
        let Ok((length, _)) = self.agent.recv_from(&mut buffer) else { return false };
        assert_eq!(length, 1060);
        matches!(AgentEvent::decode(&buffer[..length]), Ok(AgentEvent::Instance(info)) if info.uuid == *uuid)
    }
}

#[test]
fn it_starts_when_the_node_is_ready_and_ends_when_told() {
    let node = Node::new();
    let mut server = node.start();
    assert!(node.info().exists());
    // A second one leaves the first alone.
    assert_eq!(start(node.root()).ended(), Some(0));
    assert!(node.pid_file().exists());
    // Health is asked for as SM and pmon do.
    std::fs::remove_file(node.info()).unwrap();
    server.signal(Signal::SIGUSR1);
    wait_for("no health file", || node.info().exists());

    // The directory of channels comes later than the process; a channel in it is found.
    let (uuid, listener) = node.channel();
    wait_for("it does not listen", || {
        // Signals that only tell or read do not end it.
        server.signal(Signal::SIGUSR2);
        server.signal(Signal::SIGHUP);
        node.is_known(&uuid)
    });
    let (_stream, _) = listener.accept().unwrap();

    server.signal(Signal::SIGTERM);
    assert_eq!(server.ended(), Some(0));
    assert!(!node.pid_file().exists());
}

#[test]
fn each_signal_to_end_ends_it_with_0_and_takes_the_pid_file_away() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGABRT] {
        let node = Node::new();
        let mut server = node.start();
        // a VM whose channel is open does not keep it
        let (uuid, listener) = node.channel();
        wait_for("it does not listen", || node.is_known(&uuid));
        let (_stream, _) = listener.accept().unwrap();
        server.signal(signal);
        assert_eq!(server.ended(), Some(0), "{signal}");
        assert!(!node.pid_file().exists(), "{signal}");
    }
}

#[test]
fn a_configuration_that_is_nonsense_when_it_is_read_again_changes_nothing() {
    let node = Node::new();
    let mut server = node.start();
    let (uuid, _listener) = node.channel();
    wait_for("it does not listen", || node.is_known(&uuid));
    for text in ["[agent]\n", "\0", "[client]\nrx_port=zork\n"] {
        write(node.root(), "etc/mtc/guestServer.ini", text);
        server.signal(Signal::SIGHUP);
        std::fs::remove_file(node.info()).unwrap();
        server.signal(Signal::SIGUSR1);
        wait_for("no health file", || node.info().exists());
        wait_for("it is deaf", || node.is_known(&uuid));
    }
    assert_eq!(server.0.try_wait().unwrap(), None);
}

#[test]
fn it_ends_while_it_waits_for_the_node() {
    for missing in [PLATFORM, "etc/platform/.initial_config_complete", "var/run/.goenabled"] {
        let node = Node::new();
        std::fs::remove_file(node.root().join(missing)).unwrap();
        let mut server = node.start();
        server.signal(Signal::SIGTERM);
        assert_eq!(server.ended(), Some(0), "without {missing}");
        assert!(!node.pid_file().exists(), "without {missing}");
    }
}

#[test]
fn after_a_kill_the_next_one_serves_and_takes_the_pid_file_over() {
    let node = Node::new();
    let mut server = node.start();
    let (uuid, listener) = node.channel();
    wait_for("it does not listen", || node.is_known(&uuid));
    let (_stream, _) = listener.accept().unwrap();
    server.signal(Signal::SIGKILL);
    assert_eq!(server.ended(), None);
    assert_eq!(std::fs::read_to_string(node.pid_file()).unwrap(), server.0.id().to_string());
    let mut next = node.start();
    wait_for("the next one does not listen", || node.is_known(&uuid));
    // the VM's channel is taken up anew
    let (_again, _) = listener.accept().unwrap();
    next.signal(Signal::SIGTERM);
    assert_eq!(next.ended(), Some(0));
    assert!(!node.pid_file().exists());
}

#[test]
fn without_its_ports_it_does_not_start() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "var/run/x", "");
    write(root.path(), "etc/platform/platform.conf", "management_interface=lo\nsubfunction=worker\n");
    write(root.path(), "etc/mtc/guestServer.ini", "[agent]\nrx_port=1\n");
    assert_eq!(start(root.path()).ended(), Some(26));
    assert!(!root.path().join("var/run/guestServer.pid").exists());
}

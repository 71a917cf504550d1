//! The real process: its start, its files, its signals. Contract: guest 1.4.

#![allow(clippy::unwrap_used)]

use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use guest_protocol::heartbeat::datagram::{AgentEvent, ServerCommand};
use guest_protocol::heartbeat::instance::InstanceUuid;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::os::unix::net::UnixListener;

struct Server(Child);

impl Server {
    fn start(root: &Path) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_guestServer"))
            .args(["-f", "--root"])
            .arg(root)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.0.id().cast_signed()), signal).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(120), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn write(root: &Path, path: &str, text: &str) {
    let file = root.join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

#[test]
fn it_starts_when_the_node_is_ready_and_ends_when_told() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path();
    let agent = UdpSocket::bind("127.0.0.1:0").unwrap();
    agent.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let port = UdpSocket::bind("127.0.0.4:0").unwrap().local_addr().unwrap().port();
    write(root, "var/run/.goenabled", "");
    write(root, "etc/platform/platform.conf", "management_interface=lo\nsubfunction=worker\n");
    write(root, "etc/platform/.initial_config_complete", "");
    let ini = format!(
        "[agent]\nrx_port={}\n[client]\nrx_port={port}\nbind_address=127.0.0.4\nchannel_dir=/q\nhostname=c0\n",
        agent.local_addr().unwrap().port()
    );
    write(root, "etc/mtc/guestServer.ini", &ini);
    let (pid, info) = (root.join("var/run/guestServer.pid"), root.join("var/run/guestServer.info"));

    let mut server = Server::start(root);
    wait_for("no pid file", || {
        std::fs::read_to_string(&pid).is_ok_and(|text| text.trim() == server.0.id().to_string())
    });
    assert!(info.exists());
    // A second one leaves the first alone.
    assert_eq!(Server::start(root).0.wait().unwrap().code(), Some(0));
    assert!(pid.exists());
    // Health is asked for as SM and pmon do.
    std::fs::remove_file(&info).unwrap();
    server.signal(Signal::SIGUSR1);
    wait_for("no health file", || info.exists());

    // The directory of channels comes later than the process; a channel in it is found.
    let uuid = InstanceUuid::parse("1f0bc3e3-efbe-48b8-9688-4821fc0ff83c").unwrap();
    std::fs::create_dir(root.join("q")).unwrap();
    let channel = root.join("q").join(uuid.channel());
    let listener = UnixListener::bind(&channel).unwrap();
    let known = |server: &Server| {
        // Signals that only tell or read do not end it.
        server.signal(Signal::SIGUSR2);
        server.signal(Signal::SIGHUP);
        let query = ServerCommand::QueryInstances.encode("127.0.0.1");
        agent.send_to(&query, ("127.0.0.4", port)).unwrap();
        let mut buffer = [0; 2048];
        let Ok((length, _)) = agent.recv_from(&mut buffer) else { return false };
        assert_eq!(length, 1060);
        matches!(AgentEvent::decode(&buffer[..length]), Ok(AgentEvent::Instance(info)) if info.uuid == uuid)
    };
    // Until the next search; a command tells of it at once.
    let add = ServerCommand::AddInstance(uuid.clone(), guest_protocol::heartbeat::words::Switch::Enabled);
    wait_for("it does not listen", || {
        agent.send_to(&add.encode("127.0.0.1"), ("127.0.0.4", port)).unwrap();
        known(&server)
    });
    let (_stream, _) = listener.accept().unwrap();

    server.signal(Signal::SIGTERM);
    assert_eq!(server.0.wait().unwrap().code(), Some(0));
    assert!(!pid.exists());
}

#[test]
fn without_its_ports_it_does_not_start() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "var/run/x", "");
    write(root.path(), "etc/platform/platform.conf", "management_interface=lo\nsubfunction=worker\n");
    write(root.path(), "etc/mtc/guestServer.ini", "[agent]\nrx_port=1\n");
    assert_eq!(Server::start(root.path()).0.wait().unwrap().code(), Some(26));
    assert!(!root.path().join("var/run/guestServer.pid").exists());
}

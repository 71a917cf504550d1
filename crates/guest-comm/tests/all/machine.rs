//! A machine: a network namespace with its own abstract addresses.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use nix::sched::{CloneFlags, setns};

/// A machine; its namespace goes with it.
pub struct Machine {
    holder: Child,
}

/// Whether machines can be made here.
pub fn possible() -> bool {
    let unshared = Command::new("unshare").args(["-n", "true"]).stderr(Stdio::null()).status();
    unshared.is_ok_and(|status| status.success())
}

/// Runs a test that needs machines. Who is not root runs it in a user namespace, where he is.
pub fn with_machines(test: &str, body: impl FnOnce()) {
    const INSIDE: &str = "NFV_GUEST_TEST_INSIDE";
    if possible() {
        return body();
    }
    if std::env::var_os(INSIDE).is_none() {
        let user =
            Command::new("unshare").args(["-Ur", "unshare", "-n", "true"]).stderr(Stdio::null()).status();
        if user.is_ok_and(|status| status.success()) {
            let status = Command::new("unshare")
                .arg("-Ur")
                .arg(std::env::current_exe().unwrap())
                .args(["--exact", test, "--nocapture"])
                .env(INSIDE, "yes")
                .status();
            assert!(status.unwrap().success(), "{test} failed in a user namespace");
            return;
        }
    }
    eprintln!("NOTICE: {test} was passed over: no network namespaces can be made here");
}

impl Machine {
    /// A new one.
    pub fn start() -> Self {
        let mut holder = Command::new("unshare")
            .args(["-n", "sh", "-c", "echo ready; read end"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        Self { holder }
    }

    fn namespace(&self) -> String {
        format!("/proc/{}/ns/net", self.holder.id())
    }

    /// A command that runs a program on it.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={}", self.namespace())).arg("--").arg(program.as_ref());
        command
    }

    /// A socket on it, bound to an abstract address; reading gives up after a minute.
    pub fn socket(&self, address: &str) -> UnixDatagram {
        let namespace = File::open(self.namespace()).unwrap();
        let address = SocketAddr::from_abstract_name(address).unwrap();
        let socket = thread::spawn(move || {
            setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
            UnixDatagram::bind_addr(&address).unwrap()
        });
        let socket = socket.join().unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        socket
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // its input ends, and so does it
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

/// Sends a datagram to an abstract address of the socket's machine.
pub fn send(socket: &UnixDatagram, address: &str, datagram: &str) -> std::io::Result<usize> {
    socket.send_to_addr(datagram.as_bytes(), &SocketAddr::from_abstract_name(address)?)
}

/// Receives a datagram.
pub fn receive(socket: &UnixDatagram) -> String {
    let mut buffer = [0; 20_000];
    let length = socket.recv(&mut buffer).unwrap();
    String::from_utf8(buffer[..length].to_vec()).unwrap()
}

//! A character device as the way to the host, as a virtio-serial port is one. Contract: guest 1.1, 4.
//!
//! A terminal stands in for the port. It differs in one thing: once the other side has closed, that end is gone for
//! good; a host that comes back is played with a real port (tests/real/guest.sh).

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use guest_protocol::framing::{JsonLines, Object};
use guest_protocol::heartbeat::message::{GuestMessage, HostMessage, MAX_LENGTH};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::openpty;
use nix::sys::signal::Signal;
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use nix::unistd::ttyname;

use crate::process::start;

struct Host {
    end: File,
    lines: JsonLines,
    waiting: Vec<Object>,
}

impl Host {
    fn hear(&mut self) -> GuestMessage {
        let begun = Instant::now();
        let mut buffer = [0; 4096];
        while self.waiting.is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(120), "the client is silent");
            let mut fds = [PollFd::new(self.end.as_fd(), PollFlags::POLLIN)];
            if poll(&mut fds, PollTimeout::from(1000_u16)).unwrap() == 0 {
                continue;
            }
            match self.end.read(&mut buffer) {
                Ok(length) => {
                    self.waiting
                        .extend(self.lines.on_bytes(&buffer[..length]).into_iter().map(Result::unwrap));
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => panic!("the client has gone: {error}"),
            }
        }
        GuestMessage::decode(&self.waiting.remove(0)).unwrap().message
    }

    fn say(&mut self, message: &HostMessage) {
        self.end.write_all(&message.encode(1)).unwrap();
    }
}

/// Processor time a process has used, in clock ticks.
fn ticks(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, fields) = text.rsplit_once(") ").unwrap();
    let fields: Vec<_> = fields.split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn a_port_is_spoken_through_and_its_end_costs_no_time() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("conf"), "HB_MIN_TIMEOUT=200000\n").unwrap();
    let pty = openpty(None, None).unwrap();
    // as a port: bytes are bytes
    let mut raw = tcgetattr(&pty.slave).unwrap();
    cfmakeraw(&mut raw);
    tcsetattr(&pty.slave, SetArg::TCSANOW, &raw).unwrap();
    let device = ttyname(&pty.slave).unwrap();

    let mut client = start(dir.path(), &device);
    let mut host =
        Host { end: File::from(pty.master), lines: JsonLines::new(MAX_LENGTH), waiting: Vec::new() };
    let GuestMessage::Init(init) = host.hear() else { panic!("no init") };
    drop(pty.slave);
    host.say(&HostMessage::InitAck { invocation_id: init.invocation_id });
    for challenge in 1..=3 {
        host.say(&HostMessage::Challenge { challenge });
        loop {
            match host.hear() {
                GuestMessage::ChallengeResponse(answer) => break assert_eq!(answer.response, challenge),
                GuestMessage::Init(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    // The host goes: what reports a hang-up for ever is not polled.
    drop(host);
    std::thread::sleep(Duration::from_millis(500));
    let before = ticks(client.0.id());
    std::thread::sleep(Duration::from_secs(3));
    let used = ticks(client.0.id()) - before;
    assert!(used <= 30, "{used} hundredths of a second of 300");
    client.signal(Signal::SIGTERM);
    assert!(client.wait().success());
}

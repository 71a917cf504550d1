//! guest_scale_helper: asks a VM of this host to put a vCPU on or off line; its exit code is the vCPU's number.
//!
//!     guest_scale_helper --instance_name <name> (--cpu_del | --cpu_add <index> <json list>) [--timeout <ms>]

use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::Instant;

use guest_comm::app_socket::{AppSocket, error_text};
use guest_comm::log_line::Severity;
use guest_comm::shell::syslog::{Facility, Syslog};
use guest_protocol::messaging::envelope::{Address, Data, HostAppRequest};
use guest_protocol::messaging::scale::compose_nack;
use guest_protocol::messaging::{AGENT_ADDRESS, APP_READ, SCALE_ADDRESS};
use guest_scale::arguments::{Task, USAGE, UsageError};
use guest_scale::helper::{FAILED, TIMEOUT, on_datagram};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

fn main() -> ExitCode {
    let task = match Task::parse(std::env::args().skip(1)) {
        Ok(task) => task,
        Err(UsageError(text)) => {
            println!("{text}{USAGE}");
            return ExitCode::from(FAILED);
        }
    };
    let mut log = Syslog::new("guest_scale_helper", Facility::Daemon, 7);
    match run(&task, &mut log) {
        Ok(code) => ExitCode::from(code),
        Err(text) => {
            error(&mut log, &text);
            ExitCode::from(FAILED)
        }
    }
}

#[track_caller]
fn error(log: &mut Syslog, text: &str) {
    log.say(Severity::Error, text);
    eprintln!("{}", text.trim_end());
}

fn run(task: &Task, log: &mut Syslog) -> Result<u8, String> {
    let deadline = Instant::now() + task.timeout;
    let request = task.request.compose();
    log.say(Severity::Info, format!("handling scaling request: {request}"));
    let socket = AppSocket::bind(&task.address).map_err(|error| {
        format!("Unable to initialize guest/host messaging: unable to bind socket: {}", error_text(&error))
    })?;
    send(task, &socket, &request)?;
    let mut buffer = [0; APP_READ];
    loop {
        // rounded up: an answer at the last moment counts
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(TIMEOUT);
        }
        let timeout = PollTimeout::try_from(left.as_millis() + 1).unwrap_or(PollTimeout::MAX);
        let mut sockets = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
        match poll(&mut sockets, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(why) => return Err(format!("poll(): {why}")),
        }
        let received = socket.receive(&mut buffer);
        let received = received.map_err(|error| format!("error receiving msg: {}", error_text(&error)))?;
        let Some((datagram, _)) = received else {
            continue;
        };
        let reaction = on_datagram(task, datagram);
        for text in &reaction.log {
            error(log, text);
        }
        if let Some(text) = &reaction.nack
            && let Err(text) = send(task, &socket, &compose_nack(text))
        {
            error(log, &text);
        }
        if let Some(code) = reaction.exit {
            return Ok(code);
        }
    }
}

fn send(task: &Task, socket: &AppSocket, data: &str) -> Result<(), String> {
    let failed = |why: &str| format!("hg_send_msg failed: {why}");
    let name = |name| Address::new(name).ok_or_else(|| failed("failed to parse msg"));
    let data = Data::from_text(data).ok_or_else(|| failed("failed to parse msg"))?;
    let request = HostAppRequest { data, dest: name(SCALE_ADDRESS)?, instance: task.instance.clone() };
    let sent = socket.send(&name(AGENT_ADDRESS)?, request.compose().as_bytes());
    sent.map_err(|error| failed(&format!("sendto: {}", error_text(&error))))
}

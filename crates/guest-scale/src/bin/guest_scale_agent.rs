//! guest_scale_agent: puts vCPUs of this VM on and off line when its host asks for it.
//!
//!     guest_scale_agent [--cpu-dir DIR] [--app-helper PATH] [--script-limit-ms N]

use std::os::fd::AsFd;
use std::process::{Command, ExitCode};
use std::time::Duration;

use guest_comm::app_socket::{AppSocket, error_text};
use guest_comm::log_line::Severity;
use guest_comm::shell::syslog::{Facility, Syslog};
use guest_protocol::messaging::envelope::{
    Address, Data, EnvelopeError, GuestAppDelivery, GuestAppRequest, datagram_text,
};
use guest_protocol::messaging::{AGENT_ADDRESS, APP_READ, SCALE_ADDRESS};
use guest_scale::agent::{Said, handle};
use guest_scale::machine::{Vm, run_limited};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// How long a script may run when nothing else is said.
const SCRIPT_LIMIT: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let mut log = Log(Syslog::new("guest_scale_agent", Facility::Daemon, 7));
    match run(&mut log) {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            log.error(&text);
            ExitCode::from(255)
        }
    }
}

/// Errors go to the system log and to standard error.
struct Log(Syslog);

impl Log {
    #[track_caller]
    fn error(&mut self, text: &str) {
        self.0.say(Severity::Error, text);
        eprintln!("{}", text.trim_end());
    }

    #[track_caller]
    fn info(&mut self, text: &str) {
        self.0.say(Severity::Info, text);
    }
}

fn options() -> Vm {
    let mut vm = Vm {
        cpus: "/sys/devices/system/cpu".into(),
        script: "/usr/sbin/app_scale_helper".into(),
        script_limit: SCRIPT_LIMIT,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        match (name.as_str(), arguments.next()) {
            ("--cpu-dir", Some(path)) => vm.cpus = path.into(),
            ("--app-helper", Some(path)) => vm.script = path.into(),
            ("--script-limit-ms", Some(number)) => {
                vm.script_limit = number.parse().map_or(vm.script_limit, Duration::from_millis);
            }
            _ => {}
        }
    }
    vm
}

fn run(log: &mut Log) -> Result<(), String> {
    let mut vm = options();
    let name = |name| Address::new(name).ok_or_else(|| format!("{name} is no address"));
    let socket = AppSocket::bind(&name(SCALE_ADDRESS)?).map_err(|error| {
        format!("Unable to initialize guest/host messaging: unable to bind socket: {}", error_text(&error))
    })?;
    let agent = name(AGENT_ADDRESS)?;
    log.info("Running offline_cpus script");
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "offline_cpus"]);
    match run_limited(shell, vm.script_limit) {
        Ok(Some(_)) => {}
        Ok(None) => log.error("offline_cpus did not end in time and was killed"),
        Err(error) => log.error(&format!("offline_cpus cannot be run: {}", error_text(&error))),
    }
    let mut buffer = [0; APP_READ];
    loop {
        let mut sockets = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
        poll(&mut sockets, PollTimeout::NONE)
            .or_else(interrupted)
            .map_err(|error| format!("poll(): {error}"))?;
        match socket.receive(&mut buffer) {
            Ok(Some((datagram, _))) => on_datagram(datagram, &mut vm, &socket, &agent, log),
            Ok(None) => {}
            Err(error) => {
                return Err(format!(
                    "problem processing messages: error receiving msg: {}",
                    error_text(&error)
                ));
            }
        }
    }
}

fn interrupted(error: nix::errno::Errno) -> Result<i32, nix::errno::Errno> {
    if error == nix::errno::Errno::EINTR { Ok(0) } else { Err(error) }
}

fn on_datagram(datagram: &[u8], vm: &mut Vm, socket: &AppSocket, agent: &Address, log: &mut Log) {
    let delivery = match GuestAppDelivery::parse(&datagram_text(datagram)) {
        Ok(delivery) => delivery,
        Err(error) => return log.error(&format!("problem processing messages: {}", library_text(&error))),
    };
    let handled = handle(delivery.data.as_str(), vm);
    for said in &handled.log {
        match said {
            Said::Error(text) => log.error(text),
            Said::Info(text) => log.info(text),
        }
    }
    let Some(response) = handled.response else {
        return;
    };
    let (Some(data), Some(dest)) = (Data::from_text(&response), Address::new(delivery.source)) else {
        return log.error("gh_send_msg failed: failed to parse msg");
    };
    let request = GuestAppRequest { data, dest };
    if let Err(error) = socket.send(agent, request.compose().as_bytes()) {
        log.error(&format!("gh_send_msg failed: sendto: {}", error_text(&error)));
    }
}

fn library_text(error: &EnvelopeError) -> String {
    match error {
        EnvelopeError::Version(version) => format!("invalid version {version}, expecting 2"),
        EnvelopeError::NotJson | EnvelopeError::Missing(_) => error.to_string(),
    }
}

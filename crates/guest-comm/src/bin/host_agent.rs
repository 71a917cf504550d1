//! host_agent: forwards messages between the VMs of this host and applications on it.
//!
//!     host_agent [LEVEL] [--socket-dir DIR] [--address NAME] [--max-instances N]

use std::process::ExitCode;

use guest_comm::log_line::Severity;
use guest_comm::shell::host_agent::HostAgent;
use guest_comm::shell::options::Options;
use guest_comm::shell::syslog::{Facility, Syslog};
use guest_comm::shell::{Fatal, crash};

fn main() -> ExitCode {
    crash::leave_trace_in("/var/log/host_agent_backtrace.log");
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            Syslog::new("host_agent", Facility::User, 7).say(Severity::Error, error.to_string());
            return ExitCode::from(1);
        }
    };
    let mut log = Syslog::new("host_agent", Facility::User, options.level);
    log.say(Severity::Info, "host_agent starting up");
    match run(&options, log) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            Syslog::new("host_agent", Facility::User, options.level).say(Severity::Error, error.to_string());
            eprintln!("host_agent: {error}");
            ExitCode::from(255)
        }
    }
}

fn run(options: &Options, log: Syslog) -> Result<(), Fatal> {
    HostAgent::begin(options, log)?.run()
}

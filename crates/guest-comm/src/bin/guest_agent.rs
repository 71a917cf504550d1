//! guest_agent: forwards messages between applications in this VM and its host.
//!
//!     guest_agent [LEVEL] [--device PATH] [--address NAME]

use std::process::ExitCode;

use guest_comm::log_line::Severity;
use guest_comm::shell::guest_agent::GuestAgent;
use guest_comm::shell::options::Options;
use guest_comm::shell::syslog::{Facility, Syslog};
use guest_comm::shell::{Fatal, crash};

fn main() -> ExitCode {
    crash::leave_trace_in("/var/log/guest_agent_backtrace.log");
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            Syslog::new("guest_agent", Facility::User, 7).say(Severity::Error, error.to_string());
            return ExitCode::from(1);
        }
    };
    let mut log = Syslog::new("guest_agent", Facility::User, options.level);
    log.say(Severity::Info, "guest_agent starting up");
    match run(&options, log) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            Syslog::new("guest_agent", Facility::User, options.level).say(Severity::Error, error.to_string());
            eprintln!("guest_agent: {error}");
            ExitCode::from(255)
        }
    }
}

fn run(options: &Options, log: Syslog) -> Result<(), Fatal> {
    GuestAgent::begin(options, log)?.run()
}

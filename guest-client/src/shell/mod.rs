//! The port, sockets, scripts, signals and time around the client: one thread, one poll.

mod applications;
mod channel;
mod script;
mod turn;

use std::process::ExitCode;
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use self::channel::ChannelError;
use self::turn::Shell;
use crate::arguments::{Arguments, USAGE};
use crate::config::Config;
use crate::log::{Level, Line, Syslog};

/// Wait before the end when the start failed, so that whoever starts it again does not spin.
const FAILURE_WAIT: Duration = Duration::from_secs(20);
/// Exit status when there is no port: the VM has no heartbeat.
const NOT_CONFIGURED: u8 = 6;
/// Signals that are looked at.
const SIGNALS: [Signal; 7] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGQUIT,
    Signal::SIGHUP,
    Signal::SIGCHLD,
    Signal::SIGCONT,
    Signal::SIGPIPE,
];

/// Runs the client until a signal ends it; gives its exit status.
pub fn run(arguments: &Arguments) -> ExitCode {
    let mut syslog = Syslog::new("/dev/log");
    syslog.write(&Line::new(Level::Info, "Starting."));
    match start(arguments, &mut syslog) {
        Ok(shell) => {
            syslog.write(&Line::new(Level::Info, "Started."));
            shell.run(&mut syslog);
            syslog.write(&Line::new(Level::Info, "Shutdown complete."));
            ExitCode::SUCCESS
        }
        Err(Failure::NotConfigured) => {
            println!("Process failure, error=NOT_CONFIGURED.");
            ExitCode::from(NOT_CONFIGURED)
        }
        Err(Failure::Arguments(why)) => {
            print!("{USAGE}");
            failed(&mut syslog, &why)
        }
        Err(Failure::Start(why)) => failed(&mut syslog, &why),
    }
}

fn failed(syslog: &mut Syslog, why: &str) -> ExitCode {
    syslog.write(&Line::new(Level::Error, why));
    println!("Process failure, error=FAILED.");
    std::thread::sleep(FAILURE_WAIT);
    ExitCode::FAILURE
}

enum Failure {
    NotConfigured,
    Arguments(String),
    Start(String),
}

fn start(arguments: &Arguments, syslog: &mut Syslog) -> Result<Shell, Failure> {
    let name = match &arguments.name {
        Some(name) => name.clone(),
        None => nix::unistd::gethostname()
            .map_err(|error| Failure::Arguments(format!("Failed to get the host name, error={error}.")))?
            .to_string_lossy()
            .into_owned(),
    };
    let (config, unknown) =
        Config::load(&arguments.config).map_err(|error| Failure::Start(error.to_string()))?;
    for key in unknown {
        let text = format!("Unknown key {key} in configuration file {}.", arguments.config.display());
        syslog.write(&Line::new(Level::Error, text));
    }
    syslog.write(&Line::new(Level::Info, format!("Guest-Client Heartbeat Configuration: {config:?}")));
    let signals = SIGNALS.into_iter().collect::<SigSet>();
    let signals = signals
        .thread_block()
        .and_then(|()| SignalFd::with_flags(&signals, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC))
        .map_err(|error| Failure::Start(format!("Failed to take signals, error={error}.")))?;
    Shell::new(arguments, config, name, signals).map_err(|error| match error {
        turn::StartError::Channel(ChannelError::NotThere(path)) => {
            let text = format!("{} file does not exist, guest heartbeat not configured.", path.display());
            syslog.write(&Line::new(Level::Info, text));
            Failure::NotConfigured
        }
        other => Failure::Start(other.to_string()),
    })
}

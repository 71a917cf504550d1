//! The start of the process, and its end. Contract: guest 1.4.

use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use guest_daemon::START_FAILED;
use guest_daemon::arguments::Arguments;
use guest_daemon::log::{Level, Logger};
use guest_daemon::place::Place;
use guest_daemon::platform::{self, Platform};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::stat::{Mode, umask};

use super::turn::Shell;
use crate::config::Config;

const DAEMON: &str = "guestServer";
/// How often start conditions are looked at.
const POLL: Duration = Duration::from_secs(5);
/// Open files that are asked for; more than there are instances.
const MAX_FILES: u64 = 65_536;
/// Files that say that this node is configured and enabled.
const START_FLAGS: [&str; 2] = ["/etc/platform/.initial_config_complete", "/var/run/.goenabled"];

/// Signals as they arrive.
pub(super) struct Signals(SignalFd);

impl Signals {
    fn new() -> nix::Result<Self> {
        let mut set = SigSet::empty();
        for signal in [
            Signal::SIGTERM,
            Signal::SIGINT,
            Signal::SIGABRT,
            Signal::SIGUSR1,
            Signal::SIGUSR2,
            Signal::SIGHUP,
            Signal::SIGPIPE,
        ] {
            set.add(signal);
        }
        set.thread_block()?;
        Ok(Self(SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?))
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    pub(super) fn next(&self) -> Option<Signal> {
        let info = self.0.read_signal().ok().flatten()?;
        i32::try_from(info.ssi_signo).ok().and_then(|number| Signal::try_from(number).ok())
    }
}

/// Runs the daemon until it is told to end; gives its exit status.
pub fn run(arguments: &Arguments) -> ExitCode {
    let place = Place::new(DAEMON, arguments.root.as_deref());
    if !arguments.foreground && nix::unistd::getppid().as_raw() != 1 {
        if nix::unistd::daemon(false, false).is_err() {
            return ExitCode::FAILURE;
        }
        umask(Mode::from_bits_truncate(0o022));
    }
    let hostname = platform::hostname();
    let mut logger = if arguments.foreground {
        Logger::to_output(DAEMON, &hostname)
    } else {
        Logger::to_syslog(DAEMON, &hostname, "/dev/log".into())
    };
    if let Some(pid) = place.running() {
        logger.write(Level::Warn, &format!("Refusing to start duplicate process (pid:{pid})"));
        return ExitCode::SUCCESS;
    }
    let ended = start(&place, &mut logger);
    place.remove_pid();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            logger.write(Level::Error, &format!("Initialization failed: {error:#}"));
            ExitCode::from(START_FAILED)
        }
    }
}

fn start(place: &Place, logger: &mut Logger) -> anyhow::Result<()> {
    let signals = Signals::new().context("cannot take signals")?;
    raise_file_limit(logger);
    for written in [place.write_health(), place.write_pid()] {
        if let Err(error) = written {
            logger.write(Level::Warn, &error.to_string());
        }
    }
    let Some(platform) = wait(place, &signals, logger, "platform.conf", || Platform::read(place)) else {
        return Ok(());
    };
    let config = Config::load(place).context("configuration failure")?;
    logger.set_debug(config.debug);
    let flags = || START_FLAGS.iter().all(|flag| platform::flag(place, flag)).then_some(());
    if wait(place, &signals, logger, "goenabled", flags).is_none() {
        return Ok(());
    }
    let address = || config.bind_address.or_else(|| platform.management_address());
    let Some(address) = wait(place, &signals, logger, "the management address", address) else {
        return Ok(());
    };
    let bound = SocketAddr::new(address, config.port);
    let socket = UdpSocket::bind(bound).with_context(|| format!("cannot bind {bound}"))?;
    socket.set_nonblocking(true).context("cannot prepare the socket")?;
    logger.write(Level::Info, &format!("listening on {bound}"));
    Shell::new(place, config, socket, &signals, logger)?.run()
}

/// Each instance needs a descriptor, and the usual limit ends at 1,024.
fn raise_file_limit(logger: &mut Logger) {
    let raised = getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(_, hard)| setrlimit(Resource::RLIMIT_NOFILE, hard.min(MAX_FILES), hard));
    if let Err(error) = raised {
        logger.write(Level::Warn, &format!("cannot raise the limit of open files: {error}"));
    }
}

/// Waits for something that others bring about; none when the process shall end.
fn wait<T>(
    place: &Place,
    signals: &Signals,
    logger: &mut Logger,
    what: &str,
    look: impl Fn() -> Option<T>,
) -> Option<T> {
    let mut told = false;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if !told {
            logger.write(Level::Info, &format!("waiting for {what}"));
            told = true;
        }
        let until = Instant::now() + POLL;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            let mut fds = [PollFd::new(signals.fd(), PollFlags::POLLIN)];
            // An interrupted wait is looked at again.
            let _ = poll(&mut fds, timeout);
            while let Some(signal) = signals.next() {
                match signal {
                    Signal::SIGTERM | Signal::SIGINT | Signal::SIGABRT => return None,
                    Signal::SIGUSR1 => {
                        let _ = place.write_health();
                    }
                    _ => {}
                }
            }
        }
    }
}

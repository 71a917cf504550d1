//! guest_agent with its port and its socket.
//!
//! A virtio port tells by `POLLHUP` that nobody is connected on the host's side, for as long as that is so; waiting for
//! it as usual would spin. The port wakes its waiters when the host connects. So it is watched with edge-triggered epoll
//! (no signals as in the original), and looked at once a second while it is down.
//!
//! Instead of a port a UNIX stream socket can be named. When its other end closes it is opened again.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use guest_protocol::messaging::AGENT_READ;
use guest_protocol::messaging::envelope::Address;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use super::channel::{OUTBOX, WriteError, flush, write_message};
use super::options::Options;
use super::syslog::Syslog;
use super::{Fatal, failed};
use crate::app_socket::{AppSocket, error_text};
use crate::guest_relay::{GuestAction, GuestRelay};
use crate::log_budget::{LogBudget, Verdict};
use crate::log_line::{LogLine, Severity};
use crate::outbox::Outbox;

/// Time between two looks at a port that is down.
const DOWN_LOOK: Duration = Duration::from_secs(1);
/// Reads from the port in a turn.
const READS_PER_TURN: usize = 16;
/// Datagrams of applications that are read in a turn.
const DATAGRAMS_PER_TURN: usize = 64;

const PORT: u64 = 0;
const APPS: u64 = 1;

/// The way to the host.
enum Port {
    Device(File),
    Socket(UnixStream),
}

impl Port {
    fn open(path: &Path) -> io::Result<Self> {
        if std::fs::metadata(path)?.file_type().is_socket() {
            let stream = UnixStream::connect(path)?;
            stream.set_nonblocking(true)?;
            return Ok(Self::Socket(stream));
        }
        let flags = (OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits();
        let device = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path)?;
        Ok(Self::Device(device))
    }

    /// The host's side is connected.
    fn is_connected(&self) -> bool {
        let mut ports = [PollFd::new(self.as_fd(), PollFlags::POLLIN)];
        match nix::poll::poll(&mut ports, PollTimeout::ZERO) {
            Ok(_) => {
                !ports.iter().any(|port| port.any() == Some(true) && port.revents().is_some_and(hung_up))
            }
            Err(_) => false,
        }
    }
}

fn hung_up(events: PollFlags) -> bool {
    events.contains(PollFlags::POLLHUP)
}

impl AsFd for Port {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Device(file) => file.as_fd(),
            Self::Socket(stream) => stream.as_fd(),
        }
    }
}

impl Read for Port {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Device(file) => file.read(buffer),
            Self::Socket(stream) => stream.read(buffer),
        }
    }
}

impl Write for Port {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Device(file) => file.write(bytes),
            Self::Socket(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What reading the port came to.
enum Reading {
    /// There is nothing more for now.
    Dry,
    /// There may be more.
    Partly,
    /// The host is not connected.
    Down,
}

/// The running agent.
pub struct GuestAgent {
    relay: GuestRelay,
    path: PathBuf,
    port: Port,
    /// The host is connected, as far as we know.
    up: bool,
    /// There may be something to read that epoll will not tell of again.
    unread: bool,
    outbox: Outbox,
    apps: AppSocket,
    epoll: Epoll,
    log: Syslog,
    budget: LogBudget,
}

impl GuestAgent {
    /// Opens the port and takes the agent's address.
    pub fn begin(options: &Options, log: Syslog) -> Result<Self, Fatal> {
        let what = format!("problem with open of {}", options.device.display());
        let port = Port::open(&options.device).map_err(|error| Fatal::new(what, error_text(&error)))?;
        let apps = AppSocket::bind(&options.address);
        let apps = apps.map_err(|error| {
            Fatal::new(format!("problem with bind to {}", options.address), error_text(&error))
        })?;
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(failed("epoll"))?;
        epoll.add(&apps, EpollEvent::new(EpollFlags::EPOLLIN, APPS)).map_err(failed("epoll"))?;
        let agent = Self {
            relay: GuestRelay::default(),
            path: options.device.clone(),
            port,
            up: true,
            unread: true,
            outbox: Outbox::new(OUTBOX),
            apps,
            epoll,
            log,
            budget: LogBudget::default(),
        };
        agent.watch_port()?;
        Ok(agent)
    }

    fn watch_port(&self) -> Result<(), Fatal> {
        let flags = EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT | EpollFlags::EPOLLET;
        self.epoll.add(&self.port, EpollEvent::new(flags, PORT)).map_err(failed("epoll"))
    }

    /// Works until it cannot go on.
    pub fn run(mut self) -> Result<(), Fatal> {
        let mut events = [EpollEvent::empty(); 2];
        let mut look = Instant::now() + DOWN_LOOK;
        loop {
            let timeout = match (self.up, self.unread) {
                (true, true) => EpollTimeout::ZERO,
                (true, false) => EpollTimeout::NONE,
                (false, _) => {
                    let left = look.saturating_duration_since(Instant::now()).as_millis() + 1;
                    EpollTimeout::try_from(left).unwrap_or(EpollTimeout::ZERO)
                }
            };
            let count = match self.epoll.wait(&mut events, timeout) {
                Ok(count) => count,
                Err(Errno::EINTR) => 0,
                Err(error) => return Err(Fatal::new("problem with epoll", error)),
            };
            let woken = |token| events.iter().take(count).any(|event| event.data() == token);
            if !self.up && (woken(PORT) || Instant::now() >= look) {
                look = Instant::now() + DOWN_LOOK;
                self.try_again()?;
            }
            if self.up && (woken(PORT) || self.unread) {
                self.on_port()?;
            }
            if woken(APPS) {
                self.on_apps()?;
            }
        }
    }

    fn on_port(&mut self) -> Result<(), Fatal> {
        let flushed = flush(&mut self.port, &mut self.outbox);
        if let Err(error) = flushed {
            self.say(&LogLine::new(Severity::Error, format!("unable to write to host: {error}")));
        }
        match self.read_port()? {
            Reading::Dry => self.unread = false,
            Reading::Partly => self.unread = true,
            Reading::Down => self.go_down(),
        }
        Ok(())
    }

    fn read_port(&mut self) -> Result<Reading, Fatal> {
        let mut buffer = [0; AGENT_READ];
        for _ in 0..READS_PER_TURN {
            match self.port.read(&mut buffer) {
                Ok(0) => return Ok(Reading::Down),
                Ok(length) => {
                    let actions = self.relay.on_channel_bytes(buffer.get(..length).unwrap_or_default());
                    for action in actions {
                        self.perform(action)?;
                    }
                }
                Err(error) => match error.raw_os_error().map(Errno::from_raw) {
                    Some(Errno::EAGAIN) => return Ok(Reading::Dry),
                    Some(Errno::EINTR) => {}
                    Some(Errno::ENODEV) => {
                        return Err(Fatal::new("the port to the host", "it was taken away"));
                    }
                    _ => {
                        let text = format!("read from host: {}", error_text(&error));
                        self.say(&LogLine::new(Severity::Error, text));
                        return Ok(Reading::Down);
                    }
                },
            }
        }
        Ok(Reading::Partly)
    }

    fn go_down(&mut self) {
        self.up = false;
        self.unread = false;
        self.relay.on_channel_lost();
        let lost = self.outbox.clear();
        self.say(&LogLine::new(Severity::Info, format!("host is not connected, {lost} bytes were not sent")));
    }

    /// Looks whether the host is there again.
    fn try_again(&mut self) -> Result<(), Fatal> {
        if let Port::Socket(_) = self.port {
            let Ok(port) = Port::open(&self.path) else {
                return Ok(());
            };
            self.port = port;
            self.watch_port()?;
        } else if !self.port.is_connected() {
            return Ok(());
        }
        self.up = true;
        self.unread = true;
        self.say(&LogLine::new(Severity::Info, "host is connected"));
        Ok(())
    }

    fn on_apps(&mut self) -> Result<(), Fatal> {
        let mut buffer = [0; AGENT_READ];
        for _ in 0..DATAGRAMS_PER_TURN {
            match self.apps.receive(&mut buffer) {
                Ok(Some((datagram, sender))) => {
                    let action = self.relay.on_datagram(datagram, &sender);
                    self.perform(action)?;
                }
                Ok(None) => return Ok(()),
                Err(error) => {
                    let text = format!("recvfrom from app: {}", error_text(&error));
                    self.say(&LogLine::new(Severity::Error, text));
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn perform(&mut self, action: GuestAction) -> Result<(), Fatal> {
        match action {
            GuestAction::ToHost { source, message } => self.write_to_host(&source, &message),
            GuestAction::ToApp { dest, datagram } => {
                if let Err(error) = self.apps.send(&dest, datagram.as_bytes()) {
                    let text = format!("unable to send msg to {dest}: {}", error_text(&error));
                    self.say(&LogLine::new(Severity::Error, text));
                }
            }
            GuestAction::Log(line) => self.say(&line),
        }
        Ok(())
    }

    fn write_to_host(&mut self, source: &Address, message: &[u8]) {
        let mut result = write_message(&mut self.port, &mut self.outbox, message);
        if !self.up && !self.outbox.is_empty() {
            // nobody takes it; it must not come to whoever connects next
            self.outbox.clear();
            result = Err(WriteError::Broken("host is not connected".into()));
        }
        if let Err(error) = result {
            let text = format!("unable to send msg from {source}: {error}");
            self.say(&LogLine::new(Severity::Error, text));
        }
    }

    /// Errors, which applications and the host can give cause for, are bounded.
    fn say(&mut self, line: &LogLine) {
        if line.severity == Severity::Error {
            match self.budget.ask("", Instant::now()) {
                Verdict::Write => {}
                Verdict::WriteAfter(dropped) => {
                    self.log.say(Severity::Error, format!("{dropped} more errors were not written"));
                }
                Verdict::Drop => return,
            }
        }
        self.log.write(line);
    }
}

//! Turn after turn: what is readable goes to the watch, what it wants is done, and only then time passes for it.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use anyhow::Context;
use guest_daemon::log::{Level, Logger};
use guest_daemon::place::Place;
use guest_daemon::platform;
use guest_protocol::heartbeat::datagram::{LENGTH, ServerCommand};
use guest_protocol::heartbeat::instance::InstanceUuid;
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::signal::Signal;

use super::channels::{Attempt, Channels, Received};
use super::directory::{self, Change, Directory};
use super::lateness::LatenessCounts;
use super::start::Signals;
use crate::config::Config;
use crate::watch::{Action, Host, Input};

const SIGNALS: u64 = 0;
const COMMANDS: u64 = 1;
const DIRECTORY: u64 = 2;
const FIRST_CHANNEL: u64 = 16;
/// Events taken at once.
const EVENTS: usize = 256;
/// Rounds of reading before time passes, when there is always more to read.
const ROUNDS: usize = 16;
/// Commands taken in a round.
const COMMANDS_PER_ROUND: usize = 256;

/// The sockets and the watch.
pub(super) struct Shell<'a> {
    place: &'a Place,
    config: Config,
    epoll: Epoll,
    signals: &'a Signals,
    commands: UdpSocket,
    /// Whom to tell: whence the last command came.
    agent: Option<IpAddr>,
    directory: Directory,
    channels: Channels,
    host: Host,
    begun: Instant,
    logger: &'a mut Logger,
    actions: Vec<Action>,
    lateness: LatenessCounts,
}

impl<'a> Shell<'a> {
    pub(super) fn new(
        place: &'a Place,
        config: Config,
        commands: UdpSocket,
        signals: &'a Signals,
        logger: &'a mut Logger,
    ) -> anyhow::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).context("no epoll")?;
        let directory = Directory::new().context("no inotify")?;
        let fds = [(signals.fd(), SIGNALS), (commands.as_fd(), COMMANDS), (directory.fd(), DIRECTORY)];
        for (fd, token) in fds {
            epoll.add(fd, EpollEvent::new(EpollFlags::EPOLLIN, token)).context("epoll")?;
        }
        let hostname = config.hostname.clone().unwrap_or_else(platform::hostname);
        let host = Host::new(hostname, config.limits.clone(), fastrand::Rng::new(), Duration::ZERO);
        Ok(Self {
            place,
            config,
            epoll,
            signals,
            commands,
            agent: None,
            directory,
            channels: Channels::new(FIRST_CHANNEL),
            host,
            begun: Instant::now(),
            logger,
            actions: Vec::new(),
            lateness: LatenessCounts::default(),
        })
    }

    /// Runs until a signal ends it.
    pub(super) fn run(mut self) -> anyhow::Result<()> {
        let mut events = vec![EpollEvent::empty(); EVENTS];
        loop {
            let wait = self.host.next_deadline().saturating_sub(self.begun.elapsed());
            let mut timeout = wait_of(wait);
            for _ in 0..ROUNDS {
                let count = match self.epoll.wait(&mut events, timeout) {
                    Ok(count) => count,
                    Err(Errno::EINTR) => 0,
                    Err(error) => return Err(error).context("epoll"),
                };
                for event in &events[..count] {
                    if self.on_event(event.data()) == Flow::End {
                        self.logger.write(Level::Info, "ending");
                        return Ok(());
                    }
                }
                timeout = EpollTimeout::ZERO;
                if count < EVENTS {
                    break;
                }
            }
            let now = self.begun.elapsed();
            if self.host.next_deadline() <= now {
                self.host.overdue(now).for_each(|late| self.lateness.count(late));
                self.host.handle(now, Input::Time, &mut self.actions);
                self.perform();
            }
        }
    }

    fn on_event(&mut self, token: u64) -> Flow {
        match token {
            SIGNALS => return self.on_signals(),
            COMMANDS => self.on_commands(),
            DIRECTORY => self.on_directory(),
            channel => self.on_channel(channel),
        }
        Flow::GoOn
    }

    fn handle(&mut self, input: Input<'_>) {
        self.host.handle(self.begun.elapsed(), input, &mut self.actions);
        self.perform();
    }

    fn on_channel(&mut self, token: u64) {
        // An earlier event of this round may have closed it.
        let Some(uuid) = self.channels.instance(token) else { return };
        match self.channels.receive(&uuid) {
            Received::Bytes(length) => {
                let input = Input::Bytes(uuid, self.channels.received(length));
                self.host.handle(self.begun.elapsed(), input, &mut self.actions);
                self.perform();
            }
            Received::Closed => {
                self.channels.close(&self.epoll, &uuid);
                self.handle(Input::Closed(uuid));
            }
            Received::Nothing => {}
        }
    }

    fn on_commands(&mut self) {
        let mut buffer = [0; LENGTH];
        for _ in 0..COMMANDS_PER_ROUND {
            let Ok((length, source)) = self.commands.recv_from(&mut buffer) else { return };
            self.agent = Some(source.ip());
            match ServerCommand::decode(&buffer[..length]) {
                Ok(command) => self.handle(Input::Command(command)),
                Err(error) => self.logger.write(Level::Error, &format!("{source}: {error}")),
            }
        }
    }

    fn on_directory(&mut self) {
        for change in self.directory.changes() {
            match change {
                Change::Found(uuid) => self.handle(Input::ChannelFound(uuid)),
                Change::Gone(uuid) => self.handle(Input::ChannelGone(uuid)),
                Change::Unknown => self.search(),
            }
        }
    }

    fn search(&mut self) {
        // First watch, then look: nothing that is made in between is missed.
        let watched = self.directory.watch(&self.config.channels).map_err(std::io::Error::from);
        match watched.and_then(|()| directory::search(&self.config.channels)) {
            Ok(found) => found.into_iter().for_each(|uuid| {
                self.host.handle(self.begun.elapsed(), Input::ChannelFound(uuid), &mut self.actions);
            }),
            Err(error) => {
                let path = self.config.channels.display();
                self.logger.write(Level::Warn, &format!("cannot look for channels in {path}: {error}"));
            }
        }
    }

    fn on_signals(&mut self) -> Flow {
        while let Some(signal) = self.signals.next() {
            match signal {
                Signal::SIGTERM | Signal::SIGINT | Signal::SIGABRT => return Flow::End,
                Signal::SIGUSR1 => {
                    if let Err(error) = self.place.write_health() {
                        self.logger.write(Level::Warn, &error.to_string());
                    }
                }
                Signal::SIGUSR2 => self.dump(),
                Signal::SIGHUP => self.read_config(),
                _ => {}
            }
        }
        Flow::GoOn
    }

    fn dump(&mut self) {
        self.logger.write(Level::Info, &format!("{:?}", self.config));
        let (open, late) = (self.channels.len(), std::mem::take(&mut self.lateness));
        self.logger.write(Level::Info, &format!("channels:{open} {late}"));
        for line in self.host.describe() {
            self.logger.write(Level::Info, &line);
        }
    }

    /// Ports, directory and names stay as they are.
    fn read_config(&mut self) {
        match Config::load(self.place) {
            Ok(config) => {
                self.logger.set_debug(config.debug);
                self.host.set_limits(config.limits.clone());
                self.config.limits = config.limits;
                self.config.debug = config.debug;
                self.logger.write(Level::Info, "configuration read again");
            }
            Err(error) => self.logger.write(Level::Error, &format!("configuration not taken: {error}")),
        }
    }

    /// Does what the watch wants; what comes of it may make it want more.
    fn perform(&mut self) {
        while !self.actions.is_empty() {
            for action in std::mem::take(&mut self.actions) {
                match action {
                    Action::Log(level, line) => self.logger.write(level, &line),
                    Action::Send(uuid, bytes) => self.send(uuid, &bytes),
                    Action::Close(uuid) => self.channels.close(&self.epoll, &uuid),
                    Action::Connect(uuid) => self.connect(uuid),
                    Action::Search => self.search(),
                    Action::Tell(event) => {
                        let Some(agent) = self.agent else { continue };
                        let agent = SocketAddr::new(agent, self.config.agent_port);
                        if let Err(error) = self.commands.send_to(&event.encode(), agent) {
                            self.logger.write(Level::Error, &format!("failed to send to {agent}: {error}"));
                        }
                    }
                }
            }
        }
    }

    fn connect(&mut self, uuid: InstanceUuid) {
        let input = match self.channels.connect(&self.epoll, &self.config.channels, &uuid) {
            Attempt::Connected => Input::Connected(uuid),
            Attempt::Gone => Input::ChannelGone(uuid),
            Attempt::Failed(why) => Input::ConnectFailed(uuid, why),
        };
        self.host.handle(self.begun.elapsed(), input, &mut self.actions);
    }

    fn send(&mut self, uuid: InstanceUuid, bytes: &[u8]) {
        match self.channels.send(&uuid, bytes) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                self.channels.close(&self.epoll, &uuid);
                self.host.handle(self.begun.elapsed(), Input::Closed(uuid), &mut self.actions);
            }
            Err(error) => self.logger.write(Level::Warn, &format!("{uuid} failed to send: {error}")),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    GoOn,
    End,
}

/// A wait as epoll takes it: whole milliseconds, rather longer than shorter, so that no turn is for nothing.
fn wait_of(wait: Duration) -> EpollTimeout {
    let millis = wait.as_micros().div_ceil(1000);
    EpollTimeout::try_from(u32::try_from(millis).unwrap_or(60_000).min(60_000)).unwrap_or(EpollTimeout::ZERO)
}

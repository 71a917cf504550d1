//! host_agent with its sockets.
//!
//! One thread, one epoll: the watched directory, the applications' datagrams, a connection for each instance. Each
//! source is read a little at a time, so that a VM which floods its host delays the others by no more than its turn.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use guest_protocol::messaging::AGENT_READ;
use guest_protocol::messaging::envelope::{Address, InstanceName};
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use socket2::{Domain, SockAddr, Socket, Type};

use super::channel::{OUTBOX, flush, write_message};
use super::options::Options;
use super::syslog::Syslog;
use super::watch::{Change, Watch};
use super::{Fatal, failed};
use crate::app_socket::{AppSocket, error_text};
use crate::host_relay::{ConnectResult, HostAction, HostRelay};
use crate::log_budget::{LogBudget, Verdict};
use crate::log_line::{LogLine, Severity};
use crate::outbox::Outbox;

/// Datagrams of applications that are read in a turn.
const DATAGRAMS_PER_TURN: usize = 64;
/// Events that are taken in a turn.
const EVENTS_PER_TURN: usize = 64;

const APPS: u64 = 0;
const DIRECTORY: u64 = 1;
const FIRST_INSTANCE: u64 = 2;

struct Connection {
    instance: InstanceName,
    stream: UnixStream,
    outbox: Outbox,
}

/// The running agent.
pub struct HostAgent {
    relay: HostRelay,
    apps: AppSocket,
    watch: Watch,
    epoll: Epoll,
    /// By the number under which epoll knows it; numbers are not used twice.
    connections: BTreeMap<u64, Connection>,
    tokens: BTreeMap<InstanceName, u64>,
    next_token: u64,
    log: Syslog,
    budget: LogBudget,
}

impl HostAgent {
    /// Takes the agent's address, watches the directory and connects to the instances that are there.
    pub fn begin(options: &Options, log: Syslog) -> Result<Self, Fatal> {
        let apps = AppSocket::bind(&options.address);
        let apps = apps.map_err(|error| {
            Fatal::new(format!("problem with bind to agent addr {}", options.address), error_text(&error))
        })?;
        let watch = Watch::begin(&options.socket_dir)?;
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(failed("epoll"))?;
        epoll.add(&apps, EpollEvent::new(EpollFlags::EPOLLIN, APPS)).map_err(failed("epoll"))?;
        epoll.add(&watch, EpollEvent::new(EpollFlags::EPOLLIN, DIRECTORY)).map_err(failed("epoll"))?;
        let mut agent = Self {
            relay: HostRelay::new(options.instance_limit.get()),
            apps,
            watch,
            epoll,
            connections: BTreeMap::new(),
            tokens: BTreeMap::new(),
            next_token: FIRST_INSTANCE,
            log,
            budget: LogBudget::default(),
        };
        agent.look_at_all_files()?;
        Ok(agent)
    }

    /// Works until it cannot go on.
    pub fn run(mut self) -> Result<(), Fatal> {
        let mut events = [EpollEvent::empty(); EVENTS_PER_TURN];
        loop {
            let count = match self.epoll.wait(&mut events, self.timeout()) {
                Ok(count) => count,
                Err(Errno::EINTR) => 0,
                Err(error) => return Err(Fatal::new("problem with epoll", error)),
            };
            let due = self.relay.on_timer(Instant::now());
            self.perform(due);
            for event in events.iter().take(count) {
                match event.data() {
                    APPS => self.on_apps(),
                    DIRECTORY => self.on_directory()?,
                    token => self.on_instance(token, event.events()),
                }
            }
        }
    }

    fn timeout(&self) -> EpollTimeout {
        let Some(deadline) = self.relay.next_deadline() else {
            return EpollTimeout::NONE;
        };
        // rounded up, or the agent would spin for the last part of a millisecond
        let left = deadline.saturating_duration_since(Instant::now()).as_millis() + 1;
        EpollTimeout::try_from(left).unwrap_or(EpollTimeout::MAX)
    }

    fn look_at_all_files(&mut self) -> Result<(), Fatal> {
        let files = self.watch.files().map_err(failed("cannot list the sockets' directory"))?;
        let actions = self.relay.on_listing(&files);
        self.perform(actions);
        Ok(())
    }

    fn on_directory(&mut self) -> Result<(), Fatal> {
        for change in self.watch.changes()? {
            let actions = match change {
                Change::Created(file) => self.relay.on_file_created(&file),
                Change::Deleted(file) => self.relay.on_file_deleted(&file),
                Change::Missed => {
                    self.look_at_all_files()?;
                    continue;
                }
                Change::Ended => return Err(Fatal::new("the sockets' directory", "it was removed")),
            };
            self.perform(actions);
        }
        Ok(())
    }

    fn on_apps(&mut self) {
        let mut buffer = [0; AGENT_READ];
        for _ in 0..DATAGRAMS_PER_TURN {
            match self.apps.receive(&mut buffer) {
                Ok(Some((datagram, sender))) => {
                    let action = self.relay.on_datagram(datagram, &sender);
                    self.perform(vec![action]);
                }
                Ok(None) => return,
                Err(error) => {
                    let text = format!("error in recvfrom from app: {}", error_text(&error));
                    return self.say(None, &LogLine::new(Severity::Error, text));
                }
            }
        }
    }

    fn on_instance(&mut self, token: u64, events: EpollFlags) {
        let Some(connection) = self.connections.get_mut(&token) else {
            return;
        };
        let instance = connection.instance.clone();
        if events.contains(EpollFlags::EPOLLOUT) {
            self.write_on(token);
        }
        if !events.intersects(EpollFlags::EPOLLIN | EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR) {
            return;
        }
        let Some(connection) = self.connections.get_mut(&token) else {
            return;
        };
        // what a VM has sent before it went is read before its end is seen
        let mut buffer = [0; AGENT_READ];
        let actions = match connection.stream.read(&mut buffer) {
            Ok(0) => self.relay.on_hang_up(&instance, Instant::now()),
            Ok(length) => self.relay.on_bytes(&instance, buffer.get(..length).unwrap_or_default()),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                Vec::new()
            }
            Err(error) => {
                let text = format!("read from guest {instance}: {}", error_text(&error));
                self.say(Some(&instance), &LogLine::new(Severity::Error, text));
                self.relay.on_hang_up(&instance, Instant::now())
            }
        };
        self.perform(actions);
    }

    fn perform(&mut self, actions: Vec<HostAction>) {
        for action in actions {
            match action {
                HostAction::Connect(instance) => {
                    let result = self.connect(&instance);
                    let more = self.relay.on_connect(&instance, result, Instant::now());
                    // connecting leads to lines of the log and closing, never to connecting
                    self.perform(more);
                }
                HostAction::Close(instance) => self.close(&instance),
                HostAction::ToGuest { instance, source, message } => {
                    self.write_to_guest(&instance, &source, &message)
                }
                HostAction::ToApp { instance, dest, datagram } => {
                    if let Err(error) = self.apps.send(&dest, datagram.as_bytes()) {
                        let text = format!("unable to send msg to client {dest}: {}", error_text(&error));
                        self.say(Some(&instance), &LogLine::new(Severity::Error, text));
                    }
                }
                HostAction::Log { cause, line } => self.say(cause.as_ref(), &line),
            }
        }
    }

    fn connect(&mut self, instance: &InstanceName) -> ConnectResult {
        let stream = match open(&self.watch, instance) {
            Ok(stream) => stream,
            Err(error) => {
                return match error.raw_os_error().map(Errno::from_raw) {
                    Some(Errno::ECONNREFUSED | Errno::EAGAIN) => ConnectResult::TryLater,
                    Some(Errno::ENOENT) => ConnectResult::Gone,
                    _ => ConnectResult::Failed(error_text(&error)),
                };
            }
        };
        let token = self.next_token;
        if let Err(error) = self.epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, token)) {
            return ConnectResult::Failed(error.to_string());
        }
        self.next_token += 1;
        self.tokens.insert(instance.clone(), token);
        let connection = Connection { instance: instance.clone(), stream, outbox: Outbox::new(OUTBOX) };
        self.connections.insert(token, connection);
        ConnectResult::Connected
    }

    /// The descriptor leaves epoll when it is closed.
    fn close(&mut self, instance: &InstanceName) {
        if let Some(token) = self.tokens.remove(instance) {
            self.connections.remove(&token);
        }
    }

    fn write_to_guest(&mut self, instance: &InstanceName, source: &Address, message: &[u8]) {
        let Some(token) = self.tokens.get(instance).copied() else {
            return;
        };
        let Some(Connection { stream, outbox, .. }) = self.connections.get_mut(&token) else {
            return;
        };
        let written = write_message(stream, outbox, message);
        if let Err(error) = written {
            let text = format!("unable to send msg from {source} to {instance}: {error}");
            self.say(None, &LogLine::new(Severity::Error, text));
        }
        self.want_more(token);
    }

    fn write_on(&mut self, token: u64) {
        let Some(Connection { stream, outbox, instance }) = self.connections.get_mut(&token) else {
            return;
        };
        if let Err(error) = flush(stream, outbox) {
            // its end will be read, too
            let lost = outbox.clear();
            let text = format!("unable to send {lost} bytes to {instance}: {error}");
            self.say(None, &LogLine::new(Severity::Error, text));
        }
        self.want_more(token);
    }

    /// Wakes us when the channel takes more, as long as something waits for it.
    fn want_more(&mut self, token: u64) {
        let Some(connection) = self.connections.get(&token) else {
            return;
        };
        let mut flags = EpollFlags::EPOLLIN;
        if !connection.outbox.is_empty() {
            flags |= EpollFlags::EPOLLOUT;
        }
        if let Err(error) = self.epoll.modify(&connection.stream, &mut EpollEvent::new(flags, token)) {
            self.say(None, &LogLine::new(Severity::Error, format!("epoll: {error}")));
        }
    }

    /// Lines that a VM or an application gives cause for are bounded.
    fn say(&mut self, cause: Option<&InstanceName>, line: &LogLine) {
        let source = cause.map_or("", InstanceName::as_str);
        if cause.is_some() || line.severity == Severity::Error {
            match self.budget.ask(source, Instant::now()) {
                Verdict::Write => {}
                Verdict::WriteAfter(dropped) => {
                    let text = format!("{dropped} more lines about {source} were not written");
                    self.log.say(Severity::Error, text);
                }
                Verdict::Drop => return,
            }
        }
        self.log.write(line);
    }
}

fn open(watch: &Watch, instance: &InstanceName) -> io::Result<UnixStream> {
    let address = SockAddr::unix(watch.path(&instance.socket()))?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.connect(&address)?;
    Ok(UnixStream::from(std::os::fd::OwnedFd::from(socket)))
}

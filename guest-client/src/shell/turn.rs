//! Turn after turn: what is readable goes to the client, what it wants is done, and only then time passes for it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use guest_protocol::heartbeat::words::Vocabulary;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::sys::signalfd::SignalFd;
use std::os::fd::AsFd;

use super::applications::Applications;
use super::channel::{Channel, ChannelError, Received};
use super::script::Script;
use crate::arguments::Arguments;
use crate::config::Config;
use crate::heart::{Action, AppId, Client, Input, ScriptEnd};
use crate::log::{Level, Line, Syslog};

/// How often a channel without a host is looked at.
const DOWN_POLL: Duration = Duration::from_millis(250);
/// Longest wait without anything.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Bytes taken from the host at once.
const READ_SIZE: usize = 4096;

/// Why the client does not start.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    #[error(transparent)]
    Channel(#[from] ChannelError),
    #[error("Failed to listen on {path}, error={cause}.")]
    Listen {
        path: PathBuf,
        #[source]
        cause: std::io::Error,
    },
}

pub(super) struct Shell {
    channel: Channel,
    up: bool,
    apps: Applications,
    signals: SignalFd,
    client: Client,
    health_script: Option<PathBuf>,
    event_script: Option<PathBuf>,
    health: Option<Script>,
    event: Option<Script>,
    begun: Instant,
}

/// What is readable.
enum Ready {
    Signals,
    Channel(PollFlags),
    Listener,
    App(AppId),
    Scripts,
}

impl Shell {
    pub(super) fn new(
        arguments: &Arguments,
        config: Config,
        name: String,
        signals: SignalFd,
    ) -> Result<Self, StartError> {
        let channel = Channel::open(&arguments.device)?;
        let path = &arguments.socket;
        let apps =
            Applications::listen(path).map_err(|cause| StartError::Listen { path: path.clone(), cause })?;
        let (health_script, event_script) = (config.health_script.clone(), config.event_script.clone());
        let client = Client::new(config, name, fastrand::Rng::new(), Duration::ZERO);
        let begun = Instant::now();
        Ok(Self {
            channel,
            up: true,
            apps,
            signals,
            client,
            health_script,
            event_script,
            health: None,
            event: None,
            begun,
        })
    }

    pub(super) fn run(mut self, syslog: &mut Syslog) {
        if !self.channel.is_up() {
            self.set_up(false, syslog);
        }
        loop {
            for ready in self.wait() {
                match ready {
                    Ready::Signals => {
                        if self.on_signals(syslog) {
                            self.handle(Input::Shutdown, syslog);
                            syslog.write(&Line::new(Level::Info, "Shutting down."));
                            return;
                        }
                    }
                    Ready::Channel(flags) => self.on_channel(flags, syslog),
                    Ready::Listener => {
                        if let Some(id) = self.apps.accept() {
                            self.handle(Input::AppConnected(id), syslog);
                        }
                    }
                    Ready::App(id) => self.on_app(id, syslog),
                    Ready::Scripts => {
                        for script in [&mut self.health, &mut self.event].into_iter().flatten() {
                            script.read();
                        }
                    }
                }
            }
            if !self.up && self.channel.is_up() {
                self.set_up(true, syslog);
            }
            self.reap(syslog);
            if self.client.next_deadline().is_some_and(|due| due <= self.begun.elapsed()) {
                self.handle(Input::Time, syslog);
            }
        }
    }

    fn wait(&self) -> Vec<Ready> {
        let mut polled = vec![(self.signals.as_fd(), Ready::Signals)];
        if self.up {
            polled.extend(self.channel.fd().map(|fd| (fd, Ready::Channel(PollFlags::empty()))));
        }
        polled.push((self.apps.listener.as_fd(), Ready::Listener));
        polled.extend(self.apps.streams.iter().map(|(id, stream)| (stream.as_fd(), Ready::App(*id))));
        let scripts = [&self.health, &self.event].into_iter().flatten();
        polled.extend(scripts.filter_map(Script::fd).map(|fd| (fd, Ready::Scripts)));

        let mut fds: Vec<_> = polled.iter().map(|(fd, _)| PollFd::new(*fd, PollFlags::POLLIN)).collect();
        let now = self.begun.elapsed();
        let due = self.client.next_deadline().map(|due| due.saturating_sub(now));
        let down = (!self.up).then_some(DOWN_POLL);
        let wait = [due, down].into_iter().flatten().fold(LONGEST_WAIT, Duration::min);
        // Rather a little later than a turn for nothing.
        let millis = u16::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(u16::MAX);
        if poll(&mut fds, PollTimeout::from(millis)).is_err() {
            return Vec::new();
        }
        let found: Vec<_> = fds.iter().map(|fd| fd.revents().unwrap_or(PollFlags::empty())).collect();
        let ready = polled.into_iter().zip(found).filter(|(_, flags)| !flags.is_empty());
        ready
            .map(|((_, ready), flags)| match ready {
                Ready::Channel(_) => Ready::Channel(flags),
                other => other,
            })
            .collect()
    }

    fn on_channel(&mut self, flags: PollFlags, syslog: &mut Syslog) {
        let mut buffer = [0; READ_SIZE];
        match self.channel.receive(&mut buffer) {
            Received::Bytes(length) => self.handle(Input::Host(&buffer[..length]), syslog),
            Received::Nothing if !flags.contains(PollFlags::POLLHUP) => {}
            Received::Nothing | Received::Down => self.set_up(false, syslog),
        }
    }

    fn on_app(&mut self, id: AppId, syslog: &mut Syslog) {
        match self.apps.receive(id) {
            Some(bytes) => self.handle(Input::App(id, &bytes), syslog),
            None => {
                self.apps.close(id);
                self.handle(Input::AppClosed(id), syslog);
            }
        }
    }

    /// Whether the client shall end.
    fn on_signals(&mut self, syslog: &mut Syslog) -> bool {
        while let Ok(Some(info)) = self.signals.read_signal() {
            let signal = i32::try_from(info.ssi_signo).ok().and_then(|number| Signal::try_from(number).ok());
            match signal {
                Some(Signal::SIGINT | Signal::SIGTERM | Signal::SIGQUIT) => return true,
                Some(Signal::SIGHUP) => syslog.set_level(Level::wanted()),
                // Children are looked at in each turn.
                _ => {}
            }
        }
        false
    }

    fn set_up(&mut self, up: bool, syslog: &mut Syslog) {
        self.up = up;
        if up {
            self.handle(Input::ChannelUp, syslog);
        } else {
            self.channel.set_down();
            self.handle(Input::ChannelDown, syslog);
        }
    }

    fn reap(&mut self, syslog: &mut Syslog) {
        if let Some(end) = self.health.as_mut().and_then(Script::ended) {
            self.health = None;
            self.handle(Input::HealthScript(end), syslog);
        }
        if let Some(end) = self.event.as_mut().and_then(Script::ended) {
            self.event = None;
            self.handle(Input::EventScript(end), syslog);
        }
    }

    fn handle(&mut self, input: Input<'_>, syslog: &mut Syslog) {
        let mut actions = self.client.handle(self.begun.elapsed(), input);
        while !actions.is_empty() {
            let mut further = Vec::new();
            for action in actions {
                if let Some(input) = self.perform(action, syslog) {
                    further.extend(self.client.handle(self.begun.elapsed(), input));
                }
            }
            actions = further;
        }
    }

    /// Does what the client wants; gives what it has to hear of it at once.
    fn perform(&mut self, action: Action, syslog: &mut Syslog) -> Option<Input<'static>> {
        match action {
            Action::Log(line) => syslog.write(&line),
            Action::SendHost(bytes) => {
                if let Err(error) = self.channel.send(&bytes) {
                    syslog.write(&Line::new(
                        Level::Error,
                        format!("Failed to write to the host, error={error}."),
                    ));
                }
            }
            Action::SendApp(id, bytes) => {
                if let Err(error) = self.apps.send(id, &bytes) {
                    let text = format!("Failed to write to an application, error={error}.");
                    syslog.write(&Line::new(Level::Error, text));
                }
            }
            Action::CloseApp(id) => self.apps.close(id),
            Action::KillHealthScript => {
                if let Some(script) = self.health.take() {
                    script.kill();
                }
            }
            Action::KillEventScript => {
                if let Some(script) = self.event.take() {
                    script.kill();
                }
            }
            Action::StartHealthScript => {
                let path = self.health_script.as_ref()?;
                match Script::start(path, &[]) {
                    Ok(script) => self.health = Some(script),
                    Err(why) => return Some(Input::HealthScript(ScriptEnd::NotRun(why))),
                }
            }
            Action::StartEventScript(notification, event) => {
                let path = self.event_script.as_ref()?;
                match Script::start(path, &[notification.as_str(), event.as_str()]) {
                    Ok(script) => self.event = Some(script),
                    Err(why) => return Some(Input::EventScript(ScriptEnd::NotRun(why))),
                }
            }
        }
        None
    }
}

//! The start of the process, and its end. Contract: guest 1.4, 6, 9.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use guest_daemon::START_FAILED;
use guest_daemon::arguments::Arguments;
use guest_daemon::log::{Level, Logger};
use guest_daemon::place::Place;
use guest_daemon::platform::{self, Platform};
use guest_protocol::heartbeat::datagram::{AgentEvent, HostCommand, LENGTH};
use nix::sys::stat::{Mode, umask};
use tokio::net::UdpSocket;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{sleep, timeout};

use super::http;
use super::queue::CallQueue;
use super::state::{Shared, State};
use super::vim::VimClient;
use crate::config::Config;

const DAEMON: &str = "guestAgent";
/// How often the platform's file is looked at.
const PLATFORM_POLL: Duration = Duration::from_secs(5);
/// How often names are looked up until they have addresses.
const NAME_POLL: Duration = Duration::from_secs(3);
/// How often the HTTP port is tried.
const LISTEN_POLL: Duration = Duration::from_secs(5);

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
    for written in [place.write_health(), place.write_pid()] {
        if let Err(error) = written {
            logger.write(Level::Warn, &error.to_string());
        }
    }
    let foreground = arguments.foreground;
    let ended = actix_web::rt::System::new().block_on(start(&place, logger));
    place.remove_pid();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut logger = if foreground {
                Logger::to_output(DAEMON, &hostname)
            } else {
                Logger::to_syslog(DAEMON, &hostname, "/dev/log".into())
            };
            logger.write(Level::Error, &format!("Initialization failed: {error:#}"));
            ExitCode::from(START_FAILED)
        }
    }
}

/// The signals that mean something.
struct Signals {
    term: Signal,
    int: Signal,
    abort: Signal,
    usr1: Signal,
    usr2: Signal,
    hup: Signal,
}

/// What a signal wants.
enum Wish {
    End,
    Health,
    Dump,
    ReadConfig,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
            abort: signal(SignalKind::from_raw(nix::libc::SIGABRT))?,
            usr1: signal(SignalKind::user_defined1())?,
            usr2: signal(SignalKind::user_defined2())?,
            hup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.term.recv() => Wish::End,
            _ = self.int.recv() => Wish::End,
            _ = self.abort.recv() => Wish::End,
            _ = self.usr1.recv() => Wish::Health,
            _ = self.usr2.recv() => Wish::Dump,
            _ = self.hup.recv() => Wish::ReadConfig,
        }
    }

    /// Waits; false when the process shall end.
    async fn wait(&mut self, place: &Place, time: Duration) -> bool {
        let waited = timeout(time, async {
            loop {
                match self.next().await {
                    Wish::End => return,
                    Wish::Health => {
                        // A health file that cannot be written is one that is missing.
                        let _ = place.write_health();
                    }
                    Wish::Dump | Wish::ReadConfig => {}
                }
            }
        });
        waited.await.is_err()
    }
}

async fn start(place: &Place, mut logger: Logger) -> anyhow::Result<()> {
    let mut signals = Signals::new().context("cannot take signals")?;
    let mut told = false;
    while Platform::read(place).is_none() {
        if !std::mem::replace(&mut told, true) {
            logger.write(Level::Info, "waiting for platform.conf");
        }
        if !signals.wait(place, PLATFORM_POLL).await {
            return Ok(());
        }
    }
    let config = Config::load(place).context("configuration failure")?;
    logger.set_debug(config.debug);

    let hostname = config.hostname.clone().unwrap_or_else(platform::hostname);
    let mut told = false;
    let (local, floating) = loop {
        if let (Some(local), Some(floating)) = (lookup(&hostname).await, lookup(&config.controller).await) {
            break (local, floating);
        }
        if !std::mem::replace(&mut told, true) {
            logger.write(Level::Info, "Waiting on ip address config ...");
        }
        if !signals.wait(place, NAME_POLL).await {
            return Ok(());
        }
    };

    let own = std::net::UdpSocket::bind((local, 0)).with_context(|| format!("cannot bind {local}"))?;
    own.set_nonblocking(true).context("cannot prepare a socket")?;
    let mut events = vec![bind(local, config.server_events_port).await?];
    if floating != local {
        events.push(bind(floating, config.server_events_port).await?);
    }
    let commands = bind(floating, config.maintenance_commands_port).await?;

    let vim = VimClient::new(config.vim_port).context("no HTTP client")?;
    let queue = CallQueue::new(config.vim_calls, config.vim_queue);
    let maintenance = SocketAddr::new(floating, config.maintenance_port);
    let state = State::new(logger, queue, own, floating, config.server_port, maintenance);
    let shared = Shared::new(state, vim);

    let listeners = loop {
        match listen(config.vim_commands_port) {
            Ok(listeners) => break listeners,
            Err(error) => {
                let text = format!("cannot listen on port {}: {error}", config.vim_commands_port);
                shared.lock().logger.write(Level::Error, &text);
            }
        }
        if !signals.wait(place, LISTEN_POLL).await {
            return Ok(());
        }
    };
    let server = http::serve(&shared, listeners).context("no HTTP server")?;
    let handle = server.handle();
    tokio::spawn(server);
    for socket in events {
        tokio::spawn(take_events(shared.clone(), socket));
    }
    tokio::spawn(take_commands(shared.clone(), commands));
    tokio::spawn(keep_time(shared.clone()));
    // What the inventory wants to do first.
    shared.with(|_, _| ());

    loop {
        match signals.next().await {
            Wish::End => break,
            Wish::Health => {
                if let Err(error) = place.write_health() {
                    shared.lock().logger.write(Level::Warn, &error.to_string());
                }
            }
            Wish::Dump => {
                let mut state = shared.lock();
                let lines = state.agent.describe();
                state.logger.write(Level::Info, &format!("{config:?}"));
                for line in lines {
                    state.logger.write(Level::Info, &line);
                }
            }
            Wish::ReadConfig => {
                let mut state = shared.lock();
                match Config::load(place) {
                    Ok(config) => {
                        state.logger.set_debug(config.debug);
                        state.logger.write(Level::Info, "configuration read again");
                    }
                    Err(error) => {
                        state.logger.write(Level::Error, &format!("configuration not taken: {error}"));
                    }
                }
            }
        }
    }
    shared.lock().logger.write(Level::Info, "ending");
    handle.stop(false).await;
    Ok(())
}

async fn lookup(name: &str) -> Option<IpAddr> {
    tokio::net::lookup_host((name, 0)).await.ok()?.map(|found| found.ip()).next()
}

async fn bind(address: IpAddr, port: u16) -> anyhow::Result<UdpSocket> {
    UdpSocket::bind((address, port)).await.with_context(|| format!("cannot bind {address} port {port}"))
}

/// Loopback in both families; that of IPv6 may be missing.
fn listen(port: u16) -> std::io::Result<Vec<TcpListener>> {
    let mut listeners = vec![TcpListener::bind((Ipv4Addr::LOCALHOST, port))?];
    listeners.extend(TcpListener::bind((Ipv6Addr::LOCALHOST, port)));
    Ok(listeners)
}

async fn take_events(shared: Shared, socket: UdpSocket) {
    let mut buffer = [0; LENGTH];
    loop {
        match socket.recv_from(&mut buffer).await {
            Ok((length, source)) => match AgentEvent::decode(&buffer[..length]) {
                Ok(event) => shared.with(|agent, _| agent.on_event(event)),
                Err(error) => shared.lock().logger.write(Level::Error, &format!("{source}: {error}")),
            },
            Err(error) => {
                shared.lock().logger.write(Level::Warn, &format!("receive failed: {error}"));
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn take_commands(shared: Shared, socket: UdpSocket) {
    let mut buffer = [0; LENGTH];
    loop {
        match socket.recv_from(&mut buffer).await {
            Ok((length, source)) => match HostCommand::decode(&buffer[..length]) {
                Ok(command) => shared.with(|agent, _| agent.on_host(command)),
                Err(error) => shared.lock().logger.write(Level::Warn, &format!("{source}: {error}")),
            },
            Err(error) => {
                shared.lock().logger.write(Level::Warn, &format!("receive failed: {error}"));
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn keep_time(shared: Shared) {
    loop {
        let wait = {
            let state = shared.lock();
            state.agent.next_deadline().map(|due| due.saturating_sub(state.begun.elapsed()))
        };
        match wait {
            Some(Duration::ZERO) => shared.with(|agent, now| agent.on_time(now)),
            Some(wait) => {
                let _ = timeout(wait, shared.changed.notified()).await;
            }
            None => shared.changed.notified().await,
        }
    }
}

//! The process: start, signals, end.
//!
//! Contract: nova-api-proxy 2.1 to 2.3, 7.3, 8.

use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use nfv_common::config::OsloConfig;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};
use tokio::net::TcpListener;
use tokio::runtime::{Handle, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::tls;
use super::worker::{Shared, WorkerHandle};
use crate::cli::Arguments;
use crate::config::{self, AuthConfig, ProxyConfig};
use crate::error::StartError;
use crate::log::logger::{AUTH, CONFIG, HISTOGRAM, MAIN, SERVICE};
use crate::log::{self, LogHandle};
use crate::paste::{Filter, PasteError, Pipeline};
use crate::token::{Keystone, Validator};

/// Exit status of whatever goes wrong.
pub const FAILED: u8 = 200;
/// Name of the server in the log.
const SERVER: &str = "osapi_proxy";
const PID_FILE: &str = "nova-api-proxy.pid";
/// Connections that may wait to be accepted. (128 in the original, which nobody can tell.)
const BACKLOG: i32 = 1024;
/// File descriptors that are not connections of clients or to upstreams.
const RESERVED: usize = 100;
/// Pause after a failure to accept: there may be no file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often the end of the threads is looked for.
const STOP_POLL: Duration = Duration::from_millis(10);

fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> StartError {
    let what = what.into();
    |cause| StartError::System { what, cause }
}

/// Runs the proxy until it is asked to end; gives the exit status. `program` names the section of the paste file.
pub fn run(arguments: &Arguments, program: &str) -> u8 {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let (config, log) = match start_log(arguments, home.as_deref()) {
        Ok(started) => started,
        Err(error) => {
            // there is no log yet
            eprintln!("{program}: {error}");
            return FAILED;
        }
    };
    match serve(arguments, home.as_deref(), program, &config, &log) {
        Ok(()) => 0,
        Err(error) => {
            tracing::error!(target: MAIN, "{error}");
            FAILED
        }
    }
}

fn start_log(arguments: &Arguments, home: Option<&Path>) -> Result<(OsloConfig, LogHandle), StartError> {
    let config = config::load(arguments, home)?;
    let log = log::install(&config)?;
    Ok((config, log))
}

fn serve(
    arguments: &Arguments,
    home: Option<&Path>,
    program: &str,
    config: &OsloConfig,
    log: &LogHandle,
) -> Result<(), StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(system("start the runtime"))?;
    let _inside = runtime.enter();
    let signals = Signals::new().map_err(system("handle signals"))?;
    let proxy = ProxyConfig::read(config)?;
    let pipeline = load_pipeline(&proxy, arguments, home, program)?;
    let validator = match &pipeline {
        Some(pipeline) => validator(pipeline, config, runtime.handle())?,
        None => None,
    };
    write_pid(&proxy.run_dir.join(PID_FILE)).map_err(system("write the pid file"))?;
    let listener = listen(&proxy)?;
    let address = listener.local_addr().map_err(system("listen"))?;
    tracing::info!(target: SERVICE, "{SERVER} listening on {}:{}", address.ip(), address.port());
    let acceptor = match &proxy.tls {
        None => None,
        Some(files) => {
            tracing::info!(target: SERVICE, "{SERVER} setup ssl");
            Some(tls::acceptor(files)?)
        }
    };
    let connector =
        if proxy.upstream_tls { Some(tls::connector(proxy.upstream_ca.as_deref())?) } else { None };
    let limit = connection_limit(&proxy);
    let shared = Shared::new(proxy, pipeline, validator, (acceptor, connector), log.debug_flag());
    let workers = (0..shared.config.workers).map(|index| WorkerHandle::start(&shared, index));
    let workers: Vec<_> = workers.collect::<io::Result<_>>().map_err(system("start a thread"))?;
    let pid = std::process::id();
    let scheme = shared.scheme();
    tracing::debug!(target: SERVICE, "({pid}) wsgi starting up on {scheme}://{}:{}", address.ip(), address.port());
    serve_until_asked(&runtime, &shared, &workers, listener, signals, log, limit)?;
    tracing::debug!(target: SERVICE, "({pid}) wsgi exited, is_accepting=True");
    Ok(())
}

fn load_pipeline(
    proxy: &ProxyConfig,
    arguments: &Arguments,
    home: Option<&Path>,
    program: &str,
) -> Result<Option<Pipeline>, StartError> {
    let file = config::find_paste(&proxy.paste, arguments, home);
    let shown = file.as_ref().map_or_else(|| "None".to_owned(), |file| file.display().to_string());
    tracing::info!(target: CONFIG, "Load application: config: ({shown}), app: ({program})");
    let file = file.ok_or(StartError::NoPasteFile)?;
    match Pipeline::load(&file, program) {
        Ok(pipeline) => Ok(Some(pipeline)),
        Err(PasteError::Start(error)) => Err(error),
        Err(PasteError::Lookup(text)) => {
            tracing::info!(target: CONFIG, "got lookup error: {text}");
            Ok(None)
        }
    }
}

fn validator(
    pipeline: &Pipeline,
    config: &OsloConfig,
    handle: &Handle,
) -> Result<Option<Arc<Validator>>, StartError> {
    let keys = pipeline.filters.iter().find_map(|filter| match filter {
        Filter::AuthToken(keys) => Some(keys),
        Filter::DebugHeader | Filter::Version | Filter::Acceptor => None,
    });
    let Some(keys) = keys else { return Ok(None) };
    tracing::info!(target: AUTH, "Starting Keystone auth_token middleware");
    let auth = AuthConfig::read(config, keys)?;
    for option in &auth.ignored {
        tracing::warn!(target: AUTH, "Option {option} has no effect: tokens are cached in this process");
    }
    if !auth.service_roles_required {
        tracing::warn!(
            target: AUTH,
            "service_token_roles_required is false: a service token is accepted whatever its roles"
        );
    }
    Ok(Some(Validator::new(Keystone::new(auth)?, handle.clone())))
}

/// Writes the pid only where there is no file yet.
fn write_pid(path: &Path) -> io::Result<()> {
    match std::fs::File::create_new(path) {
        Ok(mut file) => io::Write::write_all(&mut file, std::process::id().to_string().as_bytes()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Binds the first address that the configured host has.
fn listen(proxy: &ProxyConfig) -> Result<StdListener, StartError> {
    let host = proxy.listen.host.as_str();
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let port = proxy.listen.port;
    let what = || format!("listen on {host}:{port}");
    let mut addresses = (host, port).to_socket_addrs().map_err(system(what()))?;
    let address = addresses.next().ok_or_else(|| system(what())(io::ErrorKind::AddrNotAvailable.into()))?;
    let bind = || -> io::Result<StdListener> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket
            .set_tcp_keepalive(&TcpKeepalive::new().with_time(proxy.keep_idle.max(Duration::from_secs(1))))?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(socket.into())
    };
    bind().map_err(system(what()))
}

/// Clients at once: as many as there are file descriptors beside those for the upstreams.
fn connection_limit(proxy: &ProxyConfig) -> usize {
    let limit = match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((soft, hard)) => {
            // a higher limit is welcome, not needed
            if setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() { hard } else { soft }
        }
        Err(_) => 1024,
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    limit.saturating_sub(RESERVED + proxy.pool_size + 128 * proxy.workers).max(limit / 4).max(1)
}

struct Signals {
    term: Signal,
    int: Signal,
    hup: Signal,
    usr1: Signal,
    usr2: Signal,
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Terminate,
    Interrupt,
    ToggleDebug,
    ShowHistograms,
    ResetHistograms,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
            hup: signal(SignalKind::hangup())?,
            usr1: signal(SignalKind::user_defined1())?,
            usr2: signal(SignalKind::user_defined2())?,
        })
    }

    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.term.recv() => Asked::Terminate,
            _ = self.int.recv() => Asked::Interrupt,
            _ = self.hup.recv() => Asked::ToggleDebug,
            _ = self.usr1.recv() => Asked::ShowHistograms,
            _ = self.usr2.recv() => Asked::ResetHistograms,
        }
    }
}

fn serve_until_asked(
    runtime: &Runtime,
    shared: &Arc<Shared>,
    workers: &[WorkerHandle],
    listener: StdListener,
    mut signals: Signals,
    log: &LogHandle,
    limit: usize,
) -> Result<(), StartError> {
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener).map_err(system("listen"))?;
        {
            let accepting = accept(shared, workers, &listener, limit);
            tokio::pin!(accepting);
            loop {
                let asked = tokio::select! {
                    asked = signals.next() => asked,
                    never = &mut accepting => match never {},
                };
                if !handle(asked, shared, log) {
                    break;
                }
            }
        }
        take_waiting(workers, &listener).await;
        drop(listener);
        workers.iter().for_each(WorkerHandle::stop);
        // signals other than those to end are still heard
        while !workers.iter().all(WorkerHandle::is_finished) {
            tokio::select! {
                asked = signals.next() => { handle(asked, shared, log); }
                () = tokio::time::sleep(STOP_POLL) => {}
            }
        }
        Ok(())
    })
}

/// Does what a signal asks for; false when the process is to end.
fn handle(asked: Asked, shared: &Shared, log: &LogHandle) -> bool {
    match asked {
        Asked::Terminate => {
            tracing::info!(target: MAIN, "Caught SIGTERM...");
            tracing::info!(target: SERVICE, "Stopping WSGI server.");
            tracing::debug!(target: SERVICE, "({}) wsgi exiting", std::process::id());
            return false;
        }
        Asked::Interrupt => {
            tracing::debug!(target: SERVICE, "({}) wsgi exiting", std::process::id());
            tracing::info!(target: MAIN, "Keyboard Interrupt received.");
            return false;
        }
        Asked::ToggleDebug => {
            tracing::info!(target: MAIN, "Caught SIGHUP...");
            log.toggle_debug();
        }
        Asked::ShowHistograms => {
            tracing::info!(target: MAIN, "Caught SIGUSR1...");
            for line in shared.histograms.lines() {
                tracing::info!(target: HISTOGRAM, "{line}");
            }
        }
        Asked::ResetHistograms => {
            tracing::info!(target: MAIN, "Caught SIGUSR2...");
            shared.histograms.reset();
        }
    }
    true
}

/// Accepts for ever.
async fn accept(
    shared: &Shared,
    workers: &[WorkerHandle],
    listener: &TcpListener,
    limit: usize,
) -> std::convert::Infallible {
    let mut told = false;
    loop {
        while workers.iter().map(WorkerHandle::connections).sum::<usize>() >= limit {
            shared.one_ended().await;
        }
        let accepted = listener.accept().await.and_then(|(stream, peer)| Ok((stream.into_std()?, peer)));
        match accepted {
            Ok((stream, peer)) => {
                told = false;
                give(workers, stream, peer);
            }
            // the client was gone again
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                if !std::mem::replace(&mut told, true) {
                    tracing::error!(target: SERVICE, "cannot accept connections: {error}");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn give(workers: &[WorkerHandle], stream: std::net::TcpStream, peer: SocketAddr) {
    if let Some(worker) = workers.iter().min_by_key(|worker| worker.connections()) {
        worker.serve(stream, peer);
    }
}

/// Takes the connections that wait to be accepted: their clients may have sent a request.
async fn take_waiting(workers: &[WorkerHandle], listener: &TcpListener) {
    let mut accepted = 0;
    while accepted < BACKLOG {
        let ready = poll_fn(|cx| Poll::Ready(listener.poll_accept(cx))).await;
        let Poll::Ready(Ok((stream, peer))) = ready else { return };
        if let Ok(stream) = stream.into_std() {
            give(workers, stream, peer);
        }
        accepted += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use socket2::SockRef;

    #[test]
    fn the_listener_has_the_options_that_accepted_connections_inherit() {
        let mut config = OsloConfig::default();
        let lines =
            b"[DEFAULT]\nosapi_proxy_listen = localhost\nosapi_proxy_listen_port = 0\ntcp_keepidle = 77\n";
        config.add("f", lines).unwrap();
        let listener = listen(&ProxyConfig::read(&config).unwrap()).unwrap();
        let socket = SockRef::from(&listener);
        assert!(socket.keepalive().unwrap() && socket.reuse_address().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(77));
    }

    #[test]
    fn a_name_without_an_address_is_told() {
        let mut config = OsloConfig::default();
        config.add("f", b"[DEFAULT]\nosapi_proxy_listen = no.such.host.invalid\n").unwrap();
        let error = listen(&ProxyConfig::read(&config).unwrap()).unwrap_err();
        assert!(error.to_string().starts_with("cannot listen on no.such.host.invalid:8774: "), "{error}");
    }
}

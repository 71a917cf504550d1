//! The process: start, signals, flag file, exit. Contract: deployment 4.3, vim-api 3.1.

use crate::alarms;
use crate::http::{MAX_BODY, Site, serve};
use crate::hub::Hub;
use crate::settings::WebSettings;
use crate::watch::{RecordPaths, follow_database, follow_files};
use actix_web::{App, HttpServer, web};
use anyhow::Context;
use nfv_common::config::Settings;
use nfv_common::logging::{self, LoggingConfig, LoggingHandle};
use nfv_monitor::Supervisor;
use nfv_plugins::{PlatformClient, PlatformConfig};
use socket2::{Domain, Protocol, Socket, Type};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Flag file that tells the service manager's monitor that the process has ended.
const NOT_RUNNING: &str = ".nfv-vim-webserver.not_running";
/// Where it goes when the configuration cannot be read.
const RUN_DIRECTORY: &str = "/var/run";
/// Threads that answer requests.
const WORKERS: usize = 2;
/// Most connections at once, of each thread.
const MAX_CONNECTIONS: usize = 512;
/// An idle connection is closed after this.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// A request's head has to come within this.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);
/// Requests under way at the end have this long.
const SHUTDOWN_SECONDS: u64 = 2;
/// An orderly end takes this long at most.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(10);

/// Exit status of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// Asked to end.
    Done,
    /// Bad option.
    BadOption,
    /// It could not start or go on.
    Failed,
}

impl ExitStatus {
    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::BadOption => 2,
            Self::Failed => 200,
        }
    }
}

/// Runs the process with the configuration in this file, to its end.
pub fn run(config_file: Option<&Path>) -> ExitStatus {
    let settings = read_settings(config_file);
    let run_dir = settings.as_ref().ok().and_then(|settings| settings.get("vim", "run_dir"));
    let flag = Path::new(run_dir.unwrap_or(RUN_DIRECTORY)).join(NOT_RUNNING);
    let status = match settings.and_then(|settings| start_and_run(&settings)) {
        Ok(()) => ExitStatus::Done,
        Err(error) => {
            // the original says why on its standard output
            println!("{error:#}");
            ExitStatus::Failed
        }
    };
    if let Err(error) = std::fs::File::create(&flag) {
        eprintln!("nfv-vim-webserver: cannot create {}: {error}", flag.display());
    }
    status
}

fn read_settings(file: Option<&Path>) -> anyhow::Result<Settings> {
    let file = file.context("no configuration file was given (-c)")?;
    anyhow::ensure!(file.exists(), "configuration file {} does not exist", file.display());
    Ok(Settings::load(file)?)
}

fn start_and_run(settings: &Settings) -> anyhow::Result<()> {
    let web = WebSettings::from_settings(settings)?;
    let logging = logging::install(&LoggingConfig::from_settings("VIM-WEB", settings)?)?;
    let outcome = actix_web::rt::System::new().block_on(serve_until_asked(settings, web, &logging));
    if let Err(error) = &outcome {
        tracing::error!(logger = "nfv_vim.webserver", file = "vim_webserver.py", "{error:#}");
    }
    outcome
}

async fn serve_until_asked(
    settings: &Settings,
    web: WebSettings,
    logging: &LoggingHandle,
) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot watch signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot watch signals")?;
    let mut reload = signal(SignalKind::hangup()).context("cannot watch signals")?;
    // the original dies of these; nobody who wants figures wants that
    let mut dump = signal(SignalKind::user_defined1()).context("cannot watch signals")?;
    let mut reset = signal(SignalKind::user_defined2()).context("cannot watch signals")?;

    let nfvi = Settings::load(&web.nfvi_config_file)?;
    let client = Arc::new(PlatformClient::new(PlatformConfig::read(&nfvi)?)?);
    let listener = listen(&web.host, web.port)?;
    let address = listener.local_addr().context("the listening socket has no address")?;
    let hub = Arc::new(Hub::default());
    let ending = Arc::new(AtomicBool::new(false));
    let paths = RecordPaths {
        event_logs: storage_file(settings, "event-log", web.event_log_config_file.as_deref()),
        alarms: storage_file(settings, "alarm", web.alarm_config_file.as_deref()),
    };
    let threads = [
        {
            let (directory, interval) = (web.database_dir.clone(), web.database_interval);
            let (hub, ending) = (Arc::clone(&hub), Arc::clone(&ending));
            spawn("database", move || follow_database(&directory, interval, &hub, &ending))?
        },
        {
            let (hub, ending) = (Arc::clone(&hub), Arc::clone(&ending));
            spawn("records", move || follow_files(&paths, &hub, &ending))?
        },
    ];
    let asking =
        actix_web::rt::spawn(alarms::keep_fresh(Arc::clone(&client), Arc::clone(&hub), web.alarm_interval));

    let site = web::Data::new(Site::new(web, Arc::clone(&hub), client, Arc::clone(&ending)));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(site.clone())
            .app_data(web::PayloadConfig::new(MAX_BODY))
            .default_service(web::to(serve))
    })
    .workers(WORKERS)
    .max_connections(MAX_CONNECTIONS)
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(REQUEST_LIMIT)
    .shutdown_timeout(SHUTDOWN_SECONDS)
    .disable_signals()
    .listen(listener)
    .context("cannot serve")?
    .run();
    let handle = server.handle();
    let serving = actix_web::rt::spawn(server);

    tracing::info!(
        logger = "nfv_vim.webserver.webserver",
        file = "_webserver.py",
        "nfv-vim-webserver {} listens on {address}.",
        env!("CARGO_PKG_VERSION")
    );
    tracing::info!(logger = "nfv_vim.webserver", file = "vim_webserver.py", "Started");
    let mut supervisor = Supervisor::from_environment();
    supervisor.ready();
    let mut watched = tokio::time::interval(supervisor.period());
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = watched.tick() => supervisor.turned(),
            _ = reload.recv() => {
                if let Err(error) = logging.reload() {
                    tracing::warn!(logger = "nfv_vim.webserver", file = "vim_webserver.py", "{error}");
                }
            }
            _ = dump.recv() => note_signal("USR1"),
            _ = reset.recv() => note_signal("USR2"),
        }
    }
    std::thread::spawn(|| {
        std::thread::sleep(SHUTDOWN_LIMIT);
        eprintln!("nfv-vim-webserver: shutdown took longer than {} s", SHUTDOWN_LIMIT.as_secs());
        std::process::exit(i32::from(ExitStatus::Failed.code()));
    });
    supervisor.stopping();
    // streams end by themselves when they see this
    ending.store(true, Ordering::Relaxed);
    asking.abort();
    handle.stop(true).await;
    serving.await.context("the server failed inside")?.context("the server failed")?;
    for thread in threads {
        anyhow::ensure!(thread.join().is_ok(), "a thread failed inside");
    }
    Ok(())
}

fn note_signal(name: &str) {
    tracing::info!(
        logger = "nfv_vim.webserver",
        file = "vim_webserver.py",
        "Signal {name} means nothing here; figures are at /metrics."
    );
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> anyhow::Result<std::thread::JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).context("cannot start a thread")
}

/// The file of the VIM's file handler; none when that handler is not on or does not say.
fn storage_file(settings: &Settings, section: &str, handlers: Option<&Path>) -> Option<PathBuf> {
    if !settings.list(section, "handlers").contains(&"File-Storage") {
        return None;
    }
    match Settings::load(handlers?) {
        Ok(file) => file.get("File-Storage", "file").map(PathBuf::from),
        Err(error) => {
            tracing::warn!(logger = "nfv_vim.webserver.webserver", "{error}; its records are not shown.");
            None
        }
    }
}

/// Opens the socket; a `:` in the host makes it IPv6, which then takes IPv4 as well if it is the address of all.
fn listen(host: &str, port: u16) -> anyhow::Result<TcpListener> {
    let tried = || format!("cannot listen on {host} port {port}");
    let wants_v6 = host.contains(':');
    let address: SocketAddr = (host, port)
        .to_socket_addrs()
        .with_context(tried)?
        .find(|found| found.is_ipv6() == wants_v6)
        .with_context(tried)?;
    let socket =
        Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP)).with_context(tried)?;
    if wants_v6 {
        socket.set_only_v6(false).with_context(tried)?;
    }
    socket.set_reuse_address(true).with_context(tried)?;
    socket.bind(&address.into()).with_context(tried)?;
    socket.listen(128).with_context(tried)?;
    socket.set_nonblocking(true).with_context(tried)?;
    Ok(socket.into())
}

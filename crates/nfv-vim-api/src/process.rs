//! The process: start, signals, flag file, exit. Contract: vim-api 1.1; deployment 4.3.

use crate::access::Access;
use crate::audit::Audit;
use crate::metrics::Metrics;
use crate::observe::Observed;
use crate::server::{self, Serving};
use crate::settings::ApiConfig;
use crate::vim::VimClient;
use anyhow::Context;
use nfv_common::config::Settings;
use nfv_common::logging::{self, LoggingConfig, LoggingHandle};
use nfv_monitor::{MonitorServer, Supervisor};
use nfv_plugins::identity::IdentityClient;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Flag file that tells the service manager's monitor that the process has ended.
const NOT_RUNNING: &str = ".nfv-vim-api.not_running";
/// An orderly end takes this long at most.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(7);

const LOGGER: &str = "nfv_vim.api";
const FILE: &str = "vim_api.py";

/// Exit status of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// Asked to end.
    Done,
    /// A bad option.
    BadOptions,
    /// It could not start or go on; why stands on standard output.
    Failed,
}

impl ExitStatus {
    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::BadOptions => 2,
            Self::Failed => 200,
        }
    }
}

/// Runs nfv-vim-api with the configuration in this file, to its end.
pub fn run(config_file: Option<&Path>) -> ExitStatus {
    // where the flag file goes when even the configuration cannot be read
    let mut run_dir = PathBuf::from("/var/run");
    let end = start_and_run(config_file, &mut run_dir);
    let status = match end {
        Ok(()) => ExitStatus::Done,
        Err(error) => {
            println!("nfv-vim-api: {error:#}");
            ExitStatus::Failed
        }
    };
    let flag = run_dir.join(NOT_RUNNING);
    if let Err(error) = std::fs::File::create(&flag) {
        eprintln!("nfv-vim-api: cannot create {}: {error}", flag.display());
    }
    status
}

fn start_and_run(config_file: Option<&Path>, run_dir: &mut PathBuf) -> anyhow::Result<()> {
    let file = config_file.context("no configuration file is given (-c FILE)")?;
    anyhow::ensure!(file.exists(), "configuration file {} does not exist", file.display());
    let settings = Settings::load(file)?;
    let config = ApiConfig::read(&settings)?;
    run_dir.clone_from(&config.run_dir);
    let logging = logging::install(&LoggingConfig::from_settings("VIM-API", &settings)?)?;
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("nfv-vim-api-io")
        .enable_all()
        .build()
        .context("cannot start the I/O thread")?;
    let ended = tokio.block_on(serve(config, &logging));
    tokio.shutdown_timeout(Duration::from_secs(1));
    logging.flush(Duration::from_secs(1));
    ended
}

async fn serve(config: ApiConfig, logging: &LoggingHandle) -> anyhow::Result<()> {
    let cannot = "cannot watch signals";
    let mut terminate = signal(SignalKind::terminate()).context(cannot)?;
    let mut interrupt = signal(SignalKind::interrupt()).context(cannot)?;
    let mut hangup = signal(SignalKind::hangup()).context(cannot)?;
    let client = Arc::new(IdentityClient::new()?);
    let metrics = Arc::new(Metrics::default());
    let vim = Arc::new(VimClient::new(config.vim, config.vim_local, Arc::clone(&metrics)));
    let runtime = tokio::runtime::Handle::current();
    let access = Arc::new(Access::new(Arc::clone(&client), config.access, runtime));
    let observed = Arc::new(Observed::new(Arc::clone(&vim), Arc::clone(&access), Arc::clone(&metrics)));
    let serving = Serving {
        vim,
        access,
        client: Arc::clone(&client),
        heat: config.heat,
        metrics,
        observed: Arc::clone(&observed),
        audit: Audit::start(),
        limits: config.limits,
        listen: config.listen,
    };
    let monitor = match config.monitor {
        Some(address) => Some(MonitorServer::start(address, observed)?),
        None => None,
    };
    let opened = server::open(serving).with_context(|| format!("cannot listen on {}", config.listen))?;
    let server = opened.server;
    let handle = server.handle();
    let mut running = tokio::spawn(server);
    tracing::info!(logger = LOGGER, file = FILE, "Started");
    let mut supervisor = Supervisor::from_environment();
    supervisor.ready();
    let mut watched = tokio::time::interval(supervisor.period());
    let why = loop {
        tokio::select! {
            _ = terminate.recv() => break "SIGTERM",
            _ = interrupt.recv() => break "SIGINT",
            _ = watched.tick() => supervisor.turned(),
            ended = &mut running => {
                ended.context("the server failed inside")?.context("the server ended")?;
                anyhow::bail!("the server ended");
            }
            _ = hangup.recv() => {
                if let Err(error) = logging.reload() {
                    tracing::error!(logger = LOGGER, file = FILE, "Reload failed: {error}.");
                }
                if let Err(error) = client.reload() {
                    tracing::error!(logger = LOGGER, file = FILE, "Certificates are not read anew: {error}.");
                }
            }
        }
    };
    tracing::info!(logger = LOGGER, file = FILE, "Ending: {why}.");
    supervisor.stopping();
    // requests under way are answered, as far as they end in time
    if tokio::time::timeout(SHUTDOWN_LIMIT, handle.stop(true)).await.is_err() {
        tracing::error!(logger = LOGGER, file = FILE, "Requests under way were cut off.");
    }
    if let Some(monitor) = monitor {
        monitor.close().await;
    }
    Ok(())
}

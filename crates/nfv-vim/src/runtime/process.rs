//! The process: start, signals, flag files, exit. Contract: deployment 4.3.

use super::core_thread::{Clock, CoreThread, End};
use super::inbox::{Message, Signal};
use super::monitor::Monitor;
use super::performer::Performer;
use super::rpc_server::RpcServer;
use super::settings::RuntimeConfig;
use crate::core::{Flag, StartFacts, Vim};
use anyhow::Context;
use nfv_common::config::Settings;
use nfv_common::histogram::Histograms;
use nfv_common::logging::{self, LoggingConfig};
use nfv_monitor::{MonitorServer, Supervisor};
use nfv_plugins::handler::{AlarmHandlers, EventLogHandlers};
use nfv_plugins::{DisabledPlugins, Inbound, Plugins, PluginsConfig};
use nfv_vim_db::Database;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Flag file that tells the service manager's monitor that the process has ended.
const NOT_RUNNING: &str = ".nfv-vim.not_running";
/// The one namespace that plugins are in. Contract: southbound 13.1.
const NFVI_NAMESPACE: &str = "nfv_vim.nfvi.plugins.v1";
/// The core waits for a call this much longer than the adapters do.
const TURN_MARGIN: Duration = Duration::from_secs(5);
/// An orderly end takes this long at most.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(10);

/// Exit status of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// Asked to end by SIGINT.
    Done,
    /// Ended by SIGTERM, as the original, which has no handler for it.
    Terminated,
    /// It could not start: bad option, missing or bad configuration.
    BadStart,
    /// It could not go on.
    Failed,
}

impl ExitStatus {
    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::BadStart => 1,
            Self::Terminated => 143,
            Self::Failed => 200,
        }
    }
}

/// Runs nfv-vim with the configuration in this file, to its end.
pub fn run(config_file: &Path) -> ExitStatus {
    let (settings, config) = match read_config(config_file) {
        Ok(both) => both,
        Err(error) => {
            eprintln!("nfv-vim: {error}");
            return ExitStatus::BadStart;
        }
    };
    let end = start_and_run(&settings, &config);
    let status = match &end {
        Ok(End::Signal(Signal::Terminate)) => ExitStatus::Terminated,
        Ok(End::Signal(_)) => ExitStatus::Done,
        Ok(End::Deserted) => ExitStatus::Failed,
        Ok(End::Database(error)) => {
            eprintln!("nfv-vim: {error}");
            ExitStatus::Failed
        }
        Err(error) => {
            eprintln!("nfv-vim: {error:#}");
            ExitStatus::Failed
        }
    };
    if status != ExitStatus::Terminated
        && let Err(error) = std::fs::File::create(config.flag(NOT_RUNNING))
    {
        eprintln!("nfv-vim: cannot create {}: {error}", config.flag(NOT_RUNNING).display());
    }
    status
}

fn read_config(file: &Path) -> anyhow::Result<(Settings, RuntimeConfig)> {
    anyhow::ensure!(file.exists(), "configuration file {} does not exist", file.display());
    let settings = Settings::load(file)?;
    let config = RuntimeConfig::from_settings(&settings)?;
    Ok((settings, config))
}

fn start_and_run(settings: &Settings, config: &RuntimeConfig) -> anyhow::Result<End> {
    let logging = logging::install(&LoggingConfig::from_settings("VIM", settings)?)?;
    tracing::info!(logger = "nfv_vim", file = "vim.py", "nfv-vim {} starts.", env!("CARGO_PKG_VERSION"));
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("nfv-vim-io")
        .enable_all()
        .build()
        .context("cannot start the I/O threads")?;
    let (sender, inbox) = channel();
    let ending = Arc::new(AtomicBool::new(false));
    // signals first: whatever takes long below can be interrupted
    let exit = ForcedExit::of(config);
    tokio.block_on(async { watch_signals(sender.clone(), &ending, &exit) })?;

    let mut database = Database::open(&config.database_dir)?;
    for row in database.migrate()? {
        tracing::error!(logger = "nfv_vim.database", file = "_database_migrate.py", "{row}.");
    }
    let snapshot = database.load()?;

    let namespace = settings.require("nfvi", "namespace")?;
    anyhow::ensure!(namespace == NFVI_NAMESPACE, "[nfvi] namespace: {namespace} has no plugins");
    let plugins_config = PluginsConfig::read(
        &Settings::load(&config.nfvi_config_file)?,
        DisabledPlugins::from_vim_settings(settings),
    )?;
    let (inbound, mut neighbours) = tokio::sync::mpsc::channel::<Inbound>(1024);
    let forward = sender.clone();
    tokio.spawn(async move {
        while let Some(message) = neighbours.recv().await {
            if forward.send(Message::Inbound(Box::new(message))).is_err() {
                return;
            }
        }
    });
    let _context = tokio.enter();
    let alarms = AlarmHandlers::start(settings)?;
    let event_logs = EventLogHandlers::start(settings)?;
    let plugins = Arc::new(tokio.block_on(Plugins::start(&plugins_config, inbound))?);

    let clock = Clock::start();
    let facts = StartFacts {
        uptime: controller_uptime(),
        dor_complete: config.flag(Flag::DorComplete.file_name()).exists(),
        unlock_complete: config.flag(Flag::UnlockComplete.file_name()).exists(),
        seed: seed(),
    };
    let mut core_config = config.core.clone();
    core_config.turn_limit = core_config.turn_limit.max(plugins_config.timeouts.longest() + TURN_MARGIN);
    let (vim, first) = Vim::start(core_config, facts, snapshot, clock.now());
    let rpc_server = RpcServer::start(config.rpc, sender.clone())?;
    let monitor = Arc::new(Monitor::new(clock));
    let monitor_server = match config.monitor {
        Some(address) => Some(MonitorServer::start(address, Arc::clone(&monitor) as _)?),
        None => None,
    };
    let performer = Performer {
        tokio: tokio.handle().clone(),
        plugins: Arc::clone(&plugins),
        alarms,
        event_logs,
        inbox: sender,
        run_dir: config.run_dir.clone(),
        requests: HashMap::new(),
        api_requests: HashMap::new(),
        last_request: 0,
        calls: HashMap::new(),
    };
    let core = CoreThread {
        vim,
        database,
        performer,
        inbox,
        ending,
        logging,
        clock,
        grants: HashMap::new(),
        histograms: Histograms::default(),
        calls: HashMap::new(),
        looked_for_kubernetes: std::time::Instant::now(),
        history: Default::default(),
        monitor,
        supervisor: Supervisor::from_environment(),
    };
    tracing::info!(logger = "nfv_vim", file = "vim.py", "Started");
    core.supervisor.ready();
    let run = std::panic::AssertUnwindSafe(|| core.run(first));
    let Ok((end, database, performer)) = std::panic::catch_unwind(run) else {
        // the panic has been told on standard error; the database was closed on the way here
        tracing::error!(logger = "nfv_vim", file = "vim.py", "The core failed inside.");
        anyhow::bail!("the core failed inside");
    };

    exit.arm(match &end {
        End::Signal(signal) => Some(*signal),
        End::Deserted | End::Database(_) => None,
    });
    tracing::info!(logger = "nfv_vim", file = "vim.py", "Ending: {}.", describe(&end));
    drop(rpc_server);
    drop(monitor_server);
    let closed = database.close();
    tokio.block_on(async {
        plugins.stop().await;
        tokio::join!(performer.alarms.stop(), performer.event_logs.stop());
    });
    tokio.shutdown_timeout(Duration::from_secs(1));
    closed?;
    Ok(end)
}

fn describe(end: &End) -> String {
    match end {
        End::Signal(signal) => format!("{signal:?} signalled"),
        End::Deserted => "no input can come any more".to_owned(),
        End::Database(error) => format!("the database cannot be written: {error}"),
    }
}

/// Sends signals to the core thread.
fn watch_signals(sender: Sender<Message>, ending: &Arc<AtomicBool>, exit: &ForcedExit) -> anyhow::Result<()> {
    let kinds = [
        (SignalKind::terminate(), Signal::Terminate),
        (SignalKind::interrupt(), Signal::Interrupt),
        (SignalKind::hangup(), Signal::Reload),
        (SignalKind::user_defined1(), Signal::Dump),
        (SignalKind::user_defined2(), Signal::Reset),
    ];
    for (kind, what) in kinds {
        let mut stream = signal(kind).context("cannot watch signals")?;
        let (sender, ending, exit) = (sender.clone(), Arc::clone(ending), exit.clone());
        tokio::spawn(async move {
            while stream.recv().await.is_some() {
                if matches!(what, Signal::Terminate | Signal::Interrupt) {
                    ending.store(true, Ordering::Relaxed);
                    // counted from here: the core may be where it does not hear of the signal
                    exit.arm(Some(what));
                }
                if sender.send(Message::Signal(what)).is_err() {
                    return;
                }
            }
        });
    }
    Ok(())
}

/// Ends the process if an orderly end takes too long. What is committed is brought into the database file before.
/// Contract: deployment 4.3, lessons 7.
#[derive(Clone)]
struct ForcedExit {
    database_dir: PathBuf,
    flag: PathBuf,
    armed: Arc<AtomicBool>,
}

impl ForcedExit {
    fn of(config: &RuntimeConfig) -> Self {
        Self {
            database_dir: config.database_dir.clone(),
            flag: config.flag(NOT_RUNNING),
            armed: Arc::new(AtomicBool::new(false)),
        }
    }

    /// Counts from now, unless it does already. `signal` asked for the end, if one did.
    fn arm(&self, signal: Option<Signal>) {
        if self.armed.swap(true, Ordering::Relaxed) {
            return;
        }
        let Self { database_dir, flag, .. } = self.clone();
        std::thread::spawn(move || {
            std::thread::sleep(SHUTDOWN_LIMIT);
            eprintln!("nfv-vim: shutdown took longer than {} s", SHUTDOWN_LIMIT.as_secs());
            // nothing here may wait for what hangs: the file's own lock is waited for half a second
            if let Err(error) = Database::settle(&database_dir) {
                eprintln!("nfv-vim: {error}");
            }
            if signal != Some(Signal::Terminate) {
                let _ = std::fs::File::create(&flag);
            }
            std::process::exit(1);
        });
    }
}

/// How long this controller has been up; zero when the kernel does not tell.
fn controller_uptime() -> Duration {
    let text = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
    let seconds = text.split_whitespace().next().and_then(|word| word.parse::<f64>().ok()).unwrap_or(0.0);
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// A seed for ids that differs from process to process.
fn seed() -> u64 {
    let time = jiff::Timestamp::now().as_nanosecond() as u64;
    time ^ (u64::from(std::process::id()) << 32) ^ fastrand::u64(..)
}

//! Starting the log and reading debug.ini again.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tracing_subscriber::layer::SubscriberExt as _;

use super::layer::{SharedTable, Stamp, VimLogLayer};
use super::syslog::{Patience, SyslogSink};
use super::writer::{QUEUE_LENGTH, Queue, Sink, StreamSink, queue};
use super::{LevelTable, LoggingConfig};
use crate::config::ConfigError;

/// How long the end of the process may wait for the last lines.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Why the log cannot be started or changed.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// debug.ini cannot be read or understood.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// debug.ini has gone since the process started; its levels stay in force.
    #[error("debug configuration {} is not there any more, levels stay as they are", .0.display())]
    DebugFileGone(PathBuf),
    /// The writer thread cannot be started.
    #[error("cannot start the log writer: {0}")]
    Thread(#[source] io::Error),
    /// The process has a log already.
    #[error("the process has a log already")]
    Installed(#[from] tracing::subscriber::SetGlobalDefaultError),
}

/// The running log. Dropping it waits a little for the last lines.
#[derive(Debug)]
pub struct LoggingHandle {
    debug_file: PathBuf,
    table: SharedTable,
    queue: Queue,
}

impl LoggingHandle {
    /// Reads debug.ini again (SIGHUP). On an error the levels stay as they are.
    ///
    /// # Errors
    /// The file is gone, cannot be read, or cannot be understood.
    pub fn reload(&self) -> Result<(), LoggingError> {
        if !self.debug_file.exists() {
            return Err(LoggingError::DebugFileGone(self.debug_file.clone()));
        }
        let (table, notes) = LevelTable::load(&self.debug_file)?;
        print(&notes);
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = table;
        Ok(())
    }

    /// Lines lost since the start because handlers did not keep up or were not there.
    pub fn dropped_lines(&self) -> u64 {
        self.queue.dropped()
    }

    /// Waits until the lines logged so far are written; false when that takes longer than `limit`.
    pub fn flush(&self, limit: Duration) -> bool {
        self.queue.flush(limit)
    }
}

impl Drop for LoggingHandle {
    fn drop(&mut self) {
        self.queue.flush(LAST_LINES);
    }
}

/// Starts the writer and gives the layer, to be put into a subscriber.
///
/// # Errors
/// debug.ini exists but is not readable; no thread can be started.
pub fn start(config: &LoggingConfig) -> Result<(VimLogLayer, LoggingHandle), LoggingError> {
    let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
    // Standard output first: it does not wait for a syslog that is being restarted.
    if config.handlers.stdout {
        sinks.push(Box::new(StreamSink(io::stdout())));
    }
    if let Some(address) = &config.handlers.syslog {
        sinks.push(Box::new(SyslogSink::new(address.clone(), Patience::USUAL)));
    }
    let stamp = Stamp {
        process: config.process,
        pid: std::process::id(),
        zone: TimeZone::system(),
        clock: Timestamp::now,
    };
    start_with(config, sinks, stamp)
}

fn start_with(
    config: &LoggingConfig,
    sinks: Vec<Box<dyn Sink>>,
    stamp: Stamp,
) -> Result<(VimLogLayer, LoggingHandle), LoggingError> {
    let (table, notes) = LevelTable::load(&config.debug_file)?;
    print(&notes);
    let table = Arc::new(RwLock::new(table));
    let (queue, writer) = queue(QUEUE_LENGTH, sinks);
    std::thread::Builder::new()
        .name("log-writer".to_owned())
        .spawn(|| writer.run())
        .map_err(LoggingError::Thread)?;
    let layer = VimLogLayer { table: Arc::clone(&table), queue: queue.clone(), stamp };
    Ok((layer, LoggingHandle { debug_file: config.debug_file.clone(), table, queue }))
}

/// [`start`], and makes the log that of the whole process.
///
/// # Errors
/// Those of [`start`]; the process has a log already.
pub fn install(config: &LoggingConfig) -> Result<LoggingHandle, LoggingError> {
    let (layer, handle) = start(config)?;
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer))?;
    Ok(handle)
}

/// What debug.ini lacks is said on standard output, whatever the handlers.
fn print(notes: &[&str]) {
    let mut out = io::stdout().lock();
    for note in notes {
        // Nobody to hear it is no reason to stop.
        let _ = writeln!(out, "{note}");
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use super::*;
    use crate::logging::writer::tests::Captured;
    use crate::logging::{Facility, Handlers, SyslogAddress};

    fn stamp() -> Stamp {
        Stamp {
            process: "VIM",
            pid: 6581,
            zone: TimeZone::UTC,
            clock: || Timestamp::from_millisecond(1_548_272_461_166).unwrap_or_default(),
        }
    }

    fn debug_ini(level: &str) -> String {
        format!("[debug-overall]\ndebug_level: {level}\ntrace_level: {level}\n[debug-loggers]\n")
    }

    fn log(layer: VimLogLayer, emit: impl FnOnce()) {
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), emit);
    }

    #[test]
    fn the_contracts_example_arrives_at_the_syslog_socket() {
        let dir = tempfile::tempdir().unwrap();
        let debug_file = dir.path().join("debug.ini");
        std::fs::write(&debug_file, debug_ini("debug.level.debug")).unwrap();
        let socket = UnixDatagram::bind(dir.path().join("log")).unwrap();
        let address = SyslogAddress { socket: dir.path().join("log"), facility: Facility::USER };
        let handlers = Handlers { syslog: Some(address.clone()), stdout: false };
        let config = LoggingConfig { process: "VIM", debug_file, handlers };
        let sinks: Vec<Box<dyn Sink>> = vec![Box::new(SyslogSink::new(address, Patience::USUAL))];
        let (layer, handle) = start_with(&config, sinks, stamp()).unwrap();
        log(layer, || {
            tracing::info!(
                logger = "nfv_vim.state_machine.host",
                file = "_host_state_enabled.py",
                line = 27,
                "Entering state (enabled) for compute-0."
            );
        });
        assert!(handle.flush(Duration::from_secs(20)));
        let mut buffer = [0; 1024];
        let length = socket.recv(&mut buffer).unwrap();
        assert_eq!(std::str::from_utf8(&buffer[..length]).unwrap(), crate::logging::line::tests::EXAMPLE);
        assert_eq!(handle.dropped_lines(), 0);
    }

    #[test]
    fn levels_change_at_a_reload_and_stay_when_the_file_is_gone_or_broken() {
        let dir = tempfile::tempdir().unwrap();
        let debug_file = dir.path().join("debug.ini");
        std::fs::write(&debug_file, debug_ini("debug.level.info")).unwrap();
        let config =
            LoggingConfig { process: "VIM", debug_file: debug_file.clone(), handlers: Handlers::default() };
        let captured = Captured::default();
        let sinks: Vec<Box<dyn Sink>> = vec![Box::new(StreamSink(captured.clone()))];
        let (layer, handle) = start_with(&config, sinks, stamp()).unwrap();
        log(layer, || {
            tracing::debug!(logger = "l", "at info");
            std::fs::write(&debug_file, debug_ini("debug.level.debug")).unwrap();
            tracing::debug!(logger = "l", "not yet read");
            handle.reload().unwrap();
            tracing::debug!(logger = "l", "debug 1");
            std::fs::write(&debug_file, "nonsense\n").unwrap();
            assert!(matches!(handle.reload(), Err(LoggingError::Config(ConfigError::Syntax { .. }))));
            tracing::debug!(logger = "l", "debug 2");
            std::fs::remove_file(&debug_file).unwrap();
            assert!(matches!(handle.reload(), Err(LoggingError::DebugFileGone(_))));
            tracing::debug!(logger = "l", "debug 3");
        });
        assert!(handle.flush(Duration::from_secs(20)));
        let text = captured.text();
        let ends: Vec<&str> = text.lines().map(|line| &line[line.len() - 7..]).collect();
        assert_eq!(ends, ["debug 1", "debug 2", "debug 3"]);
    }
}

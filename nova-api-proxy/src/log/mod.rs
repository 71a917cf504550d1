//! The log, as oslo.log writes it.
//!
//! ```text
//! tracing event (its target is the original's logger name) ──► OsloLayer ──► queue ──► thread ──► file, syslog,
//!                                                              format, level                     journal, stderr
//! ```
//!
//! Contract: nova-api-proxy 4.3, 9.

pub mod mask;
pub mod percent;
pub mod pyrepr;
mod python_file;
mod sink;

use std::fmt::{self, Write as _};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use nfv_common::config::OsloConfig;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::config::LogConfig;
use crate::error::StartError;
use percent::{Format, Value};
use sink::{Datagrams, Line, LogFile, Queue, Sink};

/// Logger names of the original.
pub mod logger {
    /// Requests that are watched.
    pub const ACCEPTOR: &str = "nova_api_proxy.apps.acceptor";
    /// Where they are sent.
    pub const DISPATCHER: &str = "nova_api_proxy.apps.dispatcher";
    /// Answers.
    pub const PROXY: &str = "nova_api_proxy.apps.proxy";
    /// The paste file.
    pub const CONFIG: &str = "nova_api_proxy.common.config";
    /// The listener.
    pub const SERVICE: &str = "nova_api_proxy.common.service";
    /// Histograms.
    pub const HISTOGRAM: &str = "nova_api_proxy.common.histogram";
    /// The process.
    pub const MAIN: &str = "nova_api_proxy.api_proxy";
    /// Token validation.
    pub const AUTH: &str = "keystonemiddleware.auth_token";
}

/// Names that begin like this are the proxy's; other programs' events are shown from WARNING upwards.
const OWN: [&str; 2] = ["nova_api_proxy", "keystonemiddleware"];
/// How long the end waits for the last lines.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Keeps the log; the last lines are written when it is dropped.
#[derive(Debug)]
pub struct LogHandle {
    debug: Arc<AtomicBool>,
    queue: Queue,
}

impl LogHandle {
    /// Whether DEBUG lines are shown.
    pub fn debug(&self) -> bool {
        self.debug.load(Ordering::Relaxed)
    }

    /// The flag itself, for whoever asks often.
    pub fn debug_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.debug)
    }

    /// Shows DEBUG lines from now on, or no more (SIGHUP).
    pub fn toggle_debug(&self) {
        self.debug.fetch_xor(true, Ordering::Relaxed);
        tracing::callsite::rebuild_interest_cache();
    }
}

impl Drop for LogHandle {
    fn drop(&mut self) {
        self.queue.flush(LAST_LINES);
    }
}

/// Formats events.
#[derive(Debug)]
struct OsloLayer {
    debug: Arc<AtomicBool>,
    queue: Queue,
    line: Format,
    debug_line: Format,
    date_format: String,
    json: bool,
    /// The date of the second at hand, for many lines fall into one.
    date: Mutex<(i64, String)>,
}

/// Opens the destinations and makes the log that of the process.
///
/// # Errors
/// A log file cannot be opened, or the Python logging configuration cannot be read.
pub fn install(config: &OsloConfig) -> Result<LogHandle, StartError> {
    let mut log = LogConfig::read(config)?;
    if let Some(path) = LogConfig::append(config)? {
        python_file::apply(&path, &mut log)?;
    }
    let mut sinks = Vec::new();
    if let Some(path) = log.file.clone() {
        let file = LogFile::open(path.clone(), log.watch_file);
        let wrong = |cause| StartError::System { what: format!("open log file {}", path.display()), cause };
        sinks.push(Sink::File(file.map_err(wrong)?));
    }
    if let Some(facility) = log.syslog {
        sinks.push(Sink::Syslog(Datagrams::new(syslog_socket()), facility));
    }
    if log.journal {
        sinks.push(Sink::Journal(Datagrams::new("/run/systemd/journal/socket")));
    }
    if log.stderr {
        sinks.push(Sink::Stderr);
    }
    if log.stdout {
        sinks.push(Sink::Stdout);
    }
    let wrong = |cause: io::Error| StartError::System { what: "start the log".to_owned(), cause };
    let queue = Queue::start(sinks).map_err(wrong)?;
    let debug = Arc::new(AtomicBool::new(log.debug));
    let layer = OsloLayer {
        debug: Arc::clone(&debug),
        queue: queue.clone(),
        line: Format::parse(&log.line_format),
        debug_line: Format::parse(&format!("{} {}", log.line_format, log.debug_suffix)),
        date_format: log.date_format,
        json: log.json,
        date: Mutex::default(),
    };
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::set_global_default(subscriber).map_err(|error| wrong(io::Error::other(error)))?;
    Ok(LogHandle { debug, queue })
}

/// Where syslog listens; tests put another in its place.
fn syslog_socket() -> PathBuf {
    std::env::var_os("NFV_SYSLOG_SOCKET").map_or_else(|| "/dev/log".into(), PathBuf::from)
}

impl<S: Subscriber> Layer<S> for OsloLayer {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let own = OWN.iter().any(|name| metadata.target().starts_with(name));
        let limit = match (own, self.debug.load(Ordering::Relaxed)) {
            (true, true) => Level::DEBUG,
            (true, false) => Level::INFO,
            (false, _) => Level::WARN,
        };
        *metadata.level() <= limit
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut message = Message::default();
        event.record(&mut message);
        let metadata = event.metadata();
        let (severity, name) = match *metadata.level() {
            Level::ERROR if message.critical => (2, "CRITICAL"),
            Level::ERROR => (3, "ERROR"),
            Level::WARN => (4, "WARNING"),
            Level::INFO => (6, "INFO"),
            Level::DEBUG | Level::TRACE => (7, "DEBUG"),
        };
        let text = self.text(metadata, name, &message.text, Timestamp::now());
        self.queue.put(Line { severity, text });
    }
}

impl OsloLayer {
    fn date(&self, now: Timestamp) -> String {
        let mut held = self.date.lock().unwrap_or_else(PoisonError::into_inner);
        if held.0 != now.as_second() || held.1.is_empty() {
            let local = now.to_zoned(TimeZone::system());
            *held = (now.as_second(), local.strftime(&self.date_format).to_string());
        }
        held.1.clone()
    }

    fn text(&self, metadata: &Metadata<'_>, level: &str, message: &str, now: Timestamp) -> String {
        let date = self.date(now);
        let millis = now.as_millisecond().rem_euclid(1000);
        let pid = std::process::id();
        if self.json {
            return serde_json::json!({
                "message": message, "asctime": date, "name": metadata.target(), "levelname": level,
                "msecs": millis, "process": pid, "pathname": metadata.file(),
                "lineno": metadata.line(),
            })
            .to_string();
        }
        let format = if *metadata.level() == Level::DEBUG { &self.debug_line } else { &self.line };
        let thread = std::thread::current();
        format.render(|name| {
            Some(match name {
                "asctime" => Value::Text(&date),
                "msecs" => Value::Int(millis),
                "process" => Value::Int(pid.into()),
                "levelname" => Value::Text(level),
                "name" => Value::Text(metadata.target()),
                "message" => Value::Text(message),
                "funcName" => Value::Text(metadata.module_path().unwrap_or_default()),
                "pathname" => Value::Text(metadata.file().unwrap_or_default()),
                "lineno" => Value::Int(metadata.line().unwrap_or_default().into()),
                "threadName" => Value::Text(thread.name().unwrap_or("MainThread")),
                "request_id" | "user_identity" => Value::Text("-"),
                _ => return None,
            })
        })
    }
}

/// The text of an event.
#[derive(Default)]
struct Message {
    text: String,
    critical: bool,
}

impl Visit for Message {
    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == "critical" {
            self.critical = value;
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            // writing to a string cannot fail
            let _ = write!(self.text, "{value:?}");
        } else {
            let _ = write!(self.text, " {}={value:?}", field.name());
        }
    }
}

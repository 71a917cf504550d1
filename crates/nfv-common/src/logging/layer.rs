//! From a `tracing` event to a line.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::line::{self, Line};
use super::writer::Queue;
use super::{DebugLevel, LevelTable};

/// The level table of a process, replaced as a whole when debug.ini is read again.
pub(super) type SharedTable = Arc<RwLock<LevelTable>>;

/// Who writes and when: everything of a line that the event does not know.
#[derive(Clone)]
pub(super) struct Stamp {
    pub(super) process: &'static str,
    pub(super) pid: u32,
    pub(super) zone: TimeZone,
    pub(super) clock: fn() -> Timestamp,
}

/// Writes events as lines of the VIM's log. See the [module](super) for the fields an event may carry.
pub struct VimLogLayer {
    pub(super) table: SharedTable,
    pub(super) queue: Queue,
    pub(super) stamp: Stamp,
}

impl VimLogLayer {
    fn who(&self, thread: Option<&str>) -> String {
        match thread {
            Some(thread) => format!("{}_{thread}_Thread", self.stamp.process),
            None => format!("{}_Thread", self.stamp.process),
        }
    }

    /// Whether the event can be written, as far as its metadata tell: spares formatting its fields.
    fn worth_reading(&self, table: &LevelTable, metadata: &Metadata<'_>) -> bool {
        let has = |name| metadata.fields().field(name).is_some();
        if has("exception") || has("level") {
            return true;
        }
        let level = DebugLevel::of_tracing(metadata.level());
        table.may_allow(level) && (has("logger") || table.allows_module(&module(metadata), level))
    }

    fn line(&self, metadata: &Metadata<'_>, fields: &Fields, level: DebugLevel) -> Line {
        let (shown, message) = match &fields.exception {
            Some(exception) => (DebugLevel::Error.shown(), format!("{}\n{exception}", fields.text())),
            None => {
                let own = || metadata.file().map_or_else(|| "unknown.py".to_owned(), source_name);
                let file = fields.file.clone().unwrap_or_else(own);
                let number = fields.line.or(metadata.line().map(u64::from)).unwrap_or(0);
                (level.shown(), line::message(&file, number, &fields.text()))
            }
        };
        Line {
            date: line::date((self.stamp.clock)(), &self.stamp.zone),
            who: self.who(fields.thread.as_deref()),
            pid: self.stamp.pid,
            shown,
            message,
        }
    }
}

impl<S: Subscriber> Layer<S> for VimLogLayer {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let metadata = event.metadata();
        let line = {
            let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
            if !self.worth_reading(&table, metadata) {
                return;
            }
            let mut fields = Fields::default();
            event.record(&mut fields);
            let level = fields.level.unwrap_or(DebugLevel::of_tracing(metadata.level()));
            let allowed = match (&fields.exception, &fields.logger) {
                (Some(_), _) => true,
                (None, Some(logger)) => table.allows(logger, level),
                (None, None) => table.allows_module(&module(metadata), level),
            };
            if !allowed {
                return;
            }
            self.line(metadata, &fields, level)
        };
        self.queue.put(line);
    }
}

/// The event's module as a logger name: `:` ends a key in debug.ini.
fn module(metadata: &Metadata<'_>) -> String {
    metadata.target().replace("::", ".")
}

/// A source file as tools that read the log take one: letters and `_`, then `.py` (contract: deployment 7.1). So
/// `src/http1/layer.rs` becomes `layer.py`; a `mod.rs` is called by its directory.
fn source_name(path: &str) -> String {
    let mut parts = path.rsplit('/');
    let last = parts.next().unwrap_or(path);
    let stem = last.split('.').next().unwrap_or(last);
    let stem = if stem == "mod" { parts.next().unwrap_or(stem) } else { stem };
    let plain: String = stem
        .chars()
        .map(|letter| if letter == '-' { '_' } else { letter })
        .filter(|letter| letter.is_ascii_alphabetic() || *letter == '_')
        .collect();
    if plain.is_empty() { "unknown.py".to_owned() } else { format!("{plain}.py") }
}

#[derive(Default)]
struct Fields {
    message: String,
    logger: Option<String>,
    file: Option<String>,
    line: Option<u64>,
    thread: Option<String>,
    level: Option<DebugLevel>,
    exception: Option<String>,
    others: String,
}

impl Fields {
    fn text(&self) -> String {
        format!("{}{}", self.message, self.others)
    }

    fn set(&mut self, name: &str, value: String) {
        match name {
            "message" => self.message = value,
            "logger" => self.logger = Some(value),
            "file" => self.file = Some(value),
            "thread" => self.thread = Some(value),
            "exception" => self.exception = Some(value),
            "level" => {
                self.level = match value.as_str() {
                    "critical" => Some(DebugLevel::Critical),
                    "notice" => Some(DebugLevel::Notice),
                    _ => None,
                }
            }
            "line" => self.line = value.parse().ok(),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(self.others, " {name}={value}");
            }
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.set(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field.name(), value.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::logging::writer::tests::Captured;
    use crate::logging::writer::{StreamSink, queue};

    fn table(overall: DebugLevel, loggers: &[(&str, DebugLevel)]) -> LevelTable {
        let loggers: BTreeMap<_, _> =
            loggers.iter().map(|(name, level)| ((*name).to_owned(), *level)).collect();
        LevelTable::new(overall, loggers)
    }

    /// The lines on standard output that `emit` leads to, without date.
    fn lines(table: LevelTable, emit: impl FnOnce()) -> Vec<String> {
        let captured = Captured::default();
        let (queue, writer) = queue(100, vec![Box::new(StreamSink(captured.clone()))]);
        let layer = VimLogLayer {
            table: Arc::new(RwLock::new(table)),
            queue: queue.clone(),
            stamp: Stamp {
                process: "VIM",
                pid: 6581,
                zone: TimeZone::fixed(jiff::tz::offset(1)),
                clock: || Timestamp::from_millisecond(1_548_268_861_166).unwrap_or_default(),
            },
        };
        let thread = std::thread::spawn(|| writer.run());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), emit);
        assert!(queue.flush(Duration::from_secs(20)));
        drop(queue);
        thread.join().unwrap();
        let text = captured.text();
        text.split_inclusive('\n').map(|line| line.trim_end_matches('\n').to_owned()).collect()
    }

    const DATE_WHO: &str = "Jan 23 19:41:01.166                            VIM_Thread[6581]";

    #[test]
    fn legacy_fields_make_the_legacy_line() {
        let written = lines(table(DebugLevel::Verbose, &[]), || {
            tracing::info!(
                logger = "nfv_vim.state_machine.host",
                file = "_host_state_enabled.py",
                line = 27,
                "Entering state (enabled) for {}.",
                "compute-0"
            );
        });
        assert_eq!(
            written,
            [format!(
                "{DATE_WHO}     INFO                     _host_state_enabled.py.27    Entering state (enabled) for compute-0."
            )]
        );
    }

    #[test]
    fn threads_other_fields_and_rust_sources_are_shown() {
        let written = lines(table(DebugLevel::Verbose, &[]), || {
            tracing::warn!(thread = "Compute-Worker-0", host = %"compute-0", count = 3, "slow");
        });
        let [line] = &written[..] else { panic!("{written:?}") };
        let start = format!("Jan 23 19:41:01.166  {:>36}[6581]  WARNING ", "VIM_Compute-Worker-0_Thread");
        assert!(line.starts_with(&start), "{line}");
        assert!(line.contains(&format!("{:>42}.", "layer.py")), "{line}");
        assert!(line.ends_with("  slow host=compute-0 count=3"), "{line}");
    }

    #[test]
    fn source_files_have_names_that_log_readers_know() {
        for (path, name) in [
            ("crates/nfv-common/src/logging/layer.rs", "layer.py"),
            ("src/client/http1.rs", "http.py"),
            ("src/openstack/mod.rs", "openstack.py"),
            ("mod.rs", "mod.py"),
            ("src/bin/nfv-vim.rs", "nfv_vim.py"),
            ("1.rs", "unknown.py"),
        ] {
            assert_eq!(source_name(path), name);
        }
    }

    #[test]
    fn every_level_has_its_name() {
        let written = lines(table(DebugLevel::Verbose, &[]), || {
            tracing::error!(level = "critical", file = "f.py", line = 1, "m");
            tracing::error!(file = "f.py", line = 1, "m");
            tracing::warn!(file = "f.py", line = 1, "m");
            tracing::info!(level = "notice", file = "f.py", line = 1, "m");
            tracing::info!(file = "f.py", line = 1, "m");
            tracing::debug!(file = "f.py", line = 1, "m");
            tracing::trace!(file = "f.py", line = 1, "m");
        });
        let shown: Vec<&str> = written.iter().map(|line| line[DATE_WHO.len() + 1..][..8].trim()).collect();
        assert_eq!(shown, ["CRITICAL", "ERROR", "WARNING", "INFO", "INFO", "DEBUG", "DEBUG"]);
        assert!(written[0].ends_with(&format!("{:>42}.1     m", "f.py")));
    }

    #[test]
    fn exceptions_are_never_filtered_and_have_no_source() {
        let written = lines(table(DebugLevel::None, &[]), || {
            tracing::debug!(logger = "l", exception = %"Traceback\n  here", "Oops");
        });
        assert_eq!(
            written,
            [format!("{DATE_WHO}    ERROR Oops"), "Traceback".to_owned(), "  here".to_owned()]
        );
    }

    #[test]
    fn levels_filter_by_logger_or_module() {
        let levels = table(
            DebugLevel::Debug,
            &[("quiet", DebugLevel::Error), ("nfv_common", DebugLevel::Info), ("l", DebugLevel::Verbose)],
        );
        let written = lines(levels, || {
            tracing::warn!(logger = "quiet", "no");
            tracing::error!(logger = "quiet", "yes 1");
            tracing::error!(logger = "quiet", level = "notice", "no: the level named counts");
            tracing::debug!(logger = "l", "yes 2");
            tracing::trace!(logger = "l", "no: below the overall level");
            tracing::debug!("no: nfv_common is at info");
            tracing::info!("yes 3");
            tracing::info!(target: "hyper::client", "no: a foreign crate");
            tracing::warn!(target: "hyper::client", "yes 4");
        });
        let ends: Vec<&str> = written.iter().map(|line| &line[line.len() - 5..]).collect();
        assert_eq!(ends, ["yes 1", "yes 2", "yes 3", "yes 4"]);
    }
}

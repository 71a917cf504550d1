//! What supervisors see of the VIM: whether its parts live, and numbers.

use super::core_thread::Clock;
use crate::core::Vim;
use nfv_common::time::Mono;
use nfv_monitor::prometheus_client::encoding::text::encode;
use nfv_monitor::prometheus_client::metrics::counter::Counter;
use nfv_monitor::prometheus_client::metrics::family::Family;
use nfv_monitor::prometheus_client::metrics::gauge::Gauge;
use nfv_monitor::prometheus_client::metrics::histogram::Histogram;
use nfv_monitor::prometheus_client::registry::{Registry, Unit};
use nfv_monitor::{Health, PartState, Source};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The core turns twice a second; when it has not turned for this long it does not live.
const SILENCE: Duration = Duration::from_secs(30);
/// The tables are counted this often.
const CENSUS_EVERY: Duration = Duration::from_secs(5);
/// Upper bounds of the histograms, seconds.
const BOUNDS: [f64; 10] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.0, 10.0];

/// What an input of the core is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InputKind {
    Notification,
    Request,
    Answer,
    Turn,
    Signal,
}

impl InputKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Notification => "notification",
            Self::Request => "request",
            Self::Answer => "answer",
            Self::Turn => "turn",
            Self::Signal => "signal",
        }
    }
}

type Numbers = Family<[(&'static str, &'static str); 1], Gauge>;

/// The numbers, and when the parts were last seen alive.
#[derive(Debug)]
pub(super) struct Monitor {
    clock: Clock,
    registry: Mutex<Registry>,
    inputs: Family<[(&'static str, &'static str); 1], Counter>,
    turns: Histogram,
    commits: Histogram,
    hosts: Numbers,
    instances: Numbers,
    alarms: Gauge,
    calls: Gauge,
    waits: Gauge,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    turned: Mono,
    counted: Option<Mono>,
    commit_failed: Option<String>,
}

impl Monitor {
    pub(super) fn new(clock: Clock) -> Self {
        let mut registry = Registry::with_prefix("nfv_vim");
        let inputs = Family::default();
        let (turns, commits) = (Histogram::new(BOUNDS), Histogram::new(BOUNDS));
        let (hosts, instances) = (Numbers::default(), Numbers::default());
        let (alarms, calls, waits) = (Gauge::default(), Gauge::default(), Gauge::default());
        registry.register("inputs", "Inputs of the core, by what they are", inputs.clone());
        let turn_help = "Time the core took for the inputs that came together, commit included";
        registry.register_with_unit("turn_duration", turn_help, Unit::Seconds, turns.clone());
        let commit_help = "Time the database took to commit";
        registry.register_with_unit("commit_duration", commit_help, Unit::Seconds, commits.clone());
        registry.register("hosts", "Hosts, by state", hosts.clone());
        registry.register("instances", "Instances, by operational state", instances.clone());
        registry.register("alarms", "Alarms raised", alarms.clone());
        registry.register("calls", "Calls to the cloud that have not ended", calls.clone());
        registry.register("waits", "Tasks, actions and steps that wait", waits.clone());
        let seen = Seen { turned: clock.now().mono, counted: None, commit_failed: None };
        Self {
            clock,
            registry: Mutex::new(registry),
            inputs,
            turns,
            commits,
            hosts,
            instances,
            alarms,
            calls,
            waits,
            seen: Mutex::new(seen),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn input(&self, kind: InputKind) {
        self.inputs.get_or_create(&[("kind", kind.as_str())]).inc();
    }

    /// The core has handled what there was.
    pub(super) fn turned(&self, took: Duration, vim: &Vim) {
        self.turns.observe(took.as_secs_f64());
        let now = self.clock.now().mono;
        let mut seen = self.seen();
        seen.turned = now;
        if seen.counted.is_some_and(|when| now.since(when) < CENSUS_EVERY) {
            return;
        }
        seen.counted = Some(now);
        drop(seen);
        let census = vim.census();
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        for (family, counted) in [(&self.hosts, &census.hosts), (&self.instances, &census.instances)] {
            for (state, count) in counted {
                family.get_or_create(&[("state", *state)]).set(number(*count));
            }
        }
        self.alarms.set(number(census.alarms));
        self.calls.set(number(census.calls));
        self.waits.set(number(census.waits));
    }

    pub(super) fn committed(&self, took: Duration) {
        self.commits.observe(took.as_secs_f64());
        self.seen().commit_failed = None;
    }

    pub(super) fn commit_failed(&self, why: &str) {
        self.seen().commit_failed = Some(why.to_owned());
    }
}

impl Source for Monitor {
    fn health(&self) -> Pin<Box<dyn Future<Output = Health> + Send + '_>> {
        Box::pin(async {
            let seen = self.seen();
            let silent = self.clock.now().mono.since(seen.turned);
            let core = if silent < SILENCE {
                PartState::Ok
            } else {
                PartState::Failing(format!("it has not turned for {} s", silent.as_secs()))
            };
            let database = match &seen.commit_failed {
                None => PartState::Ok,
                Some(why) => PartState::Failing(format!("the last commit failed: {why}")),
            };
            Health::default().with("core", core).with("database", database)
        })
    }

    fn metrics(&self) -> String {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        // writing to memory cannot fail
        let _ = encode(&mut text, &registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_commit_that_fails_shows_until_one_succeeds() {
        let monitor = Monitor::new(Clock::start());
        assert!(monitor.health().await.is_ok());
        monitor.commit_failed("disk full");
        let health = monitor.health().await;
        assert!(!health.is_ok() && health.json().to_string().contains("disk full"));
        monitor.committed(Duration::from_millis(1));
        assert!(monitor.health().await.is_ok());
        monitor.input(InputKind::Answer);
        let text = monitor.metrics();
        for line in
            ["nfv_vim_inputs_total{kind=\"answer\"} 1", "nfv_vim_commit_duration_seconds_count 1", "# EOF"]
        {
            assert!(text.contains(line), "{text}");
        }
    }
}

//! What is counted. Labels have few values: methods, resources and types of messages that the contract names.

use nfv_monitor::prometheus_client::encoding::text::encode;
use nfv_monitor::prometheus_client::metrics::counter::Counter;
use nfv_monitor::prometheus_client::metrics::family::Family;
use nfv_monitor::prometheus_client::metrics::gauge::Gauge;
use nfv_monitor::prometheus_client::metrics::histogram::Histogram;
use nfv_monitor::prometheus_client::registry::{Registry, Unit};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

type Labels<const N: usize> = [(&'static str, &'static str); N];

/// Upper bounds of the histograms, seconds.
const BOUNDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0, 180.0];

fn seconds() -> Histogram {
    Histogram::new(BOUNDS)
}

/// The counts.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<Labels<3>, Counter>,
    durations: Family<Labels<2>, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
    questions: Family<Labels<2>, Counter>,
    waits: Family<Labels<1>, Histogram, fn() -> Histogram>,
    tokens: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("nfv_vim_api");
        let requests = Family::default();
        let durations = Family::new_with_constructor(seconds as fn() -> Histogram);
        let in_flight = Gauge::default();
        let questions = Family::default();
        let waits = Family::new_with_constructor(seconds as fn() -> Histogram);
        let tokens = Gauge::default();
        registry.register("requests", "Requests answered", requests.clone());
        registry.register_with_unit(
            "request_duration",
            "Time from a request's head to its answer",
            Unit::Seconds,
            durations.clone(),
        );
        registry.register("requests_in_flight", "Requests under way", in_flight.clone());
        registry.register("vim_requests", "Questions to the VIM", questions.clone());
        registry.register_with_unit(
            "vim_request_duration",
            "Time the VIM took to answer in full",
            Unit::Seconds,
            waits.clone(),
        );
        registry.register("cached_tokens", "Tokens remembered", tokens.clone());
        Self { registry: Mutex::new(registry), requests, durations, in_flight, questions, waits, tokens }
    }
}

/// A request under way.
#[derive(Debug)]
pub struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// A request begins.
    pub fn begin(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// A request was answered.
    pub fn answered(&self, method: &'static str, resource: &'static str, status: u16, took: Duration) {
        let class = match status {
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            _ => "5xx",
        };
        self.requests.get_or_create(&[("method", method), ("resource", resource), ("status", class)]).inc();
        self.durations
            .get_or_create(&[("method", method), ("resource", resource)])
            .observe(took.as_secs_f64());
    }

    /// A question to the VIM is over.
    pub fn question(&self, kind: &'static str, result: &'static str, took: Duration) {
        self.questions.get_or_create(&[("type", kind), ("result", result)]).inc();
        self.waits.get_or_create(&[("type", kind)]).observe(took.as_secs_f64());
    }

    /// The text for Prometheus.
    pub fn text(&self, tokens: usize) -> String {
        self.tokens.set(i64::try_from(tokens).unwrap_or(i64::MAX));
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        // writing to memory cannot fail
        let _ = encode(&mut text, &registry);
        text
    }
}

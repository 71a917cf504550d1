//! Health, part by part.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use serde_json::{Map, Value, json};

/// How a part of a process is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartState {
    /// It works.
    Ok,
    /// It has not been needed yet, so nothing is known; this is no fault.
    Idle,
    /// It does not, and why.
    Failing(String),
}

impl PartState {
    fn json(&self) -> Value {
        match self {
            Self::Ok => json!({"status": "ok"}),
            Self::Idle => json!({"status": "idle"}),
            Self::Failing(reason) => json!({"status": "failing", "reason": reason}),
        }
    }
}

/// The health of a process: the states of its parts, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health(Vec<(&'static str, PartState)>);

impl Health {
    /// The same with one part more.
    #[must_use]
    pub fn with(mut self, name: &'static str, state: PartState) -> Self {
        self.0.push((name, state));
        self
    }

    /// No part is failing.
    pub fn is_ok(&self) -> bool {
        self.0.iter().all(|(_, state)| !matches!(state, PartState::Failing(_)))
    }

    /// The body of the answer.
    pub fn json(&self) -> Value {
        let parts: Map<String, Value> =
            self.0.iter().map(|(name, state)| ((*name).to_owned(), state.json())).collect();
        json!({"status": if self.is_ok() { "ok" } else { "failing" }, "parts": parts})
    }
}

/// 200 or 503 with the parts as JSON.
pub fn health_answer(health: &Health) -> HttpResponse {
    let mut answer = if health.is_ok() { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer.insert_header((CACHE_CONTROL, "no-store")).content_type("application/json");
    answer.body(health.json().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failing_part_makes_the_whole_failing() {
        let good = Health::default().with("a", PartState::Ok).with("b", PartState::Idle);
        assert!(good.is_ok());
        assert_eq!(
            good.json(),
            json!({"status": "ok", "parts": {"a": {"status": "ok"}, "b": {"status": "idle"}}})
        );
        let bad = good.with("c", PartState::Failing("gone".to_owned()));
        assert_eq!(bad.json()["parts"]["c"], json!({"status": "failing", "reason": "gone"}));
        assert_eq!(health_answer(&bad).status(), 503);
    }
}

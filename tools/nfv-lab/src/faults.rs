//! Fault rules: which requests are delayed, broken or lost, for how long and how often.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::glob;

/// What a rule does to a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "kebab-case")]
pub enum Effect {
    /// Answered as usual, later.
    Slow {
        /// Seconds.
        delay: f64,
    },
    /// Not done, answered with this status.
    Fail {
        /// HTTP status.
        status: u16,
        /// JSON body; Nova's `computeFault` when absent.
        #[serde(default)]
        body: Option<Value>,
    },
    /// Not done, never answered; the connection stays open.
    Hang,
    /// Done, answered 200 with a body that is not what it should be.
    WrongBody {
        /// The body.
        #[serde(default = "not_json")]
        body: String,
    },
    /// Not done, answered 401.
    Unauthorized,
    /// Not done, the connection is cut without a byte.
    Cut,
    /// Done, the connection is cut without a byte.
    LostAnswer,
}

fn not_json() -> String {
    "<html>not what you expected".into()
}

impl Effect {
    /// The name in the journal.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Slow { .. } => "slow",
            Self::Fail { .. } => "fail",
            Self::Hang => "hang",
            Self::WrongBody { .. } => "wrong-body",
            Self::Unauthorized => "unauthorized",
            Self::Cut => "cut",
            Self::LostAnswer => "lost-answer",
        }
    }
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Number, given by the lab.
    #[serde(default)]
    pub id: u64,
    /// Service name; any when absent.
    #[serde(default)]
    pub service: Option<String>,
    /// Method; any when absent.
    #[serde(default)]
    pub method: Option<String>,
    /// Pattern for the path, with `*`; any when absent.
    #[serde(default)]
    pub path: Option<String>,
    /// A text that the body must hold; any when absent.
    #[serde(default)]
    pub body_contains: Option<String>,
    /// Seconds that the rule lives; for ever when absent.
    #[serde(default)]
    pub seconds: Option<f64>,
    /// How many requests it hits; all when absent.
    #[serde(default)]
    pub count: Option<u32>,
    /// Part of the requests that it hits, 0 to 1; all when absent.
    #[serde(default)]
    pub probability: Option<f64>,
    /// What it does.
    #[serde(flatten)]
    pub effect: Effect,
}

/// The rules in force, the oldest first.
#[derive(Debug)]
pub struct Faults {
    next: u64,
    random: fastrand::Rng,
    rules: Vec<(Rule, Option<Duration>)>,
}

impl Faults {
    /// No rules.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { next: 1, random: fastrand::Rng::with_seed(seed), rules: Vec::new() }
    }

    /// Adds a rule and returns its number.
    pub fn add(&mut self, mut rule: Rule, now: Duration) -> u64 {
        rule.id = self.next;
        self.next += 1;
        let end = rule
            .seconds
            .map(|seconds| now + Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX / 2));
        self.rules.push((rule, end));
        self.next - 1
    }

    /// The rules that are still in force.
    pub fn list(&mut self, now: Duration) -> Vec<Rule> {
        self.rules.retain(|(rule, end)| end.is_none_or(|end| end > now) && rule.count != Some(0));
        self.rules.iter().map(|(rule, _)| rule.clone()).collect()
    }

    /// Removes one rule, or all of a service, or all.
    pub fn clear(&mut self, id: Option<u64>, service: Option<&str>) {
        self.rules.retain(|(rule, _)| {
            let hit = id.is_none_or(|id| rule.id == id)
                && service.is_none_or(|service| rule.service.as_deref() == Some(service));
            !hit
        });
    }

    /// What happens to a request: the first rule that fits counts it.
    pub fn hit(
        &mut self,
        service: &str,
        method: &str,
        path: &str,
        body: &[u8],
        now: Duration,
    ) -> Option<Effect> {
        for (rule, end) in &mut self.rules {
            let fits = end.is_none_or(|end| end > now)
                && rule.count != Some(0)
                && rule.service.as_deref().is_none_or(|wanted| wanted == service)
                && rule.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
                && rule.path.as_deref().is_none_or(|pattern| glob::matches(pattern, path))
                && rule.body_contains.as_deref().is_none_or(|text| contains(body, text.as_bytes()))
                && rule.probability.is_none_or(|part| self.random.f64() < part);
            if fits {
                if let Some(count) = &mut rule.count {
                    *count -= 1;
                }
                return Some(rule.effect.clone());
            }
        }
        None
    }
}

fn contains(body: &[u8], text: &[u8]) -> bool {
    text.is_empty() || body.windows(text.len()).any(|window| window == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rule(value: Value) -> Rule {
        serde_json::from_value(value).expect("a rule")
    }

    #[test]
    fn a_rule_fits_by_service_method_path_and_body() {
        let mut faults = Faults::new(1);
        faults.add(
            rule(
                json!({"service": "nova", "method": "POST", "path": "*/action", "body_contains": "evacuate",
                "effect": "fail", "status": 500}),
            ),
            Duration::ZERO,
        );
        let hit = |faults: &mut Faults, service: &str, method: &str, path: &str, body: &str| {
            faults.hit(service, method, path, body.as_bytes(), Duration::ZERO).is_some()
        };
        assert!(hit(&mut faults, "nova", "POST", "/v2.1/t/servers/x/action", "{\"evacuate\":{}}"));
        assert!(!hit(&mut faults, "nova", "POST", "/v2.1/t/servers/x/action", "{\"reboot\":{}}"));
        assert!(!hit(&mut faults, "nova", "GET", "/v2.1/t/servers/x/action", "evacuate"));
        assert!(!hit(&mut faults, "glance", "POST", "/x/action", "evacuate"));
    }

    #[test]
    fn a_rule_ends_by_count_and_by_time() {
        let mut faults = Faults::new(1);
        faults.add(rule(json!({"effect": "hang", "count": 2})), Duration::ZERO);
        faults.add(rule(json!({"effect": "slow", "delay": 1.0, "seconds": 10.0})), Duration::ZERO);
        let mut hit = |seconds: u64| {
            faults.hit("nova", "GET", "/", b"", Duration::from_secs(seconds)).map(|effect| effect.name())
        };
        assert_eq!([hit(1), hit(1)], [Some("hang"); 2]);
        assert_eq!(hit(9), Some("slow"));
        assert_eq!(hit(10), None);
        assert!(faults.list(Duration::from_secs(10)).is_empty());
    }
}

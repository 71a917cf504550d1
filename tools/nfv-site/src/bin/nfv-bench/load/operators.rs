//! Operators: one who locks and unlocks hosts, and has all hosts patched again and again.

use super::caller::{Caller, Question};
use super::weather::Part;
use nfv_site::{Cloud, Host};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const STRATEGY: &str = "/api/orchestration/sw-patch/strategy";
const ACTIONS: &str = "/api/orchestration/sw-patch/strategy/actions";
/// What answers about strategies depend on.
const API: &[Part] = &[Part::Api, Part::Keystone];
/// Longest that an operator waits for a host.
const HOST_PATIENCE: Duration = Duration::from_secs(180);
/// Longest that an operator waits for a strategy.
const STRATEGY_PATIENCE: Duration = Duration::from_secs(1800);
/// How often an operator looks.
const LOOK: Duration = Duration::from_secs(1);
/// Locks between two strategies.
const LOCKS: usize = 5;

/// What operators did, by what it was and how it came; and what is being done.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<Pages>>);

/// How often something came so.
type Counts = BTreeMap<(String, String), u32>;

#[derive(Debug, Default)]
struct Pages {
    done: Counts,
    doing: String,
}

impl Ledger {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, what: &str, how: &str) {
        *self.pages().done.entry((what.to_owned(), how.to_owned())).or_default() += 1;
    }

    fn doing(&self, what: String) {
        self.pages().doing = what;
    }

    /// What is being done.
    pub fn now(&self) -> String {
        self.pages().doing.clone()
    }

    /// All that was done.
    pub fn all(&self) -> Counts {
        self.pages().done.clone()
    }
}

/// Whether there is a strategy, and how it is.
enum State {
    Gone,
    Is(String),
}

/// An operator.
#[derive(Debug)]
pub struct Operator {
    caller: Caller,
    cloud: Cloud,
    ledger: Ledger,
    random: fastrand::Rng,
    patches: u32,
    /// Workers patched at the same time.
    parallel: u32,
}

impl Operator {
    /// One who begins with the first patch.
    pub fn new(caller: Caller, cloud: Cloud, ledger: Ledger, random: fastrand::Rng, parallel: u32) -> Self {
        Self { caller, cloud, ledger, random, patches: 0, parallel }
    }

    /// Works until the load is over; then ends what is under way.
    pub async fn work(mut self) {
        while !self.caller.context().is_over() {
            for _ in 0..LOCKS {
                if let Err(error) = self.lock_and_unlock().await {
                    self.ledger.add("lock", &format!("{error:#}"));
                }
                if !self.caller.context().pause(LOOK).await {
                    break;
                }
            }
            if let Err(error) = self.patch().await {
                self.ledger.add("strategy", &format!("{error:#}"));
            }
        }
        self.ledger.doing(String::new());
    }

    async fn host(&self, name: &str) -> anyhow::Result<Host> {
        let hosts = self.cloud.hosts().await?;
        hosts.into_iter().find(|host| host.name == name).ok_or_else(|| anyhow::anyhow!("{name} is gone"))
    }

    /// Waits until the host is so; false when it takes too long.
    async fn until(&self, name: &str, fit: impl Fn(&Host) -> bool) -> anyhow::Result<bool> {
        let begun = Instant::now();
        while begun.elapsed() < HOST_PATIENCE {
            if fit(&self.host(name).await?) {
                return Ok(true);
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(false)
    }

    async fn lock_and_unlock(&mut self) -> anyhow::Result<()> {
        let hosts = self.cloud.hosts().await?;
        let well: Vec<_> =
            hosts.iter().filter(|host| host.compute.is_some() && is_in_service(host)).collect();
        let Some(host) = self.random.choice(well).map(|host| host.name.clone()) else { return Ok(()) };
        self.ledger.doing(format!("locks {host}"));
        self.cloud.act(&json!({"do": "host-lock", "host": host})).await?;
        // the VIM agrees, refuses (the action is gone), or the host dies meanwhile
        let over = |host: &Host| host.administrative == "locked" || host.action.is_empty();
        let in_time = self.until(&host, over).await?;
        let locked = self.host(&host).await?.administrative == "locked";
        self.ledger.add(
            "lock",
            if locked {
                "locked"
            } else if in_time {
                "not locked"
            } else {
                "took too long"
            },
        );
        if locked {
            self.ledger.doing(format!("unlocks {host}"));
            self.caller.context().pause(LOOK * 3).await;
            unlock(&self.cloud, &host).await?;
            let back = self.until(&host, is_in_service).await?;
            self.ledger.add("unlock", if back { "in service" } else { "took too long" });
        }
        Ok(())
    }

    /// The strategy as it is; none while there is no answer.
    async fn look(&mut self) -> Option<Value> {
        let question =
            Question { kind: "api: strategy", parts: API, method: "GET", path: STRATEGY, body: None };
        let right = |status: u16, body: &Value| status == 200 && body.get("strategy").is_some();
        self.caller.ask(&question, right).await.map(|(_, body)| body["strategy"].clone())
    }

    async fn order(&mut self, method: &str, path: &str, body: Option<&Value>) -> Option<(u16, Value)> {
        let question = Question { kind: "api: orders", parts: API, method, path, body };
        // a strategy that is there already, or gone already, after an answer that was lost
        self.caller.ask(&question, |status, _| matches!(status, 200 | 202 | 204 | 404 | 409)).await
    }

    /// The strategy's state; none while there is no answer.
    async fn state(&mut self) -> Option<State> {
        let strategy = self.look().await?;
        let Some(state) = strategy["state"].as_str() else { return Some(State::Gone) };
        let percent = strategy["current-phase-completion-percentage"].as_u64().unwrap_or(0);
        self.ledger.doing(format!("patch {}: {state} {percent} %", self.patches));
        Some(State::Is(state.to_owned()))
    }

    /// Waits until the strategy is built, or is not going to be.
    async fn built(&mut self) -> String {
        let begun = Instant::now();
        while begun.elapsed() < STRATEGY_PATIENCE {
            match self.state().await {
                Some(State::Is(state)) if !matches!(state.as_str(), "initial" | "building") => return state,
                Some(State::Gone) => return "gone".to_owned(),
                Some(State::Is(_)) | None => tokio::time::sleep(LOOK).await,
            }
        }
        "took too long".to_owned()
    }

    /// Has the strategy applied, and aborted once the load is over. An order that met a fault is given again.
    async fn applied(&mut self) -> String {
        let begun = Instant::now();
        let mut told_to_abort = false;
        while begun.elapsed() < STRATEGY_PATIENCE {
            let over = self.caller.context().is_over();
            match self.state().await {
                Some(State::Gone) => return "gone".to_owned(),
                Some(State::Is(state)) => match state.as_str() {
                    "ready-to-apply" if over => return "not applied".to_owned(),
                    "ready-to-apply" => {
                        self.order("POST", ACTIONS, Some(&json!({"action": "apply-all"}))).await;
                    }
                    "applying" if over && !told_to_abort => {
                        told_to_abort =
                            self.order("POST", ACTIONS, Some(&json!({"action": "abort"}))).await.is_some();
                    }
                    "applying" | "aborting" => {}
                    _ => return state,
                },
                None => {}
            }
            tokio::time::sleep(LOOK).await;
        }
        "took too long".to_owned()
    }

    /// A new patch, and a strategy for it: built, applied, deleted. Every second one needs hosts to be locked; every other
    /// two have a maintenance window.
    async fn patch(&mut self) -> anyhow::Result<()> {
        if self.caller.context().is_over() {
            return Ok(());
        }
        self.patches += 1;
        let reboot = self.patches.is_multiple_of(2);
        let name = format!("LOAD_{:04}", self.patches);
        self.cloud.act(&json!({"do": "patch-apply", "patch": name, "reboot_required": reboot})).await?;
        let window = matches!(self.patches % 4, 1 | 2);
        let what = match (reboot, window) {
            (false, true) => "strategy in a window",
            (true, true) => "strategy with locks in a window",
            (false, false) => "strategy",
            (true, false) => "strategy with locks",
        };
        self.caller.context().weather.set_maintenance(window);
        let patched = self.build_and_apply(what).await;
        self.caller.context().weather.set_maintenance(false);
        // while a strategy is there, what it locked is its own
        patched?;
        self.put_right().await
    }

    /// A strategy that failed leaves hosts locked, and no other can be built before somebody unlocks them.
    async fn put_right(&mut self) -> anyhow::Result<()> {
        let hosts = self.cloud.hosts().await?;
        let left = hosts.into_iter().filter(|host| host.administrative == "locked" && host.action.is_empty());
        let left: Vec<_> = left.map(|host| host.name).collect();
        for host in &left {
            self.ledger.doing(format!("unlocks {host}, which a strategy left locked"));
            unlock(&self.cloud, host).await?;
        }
        for host in &left {
            let back = self.until(host, is_in_service).await?;
            self.ledger.add("unlock after a strategy", if back { "in service" } else { "took too long" });
        }
        Ok(())
    }

    async fn build_and_apply(&mut self, what: &str) -> anyhow::Result<()> {
        let terms = json!({
            "controller-apply-type": "serial", "storage-apply-type": "ignore", "swift-apply-type": "ignore",
            "worker-apply-type": "parallel", "max-parallel-worker-hosts": self.parallel,
            "default-instance-action": "migrate", "alarm-restrictions": "relaxed",
        });
        // hosts that are just dead or locked are no reason to give up
        while !self.caller.context().is_over() {
            self.order("POST", STRATEGY, Some(&terms)).await;
            let built = self.built().await;
            if built == "ready-to-apply" {
                let ended = self.applied().await;
                self.ledger.add(what, &ended);
                return self.delete().await;
            }
            self.ledger.add("strategy not built", &built);
            self.delete().await?;
            if !self.caller.context().pause(LOOK * 5).await {
                break;
            }
        }
        Ok(())
    }

    async fn delete(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < HOST_PATIENCE {
            self.order("DELETE", STRATEGY, Some(&json!({"force": false}))).await;
            if self.look().await.is_some_and(|strategy| strategy.is_null()) {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
        anyhow::bail!("the strategy cannot be deleted")
    }
}

/// Unlocks a host as soon as it can be.
pub async fn unlock(cloud: &Cloud, host: &str) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        match cloud.act(&json!({"do": "host-unlock", "host": host})).await {
            Ok(()) => return Ok(()),
            Err(error) if begun.elapsed() > HOST_PATIENCE => return Err(error),
            Err(_) => tokio::time::sleep(LOOK).await,
        }
    }
}

/// The host works, and the VIM has taken note of it.
pub fn is_in_service(host: &Host) -> bool {
    (host.administrative.as_str(), host.operational.as_str(), host.availability.as_str())
        == ("unlocked", "enabled", "available")
        && host.vim_progress == "services-enabled"
        && host.action.is_empty()
}

//! Plays a scenario and judges its expectations.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::Scenario;
use super::command::perform;
use super::expect::Verdict;
use crate::lab::Shared;

/// How often expectations are looked at.
const LOOK: Duration = Duration::from_millis(100);

/// State of an expectation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Not yet settled.
    Open,
    /// Met in time.
    Met,
    /// Not met in time.
    Missed,
}

/// One line of the report.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// Name of the expectation.
    pub name: String,
    /// How it stands.
    pub standing: Standing,
    /// Seconds since the scenario's start when it was settled.
    pub at: Option<f64>,
    /// What was found instead.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub found: String,
}

/// What was done when.
#[derive(Debug, Clone, Serialize)]
pub struct Done {
    /// Seconds since the scenario's start.
    pub at: f64,
    /// The deed.
    pub deed: serde_json::Value,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The report of a scenario.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Name of the scenario.
    pub scenario: String,
    /// Seconds between the lab's and the scenario's start.
    pub started: f64,
    /// Everything is settled.
    pub finished: bool,
    /// Finished, every deed was possible, every expectation met.
    pub ok: bool,
    /// Deeds so far.
    pub events: Vec<Done>,
    /// Expectations.
    pub expectations: Vec<Line>,
}

/// A scenario that is played.
#[derive(Debug)]
pub struct Play {
    report: Mutex<Report>,
}

impl Play {
    /// The report as it stands.
    #[must_use]
    pub fn report(&self) -> Report {
        self.report.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, work: impl FnOnce(&mut Report)) {
        work(&mut self.report.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Starts to play; refused while another scenario is played.
///
/// # Errors
/// A scenario is under way.
pub fn start(shared: &Arc<Shared>, scenario: Scenario) -> Result<Arc<Play>, String> {
    let mut current = shared.play.lock().unwrap_or_else(PoisonError::into_inner);
    if current.as_ref().is_some_and(|play| !play.report().finished) {
        return Err("a scenario is being played".into());
    }
    let expectations = scenario
        .expectations
        .iter()
        .map(|expectation| Line {
            name: expectation
                .name
                .clone()
                .unwrap_or_else(|| serde_json::to_string(&expectation.that).unwrap_or_default()),
            standing: Standing::Open,
            at: None,
            found: String::new(),
        })
        .collect();
    let report = Report {
        scenario: scenario.name.clone(),
        started: shared.elapsed().as_secs_f64(),
        finished: false,
        ok: false,
        events: Vec::new(),
        expectations,
    };
    let play = Arc::new(Play { report: Mutex::new(report) });
    *current = Some(Arc::clone(&play));
    tokio::spawn(run(Arc::clone(shared), Arc::clone(&play), scenario));
    Ok(play)
}

async fn run(shared: Arc<Shared>, play: Arc<Play>, scenario: Scenario) {
    let start = play.report().started;
    let mut events = scenario.events.clone();
    events.sort_by(|one, other| one.at.total_cmp(&other.at));
    let mut events = events.into_iter().peekable();
    loop {
        let now = shared.elapsed().as_secs_f64() - start;
        while let Some(event) = events.next_if(|event| event.at <= now) {
            let deed = serde_json::to_value(&event.command).unwrap_or_default();
            let error = perform(&shared, event.command).err();
            play.change(|report| report.events.push(Done { at: now, deed, error }));
        }
        let open = judge(&shared, &play, &scenario, now);
        if !open && events.peek().is_none() {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    play.change(|report| {
        report.finished = true;
        report.ok = report.events.iter().all(|event| event.error.is_none())
            && report.expectations.iter().all(|line| line.standing == Standing::Met);
    });
}

/// Settles what can be settled; true while anything is open.
fn judge(shared: &Shared, play: &Play, scenario: &Scenario, now: f64) -> bool {
    let start = play.report().started;
    let lines = play.report().expectations;
    let mut open = false;
    for (index, (expectation, line)) in scenario.expectations.iter().zip(&lines).enumerate() {
        if line.standing != Standing::Open {
            continue;
        }
        let over = now >= expectation.by;
        if now < expectation.from || (expectation.that.is_final() && !over) {
            open = true;
            continue;
        }
        let verdict = shared
            .with_cloud(|cloud| expectation.that.judge(cloud, &shared.journal, start + expectation.from));
        let (standing, found) = match verdict {
            Verdict::Met => (Standing::Met, String::new()),
            Verdict::Not(found) if over => (Standing::Missed, found),
            Verdict::Not(found) => (Standing::Open, found),
        };
        open |= standing == Standing::Open;
        play.change(|report| {
            let line = &mut report.expectations[index];
            line.standing = standing;
            line.found = found;
            line.at = (standing != Standing::Open).then_some(now);
        });
    }
    open
}

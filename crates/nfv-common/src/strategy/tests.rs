//! The engine with steps of its own: what the recorded strategies do not reach.

use super::policy::RetryOn;
use super::stored::StoredStrategy;
use super::*;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// A step that does as it is told.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    name: String,
    secs: u64,
    retry: Retry,
    abort: AbortClass,
    resume: ResumeRule,
    undo: bool,
}

impl Told {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            secs: 60,
            retry: Retry::ONCE,
            abort: AbortClass::AfterStep,
            resume: ResumeRule::Observe,
            undo: false,
        }
    }
}

impl StepKind for Told {
    fn name(&self) -> &str {
        &self.name
    }

    fn policy(&self) -> StepPolicy {
        StepPolicy {
            deadline: Duration::from_secs(self.secs),
            retry: self.retry,
            abort: self.abort,
            resume: self.resume.clone(),
            alarms: AlarmRule::NotLooked,
            completion: Completion::Answer,
        }
    }

    fn undo(&self) -> Option<Self> {
        self.undo.then(|| Self::new(&format!("undo {}", self.name)))
    }

    fn entries(&self) -> Map<String, Value> {
        Map::new()
    }

    fn from_entries(name: &str, _: Map<String, Value>) -> Result<Self, String> {
        Ok(Self::new(name))
    }
}

/// What happened, and how steps begin: those named here at once as said, the others wait.
#[derive(Default)]
struct Stage1 {
    now: u64,
    at_once: Vec<(&'static str, Progress)>,
    happened: Vec<String>,
    plan: Vec<Stage<Told>>,
    refused: Option<String>,
}

impl Driver<Told> for Stage1 {
    fn now(&self) -> Mono {
        Mono::at(Duration::from_secs(self.now))
    }

    fn date_time(&self) -> String {
        format!("at {}", self.now)
    }

    fn begin(&mut self, step: &mut Told, place: Place) -> Progress {
        self.happened.push(format!("begin {} {}", step.name, place.attempt));
        let found = self.at_once.iter().position(|(name, _)| *name == step.name);
        found.map_or(Progress::Wait, |at| self.at_once.remove(at).1)
    }

    fn requery(&mut self, step: &mut Told, _: Place) -> Progress {
        self.happened.push(format!("requery {}", step.name));
        Progress::Wait
    }

    fn plan(&mut self) -> Plan<Told> {
        Plan { stages: std::mem::take(&mut self.plan), refused: self.refused.take() }
    }

    fn applied(&mut self, result: Result<(), String>) {
        self.happened.push(format!("applied {result:?}"));
    }

    fn aborted(&mut self, result: Result<(), String>) {
        self.happened.push(format!("aborted {result:?}"));
    }
}

impl Stage1 {
    fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.happened)
    }

    fn advance(&mut self, strategy: &mut Strategy<Told>, secs: u64) {
        self.now += secs;
        while let Some((phase, kind)) = strategy.due(self.now()) {
            strategy.fire(phase, kind, self);
        }
    }
}

fn stages(steps: &[Told]) -> Vec<Stage<Told>> {
    vec![Stage::new("stage", steps.iter().cloned())]
}

/// A strategy whose apply phase with one stage of these steps has begun.
fn applying(steps: &[Told]) -> (Strategy<Told>, Stage1) {
    let mut driver =
        Stage1 { at_once: vec![("query", Progress::success())], plan: stages(steps), ..Stage1::default() };
    let mut strategy = Strategy::new("u".into(), "n".into());
    strategy.start_build(vec![Stage::new("build", [Told::new("query")])], &mut driver);
    assert_eq!(strategy.state, StrategyState::ReadyToApply);
    driver.take();
    strategy.request_apply(None, &mut driver).unwrap();
    (strategy, driver)
}

fn done(strategy: &mut Strategy<Told>, driver: &mut Stage1, progress: Progress) {
    let (place, _) = strategy.waiting_step().unwrap();
    strategy.progressed(place, progress, driver);
}

#[test]
fn a_failed_step_with_attempts_left_is_begun_again_after_its_pause() {
    let retry = Retry { attempts: 3, pause: Duration::from_secs(90), on: RetryOn::Failure };
    let (mut strategy, mut driver) = applying(&[Told { retry, ..Told::new("lock") }]);
    for attempt in 1..=2 {
        assert_eq!(driver.take(), [format!("begin lock {attempt}")]);
        done(&mut strategy, &mut driver, Progress::failed("refused"));
        assert_eq!(strategy.state, StrategyState::Applying);
        driver.advance(&mut strategy, 90);
        assert_eq!(driver.take(), Vec::<String>::new(), "the pause is 90 whole seconds");
        driver.advance(&mut strategy, 1);
    }
    assert_eq!(driver.take(), ["begin lock 3"]);
    done(&mut strategy, &mut driver, Progress::failed("refused"));
    assert_eq!(driver.take(), ["applied Err(\"refused\")", "aborted Ok(())"]);
    assert_eq!(strategy.state, StrategyState::Aborted);
}

#[test]
fn a_time_limit_is_tried_again_only_where_the_rule_says_so() {
    for (on, again) in [(RetryOn::Failure, false), (RetryOn::FailureOrTimeout, true)] {
        let retry = Retry { attempts: 2, pause: Duration::from_secs(5), on };
        let (mut strategy, mut driver) = applying(&[Told { retry, ..Told::new("lock") }]);
        driver.take();
        driver.advance(&mut strategy, 61);
        driver.advance(&mut strategy, 6);
        if again {
            assert_eq!(driver.take(), ["begin lock 2"]);
        } else {
            let why = "applied Err(\"lock timed out after 60 seconds\")";
            assert_eq!(driver.take(), [why, "aborted Ok(())"]);
        }
    }
}

#[test]
fn an_abort_during_the_pause_before_the_next_attempt_ends_there() {
    let retry = Retry { attempts: 2, pause: Duration::from_secs(90), on: RetryOn::Failure };
    let (mut strategy, mut driver) = applying(&[Told { retry, undo: true, ..Told::new("lock") }]);
    done(&mut strategy, &mut driver, Progress::failed("refused"));
    driver.take();
    strategy.request_abort(None, &mut driver).unwrap();
    driver.advance(&mut strategy, 91);
    assert_eq!(driver.take(), ["begin undo lock 1"]);
    done(&mut strategy, &mut driver, Progress::success());
    assert_eq!((strategy.state, driver.take()), (StrategyState::Aborted, vec!["aborted Ok(())".to_owned()]));
}

#[test]
fn each_abort_class() {
    let with = |abort| applying(&[Told { abort, undo: true, ..Told::new("step") }]);

    let (mut strategy, mut driver) = with(AbortClass::AfterStep);
    driver.take();
    strategy.request_abort(None, &mut driver).unwrap();
    strategy.request_abort(None, &mut driver).unwrap();
    assert_eq!((strategy.state, driver.take()), (StrategyState::Aborting, vec![]), "it goes on to its end");
    done(&mut strategy, &mut driver, Progress::success());
    assert_eq!(driver.take(), ["begin undo step 1"]);

    let (mut strategy, mut driver) = with(AbortClass::AtOnce);
    driver.take();
    strategy.request_abort(None, &mut driver).unwrap();
    assert_eq!(driver.take(), ["begin undo step 1"]);
    assert_eq!(strategy.apply.stages[0].steps[0].result, Outcome::Aborted);

    let (mut strategy, mut driver) = with(AbortClass::Refused);
    driver.take();
    let refused = strategy.request_abort(None, &mut driver).unwrap_err();
    assert_eq!(refused, "abort is refused while step step runs");
    assert_eq!((strategy.state, driver.take()), (StrategyState::Applying, vec![]));
}

#[test]
fn an_answer_for_another_attempt_or_step_changes_nothing() {
    let (mut strategy, mut driver) = applying(&[Told::new("one"), Told::new("two")]);
    let (first, _) = strategy.waiting_step().unwrap();
    done(&mut strategy, &mut driver, Progress::success());
    driver.take();
    strategy.progressed(first, Progress::failed("late"), &mut driver);
    strategy.progressed(Place { attempt: 9, ..first }, Progress::failed("late"), &mut driver);
    assert!(driver.take().is_empty());
    assert_eq!(strategy.waiting_step().unwrap().1.kind.name, "two");
}

/// The strategy as a new process has it.
fn reloaded(strategy: &Strategy<Told>, driver: &Stage1) -> Strategy<Told> {
    let stored = serde_json::to_value(strategy.to_stored(Map::new())).unwrap();
    let stored: StoredStrategy = serde_json::from_value(stored).unwrap();
    let (mut new, rest) = Strategy::from_stored(stored).unwrap();
    assert!(rest.is_empty());
    new.restored(driver);
    new
}

#[test]
fn each_resume_rule() {
    for (rule, expected) in [
        (ResumeRule::Observe, vec![]),
        (ResumeRule::Reissue, vec!["begin step 1"]),
        (ResumeRule::Requery, vec!["requery step"]),
        (ResumeRule::Fail("lost"), vec!["applied Err(\"lost\")", "aborted Ok(())"]),
    ] {
        let (strategy, mut driver) = applying(&[Told::new("step")]);
        let mut new = reloaded(&strategy, &driver);
        new.for_each_step(|step| step.kind.resume = rule.clone());
        driver.take();
        assert_eq!(new.next_deadline(), Some(driver.now() + Duration::from_secs(61)), "its full time");
        new.resume(&mut driver);
        assert_eq!(driver.take(), expected, "{rule:?}");
    }
}

#[test]
fn a_strategy_stored_between_two_steps_goes_on_when_it_is_resumed() {
    let (mut strategy, mut driver) = applying(&[Told::new("one"), Told::new("two"), Told::new("three")]);
    done(&mut strategy, &mut driver, Progress::success());
    // as the original may have stored it: the second step is over, the third not begun
    strategy.apply.stages[0].steps[1].result = Outcome::Success;
    let mut new = reloaded(&strategy, &driver);
    driver.take();
    assert!(new.waiting_step().is_none());
    new.resume(&mut driver);
    assert_eq!(driver.take(), ["begin three 1"]);
    // the same with the last step over
    strategy.apply.stages[0].steps.truncate(2);
    let mut new = reloaded(&strategy, &driver);
    new.resume(&mut driver);
    assert_eq!(driver.take(), ["applied Ok(())"]);
}

#[test]
fn an_apply_of_which_nothing_was_begun_can_be_asked_for_again() {
    let (mut strategy, mut driver) = applying(&[Told::new("one")]);
    strategy.apply.stages[0].steps[0].result = Outcome::Initial;
    let mut new = reloaded(&strategy, &driver);
    assert_eq!((new.state, new.current_phase), (StrategyState::ReadyToApply, PhaseName::Build));
    assert_eq!(new.request_apply(None, &mut driver), Ok(()));
}

#[test]
fn stage_and_phase_timers_end_what_no_step_timer_ends() {
    for kind in [WatchKind::Phase, WatchKind::Stage, WatchKind::PhaseStage] {
        let (mut strategy, mut driver) = applying(&[Told { undo: true, ..Told::new("one") }]);
        driver.take();
        strategy.fire(PhaseName::Apply, kind, &mut driver);
        assert_eq!(strategy.apply.result, Outcome::TimedOut, "{kind:?}");
        assert_eq!(strategy.current_phase, PhaseName::Abort, "{kind:?}");
        assert!(driver.take().contains(&"begin undo one 1".to_owned()), "{kind:?}");
    }
}

#[test]
fn percentages_count_the_steps_that_are_over() {
    let (mut strategy, mut driver) = applying(&[Told::new("one"), Told::new("two"), Told::new("three")]);
    assert_eq!(strategy.completion_percentage(), 0);
    done(&mut strategy, &mut driver, Progress::success());
    assert_eq!((strategy.completion_percentage(), strategy.build.completion_percentage()), (33, 100));
}

#[test]
fn a_stored_form_that_cannot_be_understood_is_refused_by_name() {
    let (strategy, _) = applying(&[Told::new("one")]);
    let good = serde_json::to_value(strategy.to_stored(Map::new())).unwrap();
    let read = |change: &dyn Fn(&mut Value)| {
        let mut value = good.clone();
        change(&mut value);
        let stored: Result<StoredStrategy, _> = serde_json::from_value(value);
        stored
            .map_err(|error| error.to_string())
            .and_then(|stored| Strategy::<Told>::from_stored(stored).map(|_| ()))
    };
    assert_eq!(read(&|_| {}), Ok(()));
    let refusal = read(&|value| value["state"] = json!("dreaming")).unwrap_err();
    assert!(refusal.contains("dreaming"), "{refusal}");
    let refusal = read(&|value| value["apply_phase"]["current_stage"] = json!(9)).unwrap_err();
    assert_eq!(refusal, "apply phase: stage 9 of 1");
    let refusal = read(&|value| value["apply_phase"]["stages"][0]["current_step"] = json!(7)).unwrap_err();
    assert_eq!(refusal, "apply phase, stage 0, step 7 of 1");
    // keys that later releases added may be missing
    let old = read(&|value| {
        let step = value["apply_phase"]["stages"][0]["steps"][0].as_object_mut().unwrap();
        step.retain(|key, _| key == "name" || key == "result");
    });
    assert_eq!(old, Ok(()));
}

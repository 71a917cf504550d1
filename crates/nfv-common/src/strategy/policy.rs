//! What every step declares about itself, so that no step can be written without it (lessons 34 to 48).

use std::time::Duration;

/// All that a step declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepPolicy {
    /// How long it may take. Zero: no limit.
    pub deadline: Duration,
    /// What happens when it fails.
    pub retry: Retry,
    /// What an abort does to it.
    pub abort: AbortClass,
    /// How it goes on after a restart.
    pub resume: ResumeRule,
    /// Which alarms it looks at.
    pub alarms: AlarmRule,
    /// By what it is known to be done.
    pub completion: Completion,
}

/// How often a failed step is begun anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Attempts in all; 1 is none but the first. Persisted as `max_retries`.
    pub attempts: u32,
    /// Between two attempts.
    pub pause: Duration,
    /// Which ends are tried again.
    pub on: RetryOn,
}

impl Retry {
    /// The contract's default: one attempt.
    pub const ONCE: Retry = Retry { attempts: 1, pause: Duration::ZERO, on: RetryOn::Failure };
}

/// Which ends of a step are tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryOn {
    /// It failed.
    Failure,
    /// It failed or took too long.
    FailureOrTimeout,
}

/// What an abort does to the step that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AbortClass {
    /// It ends there and then; nothing of it goes on outside.
    AtOnce,
    /// It goes on to its own end, then the abort phase begins.
    AfterStep,
    /// It must not be aborted; the request is refused.
    Refused,
}

impl AbortClass {
    /// As shown to operators.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AtOnce => "at once",
            Self::AfterStep => "after the step",
            Self::Refused => "refused",
        }
    }
}

/// How a waiting step goes on after a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResumeRule {
    /// It is begun again: doing it twice does no harm.
    Reissue,
    /// The cloud is asked how it stands; what was not taken is asked for again.
    Requery,
    /// It only watches, and goes on watching.
    Observe,
    /// It cannot go on.
    Fail(&'static str),
}

/// Which alarms a step looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlarmRule {
    /// None.
    NotLooked,
    /// All but these ids and those that the strategy's restriction leaves out.
    AllBut(Vec<String>),
}

/// By what a step is known to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completion {
    /// The answer to its question.
    Answer,
    /// The states of its hosts.
    HostStates,
    /// The states of its instances.
    InstanceStates,
    /// What a service says when asked again and again.
    RepeatedQuery,
    /// Time that passed.
    Elapsed,
}

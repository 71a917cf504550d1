//! Results, how they fold from step to strategy, and the names of states. Contract: strategies 1.1, 1.3.

use crate::text_enum::text_enum;

text_enum! {
    /// Result of a step, stage, phase or strategy.
    Outcome ("strategy result") {
        Initial = "initial",
        InProgress = "inprogress",
        Wait = "wait",
        Success = "success",
        Degraded = "degraded",
        Failed = "failed",
        TimedOut = "timed-out",
        Aborted = "aborted",
    }
}

text_enum! {
    /// Where a strategy is.
    StrategyState ("strategy state") {
        Initial = "initial",
        Building = "building",
        BuildFailed = "build-failed",
        BuildTimeout = "build-timeout",
        ReadyToApply = "ready-to-apply",
        Applying = "applying",
        ApplyFailed = "apply-failed",
        ApplyTimeout = "apply-timeout",
        Applied = "applied",
        Aborting = "aborting",
        AbortFailed = "abort-failed",
        AbortTimeout = "abort-timeout",
        Aborted = "aborted",
    }
}

text_enum! {
    /// The phase a strategy is in.
    PhaseName ("strategy phase") {
        Initial = "initial",
        Build = "build",
        Apply = "apply",
        Abort = "abort",
    }
}

text_enum! {
    /// How many hosts of a kind at once.
    ApplyType ("apply type") {
        Serial = "serial",
        Parallel = "parallel",
        Ignore = "ignore",
    }
}

text_enum! {
    /// Which alarms count.
    AlarmRestriction ("alarm restriction") {
        Strict = "strict",
        Relaxed = "relaxed",
    }
}

text_enum! {
    /// What happens to the instances of a host.
    InstanceAction ("instance action") {
        Migrate = "migrate",
        StopStart = "stop-start",
    }
}

/// How a step stands after it was begun or heard something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It goes on waiting.
    Wait,
    /// It is over, with the reason.
    Done(Outcome, String),
}

impl Progress {
    /// Over, as wanted.
    pub const fn success() -> Self {
        Self::Done(Outcome::Success, String::new())
    }

    /// Over, not as wanted.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::Done(Outcome::Failed, reason.into())
    }
}

impl Outcome {
    /// Nothing more comes after it in the same stage or phase.
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Failed | Self::TimedOut | Self::Aborted)
    }

    /// As wanted, more or less.
    pub const fn is_good(self) -> bool {
        matches!(self, Self::Success | Self::Degraded)
    }

    /// Counts in the completion percentage.
    pub const fn is_over(self) -> bool {
        self.is_bad() || self.is_good()
    }

    /// How far a result is from `initial`; a child moves its parent forwards only.
    const fn weight(self) -> u8 {
        match self {
            Self::Initial => 0,
            Self::InProgress => 1,
            Self::Success => 2,
            Self::Degraded => 3,
            Self::Failed | Self::TimedOut | Self::Aborted => 4,
            // never left by folding
            Self::Wait => 5,
        }
    }

    /// Folds a child's result and reason into a parent's.
    pub fn fold(&mut self, reason: &mut String, child: Outcome, child_reason: &str) {
        if child != Self::Wait && child.weight() > self.weight() {
            *self = child;
            child_reason.clone_into(reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Outcome::{self, *};

    #[test]
    fn each_row_of_the_folding_table() {
        let children = [Aborted, TimedOut, Failed, Degraded, Success, InProgress, Wait, Initial];
        let rows: [(Outcome, [Outcome; 8]); 8] = [
            (Initial, [Aborted, TimedOut, Failed, Degraded, Success, InProgress, Initial, Initial]),
            (InProgress, [Aborted, TimedOut, Failed, Degraded, Success, InProgress, InProgress, InProgress]),
            (Success, [Aborted, TimedOut, Failed, Degraded, Success, Success, Success, Success]),
            (Degraded, [Aborted, TimedOut, Failed, Degraded, Degraded, Degraded, Degraded, Degraded]),
            (Failed, [Failed; 8]),
            (TimedOut, [TimedOut; 8]),
            (Aborted, [Aborted; 8]),
            (Wait, [Wait; 8]),
        ];
        for (old, expected) in rows {
            for (child, expected) in children.into_iter().zip(expected) {
                let (mut result, mut reason) = (old, "old".to_owned());
                result.fold(&mut reason, child, "new");
                assert_eq!(result, expected, "{old} then {child}");
                assert_eq!(reason, if result == old { "old" } else { "new" }, "{old} then {child}");
            }
        }
    }
}

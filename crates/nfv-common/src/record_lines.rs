//! The line format shared by the alarm file and the event file.
//!
//! Contract: southbound 12.8, deployment 8.2.

use std::fmt::{Display, Write as _};

use crate::alarm::{StateData, ThresholdData};

const RULE_WIDTH: usize = 84;

/// A record under construction: a rule, lines, a rule.
pub(crate) struct Record(String);

impl Record {
    pub(crate) fn new() -> Self {
        let mut record = Self(String::with_capacity(1024));
        record.rule();
        record
    }

    fn rule(&mut self) {
        self.0.extend(std::iter::repeat_n('=', RULE_WIDTH));
        self.0.push('\n');
    }

    /// A line of its own.
    pub(crate) fn bare(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    /// `label = value`, the label left-justified in 24 columns and never cut.
    pub(crate) fn line(&mut self, label: &str, value: impl Display) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{label:<24} = {value}");
    }

    /// Like [`Self::line`] with Python's text of a truth value.
    pub(crate) fn flag(&mut self, label: &str, value: bool) {
        self.line(label, if value { "True" } else { "False" });
    }

    /// Like [`Self::line`], only when there is a value.
    pub(crate) fn optional(&mut self, label: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.line(label, value);
        }
    }

    /// State and threshold, when set. The label of the observed value is right-justified in 40 columns.
    pub(crate) fn attachments(&mut self, state: Option<&StateData>, threshold: Option<&ThresholdData>) {
        if let Some(state) = state {
            self.line("state-data.state", &state.state);
        }
        if let Some(threshold) = threshold {
            self.line("threshold-data.threshold-value", &threshold.threshold_value);
            let _ =
                writeln!(self.0, "{:>40} = {}", "threshold-data.observed-value", threshold.observed_value);
        }
    }

    pub(crate) fn finish(mut self) -> String {
        self.rule();
        self.0
    }
}

//! What a person sees while a strategy is watched: bars on a terminal, lines elsewhere.

use crate::command::{Format, Invocation};
use crate::console::Console;
use crate::json;
use crate::progress::Progress;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;

const TICK: Duration = Duration::from_millis(120);

/// Shows one look after the other.
pub(crate) enum View {
    /// On a terminal.
    Bars { all: MultiProgress, phase: ProgressBar, stage: ProgressBar, step: ProgressBar },
    /// One line for each change.
    Lines { last: String },
    /// One line of JSON for each change.
    Json { last: Option<Progress> },
}

impl View {
    pub(crate) fn new(format: Format, console: &Console) -> Self {
        match format {
            Format::Json => View::Json { last: None },
            Format::Text if console.out_is_terminal => bars(),
            Format::Text => View::Lines { last: String::new() },
        }
    }

    /// Shows how far it is.
    pub(crate) fn look(&mut self, invocation: &Invocation, progress: &Progress, console: &mut Console) {
        match self {
            View::Bars { phase, stage, step, .. } => {
                phase.set_position(progress.percent);
                phase.set_message(format!("{} ({})", progress.phase, progress.state));
                match &progress.stage {
                    Some(part) => {
                        stage.set_length(part.total);
                        stage.set_position(part.number - 1);
                        stage.set_message(format!("stage {}/{} {}", part.number, part.total, part.name));
                    }
                    None => stage.set_message(""),
                }
                let entities = progress.entities.join(", ");
                step.set_message(match &progress.step {
                    Some(part) => format!("step {}/{} {} {entities}", part.number, part.total, part.name),
                    None => String::new(),
                });
            }
            View::Lines { last } => {
                let line = progress.line();
                if *last != line {
                    console.out(&format!("{} {line}\n", now()));
                    *last = line;
                }
            }
            View::Json { last } => {
                if last.as_ref() != Some(progress) {
                    console.out(&json::between(invocation, &now(), progress));
                    *last = Some(progress.clone());
                }
            }
        }
    }

    /// Tells of trouble that may pass.
    pub(crate) fn trouble(&mut self, text: &str, console: &mut Console) {
        match self {
            View::Bars { step, .. } => step.set_message(text.to_owned()),
            View::Lines { last } => {
                if *last != text {
                    console.out(&format!("{} {text}\n", now()));
                    text.clone_into(last);
                }
            }
            // whoever reads JSON waits for the next look
            View::Json { .. } => {}
        }
    }

    /// Leaves the terminal as it was.
    pub(crate) fn close(self) {
        if let View::Bars { all, phase, stage, step } = self {
            for bar in [&phase, &stage, &step] {
                bar.finish_and_clear();
            }
            let _ = all.clear();
        }
    }
}

fn bars() -> View {
    let all = MultiProgress::with_draw_target(ProgressDrawTarget::stdout());
    // the templates are ours; should one be wrong, the plain style is shown
    let style = |template: &str| {
        let plain = |_| ProgressStyle::default_bar();
        ProgressStyle::with_template(template).unwrap_or_else(plain).progress_chars("=> ")
    };
    let phase = all.add(ProgressBar::new(100)).with_style(style("{bar:30} {pos:>3}% {msg} {elapsed}"));
    let stage = all.add(ProgressBar::new(0)).with_style(style("{bar:30}      {msg}"));
    let step = all.add(ProgressBar::new_spinner()).with_style(style("{spinner} {wide_msg}"));
    for bar in [&phase, &step] {
        bar.enable_steady_tick(TICK);
    }
    View::Bars { all, phase, stage, step }
}

/// `2026-11-26 06:30:00Z`
fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

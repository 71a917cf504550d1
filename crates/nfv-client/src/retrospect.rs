//! A history for people. docs/extensions.md says what its words mean.

use crate::display::Page;
use nfv_vim_rpc::history::{Decision, History, ObjectType};

const OF_OBJECT: usize = 2;
const OF_DECISION: usize = 4;
const OF_EVIDENCE: usize = 6;

/// The whole display.
pub(crate) fn display(history: &History) -> String {
    let mut page = Page::default();
    let kind = history.object_type.map_or("object", ObjectType::as_str);
    page.plain(&format!("History of {kind} {}:", history.object.as_deref().unwrap_or_default()));
    if history.decisions.is_empty() {
        page.plain("  nothing was decided yet");
    }
    for decision in &history.decisions {
        tell(&mut page, decision);
    }
    page.text()
}

fn tell(page: &mut Page, decision: &Decision) {
    page.plain(&format!("{:OF_OBJECT$}{}:", "", one_line(&decision.decision)));
    let mut line = |name: &str, value: &str| page.named(OF_DECISION, name, &one_line(value));
    line("time", &moment(&decision.time));
    line("cause", &decision.cause);
    line("initiated-by", &decision.initiated_by);
    if decision.count > 1 {
        line("decided-so", &format!("{} times in a row", decision.count));
    }
    match (&decision.outcome, &decision.wait) {
        (Some(outcome), _) => {
            let took = decision
                .duration_ms
                .map_or_else(String::new, |took| format!(" after {}", milliseconds(took)));
            line("outcome", &format!("{outcome}{took}"));
            if let Some(reason) = decision.outcome_reason.as_deref().filter(|reason| !reason.is_empty()) {
                line("reason", reason);
            }
        }
        (None, wait) => {
            line("outcome", "under way");
            if let Some(wait) = wait {
                line("waits-for", &format!("{}, until {}", wait.what, moment(&wait.until)));
            }
            if let Some(deadline) = &decision.deadline {
                line("deadline", &moment(deadline));
            }
        }
    }
    if !decision.evidence.is_empty() {
        page.plain(&format!("{:OF_DECISION$}evidence:", ""));
        for (name, value) in &decision.evidence {
            page.named(OF_EVIDENCE, &one_line(name), &one_line(value));
        }
    }
    page.plain("");
}

/// `2026-07-01T08:00:00.000Z` as `2026-07-01 08:00:00Z`; what is no time as it is.
fn moment(text: &str) -> String {
    match text.parse::<jiff::Timestamp>() {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
        Err(_) => text.to_owned(),
    }
}

/// `1.5 s`, and from two minutes on as [`seconds`].
fn milliseconds(number: u64) -> String {
    match number {
        0..120_000 => format!("{}.{} s", number / 1000, number % 1000 / 100),
        _ => seconds(number / 1000),
    }
}

/// `90 s`, `2 min 5 s`, `3 h 0 min`.
pub(crate) fn seconds(number: u64) -> String {
    match number {
        0..120 => format!("{number} s"),
        120..7200 => format!("{} min {} s", number / 60, number % 60),
        _ => format!("{} h {} min", number / 3600, number % 3600 / 60),
    }
}

/// What a neighbour said, without what would break a line or steer a terminal.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_durations_are_for_people() {
        assert_eq!(moment("2026-07-01T08:00:00.123Z"), "2026-07-01 08:00:00Z");
        assert_eq!(moment("soon"), "soon");
        assert_eq!(milliseconds(50), "0.0 s");
        assert_eq!(milliseconds(119_999), "119.9 s");
        assert_eq!(milliseconds(125_000), "2 min 5 s");
        assert_eq!([seconds(119), seconds(120), seconds(7200)], ["119 s", "2 min 0 s", "2 h 0 min"]);
    }
}

//! A preview for people. docs/extensions.md says what its words mean.

use crate::display::Page;
use crate::retrospect::{one_line, seconds};
use nfv_vim_rpc::preview::{Destinations, Estimate, InstanceMove, Preview, PreviewStage};

const OF_PREVIEW: usize = 2;
const OF_STAGE: usize = 4;
const OF_ROW: usize = 6;
/// Between two columns of a table.
const GAP: usize = 2;

/// The whole display.
pub(crate) fn display(preview: &Preview) -> String {
    let mut page = Page::default();
    let text = |text: &Option<String>| one_line(text.as_deref().unwrap_or("?"));
    page.plain(&format!("Preview of {} of {}:", text(&preview.action), text(&preview.subject)));
    page.named(OF_PREVIEW, "would-succeed", &prospect(preview.refused.as_deref()));
    if let Some(estimate) = &preview.estimate {
        page.named(OF_PREVIEW, "takes", &about(estimate));
    }
    for note in &preview.notes {
        page.named(OF_PREVIEW, "note", &one_line(note));
    }
    if preview.stages.is_empty() {
        page.plain("  nothing would be done");
    }
    for stage in &preview.stages {
        tell(&mut page, stage);
    }
    page.text()
}

fn tell(page: &mut Page, stage: &PreviewStage) {
    // a host has one stage, without a name
    if stage.name.is_empty() {
        page.plain("  what would happen:");
    } else {
        page.plain(&format!("  stage {} {}:", stage.stage_id, one_line(&stage.name)));
        page.named(OF_STAGE, "takes", &about(&stage.estimate));
    }
    page.named(OF_STAGE, "hosts", &one_line(&stage.hosts.join(", ")));
    if let Some(refused) = &stage.refused {
        page.named(OF_STAGE, "would-fail", &one_line(refused));
    }
    let steps = stage.steps.iter().map(|step| {
        [
            step.name.clone(),
            seconds(step.estimate.seconds),
            seconds(step.deadline_secs),
            step.entities.join(", "),
        ]
    });
    table(page, "steps", ["STEP", "ABOUT", "AT MOST", "OF"], steps);
    let moves = stage.moves.iter().map(|one| {
        let name = if one.name.is_empty() { &one.uuid } else { &one.name };
        let action = match &one.then {
            Some(then) => format!("{}, then {then}", one.action),
            None => one.action.clone(),
        };
        [name.clone(), action, seconds(one.estimate.seconds), fate(one)]
    });
    table(page, "instances", ["INSTANCE", "ACTION", "ABOUT", "WHERE AND WHY"], moves);
    page.plain("");
}

/// Lines of cells, all but the last column padded; nothing without rows.
fn table(page: &mut Page, name: &str, head: [&str; 4], rows: impl Iterator<Item = [String; 4]>) {
    let rows: Vec<[String; 4]> = rows.map(|row| row.map(|cell| one_line(&cell))).collect();
    if rows.is_empty() {
        return;
    }
    page.plain(&format!("{:OF_STAGE$}{name}:", ""));
    let width = |at: usize| {
        let cells = rows.iter().map(|row| row[at].chars().count());
        cells.chain([head[at].len()]).max().unwrap_or(0) + GAP
    };
    let (first, second, third) = (width(0), width(1), width(2));
    for [a, b, c, d] in std::iter::once(head.map(str::to_owned)).chain(rows) {
        let line = format!("{:OF_ROW$}{a:first$}{b:second$}{c:third$}{d}", "");
        page.plain(line.trim_end());
    }
}

/// Where an instance could go, and why it does not.
fn fate(one: &InstanceMove) -> String {
    let places = one.destinations.as_ref().map(places);
    match (places, &one.reason) {
        (Some(places), Some(reason)) => format!("{places}; {reason}"),
        (Some(text), None) => text,
        (None, Some(text)) => text.clone(),
        (None, None) => String::new(),
    }
}

fn places(destinations: &Destinations) -> String {
    let Destinations { count, hosts, excluded } = destinations;
    let shown = hosts.join(", ");
    let more = count.saturating_sub(hosts.len() as u64);
    let to = match (*count, more) {
        (0, _) => "no host could take it".to_owned(),
        (_, 0) => format!("to {shown}"),
        (_, more) => format!("to {shown} and {more} more"),
    };
    if excluded.is_empty() {
        return to;
    }
    let excluded: Vec<_> = excluded.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    format!("{to} (not: {})", excluded.join(", "))
}

fn prospect(refused: Option<&str>) -> String {
    refused.map_or_else(|| "yes".to_owned(), |refused| format!("no: {}", one_line(refused)))
}

fn about(estimate: &Estimate) -> String {
    let basis = if estimate.measured { "as measured here" } else { "as is assumed" };
    format!("about {}, {basis}", seconds(estimate.seconds))
}

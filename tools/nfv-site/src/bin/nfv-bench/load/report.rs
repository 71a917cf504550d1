//! What came of it: a table for people, CSV and a plot.

use super::field::Field;
use super::growth::{self, Change};
use super::probe::Series;
use super::{Outcome, chart};
use anyhow::Context;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Processes that play the world around, and are not judged.
const WORLD: [&str; 2] = ["nfv-lab", "nfv-bench"];

/// The report.
pub struct Report {
    /// For people.
    pub text: String,
    /// Everything is as expected.
    pub is_well: bool,
}

/// A line of the verdict.
struct Line {
    what: &'static str,
    /// What is not so.
    but: Vec<String>,
}

/// Judges, and writes load.csv, load.svg and load.txt.
pub fn write(outcome: &Outcome, field: &mut Field, out: &Path) -> anyhow::Result<Report> {
    std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    // what grows is judged by the time of the load, not by what came after
    let within: BTreeMap<&str, Series> = outcome
        .probe
        .series()
        .iter()
        .map(|(name, series)| {
            let load = series.iter().filter(|(at, _)| *at <= outcome.seconds).cloned();
            (name.as_str(), load.collect())
        })
        .collect();
    let text = head(outcome) + &answers(outcome) + &deeds(outcome) + &processes(&within);
    let verdict = verdict(outcome, field, &within)?;
    let is_well = verdict.iter().all(|line| line.but.is_empty());
    let mut text = text + "\nVerdict\n";
    for Line { what, but } in &verdict {
        let _ = writeln!(text, "  {}  {what}", if but.is_empty() { "yes" } else { "NO " });
        for reason in but {
            let _ = writeln!(text, "         {reason}");
        }
    }
    outcome.probe.write(&out.join("load.csv"))?;
    let put = |name: &str, text: &str| {
        std::fs::write(out.join(name), text)
            .with_context(|| format!("cannot write {name} in {}", out.display()))
    };
    put("load.svg", &plot(outcome, &within))?;
    put("load.txt", &text)?;
    Ok(Report { text, is_well })
}

fn head(outcome: &Outcome) -> String {
    format!(
        "machine    {}\nsite       {} hosts, {} servers; cloud, broker, guests and clients on the same machine\n\
         load       {:.0} minutes, {} faults; calm {:.0} s after its end\n",
        crate::machine(),
        outcome.size.hosts,
        outcome.servers,
        outcome.seconds / 60.0,
        outcome.weather.all().len(),
        outcome.calm_after.as_secs_f64(),
    )
}

fn answers(outcome: &Outcome) -> String {
    let mut text = format!(
        "\n{:<24}{:>10}{:>9}{:>8}{:>10}{:>10}{:>10}\n",
        "Answers", "right", "honest", "wrong", "p50 ms", "p99 ms", "max ms"
    );
    for (kind, count) in outcome.tally.counts() {
        let (right, honest, wrong) = (count.right, count.honest, count.wrong);
        let (half, most, max) = (count.at(0.5), count.at(0.99), count.at(1.0));
        let _ = writeln!(text, "{kind:<24}{right:>10}{honest:>9}{wrong:>8}{half:>10}{most:>10}{max:>10}");
    }
    text
}

fn deeds(outcome: &Outcome) -> String {
    let mut text = String::from("\nFaults and what operators did\n");
    let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
    for fault in outcome.weather.all() {
        *kinds.entry(fault.kind).or_default() += 1;
    }
    for (kind, count) in kinds {
        let _ = writeln!(text, "  {:<40}{count:>6}", format!("fault: {kind}"));
    }
    for ((what, how), count) in outcome.ledger.all() {
        let _ = writeln!(text, "  {:<40}{count:>6}", format!("{what}: {how}"));
    }
    text
}

fn processes(within: &BTreeMap<&str, Series>) -> String {
    let mut text = format!(
        "\n{:<22}{:>9}{:>9}{:>9}{:>9}{:>8}{:>8}{:>8}{:>9}{:>7}\n",
        "Process", "MB early", "MB late", "allowed", "MB peak", "fd", "fd late", "threads", "cpu %", "starts"
    );
    for (name, series) in within {
        let Some(growth) = growth::of(series) else { continue };
        let (memory, descriptors) = (growth.memory, growth.descriptors);
        let _ = writeln!(
            text,
            "{name:<22}{:>9.1}{:>9.1}{:>9.1}{:>9.1}{:>8.0}{:>8.0}{:>8}{:>9.1}{:>7}",
            memory.early,
            memory.late,
            memory.allowed,
            growth.peak,
            descriptors.early,
            descriptors.late,
            growth.threads,
            growth.processor,
            growth.restarts + 1
        );
    }
    text + "early, late: medians of the second and of the last fifth of the load\n"
}

fn verdict(
    outcome: &Outcome,
    field: &mut Field,
    within: &BTreeMap<&str, Series>,
) -> anyhow::Result<Vec<Line>> {
    let judged = || within.iter().filter(|(name, _)| !WORLD.contains(name));
    let grown = |change: fn(&growth::Growth) -> Change| -> Vec<String> {
        let grown = judged().filter_map(|(name, series)| {
            let change = change(&growth::of(series)?);
            let text = format!(
                "{name}: from {:.1} to {:.1}, allowed {:.1}",
                change.early, change.late, change.allowed
            );
            (!change.is_flat()).then_some(text)
        });
        grown.collect()
    };
    let unjudged: Vec<_> = judged()
        .filter(|(_, series)| growth::of(series).is_none())
        .map(|(name, _)| format!("{name}: too few samples"))
        .collect();
    let starts: Vec<_> = judged()
        .filter_map(|(name, series)| {
            let restarts = growth::of(series)?.restarts;
            let wanted = if *name == "nfv-vim-api" { field.api_restarts } else { 0 };
            (restarts > wanted).then(|| format!("{name} was started {restarts} times more, wanted: {wanted}"))
        })
        .collect();
    let wrong = outcome.tally.wrong();
    let mut complaints = nfv_site::complaints(field.site.directory())?;
    // the lab tells of the broker that is away
    complaints.retain(|line| !line.contains("/lab.err: "));
    Ok(vec![
        Line { what: "nothing is lost, and nothing under way", but: outcome.troubles.clone() },
        Line { what: "every answer was right, or honest while there was a fault", but: wrong },
        Line { what: "memory is flat", but: [grown(|growth| growth.memory), unjudged].concat() },
        Line { what: "descriptors are flat", but: grown(|growth| growth.descriptors) },
        Line { what: "every process is the one that was started", but: starts },
        Line { what: "no process complained", but: complaints },
    ])
}

fn plot(outcome: &Outcome, within: &BTreeMap<&str, Series>) -> String {
    let shown = within.iter().filter(|(name, _)| !WORLD.contains(name));
    let lines: Vec<(&str, &Series)> = shown
        .map(|(name, series)| {
            let name = if name.starts_with("guestServer") { "guestServer (each)" } else { name };
            (name, series)
        })
        .collect();
    let title = format!(
        "{} hosts, {} servers, {:.0} minutes, {} faults",
        outcome.size.hosts,
        outcome.servers,
        outcome.seconds / 60.0,
        outcome.weather.all().len()
    );
    chart::draw(&title, &lines, &outcome.weather.all(), outcome.seconds)
}

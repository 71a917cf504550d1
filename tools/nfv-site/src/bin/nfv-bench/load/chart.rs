//! The plot: memory and descriptors of each process over time, with the faults.

use super::probe::{Sample, Series};
use super::weather::Fault;
use nfv_tools::drawing::{Anchor, COLORS, GRID, INK, MARKS, Scale, Svg, number};
use std::collections::BTreeMap;

const WIDTH: f64 = 1200.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 30.0;
const TITLE: f64 = 50.0;
const PANEL: f64 = 360.0;
/// Below each panel: the axis of time.
const FOOT: f64 = 50.0;
/// Between the panels: a row for each kind of fault.
const ROW: f64 = 14.0;
const LEGEND: f64 = 18.0;

/// Draws it. `processes` are shown in this order, each with the name that the legend has; those of one name share a color.
pub fn draw(title: &str, processes: &[(&str, &Series)], faults: &[Fault], end: f64) -> String {
    let mut kinds: BTreeMap<&str, Vec<&Fault>> = BTreeMap::new();
    for fault in faults {
        kinds.entry(fault.kind).or_default().push(fault);
    }
    let mut names: Vec<&str> = processes.iter().map(|(name, _)| *name).collect();
    names.dedup();
    let rows = kinds.len() as f64 * ROW + 20.0;
    let height = TITLE + 2.0 * (PANEL + FOOT) + rows + (names.len() as f64 + 1.0) * LEGEND;
    let mut svg = Svg::new(WIDTH, height);
    svg.text((WIDTH / 2.0, 30.0), Anchor::Middle, 18.0, title);
    let minutes = end / 60.0;
    let across = Scale { from: 0.0, to: minutes, step: minutes / MARKS };
    let color = |name: &str| COLORS[names.iter().position(|own| *own == name).unwrap_or(0) % COLORS.len()];

    let memory = |sample: &Sample| sample.memory as f64 / 1024.0;
    let descriptors = |sample: &Sample| sample.descriptors as f64;
    panel(&mut svg, TITLE, "Resident memory (MB)", across, processes, color, memory);
    let mut top = TITLE + PANEL + FOOT;
    for (row, (kind, faults)) in kinds.iter().enumerate() {
        let y = top + row as f64 * ROW + 6.0;
        svg.text((LEFT - 6.0, y + 4.0), Anchor::End, 10.0, kind);
        svg.line((LEFT, y), (WIDTH - RIGHT, y), GRID);
        for fault in faults {
            let x = across.place(fault.at / 60.0, LEFT, WIDTH - RIGHT);
            svg.dot((x, y), "#d62728", &format!("{:.0} s: {}", fault.at, fault.text));
        }
    }
    top += rows;
    panel(&mut svg, top, "Open descriptors", across, processes, color, descriptors);
    top += PANEL + FOOT + 10.0;
    for (line, name) in names.iter().enumerate() {
        let y = top + line as f64 * LEGEND;
        svg.polyline(&[(LEFT, y - 4.0), (LEFT + 30.0, y - 4.0)], color(name), false);
        svg.text((LEFT + 38.0, y), Anchor::Start, 12.0, name);
    }
    svg.finish()
}

fn panel<'a>(
    svg: &mut Svg,
    top: f64,
    label: &str,
    across: Scale,
    processes: &[(&'a str, &Series)],
    color: impl Fn(&'a str) -> &'static str,
    value: impl Fn(&Sample) -> f64,
) {
    let (bottom, right) = (top + PANEL, WIDTH - RIGHT);
    let values = processes.iter().flat_map(|(_, series)| series.iter().map(|(_, sample)| value(sample)));
    let up = Scale::of_values(values);
    for mark in up.marks() {
        let y = up.place(mark, bottom, top);
        svg.line((LEFT, y), (right, y), GRID);
        svg.text((LEFT - 6.0, y + 4.0), Anchor::End, 11.0, &number(mark));
    }
    for mark in across.marks() {
        let x = across.place(mark, LEFT, right);
        svg.line((x, bottom), (x, bottom + 5.0), INK);
        svg.text((x, bottom + 18.0), Anchor::Middle, 11.0, &number((mark * 10.0).round() / 10.0));
    }
    svg.text(((LEFT + right) / 2.0, bottom + 36.0), Anchor::Middle, 12.0, "Minutes");
    svg.line((LEFT, top), (LEFT, bottom), INK);
    svg.line((LEFT, bottom), (right, bottom), INK);
    svg.upright((18.0, (top + bottom) / 2.0), label);
    for (name, series) in processes {
        let place = |(at, sample): &(f64, Sample)| {
            (across.place(at / 60.0, LEFT, right), up.place(value(sample), bottom, top))
        };
        svg.polyline(&series.iter().map(place).collect::<Vec<_>>(), color(name), false);
    }
}

#[cfg(test)]
mod tests {
    use super::super::weather::Weather;
    use super::*;
    use std::time::Duration;

    #[test]
    fn it_has_a_line_for_each_process_in_both_panels_and_a_dot_for_each_fault() {
        let sample = Sample { pid: 1, memory: 2048, descriptors: 9, threads: 1, processor: 0 };
        let series: Series = (0..5).map(|step| (f64::from(step) * 30.0, sample.clone())).collect();
        let weather = Weather::new();
        weather.add("api", "restarts <now>".to_owned(), Duration::ZERO, []);
        weather.add("host", "dies".to_owned(), Duration::ZERO, []);
        let text = draw("Load", &[("a", &series), ("b", &series), ("b", &series)], &weather.all(), 120.0);
        // and one for each name in the legend
        assert_eq!(text.matches("<polyline").count(), 2 * 3 + 2);
        assert_eq!(text.matches("<circle").count(), 2);
        assert!(text.contains("restarts &lt;now&gt;") && text.ends_with("</svg>\n"));
    }
}

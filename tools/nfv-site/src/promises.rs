//! The promises of SPECIFICATION.md that are measured: what is promised, what was measured, and a plot of both.

use nfv_tools::drawing::{Anchor, COLORS, GRID, Svg};

const WIDTH: f64 = 1000.0;
/// Where bars begin; what is promised stands before.
const LEFT: f64 = 560.0;
const RIGHT: f64 = 60.0;
const TOP: f64 = 110.0;
const ROW: f64 = 26.0;
const BAR: f64 = 14.0;
const KEPT: &str = COLORS[0];
const BROKEN: &str = COLORS[1];

/// A row of a table with figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Promise {
    /// What is promised.
    pub what: String,
    /// How much of it, as it is written.
    pub bound: String,
    /// What was measured, as it is written.
    pub measured: String,
    /// The benchmark that measures it, as `tools/bench` knows it.
    pub bench: String,
}

/// The rows of all tables of the text: cells without their blanks.
pub fn rows(specification: &str) -> impl Iterator<Item = Vec<String>> {
    let rows = specification.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| Promise"));
    rows.map(|line| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect())
}

/// All of them, in the order of the text.
pub fn read(specification: &str) -> Vec<Promise> {
    rows(specification)
        .filter_map(|cells| {
            let [what, bound, measured, by] = <[String; 4]>::try_from(cells).ok()?;
            let bench = by.split('`').nth(1)?.strip_prefix("tools/bench ")?.to_owned();
            Some(Promise { what, bound, measured, bench })
        })
        .collect()
}

/// The numbers of a text, each as it is written but for the commas, and the word behind it.
pub fn numbers(text: &str) -> Vec<(String, String)> {
    let text = text.replace(',', "");
    let mut found = Vec::new();
    let mut rest = text.as_str();
    while let Some(begin) = rest.find(|letter: char| letter.is_ascii_digit()) {
        rest = &rest[begin..];
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
        let number = rest[..end].trim_end_matches('.');
        rest = &rest[end..];
        let word = rest.trim_start().split(|letter: char| letter.is_whitespace() || ";)".contains(letter));
        found.push((number.to_owned(), word.map(str::to_owned).next().unwrap_or_default()));
    }
    found
}

impl Promise {
    /// What of the bound is used: 1 is the bound itself, more is a broken promise. None where they cannot be compared:
    /// they say different things, or figures of different units.
    pub fn used(&self) -> Option<f64> {
        let figure = |text: &str| -> Option<(f64, String)> {
            let (number, unit) = numbers(text).into_iter().next()?;
            Some((number.parse().ok()?, unit))
        };
        let Some((bound, unit)) = figure(&self.bound) else {
            return match self.bound.strip_prefix("that of ") {
                // the other one's figure follows
                Some(other) => {
                    let (own, _) = figure(&self.measured)?;
                    let (theirs, _) = figure(self.measured.split_once(other)?.1)?;
                    Some(own / theirs)
                }
                None => (self.bound == self.measured).then_some(0.0),
            };
        };
        let (measured, measured_unit) = figure(&self.measured)?;
        if unit != measured_unit {
            return None;
        }
        Some(if self.bound.starts_with("at least") { bound / measured } else { measured / bound })
    }
}

/// Draws how much of each bound is used; `machine` are some lines about where it was measured.
pub fn draw(promises: &[Promise], machine: &str) -> String {
    let shown: Vec<_> = promises.iter().filter_map(|promise| Some((promise, promise.used()?))).collect();
    let height = TOP + shown.len() as f64 * ROW + 30.0;
    let mut svg = Svg::new(WIDTH, height);
    svg.text((WIDTH / 2.0, 28.0), Anchor::Middle, 18.0, "What was measured, as a part of what is promised");
    for (line, facts) in machine.lines().collect::<Vec<_>>().chunks(3).enumerate() {
        let y = 48.0 + line as f64 * 14.0;
        svg.text((WIDTH / 2.0, y), Anchor::Middle, 11.0, &facts.join(", "));
    }
    let place = |part: f64| LEFT + part * (WIDTH - RIGHT - LEFT);
    for mark in 0..=4 {
        let part = f64::from(mark) / 4.0;
        svg.line((place(part), TOP - 10.0), (place(part), height - 20.0), GRID);
        svg.text((place(part), TOP - 16.0), Anchor::Middle, 11.0, &format!("{:.0} %", part * 100.0));
    }
    for (row, (promise, used)) in shown.into_iter().enumerate() {
        let y = TOP + row as f64 * ROW;
        svg.text((LEFT - 10.0, y + BAR - 2.0), Anchor::End, 11.0, &promise.what);
        let color = if used <= 1.0 { KEPT } else { BROKEN };
        let to = place(used.min(1.05));
        svg.bar((LEFT, y), (to, y + BAR), color, &format!("{} of {}", promise.measured, promise.bound));
        svg.text((to + 6.0, y + BAR - 2.0), Anchor::Start, 11.0, &promise.measured);
    }
    svg.line((place(1.0), TOP - 10.0), (place(1.0), height - 20.0), BROKEN);
    svg.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn promise(bound: &str, measured: &str) -> Promise {
        let text = |text: &str| text.to_owned();
        Promise { what: text("it is quick"), bound: text(bound), measured: text(measured), bench: text("it") }
    }

    #[test]
    fn rows_with_figures_are_read_and_others_are_not() {
        let text = "| Promise | Bound | Measured | Held by |\n|---|---|---|---|\n\
                    | it starts after | 2 s | 0.17 s | `tools/bench start` |\n| it is right | `a_test` |\n";
        let start = Promise {
            what: "it starts after".to_owned(),
            bench: "start".to_owned(),
            ..promise("2 s", "0.17 s")
        };
        assert_eq!(read(text), [start]);
    }

    #[test]
    fn numbers_come_with_the_word_behind() {
        let found = numbers("100,000 requests; p99 4.42 ms, and 7.");
        let found: Vec<_> = found.iter().map(|(number, word)| (number.as_str(), word.as_str())).collect();
        assert_eq!(found, [("100000", "requests"), ("99", "4.42"), ("4.42", "ms"), ("7", "")]);
    }

    #[test]
    fn what_is_used_of_a_bound_is_a_part_of_it() {
        for (bound, measured, used) in [
            ("150 MB", "60 MB (57 MB before)", Some(0.4)),
            ("at least 200 MB/s", "800 MB/s", Some(0.25)),
            ("at least 0.8", "1.0", Some(0.8)),
            ("that of nginx", "9 MB (nginx 18)", Some(0.5)),
            ("none", "none", Some(0.0)),
            ("none", "2", None),
            ("2 s", "100 ms", None),
            ("2 s", "quick", None),
            ("10 ms", "20 ms", Some(2.0)),
        ] {
            assert_eq!(promise(bound, measured).used(), used, "{measured} of {bound}");
        }
    }

    #[test]
    fn the_plot_has_a_bar_for_each_that_can_be_compared() {
        let text = draw(&[promise("2 s", "1 s"), promise("2 s", "3 s"), promise("none", "2")], "a machine");
        assert_eq!(text.matches("<rect").count(), 1 + 2, "and one for the paper");
        assert_eq!((text.matches(KEPT).count(), text.contains("3 s of 2 s")), (1, true));
    }
}

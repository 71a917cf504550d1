//! What all plots need: a few shapes in SVG, axes with round numbers, colors.

mod svg;

pub use svg::{Anchor, Svg};

/// Colors of lines, to be taken in turn.
pub const COLORS: [&str; 10] = [
    "#1f77b4", "#d62728", "#2ca02c", "#ff7f0e", "#9467bd", "#8c564b", "#e377c2", "#17becf", "#7f7f7f",
    "#bcbd22",
];
/// Color of lines behind the data.
pub const GRID: &str = "#ddd";
/// Color of axes.
pub const INK: &str = "#333";
/// About so many marks on an axis.
pub const MARKS: f64 = 6.0;

/// An axis: from 0 or the least to the most, in round steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// At its beginning.
    pub from: f64,
    /// At its end.
    pub to: f64,
    /// From one mark to the next.
    pub step: f64,
}

impl Scale {
    /// From zero to a round number above all values.
    pub fn of_values(values: impl Iterator<Item = f64>) -> Self {
        let most = values.fold(0.0_f64, f64::max);
        let most = if most > 0.0 { most } else { 1.0 };
        let rough = most / MARKS;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|round| round * power).find(|step| *step >= rough);
        let step = step.unwrap_or(rough);
        Self { from: 0.0, to: (most / step).ceil() * step, step }
    }

    /// Where a value is between two ends of the drawing.
    pub fn place(self, value: f64, low: f64, high: f64) -> f64 {
        let span = self.to - self.from;
        let part = if span > 0.0 { (value - self.from) / span } else { 0.5 };
        low + part * (high - low)
    }

    /// The values that are marked.
    pub fn marks(self) -> impl Iterator<Item = f64> {
        let count = ((self.to - self.from) / self.step).round() as u32;
        (0..=count).map(move |index| self.from + f64::from(index) * self.step)
    }
}

/// A number without idle digits.
pub fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers_above_all_values() {
        for (most, to, step) in
            [(0.0, 1.0, 0.2), (7.0, 8.0, 2.0), (95.0, 100.0, 20.0), (3200.0, 4000.0, 1000.0)]
        {
            let scale = Scale::of_values([0.0, most].into_iter());
            assert!((scale.to - to).abs() < 1e-9 && (scale.step - step).abs() < 1e-9, "{most}: {scale:?}");
        }
    }

    #[test]
    fn numbers_have_no_idle_digits() {
        for (value, text) in [(0.0, "0"), (1000.0, "1000"), (0.25, "0.25"), (33.33333, "33.333")] {
            assert_eq!(number(value), text);
        }
    }
}

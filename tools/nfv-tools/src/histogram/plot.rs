//! From series to a drawing.

use super::{HistogramError, Series};
use crate::drawing::{Anchor, COLORS, GRID, INK, MARKS, Scale, Svg, number};
use jiff::civil::DateTime;

const WIDTH: f64 = 1200.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 80.0;
const TITLE_HEIGHT: f64 = 50.0;
const PANEL_HEIGHT: f64 = 360.0;
const PANEL_FOOT: f64 = 60.0;
const LEGEND_LINE: f64 = 18.0;

/// What is shown over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Average execution time, milliseconds.
    Time,
    /// Hits from one display to the next.
    Hits,
}

impl Quantity {
    const fn label(self) -> &'static str {
        match self {
            Self::Time => "Average Execution Time (milliseconds)",
            Self::Hits => "Hits Per Sample",
        }
    }

    fn values(self, series: &Series) -> Vec<(DateTime, f64)> {
        match self {
            Self::Time => series.points.iter().map(|point| (point.time, point.average)).collect(),
            Self::Hits => {
                let points = series.points.iter().zip(series.deltas());
                points.filter_map(|(point, delta)| Some((point.time, delta? as f64))).collect()
            }
        }
    }
}

/// How values are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Joined by lines.
    pub lines: bool,
    /// A dot each.
    pub markers: bool,
}

/// What a plot shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plot {
    /// Above it.
    pub title: String,
    /// One or two.
    pub quantities: Vec<Quantity>,
    /// Two quantities in one panel, with an axis each.
    pub one_panel: bool,
    /// How.
    pub style: Style,
}

fn seconds(time: DateTime) -> f64 {
    time.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0)).as_secs_f64()
}

impl Plot {
    /// The plot as SVG.
    ///
    /// # Errors
    /// There is nothing to show.
    pub fn draw(&self, series: &[Series]) -> Result<String, HistogramError> {
        let times: Vec<f64> =
            series.iter().flat_map(|series| series.points.iter().map(|point| seconds(point.time))).collect();
        if times.is_empty() {
            return Err(HistogramError::Nothing(
                "the histograms chosen have no displays in this range".to_owned(),
            ));
        }
        let from = times.iter().copied().fold(f64::INFINITY, f64::min);
        let to = times.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let across = Scale { from, to, step: (to - from) / MARKS };
        let panels: Vec<&[Quantity]> =
            if self.one_panel { vec![&self.quantities] } else { self.quantities.chunks(1).collect() };
        let legend = series.len() * if self.one_panel { self.quantities.len() } else { 1 };
        let height = TITLE_HEIGHT
            + panels.len() as f64 * (PANEL_HEIGHT + PANEL_FOOT)
            + legend as f64 * LEGEND_LINE
            + LEGEND_LINE;
        let mut svg = Svg::new(WIDTH, height);
        svg.text((WIDTH / 2.0, 30.0), Anchor::Middle, 20.0, &self.title);
        let mut top = TITLE_HEIGHT;
        for quantities in &panels {
            time_axis(&mut svg, across, top);
            for (index, quantity) in quantities.iter().enumerate() {
                self.panel(&mut svg, series, *quantity, across, top, index > 0);
            }
            top += PANEL_HEIGHT + PANEL_FOOT;
        }
        self.legend(&mut svg, series, top);
        Ok(svg.finish())
    }

    /// One quantity's axis and values; the second one of a panel has its axis at the right and dashed lines.
    fn panel(
        &self,
        svg: &mut Svg,
        series: &[Series],
        quantity: Quantity,
        across: Scale,
        top: f64,
        second: bool,
    ) {
        let (bottom, right) = (top + PANEL_HEIGHT, WIDTH - RIGHT);
        let values: Vec<Vec<(DateTime, f64)>> = series.iter().map(|series| quantity.values(series)).collect();
        let up = Scale::of_values(values.iter().flatten().map(|(_, value)| *value));
        let axis = if second { right } else { LEFT };
        svg.line((axis, top), (axis, bottom), INK);
        for mark in up.marks() {
            let y = up.place(mark, bottom, top);
            if second {
                svg.text((axis + 6.0, y + 4.0), Anchor::Start, 11.0, &number(mark));
            } else {
                svg.line((LEFT, y), (right, y), GRID);
                svg.text((axis - 6.0, y + 4.0), Anchor::End, 11.0, &number(mark));
            }
        }
        let label_at = if second { WIDTH - 12.0 } else { 18.0 };
        svg.upright((label_at, (top + bottom) / 2.0), quantity.label());
        for (index, (series, values)) in series.iter().zip(values).enumerate() {
            let color = COLORS[index % COLORS.len()];
            let place = |(time, value): &(DateTime, f64)| {
                (across.place(seconds(*time), LEFT, right), up.place(*value, bottom, top))
            };
            let points: Vec<(f64, f64)> = values.iter().map(place).collect();
            if self.style.lines && points.len() > 1 {
                svg.polyline(&points, color, second);
            }
            if self.style.markers || points.len() == 1 {
                for (point, (time, value)) in points.iter().zip(&values) {
                    let title = format!("{} {}: {}", series.name, shown(*time, true), number(*value));
                    svg.dot(*point, color, &title);
                }
            }
        }
    }

    fn legend(&self, svg: &mut Svg, series: &[Series], top: f64) {
        let mut y = top;
        let both = self.one_panel && self.quantities.len() > 1;
        for (index, series) in series.iter().enumerate() {
            let color = COLORS[index % COLORS.len()];
            for (second, quantity) in self.quantities.iter().enumerate().take(if both { 2 } else { 1 }) {
                let suffix = match (both, quantity) {
                    (false, _) => "",
                    (true, Quantity::Time) => "_time",
                    (true, Quantity::Hits) => "_hits",
                };
                svg.polyline(&[(LEFT, y - 4.0), (LEFT + 30.0, y - 4.0)], color, second > 0);
                svg.text((LEFT + 38.0, y), Anchor::Start, 12.0, &format!("{}{suffix}", series.name));
                y += LEGEND_LINE;
            }
        }
    }
}

fn time_axis(svg: &mut Svg, across: Scale, top: f64) {
    let (bottom, right) = (top + PANEL_HEIGHT, WIDTH - RIGHT);
    svg.line((LEFT, bottom), (right, bottom), INK);
    let marks: Vec<f64> = if across.step > 0.0 { across.marks().collect() } else { vec![across.from] };
    // less than a day of log needs no dates beside the first
    let dates = across.to - across.from >= 86_400.0;
    for (index, mark) in marks.into_iter().enumerate() {
        let x = across.place(mark, LEFT, right);
        svg.line((x, bottom), (x, bottom + 5.0), INK);
        let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
        let time = epoch.checked_add(jiff::SignedDuration::from_millis((mark * 1000.0) as i64));
        let text = time.map(|time| shown(time, dates || index == 0)).unwrap_or_default();
        svg.text((x, bottom + 20.0), Anchor::Middle, 11.0, &text);
    }
    svg.text(((LEFT + right) / 2.0, bottom + 40.0), Anchor::Middle, 12.0, "Timestamp");
}

fn shown(time: DateTime, with_date: bool) -> String {
    time.strftime(if with_date { "%Y-%m-%d %H:%M:%S" } else { "%H:%M:%S" }).to_string()
}

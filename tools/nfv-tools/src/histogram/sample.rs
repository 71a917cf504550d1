//! From log lines to samples: what one display of one histogram says.

use std::collections::BTreeMap;

const SOURCE: &[u8] = b" histogram.py.";
const TITLE: &str = "Histogram: ";

/// One display of a histogram.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The time of its first line, as the log has it.
    pub time: String,
    /// Average of the upper limits of the buckets hit, in milliseconds; of a histogram that counts something else, in
    /// its own unit.
    pub average: f64,
    /// Samples in all buckets.
    pub hits: u64,
}

/// All displays, by the name of the histogram without blanks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    /// In the order of the log.
    pub by_name: BTreeMap<String, Vec<Sample>>,
    open: Option<Open>,
}

/// A display of which more lines may come.
#[derive(Clone, Debug, PartialEq)]
struct Open {
    name: String,
    time: String,
    total: f64,
    hits: u64,
}

/// What the table of a histogram is called: the name in the log without blanks and without `:` at its end.
pub fn table_name(name: &str) -> String {
    let name: String = name.split_whitespace().collect();
    name.trim_end_matches(':').to_owned()
}

impl Samples {
    /// Takes a line of the log; one that is no histogram's is passed over. Both forms of display are read.
    pub fn line(&mut self, line: &[u8]) {
        let Some(at) = line.windows(SOURCE.len()).position(|part| part == SOURCE) else { return };
        let text = String::from_utf8_lossy(line);
        if let Some((_, name)) = text.split_once(TITLE) {
            self.end();
            let time = text.split_whitespace().next().unwrap_or_default();
            self.open = Some(Open { name: table_name(name), time: time.to_owned(), total: 0.0, hits: 0 });
            return;
        }
        let message = String::from_utf8_lossy(&line[at + SOURCE.len()..]);
        if let (Some((milliseconds, hits)), Some(open)) = (bucket(&message), &mut self.open) {
            open.total += milliseconds as f64 * hits as f64;
            open.hits += hits;
        }
    }

    /// No more lines come.
    pub fn end(&mut self) {
        let Some(Open { name, time, total, hits }) = self.open.take() else { return };
        let average = if hits == 0 { 0.0 } else { total / hits as f64 };
        self.by_name.entry(name).or_default().push(Sample { time, average, hits });
    }
}

/// Upper limit and hits of `120   003 [up to 008 decisecond]: 0000010 ***`.
fn bucket(message: &str) -> Option<(u64, u64)> {
    let mut words = message.split_whitespace().skip(2);
    if words.next() != Some("[up") || words.next() != Some("to") {
        return None;
    }
    let limit: u64 = words.next()?.parse().ok()?;
    let unit = words.next()?;
    let hits = words.next()?.parse().ok()?;
    let factor = if unit.contains("decisecond") {
        100
    } else if unit.contains("secs") {
        1000
    } else {
        1
    };
    Some((limit.checked_mul(factor)?, hits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::DateTime;
    use nfv_common::histogram::{Form, Histograms, names};

    fn log(form: Form) -> Samples {
        let at = DateTime::constant(2019, 1, 23, 15, 4, 1, 0);
        let mut histograms = Histograms::default();
        for sample in [1, 3, 3, 30] {
            histograms.add(names::timer_callback("audit"), sample, at);
        }
        histograms.add(names::execution_time("get_hosts"), 2, at);
        histograms.add(names::queue_length("Compute", 1), 4, at);
        let mut samples = Samples::default();
        for line in histograms.lines(form) {
            let who = "VIM_Thread";
            let file = "histogram.py";
            samples.line(
                format!(
                    "2019-01-23T15:04:05.006 controller-0 {who:>36}[1]     INFO {file:>42}.120   {line}\n"
                )
                .as_bytes(),
            );
        }
        samples.line(b"2019-01-23T15:04:05.006 controller-0 VIM_Thread[1] INFO vim.py.1 Histogram: no\n");
        samples.end();
        samples
    }

    #[test]
    fn what_the_vim_shows_is_read_back_in_both_forms() {
        for form in [Form::Plain, Form::Pretty] {
            let samples = log(form);
            let names: Vec<_> = samples.by_name.keys().map(String::as_str).collect();
            assert_eq!(
                names,
                ["Compute[tasks-queue-p1]", "get_hosts[execution-time]", "timercallback:audit"]
            );
            let time = "2019-01-23T15:04:05.006".to_owned();
            assert_eq!(
                samples.by_name["timercallback:audit"],
                [Sample { time: time.clone(), average: (100.0 + 400.0 + 400.0 + 3200.0) / 4.0, hits: 4 }]
            );
            assert_eq!(samples.by_name["get_hosts[execution-time]"][0].average, 2000.0);
            assert_eq!(samples.by_name["Compute[tasks-queue-p1]"], [Sample { time, average: 4.0, hits: 1 }]);
        }
    }
}

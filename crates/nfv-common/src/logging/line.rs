//! One log line in its two forms.
//!
//! Contract: deployment 4.4.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Shown;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A line on its way to the handlers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Local time, as shown.
    pub(super) date: String,
    /// The process and thread shown, for example `VIM_Thread`.
    pub(super) who: String,
    pub(super) pid: u32,
    pub(super) shown: Shown,
    /// Source and text: see [`message`].
    pub(super) message: String,
}

impl Line {
    /// The datagram for syslog. `who` stands in it twice: syslog-ng takes the first one as program name.
    pub(super) fn datagram(&self, facility: u8) -> Vec<u8> {
        let Self { date, who, pid, shown, message } = self;
        let priority = facility * 8 + shown.syslog();
        let shown = shown.as_str();
        format!("<{priority}>{date} {who:>36}[{pid}]: {who:>36}[{pid}] {shown:>8} {message}\0").into_bytes()
    }

    /// The line for standard output.
    pub(super) fn plain(&self) -> String {
        let Self { date, who, pid, shown, message } = self;
        let shown = shown.as_str();
        format!("{date}  {who:>36}[{pid}] {shown:>8} {message}\n")
    }
}

/// `Mon DD HH:MM:SS.mmm`
pub(super) fn date(time: Timestamp, zone: &TimeZone) -> String {
    let t = zone.to_datetime(time);
    let month = MONTHS[usize::from(t.month().unsigned_abs()) - 1];
    format!(
        "{month} {:02} {:02}:{:02}:{:02}.{:03}",
        t.day(),
        t.hour(),
        t.minute(),
        t.second(),
        t.millisecond()
    )
}

/// Source file, line number and text.
pub(super) fn message(file: &str, line: u64, text: &str) -> String {
    format!("{file:>42}.{line:<4}  {text}")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::logging) const EXAMPLE: &str = "<14>Jan 23 19:41:01.166                           VIM_Thread[6581]:                           VIM_Thread[6581]     INFO                     _host_state_enabled.py.27    Entering state (enabled) for compute-0.\0";

    fn example() -> Line {
        Line {
            date: date("2019-01-23T19:41:01.166999Z".parse().unwrap(), &TimeZone::UTC),
            who: "VIM_Thread".to_owned(),
            pid: 6581,
            shown: Shown::Info,
            message: message("_host_state_enabled.py", 27, "Entering state (enabled) for compute-0."),
        }
    }

    #[test]
    fn the_datagram_is_the_contracts_example_to_the_byte() {
        assert_eq!(String::from_utf8(example().datagram(1)).unwrap(), EXAMPLE);
    }

    #[test]
    fn standard_output_has_who_once() {
        assert_eq!(
            example().plain(),
            "Jan 23 19:41:01.166                            VIM_Thread[6581]     INFO                     \
             _host_state_enabled.py.27    Entering state (enabled) for compute-0.\n"
        );
    }

    #[test]
    fn dates_are_local() {
        let zone = TimeZone::fixed(jiff::tz::offset(-5));
        assert_eq!(date("2019-03-01T02:03:04.005Z".parse().unwrap(), &zone), "Feb 28 21:03:04.005");
        assert_eq!(date("1969-12-31T23:59:59.999Z".parse().unwrap(), &TimeZone::UTC), "Dec 31 23:59:59.999");
    }
}

//! The two text forms of a time in alarm and event records.
//!
//! Contract: southbound 12.1, 12.8.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// `YYYY-MM-DD HH:MM:SS.ffffff`, the form of `raised_timestamp`.
pub fn with_micros(time: Timestamp) -> String {
    civil_with_micros(TimeZone::UTC.to_datetime(time))
}

fn civil_with_micros(t: DateTime) -> String {
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}",
        t.year(),
        t.month(),
        t.day(),
        t.hour(),
        t.minute(),
        t.second(),
        t.subsec_nanosecond() / 1000
    )
}

/// The same without the fraction when it is exactly zero: the form of `created-timestamp` in the alarm file and of
/// `timestamp` in the event file, which readers of these files have always met in both lengths.
pub fn shortest(time: Timestamp) -> String {
    shortest_civil(TimeZone::UTC.to_datetime(time))
}

/// [`shortest`] for a time on the wall clock of some zone, as histograms show it.
pub fn shortest_civil(time: DateTime) -> String {
    let mut text = civil_with_micros(time);
    if text.ends_with(".000000") {
        text.truncate(text.len() - ".000000".len());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fraction_is_dropped_only_when_it_is_zero() {
        let whole: Timestamp = "2019-01-23T15:04:05Z".parse().unwrap();
        let part: Timestamp = "2019-01-23T15:04:05.0000789Z".parse().unwrap();
        assert_eq!(shortest(whole), "2019-01-23 15:04:05");
        assert_eq!(with_micros(whole), "2019-01-23 15:04:05.000000");
        assert_eq!(shortest(part), "2019-01-23 15:04:05.000078");
        assert_eq!(with_micros(part), "2019-01-23 15:04:05.000078");
    }
}

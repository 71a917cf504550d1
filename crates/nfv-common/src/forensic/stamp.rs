//! Times in the log: local, without a zone, as the log has them.

use std::fmt;

use jiff::civil::DateTime;

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;
const MICROS: i64 = 1_000_000;

/// A point in the log's local time, to the microsecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(DateTime);

impl Stamp {
    /// Before everything.
    pub const MIN: Stamp = Stamp(DateTime::constant(1, 1, 1, 0, 0, 0, 0));
    /// After everything.
    pub const MAX: Stamp = Stamp(DateTime::constant(9999, 12, 31, 23, 59, 59, 999_999_000));

    /// From numbers as they stand in a log line: year, month, day, hour, minute, second, millisecond.
    ///
    /// # Errors
    /// What is out of range, in the words of the original's report.
    pub fn from_parts(parts: [u64; 7]) -> Result<Self, &'static str> {
        let [year, month, day, hour, minute, second, milli] = parts;
        let micro = milli.saturating_mul(1000);
        for part in [year, month, day, hour, minute, second, micro] {
            if part > i64::MAX.unsigned_abs() {
                return Err("Python int too large to convert to C long");
            }
            if part > u64::from(i32::MAX.unsigned_abs()) {
                return Err("signed integer is greater than maximum");
            }
        }
        let within = |value: u64, range: std::ops::RangeInclusive<u64>, error| {
            if range.contains(&value) { Ok(()) } else { Err(error) }
        };
        within(year, 1..=9999, "year is out of range")?;
        within(month, 1..=12, "month must be in 1..12")?;
        within(day, 1..=31, "day is out of range for month")?;
        within(hour, 0..=23, "hour must be in 0..23")?;
        within(minute, 0..=59, "minute must be in 0..59")?;
        within(second, 0..=59, "second must be in 0..59")?;
        within(micro, 0..=999_999, "microsecond must be in 0..999999")?;
        // each is in the range of its type now
        let made = DateTime::new(
            year as i16,
            month as i8,
            day as i8,
            hour as i8,
            minute as i8,
            second as i8,
            (micro * 1000) as i32,
        );
        // the day is the only part whose range depends on others
        made.map(Self).map_err(|_| "day is out of range for month")
    }

    /// `YYYY-MM-DD HH:MM:SS`, as the operator gives it: the leading zeros of all but the year may be missing, the blank
    /// may be any white space.
    pub fn from_argument(text: &str) -> Option<Self> {
        let (date, time) = text.split_once(char::is_whitespace)?;
        let mut parts = [0; 7];
        let date = date.split('-').zip([4..=4, 1..=2, 1..=2]);
        let time = time.trim_start().split(':').zip([1..=2, 1..=2, 1..=2]);
        let texts: Vec<_> = date.chain(time).collect();
        if texts.len() != 6 || text.matches('-').count() != 2 || text.matches(':').count() != 2 {
            return None;
        }
        for (part, (text, digits)) in parts.iter_mut().zip(texts) {
            if !digits.contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            *part = text.parse().ok()?;
        }
        Self::from_parts(parts).ok()
    }

    /// The time from `earlier` to this one; negative when it is later.
    pub fn since(self, earlier: Stamp) -> Elapsed {
        Elapsed((self.micros() - earlier.micros()) as i64)
    }

    fn micros(self) -> i128 {
        let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
        self.0.duration_since(epoch).as_micros()
    }
}

impl fmt::Display for Stamp {
    /// `YYYY-MM-DD HH:MM:SS.mmm`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = self.0;
        write!(
            f,
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}",
            t.year(),
            t.month(),
            t.day(),
            t.hour(),
            t.minute(),
            t.second(),
            t.millisecond()
        )
    }
}

/// A time between two lines, in microseconds; negative where lines stand out of order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Elapsed(i64);

impl fmt::Display for Elapsed {
    /// `H:MM:SS[.ffffff]`, with whole days in front. The days of a negative time are negative, the rest is not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(MICROS);
        let micros = self.0.rem_euclid(MICROS);
        let days = seconds.div_euclid(SECONDS_PER_DAY);
        let seconds = seconds.rem_euclid(SECONDS_PER_DAY);
        if days != 0 {
            write!(f, "{days} day{}, ", if days.abs() == 1 { "" } else { "s" })?;
        }
        write!(f, "{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
        if micros != 0 {
            write!(f, ".{micros:06}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(text: &str) -> Stamp {
        Stamp::from_argument(text).unwrap()
    }

    #[test]
    fn elapsed_times_are_shown_as_python_does() {
        for (micros, shown) in [
            (0, "0:00:00"),
            (3_250_000, "0:00:03.250000"),
            (86_399_000_001, "23:59:59.000001"),
            (86_400_000_000, "1 day, 0:00:00"),
            (2 * 86_400_000_000 + 1_000_000, "2 days, 0:00:01"),
            (-1, "-1 day, 23:59:59.999999"),
            (-86_400_000_001, "-2 days, 23:59:59.999999"),
        ] {
            assert_eq!(Elapsed(micros).to_string(), shown);
        }
        assert_eq!(stamp("2019-03-01 00:00:00").since(stamp("2019-02-28 23:59:58")).to_string(), "0:00:02");
    }

    #[test]
    fn the_first_part_out_of_range_is_named() {
        let good = [2019, 1, 23, 19, 41, 1, 166];
        assert_eq!(Stamp::from_parts(good).unwrap().to_string(), "2019-01-23 19:41:01.166");
        for (at, value, error) in [
            (0, 0, "year is out of range"),
            (0, 10_000, "year is out of range"),
            (1, 13, "month must be in 1..12"),
            (2, 32, "day is out of range for month"),
            (3, 24, "hour must be in 0..23"),
            (4, 60, "minute must be in 0..59"),
            (5, 60, "second must be in 0..59"),
            (6, 1000, "microsecond must be in 0..999999"),
            (0, 1 << 31, "signed integer is greater than maximum"),
            (0, u64::MAX, "Python int too large to convert to C long"),
        ] {
            let mut parts = good;
            parts[at] = value;
            assert_eq!(Stamp::from_parts(parts), Err(error));
        }
        assert_eq!(Stamp::from_parts([2019, 2, 29, 0, 0, 0, 0]), Err("day is out of range for month"));
    }

    #[test]
    fn arguments_are_dates_with_seconds() {
        assert_eq!(stamp("2019-1-3  4:5:6").to_string(), "2019-01-03 04:05:06.000");
        for wrong in [
            "",
            "2019-01-23",
            "2019-01-23T19:41:01",
            "2019-01-23 19:41",
            "2019-01-23 19:41:01.5",
            "19-01-23 19:41:01",
            "2019-02-30 19:41:01",
            "2019-01-23 19:41:01 x",
            "2019-01-23 19:41:61",
            "2019-01-23-4 19:41:01",
            "2019-+1-23 19:41:01",
        ] {
            assert_eq!(Stamp::from_argument(wrong), None, "{wrong}");
        }
        assert!(Stamp::MIN < stamp("1-1-1 0:0:0".replace("1-1-1", "0002-1-1").as_str()));
        assert!(Stamp::MAX > stamp("9999-12-31 23:59:59"));
    }
}

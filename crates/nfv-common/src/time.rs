//! Time as the core sees it: it never asks a clock, it is told.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::ops::{Add, Sub};
use std::time::Duration;

/// A point on the monotonic clock: milliseconds since an origin that only the shell knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Mono(u64);

impl Mono {
    /// The origin.
    pub const ZERO: Mono = Mono(0);

    /// The point `since_origin` after the origin.
    pub const fn at(since_origin: Duration) -> Self {
        Self(since_origin.as_millis() as u64)
    }

    /// Time since the origin.
    pub const fn since_origin(self) -> Duration {
        Duration::from_millis(self.0)
    }

    /// Time since `earlier`; zero if that lies ahead.
    pub const fn since(self, earlier: Mono) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Mono {
    type Output = Mono;
    fn add(self, rhs: Duration) -> Mono {
        Mono(self.0.saturating_add(rhs.as_millis().min(u128::from(u64::MAX)) as u64))
    }
}

impl Sub<Duration> for Mono {
    type Output = Mono;
    fn sub(self, rhs: Duration) -> Mono {
        Mono(self.0.saturating_sub(rhs.as_millis().min(u128::from(u64::MAX)) as u64))
    }
}

/// The moment at which an input is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// For deadlines and elapsed times.
    pub mono: Mono,
    /// For what people and databases read.
    pub wall: Timestamp,
}

/// `YYYY-MM-DDTHH:MM:SSZ`. Contract: vim-behaviour 3.3.
pub fn utc_seconds(wall: Timestamp) -> String {
    wall.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_have_the_contracts_forms() {
        let wall: Timestamp = "2019-01-23T15:04:05.6789Z".parse().unwrap();
        assert_eq!(utc_seconds(wall), "2019-01-23T15:04:05Z");
        assert_eq!(crate::utc_text::with_micros(wall), "2019-01-23 15:04:05.678900");
    }

    #[test]
    fn elapsed_time_never_underflows() {
        let early = Mono::at(Duration::from_secs(1));
        let late = early + Duration::from_secs(2);
        assert_eq!(late.since(early), Duration::from_secs(2));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(Mono::ZERO - Duration::from_secs(1), Mono::ZERO);
    }
}

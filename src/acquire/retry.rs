//! When to try again, and how long to wait before it.
//!
//! Time comes from a [`Clock`], so that tests wait for nothing.

use std::fmt;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::observe::Observer;

/// Where time comes from.
pub trait Clock: fmt::Debug + Send + Sync {
    /// A time that never goes backwards.
    fn now(&self) -> Instant;

    /// The time of day, which `Retry-After` may refer to.
    fn wall(&self) -> Timestamp;

    /// Waits.
    fn sleep(&self, duration: Duration);
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn wall(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// How often, and with what pauses.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Failures in a row, without progress between them, after which it is given up.
    pub attempts: u32,
    /// The pause after the first failure; it doubles with each further one.
    pub first: Duration,
    /// The longest pause of our own choice.
    pub longest: Duration,
    /// The longest pause that a server may ask for; longer wishes are cut to it.
    pub longest_asked: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            attempts: 6,
            first: Duration::from_secs(1),
            longest: Duration::from_secs(60),
            longest_asked: Duration::from_secs(120),
        }
    }
}

impl Policy {
    /// The pause after failure number `failures` (from 1), of which `luck`, from 0 to 1, leaves between a half and all.
    ///
    /// Without the luck, all who were cut off at the same time would come back at the same time.
    fn pause(&self, failures: u32, luck: f64) -> Duration {
        let doubled = self.first.saturating_mul(1 << failures.saturating_sub(1).min(16));
        doubled
            .min(self.longest)
            .mul_f64(0.5 + luck.clamp(0.0, 1.0) / 2.0)
    }

    /// The pause before the next attempt: what the server asked for, within limits, or our own.
    pub fn before_next(&self, failures: u32, asked: Option<Duration>) -> Duration {
        match asked {
            Some(asked) => asked.min(self.longest_asked),
            None => self.pause(failures, luck()),
        }
    }
}

/// A number from 0 to 1.
fn luck() -> f64 {
    let random = RandomState::new().build_hasher().finish();
    f64::from((random >> 32) as u32) / f64::from(u32::MAX)
}

/// Waits for `duration`; `false` as soon as the user asked to stop.
#[must_use]
pub fn wait(clock: &dyn Clock, observer: &dyn Observer, duration: Duration) -> bool {
    const SLICE: Duration = Duration::from_millis(100);
    let mut left = duration;
    while !left.is_zero() {
        if observer.cancelled() {
            return false;
        }
        let slice = left.min(SLICE);
        clock.sleep(slice);
        left -= slice;
    }
    !observer.cancelled()
}

/// Reads `Retry-After`: seconds, or an HTTP date (RFC 9110, section 10.2.3).
///
/// A date in the past means at once; anything unreadable means nothing.
pub fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let wait = http_date(value)?.duration_since(now);
    Some(Duration::try_from(wait).unwrap_or(Duration::ZERO))
}

/// Reads an HTTP date, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn http_date(value: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(value.trim())
        .ok()
        .map(|date| date.timestamp())
}

/// Watches that a transfer does not crawl: at least [`Pace::LEAST`] bytes in each window.
#[derive(Debug)]
pub struct Pace {
    window: Duration,
    since: Instant,
    bytes: u64,
}

impl Pace {
    /// A transfer of fewer bytes in a window is as good as silent.
    pub const LEAST: u64 = 1024;

    /// Begins at `now`.
    pub fn new(window: Duration, now: Instant) -> Self {
        Self {
            window,
            since: now,
            bytes: 0,
        }
    }

    /// Whether it still moves, `read` bytes having arrived by `now`.
    pub fn moves(&mut self, read: usize, now: Instant) -> bool {
        self.bytes += read as u64;
        if now.duration_since(self.since) < self.window {
            return true;
        }
        let enough = self.bytes >= Self::LEAST;
        (self.since, self.bytes) = (now, 0);
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit_and_never_halve_below_a_half() {
        let policy = Policy::default();
        let longest: Vec<_> = (1..=8).map(|n| policy.pause(n, 1.0).as_secs()).collect();
        assert_eq!(longest, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(policy.pause(3, 0.0), Duration::from_secs(2));
        assert_eq!(policy.pause(u32::MAX, 1.0), Duration::from_secs(60));
    }

    #[test]
    fn the_server_may_ask_for_a_pause_but_not_for_a_day() {
        let policy = Policy::default();
        assert_eq!(
            policy.before_next(1, Some(Duration::from_secs(7))),
            Duration::from_secs(7)
        );
        assert_eq!(
            policy.before_next(1, Some(Duration::from_secs(86_400))),
            Duration::from_secs(120)
        );
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let now = http_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("a date");
        let seconds = |text| retry_after(text, now).map(|wait| wait.as_secs());
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:50:07 GMT"), Some(30));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0)); // in the past: at once
        assert_eq!(seconds("99999999999999999999999"), Some(u64::MAX));
        assert_eq!(seconds("-5"), None);
        assert_eq!(seconds("soon"), None);
        assert_eq!(seconds(""), None);
    }

    #[test]
    fn a_crawl_is_not_a_transfer() {
        let (window, start) = (Duration::from_secs(30), Instant::now());
        let mut pace = Pace::new(window, start);
        assert!(pace.moves(1, start + Duration::from_secs(29)));
        assert!(!pace.moves(1, start + Duration::from_secs(31)));
        assert!(pace.moves(1, start + Duration::from_secs(32)));
        assert!(pace.moves(4096, start + Duration::from_secs(62)));
    }
}

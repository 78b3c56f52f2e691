//! A clock that stands still until a test moves it.

use std::sync::atomic::{AtomicI64, Ordering};

use honnin_terms::{Clock, Moment};

/// A clock that stands still until it is moved, and that never goes backwards.
///
/// Exact to the millisecond, as [`Moment`] is.
#[derive(Debug)]
pub struct FixedClock {
    millis: AtomicI64,
}

impl FixedClock {
    /// A clock that shows that moment, RFC 3339: `2026-11-20T06:00:00+09:00`.
    ///
    /// # Panics
    /// Where the text is no moment.
    pub fn at(text: &str) -> Self {
        Self::showing(read(text))
    }

    /// A clock that shows that moment.
    pub fn showing(moment: Moment) -> Self {
        Self { millis: AtomicI64::new(moment.millis()) }
    }

    /// Moves the clock on to that moment, RFC 3339.
    ///
    /// # Panics
    /// Where the text is no moment or lies before what the clock shows.
    pub fn set(&self, text: &str) {
        self.move_to(read(text));
    }

    /// Moves the clock on to that moment.
    ///
    /// # Panics
    /// Where the moment lies before what the clock shows.
    pub fn move_to(&self, moment: Moment) {
        let before = self.millis.fetch_max(moment.millis(), Ordering::SeqCst);
        assert!(before <= moment.millis(), "move the clock from {} back to {moment}", self.now());
    }

    /// Moves the clock on by so many seconds.
    ///
    /// # Panics
    /// Where the seconds are negative.
    pub fn advance_seconds(&self, seconds: i64) {
        assert!(seconds >= 0, "move the clock back by {} seconds", seconds.unsigned_abs());
        self.advance_millis(seconds.saturating_mul(1000));
    }

    /// Moves the clock on by so many milliseconds.
    ///
    /// # Panics
    /// Where the milliseconds are negative.
    pub fn advance_millis(&self, millis: i64) {
        assert!(millis >= 0, "move the clock back by {} milliseconds", millis.unsigned_abs());
        self.millis.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Moment {
        Moment::from_millis(self.millis.load(Ordering::SeqCst)).unwrap_or(Moment::EPOCH)
    }
}

#[expect(clippy::panic, reason = "a test that names no moment is wrong")]
fn read(text: &str) -> Moment {
    match text.parse() {
        Ok(moment) => moment,
        Err(error) => panic!("read {text:?}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stands_still_until_it_is_moved() {
        let clock = FixedClock::at("2026-11-20T06:00:00+09:00");
        let start = clock.now();
        assert_eq!(clock.now(), start);
        clock.advance_seconds(90);
        clock.advance_millis(5);
        assert_eq!(clock.now().millis() - start.millis(), 90_005);
        clock.set("2026-11-21T00:00:00+09:00");
        assert_eq!(clock.now().to_string(), "2026-11-20T15:00:00Z");
    }

    #[test]
    #[should_panic(expected = "back to 2026-11-19T20:59:59Z")]
    fn it_refuses_to_go_backwards() {
        FixedClock::at("2026-11-20T06:00:00+09:00").set("2026-11-20T05:59:59+09:00");
    }

    #[test]
    #[should_panic(expected = "back by 1 seconds")]
    fn it_refuses_to_advance_by_less_than_nothing() {
        FixedClock::at("2026-11-20T06:00:00+09:00").advance_seconds(-1);
    }
}

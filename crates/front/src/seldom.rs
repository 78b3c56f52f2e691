//! What happens often and is said seldom.

use std::time::Duration;

use tokio::time::Instant;

/// It is said at most once in so long.
const EVERY: Duration = Duration::from_mins(1);

/// Counts what happened and is not said yet.
#[derive(Debug, Default)]
pub(super) struct Seldom {
    said: Option<Instant>,
    times: u64,
}

impl Seldom {
    /// It happened; how often since it was last said, where it is to be said now.
    pub(super) fn happened(&mut self, now: Instant) -> Option<u64> {
        self.times = self.times.saturating_add(1);
        if self.said.is_some_and(|said| now.saturating_duration_since(said) < EVERY) {
            return None;
        }
        self.said = Some(now);
        Some(std::mem::take(&mut self.times))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_twenty_times_a_second_is_one_line_a_minute() {
        let began = Instant::now();
        let mut seldom = Seldom::default();
        let lines: Vec<u64> = (0..6_000)
            .filter_map(|number| seldom.happened(began + Duration::from_millis(50) * number))
            .collect();
        assert_eq!(lines, [1, 1_200, 1_200, 1_200, 1_200]);
    }
}

//! The arithmetic of measuring: medians, percentiles, counts as numbers one can divide.

use std::time::Duration;

/// The value in the middle; of an even number of values the upper one. 0 of none.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

/// The time within which so many of a thousand were done, by the nearest rank; zero of none.
pub(super) fn within(times: &mut [Duration], of_thousand: usize) -> Duration {
    times.sort_unstable();
    let rank = (times.len() * of_thousand).div_ceil(1000);
    times.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// A time in milliseconds.
pub(super) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// A count as a number.
pub(super) fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}

/// A large count as a number.
pub(super) fn large(number: u64) -> f64 {
    let high = u32::try_from(number >> 32).map_or(0.0, f64::from);
    let low = u32::try_from(number & u64::from(u32::MAX)).map_or(0.0, f64::from);
    high * 4_294_967_296.0 + low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_a_value_that_was_measured() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(&[4.0, 1.0, 3.0, 2.0]) - 3.0).abs() < 1e-9);
        assert!(median(&[]).abs() < 1e-9);
    }

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let mut times: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(within(&mut times, 500), Duration::from_millis(100));
        assert_eq!(within(&mut times, 990), Duration::from_millis(198));
        assert_eq!(within(&mut times, 1000), Duration::from_millis(200));
        assert_eq!(within(&mut [Duration::from_millis(7)], 500), Duration::from_millis(7));
        assert_eq!(within(&mut [], 990), Duration::ZERO);
    }

    #[test]
    fn large_counts_keep_their_size() {
        assert!((large(5_000_000_000) - 5e9).abs() < 1.0);
        assert!((count(12) - 12.0).abs() < 1e-9);
    }
}

//! Waiting for what somebody else does in their own time: another process, or another thread.

use std::thread;
use std::time::Duration;

/// The longest pause between two questions.
const PAUSE: u64 = 50;
/// With pauses that grow by a millisecond up to the longest that is two minutes.
const QUESTIONS: u64 = 2_425;

/// Asks again and again until it holds, with two minutes of pauses at most and the time that asking takes: how fast this machine
/// is is not what is tried.
#[must_use]
pub fn soon(mut holds: impl FnMut() -> bool) -> bool {
    // At first often, for what is almost there; then seldom, for what takes its own time to ask.
    (0..QUESTIONS).any(|asked| {
        let held = holds();
        if !held {
            thread::sleep(Duration::from_millis(asked.min(PAUSE)));
        }
        held
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_asked_until_it_holds_and_no_more() {
        let mut asked = 0;
        let held = soon(|| {
            asked += 1;
            asked == 60
        });
        assert_eq!((held, asked), (true, 60));
    }

    #[test]
    fn all_pauses_are_two_minutes() {
        let pauses: u64 = (0..QUESTIONS).map(|asked| asked.min(PAUSE)).sum();
        assert!((119_000..=121_000).contains(&pauses), "{pauses}");
    }
}

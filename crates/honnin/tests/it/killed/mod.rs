//! `kill -9` at any moment: what was said to be done is done, and nothing is done twice or by halves.

mod intake;
mod toggles;

use std::thread;
use std::time::Duration;

use honnin_testkit::SeededEntropy;

/// Waits up to so many milliseconds, as the seed says.
fn wait_up_to(random: &SeededEntropy, most: u64) {
    thread::sleep(Duration::from_millis(random.next_u64() % most.max(1)));
}

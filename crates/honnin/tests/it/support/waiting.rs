//! Waiting for what another process does in its own time.

use std::thread;
use std::time::Duration;

/// Asks again and again until it holds, two minutes at most: how fast this machine is is not what is tried.
pub(crate) fn soon(mut holds: impl FnMut() -> bool) -> bool {
    (0..2_400).any(|_| {
        let held = holds();
        if !held {
            thread::sleep(Duration::from_millis(50));
        }
        held
    })
}

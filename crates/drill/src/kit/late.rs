//! How busy the machine is: how late timers of this process are at the most.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(50);
/// Steps by which a process of the product does something in its own time, each of them as late as a timer was.
const STEPS: u32 = 5;

/// Looks until it is dropped.
#[derive(Debug)]
pub(crate) struct Late(watch::Receiver<Duration>);

impl Late {
    /// Looks from now on.
    pub(crate) fn watched() -> Self {
        let (tell, late) = watch::channel(Duration::ZERO);
        tokio::spawn(async move {
            while !tell.is_closed() {
                let wanted = Instant::now() + LOOK;
                sleep(LOOK).await;
                let fresh = wanted.elapsed();
                tell.send_if_modified(|late| {
                    let longer = fresh > *late;
                    *late = fresh.max(*late);
                    longer
                });
            }
        });
        Self(late)
    }

    /// The latest a timer was.
    pub(crate) fn most(&self) -> Duration {
        *self.0.borrow()
    }

    /// A time that is promised, and what a machine adds to it that is as busy as this one: as much again at the most, because on
    /// a machine that stood still for longer nothing is shown.
    pub(crate) fn beyond(&self, promised: Duration) -> Duration {
        promised + beside(self.most()).min(promised)
    }
}

/// What a machine adds whose timers are so late.
pub(crate) fn beside(late: Duration) -> Duration {
    late * STEPS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_process_that_stood_still_is_given_more_time() {
        let late = Late::watched();
        let promised = Duration::from_secs(1);
        // No timer is looked at while this thread stands still.
        tokio::task::yield_now().await;
        std::thread::sleep(LOOK + Duration::from_millis(200));
        sleep(LOOK).await;
        assert!(late.most() >= Duration::from_millis(150), "{:?}", late.most());
        assert!(late.beyond(promised) >= promised + Duration::from_millis(150) * STEPS);
        assert_eq!(late.beyond(promised / 100), promised / 50, "and never more than as much again");
    }
}

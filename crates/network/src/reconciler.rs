//! The loop: finds due wishes, claims as many as there is room for, drives them beside each other.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use honnin_figures::{self as figures, AlarmKind};
use honnin_store::Claim;
use tokio::sync::Notify;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::driver::{Driver, Parts};
use crate::{BadBounds, Bounds};

/// Wakes the reconciler when a wish was written.
#[derive(Debug, Clone)]
pub struct Waker(Arc<Notify>);

impl Waker {
    /// Wakes it; if it is at work it looks again when it has done.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    /// The same as a plain callback, for whoever knows nothing of this room.
    pub fn callback(&self) -> Arc<dyn Fn() + Send + Sync> {
        let waker = self.clone();
        Arc::new(move || waker.wake())
    }
}

/// Drives the network to what was asked. Several may run on one store: each wish is claimed by one of them.
pub struct Reconciler {
    driver: Arc<Driver>,
    awake: Arc<Notify>,
}

impl fmt::Debug for Reconciler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reconciler").field("parts", &self.driver.parts).finish_non_exhaustive()
    }
}

impl Reconciler {
    /// Makes a reconciler; it does nothing until it is run.
    ///
    /// # Errors
    /// [`BadBounds`] where the bounds cannot work.
    pub fn new(parts: Parts, bounds: Bounds) -> Result<Self, BadBounds> {
        bounds.check()?;
        Ok(Self { driver: Arc::new(Driver::new(parts, bounds)), awake: Arc::new(Notify::new()) })
    }

    /// What wakes it.
    pub fn waker(&self) -> Waker {
        Waker(Arc::clone(&self.awake))
    }

    /// Runs until `stop` is done, then lets calls under way come to their end for a bounded time. Dropped at any
    /// moment it leaves nothing wrong: claims end by themselves.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) {
        let mut stop = pin!(stop);
        let mut under_way = JoinSet::new();
        // An interval and not a sleep: a busy time must not put off what is measured.
        let mut tick = interval(Duration::from_millis(self.driver.bounds.poll_millis));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.claim(&mut under_way).await;
            tokio::select! {
                biased;
                () = &mut stop => break,
                _ = tick.tick() => self.measure().await,
                Some(ended) = under_way.join_next() => note(ended),
                () = self.awake.notified() => {}
            }
        }
        let end = async {
            while let Some(ended) = under_way.join_next().await {
                note(ended);
            }
        };
        let longest = Duration::from_millis(self.driver.bounds.stop_millis);
        if timeout(longest, end).await.is_err() {
            tracing::warn!(dropped = under_way.len(), "stop the reconciler: calls were still under way");
            under_way.shutdown().await;
        }
    }

    /// Claims due wishes while there is room for them.
    async fn claim(&self, under_way: &mut JoinSet<()>) {
        let driver = &self.driver;
        let mut room = driver.room().min(driver.bounds.at_once.saturating_sub(under_way.len()));
        while room > 0 {
            let now = driver.now();
            let most = room.min(driver.bounds.batch);
            let claim = Claim { now, lease_seconds: driver.bounds.lease_seconds, most };
            let permit = driver.parts.authority.drive(now, driver.request());
            let claimed = match driver.parts.rows.claim(&permit, claim).await {
                Ok(claimed) => claimed,
                Err(error) => {
                    figures::claims_failed().increment(1);
                    tracing::warn!(request = %permit.request(), %error, "claim due wishes");
                    return;
                }
            };
            let all = claimed.len() < most;
            room = room.saturating_sub(claimed.len());
            for wish in claimed {
                under_way.spawn(Arc::clone(driver).drive(wish));
            }
            if all {
                return;
            }
        }
    }

    /// Says how much waits and for how long.
    async fn measure(&self) {
        let driver = &self.driver;
        let now = driver.now();
        let permit = driver.parts.authority.drive(now, driver.request());
        if let Ok((waiting, oldest)) = driver.parts.rows.backlog(&permit).await {
            let age = oldest.map_or(0, |oldest| now.seconds_since(oldest).max(0));
            figures::set(&figures::wish_backlog(), waiting);
            figures::set(&figures::wish_oldest(), age.unsigned_abs());
        }
    }
}

fn note(ended: Result<(), JoinError>) {
    if ended.is_err_and(|error| error.is_panic()) {
        figures::alarm!(
            AlarmKind::ReconcilerPanic,
            "drive a line: a task ended by a fault; its claim ends by itself"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_ends_by_a_fault_calls_somebody() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let counted = figures::counted_by(|| {
            runtime.block_on(async {
                let mut under_way = JoinSet::new();
                under_way.spawn(async { assert!(under_way_is_sound(), "a fault of the driver") });
                note(under_way.join_next().await.unwrap());
                under_way.spawn(async {});
                note(under_way.join_next().await.unwrap());
            });
        });
        assert_eq!(counted.value("honnin_alarm_total{kind=\"reconciler_panic\"}").as_deref(), Some("1"));
    }

    const fn under_way_is_sound() -> bool {
        false
    }
}

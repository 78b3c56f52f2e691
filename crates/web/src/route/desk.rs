//! Where documents are made: so many at once, so many that wait, and not one more; of those a few for one account.
//!
//! A place is taken before anything is read or journaled, so that who is refused was shown nothing. Nothing is kept
//! between two documents: each is made of what it is handed, in memory of its own, and handed back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::{fmt, io, thread};

use honnin_access::Source;
use honnin_care::{Share, Shares};
use honnin_terms::AccountId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::answer::Refusal;
use super::code::Code;

/// Seconds after which to try again where all places are taken: longer than the whole queue takes.
const AGAIN: u32 = 5;

/// How many documents are made.
///
/// Shape: counts. Source: ours; the reason stands at each default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskBounds {
    /// Documents made at the same time. A sheet takes about two milliseconds of one core; pages go first.
    pub at_once: usize,
    /// Documents that may wait; one more is refused with a time.
    pub waiting: usize,
}

impl Default for DeskBounds {
    fn default() -> Self {
        Self { at_once: 1, waiting: 64 }
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// The desk. Its threads end when it is dropped and nothing waits.
pub(super) struct Desk {
    places: Arc<Semaphore>,
    shares: Shares,
    jobs: SyncSender<Job>,
    bounds: DeskBounds,
    busy: Code,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

/// A place at the desk, given up when dropped.
#[derive(Debug)]
pub(super) struct Place {
    jobs: SyncSender<Job>,
    /// Of all, and of what her account and her source may have.
    held: (OwnedSemaphorePermit, Share),
}

impl Desk {
    /// Starts the threads; `busy` is what is said where all places are taken.
    ///
    /// # Errors
    /// The system's reason where a thread cannot be started.
    pub(super) fn start(name: &str, bounds: DeskBounds, busy: Code) -> io::Result<Self> {
        let places = bounds.at_once.max(1).saturating_add(bounds.waiting).min(Semaphore::MAX_PERMITS);
        let (jobs, waiting) = sync_channel::<Job>(places);
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 0..bounds.at_once.max(1) {
            let waiting = Arc::clone(&waiting);
            thread::Builder::new().name(format!("{name}-{number}")).spawn(move || work(&waiting))?;
        }
        let shares = Shares::of(places);
        Ok(Self { places: Arc::new(Semaphore::new(places)), shares, jobs, bounds, busy })
    }

    /// Takes a place.
    ///
    /// # Errors
    /// The code it was started with, with the time to come back: where all places are taken with how many are before
    /// her, where her account or her source has as many as it may have with that.
    pub(super) fn place(&self, account: AccountId, source: Source) -> Result<Place, Refusal> {
        let Some(share) = self.shares.take(account, source) else {
            return Err(
                self.refused("this account or this address has as many as may be made at once".to_owned())
            );
        };
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(Place { jobs: self.jobs.clone(), held: (place, share) });
        }
        let before = self.bounds.at_once.max(1).saturating_add(self.bounds.waiting);
        Err(self.refused(format!("{before} are made or wait before this one")))
    }

    fn refused(&self, detail: String) -> Refusal {
        honnin_figures::documents_refused(self.busy.word()).increment(1);
        Refusal::after(self.busy, AGAIN).detailed(detail)
    }
}

impl Place {
    /// Has the work done by a thread of the desk, off the threads that answer. What nobody waits for any more is not
    /// begun; what is begun is made to its end and thrown away.
    ///
    /// # Errors
    /// [`Code::Internal`] where the work broke off.
    pub(super) async fn work<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let Self { jobs, held } = self;
        let (done, answer) = oneshot::channel();
        let job: Job = Box::new(move || {
            if !done.is_closed() {
                drop(done.send(work()));
            }
            drop(held);
        });
        // There are as many places in the queue as at the desk, so who has one is never refused here.
        jobs.try_send(job).map_err(|_| Code::Internal)?;
        answer.await.map_err(|_| Code::Internal.into())
    }
}

fn work(waiting: &Mutex<Receiver<Job>>) {
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            // Work that breaks off takes its own answer with it, and not the thread.
            Ok(job) => drop(catch_unwind(AssertUnwindSafe(job))),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use honnin_terms::Id;
    use std::time::Duration;

    fn place(desk: &Desk, account: u8) -> Result<Place, Refusal> {
        let site = u64::from(account);
        desk.place(AccountId::from_octets([account; 16]), Source { site, prefix: 0, address: 0 })
    }

    /// A desk whose one hand is at work until the sender is dropped.
    async fn busy(waiting: usize) -> (Desk, std::sync::mpsc::Sender<()>, tokio::task::JoinHandle<bool>) {
        let desk = Desk::start("desk", DeskBounds { at_once: 1, waiting }, Code::DocumentsBusy).unwrap();
        let (release, held) = std::sync::mpsc::channel::<()>();
        let (begun, begins) = oneshot::channel();
        let place = place(&desk, 0).unwrap();
        let working = tokio::spawn(async move {
            let work = place.work(move || {
                begun.send(()).unwrap();
                held.recv().is_err()
            });
            work.await.unwrap()
        });
        begins.await.unwrap();
        (desk, release, working)
    }

    /// Waits until the desk has a place again.
    async fn free(desk: &Desk) -> Place {
        for _ in 0..10_000 {
            if let Ok(place) = place(desk, 0) {
                return place;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("no place has become free");
    }

    #[tokio::test]
    async fn beyond_the_bound_a_document_is_refused_with_a_time_and_afterwards_taken_again() {
        let (desk, release, working) = busy(2).await;
        let waiting: Vec<Place> = (1..3).map(|number| place(&desk, number).unwrap()).collect();
        let refused = place(&desk, 9).map(|_| ()).unwrap_err();
        assert_eq!((refused.code(), refused.retry_after()), (Code::DocumentsBusy, Some(AGAIN)));
        drop(waiting);
        assert!(place(&desk, 9).is_ok(), "who did not wait gave her place up");
        drop(release);
        assert!(working.await.unwrap());
    }

    #[tokio::test]
    async fn one_account_that_asks_a_hundred_times_keeps_no_neighbour_from_a_document() {
        let (desk, release, working) = busy(DeskBounds::default().waiting).await;
        let hers: Vec<Place> = (0..100).filter_map(|_| place(&desk, 1).ok()).collect();
        let refused = place(&desk, 1).map(|_| ()).unwrap_err();
        assert_eq!((refused.code(), refused.retry_after()), (Code::DocumentsBusy, Some(AGAIN)));
        let his = place(&desk, 2).map(|place| place.work(|| 7)).expect("he asks once");
        assert_eq!(hers.len(), 4);
        // Who leaves before a document is begun has her share until it is passed over.
        let left: Vec<_> = hers.into_iter().map(|place| tokio::spawn(place.work(|| 1))).collect();
        tokio::task::yield_now().await;
        left.iter().for_each(tokio::task::JoinHandle::abort);
        assert!(place(&desk, 1).is_err());
        drop(release);
        assert!(working.await.unwrap());
        assert_eq!(his.await, Ok(7));
        assert!(place(&desk, 1).is_ok());
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_not_begun_and_frees_its_place() {
        let (desk, release, working) = busy(1).await;
        let left = place(&desk, 9).unwrap().work(|| panic!("begun for nobody"));
        assert!(
            tokio::time::timeout(Duration::from_millis(1), left).await.is_err(),
            "the one hand is at work"
        );
        drop(release);
        assert!(working.await.unwrap());
        assert_eq!(free(&desk).await.work(|| 7).await, Ok(7));
    }

    #[tokio::test]
    async fn work_that_breaks_off_is_a_fault_of_ours_and_the_desk_goes_on() {
        let desk = Desk::start("desk", DeskBounds { at_once: 1, waiting: 0 }, Code::DocumentsBusy).unwrap();
        for _ in 0..3 {
            let broken = free(&desk).await.work(|| -> u8 { panic!("broken on purpose") }).await;
            assert_eq!(broken, Err(Code::Internal.into()));
        }
        assert_eq!(free(&desk).await.work(|| 7).await, Ok(7));
    }
}

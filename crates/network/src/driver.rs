//! Drives one claimed wish: opens it, follows its course, calls the element, writes down what became of it.
//!
//! What a crash leaves: before the wish is written down as pending, an accepted wish that was never sent; after it, a
//! pending wish whose claim ends by itself, and whoever claims it next asks the element before sending.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use honnin_access::{DocumentError, Drive, ElementAuthority, Permit};
use honnin_figures::{self as figures, AlarmKind};
use honnin_keeper::{DrivenLine, Keeper};
use honnin_store::{ClaimedWish, Error, Outcome, SpeedRow, SpeedRows};
use honnin_terms::{Clock, Entropy, Id, LineStatus, Moment, RequestId, SpeedState, Zone};
use tokio::time::timeout;

use crate::Bounds;
use crate::breaker::Breaker;
use crate::element::{Element, LineAddress, QueryAnswer, SetAnswer};
use crate::machine::{Act, Course, Standing};
use crate::rate::Rate;

/// What the reconciler is made of; the binary hands it in.
pub struct Parts {
    /// Makes permits to drive.
    pub authority: ElementAuthority,
    /// Wishes and the outbox.
    pub rows: Arc<dyn SpeedRows>,
    /// Opens a line's address and its wish.
    pub keeper: Arc<Keeper>,
    /// The element of the tenant.
    pub element: Arc<dyn Element>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for request ids and for spreading tries.
    pub entropy: Arc<dyn Entropy>,
    /// The tenant's zone: in it a holding begins and ends.
    pub zone: Zone,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("element", &self.element.name()).finish_non_exhaustive()
    }
}

/// Why a wish was left as it was.
#[derive(Debug, thiserror::Error)]
enum Left {
    /// A newer wish or a newer claim has taken over. Nothing is wrong.
    #[error("drive a line: a newer wish or claim has taken over")]
    Overtaken,
    /// The store does not answer; the claim ends by itself.
    #[error("drive a line")]
    Store(#[source] Error),
    /// The line or its wish does not open. An alarm.
    #[error("drive a line")]
    Sealed(#[source] DocumentError),
    /// There is a wish and no line. An alarm.
    #[error("drive a line: the store has a wish and no line")]
    NoLine,
}

impl From<Error> for Left {
    fn from(error: Error) -> Self {
        match error {
            Error::Conflict => Self::Overtaken,
            Error::Unavailable | Error::TryAgain | Error::Corrupt => Self::Store(error),
        }
    }
}

impl From<DocumentError> for Left {
    fn from(error: DocumentError) -> Self {
        Self::Sealed(error)
    }
}

pub(crate) struct Driver {
    pub(crate) parts: Parts,
    pub(crate) bounds: Bounds,
    breaker: Mutex<Breaker>,
    rate: Mutex<Rate>,
}

impl Driver {
    pub(crate) fn new(parts: Parts, bounds: Bounds) -> Self {
        let breaker = Breaker::new(bounds.breaker_after, bounds.breaker_millis);
        let rate = Rate::new(bounds.calls_a_second, bounds.burst, parts.clock.now());
        Self { parts, bounds, breaker: Mutex::new(breaker), rate: Mutex::new(rate) }
    }

    pub(crate) fn now(&self) -> Moment {
        self.parts.clock.now()
    }

    /// How many wishes the element's rate leaves room for.
    pub(crate) fn room(&self) -> usize {
        locked(&self.rate).allowed(self.now())
    }

    pub(crate) fn request(&self) -> RequestId {
        let mut octets = [0; 16];
        self.parts.entropy.fill(&mut octets);
        RequestId::from_octets(octets)
    }

    fn roll(&self) -> u32 {
        let mut octets = [0; 4];
        self.parts.entropy.fill(&mut octets);
        u32::from_be_bytes(octets)
    }

    /// Drives a claimed wish as far as it goes now.
    pub(crate) async fn drive(self: Arc<Self>, claimed: ClaimedWish) {
        let request = self.request();
        let permit = self.parts.authority.drive_line(claimed.account, claimed.holding, self.now(), request);
        match self.follow(&permit, &claimed).await {
            Ok(state) => {
                count_wish(state.word());
                tracing::debug!(%request, state = state.word(), "drove a line");
            }
            Err(Left::Overtaken) => count_wish("overtaken"),
            Err(Left::Store(error)) => {
                count_wish("store_error");
                tracing::warn!(%request, %error, "drive a line: the claim ends by itself");
            }
            Err(left @ (Left::Sealed(_) | Left::NoLine)) => {
                count_wish("unreadable");
                let cause = std::error::Error::source(&left).map(ToString::to_string);
                figures::alarm!(AlarmKind::DoesNotOpen, %request, error = %left, cause, "a wish cannot be driven");
                self.park(&permit, &claimed).await;
            }
        }
    }

    async fn follow(&self, permit: &Permit<Drive>, claimed: &ClaimedWish) -> Result<SpeedState, Left> {
        let material = self.parts.rows.drive_material(permit).await?.ok_or(Left::NoLine)?;
        let line = self.parts.keeper.drive(permit, &material)?;
        let wish = line.open_wish(&claimed.row)?;
        let mut row = Row { revision: claimed.row.revision, fence: claimed.fence };
        let mut course = Course::new(&self.bounds, wish, claimed.fence, claimed.tries, self.standing(&line));
        let mut act = course.begin(self.now());
        loop {
            if let Act::Rest(due_at) = act {
                self.write(permit, &line, &course, &mut row, due_at).await?;
                return Ok(course.wish().state);
            }
            act = if let Err(until) = self.admit() {
                course.on_closed(until, self.now(), self.roll())
            } else if act == Act::Ask {
                course.on_query(self.ask(&address(&line, &course)).await, self.now(), self.roll())
            } else {
                course.sending(self.now());
                let lapses = self.now().plus_seconds(self.bounds.lease_seconds);
                self.write(permit, &line, &course, &mut row, Some(lapses)).await?;
                course.on_set(self.send(&address(&line, &course), &course).await, self.now(), self.roll())
            };
        }
    }

    fn standing(&self, line: &DrivenLine<'_>) -> Standing {
        let today = self.parts.zone.day(self.now());
        match line.status() {
            LineStatus::Active if line.held().contains(today) => Standing::InUse,
            LineStatus::Suspended if line.held().contains(today) => Standing::Suspended,
            LineStatus::Active | LineStatus::Suspended | LineStatus::Upcoming | LineStatus::Ended => {
                Standing::Ended
            }
        }
    }

    async fn write(
        &self,
        permit: &Permit<Drive>,
        line: &DrivenLine<'_>,
        course: &Course<'_>,
        row: &mut Row,
        due_at: Option<Moment>,
    ) -> Result<(), Left> {
        let blob = line.seal_wish(course.wish())?;
        let outcome = Outcome { fence: row.fence, read_revision: row.revision, blob, due_at };
        self.parts.rows.settle(permit, outcome).await?;
        row.revision = row.revision.saturating_add(1);
        Ok(())
    }

    /// Leaves a wish that cannot be read as it is, for long enough that it does not crowd out others.
    async fn park(&self, permit: &Permit<Drive>, claimed: &ClaimedWish) {
        let ClaimedWish { row: SpeedRow { revision, blob }, fence, .. } = claimed;
        let due_at = Some(self.now().plus_seconds(self.bounds.park_seconds));
        let outcome = Outcome { fence: *fence, read_revision: *revision, blob: blob.to_vec(), due_at };
        if let Err(error) = self.parts.rows.settle(permit, outcome).await {
            tracing::warn!(request = %permit.request(), %error, "leave an unreadable wish alone");
        }
    }

    fn admit(&self) -> Result<(), Moment> {
        let admitted = locked(&self.breaker).admit(self.now());
        if admitted.is_ok() {
            locked(&self.rate).count();
        }
        admitted
    }

    async fn ask(&self, address: &LineAddress) -> QueryAnswer {
        let deadline = self.bounds.answer();
        let answer = timeout(deadline, self.parts.element.query(address, deadline))
            .await
            .unwrap_or(QueryAnswer::NoAnswer);
        self.heard("query", answer.word(), answer != QueryAnswer::NoAnswer);
        answer
    }

    async fn send(&self, address: &LineAddress, course: &Course<'_>) -> SetAnswer {
        let deadline = self.bounds.answer();
        let call = self.parts.element.set(address, course.speed(), course.fence(), deadline);
        let answer = timeout(deadline, call).await.unwrap_or(SetAnswer::NoAnswer);
        self.heard("set", answer.word(), answer != SetAnswer::NoAnswer);
        answer
    }

    fn heard(&self, call: &'static str, word: &'static str, answered: bool) {
        let element = self.parts.element.name();
        figures::element_calls(element, call, word).increment(1);
        let mut breaker = locked(&self.breaker);
        let was_open = breaker.is_open();
        if answered {
            breaker.answered();
        } else {
            breaker.unanswered(self.now());
        }
        let is_open = breaker.is_open();
        drop(breaker);
        if was_open != is_open {
            figures::set(&figures::breaker_open(element), u64::from(is_open));
            tracing::warn!(element, open = is_open, "the element's breaker changed");
        }
    }
}

/// The line as the element knows it by now.
fn address(line: &DrivenLine<'_>, course: &Course<'_>) -> LineAddress {
    LineAddress::new(line.number().clone(), course.wish().session.clone())
}

/// The row as this claim has written it so far.
struct Row {
    revision: u64,
    fence: u64,
}

fn count_wish(word: &'static str) {
    figures::wishes_driven(word).increment(1);
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

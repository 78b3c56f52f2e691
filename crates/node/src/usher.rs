//! The usher of the waiting room: on every node, each second, it says whom the node has placed and how many it can take,
//! in one row that all nodes read and replace by compare-and-swap.
//!
//! Whoever can write the store can open the room or keep it closed; nobody is shown anything by it. A row that cannot be
//! read is as if it were not there: those who wait are placed anew.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use honnin_access::{ControlName, ControlRow, ControlRows, Keep, NewControl, NodeAuthority, Permit, Swapped};
use honnin_figures as figures;
use honnin_overload::{Book, Micros, Plan, Step, WaitingRoom};
use honnin_store::Error;
use honnin_terms::{Clock, Entropy, Moment};

use crate::{Steady, request};

/// How often, in milliseconds.
const EVERY: u64 = 1_000;
/// How often a node tries in a second, where others write as well.
const TRIES: u32 = 8;

/// What moves the watermark, on one node.
pub struct Usher {
    /// The room.
    pub room: Arc<WaitingRoom>,
    /// Where the row stands.
    pub rows: Arc<dyn ControlRows>,
    /// Permits for it.
    pub authority: Arc<NodeAuthority>,
    /// The time of day, as all nodes tell it.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// A clock that only goes on.
    pub steady: Arc<dyn Steady>,
}

impl fmt::Debug for Usher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Usher(..)")
    }
}

/// The moment as tickets tell it.
pub fn micros(moment: Moment) -> Micros {
    u64::try_from(moment.millis()).unwrap_or(0).saturating_mul(1_000)
}

fn name() -> ControlName {
    ControlName::of("waiting-room", &[])
}

fn book_of(row: Option<&ControlRow>) -> (u64, Book) {
    let Some(row) = row else { return (0, Book::default()) };
    let text = str::from_utf8(&row.value).unwrap_or_default();
    let book = Book::read(text).unwrap_or_else(|_| {
        tracing::warn!("the row of the waiting room cannot be read; it is written anew");
        Book::default()
    });
    (row.revision, book)
}

/// What all nodes know of the waiting room.
///
/// # Errors
/// [`Error`] where the store does not answer.
pub async fn read_room(rows: &dyn ControlRows, permit: &Permit<Keep>) -> Result<Book, Error> {
    Ok(book_of(rows.control(permit, &name()).await?.as_ref()).1)
}

/// Has it open at that time, or takes such a plan back and closes it.
///
/// # Errors
/// [`Error`] where the store does not answer.
pub async fn plan_room(
    rows: &dyn ControlRows,
    permit: &Permit<Keep>,
    plan: Option<Plan>,
) -> Result<(), Error> {
    let mut row = rows.control(permit, &name()).await?;
    loop {
        let (revision, book) = book_of(row.as_ref());
        let new = NewControl { value: book.planned(plan).write().into_bytes(), until: None };
        match rows.swap_control(permit, &name(), revision, Some(new)).await? {
            Swapped::Done(_) => return Ok(()),
            Swapped::Changed(changed) => row = changed,
        }
    }
}

impl Usher {
    /// Works until it is dropped.
    pub async fn run(self) {
        let mut before = self.steady.millis();
        let mut open = false;
        loop {
            self.steady.sleep(EVERY).await;
            let at = self.steady.millis();
            self.look(Duration::from_millis(at.saturating_sub(before))).await;
            before = at;
            let told = self.room.figures(micros(self.clock.now()));
            figures::set(&figures::waiting_room_open(), u64::from(told.open));
            figures::set(&figures::waiting_room_waiting(), told.waiting);
            figures::set(&figures::waiting_room_rate(), if told.open { told.rate } else { 0 });
            if told.open != open {
                open = told.open;
                tracing::warn!(open, waiting = told.waiting, "the waiting room opens or closes");
            }
        }
    }

    /// Says what this node has to say, and hears what all know.
    pub async fn look(&self, elapsed: Duration) {
        let now = micros(self.clock.now());
        let step = self.room.step(now, elapsed);
        #[cfg(honnin_faults)]
        let step = planted::step(step);
        match self.say(now, &step).await {
            Ok((book, unused)) => {
                #[cfg(honnin_faults)]
                let unused = planted::unused(unused);
                self.room.follow(now, book, unused);
            }
            Err(error) => {
                tracing::debug!(%error, "the waiting room goes on by what it knows");
                self.room.give_back(step);
            }
        }
    }

    async fn say(&self, now: Micros, step: &Step) -> Result<(Book, u32), Error> {
        let permit = self.authority.keep(self.clock.now(), request(&*self.entropy));
        let bounds = self.room.bounds();
        let mut row = self.rows.control(&permit, &name()).await?;
        for _ in 0..TRIES {
            let (revision, book) = book_of(row.as_ref());
            let Some((next, unused)) = book.after(now, step, &bounds) else { return Ok((book, 0)) };
            let new = NewControl { value: next.write().into_bytes(), until: None };
            match self.rows.swap_control(&permit, &name(), revision, Some(new)).await? {
                Swapped::Done(_) => return Ok((next, unused)),
                Swapped::Changed(changed) => row = changed,
            }
        }
        Err(Error::Conflict)
    }
}

#[cfg(honnin_faults)]
mod planted {
    use honnin_overload::Step;
    use honnin_terms::faults;

    /// As many are called as there are, where that fault is planted.
    pub(super) fn step(own: Step) -> Step {
        if faults::EVERYBODY_AT_ONCE.is_on() { own.calling(u32::MAX) } else { own }
    }

    /// How many may enter without having waited: none there. Otherwise nobody would have a place to be called from.
    pub(super) fn unused(own: u32) -> u32 {
        if faults::EVERYBODY_AT_ONCE.is_on() { 0 } else { own }
    }
}

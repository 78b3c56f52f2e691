//! What hashes cost in this house, as this node knows it, so that every wrong guess is made to cost all of it.
//!
//! One row for each kind of work stands in the store, under its name: it says nothing of anybody. It is written before a hash
//! of that kind is imported, once more each day on which a hash of it is compared, and is gone when none was for long. A
//! sign-in writes nothing: what was met is written by what tells the nodes of each other.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use honnin_seal::{HashCost, HashWork, HouseWork};
use honnin_terms::{Id, Moment, RequestId, TenantId};

use crate::Permit;
use crate::authority::{nobodys, of_tenant};
use crate::control::{ControlName, ControlRows, NewControl, Swapped};
use crate::permit::Keep;
use crate::ports::RowError;

/// What the names of rows of work begin with.
const ROWS: &str = "hash-work/";
/// And of those there is no room for: wrong guesses do not cost them, and a person has to know.
const OVER: &str = "hash-over/";
/// So long such a kind is told after a hash of it was last compared, in seconds.
const OVER_KEPT: i64 = 40 * DAY_SECONDS;
/// So long a kind of work is counted in whose hashes nobody was compared with, in seconds.
const KEPT: i64 = 400 * DAY_SECONDS;
const DAY_SECONDS: i64 = 86_400;
/// Rows that are read: far more than there may be kinds.
const MOST_ROWS: usize = 100;

/// A kind of work whose hashes were met on this node.
#[derive(Default)]
struct Met {
    /// When that was last written down.
    written: Option<Moment>,
    /// Whether one was met since.
    is_again: bool,
}

struct Known {
    /// All of it.
    house: HouseWork,
    met: BTreeMap<HashWork, Met>,
    /// Kinds that were met and that there is no room for.
    over: BTreeMap<HashWork, Met>,
}

/// What is known on one node.
pub(crate) struct Works {
    cost: HashCost,
    known: Mutex<Known>,
}

/// Within so long all nodes have heard what hashes cost: each looks every second.
pub const HASH_WORK_HEARD: Duration = Duration::from_secs(2);

/// What came of writing down that a hash of some work is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedWork {
    /// No other node knew of it before.
    First,
    /// It was known.
    Known,
    /// There is no room for one more kind.
    TooMany,
}

/// Kinds beyond what guesses cost that are told.
const MOST_OVER: usize = 16;

impl Works {
    pub(crate) fn of(cost: HashCost) -> Arc<Self> {
        let known = Known { house: HouseWork::of(cost), met: BTreeMap::new(), over: BTreeMap::new() };
        Arc::new(Self { cost, known: Mutex::new(known) })
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a wrong guess costs, now that a hash of that work is there; where it is compared with one of ours, `None`.
    pub(crate) fn house(&self, met: Option<HashWork>) -> HouseWork {
        let mut known = self.lock();
        // Of many counts of iterations only the greatest is told.
        if let Some(work) = met {
            if known.house.add(work) {
                if let Some(work) = known.house.covering(work) {
                    known.met.entry(work).or_default().is_again = true;
                }
            } else if known.over.len() < MOST_OVER || known.over.contains_key(&work) {
                // That there are such is what a person has to hear; of how many kinds is not.
                known.over.entry(work).or_default().is_again = true;
            }
        }
        known.house.clone()
    }

    /// Takes note of a hash of that work before there is one, for all nodes.
    pub(crate) async fn expect(
        &self,
        rows: Option<&dyn ControlRows>,
        (tenant, now): (TenantId, Moment),
        work: HashWork,
    ) -> Result<ExpectedWork, RowError> {
        let is_told = |known: &Known| {
            let covering = known.house.covering(work).and_then(|work| known.met.get(&work));
            covering.is_some_and(|met| met.written.is_some())
        };
        if HouseWork::of(self.cost).covers(work) || is_told(&self.lock()) {
            return Ok(ExpectedWork::Known);
        }
        let permit: Permit<Keep> =
            Permit::new(of_tenant(tenant), nobodys(), None, now, RequestId::from_octets([0; 16]));
        let mut is_first = false;
        if let Some(rows) = rows {
            let there = rows.controls(&permit, ROWS, None, MOST_ROWS).await?;
            SharedWorks::hear_on(self, there.iter().map(|(name, _)| name));
            is_first = !self.lock().house.covers(work);
        }
        if !self.lock().house.add(work) {
            return Ok(ExpectedWork::TooMany);
        }
        if let Some(rows) = rows.filter(|_| is_first) {
            write(rows, &permit, (ROWS, work), KEPT).await?;
        }
        let mut known = self.lock();
        if let Some(work) = known.house.covering(work) {
            known.met.insert(work, Met { written: Some(now), is_again: false });
        }
        drop(known);
        Ok(if is_first { ExpectedWork::First } else { ExpectedWork::Known })
    }
}

/// Writes the row of a work. Where somebody else was first it is written as well.
async fn write(
    rows: &dyn ControlRows,
    permit: &Permit<Keep>,
    (kind, work): (&str, HashWork),
    kept: i64,
) -> Result<(), RowError> {
    let Some(name) = ControlName::new(&format!("{kind}{}", work.name())) else { return Ok(()) };
    let revision = rows.control(permit, &name).await?.map_or(0, |row| row.revision);
    let new = NewControl { value: vec![1], until: Some(permit.at().plus_seconds(kept)) };
    let (Swapped::Done(_) | Swapped::Changed(_)) =
        rows.swap_control(permit, &name, revision, Some(new)).await?;
    Ok(())
}

fn due(met: &BTreeMap<HashWork, Met>, now: Moment) -> Vec<HashWork> {
    let is_due =
        |met: &Met| met.is_again && met.written.is_none_or(|at| now.seconds_since(at).abs() >= DAY_SECONDS);
    met.iter().filter(|(_, met)| is_due(met)).map(|(work, _)| *work).collect()
}

/// Kinds of hashes that were compared lately and that there is no room for: a wrong guess does not cost what they do, so that
/// accounts with one are told by how long a sign-in takes.
///
/// # Errors
/// [`RowError`] where the store does not answer.
pub async fn hashes_over(rows: &dyn ControlRows, permit: &Permit<Keep>) -> Result<Vec<String>, RowError> {
    let there = rows.controls(permit, OVER, None, MOST_ROWS).await?;
    let named = |name: &ControlName| Some(HashWork::named(name.as_str().strip_prefix(OVER)?)?.name());
    Ok(there.iter().filter_map(|(name, _)| named(name)).collect())
}

/// What a node hears and says of the works of the house.
pub struct SharedWorks(Arc<Works>);

impl fmt::Debug for SharedWorks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedWorks(..)")
    }
}

impl SharedWorks {
    pub(crate) fn of(works: &Arc<Works>) -> Self {
        Self(Arc::clone(works))
    }

    /// Hears which kinds of work there are, and says which were met here.
    ///
    /// # Errors
    /// [`RowError`] where the store does not answer: what is not written is the next time.
    pub async fn look(&self, rows: &dyn ControlRows, permit: &Permit<Keep>) -> Result<(), RowError> {
        let there = rows.controls(permit, ROWS, None, MOST_ROWS).await?;
        Self::hear_on(&self.0, there.iter().map(|(name, _)| name));
        let now = permit.at();
        for work in self.due(now) {
            write(rows, permit, (ROWS, work), KEPT).await?;
            self.0.lock().met.insert(work, Met { written: Some(now), is_again: false });
        }
        for work in self.over(now) {
            write(rows, permit, (OVER, work), OVER_KEPT).await?;
            self.0.lock().over.insert(work, Met { written: Some(now), is_again: false });
        }
        Ok(())
    }

    /// What was met and has not been written down for a day.
    fn due(&self, now: Moment) -> Vec<HashWork> {
        due(&self.0.lock().met, now)
    }

    /// The same of what there is no room for.
    fn over(&self, now: Moment) -> Vec<HashWork> {
        due(&self.0.lock().over, now)
    }

    /// What rows say and what was met here; a row that names no work is passed over.
    fn hear_on<'a>(works: &Works, rows: impl Iterator<Item = &'a ControlName>) {
        let mut known = works.lock();
        let mut house = HouseWork::of(works.cost);
        let told = rows.filter_map(|name| HashWork::named(name.as_str().strip_prefix(ROWS)?));
        let met: Vec<HashWork> = known.met.keys().copied().collect();
        for work in met.into_iter().chain(told) {
            house.add(work);
        }
        known.house = house;
    }

    /// The names of all of it.
    pub fn names(&self) -> Vec<String> {
        self.0.lock().house.names().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: HashCost = HashCost { memory_kib: 64, passes: 1, lanes: 1 };

    fn work(name: &str) -> HashWork {
        HashWork::named(name).unwrap()
    }

    fn at(seconds: i64) -> Moment {
        Moment::EPOCH.plus_seconds(1_795_000_000 + seconds)
    }

    #[test]
    fn a_work_that_is_met_is_to_be_written_down_once_a_day() {
        let works = Works::of(CHEAP);
        let (shared, pbkdf2) = (SharedWorks::of(&works), work("pbkdf2-sha256.1000"));
        assert_eq!(shared.due(at(0)), []);
        works.house(Some(pbkdf2));
        assert_eq!(shared.due(at(0)), [pbkdf2]);
        works.lock().met.insert(pbkdf2, Met { written: Some(at(0)), is_again: false });
        assert_eq!(shared.due(at(2 * DAY_SECONDS)), [], "nobody was compared with it since");
        works.house(Some(pbkdf2));
        assert_eq!(shared.due(at(DAY_SECONDS - 1)), []);
        assert_eq!(shared.due(at(DAY_SECONDS)), [pbkdf2]);
    }

    #[test]
    fn what_rows_say_counts_beside_what_was_met_and_nothing_else_does() {
        let works = Works::of(CHEAP);
        works.house(Some(work("pbkdf2-sha256.1000")));
        let shared = SharedWorks::of(&works);
        let rows =
            ["hash-work/argon2i.19.64.3.1", "hash-work/nothing", "tries/00", "hash-work/argon2d.19.64.99.1"];
        let rows = rows.map(|name| ControlName::new(name).unwrap());
        SharedWorks::hear_on(&works, rows.iter());
        assert_eq!(shared.names(), ["argon2i.19.64.3.1", "argon2id.19.64.1.1", "pbkdf2-sha256.1000"]);
        SharedWorks::hear_on(&works, [].iter());
        assert_eq!(shared.names(), ["argon2id.19.64.1.1", "pbkdf2-sha256.1000"]);
    }

    #[test]
    fn a_kind_that_there_is_no_room_for_is_told_and_takes_nobodys_place() {
        let works = Works::of(CHEAP);
        let shared = SharedWorks::of(&works);
        for passes in 1..=8 {
            works.house(Some(work(&format!("argon2i.19.64.{passes}.1"))));
        }
        let ninth = work("argon2d.19.64.1.1");
        assert_eq!(shared.over(at(0)), []);
        let full = shared.names();
        works.house(Some(ninth));
        assert_eq!((shared.over(at(0)), shared.names()), (vec![ninth], full));
        assert!(!shared.due(at(0)).contains(&ninth));
        works.lock().over.insert(ninth, Met { written: Some(at(0)), is_again: false });
        works.house(Some(ninth));
        assert_eq!(shared.over(at(DAY_SECONDS - 1)), [], "once a day");
        assert_eq!(shared.over(at(DAY_SECONDS)), [ninth]);
        for memory in 65..=1_064 {
            works.house(Some(work(&format!("argon2d.19.{memory}.1.1"))));
        }
        assert_eq!(works.lock().over.len(), MOST_OVER, "of many kinds a few are told");
    }
}

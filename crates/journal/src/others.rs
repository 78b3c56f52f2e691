//! Looks by others than the owner, kept in memory by owner, so that "how often has somebody else looked" costs a page no
//! read. Made of the index when the log is opened, and grown with each entry that becomes durable.

use std::collections::{HashMap, VecDeque};

use honnin_terms::Moment;

use crate::ask::{Source, find_rows};
use crate::index::{Query, Row, Side};
use crate::queue::hold;
use crate::{Entry, Journal, Kind, Pseudonym, ReadError};

/// So many looks are kept in memory at most: some twenty megabytes. Of what is older than the oldest of them no count
/// is given.
pub(crate) const MOST: usize = 200_000;

/// The last day that is counted, in the year 9999.
const LATEST_MILLIS: i64 = 253_402_000_000_000;

/// Under this name the index lists all looks by others. Nobody has it: pseudonyms are keyed hashes.
pub(crate) const NAME: Pseudonym = Pseudonym([0xff; 16]);

/// A look by somebody else than the owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) owner: Pseudonym,
    pub(crate) moment: Moment,
    pub(crate) index: u64,
}

/// Whether an entry stands for one.
pub(crate) fn is_by_other(entry: &Entry) -> bool {
    entry.kind == Kind::Disclosure && (entry.viewer != entry.owner || entry.basis.entry().is_some())
}

/// The newest looks by others.
#[derive(Debug, Default)]
pub(crate) struct Others {
    by_owner: HashMap<Pseudonym, VecDeque<(u64, Moment)>>,
    /// Owners in the order of the log, to forget the oldest first.
    order: VecDeque<Pseudonym>,
    /// From this moment on all are here; `None` where all there are, are.
    since: Option<Moment>,
    /// Whether the index did not answer.
    is_unknown: bool,
}

impl Others {
    /// Of looks in the order of the log, the newest `most`.
    fn of(looks: impl Iterator<Item = Look>, most: usize) -> Self {
        let mut others = Self::default();
        looks.for_each(|look| others.push(look, most));
        others
    }

    /// Nothing is known.
    pub(crate) fn unknown() -> Self {
        Self { is_unknown: true, ..Self::default() }
    }

    pub(crate) fn push(&mut self, look: Look, most: usize) {
        let Look { owner, moment, index } = look;
        self.by_owner.entry(owner).or_default().push_back((index, moment));
        self.order.push_back(owner);
        if self.order.len() > most
            && let Some((_, forgotten)) = self.forget()
        {
            let after = Moment::from_millis(forgotten.millis().saturating_add(1)).unwrap_or(forgotten);
            self.since = self.since.max(Some(after));
        }
    }

    fn forget(&mut self) -> Option<(u64, Moment)> {
        let owner = self.order.pop_front()?;
        let looks = self.by_owner.get_mut(&owner)?;
        let forgotten = looks.pop_front();
        if looks.is_empty() {
            self.by_owner.remove(&owner);
        }
        forgotten
    }

    /// Lets go of looks below that index.
    pub(crate) fn drop_below(&mut self, index: u64) {
        let is_below = |this: &Self| {
            let looks = this.order.front().and_then(|owner| this.by_owner.get(owner));
            looks.and_then(|looks| looks.front()).is_some_and(|(first, _)| *first < index)
        };
        while is_below(self) {
            self.forget();
        }
    }

    /// The looks at those owners from a moment on.
    pub(crate) fn of_owners<'a>(
        &'a self,
        owners: &'a [Pseudonym],
        from: Moment,
    ) -> Option<impl Iterator<Item = (u64, Moment)> + 'a> {
        if self.is_unknown || self.since.is_some_and(|since| from < since) {
            return None;
        }
        let looks = owners.iter().filter_map(|owner| self.by_owner.get(owner)).flatten();
        Some(looks.filter(move |(_, moment)| *moment >= from).copied())
    }
}

impl Journal {
    /// How often somebody else was shown data of this owner since a moment, by the owner's pseudonyms of all epochs;
    /// `None` where that is not known. Counts this log. Reads nothing.
    pub fn by_others(&self, owners: &[Pseudonym], from: Moment) -> Option<u64> {
        let tail = hold(&self.shared.tail);
        tail.others.of_owners(owners, from).map(|looks| u64::try_from(looks.count()).unwrap_or(u64::MAX))
    }

    /// The entries of those looks with their moments; `None` where not all are known. Reads nothing.
    pub(crate) fn looks_by_others(&self, owners: &[Pseudonym], from: Moment) -> Option<Vec<(u64, Moment)>> {
        Some(hold(&self.shared.tail).others.of_owners(owners, from)?.collect())
    }

    /// Fills the memory from the index. Where the index does not answer nothing is said rather than too little.
    pub(crate) fn remember_others(&self) {
        let found = found_in(self);
        let others = found.unwrap_or_else(|error| {
            tracing::error!(%error, "looks by others are not counted: the journal's index does not answer");
            Others::unknown()
        });
        hold(&self.shared.tail).others = others;
    }
}

/// The newest looks by others of a log, as its index has them.
pub(crate) fn found_in(source: &dyn Source) -> Result<Others, ReadError> {
    let from = source.kept().from.unwrap_or(Moment::EPOCH);
    // The last moment there is: a clock that stood ahead takes no look out of the count.
    let to = Moment::from_millis(LATEST_MILLIS).unwrap_or(from);
    // One more than is kept, so that it is known whether there are older ones.
    let query = Query { pseudonyms: &[NAME], from, to, before: None, limit: MOST + 1 };
    let rows = find_rows(source, &query, Side::Others)?;
    let look = |(index, row): (u64, Row)| Look { owner: row.owner, moment: row.moment, index };
    Ok(Others::of(rows.into_iter().rev().map(look), MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(number: u8) -> Pseudonym {
        Pseudonym([number; 16])
    }

    fn at(millis: i64) -> Moment {
        Moment::from_millis(millis).unwrap()
    }

    #[test]
    fn the_oldest_are_forgotten_and_then_no_count_is_given() {
        let look = |index: u64| Look {
            owner: name(u8::try_from(index % 2).unwrap()),
            moment: at(i64::try_from(index).unwrap() * 10),
            index,
        };
        let mut others = Others::of((0..6).map(look), 4);
        let count =
            |others: &Others, owner, from| others.of_owners(&[name(owner)], at(from)).map(Iterator::count);
        assert_eq!(
            [count(&others, 0, 11), count(&others, 1, 11), count(&others, 0, 21)],
            [Some(2), Some(2), Some(1)]
        );
        assert_eq!(count(&others, 0, 10), None, "what was forgotten is not counted as nothing");
        others.drop_below(5);
        assert_eq!([count(&others, 0, 11), count(&others, 1, 11)], [Some(0), Some(1)]);
        assert_eq!(count(&Others::unknown(), 0, 5_000), None);
        assert_eq!(count(&Others::default(), 0, 0), Some(0));
    }
}

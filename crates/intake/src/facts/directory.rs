//! Who held which number and line when: in memory for one run, as the store and the extract say it.
//!
//! Numbers and line codes are only here as keyed hashes.

use std::collections::HashMap;

use honnin_access::{Append, Permit};
use honnin_store::{DirectoryKey, DirectoryRow, FeedRows};
use honnin_terms::{AccountId, Day, Held, HoldingId, Zone};
use pollster::block_on;

use crate::facts::event::When;
use crate::facts::fault::Reason;

/// Marks the end of a chain of entries.
const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Entry {
    holder: Holder,
    held: Held,
    /// The next entry of the same key.
    next: u32,
}

/// Which holding of which account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) account: AccountId,
    pub(crate) holding: HoldingId,
}

/// Why no single holder can be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoHolder {
    /// Nobody held it then.
    Nobody,
    /// For this reason.
    Because(Reason),
}

/// The directory.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    first: HashMap<DirectoryKey, u32>,
    entries: Vec<Entry>,
}

/// Entries of a page of the directory.
const PAGE: usize = 10_000;

impl Directory {
    /// What the store says of everybody: for a run over a whole ledger.
    pub(crate) fn whole(store: &dyn FeedRows, permit: &Permit<Append>) -> Result<Self, honnin_store::Error> {
        let mut directory = Self::default();
        let mut after = None;
        loop {
            let page = block_on(store.directory(permit, after, PAGE))?;
            let Some(last) = page.last() else { return Ok(directory) };
            after = Some((last.key, last.holding));
            for row in &page {
                directory.add(row);
            }
        }
    }

    /// What the store says of those who held these numbers and lines.
    pub(crate) fn of_keys(
        store: &dyn FeedRows,
        permit: &Permit<Append>,
        keys: &[DirectoryKey],
    ) -> Result<Self, honnin_store::Error> {
        let mut directory = Self::default();
        for row in block_on(store.holders(permit, keys))? {
            directory.add(&row);
        }
        Ok(directory)
    }

    /// Adds an entry; one of the same key and holding is replaced.
    pub(crate) fn add(&mut self, row: &DirectoryRow) {
        let DirectoryRow { key, holding, account, held } = *row;
        let first = self.first.get(&key).copied().unwrap_or(NONE);
        let mut place = first;
        while let Some(entry) = self.entry_mut(place) {
            if entry.holder.holding == holding {
                entry.held = held;
                return;
            }
            place = entry.next;
        }
        // Four thousand million holdings are more than a run can hold in memory.
        let Ok(new) = u32::try_from(self.entries.len()) else { return };
        self.entries.push(Entry { holder: Holder { account, holding }, held, next: first });
        self.first.insert(key, new);
    }

    fn entry_mut(&mut self, place: u32) -> Option<&mut Entry> {
        self.entries.get_mut(usize::try_from(place).ok()?)
    }

    fn of_key(&self, key: &DirectoryKey) -> impl Iterator<Item = &Entry> {
        let mut place = self.first.get(key).copied().unwrap_or(NONE);
        std::iter::from_fn(move || {
            let entry = self.entries.get(usize::try_from(place).ok()?)?;
            place = entry.next;
            Some(entry)
        })
    }

    /// Who held it at that time. Days are whole; a time of day must be farther than `skew` seconds from every
    /// change of holder.
    pub(crate) fn holder(
        &self,
        key: &DirectoryKey,
        at: When,
        zone: &Zone,
        skew: u32,
    ) -> Result<Holder, NoHolder> {
        let found = self.on_day(key, at.day(zone));
        let When::Moment(moment) = at else { return found };
        for seconds in [-i64::from(skew), i64::from(skew)] {
            let day = zone.day(moment.plus_seconds(seconds));
            let nearby = self.on_day(key, day);
            let changes = match nearby {
                Ok(_) => nearby != found,
                // Where nobody is nearby the holder at the time itself is the only one it can be.
                Err(NoHolder::Nobody) => false,
                Err(NoHolder::Because(_)) => true,
            };
            if changes {
                return Err(NoHolder::Because(Reason::NearBoundary));
            }
        }
        found
    }

    fn on_day(&self, key: &DirectoryKey, day: Day) -> Result<Holder, NoHolder> {
        #[cfg(honnin_faults)]
        if honnin_terms::faults::HOLDER_OF_TODAY.is_on() {
            let newest = self.of_key(key).max_by_key(|entry| entry.held.from);
            return newest.map(|entry| entry.holder).ok_or(NoHolder::Nobody);
        }
        let mut holders = self.of_key(key).filter(|entry| entry.held.contains(day)).map(|entry| entry.holder);
        let first = holders.next().ok_or(NoHolder::Nobody)?;
        if holders.any(|other| other != first) {
            return Err(NoHolder::Because(Reason::TwoHolders));
        }
        Ok(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use honnin_terms::{Id, Moment};

    const KEY: DirectoryKey = [1; 16];

    fn row(holder: u8, from: &str, to: Option<&str>) -> DirectoryRow {
        let held = Held { from: from.parse().unwrap(), to: to.map(|to| to.parse().unwrap()) };
        let (holding, account) = (HoldingId::from_octets([holder; 16]), AccountId::from_octets([holder; 16]));
        DirectoryRow { key: KEY, holding, account, held }
    }

    fn directory() -> Directory {
        let mut directory = Directory::default();
        directory.add(&row(1, "2024-04-01", Some("2026-10-10")));
        directory.add(&row(2, "2026-10-22", Some("2026-10-31")));
        directory.add(&row(3, "2026-11-01", None));
        directory
    }

    fn on(day: &str) -> Result<u8, NoHolder> {
        at(When::Day(day.parse().unwrap()))
    }

    fn at(when: When) -> Result<u8, NoHolder> {
        let zone = Zone::named("Asia/Tokyo").unwrap();
        directory().holder(&KEY, when, &zone, 120).map(|holder| holder.holding.octets()[0])
    }

    fn time(text: &str) -> Result<u8, NoHolder> {
        at(When::Moment(text.parse::<Moment>().unwrap()))
    }

    #[test]
    fn a_day_belongs_whole_to_its_holder() {
        assert_eq!(on("2026-10-10"), Ok(1));
        assert_eq!(on("2026-10-11"), Err(NoHolder::Nobody));
        assert_eq!(on("2026-10-31"), Ok(2));
        assert_eq!(on("2026-11-01"), Ok(3));
    }

    #[test]
    fn a_time_near_a_change_of_holder_is_not_guessed() {
        let near = Err(NoHolder::Because(Reason::NearBoundary));
        assert_eq!(time("2026-10-31T23:57:59+09:00"), Ok(2));
        assert_eq!(time("2026-10-31T23:58:01+09:00"), near);
        assert_eq!(time("2026-11-01T00:01:59+09:00"), near);
        assert_eq!(time("2026-11-01T00:02:00+09:00"), Ok(3));
        assert_eq!(time("2026-10-22T00:00:01+09:00"), Ok(2), "nobody held it before");
        assert_eq!(time("2026-10-21T23:59:59+09:00"), near, "a holder begins a second later");
    }

    #[test]
    fn two_claims_for_one_day_are_nobodys() {
        let mut directory = directory();
        directory.add(&row(4, "2026-11-10", None));
        let zone = Zone::named("Asia/Tokyo").unwrap();
        let when = When::Day("2026-11-11".parse().unwrap());
        assert_eq!(directory.holder(&KEY, when, &zone, 0), Err(NoHolder::Because(Reason::TwoHolders)));
    }

    #[test]
    fn an_entry_of_the_same_holding_is_replaced() {
        let mut directory = directory();
        directory.add(&row(3, "2026-11-01", Some("2026-11-02")));
        let zone = Zone::named("Asia/Tokyo").unwrap();
        let when = When::Day("2026-11-03".parse().unwrap());
        assert_eq!(directory.holder(&KEY, when, &zone, 0), Err(NoHolder::Nobody));
    }
}

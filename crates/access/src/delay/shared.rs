//! What is told of guessing and what is heard, out of what is known here.

use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;

use honnin_terms::{AccountId, Moment};

use super::{LITTLE, Lane, Shared, Wrong, day_of};
use crate::told::{Heard, MOST_LANES, MOST_SITES, Told};

/// What a node tells the others of who guesses, and hears of them.
pub struct SharedTries(Arc<Shared>);

impl fmt::Debug for SharedTries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedTries(..)")
    }
}

/// Keeps the heaviest, so many at most.
fn heaviest<T>(mut all: Vec<(u64, T)>, most: usize) -> impl Iterator<Item = T> {
    if all.len() > most {
        all.select_nth_unstable_by_key(most, |(weight, _)| Reverse(*weight));
        all.truncate(most);
    }
    all.into_iter().map(|(_, of)| of)
}

impl SharedTries {
    pub(super) fn of(shared: &Arc<Shared>) -> Self {
        Self(Arc::clone(shared))
    }

    /// What this node's row says now; `None` where there is nothing to tell.
    pub fn told(&self, now: Moment) -> Option<Vec<u8>> {
        let Shared { bounds, names, .. } = &*self.0;
        let (names, forget) = (names.as_ref()?, bounds.forget_seconds);
        let state = self.0.lock();
        let known = state.lanes.iter().filter(|(_, of)| of.until > now);
        let known = known.filter(|(_, of)| of.count > LITTLE || of.right > now.plus_seconds(-forget));
        let lanes = known.map(|(key, of)| (of.count.into(), (*key, *of))).collect();
        let today = day_of(now);
        let guessed = state.days.iter().filter(|(_, of)| of.day >= today && of.used() > LITTLE);
        let sites = guessed.flat_map(|(account, of)| {
            let counted = of.sites.iter().filter(|(_, count)| **count > 0);
            counted.map(|(site, count)| (of.used().into(), (*account, of.day, *site, *count)))
        });
        let sites = sites.collect();
        drop(state);
        let lane =
            |((account, lane), of): ((AccountId, Lane), Wrong)| (names.lane(account, lane), of.told(forget));
        let mut told = Told {
            lanes: heaviest(lanes, MOST_LANES).map(lane).collect(),
            sites: heaviest(sites, MOST_SITES)
                .map(|(account, day, site, count)| (names.site(account, day, site), count))
                .collect(),
        };
        // The same again is the same row.
        told.lanes.sort_unstable_by_key(|(name, _)| *name);
        told.sites.sort_unstable();
        told.write()
    }

    /// Takes in what the rows of all other nodes say, and when each was written.
    pub fn hear<'a>(&self, now: Moment, rows: impl Iterator<Item = (Moment, &'a [u8])>) {
        let young = 2 * self.0.bounds.longest_seconds;
        let heard = Heard::of(rows.map(|(at, row)| ((-young..young).contains(&now.seconds_since(at)), row)));
        self.0.lock().heard = heard;
    }
}

//! Shares of a place that takes so many and no more: one account has room for a few, one source for a part, and whoever
//! else comes finds the rest.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use honnin_access::Source;
use honnin_terms::AccountId;

/// At once for one account: what a person opens beside one another. The next is told to come again.
const OF_ACCOUNT: usize = 4;
/// One of so many for one source, because subscribers share addresses.
const OF_SOURCE: usize = 4;

type Taken<K> = Arc<Mutex<HashMap<K, usize>>>;

/// Who has how much of a place.
#[derive(Debug)]
pub struct Shares {
    of_source: usize,
    accounts: Taken<AccountId>,
    sites: Taken<u64>,
}

/// A share, given up when dropped: it goes where the work goes, so that whoever leaves does not get another one before
/// what they left behind is gone.
#[derive(Debug)]
pub struct Share {
    _account: Held<AccountId>,
    _site: Held<u64>,
}

#[derive(Debug)]
struct Held<K: Eq + Hash> {
    taken: Taken<K>,
    by: K,
}

impl<K: Eq + Hash + Copy> Held<K> {
    fn of(taken: &Taken<K>, by: K, most: usize) -> Option<Self> {
        let mut counts = taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&by).copied().unwrap_or(0);
        if count >= most {
            return None;
        }
        counts.insert(by, count.saturating_add(1));
        Some(Self { taken: Arc::clone(taken), by })
    }
}

impl<K: Eq + Hash> Drop for Held<K> {
    fn drop(&mut self) {
        let mut counts = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(count) = counts.get_mut(&self.by) else { return };
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(&self.by);
        }
    }
}

impl Shares {
    /// Of a place for so many.
    pub fn of(places: usize) -> Self {
        Self {
            of_source: places.div_euclid(OF_SOURCE).max(OF_ACCOUNT),
            accounts: Taken::default(),
            sites: Taken::default(),
        }
    }

    /// A share; `None` where the account or the source has as many as it may have.
    pub fn take(&self, account: AccountId, source: Source) -> Option<Share> {
        let account = Held::of(&self.accounts, account, OF_ACCOUNT)?;
        let site = Held::of(&self.sites, source.site, self.of_source)?;
        Some(Share { _account: account, _site: site })
    }
}

#[cfg(test)]
mod tests {
    use honnin_terms::Id;

    use super::*;

    fn account(number: u8) -> AccountId {
        AccountId::from_octets([number; 16])
    }

    const fn at(site: u64) -> Source {
        Source { site, prefix: 0, address: 0 }
    }

    #[test]
    fn an_account_has_four_and_a_source_a_quarter_until_they_are_given_up() {
        let shares = Shares::of(80);
        let mut hers: Vec<_> = (0..100).filter_map(|_| shares.take(account(1), at(1))).collect();
        assert_eq!(hers.len(), 4);
        // What was refused for the account has taken nothing of its source.
        let theirs: Vec<_> =
            (0..100).filter_map(|number| shares.take(account(2 + number % 50), at(1))).collect();
        assert_eq!(theirs.len(), 16);
        assert!(shares.take(account(200), at(1)).is_none() && shares.take(account(200), at(2)).is_some());
        drop(theirs);
        hers.pop();
        assert!(shares.take(account(1), at(1)).is_some());
        drop(hers);
        let counted = shares.accounts.lock().unwrap().len() + shares.sites.lock().unwrap().len();
        assert_eq!(counted, 0, "nobody is remembered who has nothing");
    }
}

//! How long whoever comes now would wait for a hash: known of those who wait and of how long hashes take of late, before anybody
//! of them is done.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use super::turns::{Rank, Share, Who};

/// Of one site so many who wait are a crowd at most. A crowd behind few addresses is seen, and one host is none.
const OF_A_SITE: usize = 16;

/// How long whoever signs in now would wait for her turn, as somebody who has guessed nothing wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ahead {
    /// Behind those of her kind who make a crowd: of no site more than a few.
    pub crowd: Duration,
    /// How long one of them takes, of all threads together.
    pub each: Duration,
}

/// Who waits, and has guessed nothing wrong: as many rows as there are sites among them, which the queue bounds.
#[derive(Debug, Default)]
pub(super) struct Standing {
    sites: HashMap<u64, usize>,
    /// Changed here alone.
    pub(super) told: Arc<Told>,
}

/// What is known of those who wait, for whoever comes: she is not to wait for the lock of the queue only to be told. Each number is
/// exact; the two may be of two moments.
#[derive(Debug, Default)]
pub(super) struct Told {
    crowd: AtomicUsize,
    /// How many nanoseconds a hash takes, of late.
    each: AtomicU64,
}

fn counts(who: &Who) -> bool {
    who.share == Share::SignIn && matches!(who.rank, Rank::Device | Rank::First)
}

impl Standing {
    pub(super) fn waits(&mut self, who: &Who) {
        if !counts(who) {
            return;
        }
        let count = self.sites.entry(who.source.site).or_default();
        self.told.crowd.fetch_add(usize::from(*count < OF_A_SITE), Ordering::Relaxed);
        *count = count.saturating_add(1);
    }

    /// She has her turn, has left, or gave way.
    pub(super) fn ended(&mut self, who: &Who) {
        if !counts(who) {
            return;
        }
        let Some(count) = self.sites.get_mut(&who.source.site) else { return };
        *count = count.saturating_sub(1);
        self.told.crowd.fetch_sub(usize::from(*count < OF_A_SITE), Ordering::Relaxed);
        if *count == 0 {
            self.sites.remove(&who.source.site);
        }
    }

    /// Hers took so long: an eighth of what is known is of the last one. One host's guesses at dear hashes that were brought
    /// along say nothing of how long those who are waited for take.
    pub(super) fn took(&mut self, who: &Who, so_long: Duration) {
        if !counts(who) {
            return;
        }
        let each = self.told.each();
        let each = if each.is_zero() { so_long } else { (each * 7 + so_long) / 8 };
        self.told.each.store(u64::try_from(each.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

impl Told {
    fn each(&self) -> Duration {
        Duration::from_nanos(self.each.load(Ordering::Relaxed))
    }

    pub(super) fn ahead(&self, threads: usize) -> Ahead {
        let whole = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let each = self.each() / whole(threads.max(1));
        Ahead { crowd: each.saturating_mul(whole(self.crowd.load(Ordering::Relaxed))), each }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Source;

    fn who(site: u64, rank: Rank) -> Who {
        let source = Source { site, prefix: site, address: site };
        Who { share: Share::SignIn, rank, is_fresh: true, source }
    }

    #[test]
    fn what_is_waited_for_is_told_by_those_who_guessed_nothing_wrong() {
        let mut standing = Standing::default();
        for _ in 0..100 {
            standing.waits(&who(1, Rank::Again));
            standing.waits(&who(1, Rank::Crowd));
            standing.waits(&Who { share: Share::Code, ..who(1, Rank::First) });
        }
        assert_eq!(standing.told.ahead(1), Ahead::default(), "nor is anything known before a hash was done");
        for _ in 0..40 {
            standing.took(&who(2, Rank::First), Duration::from_millis(20));
            standing.took(&who(1, Rank::Again), Duration::from_millis(200));
            standing.waits(&who(2, Rank::First));
        }
        standing.waits(&who(3, Rank::Device));
        let millis = Duration::from_millis;
        assert_eq!(standing.told.ahead(1), Ahead { crowd: millis(17 * 20), each: millis(20) });
        assert_eq!(standing.told.ahead(2).crowd, millis(17 * 10), "two threads do twice as many");
        (0..64).for_each(|_| standing.took(&who(2, Rank::First), millis(100)));
        assert!(standing.told.ahead(1).each > millis(95), "and it is as slow as of late");
    }

    proptest! {
        #[test]
        fn of_no_site_more_than_its_share_is_a_crowd(steps in prop::collection::vec((0..4u64, any::<bool>()), 1..400)) {
            let (mut standing, mut each) = (Standing::default(), [0_usize; 4]);
            standing.took(&who(0, Rank::First), Duration::from_millis(1));
            for (site, comes) in steps {
                let count = &mut each[usize::try_from(site).unwrap()];
                if comes {
                    standing.waits(&who(site, Rank::First));
                    *count += 1;
                } else if *count > 0 {
                    standing.ended(&who(site, Rank::First));
                    *count -= 1;
                }
                let wait = |count: usize| Duration::from_millis(u64::try_from(count).unwrap());
                let crowd = each.iter().map(|count| (*count).min(OF_A_SITE)).sum();
                let ahead = Ahead { crowd: wait(crowd), each: wait(1) };
                prop_assert_eq!(standing.told.ahead(1), ahead);
                prop_assert_eq!(standing.sites.len(), each.iter().filter(|count| **count > 0).count());
            }
        }
    }
}

//! What was seen of late, within a bound. The heaviest is kept, and what a stranger can make without end is forgotten
//! first: to have something forgotten he has to make as much of a great many others.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::Hash;

use honnin_terms::Moment;

/// Something that is forgotten before what weighs more.
pub(crate) trait Weighs {
    /// How much is known of it at that moment; nothing where it may be forgotten.
    fn weight(&self, now: Moment) -> u64;
}

/// Entries by key in two generations: the older is forgotten whole but for the heaviest, so that a bound costs little to
/// keep.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    most: usize,
}

impl<K: Eq + Hash + Copy, V: Default + Weighs> Recent<K, V> {
    pub(crate) fn new(most: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), most: (most / 2).max(1) }
    }

    /// What is known of that key.
    pub(crate) fn entry(&mut self, key: K, now: Moment) -> &mut V {
        if !self.young.contains_key(&key) {
            let known = self.old.remove(&key).unwrap_or_default();
            if self.young.len() >= self.most {
                let old = std::mem::replace(&mut self.old, std::mem::take(&mut self.young));
                let weighed = old.into_iter().map(|(key, value)| (value.weight(now), key, value));
                let mut kept: Vec<_> = weighed.filter(|(weight, ..)| *weight > 0).collect();
                // Half of a generation at most: what comes new always has room.
                let room = self.most / 2;
                if kept.len() > room {
                    kept.select_nth_unstable_by_key(room, |(weight, ..)| Reverse(*weight));
                    kept.truncate(room);
                }
                self.young.extend(kept.into_iter().map(|(_, key, value)| (key, value)));
            }
            self.young.insert(key, known);
        }
        self.young.entry(key).or_default()
    }

    /// What is known of that key, where anything is.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.young.get_mut(key).or_else(|| self.old.get_mut(key))
    }

    /// All there is with its key, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.young.iter().chain(&self.old)
    }

    /// All there is, in no order.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.young.values_mut().chain(self.old.values_mut())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Weighs for u32 {
        fn weight(&self, _now: Moment) -> u64 {
            if *self > 4 { u64::from(*self) } else { 0 }
        }
    }

    #[test]
    fn what_weighs_outlasts_any_number_of_others_and_the_bound_holds() {
        let mut recent: Recent<u64, u32> = Recent::new(64);
        let now = Moment::EPOCH;
        *recent.entry(0, now) = 5;
        *recent.entry(1, now) = 4;
        for key in 2..10_000 {
            *recent.entry(key, now) = 1;
            assert!(recent.young.len() + recent.old.len() <= 64);
        }
        assert_eq!((*recent.entry(0, now), *recent.entry(1, now)), (5, 0));
        for key in 20_000..30_000 {
            *recent.entry(key, now) = 9;
            assert!(recent.young.len() + recent.old.len() <= 64, "what weighs is bounded too");
        }
        *recent.entry(0, now) = 10;
        for key in 40_000..50_000 {
            *recent.entry(key, now) = 9;
        }
        assert_eq!(*recent.entry(0, now), 10, "the heaviest outlasts any number of what weighs less");
    }
}

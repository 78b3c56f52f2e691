//! How many came when: counts, and nobody in particular.

use super::Micros;

/// People are counted by tenths of a second.
const WIDTH: Micros = 100_000;

/// So many counts are kept; where there were more two neighbours become one.
const MOST: usize = 512;

/// Who came in a stretch of time: from, to, how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bucket {
    pub(super) from: Micros,
    pub(super) to: Micros,
    pub(super) people: u64,
}

impl Bucket {
    /// How many of them came before that moment, evenly spread as they are taken to be.
    fn before(&self, moment: Micros) -> u64 {
        if moment <= self.from {
            return 0;
        }
        let (gone, width) =
            (moment.min(self.to).saturating_sub(self.from), self.to.saturating_sub(self.from).max(1));
        share(self.people, gone, width)
    }
}

fn share(of: u64, part: u64, whole: u64) -> u64 {
    let product = u128::from(of).saturating_mul(u128::from(part)) / u128::from(whole.max(1));
    u64::try_from(product).unwrap_or(u64::MAX)
}

/// Those who wait, by when they came. Stretches do not overlap and stand in the order of time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Line(Vec<Bucket>);

impl Line {
    /// Of counts that were written down; `None` where they are none.
    pub(super) fn of(buckets: Vec<Bucket>) -> Option<Self> {
        let in_order = buckets.windows(2).all(|pair| match pair {
            [one, next] => one.to <= next.from,
            _ => true,
        });
        let whole = buckets.iter().all(|bucket| bucket.from < bucket.to);
        (in_order && whole && buckets.len() <= MOST).then_some(Self(buckets))
    }

    pub(super) fn buckets(&self) -> &[Bucket] {
        &self.0
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn people(&self) -> u64 {
        self.0.iter().fold(0, |sum, bucket| sum.saturating_add(bucket.people))
    }

    /// How many came before that moment.
    pub(super) fn before(&self, moment: Micros) -> u64 {
        self.0.iter().fold(0, |sum, bucket| sum.saturating_add(bucket.before(moment)))
    }

    /// So many more came then.
    pub(super) fn add(&mut self, came: Micros, people: u64) {
        let at = self.0.partition_point(|bucket| bucket.to <= came);
        if let Some(bucket) = self.0.get_mut(at)
            && bucket.from <= came
        {
            bucket.people = bucket.people.saturating_add(people);
            return;
        }
        let (tenth, before) = (came / WIDTH, at.checked_sub(1).and_then(|before| self.0.get(before)));
        let from = (tenth * WIDTH).max(before.map_or(0, |before| before.to));
        let to = (tenth.saturating_add(1)).saturating_mul(WIDTH);
        let to = self.0.get(at).map_or(to, |next| next.from.min(to));
        self.0.insert(at, Bucket { from, to: to.max(from.saturating_add(1)), people });
        if self.0.len() > MOST {
            self.halve();
        }
    }

    /// All of another line as well.
    pub(super) fn take(&mut self, other: Self) {
        for bucket in other.0 {
            self.add(bucket.from, bucket.people);
        }
    }

    fn halve(&mut self) {
        let joined = |pair: &[Bucket]| match pair {
            [one, other] => {
                Some(Bucket { from: one.from, to: other.to, people: one.people.saturating_add(other.people) })
            }
            [one] => Some(*one),
            _ => None,
        };
        self.0 = self.0.chunks(2).filter_map(joined).collect();
    }

    /// Takes out everybody who came before that moment; how many they were.
    pub(super) fn leave_before(&mut self, moment: Micros) -> u64 {
        let mut gone = 0_u64;
        self.0.retain_mut(|bucket| {
            let before = bucket.before(moment);
            gone = gone.saturating_add(before);
            bucket.people = bucket.people.saturating_sub(before);
            bucket.from = bucket.from.max(moment);
            bucket.from < bucket.to
        });
        gone
    }

    /// The moment before which so many came, where that many came before `until`; else `until`.
    pub(super) fn moment_of(&self, people: u64, until: Micros) -> Micros {
        let mut left = people;
        for bucket in &self.0 {
            if bucket.from >= until {
                break;
            }
            if left < bucket.people {
                // The first moment before which so many came: rounded up.
                let width = bucket.to.saturating_sub(bucket.from);
                let gone = u128::from(width).saturating_mul(u128::from(left));
                let gone = u64::try_from(gone.div_ceil(u128::from(bucket.people.max(1)))).unwrap_or(width);
                return bucket.from.saturating_add(gone).min(until);
            }
            left -= bucket.people;
        }
        until
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn so_many_are_taken_out_as_were_asked_for() {
        let mut line = Line::default();
        for came in 0..1_000 {
            line.add(1_000_000 + came * 1_000, 1);
        }
        let moment = line.moment_of(250, u64::MAX);
        assert_eq!(moment, 1_250_000);
        assert_eq!(line.leave_before(moment), 250);
        assert_eq!((line.people(), line.before(1_500_000)), (750, 250));
    }

    proptest! {
        #[test]
        fn nobody_is_lost_or_counted_twice(
            came in proptest::collection::vec((0u64..600_000_000, 1u64..9), 1..2_000),
            calls in proptest::collection::vec(0u64..400, 1..60),
        ) {
            let mut line = Line::default();
            for (came, people) in &came {
                line.add(*came, *people);
            }
            let all: u64 = came.iter().map(|(_, people)| people).sum();
            prop_assert_eq!(line.people(), all);
            prop_assert!(line.buckets().len() <= MOST && Line::of(line.buckets().to_vec()).is_some());
            let (mut gone, mut mark) = (0, 0);
            for call in calls {
                let moment = line.moment_of(call, u64::MAX - 1);
                prop_assert!(moment >= mark);
                mark = moment;
                let left = line.leave_before(moment);
                gone += left;
                prop_assert!(left <= call || line.is_empty(), "{} called, {} asked for", left, call);
                prop_assert_eq!(line.people() + gone, all);
            }
        }

        #[test]
        fn who_came_later_has_more_before_her(
            came in proptest::collection::vec(0u64..60_000_000, 1..400), one in 0u64..60_000_000, other in 0u64..60_000_000,
        ) {
            let mut line = Line::default();
            for came in &came {
                line.add(*came, 1);
            }
            let (first, later) = (one.min(other), one.max(other));
            prop_assert!(line.before(first) <= line.before(later));
        }
    }
}

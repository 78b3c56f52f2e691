//! Whose turn it is for a hash: a pure state machine, so that its promises can be tried without threads and time.
//!
//! Work waits in shares (sign-in, codes, confirmations), within a share by rank (known devices, first tries, a crowd on
//! one account, repeats), within a rank by address prefix, within a prefix by address, and there in its order. Shares
//! and ranks take turns by weight: nobody waits for ever. Prefixes and addresses take turns one by one: who sends a
//! thousand gets as many turns as who sends one. What waits has a bound; beyond it the newest work of whoever has most
//! waiting in the lowest rank gives way.

use std::collections::{HashMap, VecDeque};

use crate::Source;

/// What a hash is for. Each has turns of its own, so that none can be crowded out by another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Share {
    /// A sign-in.
    SignIn,
    /// A new password after a right one-time code.
    Code,
    /// A signed-in person's password, asked for again.
    Confirm,
}

const SHARES: usize = 3;
/// Turns of each share while all have work.
const SHARE_WEIGHTS: [u64; SHARES] = [4, 2, 2];

/// How soon work has its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// From a device of the account.
    Device,
    /// From a place that has guessed nothing wrong of late.
    First,
    /// The same, on an account that many try at this moment.
    Crowd,
    /// From a place that has guessed wrong.
    Again,
}

const RANKS: usize = 4;
/// Turns of each rank while all have work.
const RANK_WEIGHTS: [u64; RANKS] = [64, 32, 8, 1];

/// Whose work it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) share: Share,
    pub(crate) rank: Rank,
    /// Whether nobody has guessed wrong at that address of late: it is next among those of its prefix.
    pub(crate) is_fresh: bool,
    pub(crate) source: Source,
}

/// Where a piece of work waits, to take it out again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    share: usize,
    rank: usize,
    source: Source,
    number: u64,
}

/// Turns by weight (stride scheduling): the class with work that is furthest behind is next.
struct Strides<const N: usize> {
    weights: [u64; N],
    due: [u64; N],
    now: u64,
}

/// A multiple of all weights.
const STRIDE: u64 = 960;

impl<const N: usize> Strides<N> {
    const fn new(weights: [u64; N]) -> Self {
        Self { weights, due: [0; N], now: 0 }
    }

    /// A class that had no work has some: what it did not use meanwhile is not saved up.
    fn wake(&mut self, class: usize) {
        if let Some(due) = self.due.get_mut(class) {
            *due = (*due).max(self.now);
        }
    }

    fn next(&mut self, has_work: impl Fn(usize) -> bool) -> Option<usize> {
        let due = |class: &usize| self.due.get(*class).copied();
        let class = (0..N).filter(|class| has_work(*class)).min_by_key(due)?;
        let (due, weight) = (self.due.get_mut(class)?, self.weights.get(class)?);
        self.now = *due;
        *due = due.saturating_add(STRIDE / weight);
        Some(class)
    }
}

type Waiting<T> = VecDeque<(u64, T)>;

/// Keys that take turns, each with something behind it.
struct Ring<V> {
    order: VecDeque<u64>,
    of: HashMap<u64, V>,
}

impl<V> Default for Ring<V> {
    fn default() -> Self {
        Self { order: VecDeque::new(), of: HashMap::new() }
    }
}

impl<V: Default> Ring<V> {
    /// What stands behind a key; a key that comes new is the last in the order, or the next.
    fn entry(&mut self, key: u64, is_next: bool) -> &mut V {
        if !self.of.contains_key(&key) {
            if is_next {
                self.order.push_front(key);
            } else {
                self.order.push_back(key);
            }
        }
        self.of.entry(key).or_default()
    }

    /// Whose turn it is; at the end of the order from now on, or gone where `take` has left nothing.
    fn turn<T>(&mut self, take: impl FnOnce(&mut V) -> (Option<T>, bool)) -> Option<T> {
        let key = self.order.pop_front()?;
        let (taken, empty) = take(self.of.get_mut(&key)?);
        if empty {
            self.of.remove(&key);
        } else {
            self.order.push_back(key);
        }
        taken
    }

    fn remove(&mut self, key: u64) {
        self.of.remove(&key);
        self.order.retain(|other| *other != key);
    }
}

/// The work of one prefix.
struct Prefix<T> {
    addresses: Ring<Waiting<T>>,
    count: usize,
}

impl<T> Default for Prefix<T> {
    fn default() -> Self {
        Self { addresses: Ring::default(), count: 0 }
    }
}

impl<T> Prefix<T> {
    fn longest(&self) -> Option<(u64, usize)> {
        self.addresses
            .of
            .iter()
            .map(|(key, jobs)| (*key, jobs.len()))
            .max_by_key(|(key, count)| (*count, *key))
    }
}

/// The work of one rank.
struct Queue<T> {
    prefixes: Ring<Prefix<T>>,
    count: usize,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { prefixes: Ring::default(), count: 0 }
    }
}

impl<T> Queue<T> {
    fn push(&mut self, source: Source, is_fresh: bool, job: (u64, T)) {
        let prefix = self.prefixes.entry(source.prefix, false);
        prefix.addresses.entry(source.address, is_fresh).push_back(job);
        prefix.count += 1;
        self.count += 1;
    }

    fn pop(&mut self) -> Option<(u64, T)> {
        let popped = self.prefixes.turn(|prefix| {
            let job = prefix.addresses.turn(|jobs| {
                let job = jobs.pop_front();
                (job, jobs.is_empty())
            });
            prefix.count = prefix.count.saturating_sub(usize::from(job.is_some()));
            (job, prefix.count == 0)
        });
        self.count = self.count.saturating_sub(usize::from(popped.is_some()));
        popped
    }

    fn take_out(&mut self, source: Source, number: u64) -> Option<(u64, T)> {
        let prefix = self.prefixes.of.get_mut(&source.prefix)?;
        let jobs = prefix.addresses.of.get_mut(&source.address)?;
        let at = jobs.iter().position(|(of, _)| *of == number)?;
        let job = jobs.remove(at)?;
        if jobs.is_empty() {
            prefix.addresses.remove(source.address);
        }
        prefix.count -= 1;
        if prefix.count == 0 {
            self.prefixes.remove(source.prefix);
        }
        self.count -= 1;
        Some(job)
    }

    /// Whoever has most waiting: prefix, how much of it, address, how much of that.
    fn greediest(&self) -> Option<(Source, usize, usize)> {
        let longest = self.prefixes.of.iter().max_by_key(|(key, prefix)| (prefix.count, **key));
        let (prefix, waiting) = longest?;
        let (address, count) = waiting.longest()?;
        // Turns go by prefix and address: a site is nothing to them.
        Some((Source { site: *prefix, prefix: *prefix, address }, waiting.count, count))
    }

    /// How much of that source waits: of its prefix, and of its address.
    fn of_source(&self, source: Source) -> (usize, usize) {
        let Some(prefix) = self.prefixes.of.get(&source.prefix) else { return (0, 0) };
        (prefix.count, prefix.addresses.of.get(&source.address).map_or(0, VecDeque::len))
    }
}

/// The work of one share.
struct Part<T> {
    ranks: [Queue<T>; RANKS],
    strides: Strides<RANKS>,
    count: usize,
    bound: usize,
}

impl<T> Part<T> {
    fn new(bound: usize) -> Self {
        let ranks = [(); RANKS].map(|()| Queue::default());
        Self { ranks, strides: Strides::new(RANK_WEIGHTS), count: 0, bound }
    }

    /// Who gives way to work of that source in that rank; `Err` where it is the work itself.
    fn gives_way(&self, rank: usize, source: Source) -> Result<(usize, Source, u64), ()> {
        let lowest = self.ranks.iter().rposition(|queue| queue.count > 0).ok_or(())?;
        let queue = self.ranks.get(lowest).ok_or(())?;
        let (greediest, of_prefix, of_address) = queue.greediest().ok_or(())?;
        if lowest < rank {
            return Err(());
        }
        if lowest == rank {
            let (own_prefix, own_address) = queue.of_source(source);
            let same = greediest.prefix == source.prefix;
            let greedier = if same { of_address > own_address + 1 } else { of_prefix > own_prefix + 1 };
            if !greedier {
                return Err(());
            }
        }
        let jobs =
            queue.prefixes.of.get(&greediest.prefix).and_then(|p| p.addresses.of.get(&greediest.address));
        let newest = jobs.and_then(VecDeque::back).map(|(number, _)| *number).ok_or(())?;
        Ok((lowest, greediest, newest))
    }
}

/// What became of work that was brought.
#[derive(Debug)]
pub(crate) enum Pushed<T> {
    /// It waits there.
    Waits(Place),
    /// It waits there, and this gave way to it.
    Instead(Place, T),
    /// There is no room for it.
    Refused(T),
}

/// All work that waits.
pub(crate) struct Turns<T> {
    shares: [Part<T>; SHARES],
    strides: Strides<SHARES>,
    numbers: u64,
}

impl<T> Turns<T> {
    /// With room for so many sign-ins, and an eighth of that for each other share.
    pub(crate) fn new(bound: usize) -> Self {
        let other = bound.div_ceil(8);
        let shares = [bound.max(1), other.max(1), other.max(1)].map(Part::new);
        Self { shares, strides: Strides::new(SHARE_WEIGHTS), numbers: 0 }
    }

    /// Brings work.
    pub(crate) fn push(&mut self, who: Who, job: T) -> Pushed<T> {
        let Who { share, rank, is_fresh, source } = who;
        let (share, rank) = (index_of_share(share), index_of_rank(rank));
        let Some(part) = self.shares.get_mut(share) else { return Pushed::Refused(job) };
        let mut gone = None;
        if part.count >= part.bound {
            let Ok((lowest, from, newest)) = part.gives_way(rank, source) else {
                return Pushed::Refused(job);
            };
            let Some((_, evicted)) =
                part.ranks.get_mut(lowest).and_then(|queue| queue.take_out(from, newest))
            else {
                return Pushed::Refused(job);
            };
            part.count -= 1;
            gone = Some(evicted);
        }
        self.numbers += 1;
        let number = self.numbers;
        if part.count == 0 {
            self.strides.wake(share);
        }
        if let Some(queue) = part.ranks.get_mut(rank) {
            if queue.count == 0 {
                part.strides.wake(rank);
            }
            queue.push(source, is_fresh, (number, job));
            part.count += 1;
        }
        let place = Place { share, rank, source, number };
        gone.map_or(Pushed::Waits(place), |gone| Pushed::Instead(place, gone))
    }

    /// The work whose turn it is.
    pub(crate) fn pop(&mut self) -> Option<T> {
        let Self { shares, strides, .. } = self;
        let share = strides.next(|share| shares.get(share).is_some_and(|part| part.count > 0))?;
        let Part { ranks, strides, count, .. } = shares.get_mut(share)?;
        let rank = strides.next(|rank| ranks.get(rank).is_some_and(|queue| queue.count > 0))?;
        let (_, job) = ranks.get_mut(rank)?.pop()?;
        *count -= 1;
        Some(job)
    }

    /// Takes work out whose asker has gone; `None` where its turn has come already.
    pub(crate) fn take_out(&mut self, place: Place) -> Option<T> {
        let part = self.shares.get_mut(place.share)?;
        let (_, job) = part.ranks.get_mut(place.rank)?.take_out(place.source, place.number)?;
        part.count -= 1;
        Some(job)
    }

    /// How much waits.
    pub(crate) fn len(&self) -> usize {
        self.shares.iter().map(|part| part.count).sum()
    }
}

const fn index_of_share(share: Share) -> usize {
    match share {
        Share::SignIn => 0,
        Share::Code => 1,
        Share::Confirm => 2,
    }
}

const fn index_of_rank(rank: Rank) -> usize {
    match rank {
        Rank::Device => 0,
        Rank::First => 1,
        Rank::Crowd => 2,
        Rank::Again => 3,
    }
}

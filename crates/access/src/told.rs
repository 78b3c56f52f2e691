//! What nodes tell each other of who guesses: lanes that were wrong a few times, and sites that have had guesses at an
//! account of late. Neither account nor address stands in it, but a keyed hash of both.
//!
//! Each node has one row of its own, with the heaviest of what it knows: whoever guesses makes no rows, and has what is
//! told of one lane left out only by guessing more at each of a thousand others.

use std::collections::HashMap;

use honnin_seal::MacKey;
use honnin_terms::{AccountId, Id, Moment};

use crate::delay::Lane;

/// The form of a row; one of another is as if it were not there.
const FORM: u8 = 1;
/// Lanes in a row.
pub(crate) const MOST_LANES: usize = 1_024;
/// Sites in a row.
pub(crate) const MOST_SITES: usize = 4_096;

const LANE_OCTETS: usize = 28;
const SITE_OCTETS: usize = 10;

/// A lane, or a site of an account's day, as nodes name it among each other.
pub(crate) type Pseudonym = [u8; 8];

/// Makes pseudonyms; the same on every node.
pub(crate) struct Names(MacKey);

impl Names {
    pub(crate) const fn new(key: MacKey) -> Self {
        Self(key)
    }

    pub(crate) fn lane(&self, account: AccountId, lane: Lane) -> Pseudonym {
        let mut which = [0; 24];
        let (kind, octets) = match lane {
            Lane::Device(device) => (b"d", device.octets().to_vec()),
            Lane::Session(session) => (b"e", session.octets().to_vec()),
            Lane::Stranger(source) => (b"s", source.octets().to_vec()),
        };
        which.iter_mut().zip(octets).for_each(|(to, from)| *to = from);
        self.named(&[kind, account.octets(), &which])
    }

    pub(crate) fn site(&self, account: AccountId, day: i64, site: u64) -> Pseudonym {
        self.named(&[b"t", account.octets(), &day.to_be_bytes(), &site.to_be_bytes()])
    }

    fn named(&self, parts: &[&[u8]]) -> Pseudonym {
        self.0.tag(parts.iter().copied()).first_chunk().copied().unwrap_or_default()
    }
}

/// What is told of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ToldLane {
    /// Wrong answers, and tries whose answer is not known yet.
    pub(crate) count: u32,
    /// Tries held or in the queue.
    pub(crate) waiting: u32,
    /// The last try.
    pub(crate) last: Moment,
    /// The last that was right, of a device or session: what was wrong before counts no more.
    pub(crate) right: Moment,
}

impl Default for ToldLane {
    fn default() -> Self {
        Self { count: 0, waiting: 0, last: Moment::EPOCH, right: Moment::EPOCH }
    }
}

/// One row.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) lanes: Vec<(Pseudonym, ToldLane)>,
    pub(crate) sites: Vec<(Pseudonym, u32)>,
}

fn short(count: u32) -> [u8; 2] {
    u16::try_from(count).unwrap_or(u16::MAX).to_be_bytes()
}

impl Told {
    /// Nothing where there is nothing to tell.
    pub(crate) fn write(&self) -> Option<Vec<u8>> {
        if self.lanes.is_empty() && self.sites.is_empty() {
            return None;
        }
        let lanes = u16::try_from(self.lanes.len()).ok()?;
        let mut row = vec![FORM];
        row.extend(lanes.to_be_bytes());
        for (name, lane) in &self.lanes {
            row.extend(name);
            row.extend(short(lane.count));
            row.extend(short(lane.waiting));
            row.extend(lane.last.millis().to_be_bytes());
            row.extend(lane.right.millis().to_be_bytes());
        }
        for (name, count) in &self.sites {
            row.extend(name);
            row.extend(short(*count));
        }
        Some(row)
    }

    /// `None` where a row is of another form.
    pub(crate) fn read(row: &[u8]) -> Option<Self> {
        let rest = row.strip_prefix(&[FORM])?;
        let (count, rest) = rest.split_first_chunk::<2>()?;
        let octets = usize::from(u16::from_be_bytes(*count)) * LANE_OCTETS;
        let (lanes, sites) = rest.split_at_checked(octets)?;
        let lanes = lanes.chunks(LANE_OCTETS).map(lane_of).collect::<Option<Vec<_>>>()?;
        let sites = sites.chunks(SITE_OCTETS).map(site_of).collect::<Option<Vec<_>>>()?;
        (lanes.len() <= MOST_LANES && sites.len() <= MOST_SITES).then_some(Self { lanes, sites })
    }
}

fn taken<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (octets, rest) = from.split_first_chunk::<N>()?;
    *from = rest;
    Some(*octets)
}

fn lane_of(mut row: &[u8]) -> Option<(Pseudonym, ToldLane)> {
    let name = taken(&mut row)?;
    let count = u16::from_be_bytes(taken(&mut row)?).into();
    let waiting = u16::from_be_bytes(taken(&mut row)?).into();
    let last = Moment::from_millis(i64::from_be_bytes(taken(&mut row)?)).ok()?;
    let right = Moment::from_millis(i64::from_be_bytes(taken(&mut row)?)).ok()?;
    Some((name, ToldLane { count, waiting, last, right }))
}

fn site_of(mut row: &[u8]) -> Option<(Pseudonym, u32)> {
    let name = taken(&mut row)?;
    Some((name, u16::from_be_bytes(taken(&mut row)?).into()))
}

/// What the other nodes have told last.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    lanes: HashMap<Pseudonym, ToldLane>,
    sites: HashMap<Pseudonym, u32>,
}

impl Heard {
    /// What those rows say together. Who waits counts only where the row is young: a node that is gone holds nobody.
    pub(crate) fn of<'a>(rows: impl Iterator<Item = (bool, &'a [u8])>) -> Self {
        let mut heard = Self::default();
        let mut lanes = Vec::new();
        for (is_young, told) in rows.filter_map(|(is_young, row)| Some((is_young, Told::read(row)?))) {
            for (name, count) in told.sites {
                let sum = heard.sites.entry(name).or_default();
                *sum = sum.saturating_add(count);
            }
            for (name, lane) in told.lanes {
                let of = heard.lanes.entry(name).or_default();
                of.right = of.right.max(lane.right);
                lanes.push((name, ToldLane { waiting: if is_young { lane.waiting } else { 0 }, ..lane }));
            }
        }
        for (name, lane) in lanes {
            let of = heard.lanes.entry(name).or_default();
            if lane.last > of.right {
                of.count = of.count.saturating_add(lane.count);
                of.waiting = of.waiting.saturating_add(lane.waiting);
                of.last = of.last.max(lane.last);
            }
        }
        heard
    }

    /// What the others know of a lane.
    pub(crate) fn lane(&self, names: Option<&Names>, account: AccountId, lane: Lane) -> ToldLane {
        let Some(names) = names.filter(|_| !self.lanes.is_empty()) else { return ToldLane::default() };
        self.lanes.get(&names.lane(account, lane)).copied().unwrap_or_default()
    }

    /// How often the others were guessed at from a site, at an account on that day.
    pub(crate) fn site(&self, names: Option<&Names>, account: AccountId, day: i64, site: u64) -> u32 {
        let Some(names) = names.filter(|_| !self.sites.is_empty()) else { return 0 };
        self.sites.get(&names.site(account, day, site)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use honnin_seal::Secret;
    use honnin_terms::DeviceId;

    use super::*;
    use crate::Source;
    use crate::delay::{DelayBounds, Tries};

    fn her() -> AccountId {
        AccountId::from_octets([0xaa; 16])
    }

    fn at(seconds: i64) -> Moment {
        Moment::from_millis(1_795_000_000_000).unwrap().plus_seconds(seconds)
    }

    /// Two nodes; what the first says is heard by the second.
    fn nodes() -> [Tries; 2] {
        let key = || MacKey::of_secret(&Secret::from_octets([7; 32]));
        [(); 2].map(|()| Tries::new(DelayBounds::default(), Some(key())))
    }

    fn tells(one: &Tries, other: &Tries, seconds: i64) {
        let told = one.shared().told(at(seconds));
        other.shared().hear(at(seconds), told.iter().map(|row| (at(seconds), row.as_slice())));
    }

    fn hold(tries: &Tries, lane: Lane, seconds: i64) -> u64 {
        tries.enter(her(), lane, at(seconds)).unwrap().hold().as_secs()
    }

    #[test]
    fn a_right_answer_on_one_node_ends_what_was_wrong_on_another() {
        let [one, two] = nodes();
        let lane = Lane::Device(DeviceId::from_octets([4; 16]));
        for _ in 0..6 {
            one.enter(her(), lane, at(0)).unwrap().hashed();
        }
        assert_eq!(hold(&two, lane, 1), 0, "it has not heard of it");
        tells(&one, &two, 1);
        assert_eq!((hold(&one, lane, 1), hold(&two, lane, 1)), (4, 4));
        let right = two.enter(her(), lane, at(2)).unwrap();
        right.hashed();
        right.right();
        assert_eq!(hold(&two, lane, 3), 0);
        assert_eq!(hold(&one, lane, 3), 4, "it has not heard of it");
        tells(&two, &one, 7);
        assert_eq!(hold(&one, lane, 7), 0);
        tells(&one, &two, 8);
        assert_eq!(hold(&two, lane, 8), 0);
    }

    #[test]
    fn an_address_has_its_places_once_for_all_nodes() {
        let [one, two] = nodes();
        let lane = Lane::Stranger(Source { site: 1, prefix: 1, address: 1 });
        let places = DelayBounds::default().places;
        let held: Vec<_> = (0..places).map(|_| one.enter(her(), lane, at(0)).unwrap()).collect();
        assert!(two.enter(her(), lane, at(1)).is_ok());
        tells(&one, &two, 1);
        assert!(two.enter(her(), lane, at(1)).is_err());
        let another = Lane::Stranger(Source { site: 1, prefix: 1, address: 2 });
        assert!(two.enter(her(), another, at(1)).is_ok());
        // A node that says nothing any more holds nobody's place.
        let told = one.shared().told(at(1));
        two.shared().hear(at(60), told.iter().map(|row| (at(1), row.as_slice())));
        assert!(two.enter(her(), lane, at(60)).is_ok());
        drop(held);
    }

    fn lane(count: u32, last: i64, right: i64) -> ToldLane {
        let at = |seconds| Moment::EPOCH.plus_seconds(seconds);
        ToldLane { count, waiting: 1, last: at(last), right: at(right) }
    }

    #[test]
    fn a_row_is_read_as_it_was_written_and_no_other_is() {
        let told = Told {
            lanes: vec![([1; 8], lane(7, 90, 3)), ([2; 8], lane(70_000, 91, 0))],
            sites: vec![([3; 8], 4), ([4; 8], 1)],
        };
        let row = told.write().unwrap();
        let read = Told::read(&row).unwrap();
        assert_eq!((&read.sites, read.lanes[0]), (&told.sites, told.lanes[0]));
        assert_eq!(read.lanes[1].1.count, 65_535, "more is as much");
        assert_eq!(Told::default().write(), None);
        for cut in 1..row.len() {
            assert_ne!(Told::read(&row[..cut]).as_ref(), Some(&read), "{cut}");
        }
        assert_eq!(Told::read(&[&[2], &row[1..]].concat()), None);
        let sites = vec![([0; 8], 1); MOST_SITES + 1];
        assert_eq!(Told::read(&Told { lanes: Vec::new(), sites }.write().unwrap()), None);
    }

    #[test]
    fn what_was_wrong_before_it_was_right_elsewhere_counts_no_more() {
        let row = |lane| Told { lanes: vec![([1; 8], lane)], sites: Vec::new() }.write().unwrap();
        let rows = [row(lane(6, 10, 0)), row(lane(0, 20, 20)), row(lane(3, 30, 0))];
        // In whatever order they come.
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] {
            let heard = Heard::of(order.iter().map(|at| (true, rows[*at].as_slice())));
            let of = heard.lanes[&[1; 8]];
            assert_eq!((of.count, of.waiting), (3, 1), "{order:?}");
        }
        let old = Heard::of(rows.iter().map(|row| (false, row.as_slice())));
        assert_eq!((old.lanes[&[1; 8]].count, old.lanes[&[1; 8]].waiting), (3, 0));
    }
}

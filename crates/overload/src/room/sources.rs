//! What one source may have of the room: so much of what opens it, and so many places a second. Sources are numbers here;
//! who they are the caller knows.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Micros, SECOND};

/// So many sign-ins under way of one site count towards opening: a crowd comes from many, and a guesser from a few.
const OF_A_SITE: u32 = 32;

/// So many places one source is given a second; beyond that its newcomers share one.
const PLACES: u32 = 4;

/// Sources whose places are counted in one second. Who has more addresses than these has places of their own as well.
const MOST: usize = 8_192;

/// Sign-ins under way, by site: as many rows as there are sign-ins at most.
#[derive(Debug, Default)]
pub(super) struct Sites {
    each: BTreeMap<u64, u32>,
    counted: u32,
}

impl Sites {
    pub(super) fn began(&mut self, site: u64) {
        let count = self.each.entry(site).or_default();
        if *count < OF_A_SITE {
            self.counted = self.counted.saturating_add(1);
        }
        *count = count.saturating_add(1);
    }

    pub(super) fn ended(&mut self, site: u64) {
        let Some(count) = self.each.get_mut(&site) else { return };
        *count = count.saturating_sub(1);
        if *count < OF_A_SITE {
            self.counted = self.counted.saturating_sub(1);
        }
        if *count == 0 {
            self.each.remove(&site);
        }
    }

    /// How many are under way, of no site more than its share.
    pub(super) const fn counted(&self) -> u32 {
        self.counted
    }
}

/// From so many sites people have to leave: more than those whose sign-ins under way open the room, so that this is no easier
/// way for a stranger to have it open.
const LEAVERS: usize = 64;

/// Right passwords of two looks fill the hashers where they took them so long: half of those two seconds.
const FILLS: Duration = Duration::from_secs(1);

/// Sites that are told apart in one look.
const MOST_LEFT: usize = 1_024;

/// How sign-ins ended since the last look, and in the one before.
#[derive(Debug, Default)]
pub(super) struct Ends {
    /// How many looks there were.
    looks: u64,
    left: [BTreeSet<u64>; 2],
    answered: [u32; 2],
    right: [u32; 2],
}

impl Ends {
    pub(super) fn answered(&mut self) {
        let [now, _] = &mut self.answered;
        *now = now.saturating_add(1);
    }

    /// One of those who were answered is in.
    pub(super) fn was_right(&mut self) {
        let [now, _] = &mut self.right;
        *now = now.saturating_add(1);
    }

    /// Whether those who were answered are a crowd that signs in: so many are in, they are more than half, and at so long for each
    /// they are as many as fill the hashers. Whoever guesses is answered as well, and is none; and few who sign in beside
    /// strangers who wait are none either.
    pub(super) fn are_a_crowd(&self, at_least: usize, each: Duration) -> bool {
        let sum = |counts: &[u32; 2]| counts.iter().copied().fold(0, u32::saturating_add);
        let (right, answered) = (sum(&self.right), sum(&self.answered));
        usize::try_from(right).is_ok_and(|right| right >= at_least.max(1))
            && right > answered.saturating_sub(right)
            && each.saturating_mul(right) >= FILLS
    }

    /// By which a sign-in tells later whether it has waited for a look.
    pub(super) const fn looks(&self) -> u64 {
        self.looks
    }

    /// Somebody from there left before she had her answer, after so many looks at her beginning. Who was gone before the next
    /// has not waited.
    pub(super) fn left(&mut self, site: u64, began: u64) {
        let [now, _] = &mut self.left;
        if self.looks > began && now.len() < MOST_LEFT {
            now.insert(site);
        }
    }

    /// Whether people of more sites leave than are answered, however those are: with a right password, or a wrong one. A
    /// look ends with it.
    pub(super) fn look(&mut self) -> bool {
        self.looks = self.looks.wrapping_add(1);
        let ([now, before], answered) =
            (&mut self.left, self.answered.iter().copied().fold(0, u32::saturating_add));
        let sites = now.union(before).count();
        *before = std::mem::take(now);
        for [now, before] in [&mut self.answered, &mut self.right] {
            *before = std::mem::take(now);
        }
        sites >= LEAVERS && u32::try_from(sites).is_ok_and(|sites| sites > answered)
    }
}

/// What a source has been given in this second.
#[derive(Debug, Default)]
struct Given {
    count: u32,
    /// The place that whoever comes next shares.
    shared: Option<Micros>,
}

/// Who has been given places in this second.
#[derive(Debug, Default)]
pub(super) struct Takers {
    second: Micros,
    each: BTreeMap<u64, Given>,
}

impl Takers {
    fn given(&mut self, now: Micros, source: Option<u64>) -> Option<&Given> {
        if self.second != now / SECOND {
            self.second = now / SECOND;
            self.each.clear();
        }
        self.each.get(&source?)
    }

    /// Whether somebody from there may enter before others from elsewhere who come in this second.
    pub(super) fn may_enter(&mut self, now: Micros, source: Option<u64>) -> bool {
        self.given(now, source).is_none_or(|given| given.count < PLACES)
    }

    /// The place that newcomers from there share by now.
    pub(super) fn shared(&mut self, now: Micros, source: Option<u64>) -> Option<Micros> {
        self.given(now, source)?.shared
    }

    /// One more was given to somebody from there.
    pub(super) fn took(&mut self, source: Option<u64>, came: Micros) {
        let Some(source) = source.filter(|source| self.each.len() < MOST || self.each.contains_key(source))
        else {
            return;
        };
        let given = self.each.entry(source).or_default();
        if given.count >= PLACES {
            given.shared = Some(came);
        }
        given.count = given.count.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::{Book, Plan, RoomBounds, Said, WaitingRoom, Wants};
    use super::*;

    const NOW: Micros = 1_800_000_000 * SECOND;

    fn room() -> Arc<WaitingRoom> {
        let stamp = |text: &[u8]| [u8::try_from(text.len()).unwrap(); 16];
        Arc::new(WaitingRoom::new(RoomBounds::default(), Box::new(stamp)))
    }

    /// The next second of a house with that node alone.
    fn second(room: &WaitingRoom, book: &Book, now: Micros) -> Book {
        let step = room.step(now, Duration::from_secs(1));
        let (book, unused) =
            book.after(now, &step, &RoomBounds::default()).unwrap_or_else(|| (book.clone(), 0));
        room.follow(now, book.clone(), unused);
        book
    }

    /// A room that is open by plan, in which newcomers wait.
    fn open() -> (Arc<WaitingRoom>, Book) {
        let (room, book) = (room(), Book::default().planned(Some(Plan { from: NOW, until: Micros::MAX })));
        room.follow(NOW, book.clone(), 0);
        (room, book)
    }

    fn comes(room: &WaitingRoom, now: Micros, source: Option<u64>) -> String {
        match room.ask(now, None, Wants::Look, 0, source) {
            Said::Wait(placed) => placed.ticket,
            said @ Said::Enter(_) => panic!("{said:?}"),
        }
    }

    #[test]
    fn one_site_does_not_open_the_room_whatever_it_has_under_way() {
        let room = room();
        let mut under_way: Vec<_> = (0..3_000).map(|_| room.begins(1)).collect();
        let book = second(&room, &Book::default(), NOW);
        assert!(!book.is_open(NOW), "for all nodes");
        assert_eq!(room.ask(NOW, None, Wants::Look, 0, None), Said::Enter(None), "nor for this one");
        // A crowd comes from everywhere.
        under_way.extend((2..48).flat_map(|site| (0..40).map(move |_| site)).map(|site| room.begins(site)));
        assert!(matches!(room.ask(NOW, None, Wants::Look, 0, None), Said::Wait(_)));
        assert!(second(&room, &book, NOW).is_open(NOW));
        drop(under_way);
        assert_eq!(room.lock().sites.counted(), 0);
    }

    #[test]
    fn one_source_has_few_places_a_second_and_shares_one_beyond() {
        let (room, book) = open();
        let mut tickets: Vec<String> = (0..1_000).map(|_| comes(&room, NOW, Some(1))).collect();
        let shared = tickets.last().unwrap().clone();
        tickets.dedup();
        assert_eq!(tickets.len(), 5);
        let other = comes(&room, NOW, Some(2));
        // Where many people share an address each has a place.
        (0..10).for_each(|_| drop(comes(&room, NOW, None)));
        assert_eq!(room.figures(NOW).waiting, 16);
        assert_ne!(comes(&room, NOW + SECOND, Some(1)), shared, "another second, another place");
        let mut book = second(&room, &book, NOW + SECOND);
        let called = |ticket: &str, now| {
            matches!(room.ask(now, Some(ticket.as_bytes()), Wants::Act, 0, Some(1)), Said::Enter(_))
        };
        for at in 2..8 {
            book = second(&room, &book, NOW + at * SECOND);
        }
        assert!(called(&other, NOW + 8 * SECOND), "who came a moment after a thousand is in");
        let let_in = (0..30).filter(|_| called(&shared, NOW + 8 * SECOND)).count();
        assert_eq!(let_in, 20, "and so are those who share a place, as often as one may try");
    }

    #[test]
    fn one_source_does_not_take_all_entries_of_an_empty_room() {
        let (room, book) = open();
        room.follow(NOW, book, 10);
        let entered = |source| matches!(room.ask(NOW, None, Wants::Act, 0, Some(source)), Said::Enter(_));
        assert!((2..5).all(entered));
        assert_eq!((0..100).filter(|_| entered(1)).count(), 4);
    }

    #[test]
    fn who_leaves_without_waiting_opens_nothing() {
        let second = Duration::from_secs(1);
        let leave = |room: &Arc<WaitingRoom>, sites: std::ops::Range<u64>| {
            sites.map(|site| room.begins(site)).collect::<Vec<_>>()
        };
        let at_once = room();
        drop(leave(&at_once, 0..500));
        assert!(!at_once.step(NOW, second).opens, "they were gone before the next look");
        let (few, many) = (room(), room());
        for (room, sites, opens) in [(&few, 63, false), (&many, 64, true)] {
            let waiting = leave(room, 0..sites);
            assert!(!room.step(NOW, second).opens);
            drop(waiting);
            assert_eq!(room.step(NOW, second).opens, opens, "{sites}");
        }
        // As many are answered: nobody is kept out.
        let answered = room();
        let (waiting, served) = (leave(&answered, 0..64), leave(&answered, 100..164));
        answered.step(NOW, second);
        drop(waiting);
        served.into_iter().for_each(super::super::Entering::is_answered);
        assert!(!answered.step(NOW, second).opens);
    }

    proptest! {
        #[test]
        fn of_no_site_more_than_its_share_is_counted(steps in proptest::collection::vec((0u64..4, 0u32..5), 1..600)) {
            let (mut sites, mut each) = (Sites::default(), [0_u32; 4]);
            for (site, what) in steps {
                let count = &mut each[usize::try_from(site).unwrap()];
                if what > 0 {
                    sites.began(site);
                    *count += 1;
                } else if *count > 0 {
                    sites.ended(site);
                    *count -= 1;
                }
                prop_assert_eq!(sites.counted(), each.iter().map(|count| (*count).min(OF_A_SITE)).sum::<u32>());
            }
        }
    }
}

//! Storms of people who leave after a second without an answer: what is left of what the hashers can do; and what the room makes
//! of what the hashers say.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::simulated::{BEAT, Day, NOW, Seen, play};
use super::{Ahead, Book, RoomBounds, SECOND, Said, WaitingRoom, Wants};

/// What a node signs in a second.
const EACH: u64 = 30;

/// So many times as many come as can be signed in, and whoever waits a second for her hash has left.
fn storm(times: u64, sites: Option<u64>) -> Seen {
    let (within, each) = (45, EACH);
    let people = times * within * each;
    let (nodes, think, leave, outage, patience) = (1, 0, 0, None, Some(SECOND / BEAT));
    let day =
        Day { nodes, people, within, each, think, leave, outage, patience, sites, watched: true, seed: 5 };
    play(&day, &RoomBounds::default(), within)
}

/// Of a hundred hashes that can be done, so many sign somebody in from 25 s on, as the benchmark counts.
fn share(seen: &Seen) -> u64 {
    let counted = NOW + 25 * SECOND..NOW + 45 * SECOND;
    let done = seen.people.iter().filter(|person| person.done.is_some_and(|done| counted.contains(&done)));
    u64::try_from(done.count()).unwrap() * 100 / (20 * EACH)
}

fn opens_soon(seen: &Seen) -> bool {
    seen.turns.first().is_some_and(|opened| *opened <= NOW + 5 * SECOND)
}

#[test]
fn most_of_what_can_be_hashed_signs_somebody_in_however_many_come() {
    for (times, least) in [(2, 90), (3, 90), (10, 80)] {
        let seen = storm(times, None);
        assert!(opens_soon(&seen) && share(&seen) >= least, "{times} times: {} of 100", share(&seen));
    }
}

#[test]
fn a_crowd_of_few_sites_with_many_prefixes_is_one_as_well() {
    let seen = storm(5, Some(4));
    assert!(opens_soon(&seen) && share(&seen) >= 80, "{} of 100", share(&seen));
}

/// A house of one node, whose hashers say what they are told to.
pub(super) struct House {
    pub(super) room: Arc<WaitingRoom>,
    ahead: Arc<Mutex<Ahead>>,
    pub(super) book: Book,
    pub(super) now: u64,
}

impl House {
    pub(super) fn new() -> Self {
        let ahead = Arc::<Mutex<Ahead>>::default();
        let told = Arc::clone(&ahead);
        let stamp = |text: &[u8]| [u8::try_from(text.len()).unwrap(); 16];
        let room =
            WaitingRoom::new(RoomBounds::default(), Box::new(stamp)).watching(move || *told.lock().unwrap());
        Self { room: Arc::new(room), ahead, book: Book::default(), now: NOW }
    }

    /// A crowd waits so long, and a hash takes so long.
    pub(super) fn tell(&self, crowd: u64, each: u64) {
        let millis = Duration::from_millis;
        *self.ahead.lock().unwrap() = Ahead { crowd: millis(crowd), each: millis(each) };
    }

    /// So many are in, and so many are told that they are not.
    fn answers(&self, right: u64, wrong: u64) {
        for _ in 0..right {
            self.room.begins(1).is_in(self.now, Duration::from_millis(100));
        }
        (0..wrong).for_each(|_| self.room.begins(2).is_answered());
    }

    pub(super) fn enters(&self) -> bool {
        matches!(self.room.ask(self.now, None, Wants::Act, 0, None), Said::Enter(_))
    }

    /// A second goes by; how many are called.
    pub(super) fn second(&mut self) -> u32 {
        self.now += SECOND;
        let step = self.room.step(self.now, Duration::from_secs(1));
        let after = self.book.after(self.now, &step, &RoomBounds::default());
        let (book, unused) = after.unwrap_or_else(|| (self.book.clone(), 0));
        self.room.follow(self.now, book.clone(), unused);
        self.book = book;
        step.call()
    }
}

#[test]
fn whoever_would_be_answered_too_late_has_a_place_at_once_and_so_has_everybody_behind_her() {
    let mut house = House::new();
    house.answers(66, 65);
    house.tell(751, 15);
    assert!(house.enters(), "they do not fill the hashers");
    house.answers(1, 0);
    house.tell(750, 15);
    assert!(house.enters(), "so long somebody can wait");
    house.tell(751, 15);
    assert!(!house.enters());
    // She would enter before those who have a place.
    house.tell(0, 15);
    assert!(!house.enters());
    house.second();
    assert!(!house.book.is_open(house.now), "for this node alone, and for a look");
    assert!(house.enters());
    house.tell(751, 15);
    assert!(!house.enters());
    assert_eq!(house.room.figures(house.now).waiting, 3, "the first are counted still");
    house.second();
    assert!(house.book.is_open(house.now) && house.book.waiting() == 3, "for all nodes");
}

#[test]
fn many_who_are_not_signed_in_are_no_crowd_however_long_they_wait() {
    for (right, wrong) in [(0, 0), (7, 0), (8, 8), (66, 0), (70, 70), (50, 200)] {
        let mut house = House::new();
        house.answers(right, wrong);
        house.tell(60_000, 15);
        assert!(house.enters(), "{right} {wrong}");
        house.second();
        assert!(!house.book.is_open(house.now), "{right} {wrong}");
    }
    // Nor are those who were signed in some seconds ago.
    let mut house = House::new();
    house.answers(50, 0);
    let called: u32 = (0..2).map(|_| house.second()).sum();
    assert_eq!(called, 0, "it is closed");
    house.tell(60_000, 15);
    assert!(house.enters());
}

#[test]
fn it_opens_as_fast_as_people_were_signed_in_and_goes_on_as_fast_as_they_can_be() {
    let mut house = House::new();
    house.second();
    for _ in 0..2 {
        house.answers(70, 0);
        house.tell(800, 15);
        assert!(!house.enters());
        house.second();
    }
    let called: Vec<u32> = (0..10).map(|_| (house.answers(60, 0), house.second()).1).collect();
    // A hash takes 15 ms: 66 a second.
    assert!((60..=67).contains(&called[0]) && called[9] <= 67, "{called:?}");
    house.tell(0, 15);
    let called = (0..10).map(|_| (house.answers(60, 0), house.second()).1).max().unwrap();
    assert!((68..=74).contains(&called), "no more than the hashers do, and some to have them work: {called}");
    house.tell(2_000, 15);
    let called = house.second();
    assert!((35..=45).contains(&called), "fewer where they wait: {called}");
}

#[test]
fn who_is_found_gone_at_her_turn_says_no_less_of_how_many_can_be_signed_in() {
    let mut house = House::new();
    house.tell(900, 20);
    // Of many sites people wait for more than a look, and leave: nobody is in.
    for _ in 0..3 {
        let waiting: Vec<_> = (0..100).map(|site| house.room.begins(site)).collect();
        house.second();
        drop(waiting);
    }
    assert!(house.book.is_open(house.now));
    let called = house.room.figures(house.now).rate;
    assert!((40..=55).contains(&called), "a hash takes 20 ms: {called}");
}

#[test]
fn a_line_that_was_planned_begins_slowly() {
    let mut house = House::new();
    house.tell(0, 15);
    house.answers(60, 0);
    house.second();
    let plan = super::Plan { from: house.now, until: u64::MAX };
    house.book = std::mem::take(&mut house.book).planned(Some(plan));
    (0..2).for_each(|_| assert!(house.second() < 100));
    let called = house.room.figures(house.now).rate;
    assert!(called <= 8, "{called}");
}

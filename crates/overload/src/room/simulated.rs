//! A crowd, some nodes, and time that is made up: what the waiting room promises as a whole.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;

use super::{Ahead, Book, Entering, Micros, RoomBounds, SECOND, Said, WaitingRoom, Wants};

pub(super) const NOW: Micros = 1_800_000_000 * SECOND;
/// Time goes on by so much.
pub(super) const BEAT: Micros = SECOND / 10;

/// A source of chance that repeats.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound.max(1)
    }
}

/// Somebody who wants to sign in.
pub(super) struct Person {
    came: Micros,
    /// She closes the page when it is her turn in line.
    leaves: bool,
    ticket: Option<String>,
    next: Micros,
    /// When she was let in, and when she was signed in.
    entered: Option<Micros>,
    acts: Option<Micros>,
    pub(super) done: Option<Micros>,
    /// When she was told her place for the first time: who has a form before the room opens has none before she sends it.
    placed: Option<Micros>,
}

/// Who waits for a hash, as the hashers tell: by site.
#[derive(Default)]
struct Waiting(BTreeMap<u64, u64>);

/// Of one site so many are a crowd at most.
const OF_A_SITE: u64 = 16;

impl Waiting {
    fn change(&mut self, site: u64, by: i64) {
        let count = self.0.entry(site).or_default();
        *count = count.saturating_add_signed(by);
        if *count == 0 {
            self.0.remove(&site);
        }
    }

    fn ahead(&self, each: u64) -> Ahead {
        let wait = |count: u64| Duration::from_micros(count * SECOND / each);
        let crowd = self.0.values().map(|count| (*count).min(OF_A_SITE)).sum();
        Ahead { crowd: wait(crowd), each: wait(1) }
    }
}

struct Node {
    room: Arc<WaitingRoom>,
    /// Who waits for a hash, since when.
    queue: VecDeque<(usize, Micros, Entering)>,
    waiting: Arc<Mutex<Waiting>>,
    /// Tenths of thousandths of a hash that are not used up.
    spare: u64,
}

/// What a day is like.
#[derive(Debug, Clone)]
pub(super) struct Day {
    pub(super) nodes: usize,
    pub(super) people: u64,
    /// They come within so many seconds.
    pub(super) within: u64,
    /// A node signs in so many a second.
    pub(super) each: u64,
    /// How long people look at the form, in tenths of a second at the most.
    pub(super) think: u64,
    /// Of a hundred so many leave while they wait.
    pub(super) leave: u64,
    /// From when to when nobody is signed in.
    pub(super) outage: Option<(u64, u64)>,
    /// Beats after which who waits for her hash leaves, and is never seen again.
    pub(super) patience: Option<u64>,
    /// How many sites they come from; each from her own where nothing is said.
    pub(super) sites: Option<u64>,
    /// Whether the room asks the hashers how long whoever comes would wait.
    pub(super) watched: bool,
    pub(super) seed: u64,
}

impl Day {
    fn site_of(&self, who: usize) -> u64 {
        let source = u64::try_from(who).unwrap();
        self.sites.map_or(source, |sites| source % sites)
    }
}

impl Node {
    fn new(day: &Day, bounds: &RoomBounds) -> Self {
        let stamp = |text: &[u8]| [u8::try_from(text.len()).unwrap(); 16];
        let (room, waiting) =
            (WaitingRoom::new(bounds.clone(), Box::new(stamp)), Arc::<Mutex<Waiting>>::default());
        let (told, each) = (Arc::clone(&waiting), day.each);
        let room = if day.watched { room.watching(move || told.lock().unwrap().ahead(each)) } else { room };
        Self { room: Arc::new(room), queue: VecDeque::new(), waiting, spare: 0 }
    }

    /// Whoever has no patience left is gone, and her place in the queue with her.
    fn are_left(&mut self, day: &Day, now: Micros) {
        let Some(beats) = day.patience else { return };
        let mut waiting = self.waiting.lock().unwrap();
        self.queue.retain(|(who, since, _)| {
            let stays = now - since < beats * BEAT;
            waiting.change(day.site_of(*who), -i64::from(!stays));
            stays
        });
    }
}

pub(super) struct Seen {
    pub(super) people: Vec<Person>,
    /// The longest anybody waited for her hash.
    pub(super) longest: Micros,
    /// When the last was in, after the first came.
    last: Micros,
    pub(super) opened: bool,
    closed: bool,
    /// When it was opened, and when it was closed, in turn.
    pub(super) turns: Vec<Micros>,
}

pub(super) fn play(day: &Day, bounds: &RoomBounds, most_seconds: u64) -> Seen {
    play_by(day, bounds, most_seconds, |_, chance| NOW + chance.below(day.within * 1_000) * 1_000)
}

/// The same with people who come when it is said.
pub(super) fn play_by(
    day: &Day,
    bounds: &RoomBounds,
    most_seconds: u64,
    comes: impl Fn(u64, &mut Chance) -> Micros,
) -> Seen {
    let mut chance = Chance(day.seed);
    let mut people: Vec<Person> = (0..day.people)
        .map(|number| {
            let came = comes(number, &mut chance);
            let leaves = chance.below(100) < day.leave;
            Person {
                came,
                leaves,
                ticket: None,
                next: came,
                entered: None,
                acts: None,
                done: None,
                placed: None,
            }
        })
        .collect();
    people.sort_by_key(|person| person.came);
    let mut nodes: Vec<Node> = (0..day.nodes).map(|_| Node::new(day, bounds)).collect();
    let mut book = Book::default();
    let (mut longest, mut last, mut turns) = (0, 0, Vec::new());
    for beat in 0..most_seconds * 10 {
        let now = NOW + beat * BEAT;
        let stands = day.outage.is_some_and(|(from, to)| (from * 10..to * 10).contains(&beat));
        for node in &mut nodes {
            node.are_left(day, now);
            node.spare = if stands { 0 } else { node.spare.min(1_000) + day.each * 100 };
            while node.spare >= 1_000
                && let Some((who, since, entering)) = node.queue.pop_front()
            {
                node.spare -= 1_000;
                node.waiting.lock().unwrap().change(day.site_of(who), -1);
                longest = longest.max(now - since);
                // What is hashed for her is done a beat later.
                if day.patience.is_some_and(|beats| now - since + BEAT >= beats * BEAT) {
                    continue;
                }
                entering.is_in(now, Duration::from_micros(now - since));
                people[who].done = Some(now);
                last = now - NOW;
            }
        }
        for (who, person) in people.iter_mut().enumerate() {
            if person.done.is_some() || person.next > now {
                continue;
            }
            let node = usize::try_from(chance.below(u64::try_from(day.nodes).unwrap())).unwrap();
            let node = &mut nodes[node];
            let wants = if person.acts.is_some() { Wants::Act } else { Wants::Look };
            let shown = person.ticket.as_deref().map(str::as_bytes);
            let chance_of_it = u32::try_from(chance.below(1_000)).unwrap();
            let source = u64::try_from(who).unwrap();
            match node.room.ask(now, shown, wants, chance_of_it, Some(source)) {
                Said::Enter(_) if wants == Wants::Act => {
                    node.queue.push_back((who, now, node.room.begins(day.site_of(who))));
                    node.waiting.lock().unwrap().change(day.site_of(who), 1);
                    person.next = Micros::MAX;
                }
                Said::Enter(ticket) => {
                    person.entered = Some(now);
                    person.ticket = ticket.or(person.ticket.take());
                    let acts = now + chance.below(day.think + 1) * BEAT;
                    (person.acts, person.next) = (Some(acts), acts);
                }
                Said::Wait(placed) => {
                    person.placed = person.placed.or(Some(now));
                    person.acts = None;
                    person.ticket = Some(placed.ticket);
                    person.next =
                        if person.leaves { Micros::MAX } else { now + u64::from(placed.again) * SECOND };
                }
            }
        }
        for (number, node) in nodes.iter().enumerate() {
            // Each says its own at another moment of the second.
            if beat % 10 != u64::try_from(number).unwrap() % 10 {
                continue;
            }
            let step = node.room.step(now, Duration::from_secs(1));
            let unused = match book.after(now, &step, bounds) {
                Some((next, unused)) => {
                    book = next;
                    unused
                }
                None => 0,
            };
            node.room.follow(now, book.clone(), unused);
        }
        if book.is_open(now) != (turns.len() % 2 == 1) {
            turns.push(now);
        }
    }
    let (opened, closed) = (!turns.is_empty(), !turns.is_empty() && turns.len() % 2 == 0);
    Seen { people, longest, last, opened, closed, turns }
}

fn stays(person: &Person) -> bool {
    !person.leaves || person.placed.is_none()
}

#[test]
fn ten_times_as_many_as_can_be_signed_in_are_all_in_in_the_computed_time() {
    let day = Day {
        nodes: 1,
        people: 6_000,
        within: 12,
        each: 50,
        think: 100,
        leave: 0,
        outage: None,
        patience: None,
        sites: None,
        watched: true,
        seed: 7,
    };
    let seen = play(&day, &RoomBounds::default(), 400);
    let out = seen.people.iter().filter(|person| person.done.is_none()).count();
    assert!(seen.opened && seen.closed && out == 0, "{out} are not in");
    // At the full pace from the first moment on it would take 120 s.
    assert!(seen.last < 210 * SECOND, "the last is in after {} s", seen.last / SECOND);
    assert!(seen.longest < 30 * SECOND, "somebody waited {} s for her hash", seen.longest / SECOND);
}

#[test]
fn after_an_outage_with_everybody_waiting_nothing_breaks_down_again() {
    let outage = Some((20, 50));
    let day = Day {
        nodes: 2,
        people: 4_000,
        within: 20,
        each: 30,
        think: 50,
        leave: 0,
        outage,
        patience: None,
        sites: None,
        watched: true,
        seed: 9,
    };
    let seen = play(&day, &RoomBounds::default(), 500);
    let out = seen.people.iter().filter(|person| person.done.is_none()).count();
    assert!(seen.opened && seen.closed && out == 0, "{out} are not in");
    // Who came before the outage waits for all of it; whoever is called after it does not wait longer than a sign-in may.
    let late = |person: &&Person| person.acts.is_some_and(|acts| acts > NOW + 52 * SECOND);
    let waited = |person: &Person| person.done.unwrap_or(Micros::MAX) - person.acts.unwrap_or(0);
    let longest = seen.people.iter().filter(late).map(waited).max().unwrap();
    assert!(longest < 30 * SECOND, "somebody waited {} s", longest / SECOND);
    // At the full pace 67 s, and 30 s of outage.
    assert!(seen.last < 180 * SECOND, "the last is in after {} s", seen.last / SECOND);
}

#[test]
fn a_few_who_wait_long_do_not_open_it() {
    let day = Day {
        nodes: 1,
        people: 5,
        within: 1,
        each: 1,
        think: 0,
        leave: 0,
        outage: None,
        patience: None,
        sites: None,
        watched: true,
        seed: 3,
    };
    assert!(!play(&day, &RoomBounds::default(), 20).opened);
    // Nor does a calm day with many.
    let day = Day {
        nodes: 1,
        people: 3_000,
        within: 100,
        each: 50,
        think: 100,
        leave: 0,
        outage: None,
        patience: None,
        sites: None,
        watched: true,
        seed: 3,
    };
    assert!(!play(&day, &RoomBounds::default(), 150).opened);
}

/// Ten times as many come as can be signed in, for a minute and a half, and whoever waits a second for her hash has left.
fn impatient(sites: Option<u64>) -> Seen {
    let (outage, patience) = (None, Some(10));
    let day = Day {
        nodes: 1,
        people: 18_000,
        within: 90,
        each: 20,
        think: 0,
        leave: 0,
        outage,
        patience,
        sites,
        watched: false,
        seed: 4,
    };
    play(&day, &RoomBounds::default(), 90)
}

#[test]
fn where_people_leave_before_they_are_answered_it_opens() {
    let seen = impatient(None);
    assert!(seen.opened);
    let in_at_the_end = |person: &&Person| person.done.is_some_and(|done| done > NOW + 60 * SECOND);
    let done = seen.people.iter().filter(in_at_the_end).count();
    assert!(done * 10 >= 30 * 20 * 7, "{done} of the last half minute, and 600 could be");
}

#[test]
fn people_of_few_sites_who_leave_open_nothing() {
    assert!(!impatient(Some(63)).opened);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn whoever_stays_gets_in_and_in_the_order_of_coming(
        nodes in 1usize..4, times in 2u64..12, within in 2u64..20, each in 5u64..40, think in 0u64..100,
        leave in 0u64..60, seed: u64,
    ) {
        let people = (times * within * each * u64::try_from(nodes).unwrap()).min(2_000);
        let day = Day { nodes, people, within, each, think, leave, outage: None, patience: None, sites: None, watched: true, seed };
        let bounds = RoomBounds::default();
        let seen = play(&day, &bounds, 600);
        let out = seen.people.iter().filter(|person| stays(person)).filter(|person| person.done.is_none()).count();
        prop_assert_eq!(out, 0, "of those who stay somebody is not in");
        prop_assert!(seen.longest < 60 * SECOND, "{} s for a hash", seen.longest / SECOND);
        // Who was placed five seconds later than somebody else is let in later, but for the time until that one asks: at most
        // the longest pause, a quarter more, and how late the nodes hear of one another.
        let stay = seen.people.iter().filter(|person| stays(person));
        let mut placed: Vec<(Micros, Micros)> =
            stay.filter_map(|person| Some((person.placed?, person.entered.unwrap_or(0)))).collect();
        placed.sort_unstable();
        let pause = Micros::try_from(bounds.asks.1.as_micros()).unwrap() * 5 / 4 + SECOND;
        let until_asked = pause + super::SETTLED + 2 * SECOND;
        let mut latest = 0;
        let mut before = VecDeque::new();
        for (since, entered) in placed {
            before.push_back((since, entered));
            while before.front().is_some_and(|(earlier, _)| earlier + 5 * SECOND <= since) {
                latest = latest.max(before.pop_front().unwrap().1);
            }
            prop_assert!(entered + until_asked >= latest, "passed by {} s", (latest - entered) / SECOND);
        }
    }
}

//! Storms on a clock that is passed in and a hasher of fixed cost: how long right sign-ins wait.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use honnin_terms::{AccountId, Id, Moment};

use super::turns::{Pushed, Share, Turns, Who};
use crate::Source;
use crate::delay::{DelayBounds, Lane, Tries, Try};

/// One hash on one core, in milliseconds (argon2id at its default cost).
const HASH: i64 = 33;

/// Somebody who sends tries one after another.
#[derive(Clone)]
struct Client {
    source: Source,
    /// `None`: another made-up name each time.
    account: Option<AccountId>,
    right: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// It sends.
    Sends(usize),
    /// Its hold is over.
    Queues(usize),
    /// The hasher is done.
    Done(usize),
}

struct World {
    clients: Vec<Client>,
    tries: Tries,
    turns: Turns<usize>,
    events: BinaryHeap<Reverse<(i64, u64, Event)>>,
    entered: HashMap<usize, (Try, i64)>,
    hasher_is_free: bool,
    number: u64,
    /// Milliseconds of each right sign-in.
    waited: Vec<i64>,
    /// Right sign-ins that were told to come back.
    refused: usize,
    guesses: u64,
}

fn at(millis: i64) -> Moment {
    Moment::from_millis(1_795_000_000_000 + millis).unwrap()
}

impl World {
    fn new() -> Self {
        Self {
            clients: Vec::new(),
            tries: Tries::new(DelayBounds::default(), None),
            turns: Turns::new(super::PoolBounds::default().queue),
            events: BinaryHeap::new(),
            entered: HashMap::new(),
            hasher_is_free: true,
            number: 0,
            waited: Vec::new(),
            refused: 0,
            guesses: 0,
        }
    }

    fn client(&mut self, first: i64, client: Client) {
        self.clients.push(client);
        self.later(first, Event::Sends(self.clients.len() - 1));
    }

    fn later(&mut self, at: i64, event: Event) {
        self.number += 1;
        self.events.push(Reverse((at, self.number, event)));
    }

    fn again(&mut self, now: i64, who: usize, after: i64) {
        if self.clients[who].right {
            self.refused += 1;
        } else {
            self.later(now + after, Event::Sends(who));
        }
    }

    fn who(&self, client: usize, entered: &Try) -> Who {
        entered.who(Share::SignIn, self.clients[client].source)
    }

    fn run(mut self, until: i64) -> Self {
        while let Some(Reverse((now, _, event))) = self.events.pop() {
            if now > until {
                break;
            }
            match event {
                Event::Sends(who) => {
                    let Client { source, account, .. } = self.clients[who].clone();
                    self.number += 1;
                    let made_up = AccountId::from_octets(u128::from(self.number).to_be_bytes());
                    let account = account.unwrap_or(made_up);
                    match self.tries.enter(account, Lane::Stranger(source), at(now)) {
                        Ok(entered) => {
                            let hold = i64::try_from(entered.hold().as_millis()).unwrap();
                            self.entered.insert(who, (entered, now));
                            self.later(now + hold, Event::Queues(who));
                        }
                        Err(_) => self.again(now, who, 500),
                    }
                }
                Event::Queues(who) => {
                    let entered = &self.entered[&who].0;
                    let pushed = self.turns.push(self.who(who, entered), who);
                    match pushed {
                        Pushed::Waits(_) => {}
                        Pushed::Instead(_, gone) | Pushed::Refused(gone) => {
                            self.entered.remove(&gone);
                            self.again(now, gone, 500);
                        }
                    }
                }
                Event::Done(who) => {
                    self.hasher_is_free = true;
                    let (entered, since) = self.entered.remove(&who).unwrap();
                    entered.hashed();
                    if self.clients[who].right {
                        self.waited.push(now - since);
                        entered.right();
                    } else {
                        self.guesses += 1;
                        drop(entered);
                        self.later(now + 20, Event::Sends(who));
                    }
                }
            }
            if self.hasher_is_free
                && let Some(who) = self.turns.pop()
            {
                self.hasher_is_free = false;
                self.later(now + HASH, Event::Done(who));
            }
        }
        self
    }

    fn within(&self, millis: i64) -> f64 {
        let all = self.waited.len() + self.refused;
        let count = |n: usize| f64::from(u32::try_from(n).unwrap());
        count(self.waited.iter().filter(|waited| **waited <= millis).count()) / count(all)
    }
}

fn source(prefix: u64, address: u64) -> Source {
    Source { site: prefix, prefix, address: prefix * 256 + address }
}

#[test]
fn a_thousand_made_up_names_from_fifty_prefixes_delay_no_right_sign_in() {
    let mut world = World::new();
    for connection in 0..1_000 {
        let source = source(connection % 50, connection / 50);
        world.client(0, Client { source, account: None, right: false });
    }
    // From the first moment on: four a second, one of ten out of a prefix of the flood.
    for number in 0..480 {
        let prefix = if number % 10 == 0 { number % 50 } else { 1_000 + number };
        let account = Some(AccountId::from_octets((u128::from(number) << 64).to_be_bytes()));
        let first = i64::try_from(number).unwrap() * 250 + 1_000;
        world.client(first, Client { source: source(prefix, 200), account, right: true });
    }
    let world = world.run(130_000);
    assert!(world.within(2_000) >= 0.99, "{:?} {}", world.waited, world.refused);
    assert_eq!(world.refused, 0);
    assert!(world.guesses > 1_000);
}

/// A storm of a thousand prefixes on her account; she comes at those moments from there, once each.
fn storm_on_one(each: u64, hers: &[(i64, Source)]) -> World {
    let her = AccountId::from_octets([0xaa; 16]);
    let mut world = World::new();
    for connection in 0..1_000 * each {
        let source = source(connection % 1_000, 0);
        world.client(0, Client { source, account: Some(her), right: false });
    }
    for (first, source) in hers {
        world.client(*first, Client { source: *source, account: Some(her), right: true });
    }
    world.run(400_000)
}

#[test]
fn a_storm_on_one_account_does_not_keep_a_new_prefix_out() {
    let hers: Vec<_> =
        (0..60).map(|n| (45_000 + 5_000 * n, source(2_000 + u64::try_from(n).unwrap(), 1))).collect();
    let world = storm_on_one(1, &hers);
    assert_eq!((world.waited.len(), world.refused), (hers.len(), 0));
    assert!(world.waited.iter().all(|waited| *waited <= 2_000), "{:?}", world.waited);
    let early = storm_on_one(1, &[(1_000, source(2_000, 1)), (15_000, source(2_001, 1))]);
    assert_eq!(early.waited.len(), 2);
    assert!(early.waited.iter().all(|waited| *waited <= 40_000), "{:?}", early.waited);
}

#[test]
fn a_storm_on_one_account_delays_its_own_prefixes_by_a_minute_at_most() {
    let hers: Vec<_> =
        (0..20).map(|n| (60_000 + 10_000 * n, source(u64::try_from(n).unwrap() * 7, 0))).collect();
    let world = storm_on_one(1, &hers);
    assert_eq!((world.waited.len(), world.refused), (hers.len(), 0));
    assert!(world.waited.iter().all(|waited| *waited <= 60_000), "{:?}", world.waited);
}

#[test]
fn one_attacker_behind_the_same_address_delays_by_half_a_minute_at_most() {
    let her = AccountId::from_octets([0xaa; 16]);
    let mut world = World::new();
    for _ in 0..51 {
        world.client(0, Client { source: source(1, 1), account: Some(her), right: false });
    }
    for number in 0..20 {
        let right = Client { source: source(1, 1), account: Some(her), right: true };
        world.client(30_000 + 10_000 * number, right);
    }
    let world = world.run(400_000);
    assert_eq!((world.waited.len(), world.refused), (20, 0));
    assert!(world.waited.iter().all(|waited| *waited <= 30_000), "{:?}", world.waited);
    let bound = u64::from(DelayBounds::default().places) * 400 / 20;
    assert!(world.guesses <= bound + 10, "{} guesses", world.guesses);
}

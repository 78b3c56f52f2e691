//! Two and three nodes on one store: who guesses at one is known to all.

use std::sync::Arc;
use std::time::Duration;

use honnin_access::{
    ControlRows as _, DelayBounds, ExpectedWork, HashPool, NewDevice, PoolBounds, SignIn, SignInError,
    SignInSettings, Source, SubscriberAuthority, UNASKED,
};
use honnin_seal::PasswordHash;
use honnin_stand::{COST, Ground, Stand, sign_in};
use honnin_store_sqlite::{Bounds, Sqlite};
use honnin_terms::{Clock as _, Id, LogId, RequestId, Stream, TenantId};
use honnin_testkit::{FixedClock, SeededEntropy};
use tokio::time::Instant;

use crate::{Guessing, Machine};

struct Town {
    stand: Stand<Sqlite>,
    bounds: DelayBounds,
}

struct Node {
    subscriber: SubscriberAuthority,
    guessing: Guessing,
}

/// A device nobody has seen, at that address.
fn stranger(address: u64) -> NewDevice {
    let source = Source { site: address >> 8, prefix: address >> 8, address };
    NewDevice { source, ..NewDevice::of_nobody("Firefox (Linux)".to_owned()) }
}

impl Town {
    fn new(bounds: DelayBounds) -> Self {
        let clock = FixedClock::at("2026-11-20T06:00:00+09:00");
        let bounds = DelayBounds { longest_seconds: 1, answer_millis: 0, ..bounds };
        Self {
            stand: Stand::on(&Ground::of(TenantId::FIRST), clock, Bounds::default(), |sqlite| sqlite),
            bounds,
        }
    }

    /// A node with lanes, hashers and a log of its own.
    fn node(&self, number: u8) -> Node {
        let pool = HashPool::start(PoolBounds { cost: COST, ..PoolBounds::default() }).unwrap();
        let settings = SignInSettings { delay_bounds: self.bounds, pool, ..sign_in() };
        let authorities = self.stand.authorities(settings);
        let key = self.stand.ground.keeper.tries_key().unwrap();
        let rows = Arc::clone(&self.stand.store);
        let subscriber = authorities.subscriber.counting(Arc::<Sqlite>::clone(&rows), key);
        let guessing = Guessing {
            tries: subscriber.shared_tries(),
            works: subscriber.shared_works(),
            rows,
            authority: Arc::new(authorities.node),
            clock: Arc::<FixedClock>::clone(&self.stand.clock),
            entropy: Arc::new(SeededEntropy::new(number.into())),
            steady: Arc::new(Machine::new()),
            log: LogId::from_octets([number; 16]),
        };
        Node { subscriber, guessing }
    }

    /// How long a wrong password of that name takes there.
    async fn wrong(&self, node: &Node, login: &str, address: u64) -> (SignInError, Duration) {
        let stream = Stream::new(RequestId::from_octets([9; 16]), Arc::new(SeededEntropy::new(address)));
        let (device, now) = (stranger(address), self.stand.clock.now());
        let request = SignIn { login, password: "not hers at all", device, now, stream: &stream };
        let came = Instant::now();
        (node.subscriber.sign_in(request).await.unwrap_err(), came.elapsed())
    }

    fn later(&self, seconds: i64) {
        self.stand.clock.move_to(self.stand.clock.now().plus_seconds(seconds));
    }

    /// What stands in the rows of guessing, and in how many.
    async fn rows(&self, node: &Node) -> Vec<Vec<u8>> {
        let permit = node.guessing.authority.keep(self.stand.clock.now(), RequestId::from_octets([3; 16]));
        let rows = self.stand.store.controls(&permit, "", None, 1_000).await.unwrap();
        rows.into_iter()
            .filter(|(name, _)| name.as_str().starts_with("tries/"))
            .map(|(_, row)| row.value)
            .collect()
    }
}

/// Whoever is held is so for a second by the clock that tests pause: how long a hash takes does not count.
const HELD: Duration = Duration::from_millis(900);

#[tokio::test(start_paused = true)]
async fn who_has_guessed_at_one_node_is_held_at_all() {
    let town = Town::new(DelayBounds::default());
    let [one, two, three] = [1, 2, 3].map(|number| town.node(number));
    // Three on each of two: more than are free, and on none of them.
    for node in [&one, &two] {
        for _ in 0..3 {
            let (error, took) = town.wrong(node, "mio1", 0x700).await;
            assert!(error == SignInError::Wrong && took < HELD, "{error} {took:?}");
        }
    }
    for node in [&one, &two, &three] {
        node.guessing.look().await.unwrap();
    }
    one.guessing.look().await.unwrap();
    for node in [&one, &three] {
        assert!(town.wrong(node, "mio1", 0x700).await.1 >= HELD, "six were wrong there, on two nodes");
        // Nobody else is held for it.
        assert!(town.wrong(node, "mio1", 0x800).await.1 < HELD);
        assert!(town.wrong(node, "mio2", 0x700).await.1 < HELD);
    }
    // It is forgotten there too.
    town.later(town.bounds.forget_seconds + 5);
    three.guessing.look().await.unwrap();
    assert!(town.wrong(&three, "mio1", 0x700).await.1 < HELD);
}

#[tokio::test]
async fn what_a_site_has_had_of_a_day_it_has_had_on_all_nodes() {
    // One is the first of its site; others there are none of.
    let bounds = DelayBounds { free: 4, first_a_day: 1_000, at_once: 0, a_day: 0, ..DelayBounds::default() };
    let town = Town::new(bounds);
    let [one, two] = [1, 2].map(|number| town.node(number));
    for address in 0x700..0x704 {
        assert_eq!(town.wrong(&one, "mio1", address).await.0, SignInError::Wrong);
    }
    for node in [&one, &two] {
        node.guessing.look().await.unwrap();
    }
    // Beyond its first it has those that a node takes unasked.
    let mut hashed = 0;
    while town.wrong(&two, "mio1", 0x710 + u64::from(hashed)).await.0 == SignInError::Wrong {
        hashed += 1;
        assert!(hashed < 100);
    }
    assert_eq!(hashed, UNASKED, "none was taken for one of the first of its site");
}

#[tokio::test]
async fn no_stranger_makes_rows_and_no_row_names_anybody() {
    let town = Town::new(DelayBounds::default());
    let [one, two] = [1, 2].map(|number| town.node(number));
    for name in 0..40 {
        for _ in 0..3 {
            town.wrong(&one, &format!("mio-{name}"), 0x7f00_0000_0000 + name).await;
        }
    }
    for node in [&one, &two] {
        node.guessing.look().await.unwrap();
    }
    let rows = town.rows(&one).await;
    assert_eq!(rows.len(), 1, "two has nothing to tell");
    for name in 0..40_u64 {
        let account = town.stand.ground.keeper.account_id(&format!("mio-{name}"));
        let address = (0x7f00_0000_0000 + name).to_be_bytes();
        for personal in [account.octets().as_slice(), &address] {
            assert!(!rows[0].windows(personal.len()).any(|octets| octets == personal));
        }
    }
    // More lanes than a row has room for.
    let long = rows[0].len();
    for name in 0..1_200 {
        for _ in 0..3 {
            town.wrong(&one, &format!("mio-{name}"), name).await;
        }
    }
    one.guessing.look().await.unwrap();
    let rows = town.rows(&one).await;
    assert!(rows.len() == 1 && rows[0].len() > long && rows[0].len() < 42_000, "{}", rows[0].len());
    // What is over is taken away.
    town.later(90_000);
    one.guessing.look().await.unwrap();
    assert_eq!(town.rows(&one).await, Vec::<Vec<u8>>::new());
}

#[tokio::test]
async fn what_hashes_cost_all_nodes_know_before_there_is_one() {
    let town = Town::new(DelayBounds::default());
    let [one, two] = [1, 2].map(|number| town.node(number));
    let spent = async |node: &Node, address: u64| {
        let before = node.subscriber.spent().sha256;
        assert_eq!(town.wrong(node, "mio1", address).await.0, SignInError::Wrong);
        node.subscriber.spent().sha256 - before
    };
    let of = |rounds: u32| {
        let text = format!(
            "$pbkdf2-sha256$i={rounds}$c2FsdHNhbHRzYWx0c2FsdA$8nX7hwFEzIB8aPajJTYK8weHQc5Ngz0pFVAKvSu4jQA"
        );
        PasswordHash::parse(&text).unwrap()
    };
    let operator = town.stand.authorities(sign_in()).operator;
    let expect = async |node: &Node, hash| {
        let permit = operator.operate(town.stand.clock.now(), RequestId::from_octets([4; 16]));
        node.subscriber.expect_hash(&permit, &hash).await.unwrap()
    };
    two.guessing.look().await.unwrap();
    assert_eq!(spent(&two, 0x100).await, 0);
    assert_eq!(expect(&one, of(2_000)).await, ExpectedWork::First);
    assert_eq!(spent(&two, 0x200).await, 0, "it looks once a second");
    two.guessing.look().await.unwrap();
    assert_eq!(spent(&two, 0x300).await, 2_000);
    // Less is there already, more is not; what one node said another need not say again.
    assert_eq!(expect(&one, of(700)).await, ExpectedWork::Known);
    assert_eq!(expect(&two, of(2_000)).await, ExpectedWork::Known);
    assert_eq!(expect(&two, of(3_000)).await, ExpectedWork::First);
    assert_eq!(spent(&two, 0x400).await, 3_000);
    // Nobody's hash was of that kind for more than a year.
    town.later(401 * 86_400);
    let three = town.node(3);
    three.guessing.look().await.unwrap();
    assert_eq!(spent(&three, 0x500).await, 0);
}

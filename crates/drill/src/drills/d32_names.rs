//! D32: names that nobody has, from many addresses at once, so that every password hasher works for nobody. Whoever signs
//! in beside them has to get in.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::client::{Connection, Limits, Target};
use crate::harness::{Failure, House, SignedIn, Verdict};
use crate::kit::exports::{Export, begin};
use crate::kit::guesses::hashes::cheapen;
use crate::kit::guesses::owner::{Owner, asked};
use crate::kit::guesses::storm::{Counts, Storm, Stranger, Tries};
use crate::kit::guesses::{Owners, SOON, Shape, address, times};
use crate::kit::stage::{PASSWORD, Stage, ask};
use crate::ledger::Watermarks;
use crate::seed::Draw;

/// Owners; none of them signs in so often that a session of hers ends.
const SUBJECTS: u64 = 60;
/// Connections of the storm, and the prefixes they come from.
const CONNECTIONS: u16 = 1_000;
const PREFIXES: u16 = 50;
/// Connections from one address, and owners who sign in meanwhile.
const FROM_ONE: u16 = 80;
const BESIDE_ONE: u16 = 15;
/// One owner after the other.
const EVERY: Duration = Duration::from_millis(250);
/// One owner in so many comes from a prefix of the storm, at an address of her own.
const AMONG_THEM: u16 = 10;
/// Connections that say next to nothing, of few addresses: with the storm more than there is room for.
const HELD: u16 = 700;
const HOLDERS: u16 = 14;
const ROOM: &str = "[server]\nconnections = 1_500\n";
/// They send an octet so often.
const OCTET: Duration = Duration::from_secs(4);
/// How long an owner behind the very address of a storm may wait.
const AT_THE_SAME: Duration = Duration::from_mins(1);
/// How long the first round of a storm may take.
const PATIENCE: Duration = Duration::from_secs(90);
/// Exports that one account asks for: as many as once filled the shelf for everybody.
const EXPORTS: u64 = 24;
const OF_ONE: &str = "one account's exports leave room for another's";
const OF_A_SOURCE: &str = "the exports of a source's accounts leave room for those of another";
/// Accounts that ask from one source, as many as exports once filled the shelf; and others, who ask elsewhere.
const ACCOUNTS: usize = 24;
const BESIDE: usize = 6;
const SOURCE: u16 = 901;
/// Where owners' prefixes begin: beside those of any storm.
const OWNERS: u16 = 20_000;

/// Plays D32.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let shape = Shape::of(stage.options.seconds);
    let suspended = times::SUSPENDED;
    let world = stage.world_with(SUBJECTS, |asked| Watermarks { suspended, ..asked })?;
    let mut house = stage.serving(&world, &format!("{ROOM}{}", shape.settings())).await?;
    let target = house.target();
    // Who is signed in asks for exports, and the others sign in.
    let (signed_in, come) = world.accounts.split_at(world.accounts.len() / 2);
    cheapen(&house, &world, shape, come)?;
    stage.say(&format!("  {CONNECTIONS} connections with made-up names from {PREFIXES} prefixes"));
    let strangers = (0..CONNECTIONS).map(|number| {
        let host = u8::try_from(number / PREFIXES).unwrap_or(0).saturating_add(1);
        Stranger { from: address(number % PREFIXES, host), tries: Tries::MadeUp }
    });
    let storm = Storm::begin(target, strangers.collect(), &stage.draw);
    let (holders, held) = hold(target);
    let stood = storm.stands(PATIENCE).await;
    let seconds = stage.options.seconds.clamp(4, 120);
    let owners = u16::try_from(seconds.saturating_mul(1_000) / 250).unwrap_or(16);
    let beside = beside(target, come, owners, &stage.draw).await?;
    // Some are taken back all the time: that is what the product is to do.
    let held = held.load(Ordering::Relaxed);
    drop(holders);
    let counts = storm.end().await;
    let tried = format!(
        "{CONNECTIONS} connections with made-up names from {PREFIXES} prefixes, one try in ten left before its answer, \
         {HELD} further connections of {HOLDERS} addresses that say an octet every {} s ({held} of them open at the end), room for 1,500; {}",
        OCTET.as_secs(),
        shape.words()
    );
    let check = "99 of 100 right sign-ins are in within 2 s while made-up names are tried";
    let mut verdicts = vec![beside.within(check, &tried, SOON).noting(counts.told())];
    if stage.has_enough(&verdicts) {
        house.end().await?;
        return Ok(verdicts);
    }
    let mut found = Vec::new();
    if !stood || held == 0 {
        found.push(format!("the storm did not stand: {}", counts.told()));
    }
    verdicts.push(Verdict::of("the storm is one", &tried, Counts::of(&counts.wrong), found));

    stage.say(&format!("  {FROM_ONE} connections with made-up names from one address"));
    let strangers = (0..FROM_ONE).map(|_| Stranger { from: address(900, 9), tries: Tries::MadeUp });
    let storm = Storm::begin(target, strangers.collect(), &stage.draw.of_part(1));
    storm.stands(PATIENCE).await;
    let elsewhere = self::beside(target, come, BESIDE_ONE, &stage.draw.of_part(2)).await?;
    let mut same = Owners::default();
    for login in come.iter().take(3) {
        same.add(&Owner::new(login, PASSWORD, address(900, 9), AT_THE_SAME).sign_in(target).await);
    }
    let one = storm.end().await;
    let tried = format!("{FROM_ONE} connections with made-up names from one address; {}", shape.words());
    let check = "whoever signs in elsewhere is in within 2 s";
    verdicts.push(elsewhere.within(check, &tried, SOON).noting(one.told()));
    let check = "whoever signs in at that very address is in within a minute";
    verdicts.push(same.within(check, &tried, AT_THE_SAME));
    let let_in = Counts::of(&counts.let_in) + Counts::of(&one.let_in);
    let found = (let_in > 0).then(|| format!("{let_in} were let in"));
    let guesses = Counts::of(&counts.wrong) + Counts::of(&one.wrong);
    let check = "nobody whose name is made up is let in";
    verdicts.push(Verdict::of(check, "every answer to a made-up name", guesses, found.into_iter().collect()));
    // Before passwords are imported, which ends sessions. What was found so far is told, whatever becomes of the rest.
    let failed = |check: &str, failure: Failure| Verdict::of(check, "exports", 1, vec![failure.to_string()]);
    let of_one = exports(stage, &house, signed_in).await;
    verdicts.push(of_one.unwrap_or_else(|failure| failed(OF_ONE, failure)));
    let of_many = exports_of_a_source(stage, &house, signed_in).await;
    verdicts.push(of_many.unwrap_or_else(|failure| failed(OF_A_SOURCE, failure)));
    let each = usize::try_from(stage.options.seconds.saturating_mul(5)).unwrap_or(40).clamp(40, 2_000);
    let failed = |failure: Failure| Verdict::of(times::CHECK, "guesses", 1, vec![failure.to_string()]);
    verdicts.push(times::tell_nothing(stage, &house, &world, each).await.unwrap_or_else(failed));
    house.end().await?;
    Ok(verdicts)
}

/// Owners who come one after the other, whatever those before them wait for.
async fn beside(target: Target, logins: &[String], owners: u16, draw: &Draw) -> Result<Owners, Failure> {
    let mut came = JoinSet::new();
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut draw = draw.of_part(7);
    let first = draw.below(20_000);
    for (number, login) in (0..owners).zip(logins.iter().cycle()) {
        ticks.tick().await;
        let among_them = number % AMONG_THEM == AMONG_THEM - 1;
        let place = OWNERS.saturating_add(u16::try_from(first).unwrap_or(0)).saturating_add(number);
        let from = if among_them { address(number % PREFIXES, 200) } else { address(place, 1) };
        let owner = Owner::new(login, PASSWORD, from, SOON);
        came.spawn(async move { owner.sign_in(target).await });
    }
    let mut all = Owners::default();
    while let Some(entered) = came.join_next().await {
        all.add(&entered.map_err(|error| Failure::Product(error.to_string()))?);
    }
    Ok(all)
}

/// The sessions of these accounts.
fn sessions<'a>(house: &'a House, of: &[String]) -> Vec<&'a SignedIn> {
    house.sessions().iter().filter(|session| of.contains(&session.account)).collect()
}

/// Somebody asks for export after export; another's is made all the same.
async fn exports(stage: &Stage, house: &House, of: &[String]) -> Result<Verdict, Failure> {
    let sessions = sessions(house, of);
    let [one, other, ..] = *sessions else {
        return Err(Failure::Product("too few are signed in".to_owned()));
    };
    stage.say(&format!("  {EXPORTS} exports of one account"));
    let (mut taken, mut refused) = (0_u64, 0_u64);
    for _ in 0..EXPORTS {
        match ask(house.target(), &begin(one)).await?.status {
            202 => taken += 1,
            _ => refused += 1,
        }
    }
    let hers = Export::begin(house.target(), other).await?.made(house.target(), other).await?;
    let found = (hers.state != "ready").then(|| format!("another's export is {}", hers.state));
    let tried = format!("{EXPORTS} exports of one account, one after the other");
    let verdict = Verdict::of(OF_ONE, &tried, taken + refused, found.into_iter().collect());
    Ok(verdict.noting(format!("{taken} were taken, {refused} refused")))
}

/// As many accounts of one source ask for exports again and again; whoever asks elsewhere is taken at her first asking.
async fn exports_of_a_source(stage: &Stage, house: &House, of: &[String]) -> Result<Verdict, Failure> {
    let sessions = sessions(house, of);
    let (many, others) = sessions.split_at_checked(ACCOUNTS).unwrap_or_default();
    let others: Vec<&SignedIn> = others.iter().copied().take(BESIDE).collect();
    if others.len() < BESIDE {
        return Err(Failure::Product("too few are signed in".to_owned()));
    }
    stage.say(&format!("  exports of {ACCOUNTS} accounts of one source, over and over"));
    let (target, counts) = (house.target(), Arc::new([const { AtomicU64::new(0) }; 3]));
    let mut asking = JoinSet::new();
    for session in many {
        let (request, counts) = (begin(session), Arc::clone(&counts));
        asking.spawn(async move {
            loop {
                let exchange = asked(address(SOURCE, 1), target, &request).await;
                let [taken, refused, others] = &*counts;
                let count = match exchange.map(|exchange| exchange.answer.status) {
                    Some(202) => taken,
                    Some(429 | 503) => refused,
                    _ => others,
                };
                count.fetch_add(1, Ordering::Relaxed);
                sleep(Duration::from_millis(5)).await;
            }
        });
    }
    let [_, refused, _] = &*counts;
    let begun = Instant::now();
    while refused.load(Ordering::Relaxed) == 0 && begun.elapsed() < PATIENCE {
        sleep(Duration::from_millis(10)).await;
    }
    let (mut found, mut places) = (Vec::new(), 0_u16..);
    for session in others {
        let from = address(OWNERS + 600 + places.next().unwrap_or(0), 1);
        let answer = asked(from, target, &begin(session)).await.map(|exchange| exchange.answer);
        match answer.map(|answer| (answer.status, Export::of(&answer))) {
            Some((202, Ok(export))) => {
                let export = export.made(target, session).await?;
                if export.state != "ready" {
                    found.push(format!("an export of another source is {}", export.state));
                }
            }
            Some((status, _)) => found.push(format!("an export of another source was answered {status}")),
            None => found.push("an export of another source was not answered".to_owned()),
        }
    }
    asking.shutdown().await;
    let [taken, refused, otherwise] = [0, 1, 2].map(|at: usize| counts.get(at).map_or(0, Counts::of));
    if otherwise > 0 {
        found.push(format!("{otherwise} were answered otherwise than taken or told to come back"));
    }
    if refused == 0 {
        found.push("none of that source was refused: its places were not used up".to_owned());
    }
    let tried = format!("{ACCOUNTS} accounts of one source, each over and over; {BESIDE} others beside them");
    let verdict = Verdict::of(OF_A_SOURCE, &tried, taken + refused, found);
    Ok(verdict.noting(format!("{taken} were taken, {refused} refused")))
}

/// Connections that begin a request and never end it, an octet at a time; and how many of them are open.
fn hold(target: Target) -> (JoinSet<()>, Arc<AtomicU64>) {
    let (mut holding, open_now) = (JoinSet::new(), Arc::<AtomicU64>::default());
    for number in 0..HELD {
        let (from, open_now) = (address(800 + number % HOLDERS, 1), Arc::clone(&open_now));
        holding.spawn(async move {
            loop {
                if let Ok(mut open) = Connection::open_from(from, target, Limits::default()).await {
                    let mut begin = open.send(b"GET / HTTP/1.1\r\nhost: localhost\r\nx-a: ").await;
                    let counts = u64::from(begin.is_ok());
                    open_now.fetch_add(counts, Ordering::Relaxed);
                    while begin.is_ok() {
                        sleep(OCTET).await;
                        begin = open.send(b"a").await;
                    }
                    open_now.fetch_sub(counts, Ordering::Relaxed);
                }
                sleep(Duration::from_millis(500)).await;
            }
        });
    }
    (holding, open_now)
}

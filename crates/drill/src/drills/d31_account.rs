//! D31: strangers guess at one account, from a thousand prefixes, from her own, and with a device that was once hers.
//! Whoever knows the password has to get in; and how much they can guess in a day has a bound that is printed.

use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::client::Target;
use crate::harness::{Failure, House, Verdict};
use crate::kit::guesses::hashes::cheapen;
use crate::kit::guesses::owner::{Entered, Owner, activation, asked};
use crate::kit::guesses::storm::{Counts, Storm, Stranger, Tries};
use crate::kit::guesses::{Owners, SOON, Shape, address};
use crate::kit::stage::{PASSWORD, Stage, invite};

/// Hers, and one whose guesses are used up.
const SUBJECTS: u64 = 4;
/// A password she sets anew: what was known before ends with it.
const NEW: &str = "kaze-no-tooru-michi-wo-aruku";
const NEWER: &str = "umi-no-mieru-oka-de-matsu-neko";
/// One stranger in so many has a device that was once hers.
const LOST: u16 = 10;
/// A guesser behind the same translation as she, with so many connections.
const NEIGHBOUR: u16 = 1_100;
const AT_HERS: u16 = 51;
/// Wrong one-time codes, each from a prefix of its own.
const CODES: u16 = 40;
/// How long the first round of a storm may take.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long a new prefix may wait in the first half minute of a storm.
const EARLY: Duration = Duration::from_secs(40);
/// Where owners' prefixes begin.
const OWNERS: u16 = 20_000;
/// Bounds that are soon used up.
const FEW: &str = "[sign_in]\nguesses_first = 100\nguesses_at_once = 100\nguesses_a_day = 100\n\
                   delay_longest = \"1 s\"\nhash_memory = \"8 MiB\"\nhash_passes = 1\n";
/// The same, but of the first guesses of a prefix there are five times as many as those strangers have, as there are by
/// default for a thousand prefixes.
const FEW_MORE: &str = "[sign_in]\nguesses_first = 8_000\nguesses_at_once = 100\nguesses_a_day = 100\n\
                        delay_longest = \"1 s\"\nhash_memory = \"8 MiB\"\nhash_passes = 1\n";
const UNUSED: &str = "from a prefix not yet used the right password is in within 2 s";
const LEFT: &str =
    "from a prefix not yet used she is in within 2 s when they have used up all there is for them";
const BOUNDED: &str = "guesses at one account stay under the bound that doctor prints";
/// Strangers that use them up, all at once.
const AT_ONCE: u16 = 400;

/// Plays D31.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let shape = Shape::of(stage.options.seconds);
    let world = stage.world(SUBJECTS)?;
    let [her, other] = [0, 1].map(|place| world.accounts.get(place).cloned().unwrap_or_default());
    let mut house = stage.serving(&world, shape.settings()).await?;
    cheapen(&house, &world, shape, &world.accounts)?;
    let mut verdicts = storm(stage, shape, &house, &her).await?;
    if stage.has_enough(&verdicts) {
        house.end().await?;
        return Ok(verdicts);
    }
    // What was found so far is told, whatever becomes of the rest.
    match house.serving(FEW).await {
        Ok(mut house) => {
            verdicts.extend(used_up(stage, &house, &other).await?);
            house.end().await?;
            let mut house = house.serving(FEW_MORE).await?;
            verdicts.push(left_over(stage, &house, &other).await?);
            house.end().await?;
        }
        Err(failure) => verdicts.push(Verdict::of(BOUNDED, "bounds set low", 1, vec![failure.to_string()])),
    }
    Ok(verdicts)
}

/// The storm on her account, and everybody who signs in beside it.
async fn storm(stage: &Stage, shape: Shape, house: &House, her: &str) -> Result<Vec<Verdict>, Failure> {
    let target = house.target();
    let (prefixes, later, own): (u16, u16, u16) = if shape.is_long { (1_000, 20, 6) } else { (240, 8, 2) };
    let lost = Owner::new(her, PASSWORD, address(OWNERS, 1), SOON).sign_in(target).await.device;
    let mut codes = Owners::default();
    let code = invite(house, her)?;
    codes.add(&Owner::new(her, NEW, address(OWNERS + 1, 1), SOON).activate(target, &code).await);
    let mut known = Owner::new(her, NEW, address(OWNERS + 2, 1), SOON).sign_in(target).await.device;
    if known.is_none() || lost.is_none() {
        return Err(Failure::Product("no device is known after a sign-in".to_owned()));
    }
    stage.say(&format!("  a storm of {prefixes} prefixes on one account"));
    let strangers = (0..prefixes).map(|prefix| Stranger {
        from: address(prefix, 1),
        tries: Tries::Account(her.to_owned(), lost.clone().filter(|_| prefix % LOST == 0)),
    });
    let neighbour = Stranger { from: address(NEIGHBOUR, 1), tries: Tries::Account(her.to_owned(), None) };
    let strangers = strangers.chain((0..AT_HERS).map(|_| neighbour.clone()));
    let storm = Storm::begin(target, strangers.collect(), &stage.draw);
    let hold = shape.hold().saturating_mul(3);
    let sign_in = |from: IpAddr, device: Option<String>, promised: Duration| {
        let owner = Owner::new(her, NEW, from, promised).on(device);
        async move { owner.sign_in(target).await }
    };
    let mut early = JoinSet::new();
    sleep(Duration::from_secs(1)).await;
    early.spawn(sign_in(address(OWNERS + 3, 1), None, EARLY));
    let stood = storm.stands(PATIENCE).await;
    // From where they guess; the first of these has a device that was once hers, and so has the stranger there.
    let mut same = JoinSet::new();
    same.spawn(sign_in(address(NEIGHBOUR, 1), None, hold));
    for number in 0..own {
        let prefix = number.saturating_mul(LOST * 3);
        same.spawn(sign_in(address(prefix, 1), lost.clone().filter(|_| number == 0), hold));
    }
    let (mut unused, mut at_known, mut at_lost) = (Owners::default(), Owners::default(), Owners::default());
    for number in 0..later {
        let entered = sign_in(address(OWNERS + 10 + number, 1), None, SOON).await;
        unused.add(&entered);
        // Each device that signs in takes the place of the oldest: the one that is known is the last.
        known = entered.device.or(known);
        at_known.add(&sign_in(address(number, 1), known.clone(), SOON).await);
        at_lost.add(&sign_in(address(OWNERS + 200 + number, 1), lost.clone(), SOON).await);
        if stage.is_enough(UNUSED) && unused.out.count() > 0 {
            let tried = format!("a storm of {prefixes} prefixes on one account");
            return Ok(vec![unused.within(UNUSED, &tried, SOON).noting(storm.end().await.told())]);
        }
        sleep(Duration::from_millis(if shape.is_long { 2_000 } else { 100 })).await;
    }
    let (early, same) = (all_of(early).await?, all_of(same).await?);
    let counts = storm.counts.told();
    let code = invite(house, her)?;
    let wrong = wrong_codes(target, her).await;
    codes.add(&Owner::new(her, NEWER, address(OWNERS + 4, 1), SOON).activate(target, &code).await);
    let ended = storm.end().await;
    let tried = format!(
        "a storm of {prefixes} prefixes on one account, one of them with {AT_HERS} connections, some with a device that \
         was once hers; {}",
        shape.words()
    );
    let mut verdicts = vec![
        unused.within(UNUSED, &tried, SOON).noting(counts),
        early.within("in the first half minute of the storm within 40 s", &tried, EARLY),
        same.within("at a guesser's own address within three of the longest holds", &tried, hold),
        at_known.within("on a known device within 2 s, at a guesser's own address too", &tried, SOON),
        at_lost.within("a device that was once hers keeps nobody out", &tried, SOON),
        codes.within(
            "the right one-time code sets a new password within 2 s, whatever wrong ones were tried",
            &format!("{wrong} wrong codes of {CODES} prefixes, in the storm"),
            SOON,
        ),
    ];
    let mut found = Vec::new();
    if !stood {
        found.push(format!("the storm did not stand: {}", ended.told()));
    }
    let let_in = Counts::of(&ended.let_in);
    if let_in > 0 {
        found.push(format!("{let_in} guesses were let in"));
    }
    verdicts.push(Verdict::of("no guess is let in", &tried, Counts::of(&ended.wrong), found));
    Ok(verdicts)
}

/// Strangers use up what there is for a day, all at once; a device that is known still gets in, and so does a code.
async fn used_up(stage: &Stage, house: &House, login: &str) -> Result<Vec<Verdict>, Failure> {
    let target = house.target();
    let known = Owner::new(login, PASSWORD, address(OWNERS, 1), SOON).sign_in(target).await.device;
    let bound = printed_bound(house)?;
    stage.say(&format!(
        "  {AT_ONCE} strangers at once on one account, which {bound} guesses may reach in a day"
    ));
    let storm = exhausting(stage, target, login).await;
    let mut owners = Owners::default();
    for number in 0..3 {
        let owner = Owner::new(login, PASSWORD, address(OWNERS + 400 + number, 1), SOON).on(known.clone());
        owners.add(&owner.sign_in(target).await);
    }
    let (mut codes, code) = (Owners::default(), invite(house, login)?);
    codes.add(&Owner::new(login, NEWER, address(OWNERS + 410, 1), SOON).activate(target, &code).await);
    let counts = storm.end().await;
    let (wrong, turned_away) = (Counts::of(&counts.wrong), Counts::of(&counts.turned_away));
    let tried = format!("{AT_ONCE} strangers at once, each its own prefix, bounds set low");
    let mut found = Vec::new();
    if wrong > bound {
        found.push(format!("{wrong} guesses were compared, and doctor prints {bound}"));
    }
    if turned_away == 0 {
        found.push("nobody was turned away: the bound was not reached".to_owned());
    }
    Ok(vec![
        Verdict::of(BOUNDED, &tried, wrong, found).noting(format!("{wrong} of {bound}; {}", counts.told())),
        owners.within("a known device is in within 2 s when the bound is used up", &tried, SOON),
        codes.within("a one-time code sets a new password then, within 2 s", &tried, SOON),
    ])
}

/// Strangers who guess at one account until none of them gets any further, and go on.
async fn exhausting(stage: &Stage, target: Target, login: &str) -> Storm {
    let strangers = (0..AT_ONCE)
        .map(|prefix| Stranger { from: address(prefix, 1), tries: Tries::Account(login.to_owned(), None) });
    let storm = Storm::begin(target, strangers.collect(), &stage.draw.of_part(1));
    storm.stands(PATIENCE).await;
    let (mut before, mut still) = (0, 0);
    while still < 4 {
        sleep(Duration::from_millis(500)).await;
        let now = storm.counts.wrong.load(Ordering::Relaxed);
        still = if now == before { still + 1 } else { 0 };
        before = now;
    }
    storm
}

/// Strangers use up what there is for their prefixes; the password is known from others, which nobody has used.
async fn left_over(stage: &Stage, house: &House, login: &str) -> Result<Verdict, Failure> {
    let bound = printed_bound(house)?;
    stage.say(&format!("  {AT_ONCE} strangers until each has used up what its prefix has"));
    let storm = exhausting(stage, house.target(), login).await;
    let mut unused = Owners::default();
    for number in 0..5 {
        let owner = Owner::new(login, NEWER, address(OWNERS + 420 + number, 1), SOON);
        unused.add(&owner.sign_in(house.target()).await);
    }
    let counts = storm.end().await;
    let tried =
        format!("{AT_ONCE} strangers, each its own prefix, {bound} guesses a day by what doctor prints");
    Ok(unused.within(LEFT, &tried, SOON).noting(counts.told()))
}

/// The bound of guesses for an account and day, as doctor prints it.
fn printed_bound(house: &House) -> Result<u64, Failure> {
    let ran = house.command(["doctor"])?;
    let line = ran.out.lines().find_map(|line| line.strip_prefix("guesses"));
    let number =
        line.and_then(|line| line.split_whitespace().find_map(|word| word.replace(',', "").parse().ok()));
    number
        .ok_or_else(|| Failure::Product(format!("doctor prints no bound of guesses: {}{}", ran.out, ran.err)))
}

/// Wrong codes from many prefixes; how many were answered as such.
async fn wrong_codes(target: Target, login: &str) -> u64 {
    let mut trying = JoinSet::new();
    for prefix in 0..CODES {
        let request = activation(login, "AAAA-AAAA-AAAA-AAAA-AAAA", NEWER);
        trying.spawn(async move {
            let mut wrong = 0;
            for _ in 0..3 {
                let exchange = asked(address(prefix, 1), target, &request).await;
                wrong += u64::from(exchange.is_some_and(|exchange| exchange.answer.status == 401));
            }
            wrong
        });
    }
    trying.join_all().await.into_iter().sum()
}

async fn all_of(mut came: JoinSet<Entered>) -> Result<Owners, Failure> {
    let mut all = Owners::default();
    while let Some(entered) = came.join_next().await {
        all.add(&entered.map_err(|error| Failure::Product(error.to_string()))?);
    }
    Ok(all)
}

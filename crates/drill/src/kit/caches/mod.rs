//! D10 and D11: a cache between the product and its subscribers is set wrongly, from its start or while it runs.
//!
//! What a cache is told may be kept is kept to people apart by what the product says. A cache that was told to listen
//! to nothing cannot be stopped by anything in an answer: the canaries find it, and what leaks until then is counted.

mod audience;
mod front;

use std::time::Duration;

use tokio::time::{Instant, sleep};

use self::audience::{Audience, Heard};
pub(crate) use self::front::Change;
use self::front::{Brand, Front};
use super::stage::{PATIENCE, Stage, World, ask, behind_proxies, get_as, journal_verifies, personal_pages};
use super::tally::Findings;
use crate::harness::{Failure, House, KEPT_SECONDS, Keeping, NginxPlan, Verdict};

/// Subjects who ask all the time.
const SUBJECTS: u64 = 12;
/// How often the canaries look by default; what a long run is made with.
const BY_DEFAULT: Duration = Duration::from_secs(10);
/// How often they look in a short run.
const IN_SHORT: Duration = Duration::from_secs(2);
/// How much longer than until their next look they may take to find something.
const LATE: Duration = Duration::from_secs(15);
/// A run from so many seconds on is a long one.
const LONG: u64 = 40;
/// What a cache took it may give away for so long, and a little more: it counts in whole seconds.
const FORGETS: Duration = Duration::from_millis(KEPT_SECONDS * 1000 + 2500);

/// Plays D10, or D11 where the change comes while the cache runs.
pub(crate) async fn play(stage: &Stage, change: Change) -> Result<Vec<Verdict>, Failure> {
    Brand::all_there()?;
    let world = stage.world(SUBJECTS)?;
    let plan = NginxPlan::before(([127, 0, 0, 1], 0).into())?;
    let mut house = stage.installation(&world, &settings(&plan, every(stage))).await?;
    let plan = NginxPlan { upstream: house.target().address(), ..plan };
    let mut verdicts = vec![before_the_first_look(&house, &world).await?];
    let world = std::sync::Arc::new(world);
    for brand in Brand::ALL {
        let front = Front::start(brand, &plan).await?;
        let trial = Trial { stage, house: &house, world: &world, change };
        verdicts.extend(trial.run(front).await?);
        // What failed behind one brand fails behind the other, or never comes to be tried.
        if verdicts.iter().any(|verdict| !verdict.pass) {
            break;
        }
    }
    house.end().await?;
    verdicts.push(journal_verifies(&house, 1)?);
    Ok(verdicts)
}

fn every(stage: &Stage) -> Duration {
    if stage.options.seconds < LONG { IN_SHORT } else { BY_DEFAULT }
}

/// An installation behind proxies on this machine.
fn settings(plan: &NginxPlan, every: Duration) -> String {
    let behind = behind_proxies(&plan.url(), "127.0.0.1/32", "forwarded");
    let every = every.as_secs();
    format!(
        "{behind}[canary]\nevery = \"{every} s\"\nagain = \"200 ms\"\nauthorities = \"../certificate.pem\"\n"
    )
}

/// Nobody has looked yet: there is no proxy. Straight at the product nobody is shown anything.
async fn before_the_first_look(house: &House, world: &World) -> Result<Verdict, Failure> {
    let (times, found) = straight(house, world).await?;
    let check = "before the canaries were given their own nobody is shown anything";
    Ok(Verdict::of(check, "every subject, straight at the product", times, found.told()))
}

/// Every subject asks the product itself: nothing personal may be in any answer.
async fn straight(house: &House, world: &World) -> Result<(u64, Findings), Failure> {
    let (mut times, mut found) = (0, Findings::default());
    for session in house.sessions() {
        for page in audience::PAGES {
            // As the listed proxy does: without it nobody would be anybody.
            let request = get_as(session, page).header("forwarded", "for=192.0.2.1");
            let answer = ask(house.target(), &request).await?;
            let scan = world.scan(Some(session), &answer);
            times += 1;
            if answer.status != 503 || !scan.own.is_empty() || !scan.foreign.is_empty() {
                found.add(format!("{page} answered {} with {} marks", answer.status, scan.own.len()));
            }
        }
    }
    Ok((times, found))
}

/// One brand of proxy, set in one way after the other.
struct Trial<'a> {
    stage: &'a Stage,
    house: &'a House,
    world: &'a std::sync::Arc<World>,
    change: Change,
}

impl Trial<'_> {
    async fn run(&self, mut front: Front) -> Result<Vec<Verdict>, Failure> {
        let (brand, change) = (front.brand().word(), self.change);
        let how = change.word();
        let length = Duration::from_secs(self.stage.options.seconds.max(4)) / 4;
        self.stage.say(&format!("  {brand} that keeps what it may"));
        if let Err(Failure::Product(why)) = personal_pages(self.house, true, PATIENCE).await {
            let check = format!("behind {brand} personal pages are shown");
            return Ok(vec![Verdict::of(&check, "it keeps what it may", 1, vec![why])]);
        }
        let audience = Audience::gather(self.world, self.house.sessions(), front.target()?);
        audience.is_shown(PATIENCE).await;
        sleep(length).await;
        let check = format!("behind {brand} nobody is shown another");
        let tried = "it keeps what it may and collapses requests";
        let mut verdicts = vec![audience.heard().shown_verdict(&check, tried)];

        self.stage.say(&format!("  {brand} that keeps everything for everybody, {how}"));
        let before = audience.heard();
        let begun = Instant::now();
        front.set(Keeping::Everything, change).await?;
        let found = match personal_pages(self.house, false, every(self.stage) + LATE).await {
            // Nobody finds it, so nothing that follows can be tried.
            Err(Failure::Product(why)) => {
                let window = audience.heard().since(&before);
                audience.dismiss().await?;
                let (leaks, _) = window.leaked_around(Instant::now());
                let (check, tried) = finding(brand, how);
                let found = format!("{leaks} answers showed somebody else: {why}");
                verdicts.push(Verdict::of(&check, &tried, 1, vec![found]));
                return Ok(verdicts);
            }
            found => found?,
        };
        sleep(FORGETS).await;
        let (times, straight) = straight(self.house, self.world).await?;
        let forgotten = Instant::now();
        sleep(length).await;
        let window = audience.heard().since(&before);
        verdicts.push(leaked(brand, how, every(self.stage), (begun, found), &window));
        let withheld = format!("once they have, nothing personal leaves the product for {brand}");
        verdicts.push(Verdict::of(
            &withheld,
            "every subject, straight at the product",
            times,
            straight.told(),
        ));
        let forgot = format!("and when {brand} has forgotten what it took before, nobody is shown another");
        let tried = format!("answers {} ms after the canaries spoke", FORGETS.as_millis());
        verdicts.push(window.after(forgotten).verdict(&forgot, &tried));

        self.stage.say(&format!("  {brand} is mended"));
        let mended = Instant::now();
        front.set(Keeping::Allowed, change).await?;
        personal_pages(self.house, true, PATIENCE).await?;
        let back = mended.elapsed();
        let before = audience.heard();
        sleep(length).await;
        let heard = audience.heard().since(&before);
        let returned = format!("behind {brand} that was mended personal pages come back by themselves");
        let note = format!("{} ms after it was mended", back.as_millis());
        verdicts.push(heard.shown_verdict(&returned, how).noting(note));

        self.stage.say(&format!("  {brand} that takes no notice of Cache-Control"));
        front.set(Keeping::Careless, change).await?;
        let before = audience.heard();
        sleep(length).await;
        let heard = audience.heard().since(&before);
        let told = "it was told to take no notice of Cache-Control and its like, only of Vary";
        verdicts.push(heard.shown_verdict(&check, told));
        audience.dismiss().await?;
        Ok(verdicts)
    }
}

/// What the canaries have to do, and for what.
fn finding(brand: &str, how: &str) -> (String, String) {
    let check = format!("the canaries find that {brand} mixes people up");
    (check, format!("everything is kept under the path alone, {how}"))
}

/// What the canaries took to find it, and what was shown to others meanwhile.
fn leaked(
    brand: &str,
    how: &str,
    every: Duration,
    (begun, found): (Instant, Instant),
    window: &Heard,
) -> Verdict {
    let (check, tried) = finding(brand, how);
    let took = found.saturating_duration_since(begun);
    let (before, after) = window.leaked_around(found);
    let span = window.last_leak().map_or(0, |last| last.saturating_duration_since(begun).as_millis());
    Verdict::of(&check, &tried, 1, Vec::new()).noting(format!(
        "found after {} ms with a look every {} ms; {before} answers showed somebody else before, {after} more out of \
         what {brand} had taken by then (it keeps for {KEPT_SECONDS} s); the last {span} ms after it was set wrongly; \
         {} answers in all",
        took.as_millis(),
        every.as_millis(),
        window.answers
    ))
}

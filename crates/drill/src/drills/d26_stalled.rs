//! D26: the store stands still for 15 s, and everybody who is not answered asks again. When it goes on, so does everything
//! else within seconds, and nobody has to sign in for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::client::{Connection, Limits, Request};
use crate::harness::{Database, Failure, House, Server, Verdict};
use crate::kit::acts::{Acting, Acts};
use crate::kit::crowd::{Crowd, Subject};
use crate::kit::stage::{Stage, ask, get_as, journal_verifies};
use crate::kit::tally::{Findings, Tally};
use crate::seed::Draw;

/// Subscribers at most.
const SUBJECTS: u64 = 60;
/// Each of them asks so often, as long as she is answered.
const EVERY: Duration = Duration::from_millis(500);
/// How long the store stands still.
const STALL: Duration = Duration::from_secs(15);
/// Within this time everything is as it was.
const BACK: Duration = Duration::from_secs(10);
/// Over so long goodput is counted.
const WINDOW: Duration = Duration::from_secs(2);
/// Who is not answered for so long asks again: somebody who is in a hurry, and somebody who waits for what the store's own
/// limits come to.
const PATIENCE: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(12)];
/// Before somebody asks again who does not care when she was told to.
const AT_ONCE: Duration = Duration::from_millis(50);
/// The longest that anybody waits who does.
const LONGEST: Duration = Duration::from_secs(10);
/// Sessions that are ended before it stands still, and as it does.
const ENDED: usize = 8;
const SIGNED_IN: &str = "honnin_sign_in_total";

/// Everybody who asks again and again, and what came of it.
struct Asking {
    crowd: Arc<Crowd>,
    answered: AtomicU64,
    retried: AtomicU64,
    /// Questions, and those of them that were not answered when they were asked for the first time.
    asked: AtomicU64,
    refused: AtomicU64,
    signed_out: AtomicU64,
    stop: AtomicBool,
}

/// Plays D26.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let world = stage.world(SUBJECTS)?;
    let server = Server::start().await?;
    let [url, owner] = ["honnin", "owner"].map(|role| server.url(role));
    let database = Database { url, owner };
    let mut house = stage.serving_on(&world, database.clone(), 2).await?;
    if stage.options.nodes > 1 {
        house = house.of_two(database, None).serving("").await?;
    }
    let spare = house.spare(world.vocabulary.subjects());
    let crowd = Crowd::gather(world, &house, false).await?;
    let acts = Acts::of(&crowd, spare);
    let asking = Arc::new(Asking {
        crowd: Arc::clone(&crowd),
        answered: AtomicU64::new(0),
        retried: AtomicU64::new(0),
        asked: AtomicU64::new(0),
        refused: AtomicU64::new(0),
        signed_out: AtomicU64::new(0),
        stop: AtomicBool::new(false),
    });
    let people = asking.begin(&stage.draw);
    let acting = acts.begin(&stage.draw);
    let length = Duration::from_secs(stage.options.seconds.max(4));
    sleep(WINDOW).await;
    let signed_in = sign_ins(&house).await?;
    let usual = asking.over(length).await;

    stage.say("  the store stands still for 15 s, and everybody asks again");
    acts.rest_of(acts.end_some(ENDED)).await;
    let ending = acts.end_some(ENDED);
    server.freeze();
    let (answered, retried) = (asking.answered(), asking.retried.load(Ordering::Acquire));
    sleep(STALL).await;
    let answered = asking.answered() - answered;
    let retried = asking.retried.load(Ordering::Acquire) - retried;
    server.wake();
    let released = Instant::now();
    let enough = |rate: u64| rate * 100 >= usual * 95;
    let (mut rate, mut back) = (0, BACK);
    while released.elapsed() < BACK {
        rate = asking.over(WINDOW).await;
        if enough(rate) {
            back = released.elapsed();
            break;
        }
    }
    let mut found = Vec::new();
    if !enough(rate) {
        found.push(format!("{rate} answers in ten seconds {BACK:?} later, {usual} before"));
    }
    let (asked, refused) = asking.counted();
    sleep(length.min(BACK)).await;
    let (asked, refused) = (asking.counted().0 - asked, asking.counted().1 - refused);
    if asked == 0 || refused * 100 > asked * 5 {
        found.push(format!("{refused} of {asked} were not answered at once after it was back"));
    }
    acts.rest_of(ending).await;
    acts.let_act(Acting::None);
    acts.look_at_all(&[house.target()]).await;
    acts.rest(acting).await;
    asking.rest(people).await;

    let tried = "15 s in which the store stands still, and after them";
    let check = "within ten seconds 95 of 100 are answered as before, and go on being answered at once";
    let goodput = Verdict::of(check, "answers, counted over 2 s each", retried, found).noting(format!(
        "in ten seconds {usual} before; {answered} answers and {retried} retries while it stood; {rate} in ten seconds {:.1} s after \
         it went on; later {refused} of {asked} not answered at once",
        back.as_secs_f32()
    ));
    let mut verdicts = crowd.noted().verdicts(tried);
    verdicts.push(goodput);
    verdicts.push(asking.nobody_signed_in(sign_ins(&house).await?, signed_in));
    verdicts.extend(acts.verdicts(tried));
    house.end().await?;
    verdicts.push(journal_verifies(&house, 1)?);
    Ok(verdicts)
}

/// Sign-ins that were tried, as the product counts them.
async fn sign_ins(house: &House) -> Result<u64, Failure> {
    let text = ask(house.monitor(), &Request::get("/metrics")).await?.text();
    let of = |line: &str| line.strip_prefix(SIGNED_IN)?.rsplit_once(' ')?.1.parse::<u64>().ok();
    Ok(text.lines().filter_map(of).sum())
}

impl Asking {
    fn begin(self: &Arc<Self>, draw: &Draw) -> JoinSet<()> {
        let mut people = JoinSet::new();
        for number in 0..self.crowd.subjects.len() {
            let asking = Arc::clone(self);
            let draw = draw.of_part(u64::try_from(number).unwrap_or(0) + 2_000);
            people.spawn(async move {
                if let Some(subject) = asking.crowd.subjects.get(number) {
                    asking.one(subject, number % 4 == 0, draw).await;
                }
            });
        }
        people
    }

    async fn rest(&self, mut people: JoinSet<()>) {
        self.stop.store(true, Ordering::Release);
        while people.join_next().await.is_some() {}
    }

    fn answered(&self) -> u64 {
        self.answered.load(Ordering::Acquire)
    }

    /// Answers in ten seconds, as counted over that time.
    async fn over(&self, time: Duration) -> u64 {
        let (before, begun) = (self.answered(), Instant::now());
        sleep(time).await;
        let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        (self.answered() - before) * 10_000 / millis
    }

    /// Questions so far, and those that were not answered at once.
    fn counted(&self) -> (u64, u64) {
        (self.asked.load(Ordering::Acquire), self.refused.load(Ordering::Acquire))
    }

    /// Asks at her pace; where she is not answered, again, when she was told to or at once.
    async fn one(&self, subject: &Subject, hasty: bool, mut draw: Draw) {
        let mut next = Instant::now() + draw.time_below(EVERY);
        let mut connection = None;
        let [hurried, patient] = PATIENCE;
        let limits = Limits { time: if hasty { hurried } else { patient }, ..Limits::default() };
        while !self.stop.load(Ordering::Acquire) {
            sleep_until(next).await;
            next += EVERY;
            let Some(path) = draw.of(&subject.paths.reads) else { return };
            let mut is_first = true;
            self.asked.fetch_add(1, Ordering::AcqRel);
            while !self.stop.load(Ordering::Acquire) {
                if connection.is_none() {
                    connection = Connection::open(self.crowd.target(), limits).await.ok();
                }
                let Some(mut open) = connection.take() else {
                    sleep(AT_ONCE).await;
                    continue;
                };
                let exchange = open.exchange(&get_as(&subject.session, path)).await;
                let mut tally = Tally::default();
                tally.look(&self.crowd.world, Some(&subject.session), path, &exchange);
                self.crowd.note(tally);
                if exchange.broken.is_none() && exchange.answer.keeps_connection() {
                    connection = Some(open);
                }
                match exchange.answer.status {
                    200 => {
                        self.answered.fetch_add(1, Ordering::AcqRel);
                        break;
                    }
                    401 => self.signed_out.fetch_add(1, Ordering::AcqRel),
                    _ => 0,
                };
                self.refused.fetch_add(u64::from(is_first), Ordering::AcqRel);
                is_first = false;
                self.retried.fetch_add(1, Ordering::AcqRel);
                let told = exchange.answer.header("retry-after").next().and_then(|told| told.parse().ok());
                let told = told.map_or(AT_ONCE, Duration::from_secs).min(LONGEST);
                sleep(if hasty { AT_ONCE } else { told }).await;
                next = next.max(Instant::now());
            }
        }
    }

    fn nobody_signed_in(&self, after: u64, before: u64) -> Verdict {
        let mut found = Findings::default();
        let signed_out = self.signed_out.load(Ordering::Acquire);
        if signed_out > 0 {
            found.add(format!("{signed_out} requests of sessions that go on were told to sign in"));
        }
        if after != before {
            found.add(format!("{} sign-ins were computed", after - before));
        }
        let retried = self.retried.load(Ordering::Acquire);
        Verdict::of("no retry leads to sign-in", "requests that were sent again", retried, found.told())
    }
}

//! Acts that are acknowledged, and what has to be seen of them from then on: names given to lines, and sessions that end.
//!
//! Whoever names a line counts: the name says how often. A name that was acknowledged may be followed by a later one and
//! never by an earlier one. A session that has ended answers nobody again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::crowd::Crowd;
use super::late::Late;
use super::stage::{ask, get_as};
use super::tally::{Findings, Tally};
use crate::client::{Answer, Connection, Exchange, Limits, Request, Target};
use crate::harness::{SignedIn, Verdict};
use crate::seed::Draw;

/// Within a second every process knows what one has acknowledged; twice that is asked here.
const KNOWN: Duration = Duration::from_secs(2);
/// Between two acts of one person at least, and so much more by chance.
const BETWEEN: Duration = Duration::from_millis(150);
/// Before somebody who was turned away looks again.
const AGAIN: Duration = Duration::from_millis(200);
/// What a name begins and ends with.
const BEGINS: &str = "act no. ";
const ENDS: &str = " of hers";

/// Who names a line, again and again.
#[derive(Debug)]
struct Namer {
    session: SignedIn,
    line: String,
    told: Mutex<Told>,
}

/// What she was told.
#[derive(Debug, Default)]
struct Told {
    /// Every number that was acknowledged, and when, in order.
    acknowledged: Vec<(u64, Instant)>,
    /// The last number that was tried.
    tried: u64,
}

impl Told {
    /// The least number that has to be shown to whoever began to ask then, where every process knows within that time.
    fn least(&self, asked: Instant, known: Duration) -> u64 {
        let known = self.acknowledged.iter().rev().find(|(_, when)| *when + known <= asked);
        known.map_or(0, |(number, _)| *number)
    }
}

/// A session that was ended, and when that was acknowledged.
#[derive(Debug, Clone)]
struct Ended {
    session: SignedIn,
    when: Instant,
}

/// Who acts at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acting {
    /// Everybody.
    All,
    /// Every second one: what the others were told last is looked at untouched.
    Half,
    /// Nobody.
    None,
}

/// Everybody who acts, and what came of it.
#[derive(Debug)]
pub(crate) struct Acts {
    crowd: Arc<Crowd>,
    namers: Vec<Namer>,
    spare: Mutex<Vec<SignedIn>>,
    ended: Mutex<Vec<Ended>>,
    lost: Mutex<Findings>,
    odd: Mutex<Findings>,
    counted: Mutex<Counted>,
    acting: Mutex<Acting>,
    stop: AtomicBool,
    /// How busy the machine is, which runs every process.
    busy: Late,
}

/// How often.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    named: u64,
    ended: u64,
    refused: u64,
    looked: u64,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The number in the name that a page shows; 0 where it shows none.
fn shown(page: &str) -> u64 {
    let name = page.split_once(BEGINS).and_then(|(_, rest)| rest.split_once(ENDS));
    name.and_then(|(number, _)| number.parse().ok()).unwrap_or(0)
}

fn naming(session: &SignedIn, line: &str, number: u64) -> Request {
    let name = format!("{BEGINS}{number}{ENDS}").replace(' ', "+");
    Request::new("POST", &format!("/lines/{line}/name"))
        .header("cookie", &session.cookie)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(format!("name={name}").as_bytes())
}

impl Acts {
    /// Every subject of a crowd names a line of hers; these sessions are there to be ended.
    pub(crate) fn of(crowd: &Arc<Crowd>, spare: Vec<SignedIn>) -> Arc<Self> {
        let namer = |subject: &super::crowd::Subject| {
            let line = subject.paths.lines.first()?.clone();
            Some(Namer { session: subject.session.clone(), line, told: Mutex::default() })
        };
        Arc::new(Self {
            namers: crowd.subjects.iter().filter_map(namer).collect(),
            crowd: Arc::clone(crowd),
            spare: Mutex::new(spare),
            ended: Mutex::default(),
            lost: Mutex::default(),
            odd: Mutex::default(),
            counted: Mutex::default(),
            acting: Mutex::new(Acting::All),
            stop: AtomicBool::new(false),
            busy: Late::watched(),
        })
    }

    /// Within this time every process knows here.
    fn known(&self) -> Duration {
        self.busy.beyond(KNOWN)
    }

    /// From now on these act.
    pub(crate) fn let_act(&self, acting: Acting) {
        *locked(&self.acting) = acting;
    }

    /// Has everybody act all the time.
    pub(crate) fn begin(self: &Arc<Self>, draw: &Draw) -> JoinSet<()> {
        let mut acting = JoinSet::new();
        for number in 0..self.namers.len() {
            let acts = Arc::clone(self);
            let draw = draw.of_part(u64::try_from(number).unwrap_or(0) + 1_000);
            acting.spawn(async move { acts.one(number, draw).await });
        }
        acting
    }

    /// Lets everybody who acts come to an end.
    pub(crate) async fn rest(&self, mut acting: JoinSet<()>) {
        self.stop.store(true, Ordering::Release);
        while acting.join_next().await.is_some() {}
    }

    fn may_act(&self, number: usize) -> bool {
        match *locked(&self.acting) {
            Acting::All => true,
            Acting::Half => number % 2 == 1,
            Acting::None => false,
        }
    }

    async fn one(&self, number: usize, mut draw: Draw) {
        let Some(namer) = self.namers.get(number) else { return };
        while !self.stop.load(Ordering::Acquire) {
            sleep(BETWEEN + draw.time_below(BETWEEN)).await;
            if !self.may_act(number) {
                continue;
            }
            if !self.name(namer).await {
                // What she was told last is looked at before she tries the next: a later name would hide its loss.
                while !self.look(namer, self.crowd.target()).await && !self.stop.load(Ordering::Acquire) {
                    sleep(AGAIN).await;
                }
            } else if draw.percent(30) {
                self.look(namer, self.crowd.target()).await;
            }
        }
    }

    /// The next name; whether it was acknowledged.
    async fn name(&self, namer: &Namer) -> bool {
        let number = {
            let mut told = locked(&namer.told);
            told.tried += 1;
            told.tried
        };
        let answer = self.asked(&naming(&namer.session, &namer.line, number), self.crowd.target()).await;
        match answer.map(|answer| answer.status) {
            Some(303) => {
                locked(&namer.told).acknowledged.push((number, Instant::now()));
                locked(&self.counted).named += 1;
                return true;
            }
            Some(429 | 503) | None => locked(&self.counted).refused += 1,
            Some(other) => locked(&self.odd).add(format!("a name was answered {other}")),
        }
        false
    }

    /// Looks at what a name is; whether there was an answer.
    async fn look(&self, namer: &Namer, at: Target) -> bool {
        let (asked, least) = {
            let asked = Instant::now();
            (asked, locked(&namer.told).least(asked, self.known()))
        };
        let answer = self.asked(&get_as(&namer.session, "/lines"), at).await;
        let Some(answer) = answer.filter(|answer| answer.status == 200) else { return false };
        let (found, tried) = (shown(&answer.text()), locked(&namer.told).tried);
        locked(&self.counted).looked += 1;
        if found < least || found > tried {
            let (account, waited) = (&namer.session.account, asked.elapsed());
            locked(&self.lost).add(format!(
                "{account} was told that name {least} stands, had tried {tried}, and was shown {found} (asked {waited:?} ago)"
            ));
        }
        true
    }

    async fn asked(&self, request: &Request, at: Target) -> Option<Answer> {
        let mut connection = Connection::open(at, Limits::default()).await.ok()?;
        let Exchange { answer, broken } = connection.exchange(request).await;
        broken.is_none().then_some(answer)
    }

    /// Ends some sessions, each on its own, at this moment.
    pub(crate) fn end_some(self: &Arc<Self>, count: usize) -> JoinSet<()> {
        let chosen: Vec<SignedIn> = {
            let mut spare = locked(&self.spare);
            let left = spare.len().saturating_sub(count);
            spare.split_off(left)
        };
        let mut ending = JoinSet::new();
        for session in chosen {
            let acts = Arc::clone(self);
            ending.spawn(async move { acts.end(session).await });
        }
        ending
    }

    /// Waits until those that were to end have been answered.
    pub(crate) async fn rest_of(&self, mut ending: JoinSet<()>) {
        while ending.join_next().await.is_some() {}
    }

    async fn end(&self, session: SignedIn) {
        let request = Request::new("DELETE", "/api/v1/sessions/current").header("cookie", &session.cookie);
        match self.asked(&request, self.crowd.target()).await.map(|answer| answer.status) {
            Some(204) => {
                locked(&self.counted).ended += 1;
                locked(&self.ended).push(Ended { session, when: Instant::now() });
            }
            // It may have ended or not.
            Some(401 | 429 | 503) | None => locked(&self.counted).refused += 1,
            Some(other) => locked(&self.odd).add(format!("a sign-out was answered {other}")),
        }
    }

    /// Looks at everything that was ever acknowledged, in every one of these places. Where one does not answer, that is a
    /// finding: nothing is the matter any more.
    pub(crate) async fn look_at_all(&self, places: &[Target]) {
        sleep(self.known()).await;
        for place in places {
            for namer in &self.namers {
                if !self.look(namer, *place).await {
                    locked(&self.odd)
                        .add(format!("{} was not shown her lines, and all is well", namer.session.account));
                }
            }
            self.look_at_the_ended(*place).await;
        }
    }

    /// Looks whether a session that has ended answers anybody.
    pub(crate) async fn look_at_the_ended(&self, place: Target) {
        let ended = locked(&self.ended).clone();
        let known = self.known();
        for Ended { session, .. } in ended.iter().filter(|ended| ended.when.elapsed() >= known) {
            let Ok(answer) = ask(place, &get_as(session, "/api/v1/me")).await else { continue };
            locked(&self.counted).looked += 1;
            if !matches!(answer.status, 401 | 429 | 503) {
                let (account, status) = (&session.account, answer.status);
                locked(&self.lost)
                    .add(format!("a session of {account} that had ended was answered {status}"));
            }
        }
    }

    /// Reads of a place as they come, since a moment: when the first was answered.
    pub(crate) async fn first_read(&self, at: Target, since: Instant, patience: Duration) -> Option<Instant> {
        let mut asked = JoinSet::new();
        let mut tick = tokio::time::interval(Duration::from_millis(100));
        let mut people = self.crowd.subjects.iter().cycle();
        while since.elapsed() < patience {
            tokio::select! {
                _ = tick.tick() => {
                    let subject = people.next()?;
                    let (crowd, request) = (Arc::clone(&self.crowd), get_as(&subject.session, "/api/v1/me"));
                    let session = subject.session.clone();
                    asked.spawn(async move {
                        let mut open = Connection::open(at, Limits::default()).await.ok()?;
                        let exchange = open.exchange(&request).await;
                        let mut tally = Tally::default();
                        tally.look(&crowd.world, Some(&session), request.path(), &exchange);
                        crowd.note(tally);
                        (exchange.answer.status == 200).then(Instant::now)
                    });
                }
                Some(Ok(Some(when))) = asked.join_next(), if !asked.is_empty() => {
                    if when >= since {
                        return Some(when);
                    }
                }
            }
        }
        None
    }

    /// How many acts were refused, or not answered.
    pub(crate) fn refused(&self) -> u64 {
        locked(&self.counted).refused
    }

    /// What came of all of it.
    pub(crate) fn verdicts(&self, tried: &str) -> Vec<Verdict> {
        let Counted { named, ended, refused, looked } = *locked(&self.counted);
        let (lost, odd) = (std::mem::take(&mut *locked(&self.lost)), std::mem::take(&mut *locked(&self.odd)));
        let told = format!(
            "{named} names and {ended} sign-outs were acknowledged, {refused} acts refused or unknown"
        );
        let lost =
            Verdict::of("no acknowledged act is lost, on any node", tried, looked.min(named), lost.told());
        let acts = named + ended + refused;
        vec![
            lost.noting(told),
            Verdict::of(
                "an act is acknowledged, or refused for now, and nothing else",
                tried,
                acts,
                odd.told(),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_acknowledged_long_enough_ago_has_to_be_shown() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let told = Told { acknowledged: vec![(1, at(0)), (2, at(10)), (3, at(20))], tried: 4 };
        let least = [1, 2, 11, 12, 21, 22].map(|seconds| told.least(at(seconds), KNOWN));
        assert_eq!(least, [0, 1, 1, 2, 2, 3]);
    }

    #[test]
    fn the_number_in_a_name_is_found_on_a_page() {
        let name = format!("{BEGINS}17{ENDS}");
        assert_eq!(shown(&format!("<h2>{name}</h2><input value=\"{name}\">")), 17);
        assert_eq!(shown("<h2>090-1111-2222</h2>"), 0);
    }
}

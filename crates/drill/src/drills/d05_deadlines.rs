//! D05: deadlines end requests wherever they are, wishes and documents too. What was begun is done whole or not at all:
//! nothing half-done is delivered, and nothing is left that somebody else could be given.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::client::{Connection, Exchange, Limits};
use crate::harness::{Failure, Verdict};
use crate::kit::crowd::{Crowd, wish};
use crate::kit::stage::{Stage, ask, get_as, journal_verifies};
use crate::kit::tally::{Findings, Tally};
use crate::seed::Draw;

/// Subscribers at most.
const SUBJECTS: u64 = 24;
/// Deadlines, in milliseconds: shorter than the shortest request, and longer and longer.
const DEADLINES: [u64; 5] = [1, 2, 4, 8, 16];
/// Connections that ask at once: the more, the longer each takes.
const CONNECTIONS: u64 = 12;
/// Every how many-th request is a wish.
const WISH: u64 = 30;
/// How long the network may take to confirm the last wish of every line.
const CONFIRMED: Duration = Duration::from_secs(40);

/// A wish that was sent, and the version its answer named.
#[derive(Debug, Clone)]
struct Sent {
    subject: usize,
    line: String,
    key: String,
    high: bool,
    version: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Receipt {
    version: u64,
}

/// What the requests of all connections came to.
#[derive(Debug, Default)]
struct Gathered {
    sent: Vec<Sent>,
    half: Findings,
    documents: u64,
    late: u64,
}

/// Plays D05.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let world = stage.world(SUBJECTS)?;
    let mut house = stage.serving(&world, &settings(15_000)).await?;
    let crowd = Crowd::gather(world, &house, true).await?;
    let gathered = Arc::new(Mutex::new(Gathered::default()));
    let each = Duration::from_millis(stage.options.seconds.max(1).saturating_mul(1_000) / 5);
    for (number, limit) in (0_u64..).zip(DEADLINES) {
        stage.say(&format!("  every request ends after {limit} ms"));
        house = house.serving(&settings(limit)).await?;
        crowd.follow(&house);
        let end = Instant::now() + each;
        let mut asking = JoinSet::new();
        for connection in 0..CONNECTIONS {
            let draw = stage.draw.of_part(number * 1_000 + connection);
            let (crowd, gathered) = (Arc::clone(&crowd), Arc::clone(&gathered));
            asking.spawn(async move { ask_until(&crowd, &gathered, draw, end).await });
        }
        while let Some(ended) = asking.join_next().await {
            ended.map_err(|error| Failure::Product(error.to_string()))?;
        }
    }
    stage.say("  no more deadlines: what became of every wish");
    house = house.serving(&settings(15_000)).await?;
    crowd.follow(&house);
    let gathered = std::mem::take(&mut *gathered.lock().unwrap_or_else(PoisonError::into_inner));
    let tally = crowd.noted();
    let mut verdicts = concluded(&crowd, gathered).await?;
    let disclosed = tally.disclosed;
    verdicts.extend(tally.looked("reads, documents and wishes under deadlines of 1 to 16 ms"));
    house.end().await?;
    verdicts.push(journal_verifies(&house, disclosed)?);
    Ok(verdicts)
}

/// A deadline for every request, and no time between two wishes.
fn settings(milliseconds: u64) -> String {
    format!(
        "[server]\nrequest = \"{milliseconds} ms\"\nconnections_per_address = 10_000\n\
         [network]\nbetween_wishes = \"0 ms\"\n"
    )
}

/// Asks until the time is over: reads, documents, and now and then a wish.
async fn ask_until(crowd: &Crowd, gathered: &Mutex<Gathered>, mut draw: Draw, end: Instant) {
    let mut connection: Option<Connection> = None;
    while Instant::now() < end {
        if connection.is_none() {
            connection = Connection::open(crowd.target(), Limits::default()).await.ok();
        }
        let subject = draw.place(crowd.subjects.len());
        let (Some(mut open), Some(who)) = (connection.take(), crowd.subjects.get(subject)) else {
            sleep(Duration::from_millis(5)).await;
            continue;
        };
        let is_wish = draw.below(WISH) == 0;
        let wished = draw.of(&who.paths.lines).filter(|_| is_wish).cloned();
        let (key, high) = (format!("{:016x}", draw.any()), draw.percent(50));
        let request = match &wished {
            Some(line) => wish(who, line, &key, high),
            None => get_as(&who.session, draw.of(&who.paths.reads).map_or("/lines", String::as_str)),
        };
        let path = request.path().to_owned();
        let exchange = open.exchange(&request).await;
        let mut tally = Tally::default();
        tally.look(&crowd.world, Some(&who.session), &path, &exchange);
        crowd.note(tally);
        let mut all = gathered.lock().unwrap_or_else(PoisonError::into_inner);
        all.late += u64::from(exchange.answer.status == 503);
        all.whole(&path, &exchange);
        if let Some(line) = wished {
            let receipt: Option<Receipt> = serde_json::from_slice(&exchange.answer.body).ok();
            let version = receipt.filter(|_| exchange.answer.status == 202).map(|receipt| receipt.version);
            all.sent.push(Sent { subject, line, key, high, version });
        }
        drop(all);
        connection = (exchange.broken.is_none() && exchange.answer.keeps_connection()).then_some(open);
    }
}

impl Gathered {
    /// An answer that says it was done is whole, to its last octet.
    fn whole(&mut self, path: &str, exchange: &Exchange) {
        let answer = &exchange.answer;
        if answer.status != 200 {
            return;
        }
        if !answer.is_whole {
            self.half.add(format!("{path} broke off in the middle"));
        }
        if path.ends_with("/pdf") {
            self.documents += 1;
            let end = answer.body.trim_ascii_end();
            if !answer.body.starts_with(b"%PDF-") || !end.ends_with(b"%%EOF") {
                self.half.add(format!("{path} gave a sheet without its beginning or its end"));
            }
        }
        if path.ends_with("/csv") {
            self.documents += 1;
            if !answer.body.ends_with(b"\n") {
                self.half.add(format!("{path} gave rows without an end"));
            }
        }
    }
}

/// Sends every wish once more under its own key: each was done whole, once, under the version that was told, or not
/// at all; and the newest of each line is confirmed.
async fn concluded(crowd: &Crowd, gathered: Gathered) -> Result<Vec<Verdict>, Failure> {
    let Gathered { sent, half, documents, late } = gathered;
    let (mut wrong, mut newest) = (Findings::default(), BTreeMap::<String, (u64, bool, usize)>::new());
    let mut versions = BTreeMap::<String, BTreeSet<u64>>::new();
    for one in &sent {
        let Some(who) = crowd.subjects.get(one.subject) else { continue };
        let answer = ask(crowd.target(), &wish(who, &one.line, &one.key, one.high)).await?;
        let receipt: Option<Receipt> = serde_json::from_slice(&answer.body).ok();
        let Some(Receipt { version }) = receipt.filter(|_| answer.status == 202) else {
            wrong.add(format!("a wish sent once more was answered {}", answer.status));
            continue;
        };
        if one.version.is_some_and(|told| told != version) {
            wrong.add(format!(
                "a wish told to be number {:?} was made once more as number {version}",
                one.version
            ));
        }
        if !versions.entry(one.line.clone()).or_default().insert(version) {
            wrong.add(format!("two wishes of a line are both number {version}"));
        }
        let last = newest.entry(one.line.clone()).or_insert((version, one.high, one.subject));
        if version >= last.0 {
            *last = (version, one.high, one.subject);
        }
    }
    for (line, versions) in &versions {
        let count = u64::try_from(versions.len()).unwrap_or(u64::MAX);
        if versions.iter().next_back() != Some(&count) {
            wrong.add(format!("line {line} has numbers of wishes nobody sent: {count} keys, {versions:?}"));
        }
    }
    let (mut open, until) = (Findings::default(), Instant::now() + CONFIRMED);
    for (line, (_, high, subject)) in &newest {
        let Some(who) = crowd.subjects.get(*subject) else { continue };
        let path = format!("/api/v1/lines/{line}/home");
        loop {
            let answer = ask(crowd.target(), &get_as(&who.session, &path)).await?;
            let said: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let speed = said.get("speed").cloned().unwrap_or_default();
            let is = |key: &str, value: serde_json::Value| speed.get(key) == Some(&value);
            if is("state", "confirmed".into()) && is("desired", (*high).into()) {
                break;
            }
            if Instant::now() > until {
                open.add(format!("line {line} is still {speed}"));
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
    }
    let count = u64::try_from(sent.len()).unwrap_or(u64::MAX);
    let told = format!("{late} requests ended by their deadline; {documents} documents came");
    Ok(vec![
        Verdict::of(
            "what is delivered is whole",
            "answers under deadlines, sheets and rows too",
            late + documents,
            half.told(),
        )
        .noting(told),
        Verdict::of(
            "a wish is done once and whole, or not at all, and its key says which",
            "every wish sent once more under its own key",
            count,
            wrong.told(),
        ),
        Verdict::of(
            "nothing is left half-way: the newest wish of every line is confirmed",
            "lines that were asked to change",
            u64::try_from(newest.len()).unwrap_or(u64::MAX),
            open.told(),
        ),
    ])
}

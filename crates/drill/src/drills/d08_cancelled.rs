//! D08: clients go away at every moment of a request, while whatever can be shared is shared by all: one reader, one
//! place for writes, caches of a few entries. What was begun for one must never be answered to another.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::client::{Answer, Connection, Leave, Limits, Request};
use crate::harness::{Failure, Verdict};
use crate::kit::crowd::{Crowd, Subject, wish};
use crate::kit::stage::{Stage, get_as, journal_verifies};
use crate::kit::tally::{Findings, Tally};
use crate::seed::Draw;

/// Subscribers at most.
const SUBJECTS: u64 = 60;
/// Clients who go away.
const LEAVERS: u64 = 8;
/// Everything that is shared has room for one.
const ONE: &str = "[store]\nreaders = 1\nwrite_queue = 1\nwrite_group = 1\nsession_cache = \"4 KiB\"\n\
                   key_cache = \"4 KiB\"\ndocument_cache = \"4 KiB\"\nwish_cache = \"4 KiB\"\n\
                   [sign_in]\nhash_threads = 1\nhash_queue = 1\n[documents]\nat_once = 1\nwaiting = 1\n\
                   [server]\nconnections_per_address = 10_000\n";
/// Steps of time between two moments of going away.
const STEP: Duration = Duration::from_micros(70);
/// Moments in time, and octets of an answer, up to which somebody waits: beyond the end of nearly every answer.
const STEPS: u64 = 400;
/// How long what is shared may take to be free again.
const BACK: Duration = Duration::from_secs(20);

/// Plays D08.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let world = stage.world(SUBJECTS)?;
    let mut house = stage.serving(&world, ONE).await?;
    let crowd = Crowd::gather(world, &house, true).await?;
    stage.say("  clients go away at every octet and every moment of a request");
    let deadline = Instant::now() + Duration::from_secs(stage.options.seconds.max(1));
    let mut leavers = JoinSet::new();
    for number in 0..LEAVERS {
        let (crowd, draw) = (Arc::clone(&crowd), stage.draw.of_part(number));
        leavers.spawn(async move { leaver(&crowd, number, draw, deadline).await });
    }
    while let Some(ended) = leavers.join_next().await {
        ended.map_err(|error| Failure::Product(error.to_string()))?;
    }
    stage.say("  nobody goes away any more: everything has to be free");
    let (times, stuck) = free_again(&crowd).await;
    let tally = crowd.noted();
    let disclosed = tally.disclosed;
    house.end().await?;
    let tried =
        "requests of others right after one that was left, over one reader, one place for writes, one desk";
    let mut verdicts = tally.verdicts(tried);
    let check = "everything that is shared is free again: one after the other, everybody is answered";
    verdicts.push(Verdict::of(check, "every read of every subject", times, stuck.told()));
    verdicts.push(journal_verifies(&house, disclosed)?.noting(
        "the embedded engine; the half about PostgreSQL is not yet: there is no such engine".to_owned(),
    ));
    Ok(verdicts)
}

/// Goes away again and again, each time a little later, and has somebody else ask right after.
async fn leaver(crowd: &Crowd, number: u64, mut draw: Draw, deadline: Instant) {
    let mut step = number;
    while Instant::now() < deadline {
        step = (step + LEAVERS) % STEPS;
        let Some(subject) = draw.of(&crowd.subjects) else { return };
        let Ok(open) = Connection::open(crowd.target(), Limits::default()).await else { continue };
        let request = request(subject, &mut draw);
        let place = usize::try_from(step).unwrap_or(0);
        let leave = match draw.below(3) {
            0 => Leave::AfterSending(place),
            1 => Leave::AfterWaiting(STEP.saturating_mul(u32::try_from(step).unwrap_or(0))),
            _ => Leave::AfterReceiving(place * 40),
        };
        let head = open.leave(&request, leave).await;
        let part = Answer { status: 0, head, body: Vec::new(), is_whole: false };
        let mut tally = Tally { left: 1, ..Tally::default() };
        tally.octets(&crowd.world, Some(&subject.session), request.path(), &part);
        crowd.note(tally);
        let (Ok(mut next), Some(other)) =
            (Connection::open(crowd.target(), Limits::default()).await, draw.of(&crowd.subjects))
        else {
            continue;
        };
        crowd.read(&mut next, other, &mut draw).await;
    }
}

/// What is left in the middle: reads of every kind, and wishes, which are writes.
fn request(subject: &Subject, draw: &mut Draw) -> Request {
    // One in five is a wish.
    if draw.percent(20)
        && let Some(line) = draw.of(&subject.paths.lines)
    {
        return wish(subject, line, &format!("{:016x}", draw.any()), draw.percent(50));
    }
    let path = draw.of(&subject.paths.reads).map_or("/lines", String::as_str);
    get_as(&subject.session, path)
}

/// Everybody reads everything, alone: whoever is told that there is no room tries again, and not for long.
async fn free_again(crowd: &Crowd) -> (u64, Findings) {
    let (mut times, mut stuck) = (0, Findings::default());
    for subject in crowd.subjects.iter().take(12) {
        for path in &subject.paths.reads {
            let until = Instant::now() + BACK;
            loop {
                let Ok(mut open) = Connection::open(crowd.target(), Limits::default()).await else {
                    stuck.add("no connection is taken any more".to_owned());
                    return (times, stuck);
                };
                let exchange = open.exchange(&get_as(&subject.session, path)).await;
                let mut tally = Tally::default();
                tally.look(&crowd.world, Some(&subject.session), path, &exchange);
                crowd.note(tally);
                times += 1;
                match exchange.answer.status {
                    200 => break,
                    503 if Instant::now() < until => sleep(Duration::from_millis(50)).await,
                    // What is held is held for all that follow.
                    503 => {
                        stuck.add(format!("{path} still answers 503 after {BACK:?}"));
                        return (times, stuck);
                    }
                    status => {
                        stuck.add(format!("{path} answers {status}"));
                        break;
                    }
                }
            }
        }
    }
    (times, stuck)
}

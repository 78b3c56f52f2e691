//! D28: the mail at ten o'clock. Ten times as many come at one moment as can be signed in, from nothing: once with a waiting
//! room that was planned, once with one that opens by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::client::{Request, Target};
use crate::harness::{Failure, House, SignedIn, Verdict};
use crate::kit::line::{Wave, opened};
use crate::kit::stage::{Stage, ask, ask_kept, get_as};
use crate::kit::tally::Findings;

/// Subscribers at most.
const SUBJECTS: u64 = 1_000;
/// So many a second are let in at the least, and all of them come within the tenth part of the time that takes.
const FIRST: u32 = 10;
/// What the product is told. It opens early, so that few people are enough to see it open.
const SETTINGS: &str = "[server]\nconnections_per_address = 10_000\n[waiting_room]\nfirst = 10\nopens = \"100 ms\"\ncrowd = 4\n\
                        asks_least = \"1 s\"\nasks_most = \"3 s\"\n";
/// However few come, some come later than others by more than the order is kept to.
const APART: Duration = Duration::from_millis(500);
/// Beside that time: until people are counted on all nodes, and until whoever was called asks again.
const BESIDE: Duration = Duration::from_secs(9);
/// So many tickets are made up.
const FORGED: usize = 40;
/// One after the other of those who are signed in reads.
const EVERY: Duration = Duration::from_millis(50);

/// Plays D28.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let world = stage.world(SUBJECTS)?;
    let mut house = stage.serving(&world, SETTINGS).await?;
    let (_tell, at) = watch::channel(house.target());
    let people = u32::try_from(world.accounts.len()).unwrap_or(u32::MAX);
    let computed = Duration::from_secs(u64::from(people / FIRST)) + BESIDE;

    let until = stage.options.clock.now().plus_seconds(3_600).to_string();
    done(&house, &["waiting-room", "open", "--until", &until])?;
    opened(&house, true).await?;
    stage.say(&format!("  {people} people come at one moment; the waiting room is open"));
    let within = (Duration::from_secs(u64::from(people / FIRST)) / 10).max(APART);
    let (reading, stop) = read_beside(house.target(), house.sessions().to_vec());
    let began = Instant::now();
    let patience = computed.saturating_mul(4);
    let came = Wave::comes(&world.accounts, &at, (within, patience), &stage.draw).ends().await;
    stop.store(true, Ordering::Relaxed);
    let tried = format!("{people} people within {:.1} s, {FIRST} a second at first", within.as_secs_f32());
    let mut verdicts = vec![came.all_in(&tried), came.in_order(&tried, stage.options.nodes)];
    verdicts.push(came.in_time("all are in in the computed time", &tried, began, computed));
    // Whoever comes before anybody waits has a ticket as well: of entry.
    let found = if came.with_a_ticket() < came.len() || came.placed() * 2 < came.len() {
        vec![format!("{} had a ticket, and {} of them a place", came.with_a_ticket(), came.placed())]
    } else {
        Vec::new()
    };
    verdicts.push(Verdict::of(
        "a waiting room that was planned is there when they come",
        &tried,
        u64::from(people),
        found,
    ));
    let (times, found) = reading.await.map_err(|error| Failure::Product(error.to_string()))?;
    let check = "whoever is signed in reads on as always and is never placed";
    verdicts.push(Verdict::of(check, "home, one after the other", times, found.told()));
    verdicts.push(forged(&house).await?);

    stage.say("  it is closed, and they come once more");
    done(&house, &["waiting-room", "close"])?;
    opened(&house, false).await?;
    // More come then than a second lets in at once while nobody waits yet.
    let (first, later) = world.accounts.split_at(world.accounts.len() / 2);
    let began = Instant::now();
    let times = (Duration::from_millis(50), patience);
    let wave = Wave::comes(first, &at, times, &stage.draw.of_part(1));
    let by_itself = opened(&house, true).await;
    let rest = Wave::comes(later, &at, (within / 3, patience), &stage.draw.of_part(2)).ends().await;
    let before = wave.ends().await;
    let tried = format!("{} people at one moment, {} when it is open", first.len(), later.len());
    verdicts.push(before.all_in(&tried));
    verdicts.push(rest.all_in(&tried));
    let placed = rest.placed();
    let all = before.and(rest);
    verdicts.push(all.in_order(&tried, stage.options.nodes));
    verdicts.push(all.in_time("all are in in the computed time", &tried, began, computed));
    let found = match by_itself {
        Ok(()) if placed > 0 => Vec::new(),
        Ok(()) => vec!["nobody was placed".to_owned()],
        Err(failure) => vec![failure.to_string()],
    };
    let check = "the waiting room opens by itself where people wait to be signed in";
    verdicts.push(Verdict::of(check, &tried, u64::try_from(first.len()).unwrap_or(u64::MAX), found));
    house.end().await?;
    Ok(verdicts)
}

/// Runs a command that has to succeed.
fn done(house: &House, words: &[&str]) -> Result<(), Failure> {
    let ran = house.command(words)?;
    if ran.code == Some(0) {
        return Ok(());
    }
    Err(Failure::Product(format!("{} ended with {:?}: {}", words.join(" "), ran.code, ran.err.trim())))
}

type Reading = tokio::task::JoinHandle<(u64, Findings)>;

/// People who are signed in read one after the other, until they are told to stop.
fn read_beside(target: Target, sessions: Vec<SignedIn>) -> (Reading, Arc<AtomicBool>) {
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let reading = tokio::spawn(async move {
        let (mut times, mut found) = (0, Findings::default());
        for session in sessions.iter().cycle() {
            if stopped.load(Ordering::Relaxed) {
                break;
            }
            match ask_kept(target, &get_as(session, "/lines")).await {
                Ok(exchange) if exchange.answer.status == 200 => {}
                Ok(exchange) => found.add(format!("/lines was answered {}", exchange.answer.status)),
                Err(failure) => found.add(failure.to_string()),
            }
            times += 1;
            sleep(EVERY).await;
        }
        (times, found)
    });
    (reading, stop)
}

/// Tickets that nobody issued are no place: whoever shows one is the last, or may enter with a ticket of ours where nobody
/// waits. One that was believed lets in without another.
async fn forged(house: &House) -> Result<Verdict, Failure> {
    let mut found = Findings::default();
    let forged =
        ["p.1.99999999999999999.00000000000000000000000000000000", "e.1.99999999999999999.", "x", ""];
    for ticket in forged.iter().cycle().take(FORGED) {
        let request = Request::get("/sign-in").header("cookie", &format!("place={ticket}"));
        let answer = ask(house.target(), &request).await?;
        match answer.status {
            202 => {}
            200 if answer.header("set-cookie").any(|cookie| cookie.starts_with("place=e.")) => {}
            status => found.add(format!("place={ticket} was answered {status}")),
        }
    }
    let check = "a ticket that nobody issued is worth nothing";
    let times = u64::try_from(FORGED).unwrap_or(u64::MAX);
    Ok(Verdict::of(check, "forged tickets", times, found.told()))
}

//! D09: everybody comes back at once, again and again, to caches that hold next to nothing and have just been emptied.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::client::{Connection, Limits, Request};
use crate::harness::{Failure, House, Verdict};
use crate::kit::crowd::Crowd;
use crate::kit::stage::{Stage, ask, journal_verifies};
use crate::kit::tally::Findings;

/// Subscribers at most.
const SUBJECTS: u64 = 200;
/// Requests of each in one round.
const READS: usize = 5;
/// Caches that hold a few entries each, so that every read throws another out.
const TINY: &str = "[store]\nsession_cache = \"4 KiB\"\nkey_cache = \"4 KiB\"\ndocument_cache = \"16 KiB\"\n\
                    wish_cache = \"4 KiB\"\n[server]\nconnections_per_address = 10_000\n";
/// Of all rounds, each so many-th begins after another process has written: then every cache is emptied at once.
const COLD: u64 = 3;

/// Plays D09.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let world = stage.world(SUBJECTS)?;
    let mut house = stage.serving(&world, TINY).await?;
    let crowd = Crowd::gather(world, &house, false).await?;
    let before = missed(&house).await?;
    stage.say("  everybody comes back at once, again and again");
    let deadline = Instant::now() + Duration::from_secs(stage.options.seconds.max(1));
    let mut rounds = 0_u64;
    while rounds < COLD || Instant::now() < deadline {
        if rounds.is_multiple_of(COLD) {
            let login = crowd.subjects.first().map_or("", |subject| subject.session.account.as_str());
            house.command(["account", "invite", login])?;
        }
        round(&crowd, stage, rounds).await?;
        rounds += 1;
    }
    let misses = missed(&house).await?.saturating_sub(before);
    let tally = crowd.noted();
    let (answers, disclosed) = (tally.answers, tally.disclosed);
    house.end().await?;
    let tried = format!(
        "{rounds} rounds of {} subjects, {READS} reads each on a connection of her own",
        crowd.subjects.len()
    );
    let mut verdicts = tally.verdicts(&tried);
    let mut warm = Findings::default();
    if misses < answers {
        warm.add(format!("{misses} reads of the store for {answers} answers: the caches were not small"));
    }
    let check = "hardly anything came out of a cache twice";
    verdicts.push(Verdict::of(check, "misses of the caches against answers", misses, warm.told()));
    verdicts.push(journal_verifies(&house, disclosed)?);
    Ok(verdicts)
}

/// Everybody connects, waits for all others, and asks.
async fn round(crowd: &Arc<Crowd>, stage: &Stage, round: u64) -> Result<(), Failure> {
    let together = Arc::new(Barrier::new(crowd.subjects.len()));
    let mut all = JoinSet::new();
    for place in 0..crowd.subjects.len() {
        let part = round.wrapping_mul(1 << 20).wrapping_add(u64::try_from(place).unwrap_or(0));
        let (crowd, together, mut draw) =
            (Arc::clone(crowd), Arc::clone(&together), stage.draw.of_part(part));
        all.spawn(async move {
            let opened = Connection::open(crowd.target(), Limits::default()).await;
            together.wait().await;
            let (Ok(mut open), Some(subject)) = (opened, crowd.subjects.get(place)) else { return };
            for _ in 0..READS {
                if !crowd.read(&mut open, subject, &mut draw).await {
                    return;
                }
            }
        });
    }
    while let Some(ended) = all.join_next().await {
        ended.map_err(|error| Failure::Product(error.to_string()))?;
    }
    Ok(())
}

/// Reads that no cache could answer, as the product counts them.
async fn missed(house: &House) -> Result<u64, Failure> {
    // Figures are taken every five seconds.
    tokio::time::sleep(Duration::from_millis(5_500)).await;
    let answer = ask(house.monitor(), &Request::get("/metrics")).await?;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let found =
        text.lines().find_map(|line| line.strip_prefix("honnin_store_cache_misses_total ")?.parse().ok());
    found.ok_or_else(|| Failure::Product("the metrics do not say how often a cache had nothing".to_owned()))
}

//! D25: the volume of the log fills, then that of the journal, then the node dies and everybody comes back at once. What
//! can go on goes on, what cannot stops by itself and says so in public by itself, and all of it ends without a hand.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::d12_modes::{come_back, everybody_is_refused, full, withheld_verdicts};
use crate::client::Request;
use crate::harness::{Failure, StatusPage, Verdict};
use crate::kit::crowd::Crowd;
use crate::kit::stage::{Stage, ask, counted, journal_verifies};
use crate::kit::volume::Volume;

/// Subscribers at most.
const SUBJECTS: u64 = 60;
/// Connections that ask all the time.
const CONNECTIONS: usize = 8;
/// A journal that is soon full.
const SETTINGS: &str =
    "[journal]\nsegment = \"1 MiB\"\nsegments = 2\n[server]\nconnections_per_address = 10_000\n";
/// Room for the log, in MiB.
const ROOM_FOR_LOG: u32 = 16;
/// Room for the journal, in MiB: it goes on under load until the page has told of the end.
const ROOM: u32 = 128;
/// Within this time the public reads what is the case.
const TOLD: Duration = Duration::from_mins(1);
/// How long after a restart goodput is measured again.
const BACK: Duration = Duration::from_secs(10);
const DROPPED: &str = "honnin_log_lines_dropped_total";

/// Plays D25.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let world = stage.world(SUBJECTS)?;
    let mut house = stage.serving(&world, SETTINGS).await?;
    let logs = house.data().with_file_name("logs");
    DirBuilder::new().mode(0o700).create(&logs).map_err(Failure::machine("make a directory for logs"))?;
    let settings = format!("{SETTINGS}[logs]\ndirectory = \"{}\"\n", logs.display());
    house.end().await?;
    let journal = house.data().join("journal");
    let (Some(of_log), Some(of_journal)) =
        (Volume::over(&logs, ROOM_FOR_LOG)?, Volume::over(&journal, ROOM)?)
    else {
        return Err(Failure::Missing("a user who may mount a volume that can be filled".to_owned()));
    };
    house = house.serving(&settings).await?;
    let page = house.status_page().await?;
    let crowd = Crowd::gather(world, &house, true).await?;
    let length = Duration::from_secs(stage.options.seconds.max(4) / 4);
    let asking = crowd.ask(CONNECTIONS, &stage.draw);
    let before = answered(&crowd, length).await;
    let mut verdicts = crowd.noted().verdicts("before");

    stage.say("  the volume of the log is full, under load");
    of_log.fill()?;
    sleep(length).await;
    let mut found = Vec::new();
    let lost = counted(&house, DROPPED).await?;
    if lost == 0 {
        found.push(format!("{DROPPED} is 0"));
    }
    verdicts.push(Verdict::of("lines of the log that were lost are counted", DROPPED, lost.max(1), found));
    verdicts.extend(crowd.noted().verdicts("the log takes no line, and nobody notices"));
    of_log.free()?;

    stage.say("  the volume of the journal is full, under load");
    full(&crowd, &of_journal).await?;
    drop(crowd.noted());
    verdicts.push(told(&page, true).await?);
    let (withheld, times) = (crowd.noted(), everybody_is_refused(&crowd).await?);
    verdicts.extend(withheld_verdicts("the journal takes no entry", withheld, times));
    of_journal.free()?;
    verdicts.push(come_back(&crowd, &house).await?);
    verdicts.push(told(&page, false).await?);

    stage.say("  the node dies, and everybody is back at once");
    drop(crowd.noted());
    house.kill()?;
    house = house.serving(&settings).await?;
    crowd.follow(&house);
    let back = Instant::now();
    let mut after = answered(&crowd, length).await;
    while after * 4 < before * 3 && back.elapsed() < BACK {
        after = answered(&crowd, length).await;
    }
    let found = if after * 4 < before * 3 {
        vec![format!("{after} answers in {length:?}, before it all {before}")]
    } else {
        Vec::new()
    };
    let check = "within ten seconds as many are answered as before, without help";
    let verdict = Verdict::of(check, "killed under load, started again", after.max(1), found);
    verdicts.push(verdict.noting(format!("{before} in {length:?} before, {after} after")));
    verdicts.extend(crowd.noted().verdicts("after the node died"));
    crowd.rest(asking).await;
    house.end().await?;
    // Before the volumes go, and the journal with them.
    verdicts.push(journal_verifies(&house, 1)?);
    Ok(verdicts)
}

/// How many whole answers came in that time.
async fn answered(crowd: &Arc<Crowd>, length: Duration) -> u64 {
    let before = so_far(crowd);
    sleep(length).await;
    so_far(crowd) - before
}

fn so_far(crowd: &Arc<Crowd>) -> u64 {
    let noted = crowd.noted();
    let answered = noted.statuses.get(&200).copied().unwrap_or(0);
    crowd.note(noted);
    answered
}

/// Whether the public reads of an incident, or of none, within its time and without anybody's word.
async fn told(page: &StatusPage, open: bool) -> Result<Verdict, Failure> {
    let (begun, mut times) = (Instant::now(), 0);
    let found = loop {
        let answer = ask(page.target(), &Request::get("/api/v2/summary.json")).await?;
        times += 1;
        let summary: Value = serde_json::from_str(&answer.text()).unwrap_or_default();
        let incidents = summary.get("incidents").and_then(Value::as_array).map_or(0, Vec::len);
        if (incidents > 0) == open {
            break Vec::new();
        }
        if begun.elapsed() > TOLD {
            break vec![format!("{incidents} incidents on the status page after {TOLD:?}")];
        }
        sleep(Duration::from_millis(250)).await;
    };
    let check = if open {
        "the status page tells of it by itself within a minute"
    } else {
        "the status page tells of its end by itself within a minute"
    };
    let verdict = Verdict::of(check, "summary.json of another process", times, found);
    Ok(verdict.noting(format!("after {:.1} s", begun.elapsed().as_secs_f32())))
}

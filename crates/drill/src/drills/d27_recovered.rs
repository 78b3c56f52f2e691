//! D27: it is back, everybody hears of it, and everybody comes at once. People wait in line, the product dies, and is
//! started again with all of them at the door: they keep their places, and are let in no faster than before.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use crate::harness::{Failure, Verdict};
use crate::kit::guesses::LONG;
use crate::kit::line::Wave;
use crate::kit::stage::{Stage, journal_verifies};

/// Subscribers at most: a crowd of which a few seconds let in a part.
const SUBJECTS: u64 = 400;
/// In a short run.
const FEW: u64 = 40;
/// So many a second are let in at the least.
const FIRST: u32 = 5;
const SETTINGS: &str = "[server]\nconnections_per_address = 10_000\n[waiting_room]\nfirst = 5\nasks_least = \"1 s\"\n\
                        asks_most = \"2 s\"\n";
/// Everybody comes within this time.
const WITHIN: Duration = Duration::from_millis(500);
/// It dies when those who came are counted and nobody has been called yet, however many are called at once: whoever came in the
/// last two seconds never is.
const DIES: Duration = Duration::from_millis(1_700);
/// How long after the end of the outage it is looked how many were let in.
const AT_FIRST: Duration = Duration::from_secs(4);
/// Beside the time for which people are let in: until they are counted, and until they ask again.
const BESIDE: Duration = Duration::from_secs(9);

/// Plays D27.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    // Two processes sign in as many each as one does.
    let is_two = stage.options.nodes > 1;
    let few = if is_two { 3 * FEW } else { FEW };
    let most = if stage.options.seconds >= LONG { SUBJECTS } else { few };
    let world = stage.world(most)?;
    let mut house = stage.serving(&world, SETTINGS).await?;
    let (tell, at) = watch::channel(house.target());
    let until = stage.options.clock.now().plus_seconds(3_600).to_string();
    let ran = house.command(["waiting-room", "open", "--until", &until])?;
    if ran.code != Some(0) {
        return Err(Failure::Product(format!(
            "waiting-room open ended with {:?}: {}",
            ran.code,
            ran.err.trim()
        )));
    }
    sleep(Duration::from_millis(1_500)).await;
    let people = u32::try_from(world.accounts.len()).unwrap_or(u32::MAX);
    let computed = Duration::from_secs(u64::from(people / FIRST)) + BESIDE;
    stage.say(&format!("  {people} people wait in line, and the product dies"));
    let wave = Wave::comes(&world.accounts, &at, WITHIN, computed.saturating_mul(3), &stage.draw);
    sleep(DIES).await;
    house.kill()?;
    house = house.serving(SETTINGS).await?;
    // From then on people are called, also where another process has still to come.
    let back = house.since();
    tell.send_replace(house.target());
    stage.say("  it is back, with all of them at the door");
    let came = wave.ends().await;
    let tried = format!("{people} people, {FIRST} a second at first, killed after {} ms", DIES.as_millis());
    let mut verdicts = vec![came.all_in(&tried), came.in_order(&tried, stage.options.nodes)];
    let check = "after the outage all are in in the computed time";
    verdicts.push(came.in_time(check, &tried, back, computed));
    let at_first = came.entered_within(back, AT_FIRST);
    // What a few seconds let in at the first pace and a little more, and never a crowd. Two processes that grow by half a
    // second after the other let in 78 in four of them.
    let bound =
        usize::try_from(if is_two { FIRST * 16 } else { FIRST * 6 }).unwrap_or(30).min(came.0.len() * 3 / 4);
    let found = if at_first > bound {
        vec![format!("{at_first} were let in within {} s, and {bound} are allowed", AT_FIRST.as_secs())]
    } else {
        Vec::new()
    };
    let check = "with all of them at the door no more are let in than can be signed in";
    let verdict = Verdict::of(check, &tried, u64::from(people), found);
    verdicts.push(verdict.noting(format!("{at_first} within {} s", AT_FIRST.as_secs())));
    let unanswered = came.0.iter().filter(|person| person.unanswered > 0).count();
    let found =
        if unanswered == 0 { vec!["nobody was left without an answer".to_owned()] } else { Vec::new() };
    verdicts.push(Verdict::of("the outage was one", &tried, u64::from(people), found));
    house.end().await?;
    verdicts.push(journal_verifies(&house, u64::from(people))?);
    Ok(verdicts)
}

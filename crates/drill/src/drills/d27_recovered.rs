//! D27: it is back, everybody hears of it, and everybody comes at once. People wait in line, the product dies, and is
//! started again with all of them at the door: they keep their places, and are let in no faster than before.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::harness::{Failure, House, Verdict};
use crate::kit::guesses::LONG;
use crate::kit::line::{Came, Wave, opened};
use crate::kit::stage::{Stage, figure, journal_verifies};

/// Subscribers at most: a crowd of which a few seconds let in a part.
const SUBJECTS: u64 = 400;
/// In a short run.
const FEW: u64 = 60;
/// So many a second are let in at the least.
const FIRST: u32 = 5;
const SETTINGS: &str = "[server]\nconnections_per_address = 10_000\n[waiting_room]\nfirst = 5\nasks_least = \"1 s\"\n\
                        asks_most = \"2 s\"\n";
/// Everybody comes within this time.
const WITHIN: Duration = Duration::from_millis(500);
/// So long it is waited at most, after everybody was answered, until the store knows of them. Whoever came in the last two
/// seconds is never called, so that on an idle machine nobody has been when the product dies.
const COUNTED: Duration = Duration::from_secs(2);
/// How long after the end of the outage it is looked how many were let in; less where few wait by then.
const AT_FIRST: [u64; 4] = [4, 3, 2, 1];
/// Beside the time for which people are let in: until they are counted, and until they ask again.
const BESIDE: Duration = Duration::from_secs(9);

/// Plays D27.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    // Two processes sign in as many each as one does.
    let is_two = stage.options.nodes > 1;
    let few = if is_two { 2 * FEW } else { FEW };
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
    opened(&house, true).await?;
    let people = u32::try_from(world.accounts.len()).unwrap_or(u32::MAX);
    let computed = Duration::from_secs(u64::from(people / FIRST)) + BESIDE;
    let times = (WITHIN, computed.saturating_mul(4));
    let began = Instant::now();
    let wave = Wave::comes(&world.accounts, &at, times, &stage.draw);
    wave.all_are_answered().await?;
    let most = counted(&house, wave.placed()).await?;
    house.kill()?;
    let died = Instant::now();
    let waiting = in_line(&house)?;
    stage.say(&format!("  {people} people came, and {waiting} wait in line when the product dies"));
    let begins = Instant::now();
    house = house.serving(SETTINGS).await?;
    // From then on people are called, also where another process has still to come.
    let back = house.since();
    let told = Instant::now();
    tell.send_replace(house.target());
    stage.say("  it is back, with all of them at the door");
    let came = wave.ends().await;
    let tried = format!("{people} people, {FIRST} a second at first, killed when {waiting} waited");
    let mut verdicts = vec![came.all_in(&tried), came.in_order(&tried, stage.options.nodes)];
    let check = "after the outage all are in in the computed time";
    verdicts.push(came.in_time(check, &tried, back, computed));
    let outage = Outage { began, most, waiting, died, begins, told };
    verdicts.push(outage.held(&came, &tried, u32::try_from(stage.options.nodes).unwrap_or(1)));
    let found = if came.unanswered() == 0 {
        vec!["nobody was left without an answer".to_owned()]
    } else {
        Vec::new()
    };
    verdicts.push(Verdict::of("the outage was one", &tried, u64::from(people), found));
    house.end().await?;
    verdicts.push(journal_verifies(&house, u64::from(people))?);
    Ok(verdicts)
}

/// Waits until the store knows of that many who wait, or as long as that may take; the most it knew of.
async fn counted(house: &House, placed: usize) -> Result<u64, Failure> {
    let deadline = Instant::now() + COUNTED;
    let mut most = 0;
    while Instant::now() < deadline && most < u64::try_from(placed).unwrap_or(u64::MAX) {
        // It is told after each second's exchange, when nobody is uncounted.
        most = most.max(figure(house.monitor(), "honnin_waiting_room_people").await?.unwrap_or(0));
        sleep(Duration::from_millis(50)).await;
    }
    Ok(most)
}

/// How many wait as the store knows it, with nobody serving.
fn in_line(house: &House) -> Result<u64, Failure> {
    let ran = house.command(["waiting-room", "show", "--json"])?;
    let said: Option<serde_json::Value> = serde_json::from_str(&ran.out).ok();
    let waiting = said.as_ref().and_then(|said| said.get("waiting")?.as_u64());
    waiting.ok_or_else(|| {
        Failure::Product(format!("waiting-room show ended with {:?}: {}", ran.code, ran.err.trim()))
    })
}

/// An outage as it was measured.
#[derive(Debug)]
struct Outage {
    /// When people began to come.
    began: Instant,
    /// The most who waited before it, and how many when the product died, as the store knew.
    most: u64,
    waiting: u64,
    died: Instant,
    /// When it was begun to start the product again, and when those who wait were told where.
    begins: Instant,
    told: Instant,
}

impl Outage {
    /// Whether those who waited were held back afterwards: of them no more may be in than the product's own pace allows
    /// from its start on. Whoever had been called before, or came too late to be counted, may come in beside them.
    fn held(&self, came: &Came, tried: &str, nodes: u32) -> Verdict {
        let out = u64::try_from(came.out_at(self.died)).unwrap_or(u64::MAX);
        let beside = out.saturating_sub(self.waiting);
        let nodes = u64::from(nodes);
        let allowed = |seconds: u64| {
            let since = self.told.saturating_duration_since(self.begins) + Duration::from_secs(seconds);
            beside + nodes * called_within(since)
        };
        // Where a machine is slow less time is looked at: with a bound that nobody reaches nothing would be shown.
        let seconds = AT_FIRST.into_iter().find(|seconds| allowed(*seconds) * 4 <= out * 3).unwrap_or(1);
        let (bound, found) = (allowed(seconds), came.entered_within(self.told, Duration::from_secs(seconds)));
        let found = u64::try_from(found).unwrap_or(u64::MAX);
        let mut wrong = Vec::new();
        if found > bound {
            wrong.push(format!("{found} were let in within {seconds} s, and {bound} are allowed"));
        }
        let before = nodes * called_within(self.died.saturating_duration_since(self.began));
        if self.waiting == 0 || self.most.saturating_sub(self.waiting) > before {
            wrong.push(format!(
                "of {} who waited {} were left when it died, and {before} may have been called",
                self.most, self.waiting
            ));
        }
        let check = "with all of them at the door no more are let in than can be signed in";
        Verdict::of(check, tried, out, wrong)
            .noting(format!("{found} within {seconds} s; {bound} are allowed"))
    }
}

/// How many one process may call within that time of its start: each second an eighth more than the second before, from
/// the first pace on, and once more where it looked just before.
fn called_within(time: Duration) -> u64 {
    let (mut sum, mut rate) = (0_u64, u64::from(FIRST) * 1_000);
    for _second in 0..=time.as_secs() {
        rate = rate.saturating_add(rate / 8);
        sum = sum.saturating_add(rate);
    }
    sum / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_called_is_what_the_pace_allows() {
        assert_eq!(called_within(Duration::from_millis(900)), 5);
        assert_eq!(called_within(Duration::from_millis(3_100)), 27);
        assert_eq!(called_within(Duration::from_millis(4_900)), 36);
    }
}

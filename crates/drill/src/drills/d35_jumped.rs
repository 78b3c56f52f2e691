//! D35: a clock that jumps: ahead and back, by hours and by more than a year, in the middle of reads and before a start.
//! It is said at once where people and machines look, nobody's page stops for it, and there is a way out.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::client::Request;
use crate::harness::{Failure, House, Verdict};
use crate::kit::stage::{Stage, ask, get_as};
use crate::kit::tally::Findings;

const SUBJECTS: u64 = 4;
/// From so many seconds on a run has all jumps.
const LONG: u64 = 10;
/// How long it may take until it is said: figures are taken every five seconds.
const AT_ONCE: Duration = Duration::from_secs(15);
const ASK: Duration = Duration::from_millis(100);
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// Where the clock of a demo is told how far it is from the machine's, in milliseconds.
const CLOCK: &str = "demo-clock";
/// Later than the newest moment of the ledger, and than this machine's clock, by years.
const LATER: &str = "2040-01-01T00:00:00+09:00";
/// What readiness says of a clock that jumped.
const SAID: &str = "the clock was set";

/// What came of all jumps.
#[derive(Default)]
struct Came {
    jumps: u64,
    silent: Findings,
    stopped: Findings,
    stuck: Findings,
    wrong: Findings,
    /// How often the moments of figures were looked at.
    looked: u64,
    /// The moments that stand beside figures while the clock is right: of the ledger, and of no clock.
    moments: BTreeSet<String>,
    slowest: Duration,
}

/// Plays D35.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let world = stage.world(SUBJECTS)?;
    let mut house = stage.house(world.ledger(), world.vocabulary.subjects()).await?;
    let mut came = Came { moments: moments(&house).await?, ..Came::default() };
    // Each from where the one before has left it; after the last it is right again. A short run has the first two.
    let jumps = if stage.options.seconds < LONG { 2 } else { usize::MAX };
    let all = [
        (3 * HOUR, "three hours ahead"),
        (-3 * HOUR, "three hours back"),
        (-3 * HOUR, "three hours behind"),
        (3 * HOUR, "three hours on again"),
        (400 * DAY, "400 days ahead"),
        (-400 * DAY, "400 days back"),
    ];
    for (millis, what) in all.into_iter().take(jumps) {
        stage.say(&format!("  {what}, in the middle of reads"));
        jump(&house, millis)?;
        // Beyond a year every session has ended, whoever set the clock.
        let shown = millis.abs() < DAY;
        came.seen(&house, what, shown).await?;
        came.accept(&house, what).await?;
    }
    stage.say("  years ahead at a start, and years behind at the next");
    house = house.shown_anew(&world.ledger(), LATER).await?;
    came.seen(&house, "years ahead, at the start", false).await?;
    // Nobody says that this clock is right.
    house = house.serving("").await?;
    came.seen(&house, "years behind, at the start", false).await?;
    came.accept(&house, "years behind, at the start").await?;
    let verified = house.command(["journal", "verify"])?;
    let times = if verified.code == Some(0) { Vec::new() } else { vec![verified.err.trim().to_owned()] };
    let Came { jumps, silent, stopped, stuck, wrong, looked, slowest, .. } = came;
    let tried = "3 h and 400 days, ahead and back, in the middle of reads; years, ahead and back, between an end and a start";
    Ok(vec![
        Verdict::of(
            "readiness, metrics and doctor say at once that the clock jumped",
            tried,
            jumps,
            silent.told(),
        )
        .noting(format!("the slowest was said after {} ms", slowest.as_millis())),
        Verdict::of("nobody's own pages stop for it", tried, jumps, stopped.told()),
        Verdict::of("no page shows a figure with a moment that was not", tried, looked, wrong.told()),
        Verdict::of(
            "a person who has looked lets it be, and the journal says who",
            "clock accept",
            jumps,
            stuck.told(),
        ),
        Verdict::of("the order of the journal does not hang on the clock", "journal verify", jumps, times),
    ])
}

/// The moments that stand beside her figures, on every line of hers.
async fn moments(house: &House) -> Result<BTreeSet<String>, Failure> {
    let Some(session) = house.sessions().first() else {
        return Err(Failure::Product("nobody is signed in".to_owned()));
    };
    let me = ask(house.target(), &get_as(session, "/api/v1/me")).await?.text();
    let mut found = BTreeSet::new();
    for line in values(&me, "line") {
        for part in ["home", "buckets", "contract"] {
            let path = format!("/api/v1/lines/{line}/{part}");
            let answer = ask(house.target(), &get_as(session, &path)).await?;
            if answer.status != 200 {
                return Err(Failure::Product(format!("{path} answered {}", answer.status)));
            }
            found.extend(values(&answer.text(), "as_of").map(str::to_owned));
        }
    }
    if found.is_empty() {
        return Err(Failure::Product("no moment stands beside a figure".to_owned()));
    }
    Ok(found)
}

/// The texts of that member, wherever it stands in the JSON.
fn values<'a>(json: &'a str, member: &str) -> impl Iterator<Item = &'a str> {
    let key = format!("\"{member}\":\"");
    let places: Vec<usize> = json.match_indices(&key).map(|(at, key)| at + key.len()).collect();
    places.into_iter().filter_map(|at| json.get(at..)?.split('"').next())
}

/// Sets the clock so much further than it is.
fn jump(house: &House, millis: i64) -> Result<(), Failure> {
    let file = house.data().join(CLOCK);
    let what = || Failure::machine("set the clock of a demo");
    let before: i64 = fs::read_to_string(&file).map_err(what())?.trim().parse().unwrap_or(0);
    fs::write(&file, format!("{}\n", before + millis)).map_err(what())
}

impl Came {
    /// Whether everybody is told, and pages go on.
    async fn seen(&mut self, house: &House, what: &str, shown: bool) -> Result<(), Failure> {
        self.jumps += 1;
        let Some(session) = house.sessions().first() else {
            return Err(Failure::Product("nobody is signed in".to_owned()));
        };
        let begun = Instant::now();
        loop {
            // Reads go on meanwhile, and are what the journal takes.
            let answer = ask(house.target(), &get_as(session, "/api/v1/me")).await?;
            if shown && answer.status != 200 {
                self.stopped.add(format!("{what}: /api/v1/me answered {}", answer.status));
            }
            let said = ask(house.monitor(), &Request::get("/readyz")).await?;
            if said.text().contains(SAID) {
                if said.status != 200 {
                    self.stopped.add(format!("{what}: a balancer would send nobody here any more"));
                }
                break;
            }
            if begun.elapsed() > AT_ONCE {
                self.silent.add(format!("{what}: /readyz says {:?}", said.text().trim()));
                return Ok(());
            }
            sleep(ASK).await;
        }
        if shown {
            self.looked += 1;
            for moment in moments(house).await?.difference(&self.moments) {
                self.wrong.add(format!("{what}: {moment} stands beside a figure"));
            }
        }
        self.slowest = self.slowest.max(begun.elapsed());
        if !said_within(house, "/metrics", "honnin_clock_apart 1").await? {
            self.silent.add(format!("{what}: no figure says so"));
        }
        let doctor = house.command(["doctor"])?;
        if !(doctor.out.contains("clock") && doctor.out.contains("honnin clock accept")) {
            self.silent.add(format!(
                "{what}: doctor says {:?}",
                doctor.out.lines().find(|line| line.starts_with("clock"))
            ));
        }
        Ok(())
    }

    /// A person has looked and lets it be.
    async fn accept(&mut self, house: &House, what: &str) -> Result<(), Failure> {
        let accepted = house.act(["clock", "accept", "--yes"])?;
        let ready = said_within(house, "/readyz", "ready\n").await?;
        if accepted.code != Some(0) || !ready {
            self.stuck.add(format!(
                "{what}: clock accept ended with {:?}: {}",
                accepted.code,
                accepted.err.trim()
            ));
        }
        Ok(())
    }
}

/// Whether the operator's listener answers that soon. What ends in a line feed has to be the whole answer.
async fn said_within(house: &House, path: &str, wanted: &str) -> Result<bool, Failure> {
    let begun = Instant::now();
    while begun.elapsed() < AT_ONCE {
        let text = ask(house.monitor(), &Request::get(path)).await?.text();
        if if wanted.ends_with('\n') { text == wanted } else { text.contains(wanted) } {
            return Ok(true);
        }
        sleep(ASK).await;
    }
    Ok(false)
}

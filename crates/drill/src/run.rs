//! Running drills one after another, and putting together what they say.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use honnin_terms::{Clock, Moment};

use crate::drills::{self, Drill, Play, Playing};
use crate::harness::{Failure, Outcome, Report, Run, Verdict};
use crate::kit::stage::{Stage, said_by};
use crate::seed::Draw;

/// Takes a line of progress.
pub type Say = Arc<dyn Fn(&str) + Send + Sync>;

/// How to run drills.
#[derive(Clone)]
pub struct Options {
    /// The program that is tried.
    pub binary: PathBuf,
    /// Another build of it, for drills that have two; nothing for a copy that differs in its hash alone.
    pub other_build: Option<PathBuf>,
    /// What stands in its environment: nothing, save where a drill is tried on a program that does wrong.
    pub environment: Vec<(String, String)>,
    /// What decides everything that is left to chance.
    pub seed: u64,
    /// Seconds of load for each drill.
    pub seconds: u64,
    /// How many watermarked subjects.
    pub subjects: u64,
    /// How many connections at once.
    pub connections: usize,
    /// How many processes serve, where a drill serves as in earnest: one, or two on one PostgreSQL.
    pub nodes: usize,
    /// Tells when a run began and ended.
    pub clock: Arc<dyn Clock>,
    /// Names what was run by its octets. Hashes have a room of their own, so it is passed in.
    pub digest: fn(&[u8]) -> String,
    /// Where one check is all that is asked: its words, and how long a drill may take over it. A drill may end when that check
    /// has failed.
    pub enough: Option<Enough>,
    /// Is told how far it is.
    pub progress: Say,
    /// Is told each verdict, a line each.
    pub verdict: Say,
}

/// One check that is all that is asked of a drill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enough {
    /// Words of the check.
    pub check: String,
    /// The drill is broken off after so long.
    pub within: Duration,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { binary, other_build, environment, seed, seconds, subjects, connections, .. } = self;
        f.debug_struct("Options")
            .field("binary", binary)
            .field("other_build", other_build)
            .field("environment", environment)
            .field("seed", seed)
            .field("seconds", seconds)
            .field("subjects", subjects)
            .field("connections", connections)
            .finish_non_exhaustive()
    }
}

/// Runs the named drills, or every one for `all`, in the order of the list.
///
/// # Errors
/// [`Failure`] where a name is no drill or the product cannot be run at all. What a drill finds, and a drill that
/// breaks, stand in the report.
pub fn run(names: &[String], options: &Options) -> Result<Report, Failure> {
    let chosen = choose(names)?;
    let what = || format!("read {}", options.binary.display());
    let build = (options.digest)(&fs::read(&options.binary).map_err(Failure::machine(what()))?);
    let product = said_by(&options.binary, &["--version"])?;
    let configuration = (options.digest)(said_by(&options.binary, &["config", "default"])?.as_bytes());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::machine("start the threads of a drill"))?;
    let began = now(options);
    let mut outcomes = Vec::new();
    for (place, drill) in (1..).zip(&chosen) {
        (options.progress)(&format!("{} ({place} of {}): {}", drill.name, chosen.len(), drill.incident));
        let began = now(options);
        let run = match drill.play {
            None => Run::NotYet,
            Some(play) => {
                let stage = Stage::new(options.clone(), Draw::new(options.seed));
                match runtime.block_on(within(&stage, play)) {
                    Ok(verdicts) => Run::Done { verdicts },
                    Err(Failure::Missing(why)) => Run::Skipped { why },
                    Err(failure) => Run::Broken { why: failure.to_string() },
                }
            }
        };
        let (name, incident) = (drill.name.to_owned(), drill.incident.to_owned());
        let outcome = Outcome { drill: name, incident, began, ended: now(options), run };
        tell(&outcome, options);
        outcomes.push(outcome);
    }
    let (seed, seconds) = (options.seed, options.seconds);
    let (product, ended) = (product.trim().to_owned(), now(options));
    Ok(Report { product, build, configuration, seed, seconds, began, ended, drills: outcomes })
}

/// Plays a drill, for as long as it may take.
fn within(stage: &Stage, play: Play) -> Playing<'_> {
    let playing = play(stage);
    let Some(Enough { within, .. }) = &stage.options.enough else { return playing };
    Box::pin(async move {
        let ended = tokio::time::timeout(*within, playing).await;
        let over = || Failure::Product(format!("it was not over after {} s", within.as_secs()));
        ended.unwrap_or_else(|_| Err(over()))
    })
}

fn now(options: &Options) -> String {
    let now: Moment = options.clock.now();
    now.to_string()
}

fn choose(names: &[String]) -> Result<Vec<&'static Drill>, Failure> {
    let known = |name: &String| name == "all" || drills::find(name).is_some();
    if let Some(stranger) = names.iter().find(|name| !known(name)) {
        return Err(Failure::Product(format!("there is no drill {stranger:?}; drill list names them")));
    }
    let wanted = |drill: &&Drill| names.iter().any(|name| name == "all" || drill.is_called(name));
    Ok(drills::list().iter().filter(wanted).collect())
}

/// One line for each verdict.
fn tell(outcome: &Outcome, options: &Options) {
    let say = |text: String| (options.verdict)(&text);
    match &outcome.run {
        Run::NotYet => say(format!("{}  not yet", outcome.drill)),
        Run::Skipped { why } => say(format!("{}  skipped: {why}", outcome.drill)),
        Run::Broken { why } => say(format!("{}  FAIL  could not be run to its end: {why}", outcome.drill)),
        Run::Done { verdicts } => {
            for Verdict { check, pass, tried, times, found, noted } in verdicts {
                let word = if *pass { "pass" } else { "FAIL" };
                let found = if found.is_empty() { "nothing".to_owned() } else { found.join("; ") };
                let noted =
                    if noted.is_empty() { String::new() } else { format!("; noted: {}", noted.join("; ")) };
                say(format!(
                    "{}  {word}  {check}: {tried}, {times} times; found: {found}{noted}",
                    outcome.drill
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Result<Vec<&'static str>, String> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let chosen = choose(&names).map_err(|failure| failure.to_string())?;
        Ok(chosen.into_iter().map(|drill| drill.name).collect())
    }

    #[test]
    fn drills_are_chosen_by_name_and_a_stranger_is_refused() {
        assert_eq!(names(&["d03", "D01"]).unwrap(), ["D01", "D03"]);
        assert_eq!(names(&["all"]).unwrap().len(), 36);
        assert_eq!(names(&[]).unwrap(), Vec::<&str>::new());
        assert!(names(&["D01", "D99"]).unwrap_err().contains("\"D99\""));
    }

    fn stage(check: &str) -> Stage {
        let enough = Some(Enough { check: check.to_owned(), within: Duration::from_millis(20) });
        let options = Options {
            binary: PathBuf::new(),
            other_build: None,
            environment: Vec::new(),
            seed: 1,
            seconds: 1,
            subjects: 1,
            connections: 1,
            nodes: 1,
            clock: Arc::new(honnin_testkit::FixedClock::at("2026-11-20T06:00:00+09:00")),
            digest: |_| String::new(),
            enough,
            progress: Arc::new(|_| {}),
            verdict: Arc::new(|_| {}),
        };
        Stage::new(options, Draw::new(1))
    }

    #[tokio::test]
    async fn a_drill_of_which_one_check_is_asked_is_broken_off_after_its_time() {
        let broken = within(&stage("a"), |_| Box::pin(std::future::pending())).await;
        assert_eq!(broken.unwrap_err().to_string(), "it was not over after 0 s");
        let done = within(&stage("a"), |_| Box::pin(async { Ok(Vec::new()) })).await;
        assert!(done.unwrap().is_empty());
    }

    #[test]
    fn the_one_check_that_is_asked_is_enough_when_it_was_tried_and_has_failed() {
        let stage = stage("in within 2 s");
        let verdict = |check: &str, times, found: &[&str]| {
            Verdict::of(check, "b", times, found.iter().map(|&what| what.to_owned()).collect())
        };
        assert!(stage.has_enough(&[verdict("all", 1, &["c"]), verdict("all in within 2 s", 1, &["c"])]));
        for other in [
            verdict("all in within 2 s", 1, &[]),
            verdict("all in within 2 s", 0, &["c"]),
            verdict("all are in", 1, &["c"]),
        ] {
            assert!(!stage.has_enough(&[other]));
        }
    }
}

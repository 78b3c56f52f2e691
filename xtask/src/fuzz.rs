//! The fuzzer: every target built once, run for a minute each, and judged by the lines it had to reach.
//!
//! A minute that never came to the code it was meant for proves nothing. So `fuzz/lines.txt` names lines, and a target
//! that did not reach each of its own has failed, whatever it found.

mod lines;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lines::{Named, Reached};

use crate::tool;
use crate::{Failure, tidy};

/// Seconds for each target, where nothing is said.
pub(crate) const SECONDS: u64 = 60;

/// The longest input. A mapping file of every kind is shorter, and longer ones only take longer.
const LONGEST: u64 = 4096;

/// What became of one target.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) target: String,
    /// Inputs played.
    pub(crate) played: u64,
    pub(crate) seconds: u64,
    /// The named lines and how often each was reached.
    pub(crate) lines: Vec<Reached>,
    /// What ended the run before its time.
    pub(crate) finding: Option<String>,
}

impl Outcome {
    /// As a row of a table.
    pub(crate) fn row(&self) -> String {
        let Self { target, played, seconds, lines, .. } = self;
        let reached = lines.iter().filter(|line| line.count > 0).count();
        let verdict = if self.is_well() { "well" } else { "FAILED" };
        format!("| {target} | {verdict} | {played} in {seconds} s | {reached} of {} |", lines.len())
    }

    /// Whether nothing was found and every named line was reached.
    pub(crate) fn is_well(&self) -> bool {
        self.finding.is_none() && !self.lines.is_empty() && self.lines.iter().all(|line| line.count > 0)
    }
}

/// What can be asked of the fuzzer.
#[derive(Debug, clap::Args)]
pub(crate) struct Asked {
    /// Targets; all of them where none is named
    targets: Vec<String>,
    /// Duration of each target, in seconds
    #[arg(long, default_value_t = SECONDS)]
    seconds: u64,
    /// Keep in the tree what reached something new
    #[arg(long)]
    keep: bool,
    /// Directory to build and work in (target/fuzz)
    #[arg(long)]
    out: Option<PathBuf>,
}

/// `cargo xtask fuzz [TARGET…]`.
pub(crate) fn command(asked: Asked) -> Result<(), Failure> {
    let Asked { targets, seconds, keep, out } = asked;
    let outcomes = run(&targets, seconds, out, keep)?;
    match outcomes.iter().filter(|outcome| !outcome.is_well()).count() {
        0 => Ok(()),
        count => Err(format!("{count} of {} targets failed", outcomes.len()).into()),
    }
}

/// Builds and runs the named targets, or all of them.
pub(crate) fn run(
    wanted: &[String],
    seconds: u64,
    out: Option<PathBuf>,
    keep: bool,
) -> Result<Vec<Outcome>, Failure> {
    let root = tidy::root();
    let named = lines::named(&root)?;
    let all = targets(&root)?;
    if let Some(stranger) = wanted.iter().find(|name| !all.contains(name)) {
        return Err(format!("no target {stranger:?}; there are {}", all.join(", ")).into());
    }
    let fuzzer = Fuzzer::build(root.clone(), out.unwrap_or_else(|| root.join("target/fuzz")))?;
    let mut outcomes = Vec::new();
    for target in all.iter().filter(|name| wanted.is_empty() || wanted.contains(name)) {
        let named: Vec<&Named> = named.iter().filter(|named| named.target == *target).collect();
        let outcome = fuzzer.fuzz(target, seconds, &named)?;
        tell(&outcome);
        if keep {
            fuzzer.keep(target)?;
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

fn tell(outcome: &Outcome) {
    let Outcome { target, played, seconds, lines, finding } = outcome;
    let verdict = if outcome.is_well() { "well" } else { "FAILED" };
    println!("{target}: {verdict}: {played} inputs in {seconds} s");
    for line in lines {
        println!("  {:>10}  {}: {}", line.count, line.path, line.text);
    }
    if let Some(finding) = finding {
        println!("{finding}");
    }
}

/// The names of all targets.
fn targets(root: &Path) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join("fuzz/fuzz_targets"))? {
        names.extend(entry?.path().file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// The built targets.
struct Fuzzer {
    root: PathBuf,
    /// Where everything of a run goes.
    out: PathBuf,
    /// Reads and merges what a run counted.
    profdata: PathBuf,
    cov: PathBuf,
}

impl Fuzzer {
    /// Builds them with the address sanitiser, with the compiler the product is built with.
    fn build(root: PathBuf, out: PathBuf) -> Result<Self, Failure> {
        tool::needs("cargo", &["fuzz", "--version"], "cargo install --locked cargo-fuzz@0.13.2")?;
        tool::needs("c++", &["--version"], "apt-get install -y --no-install-recommends g++")?;
        let [profdata, cov] = ["llvm-profdata", "llvm-cov"].map(tool::llvm);
        let (profdata, cov) = (profdata?, cov?);
        let mut build = Command::new("cargo");
        build.args(["fuzz", "build", "--release", "--sanitizer", "address", "--target-dir"]).arg(&out);
        // The sanitiser is a switch of the compiler that is not stable; the compiler is.
        build.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", "-C instrument-coverage");
        build.current_dir(&root).stdin(Stdio::null());
        if !build.status()?.success() {
            return Err("the targets do not build".into());
        }
        Ok(Self { root, out, profdata, cov })
    }

    fn binary(&self, target: &str) -> Result<PathBuf, Failure> {
        let host = tool::host()?;
        Ok(self.out.join(host).join("release").join(target))
    }

    fn corpus(&self, target: &str) -> PathBuf {
        self.root.join("fuzz/corpus").join(target)
    }

    fn work(&self, target: &str) -> PathBuf {
        self.out.join("work").join(target)
    }

    /// The target with everything set but what it is to do.
    fn start(&self, target: &str, profile: &Path) -> Result<Command, Failure> {
        // Directories that a target makes and an ended process leaves behind.
        let scratch = self.out.join("scratch");
        fs::create_dir_all(&scratch)?;
        let mut command = Command::new(self.binary(target)?);
        command.env("TMPDIR", &scratch).env("LLVM_PROFILE_FILE", profile);
        // What the stage holds at the end is not a leak.
        command.env("ASAN_OPTIONS", "detect_odr_violation=0:detect_leaks=0");
        command.current_dir(&self.out).stdin(Stdio::null());
        Ok(command)
    }

    fn fuzz(&self, target: &str, seconds: u64, named: &[&Named]) -> Result<Outcome, Failure> {
        let work = self.work(target);
        // What an earlier run found would be counted as found by this one.
        if work.exists() {
            fs::remove_dir_all(&work)?;
        }
        fs::create_dir_all(&work)?;
        let artifacts = self.root.join("fuzz/artifacts").join(target);
        fs::create_dir_all(&artifacts)?;
        let mut command = self.start(target, Path::new("/dev/null"))?;
        command.arg(&work).arg(self.corpus(target));
        command.arg(format!("-max_total_time={seconds}")).arg(format!("-max_len={LONGEST}"));
        command.args(["-timeout=60", "-rss_limit_mb=4096", "-print_final_stats=1"]);
        command.arg(format!("-artifact_prefix={}/", artifacts.display()));
        let output = command.output().map_err(|error| format!("run {target}: {error}"))?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let finding = (!output.status.success()).then(|| last(&said));
        let played = stat(&said, "stat::number_of_executed_units:");
        let lines = self.reached(target, named)?;
        fs::remove_dir_all(self.out.join("scratch"))?;
        Ok(Outcome { target: target.to_owned(), played, seconds, lines, finding })
    }

    /// Plays everything the run kept once more, and says how often each named line was reached.
    fn reached(&self, target: &str, named: &[&Named]) -> Result<Vec<Reached>, Failure> {
        let profile = self.out.join(format!("{target}.profraw"));
        let mut command = self.start(target, &profile)?;
        command.arg(self.work(target)).arg(self.corpus(target)).arg("-runs=0");
        let output = command.output().map_err(|error| format!("run {target}: {error}"))?;
        if !output.status.success() {
            return Err(
                format!("play {target} again: {}", last(&String::from_utf8_lossy(&output.stderr))).into()
            );
        }
        let merged = self.out.join(format!("{target}.profdata"));
        let mut merge = Command::new(&self.profdata);
        merge.args(["merge", "--sparse", "--output"]).arg(&merged).arg(&profile);
        tool::said(&mut merge)?;
        let mut export = Command::new(&self.cov);
        export.args(["export", "--format=lcov", "--skip-functions", "--skip-branches"]);
        export.args(["--ignore-filename-regex", "/registry/|/rustc/|/library/"]);
        export.arg("--instr-profile").arg(&merged).arg(self.binary(target)?);
        lines::reached(&self.root, named, &tool::said(&mut export)?)
    }

    /// Takes over into the tree what reaches something new and is short.
    fn keep(&self, target: &str) -> Result<(), Failure> {
        let mut command = self.start(target, Path::new("/dev/null"))?;
        command.args(["-merge=1", "-max_len=512"]).arg(self.corpus(target)).arg(self.work(target));
        let output = command.output().map_err(|error| format!("run {target}: {error}"))?;
        if output.status.success() { Ok(()) } else { Err(format!("keep what {target} found").into()) }
    }
}

/// The number behind a word of the fuzzer.
fn stat(said: &str, word: &str) -> u64 {
    let number = said.lines().find_map(|line| line.strip_prefix(word));
    number.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
}

/// The last lines, where what was found stands.
fn last(said: &str) -> String {
    const LINES: usize = 40;
    let lines: Vec<&str> = said.lines().collect();
    let from = lines.len().saturating_sub(LINES);
    lines.get(from..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_named_lines_and_a_corpus() {
        let root = tidy::root();
        let named = lines::named(&root).unwrap();
        let targets = targets(&root).unwrap();
        assert!(targets.len() >= 7, "{targets:?}");
        for target in &targets {
            assert!(named.iter().any(|named| named.target == *target), "{target} names no line");
            assert!(root.join("fuzz/corpus").join(target).is_dir(), "{target} has no corpus");
        }
        assert!(named.iter().all(|named| targets.contains(&named.target)), "a line is named for no target");
    }

    #[test]
    fn a_run_is_well_only_where_it_reached_its_lines() {
        let line = |count| Reached { path: "a.rs".to_owned(), text: "fn a".to_owned(), count };
        let outcome =
            |lines, finding| Outcome { target: "a".to_owned(), played: 1, seconds: 1, lines, finding };
        assert!(outcome(vec![line(3)], None).is_well());
        assert!(!outcome(vec![line(3), line(0)], None).is_well());
        assert!(!outcome(vec![], None).is_well());
        assert!(!outcome(vec![line(3)], Some("crash".to_owned())).is_well());
        assert_eq!(stat("a\nstat::number_of_executed_units: 42\n", "stat::number_of_executed_units:"), 42);
    }
}

//! The gate: every test the project has, and the checks around them.
//!
//! One profile for everything. Build scripts compile C (the cipher library, the embedded engine) once per profile,
//! and the demo needs the release build anyway; clippy and the tests of the same profile share what those made.

mod failures;
mod times;

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use self::failures::Failures;
use crate::{Failure, controls, layers, tidy};

/// A tool without which nothing can begin: how to ask for it, and where Debian has it.
const TOOLS: [(&str, &[&str], &str); 3] = [
    ("cc", &["--version"], "apt-get install -y --no-install-recommends gcc libc6-dev"),
    (
        "cargo",
        &["fmt", "--version"],
        "apt-get install -y --no-install-recommends rustfmt, or rustup component add rustfmt",
    ),
    (
        "cargo",
        &["clippy", "--version"],
        "apt-get install -y --no-install-recommends rust-clippy, or rustup component add clippy",
    ),
];

/// Programs that stand before the product in some drills and in the tests of `examples/`, what these are given a machine of
/// their own with, the server of the second engine with its pooler and what makes a cluster of two, and a token of PKCS#11 in files: where each lies, and Debian's package.
const PROXIES: [(&str, &str); 12] = [
    ("/usr/sbin/nginx", "nginx-light"),
    ("/usr/sbin/varnishd", "varnish"),
    ("/usr/sbin/haproxy", "haproxy"),
    ("/usr/bin/caddy", "caddy"),
    ("/usr/bin/curl", "curl"),
    ("/usr/bin/ip", "iproute2"),
    ("/usr/bin/promtool", "prometheus"),
    ("/usr/bin/pg_ctlcluster", "postgresql"),
    ("/usr/sbin/pgbouncer", "pgbouncer"),
    ("/usr/bin/patroni", "patroni"),
    ("/usr/bin/etcd", "etcd-server"),
    ("/usr/bin/softhsm2-util", "softhsm2"),
];

/// What a step does.
enum How {
    /// Asks cargo.
    Cargo(&'static [&'static str], &'static [(&'static str, &'static str)]),
    /// Asks cargo for tests, whose closing lines are added up.
    Tests(&'static [&'static str]),
    /// Does one of our own chores.
    Chore(fn() -> Result<(), Failure>),
}

/// A step of the gate: its name, its budget in seconds on two cores with nothing compiled, and what it does. One that
/// takes more than a fifth longer than its budget fails.
struct Step(&'static str, u64, How);

/// The gate, in order. One profile for everything: clippy and the tests share what the build scripts made.
const STEPS: [Step; 8] = [
    Step("format", 20, How::Cargo(&["fmt", "--all", "--check"], &[])),
    Step(
        "clippy",
        600,
        How::Cargo(
            &["clippy", "--locked", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"],
            &[],
        ),
    ),
    Step("tidy", 20, How::Chore(tidy::check)),
    Step(
        "tests",
        1700,
        How::Tests(&[
            "test",
            "--locked",
            "--release",
            "--workspace",
            "--no-fail-fast",
            "--",
            "--skip",
            "drill::",
        ]),
    ),
    Step(
        "drills",
        900,
        How::Tests(&[
            "test",
            "--locked",
            "--release",
            // Not the package alone: its libraries would be compiled anew, with fewer features.
            "--workspace",
            "--test",
            "it",
            "--",
            "drill::",
        ]),
    ),
    Step("layers", 300, How::Chore(layers::in_the_gate)),
    Step("drill-controls, the short ones", 480, How::Chore(controls::in_the_gate)),
    Step(
        "documentation",
        360,
        How::Cargo(
            &["doc", "--locked", "--release", "--workspace", "--no-deps", "--document-private-items"],
            &[("RUSTDOCFLAGS", "-D warnings")],
        ),
    ),
];

/// How much passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
}

impl Tally {
    fn step(&mut self, well: bool) {
        if well {
            self.passed += 1;
        } else {
            self.failed += 1;
        }
    }

    /// Adds the closing line of one test binary: `test result: ok. 8 passed; 0 failed; …`.
    fn add(&mut self, line: &str) {
        let Some(rest) = line.trim_start().strip_prefix("test result: ") else { return };
        let count = |word: &str| {
            let part = rest.split([';', '.']).map(str::trim).find(|part| part.ends_with(word))?;
            part.split(' ').next()?.parse::<u64>().ok()
        };
        self.passed += count(" passed").unwrap_or(0);
        self.failed += count(" failed").unwrap_or(0);
    }
}

/// `cargo xtask test`.
pub(crate) fn command() -> Result<(), Failure> {
    look_for_tools()?;
    look_for_proxies();
    let (mut tally, mut failures) = (Tally::default(), Failures::default());
    let mut times = times::Times::begin();
    for Step(name, budget, how) in STEPS {
        let watch = Watch::start();
        let passed = match how {
            How::Cargo(words, environment) => run(words, environment)?,
            How::Tests(words) => run_tests(words, &mut tally, &mut failures)?,
            How::Chore(chore) => passes(name, chore),
        };
        let taken = watch.seconds();
        let in_time = times.note(name, taken, budget);
        // Tests were added up one by one.
        if !matches!(how, How::Tests(_)) || !in_time {
            tally.step(passed && in_time);
        }
        let verdict = if passed { "passed" } else { "FAILED" };
        println!("{name}: {verdict} in {taken} s");
        if !in_time {
            println!("{name}: FAILED: its budget is {budget} s, and a fifth more is allowed");
        }
    }
    for line in failures.told() {
        println!("{line}");
    }
    println!();
    println!("times: {}", times.write()?);
    println!("{} passed, {} failed", tally.passed, tally.failed);
    if tally.failed == 0 { Ok(()) } else { Err("the gate is closed".into()) }
}

fn look_for_tools() -> Result<(), Failure> {
    let missing = TOOLS.iter().filter(|(program, words, _)| {
        let mut asked = Command::new(program);
        asked.args(*words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        !asked.status().is_ok_and(|status| status.success())
    });
    let missing: Vec<String> =
        missing.map(|(program, words, from)| format!("{program} {}: {from}", words.join(" "))).collect();
    if missing.is_empty() {
        println!("tools: all there, nothing is installed");
        return Ok(());
    }
    Err(format!("these are missing:\n  {}", missing.join("\n  ")).into())
}

/// Installs the proxies that are missing where this may be done; says aloud what is skipped without them.
fn look_for_proxies() {
    let missing = || -> Vec<&str> {
        let there = |place: &str| std::path::Path::new(place).is_file();
        PROXIES.iter().filter(|(place, _)| !there(place)).map(|(_, package)| *package).collect()
    };
    let wanted = missing();
    if wanted.is_empty() {
        println!("proxies: all there, nothing is installed");
        return;
    }
    if is_root() {
        println!("proxies: installing {}", wanted.join(" "));
        apt(&["update", "-q"]);
        apt(&[&["install", "-y", "-q", "--no-install-recommends"], wanted.as_slice()].concat());
    }
    let still = missing();
    if !still.is_empty() {
        println!(
            "proxies: SKIPPED: drills D07, D10, D11, D26 and D30, parts of D02 and D03, and tests of the metrics, the key agent, the README's real path, of \
             PostgreSQL and of examples/ are not run. As root: apt-get install -y --no-install-recommends {}",
            still.join(" ")
        );
    }
}

fn is_root() -> bool {
    let said = Command::new("id").arg("-u").stdin(Stdio::null()).output();
    said.is_ok_and(|said| said.stdout.trim_ascii() == b"0")
}

/// Asks apt; what it could not do is seen afterwards. Nothing is started by an installation: drills start their own.
fn apt(words: &[&str]) {
    let mut apt = Command::new("apt-get");
    apt.args(words).env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1").stdin(Stdio::null());
    drop(apt.status());
}

fn cargo(words: &[&str]) -> Command {
    println!();
    println!("== cargo {}", words.join(" "));
    let mut cargo = Command::new("cargo");
    cargo.args(words).current_dir(tidy::root()).stdin(Stdio::null());
    cargo
}

fn run(words: &[&str], environment: &[(&str, &str)]) -> Result<bool, Failure> {
    let status = cargo(words).envs(environment.iter().copied()).status();
    Ok(status.map_err(|error| format!("run cargo: {error}"))?.success())
}

/// Runs one of our own chores.
fn passes(name: &str, chore: fn() -> Result<(), Failure>) -> bool {
    println!();
    println!("== cargo xtask {name}");
    let outcome = chore();
    if let Err(error) = &outcome {
        println!("{name}: {error}");
    }
    outcome.is_ok()
}

/// Runs tests, passing their output on line by line.
fn run_tests(words: &[&str], tally: &mut Tally, failures: &mut Failures) -> Result<bool, Failure> {
    let mut child =
        cargo(words).stdout(Stdio::piped()).spawn().map_err(|error| format!("run cargo: {error}"))?;
    let before = *tally;
    let mut lines = BufReader::new(child.stdout.take().ok_or("read what the tests say")?);
    let mut line = Vec::new();
    let mut out = std::io::stdout();
    while lines.read_until(b'\n', &mut line)? > 0 {
        out.write_all(&line)?;
        let text = String::from_utf8_lossy(&line);
        tally.add(&text);
        failures.hear(&text);
        line.clear();
    }
    let ran = child.wait()?.success();
    // What does not compile, ends without its closing line or tries nothing is counted too.
    let tried = tally.passed > before.passed;
    if tally.failed == before.failed && !(ran && tried) {
        tally.failed += 1;
    }
    Ok(tally.failed == before.failed)
}

/// How long a step takes, for the eye.
struct Watch(std::time::Instant);

impl Watch {
    #[expect(clippy::disallowed_methods, reason = "a chore says how long its steps took")]
    fn start() -> Self {
        Self(std::time::Instant::now())
    }

    fn seconds(&self) -> u64 {
        self.0.elapsed().as_secs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_added_up_and_other_lines_are_not() {
        let mut tally = Tally::default();
        for line in [
            "test result: ok. 8 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.12s\n",
            "test result: FAILED. 30 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.53s\n",
            "9 passed; 9 failed\n",
            "test result_of_something ... ok\n",
            "\n",
        ] {
            tally.add(line);
        }
        assert_eq!(tally, Tally { passed: 38, failed: 2 });
    }
}

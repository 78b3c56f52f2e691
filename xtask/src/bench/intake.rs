//! How fast a ledger is taken in, beside a database that loads the same files as they are.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::figure::{Aim, Better, Figure, Short};
use super::section::Section;
use super::{Run, machine, read, stats};
use crate::{Failure, tidy, tool};

/// (e)
pub(super) fn intake(run: &Run) -> Result<Section, Failure> {
    tool::needs("sqlite3", &["--version"], "apt-get install -y --no-install-recommends sqlite3")?;
    let ground = run.small()?;
    let lines = stats::large(ground.lines);
    let (mut rounds, mut told) = (Vec::new(), String::new());
    for round in 0..if run.quick { 1 } else { 3 } {
        let directory = tempfile::tempdir_in(&run.scratch)?;
        let plain = loaded(&ground.ledger, directory.path())?;
        let (ours, said) = taken_in(run, &ground.ledger, directory.path())?;
        println!("  round {round}: sqlite3 {plain:.2} s, honnin {ours:.2} s");
        told = said;
        rounds.push((lines / plain, lines / ours));
    }
    let (plain, ours) = read::medians(&rounds);
    Ok(Section {
        words: vec![format!(
            "`honnin intake files` takes a ledger of {} lines into a new installation, on one core: rows are read, checked and \
             translated, figures put together by account, sealed and written durably. The baseline is the command `sqlite3`, which loads \
             the same files as they are into tables of text, durably (write-ahead log, `synchronous=FULL`), without understanding or sealing \
             anything. Medians of {} rounds.",
            Short(lines),
            rounds.len()
        )],
        figures: vec![Figure {
            name: "intake".to_owned(),
            value: ours,
            unit: "lines/s",
            baseline: ("sqlite3 loads the files", plain),
            better: Better::More,
            aim: Aim::None,
        }],
        more: vec![format!("A line (SIM) has six to seven rows in the files: `{}`.", told.trim())],
        ..Section::default()
    })
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn timed(mut command: Command) -> Result<(f64, String), Failure> {
    let begun = Instant::now();
    let said = tool::said(&mut command)?;
    Ok((begun.elapsed().as_secs_f64(), said))
}

fn taken_in(run: &Run, ledger: &Path, into: &Path) -> Result<(f64, String), Failure> {
    let (data, key) = (into.join("data"), into.join("key"));
    let mut init = Command::new(&run.programs.honnin);
    tool::said(init.arg("init").arg(&data).arg("--key-file").arg(&key))?;
    let mut command = machine::on_server_core(&run.programs.honnin);
    command.arg("--data").arg(&data).args(["intake", "files", "--as-of", &run.day, "--mapping"]);
    command.arg(tidy::root().join("examples/ledger-a/mapping.toml")).arg(ledger);
    let (seconds, said) = timed(command)?;
    Ok((seconds, said.lines().rfind(|line| line.contains("taken")).unwrap_or_default().to_owned()))
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn loaded(ledger: &Path, into: &Path) -> Result<f64, Failure> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(ledger)?.map(|entry| Ok(entry?.path())).collect::<Result<_, Failure>>()?;
    files.sort();
    let mut script = "PRAGMA journal_mode=WAL;\nPRAGMA synchronous=FULL;\n".to_owned();
    for (number, file) in
        files.iter().filter(|file| file.extension().is_some_and(|end| end == "csv")).enumerate()
    {
        let _ = writeln!(script, ".import --csv \"{}\" t{number}", file.display());
    }
    let mut command = machine::on_server_core(Path::new("sqlite3"));
    command.arg(into.join("plain.sqlite")).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let begun = Instant::now();
    let mut child = command.spawn()?;
    child.stdin.take().ok_or("sqlite3 has no input")?.write_all(script.as_bytes())?;
    let ended = child.wait_with_output()?;
    if !ended.status.success() {
        return Err(format!("sqlite3 failed: {}", String::from_utf8_lossy(&ended.stderr).trim()).into());
    }
    Ok(begun.elapsed().as_secs_f64())
}

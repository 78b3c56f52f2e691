//! Prints what questions to a journal cost: milliseconds, and the most memory the process ever had.
//!
//! `cargo bench -p honnin-journal [-- SIZE…]`, by default a million and ten million entries; a hundred million on
//! request (20 GB of disk, ten minutes). Every entry is appended and published as a running server does it; only its
//! sealed body is the same octets each time.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use honnin_journal::{Bounds, Entry, FileAnchor, Journal, Kind, LogKeys, Opening, Pseudonym, Query};
use honnin_seal::{MacKey, Secret, SigningKey, digest};
use honnin_terms::{Id, LogId, Moment};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Subscribers; a hundredth of all looks are of the first one.
const PEOPLE: u64 = 100_000;
/// Rows of a page, as her page 閲覧の記録 has them.
const PAGE: usize = 51;

#[expect(clippy::disallowed_methods, reason = "a measurement is made with a real clock")]
fn now() -> Instant {
    Instant::now()
}

fn person(number: u64) -> Pseudonym {
    Pseudonym(*digest(&[&number.to_be_bytes()]).first_chunk().unwrap_or(&[0; 16]))
}

fn start() -> Moment {
    Moment::EPOCH.plus_seconds(1_800_000_000)
}

/// A look at her own data; every hundredth at that of the first of all.
fn entry(number: u64) -> Entry {
    let who = if number.is_multiple_of(100) { 0 } else { number * 7_919 % PEOPLE };
    let blank =
        Entry::blank(Kind::Disclosure, start().plus_seconds(i64::try_from(number / 500).unwrap_or(0)), 1);
    Entry { viewer: person(who), owner: person(who), what: 1, channel: 1, body: vec![7; 95], ..blank }
}

fn open(dir: &Path) -> Result<Journal, Failure> {
    let root = Secret::from_octets([7; 32]);
    Ok(Journal::open(Opening {
        root: dir.join("journal"),
        log: LogId::from_octets([1; 16]),
        origin: "questions.example".to_owned(),
        keys: LogKeys { signing: SigningKey::of_seed(&root)?, chain: MacKey::of_secret(&root) },
        bounds: Bounds { most_segments: 64, most_waiting_octets: 64 << 20, ..Bounds::default() },
        anchor: Arc::new(FileAnchor(dir.join("anchors"))),
        steady: None,
        as_it_is: false,
    })?)
}

/// A line of the process's status, in MiB.
fn memory(line: &str) -> Result<u64, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let kib = status
        .lines()
        .find_map(|told| told.strip_prefix(line))
        .and_then(|told| told.split_whitespace().next());
    Ok(kib.ok_or("no such line")?.parse::<u64>()? / 1024)
}

fn fill(dir: &Path, entries: u64) -> Result<(), Failure> {
    let journal = open(dir)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut at = 0;
    while at < entries {
        let batch: Vec<_> =
            (at..entries.min(at + 5_000)).map(|number| journal.append(&entry(number))).collect();
        at += u64::try_from(batch.len())?;
        for one in batch {
            runtime.block_on(one)?;
        }
        if at.is_multiple_of(100_000) {
            journal.publish()?;
        }
    }
    journal.close()?;
    Ok(())
}

/// The median and the longest of a question put to many people, in milliseconds, with the rows found.
fn measured(
    people: &[u64],
    ask: impl Fn(&[Pseudonym]) -> Result<usize, Failure>,
) -> Result<(f64, f64, usize), Failure> {
    let (mut times, mut rows) = (Vec::new(), 0);
    for who in people {
        let started = now();
        rows += ask(&[person(*who)])?;
        times.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    Ok((times.get(times.len() / 2).copied().unwrap_or(0.0), times.last().copied().unwrap_or(0.0), rows))
}

#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
fn main() -> Result<(), Failure> {
    // A child of its own for each size, so that the memory is that of the questions and not of the filling.
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    if let [word, dir] = args.as_slice()
        && word == "ask"
    {
        return ask(Path::new(dir));
    }
    let mut sizes: Vec<u64> = args.iter().map(|size| size.parse()).collect::<Result<_, _>>()?;
    if sizes.is_empty() {
        sizes = vec![1_000_000, 10_000_000];
    }
    for size in sizes {
        let dir = std::env::temp_dir().join(format!("honnin-questions-{}", std::process::id()));
        let started = now();
        fill(&dir, size)?;
        let seconds = started.elapsed().as_secs_f64();
        println!("{size} entries written and indexed in {seconds:.0} s, {} MiB at most", memory("VmHWM:")?);
        let asked = std::process::Command::new(std::env::current_exe()?).arg("ask").arg(&dir).status()?;
        fs::remove_dir_all(&dir)?;
        if !asked.success() {
            return Err("the questions failed".into());
        }
    }
    Ok(())
}

fn query(pseudonyms: &[Pseudonym], limit: usize) -> Query<'_> {
    let (from, to) = (Moment::EPOCH, start().plus_seconds(1 << 30));
    Query { pseudonyms, from, to, before: None, limit }
}

#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
fn ask(dir: &Path) -> Result<(), Failure> {
    let journal = open(dir)?;
    let (size, before) = (journal.size(), memory("VmRSS:")?);
    let people: Vec<u64> = (1..=40).map(|n| n * 2_477).collect();
    for (what, people, limit) in [
        ("her page, 51 rows", &people[..], PAGE),
        ("everything of one", &people[..], 100_000),
        ("her page, of who looks most", &[0; 5][..], PAGE),
    ] {
        let read = |found: Vec<u64>| -> Result<usize, Failure> {
            for index in &found {
                journal.read_at(*index)?;
            }
            Ok(found.len())
        };
        let saw = measured(people, |names| read(journal.by_owner(&query(names, limit))?))?;
        let seen = measured(people, |names| read(journal.by_viewer(&query(names, limit))?))?;
        for (side, (median, longest, rows)) in [("who-saw", saw), ("seen-by", seen)] {
            println!(
                "{size:>11}  {side}  {what:<28} {median:>8.2} ms, at most {longest:>8.2} ms; {rows} rows of {} asked",
                people.len()
            );
        }
    }
    println!("{size:>11}  memory {} MiB at most, {before} MiB before the first question", memory("VmHWM:")?);
    Ok(())
}

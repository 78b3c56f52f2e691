//! D33: somebody with the data directory and without the key edits, cuts, swaps and puts back its files, at rest and
//! between a kill and the next start. The verifier and the start notice, say what, and sign nothing that was forged.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use crate::client::Request;
use crate::harness::{Failure, House, Verdict};
use crate::kit::stage::{PATIENCE, Stage, ask, get_as};
use crate::kit::tally::Findings;

/// Everybody looks at something; more of them write nothing else into the files.
const SUBJECTS: u64 = 6;
/// Looks of one subject between two copies of the files.
const LOOKS: usize = 8;
/// Octets of a page of the store.
const PAGE: usize = 8_192;
/// What a start says where checkpoints would leave for nowhere any more.
const LEFT: &str = "checkpoints left for a place";
/// Exit code of a journal that does not verify.
const REFUTED: Option<i32> = Some(6);

type Does<'a> = Box<dyn Fn(&Path) -> std::io::Result<()> + Send + Sync + 'a>;

/// Something done to a copy of the data directory.
struct Hand<'a> {
    what: String,
    does: Does<'a>,
    /// Whether the files alone can tell; where they cannot, what has left the machine does.
    by: Notices,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Notices {
    /// The verifier, and the start refuses.
    Both,
    /// The verifier; the start makes the file anew, because it is derived.
    VerifierAndMadeAnew,
    /// Both, unless everything in it was published: then nothing is lost.
    BothWhereLost,
    /// Only a checkpoint that has left the machine.
    Checkpoint,
    /// The start, which names what was edited so; the verifier may not even come to the journal.
    Start(&'static str),
    /// The start, which names it; the journal itself is whole.
    StartAlone(&'static str),
}

/// Plays D33.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let world = stage.world(SUBJECTS)?;
    let mut house = stage.serving(&world, SETTINGS).await?;
    let outside = house.data().with_extension("outside");
    look(&house).await?;
    house.end().await?;
    let older = copy(&house.data(), "older")?;
    stage.say("  the product serves on and is killed in the middle of looks");
    house = house.serving(SETTINGS).await?;
    look(&house).await?;
    let unanchored = longest_unanchored(&house).await?;
    for session in house.sessions() {
        ask(house.target(), &get_as(session, "/api/v1/me")).await?;
    }
    // Anchored, and most likely not published yet.
    tokio::time::sleep(Duration::from_millis(500)).await;
    house.kill()?;
    let verified = house.command(["journal", "verify"])?;
    let whole = if verified.code == Some(0) { Vec::new() } else { vec![verified.err.trim().to_owned()] };
    let mut verdicts = vec![
        Verdict::of("what a kill leaves verifies as it is", "kill -9 in the middle of looks", 1, whole)
            .noting(format!("nothing durable was unanchored for longer than {unanchored} s while it served")),
    ];
    let hands = hands(&house.data(), &older)?;
    stage.say(&format!("  {} things are done to copies of its files", hands.len()));
    let (mut missed, mut signed, mut silent) =
        (Findings::default(), Findings::default(), Findings::default());
    let mut noted = Vec::new();
    for (number, hand) in (1_u32..).zip(&hands) {
        let (place, data) = apart(&house.data(), &outside, &format!("hand-{number}"))?;
        (hand.does)(&data).map_err(Failure::machine(hand.what.clone()))?;
        let verified = house.command_on(&data, ["journal", "verify"])?;
        let started = house.try_serve(&data).await?;
        let refused = started.as_ref().err();
        let is_noticed = match hand.by {
            Notices::Both => verified.code == REFUTED && refused.is_some(),
            // It verifies with the anchored heads: then everything that was anchored is there. A start may refuse all the
            // same; it never goes on where something is lost.
            Notices::BothWhereLost => verified.code != REFUTED || refused.is_some(),
            Notices::VerifierAndMadeAnew => verified.code == REFUTED && refused.is_none(),
            Notices::Checkpoint => refused.is_some_and(|why| why.contains("checkpoint that left before")),
            Notices::Start(_) => verified.code != Some(0) && refused.is_some(),
            Notices::StartAlone(about) => refused.is_some_and(|why| why.contains(about)),
        };
        let said = short(&verified.err);
        if !is_noticed {
            let came = refused.map_or_else(|| "no refusal".to_owned(), |why| short(why));
            missed.add(format!(
                "{}: verify ended with {:?} ({said}), the start with {came}",
                hand.what, verified.code
            ));
        }
        let about =
            if let Notices::Start(about) | Notices::StartAlone(about) = hand.by { about } else { "journal" };
        if let Some(why) = refused
            && !(why.contains(about) && why.contains(';'))
        {
            silent.add(format!("{}: {}", hand.what, why.lines().last().unwrap_or_default()));
        }
        // Whatever a start has signed since, it is what was written with the key.
        if started.is_ok() {
            let after = house.command_on(&data, ["journal", "verify"])?;
            if after.code != Some(0) {
                signed.add(format!("{}: after the start {}", hand.what, short(&after.err)));
            }
        }
        if let Some(why) = refused {
            noted.push(format!("{}: {}", hand.what, short(why)));
        }
        fs::remove_dir_all(&place).map_err(Failure::machine("remove a copy"))?;
    }
    let times = u64::try_from(hands.len()).unwrap_or(u64::MAX);
    let tried = "files of journal, index, store and settings edited, cut, taken away, swapped, put back; a restart of each";
    let noticed = Verdict::of(
        "every file edited, cut, swapped or put back is noticed by the verifier and by the start",
        tried,
        times,
        missed.told(),
    );
    verdicts.push(noted.into_iter().fold(noticed, Verdict::noting));
    verdicts.push(Verdict::of(
        "a start that refuses says what is wrong and what to do",
        tried,
        times,
        silent.told(),
    ));
    verdicts.push(Verdict::of("nothing that was forged is ever signed", tried, times, signed.told()));
    Ok(verdicts)
}

/// Checkpoints leave for a directory beside the data, as if it were another machine's.
const SETTINGS: &str = "[journal]\ncheckpoints = \"../data.outside\"\ncheckpoint_every = \"1 s\"\n";

async fn look(house: &House) -> Result<(), Failure> {
    let outside = house.data().with_extension("outside");
    let (before, mut looks) = (largest(&outside)?, 0);
    for session in house.sessions() {
        for _ in 0..LOOKS {
            let answer = ask(house.target(), &get_as(session, "/api/v1/me")).await?;
            if answer.status != 200 {
                return Err(Failure::Product(format!("/api/v1/me answered {}", answer.status)));
            }
            looks += 1;
        }
    }
    // Published, and gone out.
    left(&outside, before + looks).await?;
    for session in house.sessions() {
        ask(house.target(), &get_as(session, "/api/v1/me")).await?;
    }
    Ok(())
}

/// Waits until so many entries have left: about two seconds, and longer where the machine is busy.
async fn left(outside: &Path, entries: u64) -> Result<(), Failure> {
    let deadline = Instant::now() + PATIENCE;
    while largest(outside)? < entries {
        if Instant::now() > deadline {
            return Err(Failure::Product(format!("no checkpoint of {entries} entries has left")));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// The largest size of a checkpoint that has left, as the newest of each log says it in its second line.
fn largest(outside: &Path) -> Result<u64, Failure> {
    let found = files(outside).map_err(Failure::machine("read what has left"))?;
    let newest = found.iter().filter(|file| file.extension().is_some_and(|kind| kind == "latest"));
    // One that is being written anew says nothing.
    let notes = newest.filter_map(|file| fs::read_to_string(file).ok());
    Ok(notes.filter_map(|note| note.lines().nth(1)?.parse().ok()).max().unwrap_or(0))
}

/// The longest time something durable was not anchored, as the product's own figures have it: taken every five seconds.
async fn longest_unanchored(house: &House) -> Result<String, Failure> {
    const NAME: &str = "honnin_journal_unanchored_longest_seconds ";
    for _ in 0..40 {
        let text = ask(house.monitor(), &Request::get("/metrics")).await?.text();
        let figure = text.lines().find_map(|line| line.strip_prefix(NAME)).unwrap_or("0").trim();
        if figure != "0" {
            return Ok(figure.to_owned());
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    Err(Failure::Product(format!("no figure is called {NAME}")))
}

fn short(why: &str) -> String {
    let last = why.lines().last().unwrap_or_default();
    last.chars().take(200).collect()
}

/// The directories of the logs, the one with the most octets first: the server's.
pub(super) fn logs(data: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut logs = Vec::new();
    for entry in fs::read_dir(data.join("journal"))? {
        let path = entry?.path();
        if path.is_dir() {
            let entries = files(&path.join("segments"))?.len();
            logs.push((entries, fs::metadata(path.join("checkpoint"))?.len(), path));
        }
    }
    // The server's log has the younger segment; both have a checkpoint.
    logs.sort();
    Ok(logs.into_iter().rev().map(|(.., path)| path).collect())
}

fn files(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if !directory.is_dir() {
        return Ok(found);
    }
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    found.sort();
    Ok(found)
}

/// Everything that is done, each to a copy of its own.
fn hands<'a>(data: &Path, older: &'a Path) -> Result<Vec<Hand<'a>>, Failure> {
    let mut all: Vec<Hand<'a>> = Vec::new();
    let mut add = |what: String, by: Notices, does: Does<'a>| {
        all.push(Hand { what, does, by });
    };
    let logs = logs(data).map_err(Failure::machine("look for the logs"))?;
    for log in &logs {
        let inside = |path: &Path| path.strip_prefix(data).map(Path::to_owned).unwrap_or_default();
        for folder in ["checkpoint", "tile", "segments", "history", "index"] {
            let path = log.join(folder);
            let found = if path.is_file() { vec![path] } else { files(&path).unwrap_or_default() };
            // The newest of each kind: what came last is what somebody would want away.
            let named = found.iter().filter(|file| !file.ends_with("spare") && length(file) > 0);
            let Some(file) = named.max_by_key(|file| (length(file), (*file).clone())) else { continue };
            let (file, is_index) = (inside(file), folder == "index");
            let by = if is_index { Notices::VerifierAndMadeAnew } else { Notices::Both };
            let name = file.display().to_string();
            let (first, second, third) = (file.clone(), file.clone(), file.clone());
            add(format!("edit {name}"), by, Box::new(move |data| edit(&data.join(&first))));
            // What was published stands in the tiles too: without its segment nothing is lost.
            let by = if folder == "segments" { Notices::BothWhereLost } else { by };
            if !is_index {
                add(format!("cut {name}"), by, Box::new(move |data| cut(&data.join(&second))));
            }
            if folder == "checkpoint" || folder == "segments" {
                add(
                    format!("take away {name}"),
                    by,
                    Box::new(move |data| fs::remove_file(data.join(&third))),
                );
            }
        }
    }
    if let [one, other, ..] = logs.as_slice() {
        let (one, other) = (name_of(one), name_of(other));
        add(
            "swap two logs".to_owned(),
            Notices::Both,
            Box::new(move |data| {
                let journal = data.join("journal");
                fs::rename(journal.join(&one), journal.join("between"))?;
                fs::rename(journal.join(&other), journal.join(&one))?;
                fs::rename(journal.join("between"), journal.join(&other))
            }),
        );
    }
    for (what, by, does) in of_store_and_settings() {
        add(what.to_owned(), by, does);
    }
    let back = |what: &'static str, by: Notices, folders: &'static [&'static str]| {
        let does = move |data: &Path| {
            for folder in folders {
                fs::remove_dir_all(data.join(folder))?;
                fs::create_dir_all(data.join(folder))?;
                fs::set_permissions(data.join(folder), std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
                copy_into(&older.join(folder), &data.join(folder))?;
            }
            Ok(())
        };
        let does: Does<'a> = Box::new(does);
        (what.to_owned(), by, does)
    };
    for (what, by, does) in [
        back("put the journal back, not the store", Notices::Both, &["journal"]),
        back("put the store back, not the journal", Notices::Both, &["store"]),
        back("put journal and store back together", Notices::Checkpoint, &["journal", "store"]),
    ] {
        add(what, by, does);
    }
    let (.., together) = back("", Notices::Checkpoint, &["journal", "store"]);
    add(
        "put both back and take the place of checkpoints out of the settings".to_owned(),
        Notices::StartAlone(LEFT),
        Box::new(move |data| {
            together(data)?;
            edit_settings(data, &of_no_place)
        }),
    );
    Ok(all)
}

/// What is done to the store's own files and to the settings.
fn of_store_and_settings<'a>() -> Vec<(&'static str, Notices, Does<'a>)> {
    let store = |data: &Path| data.join("store/honnin.sqlite");
    vec![
        (
            "edit every page of the store",
            Notices::Start("store"),
            Box::new(move |data: &Path| {
                let mut octets = fs::read(store(data))?;
                for page in octets.chunks_mut(PAGE).skip(1) {
                    page.iter_mut().step_by(64).for_each(|octet| *octet ^= 1);
                }
                fs::write(store(data), octets)
            }),
        ),
        ("cut the store", Notices::Start("store"), Box::new(move |data: &Path| cut(&store(data)))),
        (
            "put a setting there that is none",
            Notices::Start("honnin.toml"),
            Box::new(move |data: &Path| edit_settings(data, &|text| format!("{text}\n[nowhere]\nkey = 1\n"))),
        ),
        (
            "take the place of checkpoints out of the settings",
            Notices::StartAlone(LEFT),
            Box::new(move |data: &Path| edit_settings(data, &of_no_place)),
        ),
        (
            "name another key file in the settings",
            Notices::Start("key"),
            Box::new(move |data: &Path| {
                let key = data.with_extension("other-key");
                fs::write(&key, "a key file of somebody else, long enough and worth nothing\n")?;
                fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
                let line = format!("key_file = {:?}", key.display().to_string());
                edit_settings(data, &|text| {
                    let lines: Vec<&str> = text
                        .lines()
                        .map(|old| if old.starts_with("key_file = ") { &line } else { old })
                        .collect();
                    lines.join("\n")
                })
            }),
        ),
    ]
}

fn edit_settings(data: &Path, change: &dyn Fn(&str) -> String) -> std::io::Result<()> {
    let file = data.join("honnin.toml");
    fs::write(&file, change(&fs::read_to_string(&file)?))
}

/// The settings without the line that says where checkpoints leave for.
fn of_no_place(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("checkpoints = "));
    lines.fold(String::new(), |text, line| text + line + "\n")
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |about| about.len())
}

/// Where a file's content ends: segments are full of zeros from there on.
fn content(octets: &[u8]) -> usize {
    octets.iter().rposition(|octet| *octet != 0).map_or(0, |last| last + 1)
}

fn edit(path: &Path) -> std::io::Result<()> {
    let mut octets = fs::read(path)?;
    // In the last tenth: what is newest.
    let place = content(&octets).saturating_mul(9) / 10;
    if let Some(octet) = octets.get_mut(place) {
        *octet ^= 1;
    }
    fs::write(path, octets)
}

fn cut(path: &Path) -> std::io::Result<()> {
    let mut octets = fs::read(path)?;
    let end = content(&octets);
    let half = end / 2;
    if end == octets.len() {
        octets.truncate(half);
    } else if let Some(rest) = octets.get_mut(half..) {
        rest.fill(0);
    }
    fs::write(path, octets)
}

/// The data directory once more, beside it.
pub(super) fn copy(data: &Path, name: &str) -> Result<PathBuf, Failure> {
    let to = data.with_file_name(name);
    let made = fs::create_dir(&to).and_then(|()| copy_into(data, &to));
    made.map_err(Failure::machine(format!("copy the data to {name}")))?;
    let owner = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    fs::set_permissions(&to, owner).map_err(Failure::machine("keep a copy to its owner"))?;
    Ok(to)
}

/// The data directory once more in a place of its own, and beside it what left: a start that goes on writes there. The
/// place, and the data in it.
fn apart(data: &Path, outside: &Path, name: &str) -> Result<(PathBuf, PathBuf), Failure> {
    let place = data.with_file_name(name);
    fs::create_dir(&place).map_err(Failure::machine("make a directory"))?;
    let made = copy(data, &format!("{name}/{}", name_of(data)))?;
    let away = made.with_extension("outside");
    fs::create_dir(&away).map_err(Failure::machine("make a directory"))?;
    copy_into(outside, &away).map_err(Failure::machine("copy what left"))?;
    Ok((place, made))
}

fn copy_into(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&to)?;
            fs::set_permissions(&to, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
            copy_into(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

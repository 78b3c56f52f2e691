//! Torn files, handed to the commands that read them: ledgers, mappings and the journal.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::client::Answer;
use crate::harness::{Failure, House, Ran, Verdict, files_below};
use crate::kit::damage;
use crate::kit::stage::{Stage, World};
use crate::kit::tally::Findings;
use crate::seed::Draw;

/// The mapping of the ledgers that drills are made of.
const MAPPING: &str = include_str!("../../../../../examples/ledger-a/mapping.toml");

/// Hands torn copies of every file of a ledger, of its mapping and of the journal to the product.
pub(super) fn hand_in(
    stage: &Stage,
    house: &House,
    world: &World,
    times: u64,
    draw: &mut Draw,
) -> Result<Vec<Verdict>, Failure> {
    stage.say("  handing in torn files");
    let scratch = tempfile::Builder::new().prefix("honnin-drill-torn-").tempdir();
    let scratch = scratch.map_err(Failure::machine("make a directory for torn files"))?;
    let mut hands = Hands { house, world, scratch, tried: 0, found: Findings::default() };
    hands.ledgers(times, draw)?;
    hands.mappings(times, draw)?;
    let check =
        "a torn ledger or mapping is read to its end or refused, and the words about it tell of nobody";
    let Hands { tried, found, .. } = hands;
    let handed_in = Verdict::of(check, "files handed to `intake files --check`", tried, found.told());
    Ok(vec![handed_in, journals(stage, house, world, times, draw)?])
}

struct Hands<'a> {
    house: &'a House,
    world: &'a World,
    scratch: TempDir,
    tried: u64,
    found: Findings,
}

impl Hands<'_> {
    fn ledgers(&mut self, times: u64, draw: &mut Draw) -> Result<(), Failure> {
        let mapping = self.written("mapping.toml", MAPPING.as_bytes())?;
        let files = read_below(&self.world.ledger())?;
        for (name, whole) in files.iter().filter(|(name, _)| name.extension().is_some_and(|end| end == "csv"))
        {
            for _ in 0..times.div_ceil(4) {
                let other = draw.of(&files).map(|(_, octets)| octets.clone()).unwrap_or_default();
                let ledger = self.scratch.path().join("ledger");
                fs::create_dir_all(&ledger).map_err(Failure::machine("make a directory"))?;
                let torn = damage::torn(whole, &other, draw);
                fs::write(ledger.join(name), torn).map_err(Failure::machine("write a torn file"))?;
                self.check(&mapping, &ledger, &name.display().to_string())?;
                fs::remove_dir_all(&ledger).map_err(Failure::machine("remove a torn file"))?;
            }
        }
        Ok(())
    }

    fn mappings(&mut self, times: u64, draw: &mut Draw) -> Result<(), Failure> {
        for _ in 0..times {
            let torn = damage::torn(MAPPING.as_bytes(), b"\n[[file]]\nname = \"*\"\n", draw);
            let mapping = self.written("torn.toml", &torn)?;
            self.check(&mapping, &self.world.ledger(), "a mapping")?;
        }
        Ok(())
    }

    fn written(&self, name: &str, octets: &[u8]) -> Result<PathBuf, Failure> {
        let path = self.scratch.path().join(name);
        fs::write(&path, octets).map_err(Failure::machine("write a file"))?;
        Ok(path)
    }

    fn check(&mut self, mapping: &Path, ledger: &Path, what: &str) -> Result<(), Failure> {
        self.tried += 1;
        let words = ["intake", "files", "--check", "--mapping"].map(AsRef::as_ref);
        let ran = self.house.command(words.into_iter().chain([mapping.as_os_str(), ledger.as_os_str()]))?;
        for wrong in wrong(&ran, self.world) {
            self.found.add(format!("{what}: {wrong}"));
        }
        Ok(())
    }
}

/// Tears one file of a copy of the journal at a time and has it verified, without the server that writes the other.
fn journals(
    stage: &Stage,
    house: &House,
    world: &World,
    times: u64,
    draw: &mut Draw,
) -> Result<Verdict, Failure> {
    let copied = tempfile::Builder::new().prefix("honnin-drill-torn-").tempdir();
    let copied = copied.map_err(Failure::machine("make a directory for a journal"))?;
    let place = |name: &Path| copied.path().join(name);
    let settings = Path::new("honnin.toml");
    fs::copy(house.data().join(settings), place(settings))
        .map_err(Failure::machine("copy what a journal needs"))?;
    let key = fs::read_to_string(house.data().join("journal.pub"))
        .map_err(Failure::machine("read the key of the journal"))?;
    let whole: Vec<_> = read_below(&house.data().join("journal"))?
        .into_iter()
        .map(|(name, octets)| (Path::new("journal").join(name), octets))
        .collect();
    for (name, octets) in &whole {
        let path = place(name);
        // As the product makes them: what others can read is refused before it is looked at.
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path.parent().unwrap_or(copied.path()))
            .map_err(Failure::machine("make a directory"))?;
        let copy = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        copy.and_then(|mut copy| copy.write_all(octets)).map_err(Failure::machine("copy the journal"))?;
    }
    let (mut tried, mut found) = (0, Findings::default());
    for _ in 0..times {
        let Some((name, octets)) = draw.of(&whole) else { break };
        let torn = damage::torn(octets, b"another file", draw);
        fs::write(place(name), torn).map_err(Failure::machine("tear a file"))?;
        tried += 1;
        for wrong in wrong(&verified(stage, copied.path(), key.trim())?, world) {
            found.add(format!("{}: {wrong}", name.display()));
        }
        fs::write(place(name), octets).map_err(Failure::machine("mend a file"))?;
    }
    let check = "a torn journal is verified to its end or refused";
    Ok(Verdict::of(check, "files of it, torn one at a time", tried, found.told()))
}

fn verified(stage: &Stage, data: &Path, key: &str) -> Result<Ran, Failure> {
    let mut command = Command::new(&stage.options.binary);
    command.env_clear().envs(stage.options.environment.iter().cloned()).stdin(Stdio::null());
    command.arg("--data").arg(data).args(["journal", "verify", "--key", key]);
    let ended = command.output().map_err(Failure::machine("run a command of the product"))?;
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    Ok(Ran { code: ended.status.code(), out: text(&ended.stdout), err: text(&ended.stderr) })
}

/// What may not come of reading a torn file: an end by signal or panic, and anybody's marks.
fn wrong(ran: &Ran, world: &World) -> Vec<String> {
    /// What a Rust program ends with when it panicked.
    const PANIC: i32 = 101;
    let mut wrong = Vec::new();
    if ran.code.is_none_or(|code| code == PANIC) || ran.err.contains("panicked at") {
        wrong.push(format!("ended with {:?}: {}", ran.code, ran.err));
    }
    let said = format!("{}{}", ran.out, ran.err).into_bytes();
    let answer = Answer { status: 0, head: said, body: Vec::new(), is_whole: false };
    let seen = world.scan(None, &answer).foreign;
    wrong.extend(seen.into_iter().map(|seen| format!("its words hold {} of {}", seen.mark, seen.account)));
    wrong
}

fn read_below(dir: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>, Failure> {
    files_below(dir).map_err(Failure::machine(format!("read {}", dir.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_and_a_mark_in_what_is_said_are_seen() {
        let world = World::made(2, 1).unwrap();
        let ran = |code, err: &str| Ran { code, out: String::new(), err: err.to_owned() };
        assert!(wrong(&ran(Some(3), "line 7: bad_time"), &world).is_empty());
        assert_eq!(wrong(&ran(Some(101), ""), &world).len(), 1);
        assert_eq!(wrong(&ran(None, ""), &world).len(), 1);
        assert_eq!(wrong(&ran(Some(3), world.accounts.first().unwrap()), &world).len(), 1);
    }
}

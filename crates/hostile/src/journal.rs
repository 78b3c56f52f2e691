//! Journal files: what the verifier is handed after somebody had the data directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use honnin_drill::harness::files_below;
use honnin_journal::{
    Act, Bounds, Details, EpochKeys, FileAnchor, Journal, Kind, LogKeys, LogReport, Opening, Party, Trust,
    parse_bundle, parse_checkpoint, parse_entry, verify,
};
use honnin_seal::{IndexKey, KeeperKey, MacKey, Secret, SigningKey};
use honnin_terms::{AccountId, Basis, EntryRef, Id, LogId, Moment, TenantId};
use honnin_testkit::{SeededEntropy, TestDir};

use crate::{Failure, Target, hold};

/// A journal with every kind of file: published, pruned, with a grant that is still in force, and with entries that
/// are not published yet.
///
/// The first octet chooses the file, the second what is done to it: put in its place, written over it from a place
/// (two octets) on, cut there, removed. The verifier then says what is wrong, or proves the same as before.
#[derive(Debug)]
pub struct JournalFiles {
    dir: TestDir,
    files: Vec<(PathBuf, Vec<u8>)>,
    /// Where its head is kept.
    _anchors: TestDir,
    trust: Trust,
    whole: LogReport,
}

const ENTRIES: i64 = 530;

fn keys(root: &Secret) -> Result<EpochKeys, Failure> {
    Ok(EpochKeys {
        tenant: TenantId::FIRST,
        epoch: 1,
        pseudonym: IndexKey::of_root(root, TenantId::FIRST, "journal")?,
        body: KeeperKey::of_root(root, TenantId::FIRST, "journal")?,
    })
}

fn the_log() -> LogId {
    LogId::from_octets([7; 16])
}

/// Writes the journal.
fn fill(dir: &Path, anchors: &Path, root: &Secret) -> Result<(), Failure> {
    let journal = Journal::open(Opening {
        root: dir.to_owned(),
        log: the_log(),
        origin: "hostile/journal".to_owned(),
        keys: LogKeys { signing: SigningKey::of_seed(root)?, chain: MacKey::of_secret(root) },
        bounds: Bounds { segment_octets: 64 * 1024, ..Bounds::default() },
        anchor: Arc::new(FileAnchor(anchors.to_owned())),
        steady: None,
        as_it_is: false,
    })?;
    let keys = keys(root)?;
    let entropy = SeededEntropy::new(7);
    let start: Moment = "2026-11-20T06:00:00+09:00".parse()?;
    let (owner, friend) = (AccountId::from_octets([1; 16]), AccountId::from_octets([2; 16]));
    let details = Details { note: "line".to_owned(), ..Details::default() };
    let append = |seconds: i64, viewer, basis, kind| {
        let (viewer, owner) = (Party::Account(viewer), Party::Account(owner));
        let until = (kind == Kind::Grant).then(|| start.plus_seconds(100_000));
        let act = Act::new(kind, start.plus_seconds(seconds), viewer, owner, &details);
        let entry = keys.seal(&Act { basis, until, what: 1, channel: 2, ..act }, &entropy)?;
        journal.append_blocking(&entry)?;
        Ok::<(), Failure>(())
    };
    append(0, friend, Basis::Own, Kind::Grant)?;
    for second in 1..ENTRIES {
        append(second, owner, Basis::Own, Kind::Disclosure)?;
    }
    journal.publish()?;
    journal.prune(start.plus_seconds(300))?;
    let grant = EntryRef { log: the_log(), index: 0 };
    append(ENTRIES, friend, Basis::Grant(grant), Kind::Disclosure)?;
    journal.publish()?;
    append(ENTRIES + 1, owner, Basis::Own, Kind::Disclosure)?;
    // Closing would publish the last entry: left open, the journal is as a running server has it.
    std::mem::drop(journal);
    Ok(())
}

/// What a file is after the attack; `None` where it is gone.
fn attacked(octets: &[u8], attack: u8, with: &[u8]) -> Option<Vec<u8>> {
    let (at, rest) = with.split_first_chunk::<2>().unwrap_or((&[0, 0], with));
    let at = usize::from(u16::from_be_bytes(*at)) % (octets.len() + 1);
    let before = octets.get(..at).unwrap_or_default();
    match attack % 4 {
        0 => Some(with.to_vec()),
        1 => Some([before, rest, octets.get(at + rest.len()..).unwrap_or_default()].concat()),
        2 => Some(before.to_vec()),
        _ => None,
    }
}

/// Reads the octets as each part of a journal by itself.
fn parts(octets: &[u8]) -> Result<(), String> {
    if let Ok(checkpoint) = parse_checkpoint(octets) {
        hold(!checkpoint.origin.is_empty(), || "a checkpoint without a name was read".to_owned())?;
    }
    if let Ok(entries) = parse_bundle(octets) {
        let within = entries.iter().map(|entry| entry.len() + 2).sum::<usize>() == octets.len();
        hold(within, || "a bundle says more than stands in it".to_owned())?;
    }
    drop(parse_entry(octets));
    Ok(())
}

impl Target for JournalFiles {
    const NAME: &'static str = "journal";

    fn open() -> Result<Self, Failure> {
        let (dir, anchors) = (TestDir::new(), TestDir::new());
        let root = Secret::from_octets([7; 32]);
        fill(dir.path(), anchors.path(), &root)?;
        let key = SigningKey::of_seed(&root)?.verifying_key()?;
        let trust = Trust { chain: Some(MacKey::of_secret(&root)), ..Trust::of_key(key) };
        let report = verify(dir.path(), &trust, None)?;
        let whole = report.logs.into_iter().next().ok_or("no log")?;
        let files = files_below(dir.path())?;
        // Holds nothing, and the writer's lock is on it.
        let files = files.into_iter().filter(|(path, _)| !path.ends_with("lock"));
        let files = files.map(|(path, octets)| (dir.path().join(path), octets)).collect();
        Ok(Self { dir, files, _anchors: anchors, trust, whole })
    }

    fn play(&mut self, octets: &[u8]) -> Result<(), String> {
        parts(octets)?;
        let [file, attack, with @ ..] = octets else { return Ok(()) };
        let Some((path, honest)) = self.files.get(usize::from(*file) % self.files.len().max(1)) else {
            return Ok(());
        };
        let machine = |error: io::Error| error.to_string();
        match attacked(honest, *attack, with) {
            Some(octets) => fs::write(path, octets).map_err(machine)?,
            None => fs::remove_file(path).map_err(machine)?,
        }
        let found = verify(self.dir.path(), &self.trust, None);
        fs::write(path, honest).map_err(machine)?;
        let Some(report) = found.ok().and_then(|report| report.logs.into_iter().next()) else {
            return Ok(());
        };
        // What is not in the signed tree may be cut off, as a crash does; the tree itself is proven or it is not.
        let LogReport { origin, size, root, minimum, kept_from, .. } = &self.whole;
        let same = report.origin == *origin
            && report.size == *size
            && report.root == *root
            && report.minimum == *minimum
            && report.kept_from == *kept_from;
        hold(same, || format!("{} altered proves {report:?}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_file_is_among_those_attacked() {
        let target = JournalFiles::open().unwrap();
        let names: Vec<String> =
            target.files.iter().map(|(path, _)| path.to_string_lossy().into_owned()).collect();
        for kind in ["checkpoint", "pruned", "carried", "history/", "segments/", "tile/0", "tile/entries"] {
            assert!(names.iter().any(|name| name.contains(kind)), "{kind}: {names:?}");
        }
        assert_eq!(target.whole.minimum, 256);
    }

    #[test]
    fn a_file_is_replaced_overwritten_cut_or_removed() {
        let attack = |kind, with: &[u8]| attacked(b"abcdef", kind, with);
        assert_eq!(attack(0, b"xy"), Some(b"xy".to_vec()));
        assert_eq!(attack(1, b"\0\x01xy"), Some(b"axydef".to_vec()));
        assert_eq!(attack(2, b"\0\x02"), Some(b"ab".to_vec()));
        assert_eq!(attack(3, b""), None);
    }
}

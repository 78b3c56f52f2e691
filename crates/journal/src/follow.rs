//! Another log of the same journal, read beside whoever writes it: what is published of it and nothing else.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use honnin_seal::{VerifyingKey, leaf_digest};
use honnin_terms::{EntryRef, LogId};

use crate::bundle::WIDE;
use crate::merkle::Edge;
use crate::tiles::Tiles;
use crate::{Entry, Pseudonym, parse_entry, published};

/// Entries that are remembered by whom they are about: at 24 octets each, a hundred megabytes at most.
const MOST: usize = 4 << 20;

/// A log that somebody else writes.
pub struct Followed {
    root: PathBuf,
    log: LogId,
    key: VerifyingKey,
    read: Mutex<Read>,
}

#[derive(Default)]
struct Read {
    edge: Edge,
    about: HashMap<Pseudonym, Vec<u64>>,
    remembered: usize,
}

impl fmt::Debug for Followed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Followed").field("log", &self.log).finish_non_exhaustive()
    }
}

fn wrong(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl Followed {
    /// The log in that directory of all logs, signed with that key.
    pub fn new(root: PathBuf, log: LogId, key: VerifyingKey) -> Self {
        Self { root, log, key, read: Mutex::default() }
    }

    /// The newest entries about any of those names, newest first, at most so many. Each stands in the signed tree.
    ///
    /// # Errors
    /// What the system says; `InvalidData` where the log is not as it was signed.
    pub fn about(&self, names: &[Pseudonym], most: usize) -> io::Result<Vec<(EntryRef, Entry)>> {
        let dir = self.root.join(self.log.to_string());
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(now) = published(&self.root, self.log, &self.key)? else { return Ok(Vec::new()) };
        let tiles = Tiles { dir: &dir, size: now.checkpoint.size };
        if now.checkpoint.size != read.edge.size() {
            follow(&mut read, tiles, &now.checkpoint.root)?;
        }
        let of_names = names.iter().filter_map(|name| read.about.get(name)).flatten();
        let mut indexes: Vec<u64> = of_names.copied().collect();
        indexes.sort_unstable_by(|a, b| b.cmp(a));
        indexes.truncate(most);
        let entry = |index: u64| {
            let octets = tiles.proven(index, &read.edge)?.ok_or(wrong("an entry is missing"))?;
            let entry = parse_entry(&octets).map_err(|_| wrong("an entry is malformed"))?;
            Ok((EntryRef { log: self.log, index }, entry))
        };
        indexes.into_iter().map(entry).collect()
    }
}

/// Reads what has come, and sees that it leads to the signed root. Where it does not, nothing of it is kept.
fn follow(read: &mut Read, tiles: Tiles<'_>, root: &[u8; 32]) -> io::Result<()> {
    let mut from = read.edge.size();
    let mut next = if from > tiles.size { Read::default() } else { std::mem::take(read) };
    if next.edge.size() == 0 {
        from = 0;
    }
    for number in from / WIDE..tiles.size.div_ceil(WIDE) {
        for (index, octets) in (number * WIDE..).zip(tiles.bundle(number)?) {
            if index < from {
                continue;
            }
            next.edge.push(leaf_digest(&octets), &mut Vec::new());
            let entry = parse_entry(&octets).map_err(|_| wrong("an entry is malformed"))?;
            if entry.owner != Pseudonym::NOBODY && next.remembered < MOST {
                next.about.entry(entry.owner).or_default().push(index);
                next.remembered += 1;
            }
        }
    }
    if next.edge.root() != *root {
        return Err(wrong("the log does not lead to its signed root"));
    }
    *read = next;
    Ok(())
}

//! One pass over a log, from its first entry to its last: the tree, the tiles and what is not published yet.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Seek};

use honnin_seal::{Digest, leaf_digest};
use honnin_terms::{EntryRef, LogId, Moment};

use super::rules::Rules;
use super::{Violation, unreadable};
use crate::bundle::{MOST_BUNDLE, WIDE, WIDTH};
use crate::chain::{Chain, Head};
use crate::history::{MOST_CARRIED_OCTETS, parse_carried};
use crate::layout::{self, CARRIED};
use crate::merkle::{Edge, Tile};
use crate::segment::{MOST_SEGMENT, Scan, scan};
use crate::tiles::Tiles;
use crate::{BadFormat, Entry, parse_bundle, parse_entry};

/// Reads the frames of a segment that may be growing.
///
/// Reading it takes a while: a frame that was half written when its octets were read can be followed by one that
/// was whole when those were. Read again, the first is whole too; damage stays.
fn scan_open(mut file: &File, first: u64, limit: u64, chain: &Chain) -> io::Result<Result<Scan, BadFormat>> {
    const TRIES: usize = 8;
    let mut found = Err(BadFormat("a segment"));
    for _ in 0..TRIES {
        file.rewind()?;
        found = scan(&layout::read_open(file, MOST_SEGMENT)?, first, limit, chain);
        if found.is_ok() {
            break;
        }
    }
    Ok(found)
}

/// One pass over the journal, from the first entry to the last.
pub(super) struct Walk<'a> {
    pub(super) log: LogId,
    pub(super) tiles: Tiles<'a>,
    pub(super) minimum: u64,
    pub(super) edge: Edge,
    pub(super) rules: &'a mut Rules,
    pub(super) period: Option<(Moment, Moment)>,
    pub(super) each: &'a mut dyn FnMut(EntryRef, &Entry),
    pub(super) history: BTreeMap<u64, Digest>,
    pub(super) seen: u64,
}

impl Walk<'_> {
    /// Below the minimum index: takes the roots of the lowest tiles from level 1, and proves what is carried.
    pub(super) fn pruned_part(&mut self) -> Result<(), Violation> {
        const WHAT: &str = "the carried grants";
        let octets =
            layout::read(&self.tiles.dir.join(CARRIED), MOST_CARRIED_OCTETS).map_err(unreadable(WHAT))?;
        let carried = parse_carried(&octets.unwrap_or_default())
            .map_err(|_| Violation::Malformed { what: WHAT, index: 0 })?;
        let mut carried = carried.into_iter().peekable();
        let mut roots: Vec<Digest> = Vec::new();
        for number in 0..self.minimum / WIDE {
            if number.is_multiple_of(WIDE) {
                roots = self.tiles.tile(1, number / WIDE).map_err(unreadable("a hash tile"))?;
            }
            let position = usize::try_from(number % WIDE).unwrap_or(WIDTH);
            let root = roots
                .get(position)
                .ok_or(Violation::Malformed { what: "a hash tile", index: number * WIDE })?;
            while let Some(one) = carried.next_if(|one| one.index / WIDE <= number) {
                if one.index / WIDE != number || !one.is_under(root) {
                    return Err(Violation::Differs { what: WHAT, index: one.index });
                }
                let entry = parse_entry(&one.octets)
                    .map_err(|_| Violation::Malformed { what: WHAT, index: one.index })?;
                self.rules.carry(EntryRef { log: self.log, index: one.index }, &entry)?;
            }
            let mut full = Vec::new();
            self.edge.push_tile_root(*root, &mut full);
            self.compare(&full)?;
        }
        Ok(())
    }

    pub(super) fn kept_part(&mut self) -> Result<(), Violation> {
        for number in self.minimum / WIDE..self.tiles.size.div_ceil(WIDE) {
            let index = number * WIDE;
            let width = self.tiles.width(0, number);
            let entries = self.read_bundle(number, width)?;
            let mut full = Vec::new();
            for (index, octets) in (index..).zip(&entries) {
                self.edge.push(leaf_digest(octets), &mut full);
                let entry =
                    parse_entry(octets).map_err(|_| Violation::Malformed { what: "an entry", index })?;
                self.judge(index, &entry)?;
            }
            self.compare(&full)?;
        }
        let partial: Vec<Tile> = self.edge.partial().collect();
        self.compare_tiles(&partial)
    }

    fn read_bundle(&self, number: u64, width: usize) -> Result<Vec<Vec<u8>>, Violation> {
        const WHAT: &str = "an entry bundle";
        let dir = self.tiles.dir;
        let index = number * WIDE;
        let malformed = Violation::Malformed { what: WHAT, index };
        let partial =
            layout::read(&layout::bundle(dir, number, width), MOST_BUNDLE).map_err(unreadable(WHAT))?;
        let exact = partial.is_some();
        let octets = match partial {
            Some(octets) => octets,
            None => layout::read(&layout::bundle(dir, number, WIDTH), MOST_BUNDLE)
                .and_then(|octets| octets.ok_or(io::ErrorKind::NotFound.into()))
                .map_err(unreadable(WHAT))?,
        };
        let Ok(entries) = parse_bundle(&octets) else { return Err(malformed) };
        if entries.len() < width || (exact && entries.len() != width) {
            return Err(malformed);
        }
        Ok(entries.into_iter().take(width).map(<[u8]>::to_vec).collect())
    }

    /// Judges one entry and hands it over where it lies in the period.
    fn judge(&mut self, index: u64, entry: &Entry) -> Result<(), Violation> {
        let at = EntryRef { log: self.log, index };
        self.rules.judge(at, entry)?;
        if self.period.is_none_or(|(start, end)| entry.moment >= start && entry.moment < end) {
            (self.each)(at, entry);
        }
        Ok(())
    }

    /// Compares tiles that became full with their files, and the tree with the history.
    fn compare(&mut self, full: &[Tile]) -> Result<(), Violation> {
        self.compare_tiles(full)?;
        if let Some(root) = self.history.get(&self.edge.size()) {
            if *root != self.edge.root() {
                return Err(Violation::Root(self.edge.size()));
            }
            self.seen += 1;
        }
        Ok(())
    }

    fn compare_tiles(&self, tiles: &[Tile]) -> Result<(), Violation> {
        for tile in tiles {
            let index = tile.number.saturating_mul(WIDE);
            let octets = layout::read(
                &layout::tile(self.tiles.dir, tile.level, tile.number, tile.hashes.len()),
                WIDTH * 32,
            );
            let expected = tile.hashes.as_flattened();
            let same = match octets.map_err(unreadable("a hash tile"))? {
                Some(octets) => octets == expected,
                // A partial tile may be gone once the full one is there.
                None => self
                    .tiles
                    .tile(tile.level, tile.number)
                    .map_err(unreadable("a hash tile"))?
                    .as_flattened()
                    .starts_with(expected),
            };
            if !same {
                return Err(Violation::Differs { what: "a hash tile with its entries", index });
            }
        }
        Ok(())
    }

    /// Compares the segments with what is published, and judges what is not. Gives the count of the latter and
    /// whether a batch is unfinished.
    pub(super) fn segments(
        &mut self,
        segments: &[(u64, File)],
        chain: &Chain,
        heads: &mut Vec<Head>,
    ) -> Result<(u64, bool, u64), Violation> {
        const WHAT: &str = "a segment";
        let size = self.tiles.size;
        let (mut next, mut unfinished, mut anchored) = (size, false, 0);
        let mut tile = None;
        let limits = segments.iter().skip(1).map(|(first, _)| *first).chain([u64::MAX]);
        for ((first, file), limit) in segments.iter().zip(limits) {
            let first = *first;
            let malformed = || Violation::Malformed { what: WHAT, index: first };
            let found =
                scan_open(file, first, limit, chain).map_err(unreadable(WHAT))?.map_err(|_| malformed())?;
            let end = found.frames.last().map_or(first, crate::segment::Frame::end);
            // The last segment we saw may have been followed by others since, and those be published: then it
            // ends early, and cleanly.
            let early = end < limit.min(size) && (limit != u64::MAX || found.torn.is_some());
            if first > next || early {
                return Err(malformed());
            }
            unfinished |= found.torn.is_some();
            for frame in found.frames {
                let before = heads.last().copied();
                if before.is_some_and(|before: Head| before.size == frame.first && !frame.follows(&before)) {
                    return Err(malformed());
                }
                heads.push(frame.head());
                anchored = anchored.max(frame.anchored);
                for ((index, leaf), octets) in (frame.first..).zip(&frame.leaves).zip(frame.entries()) {
                    if index < size {
                        self.compare_leaf(index, leaf, &mut tile)?;
                    } else {
                        let entry = parse_entry(octets).map_err(|_| malformed())?;
                        self.judge(index, &entry)?;
                        next = index + 1;
                    }
                }
            }
        }
        // Where no frame is left nothing was written since all of it was anchored.
        if heads.is_empty() {
            anchored = size;
        }
        Ok((next - size, unfinished, anchored))
    }

    /// Compares a leaf with the tree. The tile that was read last is kept: leaves come in their order, and reading it anew for
    /// each of them takes longer than everything else that is verified.
    fn compare_leaf(
        &self,
        index: u64,
        leaf: &Digest,
        tile: &mut Option<(u64, Vec<Digest>)>,
    ) -> Result<(), Violation> {
        if index < self.minimum {
            return Ok(());
        }
        let differs = Violation::Differs { what: "a segment with what is published", index };
        let number = index / WIDE;
        let read = match tile.take().filter(|(kept, _)| *kept == number) {
            Some(kept) => kept,
            None => (number, self.tiles.tile(0, number).map_err(unreadable("a hash tile"))?),
        };
        let (_, hashes) = tile.insert(read);
        let place = usize::try_from(index % WIDE).unwrap_or(WIDTH);
        if hashes.get(place) == Some(leaf) { Ok(()) } else { Err(differs) }
    }
}

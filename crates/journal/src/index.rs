//! The index: from a pseudonym to the entries that name it. Derived; what it says is checked against the entries.
//!
//! One file for each 65,536 entries: magic (4), digest of the rest (32), count (4), earliest and latest moment
//! (8 each), then for viewers and for owners `count` items of pseudonym prefix (8) and offset (2), sorted.

use std::io;
use std::path::Path;

use honnin_seal::{Digest, digest};
use honnin_terms::Moment;

use crate::bundle::WIDE;
use crate::disk::{Disk, Durable};
use crate::entry::take;
use crate::layout::{self, INDEX, numbered};
use crate::queue::hold;
use crate::shelf::Shared;
use crate::tiles::Tiles;
use crate::{BadFormat, Entry, Pseudonym, parse_entry};

/// Entries one index file covers.
pub(crate) const CHUNK: u64 = 65_536;
const ITEM: usize = 10;
const MAGIC: [u8; 4] = *b"HJI1";
/// Longest index file, in octets: its head and two items for each entry.
pub(crate) const MOST_FILE: usize = 56 + 2 * ITEM * 65_536;

/// A question to the index.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// The pseudonyms of one person, one for each key epoch.
    pub pseudonyms: &'a [Pseudonym],
    /// From this moment on.
    pub from: Moment,
    /// Before this moment.
    pub to: Moment,
    /// Only entries below this index: the last one of the page before.
    pub before: Option<u64>,
    /// At most so many entries.
    pub limit: usize,
}

/// Which side of an entry is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Viewer,
    Owner,
}

/// What the index needs of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) moment: Moment,
    pub(crate) order: Moment,
    viewer: Pseudonym,
    owner: Pseudonym,
}

impl Row {
    pub(crate) fn of(entry: &Entry) -> Self {
        Self { moment: entry.moment, order: entry.order, viewer: entry.viewer, owner: entry.owner }
    }

    /// The same at that place in the order.
    pub(crate) fn at(self, order: Moment) -> Self {
        Self { order, ..self }
    }

    pub(crate) fn matches(&self, query: &Query<'_>, side: Side) -> bool {
        let Self { moment, order: _, viewer, owner } = self;
        let name = match side {
            Side::Viewer => viewer,
            Side::Owner => owner,
        };
        query.from <= *moment && *moment < query.to && query.pseudonyms.contains(name)
    }
}

fn prefix(name: Pseudonym) -> [u8; 8] {
    name.0.first_chunk().copied().unwrap_or_default()
}

/// The octets of the file over those entries, given with their offsets within the chunk.
pub(crate) fn encode(rows: &[(u16, Row)]) -> Vec<u8> {
    let mut out = u32::try_from(rows.len()).unwrap_or(0).to_be_bytes().to_vec();
    let millis = |moment: Option<Moment>| moment.unwrap_or(Moment::EPOCH).millis().to_be_bytes();
    out.extend_from_slice(&millis(rows.iter().map(|(_, row)| row.moment).min()));
    out.extend_from_slice(&millis(rows.iter().map(|(_, row)| row.moment).max()));
    let sides: [fn(&Row) -> Pseudonym; 2] = [|row| row.viewer, |row| row.owner];
    for side in sides {
        let mut items: Vec<_> = rows.iter().map(|(offset, row)| (prefix(side(row)), *offset)).collect();
        items.sort_unstable();
        for (prefix, offset) in items {
            out.extend_from_slice(&prefix);
            out.extend_from_slice(&offset.to_be_bytes());
        }
    }
    let check: Digest = digest(&[&out]);
    [&MAGIC[..], &check, &out].concat()
}

/// An index file that was read whole and checked.
pub(crate) struct ChunkFile {
    earliest: i64,
    latest: i64,
    viewers: Vec<u8>,
    owners: Vec<u8>,
}

impl ChunkFile {
    pub(crate) fn parse(octets: &[u8]) -> Result<Self, BadFormat> {
        let mut rest = octets;
        let magic = take::<4>(&mut rest)?;
        let check: Digest = take(&mut rest)?;
        if magic != MAGIC || digest(&[rest]) != check {
            return Err(BadFormat("an index file as it was written"));
        }
        let count =
            usize::try_from(u32::from_be_bytes(take(&mut rest)?)).map_err(|_| BadFormat("a count"))?;
        let earliest = i64::from_be_bytes(take(&mut rest)?);
        let latest = i64::from_be_bytes(take(&mut rest)?);
        let length = count.saturating_mul(ITEM);
        let (viewers, owners) = rest.split_at_checked(length).ok_or(BadFormat("all items"))?;
        if owners.len() != length {
            return Err(BadFormat("all items"));
        }
        Ok(Self { earliest, latest, viewers: viewers.to_vec(), owners: owners.to_vec() })
    }

    /// Whether an entry of the chunk may lie in the asked time.
    pub(crate) fn may_hold(&self, query: &Query<'_>) -> bool {
        query.from.millis() <= self.latest && self.earliest < query.to.millis()
    }

    /// Offsets of entries whose pseudonym begins like one of those asked for, newest first.
    pub(crate) fn offsets(&self, query: &Query<'_>, side: Side) -> Vec<u16> {
        let items = match side {
            Side::Viewer => &self.viewers,
            Side::Owner => &self.owners,
        };
        let (items, _) = items.as_chunks::<ITEM>();
        let mut found = Vec::new();
        for name in query.pseudonyms {
            let wanted = prefix(*name);
            let from = items.partition_point(|item| item.first_chunk::<8>() < Some(&wanted));
            let same = items.iter().skip(from).take_while(|item| item.starts_with(&wanted));
            found.extend(
                same.filter_map(|item| item.last_chunk::<2>()).map(|offset| u16::from_be_bytes(*offset)),
            );
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.dedup();
        found
    }
}

/// The rows of published entries from one index to another, with their offsets in their chunk.
pub(crate) fn rows_of(tiles: Tiles<'_>, start: u64, end: u64) -> io::Result<Vec<(u16, Row)>> {
    let mut rows = Vec::new();
    let mut index = start;
    while index < end {
        let number = index / WIDE;
        for (at, octets) in (number * WIDE..).zip(tiles.bundle(number)?) {
            if (index..end).contains(&at) {
                let entry = parse_entry(&octets)
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
                rows.push((u16::try_from(at % CHUNK).unwrap_or(0), Row::of(&entry)));
            }
        }
        index = (number + 1) * WIDE;
    }
    Ok(rows)
}

/// Writes the index file of a chunk whose entries are all published.
pub(crate) fn rebuild(disk: &dyn Disk, tiles: Tiles<'_>, chunk: u64, minimum: u64) -> io::Result<Vec<u8>> {
    let octets = encode(&rows_of(tiles, minimum.max(chunk * CHUNK), (chunk + 1) * CHUNK)?);
    write(disk, tiles.dir, chunk, &octets)?;
    Ok(octets)
}

fn write(disk: &dyn Disk, dir: &Path, chunk: u64, octets: &[u8]) -> io::Result<()> {
    let mut out = Durable::new(disk, dir)?;
    out.write(&numbered(dir, INDEX, chunk), octets)?;
    // A crash here leaves no index file or a whole one; a missing one is made again at the next opening.
    out.finish()
}

/// Reads the index file of a chunk, or makes it again where it is missing or altered.
pub(crate) fn read(disk: &dyn Disk, tiles: Tiles<'_>, chunk: u64, minimum: u64) -> io::Result<ChunkFile> {
    let octets = layout::read(&numbered(tiles.dir, INDEX, chunk), MOST_FILE)?;
    if let Some(Ok(file)) = octets.as_deref().map(ChunkFile::parse) {
        return Ok(file);
    }
    let octets = rebuild(disk, tiles, chunk, minimum)?;
    ChunkFile::parse(&octets).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Moves the rows of chunks that are wholly published from memory to their files.
pub(crate) fn write_full_chunks(shared: &Shared) -> io::Result<()> {
    loop {
        let (chunk, rows) = {
            let tail = hold(&shared.tail);
            let chunk = tail.first_row / CHUNK;
            let end = (chunk + 1) * CHUNK;
            if tail.published < end {
                return Ok(());
            }
            let count = usize::try_from(end - tail.first_row).unwrap_or(usize::MAX);
            let offsets = (tail.first_row..).map(|index| u16::try_from(index % CHUNK).unwrap_or(0));
            (chunk, offsets.zip(tail.rows.iter().take(count).copied()).collect::<Vec<_>>())
        };
        write(&*shared.disk, &shared.dir, chunk, &encode(&rows))?;
        hold(&shared.tail).drop_rows_below((chunk + 1) * CHUNK);
    }
}

//! Reads published tiles and bundles.

use std::io;
use std::path::Path;

use honnin_seal::{Digest, leaf_digest};

use crate::bundle::{MOST_BUNDLE, WIDE, WIDTH};
use crate::layout;
use crate::merkle::{Edge, complete_root};

/// The published files of a tree of that size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tiles<'a> {
    pub(crate) dir: &'a Path,
    pub(crate) size: u64,
}

fn missing(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl Tiles<'_> {
    /// How many hashes the tile has.
    pub(crate) fn width(&self, level: u8, number: u64) -> usize {
        let hashes = self.size >> (8 * u32::from(level)).min(63);
        usize::try_from(hashes.saturating_sub(number.saturating_mul(WIDE)).min(WIDE)).unwrap_or(WIDTH)
    }

    /// The hashes of a tile.
    pub(crate) fn tile(&self, level: u8, number: u64) -> io::Result<Vec<Digest>> {
        let width = self.width(level, number);
        let path = |width| layout::tile(self.dir, level, number, width);
        let octets =
            layout::read_either(&path(width), &path(WIDTH), WIDTH * 32)?.ok_or(missing("tile missing"))?;
        let (hashes, []) = octets.as_chunks::<32>() else { return Err(missing("tile cut short")) };
        hashes.get(..width).map(<[Digest]>::to_vec).ok_or(missing("tile cut short"))
    }

    /// The octets of a bundle, cut to the entries the tree has.
    pub(crate) fn bundle(&self, number: u64) -> io::Result<Vec<Vec<u8>>> {
        self.look(number, |entries| entries.iter().map(|entry| entry.to_vec()).collect())
    }

    /// The octets of one entry, where the tree has it. Of the others of its bundle no copy is made.
    pub(crate) fn entry(&self, index: u64) -> io::Result<Option<Vec<u8>>> {
        let position = usize::try_from(index % WIDE).unwrap_or(WIDTH);
        self.look(index / WIDE, |entries| entries.get(position).map(|entry| entry.to_vec()))
    }

    /// As [`Self::entry`], proven to stand at that place of the tree with that right edge.
    pub(crate) fn proven(&self, index: u64, edge: &Edge) -> io::Result<Option<Vec<u8>>> {
        let Some(octets) = self.entry(index)? else { return Ok(None) };
        self.holds((0, index), leaf_digest(&octets), edge)?;
        Ok(Some(octets))
    }

    /// That a hash stands at that level and place of the tree with that right edge; `InvalidData` where it does not.
    pub(crate) fn holds(
        &self,
        (level, mut number): (u8, u64),
        mut hash: Digest,
        edge: &Edge,
    ) -> io::Result<()> {
        for level in level..=7 {
            if let Some(expected) = edge.hash(level, number) {
                return if *expected == hash {
                    Ok(())
                } else {
                    Err(missing("an entry that is not of the tree"))
                };
            }
            let tile = self.tile(level, number / WIDE)?;
            let place = usize::try_from(number % WIDE).unwrap_or(WIDTH);
            if tile.get(place) != Some(&hash) {
                return Err(missing("an entry that is not of the tree"));
            }
            (hash, number) = (complete_root(&tile), number / WIDE);
        }
        Err(missing("a tree too high"))
    }

    fn look<T>(&self, number: u64, take: impl FnOnce(&[&[u8]]) -> T) -> io::Result<T> {
        let width = self.width(0, number);
        let path = |width| layout::bundle(self.dir, number, width);
        let octets =
            layout::read_either(&path(width), &path(WIDTH), MOST_BUNDLE)?.ok_or(missing("bundle missing"))?;
        let mut entries = crate::parse_bundle(&octets).map_err(|_| missing("bundle malformed"))?;
        if entries.len() < width {
            return Err(missing("bundle cut short"));
        }
        entries.truncate(width);
        Ok(take(&entries))
    }

    /// The hash of the complete subtree `number` over `2^level` leaves.
    pub(crate) fn node(&self, level: u8, number: u64) -> io::Result<Digest> {
        let (tile_level, inside) = (level / 8, level % 8);
        let first = number << inside;
        let hashes = self.tile(tile_level, first / WIDE)?;
        let start = usize::try_from(first % WIDE).unwrap_or(WIDTH);
        hashes.get(start..start + (1 << inside)).map(complete_root).ok_or(missing("tile cut short"))
    }
}

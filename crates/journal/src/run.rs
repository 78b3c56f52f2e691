//! A run of the index: from pseudonyms to the entries of one stretch of a log, as a tree of blocks that is written once.
//!
//! Block, 4,096 octets: 340 items of 12 octets, then its check (16), made with the keeper's key over its place and its
//! items. Item, big-endian: beginning of the pseudonym (8); offset in the stretch, then four marks: whether it is the
//! viewer's, whether it is the owner's, and of that whether it is an act or a sign-in that failed (28 bits, 4). The first block says how many items and which moments there are; then come
//! all items, ascending; then the first item of each of those blocks, and so on up to one block. A block cut out, put
//! elsewhere or taken from another run has no right check, so what is missing is noticed before it is not answered.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use honnin_seal::same_octets;

use crate::Pseudonym;
use crate::chain::Chain;
use crate::entry::take;
use crate::index::CHUNK;
use crate::layout::INDEX;

const BLOCK: usize = 4096;
const ITEM: usize = 12;
const FULL: usize = (BLOCK - 16) / ITEM;
const MAGIC: [u8; 4] = *b"HJR2";
/// So many runs of one level become one of the next.
pub(crate) const FAN: u64 = 16;
/// The highest level: a run of 2^28 entries, which an offset still counts.
pub(crate) const TOP: u8 = 3;

pub(crate) const VIEWER: u32 = 1;
pub(crate) const OWNER: u32 = 2;
/// The owner's, and what was done to her account.
pub(crate) const ACT: u32 = 4;
/// The owner's, and somebody did not get in.
pub(crate) const FAILED: u32 = 8;
const MARKS: u32 = VIEWER | OWNER | ACT | FAILED;

/// An item, in the order of its octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Item {
    pub(crate) prefix: u64,
    pub(crate) offset: u32,
    pub(crate) sides: u32,
}

impl Item {
    fn octets(self) -> [u8; ITEM] {
        let mut out = [0; ITEM];
        let (prefix, rest) = out.split_at_mut(8);
        prefix.copy_from_slice(&self.prefix.to_be_bytes());
        rest.copy_from_slice(&(self.offset << 4 | self.sides).to_be_bytes());
        out
    }

    fn of(octets: [u8; ITEM]) -> Self {
        let mut rest = octets.as_slice();
        let prefix = take(&mut rest).map_or(0, u64::from_be_bytes);
        let word = take(&mut rest).map_or(0, u32::from_be_bytes);
        Self { prefix, offset: word >> 4, sides: word & MARKS }
    }
}

/// The beginning of a pseudonym, by which items are sorted.
pub(crate) fn prefix(name: Pseudonym) -> u64 {
    name.0.first_chunk().map_or(0, |octets| u64::from_be_bytes(*octets))
}

/// Which stretch a run is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) level: u8,
    /// Which one of its level.
    pub(crate) number: u64,
}

impl Stretch {
    /// Chunks in it.
    pub(crate) fn chunks(self) -> u64 {
        FAN.pow(u32::from(self.level))
    }

    /// Index of its first entry.
    pub(crate) fn start(self) -> u64 {
        self.number * self.chunks() * CHUNK
    }

    /// Index after its last entry.
    pub(crate) fn end(self) -> u64 {
        self.start() + self.chunks() * CHUNK
    }

    pub(crate) fn path(self, dir: &Path) -> PathBuf {
        dir.join(INDEX).join(self.level.to_string()).join(format!("{:020}", self.number))
    }

    /// The stretches that make it up, one level below.
    pub(crate) fn parts(self) -> impl Iterator<Item = Self> {
        let (level, first) = (self.level.saturating_sub(1), self.number * FAN);
        (first..first + FAN).map(move |number| Self { level, number })
    }

    /// The stretches of which the first so many chunks are made up, each as long as it can be, in order.
    pub(crate) fn cover(chunks: u64) -> Vec<Self> {
        let (mut found, mut at) = (Vec::new(), 0);
        for level in (0..=TOP).rev() {
            let length = FAN.pow(u32::from(level));
            while at + length <= chunks {
                found.push(Self { level, number: at / length });
                at += length;
            }
        }
        found
    }
}

fn damaged(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The place of a block, over which its check is made.
fn place(stretch: Stretch, tree_level: u8, items: u64, number: u64) -> [u8; 24] {
    let mut out = [0; 24];
    let [.., d, c, b, a] = stretch.number.to_be_bytes();
    let (head, rest) = out.split_at_mut(8);
    head.copy_from_slice(&[d, c, b, a, stretch.level, tree_level, 0, 0]);
    let (counted, numbered) = rest.split_at_mut(8);
    counted.copy_from_slice(&items.to_be_bytes());
    numbered.copy_from_slice(&number.to_be_bytes());
    out
}

/// Writes a run, item by item, ascending.
pub(crate) struct Writing<'a> {
    chain: &'a Chain,
    stretch: Stretch,
    file: File,
    items: u64,
    expected: u64,
    block: Vec<u8>,
    at: u64,
    fences: Vec<Item>,
}

impl<'a> Writing<'a> {
    /// Begins a run of exactly so many items; the moments are of its earliest and its latest entry.
    pub(crate) fn begin(
        file: File,
        stretch: Stretch,
        expected: u64,
        moments: (i64, i64),
        chain: &'a Chain,
    ) -> io::Result<Self> {
        let mut this =
            Self { chain, stretch, file, items: 0, expected, block: Vec::new(), at: 0, fences: Vec::new() };
        let head = [&MAGIC[..], &expected.to_be_bytes(), &moments.0.to_be_bytes(), &moments.1.to_be_bytes()];
        this.block = head.concat();
        // The head is the only block whose count is not yet known to its reader.
        this.put(u8::MAX, 0, 0)?;
        Ok(this)
    }

    fn put(&mut self, tree_level: u8, items: u64, number: u64) -> io::Result<()> {
        self.block.resize(BLOCK - 16, 0);
        let check = self.chain.block(&place(self.stretch, tree_level, items, number), &self.block);
        self.block.extend_from_slice(&check);
        self.file.write_all_at(&self.block, self.at)?;
        self.at += u64::try_from(BLOCK).unwrap_or(0);
        self.block.clear();
        Ok(())
    }

    pub(crate) fn push(&mut self, item: Item) -> io::Result<()> {
        if self.block.is_empty() {
            self.fences.push(item);
        }
        self.block.extend_from_slice(&item.octets());
        self.items += 1;
        if self.block.len() == FULL * ITEM {
            let number = u64::try_from(self.fences.len()).unwrap_or(0) - 1;
            self.put(0, self.expected, number)?;
        }
        Ok(())
    }

    /// Writes the blocks above; the file is complete and not yet durable.
    pub(crate) fn finish(mut self) -> io::Result<File> {
        if self.items != self.expected {
            return Err(damaged("a run of another number of items"));
        }
        if !self.block.is_empty() {
            let number = u64::try_from(self.fences.len()).unwrap_or(0) - 1;
            self.put(0, self.expected, number)?;
        }
        let mut tree_level = 0;
        while self.fences.len() > 1 {
            tree_level += 1;
            let below = std::mem::take(&mut self.fences);
            for (number, items) in (0..).zip(below.chunks(FULL)) {
                self.fences.extend(items.first());
                self.block = items.iter().flat_map(|item| item.octets()).collect();
                self.put(tree_level, self.expected, number)?;
            }
        }
        Ok(self.file)
    }
}

/// A run that is read.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    chain: &'a Chain,
    stretch: Stretch,
    file: File,
    pub(crate) items: u64,
    /// Moments of its earliest and its latest entry, in milliseconds.
    pub(crate) moments: (i64, i64),
}

const WIDTH: u64 = 340;

impl<'a> Run<'a> {
    pub(crate) fn open(dir: &Path, stretch: Stretch, chain: &'a Chain) -> io::Result<Self> {
        let file = File::open(stretch.path(dir))?;
        let mut run = Self { chain, stretch, file, items: 0, moments: (0, 0) };
        let head = run.block(u8::MAX, 0, 0)?;
        let mut rest = head.as_slice();
        let wrong = |_| damaged("the head of a run");
        if take::<4>(&mut rest).map_err(wrong)? != MAGIC {
            return Err(damaged("the head of a run"));
        }
        run.items = u64::from_be_bytes(take(&mut rest).map_err(wrong)?);
        let earliest = i64::from_be_bytes(take(&mut rest).map_err(wrong)?);
        run.moments = (earliest, i64::from_be_bytes(take(&mut rest).map_err(wrong)?));
        Ok(run)
    }

    /// The octets of a block, `place` blocks after the beginning of the file.
    fn block(&self, tree_level: u8, number: u64, at: u64) -> io::Result<Vec<u8>> {
        let mut octets = vec![0; BLOCK];
        let read = self.file.read_exact_at(&mut octets, at.saturating_mul(u64::try_from(BLOCK).unwrap_or(0)));
        read.map_err(|error| {
            let cut = error.kind() == io::ErrorKind::UnexpectedEof;
            if cut { damaged("a run that was cut") } else { error }
        })?;
        let (items, check) = octets.split_at_checked(BLOCK - 16).ok_or(damaged("a block"))?;
        let made = self.chain.block(&place(self.stretch, tree_level, self.items, number), items);
        if same_octets(&made, check) {
            octets.truncate(BLOCK - 16);
            Ok(octets)
        } else {
            Err(damaged("a block of a run whose check is wrong"))
        }
    }

    /// Blocks of each level of the tree, from that of the items up to one.
    fn levels(&self) -> Vec<u64> {
        let mut levels = vec![self.items.div_ceil(WIDTH)];
        while let Some(last) = levels.last().copied().filter(|last| *last > 1) {
            levels.push(last.div_ceil(WIDTH));
        }
        levels
    }

    /// The items of a block of that level of the tree.
    fn items_of(&self, levels: &[u64], tree_level: usize, number: u64) -> io::Result<Vec<Item>> {
        let before: u64 = levels.iter().take(tree_level).sum();
        let level = u8::try_from(tree_level).unwrap_or(u8::MAX);
        let octets = self.block(level, number, 1 + before + number)?;
        let count = match tree_level.checked_sub(1) {
            None => self.items,
            Some(below) => levels.get(below).copied().unwrap_or(0),
        };
        let here = usize::try_from(count.saturating_sub(number * WIDTH).min(WIDTH)).unwrap_or(FULL);
        let (items, _) = octets.as_chunks::<ITEM>();
        Ok(items.iter().take(here).map(|octets| Item::of(*octets)).collect())
    }

    /// Offsets of items of that name and side below an offset, newest first, at most so many.
    pub(crate) fn find(&self, name: Pseudonym, side: u32, below: u64, most: usize) -> io::Result<Vec<u32>> {
        let Some(last) = below.checked_sub(1).filter(|_| self.items > 0) else { return Ok(Vec::new()) };
        let offset = u32::try_from(last).unwrap_or(u32::MAX >> 4).min(u32::MAX >> 4);
        let wanted = Item { prefix: prefix(name), offset, sides: MARKS };
        let levels = self.levels();
        let mut number = 0;
        for tree_level in (1..levels.len()).rev() {
            let items = self.items_of(&levels, tree_level, number)?;
            let Some(child) = items.partition_point(|item| *item <= wanted).checked_sub(1) else {
                return Ok(Vec::new());
            };
            number = number * WIDTH + u64::try_from(child).unwrap_or(0);
        }
        let mut found = Vec::new();
        loop {
            let items = self.items_of(&levels, 0, number)?;
            let end = items.partition_point(|item| *item <= wanted);
            for item in items.iter().take(end).rev() {
                if item.prefix != wanted.prefix || found.len() == most {
                    return Ok(found);
                }
                if item.sides & side != 0 {
                    found.push(item.offset);
                }
            }
            match number.checked_sub(1) {
                Some(before) => number = before,
                None => return Ok(found),
            }
        }
    }

    /// Every item, in order; each block is checked.
    pub(crate) fn all(self) -> All<'a> {
        let levels = self.levels();
        All { run: self, levels, next: 0, block: Vec::new().into_iter() }
    }

    /// Reads every block there is.
    pub(crate) fn check(&self) -> io::Result<()> {
        let levels = self.levels();
        for (tree_level, count) in levels.iter().enumerate().filter(|_| self.items > 0) {
            for number in 0..*count {
                self.items_of(&levels, tree_level, number)?;
            }
        }
        Ok(())
    }
}

/// The items of a run, block by block.
pub(crate) struct All<'a> {
    run: Run<'a>,
    levels: Vec<u64>,
    next: u64,
    block: std::vec::IntoIter<Item>,
}

impl Iterator for All<'_> {
    type Item = io::Result<Item>;

    fn next(&mut self) -> Option<io::Result<Item>> {
        if let Some(item) = self.block.next() {
            return Some(Ok(item));
        }
        if self.run.items == 0 || self.levels.first().is_none_or(|blocks| self.next >= *blocks) {
            return None;
        }
        match self.run.items_of(&self.levels, 0, self.next) {
            Ok(items) => {
                self.next += 1;
                self.block = items.into_iter();
                self.block.next().map(Ok)
            }
            Err(error) => {
                self.next = u64::MAX;
                Some(Err(error))
            }
        }
    }
}

//! The tree of RFC 6962: its right edge, and proofs (RFC 9162 §2.1.3, §2.1.4).

use honnin_seal::{Digest, digest, node_digest};

use crate::bundle::{WIDE, WIDTH};

/// The root of a complete tree over a power of two of hashes.
pub(crate) fn complete_root(hashes: &[Digest]) -> Digest {
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row.chunks(2).map(|pair| if let [a, b] = pair { node_digest(a, b) } else { [0; 32] }).collect();
    }
    row.first().copied().unwrap_or_default()
}

/// A tile that became full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tile {
    pub(crate) level: u8,
    pub(crate) number: u64,
    pub(crate) hashes: Vec<Digest>,
}

/// The right edge of a growing tree: the partial tile of each level, which is all that later hashes need.
#[derive(Debug, Clone, Default)]
pub(crate) struct Edge {
    levels: Vec<Vec<Digest>>,
    size: u64,
}

impl Edge {
    /// The edge of a tree of that size with those partial tiles, lowest level first.
    pub(crate) fn of_tiles(levels: Vec<Vec<Digest>>, size: u64) -> Self {
        Self { levels, size }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The partial tiles that are not empty, lowest level first.
    pub(crate) fn partial(&self) -> impl Iterator<Item = Tile> + '_ {
        (0u8..).zip(&self.levels).filter(|(_, hashes)| !hashes.is_empty()).map(|(level, hashes)| Tile {
            level,
            number: self.size >> (8 * (u32::from(level) + 1)),
            hashes: hashes.clone(),
        })
    }

    /// Adds a leaf; tiles that become full are added to `full`.
    pub(crate) fn push(&mut self, leaf: Digest, full: &mut Vec<Tile>) {
        self.size += 1;
        self.push_at(0, leaf, full);
    }

    /// Adds 256 leaves by the root over them. The size must be a multiple of 256.
    pub(crate) fn push_tile_root(&mut self, root: Digest, full: &mut Vec<Tile>) {
        self.size += WIDE;
        self.push_at(1, root, full);
    }

    fn push_at(&mut self, level: u8, hash: Digest, full: &mut Vec<Tile>) {
        let at = usize::from(level);
        if self.levels.len() <= at {
            self.levels.resize_with(at + 1, Vec::new);
        }
        let Some(hashes) = self.levels.get_mut(at) else { return };
        hashes.push(hash);
        if hashes.len() == WIDTH {
            let hashes = std::mem::take(hashes);
            let root = complete_root(&hashes);
            let number = (self.size >> (8 * (u32::from(level) + 1))).saturating_sub(1);
            full.push(Tile { level, number, hashes });
            self.push_at(level + 1, root, full);
        }
    }

    /// The hash of that place where the partial tile of its level has it.
    pub(crate) fn hash(&self, level: u8, number: u64) -> Option<&Digest> {
        let first = self.size >> (8 * (u32::from(level) + 1)).min(63) << 8;
        let at = usize::try_from(number.checked_sub(first)?).ok()?;
        self.levels.get(usize::from(level))?.get(at)
    }

    /// The root of the tree.
    pub(crate) fn root(&self) -> Digest {
        let mut peaks = Vec::new();
        for hashes in self.levels.iter().rev() {
            let mut rest = hashes.as_slice();
            while let Some(power) = rest.len().checked_ilog2() {
                let Some((left, right)) = rest.split_at_checked(1 << power) else { break };
                peaks.push(complete_root(left));
                rest = right;
            }
        }
        peaks
            .into_iter()
            .rev()
            .reduce(|right, left| node_digest(&left, &right))
            .unwrap_or_else(|| digest(&[]))
    }
}

/// Gives the hash of the complete subtree `number` over `2^level` leaves.
pub(crate) type Node<'a, E> = dyn Fn(u8, u64) -> Result<Digest, E> + 'a;

/// The largest power of two below `count`, for counts above one.
fn split(count: u64) -> u64 {
    1 << (count - 1).checked_ilog2().unwrap_or(0)
}

fn range_root<E>(node: &Node<'_, E>, start: u64, end: u64) -> Result<Digest, E> {
    let count = end.saturating_sub(start);
    match count.checked_ilog2() {
        None => Ok(digest(&[])),
        Some(level) if count.is_power_of_two() => {
            node(u8::try_from(level).unwrap_or(u8::MAX), start >> level)
        }
        Some(_) => {
            let middle = start + split(count);
            Ok(node_digest(&range_root(node, start, middle)?, &range_root(node, middle, end)?))
        }
    }
}

/// The inclusion proof of the leaf at `index` in the tree of `size` leaves, lowest first.
pub(crate) fn inclusion_path<E>(node: &Node<'_, E>, index: u64, size: u64) -> Result<Vec<Digest>, E> {
    let (mut start, mut end, mut path) = (0, size, Vec::new());
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(range_root(node, middle, end)?);
            end = middle;
        } else {
            path.push(range_root(node, start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree of `old` leaves is the beginning of the tree of `size` leaves.
pub(crate) fn consistency_path<E>(node: &Node<'_, E>, old: u64, size: u64) -> Result<Vec<Digest>, E> {
    let (mut start, mut end, mut whole, mut path) = (0, size, true, Vec::new());
    if old == 0 || old >= size {
        return Ok(path);
    }
    while old != end {
        let middle = start + split(end - start);
        if old <= middle {
            path.push(range_root(node, middle, end)?);
            end = middle;
        } else {
            path.push(range_root(node, start, middle)?);
            (start, whole) = (middle, false);
        }
    }
    if !whole {
        path.push(range_root(node, start, end)?);
    }
    path.reverse();
    Ok(path)
}

/// Whether `path` proves that the leaf with that hash stands at `index` in the tree of that size and root.
pub fn verify_inclusion(leaf: &Digest, index: u64, size: u64, path: &[Digest], root: &Digest) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for part in path {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            hash = node_digest(part, &hash);
            while at.is_multiple_of(2) && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = node_digest(&hash, part);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && hash == *root
}

/// Whether `path` proves that the tree of size and root `old` is the beginning of the tree `new`.
pub fn verify_consistency(old: (u64, &Digest), new: (u64, &Digest), path: &[Digest]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size == new_size {
        return path.is_empty() && old_root == new_root;
    }
    if old_size == 0 || old_size > new_size {
        return old_size == 0 && path.is_empty();
    }
    let mut parts = path.iter();
    let start = if old_size.is_power_of_two() { Some(old_root) } else { parts.next() };
    let Some(start) = start else { return false };
    let (mut at, mut last) = (old_size - 1, new_size - 1);
    while at % 2 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    let (mut first, mut second) = (*start, *start);
    for part in parts {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            first = node_digest(part, &first);
            second = node_digest(part, &second);
            while at.is_multiple_of(2) && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            second = node_digest(&second, part);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && first == *old_root && second == *new_root
}

impl Edge {
    /// The edge without the leaves of the partial lowest tile.
    pub(crate) fn whole_tiles(&self) -> Self {
        let mut levels = self.levels.clone();
        if let Some(lowest) = levels.first_mut() {
            lowest.clear();
        }
        Self { levels, size: self.size / WIDE * WIDE }
    }
}

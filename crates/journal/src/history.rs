//! What stays of pruned entries: the signed minimum index, and grants still in force with their proofs.

use honnin_seal::{Digest, SigningKey, VerifyingKey, leaf_digest};
use honnin_terms::Moment;

use crate::bundle::{WIDE, WIDTH};
use crate::entry::{MOST_ENTRY, take};
use crate::merkle::{complete_root, inclusion_path, verify_inclusion};
use crate::note::{BadFormat, Note, parse_size};
use crate::shelf::Kept;

/// Most grants that are carried: a million households at 1.4 kB each.
pub(crate) const MOST_CARRIED: usize = 1 << 20;
/// Longest file of carried grants, in octets.
pub(crate) const MOST_CARRIED_OCTETS: usize = MOST_CARRIED * (10 + MOST_ENTRY + PATH * 32);
/// Hashes between a leaf and the root of its tile.
const PATH: usize = 8;

/// The text of the note cannot be taken for a checkpoint: its third line is no root hash.
fn text(origin: &str, minimum: u64, from: Moment) -> String {
    format!("{origin}\n{minimum}\nentries before this index are pruned; kept from {}\n", from.millis())
}

/// Signs the minimum index.
pub(crate) fn sign_pruned(
    origin: &str,
    minimum: u64,
    from: Moment,
    key: &SigningKey,
) -> Result<Vec<u8>, honnin_seal::BadSignature> {
    Note::sign(&text(origin, minimum, from), origin, key)
}

/// Reads and verifies the minimum index.
pub(crate) fn parse_pruned(octets: &[u8], origin: &str, key: &VerifyingKey) -> Result<Kept, BadFormat> {
    let note = Note::parse(octets)?;
    let bad = BadFormat("the note of the minimum index");
    let mut lines = note.text.split('\n').skip(1);
    let minimum = parse_size(lines.next().ok_or(bad)?)?;
    let millis =
        lines.next().and_then(|line| line.rsplit(' ').next()).and_then(|n| n.parse().ok()).ok_or(bad)?;
    let from = Moment::from_millis(millis).map_err(|_| bad)?;
    if note.text != text(origin, minimum, from) || !minimum.is_multiple_of(WIDE) {
        return Err(bad);
    }
    note.verify(origin, key).map_err(|_| BadFormat("a minimum index signed by the journal's key"))?;
    Ok(Kept { minimum, from: Some(from) })
}

/// A grant or case below the minimum index that is still in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Carried {
    pub(crate) index: u64,
    pub(crate) octets: Vec<u8>,
    path: Vec<Digest>,
}

impl Carried {
    /// Takes an entry out of its full tile.
    pub(crate) fn of(index: u64, octets: Vec<u8>, tile: &[Digest]) -> Result<Self, BadFormat> {
        let node = |level: u8, number: u64| {
            let first = usize::try_from(number << level).unwrap_or(WIDTH);
            tile.get(first..first + (1 << level)).map(complete_root).ok_or(BadFormat("a full tile"))
        };
        let path = inclusion_path(&node, index % WIDE, WIDE)?;
        Ok(Self { index, octets, path })
    }

    /// Whether the entry stands at its index under the root of its tile.
    pub(crate) fn is_under(&self, tile_root: &Digest) -> bool {
        verify_inclusion(&leaf_digest(&self.octets), self.index % WIDE, WIDE, &self.path, tile_root)
    }
}

/// Writes carried entries: index (8), length (2), entry, path (8 × 32), for each.
pub(crate) fn encode_carried(carried: &[Carried]) -> Result<Vec<u8>, BadFormat> {
    let mut out = Vec::new();
    for one in carried {
        out.extend_from_slice(&one.index.to_be_bytes());
        crate::bundle::push(&mut out, &one.octets)?;
        out.extend_from_slice(one.path.as_flattened());
    }
    Ok(out)
}

/// Reads carried entries; ascending by index, so that one text stands for one list.
pub(crate) fn parse_carried(mut rest: &[u8]) -> Result<Vec<Carried>, BadFormat> {
    let mut carried: Vec<Carried> = Vec::new();
    while !rest.is_empty() {
        let index = u64::from_be_bytes(take(&mut rest)?);
        let length = u16::from_be_bytes(take(&mut rest)?);
        let (octets, after) = rest.split_at_checked(usize::from(length)).ok_or(BadFormat("a whole entry"))?;
        rest = after;
        let mut path = Vec::with_capacity(PATH);
        for _ in 0..PATH {
            path.push(take::<32>(&mut rest)?);
        }
        if carried.last().is_some_and(|last| last.index >= index) || carried.len() == MOST_CARRIED {
            return Err(BadFormat("ascending indexes within the bound"));
        }
        carried.push(Carried { index, octets: octets.to_vec(), path });
    }
    Ok(carried)
}

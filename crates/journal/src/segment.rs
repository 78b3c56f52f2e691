//! Segments: the entries as they came, one frame for each batch that was made durable at once.
//!
//! Frame: magic (4), length of the entries (4), first index (8), count (4), how many entries before it were not anchored
//! yet when it was written (4), check of the frame before (32), check (32), entries as in a bundle, zeros up to a multiple
//! of 64. Where less is anchored than a frame says, what is anchored was put back. Checks are made with the keeper's key
//! ([`Chain`]). A frame is written only after the one before it was durable; so a broken frame with a whole one after it
//! is damage, while a broken last one is a batch nobody was told of.

use honnin_seal::{Digest, leaf_digest, same_octets};

use crate::BadFormat;
use crate::bundle::split;
use crate::chain::{Chain, Head};
use crate::entry::take;

const MAGIC: [u8; 4] = *b"HJF3";
pub(crate) const HEAD: usize = 88;
/// Where a frame may begin.
pub(crate) const ALIGN: usize = 64;

/// Longest frame, in octets: bounds what one sync makes durable and what a reader must hold.
pub(crate) const MOST_FRAME: usize = 1 << 20;
/// Largest segment a reader takes, in octets: far above any setting that makes sense.
pub(crate) const MOST_SEGMENT: usize = 1 << 30;

/// A batch of entries with consecutive indexes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) first: u64,
    /// So much was anchored when it was written, or more.
    pub(crate) anchored: u64,
    pub(crate) leaves: Vec<Digest>,
    pub(crate) before: Digest,
    pub(crate) tag: Digest,
    octets: Vec<u8>,
    length: usize,
}

impl Frame {
    /// Makes the frame of entries that stand in `octets` after [`HEAD`] octets left free.
    pub(crate) fn of(
        mut octets: Vec<u8>,
        (first, anchored): (u64, u64),
        before: Digest,
        chain: &Chain,
    ) -> Result<Self, BadFormat> {
        let (head, entries) = octets.split_at_mut_checked(HEAD).ok_or(BadFormat("room for the head"))?;
        let length = entries.len();
        let leaves: Vec<Digest> = split(entries)?.into_iter().map(leaf_digest).collect();
        let count = u32::try_from(leaves.len()).map_err(|_| BadFormat("fewer entries"))?;
        let octet_count = u32::try_from(length).map_err(|_| BadFormat("fewer octets"))?;
        let mut start = Vec::with_capacity(HEAD);
        start.extend_from_slice(&MAGIC);
        start.extend_from_slice(&octet_count.to_be_bytes());
        start.extend_from_slice(&first.to_be_bytes());
        start.extend_from_slice(&count.to_be_bytes());
        let unanchored = u32::try_from(first.saturating_sub(anchored)).unwrap_or(u32::MAX);
        start.extend_from_slice(&unanchored.to_be_bytes());
        let fixed = start.first_chunk().ok_or(BadFormat("the head of a frame"))?;
        let tag = chain.frame(&before, fixed, &leaves);
        start.extend_from_slice(&before);
        start.extend_from_slice(&tag);
        head.copy_from_slice(&start);
        octets.resize(octets.len().next_multiple_of(ALIGN), 0);
        let anchored = first.saturating_sub(unanchored.into());
        Ok(Self { first, anchored, leaves, before, tag, octets, length })
    }

    /// Reads the frame that stands at the beginning of `octets`, where there is a whole one that the key made.
    pub(crate) fn parse(octets: &[u8], chain: &Chain) -> Result<Self, BadFormat> {
        let mut rest = octets;
        let magic = take::<4>(&mut rest)?;
        let length = u32::from_be_bytes(take(&mut rest)?);
        let first = u64::from_be_bytes(take(&mut rest)?);
        let count = u32::from_be_bytes(take(&mut rest)?);
        let unanchored = u32::from_be_bytes(take(&mut rest)?);
        let before: Digest = take(&mut rest)?;
        let tag: Digest = take(&mut rest)?;
        let length = usize::try_from(length).map_err(|_| BadFormat("a length"))?;
        if magic != MAGIC || length > MOST_FRAME || length == 0 {
            return Err(BadFormat("the head of a frame"));
        }
        let whole =
            octets.get(..(HEAD + length).next_multiple_of(ALIGN)).ok_or(BadFormat("a whole frame"))?;
        let padding = whole.get(HEAD + length..).unwrap_or_default();
        let entries = rest.get(..length).ok_or(BadFormat("a whole frame"))?;
        let leaves: Vec<Digest> = split(entries)?.into_iter().map(leaf_digest).collect();
        let head = octets.first_chunk().ok_or(BadFormat("the head of a frame"))?;
        if padding.iter().any(|b| *b != 0)
            || u32::try_from(leaves.len()) != Ok(count)
            || !same_octets(&chain.frame(&before, head, &leaves), &tag)
        {
            return Err(BadFormat("a frame as it was written"));
        }
        let anchored = first.saturating_sub(unanchored.into());
        Ok(Self { first, anchored, leaves, before, tag, octets: whole.to_vec(), length })
    }

    /// Whether it was written after that.
    pub(crate) fn follows(&self, head: &Head) -> bool {
        self.first == head.size && self.before == head.tag
    }

    /// How far the log has come with it.
    pub(crate) fn head(&self) -> Head {
        Head { size: self.end(), tag: self.tag }
    }

    /// The octets of the entries.
    pub(crate) fn entries(&self) -> Vec<&[u8]> {
        self.octets.get(HEAD..HEAD + self.length).and_then(|entries| split(entries).ok()).unwrap_or_default()
    }

    /// What stands in the segment.
    pub(crate) fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// The index after the last entry.
    pub(crate) fn end(&self) -> u64 {
        self.first + u64::try_from(self.leaves.len()).unwrap_or(0)
    }
}

/// What a segment holds.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) frames: Vec<Frame>,
    /// Where octets begin that are no frame, if there are any: a batch that was being written.
    pub(crate) torn: Option<usize>,
}

/// Reads the frames of a segment whose first entry has the index `first`.
///
/// `limit` is the first index of the next segment: what stands here from that index on was refused when it was
/// written, and the next segment took its place.
///
/// # Errors
/// [`BadFormat`] where a whole frame follows a broken one, or an index is missing.
pub(crate) fn scan(segment: &[u8], first: u64, limit: u64, chain: &Chain) -> Result<Scan, BadFormat> {
    let mut found = Scan::default();
    let (mut at, mut next) = (0, first);
    while next < limit {
        let rest = segment.get(at..).unwrap_or_default();
        match Frame::parse(rest, chain) {
            Ok(frame) if found.frames.last().is_some_and(|last: &Frame| last.tag != frame.before) => {
                return Err(BadFormat("frames that follow each other"));
            }
            Ok(frame) if frame.first == next && frame.end() <= limit => {
                (at, next) = (at + frame.octets.len(), frame.end());
                found.frames.push(frame);
            }
            Ok(_) => return Err(BadFormat("frames without a gap")),
            Err(_) => break,
        }
    }
    let rest = segment.get(at..).unwrap_or_default();
    if next >= limit || rest.iter().all(|b| *b == 0) {
        return Ok(found);
    }
    let later = (ALIGN..rest.len()).step_by(ALIGN).filter_map(|skip| rest.get(skip..));
    if later.into_iter().any(|octets| octets.starts_with(&MAGIC) && Frame::parse(octets, chain).is_ok()) {
        return Err(BadFormat("no broken frame before a whole one"));
    }
    found.torn = Some(at);
    Ok(found)
}

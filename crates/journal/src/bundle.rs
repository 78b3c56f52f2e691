//! The entry bundle of tlog-tiles: entries one after another, each with its length (16 bits, big-endian) before it.

use crate::BadFormat;
use crate::entry::MOST_ENTRY;

/// Entries in a full bundle, hashes in a full tile.
pub(crate) const WIDTH: usize = 256;
/// The same number as a count of entries.
pub(crate) const WIDE: u64 = 256;

/// Longest bundle, in octets: a full one of the longest entries.
pub(crate) const MOST_BUNDLE: usize = WIDTH * (2 + MOST_ENTRY);

/// Adds an entry to a bundle.
pub(crate) fn push(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), BadFormat> {
    let length = u16::try_from(entry.len()).map_err(|_| BadFormat("an entry below 64 KiB"))?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// Cuts a bundle into the octets of its entries.
///
/// # Errors
/// [`BadFormat`] where a length does not fit, or for more entries than a full bundle has.
pub fn parse_bundle(bundle: &[u8]) -> Result<Vec<&[u8]>, BadFormat> {
    let entries = split(bundle)?;
    if entries.len() > WIDTH { Err(BadFormat("256 entries at most")) } else { Ok(entries) }
}

/// As [`parse_bundle`], for any number of entries.
pub(crate) fn split(mut rest: &[u8]) -> Result<Vec<&[u8]>, BadFormat> {
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let length = u16::from_be_bytes(crate::entry::take(&mut rest)?);
        let (entry, after) = rest.split_at_checked(usize::from(length)).ok_or(BadFormat("a whole entry"))?;
        entries.push(entry);
        rest = after;
    }
    Ok(entries)
}

//! Packed octets: what `Content-Encoding` says, and gzip or zlib wherever it begins.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// The most that one packed string may unfold to: four times the largest answer the client takes. More is a bomb, and
/// is reported as not looked into.
pub(super) const LARGEST: usize = 128 << 20;

/// How many places of one string are tried as the begin of gzip or zlib. The two octets of a zlib header are met by
/// chance every 16,000 octets of packed data; a page has none.
pub(super) const MOST_BEGINNINGS: usize = 4096;

/// What came of unpacking.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unpacked {
    /// The whole.
    Whole(Vec<u8>),
    /// As far as it could be read; the rest is broken or was cut off.
    Part(Vec<u8>),
    /// Larger than [`LARGEST`].
    TooLarge,
    /// No such coding.
    Unknown,
}

/// Undoes one coding of `Content-Encoding` (RFC 9110 §8.4.1; `deflate` is zlib, or bare as some send it).
pub(super) fn coding(name: &str, octets: &[u8]) -> Unpacked {
    match name.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Unpacked::Whole(octets.to_vec()),
        "gzip" | "x-gzip" => read(MultiGzDecoder::new(octets)),
        "br" => read(brotli_decompressor::Decompressor::new(octets, 4096)),
        "deflate" => match read(ZlibDecoder::new(octets)) {
            Unpacked::Part(nothing) if nothing.is_empty() => read(DeflateDecoder::new(octets)),
            read @ (Unpacked::Whole(_) | Unpacked::Part(_) | Unpacked::TooLarge | Unpacked::Unknown) => read,
        },
        _ => Unpacked::Unknown,
    }
}

/// Reads to the end, to the first fault, or to the bound.
fn read(packed: impl Read) -> Unpacked {
    let mut out = Vec::new();
    let bound = u64::try_from(LARGEST).unwrap_or(u64::MAX).saturating_add(1);
    let ended = packed.take(bound).read_to_end(&mut out);
    match ended {
        Ok(_) if out.len() > LARGEST => Unpacked::TooLarge,
        Ok(_) => Unpacked::Whole(out),
        Err(_) => Unpacked::Part(out),
    }
}

/// What gzip begins with (RFC 1952 §2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Whether gzip or zlib may begin with these two octets.
pub(super) fn begins_with(pair: &[u8]) -> bool {
    let &[first, second] = pair else { return false };
    // RFC 1950 §2.2: deflate, a window of at most 32 KiB, the two octets a multiple of 31, no dictionary.
    first & 0x8f == 0x08 && second & 0x20 == 0 && u16::from_be_bytes([first, second]).is_multiple_of(31)
        || [first, second] == GZIP
}

/// What unfolded from somewhere in the octets.
#[derive(Debug)]
pub(super) struct Found {
    /// What it says.
    pub(super) octets: Vec<u8>,
    /// Whether it came to its end and its checksum is right, as no chance has it. The two octets of a zlib header are met
    /// in any text (`x^`, `hC`), and what unfolds from there by chance is noise, in which every alphabet is met again.
    pub(super) whole: bool,
}

/// Everything that unfolds from a gzip or zlib header somewhere in the octets; `None` where that is too much.
pub(super) fn embedded(octets: &[u8]) -> Option<Vec<Found>> {
    let mut found = Vec::new();
    let beginnings = octets.windows(2).enumerate().filter(|(_, pair)| begins_with(pair));
    for (tried, (at, _)) in beginnings.enumerate() {
        if tried >= MOST_BEGINNINGS {
            return None;
        }
        let rest = octets.get(at..).unwrap_or_default();
        let gzip = rest.starts_with(&GZIP);
        let unpacked = if gzip { read(MultiGzDecoder::new(rest)) } else { read(ZlibDecoder::new(rest)) };
        match unpacked {
            Unpacked::Whole(octets) if !octets.is_empty() => found.push(Found { octets, whole: true }),
            Unpacked::Part(octets) if !octets.is_empty() => found.push(Found { octets, whole: false }),
            Unpacked::TooLarge => return None,
            Unpacked::Whole(_) | Unpacked::Part(_) | Unpacked::Unknown => {}
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    #[test]
    fn every_coding_is_undone() {
        let text = b"the same text ".repeat(99);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::best());
        let writers: [&mut dyn Write; 3] = [&mut gzip, &mut zlib, &mut bare];
        for writer in writers {
            writer.write_all(&text).unwrap();
        }
        let [gzip, zlib, bare] = [gzip.finish().unwrap(), zlib.finish().unwrap(), bare.finish().unwrap()];
        let mut brotli = Vec::new();
        brotli::CompressorWriter::new(&mut brotli, 4096, 5, 20).write_all(&text).unwrap();
        for (name, packed) in
            [("gzip", &gzip), ("GZIP ", &gzip), ("deflate", &zlib), ("deflate", &bare), ("br", &brotli)]
        {
            assert_eq!(coding(name, packed), Unpacked::Whole(text.clone()), "{name}");
        }
        assert_eq!(coding("compress", &gzip), Unpacked::Unknown);
        let half = gzip.get(..gzip.len() / 2).unwrap();
        assert!(matches!(coding("gzip", half), Unpacked::Part(_)));
        let two: Vec<u8> = [b"before".as_slice(), &zlib, b"between", &gzip].concat();
        assert_eq!(
            embedded(&two).unwrap().iter().filter(|found| found.whole && found.octets == text).count(),
            2
        );
    }

    #[test]
    fn a_bomb_is_not_unfolded() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        let nothing = vec![0; 1 << 20];
        for _ in 0..=LARGEST >> 20 {
            gzip.write_all(&nothing).unwrap();
        }
        let bomb = gzip.finish().unwrap();
        assert!(bomb.len() < 1 << 20);
        assert_eq!(coding("gzip", &bomb), Unpacked::TooLarge);
        assert!(embedded(&bomb).is_none());
    }
}

//! SHA-256, plain and as the Merkle tree hashes of RFC 6962 §2.1.

use aws_lc_rs::{constant_time, digest as sha};
use zeroize::Zeroize as _;

/// A SHA-256 value.
pub type Digest = [u8; 32];

/// Up to so many octets are hashed in one piece. What a read hashes, keys, tokens and entries, is shorter.
const SHORT: usize = 192;

/// SHA-256 over the parts one after another.
pub fn digest(parts: &[&[u8]]) -> Digest {
    let mut out = [0; 32];
    out.copy_from_slice(short(parts).unwrap_or_else(|| long(parts)).as_ref());
    out
}

/// Of few octets, at once: setting up the cipher library's context costs as much as the hash of them.
fn short(parts: &[&[u8]]) -> Option<sha::Digest> {
    let mut octets = [0; SHORT];
    // Nothing is copied that would then be left behind.
    let joined = octets.get_mut(..parts.iter().map(|part| part.len()).sum())?;
    let mut rest = &mut *joined;
    for part in parts {
        let (here, after) = rest.split_at_mut_checked(part.len())?;
        here.copy_from_slice(part);
        rest = after;
    }
    let digest = sha::digest(&sha::SHA256, joined);
    // There may be a key among the parts.
    joined.zeroize();
    Some(digest)
}

/// SHA-256 of what comes piece by piece: files, which are longer than memory.
pub struct RunningDigest(sha::Context);

impl std::fmt::Debug for RunningDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RunningDigest(..)")
    }
}

impl Default for RunningDigest {
    fn default() -> Self {
        Self(sha::Context::new(&sha::SHA256))
    }
}

impl RunningDigest {
    /// Takes the next piece.
    pub fn update(&mut self, octets: &[u8]) {
        self.0.update(octets);
    }

    /// The digest of all that was taken.
    pub fn finish(self) -> Digest {
        let mut out = [0; 32];
        out.copy_from_slice(self.0.finish().as_ref());
        out
    }
}

fn long(parts: &[&[u8]]) -> sha::Digest {
    let mut context = sha::Context::new(&sha::SHA256);
    for part in parts {
        context.update(part);
    }
    context.finish()
}

/// The hash of a leaf (RFC 6962 §2.1: `SHA-256(0x00 || leaf)`).
pub fn leaf_digest(leaf: &[u8]) -> Digest {
    digest(&[&[0], leaf])
}

/// The hash of an inner node (RFC 6962 §2.1: `SHA-256(0x01 || left || right)`).
pub fn node_digest(left: &Digest, right: &Digest) -> Digest {
    digest(&[&[1], left, right])
}

/// SHA-1 of a text in upper-case hexadecimal: how public lists of leaked passwords name them. It secures nothing here.
pub fn sha1_hex(text: &[u8]) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, text);
    data_encoding::HEXUPPER.encode(hash.as_ref())
}

/// Whether two texts are the same, in a time that depends on their lengths only.
pub fn same_octets(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_hash_to_the_same_in_one_piece_and_one_by_one() {
        let octets: Vec<u8> = (0..=u8::MAX).cycle().take(2 * SHORT).collect();
        for length in [0, 1, 63, 64, SHORT - 1, SHORT, SHORT + 1, 2 * SHORT] {
            let (head, tail) = octets[..length].split_at(length / 3);
            let parts = [head, &[], tail];
            assert_eq!(digest(&parts), digest(&[&octets[..length]]), "{length}");
            assert_eq!(digest(&parts), long(&parts).as_ref(), "{length}");
            assert_eq!(short(&parts).is_some(), length <= SHORT, "{length}");
        }
    }
}

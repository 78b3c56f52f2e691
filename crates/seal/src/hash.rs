//! SHA-256, plain and as the Merkle tree hashes of RFC 6962 §2.1.

use aws_lc_rs::{constant_time, digest as sha};

/// A SHA-256 value.
pub type Digest = [u8; 32];

/// SHA-256 over the parts one after another.
pub fn digest(parts: &[&[u8]]) -> Digest {
    let mut context = sha::Context::new(&sha::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

/// The hash of a leaf (RFC 6962 §2.1: `SHA-256(0x00 || leaf)`).
pub fn leaf_digest(leaf: &[u8]) -> Digest {
    digest(&[&[0], leaf])
}

/// The hash of an inner node (RFC 6962 §2.1: `SHA-256(0x01 || left || right)`).
pub fn node_digest(left: &Digest, right: &Digest) -> Digest {
    digest(&[&[1], left, right])
}

/// Whether two texts are the same, in a time that depends on their lengths only.
pub fn same_octets(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

//! The only room with ciphers and hashes: keys, sealed blobs, wrapped keys, lookup indexes, passwords, signatures.
//!
//! Knows nothing of who may do what. It composes primitives of aws-lc-rs, argon2 and blahaj and invents none.
//!
//! # Security
//! Promised: a blob opens only with its own key and only at the place it was sealed for (see [`Place`]).
//! Not promised: that an old blob of the same place is refused (no rollback protection), nor that the length
//! of a plaintext is hidden.

mod hash;
mod key;
mod mac;
mod passkey;
mod password;
mod place;
mod secret;
mod share;
mod share_text;
mod sign;
mod totp;
mod work;

pub use hash::{Digest, RunningDigest, digest, leaf_digest, node_digest, same_octets, sha1_hex};
pub use key::{
    AccountKey, Beside, Epoch, IndexKey, KeeperKey, KeyKind, KeyMaterial, KindKey, OpenError, RingKey,
    SessionKey,
};
pub use mac::MacKey;
pub use passkey::{PasskeyAlgorithm, PasskeyKey};
pub use password::{BadPhc, HashCost, Hasher, PasswordHash, PasswordVerdict};
pub use place::{Place, Purpose};
pub use secret::{Secret, SessionToken};
pub use share::{EscrowError, KeyFingerprint, KeyShare, LONGEST_ESCROWED};
pub use share_text::ShareError;
pub use sign::{BadSignature, SigningKey, VerifyingKey};
pub use totp::{TOTP_OCTETS, TOTP_SECONDS, TotpSecret};
pub use work::{HashWork, HouseWork, Spent};

//! Ed25519 signatures (RFC 8032): checkpoints of the journal.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use crate::Secret;

/// A signature that does not verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("verify a signature: it was made by another key or over another text")]
pub struct BadSignature;

/// A key that signs.
pub struct SigningKey(Ed25519KeyPair);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

impl SigningKey {
    /// The key of that seed.
    ///
    /// # Errors
    /// [`BadSignature`] where the seed is no key, which no seed of 32 octets is.
    pub fn of_seed(seed: &Secret) -> Result<Self, BadSignature> {
        Ed25519KeyPair::from_seed_unchecked(seed.expose()).map(Self).map_err(|_| BadSignature)
    }

    /// The signature, 64 octets.
    pub fn sign(&self, text: &[u8]) -> Vec<u8> {
        self.0.sign(text).as_ref().to_vec()
    }

    /// The key that verifies what this one signs.
    ///
    /// # Errors
    /// [`BadSignature`] where the public key is not 32 octets long, which it always is.
    pub fn verifying_key(&self) -> Result<VerifyingKey, BadSignature> {
        <[u8; 32]>::try_from(self.0.public_key().as_ref()).map(VerifyingKey).map_err(|_| BadSignature)
    }
}

/// A key that verifies. Public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyingKey(pub [u8; 32]);

impl VerifyingKey {
    /// Whether the signature over `text` is of this key.
    ///
    /// # Errors
    /// [`BadSignature`] where it is not.
    pub fn verify(&self, text: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(text, signature).map_err(|_| BadSignature)
    }
}

//! Secret octets: wiped when dropped, never printed, never compared in variable time.

use std::fmt;

use honnin_terms::Entropy;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// 32 secret octets.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Secret([u8; 32]);

impl Secret {
    /// Fresh random octets.
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut octets = [0; 32];
        entropy.fill(&mut octets);
        Self(octets)
    }

    /// Takes secret octets read from a key file or opened from a wrap.
    pub fn from_octets(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// The same octets once more; wiped on their own when dropped.
    pub(crate) fn again(&self) -> Self {
        Self(self.0)
    }

    /// The octets, for this room and for writing a key file.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The session token: 256 random bits that live in the subscriber's cookie and nowhere else.
///
/// The store keeps a hash of it; the key that wraps the account key is derived from it under another label.
pub struct SessionToken {
    secret: Secret,
    /// Worked out once: the row is found by it, and the answer compared with it.
    row_hash: crate::Digest,
}

impl SessionToken {
    /// A fresh token.
    pub fn random(entropy: &dyn Entropy) -> Self {
        Self::of(Secret::random(entropy))
    }

    fn of(secret: Secret) -> Self {
        let row_hash = crate::digest(&[b"honnin session row v1\0", secret.expose()]);
        Self { secret, row_hash }
    }

    /// Reads a token from a cookie or an `Authorization: Bearer` header: 43 characters of base64url (RFC 4648 §5).
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut octets = [0; 32];
        // The length is checked before decoding, so the output fits exactly.
        (text.len() == 43).then_some(())?;
        data_encoding::BASE64URL_NOPAD.decode_mut(text, &mut octets).ok()?;
        Some(Self::of(Secret(octets)))
    }

    /// The token as the cookie carries it. The only copy: whoever has it is the session.
    pub fn reveal(&self) -> String {
        data_encoding::BASE64URL_NOPAD.encode(self.secret.expose())
    }

    /// The hash by which the store finds the session's row.
    pub const fn row_hash(&self) -> crate::Digest {
        self.row_hash
    }

    pub(crate) const fn secret(&self) -> &Secret {
        &self.secret
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(..)")
    }
}

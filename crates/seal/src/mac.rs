//! Keyed checks of what lies in files that others may write to: HMAC-SHA-256 (RFC 2104).

use std::fmt;

use aws_lc_rs::hmac;

use crate::{Digest, Secret};

/// A key that makes checks only its holder can make.
pub struct MacKey(hmac::Key);

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey(..)")
    }
}

impl MacKey {
    /// The key of that secret.
    pub fn of_secret(secret: &Secret) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.expose()))
    }

    /// The same key once more.
    #[must_use]
    pub fn again(&self) -> Self {
        Self(self.0.clone())
    }

    /// The check over the parts one after another. No lengths are put between them: parts of varying length come last,
    /// or with their lengths in a part before.
    pub fn tag<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> Digest {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(part);
        }
        let mut out = [0; 32];
        out.iter_mut().zip(context.sign().as_ref()).for_each(|(to, from)| *to = *from);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_is_met() {
        // RFC 4231, case 6 has a longer key; this is HMAC-SHA-256 of "Hi There" under 32 octets of 0x0b,
        // computed with OpenSSL.
        let key = MacKey::of_secret(&Secret::from_octets([0x0b; 32]));
        let tag = key.tag([&b"Hi "[..], b"There"]);
        assert_eq!(
            data_encoding::HEXLOWER.encode(&tag),
            "198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7"
        );
        assert_eq!(tag, key.again().tag([&b"Hi There"[..]]));
    }
}

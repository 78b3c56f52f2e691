//! One-time codes by time: TOTP (RFC 6238) with SHA-1, six digits and 30 seconds, which is what every app takes.

use std::fmt;

use aws_lc_rs::hmac;
use honnin_terms::Entropy;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Octets of a secret: as many as the hash has (RFC 4226 §4, R6).
pub const TOTP_OCTETS: usize = 20;

/// Seconds one code is shown for.
pub const TOTP_SECONDS: i64 = 30;

/// Codes there are.
const CODES: u32 = 1_000_000;

/// The secret an app and we share.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct TotpSecret([u8; TOTP_OCTETS]);

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(..)")
    }
}

impl TotpSecret {
    /// A fresh one.
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut octets = [0; TOTP_OCTETS];
        entropy.fill(&mut octets);
        Self(octets)
    }

    /// One that was kept.
    pub const fn from_octets(octets: [u8; TOTP_OCTETS]) -> Self {
        Self(octets)
    }

    /// What is kept of it, under a seal.
    pub const fn expose(&self) -> &[u8; TOTP_OCTETS] {
        &self.0
    }

    /// As an app takes it: 32 characters of base 32.
    pub fn base32(&self) -> String {
        data_encoding::BASE32_NOPAD.encode(&self.0)
    }

    /// The code of a step: so many half minutes after 1970.
    pub fn code(&self, step: u64) -> u32 {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        // RFC 4226 §5.3: the last half octet says where the number stands.
        let from = tag.as_ref().last().map_or(0, |last| usize::from(last & 0x0f));
        let number = tag.as_ref().get(from..).and_then(|rest| rest.first_chunk::<4>());
        (number.map_or(0, |octets| u32::from_be_bytes(*octets)) & 0x7fff_ffff) % CODES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_of_the_standard_are_met() {
        // RFC 6238, appendix B, SHA-1; the last six of its eight digits.
        let secret = TotpSecret::from_octets(*b"12345678901234567890");
        for (seconds, code) in [
            (59, 287_082),
            (1_111_111_109, 81_804),
            (1_111_111_111, 50_471),
            (1_234_567_890, 5_924),
            (2_000_000_000, 279_037),
            (20_000_000_000, 353_130),
        ] {
            assert_eq!(secret.code(seconds / 30), code, "{seconds}");
        }
        assert_eq!(secret.base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }
}

//! Keys of passkeys: the public half, as a browser gives it, and what it verifies.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    VerificationAlgorithm,
};

use crate::BadSignature;

/// Octets of a key at most: RSA of 4,096 bits has 550.
const MOST: usize = 600;

/// How a passkey signs: what authenticators are asked for, the liked first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasskeyAlgorithm {
    /// ECDSA on P-256 with SHA-256: telephones, security keys.
    Es256,
    /// Ed25519.
    EdDsa,
    /// RSA (PKCS #1 v1.5) with SHA-256: older Windows.
    Rs256,
}

impl PasskeyAlgorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Es256, Self::EdDsa, Self::Rs256];

    /// Its number in the registry of COSE.
    pub const fn number(self) -> i32 {
        match self {
            Self::Es256 => -7,
            Self::EdDsa => -8,
            Self::Rs256 => -257,
        }
    }

    fn of_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.number() == number)
    }

    fn verifies(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::Es256 => &ECDSA_P256_SHA256_ASN1,
            Self::EdDsa => &ED25519,
            Self::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
        }
    }
}

/// The public key of a passkey.
#[derive(Clone)]
pub struct PasskeyKey<'a> {
    algorithm: PasskeyAlgorithm,
    octets: &'a [u8],
}

impl fmt::Debug for PasskeyKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasskeyKey(..)")
    }
}

impl<'a> PasskeyKey<'a> {
    /// Reads a new key (`SubjectPublicKeyInfo`, DER) of the algorithm of that number; `None` for one that is none, or that
    /// nobody was asked for.
    pub fn read(number: i32, octets: &'a [u8]) -> Option<Self> {
        let key = Self::kept(number, octets)?;
        ParsedPublicKey::new(key.algorithm.verifies(), key.octets).ok().map(|_| key)
    }

    /// One that was read before and kept.
    pub fn kept(number: i32, octets: &'a [u8]) -> Option<Self> {
        let algorithm = PasskeyAlgorithm::of_number(number)?;
        (octets.len() <= MOST).then_some(Self { algorithm, octets })
    }

    /// Whether the signature over `text` is of this key.
    ///
    /// # Errors
    /// [`BadSignature`] where it is not.
    pub fn verify(&self, text: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        let key = UnparsedPublicKey::new(self.algorithm.verifies(), self.octets);
        key.verify(text, signature).map_err(|_| BadSignature)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use data_encoding::HEXLOWER;

    use super::*;
    use crate::digest;

    /// The vectors of the standard: for each algorithm its values by name.
    fn vectors() -> Vec<BTreeMap<&'static str, &'static str>> {
        let mut found: Vec<BTreeMap<_, _>> = Vec::new();
        let lines = include_str!("vectors/webauthn.txt").lines().filter(|line| !line.starts_with('#'));
        for (name, value) in lines.map(|line| line.split_once(' ').unwrap()) {
            if name == "algorithm" {
                found.push(BTreeMap::new());
            }
            found.last_mut().unwrap().insert(name, value);
        }
        found
    }

    fn octets(vector: &BTreeMap<&str, &str>, name: &str) -> Vec<u8> {
        HEXLOWER.decode(vector[name].as_bytes()).unwrap()
    }

    #[test]
    fn the_signatures_of_the_standard_verify_and_no_others() {
        let vectors = vectors();
        assert_eq!(vectors.len(), PasskeyAlgorithm::ALL.len());
        for vector in &vectors {
            let number = vector["algorithm"].parse().unwrap();
            let key = octets(vector, "key");
            let key = PasskeyKey::read(number, &key).unwrap();
            let mut text = octets(vector, "authenticator_data");
            text.extend(digest(&[&octets(vector, "client_data")]));
            let signature = octets(vector, "signature");
            assert_eq!(key.verify(&text, &signature), Ok(()), "{number}");
            for at in [0, 32, 33, text.len() - 1] {
                let mut other = text.clone();
                other[at] ^= 1;
                assert_eq!(key.verify(&other, &signature), Err(BadSignature), "{number}, octet {at}");
            }
            for other in vectors.iter().filter(|other| other["key"] != vector["key"]) {
                assert_eq!(key.verify(&text, &octets(other, "signature")), Err(BadSignature), "{number}");
            }
        }
    }

    #[test]
    fn a_key_of_another_algorithm_or_of_none_is_refused() {
        for vector in vectors() {
            let number: i32 = vector["algorithm"].parse().unwrap();
            let key = octets(&vector, "key");
            for other in [-7, -8, -257, -35, -36, 0].into_iter().filter(|other| *other != number) {
                assert!(PasskeyKey::read(other, &key).is_none(), "{number} as {other}");
            }
            assert!(PasskeyKey::read(number, &key[..key.len() - 1]).is_none(), "cut");
            assert!(PasskeyKey::read(number, &vec![0; MOST + 1]).is_none());
        }
    }
}

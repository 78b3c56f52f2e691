//! A key file in shares: so many of them bring it back, and fewer tell nothing of it but how long it about is.
//!
//! Shamir's scheme over GF(256), by `blahaj`. What is dealt is the content of the key file, padded, and the salt of the key
//! made of it. A share carries beside its value what tells it from others: the set it was dealt in, its number, and the
//! fingerprint of the key, by which what came back is compared before anybody uses it. The salt is not beside it: with both
//! whoever has one share could try passphrases.

use std::convert::Infallible;
use std::fmt;

use blahaj::{Share, Sharks};
use honnin_terms::Entropy;
use rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroizing;

use crate::share_text::grouped;
use crate::{KeeperKey, digest};

/// The longest key file that is dealt, in octets: a share of it still fits on two pages.
pub const LONGEST_ESCROWED: usize = 1_024;

/// What is dealt is as long as a multiple of this, so that a share does not tell how long a passphrase is.
const PAD: usize = 64;
const LENGTH: usize = 2;

const FORMAT: u8 = 1;
pub(crate) const SET: usize = 8;
const SALT: usize = 16;
const NAME: usize = 10;
const HEAD: usize = 4 + SET + NAME;

/// Why a key file is not dealt, or shares bring none back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EscrowError {
    /// Fewer than two needed, or more than there are.
    #[error("of N shares, K must be needed with 2 ≤ K ≤ N")]
    Parts,
    /// The key file is longer than one is dealt.
    #[error(
        "it has more than {LONGEST_ESCROWED} octets; `honnin key rotate --to` makes a short one as good as it"
    )]
    TooLong,
    /// What was dealt does not come back, or what came back is another key than was dealt.
    #[error("what comes back is not the key they were made of; one of them was altered")]
    AnotherKey,
    /// That one, counted from 0, is of other shares than the first one.
    #[error("they are not of one set")]
    Mixed(usize),
    /// The share of that number is there twice.
    #[error("share {0} is there twice")]
    Twice(u8),
    /// There are too few.
    #[error("{needed} are needed, and {have} are there")]
    TooFew {
        /// How many are needed.
        needed: u8,
        /// How many there are.
        have: usize,
    },
}

/// What a key is called where it may be seen: by people, in a share, in the store.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyFingerprint([u8; NAME]);

impl KeyFingerprint {
    pub(crate) fn of(key: &[u8; 32]) -> Self {
        let whole = digest(&[b"honnin key fingerprint v1\0", key]);
        Self(whole.first_chunk().copied().unwrap_or_default())
    }

    /// Its octets.
    pub const fn octets(&self) -> &[u8; NAME] {
        &self.0
    }

    /// Of its octets.
    pub const fn from_octets(octets: [u8; NAME]) -> Self {
        Self(octets)
    }
}

impl fmt::Display for KeyFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&grouped(&self.0, '-'))
    }
}

impl fmt::Debug for KeyFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyFingerprint({self})")
    }
}

/// One share of a key file. What it is worth is not in its `Debug`.
#[derive(Clone)]
pub struct KeyShare {
    needed: u8,
    of: u8,
    number: u8,
    set: [u8; SET],
    key: KeyFingerprint,
    value: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for KeyShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyShare({} of {})", self.number, self.of)
    }
}

/// Our randomness, as the dealer asks for it.
struct Drawn<'a>(&'a dyn Entropy);

impl Drawn<'_> {
    fn octets<const N: usize>(&self) -> [u8; N] {
        let mut octets = [0; N];
        self.0.fill(&mut octets);
        octets
    }
}

impl TryRng for Drawn<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.octets()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.octets()))
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(to);
        Ok(())
    }
}

impl TryCryptoRng for Drawn<'_> {}

impl KeyShare {
    /// Deals the content of a key file: `of` shares, of which `needed` bring it back. The salt is that of the key made of it,
    /// as the keyring has it.
    ///
    /// # Errors
    /// [`EscrowError`]; nothing was dealt.
    pub fn deal(
        key_file: &[u8],
        salt: &[u8; 16],
        (needed, of): (u8, u8),
        entropy: &dyn Entropy,
    ) -> Result<Vec<Self>, EscrowError> {
        if needed < 2 || needed > of {
            return Err(EscrowError::Parts);
        }
        let plain = padded(key_file, salt)?;
        let key = fingerprint(key_file, salt)?;
        let mut drawn = Drawn(entropy);
        let (set, dealer) = (drawn.octets(), Sharks(needed));
        let shares: Vec<Self> = dealer
            .dealer_rng(&plain, &mut drawn)
            .take(usize::from(of))
            .zip(1..=of)
            .map(|(share, number)| {
                let octets = Zeroizing::new(Vec::<u8>::from(&share));
                let value = Zeroizing::new(octets.get(1..).unwrap_or_default().to_vec());
                Self { needed, of, number, set, key, value }
            })
            .collect();
        // Whoever relies on them does so when there is nothing else left.
        let last = shares.get(usize::from(of - needed)..).unwrap_or_default();
        if *Self::recovered(last, needed)? == *plain { Ok(shares) } else { Err(EscrowError::AnotherKey) }
    }

    /// The content of the key file the shares were dealt of.
    ///
    /// # Errors
    /// [`EscrowError`]: which of them does not belong to the first, how many are missing, or that one was altered.
    pub fn join(shares: &[Self]) -> Result<Zeroizing<Vec<u8>>, EscrowError> {
        let Some(first) = shares.first() else { return Err(EscrowError::TooFew { needed: 2, have: 0 }) };
        if let Some(stray) = shares.iter().position(|share| !share.is_beside(first)) {
            return Err(EscrowError::Mixed(stray));
        }
        let mut numbers: Vec<u8> = shares.iter().map(|share| share.number).collect();
        numbers.sort_unstable();
        let twice = numbers.iter().zip(numbers.iter().skip(1)).find(|(one, next)| one == next);
        if let Some((number, _)) = twice {
            return Err(EscrowError::Twice(*number));
        }
        if shares.len() < usize::from(first.needed) {
            return Err(EscrowError::TooFew { needed: first.needed, have: shares.len() });
        }
        let plain = Self::recovered(shares, first.needed)?;
        let (salt, key_file) = unpadded(&plain).ok_or(EscrowError::AnotherKey)?;
        if fingerprint(key_file, salt)? != first.key {
            return Err(EscrowError::AnotherKey);
        }
        Ok(Zeroizing::new(key_file.to_vec()))
    }

    fn recovered(shares: &[Self], needed: u8) -> Result<Zeroizing<Vec<u8>>, EscrowError> {
        let points = shares.iter().map(|share| {
            let octets = Zeroizing::new([&[share.number][..], &share.value].concat());
            Share::try_from(octets.as_slice()).map_err(|_| EscrowError::AnotherKey)
        });
        let points = points.collect::<Result<Vec<_>, _>>()?;
        Sharks(needed).recover(&points).map(Zeroizing::new).map_err(|_| EscrowError::AnotherKey)
    }

    /// Whether it was dealt together with that one.
    fn is_beside(&self, other: &Self) -> bool {
        let is_like = (self.needed, self.of, self.value.len()) == (other.needed, other.of, other.value.len());
        is_like && self.set == other.set && self.key == other.key
    }

    /// How many are needed.
    pub const fn needed(&self) -> u8 {
        self.needed
    }

    /// How many there are.
    pub const fn of(&self) -> u8 {
        self.of
    }

    /// Which of them it is, from 1.
    pub const fn number(&self) -> u8 {
        self.number
    }

    /// The key they bring back.
    pub const fn key(&self) -> KeyFingerprint {
        self.key
    }

    /// In fixed places: format, needed, of, number, set, fingerprint, value.
    pub(crate) fn octets(&self) -> Zeroizing<Vec<u8>> {
        let Self { needed, of, number, set, key, value } = self;
        let head = [FORMAT, *needed, *of, *number];
        let parts: [&[u8]; 4] = [&head, set, &key.0, value];
        Zeroizing::new(parts.concat())
    }

    /// Reads what [`Self::octets`] wrote; `None` for anything else.
    pub(crate) fn read(octets: &[u8]) -> Option<Self> {
        let (head, value) = octets.split_first_chunk::<HEAD>()?;
        let ([format, needed, of, number], rest) = head.split_first_chunk::<4>()?;
        let (set, rest) = rest.split_first_chunk::<SET>()?;
        let key = KeyFingerprint(rest.try_into().ok()?);
        let fits = *format == FORMAT && *needed >= 2 && needed <= of && (1..=*of).contains(number);
        let fits = fits && !value.is_empty() && value.len().is_multiple_of(PAD);
        let value = Zeroizing::new(value.to_vec());
        fits.then_some(Self { needed: *needed, of: *of, number: *number, set: *set, key, value })
    }
}

fn fingerprint(key_file: &[u8], salt: &[u8; 16]) -> Result<KeyFingerprint, EscrowError> {
    KeeperKey::of_key_file(key_file, salt).map(|key| key.fingerprint()).map_err(|_| EscrowError::AnotherKey)
}

/// The salt, its length, itself, and zeros up to the next multiple.
fn padded(key_file: &[u8], salt: &[u8; SALT]) -> Result<Zeroizing<Vec<u8>>, EscrowError> {
    if key_file.len() > LONGEST_ESCROWED {
        return Err(EscrowError::TooLong);
    }
    let length = u16::try_from(key_file.len()).map_err(|_| EscrowError::TooLong)?.to_be_bytes();
    let whole = (SALT + LENGTH + key_file.len()).next_multiple_of(PAD);
    // Made as long as it will be: what grows leaves copies behind.
    let mut plain = Zeroizing::new(Vec::with_capacity(whole));
    plain.extend_from_slice(salt);
    plain.extend_from_slice(&length);
    plain.extend_from_slice(key_file);
    plain.resize(whole, 0);
    Ok(plain)
}

fn unpadded(plain: &[u8]) -> Option<(&[u8; SALT], &[u8])> {
    let (salt, rest) = plain.split_first_chunk::<SALT>()?;
    let (length, rest) = rest.split_first_chunk::<LENGTH>()?;
    let (key_file, zeros) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    zeros.iter().all(|octet| *octet == 0).then_some((salt, key_file))
}

#[cfg(test)]
#[path = "share_tests.rs"]
mod tests;

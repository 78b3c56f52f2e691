//! One-time codes. A code has 100 bits: whoever guesses at it costs nobody anything, so nothing counts the guesses.
//! It ends by its time, by its use, or by a newer one.

use std::fmt;

use honnin_seal::{Digest, digest, same_octets};
use honnin_terms::{Entropy, Moment};
use serde::{Deserialize, Serialize};

/// A one-time code as it is handed to its person: 20 characters of 32 in groups of four (100 bits).
pub struct CodeText(String);

impl fmt::Debug for CodeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeText(..)")
    }
}

impl CodeText {
    /// A fresh one.
    pub(super) fn random(entropy: &dyn Entropy) -> Self {
        let mut octets = [0; LENGTH];
        entropy.fill(&mut octets);
        let letters = octets.iter().filter_map(|octet| ALPHABET.get(usize::from(octet % 32)).copied());
        let mut text = String::with_capacity(LENGTH + 4);
        for (place, letter) in letters.enumerate() {
            if place > 0 && place.is_multiple_of(4) {
                text.push('-');
            }
            text.push(char::from(letter));
        }
        Self(text)
    }

    /// The text to hand over. Whoever has it can activate the account once.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Letters and digits that are not mistaken for each other (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 20;

/// What is kept of a one-time code, sealed by the keeper.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CodeRecord {
    hash: Digest,
    until: Moment,
    used: bool,
    /// Whether it takes the second factor away with the password.
    lifts_factor: bool,
}

impl CodeRecord {
    pub(crate) fn issue(entropy: &dyn Entropy, until: Moment) -> (CodeText, Self) {
        let text = CodeText::random(entropy);
        let hash = hash_of(&text.0);
        (text, Self { hash, until, used: false, lifts_factor: false })
    }

    pub(crate) fn lifting_factor(self, lifts_factor: bool) -> Self {
        Self { lifts_factor, ..self }
    }

    pub(crate) const fn lifts_factor(&self) -> bool {
        self.lifts_factor
    }

    /// Whether that is the code, in its time and not used.
    pub(crate) fn is(&self, typed: &str, now: Moment) -> bool {
        self.was(typed, now) && !self.used
    }

    /// Whether that is the code in its time, used or not: who sends a form twice has it twice.
    pub(crate) fn was(&self, typed: &str, now: Moment) -> bool {
        same_octets(&hash_of(typed), &self.hash) && self.until > now
    }

    /// The record after its use.
    pub(crate) fn after_use(self) -> Self {
        Self { used: true, ..self }
    }

    pub(crate) fn to_octets(&self) -> Vec<u8> {
        postcard::to_stdvec(self).unwrap_or_default()
    }

    pub(crate) fn of_octets(octets: &[u8]) -> Option<Self> {
        postcard::from_bytes(octets).ok()
    }
}

/// Whether a text without hyphens and spaces is as long as a code.
pub(super) const fn is_whole(plain: &str) -> bool {
    plain.len() == LENGTH
}

fn hash_of(typed: &str) -> Digest {
    digest(&[b"honnin one-time code v1\0", plain(typed).as_bytes()])
}

/// What is kept of a code for when a second factor is lost.
pub(super) fn recovery_hash(typed: &str) -> Digest {
    digest(&[b"honnin recovery code v1\0", plain(typed).as_bytes()])
}

/// Hyphens, spaces and case do not matter; `O`, `I` and `L` are read as the digits they look like.
fn plain(typed: &str) -> String {
    typed
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use honnin_testkit::SeededEntropy;

    #[test]
    fn a_code_is_right_once_typed_any_way_until_it_expires() {
        let until = Moment::EPOCH.plus_seconds(60);
        let (text, record) = CodeRecord::issue(&SeededEntropy::new(1), until);
        assert_eq!(text.reveal().len(), 24);
        let sloppy = text.reveal().to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        assert!(record.is(&sloppy, Moment::EPOCH));
        assert!(!record.is(text.reveal(), until));
        assert!(!record.is("0000-0000-0000-0000-0000", Moment::EPOCH));
        let used = record.after_use();
        assert!(!used.is(text.reveal(), Moment::EPOCH) && used.was(text.reveal(), Moment::EPOCH));
    }
}

//! One-time codes and the rules of a new password.

use std::fmt;

use honnin_seal::{Digest, digest, same_octets};
use honnin_terms::{Entropy, Moment};
use serde::{Deserialize, Serialize};

/// What a new password must be (NIST SP 800-63B-4: length, a blocklist, no rules of composition).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordRules {
    /// Fewest characters. Default 15, the least where a password is the only factor.
    pub fewest: usize,
    /// Most characters. Default 256.
    pub most: usize,
}

impl Default for PasswordRules {
    fn default() -> Self {
        Self { fewest: 15, most: 256 }
    }
}

/// Why a new password is refused; told to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefused {
    /// Too short.
    #[error("choose a longer password")]
    TooShort,
    /// Too long.
    #[error("choose a shorter password")]
    TooLong,
    /// It is the sign-in name, one repeated text or a well-known one.
    #[error("choose a password that is harder to guess")]
    Guessable,
}

const WELL_KNOWN: &[&str] = &[
    "password",
    "qwertyuiop",
    "1234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "passw0rd",
    "iloveyou",
    "administrator",
];

impl PasswordRules {
    /// Whether a new password may be taken.
    ///
    /// # Errors
    /// [`PasswordRefused`] with the reason.
    pub fn check(&self, login: &str, password: &str) -> Result<(), PasswordRefused> {
        let length = password.chars().count();
        if length < self.fewest {
            return Err(PasswordRefused::TooShort);
        }
        if length > self.most {
            return Err(PasswordRefused::TooLong);
        }
        let lower = password.to_lowercase();
        let made_of = |text: &str| !text.is_empty() && lower.replace(text, "").chars().count() < 8;
        let repeats = (1..=length / 3).any(|period| {
            let letters: Vec<char> = lower.chars().collect();
            letters.iter().zip(letters.iter().skip(period)).all(|(a, b)| a == b)
        });
        if repeats || made_of(&login.to_lowercase()) || WELL_KNOWN.iter().any(|text| made_of(text)) {
            return Err(PasswordRefused::Guessable);
        }
        Ok(())
    }
}

/// A one-time code as it is handed to its person: 20 characters of 32 in groups of four (100 bits).
pub struct CodeText(String);

impl fmt::Debug for CodeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeText(..)")
    }
}

impl CodeText {
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
    tries_left: u8,
}

/// Tries before a code is void: 100 bits cannot be guessed, so this only stops noise.
const TRIES: u8 = 10;

impl CodeRecord {
    pub(crate) fn issue(entropy: &dyn Entropy, until: Moment) -> (CodeText, Self) {
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
        let hash = hash_of(&text);
        (CodeText(text), Self { hash, until, tries_left: TRIES })
    }

    pub(crate) fn is(&self, typed: &str, now: Moment) -> bool {
        let right = same_octets(&hash_of(typed), &self.hash);
        right && self.until > now && self.tries_left > 0
    }

    /// The record after one wrong try.
    pub(crate) fn after_wrong_try(self) -> Self {
        Self { tries_left: self.tries_left.saturating_sub(1), ..self }
    }

    pub(crate) fn to_octets(&self) -> Vec<u8> {
        postcard::to_stdvec(self).unwrap_or_default()
    }

    pub(crate) fn of_octets(octets: &[u8]) -> Option<Self> {
        postcard::from_bytes(octets).ok()
    }
}

/// Hyphens, spaces and case do not matter; `O`, `I` and `L` are read as the digits they look like.
fn hash_of(typed: &str) -> Digest {
    let plain: String = typed
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect();
    digest(&[b"honnin one-time code v1\0", plain.as_bytes()])
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
        let worn = (0..TRIES).fold(record, |record, _| record.after_wrong_try());
        assert!(!worn.is(text.reveal(), Moment::EPOCH));
    }

    #[test]
    fn a_password_is_judged_by_length_and_guessing_only() {
        let rules = PasswordRules::default();
        assert_eq!(rules.check("mio123", "short"), Err(PasswordRefused::TooShort));
        assert_eq!(rules.check("mio123", &"長".repeat(257)), Err(PasswordRefused::TooLong));
        for guessable in [
            "aaaaaaaaaaaaaaaa",
            "abcabcabcabcabcabc",
            "passwordpassword",
            "mio55598548mio55598548",
            "1234567890123456",
        ] {
            assert_eq!(rules.check("mio55598548", guessable), Err(PasswordRefused::Guessable), "{guessable}");
        }
        for fine in ["正しい馬と電池とホチキスの針束", "correct horse battery", "umi no mieru ie"]
        {
            assert_eq!(rules.check("mio55598548", fine), Ok(()), "{fine}");
        }
    }
}

//! Phone numbers.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text that is not a phone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expect a phone number of at most 15 digits (ITU-T E.164)")]
pub struct BadNumber;

/// A phone number (MSISDN).
///
/// Shape: the digits of an international number, country code first, at most 15 (ITU-T E.164 §6.2).
/// It is an attribute of a holding and never a key: it has no `Hash` and no order, its `Debug` has no digits.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Msisdn(Box<str>);

impl Msisdn {
    /// Reads a number as an operator writes it: `+81…`, or national with the trunk prefix `0`; hyphens,
    /// spaces and parentheses are passed over.
    ///
    /// # Errors
    /// [`BadNumber`] where another character stands in it or the length cannot be.
    pub fn parse(text: &str, country_code: &str) -> Result<Self, BadNumber> {
        let text = text.trim();
        let (international, rest) = match text.strip_prefix('+') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut digits = String::with_capacity(16);
        for character in rest.chars() {
            match character {
                '0'..='9' => digits.push(character),
                '-' | ' ' | '(' | ')' => {}
                _ => return Err(BadNumber),
            }
        }
        if !international {
            let national = digits.strip_prefix('0').ok_or(BadNumber)?;
            digits = format!("{country_code}{national}");
        }
        if (8..=15).contains(&digits.len()) && !digits.starts_with('0') {
            Ok(Self(digits.into()))
        } else {
            Err(BadNumber)
        }
    }

    /// The digits, country code first, without `+`. A personal value.
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// The number for its holder's eyes: the middle hidden, `070-****-9572`; foreign numbers `+44****1234`.
    pub fn masked(&self) -> String {
        let national = self.0.strip_prefix("81").filter(|national| national.len() == 10);
        let (sign, digits, between) = national.map_or(("+", &*self.0, ""), |national| ("0", national, "-"));
        let (head, tail) = (digits.get(..2).unwrap_or(""), last_four(digits));
        [sign, head, between, "****", between, tail].concat()
    }
}

impl fmt::Debug for Msisdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Msisdn(..)")
    }
}

fn last_four(digits: &str) -> &str {
    digits.get(digits.len().saturating_sub(4)..).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_number_written_in_three_ways_is_one_number() {
        let plain = Msisdn::parse("07007439572", "81");
        assert_eq!(plain, Msisdn::parse("070-0743-9572", "81"));
        assert_eq!(plain, Msisdn::parse("+81 70 0743 9572", "81"));
        assert_eq!(plain.map(|n| n.masked()), Ok("070-****-9572".to_owned()));
    }

    #[test]
    fn what_is_not_a_number_is_refused() {
        for text in
            ["", "0", "7007439572", "070x7439572", "+0123456789", "+1234567890123456", "０７０07439572"]
        {
            assert_eq!(Msisdn::parse(text, "81"), Err(BadNumber), "{text}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics_and_masking_hides_the_middle(text in ".{0,24}") {
            if let Ok(number) = Msisdn::parse(&text, "81") {
                let shown = format!("{number:?}");
                prop_assert!(number.masked().contains("****"));
                prop_assert!(!shown.contains(number.digits()));
            }
        }
    }
}

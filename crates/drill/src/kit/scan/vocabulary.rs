//! Which mark belongs to whom.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::marks::{LEAST_DIGITS, MOST_DIGITS};

/// What every text mark begins with.
pub const PREFIX: &str = "wm";

/// How many characters of `a`–`z` and `2`–`7` follow the prefix.
///
/// 12 × 5 bits = 60: no answer contains one by chance (at 10⁹ octets looked at and 10⁷ marks the chance is 10⁻²).
/// The characters need no escape in any encoding, survive upper case, and begin no number that counts.
pub const CODE_LENGTH: usize = 12;

/// A mark that cannot be told apart from chance or from another subject's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadMark {
    /// The text is not of the fixed shape.
    #[error("expect {PREFIX} and {CODE_LENGTH} characters of a-z and 2-7, found {0:?}")]
    Shape(String),
    /// The number is too short or too long to be told from chance.
    #[error("expect a number of {LEAST_DIGITS} to {MOST_DIGITS} digits, found {0:?}")]
    Digits(String),
    /// Another subject has it.
    #[error("give {0:?} to one subject only")]
    Twice(String),
}

/// A subject as the scanner knows it: an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject(u32);

/// Marks of one account, or of one line it holds: a row of `marks.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marked {
    /// 会員ID: the account the marks belong to.
    pub account: String,
    /// The line code, where they stand on a line.
    pub line: Option<String>,
    /// Text marks, in lower case.
    pub text: Vec<String>,
    /// Numbers, in digits.
    pub numbers: Vec<String>,
}

/// Everything in `marks.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarkFile {
    /// The seed the ledger was made from.
    pub seed: u64,
    /// Marks by account and line.
    pub marked: Vec<Marked>,
}

/// Who a mark belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The subject.
    pub subject: Subject,
    /// Its 会員ID.
    pub account: String,
    /// The line code, where the mark stands on a line.
    pub line: Option<String>,
}

/// Every mark and its owner.
#[derive(Debug, Default)]
pub struct Vocabulary {
    owners: Vec<Owner>,
    subjects: HashMap<String, Subject>,
    texts: HashMap<[u8; CODE_LENGTH], usize>,
    numbers: HashMap<u128, usize>,
}

impl Vocabulary {
    /// A vocabulary of those rows.
    ///
    /// # Errors
    /// [`BadMark`] for the first mark that proves nothing: then no scan with it would either.
    pub fn new(marked: &[Marked]) -> Result<Self, BadMark> {
        let mut vocabulary = Self::default();
        for row in marked {
            vocabulary.add(row)?;
        }
        Ok(vocabulary)
    }

    /// Adds marks; the same mark again for the same subject changes nothing.
    ///
    /// # Errors
    /// [`BadMark`]; the marks before it stay.
    pub fn add(&mut self, row: &Marked) -> Result<(), BadMark> {
        let next = Subject(u32::try_from(self.subjects.len()).unwrap_or(u32::MAX));
        let subject = *self.subjects.entry(row.account.clone()).or_insert(next);
        let place = self.owners.len();
        self.owners.push(Owner { subject, account: row.account.clone(), line: row.line.clone() });
        for text in &row.text {
            let code = code_of(text).ok_or_else(|| BadMark::Shape(text.clone()))?;
            let known = *self.texts.entry(code).or_insert(place);
            self.same_subject(known, subject, text)?;
        }
        for number in &row.numbers {
            let digits = (LEAST_DIGITS..=MOST_DIGITS).contains(&number.len());
            let plain = digits && number.bytes().all(|octet| octet.is_ascii_digit());
            let value = number.parse().ok().filter(|_| plain);
            let value = value.ok_or_else(|| BadMark::Digits(number.clone()))?;
            let known = *self.numbers.entry(value).or_insert(place);
            self.same_subject(known, subject, number)?;
        }
        Ok(())
    }

    fn same_subject(&self, place: usize, subject: Subject, mark: &str) -> Result<(), BadMark> {
        let same = self.owners.get(place).is_some_and(|owner| owner.subject == subject);
        if same { Ok(()) } else { Err(BadMark::Twice(mark.to_owned())) }
    }

    /// The subject of a 会員ID.
    pub fn subject(&self, account: &str) -> Option<Subject> {
        self.subjects.get(account).copied()
    }

    /// How many subjects there are.
    pub fn subjects(&self) -> usize {
        self.subjects.len()
    }

    /// How many marks there are.
    pub fn marks(&self) -> usize {
        self.texts.len() + self.numbers.len()
    }

    pub(super) fn text(&self, code: &[u8; CODE_LENGTH]) -> Option<&Owner> {
        self.texts.get(code).and_then(|&place| self.owners.get(place))
    }

    pub(super) fn number(&self, value: u128) -> Option<&Owner> {
        self.numbers.get(&value).and_then(|&place| self.owners.get(place))
    }
}

fn code_of(text: &str) -> Option<[u8; CODE_LENGTH]> {
    let code: [u8; CODE_LENGTH] = text.strip_prefix(PREFIX)?.as_bytes().try_into().ok()?;
    code.iter().all(|octet| matches!(octet, b'a'..=b'z' | b'2'..=b'7')).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(account: &str, text: &[&str], numbers: &[&str]) -> Marked {
        let owned = |marks: &[&str]| marks.iter().map(|&mark| mark.to_owned()).collect();
        Marked { account: account.to_owned(), line: None, text: owned(text), numbers: owned(numbers) }
    }

    #[test]
    fn a_mark_has_one_subject_and_may_stand_twice_with_it() {
        let a = row("a", &["wmabcdefghij23"], &["123456"]);
        assert!(Vocabulary::new(&[a.clone(), a.clone()]).is_ok());
        for other in [row("b", &["wmabcdefghij23"], &[]), row("b", &[], &["123456"])] {
            assert!(matches!(Vocabulary::new(&[a.clone(), other]), Err(BadMark::Twice(_))));
        }
    }

    #[test]
    fn marks_that_chance_could_make_are_refused() {
        for text in ["wmabc", "xmabcdefghij23", "wmabcdefghij234", "wmabcdefghij01", "wmABCDEFGHIJ23"] {
            assert_eq!(Vocabulary::new(&[row("a", &[text], &[])]).unwrap_err(), BadMark::Shape(text.into()));
        }
        for number in ["12345", "+123456", "1,234,567", "123456789012345678901234567890123456789"] {
            let error = Vocabulary::new(&[row("a", &[], &[number])]).unwrap_err();
            assert_eq!(error, BadMark::Digits(number.into()));
        }
    }
}

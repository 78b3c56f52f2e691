//! A share as people keep it: on paper, and typed again. Each line has a check of its own, so that a mistake is told by
//! its line, and all of them together have one.
//!
//! Letters and digits that are taken for each other are one: O is 0, I and L are 1. Large or small, and spaces, do not
//! matter.

use std::fmt::Write as _;

use data_encoding::{Encoding, Specification};
use zeroize::Zeroizing;

use crate::{KeyShare, digest};

const BEGIN: &str = "BEGIN HONNIN KEY SHARE";
const END: &str = "END HONNIN KEY SHARE";
const SYMBOLS: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Octets of a line: eight groups of four symbols.
const LINE: usize = 20;
/// Symbols of a line's check: one mistake in a million is not told.
const CHECK: usize = 4;
const GROUP: usize = 4;
/// Octets of the check of all lines.
const WHOLE: usize = 4;

/// Why a text is no share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    /// There is none in it.
    #[error("no share is in it: there is no line {BEGIN:?}")]
    None,
    /// That line is not as it was written.
    #[error("its line {0} is not as it was written: compare it with the original, sign by sign")]
    Line(usize),
    /// That line is not there, or not in its place.
    #[error("its line {0} is missing or not in its place")]
    Missing(usize),
    /// Each line is right, and all together are not.
    #[error("it is not whole, or was put together from several")]
    NotWhole,
}

fn encoding() -> Option<Encoding> {
    let mut specification = Specification::new();
    specification.symbols.push_str(SYMBOLS);
    specification.encoding().ok()
}

fn encoded(octets: &[u8]) -> Zeroizing<String> {
    // The alphabet is sound: a test writes with it.
    Zeroizing::new(encoding().map(|encoding| encoding.encode(octets)).unwrap_or_default())
}

/// In groups of four, with that between them.
pub(crate) fn grouped(octets: &[u8], between: char) -> String {
    let symbols = encoded(octets);
    let mut text = String::with_capacity(symbols.len() * 2);
    for (at, symbol) in symbols.chars().enumerate() {
        if at > 0 && at % GROUP == 0 {
            text.push(between);
        }
        text.push(symbol);
    }
    text
}

fn check(number: usize, octets: &[u8]) -> String {
    let number = u64::try_from(number).unwrap_or(u64::MAX).to_be_bytes();
    let whole = digest(&[b"honnin key share line v1\0", &number, octets]);
    encoded(&whole).chars().take(CHECK).collect()
}

fn whole(octets: &[u8]) -> [u8; WHOLE] {
    digest(&[b"honnin key share v1\0", octets]).first_chunk().copied().unwrap_or_default()
}

/// The symbols of what was typed, as they are written; `None` where there is something else.
fn symbols(typed: &str) -> Option<Zeroizing<String>> {
    let mut plain = Zeroizing::new(String::with_capacity(typed.len()));
    for typed in typed.chars().filter(|typed| !typed.is_whitespace() && *typed != '-') {
        let symbol = match typed.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        if !SYMBOLS.contains(symbol) {
            return None;
        }
        plain.push(symbol);
    }
    Some(plain)
}

impl KeyShare {
    /// The share as text, between a line that begins it and one that ends it.
    pub fn text(&self) -> Zeroizing<String> {
        let octets = self.octets();
        let octets = Zeroizing::new([&octets[..], &whole(&octets)].concat());
        let mut text = Zeroizing::new(String::with_capacity(octets.len() * 4));
        // A text takes everything.
        writeln!(text, "-----{BEGIN}-----").unwrap_or_default();
        for (number, line) in (1..).zip(octets.chunks(LINE)) {
            let symbols = Zeroizing::new(grouped(line, ' '));
            writeln!(text, "{number:02}  {:<39}  {}", *symbols, check(number, line)).unwrap_or_default();
        }
        writeln!(text, "-----{END}-----").unwrap_or_default();
        text
    }

    /// Reads a share out of a text; what stands before and behind it is for people.
    ///
    /// # Errors
    /// [`ShareError`]: which line is not as it was written.
    pub fn parse(text: &str) -> Result<Self, ShareError> {
        let mut lines = text.lines().map(str::trim);
        lines.find(|line| line.trim_matches('-').trim() == BEGIN).ok_or(ShareError::None)?;
        let mut octets = Zeroizing::new(Vec::new());
        for (next, line) in (1..).zip(lines.filter(|line| !line.is_empty())) {
            if line.trim_matches('-').trim() == END {
                return Self::of_octets(&octets);
            }
            let (number, typed) = line.split_once(char::is_whitespace).ok_or(ShareError::Line(next))?;
            if number.parse() != Ok(next) {
                return Err(ShareError::Missing(next));
            }
            octets.extend_from_slice(&read(next, typed).ok_or(ShareError::Line(next))?);
        }
        Err(ShareError::NotWhole)
    }

    fn of_octets(octets: &[u8]) -> Result<Self, ShareError> {
        let (share, check) = octets.split_last_chunk::<WHOLE>().ok_or(ShareError::NotWhole)?;
        if *check != whole(share) {
            return Err(ShareError::NotWhole);
        }
        Self::read(share).ok_or(ShareError::NotWhole)
    }
}

/// The octets of a line; `None` where it is not as it was written.
fn read(number: usize, typed: &str) -> Option<Zeroizing<Vec<u8>>> {
    let symbols = symbols(typed)?;
    let (line, said) = symbols.split_at_checked(symbols.len().checked_sub(CHECK)?)?;
    let octets = Zeroizing::new(encoding()?.decode(line.as_bytes()).ok()?);
    (octets.len() <= LINE && check(number, &octets) == said).then_some(octets)
}

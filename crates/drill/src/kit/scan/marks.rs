//! Marks in one string of octets, as it stands: text codes anywhere, whole numbers with or without grouping.

use super::vocabulary::{CODE_LENGTH, Owner, PREFIX, Vocabulary};

/// Shorter numbers are met by chance: a date has up to eight digits, but none of six stands in it alone.
pub(super) const LEAST_DIGITS: usize = 6;
/// As many as fit 128 bits. An ICCID has 20; longer runs are keys and hashes.
pub(super) const MOST_DIGITS: usize = 38;

/// Letters that may stand right behind a number; before others it is part of a code.
const UNITS: [&[u8]; 9] = [b"KB", b"MB", b"GB", b"TB", b"B", b"octets", b"bytes", b"yen", b"JPY"];
/// Letters that may stand right before a number.
const CURRENCIES: [&[u8]; 2] = [b"JPY", b"yen"];

/// What stands between groups of three digits: `1,234,567`, `1.234.567`, `1'234'567`, `1_234_567`, no-break, narrow
/// and thin space, full-width comma, plain space.
const BETWEEN_THREES: [&[u8]; 9] = [
    b",",
    b".",
    b"'",
    b"_",
    "\u{a0}".as_bytes(),
    "\u{202f}".as_bytes(),
    "\u{2009}".as_bytes(),
    "，".as_bytes(),
    b" ",
];
/// What stands between the parts of a telephone number.
const IN_TELEPHONES: [&[u8]; 2] = [b"-", b" "];
/// Groups read as one number at most: 13 groups of three are 39 digits.
const MOST_GROUPS: usize = 13;

/// Calls `found` with place, mark and owner of every mark.
pub(super) fn each<'v>(
    vocabulary: &'v Vocabulary,
    octets: &[u8],
    mut found: impl FnMut(usize, String, &'v Owner),
) {
    let [first, second] = PREFIX.as_bytes() else { return };
    let begins = |octet: &u8| octet.is_ascii_digit() || octet.eq_ignore_ascii_case(first);
    let mut at = 0;
    while let Some(skipped) = octets.get(at..).and_then(|rest| rest.iter().position(begins)) {
        at += skipped;
        let Some(rest @ [octet, ..]) = octets.get(at..) else { return };
        if octet.is_ascii_digit() {
            let length = digits(rest);
            numbers(vocabulary, octets, at, length, &mut found);
            at += length;
            continue;
        }
        if rest.get(1).is_some_and(|octet| octet.eq_ignore_ascii_case(second)) {
            let code = rest.get(PREFIX.len()..).and_then(|code| code.first_chunk::<CODE_LENGTH>());
            if let Some(code) = code.map(|code| code.map(|octet| octet.to_ascii_lowercase()))
                && let Some(owner) = vocabulary.text(&code)
            {
                found(at, format!("{PREFIX}{}", String::from_utf8_lossy(&code)), owner);
            }
        }
        at += 1;
    }
}

/// How many digits stand at the beginning.
fn digits(octets: &[u8]) -> usize {
    octets.iter().take_while(|octet| octet.is_ascii_digit()).count()
}

/// Judges the run of digits at that place: alone, and joined with the groups behind it.
fn numbers<'v>(
    vocabulary: &'v Vocabulary,
    octets: &[u8],
    at: usize,
    length: usize,
    found: &mut impl FnMut(usize, String, &'v Owner),
) {
    let (before, behind) = octets.split_at(at);
    let mut judge = |run: &[u8], end: usize| {
        if run.len() < LEAST_DIGITS
            || run.len() > MOST_DIGITS
            || !may_end(behind.get(end..).unwrap_or_default())
        {
            return;
        }
        // Leading zeros say nothing: 0900… is also written 900….
        let value: Option<u128> = std::str::from_utf8(run).ok().and_then(|text| text.parse().ok());
        if let Some((value, owner)) = value.and_then(|value| Some((value, vocabulary.number(value)?))) {
            found(at, value.to_string(), owner);
        }
    };
    if !may_begin(before) {
        return;
    }
    let run = behind.get(..length).unwrap_or_default();
    judge(run, length);
    // Before anything else no further group stands behind it.
    let mut between = BETWEEN_THREES.iter().chain(&IN_TELEPHONES);
    let separates = |octet: &u8| between.any(|between| between.first() == Some(octet));
    if !behind.get(length).is_some_and(separates) {
        return;
    }
    for between in BETWEEN_THREES {
        if length > 3 || is_inside_groups(before, between) {
            continue;
        }
        let groups = groups(behind, length, between, |group| group == 3);
        // A plain space also stands between two numbers: every end is tried.
        let ends = if between == b" " {
            groups.as_slice()
        } else {
            groups.last().map(std::slice::from_ref).unwrap_or_default()
        };
        for &end in ends {
            judge(&joined(behind, end), end);
        }
    }
    for between in IN_TELEPHONES {
        if let Some(&end) = groups(behind, length, between, |group| (2..=5).contains(&group)).last() {
            let run = joined(behind, end);
            if (10..=13).contains(&run.len()) {
                judge(&run, end);
            }
        }
    }
}

/// Where each further group ends that stands behind the first, as long as the separator is the same.
fn groups(behind: &[u8], first: usize, between: &[u8], fits: impl Fn(usize) -> bool) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut end = first;
    while ends.len() < MOST_GROUPS
        && let Some(rest) = behind.get(end..).and_then(|rest| rest.strip_prefix(between))
    {
        let group = digits(rest);
        if !fits(group) {
            break;
        }
        end += between.len() + group;
        ends.push(end);
    }
    ends
}

/// The digits up to there.
fn joined(behind: &[u8], end: usize) -> Vec<u8> {
    behind.iter().take(end).copied().filter(u8::is_ascii_digit).collect()
}

/// Whether this group of digits is not the first: `234,567` in `1,234,567`. Said of separators that are no plain space.
fn is_inside_groups(before: &[u8], between: &[u8]) -> bool {
    between != b" "
        && before.strip_suffix(between).and_then(|before| before.last()).is_some_and(u8::is_ascii_digit)
}

/// Whether a number may begin behind that: not within a code, not in the decimals of another number.
fn may_begin(before: &[u8]) -> bool {
    match before {
        [.., digit, b'.'] if digit.is_ascii_digit() => false,
        [.., last] if last.is_ascii_alphabetic() || *last == b'_' => {
            CURRENCIES.iter().any(|word| ends_with(before, word))
        }
        _ => true,
    }
}

/// Whether a number may end before that: a unit and then no letter, or no letter at all.
fn may_end(behind: &[u8]) -> bool {
    let ends =
        |rest: &[u8]| !rest.first().is_some_and(|octet| octet.is_ascii_alphanumeric() || *octet == b'_');
    ends(behind) || UNITS.iter().any(|unit| starts_with(behind, unit).is_some_and(ends))
}

fn ends_with(octets: &[u8], word: &[u8]) -> bool {
    octets.len() >= word.len()
        && octets.iter().rev().zip(word.iter().rev()).all(|(a, b)| a.eq_ignore_ascii_case(b))
}

fn starts_with<'a>(octets: &'a [u8], word: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = octets.split_at_checked(word.len())?;
    head.eq_ignore_ascii_case(word).then_some(rest)
}

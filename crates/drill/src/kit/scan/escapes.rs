//! Text written in escapes: of URLs, HTML, JSON and mail, and in wide digits. What is no escape is kept as it is.

use std::borrow::Cow;

use super::readings::Reading;

/// All of them, by name.
pub(super) const ALL: [(&str, Reading); 5] = [
    ("percent", percent),
    ("entities", entities),
    ("backslash", backslash),
    ("quoted-printable", quoted_printable),
    ("wide digits", wide),
];

/// What an escape stands for.
#[derive(Debug, Clone, Copy)]
enum Means {
    Octets,
    Characters,
}

/// Escapes begin with `sign`; `read` gives what one stands for and its whole length.
///
/// Where escapes stand for `Octets`, one above 0x7f is a part of a character and kept as it is.
fn unescape(
    octets: &[u8],
    sign: u8,
    means: Means,
    read: impl Fn(&[u8]) -> Option<(u32, usize)>,
) -> Option<Vec<u8>> {
    // Nearly every answer has signs and no escape: nothing is copied before there is one.
    let mut from = 0;
    let first = loop {
        let rest = octets.get(from..)?;
        let place = from + rest.iter().position(|&octet| octet == sign)?;
        if octets.get(place..).and_then(&read).is_some() {
            break place;
        }
        from = place + 1;
    };
    let (before, mut rest) = octets.split_at(first);
    let mut out = Vec::with_capacity(octets.len());
    out.extend_from_slice(before);
    while let Some(place) = rest.iter().position(|&octet| octet == sign) {
        let (plain, escape) = rest.split_at(place);
        out.extend_from_slice(plain);
        if let Some((value, length)) = read(escape) {
            match (means, u8::try_from(value)) {
                (Means::Octets, Ok(octet)) => out.push(octet),
                _ => push(&mut out, value),
            }
            rest = escape.get(length..).unwrap_or_default();
        } else {
            out.push(sign);
            rest = escape.get(1..).unwrap_or_default();
        }
    }
    out.extend_from_slice(rest);
    Some(out)
}

/// A code point as UTF-8. Marks are ASCII: what is none becomes a sign that ends numbers and codes.
fn push(out: &mut Vec<u8>, value: u32) {
    let character = char::from_u32(value).unwrap_or('\u{fffd}');
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

/// The number of one to eight hexadecimal digits.
fn hex(digits: Option<&[u8]>) -> Option<u32> {
    let digits = digits.filter(|digits| (1..=8).contains(&digits.len()))?;
    digits.iter().try_fold(0, |value, digit| Some(value << 4 | char::from(*digit).to_digit(16)?))
}

/// `%31%32`.
fn percent(octets: &[u8]) -> Option<Vec<u8>> {
    unescape(octets, b'%', Means::Octets, |escape| hex(escape.get(1..3)).map(|value| (value, 3)))
}

/// `=31=32`, and lines that are broken with `=`.
fn quoted_printable(octets: &[u8]) -> Option<Vec<u8>> {
    let behind = octets.split(|octet| *octet == b'=').skip(1);
    let (mut broken, mut escaped) = (false, false);
    for behind in behind {
        broken |= matches!(behind.first(), Some(b'\n' | b'\r'));
        escaped |= hex(behind.get(..2)).is_some();
    }
    if !broken && !escaped {
        return None;
    }
    let mut whole = Cow::Borrowed(octets);
    if broken {
        let mut joined = Vec::with_capacity(octets.len());
        let mut rest = octets;
        while let Some((&octet, tail)) = rest.split_first() {
            if let Some(next) = rest.strip_prefix(b"=\r\n").or_else(|| rest.strip_prefix(b"=\n")) {
                rest = next;
            } else {
                joined.push(octet);
                rest = tail;
            }
        }
        whole = Cow::Owned(joined);
    }
    let read = unescape(&whole, b'=', Means::Octets, |escape| hex(escape.get(1..3)).map(|value| (value, 3)));
    read.or_else(|| broken.then(|| whole.into_owned()))
}

/// `&#49;`, `&#x31;`, `&comma;` and the few named ones that can stand within a mark or next to it.
fn entities(octets: &[u8]) -> Option<Vec<u8>> {
    const NAMES: [(&[u8], char); 10] = [
        (b"&amp;", '&'),
        (b"&lt;", '<'),
        (b"&gt;", '>'),
        (b"&quot;", '"'),
        (b"&apos;", '\''),
        (b"&comma;", ','),
        (b"&period;", '.'),
        (b"&nbsp;", '\u{a0}'),
        (b"&thinsp;", '\u{2009}'),
        (b"&percnt;", '%'),
    ];
    // Leading zeros are allowed without end; eight digits and more are no character.
    const LONGEST: usize = 16;
    unescape(octets, b'&', Means::Characters, |escape| {
        if let Some((name, character)) = NAMES.iter().find(|(name, _)| escape.starts_with(name)) {
            return Some((u32::from(*character), name.len()));
        }
        let number = escape.strip_prefix(b"&#")?;
        let (radix, digits, sign) = match number {
            [b'x' | b'X', digits @ ..] => (16, digits, 3),
            digits => (10, digits, 2),
        };
        let length =
            digits.iter().take(LONGEST).take_while(|octet| char::from(**octet).is_digit(radix)).count();
        let text = std::str::from_utf8(digits.get(..length)?).ok()?;
        let value = u32::from_str_radix(text, radix).ok()?;
        let closed = usize::from(digits.get(length) == Some(&b';'));
        Some((value, sign + length + closed))
    })
}

/// `\u0031`, `\u{31}`, `\x31`, `\061`, `\"`, `\n`: JSON, scripts, style sheets, PDF strings.
///
/// Signs that were escaped themselves, however often, are one sign: each escaping doubles them, and octets that unpack
/// by chance to a hundred of them would need seven readings.
fn backslash(octets: &[u8]) -> Option<Vec<u8>> {
    unescape(octets, b'\\', Means::Characters, |escape| match escape {
        [_, b'\\', rest @ ..] => {
            let more = rest.iter().take_while(|octet| **octet == b'\\').count();
            Some((u32::from(b'\\'), 2 + more))
        }
        [_, b'u', b'{', rest @ ..] => {
            let length = rest.iter().take(7).position(|&octet| octet == b'}')?;
            hex(rest.get(..length)).map(|value| (value, length + 4))
        }
        [_, b'u', rest @ ..] => hex(rest.get(..4)).map(|value| (value, 6)),
        [_, b'x', rest @ ..] => hex(rest.get(..2)).map(|value| (value, 4)),
        [_, b'0'..=b'7', ..] => {
            let digits: Vec<u8> = escape
                .iter()
                .skip(1)
                .take(3)
                .take_while(|octet| (b'0'..=b'7').contains(*octet))
                .copied()
                .collect();
            let value = u32::from_str_radix(std::str::from_utf8(&digits).ok()?, 8).ok()?;
            Some((value, digits.len() + 1))
        }
        [_, b'n' | b'r' | b't' | b'b' | b'f', ..] => Some((u32::from(b' '), 2)),
        [_, other, ..] if other.is_ascii_punctuation() => Some((u32::from(*other), 2)),
        _ => None,
    })
}

/// Full-width letters and digits, `１２３` and `ｗｍ`, as ASCII.
fn wide(octets: &[u8]) -> Option<Vec<u8>> {
    if !octets.contains(&0xef) {
        return None;
    }
    // Japanese text has wide brackets and colons everywhere; only letters and digits make marks: ０ to ９, Ａ to Ｚ, ａ to ｚ.
    let tells =
        |three: &[u8]| matches!(three, [0xef, 0xbc, 0x90..=0x99 | 0xa1..=0xba] | [0xef, 0xbd, 0x81..=0x9a]);
    if !octets.windows(3).any(tells) {
        return None;
    }
    let text = String::from_utf8_lossy(octets);
    let narrow = |character: char| match u32::from(character) {
        code @ 0xff01..=0xff5e => char::from_u32(code - 0xfee0).unwrap_or(character),
        _ => character,
    };
    let read: String = text.chars().map(narrow).collect();
    Some(read.into_bytes())
}

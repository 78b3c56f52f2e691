//! Text written in other words: escapes of URLs, HTML, JSON and mail, wide digits, UTF-16.
//!
//! Each reading takes octets and gives back what they say, or nothing where they say nothing else. Readings are
//! lenient: what is not an escape stays as it is, so that a broken one in front hides nothing behind it.

use std::borrow::Cow;

/// One way to read octets.
pub(super) type Reading = fn(&[u8]) -> Option<Vec<u8>>;

/// All of them, by name.
pub(super) const READINGS: [(&str, Reading); 8] = [
    ("percent", percent),
    ("entities", entities),
    ("backslash", backslash),
    ("quoted-printable", quoted_printable),
    ("wide digits", wide),
    ("utf-16", utf16),
    ("base64", base64),
    ("hexadecimal", hexadecimal),
];

/// Those that keep what is no escape as it is.
pub(super) const UNESCAPING: [&str; 5] =
    ["percent", "entities", "backslash", "quoted-printable", "wide digits"];

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

/// Runs of ASCII in UTF-16, of either order and at either parity.
fn utf16(octets: &[u8]) -> Option<Vec<u8>> {
    const SHORTEST: usize = super::marks::LEAST_DIGITS;
    if !octets.contains(&0) {
        return None;
    }
    let mut out = Vec::new();
    // A pair is (0, c) or (c, 0); both orders are met at one of the two parities, so each parity reads both.
    for start in 0..2 {
        for big_endian in [true, false] {
            let mut run = Vec::new();
            let pairs = octets.get(start..).unwrap_or_default().chunks_exact(2);
            for pair in pairs.chain(std::iter::once([0xff; 2].as_slice())) {
                match (pair, big_endian) {
                    ([0, octet], true) | ([octet, 0], false) if matches!(octet, b'\t'..=b'~') => {
                        run.push(*octet);
                    }
                    _ => {
                        if run.len() >= SHORTEST {
                            out.extend_from_slice(&run);
                            out.push(b'\n');
                        }
                        run.clear();
                    }
                }
            }
        }
    }
    (!out.is_empty()).then_some(out)
}

/// What a character is worth in base64 or base64url; [`LINE_END`] may stand within, [`OTHER`] not. A table, because every
/// octet of every answer is looked up in it.
#[expect(
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "worked out by the compiler, within bounds"
)]
const WORTH: [u8; 256] = {
    let mut worth = [OTHER; 256];
    let mut value = 0;
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    while value < 64 {
        worth[alphabet[value as usize] as usize] = value;
        value += 1;
    }
    worth[b'-' as usize] = 62;
    worth[b'_' as usize] = 63;
    worth[b'\r' as usize] = LINE_END;
    worth[b'\n' as usize] = LINE_END;
    worth
};
const LINE_END: u8 = 64;
const OTHER: u8 = 65;

fn worth(octet: u8) -> u8 {
    WORTH.get(usize::from(octet)).copied().unwrap_or(OTHER)
}

/// Calls `found` with every part in which that many octets are `of` the alphabet, and others only `within` it.
fn runs(
    octets: &[u8],
    shortest: usize,
    of: impl Fn(u8) -> bool,
    within: impl Fn(u8) -> bool,
    mut found: impl FnMut(&[u8]),
) {
    let (mut begun, mut count) = (0, 0);
    for (at, &octet) in octets.iter().enumerate() {
        if of(octet) {
            count += 1;
        } else if !within(octet) {
            if count >= shortest {
                found(octets.get(begun..at).unwrap_or_default());
            }
            (begun, count) = (at + 1, 0);
        }
    }
    if count >= shortest {
        found(octets.get(begun..).unwrap_or_default());
    }
}

/// Runs of base64 or base64url, padded or not, over line ends too.
fn base64(octets: &[u8]) -> Option<Vec<u8>> {
    // Eight characters are six octets: the shortest number that counts.
    const SHORTEST: usize = 8;
    let (mut out, mut values) = (Vec::new(), Vec::new());
    let is_of = |octet| worth(octet) < LINE_END;
    runs(
        octets,
        SHORTEST,
        is_of,
        |octet| worth(octet) == LINE_END,
        |run| {
            values.clear();
            values.extend(run.iter().map(|octet| worth(*octet)).filter(|value| *value < LINE_END));
            quads(&values, &mut out);
        },
    );
    (!out.is_empty()).then_some(out)
}

/// Decodes one run, begun at each of its first four characters: what stands before the text may be of the alphabet too.
fn quads(run: &[u8], out: &mut Vec<u8>) {
    for start in 0..4 {
        let begun = out.len();
        let (whole, rest) = run.get(start..).unwrap_or_default().as_chunks::<4>();
        for [a, b, c, d] in whole {
            out.extend_from_slice(&[a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]);
        }
        match rest {
            [a, b] => out.push(a << 2 | b >> 4),
            [a, b, c] => out.extend_from_slice(&[a << 2 | b >> 4, b << 4 | c >> 2]),
            _ => {}
        }
        keep(begun, out);
    }
}

/// Keeps what was decoded from there on, where a mark may be in it. Ids and words of a page that are no base64 at all
/// decode to octets that hold none, and these need no further look.
fn keep(begun: usize, out: &mut Vec<u8>) {
    if may_hold(out.get(begun..).unwrap_or_default()) {
        out.push(b'\n');
    } else {
        out.truncate(begun);
    }
}

/// Whether a mark may be in decoded octets: as text, in UTF-16, in wide digits, in groups with a separator that is no
/// ASCII, or packed.
fn may_hold(octets: &[u8]) -> bool {
    const LEAST: usize = super::marks::LEAST_DIGITS;
    let (mut telling, mut zeros) = (0, 0);
    for octet in octets {
        match octet {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => telling += 1,
            b' '..=b'~' | b'\t' | b'\r' | b'\n' => {}
            0 => (telling, zeros) = (0, zeros + 1),
            _ => telling = 0,
        }
        if telling >= LEAST || zeros + 1 >= LEAST {
            return true;
        }
    }
    // U+00A0, U+2009 and U+202F, wide comma, digits and letters.
    let beyond = |pair: &[u8]| matches!(pair, [0xc2, 0xa0] | [0xe2, 0x80] | [0xef, 0xbc | 0xbd]);
    octets.windows(2).any(|pair| beyond(pair) || super::packed::begins_with(pair))
}

/// Whether so many letters and digits stand in one run of printable characters that a mark may be among them, or in
/// what they stand for.
pub(super) fn says_something(octets: &[u8]) -> bool {
    let tells = |run: &[u8]| {
        run.iter().filter(|octet| octet.is_ascii_alphanumeric()).count() >= super::marks::LEAST_DIGITS
    };
    octets.split(|octet| !matches!(octet, b' '..=b'~')).any(tells)
}

/// Whether more than one letter or digit stands there. Random octets unpack by chance to a long run of one of them, and
/// `3333` is `33` in hexadecimal, and that `3`: no mark is of one digit alone.
pub(super) fn varies(octets: &[u8]) -> bool {
    let mut telling = octets.iter().filter(|octet| octet.is_ascii_alphanumeric());
    telling.next().is_some_and(|first| telling.any(|octet| octet != first))
}

/// Runs of hexadecimal digits, as `<3132>` in PDF; white space between them is passed over.
fn hexadecimal(octets: &[u8]) -> Option<Vec<u8>> {
    const SHORTEST: usize = 2 * super::marks::LEAST_DIGITS;
    let (mut out, mut digits) = (Vec::new(), Vec::new());
    let is_of = |octet: u8| octet.is_ascii_hexdigit();
    runs(
        octets,
        SHORTEST,
        is_of,
        |octet| octet.is_ascii_whitespace(),
        |run| {
            digits.clear();
            let values = run.iter().filter_map(|octet| char::from(*octet).to_digit(16));
            digits.extend(values.filter_map(|value| u8::try_from(value).ok()));
            for start in 0..2 {
                let (begun, pairs) = (out.len(), digits.get(start..).unwrap_or_default().chunks(2));
                out.extend(pairs.map(|pair| pair.iter().fold(0, |value, digit| value << 4 | digit)));
                keep(begun, &mut out);
            }
        },
    );
    (!out.is_empty()).then_some(out)
}

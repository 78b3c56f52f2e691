//! Text within other octets in an alphabet of its own: UTF-16, base64, hexadecimal digits. Only what could be read is
//! given back.

use super::readings::Reading;
use super::{marks, packed};

/// All of them, by name.
pub(super) const ALL: [(&str, Reading); 3] =
    [("utf-16", utf16), ("base64", base64), ("hexadecimal", hexadecimal)];

/// Runs of ASCII in UTF-16, of either order and at either parity.
fn utf16(octets: &[u8]) -> Option<Vec<u8>> {
    const SHORTEST: usize = marks::LEAST_DIGITS;
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
    const LEAST: usize = marks::LEAST_DIGITS;
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
    octets.windows(2).any(|pair| beyond(pair) || packed::begins_with(pair))
}

/// Runs of hexadecimal digits, as `<3132>` in PDF; white space between them is passed over.
fn hexadecimal(octets: &[u8]) -> Option<Vec<u8>> {
    const SHORTEST: usize = 2 * marks::LEAST_DIGITS;
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

//! How octets are torn: cut, flipped, doubled, mixed with others', and with what parsers were once confused by.

use crate::seed::Draw;

/// Pieces that end a line too early, lie about a length, or are no text.
const PIECES: [&[u8]; 16] = [
    b"\0",
    b"\xff\xfe",
    b"\r\n",
    b"\n\r\n",
    b"\r\n\r\n",
    b"%00%ff%",
    b"\xed\xa0\x80",
    b"\r\nContent-Length: 99999999\r\n",
    b"\r\nContent-Length: -1\r\n",
    b"\r\nTransfer-Encoding: chunked\r\n",
    b"\r\nffffffffffffffff\r\n",
    b"\r\nCookie: session=\r\n",
    b"\r\nExpect: 100-continue\r\n",
    b";=;=;",
    b"\"\"\"\\",
    b"{[{[{[",
];

/// The longest run of one octet.
const RUN: usize = 70_000;

/// A torn copy, torn up to three times.
pub(crate) fn torn(whole: &[u8], other: &[u8], draw: &mut Draw) -> Vec<u8> {
    let mut torn = whole.to_vec();
    for _ in 0..=draw.below(3) {
        let at = draw.place(torn.len() + 1);
        match draw.below(8) {
            0 => torn.truncate(at),
            1 => {
                if let Some(octet) = torn.get_mut(at) {
                    *octet ^= u8::try_from(1 + draw.below(255)).unwrap_or(1);
                }
            }
            2 | 3 => {
                let piece = draw.of(&PIECES).copied().unwrap_or_default();
                torn.splice(at..at, piece.iter().copied());
            }
            4 => {
                let run = vec![b'A'; draw.place(RUN)];
                torn.splice(at..at, run);
            }
            5 => {
                let from = draw.place(other.len() + 1);
                torn.truncate(at);
                torn.extend_from_slice(other.get(from..).unwrap_or_default());
            }
            6 => {
                let part = torn.get(at..).unwrap_or_default().to_vec();
                torn.splice(at..at, part);
            }
            _ => {
                let end = at + draw.place(torn.len() + 1 - at);
                torn.drain(at..end);
            }
        }
    }
    torn
}

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// Headers of the PROXY protocol, version 2: addresses of both families, none, and with extensions.
pub(crate) fn headers() -> Vec<Vec<u8>> {
    let header = |command: u8, family: u8, rest: &[u8]| {
        let length = u16::try_from(rest.len()).unwrap_or(u16::MAX).to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, rest].concat()
    };
    let v4 = [192, 0, 2, 1, 10, 0, 0, 1, 0x1f, 0x90, 0, 80];
    let v6 = [[0x20; 16], [0x30; 16]].concat();
    let ports = [0x1f, 0x90, 0, 80];
    vec![
        header(0x21, 0x11, &v4),
        header(0x21, 0x21, &[&v6[..], &ports].concat()),
        header(0x20, 0x00, &[]),
        header(0x21, 0x11, &[&v4[..], &[0x04, 0x00, 0x03, 1, 2, 3]].concat()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_tears_alike_and_most_of_it_is_torn() {
        let whole = b"GET /lines HTTP/1.1\r\nHost: a\r\n\r\n";
        let all = |seed| {
            let mut draw = Draw::new(seed);
            (0..200).map(|_| torn(whole, b"another request", &mut draw)).collect::<Vec<_>>()
        };
        assert_eq!(all(1), all(1));
        let changed = all(2).iter().filter(|torn| torn.as_slice() != whole).count();
        assert!(changed > 150, "{changed}");
        assert!(torn(b"", b"", &mut Draw::new(3)).len() <= 4 * RUN);
    }
}

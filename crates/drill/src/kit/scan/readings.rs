//! What octets say in other words. Readings are lenient: what is not an escape stays as it is, so that a broken one in
//! front hides nothing behind it.

use super::{escapes, marks, runs};

/// One way to read octets: what they say, or nothing where they say nothing else.
pub(super) type Reading = fn(&[u8]) -> Option<Vec<u8>>;

/// What the octets say in other words, each with the name of its reading.
///
/// Escapes are written in text, and each stretch of text is read by itself: packed and sealed octets hold every escape
/// by chance. Undone in all of them, escapes that have nothing to do with one another would look like one within the
/// other, and what unfolds from octets so spoilt are figures that nobody was ever sent.
pub(super) fn all(octets: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let runs = runs::ALL.iter().filter_map(|(name, read)| Some((*name, read(octets)?)));
    let mut all: Vec<(&str, Vec<u8>)> = runs.collect();
    for stretch in octets.utf8_chunks().map(|chunk| chunk.valid().as_bytes()) {
        // An escape is never shorter than what it stands for.
        if stretch.len() >= marks::LEAST_DIGITS {
            let unescaped = escapes::ALL.iter().filter_map(|(name, read)| Some((*name, read(stretch)?)));
            all.extend(unescaped.filter(|(_, read)| says_something(stretch) || says_something(read)));
        }
    }
    all
}

/// Whether so many letters and digits stand in one run of printable characters that a mark may be among them, or in
/// what they stand for.
pub(super) fn says_something(octets: &[u8]) -> bool {
    let tells =
        |run: &[u8]| run.iter().filter(|octet| octet.is_ascii_alphanumeric()).count() >= marks::LEAST_DIGITS;
    octets.split(|octet| !matches!(octet, b' '..=b'~')).any(tells)
}

/// Whether more than one letter or digit stands there. Random octets unpack by chance to a long run of one of them, and
/// `3333` is `33` in hexadecimal, and that `3`: no mark is of one digit alone.
pub(super) fn varies(octets: &[u8]) -> bool {
    let mut telling = octets.iter().filter(|octet| octet.is_ascii_alphanumeric());
    telling.next().is_some_and(|first| telling.any(|octet| octet != first))
}

//! The central checker: finds anybody else's watermark in every octet of what somebody was sent.
//!
//! A text is looked at as it stands and as every encoding would tell it, one within the other: a number in an entity
//! in JSON in gzip in base64 is found. What could not be looked into, because it was too deep, too large or of an
//! unknown coding, is said, and no scan that says so is clean: nothing passes by being unreadable.

mod escapes;
mod marks;
mod packed;
mod pdf;
mod readings;
mod runs;
mod vocabulary;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use packed::{Found, Unpacked};
pub use vocabulary::{BadMark, CODE_LENGTH, MarkFile, Marked, Owner, PREFIX, Subject, Vocabulary};

/// How many encodings may lie within one another. Honest answers have three: gzip, JSON or HTML, a URL in it.
const DEEPEST: usize = 6;
/// How many octets one scan looks at in all its readings: a full answer (32 MiB) in four of them. Bounds the time
/// that one answer can cost to some seconds.
const MOST_OCTETS: usize = 256 << 20;
/// How many strings one scan looks at; a PDF of a hundred streams has a thousand.
const MOST_STRINGS: usize = 16_384;
/// How many sightings are kept with their place; the rest are counted.
const MOST_SIGHTINGS: usize = 64;

/// A part of what was sent.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// What it is, for the report: `head`, `body`, a file's name.
    pub place: &'a str,
    /// Its octets.
    pub octets: &'a [u8],
    /// The codings it was sent in, as in `Content-Encoding`; empty for none.
    pub coding: &'a str,
}

/// A mark that was seen.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Sighting {
    /// The mark.
    pub mark: String,
    /// Whose it is.
    pub account: String,
    /// On which line, where it stands on a line.
    pub line: Option<String>,
    /// Where and in which encodings: `body > gzip > entities`.
    pub place: String,
    /// How many octets into that reading.
    pub at: usize,
}

/// What a scan found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Marks of others, the first [`Scan::foreign_count`] of them with their place.
    pub foreign: Vec<Sighting>,
    /// How many marks of others.
    pub foreign_count: usize,
    /// Marks of the viewer's own: an answer without any proves little.
    pub own: Vec<String>,
    /// What could not be looked into, and why.
    pub unread: Vec<String>,
    /// Octets as they were sent.
    pub octets: usize,
}

impl Scan {
    /// Whether everything was looked into and nothing foreign found.
    pub fn is_clean(&self) -> bool {
        self.foreign_count == 0 && self.unread.is_empty()
    }
}

/// What a PDF says: the text of each of its text objects, on lines of their own.
pub fn text_of_pdf(octets: &[u8]) -> Option<String> {
    let found = packed::embedded(octets)?;
    pdf::text(&streams(octets, &found)).map(|text| String::from_utf8_lossy(&text).into_owned())
}

/// A file and what is packed in it.
fn streams<'a>(octets: &'a [u8], found: &'a [Found]) -> Vec<&'a [u8]> {
    std::iter::once(octets).chain(found.iter().map(|found| found.octets.as_slice())).collect()
}

/// Looks for marks.
#[derive(Debug, Clone, Copy)]
pub struct Scanner<'v> {
    vocabulary: &'v Vocabulary,
}

/// A string still to be looked at.
struct Waiting {
    place: String,
    octets: Vec<u8>,
    depth: usize,
    /// Whether it lies in what unfolded from a beginning that no checksum bears out: noise, or a part of something. It is
    /// looked into as deep as everything else; that more could be read below proves nothing.
    doubtful: bool,
}

impl<'v> Scanner<'v> {
    /// A scanner for those marks.
    pub const fn new(vocabulary: &'v Vocabulary) -> Self {
        Self { vocabulary }
    }

    /// Looks at what `viewer` was sent. For `None`, who is nobody, every mark is foreign.
    pub fn scan(&self, viewer: Option<Subject>, pieces: &[Piece<'_>]) -> Scan {
        let mut look = Look { scanner: self, viewer, scan: Scan::default(), seen: HashSet::new(), octets: 0 };
        for piece in pieces {
            look.scan.octets += piece.octets.len();
            look.piece(piece);
        }
        look.scan
    }
}

/// A scan under way.
struct Look<'s, 'v> {
    scanner: &'s Scanner<'v>,
    viewer: Option<Subject>,
    scan: Scan,
    /// Sightings already told: the same mark shows in several readings of one string.
    seen: HashSet<(String, String)>,
    octets: usize,
}

impl Look<'_, '_> {
    fn piece(&mut self, piece: &Piece<'_>) {
        let top = |place: String, octets: Vec<u8>| Waiting { place, octets, depth: 0, doubtful: false };
        let mut waiting = vec![top(piece.place.to_owned(), piece.octets.to_vec())];
        // The last coding was put on last (RFC 9110 §8.4).
        let mut packed = Cow::Borrowed(piece.octets);
        let mut place = piece.place.to_owned();
        for name in piece.coding.split(',').rev().map(str::trim).filter(|name| !name.is_empty()) {
            place = format!("{place} > {name}");
            match packed::coding(name, &packed) {
                Unpacked::Whole(octets) => packed = octets.into(),
                // An answer that was cut off is still looked at as far as it came.
                Unpacked::Part(octets) if !octets.is_empty() => packed = octets.into(),
                Unpacked::Part(_) if packed.is_empty() => {}
                Unpacked::Part(_) => self.unread(&place, "nothing of it could be unpacked"),
                Unpacked::TooLarge => self.unread(&place, "unfolds to too much"),
                Unpacked::Unknown => self.unread(&place, "is a coding nobody knows"),
            }
        }
        if place.len() > piece.place.len() {
            waiting.push(top(place, packed.into_owned()));
        }
        // Two escapes undone in either order say the same, once.
        let mut known = HashSet::new();
        while let Some(next) = waiting.pop() {
            let mut hasher = DefaultHasher::new();
            (&next.octets, next.doubtful).hash(&mut hasher);
            if !known.insert(hasher.finish()) {
                continue;
            }
            self.octets += next.octets.len();
            if self.octets > MOST_OCTETS || known.len() > MOST_STRINGS {
                self.unread(&next.place, "has more in it than one scan looks at");
                return;
            }
            self.string(&next, &mut waiting);
        }
    }

    /// Looks at one string as it stands, and adds what other readings make of it.
    fn string(&mut self, string: &Waiting, waiting: &mut Vec<Waiting>) {
        let Waiting { place, octets, depth, doubtful } = string;
        let vocabulary = self.scanner.vocabulary;
        marks::each(vocabulary, octets, |at, mark, owner| self.sighting(place, at, mark, owner));
        let mut further: Vec<(&str, Vec<u8>, bool)> =
            readings::all(octets).into_iter().map(|(name, read)| (name, read, *doubtful)).collect();
        match packed::embedded(octets) {
            Some(found) => {
                if octets.windows(5).take(1024).any(|window| window == b"%PDF-") {
                    let text = pdf::text(&streams(octets, &found));
                    further.extend(text.map(|text| ("PDF text", text, *doubtful)));
                }
                let packed = found.into_iter();
                further.extend(packed.map(|found| ("packed", found.octets, *doubtful || !found.whole)));
            }
            None => self.unread(place, "has too much packed in it"),
        }
        // A reading that only repeats what stands there leads nowhere, and would lead there for ever.
        further.retain(|(_, read, _)| read != octets);
        for (name, read, doubtful) in further {
            let place = format!("{place} > {name}");
            if *depth < DEEPEST {
                waiting.push(Waiting { place, octets: read, depth: depth + 1, doubtful });
            } else if !doubtful && readings::says_something(&read) && readings::varies(&read) {
                self.unread(&place, "lies too deep");
            }
        }
    }

    fn sighting(&mut self, place: &str, at: usize, mark: String, owner: &Owner) {
        let top = place.split(" > ").next().unwrap_or(place).to_owned();
        if !self.seen.insert((top, mark.clone())) {
            return;
        }
        if self.viewer == Some(owner.subject) {
            self.scan.own.push(mark);
            return;
        }
        self.scan.foreign_count += 1;
        if self.scan.foreign.len() < MOST_SIGHTINGS {
            let Owner { subject: _, account, line } = owner;
            let (account, line, place) = (account.clone(), line.clone(), place.to_owned());
            self.scan.foreign.push(Sighting { mark, account, line, place, at });
        }
    }

    fn unread(&mut self, place: &str, why: &str) {
        if self.scan.unread.len() < MOST_SIGHTINGS {
            self.scan.unread.push(format!("{place} {why}"));
        }
    }
}

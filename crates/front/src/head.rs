//! What a request's head has to be before anything is made of it: lines that end with CR LF, and one host.
//!
//! The reader behind us takes a bare LF for the end of a line (RFC 9112 §2.2 lets it), and a proxy before us may not:
//! what one of them takes for one request the other takes for two. So an LF that no CR stands before is made a NUL on
//! its way in, which no line of a head may hold, and the reader refuses it by itself with 400.

use http::header::{CONTENT_LENGTH, HOST};
use http::uri::Authority;
use http::{HeaderMap, Uri, Version};

/// Octets of a line that are looked at: enough for the names below and a length of 20 digits.
const LOOKED_AT: usize = 48;

/// Where in the stream of one connection the next octet stands.
#[derive(Debug)]
enum At {
    /// In a head.
    Head,
    /// In a body of so many octets still.
    Body(u64),
    /// Behind a head whose body has no length of its own: no request is read after it.
    Past,
}

/// Looks at the octets of one HTTP/1.1 connection as they come in, in whatever pieces.
#[derive(Debug)]
pub(crate) struct HeadGuard {
    at: At,
    after_cr: bool,
    /// The beginning of the line, and how long the line is.
    line: [u8; LOOKED_AT],
    length: usize,
    /// Whether the request's first line was seen.
    begun: bool,
    body: u64,
    pieces: bool,
}

impl Default for HeadGuard {
    fn default() -> Self {
        let line = [0; LOOKED_AT];
        Self { at: At::Head, after_cr: false, line, length: 0, begun: false, body: 0, pieces: false }
    }
}

impl HeadGuard {
    /// Looks at what has come, and spoils what may not be there.
    pub(crate) fn look(&mut self, octets: &mut [u8]) {
        let mut rest = octets;
        while !rest.is_empty() {
            match self.at {
                At::Past => return,
                At::Body(left) => {
                    let here = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                    let left = left - u64::try_from(here).unwrap_or(left);
                    self.at = if left == 0 { At::Head } else { At::Body(left) };
                    rest = rest.get_mut(here..).unwrap_or_default();
                }
                At::Head => {
                    let end = rest.iter().position(|octet| *octet == b'\n');
                    let (line, after) = rest.split_at_mut(end.map_or(rest.len(), |end| end + 1));
                    self.take(line, end.is_some());
                    rest = after;
                }
            }
        }
    }

    /// Takes a piece of a head, up to the end of a line where it ends in one.
    fn take(&mut self, piece: &mut [u8], ends: bool) {
        let Some((last, before)) = piece.split_last_mut().filter(|_| ends) else {
            self.keep(piece);
            return;
        };
        self.keep(before);
        if !self.after_cr {
            *last = 0;
            // The reader refuses the head here; nothing after it is read.
            self.at = At::Past;
            return;
        }
        // Without its CR.
        self.length = self.length.saturating_sub(1);
        self.after_cr = false;
        self.line_ends();
        self.length = 0;
    }

    fn keep(&mut self, piece: &[u8]) {
        if let Some(last) = piece.last() {
            self.after_cr = *last == b'\r';
        }
        let free = self.line.get_mut(self.length.min(LOOKED_AT)..).unwrap_or_default();
        for (place, octet) in free.iter_mut().zip(piece) {
            *place = *octet;
        }
        self.length = self.length.saturating_add(piece.len());
    }

    fn line_ends(&mut self) {
        if self.length == 0 {
            // An empty line before a request is none (RFC 9112 §2.2).
            if self.begun {
                self.at = match (self.pieces, self.body) {
                    (true, _) => At::Past,
                    (false, 0) => At::Head,
                    (false, body) => At::Body(body),
                };
                (self.begun, self.body, self.pieces) = (false, 0, false);
            }
            return;
        }
        let line = self.line.get(..self.length.min(LOOKED_AT)).unwrap_or_default();
        if self.begun
            && let Some(colon) = line.iter().position(|octet| *octet == b':')
        {
            let (name, value) = line.split_at(colon);
            if name.eq_ignore_ascii_case(b"transfer-encoding") {
                self.pieces = true;
            } else if name.eq_ignore_ascii_case(CONTENT_LENGTH.as_str().as_bytes()) {
                let digits = value.get(1..).unwrap_or_default().trim_ascii();
                // What is no length the reader refuses.
                let length = str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
                self.body = length.unwrap_or(0);
                self.pieces |= length.is_none();
            }
        }
        self.begun = true;
    }
}

/// Whether a request names one host, as it must (RFC 9112 §3.2; RFC 9113 §8.3.1).
pub(crate) fn names_one_host(version: Version, uri: &Uri, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    let named = first.map(|host| host.to_str().ok().filter(|host| is_host(host)));
    match (named, second) {
        (_, Some(_)) | (Some(None), _) => false,
        // HTTP/2 names it outside of the fields; HTTP/1.0 knew none.
        (None, None) => match version {
            Version::HTTP_11 => false,
            Version::HTTP_2 => uri.authority().is_some(),
            _ => true,
        },
        (Some(Some(host)), None) => {
            let authority = uri.authority().map(Authority::as_str);
            version != Version::HTTP_2 || authority.is_none_or(|named| named.eq_ignore_ascii_case(host))
        }
    }
}

fn is_host(text: &str) -> bool {
    text.parse::<Authority>().is_ok_and(|authority| authority.as_str() == text && !text.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What is left of octets that come in pieces of that length.
    fn looked(octets: &[u8], piece: usize) -> Vec<u8> {
        let (mut guard, mut all) = (HeadGuard::default(), octets.to_vec());
        all.chunks_mut(piece.max(1)).for_each(|piece| guard.look(piece));
        all
    }

    #[test]
    fn a_line_that_ends_without_its_cr_is_spoilt() {
        for (came, left) in [
            ("GET / HTTP/1.1\nHost: a\r\n\r\n", "GET / HTTP/1.1\0Host: a\r\n\r\n"),
            ("GET / HTTP/1.1\r\nHost: a\n\r\n", "GET / HTTP/1.1\r\nHost: a\0\r\n"),
            ("GET / HTTP/1.1\r\nHost: a\r\n\n", "GET / HTTP/1.1\r\nHost: a\r\n\0"),
            ("\nGET / HTTP/1.1\r\n\r\n", "\0GET / HTTP/1.1\r\n\r\n"),
            (
                "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\na\nbGET / HTTP/1.1\n\r\n",
                "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\na\nbGET / HTTP/1.1\0\r\n",
            ),
        ] {
            for piece in 1..=came.len() {
                assert_eq!(looked(came.as_bytes(), piece), left.as_bytes(), "{came:?} by {piece}");
            }
        }
    }

    #[test]
    fn what_is_as_it_should_be_is_left_alone() {
        for came in [
            "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-LENGTH:  5 \r\n\r\n\n\n\n\n\nGET / HTTP/1.1\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n\n\r\n0\r\n\r\n",
        ] {
            for piece in 1..=came.len() {
                assert_eq!(looked(came.as_bytes(), piece), came.as_bytes(), "{came:?} by {piece}");
            }
        }
    }

    proptest! {
        #[test]
        fn nothing_but_an_lf_is_ever_changed(octets in proptest::collection::vec(any::<u8>(), 0..200), piece in 1usize..40) {
            for (came, left) in octets.iter().zip(looked(&octets, piece)) {
                prop_assert!(*came == left || (*came == b'\n' && left == 0));
            }
        }

        #[test]
        fn pieces_do_not_matter(text in "[GH:a \r\n]{0,60}", piece in 1usize..20) {
            prop_assert_eq!(looked(text.as_bytes(), piece), looked(text.as_bytes(), text.len()));
        }
    }
}

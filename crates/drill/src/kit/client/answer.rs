//! An answer, read step by step from what has arrived (RFC 9112).

use crate::scan::Piece;

/// An answer, or what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status; 0 where its line never came whole.
    pub status: u16,
    /// Status line and headers, trailers too, as they were sent.
    pub head: Vec<u8>,
    /// The body without chunk sizes, still packed.
    pub body: Vec<u8>,
    /// Whether all of it came.
    pub is_whole: bool,
}

/// How the end of a body is known (RFC 9112 §6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// There is none.
    None,
    /// It has so many octets.
    Length(usize),
    /// It comes in chunks.
    Chunked,
    /// It ends with the connection.
    UntilClose,
}

impl Answer {
    /// The values of a header, in order.
    pub fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        let lines = self
            .head
            .split(|&octet| octet == b'\n')
            .skip(1)
            .filter_map(|line| std::str::from_utf8(line).ok());
        let pairs = lines.filter_map(|line| line.split_once(':'));
        pairs.filter(move |(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The body as text, where it is sent unpacked; what is no UTF-8 is marked.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Whether the connection may be used again.
    pub fn keeps_connection(&self) -> bool {
        self.is_whole && !self.header("connection").any(|value| value.eq_ignore_ascii_case("close"))
    }

    /// Everything for the scanner.
    pub fn pieces<'a>(&'a self, coding: &'a str) -> [Piece<'a>; 2] {
        [
            Piece { place: "head", octets: &self.head, coding: "" },
            Piece { place: "body", octets: &self.body, coding },
        ]
    }

    /// The codings of its body, as `Content-Encoding` says.
    pub fn coding(&self) -> String {
        self.header("content-encoding").collect::<Vec<_>>().join(",")
    }

    /// How the end of its body is known.
    pub(super) fn framing(&self, method: &str) -> Body {
        if method == "HEAD" || matches!(self.status, 204 | 304) {
            return Body::None;
        }
        if self.header("transfer-encoding").any(|value| value.to_ascii_lowercase().ends_with("chunked")) {
            return Body::Chunked;
        }
        match self.header("content-length").next().map(str::parse) {
            Some(Ok(length)) => Body::Length(length),
            _ => Body::UntilClose,
        }
    }
}

/// The status of the head at the beginning and its whole length, once all of it is there.
pub(super) fn head(octets: &[u8]) -> Option<(u16, usize)> {
    let length = octets.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let line = octets.split(|&octet| octet == b'\r').next()?;
    let status = line.split(|&octet| octet == b' ').nth(1)?;
    let status = std::str::from_utf8(status).ok()?.parse().ok()?;
    Some((status, length))
}

/// What a chunked body says so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Chunks {
    pub(super) body: Vec<u8>,
    pub(super) trailers: Vec<u8>,
    /// How long it was, once it ended.
    pub(super) length: Option<usize>,
}

/// Reads chunks from the beginning (RFC 9112 §7.1), as far as they came; nothing where they are none.
pub(super) fn chunks(octets: &[u8]) -> Option<Chunks> {
    let mut read = Chunks::default();
    let mut at = 0;
    loop {
        let rest = octets.get(at..).unwrap_or_default();
        let Some(line) = rest.windows(2).position(|window| window == b"\r\n") else { return Some(read) };
        let size = rest.get(..line)?.split(|&octet| octet == b';').next()?;
        let size = usize::from_str_radix(std::str::from_utf8(size).ok()?.trim(), 16).ok()?;
        at += line + 2;
        let rest = octets.get(at..).unwrap_or_default();
        if size == 0 {
            // Trailers end with an empty line; without any, that line follows at once.
            let end = if rest.starts_with(b"\r\n") {
                Some(2)
            } else {
                rest.windows(4).position(|window| window == b"\r\n\r\n").map(|place| place + 4)
            };
            read.trailers.extend_from_slice(rest.get(..end.unwrap_or(rest.len())).unwrap_or_default());
            read.length = end.map(|end| at + end);
            return Some(read);
        }
        read.body.extend_from_slice(rest.get(..size.min(rest.len())).unwrap_or_default());
        if rest.len() < size.saturating_add(2) {
            return Some(read);
        }
        at += size + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunked_body_is_read_as_far_as_it_came() {
        let whole = b"4;x=1\r\nabcd\r\nA\r\n0123456789\r\n0\r\nExpires: never\r\n\r\nnext";
        let read = chunks(whole).unwrap();
        assert_eq!(read.body, b"abcd0123456789");
        assert_eq!(read.trailers, b"Expires: never\r\n\r\n");
        assert_eq!(read.length, Some(whole.len() - 4));
        for length in 0..whole.len() - 4 {
            let part = chunks(whole.get(..length).unwrap()).unwrap();
            assert!(part.length.is_none() && read.body.starts_with(&part.body), "{length}");
        }
        assert_eq!(chunks(b"0\r\n\r\n").unwrap().length, Some(5));
        assert_eq!(chunks(b"no size\r\n"), None);
    }

    #[test]
    fn headers_are_found_by_name_and_the_end_of_a_body_is_known() {
        let answer = |head: &str| Answer { status: 200, head: head.into(), body: vec![], is_whole: true };
        let plain =
            answer("HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 5\r\n\r\n");
        assert_eq!(plain.header("SET-COOKIE").collect::<Vec<_>>(), ["a=1", "b=2"]);
        assert_eq!((plain.framing("GET"), plain.framing("HEAD")), (Body::Length(5), Body::None));
        assert_eq!(
            answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").framing("GET"),
            Body::Chunked
        );
        assert_eq!(answer("HTTP/1.1 200 OK\r\n\r\n").framing("GET"), Body::UntilClose);
        assert!(!answer("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").keeps_connection());
        assert_eq!(head(b"HTTP/1.1 404 Not Found\r\nA: b\r\n\r\nbody"), Some((404, 32)));
        assert_eq!(head(b"HTTP/1.1 404 Not Found\r\nA: b\r\n"), None);
    }
}

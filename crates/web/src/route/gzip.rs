//! Answers made for one request, compressed for clients that take gzip (RFC 1952).

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

/// Level 1 takes most of what there is to gain from a page and costs a third of level 6.
const LEVEL: u32 = 1;

/// Whether the client takes gzip (RFC 9110 §12.5.3).
pub(super) fn is_taken(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT_ENCODING).into_iter().any(|field| {
        let Ok(field) = field.to_str() else { return false };
        field.split(',').any(|part| {
            let mut words = part.split(';').map(str::trim);
            words.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"))
                && !words.any(|word| matches!(word, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        })
    })
}

/// The body compressed; `None` where that fails or gains nothing.
pub(super) fn compress(body: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 2), Compression::new(LEVEL));
    encoder.write_all(body).ok()?;
    let packed = encoder.finish().ok()?;
    (packed.len() < body.len()).then(|| packed.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_says_whether_gzip_is_taken() {
        for (field, taken) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("deflate, gzip;q=1.0, *;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip; q=0.000", false),
            ("xgzip", false),
            ("", false),
        ] {
            let headers = [(ACCEPT_ENCODING, field.parse().unwrap())].into_iter().collect();
            assert_eq!(is_taken(&headers), taken, "{field}");
        }
        assert!(!is_taken(&HeaderMap::new()));
    }

    #[test]
    fn what_is_packed_unpacks_and_what_gains_nothing_is_left() {
        let body = b"the same again and again ".repeat(100);
        let packed = compress(&body).unwrap();
        let mut out = Vec::new();
        std::io::copy(&mut flate2::read::GzDecoder::new(&packed[..]), &mut out).unwrap();
        assert_eq!(out, body);
        assert_eq!(compress(b"short"), None);
    }
}

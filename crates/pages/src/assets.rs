//! The files every visitor may have: style, modules, icons, worker. Made by `build.rs`, held in the binary.

/// One file with its bodies.
#[derive(Debug)]
struct Asset {
    path: &'static str,
    kind: &'static str,
    plain: &'static [u8],
    br: Option<&'static [u8]>,
    gz: Option<&'static [u8]>,
}

/// A file in the encoding that was asked for, with the values of its headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The body as it goes out.
    pub body: &'static [u8],
    /// `Content-Type`.
    pub content_type: &'static str,
    /// `Content-Encoding`, where the body is compressed.
    pub content_encoding: Option<&'static str>,
    /// Whether `Vary: Accept-Encoding` belongs to it.
    pub varies: bool,
}

/// Policy of every page; nothing in a page is inline.
pub const PAGE_CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
    connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types sw";

/// Policy of the worker: it fetches our own files and pages, and nothing else. Without `connect-src` it never installs.
pub const WORKER_CSP: &str = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'";

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The file at that path, in the smallest encoding that `accept_encoding` (the header's text) allows.
pub fn find(path: &str, accept_encoding: &str) -> Option<Served> {
    let asset = ALL.iter().find(|asset| asset.path == path)?;
    let (body, encoding) = match (asset.br, asset.gz) {
        (Some(br), _) if accepts(accept_encoding, "br") => (br, Some("br")),
        (_, Some(gz)) if accepts(accept_encoding, "gzip") => (gz, Some("gzip")),
        _ => (asset.plain, None),
    };
    Some(Served { body, content_type: asset.kind, content_encoding: encoding, varies: asset.br.is_some() })
}

/// `Cache-Control` of the file at that path: for ever where the path holds the content's hash, else asked for anew each
/// time.
pub fn cache_control(path: &str) -> &'static str {
    if path.starts_with("/a/") { "public, max-age=31536000, immutable" } else { "no-cache" }
}

/// Every path there is, for the route table.
pub fn paths() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|asset| asset.path)
}

/// Whether the header names the coding without refusing it (RFC 9110 §12.5.3).
fn accepts(header: &str, coding: &str) -> bool {
    header.split(',').any(|part| {
        let mut words = part.split(';').map(str::trim);
        let named = words.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let refused = words.any(|word| {
            let weight = word.strip_prefix("q=").or_else(|| word.strip_prefix("Q="));
            weight.is_some_and(|weight| weight.trim_matches(['0', '.']).is_empty())
        });
        named && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_encoding_that_is_allowed_is_sent() {
        let encoding = |header| find(APP_CSS, header).unwrap().content_encoding;
        assert_eq!(encoding("gzip, deflate, br, zstd").unwrap(), "br");
        assert_eq!(encoding("gzip;q=1.0, br;q=0").unwrap(), "gzip");
        assert_eq!(encoding("brotli"), None);
        assert_eq!(find("/a/0000000000/app.css", "br"), None);
    }

    #[test]
    fn a_body_unpacks_to_what_it_was_packed_from() {
        for asset in ALL {
            if let Some(gz) = asset.gz {
                let mut out = Vec::new();
                std::io::copy(&mut flate2::read::GzDecoder::new(gz), &mut out).unwrap();
                assert_eq!(out, asset.plain, "{}", asset.path);
            }
        }
    }

    #[test]
    fn style_and_modules_stay_within_their_budgets() {
        let size = |path: &str| {
            ALL.iter().find(|a| a.path == path).and_then(|a| a.br).map_or(usize::MAX, <[u8]>::len)
        };
        assert!(size(APP_CSS) < 10_000, "{}", size(APP_CSS));
        let modules = size(PAGE_MJS) + size(LIVE_MJS) + size(PASSKEY_MJS) + size(SW_JS);
        assert!(modules < 8_000, "{modules}");
    }

    #[test]
    fn only_a_path_with_a_hash_is_kept_for_ever() {
        for asset in ALL {
            let hashed = asset.path.starts_with("/a/");
            assert_eq!(cache_control(asset.path).ends_with("immutable"), hashed, "{}", asset.path);
            assert_eq!(hashed, asset.path.split('/').nth(2).is_some_and(|hash| hash.len() == 10));
        }
    }

    #[test]
    fn the_worker_keeps_static_files_only() {
        let worker = std::str::from_utf8(ALL.iter().find(|a| a.path == SW_JS).unwrap().plain).unwrap();
        let list = worker.split("const kept = [").nth(1).unwrap().split(']').next().unwrap();
        for path in list.split(',').map(|path| path.trim().trim_matches('"')) {
            assert!(path == OFFLINE_HTML || path.starts_with("/a/"), "{path}");
        }
        assert!(!worker.contains(".put("));
    }
}

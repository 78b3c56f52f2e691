//! Acts asked for from another site are refused, without tokens: the browser itself says where an act comes from.
//!
//! The algorithm is the one of Go 1.25's `http.CrossOriginProtection`. Browsers of the last years send
//! `Sec-Fetch-Site`; older ones send `Origin` with every act; what sends neither is no browser, and has no
//! subscriber's cookie by accident.

use http::header::{HeaderName, ORIGIN};
use http::{HeaderMap, Method};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether the request may act: it is a safe method, or comes from our own pages, or from no browser.
///
/// `host` is the authority the client asked for. `public_origin` is trusted too: where proxies rewrite the host, it is
/// what browsers know us by. A sibling host (`same-site`) is another site.
pub(super) fn may_act(
    method: &Method,
    headers: &HeaderMap,
    host: Option<&str>,
    public_origin: Option<&str>,
) -> bool {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return true;
    }
    let origin = headers.get(ORIGIN).map(http::HeaderValue::as_bytes);
    if public_origin.is_some_and(|ours| origin == Some(ours.as_bytes())) {
        return true;
    }
    match (headers.get(SEC_FETCH_SITE).map(http::HeaderValue::as_bytes), origin) {
        (Some(b"same-origin" | b"none"), _) | (None, None) => true,
        (Some(_), _) => false,
        (None, Some(origin)) => {
            let authority = std::str::from_utf8(origin).ok().and_then(|origin| origin.split_once("://"));
            authority
                .is_some_and(|(_, authority)| host.is_some_and(|host| host.eq_ignore_ascii_case(authority)))
        }
    }
}

/// Whether the browser says that a page of ours led here, or says nothing of it, as old ones do. A link of somebody else,
/// and one that was typed or came by mail, does not pass.
pub(super) fn is_led_here_by_us(headers: &HeaderMap) -> bool {
    headers.get(SEC_FETCH_SITE).is_none_or(|site| site.as_bytes() == b"same-origin")
}

/// Whether the browser says that a page of another site led here. What it says can be made up by whoever is no browser.
pub(super) fn is_led_here_by_others(headers: &HeaderMap) -> bool {
    headers.get(SEC_FETCH_SITE).is_some_and(|site| !matches!(site.as_bytes(), b"same-origin" | b"none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &str = "https://my.example.jp";

    fn judged(method: &Method, site: Option<&str>, origin: Option<&str>, public: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        site.map(|site| headers.insert(SEC_FETCH_SITE, site.parse().unwrap()));
        origin.map(|origin| headers.insert(ORIGIN, origin.parse().unwrap()));
        may_act(method, &headers, Some("example.com"), public)
    }

    #[test]
    fn an_act_passes_or_is_refused_by_the_table() {
        for (site, origin, may) in [
            (Some("same-origin"), None, true),
            (Some("none"), None, true),
            (Some("cross-site"), None, false),
            (Some("same-site"), None, false),
            (Some("something new"), None, false),
            (Some(""), None, false),
            (None, None, true),
            (None, Some("https://example.com"), true),
            (None, Some("https://EXAMPLE.com"), true),
            (None, Some("https://example.com:8443"), false),
            (None, Some("https://attacker.example"), false),
            (None, Some("https://example.com.attacker.example"), false),
            (None, Some("null"), false),
            (None, Some("example.com"), false),
            (Some("cross-site"), Some("https://example.com"), false),
            (Some("same-origin"), Some("https://attacker.example"), true),
        ] {
            for method in &[Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
                assert_eq!(judged(method, site, origin, None), may, "{site:?} {origin:?}");
            }
            for method in &[Method::GET, Method::HEAD, Method::OPTIONS] {
                assert!(judged(method, site, origin, None), "safe methods pass");
            }
        }
    }

    #[test]
    fn the_origin_subscribers_know_us_by_is_our_own() {
        assert!(judged(&Method::POST, None, Some(PUBLIC), Some(PUBLIC)));
        assert!(judged(&Method::POST, Some("cross-site"), Some(PUBLIC), Some(PUBLIC)));
        assert!(!judged(&Method::POST, Some("cross-site"), Some("https://my.example.jp.evil"), Some(PUBLIC)));
        assert!(!judged(&Method::POST, None, Some("http://my.example.jp"), Some(PUBLIC)));
    }

    #[test]
    fn without_a_host_no_origin_is_ours() {
        let headers = [(ORIGIN, "https://example.com".parse().unwrap())].into_iter().collect();
        assert!(!may_act(&Method::POST, &headers, None, None));
    }
}

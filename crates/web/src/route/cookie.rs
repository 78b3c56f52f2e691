//! Our cookies: the session's, and plain settings such as the language.

use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE, HeaderValue};

use crate::serve::Front;

/// The session's cookie over https. The prefix makes browsers refuse it from sibling hosts and without `Secure`.
const SECURE_NAME: &str = "__Host-session";

/// The session's cookie of the loopback demo, where there is no https.
const PLAIN_NAME: &str = "session";

/// The name of the session's cookie behind that front.
pub const fn session_cookie(front: &Front) -> &'static str {
    if front.is_https() { SECURE_NAME } else { PLAIN_NAME }
}

/// The value of the first cookie of that name, in place.
pub(super) fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a [u8]> {
    let fields = headers.get_all(COOKIE).into_iter();
    let mut pairs = fields.flat_map(|field| field.as_bytes().split(|octet| *octet == b';'));
    pairs.find_map(|pair| pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"="))
}

/// The session token of a request: the cookie's, or for programs that of `Authorization: Bearer` (RFC 6750 §2.1).
pub(super) fn session_token<'a>(headers: &'a HeaderMap, name: &str, bearer: bool) -> Option<&'a [u8]> {
    let told = headers.get(AUTHORIZATION).filter(|_| bearer).map(HeaderValue::as_bytes);
    match told.and_then(<[u8]>::split_first_chunk::<7>) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"bearer ") => Some(token.trim_ascii()),
        Some(_) | None => find(headers, name),
    }
}

/// `Set-Cookie` of one of our cookies, for so many seconds; zero removes it. Never readable by scripts.
pub(super) fn set(front: &Front, name: &str, value: &str, seconds: i64) -> Option<HeaderValue> {
    let secure = if front.is_https() { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[&str]) -> HeaderMap {
        fields.iter().map(|field| (COOKIE, field.parse().unwrap())).collect()
    }

    #[test]
    fn the_cookie_is_found_among_others_and_nothing_like_it() {
        for (fields, value) in [
            (&["session=abc"][..], Some("abc")),
            (&["lang=ja; session=abc"], Some("abc")),
            (&["lang=ja;session=abc ; x=y"], Some("abc")),
            (&["lang=ja", "session=abc"], Some("abc")),
            (&["session=abc; session=def"], Some("abc")),
            (&["session=a=b"], Some("a=b")),
            (&["session="], Some("")),
            (&["xsession=abc", "session2=abc", "Session=abc", "session"], None),
            (&["x=\"; session=abc"], Some("abc")),
            (&[], None),
        ] {
            let headers = headers(fields);
            assert_eq!(
                find(&headers, "session").map(|v| std::str::from_utf8(v).unwrap()),
                value,
                "{fields:?}"
            );
        }
    }

    #[test]
    fn a_bearer_token_counts_for_programs_only() {
        let mut headers = headers(&["session=cookie"]);
        headers.insert(AUTHORIZATION, "bearer token".parse().unwrap());
        assert_eq!(session_token(&headers, "session", true), Some(&b"token"[..]));
        assert_eq!(session_token(&headers, "session", false), Some(&b"cookie"[..]));
        headers.insert(AUTHORIZATION, "Basic dTpw".parse().unwrap());
        assert_eq!(session_token(&headers, "session", true), Some(&b"cookie"[..]));
    }

    #[test]
    fn the_attributes_follow_from_the_front() {
        let text = |front| {
            let cookie = set(&front, session_cookie(&front), "v", 60).unwrap();
            cookie.to_str().unwrap().to_owned()
        };
        assert_eq!(text(Front::Tls), "__Host-session=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(text(Front::Loopback), "session=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
        assert!(set(&Front::Tls, "name", "a\nb", 1).is_none());
    }
}

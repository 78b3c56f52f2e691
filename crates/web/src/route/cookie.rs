//! Our cookies: the session's, and plain settings such as the language.

use honnin_front::Front;
use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE, HeaderValue};

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
    all(headers, name).next()
}

fn all<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a [u8]> {
    let fields = headers.get_all(COOKIE).into_iter();
    let pairs = fields.flat_map(|field| field.as_bytes().split(|octet| *octet == b';'));
    pairs.filter_map(move |pair| pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"="))
}

/// The one value there is; `None` where there are several that differ.
fn agreed<'a>(mut values: impl Iterator<Item = &'a [u8]>) -> Option<&'a [u8]> {
    let first = values.next()?;
    values.all(|other| other == first).then_some(first)
}

/// The session token of a request: the cookie's, or for programs that of `Authorization: Bearer` (RFC 6750 §2.1).
///
/// # Security
/// Of several that differ none counts. Somebody who can put a cookie beside hers must not choose whom she acts for.
pub(super) fn session_token<'a>(headers: &'a HeaderMap, name: &str, bearer: bool) -> Option<&'a [u8]> {
    let mut told = bearers(headers).filter(|_| bearer).peekable();
    if told.peek().is_some() { agreed(told) } else { agreed(all(headers, name)) }
}

fn bearers(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    headers.get_all(AUTHORIZATION).into_iter().filter_map(|field| {
        let (scheme, token) = field.as_bytes().split_first_chunk::<7>()?;
        scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
    })
}

/// Whether a request of a program shows its token itself.
pub(super) fn shows_token(headers: &HeaderMap) -> bool {
    bearers(headers).next().is_some()
}

/// Whether a request shows a token and no cookie of a session: no browser does that by itself.
pub(super) fn only_by_token(headers: &HeaderMap, name: &str) -> bool {
    headers.contains_key(AUTHORIZATION) && find(headers, name).is_none()
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
    fn of_several_sessions_that_differ_none_counts() {
        for (fields, value) in [
            (&["session=abc; session=abc"][..], Some(&b"abc"[..])),
            (&["session=abc; session=def"], None),
            (&["session=abc", "lang=ja; session=def"], None),
            (&["session=abc; session="], None),
        ] {
            assert_eq!(session_token(&headers(fields), "session", false), value, "{fields:?}");
        }
        let mut two = headers(&["session=abc"]);
        two.append(AUTHORIZATION, "Bearer one".parse().unwrap());
        two.append(AUTHORIZATION, "Bearer two".parse().unwrap());
        assert_eq!(session_token(&two, "session", true), None);
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

//! Which address a trusted proxy says the request came from: `Forwarded` (RFC 7239), or `X-Forwarded-For` where the
//! settings say so.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};

use crate::Untold;

/// The address nearest to us that is not one of our proxies, read from the right. Where the nearest element names no
/// address (`unknown`, `_hidden`, or a text that is not of the grammar) nothing further left counts.
pub(super) fn client(headers: &HeaderMap, is_proxy: impl Fn(IpAddr) -> bool) -> Result<IpAddr, Untold> {
    nearest(headers, &http::header::FORWARDED, is_proxy, |field| split(field, b','), node)
}

/// The same of `X-Forwarded-For`: addresses with commas between, of which each proxy adds the one it was asked by.
pub(super) fn listed_client(
    headers: &HeaderMap,
    is_proxy: impl Fn(IpAddr) -> bool,
) -> Result<IpAddr, Untold> {
    let name = HeaderName::from_static("x-forwarded-for");
    nearest(headers, &name, is_proxy, |field| field.split(',').collect(), |text| bare(text.trim()))
}

fn nearest(
    headers: &HeaderMap,
    name: &HeaderName,
    is_proxy: impl Fn(IpAddr) -> bool,
    elements: impl Fn(&str) -> Vec<&str>,
    read: impl Fn(&str) -> Option<IpAddr>,
) -> Result<IpAddr, Untold> {
    let mut nearest = Err(Untold::Missing);
    let mut fields: Vec<&str> = Vec::new();
    for field in headers.get_all(name) {
        fields.push(field.to_str().map_err(|_| Untold::Unreadable)?);
    }
    for field in fields.iter().rev() {
        for element in elements(field).iter().rev() {
            let address = read(element).ok_or(Untold::Unreadable)?;
            nearest = Ok(address);
            if !is_proxy(address) {
                return nearest;
            }
        }
    }
    nearest
}

/// An address as proxies write it into a list: bare, or in brackets, or with its port.
fn bare(text: &str) -> Option<IpAddr> {
    let inside = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    Some(inside.parse().ok().or_else(port)?.to_canonical())
}

/// The address in an element's `for` pair.
fn node(element: &str) -> Option<IpAddr> {
    let pairs = split(element, b';');
    let mut values = pairs.iter().filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then_some(value)
    });
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    let value = match value.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"').filter(|inside| !inside.contains(['"', '\\']))?,
        None => value,
    };
    let address = match value.strip_prefix('[') {
        Some(v6) if v6.contains("]:") => value.parse::<SocketAddr>().ok()?.ip(),
        Some(v6) => IpAddr::V6(v6.strip_suffix(']')?.parse().ok()?),
        None if value.contains(':') => value.parse::<SocketAddr>().ok()?.ip(),
        None => IpAddr::V4(value.parse().ok()?),
    };
    Some(address.to_canonical())
}

/// Splits at `at` outside quoted strings.
fn split(text: &str, at: u8) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |letter: char| {
        if escaped {
            escaped = false;
        } else if quoted && letter == '\\' {
            escaped = true;
        } else if letter == '"' {
            quoted = !quoted;
        } else {
            return !quoted && letter == char::from(at);
        }
        false
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(fields: &[&str]) -> Option<String> {
        let headers = fields.iter().map(|text| (http::header::FORWARDED, text.parse().unwrap())).collect();
        client(&headers, |address| address.to_string().starts_with("10."))
            .map(|address| address.to_string())
            .ok()
    }

    #[test]
    fn the_nearest_address_that_is_no_proxy_is_the_client() {
        for (fields, client) in [
            (&["for=192.0.2.43"][..], Some("192.0.2.43")),
            (&["For=\"[2001:db8:cafe::17]:4711\""], Some("2001:db8:cafe::17")),
            (&["for=\"[2001:db8::1]\";proto=https"], Some("2001:db8::1")),
            (&["proto=http;for=\"192.0.2.43:47011\";by=203.0.113.43"], Some("192.0.2.43")),
            (&["for=198.51.100.1, for=192.0.2.43, for=10.0.0.2"], Some("192.0.2.43")),
            (&["for=198.51.100.1", "for=192.0.2.43", "for=10.0.0.2"], Some("192.0.2.43")),
            (&["for=10.0.0.1, for=10.0.0.2"], Some("10.0.0.1")),
            (&["by=\"a,for=1.1.1.1\";for=192.0.2.43"], Some("192.0.2.43")),
        ] {
            assert_eq!(read(fields).as_deref(), client, "{fields:?}");
        }
    }

    #[test]
    fn a_list_of_addresses_is_read_from_the_right() {
        let read = |text: &str| {
            let name = HeaderName::from_static("x-forwarded-for");
            let headers = [(name, text.parse().unwrap())].into_iter().collect();
            listed_client(&headers, |address| address.to_string().starts_with("10."))
        };
        for (text, client) in [
            ("192.0.2.43", "192.0.2.43"),
            ("198.51.100.1, 2001:db8::1", "2001:db8::1"),
            ("198.51.100.1,192.0.2.43:47011 , 10.0.0.2", "192.0.2.43"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
        ] {
            assert_eq!(read(text).unwrap().to_string(), client, "{text}");
        }
        for text in ["", "192.0.2.43, unknown", "192.0.2.43,", "192.0.2.43, ::g"] {
            assert_eq!(read(text), Err(Untold::Unreadable), "{text}");
        }
        assert_eq!(listed_client(&HeaderMap::new(), |_| false), Err(Untold::Missing));
    }

    #[test]
    fn what_names_no_address_hides_everything_left_of_it() {
        for fields in [
            &["for=192.0.2.43, for=unknown"][..],
            &["for=192.0.2.43, for=_gateway"],
            &["for=192.0.2.43, proto=https"],
            &["for=192.0.2.43;for=192.0.2.44"],
            &["for=\"192.0.2.43"],
            &["for=2001:db8::1"],
            &[""],
            &[],
        ] {
            assert_eq!(read(fields), None, "{fields:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_at_all_makes_the_reader_fail(text in "[ -~]{0,80}") {
            drop(read(&[&text]));
        }

        #[test]
        fn what_a_client_writes_itself_is_left_of_what_the_proxy_adds(text in "[ -!#-~]{0,60}") {
            prop_assert_eq!(read(&[&format!("{text}, for=192.0.2.43")]), Some("192.0.2.43".to_owned()));
        }
    }
}

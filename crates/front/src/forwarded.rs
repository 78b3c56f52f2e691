//! The `Forwarded` header field (RFC 7239): which address a trusted proxy says the request came from.

use std::net::{IpAddr, SocketAddr};

/// The address nearest to us that is not one of our proxies, read from the right; `None` where the nearest element
/// names no address (`unknown`, `_hidden`, or a text that is not of the grammar): then nothing further left counts.
pub(super) fn client(headers: &http::HeaderMap, is_proxy: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    let mut nearest = None;
    let mut fields: Vec<&str> = Vec::new();
    for field in headers.get_all(http::header::FORWARDED) {
        fields.push(field.to_str().ok()?);
    }
    for field in fields.iter().rev() {
        for element in split(field, b',').iter().rev() {
            let address = node(element)?;
            nearest = Some(address);
            if !is_proxy(address) {
                return nearest;
            }
        }
    }
    nearest
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
        client(&headers, |address| address.to_string().starts_with("10.")).map(|address| address.to_string())
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

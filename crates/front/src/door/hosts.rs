//! The names one house is found at, as browsers write them.

use std::collections::BTreeSet;
use std::fmt;

use http::uri::Authority;
use http::{HeaderMap, Uri, header};

/// Longest name and longest label of one (RFC 1035 §2.3.4).
const LONGEST: usize = 253;
const LONGEST_LABEL: usize = 63;

/// A text that is no name of a host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot use the host {0:?}: expect a name in small letters without a port, such as my.example.jp (an international \
     one as browsers send it, xn--…)"
)]
pub struct BadHost(pub String);

/// Names of one house; nothing is answered under another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hosts(BTreeSet<String>);

impl Hosts {
    /// These names.
    ///
    /// # Errors
    /// [`BadHost`] for the first that is none.
    pub fn new(names: impl IntoIterator<Item = String>) -> Result<Self, BadHost> {
        let checked = |name: String| if is_name(&name) { Ok(name) } else { Err(BadHost(name)) };
        names.into_iter().map(checked).collect::<Result<_, _>>().map(Self)
    }

    /// Each of them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether a request asks for one of them and for no other. A connection that was opened for one name may be used for
    /// another (RFC 9113 §9.1.1), and a request may name one host in its line and another in a field.
    pub(crate) fn are_asked(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let field = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let line = uri.authority().map(Authority::as_str);
        let ours = |host: &str| named(host.as_bytes()).is_some_and(|name| self.0.contains(&name));
        (field.is_some() || line.is_some()) && [field, line].into_iter().flatten().all(ours)
    }
}

impl fmt::Display for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, name) in self.names().enumerate() {
            write!(f, "{}{name}", if place == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

fn is_name(name: &str) -> bool {
    let letter = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-';
    let label = |label: &str| {
        (1..=LONGEST_LABEL).contains(&label.len())
            && label.bytes().all(letter)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= LONGEST && name.split('.').all(label)
}

/// The name in what a request calls its host: without the port, in small letters.
pub(super) fn named(host: &[u8]) -> Option<String> {
    let authority = Authority::try_from(host.trim_ascii()).ok()?;
    Some(authority.host().to_ascii_lowercase()).filter(|name| is_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_as_browsers_write_it() {
        let long = "a".repeat(LONGEST_LABEL + 1);
        for bad in
            ["", "A.example", "a.example:443", "a..b", "-a.b", "a-.b", "*.a", "a/b", "a b", "ä.b", &long]
        {
            assert_eq!(Hosts::new([bad.to_owned()]), Err(BadHost(bad.to_owned())));
        }
        let good = ["a", "my.example.jp", "xn--p8j9a0d9c9a.example", "127.0.0.1"];
        assert_eq!(Hosts::new(good.map(str::to_owned)).unwrap().names().count(), good.len());
    }

    #[test]
    fn a_request_for_another_name_is_not_ours_wherever_it_stands() {
        let hosts = Hosts::new(["a.example".to_owned()]).unwrap();
        let asked = |uri: &str, host: Option<&str>| {
            let field = host.map(|host| (header::HOST, host.parse().unwrap()));
            hosts.are_asked(&uri.parse().unwrap(), &field.into_iter().collect())
        };
        assert!(asked("/", Some("a.example")) && asked("/", Some("A.EXAMPLE:8443")));
        assert!(asked("https://a.example/", None) && asked("https://a.example/", Some("a.example")));
        for (uri, host) in [
            ("/", None),
            ("/", Some("b.example")),
            ("/", Some("a.example.")),
            ("/", Some("xa.example")),
            ("https://b.example/", None),
            ("https://b.example/", Some("a.example")),
            ("https://a.example/", Some("b.example")),
        ] {
            assert!(!asked(uri, host), "{uri} {host:?}");
        }
    }
}

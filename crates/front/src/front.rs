//! What stands between us and the subscriber: the one setting cookies and trust follow from.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use super::prefix::Prefix;
use super::socket::Peer;

/// The one setting that says how subscribers reach us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Front {
    /// Only programs on this machine, without TLS: the demo.
    Loopback,
    /// Subscribers reach us directly and TLS ends here.
    Tls,
    /// TLS ends at proxies of the operator.
    TrustedProxy {
        /// Where subscribers find us.
        public: PublicUrl,
        /// The proxies. Nobody else is believed.
        proxies: Vec<Prefix>,
        /// How they tell the subscriber's address.
        tells: Tells,
    },
}

/// How a trusted proxy tells the subscriber's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tells {
    /// With a PROXY protocol v2 header before everything else on the connection.
    ProxyV2,
    /// With a `Forwarded` header field on each request (RFC 7239).
    Forwarded,
    /// With an `X-Forwarded-For` header field on each request.
    ListedFor,
}

/// A listed proxy passed somebody on and did not say whom. Everybody behind it would be one and the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Untold {
    /// There is no such header.
    #[error("the header that names the client's address is missing")]
    Missing,
    /// The header names no address; an IPv6 address in `Forwarded` needs quotes and brackets (RFC 7239 §6).
    #[error("the header that names the client's address cannot be read")]
    Unreadable,
}

impl Untold {
    /// The word in metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Where subscribers find us: `https://` and an authority, nothing after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

/// A text that is not such a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expect https:// and a host, with nothing after it, such as https://my.example.jp")]
pub struct BadPublicUrl;

impl PublicUrl {
    /// The URL without a slash at its end; as an origin it is what browsers send (RFC 6454 §6.2).
    pub fn origin(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for PublicUrl {
    type Err = BadPublicUrl;
    fn from_str(text: &str) -> Result<Self, BadPublicUrl> {
        let host = text.strip_prefix("https://").ok_or(BadPublicUrl)?;
        let authority = host.parse::<http::uri::Authority>().map_err(|_| BadPublicUrl)?;
        let plain = !host.contains('@') && !host.bytes().any(|b| b.is_ascii_uppercase());
        let whole = authority.as_str() == host && !authority.host().is_empty();
        if plain && whole { Ok(Self(text.to_owned())) } else { Err(BadPublicUrl) }
    }
}

/// An address we do not listen on behind this front.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "refuse to listen on {0}: beyond loopback subscribers' sign-ins would cross the network in the clear; \
     set up TLS (certificate and key) or name the trusted proxies that do"
)]
pub struct ListenRefused(pub SocketAddr);

/// A file we do not listen on behind this front.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("refuse to listen on {}: it is for a proxy that ends TLS and says who asks", .0.display())]
pub struct FileRefused(pub PathBuf);

impl Front {
    /// Whether we may listen there.
    ///
    /// # Errors
    /// [`ListenRefused`] for an address beyond loopback while nobody does TLS.
    pub fn may_listen(&self, on: SocketAddr) -> Result<(), ListenRefused> {
        match self {
            Self::Loopback if !on.ip().to_canonical().is_loopback() => Err(ListenRefused(on)),
            Self::Loopback | Self::Tls | Self::TrustedProxy { .. } => Ok(()),
        }
    }

    /// Whether we may listen on that file.
    ///
    /// # Errors
    /// [`FileRefused`] where no proxy stands before us: who comes by a file has no address of her own.
    pub fn may_listen_on_file(&self, file: &Path) -> Result<(), FileRefused> {
        match self {
            Self::TrustedProxy { .. } => Ok(()),
            Self::Loopback | Self::Tls => Err(FileRefused(file.to_owned())),
        }
    }

    /// Whether subscribers reach us by https.
    pub const fn is_https(&self) -> bool {
        match self {
            Self::Loopback => false,
            Self::Tls | Self::TrustedProxy { .. } => true,
        }
    }

    /// Whether that peer is a listed proxy, and how it tells the subscriber's address.
    pub fn tells(&self, peer: Peer) -> Option<Tells> {
        match self {
            Self::Loopback | Self::Tls => None,
            Self::TrustedProxy { proxies, tells, .. } => is_proxy(proxies, peer).then_some(*tells),
        }
    }

    /// The origin under which browsers know us, where it is not the host they ask.
    pub fn public_origin(&self) -> Option<&str> {
        match self {
            Self::Loopback | Self::Tls => None,
            Self::TrustedProxy { public, .. } => Some(public.origin()),
        }
    }

    /// The subscriber's address of one request: the peer, or what a listed proxy says.
    ///
    /// # Errors
    /// [`Untold`] where a listed proxy has to say it and does not.
    pub fn client(&self, peer: Peer, headers: &http::HeaderMap) -> Result<IpAddr, Untold> {
        let Self::TrustedProxy { proxies, tells, .. } = self else { return Ok(peer.address()) };
        if !is_proxy(proxies, peer) {
            return Ok(peer.address());
        }
        let listed = |address| listed(proxies, address);
        match tells {
            Tells::ProxyV2 => Ok(peer.address()),
            Tells::Forwarded => super::forwarded::client(headers, listed),
            Tells::ListedFor => super::forwarded::listed_client(headers, listed),
        }
    }
}

/// Whether that peer is believed: it comes from a listed address, or by a socket that only proxies may open.
fn is_proxy(proxies: &[Prefix], peer: Peer) -> bool {
    match peer {
        Peer::Address(address) => listed(proxies, address),
        Peer::Socket => true,
    }
}

fn listed(prefixes: &[Prefix], address: IpAddr) -> bool {
    prefixes.iter().any(|prefix| prefix.contains(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxied(tells: Tells) -> Front {
        Front::TrustedProxy {
            public: "https://my.example.jp".parse().unwrap(),
            proxies: vec!["10.0.0.0/8".parse().unwrap()],
            tells,
        }
    }

    #[test]
    fn beyond_loopback_nothing_is_served_in_the_clear() {
        for (on, may) in
            [("127.0.0.1:80", true), ("[::1]:80", true), ("0.0.0.0:80", false), ("[::]:80", false)]
        {
            assert_eq!(Front::Loopback.may_listen(on.parse().unwrap()).is_ok(), may, "{on}");
            assert!(Front::Tls.may_listen(on.parse().unwrap()).is_ok());
        }
        let refused = Front::Loopback.may_listen("192.0.2.1:443".parse().unwrap()).unwrap_err();
        assert!(refused.to_string().contains("192.0.2.1:443") && refused.to_string().contains("TLS"));
    }

    fn address(text: &str) -> Peer {
        Peer::Address(text.parse().unwrap())
    }

    #[test]
    fn who_comes_by_a_socket_is_a_proxy_and_has_to_say_who_asks() {
        let fields = |text: &str| [(http::header::FORWARDED, text.parse().unwrap())].into_iter().collect();
        let none = http::HeaderMap::new();
        let front = proxied(Tells::Forwarded);
        let told = |text| front.client(Peer::Socket, &fields(text));
        assert_eq!(told("for=203.0.113.7"), Ok("203.0.113.7".parse().unwrap()));
        assert_eq!(told("for=unknown"), Err(Untold::Unreadable));
        assert_eq!(front.client(Peer::Socket, &none), Err(Untold::Missing));
        assert_eq!(
            front.client(address("127.0.0.1"), &fields("for=203.0.113.7")),
            Ok("127.0.0.1".parse().unwrap())
        );
        assert_eq!(proxied(Tells::ProxyV2).tells(Peer::Socket), Some(Tells::ProxyV2));
        for front in [Front::Loopback, Front::Tls] {
            assert!(front.may_listen_on_file(Path::new("a.sock")).is_err(), "{front:?}");
            assert_eq!(front.tells(Peer::Socket), None);
        }
    }

    #[test]
    fn only_a_listed_proxy_is_believed() {
        let headers: http::HeaderMap =
            [(http::header::FORWARDED, "for=203.0.113.7".parse().unwrap())].into_iter().collect();
        let client = |front: &Front, peer: &str| front.client(address(peer), &headers).unwrap().to_string();
        assert_eq!(client(&proxied(Tells::Forwarded), "10.1.2.3"), "203.0.113.7");
        assert_eq!(client(&proxied(Tells::Forwarded), "192.0.2.1"), "192.0.2.1");
        assert_eq!(client(&proxied(Tells::ProxyV2), "10.1.2.3"), "10.1.2.3");
        assert_eq!(client(&Front::Tls, "10.1.2.3"), "10.1.2.3");
    }

    #[test]
    fn a_listed_proxy_that_names_nobody_makes_nobody_of_them() {
        let front = proxied(Tells::Forwarded);
        let asked = |text: Option<&str>| {
            let field = text.map(|text| (http::header::FORWARDED, text.parse().unwrap()));
            front.client(address("10.1.2.3"), &field.into_iter().collect())
        };
        assert_eq!(asked(None), Err(Untold::Missing));
        assert_eq!(
            asked(Some("for=2001:db8::1")),
            Err(Untold::Unreadable),
            "what nginx writes for $remote_addr"
        );
        assert_eq!(asked(Some("for=\"[2001:db8::1]\"")), Ok("2001:db8::1".parse().unwrap()));
    }

    #[test]
    fn a_public_url_is_an_https_origin() {
        assert_eq!(
            "https://my.example.jp:8443".parse::<PublicUrl>().unwrap().origin(),
            "https://my.example.jp:8443"
        );
        for text in
            ["http://my.example.jp", "https://", "https://a/b", "https://u@a", "https://A", "my.example.jp"]
        {
            assert!(text.parse::<PublicUrl>().is_err(), "{text}");
        }
    }
}

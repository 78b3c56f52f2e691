//! Whom a new connection is for, from octets that are looked at and left where they are.

use std::fmt;

use httparse::{EMPTY_HEADER, Request, Status};
use rustls::server::Acceptor;

use super::hosts::named;
use crate::proxy_header;

/// Octets that are looked at before a connection is given up: a hello or a head, and the header of a proxy before it.
pub(super) const MOST: usize = 16 * 1024;

/// Fields of a head that are looked through for the host.
const FIELDS: usize = 256;

/// The first octet of a record of TLS that holds a handshake (RFC 8446 §5.1).
const HANDSHAKE: u8 = 22;

/// What the first octets say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// Nothing yet; more has to come.
    More,
    /// A hello of TLS, and the name it asks for.
    Tls(Option<String>),
    /// A head of HTTP/1, and the one host it names.
    Plain(Option<String>),
    /// Neither of the two.
    Neither,
}

/// Looks at the octets of one connection as more of them come.
#[derive(Default)]
pub struct Peek {
    hello: Acceptor,
    /// How many octets behind a proxy's header were looked at before: none is read twice, however slowly they come.
    seen: usize,
}

impl fmt::Debug for Peek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peek").field("seen", &self.seen).finish_non_exhaustive()
    }
}

impl Peek {
    /// Looks at everything that has come so far, from the first octet on; each time at least as much as before, until it is
    /// told.
    pub fn look(&mut self, octets: &[u8]) -> Look {
        let rest = match proxy_header::measure(octets) {
            Ok(Some(length)) => octets.get(length..).unwrap_or_default(),
            Ok(None) => &[],
            Err(_) => return Look::Neither,
        };
        let look = match rest.first() {
            None => Look::More,
            Some(&HANDSHAKE) => self.tls(rest),
            Some(first) if first.is_ascii_alphabetic() || *first == b'\r' => self.plain(rest),
            Some(_) => Look::Neither,
        };
        self.seen = rest.len();
        if look == Look::More && octets.len() >= MOST { Look::Neither } else { look }
    }

    fn tls(&mut self, rest: &[u8]) -> Look {
        let mut fresh = rest.get(self.seen..).unwrap_or_default();
        while !fresh.is_empty() {
            if self.hello.read_tls(&mut fresh).is_err() {
                return Look::Neither;
            }
            match self.hello.accept() {
                Ok(None) => {}
                Ok(Some(accepted)) => {
                    return Look::Tls(accepted.client_hello().server_name().map(str::to_ascii_lowercase));
                }
                Err(_) => return Look::Neither,
            }
        }
        Look::More
    }

    fn plain(&self, rest: &[u8]) -> Look {
        // Empty lines before a request are none of it (RFC 9112 §2.2).
        let empty = rest.chunks_exact(2).take_while(|pair| *pair == b"\r\n").count() * 2;
        // A head ends with an empty line, and may have begun its end in what was seen before.
        let from = rest.get(self.seen.saturating_sub(3).max(empty)..).unwrap_or_default();
        if !from.windows(4).any(|four| four == b"\r\n\r\n") {
            return Look::More;
        }
        let mut fields = [EMPTY_HEADER; FIELDS];
        let mut request = Request::new(&mut fields);
        let head = rest.get(empty..).unwrap_or_default();
        if !request.parse(head).is_ok_and(|status| matches!(status, Status::Complete(_))) {
            return Look::Neither;
        }
        let mut hosts = request.headers.iter().filter(|field| field.name.eq_ignore_ascii_case("host"));
        match (hosts.next(), hosts.next()) {
            (Some(host), None) => Look::Plain(named(host.value)),
            _ => Look::Plain(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use rustls::pki_types::ServerName;
    use rustls::{ClientConfig, ClientConnection, RootCertStore};

    use super::*;

    const PROXY: &[u8] =
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xcb\x00\x71\x07\xc0\x00\x02\x01\x30\x39\x01\xbb";

    /// What a client of that name sends first.
    fn hello(name: &str) -> Vec<u8> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut octets = Vec::new();
        client.write_tls(&mut octets).unwrap();
        octets
    }

    /// What is told of octets that come in pieces of that length.
    fn told(octets: &[u8], piece: usize) -> Look {
        let mut peek = Peek::default();
        let ends = (piece..octets.len()).step_by(piece.max(1)).chain([octets.len()]);
        ends.map(|end| peek.look(&octets[..end])).find(|look| *look != Look::More).unwrap_or(Look::More)
    }

    fn tls(name: &str) -> Look {
        Look::Tls(Some(name.to_owned()))
    }

    fn plain(name: &str) -> Look {
        Look::Plain(Some(name.to_owned()))
    }

    #[test]
    fn a_hello_says_whom_it_is_for_in_whatever_pieces_and_behind_a_proxy() {
        let bare = hello("My.Example.jp");
        for octets in [bare.clone(), [PROXY, &bare].concat()] {
            for piece in [1, 2, 7, 100, octets.len()] {
                assert_eq!(told(&octets, piece), tls("my.example.jp"), "pieces of {piece}");
            }
            for cut in 0..octets.len() {
                assert_eq!(told(&octets[..cut], cut.max(1)), Look::More, "{cut}");
            }
        }
        assert_eq!(told(&hello("192.0.2.1"), 50), Look::Tls(None), "an address is no name");
    }

    #[test]
    fn a_head_says_whom_it_is_for_and_two_hosts_are_none() {
        for (head, look) in [
            ("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", plain("a.example")),
            ("\r\n\r\nGET / HTTP/1.1\r\na: b\r\nhOST:  A.example:8080 \r\n\r\nrest", plain("a.example")),
            ("GET http://b.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n", plain("a.example")),
            ("GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n", Look::Plain(None)),
            ("GET / HTTP/1.0\r\n\r\n", Look::Plain(None)),
            ("GET / HTTP/1.1\r\nHost: a_b\r\n\r\n", Look::Plain(None)),
            ("GET / HTTP/1.1\r\nHost: a.example\r\n", Look::More),
            ("GET / HTTP/1.1\r\nHost a.example\r\n\r\n", Look::Neither),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Look::Neither),
            ("\0", Look::Neither),
        ] {
            for piece in 1..=head.len() {
                assert_eq!(told(head.as_bytes(), piece), look, "{head:?} by {piece}");
            }
            assert_eq!(told(&[PROXY, head.as_bytes()].concat(), 9), look, "behind a proxy: {head:?}");
        }
    }

    #[test]
    fn more_than_is_looked_at_is_neither() {
        let head = format!("GET / HTTP/1.1\r\na: {}", "b".repeat(MOST));
        assert_eq!(told(head.as_bytes(), 1000), Look::Neither);
        let record = [&[HANDSHAKE, 3, 1, 0x40, 0, 1, 0, 0xff, 0xff][..], &vec![0; MOST]].concat();
        assert_eq!(told(&record, 1000), Look::Neither);
    }

    proptest! {
        #[test]
        fn any_octets_are_looked_at_and_pieces_do_not_matter(
            octets in proptest::collection::vec(any::<u8>(), 0..300), piece in 1usize..40, begin in 0usize..5,
        ) {
            let begin = [&b""[..], &[HANDSHAKE, 3, 1, 0], b"GET / HTTP/1.1\r\nHost: ", PROXY, &PROXY[..13]][begin];
            let octets = [begin, &octets].concat();
            prop_assert_eq!(told(&octets, piece), told(&octets, octets.len()));
        }

        #[test]
        fn a_hello_with_an_octet_changed_names_the_same_or_is_refused(place in 0usize..200, to: u8) {
            let mut octets = hello("my.example.jp");
            octets[place] = to;
            let look = told(&octets, 64);
            prop_assert_eq!(&look, &told(&octets, octets.len()));
        }
    }
}

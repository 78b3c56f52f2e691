//! The PROXY protocol, version 2: who connected to the proxy, told before everything else on the connection.
//!
//! Source: `HAProxy`, "The PROXY protocol", §2.2. Version 1 (a line of text) is not read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tokio::io::{AsyncRead, AsyncReadExt};

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// More than addresses and the extensions proxies send; a longer header is refused.
const LONGEST: usize = 2048;

/// A connection that does not begin with a PROXY header we can read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("read the PROXY header")]
    Read(#[from] std::io::Error),
    #[error("expect a PROXY protocol v2 header from a trusted proxy")]
    Shape,
}

/// Reads the header off the connection and not one octet more; `None` where the proxy speaks for itself (its own
/// health check).
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Option<IpAddr>, Error> {
    let mut head = [0; 16];
    stream.read_exact(&mut head).await?;
    let [.., high, low] = head;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if !head.starts_with(&SIGNATURE) || length > LONGEST {
        return Err(Error::Shape);
    }
    let mut rest = vec![0; length];
    stream.read_exact(&mut rest).await?;
    let [.., command, family, _, _] = head;
    match named(command, family, &rest) {
        Some(Named::Client(address)) => Ok(Some(address)),
        Some(Named::Peer) => Ok(None),
        None => Err(Error::Shape),
    }
}

/// How long the header is that octets begin with, 0 where they begin with none; `None` while that cannot be told.
pub(super) fn measure(octets: &[u8]) -> Result<Option<usize>, Error> {
    let known = octets.len().min(SIGNATURE.len());
    if octets.get(..known) != SIGNATURE.get(..known) {
        return Ok(Some(0));
    }
    let Some([.., high, low]) = octets.first_chunk::<16>() else { return Ok(None) };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    if length > LONGEST { Err(Error::Shape) } else { Ok(Some(16 + length)) }
}

/// Whom a header names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    /// The subscriber's address.
    Client(IpAddr),
    /// Nobody but the connection's own other side.
    Peer,
}

fn named(command: u8, family: u8, rest: &[u8]) -> Option<Named> {
    match (command, family) {
        // LOCAL: the proxy itself asks, and whatever follows is to be skipped. A proxy that passes somebody on and names no
        // address (UNSPEC, sockets of its own machine) is refused: everybody behind it would be one.
        (0x20, _) => Some(Named::Peer),
        (0x21, 0x11) if rest.len() >= 12 => {
            rest.first_chunk::<4>().map(|octets| Named::Client(Ipv4Addr::from_octets(*octets).into()))
        }
        (0x21, 0x21) if rest.len() >= 36 => {
            let address = |octets: &[u8; 16]| IpAddr::from(Ipv6Addr::from_octets(*octets)).to_canonical();
            rest.first_chunk::<16>().map(|octets| Named::Client(address(octets)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, rest].concat()
    }

    fn run(octets: &[u8]) -> (Result<Option<IpAddr>, Error>, usize) {
        let mut left = octets;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let told = runtime.block_on(read(&mut left));
        (told, left.len())
    }

    proptest! {
        #[test]
        fn the_client_is_read_and_nothing_after_it(
            v6: bool, source: [u8; 16], other: [u8; 20], extensions in proptest::collection::vec(any::<u8>(), 0..64), after in 0usize..40,
        ) {
            let address = if v6 { 16 } else { 4 };
            let rest = [&source[..address], &other[..address], &other[..4], &extensions].concat();
            let octets = [header(0x21, if v6 { 0x21 } else { 0x11 }, &rest), vec![7; after]].concat();
            let wanted = if v6 { IpAddr::V6(source.into()) } else { IpAddr::V4([source[0], source[1], source[2], source[3]].into()) };
            let (told, left) = run(&octets);
            prop_assert_eq!(told.unwrap(), Some(wanted.to_canonical()));
            prop_assert_eq!(left, after);
        }

        #[test]
        fn a_header_cut_short_is_refused(cut in 0usize..28) {
            let octets = header(0x21, 0x11, &[192, 0, 2, 1, 10, 0, 0, 1, 0, 80, 0, 80]);
            prop_assert!(run(&octets[..cut]).0.is_err());
        }

        #[test]
        fn no_octets_at_all_make_the_reader_fail(octets in proptest::collection::vec(any::<u8>(), 0..80)) {
            prop_assert!(run(&octets).0.is_err(), "random octets do not begin with the signature");
            drop(run(&[&SIGNATURE[..], &octets].concat()));
        }
    }

    #[test]
    fn a_proxy_may_speak_for_itself() {
        assert_eq!(run(&header(0x20, 0x11, &[0; 12])).0.unwrap(), None);
        for family in [0x00, 0x31] {
            assert!(matches!(run(&header(0x21, family, &[0; 216])).0, Err(Error::Shape)), "it names nobody");
        }
    }

    #[test]
    fn other_versions_short_addresses_and_floods_are_refused() {
        let flood = u16::try_from(LONGEST + 1).unwrap().to_be_bytes();
        for octets in [
            header(0x11, 0x11, &[0; 12]),
            header(0x22, 0x11, &[0; 12]),
            header(0x21, 0x12, &[0; 12]),
            header(0x21, 0x11, &[0; 11]),
            header(0x21, 0x21, &[0; 35]),
            [&SIGNATURE[..], &[0x21, 0x11], &flood, &[0; LONGEST + 1]].concat(),
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n".to_vec(),
        ] {
            assert!(matches!(run(&octets).0, Err(Error::Shape)), "{octets:?}");
        }
    }
}

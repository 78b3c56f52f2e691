//! A proxy that says of everybody who passes through it that she is somebody else.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::house::Failure;
use crate::client::Target;

/// What a proxy says of whoever passes through.
#[derive(Debug, Clone, Default)]
pub struct Assertion {
    /// Whole header lines that are added to every head.
    pub lines: String,
    /// Octets sent before everything else on a connection.
    pub prologue: Vec<u8>,
}

impl Assertion {
    /// Only header lines.
    pub const fn of_lines(lines: String) -> Self {
        Self { lines, prologue: Vec::new() }
    }

    /// A header of the PROXY protocol, version 2, for a client of 203.0.113.7 who is said to be `name`: by authority,
    /// by a unique id, and as the common name of the client's certificate.
    pub fn of_name(name: &str) -> Self {
        const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
        /// Version 2, a connection made for somebody; TCP over IPv4.
        const KIND: [u8; 2] = [0x21, 0x11];
        /// From 203.0.113.7:40000 to 127.0.0.1:443.
        const ADDRESSES: [u8; 12] = [203, 0, 113, 7, 127, 0, 0, 1, 0x9c, 0x40, 0x01, 0xbb];
        /// The client sent a certificate on this connection, and it was verified.
        const VERIFIED: [u8; 5] = [0x07, 0, 0, 0, 0];
        let certificate = [VERIFIED.to_vec(), value(0x22, name.as_bytes())].concat();
        let said = [value(0x02, name.as_bytes()), value(0x05, name.as_bytes()), value(0x20, &certificate)];
        let rest = [ADDRESSES.to_vec(), said.concat()].concat();
        let length = u16::try_from(rest.len()).unwrap_or(u16::MAX).to_be_bytes();
        Self { lines: String::new(), prologue: [SIGNATURE, &KIND, &length, &rest].concat() }
    }
}

/// A value with its kind and length before it.
fn value(kind: u8, octets: &[u8]) -> Vec<u8> {
    let length = u16::try_from(octets.len()).unwrap_or(u16::MAX).to_be_bytes();
    [&[kind], &length[..], octets].concat()
}

/// A proxy on loopback that asserts identities. Requests without a body only.
#[derive(Debug)]
pub struct Proxy {
    target: Target,
    accepting: JoinHandle<()>,
}

/// Octets of one head at most; the client's requests are far below.
const LARGEST_HEAD: usize = 64 << 10;

impl Proxy {
    /// Opens a proxy before `target`. Assertions are given out in turn: a connection gets all of one, so that many
    /// identities are asserted at the same time.
    ///
    /// # Errors
    /// [`Failure::Machine`] where there is no port.
    pub async fn open(target: Target, assertions: Vec<Assertion>) -> Result<Self, Failure> {
        let what = "open a proxy";
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(Failure::machine(what))?;
        let address = listener.local_addr().map_err(Failure::machine(what))?;
        let assertions: Arc<[Assertion]> = assertions.into();
        let accepting = tokio::spawn(async move {
            let mut turns = assertions.iter().cycle();
            while let Ok((client, _)) = listener.accept().await {
                let said = turns.next().cloned().unwrap_or_default();
                // A connection that breaks is seen by the client at its end.
                drop(tokio::spawn(async move { pass(client, target, &said).await.unwrap_or_default() }));
            }
        });
        Ok(Self { target: Target::new(address, false)?, accepting })
    }

    /// Where it listens.
    pub const fn target(&self) -> Target {
        self.target
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn pass(client: TcpStream, target: Target, said: &Assertion) -> io::Result<()> {
    let server = TcpStream::connect(target.address()).await?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let back = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    to_server.write_all(&said.prologue).await?;
    let mut arrived = Vec::new();
    while arrived.len() < LARGEST_HEAD && from_client.read_buf(&mut arrived).await? > 0 {
        while let Some(end) = arrived.windows(4).position(|window| window == b"\r\n\r\n") {
            let head: Vec<u8> = arrived.drain(..end + 4).collect();
            let asked = head.get(..end + 2).unwrap_or_default();
            to_server.write_all(&[asked, said.lines.as_bytes(), b"\r\n"].concat()).await?;
        }
    }
    to_server.shutdown().await?;
    drop(back.await);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_said_as_the_protocol_has_it() {
        let said = Assertion::of_name("wma").prologue;
        let (head, rest) = said.split_at(16);
        assert!(head.starts_with(b"\r\n\r\n\0\r\nQUIT\n\x21\x11"));
        assert_eq!(usize::from(u16::from_be_bytes([head[14], head[15]])), rest.len());
        assert_eq!(&rest[12..], b"\x02\0\x03wma\x05\0\x03wma\x20\0\x0b\x07\0\0\0\0\x22\0\x03wma");
    }
}

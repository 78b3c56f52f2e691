//! A proxy that says of everybody who passes through it that she is somebody else.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::house::Failure;
use crate::client::Target;

/// A proxy on loopback that adds lines to the head of every request. Requests without a body only.
#[derive(Debug)]
pub struct Proxy {
    target: Target,
    accepting: JoinHandle<()>,
}

/// Octets of one head at most; the client's requests are far below.
const LARGEST_HEAD: usize = 64 << 10;

impl Proxy {
    /// Opens a proxy before `target`. `lines` are whole header lines, given out in turn: a connection gets all of
    /// one entry, so that many identities are asserted at the same time.
    ///
    /// # Errors
    /// [`Failure::Machine`] where there is no port.
    pub async fn open(target: Target, lines: Vec<String>) -> Result<Self, Failure> {
        let what = "open a proxy";
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(Failure::machine(what))?;
        let address = listener.local_addr().map_err(Failure::machine(what))?;
        let lines: Arc<[String]> = lines.into();
        let accepting = tokio::spawn(async move {
            let mut turns = lines.iter().cycle();
            while let Ok((client, _)) = listener.accept().await {
                let line = turns.next().cloned().unwrap_or_default();
                // A connection that breaks is seen by the client at its end.
                drop(tokio::spawn(async move { pass(client, target, &line).await.unwrap_or_default() }));
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

async fn pass(client: TcpStream, target: Target, line: &str) -> io::Result<()> {
    let server = TcpStream::connect(target.address()).await?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let back = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut arrived = Vec::new();
    while arrived.len() < LARGEST_HEAD && from_client.read_buf(&mut arrived).await? > 0 {
        while let Some(end) = arrived.windows(4).position(|window| window == b"\r\n\r\n") {
            let head: Vec<u8> = arrived.drain(..end + 4).collect();
            let said = head.get(..end + 2).unwrap_or_default();
            to_server.write_all(&[said, line.as_bytes(), b"\r\n"].concat()).await?;
        }
    }
    to_server.shutdown().await?;
    drop(back.await);
    Ok(())
}

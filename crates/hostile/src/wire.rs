//! One exchange over a socket: octets in, everything that came back out.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::time::timeout;

/// Longer than any bound of the server for what is sent here.
const PATIENCE: Duration = Duration::from_mins(1);

/// Silence after which nothing more is expected of an open connection.
const SILENCE: Duration = Duration::from_millis(5);

/// Whether the client says that no more comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It waits for the other side to end.
    Theirs,
    /// It ends its half once nothing has come for a moment.
    Ours,
}

/// Sends the octets and reads until the other side ends.
///
/// # Errors
/// Where the other side cannot be reached, or does not end within a minute.
pub(crate) async fn exchange(at: SocketAddr, octets: &[u8], end: End) -> Result<Vec<u8>, String> {
    let talk = async {
        let stream = TcpStream::connect(at).await.map_err(|error| format!("connect: {error}"))?;
        let (mut from, mut to) = stream.into_split();
        let mut all = Vec::new();
        let ended = {
            // Whoever refuses what came so far need not take the rest.
            let send = async { drop(to.write_all(octets).await) };
            let receive = receive(&mut from, &mut all, end);
            tokio::join!(send, receive).1
        };
        if !ended {
            drop(to.shutdown().await);
            receive(&mut from, &mut all, End::Theirs).await;
        }
        Ok(all)
    };
    timeout(PATIENCE, talk).await.map_err(|_| "the connection did not end within a minute".to_owned())?
}

/// Reads to the end, or to the first silence where the end is ours; says whether it was the end. A connection that is
/// reset has ended.
async fn receive(from: &mut OwnedReadHalf, all: &mut Vec<u8>, end: End) -> bool {
    loop {
        let read = from.read_buf(all);
        let read = match end {
            End::Theirs => read.await,
            End::Ours => match timeout(SILENCE, read).await {
                Ok(read) => read,
                Err(_) => return false,
            },
        };
        if matches!(read, Ok(0) | Err(_)) {
            return true;
        }
    }
}

/// Status and body of one answer to a request that asked to close.
pub(crate) fn answer(octets: &[u8]) -> Option<(u16, &[u8])> {
    let end = octets.windows(4).position(|four| four == b"\r\n\r\n")?;
    let status = std::str::from_utf8(octets.get(9..12)?).ok()?.parse().ok()?;
    Some((status, octets.get(end + 4..)?))
}

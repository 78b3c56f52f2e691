//! A client that shows everything that came.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// One answer, as it came over the wire.
pub(super) struct Reply {
    pub(super) status: u16,
    /// Names in lower case.
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{} {} {}", self.status, self.head, self.text()))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let prefix = format!("{name}: ");
        self.head.lines().find_map(|line| line.strip_prefix(&prefix))
    }
}

/// Asks once, over a connection of its own.
pub(super) async fn ask(at: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> Reply {
    let stream = TcpStream::connect(at).await.unwrap();
    asked(stream, method, path, headers, body).await
}

/// The same, from another address of this machine.
pub(super) async fn ask_from(
    from: [u8; 4],
    at: SocketAddr,
    (method, path): (&str, &str),
    headers: &str,
) -> Reply {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((from, 0).into()).unwrap();
    asked(socket.connect(at).await.unwrap(), method, path, headers, "").await
}

async fn asked(mut stream: TcpStream, method: &str, path: &str, headers: &str, body: &str) -> Reply {
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let text = format!(
        "{method} {path} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n{length}{headers}\r\n{body}"
    );
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    let end = all.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(all[..end].to_vec()).unwrap();
    let lower = head.lines().map(|line| match line.split_once(": ") {
        Some((name, value)) => format!("{}: {value}\n", name.to_ascii_lowercase()),
        None => format!("{line}\n"),
    });
    let reply =
        Reply { status: head[9..12].parse().unwrap(), head: lower.collect(), body: all[end + 4..].to_vec() };
    // Whatever is asked: who is told to come later is told when. Whoever asks whether the process is ready asks anew anyway.
    assert!(
        !matches!(reply.status, 429 | 503) || path == "/readyz" || reply.header("retry-after").is_some(),
        "{method} {path} answers {} and does not say when to come again",
        reply.status
    );
    reply
}

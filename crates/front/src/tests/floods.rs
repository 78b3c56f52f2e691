//! What asks for nothing and comes without end, and what many ask for at once.

use super::*;

/// PING (RFC 9113 §6.7), SETTINGS, a window update, and a frame nobody knows: each as short as it may be.
const IDLE: [&[u8]; 4] = [
    b"\0\0\x08\x06\0\0\0\0\0abcdefgh",
    b"\0\0\0\x04\0\0\0\0\0",
    b"\0\0\x04\x08\0\0\0\0\0\0\0\0\x01",
    b"\0\0\x01\x4f\0\0\0\0\0a",
];

#[tokio::test]
async fn a_flood_of_frames_that_ask_for_nothing_is_ended() {
    let server = Server::start(Front::Tls, true, |bounds| {
        (bounds.header, bounds.ping_after, bounds.connection_age) =
            (PATIENCE * 2, PATIENCE * 2, PATIENCE * 2);
    });
    for frame in IDLE {
        let mut stream = server.connect_h2().await;
        send(&mut stream, H2_PREFACE).await;
        send(&mut stream, H2_GET).await;
        let (mut read, mut write) = tokio::io::split(stream);
        let flood = frame.repeat(100);
        // Whoever floods does not stop by itself; answers to its frames are read all the while.
        let flooding = tokio::spawn(async move { while write.write_all(&flood).await.is_ok() {} });
        until_closed(&mut read).await;
        flooding.abort();
    }
}

#[tokio::test]
async fn a_few_frames_that_ask_for_nothing_end_no_connection() {
    let server = Server::start(Front::Tls, true, |_| ());
    let mut stream = server.connect_h2().await;
    send(&mut stream, H2_PREFACE).await;
    for frame in IDLE {
        send(&mut stream, &frame.repeat(100)).await;
    }
    send(&mut stream, H2_GET).await;
    let answered = until_closed(&mut stream).await;
    assert!(answered.contains("127.0.0.1 /"), "{answered:?}");
}

#[tokio::test]
async fn a_session_is_resumed_though_hundreds_came_since() {
    let server = Server::start(Front::Tls, true, |_| ());
    let config = client(&[b"http/1.1"]);
    let resumed = async |config: &Arc<rustls::ClientConfig>| {
        let mut stream = server.connect_as(config).await;
        send(&mut stream, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
        until_closed(&mut stream).await;
        stream.get_ref().1.handshake_kind() == Some(rustls::HandshakeKind::Resumed)
    };
    assert!(!resumed(&config).await, "nobody has been here before");
    for _ in 0..300 {
        resumed(&client(&[b"http/1.1"])).await;
    }
    assert!(resumed(&config).await);
}

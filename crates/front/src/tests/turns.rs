//! Who is begun, over real connections, where one may be in work.

use std::io::{Read as _, Write as _};
use std::pin::pin;

use super::*;

/// One at a time, and nobody is told to come again for as long as a test takes.
fn one_at_a_time(bounds: &mut Bounds) {
    bounds.header = PATIENCE;
    bounds.body = PATIENCE;
    bounds.handshake = PATIENCE;
    bounds.turns.limit = LimitBounds { least: 1, most: 1, ..LimitBounds::default() };
    bounds.turns.patience = PATIENCE;
}

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes()
}

/// A server whose one place is taken.
async fn taken(change: impl FnOnce(&mut Bounds)) -> (Server, TcpStream) {
    let server = Server::plain(|bounds| {
        one_at_a_time(bounds);
        change(bounds);
    });
    let mut first = server.connect().await;
    send(&mut first, &get("/wait")).await;
    server.echo.begun.notified().await;
    (server, first)
}

/// Whether nothing comes for a while.
async fn is_silent(stream: &mut (impl AsyncRead + Unpin)) -> bool {
    let mut octet = [0];
    timeout(Duration::from_millis(100), stream.read(&mut octet)).await.is_err()
}

#[tokio::test]
async fn who_waits_is_begun_when_another_ends() {
    let (server, mut first) = taken(|_| ()).await;
    let mut second = server.connect().await;
    send(&mut second, &get("/second")).await;
    assert!(is_silent(&mut second).await);
    server.echo.go_on.notify_one();
    until(&mut first, "waited").await;
    until(&mut second, "/second").await;
}

#[tokio::test]
async fn a_head_or_a_body_that_is_not_whole_holds_no_place() {
    let server = Server::plain(one_at_a_time);
    let mut slow = Vec::new();
    for begin in ["GET / HT", "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n12"] {
        let mut stream = server.connect().await;
        send(&mut stream, begin.as_bytes()).await;
        slow.push(stream);
    }
    for _ in 0..3 {
        let mut stream = server.connect().await;
        send(&mut stream, &get("/quick")).await;
        until(&mut stream, "/quick").await;
    }
    send(&mut slow[0], b"TP/1.1\r\nHost: a\r\n\r\n").await;
    until(&mut slow[0], "127.0.0.1 /").await;
    send(&mut slow[1], b"34").await;
    until(&mut slow[1], "1234").await;
}

#[tokio::test]
async fn who_has_left_is_not_begun() {
    let (server, mut first) = taken(|_| ()).await;
    let mut gone = server.connect().await;
    // Begun, it would hold the place for ever.
    send(&mut gone, &get("/wait")).await;
    assert!(is_silent(&mut gone).await);
    drop(gone);
    let mut third = server.connect().await;
    send(&mut third, &get("/third")).await;
    assert!(is_silent(&mut third).await);
    server.echo.go_on.notify_one();
    until(&mut first, "waited").await;
    until(&mut third, "/third").await;
}

#[tokio::test]
async fn who_waits_too_long_is_told() {
    let (server, _first) = taken(|bounds| bounds.turns.patience = Duration::from_millis(20)).await;
    let mut second = server.connect().await;
    send(&mut second, &get("/second")).await;
    until(&mut second, "told").await;
    let mut body = server.connect().await;
    send(&mut body, b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1").await;
    until(&mut body, "told").await;
}

#[tokio::test]
async fn requests_in_one_piece_are_answered_one_after_the_other() {
    let server = Server::plain(one_at_a_time);
    let mut stream = server.connect().await;
    send(&mut stream, &[get("/a"), get("/b"), get("/c")].concat()).await;
    until(&mut stream, "/c").await;
    let server = Server::start(Front::Loopback, true, one_at_a_time);
    let mut stream = server.connect_as(&client(&[b"http/1.1"])).await;
    // More than the reader takes at once, so that some of it stays behind in TLS.
    let many: Vec<u8> = (0..400).flat_map(|number| get(&format!("/{number}"))).collect();
    send(&mut stream, &[many, get("/last")].concat()).await;
    until(&mut stream, "/last").await;
}

#[tokio::test]
async fn handshakes_and_requests_of_http2_wait_as_well() {
    let server = Server::start(Front::Loopback, true, one_at_a_time);
    let mut first = server.connect_as(&client(&[b"http/1.1"])).await;
    send(&mut first, &get("/wait")).await;
    server.echo.begun.notified().await;
    let second = server.connect_h2();
    let mut second = std::pin::pin!(second);
    assert!(timeout(Duration::from_millis(100), second.as_mut()).await.is_err(), "a handshake waits");
    server.echo.go_on.notify_one();
    until(&mut first, "waited").await;
    timeout(PATIENCE, second).await.expect("the handshake is begun");
}

#[tokio::test]
async fn a_request_that_comes_with_the_end_of_the_handshake_is_answered() {
    let server = Server::start(Front::Tls, true, |bounds| {
        (bounds.handshake, bounds.header) = (PATIENCE, PATIENCE);
    });
    let name = ServerName::try_from("localhost").unwrap();
    let mut tls = rustls::ClientConnection::new(client(&[b"http/1.1"]), name).unwrap();
    let mut stream = server.connect().await;
    while tls.is_handshaking() {
        let mut octets = Vec::new();
        tls.write_tls(&mut octets).unwrap();
        send(&mut stream, &octets).await;
        let mut part = [0; 4096];
        let count = timeout(PATIENCE, stream.read(&mut part)).await.unwrap().unwrap();
        tls.read_tls(&mut &part[..count]).unwrap();
        tls.process_new_packets().unwrap();
    }
    // What ends the handshake has not left yet: both go in one piece.
    tls.writer().write_all(b"GET /first HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut octets = Vec::new();
    while tls.wants_write() {
        tls.write_tls(&mut octets).unwrap();
    }
    send(&mut stream, &octets).await;
    let mut got = Vec::new();
    let answered = async {
        while !got.ends_with(b"/first") {
            let mut part = [0; 4096];
            let count = stream.read(&mut part).await.unwrap();
            assert_ne!(count, 0, "closed without an answer");
            tls.read_tls(&mut &part[..count]).unwrap();
            let waiting = tls.process_new_packets().unwrap().plaintext_bytes_to_read();
            let mut plain = vec![0; waiting];
            tls.reader().read_exact(&mut plain).unwrap();
            got.extend(plain);
        }
    };
    timeout(PATIENCE / 2, answered).await.expect("it waits for more to come");
}

#[tokio::test]
async fn while_somebody_waits_long_a_newcomer_waits_outside() {
    let turns = Turns::new(crate::TurnBounds {
        limit: LimitBounds { least: 1, most: 1, ..LimitBounds::default() },
        calm: Duration::from_millis(1),
        turns_for_a_newcomer: 1,
        knock: 2 * PATIENCE,
        ..crate::TurnBounds::default()
    });
    // Nobody waits inside.
    turns.let_in().await;
    let first = turns.turn().await;
    let mut second = pin!(turns.turn());
    let outside = async |turns: &Turns| timeout(Duration::from_millis(100), turns.let_in()).await.is_err();
    tokio::select! {
        biased;
        _ = second.as_mut() => unreachable!("the place is taken"),
        () = sleep(Duration::from_millis(20)) => {}
    }
    assert!(outside(&turns).await);
    // Whom this machine hands over her system does not ask again for.
    let dir = honnin_testkit::TestDir::new();
    for listener in [
        Listener::File(SocketFile::listen(&dir.join("proxy"), false, 8).unwrap()),
        Listener::Door(DoorFile::listen(&dir.join("door"), false).unwrap()),
    ] {
        timeout(PATIENCE, super::let_in(&listener, &turns)).await.expect("each is let in soon");
    }
    let newcomer = timeout(PATIENCE, turns.let_in());
    let ends = async {
        sleep(Duration::from_millis(20)).await;
        drop(first);
    };
    let (let_in, ()) = tokio::join!(newcomer, ends);
    assert_eq!(let_in, Ok(()), "a turn has ended");
    drop(second.await);
    turns.let_in().await;
}

#[tokio::test]
async fn who_has_gone_while_she_waited_outside_is_seen_without_reading() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = async || {
        let theirs = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (theirs, Socket::Address(listener.accept().await.unwrap().0))
    };
    let (mut asks, ours) = there().await;
    assert!(!ours.is_gone());
    send(&mut asks, &get("/")).await;
    assert!(!ours.is_gone());
    for abruptly in [false, true] {
        let (mut goes, ours) = there().await;
        send(&mut goes, &get("/")).await;
        if abruptly {
            goes.set_zero_linger().unwrap();
        }
        drop(goes);
        let gone = async {
            while !ours.is_gone() {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, gone).await.unwrap_or_else(|_| panic!("abruptly: {abruptly}"));
    }
}

#[tokio::test]
async fn no_more_wait_outside_than_are_held_there() {
    let listener = listen("127.0.0.1:0".parse().unwrap(), 64).unwrap();
    let at = listener.local_addr().unwrap();
    let listener = Listener::Address(listener);
    listener.hold_outside(1);
    let mut there = vec![timeout(PATIENCE, TcpStream::connect(at)).await.unwrap().unwrap()];
    // The system lets one more in than it is told, and another begin.
    while let Ok(stream) = timeout(Duration::from_millis(300), TcpStream::connect(at)).await {
        there.push(stream.unwrap());
        assert!(there.len() < 8, "nobody is kept away");
    }
    listener.hold_outside(64);
    for _ in 0..8 {
        there.push(timeout(PATIENCE, TcpStream::connect(at)).await.expect("there is room again").unwrap());
    }
}

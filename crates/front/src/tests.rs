//! What a slow, greedy or silent client gets: every state of a connection ends by itself.

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::*;

mod door;
mod files;
mod floods;
mod turns;

const CERTIFICATE: &[u8] = include_bytes!("test-certificate.pem");
const KEY: &[u8] = include_bytes!("test-key.pem");

/// Long enough for a busy machine; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_mins(1);

/// Octets of an answer that takes a slow client a while.
const SOME: usize = 512 * 1024;

/// Answers with what it was told, so that a test sees it.
struct Echo {
    front: Front,
    bounds: Bounds,
    ready: AtomicBool,
    begun: Notify,
    go_on: Notify,
    untolds: Untolds,
    /// Whose it is, where there are several.
    name: &'static str,
}

impl Echo {
    fn new(front: Front, bounds: Bounds) -> Self {
        Self {
            front,
            bounds,
            ready: AtomicBool::new(true),
            begun: Notify::new(),
            go_on: Notify::new(),
            untolds: Untolds::default(),
            name: "",
        }
    }
}

impl Answers for Echo {
    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: Peer,
        mut turn: Turn,
    ) -> Response<Full<Bytes>> {
        let client = self.front.client(peer, request.headers()).unwrap();
        let path = request.uri().path().to_owned();
        let text = match path.as_str() {
            _ if turn.gives_up(crate::Class::Read) => b"told".to_vec(),
            "/large" => vec![b'x'; 64 << 20],
            "/some" => vec![b'x'; SOME],
            "/wait" => {
                self.begun.notify_one();
                self.go_on.notified().await;
                b"waited".to_vec()
            }
            "/body" => {
                let body = turn.aside(body::read(request.into_body(), 8, self.bounds.body)).await;
                format!("{body:?}").into_bytes()
            }
            _ => format!("{client} {path}{}", self.name).into_bytes(),
        };
        Response::new(Full::new(Bytes::from(text)))
    }

    fn not_ready(&self) {
        self.ready.store(false, Ordering::SeqCst);
    }

    fn untold(&self, proxy: Peer, why: Untold) {
        self.untolds.note(proxy, why);
    }
}

struct Server {
    at: SocketAddr,
    echo: Arc<Echo>,
    stop: Option<oneshot::Sender<()>>,
    ended: tokio::task::JoinHandle<()>,
}

impl Server {
    fn start(front: Front, with_tls: bool, change: impl FnOnce(&mut Bounds)) -> Self {
        let short = Duration::from_millis(60);
        let mut bounds = Bounds {
            handshake: short,
            header: short,
            body: short,
            write: short,
            ping_after: short,
            ping_answer: short,
            ..Bounds::default()
        };
        change(&mut bounds);
        let listener = listen("127.0.0.1:0".parse().unwrap(), bounds.backlog).unwrap();
        let at = listener.local_addr().unwrap();
        let echo = Arc::new(Echo::new(front.clone(), bounds.clone()));
        let certified = || Arc::new(Certificates::new(Certified::read(CERTIFICATE, KEY).unwrap()));
        let tls = with_tls.then(|| certified().config().unwrap());
        let entrance = Entrance { listeners: vec![listener], tls, ..Entrance::default() };
        let run = (front, bounds, Arc::clone(&echo));
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(entrance.run(run.0, run.1, run.2, async move {
            let _: Result<(), oneshot::error::RecvError> = stopped.await;
        }));
        Self { at, echo, stop: Some(stop), ended }
    }

    fn plain(change: impl FnOnce(&mut Bounds)) -> Self {
        Self::start(Front::Loopback, false, change)
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.at).await.unwrap()
    }

    async fn connect_h2(&self) -> tokio_rustls::client::TlsStream<TcpStream> {
        self.connect_as(&client(&[b"h2"])).await
    }

    async fn connect_as(
        &self,
        config: &Arc<rustls::ClientConfig>,
    ) -> tokio_rustls::client::TlsStream<TcpStream> {
        let name = ServerName::try_from("localhost").unwrap();
        tokio_rustls::TlsConnector::from(Arc::clone(config))
            .connect(name, self.connect().await)
            .await
            .unwrap()
    }

    fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }
}

/// A client that trusts the certificate of these tests and speaks those protocols.
fn client(protocols: &[&[u8]]) -> Arc<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(CERTIFICATE).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Arc::new(config)
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), octets: &[u8]) {
    stream.write_all(octets).await.unwrap();
    stream.flush().await.unwrap();
}

/// Reads until the other side ends, in whatever way; fails the test where it does not.
async fn until_closed(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut got = Vec::new();
    let mut part = [0; 4096];
    let all = async {
        while let Ok(count @ 1..) = stream.read(&mut part).await {
            got.extend_from_slice(&part[..count]);
        }
    };
    timeout(PATIENCE, all).await.expect("the connection stays open");
    String::from_utf8_lossy(&got).into_owned()
}

async fn until(stream: &mut (impl AsyncRead + Unpin), wanted: &str) -> String {
    let mut got = String::new();
    let all = async {
        while !got.contains(wanted) {
            let mut part = [0; 4096];
            let count = stream.read(&mut part).await.unwrap();
            assert_ne!(count, 0, "closed after {got:?}");
            got.push_str(&String::from_utf8_lossy(&part[..count]));
        }
    };
    timeout(PATIENCE, all).await.expect("the wanted octets do not come");
    got
}

#[tokio::test]
async fn a_client_that_stops_anywhere_in_a_request_is_let_go() {
    let server = Server::plain(|_| ());
    for probe in ["", "G", "GET / HTTP/1.1\r\nHost: a", "GET / HTTP/1.1\r\nHost: a\r\n"] {
        let mut stream = server.connect().await;
        send(&mut stream, probe.as_bytes()).await;
        let got = until_closed(&mut stream).await;
        assert!(!got.contains(" 200 "), "{probe:?} was answered {got:?}");
    }
}

#[tokio::test]
async fn an_idle_connection_is_let_go_after_its_answer() {
    let server = Server::plain(|_| ());
    let mut stream = server.connect().await;
    send(&mut stream, b"GET /idle HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let begun = Instant::now();
    assert!(until_closed(&mut stream).await.ends_with("127.0.0.1 /idle"));
    assert!(begun.elapsed() >= Duration::from_millis(50), "it is kept alive for a while");
}

#[tokio::test]
async fn a_body_that_never_comes_is_not_waited_for() {
    let server = Server::plain(|_| ());
    for (head, answer) in [
        ("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", "Err(TooSlow)"),
        ("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc", "Err(TooSlow)"),
        ("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", "Err(TooLong)"),
        (
            "POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabcdefghi\r\n0\r\n\r\n",
            "Err(TooLong)",
        ),
        ("GET /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", "/unread"),
        ("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "Ok(b\"abc\")"),
    ] {
        let mut stream = server.connect().await;
        send(&mut stream, head.as_bytes()).await;
        let got = until_closed(&mut stream).await;
        assert!(got.contains(answer), "{head:?} was answered {got:?}");
    }
}

#[tokio::test]
async fn a_client_that_takes_no_answer_is_let_go() {
    let server = Server::plain(|_| ());
    let mut stream = server.connect().await;
    send(&mut stream, b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n").await;
    // Not reading fills the system's buffers; then the server's patience runs out and the rest never comes.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(until_closed(&mut stream).await.len() < 64 << 20);
}

#[tokio::test]
async fn too_many_headers_and_too_long_ones_are_refused() {
    let server = Server::plain(|bounds| bounds.header_fields = 8);
    for headers in ["X: y\r\n".repeat(9), format!("X: {}\r\n", "y".repeat(17 * 1024))] {
        let mut stream = server.connect().await;
        send(&mut stream, format!("GET / HTTP/1.1\r\nHost: a\r\n{headers}\r\n").as_bytes()).await;
        assert!(until_closed(&mut stream).await.starts_with("HTTP/1.1 431"));
    }
}

#[tokio::test]
async fn tls_that_does_not_begin_is_let_go() {
    let server = Server::start(Front::Tls, true, |_| ());
    for probe in [&b""[..], b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n"] {
        let mut stream = server.connect().await;
        send(&mut stream, probe).await;
        until_closed(&mut stream).await;
    }
}

const H2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// HEADERS of stream 1: GET, https, `/`, from HPACK's static table, and the authority `a`.
const H2_GET: &[u8] = b"\0\0\x06\x01\x05\0\0\0\x01\x82\x87\x84\x01\x01a";

#[tokio::test]
async fn an_http2_client_that_does_not_begin_or_falls_silent_is_let_go() {
    let server = Server::start(Front::Tls, true, |bounds| bounds.handshake = PATIENCE);
    for probe in [&b""[..], b"PRI * HTTP/2.0\r\n", H2_PREFACE] {
        let mut stream = server.connect_h2().await;
        send(&mut stream, probe).await;
        until_closed(&mut stream).await;
    }
}

#[tokio::test]
async fn an_http2_request_is_answered_and_its_idle_connection_let_go() {
    let server = Server::start(Front::Tls, true, |bounds| {
        bounds.handshake = PATIENCE;
        bounds.ping_after = PATIENCE;
    });
    let mut stream = server.connect_h2().await;
    send(&mut stream, &[H2_PREFACE, H2_GET].concat()).await;
    assert!(until_closed(&mut stream).await.contains("127.0.0.1 /"));
}

#[tokio::test]
async fn a_plain_listener_does_not_speak_http2() {
    let server = Server::plain(|_| ());
    let mut stream = server.connect().await;
    send(&mut stream, &[H2_PREFACE, H2_GET].concat()).await;
    assert!(!until_closed(&mut stream).await.contains("127.0.0.1 /"));
}

#[tokio::test]
async fn beyond_the_cap_a_connection_waits_for_one_to_end() {
    let server = Server::plain(|bounds| {
        bounds.connections = 1;
        bounds.header = PATIENCE;
    });
    let mut first = server.connect().await;
    send(&mut first, b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n").await;
    until(&mut first, "/1").await;
    let mut second = server.connect().await;
    send(&mut second, b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut octet = [0];
    let early = timeout(Duration::from_millis(150), second.read(&mut octet)).await;
    assert!(early.is_err(), "the second is served while the first is open");
    drop(first);
    until(&mut second, "/2").await;
}

#[tokio::test]
async fn a_connection_that_is_too_old_is_let_go() {
    let server = Server::plain(|bounds| {
        bounds.header = PATIENCE;
        bounds.connection_age = Duration::from_millis(50);
    });
    until_closed(&mut server.connect().await).await;
}

#[tokio::test]
async fn stopping_lets_begun_requests_end_and_begins_none() {
    let mut server = Server::plain(|bounds| {
        bounds.header = PATIENCE;
        bounds.drain_notice = Duration::from_millis(100);
    });
    let mut begun = server.connect().await;
    let mut idle = server.connect().await;
    send(&mut idle, b"GET /idle HTTP/1.1\r\nHost: a\r\n\r\n").await;
    until(&mut idle, "/idle").await;
    send(&mut begun, b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await;
    server.echo.begun.notified().await;
    server.stop();
    let noticed = async {
        while server.echo.ready.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, noticed).await.expect("readiness does not flip");
    let mut late = server.connect().await;
    send(&mut late, b"GET /late HTTP/1.1\r\nHost: a\r\n\r\n").await;
    until(&mut late, "/late").await;
    until_closed(&mut idle).await;
    server.echo.go_on.notify_one();
    let got = until_closed(&mut begun).await;
    assert!(got.ends_with("waited"), "{got:?}");
    timeout(PATIENCE, &mut server.ended).await.unwrap().unwrap();
    assert!(TcpStream::connect(server.at).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn who_has_just_come_when_we_stop_is_answered() {
    let mut server = Server::plain(|bounds| {
        bounds.header = PATIENCE;
        bounds.drain_notice = Duration::ZERO;
    });
    let mut late = server.connect().await;
    // Accepted, and no octet of it read yet.
    sleep(Duration::from_millis(100)).await;
    server.stop();
    sleep(Duration::from_millis(200)).await;
    send(&mut late, b"GET /late HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let got = until_closed(&mut late).await;
    assert!(got.contains("/late"), "{got:?}");
    timeout(PATIENCE, &mut server.ended).await.unwrap().unwrap();
}

#[tokio::test]
async fn stopping_does_not_wait_beyond_its_deadline() {
    let mut server = Server::plain(|bounds| bounds.drain = Duration::from_millis(50));
    let mut begun = server.connect().await;
    send(&mut begun, b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await;
    server.echo.begun.notified().await;
    server.stop();
    timeout(PATIENCE, &mut server.ended).await.unwrap().unwrap();
    assert_eq!(until_closed(&mut begun).await, "");
}

#[tokio::test]
async fn listening_beyond_loopback_in_the_clear_is_refused() {
    let listener = listen("0.0.0.0:0".parse().unwrap(), 1).unwrap();
    let entrance = Entrance { listeners: vec![listener], ..Entrance::default() };
    let refused = entrance.check(&Front::Loopback).unwrap_err();
    assert!(refused.to_string().contains("refuse to listen on 0.0.0.0"));
}

#[tokio::test]
async fn all_addresses_of_both_kinds_may_be_listened_on_at_one_port() {
    if listen("[::1]:0".parse().unwrap(), 1).is_err() {
        eprintln!("skipped: this machine has no addresses of IPv6");
        return;
    }
    let of_v4 = listen("0.0.0.0:0".parse().unwrap(), 1).unwrap();
    let port = of_v4.local_addr().unwrap().port();
    let of_v6: SocketAddr = format!("[::]:{port}").parse().unwrap();
    let public = [format!("0.0.0.0:{port}").parse().unwrap(), of_v6];
    assert!(listen(of_v6, 1).is_err(), "the one would take the connections of the other");
    listen_beside(of_v6, &public, 1).unwrap();
    // Alone it takes those of both.
    let both = listen_beside("[::]:0".parse().unwrap(), &["[::]:0".parse().unwrap()], 1).unwrap();
    let port = both.local_addr().unwrap().port();
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_ok());
}

fn behind_proxy(listed: &str) -> Front {
    Front::TrustedProxy {
        public: "https://my.example.jp".parse().unwrap(),
        proxies: vec![listed.parse().unwrap()],
        tells: Tells::ProxyV2,
    }
}

const PROXY_HEADER: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x07\x0a\0\0\x01\0\x50\0\x50";
const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn a_trusted_proxy_tells_the_client_and_must_tell_it() {
    let server = Server::start(behind_proxy("127.0.0.1"), false, |_| ());
    for (octets, answer) in [
        ([PROXY_HEADER, GET].concat(), Some("203.0.113.7 /")),
        (GET.to_vec(), None),
        (PROXY_HEADER[..20].to_vec(), None),
    ] {
        let mut stream = server.connect().await;
        send(&mut stream, &octets).await;
        let got = until_closed(&mut stream).await;
        assert_eq!(got.split("\r\n\r\n").nth(1), answer, "{got:?}");
    }
}

#[tokio::test]
async fn nobody_else_is_believed() {
    let server = Server::start(behind_proxy("192.0.2.1"), false, |_| ());
    let mut stream = server.connect().await;
    send(&mut stream, GET).await;
    assert!(until_closed(&mut stream).await.ends_with("127.0.0.1 /"));
    let mut stream = server.connect().await;
    send(&mut stream, &[PROXY_HEADER, GET].concat()).await;
    assert!(!until_closed(&mut stream).await.contains("203.0.113.7"));
}

#[tokio::test]
async fn a_request_names_one_host_and_ends_its_lines_with_cr_lf() {
    let server = Server::plain(|bounds| bounds.header = PATIENCE);
    for (head, status) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "200"),
        ("GET / HTTP/1.0\r\n\r\n", "200"),
        ("GET / HTTP/1.1\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"),
        ("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", "400"),
        ("GET http://a/ HTTP/1.1\r\n\r\n", "400"),
        ("GET / HTTP/1.1\nHost: a\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\n\n", "400"),
        ("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
    ] {
        let mut stream = server.connect().await;
        send(&mut stream, head.as_bytes()).await;
        let got = until(&mut stream, "\r\n\r\n").await;
        assert_eq!(got.split(' ').nth(1), Some(status), "{head:?} was answered {got:?}");
    }
    // Nor where it follows a good one, in one piece or in two.
    let good = "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na\nb";
    for bad in ["GET / HTTP/1.1\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"] {
        let mut stream = server.connect().await;
        send(&mut stream, format!("{good}{bad}").as_bytes()).await;
        let got = until(&mut stream, "HTTP/1.1 400").await;
        assert!(got.contains("Ok(b\"a\\nb\")"), "{got}");
        until_closed(&mut stream).await;
    }
}

#[tokio::test]
async fn connections_of_a_few_addresses_keep_nobody_out() {
    // 32 places, all of them held by three addresses that send nothing.
    let server = Server::start(behind_proxy("127.0.0.1"), false, |bounds| {
        bounds.connections = 32;
        bounds.header = PATIENCE * 20;
    });
    let mut held = Vec::new();
    for number in 0..32u8 {
        let mut stream = server.connect().await;
        send(&mut stream, &proxied(number % 3)).await;
        held.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    for number in 100..120u8 {
        let mut stream = server.connect().await;
        send(&mut stream, &[proxied(number), GET.to_vec()].concat()).await;
        let got = until_closed(&mut stream).await;
        assert!(got.contains(" 200 "), "the {}th address is kept out: {got}", number - 99);
    }
}

/// A PROXY header of a client with that last octet.
fn proxied(number: u8) -> Vec<u8> {
    let mut header = PROXY_HEADER.to_vec();
    header[19] = number;
    header
}

/// Takes 512 KiB over about five seconds from a server with which a connection may stay idle for so long; how much came, and
/// the longest time between two takings.
async fn taken_slowly(idle: Duration) -> (usize, Duration) {
    let server = Server::start(Front::Tls, true, |bounds| {
        (bounds.handshake, bounds.header) = (PATIENCE, idle);
        bounds.ping_after = PATIENCE;
    });
    let mut stream = server.connect_h2().await;
    // HEADERS of stream 1: GET, https, `/some`, the authority `a`.
    let get = b"\0\0\x0c\x01\x05\0\0\0\x01\x82\x87\x04\x05/some\x01\x01a";
    send(&mut stream, &[H2_PREFACE, get].concat()).await;
    let (mut took, mut part) = (0_usize, [0; 8 * 1024]);
    let (mut last, mut longest) = (Instant::now(), Duration::ZERO);
    'taking: while took < SOME {
        let Ok(Ok(count @ 1..)) = timeout(PATIENCE, stream.read(&mut part)).await else { break };
        took += count;
        // Windows of the connection and of the stream, as much as came.
        let window = u32::try_from(count).unwrap().to_be_bytes();
        for name in [0_u8, 1] {
            let grown = [&[0, 0, 4, 8, 0, 0, 0, 0, name][..], &window].concat();
            if stream.write_all(&grown).await.is_err() || stream.flush().await.is_err() {
                break 'taking;
            }
        }
        tokio::time::sleep(Duration::from_millis(80)).await;
        longest = longest.max(last.elapsed());
        last = Instant::now();
    }
    (took, longest.max(last.elapsed()))
}

#[tokio::test]
async fn a_download_that_is_taken_slowly_is_not_cut() {
    let idle = Duration::from_secs(1);
    for _ in 0..20 {
        let (took, longest) = taken_slowly(idle).await;
        if took >= SOME {
            return;
        }
        // A machine that stood still took nothing for as long as whoever is let go, and shows nothing.
        assert!(longest >= idle / 2, "cut after {took} octets; nothing was taken for {longest:?} at most");
    }
    panic!("this machine stood still each time");
}

#[tokio::test]
async fn a_client_that_takes_no_octet_of_a_stream_is_let_go() {
    let server = Server::start(Front::Tls, true, |bounds| {
        (bounds.handshake, bounds.header) = (PATIENCE, Duration::from_millis(200));
        bounds.ping_after = PATIENCE;
    });
    let mut stream = server.connect_h2().await;
    let get = b"\0\0\x0c\x01\x05\0\0\0\x01\x82\x87\x04\x05/some\x01\x01a";
    send(&mut stream, &[H2_PREFACE, get].concat()).await;
    // The window of 64 KiB is never made larger.
    assert!(until_closed(&mut stream).await.len() < SOME);
}

#[tokio::test]
async fn who_is_silent_does_not_hold_up_a_restart() {
    let mut server = Server::start(Front::Tls, true, |bounds| {
        let long = PATIENCE * 20;
        (bounds.handshake, bounds.header, bounds.drain) = (long, long, long);
        (bounds.ping_after, bounds.ping_answer) = (long, long);
    });
    let mut silent = server.connect_h2().await;
    send(&mut silent, &[H2_PREFACE, H2_GET].concat()).await;
    until(&mut silent, "127.0.0.1 /").await;
    let mut half = server.connect_h2().await;
    send(&mut half, &H2_PREFACE[..20]).await;
    server.stop();
    timeout(PATIENCE, &mut server.ended).await.expect("who is silent holds it up").unwrap();
}

#[tokio::test]
async fn a_body_that_is_too_long_is_taken_before_it_is_refused() {
    let server = Server::plain(|bounds| (bounds.body, bounds.header) = (PATIENCE, PATIENCE));
    let mut stream = server.connect().await;
    // As a proxy does: the whole request first, then the answer.
    let body = vec![b'x'; 200 * 1024];
    send(
        &mut stream,
        format!("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(),
    )
    .await;
    for piece in body.chunks(8 * 1024) {
        send(&mut stream, piece).await;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(until(&mut stream, "TooLong").await.contains(" 200 "));
    send(&mut stream, b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n").await;
    until(&mut stream, "/next").await;
}

#[tokio::test]
async fn more_header_fields_than_may_be_are_refused_in_http2_too() {
    let server = Server::start(Front::Tls, true, |bounds| {
        (bounds.handshake, bounds.header, bounds.header_fields) = (PATIENCE, PATIENCE, 4);
        bounds.ping_after = PATIENCE;
    });
    let mut stream = server.connect_h2().await;
    // `x: y`, five times, each a literal without indexing.
    let fields = b"\0\x01x\x01y".repeat(5);
    let length = u8::try_from(6 + fields.len()).unwrap();
    let head = [&[0, 0, length][..], b"\x01\x05\0\0\0\x01\x82\x87\x84\x01\x01a", &fields].concat();
    send(&mut stream, &[H2_PREFACE, &head].concat()).await;
    // `:status: 431`, which is in no table: the digits stand in the frame, as they are or in Huffman's code.
    let mut got = [0; 256];
    let count = timeout(PATIENCE, async {
        let mut count = 0;
        let is_status = |pair: &[u8]| matches!(pair, [0x08 | 0x48, 0x03 | 0x82 | 0x83]);
        while !got[..count].windows(2).any(is_status) {
            let more = stream.read(&mut got[count..]).await.unwrap();
            assert_ne!(more, 0, "closed");
            count += more;
        }
        count
    });
    let count = count.await.expect("no answer");
    assert!(!String::from_utf8_lossy(&got[..count]).contains("127.0.0.1 /"));
}

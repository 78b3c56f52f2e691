//! One public address for two houses.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::unix::net::UnixStream as Pair;

use honnin_testkit::TestDir;

use super::*;
use crate::door::hand::hand;

mod faults;

/// Two houses behind a door, each with its own names.
struct Street {
    dir: TestDir,
    at: SocketAddr,
    houses: Arc<Houses>,
    close: oneshot::Sender<()>,
    door: tokio::task::JoinHandle<()>,
    /// What ends each house.
    ends: Vec<oneshot::Sender<()>>,
}

impl Street {
    fn open(with_tls: bool, bounds: DoorBounds) -> Self {
        Self::open_to(with_tls, bounds, Vec::new())
    }

    /// Addresses in `shared` are many people's.
    fn open_to(with_tls: bool, bounds: DoorBounds, shared: Vec<Prefix>) -> Self {
        let dir = TestDir::new();
        let houses = Arc::new(Houses::default());
        let mut ends = Vec::new();
        for (name, host) in [(" of a", "a.example"), (" of b", "b.example")] {
            let file = DoorFile::listen(&dir.join(host), false).unwrap();
            let front = if with_tls { Front::Tls } else { Front::Loopback };
            let bounds = Bounds::default();
            let echo = Echo { name, ..Echo::new(front.clone(), bounds.clone()) };
            let certified = Arc::new(Certificates::new(Certified::read(CERTIFICATE, KEY).unwrap()));
            let entrance = Entrance {
                door: Some(file),
                hosts: Some(Hosts::new([host.to_owned()]).unwrap()),
                tls: with_tls.then(|| certified.config().unwrap()),
                ..Entrance::default()
            };
            let (end, ended) = oneshot::channel();
            ends.push(end);
            tokio::spawn(entrance.run(front, bounds, Arc::new(echo), async move {
                let _: Result<(), oneshot::error::RecvError> = ended.await;
            }));
        }
        let paths = ["a.example", "b.example", "c.example"].map(|host| (host.to_owned(), dir.join(host)));
        houses.replace(BTreeMap::from(paths));
        let listener = listen("127.0.0.1:0".parse().unwrap(), 64).unwrap();
        let at = listener.local_addr().unwrap();
        let (close, closed) = oneshot::channel();
        let door = Door::new(bounds, Arc::clone(&houses), shared);
        let door = tokio::spawn(async move {
            let stop = async move {
                let _: Result<(), oneshot::error::RecvError> = closed.await;
            };
            door.run(vec![listener], stop).await;
        });
        Self { dir, at, houses, close, door, ends }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.at).await.unwrap()
    }

    /// What somebody is answered who asks for that host once.
    async fn asked(&self, host: &str) -> String {
        let mut stream = self.connect().await;
        send(&mut stream, request(host, "Connection: close\r\n").as_bytes()).await;
        until_closed(&mut stream).await
    }

    async fn tls(&self, name: &str) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
        // The certificate of these tests is for localhost alone; whose it is matters here, not what it says.
        let mut config = (*client(&[b"http/1.1"])).clone();
        config.dangerous().set_certificate_verifier(Arc::new(Anybody));
        let name = ServerName::try_from(name.to_owned()).unwrap();
        tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, self.connect().await).await
    }
}

fn request(host: &str, more: &str) -> String {
    format!("GET /x HTTP/1.1\r\nHost: {host}\r\n{more}\r\n")
}

/// Takes every certificate.
#[derive(Debug)]
struct Anybody;

impl rustls::client::danger::ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        self.verify_tls12_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

#[tokio::test]
async fn each_connection_is_served_by_the_house_it_names_and_by_no_other() {
    let street = Street::open(false, DoorBounds::default());
    for (host, answer) in [("a.example", "127.0.0.1 /x of a"), ("B.example:80", "127.0.0.1 /x of b")] {
        let answered = street.asked(host).await;
        assert!(answered.starts_with("HTTP/1.1 200") && answered.ends_with(answer), "{answered}");
    }
    for host in ["d.example", "a.example.b.example", "[::1]"] {
        let refused = street.asked(host).await;
        assert!(
            refused.starts_with("HTTP/1.1 421") && refused.ends_with("no service of that name is on here\n")
        );
    }
    let absent = street.asked("c.example").await;
    assert!(absent.starts_with("HTTP/1.1 503") && absent.ends_with("retry later\n"), "{absent}");
    street.houses.replace(BTreeMap::from([("d.example".to_owned(), street.dir.join("b.example"))]));
    let refused = street.asked("d.example").await;
    assert!(
        refused.starts_with("HTTP/1.1 421") && refused.contains("content-length: 0"),
        "the house itself: {refused}"
    );
}

#[tokio::test]
async fn one_connection_is_not_used_for_another_house() {
    let street = Street::open(false, DoorBounds::default());
    let mut stream = street.connect().await;
    send(&mut stream, request("a.example", "").as_bytes()).await;
    until(&mut stream, "/x of a").await;
    send(&mut stream, request("b.example", "").as_bytes()).await;
    let refused = until_closed(&mut stream).await;
    assert!(refused.starts_with("HTTP/1.1 421"), "{refused}");
}

#[tokio::test]
async fn tls_is_handed_over_by_the_name_it_asks_for_and_never_opened() {
    let street = Street::open(true, DoorBounds::default());
    for (host, answer) in [("a.example", "/x of a"), ("b.example", "/x of b")] {
        let mut stream = street.tls(host).await.unwrap();
        send(&mut stream, request(host, "").as_bytes()).await;
        until(&mut stream, answer).await;
    }
    let mut coalesced = street.tls("a.example").await.unwrap();
    send(&mut coalesced, request("b.example", "").as_bytes()).await;
    assert!(until_closed(&mut coalesced).await.starts_with("HTTP/1.1 421"));
    for name in ["d.example", "127.0.0.1"] {
        let refused = street.tls(name).await.unwrap_err().to_string();
        assert!(refused.contains("UnrecognisedName"), "{name}: {refused}");
    }
    assert!(street.tls("c.example").await.is_err(), "it is not running");
}

#[tokio::test]
async fn who_does_not_say_whom_it_is_for_is_let_go_and_holds_up_nobody() {
    let hello = Duration::from_secs(2);
    let street = Street::open(false, DoorBounds { hello, ..DoorBounds::default() });
    let mut slow = Vec::new();
    for octets in [
        &b""[..],
        b"\x16",
        b"G",
        b"\r\n\r\n\0",
        b"\x16\x03\x01\x40\x00\x01",
        b"\0",
        b"GET / HTTP/1.1\r\nHost: a",
    ] {
        let mut stream = street.connect().await;
        send(&mut stream, octets).await;
        slow.push(stream);
    }
    let mut dripping = street.connect().await;
    let drips = tokio::spawn(async move {
        let began = Instant::now();
        for octet in b"\x16\x03\x01\x40\x00\x01".iter().chain(std::iter::repeat(&0)) {
            if dripping.write_all(&[*octet]).await.is_err() || began.elapsed() > PATIENCE {
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
        began.elapsed()
    });
    assert!(street.asked("a.example").await.ends_with("of a"));
    for mut stream in slow {
        assert_eq!(until_closed(&mut stream).await, "");
    }
    let lasted = drips.await.unwrap();
    assert!(lasted < PATIENCE, "an octet at a time it lasts {lasted:?}");
}

#[tokio::test]
async fn a_crowd_from_one_place_keeps_nobody_else_out() {
    let hello = Duration::from_mins(5);
    let street = Street::open(
        false,
        DoorBounds { hello, connections: 16, connections_per_address: 4, ..DoorBounds::default() },
    );
    let mut crowd = Vec::new();
    for _ in 0..40 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        crowd.push(socket.connect(street.at).await.unwrap());
    }
    assert!(timeout(PATIENCE, street.asked("a.example")).await.unwrap().ends_with("of a"));
    drop(crowd);
}

#[tokio::test]
async fn what_was_handed_over_outlives_the_door() {
    let street = Street::open(false, DoorBounds::default());
    let mut stream = street.connect().await;
    send(&mut stream, request("a.example", "").as_bytes()).await;
    until(&mut stream, "/x of a").await;
    street.close.send(()).unwrap();
    timeout(PATIENCE, street.door).await.unwrap().unwrap();
    assert!(TcpStream::connect(street.at).await.is_err(), "nobody is at the door");
    send(&mut stream, request("a.example", "").as_bytes()).await;
    until(&mut stream, "/x of a").await;
    for end in street.ends {
        end.send(()).unwrap();
    }
    until_closed(&mut stream).await;
}

#[tokio::test]
async fn what_is_no_connection_is_taken_by_no_house() {
    let dir = TestDir::new();
    let (file, path) = (DoorFile::listen(&dir.join("a"), false).unwrap(), dir.join("a"));
    let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
    datagrams.connect(datagrams.local_addr().unwrap()).unwrap();
    hand(datagrams, &path).await.unwrap();
    hand(Pair::pair().unwrap().0, &path).await.unwrap();
    hand(std::fs::File::open("/dev/null").unwrap(), &path).await.unwrap();
    let listener = listen("127.0.0.1:0".parse().unwrap(), 8).unwrap();
    hand(&listener, &path).await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    hand(&listener.accept().await.unwrap().0, &path).await.unwrap();
    let (_, peer) = timeout(PATIENCE, file.accept()).await.unwrap().unwrap();
    assert_eq!(peer, client.local_addr().unwrap());
    assert!(crate::door::is_served(&path).unwrap());
    drop(file);
    assert!(!crate::door::is_served(&path).unwrap() && !path.exists(), "the file goes with the socket");
}

#[tokio::test]
async fn both_families_are_listened_on_at_one_port() {
    let four = listen((Ipv4Addr::UNSPECIFIED, 0).into(), 8).unwrap();
    let port = four.local_addr().unwrap().port();
    let both = listen_apart(SocketAddr::new("::".parse().unwrap(), port), 8);
    // A machine that has no IPv6 at all has nothing to show.
    if both.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::AddrInUse) {
        return;
    }
    let six = both.unwrap();
    assert_eq!(six.local_addr().unwrap().port(), port);
    let client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    let (_, peer) = timeout(PATIENCE, four.accept()).await.unwrap().unwrap();
    assert_eq!(peer, client.local_addr().unwrap());
}

//! How subscribers reach us, and what one of them and all together may take.

use std::net::SocketAddr;

use super::section::section;
use super::value::{MaybePath, Size, Span};

section! {
    /// Where we listen, and what stands between us and the subscriber.
    /// Beyond loopback, `public` needs a certificate or a trusted proxy; cookies follow from that alone.
    pub(crate) struct Listen in "listen";

    /// Addresses for subscribers.
    public: Vec<SocketAddr> = vec![SocketAddr::from(([127, 0, 0, 1], 8080))];
    /// Address for the operator's monitoring: /metrics, /healthz and /readyz. Nothing personal is there.
    metrics: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 9090));
    /// Certificate chain (PEM) where TLS ends here; "" where it does not.
    tls_certificate: MaybePath = MaybePath::default();
    /// Private key of the certificate (PEM), readable by this user only.
    tls_key: MaybePath = MaybePath::default();
    /// Addresses or prefixes of the operator's own proxies that end TLS; nobody else is believed.
    trusted_proxies: Vec<String> = Vec::new();
    /// How these proxies tell the subscriber's address: "proxy-v2" (PROXY protocol) or "forwarded" (RFC 7239).
    proxies_tell: String = "forwarded".to_owned();
    /// Prefixes that many subscribers share, such as those of the operator's own address translation.
    /// The bound per address never holds there.
    shared_prefixes: Vec<String> = Vec::new();
}

section! {
    /// Documents to keep: bills as PDF and CSV.
    pub(crate) struct Documents in "documents";

    /// Documents made at the same time; each takes a core while it is made.
    at_once: usize = 1, 1..=256;
    /// Documents that may wait; one more is refused with the time to come back.
    waiting: usize = 64, 0..=100_000;
}

section! {
    /// Exports of one's own data. They lie sealed in `exports` of the data directory until they expire; a start of
    /// the program removes what is there.
    pub(crate) struct Exports in "exports";

    /// Exports made at the same time.
    at_once: usize = 1, 1..=256;
    /// Exports that may wait; one more is refused with the time to come back.
    waiting: usize = 16, 0..=100_000;
    /// One export.
    most: Size = Size(32 << 20), Size(1 << 10)..=Size(1 << 30);
    /// All finished exports together.
    space: Size = Size(1 << 30), Size(0)..=Size(1 << 40);
    /// How long a finished export can be fetched.
    keep: Span = Span::seconds(3_600), Span::seconds(1)..=Span::days(7);
    /// How long the making of one may take.
    deadline: Span = Span::seconds(60), Span::seconds(1)..=Span::seconds(3_600);
    /// Sign-ins whose export is remembered.
    most_kept: usize = 10_000, 1..=1_000_000;
}

section! {
    /// Bounds of connections and requests.
    pub(crate) struct Server in "server";

    /// Threads that answer; 0 for one per core.
    threads: usize = 0, 0..=1_024;
    /// Connections open at once; more wait in the system's queue.
    connections: usize = 10_000, 1..=1_000_000;
    /// Connections of one address (IPv6: of one /64) while more than three quarters of all are taken.
    connections_per_address: usize = 200, 1..=1_000_000;
    /// Connections the system may hold before we accept them.
    backlog: u32 = 256, 1..=65_535;
    /// From accepting a connection to the end of the TLS handshake.
    handshake: Span = Span::seconds(5), Span::millis(100)..=Span::seconds(60);
    /// Until a request's last header; also how long a connection may stay idle.
    header: Span = Span::seconds(10), Span::millis(100)..=Span::seconds(600);
    /// From the headers to the last octet of the body.
    body: Span = Span::seconds(10), Span::millis(100)..=Span::seconds(600);
    /// From the headers to the answer.
    request: Span = Span::seconds(15), Span::millis(1)..=Span::seconds(600);
    /// How long a client may take no octet of an answer.
    write: Span = Span::seconds(10), Span::millis(100)..=Span::seconds(600);
    /// How old a connection may become.
    connection_age: Span = Span::seconds(600), Span::seconds(1)..=Span::days(1);
    /// A request's line and headers together.
    header_size: Size = Size(16 << 10), Size(4 << 10)..=Size(256 << 10);
    /// Header fields of a request.
    header_fields: usize = 64, 8..=1_000;
    /// The body of a request.
    body_size: Size = Size(16 << 10), Size(1 << 10)..=Size(1 << 20);
    /// Requests at once on one HTTP/2 connection.
    streams: u32 = 64, 1..=1_000;
    /// Silence after which an HTTP/2 client is asked whether it is still there.
    ping_after: Span = Span::seconds(20), Span::seconds(1)..=Span::seconds(3_600);
    /// How long it may take to answer that.
    ping_answer: Span = Span::seconds(10), Span::seconds(1)..=Span::seconds(3_600);
    /// At the end: from "not ready" to the moment no more connections are accepted.
    drain_notice: Span = Span::millis(0), Span::millis(0)..=Span::seconds(600);
    /// At the end: how long requests already begun may take.
    drain: Span = Span::seconds(20), Span::millis(0)..=Span::seconds(600);
    /// Answers from this size on are compressed for clients that ask for it.
    compress_from: Size = Size(1 << 10), Size(1)..=Size(1 << 20);
}

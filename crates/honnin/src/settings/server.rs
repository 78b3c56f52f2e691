//! How subscribers reach us, and what one of them and all together may take.

use std::net::SocketAddr;

use super::section::section;
use super::value::{MaybePath, Size, Span};

section! {
    /// Where we listen, and what stands between us and the subscriber.
    /// Beyond loopback, `public` needs a certificate or a trusted proxy; cookies follow from that alone.
    pub(crate) struct Listen in "listen";

    /// Addresses for subscribers and proxies; [] where all come by `sockets` or `door`.
    own public: Vec<SocketAddr> = vec![SocketAddr::from(([127, 0, 0, 1], 8080))];
    /// Unix sockets to listen on, each a path such as /run/honnin/honnin.sock, for proxies on this machine. Who may open one is
    /// believed as a listed proxy is and has to tell as `proxies_tell` says.
    own sockets: Vec<String> = Vec::new();
    /// Who may open them: "owner" (mode 0600) or "group" (0660: the group of this user, or of the directory where that
    /// is set to hand its group on).
    own sockets_for: String = "owner".to_owned();
    /// Card of this house where it stands behind `honnin door`: the file, made by `honnin tenant make`, that holds the hosts it
    /// is found at and the socket by which the door hands it connections; who may open that, `sockets_for` says. A request
    /// for another host is refused (421). "" where there is no door.
    own door: MaybePath = MaybePath::default();
    /// Address for monitoring: /metrics, /healthz and /readyz, without personal values.
    own metrics: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 9090));
    /// File with the token that /metrics requires (Authorization: Bearer …), one line of at least 32 octets, readable
    /// by this user only; "" for none. Required where `metrics` is not a loopback address.
    own metrics_token: MaybePath = MaybePath::default();
    /// Serve /metrics to everybody who reaches a `metrics` address beyond loopback, without a token.
    own metrics_open: bool = false;
    /// Certificate chain (PEM); "" where TLS does not end here.
    own tls_certificate: MaybePath = MaybePath::default();
    /// Private key of the certificate (PEM), readable by this user only.
    own tls_key: MaybePath = MaybePath::default();
    /// Addresses or prefixes of the operator's own proxies that end TLS; beside who comes by `sockets` no other peer is
    /// believed.
    own trusted_proxies: Vec<String> = Vec::new();
    /// How these proxies tell the subscriber's address: "proxy-v2" (PROXY protocol), "forwarded" (RFC 7239; an IPv6
    /// address stands in brackets and quotes there, which nginx's `for=$remote_addr` does not write) or "x-forwarded-for".
    /// A request of theirs that does not tell it is refused, counted (`honnin_requests_untold_total`) and logged.
    own proxies_tell: String = "forwarded".to_owned();
    /// Prefixes shared by many subscribers, such as those of the operator's own address translation. The maximum per
    /// address does not apply to them, nor that of places in the waiting room.
    same shared_prefixes: Vec<String> = Vec::new();
    /// Origins, as browsers write them, whose pages may call the API from a browser (CORS): by token, never by cookie.
    same allowed_origins: Vec<String> = Vec::new();
}

section! {
    /// Documents to keep: bills as PDF and CSV.
    pub(crate) struct Documents in "documents";

    /// Maximum number of documents made at the same time; each takes a core.
    own at_once: usize = 1, 1..=256;
    /// Maximum number of documents in the queue; further ones are refused with Retry-After.
    own waiting: usize = 64, 0..=100_000;
}

section! {
    /// Exports of one's own data. They lie sealed in the store until they expire; at most two of one account.
    pub(crate) struct Exports in "exports";

    /// Maximum number of exports this node makes at the same time.
    own at_once: usize = 1, 1..=256;
    /// Maximum number of exports in the queue of all nodes; further ones are refused with Retry-After.
    same waiting: usize = 16, 0..=100_000;
    /// Maximum size of one export.
    same most: Size = Size(32 << 20), Size(1 << 10)..=Size(1 << 30);
    /// Maximum size of all finished exports together.
    same space: Size = Size(1 << 30), Size(0)..=Size(1 << 40);
    /// Lifetime of a finished export.
    same keep: Span = Span::seconds(3_600), Span::seconds(1)..=Span::days(7);
    /// Timeout for making one export.
    own deadline: Span = Span::seconds(60), Span::seconds(1)..=Span::seconds(3_600);
}

section! {
    /// The waiting room: who is not signed in and comes while more come than can be signed in is given a place in line. It
    /// opens and closes by itself, and on a schedule with `honnin waiting-room open`.
    pub(crate) struct WaitingRoom in "waiting_room";

    /// It opens when more than half of the sign-ins of the last seconds waited longer than this, or when a crowd fills the
    /// hashers and whoever comes would wait half as long, for two seconds running.
    same opens: Span = Span::millis(1_500), Span::millis(100)..=Span::seconds(60);
    /// Number of sign-ins of the last seconds from which on it may open.
    same crowd: usize = 8, 1..=1_000;
    /// While more than half of the sign-ins of the last seconds waited longer than this only `first` people a second are let
    /// in, and nobody where the hashers say that a crowd waits so long; else so many that three eighths of it are waited.
    same holds: Span = Span::seconds(1), Span::millis(100)..=Span::seconds(60);
    /// It closes when for this long nobody was given a place while more came than could be let in, and none of them waits.
    same closes: Span = Span::seconds(30), Span::seconds(1)..=Span::seconds(3_600);
    /// Number of people each node lets in a second at first, and at least; more as it is seen how many it signs in.
    same first: u32 = 5, 1..=10_000;
    /// How long a place is kept for somebody who does not ask for it.
    same keeps: Span = Span::seconds(1_800), Span::seconds(60)..=Span::days(1);
    /// Shortest time until somebody who waits is to ask again.
    same asks_least: Span = Span::seconds(2), Span::seconds(1)..=Span::seconds(60);
    /// Longest time until somebody who waits is to ask again.
    same asks_most: Span = Span::seconds(30), Span::seconds(1)..=Span::seconds(600);
    /// Number of sign-ins under way on a node that opens it at once, of which one site (IPv4 /24, IPv6 /48) counts for 32
    /// at most; less than `sign_in.hash_queue`.
    same under_way: u32 = 1_500, 1..=100_000;
    /// Maximum number of sign-ins with the same place on one node: for mistyped passwords.
    same tries: u32 = 20, 1..=1_000;
}

section! {
    /// Bounds of connections and requests.
    pub(crate) struct Server in "server";

    /// Number of threads; 0 for one per core.
    own threads: usize = 0, 0..=1_024;
    /// Maximum number of open connections; further ones wait in the system's queue.
    own connections: usize = 10_000, 1..=1_000_000;
    /// Maximum number of connections of one address (IPv6: one /64) while more than three quarters of all are in use.
    own connections_per_address: usize = 200, 1..=1_000_000;
    /// Maximum length of the system's queue of connections (listen backlog).
    own backlog: u32 = 256, 1..=65_535;
    /// Timeout of the TLS handshake, from accepting the connection.
    own handshake: Span = Span::seconds(5), Span::millis(100)..=Span::seconds(60);
    /// Timeout of a request's headers; also the idle timeout of a connection.
    own header: Span = Span::seconds(10), Span::millis(100)..=Span::seconds(600);
    /// Timeout of a request's body, from its headers.
    own body: Span = Span::seconds(10), Span::millis(100)..=Span::seconds(600);
    /// Timeout of an answer, from the request's headers.
    own request: Span = Span::seconds(15), Span::millis(1)..=Span::seconds(600);
    /// Timeout of the answer to a sign-in, which may wait for its turn.
    own sign_in: Span = Span::seconds(60), Span::millis(1)..=Span::seconds(600);
    /// Timeout of a client that reads nothing of an answer.
    own write: Span = Span::seconds(10), Span::millis(100)..=Span::seconds(600);
    /// Maximum age of a connection.
    own connection_age: Span = Span::seconds(600), Span::seconds(1)..=Span::days(1);
    /// Maximum size of a request's line and headers together.
    own header_size: Size = Size(16 << 10), Size(4 << 10)..=Size(256 << 10);
    /// Maximum number of header fields of a request.
    own header_fields: usize = 64, 8..=1_000;
    /// Maximum size of a request's body.
    own body_size: Size = Size(16 << 10), Size(1 << 10)..=Size(1 << 20);
    /// Maximum number of concurrent requests on one HTTP/2 connection.
    own streams: u32 = 64, 1..=1_000;
    /// Interval of silence after which an HTTP/2 client is sent a ping.
    own ping_after: Span = Span::seconds(20), Span::seconds(1)..=Span::seconds(3_600);
    /// Timeout of its answer.
    own ping_answer: Span = Span::seconds(10), Span::seconds(1)..=Span::seconds(3_600);
    /// Interval at shutdown between "not ready" and refusing new connections.
    own drain_notice: Span = Span::millis(0), Span::millis(0)..=Span::seconds(600);
    /// Timeout at shutdown for requests in progress.
    own drain: Span = Span::seconds(20), Span::millis(0)..=Span::seconds(600);
    /// Maximum number of requests that are worked on at once; fewer where the queues behind them grow long.
    own in_work: usize = 512, 16..=100_000;
    /// Number of waiting requests from which on new connections are let in only by their share; at most as many as are
    /// worked on at once.
    own waiting: usize = 1_024, 1..=1_000_000;
    /// Number of finished requests for which one new connection is let in while others wait longer than `calm`, or too many
    /// do (`waiting`).
    own requests_per_newcomer: u32 = 32, 1..=1_000;
    /// Longest wait during which requests are begun in the order they came and new connections are let in as they come;
    /// after it the newest is begun first.
    own calm: Span = Span::millis(100), Span::millis(1)..=Span::seconds(60);
    /// Wait after which a request is answered with "busy".
    own patience: Span = Span::seconds(2), Span::millis(10)..=Span::seconds(60);
    /// Minimum size of an answer that is compressed for clients that accept it.
    own compress_from: Size = Size(1 << 10), Size(1)..=Size(1 << 20);
}

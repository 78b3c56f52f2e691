//! Every bound of the network face, with its default and the reason for it.

use std::time::Duration;

pub use honnin_overload::{Bounds as TurnBounds, LimitBounds};

/// What one client, and all of them together, may take.
///
/// Shape: durations, octets and counts, each more than zero. Source: ours; the reason stands at each default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// Connections open at once. Beyond it none is accepted: callers wait in the system's queue of [`Self::backlog`].
    pub connections: usize,
    /// Connections of one address (IPv6: of one /64) while more than three quarters of all are taken.
    ///
    /// Subscribers share addresses behind carrier-grade translation, so it binds only when the whole is nearly full.
    pub connections_per_address: usize,
    /// Connections the system may hold before we accept them. Small: who waits there longer than it takes to serve
    /// the whole queue has given up.
    pub backlog: u32,
    /// From accepting a connection to the end of the TLS handshake.
    pub handshake: Duration,
    /// From the first moment a request may come to its last header octet; also how long a connection may stay idle.
    pub header: Duration,
    /// From the end of the headers to the last octet of the body.
    pub body: Duration,
    /// From the end of the headers to the answer.
    pub request: Duration,
    /// The same for a sign-in, which may wait for its turn.
    pub sign_in: Duration,
    /// How long the client may take no octet of an answer.
    pub write: Duration,
    /// How old a connection may become; then it is asked to close, with [`Self::request`] to finish.
    pub connection_age: Duration,
    /// Octets of one request's line and headers together.
    pub header_octets: usize,
    /// Header fields of one request.
    pub header_fields: usize,
    /// Octets of one request body. Our largest form is a password change.
    pub body_octets: usize,
    /// Requests at once on one HTTP/2 connection.
    pub streams: u32,
    /// Silence after which an HTTP/2 peer is asked whether it is still there.
    pub ping_after: Duration,
    /// How long it may take to answer that.
    pub ping_answer: Duration,
    /// From "not ready" to the moment connections are no longer accepted, so that balancers look elsewhere first.
    pub drain_notice: Duration,
    /// How long requests already begun may take at shutdown.
    pub drain: Duration,
    /// Who is begun when more is asked than can be done.
    pub turns: TurnBounds,
    /// Octets from which on an answer is compressed for clients that take gzip.
    pub compress_from: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connections: 10_000,
            connections_per_address: 200,
            backlog: 256,
            handshake: seconds(5),
            header: seconds(10),
            body: seconds(10),
            request: seconds(15),
            sign_in: seconds(60),
            write: seconds(10),
            connection_age: seconds(600),
            header_octets: 16 * 1024,
            header_fields: 64,
            body_octets: 16 * 1024,
            streams: 64,
            ping_after: seconds(20),
            ping_answer: seconds(10),
            drain_notice: Duration::ZERO,
            drain: seconds(20),
            turns: TurnBounds::default(),
            compress_from: 1024,
        }
    }
}

//! One connection: who it is, TLS, which HTTP, and when it must end.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use honnin_figures as figures;
use http::header::{CONNECTION, HeaderValue, TRANSFER_ENCODING};
use http::{Request, Response, StatusCode, Version};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{sleep, timeout};

use super::bounds::Bounds;
use super::door::Hosts;
use super::entry::{Arrives, Entry};
use super::front::{Front, Tells, Untold};
use super::head::names_one_host;
use super::pieces::{BUFFER, Pieces};
use super::proxy_header;
use super::room::{Busy, Held, Room};
use super::socket::{Peer, Socket};
use super::stream::{PREFACE, TimedStream};
use super::turns::{Turn, Turns};

/// Answers requests: the route table, or the metrics page.
pub trait Answers: Send + Sync + 'static {
    /// Answers one request that came over a connection of `peer` in its turn, which ends when it is dropped: what waits
    /// in a line of its own gives it back.
    fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: Peer,
        turn: Turn,
    ) -> impl Future<Output = Response<Full<Bytes>>> + Send + 'static;

    /// Says from now on that this server is not ready: it is about to stop.
    fn not_ready(&self);

    /// Hears of a listed proxy that does not say, before anything else, whom it passes on.
    fn untold(&self, proxy: Peer, why: Untold);
}

/// What every connection shares.
pub(super) struct Shared<A> {
    pub(super) answers: Arc<A>,
    pub(super) front: Front,
    pub(super) bounds: Bounds,
    pub(super) room: Arc<Room>,
    pub(super) turns: Arc<Turns>,
    pub(super) closing: watch::Receiver<bool>,
    pub(super) hosts: Option<Hosts>,
    pub(super) tls: Option<tokio_rustls::TlsAcceptor>,
}

impl<A: Answers> Shared<A> {
    /// Serves one accepted connection to its end.
    pub(super) async fn connection(
        self: Arc<Self>,
        mut socket: Socket,
        peer: Peer,
        permit: OwnedSemaphorePermit,
    ) {
        let mut client = peer;
        if self.front.tells(peer) == Some(Tells::ProxyV2) {
            match timeout(self.bounds.header, proxy_header::read(&mut socket)).await {
                Ok(Ok(told)) => client = told.map_or(peer, Peer::Address),
                Ok(Err(reason)) => {
                    tracing::debug!(error = %reason, "close a connection of a trusted proxy");
                    self.answers.untold(client, Untold::Unreadable);
                    return refused("proxy_header");
                }
                // Who connects and says nothing, a balancer that looks whether we are there, is none.
                Err(_) => return refused("proxy_header"),
            }
        }
        let Ok(seat) = self.room.admit(client, permit) else { return refused("share") };
        let open = figures::connections_open();
        open.increment(1.0);
        let held = seat.held();
        let serve = async {
            match self.tls.clone() {
                None => self.http1(socket, client, &held).await,
                Some(acceptor) => Box::pin(self.encrypted(acceptor, socket, client, &held)).await,
            }
        };
        let end = tokio::select! {
            biased;
            () = seat.taken_back() => End::TakenBack,
            ended = serve => ended.unwrap_or_else(|reason| End::of(&reason)),
        };
        open.decrement(1.0);
        figures::connections_ended(end.word()).increment(1);
    }

    async fn encrypted(
        &self,
        acceptor: tokio_rustls::TlsAcceptor,
        socket: Socket,
        client: Peer,
        held: &Arc<Held>,
    ) -> hyper::Result<End> {
        let Ok(Ok(stream)) = timeout(self.bounds.handshake, self.handshake(&acceptor, socket)).await else {
            figures::handshakes_failed().increment(1);
            return Ok(End::Handshake);
        };
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            self.http2(stream, client, held).await
        } else {
            self.http1(stream, client, held).await
        }
    }

    /// A handshake, whose dear part, the first message, has a turn.
    async fn handshake(
        &self,
        acceptor: &tokio_rustls::TlsAcceptor,
        socket: Socket,
    ) -> io::Result<tokio_rustls::server::TlsStream<Socket>> {
        socket.readable().await?;
        let mut turn = self.turns.turn().await;
        let mut accept = pin!(acceptor.accept(socket));
        let first = poll_fn(|cx| Poll::Ready(accept.as_mut().poll(cx))).await;
        turn.give_back();
        match first {
            Poll::Ready(done) => done,
            Poll::Pending => accept.await,
        }
    }

    async fn http1<S: AsyncRead + AsyncWrite + Arrives + Unpin + Send + 'static>(
        &self,
        stream: S,
        client: Peer,
        held: &Arc<Held>,
    ) -> hyper::Result<End> {
        let mut http = http1::Builder::new();
        // As many as hyper has room for without being told cost it nothing; fewer are counted by us.
        if self.bounds.header_fields > ROOM_FOR_FIELDS {
            http.max_headers(self.bounds.header_fields);
        }
        let connection = http
            .timer(TokioTimer::new())
            .header_read_timeout(self.bounds.header)
            .max_header_size(self.bounds.header_octets)
            .max_buf_size(self.bounds.header_octets.max(LEAST_BUFFER))
            .serve_connection(
                TokioIo::new(
                    TimedStream::new(stream, self.bounds.write)
                        .guarded()
                        .by_turns(Entry::new(Arc::clone(&self.turns), Arc::clone(held))),
                ),
                service_fn(move |request: Request<Incoming>| {
                    let last = request.headers().contains_key(TRANSFER_ENCODING);
                    let answer = self.answer(request, client, held);
                    async move { Ok::<_, Infallible>(farewell(last, answer.await)) }
                }),
            );
        // While it waits for a head hyper's own limit holds.
        self.drive(connection, held, false).await
    }

    async fn http2<S: AsyncRead + AsyncWrite + Arrives + Unpin + Send + 'static>(
        &self,
        stream: S,
        client: Peer,
        held: &Arc<Held>,
    ) -> hyper::Result<End> {
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(self.bounds.streams)
            .max_header_list_size(u32::try_from(self.bounds.header_octets).unwrap_or(u32::MAX))
            .keep_alive_interval(self.bounds.ping_after)
            .keep_alive_timeout(self.bounds.ping_answer)
            .max_send_buf_size(BUFFER)
            .serve_connection(
                TokioIo::new(
                    TimedStream::new(stream, self.bounds.write)
                        .must_open(PREFACE, self.bounds.header)
                        .counting_frames(),
                ),
                service_fn(move |request: Request<Incoming>| {
                    let answer = self.answer(request, client, held);
                    async move { Ok::<_, Infallible>(answer.await) }
                }),
            );
        self.drive(connection, held, true).await
    }

    /// Answers one request, where it is one.
    fn answer(
        &self,
        request: Request<Incoming>,
        client: Peer,
        held: &Arc<Held>,
    ) -> impl Future<Output = Response<Pieces>> + Send + use<A> {
        let busy = Busy::at(held);
        let turn = held.hand_on().ok_or_else(|| Arc::clone(&self.turns));
        let refused = self.is_no_request(&request);
        let answers = Arc::clone(&self.answers);
        async move {
            let turn = match turn {
                Ok(turn) => turn,
                Err(turns) => turns.turn().await,
            };
            let answer = match refused {
                Some(status) => {
                    let mut answer = Response::new(Full::default());
                    *answer.status_mut() = status;
                    if request.version() < Version::HTTP_2 {
                        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                    }
                    answer
                }
                None => answers.answer(request, client, turn).await,
            };
            Pieces::of(answer, busy).await
        }
    }

    /// What a request is refused with that names no host or two, or somebody else's, or has more fields than it may have.
    fn is_no_request(&self, request: &Request<Incoming>) -> Option<StatusCode> {
        let headers = request.headers();
        if headers.len() > self.bounds.header_fields {
            return Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        }
        if !names_one_host(request.version(), request.uri(), headers) {
            return Some(StatusCode::BAD_REQUEST);
        }
        let ours = self.hosts.as_ref().is_none_or(|hosts| hosts.are_asked(request.uri(), headers));
        (!ours).then_some(StatusCode::MISDIRECTED_REQUEST)
    }

    /// Runs the connection until it ends by itself, is too old, has been idle, or the server stops.
    async fn drive<C: Close>(&self, connection: C, held: &Held, mut watched: bool) -> hyper::Result<End> {
        let mut connection = pin!(connection);
        let mut closing = self.closing.clone();
        let (end, grace) = {
            let mut stop = pin!(closing.wait_for(|closing| *closing));
            let mut age = pin!(sleep(self.bounds.connection_age));
            let mut idle = pin!(idle(held, self.bounds.header, watched));
            tokio::select! {
                biased;
                ended = connection.as_mut() => return ended.map(|()| End::Closed),
                _ = stop.as_mut() => (End::Stopped, self.bounds.drain),
                () = age.as_mut() => (End::Old, self.bounds.connection_age),
                // Nothing moves: only the farewell has to be taken.
                () = idle.as_mut() => {
                    watched = false;
                    (End::Idle, self.bounds.write)
                }
            }
        };
        // Who has just come is answered once: hyper ends a connection at once that it has read nothing of.
        if end == End::Stopped && held.is_new() {
            let first = timeout(FAREWELL, connection.as_mut()).await;
            if let Ok(ended) = first {
                return ended.map(|()| End::Closed);
            }
        }
        connection.as_mut().close();
        // Whoever takes what she is sent may take it to its end; for who is silent nobody waits.
        tokio::select! {
            biased;
            ended = timeout(grace, connection) => ended.unwrap_or(Ok(()))?,
            () = calm(held) => {}
            () = idle(held, self.bounds.header, watched || end == End::Old) => {}
        }
        Ok(end)
    }
}

/// What ended a connection, for the figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The client, or both after the last answer.
    Closed,
    /// TLS did not come about.
    Handshake,
    /// It sent or took nothing for too long.
    Idle,
    /// It sent no whole head in time, or took nothing.
    Slow,
    /// What it sent is not HTTP.
    NotHttp,
    /// It broke.
    Broken,
    /// It was too old.
    Old,
    /// The server stops.
    Stopped,
    /// Its place was taken back.
    TakenBack,
}

impl End {
    const fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Handshake => "handshake",
            Self::Idle => "idle",
            Self::Slow => "slow",
            Self::NotHttp => "not_http",
            Self::Broken => "broken",
            Self::Old => "old",
            Self::Stopped => "stopped",
            Self::TakenBack => "taken_back",
        }
    }

    fn of(reason: &hyper::Error) -> Self {
        tracing::debug!(error = %reason, "connection ended");
        if reason.is_timeout() {
            Self::Slow
        } else if reason.is_parse() {
            Self::NotHttp
        } else {
            Self::Broken
        }
    }
}

/// Counts a connection that was given no place.
fn refused(cause: &'static str) {
    figures::connections_refused(cause).increment(1);
}

/// Header fields that hyper reads into a place of its own; for any other number it clears one with each head.
const ROOM_FOR_FIELDS: usize = 100;

/// The least buffer hyper works with.
const LEAST_BUFFER: usize = 8192;

/// The answer, after which the connection ends where it is the last one.
///
/// Who sends a body in pieces may have told a proxy in front of us another length for it (RFC 9112 §6.1); what the proxy
/// took for the rest of the body would be a request here. So nothing that follows such a body is read.
fn farewell(last: bool, mut answer: Response<Pieces>) -> Response<Pieces> {
    if last {
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

/// How long nothing may be open before a connection that was told to end is no longer waited for.
const FAREWELL: Duration = Duration::from_secs(1);

/// Ends once a whole `limit` passes in which the client sent no request and took no piece of an answer.
async fn idle(held: &Held, limit: Duration, watched: bool) {
    if !watched {
        return std::future::pending().await;
    }
    let mut seen = None;
    loop {
        let stamp = held.stamp();
        if seen == Some(stamp) && !held.is_making() {
            return;
        }
        seen = Some(stamp);
        sleep(limit).await;
    }
}

/// Ends once no request was open for [`FAREWELL`].
async fn calm(held: &Held) {
    let mut seen = None;
    loop {
        let stamp = held.stamp();
        if seen == Some(stamp) && held.is_idle() {
            return;
        }
        seen = Some(stamp);
        sleep(FAREWELL).await;
    }
}

/// A connection of either HTTP that can be asked to end after the requests it has begun.
trait Close: Future<Output = hyper::Result<()>> {
    fn close(self: Pin<&mut Self>);
}

impl<I, S> Close for http1::Connection<I, S>
where
    S: HttpService<Incoming, ResBody = Pieces>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
{
    fn close(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<I, S> Close for http2::Connection<I, S, TokioExecutor>
where
    S: HttpService<Incoming, ResBody = Pieces>,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
{
    fn close(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

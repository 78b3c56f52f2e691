//! One connection: who it is, TLS, which HTTP, and when it must end.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue, TRANSFER_ENCODING};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{sleep, timeout};

use super::bounds::Bounds;
use super::front::{Front, Tells};
use super::proxy_header;
use super::room::Room;
use super::stream::{PREFACE, TimedStream};

/// Answers requests: the route table, or the metrics page.
pub trait Answers: Send + Sync + 'static {
    /// Answers one request that came over a connection of `peer`.
    fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: IpAddr,
    ) -> impl Future<Output = Response<Full<Bytes>>> + Send + 'static;

    /// Says from now on that this server is not ready: it is about to stop.
    fn not_ready(&self);
}

/// What every connection shares.
pub(super) struct Shared<A> {
    pub(super) answers: Arc<A>,
    pub(super) front: Front,
    pub(super) bounds: Bounds,
    pub(super) room: Arc<Room>,
    pub(super) closing: watch::Receiver<bool>,
    pub(super) tls: Option<tokio_rustls::TlsAcceptor>,
}

impl<A: Answers> Shared<A> {
    /// Serves one accepted connection to its end.
    pub(super) async fn connection(
        self: Arc<Self>,
        mut tcp: TcpStream,
        peer: SocketAddr,
        permit: OwnedSemaphorePermit,
    ) {
        // Answers are written whole; waiting to fill a segment would only delay them.
        if tcp.set_nodelay(true).is_err() {
            return;
        }
        let mut client = peer.ip().to_canonical();
        if self.front.tells(client) == Some(Tells::ProxyV2) {
            match timeout(self.bounds.header, proxy_header::read(&mut tcp)).await {
                Ok(Ok(told)) => client = told.unwrap_or(client),
                Ok(Err(reason)) => {
                    tracing::warn!(error = %reason, "close a connection of a trusted proxy");
                    return;
                }
                Err(_) => return,
            }
        }
        let Some(_seat) = self.room.admit(client, permit) else {
            metrics::counter!("honnin_connections_refused_total").increment(1);
            return;
        };
        let ended = match self.tls.clone() {
            None => self.http1(tcp, client).await,
            Some(acceptor) => Box::pin(self.encrypted(acceptor, tcp, client)).await,
        };
        if let Err(reason) = ended {
            tracing::debug!(error = %reason, "connection ended");
        }
    }

    async fn encrypted(
        &self,
        acceptor: tokio_rustls::TlsAcceptor,
        tcp: TcpStream,
        client: IpAddr,
    ) -> hyper::Result<()> {
        let Ok(Ok(stream)) = timeout(self.bounds.handshake, acceptor.accept(tcp)).await else {
            metrics::counter!("honnin_tls_handshakes_failed_total").increment(1);
            return Ok(());
        };
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            self.http2(stream, client).await
        } else {
            self.http1(stream, client).await
        }
    }

    async fn http1<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        &self,
        stream: S,
        client: IpAddr,
    ) -> hyper::Result<()> {
        let answers = &self.answers;
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.bounds.header)
            .max_headers(self.bounds.header_fields)
            .max_header_size(self.bounds.header_octets)
            .max_buf_size(self.bounds.header_octets.max(LEAST_BUFFER))
            .serve_connection(
                TokioIo::new(TimedStream::new(stream, self.bounds.write)),
                service_fn(move |request: Request<Incoming>| {
                    let last = request.headers().contains_key(TRANSFER_ENCODING);
                    let answer = Arc::clone(answers).answer(request, client);
                    async move { Ok::<_, Infallible>(farewell(last, answer.await)) }
                }),
            );
        self.drive(connection, None).await
    }

    async fn http2<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        &self,
        stream: S,
        client: IpAddr,
    ) -> hyper::Result<()> {
        let activity = Arc::new(Activity::default());
        let (answers, counted) = (&self.answers, &activity);
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(self.bounds.streams)
            .max_header_list_size(u32::try_from(self.bounds.header_octets).unwrap_or(u32::MAX))
            .keep_alive_interval(self.bounds.ping_after)
            .keep_alive_timeout(self.bounds.ping_answer)
            .serve_connection(
                TokioIo::new(
                    TimedStream::new(stream, self.bounds.write).must_open(PREFACE, self.bounds.header),
                ),
                service_fn(move |request| {
                    let request_activity = InFlight::begin(Arc::clone(counted));
                    let answer = Arc::clone(answers).answer(request, client);
                    async move {
                        let answer = answer.await;
                        drop(request_activity);
                        Ok::<_, Infallible>(answer)
                    }
                }),
            );
        self.drive(connection, Some(&activity)).await
    }

    /// Runs the connection until it ends by itself, is too old, has been idle, or the server stops.
    async fn drive<C: Close>(&self, connection: C, activity: Option<&Activity>) -> hyper::Result<()> {
        let mut connection = pin!(connection);
        let mut closing = self.closing.clone();
        let grace = {
            let mut stop = pin!(closing.wait_for(|closing| *closing));
            let mut age = pin!(sleep(self.bounds.connection_age));
            let mut idle = pin!(idle(activity, self.bounds.header));
            tokio::select! {
                biased;
                ended = connection.as_mut() => return ended,
                _ = stop.as_mut() => self.bounds.drain,
                () = age.as_mut() => self.bounds.request + self.bounds.write,
                // Nothing is begun: only the farewell has to be taken.
                () = idle.as_mut() => self.bounds.write,
            }
        };
        connection.as_mut().close();
        timeout(grace, connection).await.unwrap_or(Ok(()))
    }
}

/// The least buffer hyper works with.
const LEAST_BUFFER: usize = 8192;

/// The answer, after which the connection ends where it is the last one.
///
/// Who sends a body in pieces may have told a proxy in front of us another length for it (RFC 9112 §6.1); what the proxy
/// took for the rest of the body would be a request here. So nothing that follows such a body is read.
fn farewell(last: bool, mut answer: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    if last {
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

/// Ends once a whole `limit` passes in which no request was open. HTTP/1.1 has hyper's own limit instead.
async fn idle(activity: Option<&Activity>, limit: Duration) {
    let Some(activity) = activity else { return std::future::pending().await };
    let mut seen = None;
    loop {
        let (begun, ended) = (activity.begun.load(Ordering::Relaxed), activity.ended.load(Ordering::Relaxed));
        if begun == ended && seen == Some(begun) {
            return;
        }
        seen = Some(begun);
        sleep(limit).await;
    }
}

/// Requests of one HTTP/2 connection, begun and ended.
#[derive(Debug, Default)]
struct Activity {
    begun: AtomicU64,
    ended: AtomicU64,
}

/// A request that is being answered; dropping it, also where the stream was reset, counts it as ended.
struct InFlight(Arc<Activity>);

impl InFlight {
    fn begin(activity: Arc<Activity>) -> Self {
        activity.begun.fetch_add(1, Ordering::Relaxed);
        Self(activity)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

/// A connection of either HTTP that can be asked to end after the requests it has begun.
trait Close: Future<Output = hyper::Result<()>> {
    fn close(self: Pin<&mut Self>);
}

impl<I, S> Close for http1::Connection<I, S>
where
    S: HttpService<Incoming, ResBody = Full<Bytes>>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
{
    fn close(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<I, S> Close for http2::Connection<I, S, TokioExecutor>
where
    S: HttpService<Incoming, ResBody = Full<Bytes>>,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
{
    fn close(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

//! The operator's own listener: metrics and health, apart from subscribers, with nothing personal on it.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use honnin_figures::{Figures, Format};
use honnin_terms::Mode;
use http::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

/// Monitors that ask at once; one more waits.
const CONNECTIONS: usize = 16;
/// How long one of them may take, from the first octet to the last.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often an address that is not there is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// The operator's listener.
#[derive(Debug)]
pub(super) enum Monitor {
    /// It listens.
    There(TcpListener),
    /// This machine does not have the address yet.
    Later(SocketAddr),
}

impl Monitor {
    async fn listening(self) -> TcpListener {
        let address = match self {
            Self::There(listener) => return listener,
            Self::Later(address) => address,
        };
        loop {
            sleep(AGAIN).await;
            if let Ok(listener) = listen(address).await {
                tracing::info!(%address, "the address is there; monitors are answered on it");
                return listener;
            }
        }
    }
}

/// Answers monitors until the runtime ends.
pub(super) async fn run(
    monitor: Monitor,
    token: Option<Zeroizing<String>>,
    metrics: Figures,
    mode: impl Fn() -> Mode + Clone + Send + 'static,
) {
    let token = token.map(|token| Arc::new(Zeroizing::new(format!("Bearer {}", *token))));
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let listener = monitor.listening().await;
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let accepted = listener.accept().await;
        let Ok((stream, _)) = accepted else {
            // The system has no descriptor or memory left; asking again at once would not help it.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (metrics, mode, token) = (metrics.clone(), mode.clone(), token.clone());
        tokio::spawn(async move {
            let answering = service_fn(move |request: Request<Incoming>| {
                let token = token.as_ref().map(|token| token.as_bytes());
                let answer = answer(&request, token, &metrics, mode());
                async move { Ok::<_, Infallible>(answer) }
            });
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).keep_alive(false);
            let connection = builder.serve_connection(TokioIo::new(stream), answering);
            // A monitor that left or was too slow asks again.
            drop(timeout(PATIENCE, connection).await);
            drop(permit);
        });
    }
}

/// Answers monitors on this machine until the runtime ends.
pub(crate) async fn serve(
    listener: TcpListener,
    metrics: Figures,
    mode: impl Fn() -> Mode + Clone + Send + 'static,
) {
    run(Monitor::There(listener), None, metrics, mode).await;
}

fn answer<B>(
    request: &Request<B>,
    token: Option<&[u8]>,
    metrics: &Figures,
    mode: Mode,
) -> Response<Full<Bytes>> {
    const PLAIN: &str = "text/plain; charset=utf-8";
    let (status, kind, body) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/metrics") if !is_known(request, token) => {
            (StatusCode::UNAUTHORIZED, PLAIN, "the token of listen.metrics_token is required\n".to_owned())
        }
        (&Method::GET, "/metrics") => {
            let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok());
            let format = Format::wanted(accept.unwrap_or_default());
            (StatusCode::OK, format.content_type(), metrics.render(format))
        }
        (&Method::GET, "/healthz") => (StatusCode::OK, PLAIN, "ok\n".to_owned()),
        // The same word and the same status as on the public address.
        (&Method::GET, "/readyz") => {
            let status = if mode.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            (status, PLAIN, format!("{}\n", mode.says()))
        }
        (&Method::GET, _) => {
            (StatusCode::NOT_FOUND, PLAIN, "there is /metrics, /healthz and /readyz\n".to_owned())
        }
        _ => (StatusCode::METHOD_NOT_ALLOWED, PLAIN, "GET\n".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Whether the monitor has sent the token, where one is required.
fn is_known<B>(request: &Request<B>, token: Option<&[u8]>) -> bool {
    token.is_none_or(|token| {
        let sent = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
        honnin_seal::same_octets(sent, token)
    })
}

/// Opens the operator's listener.
///
/// # Errors
/// What the system says.
pub(super) async fn listen(on: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(on).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: Method, path: &str, mode: Mode) -> (u16, &'static str) {
        let metrics = Figures::apart();
        let request = Request::builder().method(method).uri(path).body(()).unwrap();
        let answer = answer(&request, None, &metrics, mode);
        let kind = if answer.headers()[CONTENT_TYPE].to_str().unwrap().contains("version") {
            "metrics"
        } else {
            "text"
        };
        (answer.status().as_u16(), kind)
    }

    #[test]
    fn figures_are_told_to_who_has_the_token() {
        let metrics = Figures::apart();
        let ask = |path: &str, sent: Option<&str>| {
            let mut request = Request::builder().uri(path);
            if let Some(sent) = sent {
                request = request.header("authorization", sent);
            }
            let request = request.body(()).unwrap();
            answer(&request, Some(b"Bearer right"), &metrics, Mode::Open).status().as_u16()
        };
        for wrong in [None, Some("right"), Some("Bearer wrong"), Some("Bearer right2"), Some("")] {
            assert_eq!(ask("/metrics", wrong), 401, "{wrong:?}");
        }
        assert_eq!((ask("/metrics", Some("Bearer right")), ask("/readyz", None)), (200, 200));
    }

    #[test]
    fn it_has_three_paths_and_no_other() {
        assert_eq!(asked(Method::GET, "/metrics", Mode::Open), (200, "metrics"));
        assert_eq!(asked(Method::GET, "/healthz", Mode::JournalFull), (200, "text"));
        assert_eq!(asked(Method::GET, "/readyz", Mode::Open), (200, "text"));
        assert_eq!(asked(Method::GET, "/readyz", Mode::JournalFull), (503, "text"));
        assert_eq!(asked(Method::GET, "/", Mode::Open), (404, "text"));
        assert_eq!(asked(Method::POST, "/metrics", Mode::Open), (405, "text"));
    }
}

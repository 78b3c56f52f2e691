//! The metrics page: on a listener of its own, for the operator's collector, never for subscribers.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use honnin_front::{Answers, Bounds, Entrance, Front};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::net::TcpListener;

/// Writes the metrics in the text format of Prometheus.
type Render = Box<dyn Fn() -> String + Send + Sync>;

struct MetricsPage(Render);

impl Answers for MetricsPage {
    async fn answer(self: Arc<Self>, request: Request<Incoming>, _peer: IpAddr) -> Response<Full<Bytes>> {
        let there = request.uri().path() == "/metrics";
        let status = match *request.method() {
            Method::GET if there => StatusCode::OK,
            _ if there => StatusCode::METHOD_NOT_ALLOWED,
            _ => StatusCode::NOT_FOUND,
        };
        let text = if status == StatusCode::OK { (self.0)() } else { String::new() };
        let mut response = Response::new(Full::new(text.into()));
        *response.status_mut() = status;
        let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    fn not_ready(&self) {}

    fn untold(&self, _proxy: IpAddr, _why: honnin_front::Untold) {}
}

/// Serves `GET /metrics` until `stop` is ready. `render` writes the text format of Prometheus.
///
/// It holds no personal value, and nobody is asked who they are: which networks reach the listener is the operator's
/// choice.
///
/// # Errors
/// What the system says of the listener.
pub async fn serve_metrics(
    listener: TcpListener,
    bounds: Bounds,
    render: impl Fn() -> String + Send + Sync + 'static,
    stop: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let at = listener.local_addr()?;
    let entrance =
        Entrance { listeners: vec![listener], later: Vec::new(), tls: None, shared_prefixes: Vec::new() };
    tracing::info!(%at, "metrics are served");
    entrance.run(Front::Loopback, bounds, Arc::new(MetricsPage(Box::new(render))), stop).await;
    Ok(())
}

//! The collector: on this machine, by plain HTTP. From there on traces are its own, by TLS to wherever the operator keeps them.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use honnin_figures as figures;
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{ExporterBuildError, Protocol, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::timeout;

/// How long one batch may take.
const LONGEST: Duration = Duration::from_secs(5);
/// What is read of an answer.
const MOST_READ: usize = 64 << 10;

/// What sends spans there, and counts what was sent.
pub(super) fn exporter(
    address: SocketAddr,
    runtime: Handle,
) -> Result<impl SpanExporter + 'static, ExporterBuildError> {
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_http_client(Collector { address, runtime })
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("http://{address}/v1/traces"))
        .with_timeout(LONGEST)
        .build()?;
    Ok(Counted(exporter))
}

#[derive(Debug)]
struct Counted<E>(E);

impl<E: SpanExporter> SpanExporter for Counted<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let outcome = self.0.export(batch).await;
        figures::spans(if outcome.is_ok() { "sent" } else { "lost" }).increment(count);
        outcome
    }

    fn shutdown_with_timeout(&self, longest: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(longest)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

struct Collector {
    address: SocketAddr,
    runtime: Handle,
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Collector({})", self.address)
    }
}

#[async_trait::async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let address = self.address;
        // The exporter has a thread of its own, without a runtime.
        self.runtime.spawn(async move { timeout(LONGEST, sent(address, request)).await }).await??
    }
}

async fn sent(address: SocketAddr, mut request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    *request.uri_mut() = Uri::from_static("/v1/traces");
    // The library puts on what the environment says of headers, and that may be a secret of another collector.
    let kind = request.headers_mut().remove(header::CONTENT_TYPE);
    request.headers_mut().clear();
    if let Some(kind) = kind {
        request.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    request.headers_mut().insert(header::HOST, HeaderValue::try_from(address.to_string())?);
    let answer = sender.send_request(request.map(Full::new)).await?;
    let (parts, body) = answer.into_parts();
    let body = Limited::new(body, MOST_READ).collect().await?.to_bytes();
    connection.abort();
    Ok(Response::from_parts(parts, body))
}

//! Handing something to a witness: one request, one answer, each within a bound.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderValue};
use http::uri::Authority;
use http::{Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::way::{BadWay, Unanswered, tls};

/// Octets of an answer that are taken: a few signatures.
const LARGEST: usize = 64 << 10;

/// Where somebody else takes what is handed over.
#[derive(Clone)]
pub struct Receiver {
    host: HeaderValue,
    name: String,
    port: u16,
    path: String,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    patience: Duration,
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("host", &self.host).field("path", &self.path).finish_non_exhaustive()
    }
}

impl Receiver {
    /// At that address, `https://` or `http://`, with a path before what is added to it; certificates are those of
    /// `roots` (PEM).
    ///
    /// # Errors
    /// [`BadWay`].
    pub fn new(url: &str, roots: &[u8], patience: Duration) -> Result<Self, BadWay> {
        let (secure, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(BadWay::Address),
        };
        let (host, path) = rest.split_once('/').map_or((rest, ""), |(host, path)| (host, path));
        let authority: Authority = host.parse().map_err(|_| BadWay::Address)?;
        let name = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let tls = if secure {
            let server = ServerName::try_from(name.clone()).map_err(|_| BadWay::Address)?;
            Some((tls(roots)?, server))
        } else {
            None
        };
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let path = path.trim_end_matches('/');
        let path = if path.is_empty() { String::new() } else { format!("/{path}") };
        let host = HeaderValue::try_from(host).map_err(|_| BadWay::Address)?;
        Ok(Self { host, name, port, path, tls, patience })
    }

    /// Hands it over; the status and the answer.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub async fn post(&self, path: &str, body: Vec<u8>) -> Result<(u16, Bytes), Unanswered> {
        let whole = async {
            let stream = TcpStream::connect((self.name.as_str(), self.port)).await;
            let stream = stream.map_err(Unanswered::Connection)?;
            match &self.tls {
                None => self.exchange(stream, path, body).await,
                Some((tls, name)) => {
                    let stream = tls.connect(name.clone(), stream).await.map_err(Unanswered::Tls)?;
                    self.exchange(stream, path, body).await
                }
            }
        };
        timeout(self.patience, whole).await.map_err(|_| Unanswered::TooSlow(self.patience))?
    }

    async fn exchange(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        path: &str,
        body: Vec<u8>,
    ) -> Result<(u16, Bytes), Unanswered> {
        let (mut send, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(Unanswered::Http)?;
        // It ends with its sender, or with its reason, which the sender is told.
        tokio::spawn(async move { connection.await.unwrap_or_default() });
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = format!("{}{path}", self.path).parse().map_err(|_| Unanswered::Body)?;
        request.headers_mut().insert(HOST, self.host.clone());
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        let answer = send.send_request(request).await.map_err(Unanswered::Http)?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, LARGEST).collect().await.map_err(|_| Unanswered::Body)?.to_bytes();
        Ok((head.status.as_u16(), body))
    }
}

//! The way to the public address, as a browser takes it: name, TLS, HTTP/1.1, each step within a time.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, COOKIE, HOST, HeaderValue, USER_AGENT};
use http::uri::Authority;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// Octets of a body a canary takes; her pages are far below.
const LARGEST: usize = 256 << 10;
/// What a canary calls herself: she hides from nobody, and asks like a browser.
const NAME: HeaderValue = HeaderValue::from_static("Mozilla/5.0 (compatible; honnin-canary/1)");
/// What a browser says it reads.
const READS: HeaderValue = HeaderValue::from_static("text/html,application/json;q=0.9,*/*;q=0.8");

/// A way that cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum BadWay {
    /// The address is not one.
    #[error("read the public address: expect https:// and a host")]
    Address,
    /// The file of authorities is not PEM or names none.
    #[error("read the certificate authorities: expect PEM with at least one certificate that can be used")]
    Roots,
    /// The provider refuses what we ask of it.
    #[error("set up TLS for the public address")]
    Tls(#[source] rustls::Error),
}

/// Why there was no answer that says anything. It names no person.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// The name does not resolve, or nobody listens there.
    #[error("reach the public address: {0}")]
    Connection(#[source] io::Error),
    /// TLS failed: a certificate nobody vouches for, another name.
    #[error("speak TLS with the public address: {0}")]
    Tls(#[source] io::Error),
    /// What came is not HTTP.
    #[error("speak HTTP with the public address: {0}")]
    Http(#[source] hyper::Error),
    /// It took too long.
    #[error("reach the public address: no answer within {0:?}")]
    TooSlow(Duration),
    /// The body broke off or is larger than any page of a canary.
    #[error("read an answer of the public address: it broke off or is too large")]
    Body,
    /// The body is packed though nobody asked for it.
    #[error("read an answer of the public address: it is packed though nobody asked for that")]
    Packed,
    /// Another status than that of the page.
    #[error("read an answer of the public address: status {0}")]
    Status(u16),
    /// A session was not taken.
    #[error("read an answer of the public address: the canary's session was not taken")]
    SignedOut,
}

/// The way to the public address.
#[derive(Clone)]
pub struct Way {
    host: HeaderValue,
    name: ServerName<'static>,
    target: Target,
    tls: TlsConnector,
    patience: Duration,
}

#[derive(Debug, Clone)]
enum Target {
    Named(String, u16),
    Fixed(SocketAddr),
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Way").field("host", &self.host).field("target", &self.target).finish_non_exhaustive()
    }
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Way {
    /// The way to `public_url` (`https://` and a host), where certificates are those of `roots` (PEM), each answer may
    /// take `patience`, and `address` is connected to in place of what the host's name resolves to.
    ///
    /// # Errors
    /// [`BadWay`].
    pub fn new(
        public_url: &str,
        address: Option<SocketAddr>,
        roots: &[u8],
        patience: Duration,
    ) -> Result<Self, BadWay> {
        let host = public_url.strip_prefix("https://").ok_or(BadWay::Address)?;
        let authority: Authority = host.parse().map_err(|_| BadWay::Address)?;
        let bare = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(bare.clone()).map_err(|_| BadWay::Address)?;
        let target = address.map_or(Target::Named(bare, authority.port_u16().unwrap_or(443)), Target::Fixed);
        let host = HeaderValue::try_from(host).map_err(|_| BadWay::Address)?;
        Ok(Self { host, name, target, tls: tls(roots)?, patience })
    }

    /// Opens a connection.
    pub(crate) async fn open(&self) -> Result<Line<'_>, Unanswered> {
        let open = async {
            let stream = match &self.target {
                Target::Fixed(address) => TcpStream::connect(address).await,
                Target::Named(name, port) => TcpStream::connect((name.as_str(), *port)).await,
            };
            let stream = stream.map_err(Unanswered::Connection)?;
            stream.set_nodelay(true).map_err(Unanswered::Connection)?;
            let stream = self.tls.connect(self.name.clone(), stream).await.map_err(Unanswered::Tls)?;
            let (send, connection) =
                http1::handshake(TokioIo::new(stream)).await.map_err(Unanswered::Http)?;
            // It ends with its sender, or with its reason, which the sender is told.
            tokio::spawn(async move { connection.await.unwrap_or_default() });
            Ok(Line { way: self, send })
        };
        timeout(self.patience, open).await.map_err(|_| Unanswered::TooSlow(self.patience))?
    }
}

/// TLS towards whoever those authorities (PEM) vouch for.
pub(crate) fn tls(roots: &[u8]) -> Result<TlsConnector, BadWay> {
    let mut trusted = RootCertStore::empty();
    let read = CertificateDer::pem_slice_iter(roots).collect::<Result<Vec<_>, _>>();
    trusted.add_parsable_certificates(read.map_err(|_| BadWay::Roots)?);
    if trusted.is_empty() {
        return Err(BadWay::Roots);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(BadWay::Tls)?
        .with_root_certificates(trusted)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    way: &'a Way,
    send: SendRequest<Empty<Bytes>>,
}

impl Line<'_> {
    /// Asks for a page with that cookie.
    pub(crate) async fn ask(&mut self, path: &str, cookie: &HeaderValue) -> Result<Answer, Unanswered> {
        let patience = self.way.patience;
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = path.parse().map_err(|_| Unanswered::Body)?;
        let headers = request.headers_mut();
        headers.insert(HOST, self.way.host.clone());
        headers.insert(COOKIE, cookie.clone());
        headers.insert(USER_AGENT, NAME);
        headers.insert(ACCEPT, READS);
        let ask = async {
            self.send.ready().await.map_err(Unanswered::Http)?;
            let answer = self.send.send_request(request).await.map_err(Unanswered::Http)?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, LARGEST).collect().await.map_err(|_| Unanswered::Body)?.to_bytes();
            Ok(Answer { status: head.status, headers: head.headers, body })
        };
        timeout(patience, ask).await.map_err(|_| Unanswered::TooSlow(patience))?
    }
}

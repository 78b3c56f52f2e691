//! HTTP/2 over TLS: many requests at once on one connection, each on a stream of its own.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::answer::Answer;
use super::connection::{Broken, Exchange, Limits};
use super::request::Request;
use super::target::Target;

/// A connection whose clones ask at the same time.
#[derive(Debug, Clone)]
pub struct Streams {
    send: SendRequest<Full<Bytes>>,
    limits: Limits,
}

impl Streams {
    /// Opens a connection to `localhost` at that address, whose certificate is exactly that one (PEM).
    ///
    /// # Errors
    /// [`Broken`] where there is none within the limit, or where the other side does not speak HTTP/2.
    pub async fn open(target: Target, certificate: &str, limits: Limits) -> Result<Self, Broken> {
        let open = async {
            let stream = TcpStream::connect(target.address()).await?;
            stream.set_nodelay(true)?;
            let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
            let stream = TlsConnector::from(trusting(certificate)?).connect(name, stream).await?;
            if stream.get_ref().1.alpn_protocol() != Some(b"h2".as_slice()) {
                return Err(Broken::NotHttp);
            }
            let made = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
            let (send, connection) = made.map_err(|_| Broken::NotHttp)?;
            // It ends with its senders, or with its reason, which every sender is told.
            tokio::spawn(async move { connection.await.unwrap_or_default() });
            Ok(Self { send, limits })
        };
        timeout(limits.time, open).await.map_err(|_| Broken::TooSlow(limits.time))?
    }

    /// Whether it can still be asked.
    pub fn is_open(&self) -> bool {
        !self.send.is_closed()
    }

    /// Asks on a stream of its own. Status and headers are kept as HTTP/1.1 would write them, for the scanner.
    pub async fn exchange(&mut self, request: &Request) -> Exchange {
        let mut answer = Answer { status: 0, head: Vec::new(), body: Vec::new(), is_whole: false };
        let time = self.limits.time;
        let done = timeout(time, self.ask(request, &mut answer)).await;
        Exchange { broken: done.unwrap_or(Err(Broken::TooSlow(time))).err(), answer }
    }

    async fn ask(&mut self, request: &Request, answer: &mut Answer) -> Result<(), Broken> {
        let broken = |error: hyper::Error| Broken::Connection(io::Error::other(error));
        self.send.ready().await.map_err(broken)?;
        let said = self.send.send_request(request.of_stream().ok_or(Broken::NotHttp)?).await;
        let (parts, body) = said.map_err(broken)?.into_parts();
        answer.status = parts.status.as_u16();
        answer.head = head(&parts);
        let limit = self.limits.body_octets;
        let body = Limited::new(body, limit).collect().await.map_err(|_| Broken::TooLarge(limit))?;
        if let Some(trailers) = body.trailers() {
            answer.head.extend(format!("{trailers:?}").into_bytes());
        }
        answer.body = body.to_bytes().to_vec();
        answer.is_whole = true;
        Ok(())
    }
}

fn head(parts: &http::response::Parts) -> Vec<u8> {
    let mut line = String::new();
    // Writing to a text cannot fail.
    write!(line, "HTTP/2 {}\r\n", parts.status.as_u16()).unwrap_or_default();
    let mut head = line.into_bytes();
    for (name, value) in &parts.headers {
        head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    head.extend(b"\r\n");
    head
}

fn trusting(certificate: &str) -> Result<Arc<ClientConfig>, io::Error> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(io::Error::other)?;
    roots.add(certificate).map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(config))
}

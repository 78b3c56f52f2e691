//! A whole look over TLS, at a server that keeps people apart, and at ones that do not.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use honnin_testkit::SeededEntropy;
use http::header::{CACHE_CONTROL, COOKIE, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

const CERTIFICATE: &[u8] = include_bytes!("../../drill/src/kit/harness/localhost-certificate.pem");
const KEY: &[u8] = include_bytes!("../../drill/src/kit/harness/localhost-key.pem");
/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// What stands between the canaries and their pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Between {
    Nothing,
    /// What was answered first under a path is answered to everybody.
    Cache,
    /// What was answered first to each of them is answered to her again.
    CacheForEach,
    /// It never answers.
    Silence,
    /// It answers with more than anybody takes.
    Flood,
}

type Kept = Arc<Mutex<HashMap<(String, String), Bytes>>>;

/// A page of whoever the cookie names: `canary=MARK`.
fn page(path: &str, cookie: &str, between: Between, kept: &Kept) -> Option<Bytes> {
    let mark = cookie.trim_start_matches("canary=");
    // Her bill has her mark for an id; nobody else has it.
    let bill = path.rsplit_once("bills/").map(|(_, id)| id);
    let body = Bytes::from(match bill {
        Some(id) if id != mark => return None,
        Some(_) | None => format!("<p>{mark}</p>"),
    });
    let key = match between {
        Between::Cache => String::new(),
        Between::CacheForEach => mark.split('-').take(3).collect(),
        Between::Nothing | Between::Silence | Between::Flood => return Some(body),
    };
    Some(kept.lock().unwrap().entry((path.to_owned(), key)).or_insert(body).clone())
}

async fn answer(request: Request<Incoming>, between: Between, kept: Kept) -> Response<Full<Bytes>> {
    if between == Between::Silence {
        std::future::pending::<()>().await;
    }
    let cookie = request.headers().get(COOKIE).unwrap().to_str().unwrap().to_owned();
    let body = if between == Between::Flood {
        Some(Bytes::from(vec![b'x'; 1 << 20]))
    } else {
        page(request.uri().path(), &cookie, between, &kept)
    };
    let mut response = Response::new(Full::new(body.clone().unwrap_or_default()));
    if body.is_none() {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}

async fn serve(between: Between) -> SocketAddr {
    let chain = CertificateDer::pem_slice_iter(CERTIFICATE).collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let kept = Kept::default();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, kept) = (acceptor.clone(), Arc::clone(&kept));
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = service_fn(move |request| {
                    let kept = Arc::clone(&kept);
                    async move { Ok::<_, Infallible>(answer(request, between, kept).await) }
                });
                drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
            });
        }
    });
    at
}

fn canaries(seed: u64) -> [Canary; 2] {
    let entropy = SeededEntropy::new(seed);
    Which::BOTH.map(|which| {
        let mark = Mark::draw(which, &entropy);
        let (cookie, bill) = (format!("canary={mark}"), mark.to_string());
        Canary::new(which, &cookie, mark, bill).unwrap()
    })
}

async fn looked(between: Between, patience: Duration) -> (Way, Seen) {
    let at = serve(between).await;
    let way = Way::new("https://localhost", Some(at), CERTIFICATE, patience).unwrap();
    let seen = full(&way, &canaries(1)).await;
    (way, seen)
}

#[tokio::test]
async fn a_whole_look_passes_where_everybody_is_given_her_own() {
    let (way, seen) = looked(Between::Nothing, PATIENCE).await;
    // Each page four times; a bill of each twice.
    let expected = u32::try_from(PAGES.len()).unwrap() * 4 + 4;
    assert!(matches!(seen, Seen::Apart(answers) if answers == expected), "{seen:?}");
    for turn in 0..10 {
        let seen = one_of(&way, &canaries(2 + turn), turn).await;
        assert!(matches!(seen, Seen::Apart(4 | 6)), "{turn}: {seen:?}");
    }
}

#[tokio::test]
async fn a_cache_for_everybody_is_seen_at_once_and_one_for_each_at_the_second_look() {
    let (_, seen) = looked(Between::Cache, PATIENCE).await;
    assert!(matches!(seen, Seen::Mixed(Finding { fault: Fault::Foreign, page: "/lines" })), "{seen:?}");
    let (way, seen) = looked(Between::CacheForEach, PATIENCE).await;
    assert!(matches!(seen, Seen::Apart(_)), "{seen:?}");
    let seen = one_of(&way, &canaries(2), 0).await;
    assert!(matches!(seen, Seen::Mixed(Finding { fault: Fault::Stale, page: "/lines" })), "{seen:?}");
}

#[tokio::test]
async fn who_is_silent_or_says_too_much_or_is_somebody_else_says_nothing_of_the_path() {
    let (_, seen) = looked(Between::Silence, Duration::from_millis(200)).await;
    assert!(matches!(seen, Seen::Unanswered(Unanswered::TooSlow(_))), "{seen:?}");
    let (_, seen) = looked(Between::Flood, PATIENCE).await;
    assert!(matches!(seen, Seen::Unanswered(Unanswered::Body)), "{seen:?}");
    let at = serve(Between::Nothing).await;
    let elsewhere = Way::new("https://my.example.jp", Some(at), CERTIFICATE, PATIENCE).unwrap();
    let seen = full(&elsewhere, &canaries(1)).await;
    assert!(matches!(seen, Seen::Unanswered(Unanswered::Tls(_))), "{seen:?}");
    assert!(matches!(Way::new("http://localhost", None, CERTIFICATE, PATIENCE), Err(BadWay::Address)));
    assert!(matches!(Way::new("https://localhost", None, b"", PATIENCE), Err(BadWay::Roots)));
}

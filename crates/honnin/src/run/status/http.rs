//! Serves the files of the status page from memory: nothing a request says is looked for on a disk.

use std::convert::Infallible;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName,
    HeaderValue, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::site::Site;

/// Connections at once; one more waits. A page is a few kilobytes from memory.
const CONNECTIONS: usize = 1_000;
/// How long a head may take, and a connection as a whole.
const HEAD: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(30);

/// What every answer says; it is for everybody.
const HEADERS: [(HeaderName, &str); 5] = [
    (CACHE_CONTROL, "public, max-age=5"),
    (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// Answers until the runtime ends.
pub(super) async fn run(listener: TcpListener, site: Arc<RwLock<Arc<Site>>>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let site = Arc::clone(&site);
        tokio::spawn(async move {
            let answering = service_fn(move |request: Request<Incoming>| {
                let now = Arc::clone(&site.read().unwrap_or_else(PoisonError::into_inner));
                let answer = answer(request.method(), request.uri().path(), &now);
                async move { Ok::<_, Infallible>(answer) }
            });
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(HEAD);
            drop(timeout(PATIENCE, builder.serve_connection(TokioIo::new(stream), answering)).await);
            drop(permit);
        });
    }
}

/// What is answered on a path.
pub(super) fn answer(method: &Method, path: &str, site: &Site) -> Response<Full<Bytes>> {
    let name = path.strip_prefix('/').unwrap_or_default();
    let named =
        if name.is_empty() || name.ends_with('/') { format!("{name}index.html") } else { name.to_owned() };
    let is_read = method == Method::GET || method == Method::HEAD;
    let (status, kind, body) = match site.get(&named) {
        _ if !is_read => (StatusCode::METHOD_NOT_ALLOWED, "text/plain", Bytes::from_static(b"GET\n")),
        Some(file) => (StatusCode::OK, file.kind, Bytes::copy_from_slice(&file.octets)),
        None if site.contains_key(&format!("{name}/index.html")) => {
            (StatusCode::PERMANENT_REDIRECT, "text/plain", Bytes::new())
        }
        None => (StatusCode::NOT_FOUND, "text/plain", Bytes::from_static(b"not found\n")),
    };
    // The length of what is not sent is told by the server itself.
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    // The name is one of ours: it was found.
    if status == StatusCode::PERMANENT_REDIRECT
        && let Ok(to) = HeaderValue::from_str(&format!("/{name}/"))
    {
        headers.insert(LOCATION, to);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::status::site::File;

    #[test]
    fn the_status_page_answers_what_is_in_it_and_nothing_else() {
        let file = || File { kind: "text/html; charset=utf-8", octets: b"<p>".to_vec() };
        let site: Site = [("index.html", file()), ("en/index.html", file())]
            .map(|(path, file)| (path.to_owned(), file))
            .into_iter()
            .collect();
        let ask = |method: Method, path: &str| answer(&method, path, &site).status().as_u16();
        assert_eq!(
            [ask(Method::GET, "/"), ask(Method::HEAD, "/en/"), ask(Method::GET, "/en")],
            [200, 200, 308]
        );
        for path in ["/../honnin.toml", "/en/../index.html", "/record", "//index.html", "/index.html/", ""] {
            let expected = if path.is_empty() { 200 } else { 404 };
            assert_eq!(ask(Method::GET, path), expected, "{path:?}");
        }
        assert_eq!(ask(Method::POST, "/"), 405);
        let headers = answer(&Method::GET, "/", &site).headers().clone();
        assert!(headers[CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("default-src 'none'"));
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    }
}

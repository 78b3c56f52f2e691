//! The bare handler: axum, the same bytes, nothing else.

use std::path::Path;

use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::routing::get;
use bytes::Bytes;

/// Serves the answer in that file on a free port and prints the address, on one thread or on as many as there are
/// cores. Never returns.
pub(crate) fn serve(file: &Path, one_thread: bool) {
    let answer = std::fs::read(file).expect("read the answer");
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("an end of the headers");
    let head = String::from_utf8(answer[..end].to_vec()).expect("headers are text");
    let body = Bytes::from(answer[end + 4..].to_vec());
    let mut headers = HeaderMap::new();
    for line in head.lines().skip(1) {
        let (name, value) = line.split_once(": ").expect("a header");
        // Written by the server itself, for both.
        if !matches!(name.to_ascii_lowercase().as_str(), "content-length" | "date" | "connection") {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
            headers.append(name, HeaderValue::from_str(value).expect("a header value"));
        }
    }
    let handler = move || {
        let (headers, body) = (headers.clone(), body.clone());
        async move { (headers, body) }
    };
    let mut builder = if one_thread {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    };
    let runtime = builder.enable_all().build().expect("a runtime");
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        println!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new()
            .route("/api/v1/lines/{line}/home", get(handler.clone()))
            .route("/lines/{line}", get(handler));
        axum::serve(listener, router).await.expect("serve");
    });
}

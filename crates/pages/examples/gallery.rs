//! Shows every sample page without the rest of the product, for audits and for eyes.
//!
//! `gallery DIR` writes them as files; `gallery --listen 127.0.0.1:PORT` serves them: `/ja/auto/home-usual`.

#[path = "../samples/mod.rs"]
mod samples;

use std::error::Error;
use std::path::Path;

use std::convert::Infallible;

use bytes::Bytes;
use honnin_pages::assets;
use honnin_pages::page::Theme;
use honnin_pages::words::Language;
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use samples::{Sample, Studio};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--listen", address] => {
            let listener = tokio::net::TcpListener::bind(address).await?;
            loop {
                let (stream, _) = listener.accept().await?;
                let service = service_fn(|request| async move { Ok::<_, Infallible>(answer(&request)) });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        }
        [folder] => write(Path::new(folder))?,
        _ => return Err("say a folder, or --listen and an address".into()),
    }
    Ok(())
}

fn write(folder: &Path) -> Result<(), Box<dyn Error>> {
    for language in Language::all().iter().copied() {
        for (name, _, sheet, rows) in Studio::new(language, Theme::Auto).kept() {
            std::fs::create_dir_all(folder.join(language.tag()))?;
            std::fs::write(folder.join(language.tag()).join(format!("{name}.pdf")), sheet)?;
            std::fs::write(folder.join(language.tag()).join(format!("{name}.csv")), rows)?;
        }
        for theme in Theme::ALL {
            let place = folder.join(language.tag()).join(theme.word());
            std::fs::create_dir_all(&place)?;
            for sample in Studio::new(language, theme).all() {
                std::fs::write(place.join(format!("{}.html", sample.name)), &sample.html)?;
            }
        }
    }
    Ok(())
}

fn answer(request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    let wished =
        request.headers().get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("");
    let mut response = Response::builder().header(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if let Some(served) = assets::find(path, wished) {
        response = response
            .header(header::CONTENT_TYPE, served.content_type)
            .header(header::CACHE_CONTROL, assets::cache_control(path));
        if let Some(encoding) = served.content_encoding {
            response = response.header(header::CONTENT_ENCODING, encoding);
        }
        return response.body(Bytes::from_static(served.body).into()).unwrap_or_default();
    }
    if path.ends_with("/speed/state") {
        let answered = Studio::new(Language::JA, Theme::Auto).polls();
        let body = answered.into_iter().find(|(name, _)| *name == "speed-confirmed").map(|(_, body)| body);
        response = response.header(header::CONTENT_TYPE, "application/json");
        return response.body(Bytes::from(body.unwrap_or_default()).into()).unwrap_or_default();
    }
    let html = page(path).unwrap_or_default();
    let policy = if path.ends_with("/closed") { assets::ALONE_CSP } else { assets::PAGE_CSP };
    response = response
        .status(if html.is_empty() { StatusCode::NOT_FOUND } else { StatusCode::OK })
        .header(header::CONTENT_TYPE, "text/html; charset=utf-8")
        .header(header::CACHE_CONTROL, "private, no-store")
        .header(header::CONTENT_SECURITY_POLICY, policy);
    response.body(Bytes::from(html).into()).unwrap_or_default()
}

/// The sample at `/ja/auto/home-usual`; a list of all at `/`.
fn page(path: &str) -> Option<String> {
    let mut parts = path.trim_matches('/').split('/');
    let Some(language) = Language::from_tag(parts.next()?) else {
        return Some(list());
    };
    let studio = Studio::new(language, Theme::from_word(parts.next()?)?);
    let name = parts.next()?;
    studio.all().into_iter().find(|sample| sample.name == name).map(|sample| sample.html)
}

fn list() -> String {
    let names = Studio::new(Language::JA, Theme::Auto).all();
    let links = names.iter().map(|Sample { name, has_figures, html }| {
        let figures = if *has_figures { ", figures" } else { "" };
        format!("<li><a href=\"/ja/auto/{name}\">{name}</a> {} octets{figures}", html.len())
    });
    format!("<!doctype html><title>Gallery</title><ul>{}</ul>", links.collect::<String>())
}

//! Whether the service lives, and the files at well-known places.

use bytes::Bytes;
use honnin_pages::assets;
use honnin_pages::page::paths::pattern;
use http::StatusCode;
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, VARY};

use super::answer::{Answer, HTML, Kind, Refusal};
use super::app::{App, Ask};
use super::code::Code;
use super::gzip;

/// How long `security.txt` says it can be relied on. RFC 9116 §2.5.5 advises less than a year.
const SECURITY_TEXT_SECONDS: i64 = 180 * 24 * 3600;

#[expect(clippy::unnecessary_wraps, reason = "the shape of handlers")]
pub(super) fn healthz(_app: &App, _ask: &Ask) -> Result<Answer, Refusal> {
    Ok(Answer::public(Kind::Text, "ok\n"))
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of handlers")]
pub(super) fn readyz(app: &App, _ask: &Ask) -> Result<Answer, Refusal> {
    // The same word and the same status as on the operator's own listener.
    let mode = app.wiring.care.house().mode();
    let status = if mode.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok(Answer::public(Kind::Text, format!("{}\n", mode.says())).status(status))
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of handlers")]
pub(super) fn openapi(app: &App, _ask: &Ask) -> Result<Answer, Refusal> {
    Ok(Answer::public(Kind::Json, app.openapi.clone()))
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of handlers")]
pub(super) fn change_password(_app: &App, _ask: &Ask) -> Result<Answer, Refusal> {
    Ok(Answer::see_other(pattern::PASSWORD))
}

pub(super) fn security_text(app: &App, _ask: &Ask) -> Result<Answer, Refusal> {
    let contact = app.wiring.security_contact.as_ref().ok_or(Code::NotFound)?;
    let expires = app.wiring.care.now().plus_seconds(SECURITY_TEXT_SECONDS);
    let text = format!("Contact: {contact}\nExpires: {expires}\nPreferred-Languages: ja, en\n");
    Ok(Answer::public(Kind::Text, text))
}

/// A file of the operator's own look, packed when the product started where that is of use.
fn brand_file(app: &App, ask: &Ask) -> Option<Answer> {
    let path = ask.parts.uri.path();
    let (file, packed) = app.brand.iter().find(|(file, _)| file.path == path)?;
    let fixed = HeaderValue::from_static;
    let packed = packed.as_ref().filter(|_| gzip::is_taken(&ask.parts.headers));
    let body = packed.map_or_else(|| Bytes::copy_from_slice(&file.body), Bytes::clone);
    let answer = Answer::public(kind(file.content_type, path), body)
        .with(CONTENT_TYPE, fixed(file.content_type))
        .with(CACHE_CONTROL, fixed(assets::cache_control(path)))
        .with(VARY, fixed("Accept-Encoding"));
    Some(if packed.is_some() { answer.with(CONTENT_ENCODING, fixed("gzip")) } else { answer })
}

fn kind(content_type: &str, path: &str) -> Kind {
    match content_type {
        HTML => Kind::Built,
        _ if path == assets::SW_JS => Kind::Worker,
        _ => Kind::File,
    }
}

/// The files every visitor may have.
pub(super) fn file(app: &App, ask: &Ask) -> Result<Answer, Refusal> {
    let accepted =
        ask.parts.headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // The operator's own worker and offline page stand in the place of ours.
    if let Some(answer) = brand_file(app, ask) {
        return Ok(answer);
    }
    let path = ask.parts.uri.path();
    let served = assets::find(path, accepted).ok_or(Code::NotFound)?;
    let fixed = HeaderValue::from_static;
    let mut answer = Answer::public(kind(served.content_type, path), served.body)
        .with(CONTENT_TYPE, fixed(served.content_type))
        .with(CACHE_CONTROL, fixed(assets::cache_control(path)));
    if let Some(encoding) = served.content_encoding {
        answer = answer.with(CONTENT_ENCODING, fixed(encoding));
    }
    Ok(if served.varies { answer.with(VARY, fixed("Accept-Encoding")) } else { answer })
}

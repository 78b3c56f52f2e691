//! Whether the service lives, and the files at well-known places.

use http::StatusCode;

use super::answer::{Answer, Kind, Refusal};
use super::app::{App, Ask};
use super::code::Code;

/// How long `security.txt` says it can be relied on. RFC 9116 §2.5.5 advises less than a year.
const SECURITY_TEXT_SECONDS: i64 = 180 * 24 * 3600;

#[expect(clippy::unnecessary_wraps, reason = "the shape of handlers")]
pub(super) fn healthz(_app: &App, _ask: &Ask) -> Result<Answer, Refusal> {
    Ok(Answer::public(Kind::Text, "ok\n"))
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of handlers")]
pub(super) fn readyz(app: &App, _ask: &Ask) -> Result<Answer, Refusal> {
    let stopping = || Answer::public(Kind::Text, "stopping\n").status(StatusCode::SERVICE_UNAVAILABLE);
    Ok(if app.is_ready() { Answer::public(Kind::Text, "ready\n") } else { stopping() })
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of handlers")]
pub(super) fn openapi(app: &App, _ask: &Ask) -> Result<Answer, Refusal> {
    Ok(Answer::public(Kind::Json, app.openapi.clone()))
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of handlers")]
pub(super) fn change_password(_app: &App, _ask: &Ask) -> Result<Answer, Refusal> {
    Ok(Answer::see_other("/settings"))
}

pub(super) fn security_text(app: &App, _ask: &Ask) -> Result<Answer, Refusal> {
    let contact = app.wiring.security_contact.as_ref().ok_or(Code::NotFound)?;
    let expires = app.wiring.clock.now().plus_seconds(SECURITY_TEXT_SECONDS);
    let text = format!("Contact: {contact}\nExpires: {expires}\nPreferred-Languages: ja, en\n");
    Ok(Answer::public(Kind::Text, text))
}

//! Export of one's own data: begin, ask, fetch. The same for people and for programs.

use honnin_access::Session;
use honnin_care::{Channel, ExportState, Visit};
use honnin_pages::page::paths::Address;
use honnin_pages::page::{ExportPage, Nav};
use honnin_terms::ExportId;
use http::header::{LOCATION, RETRY_AFTER};
use http::{HeaderValue, StatusCode};

use super::answer::{Answer, EXPORT, HTML, Kind, Refusal};
use super::app::{App, Ask};
use super::code::Code;
use super::json;

/// Seconds after which to ask again how far an export is.
const AGAIN: u32 = 2;

/// The name of the file: the same for everybody.
const FILE_NAME: &str = "my-data.json";

pub(super) async fn page(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let state = app.wiring.care.export_state(session).await?;
    let disclosed = app.wiring.care.me(Visit { session, channel: Channel::Page }).await?;
    Ok(Answer::personal(disclosed.body(HTML, |me| {
        ExportPage { shell: app.own_frame(ask, Some(me), Nav::Settings), state }.render().into_bytes()
    })))
}

pub(super) async fn begin_page(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    app.wiring.care.begin_export(Visit { session, channel: Channel::Page }, app.source(ask), None).await?;
    Ok(Answer::see_other(&Address::Export.to_string()))
}

pub(super) async fn begin_api(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let state = app
        .wiring
        .care
        .begin_export(Visit { session, channel: Channel::Api }, app.source(ask), ask.idempotency_key()?)
        .await?;
    let place =
        HeaderValue::try_from(format!("/api/v1/exports/{}", state.export)).map_err(|_| Code::Internal)?;
    Ok(told(app, &state).status(StatusCode::ACCEPTED).with(LOCATION, place))
}

pub(super) async fn state_api(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let export = ask.id::<ExportId>()?;
    let state = app.wiring.care.export_state(session).await?.filter(|state| state.export == export);
    Ok(told(app, &state.ok_or(Code::NotFound)?))
}

pub(super) async fn file_page(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    file(app, ask, session, Channel::Page).await
}

pub(super) async fn file_api(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    file(app, ask, session, Channel::Api).await
}

/// How far an export is says nothing of anybody, so it does not pass the gate.
fn told(app: &App, state: &ExportState) -> Answer {
    let body = json::export_state(state, app.wiring.care.zone());
    let answer = Answer { kind: Kind::Json, body: body.into(), ..Answer::empty(StatusCode::OK) };
    if state.stage.is_under_way() { answer.with(RETRY_AFTER, HeaderValue::from(AGAIN)) } else { answer }
}

/// Opens a finished export and has it written, off the threads that answer.
async fn file(app: &App, ask: &Ask, session: &Session, channel: Channel) -> Result<Answer, Refusal> {
    let export = ask.id::<ExportId>()?;
    let place = app.desk.place(session.account(), app.source(ask))?;
    let disclosed = app.wiring.care.fetch_export(Visit { session, channel }, export).await?;
    let zone = app.wiring.care.zone().clone();
    let body = place.work(move || disclosed.body(EXPORT, |held| json::export(held, &zone))).await?;
    Ok(Answer::personal(body).kept_as(FILE_NAME))
}

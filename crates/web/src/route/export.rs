//! Export of one's own data: begin, ask, fetch. The same for people and for programs.

use std::sync::Arc;

use honnin_access::Session;
use honnin_care::{Channel, ExportState, Visit};
use honnin_pages::page::paths::Address;
use honnin_pages::page::{ExportPage, Nav};
use honnin_terms::ExportId;
use http::StatusCode;
use tokio::runtime::Handle;

use super::answer::{Answer, EXPORT, HTML, Kind, Refusal};
use super::app::{App, Ask};
use super::code::Code;
use super::json;

/// The name of the file: the same for everybody.
const FILE_NAME: &str = "my-data.json";

pub(super) async fn page(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let state = app.wiring.care.export_state(session);
    let disclosed = app.wiring.care.me(Visit { session, channel: Channel::Page }).await?;
    Ok(Answer::personal(disclosed.body(HTML, |me| {
        ExportPage { shell: app.own_frame(ask, Some(me), Nav::Settings), state }.render().into_bytes()
    })))
}

pub(super) async fn begin_page(app: &App, _ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    begin(app, session)?;
    Ok(Answer::see_other(&Address::Export.to_string()))
}

pub(super) async fn begin_api(app: &App, _ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    Ok(told(app, &begin(app, session)?).status(StatusCode::ACCEPTED))
}

pub(super) async fn state_api(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let export = ask.id::<ExportId>()?;
    let state = app.wiring.care.export_state(session).filter(|state| state.export == export);
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
    Answer { kind: Kind::Json, body: body.into(), ..Answer::empty(StatusCode::OK) }
}

/// Hands an export over to be made. Asking again while it is made begins no second one.
fn begin(app: &App, session: &Session) -> Result<ExportState, Refusal> {
    let care = &app.wiring.care;
    if let Some(under_way) = care.export_state(session).filter(|state| state.stage.is_under_way()) {
        return Ok(under_way);
    }
    let place = app.export_desk.place()?;
    if let Some(work) = care.begin_export(session)? {
        let (care, runtime) = (Arc::clone(care), Handle::current());
        place.hand_over(move || runtime.block_on(work.make(&care)));
    }
    care.export_state(session).ok_or(Code::Internal.into())
}

/// Opens and writes a finished export, off the threads that answer.
async fn file(app: &App, ask: &Ask, session: &Session, channel: Channel) -> Result<Answer, Refusal> {
    let export = ask.id::<ExportId>()?;
    let place = app.desk.place()?;
    let (care, session, runtime) = (Arc::clone(&app.wiring.care), session.for_work(), Handle::current());
    let fetched = place.work(move || {
        let visit = Visit { session: &session, channel };
        let disclosed = runtime.block_on(care.fetch_export(visit, export))?;
        Ok::<_, Refusal>(disclosed.body(EXPORT, |held| json::export(held, care.zone())))
    });
    Ok(Answer::personal(fetched.await??).kept_as(FILE_NAME))
}

//! A bill as a document, for people and for programs: the same octets by the same way out.

use std::sync::Arc;

use honnin_access::Session;
use honnin_care::facts::{Bill, Shown};
use honnin_care::{BillForm, Channel, Disclosed, Visit};
use honnin_pages::document::BillDocument;
use honnin_terms::BillId;

use super::answer::{Answer, CSV, PDF, Refusal};
use super::app::{App, Ask};
use super::code::Code;

pub(super) async fn pdf_page(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    made(app, ask, Visit { session, channel: Channel::Page }, BillForm::Sheet).await
}

pub(super) async fn csv_page(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    made(app, ask, Visit { session, channel: Channel::Page }, BillForm::Rows).await
}

pub(super) async fn pdf_api(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    made(app, ask, Visit { session, channel: Channel::Api }, BillForm::Sheet).await
}

pub(super) async fn csv_api(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    made(app, ask, Visit { session, channel: Channel::Api }, BillForm::Rows).await
}

async fn made(app: &App, ask: &Ask, visit: Visit<'_>, form: BillForm) -> Result<Answer, Refusal> {
    let bill = ask.id::<BillId>()?;
    let place = app.desk.place(visit.session.account(), app.source(ask))?;
    let disclosed: Disclosed<Shown<Bill>> = app.wiring.care.bill_document(visit, bill, form).await?;
    let (care, press) = (Arc::clone(&app.wiring.care), Arc::clone(&app.press));
    let (operator, language) = (app.wiring.operator.clone(), ask.language());
    let written = place.work(move || {
        let mut name = String::new();
        let (media, ending) = match form {
            BillForm::Sheet => (PDF, "pdf"),
            BillForm::Rows => (CSV, "csv"),
        };
        let body = disclosed.try_body(media, |Shown { me, facts }| {
            // Whose it is was put beside it by the use case; without that there is no document.
            let me = me.as_ref().ok_or(Code::Internal)?;
            let (now, zone) = (care.now(), care.zone());
            let document = BillDocument { language, operator: &operator, zone, now, me, facts };
            name = format!("{}.{ending}", document.file_name());
            match form {
                BillForm::Sheet => document.pdf(&press).map_err(|error| {
                    tracing::warn!(%error, "a bill was not printed");
                    Code::DocumentTooLarge
                }),
                BillForm::Rows => Ok(document.csv()),
            }
        });
        body.map(|body| (body, name))
    });
    let (body, name) = written.await??;
    Ok(Answer::personal(body).kept_as(&name))
}

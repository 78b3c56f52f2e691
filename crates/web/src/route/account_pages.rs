//! Pages of the account, and notices to everybody.

use honnin_access::{Session, SessionKind};
use honnin_care::facts::Shown;
use honnin_care::{Channel, NameError, Visit};
use honnin_pages::page::paths::Address;
use honnin_pages::page::{
    BillPage, BillsPage, DevicesPage, DisclosuresPage, HelpPage, LinesPage, Nav, NoticePage, NoticesPage,
    Said, SettingsPage,
};
use honnin_terms::{BillId, EntryRef, HoldingId, NoticeId, SessionId};
use http::StatusCode;

use super::answer::{Answer, HTML, Refusal};
use super::app::{App, Ask};

/// Disclosures on one page.
const DISCLOSURES: usize = 50;

const fn visit(session: &Session) -> Visit<'_> {
    Visit { session, channel: Channel::Page }
}

/// Leads to home of the first line; to the list where there is none; to sign-in where nobody is signed in.
pub(super) async fn root(app: &App, ask: &Ask, session: Option<&Session>) -> Result<Answer, Refusal> {
    let Some(session) = session else { return Ok(Answer::see_other(&Address::SignIn.to_string())) };
    let disclosed = app.wiring.care.me(visit(session)).await?;
    let path = disclosed.body(HTML, |me| {
        let first = me.lines.first().map_or(Address::Lines, |head| Address::Home(head.line));
        first.to_string().into_bytes()
    });
    let path = app.hand_over(path, ask).await?;
    Ok(Answer::see_other(&String::from_utf8_lossy(&path)))
}

pub(super) async fn lines(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let disclosed = app.wiring.care.board(visit(session)).await?;
    Ok(Answer::personal(disclosed.body(HTML, |Shown { me: _, facts }| {
        let shell = app.own_frame(ask, Some(&facts.me), Nav::Home);
        LinesPage { shell, facts, unnamed: None }.render().into_bytes()
    })))
}

/// Names a line and goes back to the board; where the text is no name, the board says why.
pub(super) async fn name_line(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let line = ask.id::<HoldingId>()?;
    let why = match app.wiring.care.name_line(visit(session), line, ask.form("name").as_deref()).await {
        Ok(()) => return Ok(ask.go_on(Address::Lines, Said::Named)),
        Err(NameError::Care(error)) => return Err(error.into()),
        Err(NameError::Name(why)) => why,
    };
    let disclosed = app.wiring.care.board(visit(session)).await?;
    let answer = Answer::personal(disclosed.body(HTML, |Shown { me: _, facts }| {
        let shell = app.own_frame(ask, Some(&facts.me), Nav::Home);
        LinesPage { shell, facts, unnamed: Some((line, why)) }.render().into_bytes()
    }));
    Ok(answer.status(StatusCode::UNPROCESSABLE_ENTITY))
}

pub(super) async fn settings(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let disclosed = app.wiring.care.me(visit(session)).await?;
    Ok(Answer::personal(disclosed.body(HTML, |me| {
        SettingsPage { shell: app.own_frame(ask, Some(me), Nav::Settings), me }.render().into_bytes()
    })))
}

pub(super) async fn bills(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let disclosed = app.wiring.care.bills(visit(session)).await?;
    Ok(Answer::personal(disclosed.body(HTML, |Shown { me, facts }| {
        BillsPage { shell: app.own_frame(ask, me.as_ref(), Nav::Bills), facts }.render().into_bytes()
    })))
}

pub(super) async fn bill(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let disclosed = app.wiring.care.bill(visit(session), ask.id::<BillId>()?).await?;
    Ok(Answer::personal(disclosed.body(HTML, |Shown { me, facts }| {
        let member = me.as_ref().map(|me| me.login.as_str());
        BillPage { shell: app.own_frame(ask, me.as_ref(), Nav::Bills), facts, member }.render().into_bytes()
    })))
}

pub(super) async fn disclosures(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let before = ask.query_as::<EntryRef>("before")?;
    let disclosed = app.wiring.care.disclosures(visit(session), app.source(ask), before, DISCLOSURES).await?;
    Ok(Answer::personal(disclosed.body(HTML, |Shown { me, facts }| {
        let shell = app.own_frame(ask, me.as_ref(), Nav::Settings);
        let lines = me.as_ref().map(|me| me.lines.as_slice()).unwrap_or_default();
        DisclosuresPage { shell, facts, lines, older: before.is_some() }.render().into_bytes()
    })))
}

pub(super) async fn devices(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let disclosed = app.wiring.care.devices(visit(session)).await?;
    Ok(Answer::personal(disclosed.body(HTML, |Shown { me, facts }| {
        DevicesPage { shell: app.own_frame(ask, me.as_ref(), Nav::Settings), facts }.render().into_bytes()
    })))
}

pub(super) async fn end_device(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let ended = ask.id::<SessionId>()?;
    let is_token = session.kind_of(ended) == Some(SessionKind::Token);
    app.wiring.care.end_device(visit(session), ended).await?;
    let (back, said) =
        if is_token { (Address::Tokens, Said::TokenEnded) } else { (Address::Devices, Said::DeviceEnded) };
    Ok(ask.go_on(back, said))
}

pub(super) async fn end_other_devices(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    app.wiring.care.end_other_devices(visit(session)).await?;
    Ok(ask.go_on(Address::Devices, Said::DeviceEnded))
}

pub(super) async fn help(app: &App, ask: &Ask, session: Option<&Session>) -> Result<Answer, Refusal> {
    Ok(Answer::form(HelpPage { shell: app.open_frame(ask, session.is_some(), Nav::None) }.render()))
}

pub(super) async fn notices(app: &App, ask: &Ask, session: Option<&Session>) -> Result<Answer, Refusal> {
    let facts = app.notices().await?;
    Ok(Answer::form(
        NoticesPage { shell: app.open_frame(ask, session.is_some(), Nav::Notices), facts: &facts }.render(),
    ))
}

pub(super) async fn notice(app: &App, ask: &Ask, session: Option<&Session>) -> Result<Answer, Refusal> {
    let facts = app.wiring.care.notice(ask.id::<NoticeId>()?).await?;
    Ok(Answer::form(
        NoticePage { shell: app.open_frame(ask, session.is_some(), Nav::Notices), facts: &facts }.render(),
    ))
}

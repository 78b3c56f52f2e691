//! The JSON API: the same use cases as the pages, through the same gate.

use std::borrow::Cow;

use bytes::Bytes;
use honnin_access::Session;
use honnin_care::{Channel, SpeedWish, Visit};
use honnin_terms::{BillId, EntryRef, HoldingId, Month};
use http::StatusCode;
use http::header::{HeaderValue, LINK};
use serde::Deserialize;

use super::answer::{Answer, JSON, Kind, Refusal};
use super::app::{App, Ask};
use super::code::Code;
use super::json;

/// Lines on one page of the list where the caller does not say.
const LINES: usize = 100;

/// Most lines on one page of the list.
const MOST_LINES: usize = 1000;

const fn visit(session: &Session) -> Visit<'_> {
    Visit { session, channel: Channel::Api }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignInBody<'a> {
    #[serde(borrow)]
    login: Cow<'a, str>,
    #[serde(borrow)]
    password: Cow<'a, str>,
}

pub(super) async fn sign_in(app: &App, ask: &Ask) -> Result<Answer, Refusal> {
    let SignInBody { login, password } = ask.json()?;
    let device = app.device(ask);
    let signed_in = app.wiring.care.sign_in(&login, &password, device, &ask.stream).await?;
    #[cfg(honnin_faults)]
    let signed_in = app.planted.signed_in(signed_in);
    // A token is not a fact about her: it is what she will be known by, so it does not pass the gate.
    let body = Bytes::from(json::token(&signed_in.token.reveal()));
    let answer = Answer { kind: Kind::Json, body, ..Answer::empty(StatusCode::CREATED) };
    app.signed_in(ask, &login, answer, &signed_in).await
}

pub(super) async fn sign_out(app: &App, _ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    app.wiring.care.sign_out(session).await?;
    Ok(app.signed_out(Answer::empty(StatusCode::NO_CONTENT)))
}

pub(super) async fn me(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let after = ask.query_as::<HoldingId>("after")?;
    let limit = ask.query_as::<usize>("limit")?.unwrap_or(LINES);
    if limit == 0 || limit > MOST_LINES {
        return Err(Refusal::because(Code::Invalid, "limit"));
    }
    let disclosed = app.wiring.care.me(visit(session)).await?;
    let mut next = None;
    let body = disclosed.try_body(JSON, |me| {
        let from = match after {
            None => 0,
            Some(after) => me
                .lines
                .iter()
                .position(|head| head.line == after)
                .map(|place| place + 1)
                // A line that is not hers is answered as one that is not there, here as in a path.
                .ok_or(Code::NotFound)?,
        };
        let rest = me.lines.get(from..).unwrap_or_default();
        let page = rest.get(..limit).unwrap_or(rest);
        next = page.last().filter(|_| page.len() < rest.len()).map(|head| head.line);
        Ok::<_, Code>(json::me(me, page, next, session.role().word()))
    });
    let answer = Answer::personal(body.map_err(Refusal::from)?);
    let link = next.map(|line| format!("</api/v1/me?after={line}&limit={limit}>; rel=\"next\""));
    let link = link.and_then(|link| HeaderValue::try_from(link).ok());
    Ok(link.into_iter().fold(answer, |answer, link| answer.with(LINK, link)))
}

pub(super) async fn home(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let care = &app.wiring.care;
    let disclosed = care.home(visit(session), ask.id()?).await?;
    Ok(Answer::personal(disclosed.body(JSON, |shown| json::home(&shown.facts, care.zone()))))
}

pub(super) async fn buckets(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let care = &app.wiring.care;
    let disclosed = care.buckets(visit(session), ask.id()?).await?;
    Ok(Answer::personal(disclosed.body(JSON, |shown| json::buckets(&shown.facts, care.zone()))))
}

pub(super) async fn usage(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let care = &app.wiring.care;
    let month = ask.query_as::<Month>("month")?;
    let disclosed = care.usage(visit(session), ask.id()?, month).await?;
    Ok(Answer::personal(disclosed.body(JSON, |shown| json::usage(&shown.facts, care.zone()))))
}

pub(super) async fn purchases(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let care = &app.wiring.care;
    let disclosed = care.purchases(visit(session), ask.id()?).await?;
    Ok(Answer::personal(disclosed.body(JSON, |shown| json::purchases(&shown.facts, care.zone()))))
}

pub(super) async fn contract(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let care = &app.wiring.care;
    let disclosed = care.contract(visit(session), ask.id()?).await?;
    Ok(Answer::personal(disclosed.body(JSON, |shown| json::contract(&shown.facts, care.zone()))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WishBody {
    high: bool,
}

pub(super) async fn set_speed(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let line = ask.id()?;
    let key = Some(ask.idempotency_key()?.ok_or(Code::KeyMissing)?);
    let WishBody { high } = ask.json()?;
    let disclosed = app.wiring.care.set_speed(visit(session), SpeedWish { line, high, key }).await?;
    Ok(Answer::personal(disclosed.body(JSON, json::receipt)).status(StatusCode::ACCEPTED))
}

pub(super) async fn bills(app: &App, _ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let care = &app.wiring.care;
    let disclosed = care.bills(visit(session)).await?;
    Ok(Answer::personal(disclosed.body(JSON, |shown| json::bills(&shown.facts, care.zone()))))
}

pub(super) async fn bill(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let care = &app.wiring.care;
    let disclosed = care.bill(visit(session), ask.id::<BillId>()?).await?;
    Ok(Answer::personal(disclosed.body(JSON, |shown| json::bill(&shown.facts, care.zone()))))
}

pub(super) async fn disclosures(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let care = &app.wiring.care;
    let before = ask.query_as::<EntryRef>("before")?;
    let disclosed = care.disclosures(visit(session), before).await?;
    Ok(Answer::personal(disclosed.body(JSON, |shown| json::disclosures(&shown.facts, care.zone()))))
}

pub(super) async fn notices(app: &App, _ask: &Ask) -> Result<Answer, Refusal> {
    let notices = app.notices().await?;
    Ok(Answer::public(Kind::Json, json::notices(&notices, app.wiring.care.zone())))
}

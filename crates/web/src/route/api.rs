//! The JSON API: the same use cases as the pages, through the same gate.

use bytes::Bytes;
use honnin_access::{Session, SignInError, Ticket};
use honnin_care::facts::Device;
use honnin_care::{Channel, SpeedWish, Visit};
use honnin_terms::{BillId, EntryRef, LONGEST_LOGIN, LONGEST_PASSWORD, Month, NoticeId};
use http::StatusCode;
use http::header::{HeaderValue, LOCATION};
use schemars::JsonSchema;
use serde::Deserialize;

use super::answer::{Answer, JSON, Kind, Refusal, used_up};
use super::app::{App, Ask};
use super::code::Code;
use super::fields::Text;
use super::json;

/// Longest code of a second factor: six digits, or a recovery code with what people put between its letters.
const LONGEST_CODE: usize = 64;
/// Disclosures on one page where the caller does not say: each is read from the journal.
const DISCLOSURES: usize = 50;

const fn visit(session: &Session) -> Visit<'_> {
    Visit { session, channel: Channel::Api }
}

/// Who signs in.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SignIn")]
pub(super) struct SignInBody<'a> {
    /// The name (会員ID).
    #[serde(borrow)]
    #[schemars(example = &"mio10012345")]
    login: Text<'a, LONGEST_LOGIN>,
    /// The password.
    #[serde(borrow)]
    #[schemars(extend("format" = "password"), example = &"honnin-demo-only")]
    password: Text<'a, LONGEST_PASSWORD>,
}

pub(super) async fn sign_in(app: &App, ask: &Ask) -> Result<Answer, Refusal> {
    let SignInBody { login, password } = ask.json()?;
    let device = app.device(ask);
    let signed_in = app.wiring.care.sign_in(&login, &password, device, &ask.stream).await?;
    #[cfg(honnin_faults)]
    let signed_in = app.planted.signed_in(signed_in);
    // A token is not a fact about her: it is what she will be known by, so it does not pass the gate.
    let body = Bytes::from(json::token(&signed_in, app.wiring.care.zone()));
    let answer = Answer { kind: Kind::Json, body, ..Answer::empty(StatusCode::CREATED) };
    let answer = answer.with(LOCATION, HeaderValue::from_static("/api/v1/sessions/current"));
    app.signed_in(ask, &login, answer, &signed_in).await
}

/// The second step of a sign-in.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SecondStep")]
pub(super) struct SecondStepBody<'a> {
    /// The name (会員ID), as in the first step.
    #[serde(borrow)]
    #[schemars(example = &"mio10012345")]
    login: Text<'a, LONGEST_LOGIN>,
    /// `ticket` of the answer `second_factor_required`.
    #[serde(borrow)]
    ticket: Text<'a, 256>,
    /// The code the person's app shows, or one of her recovery codes.
    #[serde(borrow)]
    #[schemars(extend("format" = "password"), example = &"123456")]
    code: Text<'a, LONGEST_CODE>,
}

pub(super) async fn second_step(app: &App, ask: &Ask) -> Result<Answer, Refusal> {
    let SecondStepBody { login, ticket, code } = ask.json()?;
    let ticket = Ticket::parse(&ticket).ok_or(Code::SecondFactorLate)?;
    let device = app.device(ask);
    let signed_in = app.wiring.care.second_step((&login, &ticket, &code), device, &ask.stream).await?;
    let body = Bytes::from(json::token(&signed_in, app.wiring.care.zone()));
    let answer = Answer { kind: Kind::Json, body, ..Answer::empty(StatusCode::CREATED) };
    let answer = answer.with(LOCATION, HeaderValue::from_static("/api/v1/sessions/current"));
    app.signed_in(ask, &login, answer, &signed_in).await
}

/// What a signed-in person shows once more.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Proof")]
pub(super) struct ProofBody<'a> {
    /// The password.
    #[serde(borrow)]
    #[schemars(extend("format" = "password"), example = &"honnin-demo-only")]
    password: Text<'a, LONGEST_PASSWORD>,
    /// The code of the second factor, where there is one.
    #[serde(borrow, default)]
    #[schemars(extend("format" = "password"), example = &"123456")]
    code: Text<'a, LONGEST_CODE>,
}

pub(super) async fn prove(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let ProofBody { password, code } = ask.json()?;
    let device = app.device(ask);
    let care = &app.wiring.care;
    let shown = care.step_up(visit(session), (&password, &code), &device, &ask.stream).await;
    let signed_in = match shown {
        Err(SignInError::Unproven) => {
            let settles = care.zone().rfc3339(session.settles_at());
            let told = format!("the password alone is enough on this device from {settles} on");
            return Err(Refusal::from(SignInError::Unproven).detailed(told));
        }
        shown => shown?,
    };
    let body = Bytes::from(json::token(&signed_in, care.zone()));
    let answer = Answer { kind: Kind::Json, body, ..Answer::empty(StatusCode::CREATED) };
    let answer = answer.with(LOCATION, HeaderValue::from_static("/api/v1/sessions/current"));
    app.signed_in_anew(ask, session, answer, &signed_in)
}

pub(super) async fn sign_out(app: &App, _ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    app.wiring.care.sign_out(visit(session)).await?;
    Ok(app.signed_out(Answer::empty(StatusCode::NO_CONTENT)))
}

pub(super) async fn sessions(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let care = &app.wiring.care;
    let part = ask.part()?;
    let disclosed = care.devices(visit(session)).await?;
    let mut next = None;
    let body = disclosed.try_body(JSON, |shown| {
        let devices: Vec<&Device> = shown.facts.iter().filter(|device| !device.is_token()).collect();
        let (page, more) = part.cut(&devices, |device| device.session)?;
        next = more;
        Ok::<_, Code>(json::sessions(page, next, care.zone()))
    });
    Ok(part.linked(Answer::personal(body?), ask.parts.uri.path(), next))
}

pub(super) async fn end_session(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let ended = ask.id()?;
    app.wiring.care.end_device(visit(session), ended).await?;
    let answer = Answer::empty(StatusCode::NO_CONTENT);
    Ok(if ended == session.id() { app.signed_out(answer) } else { answer })
}

pub(super) async fn end_other_sessions(app: &App, _ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    app.wiring.care.end_other_devices(visit(session)).await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn me(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let part = ask.part()?;
    let disclosed = app.wiring.care.me(visit(session)).await?;
    let mut next = None;
    let body = disclosed.try_body(JSON, |me| {
        let (page, more) = part.cut(&me.lines, |head| head.line)?;
        next = more;
        Ok::<_, Code>(json::me(me, page, next, session.role().word()))
    });
    Ok(part.linked(Answer::personal(body?), ask.parts.uri.path(), next))
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
    let part = ask.part()?;
    let disclosed = care.purchases(visit(session), ask.id()?).await?;
    let mut next = None;
    let body = disclosed.try_body(JSON, |shown| {
        let (page, more) = part.cut(&shown.facts.purchases, |purchase| purchase.purchase)?;
        next = more;
        Ok::<_, Code>(json::purchases(&shown.facts, page, next, care.zone()))
    });
    Ok(part.linked(Answer::personal(body?), ask.parts.uri.path(), next))
}

pub(super) async fn contract(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let care = &app.wiring.care;
    let disclosed = care.contract(visit(session), ask.id()?).await?;
    Ok(Answer::personal(disclosed.body(JSON, |shown| json::contract(&shown.facts, care.zone()))))
}

pub(super) async fn speed(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let care = &app.wiring.care;
    let disclosed = care.speed(visit(session), ask.id()?).await?;
    let body = disclosed.body(JSON, |shown| {
        let (_, speed) = &shown.facts;
        json::speed(speed, care.zone())
    });
    Ok(Answer::personal(body))
}

/// A wish for another speed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Wish")]
pub(super) struct WishBody {
    /// High speed or low.
    high: bool,
}

pub(super) async fn set_speed(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let line = ask.id()?;
    let key = Some(ask.idempotency_key()?.ok_or(Code::KeyMissing)?);
    let WishBody { high } = ask.json()?;
    let disclosed = app.wiring.care.set_speed(visit(session), SpeedWish { line, high, key }).await?;
    let answer = Answer::personal(disclosed.body(JSON, json::receipt)).status(StatusCode::ACCEPTED);
    // Where the wish can be followed: the same path, read.
    let here = HeaderValue::from_str(ask.parts.uri.path()).map_err(|_| Code::Internal)?;
    let used_up = used_up(app.wiring.care.wish_seconds());
    let answer = used_up.into_iter().fold(answer, |answer, (name, value)| answer.with(name, value));
    Ok(answer.with(LOCATION, here))
}

pub(super) async fn bills(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let care = &app.wiring.care;
    let part = ask.part()?;
    let disclosed = care.bills(visit(session)).await?;
    let mut next = None;
    let body = disclosed.try_body(JSON, |shown| {
        let (page, more) = part.cut(&shown.facts.bills, |bill| bill.bill)?;
        next = more;
        Ok::<_, Code>(json::bills(&shown.facts, page, next, care.zone()))
    });
    Ok(part.linked(Answer::personal(body?), ask.parts.uri.path(), next))
}

pub(super) async fn bill(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let care = &app.wiring.care;
    let disclosed = care.bill(visit(session), ask.id::<BillId>()?).await?;
    Ok(Answer::personal(disclosed.body(JSON, |shown| json::bill(&shown.facts, care.zone()))))
}

pub(super) async fn disclosures(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let care = &app.wiring.care;
    let part = ask.part::<EntryRef>()?;
    let limit = part.limit.unwrap_or(DISCLOSURES);
    let disclosed = care.disclosures(visit(session), app.source(ask), part.cursor, limit).await?;
    let mut next = None;
    let body = disclosed.body(JSON, |shown| {
        next = shown.facts.next_before;
        json::disclosures(&shown.facts, care.zone())
    });
    Ok(part.linked(Answer::personal(body), ask.parts.uri.path(), next))
}

pub(super) async fn notices(app: &App, ask: &Ask) -> Result<Answer, Refusal> {
    let part = ask.part()?;
    let notices = app.notices().await?;
    let (page, next) = part.cut(&notices, |notice| notice.notice)?;
    let answer = Answer::public(Kind::Json, json::notices(page, next, app.wiring.care.zone()));
    Ok(part.linked(answer, ask.parts.uri.path(), next))
}

pub(super) async fn notice(app: &App, ask: &Ask) -> Result<Answer, Refusal> {
    let care = &app.wiring.care;
    let notice = care.notice(ask.id::<NoticeId>()?).await?;
    Ok(Answer::public(Kind::Json, json::notice(&notice, care.zone())))
}

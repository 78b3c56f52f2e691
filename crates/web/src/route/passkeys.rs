//! Passkeys, on pages and for programs: signing in by one, showing by one who is signed in, making one, taking one away.

use std::borrow::Cow;

use bytes::Bytes;
use honnin_access::{LONGEST_PASSKEY_PART, PasskeyError, PasskeyMade, PasskeyShown, Session, SignInError};
use honnin_care::facts::Shown;
use honnin_care::{Channel, PasskeyRefused, Visit};
use honnin_pages::page::paths::Address;
use honnin_pages::page::{ConfirmProblem, Nav, PasskeyProblem, PasskeysPage, Said, SignInNote, SignInPage};
use honnin_terms::{LineName, PasskeyId};
use http::StatusCode;
use http::header::{HeaderValue, LOCATION};
use schemars::JsonSchema;
use serde::Deserialize;

use super::answer::{Answer, HTML, Kind, Refusal};
use super::app::{App, Ask};
use super::code::Code;
use super::fields::Text;
use super::json;
use super::refused::{NotNow, not_now};

const fn visit(session: &Session) -> Visit<'_> {
    Visit { session, channel: Channel::Page }
}

/// What a browser's script has put into a form.
struct Sent<'a> {
    id: Cow<'a, str>,
    handle: Cow<'a, str>,
    client_data: Cow<'a, str>,
    authenticator_data: Cow<'a, str>,
    signature: Cow<'a, str>,
}

impl<'a> Sent<'a> {
    fn of(ask: &'a Ask) -> Self {
        let field = |name| ask.form(name).unwrap_or_default();
        Self {
            id: field("id"),
            handle: field("user_handle"),
            client_data: field("client_data"),
            authenticator_data: field("authenticator_data"),
            signature: field("signature"),
        }
    }

    fn shown(&self) -> PasskeyShown<'_> {
        PasskeyShown {
            id: &self.id,
            handle: &self.handle,
            client_data: &self.client_data,
            authenticator_data: &self.authenticator_data,
            signature: &self.signature,
        }
    }
}

/// The page with nothing but the passkey: nobody waits in line for it.
pub(super) async fn form(app: &App, ask: &Ask, session: Option<&Session>) -> Result<Answer, Refusal> {
    if session.is_some() {
        return Ok(Answer::see_other("/"));
    }
    let Some(host) = app.wiring.care.passkey_host() else {
        return Ok(Answer::see_other(&Address::SignIn.to_string()));
    };
    let (passkeys, by_password) = (Some(host), false);
    let page = SignInPage { shell: app.frame(ask), note: None, login: "", next: "", passkeys, by_password };
    Ok(Answer::form(page.render()))
}

pub(super) async fn sign_in(app: &App, ask: &Ask) -> Result<Answer, Refusal> {
    let (sent, next) = (Sent::of(ask), ask.form("next").unwrap_or_default());
    let again = |note, status| Ok(app.sign_in_page(ask, Some(note), "", &next).status(status));
    let device = app.device(ask);
    match app.wiring.care.sign_in_by_passkey(sent.shown(), device, &ask.stream).await {
        Ok(signed_in) => {
            let answer = Answer::see_other(app.own_path(&next));
            app.signed_in_as(ask, sent.shown().account(), answer, &signed_in).await
        }
        Err(SignInError::Wrong) => again(SignInNote::Passkey, StatusCode::UNAUTHORIZED),
        Err(SignInError::StartOver) => again(SignInNote::TooLate, StatusCode::UNAUTHORIZED),
        Err(error) => {
            let NotNow { at, status, seconds } = not_now(error, app.wiring.care.now())?;
            let note = at.map_or(SignInNote::Busy, SignInNote::Wait);
            again(note, status).map(|answer| answer.again_after(Some(seconds)))
        }
    }
}

pub(super) async fn confirm(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let (sent, next) = (Sent::of(ask), ask.form("next").unwrap_or_default());
    let (shown, device) = (sent.shown(), app.device(ask));
    let (problem, status, after) =
        match app.wiring.care.step_up_by_passkey(visit(session), &shown, &device, &ask.stream).await {
            Ok(signed_in) => {
                let answer = Answer::see_other(app.own_path(&next));
                return app.signed_in_anew(ask, session, answer, &signed_in);
            }
            Err(SignInError::Wrong) => (ConfirmProblem::Passkey, StatusCode::UNPROCESSABLE_ENTITY, None),
            Err(SignInError::StartOver) => (ConfirmProblem::Late, StatusCode::UNPROCESSABLE_ENTITY, None),
            Err(error) => {
                let NotNow { at, status, seconds } = not_now(error, app.wiring.care.now())?;
                (at.map_or(ConfirmProblem::Busy, ConfirmProblem::Wait), status, Some(seconds))
            }
        };
    Ok(app.confirm_page(ask, &next, Some(problem)).status(status).again_after(after))
}

pub(super) async fn page(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let disclosed = app.wiring.care.passkeys(visit(session)).await?;
    let (host, device) = (app.wiring.care.passkey_host().unwrap_or_default(), App::name_of_device(ask));
    Ok(Answer::personal(disclosed.body(HTML, |Shown { me, facts }| {
        let shell = app.own_frame(ask, me.as_ref(), Nav::Settings);
        let page = PasskeysPage { shell, passkeys: Some(facts), host, device: &device, problem: None };
        page.render().into_bytes()
    })))
}

/// What is said of an act that was not done, with nothing of her.
fn refused(app: &App, ask: &Ask, problem: PasskeyProblem, status: StatusCode) -> Answer {
    let shell = app.open_frame(ask, true, Nav::Settings);
    let page = PasskeysPage { shell, passkeys: None, host: "", device: "", problem: Some(problem) };
    Answer::form(page.render()).status(status)
}

pub(super) async fn make(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let sent = Sent::of(ask);
    let (key, algorithm) = (ask.form("key").unwrap_or_default(), ask.form("algorithm"));
    let made = PasskeyMade {
        id: &sent.id,
        client_data: &sent.client_data,
        authenticator_data: &sent.authenticator_data,
        key: &key,
        algorithm: algorithm.and_then(|number| number.parse().ok()).unwrap_or_default(),
    };
    let unusable = StatusCode::UNPROCESSABLE_ENTITY;
    let Some(name) = ask.form("name").and_then(|name| name.parse::<LineName>().ok()) else {
        return Ok(refused(app, ask, PasskeyProblem::Name, unusable));
    };
    match app.wiring.care.add_passkey(visit(session), &made, &name).await {
        Ok(()) => Ok(ask.go_on(Address::Passkeys, Said::PasskeyMade)),
        Err(PasskeyRefused::Care(error)) => Err(error.into()),
        Err(PasskeyRefused::Passkey(error)) => match error {
            PasskeyError::SignIn(SignInError::Wrong) | PasskeyError::NotOffered => {
                Ok(refused(app, ask, PasskeyProblem::Refused, unusable))
            }
            PasskeyError::SignIn(SignInError::StartOver) => {
                Ok(refused(app, ask, PasskeyProblem::Late, unusable))
            }
            PasskeyError::SignIn(error) => not_done(app, ask, error),
            PasskeyError::Full => Ok(refused(app, ask, PasskeyProblem::Full, StatusCode::CONFLICT)),
        },
    }
}

/// What is said where the store has no room.
fn not_done(app: &App, ask: &Ask, error: SignInError) -> Result<Answer, Refusal> {
    let NotNow { status, seconds, .. } = not_now(error, app.wiring.care.now())?;
    Ok(refused(app, ask, PasskeyProblem::Busy, status).again_after(Some(seconds)))
}

pub(super) async fn remove(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    match app.wiring.care.remove_passkey(visit(session), ask.id::<PasskeyId>()?).await {
        Ok(()) => Ok(ask.go_on(Address::Passkeys, Said::PasskeyRemoved)),
        Err(PasskeyRefused::Care(error)) => Err(error.into()),
        Err(PasskeyRefused::Passkey(PasskeyError::SignIn(SignInError::StartOver))) => {
            Ok(refused(app, ask, PasskeyProblem::Late, StatusCode::UNPROCESSABLE_ENTITY))
        }
        Err(PasskeyRefused::Passkey(PasskeyError::SignIn(error))) => not_done(app, ask, error),
        Err(PasskeyRefused::Passkey(PasskeyError::Full | PasskeyError::NotOffered)) => {
            Ok(refused(app, ask, PasskeyProblem::Refused, StatusCode::UNPROCESSABLE_ENTITY))
        }
    }
}

pub(super) async fn challenge_api(
    app: &App,
    ask: &Ask,
    session: Option<&Session>,
) -> Result<Answer, Refusal> {
    let care = &app.wiring.care;
    let given = match session {
        Some(session) => care.passkey_proof_challenge(session)?,
        None => care.passkey_challenge(&ask.stream)?,
    };
    let (Some((challenge, until)), Some(rp_id)) = (given, care.passkey_host()) else {
        return Err(Code::NotFound.into());
    };
    let body = Bytes::from(json::challenge(challenge.reveal(), rp_id, until, care.zone()));
    Ok(Answer { kind: Kind::Json, body, ..Answer::empty(StatusCode::OK) })
}

/// What a device says of a passkey that signs in; each part in base64url.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Passkey")]
pub(super) struct PasskeyBody<'a> {
    /// `rawId`.
    #[serde(borrow)]
    id: Text<'a, LONGEST_PASSKEY_PART>,
    /// `response.userHandle`.
    #[serde(borrow)]
    user_handle: Text<'a, 64>,
    /// `response.clientDataJSON`.
    #[serde(borrow)]
    client_data: Text<'a, LONGEST_PASSKEY_PART>,
    /// `response.authenticatorData`.
    #[serde(borrow)]
    authenticator_data: Text<'a, LONGEST_PASSKEY_PART>,
    /// `response.signature`.
    #[serde(borrow)]
    signature: Text<'a, LONGEST_PASSKEY_PART>,
}

pub(super) async fn sign_in_api(app: &App, ask: &Ask) -> Result<Answer, Refusal> {
    let PasskeyBody { id, user_handle, client_data, authenticator_data, signature } = ask.json()?;
    let shown = PasskeyShown {
        id: &id,
        handle: &user_handle,
        client_data: &client_data,
        authenticator_data: &authenticator_data,
        signature: &signature,
    };
    let device = app.device(ask);
    let signed_in = match app.wiring.care.sign_in_by_passkey(shown, device, &ask.stream).await {
        Err(SignInError::Wrong) => return Err(Code::PasskeyRefused.into()),
        Err(SignInError::StartOver) => return Err(Code::PasskeyLate.into()),
        signed_in => signed_in?,
    };
    let body = Bytes::from(json::token(&signed_in, app.wiring.care.zone()));
    let answer = Answer { kind: Kind::Json, body, ..Answer::empty(StatusCode::CREATED) };
    let answer = answer.with(LOCATION, HeaderValue::from_static("/api/v1/sessions/current"));
    app.signed_in_as(ask, shown.account(), answer, &signed_in).await
}

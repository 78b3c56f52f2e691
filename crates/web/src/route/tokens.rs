//! Tokens of programs: listed, made and ended, by the API and on a page.

use std::borrow::Cow;

use bytes::Bytes;
use honnin_access::{Session, SignInError, SignedIn};
use honnin_care::facts::{Device, Shown};
use honnin_care::{Channel, TOKEN_DAYS, TokenError, Visit};
use honnin_pages::page::{Nav, NewToken, TokenProblem, TokensPage};
use honnin_terms::{LineName, SessionId};
use http::StatusCode;
use http::header::{HeaderValue, LOCATION};
use schemars::JsonSchema;
use serde::Deserialize;

use super::answer::{Answer, Field, HTML, JSON, Kind, Personal, Refusal};
use super::app::{App, Ask};
use super::code::Code;
use super::fields::Text;
use super::json;
use super::refused::{NotNow, not_now};

/// Days of a token where nobody says.
const DAYS: u16 = 90;

/// A token to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TokenWish")]
pub(super) struct TokenWishBody<'a> {
    /// What it is called in the list: up to 20 characters.
    #[serde(borrow)]
    #[schemars(length(min = 1, max = 20), example = &"家計簿")]
    name: Cow<'a, str>,
    /// The password once more: a borrowed browser must not make one.
    #[serde(borrow)]
    #[schemars(extend("format" = "password"), example = &"honnin-demo-only")]
    password: Text<'a, { honnin_terms::LONGEST_PASSWORD }>,
    /// Days until it ends, 1 to 365.
    #[serde(default = "days")]
    #[schemars(range(min = 1, max = 365), example = 90)]
    days: u16,
}

const fn days() -> u16 {
    DAYS
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Password(error) => error.into(),
            TokenError::TooMany => Code::TokensFull.into(),
            TokenError::Care(error) => error.into(),
        }
    }
}

pub(super) async fn list_api(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let care = &app.wiring.care;
    let part = ask.part()?;
    let disclosed = care.devices(Visit { session, channel: Channel::Api }).await?;
    let mut next = None;
    let body = disclosed.try_body(JSON, |shown| {
        let tokens: Vec<&Device> = shown.facts.iter().filter(|device| device.is_token()).collect();
        let (page, more) = part.cut(&tokens, |device| device.session)?;
        next = more;
        Ok::<_, Code>(json::tokens(page, next, care))
    });
    Ok(part.linked(Answer::personal(body?), ask.parts.uri.path(), next))
}

pub(super) async fn make_api(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let TokenWishBody { name, password, days } = ask.json()?;
    let name: LineName = name
        .parse()
        .map_err(|_| Refusal::field(Field::Member("name"), "1 to 20 characters that can be seen"))?;
    if !TOKEN_DAYS.contains(&days) {
        return Err(Refusal::field(Field::Member("days"), "1 to 365"));
    }
    let care = &app.wiring.care;
    let made = care.make_token(Visit { session, channel: Channel::Api }, &password, (&name, days)).await?;
    // As at sign-in: it is what a program will be known by, and no fact about her.
    let body = Bytes::from(json::new_token(&made, &name, session.at(), care));
    let answer = Answer { kind: Kind::Json, body, ..Answer::empty(StatusCode::CREATED) };
    let here = format!("/api/v1/tokens/{}", made.session);
    let here = HeaderValue::try_from(here).map_err(|_| Code::Internal)?;
    given(app, ask, session, answer.with(LOCATION, here), &made)
}

pub(super) async fn end_api(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let visit = Visit { session, channel: Channel::Api };
    app.wiring.care.end_token(visit, ask.id::<SessionId>()?).await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// The answer with a new token, to the request that made it.
fn given(
    app: &App,
    ask: &Ask,
    session: &Session,
    answer: Answer,
    made: &SignedIn,
) -> Result<Answer, Refusal> {
    let request = ask.stream.request();
    app.wiring.care.is_of(made, request, session.account())?;
    Ok(Answer { personal: Personal::Token(request), ..answer })
}

pub(super) async fn page(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let disclosed = app.wiring.care.devices(Visit { session, channel: Channel::Page }).await?;
    Ok(Answer::personal(disclosed.body(HTML, |Shown { me, facts }| {
        let tokens: Vec<&Device> = facts.iter().filter(|device| device.is_token()).collect();
        let shell = app.own_frame(ask, me.as_ref(), Nav::Settings);
        TokensPage { shell, tokens: Some(&tokens), problem: None, made: None }.render().into_bytes()
    })))
}

/// Makes one and shows it, once: what was made cannot be shown again.
pub(super) async fn make_page(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let care = &app.wiring.care;
    let password = ask.form("password").unwrap_or_default();
    let days = ask.form("days").map_or(Some(DAYS), |days| days.trim().parse().ok());
    let Some(days) = days.filter(|days| TOKEN_DAYS.contains(days)) else {
        return Ok(refused(app, ask, TokenProblem::Days).status(StatusCode::UNPROCESSABLE_ENTITY));
    };
    let name = ask.form("name").and_then(|name| name.parse::<LineName>().ok());
    let Some(name) = name else {
        return Ok(refused(app, ask, TokenProblem::Name).status(StatusCode::UNPROCESSABLE_ENTITY));
    };
    let visit = Visit { session, channel: Channel::Page };
    let (problem, status, after) = match care.make_token(visit, &password, (&name, days)).await {
        Ok(made) => {
            let token = made.token.reveal();
            let shown = NewToken { token: &token, name: name.as_str(), until: made.until };
            let shell = app.open_frame(ask, true, Nav::Settings);
            let page = TokensPage { shell, tokens: None, problem: None, made: Some(shown) };
            return given(app, ask, session, Answer::form(page.render()), &made);
        }
        Err(TokenError::Password(SignInError::Wrong)) => {
            (TokenProblem::Wrong, StatusCode::UNPROCESSABLE_ENTITY, None)
        }
        Err(TokenError::Password(error)) => {
            let NotNow { at, status, seconds } = not_now(error, care.now())?;
            (at.map_or(TokenProblem::Busy, TokenProblem::Wait), status, Some(seconds))
        }
        Err(TokenError::TooMany) => (TokenProblem::TooMany, StatusCode::CONFLICT, None),
        Err(TokenError::Care(error)) => return Err(error.into()),
    };
    let answer = refused(app, ask, problem).status(status);
    Ok(answer.again_after(after))
}

/// The form, with nothing of her on it.
fn refused(app: &App, ask: &Ask, problem: TokenProblem) -> Answer {
    let shell = app.open_frame(ask, true, Nav::Settings);
    let page = TokensPage { shell, tokens: None, problem: Some(problem), made: None };
    Answer::form(page.render())
}

//! Agreeing to a merge of accounts: the form, and the act that gives a code.

use honnin_access::{MergeSide, Session, SignInError};
use honnin_care::facts::{Agreement, Shown};
use honnin_care::{AgreeError, Channel, Visit};
use honnin_pages::page::paths::{Address, Along};
use honnin_pages::page::{MergePage, MergeProblem, Nav};
use honnin_terms::Moment;
use http::StatusCode;
use http::header::SET_COOKIE;

use super::answer::{Answer, Field, HTML, Refusal};
use super::app::{App, Ask};
use super::cookie;
use super::refused::{NotNow, not_now};

/// Longest code that is shown.
const LONGEST_CODE: usize = 64;

/// How long the browser keeps the code at most; it is shown no longer than it can be used.
const GIVEN_SECONDS: i64 = 3600;

/// The cookie that carries a consent just given from the act to the page that shows it: a reload asks for no other.
pub(super) const GIVEN_COOKIE: &str = "merge";

/// The form, with nothing of her on it.
fn form_page(app: &App, ask: &Ask, problem: Option<MergeProblem>) -> Answer {
    let shell = app.open_frame(ask, true, Nav::Settings);
    Answer::form(MergePage { shell, problem, given: None }.render())
}

/// The consent the browser has brought back, where it was given in this session and can still be used.
fn given(app: &App, ask: &Ask, session: &Session) -> Option<Agreement> {
    let text = std::str::from_utf8(cookie::find(&ask.parts.headers, GIVEN_COOKIE)?).ok()?;
    let mut parts = text.split('.');
    let (of, side, until, code) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let until = Moment::EPOCH.plus_seconds(until.parse().ok()?);
    let hers = of == session.id().to_string() && until > app.wiring.care.now() && code.len() <= LONGEST_CODE;
    hers.then(|| Some(Agreement { code: code.to_owned(), side: MergeSide::from_word(side)?, until }))?
}

pub(super) async fn form(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let given = given(app, ask, session).filter(|_| ask.query("again").is_none());
    let shell = app.open_frame(ask, true, Nav::Settings);
    let page = MergePage { shell, problem: None, given: given.as_ref() };
    Ok(Answer::form(page.render()))
}

pub(super) async fn agree(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let side = ask.form("side").and_then(|word| MergeSide::from_word(&word));
    let side = side.ok_or_else(|| Refusal::field(Field::Member("side"), "the side of the merge"))?;
    let password = ask.form("password").unwrap_or_default();
    let visit = Visit { session, channel: Channel::Page };
    let (problem, status, after) = match app.wiring.care.agree_to_merge(visit, &password, side).await {
        Ok(disclosed) => {
            let of = session.id();
            let written = disclosed.body(HTML, |Shown { me: _, facts }| {
                let until = facts.until.seconds_since(Moment::EPOCH);
                format!("{of}.{}.{until}.{}", facts.side.word(), facts.code).into_bytes()
            });
            let written = app.hand_over(written, ask).await?;
            let cookie = cookie::set(
                &app.wiring.front,
                GIVEN_COOKIE,
                &String::from_utf8_lossy(&written),
                GIVEN_SECONDS,
            );
            let answer = Answer::see_other(&Along(Address::Merge, ask.chosen_line()).to_string());
            return Ok(cookie.into_iter().fold(answer, |answer, value| answer.with(SET_COOKIE, value)));
        }
        Err(AgreeError::Password(SignInError::Wrong)) => {
            (MergeProblem::Wrong, StatusCode::UNAUTHORIZED, None)
        }
        Err(AgreeError::Password(error)) => {
            let NotNow { at, status, seconds } = not_now(error, app.wiring.care.now())?;
            (at.map_or(MergeProblem::Busy, MergeProblem::Wait), status, Some(seconds))
        }
        Err(AgreeError::Care(error)) => return Err(error.into()),
    };
    let answer = form_page(app, ask, Some(problem)).status(status);
    Ok(answer.again_after(after))
}

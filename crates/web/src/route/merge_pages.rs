//! Agreeing to a merge of accounts: the form, and the act that gives a code.

use honnin_access::{MergeSide, Session, SignInError};
use honnin_care::facts::Shown;
use honnin_care::{AgreeError, Channel, Visit};
use honnin_pages::page::{MergePage, MergeProblem, Nav, Shell};
use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};

use super::answer::{Answer, HTML, Refusal};
use super::app::{App, Ask};
use super::code::Code;

/// Seconds after which to try again when the hashers have no room.
const BUSY_SECONDS: i64 = 5;

/// The form, with nothing of her on it.
fn form_page(app: &App, ask: &Ask, problem: Option<MergeProblem>) -> Answer {
    let shell = Shell { signed_in: true, nav: Nav::Settings, ..app.frame(ask) };
    Answer::form(MergePage { shell, problem, given: None }.render())
}

pub(super) async fn form(app: &App, ask: &Ask, _session: &Session) -> Result<Answer, Refusal> {
    Ok(form_page(app, ask, None))
}

pub(super) async fn agree(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let side = ask.form("side").and_then(|word| MergeSide::from_word(&word));
    let side = side.ok_or_else(|| Refusal::because(Code::Invalid, "side"))?;
    let password = ask.form("password").unwrap_or_default();
    let visit = Visit { session, channel: Channel::Page };
    let (problem, status, after) = match app.wiring.care.agree_to_merge(visit, &password, side).await {
        Ok(disclosed) => {
            return Ok(Answer::personal(disclosed.body(HTML, |Shown { me, facts }| {
                let shell = app.own_frame(ask, me.as_ref(), Nav::Settings);
                MergePage { shell, problem: None, given: Some(facts) }.render().into_bytes()
            })));
        }
        Err(AgreeError::Password(SignInError::Wrong)) => {
            (MergeProblem::Wrong, StatusCode::UNAUTHORIZED, None)
        }
        Err(AgreeError::Password(SignInError::Delayed(seconds))) => {
            let at = app.wiring.care.now().plus_seconds(seconds);
            (MergeProblem::Wait(at), StatusCode::TOO_MANY_REQUESTS, Some(seconds))
        }
        Err(AgreeError::Password(SignInError::Busy)) => {
            (MergeProblem::Busy, StatusCode::SERVICE_UNAVAILABLE, Some(BUSY_SECONDS))
        }
        Err(AgreeError::Password(error @ (SignInError::DoesNotOpen | SignInError::Rows(_)))) => {
            return Err(error.into());
        }
        Err(AgreeError::Care(error)) => return Err(error.into()),
    };
    let answer = form_page(app, ask, Some(problem)).status(status);
    Ok(after.into_iter().fold(answer, |answer, seconds| answer.with(RETRY_AFTER, HeaderValue::from(seconds))))
}

//! A new password while signed in.

use honnin_access::{ActivateError, PasswordRefused, Session, SignInError};
use honnin_pages::format::Count;
use honnin_pages::page::paths::Address;
use honnin_pages::page::{Nav, PasswordPage, PasswordProblem, Said};
use http::StatusCode;

use super::answer::{Answer, Refusal};
use super::app::{App, Ask};
use super::refused::{NotNow, not_now};

/// The form, with nothing of her on it.
fn page(app: &App, ask: &Ask, problem: Option<PasswordProblem>) -> Answer {
    let shell = app.open_frame(ask, true, Nav::Settings);
    let fewest = Count(app.wiring.care.fewest_password_characters());
    Answer::form(PasswordPage { shell, problem, fewest }.render())
}

pub(super) async fn form(app: &App, ask: &Ask, _session: &Session) -> Result<Answer, Refusal> {
    Ok(page(app, ask, None))
}

pub(super) async fn change(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let old = ask.form("old").unwrap_or_default();
    let new = ask.form("password").unwrap_or_default();
    if !old.is_empty() && old == new {
        return Ok(page(app, ask, Some(PasswordProblem::Same)).status(StatusCode::UNPROCESSABLE_ENTITY));
    }
    let device = app.device(ask);
    let changed = app.wiring.care.change_password(session, &old, &new, device, &ask.stream).await;
    let (problem, status, after) = match changed {
        Ok(signed_in) => {
            return app.signed_in_anew(
                ask,
                session,
                ask.go_on(Address::Settings, Said::Password),
                &signed_in,
            );
        }
        Err(ActivateError::Wrong | ActivateError::SignIn(SignInError::Wrong)) => {
            (PasswordProblem::Old, StatusCode::UNPROCESSABLE_ENTITY, None)
        }
        Err(ActivateError::Password(refused)) => {
            let problem = match refused {
                PasswordRefused::TooShort => PasswordProblem::Short,
                PasswordRefused::TooLong => PasswordProblem::Long,
                PasswordRefused::Guessable | PasswordRefused::Leaked => PasswordProblem::Common,
            };
            (problem, StatusCode::UNPROCESSABLE_ENTITY, None)
        }
        Err(ActivateError::SignIn(error)) => {
            let NotNow { at, status, seconds } = not_now(error, app.wiring.care.now())?;
            (at.map_or(PasswordProblem::Busy, PasswordProblem::Wait), status, Some(seconds))
        }
    };
    let answer = page(app, ask, Some(problem)).status(status);
    Ok(answer.again_after(after))
}

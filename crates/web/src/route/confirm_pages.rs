//! Step-up: asking a signed-in person once more who she is, before a dangerous act.

use honnin_access::{Session, SignInError};
use honnin_care::{Channel, Visit};
use honnin_pages::page::paths::Address;
use honnin_pages::page::{ConfirmPage, ConfirmProblem, Nav};
use http::StatusCode;

use super::answer::{Answer, Refusal};
use super::app::{App, Ask};
use super::refused::{NotNow, not_now};

impl App {
    /// Leads a person whose act was not done to where she shows who she is; from there back to the page it was on.
    pub(super) fn confirm_first(&self, ask: &Ask) -> Answer {
        let from = ask.came_from().unwrap_or_default();
        let next: String = form_urlencoded::byte_serialize(self.own_path(&from).as_bytes()).collect();
        Answer::see_other(&format!("{}?next={next}", Address::Confirm))
    }

    /// The form, with nothing of her on it.
    pub(super) fn confirm_page(&self, ask: &Ask, next: &str, problem: Option<ConfirmProblem>) -> Answer {
        let next = Some(self.own_path(next)).filter(|path| *path != "/").unwrap_or_default();
        let shell = self.open_frame(ask, true, Nav::Settings);
        let passkeys = self.wiring.care.passkey_host();
        Answer::form(ConfirmPage { shell, next, problem, passkeys }.render())
    }
}

pub(super) async fn form(app: &App, ask: &Ask, _session: &Session) -> Result<Answer, Refusal> {
    Ok(app.confirm_page(ask, &ask.query("next").unwrap_or_default(), None))
}

pub(super) async fn confirm(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let (password, code) = (ask.form("password").unwrap_or_default(), ask.form("code").unwrap_or_default());
    let next = ask.form("next").unwrap_or_default();
    let visit = Visit { session, channel: Channel::Page };
    let device = app.device(ask);
    let (problem, status, after) =
        match app.wiring.care.step_up(visit, (&password, &code), &device, &ask.stream).await {
            Ok(signed_in) => {
                let answer = Answer::see_other(app.own_path(&next));
                return app.signed_in_anew(ask, session, answer, &signed_in);
            }
            Err(SignInError::Wrong) => (ConfirmProblem::Password, StatusCode::UNPROCESSABLE_ENTITY, None),
            Err(SignInError::WrongCode) => (ConfirmProblem::Code, StatusCode::UNPROCESSABLE_ENTITY, None),
            Err(SignInError::Unproven) => {
                let settles = session.settles_at();
                (ConfirmProblem::NotYet(settles), StatusCode::FORBIDDEN, None)
            }
            Err(error) => {
                let NotNow { at, status, seconds } = not_now(error, app.wiring.care.now())?;
                (at.map_or(ConfirmProblem::Busy, ConfirmProblem::Wait), status, Some(seconds))
            }
        };
    Ok(app.confirm_page(ask, &next, Some(problem)).status(status).again_after(after))
}

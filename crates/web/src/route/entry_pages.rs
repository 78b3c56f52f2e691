//! Pages of signing in and out, of a new password, and of the choices a device keeps.

use honnin_access::{ActivateError, PasswordRefused, Session, SignInError};
use honnin_care::{Channel, Visit};
use honnin_pages::format::Count;
use honnin_pages::page::paths::Address;
use honnin_pages::page::{ActivatePage, ActivateProblem, Said, SignInNote, SignInPage, Theme};
use honnin_pages::words::Language;
use http::StatusCode;
use http::header::{HeaderName, HeaderValue, SET_COOKIE};

use super::answer::{Answer, Field, Refusal};
use super::app::{App, Ask};
use super::cookie;
use super::frame::{LANGUAGE_COOKIE, THEME_COOKIE};
use super::refused::{NotNow, not_now};

/// How long a choice is remembered, in seconds: what browsers allow at most.
const CHOICE_SECONDS: i64 = 400 * 86_400;

/// The query of the page after signing out.
const SIGNED_OUT: &str = "signed-out";

impl App {
    /// Sign-in, with what there is to say above its form.
    pub(super) fn sign_in_page(
        &self,
        ask: &Ask,
        note: Option<SignInNote>,
        login: &str,
        next: &str,
    ) -> Answer {
        let next = Some(self.own_path(next)).filter(|path| *path != "/").unwrap_or_default();
        let passkeys = self.wiring.care.passkey_host();
        let (shell, by_password) = (self.frame(ask), true);
        Answer::form(SignInPage { shell, note, login, next, passkeys, by_password }.render())
    }
}

pub(super) async fn sign_in_form(app: &App, ask: &Ask, session: Option<&Session>) -> Result<Answer, Refusal> {
    if session.is_some() {
        return Ok(Answer::see_other("/"));
    }
    let note = ask.query(SIGNED_OUT).is_some().then_some(SignInNote::SignedOut);
    Ok(app.sign_in_page(ask, note, "", &ask.query("next").unwrap_or_default()))
}

pub(super) async fn sign_in(app: &App, ask: &Ask) -> Result<Answer, Refusal> {
    let login = ask.form("login").unwrap_or_default();
    let password = ask.form("password").unwrap_or_default();
    let next = ask.form("next").unwrap_or_default();
    let again = |note, status| Ok(app.sign_in_page(ask, Some(note), &login, &next).status(status));
    if login.trim().is_empty() || password.is_empty() {
        return again(SignInNote::Incomplete, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let device = app.device(ask);
    match app.wiring.care.sign_in(&login, &password, device, &ask.stream).await {
        Ok(signed_in) => app.signed_in(ask, &login, Answer::see_other(app.own_path(&next)), &signed_in).await,
        Err(SignInError::Wrong) => again(SignInNote::Wrong, StatusCode::UNAUTHORIZED),
        Err(SignInError::SecondFactor(ticket)) => {
            Ok(app.second_step_page(ask, (&login, &ticket.reveal(), &next), None))
        }
        Err(SignInError::SetUpFirst(Some(ticket))) => {
            app.set_up_first_page(ask, (&login, &ticket, &next), None).await
        }
        Err(SignInError::Unproven) => again(SignInNote::OtherDevice, StatusCode::FORBIDDEN),
        Err(error) => {
            let NotNow { at, status, seconds } = not_now(error, app.wiring.care.now())?;
            let note = at.map_or(SignInNote::Busy, SignInNote::Wait);
            again(note, status).map(|answer| answer.again_after(Some(seconds)))
        }
    }
}

pub(super) async fn sign_out(app: &App, _ask: &Ask, session: Option<&Session>) -> Result<Answer, Refusal> {
    if let Some(session) = session {
        app.wiring.care.sign_out(Visit { session, channel: Channel::Page }).await?;
    }
    Ok(app.signed_out(Answer::see_other(&format!("{}?{SIGNED_OUT}", Address::SignIn))))
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of handlers")]
pub(super) fn activate_form(app: &App, ask: &Ask) -> Result<Answer, Refusal> {
    let fewest = Count(app.wiring.care.fewest_password_characters());
    let page = ActivatePage { shell: app.frame(ask), problem: None, login: "", code: "", fewest };
    Ok(Answer::form(page.render()))
}

pub(super) async fn activate(app: &App, ask: &Ask) -> Result<Answer, Refusal> {
    let login = ask.form("login").unwrap_or_default();
    let code = ask.form("code").unwrap_or_default();
    let password = ask.form("password").unwrap_or_default();
    let device = app.device(ask);
    let error = match app.wiring.care.activate(&login, &code, &password, device, &ask.stream).await {
        Ok(signed_in) => return app.signed_in(ask, &login, Answer::see_other("/"), &signed_in).await,
        // The password is set; what is asked for beside it is still to come.
        Err(ActivateError::SignIn(SignInError::SecondFactor(ticket))) => {
            return Ok(app.second_step_page(ask, (&login, &ticket.reveal(), ""), None));
        }
        Err(ActivateError::SignIn(SignInError::SetUpFirst(Some(ticket)))) => {
            return app.set_up_first_page(ask, (&login, &ticket, ""), None).await;
        }
        Err(error) => error,
    };
    let (problem, status, after) = match error {
        ActivateError::Wrong | ActivateError::SignIn(SignInError::Wrong) => {
            (ActivateProblem::Wrong, StatusCode::UNAUTHORIZED, None)
        }
        ActivateError::Password(refused) => {
            let problem = match refused {
                PasswordRefused::TooShort => ActivateProblem::Short,
                PasswordRefused::TooLong => ActivateProblem::Long,
                PasswordRefused::Guessable | PasswordRefused::Leaked => ActivateProblem::Common,
            };
            (problem, StatusCode::UNPROCESSABLE_ENTITY, None)
        }
        ActivateError::SignIn(error) => {
            let NotNow { at, status, seconds } = not_now(error, app.wiring.care.now())?;
            (at.map_or(ActivateProblem::Busy, ActivateProblem::Wait), status, Some(seconds))
        }
    };
    let fewest = Count(app.wiring.care.fewest_password_characters());
    let page =
        ActivatePage { shell: app.frame(ask), problem: Some(problem), login: &login, code: &code, fewest };
    let answer = Answer::form(page.render()).status(status);
    Ok(answer.again_after(after))
}

pub(super) fn set_language(app: &App, ask: &Ask) -> Result<Answer, Refusal> {
    let language = ask.form("language").and_then(|tag| Language::from_tag(&tag));
    let language =
        language.ok_or_else(|| Refusal::field(Field::Member("language"), "a language there is"))?;
    Ok(choice(app, ask, LANGUAGE_COOKIE, language.tag()))
}

pub(super) fn set_theme(app: &App, ask: &Ask) -> Result<Answer, Refusal> {
    let theme = ask.form("theme").and_then(|word| Theme::from_word(&word));
    let theme = theme.ok_or_else(|| Refusal::field(Field::Member("theme"), "a look there is"))?;
    Ok(choice(app, ask, THEME_COOKIE, theme.word()))
}

/// Keeps a choice in a cookie and goes back to where it was made.
fn choice(app: &App, ask: &Ask, name: &str, value: &str) -> Answer {
    // Pages do not repeat where they were asked for: what a stranger can choose stands beside nothing of hers.
    let back = ask.form("back").or_else(|| ask.came_from()).unwrap_or_default();
    let cookie: Option<(HeaderName, HeaderValue)> =
        cookie::set(&app.wiring.front, name, value, CHOICE_SECONDS).map(|value| (SET_COOKIE, value));
    let back = app.own_path(&back);
    let joint = if back.contains('?') { '&' } else { '?' };
    let answer = Answer::see_other(&format!("{back}{joint}said={}", Said::Saved.word()));
    cookie.into_iter().fold(answer, |answer, (name, value)| answer.with(name, value))
}

//! The second factor on pages: the second step of a sign-in, setting one up, changing it.

use honnin_access::{CodeText, FactorChange, FactorError, NewFactor, Session, SignInError, SignedIn, Ticket};
use honnin_care::facts::Shown;
use honnin_care::{Channel, FactorRefused, Visit};
use honnin_pages::page::paths::Address;
use honnin_pages::page::{
    AppKey, CodeProblem, FactorPage, FactorSetUpPage, Nav, RecoveryCodesPage, Said, SecondStepPage,
    SignInNote,
};
use http::StatusCode;

use super::answer::{Answer, HTML, Personal, Refusal};
use super::app::{App, Ask};
use super::refused::{NotNow, not_now};

const fn visit(session: &Session) -> Visit<'_> {
    Visit { session, channel: Channel::Page }
}

/// What to say above a form, with which status, and after how many seconds to come back.
type Told = (CodeProblem, StatusCode, Option<i64>);

/// What is said where a code or password was not taken.
///
/// # Errors
/// [`Refusal`] where there is nothing to say on a form.
fn problem(app: &App, error: SignInError) -> Result<Told, Refusal> {
    Ok(match error {
        SignInError::WrongCode => (CodeProblem::Wrong, StatusCode::UNAUTHORIZED, None),
        SignInError::Wrong => (CodeProblem::Password, StatusCode::UNAUTHORIZED, None),
        SignInError::StartOver => (CodeProblem::Late, StatusCode::UNPROCESSABLE_ENTITY, None),
        SignInError::SecondFactor(_)
        | SignInError::SetUpFirst(_)
        | SignInError::Unproven
        | SignInError::Delayed(_)
        | SignInError::Busy
        | SignInError::DoesNotOpen
        | SignInError::Rows(_) => {
            let NotNow { at, status, seconds } = not_now(error, app.wiring.care.now())?;
            (at.map_or(CodeProblem::Busy, CodeProblem::Wait), status, Some(seconds))
        }
    })
}

impl App {
    /// The page that asks for the code after the password; nobody is signed in yet.
    pub(super) fn second_step_page(
        &self,
        ask: &Ask,
        (login, ticket, next): (&str, &str, &str),
        problem: Option<CodeProblem>,
    ) -> Answer {
        let next = Some(self.own_path(next)).filter(|path| *path != "/").unwrap_or_default();
        let shell = self.frame(ask);
        secret(ask, Answer::form(SecondStepPage { shell, login, ticket, next, problem }.render()))
    }

    /// The page on which a sign-in has a second factor set up first.
    pub(super) async fn set_up_first_page(
        &self,
        ask: &Ask,
        (login, ticket, next): (&str, &Ticket, &str),
        problem: Option<CodeProblem>,
    ) -> Result<Answer, Refusal> {
        let next = Some(self.own_path(next)).filter(|path| *path != "/").unwrap_or_default();
        let new = match self.wiring.care.factor_to_be(login, ticket).await {
            Ok(new) => new,
            Err(SignInError::StartOver) => return Ok(self.begin_again(ask, login, next)),
            Err(error) => return Err(error.into()),
        };
        Ok(self.set_up_page(ask, false, (&new, Some((login, next))), problem))
    }

    fn set_up_page(
        &self,
        ask: &Ask,
        signed_in: bool,
        (new, at_sign_in): (&NewFactor, Option<(&str, &str)>),
        problem: Option<CodeProblem>,
    ) -> Answer {
        let shell = self.open_frame(ask, signed_in, Nav::Settings);
        let key = AppKey::new(&new.secret.base32(), &new.login, &self.wiring.operator.name);
        let ticket = new.ticket.reveal();
        let page = FactorSetUpPage { shell, key: &key, ticket: &ticket, at_sign_in, problem };
        secret(ask, Answer::form(page.render()))
    }

    /// Sign-in from its first step, where the second came too late.
    fn begin_again(&self, ask: &Ask, login: &str, next: &str) -> Answer {
        let page = self.sign_in_page(ask, Some(SignInNote::TooLate), login, next);
        page.status(StatusCode::UNAUTHORIZED)
    }

    fn codes_page(
        &self,
        ask: &Ask,
        signed_in: bool,
        is_set_up: bool,
        codes: &[CodeText],
        next: &str,
    ) -> Answer {
        let codes: Vec<&str> = codes.iter().map(CodeText::reveal).collect();
        let shell = self.open_frame(ask, signed_in, Nav::Settings);
        let page = RecoveryCodesPage { shell, codes: &codes, is_set_up, next };
        secret(ask, Answer::form(page.render()))
    }

    /// The form of the second factor, with nothing of her on it.
    fn factor_refused(&self, ask: &Ask, (problem, status, after): Told) -> Answer {
        let shell = self.open_frame(ask, true, Nav::Settings);
        let page = FactorPage { shell, factor: None, problem: Some(problem) };
        Answer::form(page.render()).status(status).again_after(after)
    }
}

/// What was made for the request that asked, and leaves with no other.
fn secret(ask: &Ask, answer: Answer) -> Answer {
    Answer { personal: Personal::Token(ask.stream.request()), ..answer }
}

/// The fields of the second step: id, ticket, path to go on to.
struct Step {
    login: String,
    ticket: String,
    next: String,
    code: String,
}

impl Step {
    fn of(ask: &Ask) -> Self {
        let field = |name| ask.form(name).unwrap_or_default().into_owned();
        Self { login: field("login"), ticket: field("ticket"), next: field("next"), code: field("code") }
    }
}

pub(super) async fn second_step(app: &App, ask: &Ask) -> Result<Answer, Refusal> {
    let Step { login, ticket, next, code } = Step::of(ask);
    let Some(read) = Ticket::parse(&ticket) else { return Ok(app.begin_again(ask, &login, &next)) };
    let device = app.device(ask);
    match app.wiring.care.second_step((&login, &read, &code), device, &ask.stream).await {
        Ok(signed_in) => app.signed_in(ask, &login, Answer::see_other(app.own_path(&next)), &signed_in).await,
        Err(SignInError::StartOver) => Ok(app.begin_again(ask, &login, &next)),
        Err(error) => {
            let (problem, status, after) = problem(app, error)?;
            let page = app.second_step_page(ask, (&login, &ticket, &next), Some(problem));
            Ok(page.status(status).again_after(after))
        }
    }
}

pub(super) async fn set_up_first(app: &App, ask: &Ask) -> Result<Answer, Refusal> {
    let Step { login, ticket, next, code } = Step::of(ask);
    let Some(read) = Ticket::parse(&ticket) else { return Ok(app.begin_again(ask, &login, &next)) };
    let device = app.device(ask);
    let error = match app.wiring.care.set_factor_first((&login, &read, &code), device, &ask.stream).await {
        Ok((signed_in, codes)) => {
            let page = app.codes_page(ask, true, true, &codes, app.own_path(&next));
            let signed_in: SignedIn = signed_in;
            return app.signed_in(ask, &login, page, &signed_in).await;
        }
        Err(FactorRefused::Care(error)) => return Err(error.into()),
        Err(FactorRefused::Factor(error)) => error,
    };
    match error {
        FactorError::SignIn(SignInError::WrongCode) => {
            let page = app.set_up_first_page(ask, (&login, &read, &next), Some(CodeProblem::Wrong)).await?;
            Ok(page.status(StatusCode::UNAUTHORIZED))
        }
        FactorError::SignIn(SignInError::StartOver)
        | FactorError::There
        | FactorError::NotThere
        | FactorError::NotOffered => Ok(app.begin_again(ask, &login, &next)),
        FactorError::SignIn(error) => Err(error.into()),
    }
}

pub(super) async fn page(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let disclosed = app.wiring.care.factor(visit(session)).await?;
    Ok(Answer::personal(disclosed.body(HTML, |Shown { me, facts }| {
        let shell = app.own_frame(ask, me.as_ref(), Nav::Settings);
        FactorPage { shell, factor: Some(facts), problem: None }.render().into_bytes()
    })))
}

/// What is said of an act that was not done.
fn refused(app: &App, ask: &Ask, error: FactorRefused) -> Result<Answer, Refusal> {
    let told = match error {
        FactorRefused::Care(error) => return Err(error.into()),
        FactorRefused::Factor(FactorError::SignIn(error)) => problem(app, error)?,
        FactorRefused::Factor(FactorError::There) => (CodeProblem::There, StatusCode::CONFLICT, None),
        FactorRefused::Factor(FactorError::NotThere | FactorError::NotOffered) => {
            (CodeProblem::NotThere, StatusCode::CONFLICT, None)
        }
    };
    Ok(app.factor_refused(ask, told))
}

pub(super) async fn begin(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let password = ask.form("password").unwrap_or_default();
    match app.wiring.care.new_factor(session, &password).await {
        Ok(new) => Ok(app.set_up_page(ask, true, (&new, None), None)),
        Err(error) => refused(app, ask, error.into()),
    }
}

pub(super) async fn confirm(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let Step { ticket, code, .. } = Step::of(ask);
    let Some(ticket) = Ticket::parse(&ticket) else {
        return refused(app, ask, SignInError::StartOver.into());
    };
    let care = &app.wiring.care;
    match care.set_factor(visit(session), &ticket, &code).await {
        Ok(codes) => Ok(app.codes_page(ask, true, true, &codes, &Address::Factor.to_string())),
        Err(FactorRefused::Factor(FactorError::SignIn(SignInError::WrongCode))) => {
            let new = care.own_factor_to_be(session, &ticket).await?;
            let page = app.set_up_page(ask, true, (&new, None), Some(CodeProblem::Wrong));
            Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY))
        }
        Err(error) => refused(app, ask, error),
    }
}

async fn change(
    app: &App,
    ask: &Ask,
    session: &Session,
    change: FactorChange,
) -> Result<Vec<CodeText>, FactorRefused> {
    let (password, code) = (ask.form("password").unwrap_or_default(), ask.form("code").unwrap_or_default());
    app.wiring.care.change_factor(visit(session), (&password, &code), change).await
}

pub(super) async fn new_codes(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    match change(app, ask, session, FactorChange::NewCodes).await {
        Ok(codes) => Ok(app.codes_page(ask, true, false, &codes, &Address::Factor.to_string())),
        Err(error) => refused(app, ask, error),
    }
}

pub(super) async fn remove(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    match change(app, ask, session, FactorChange::Remove).await {
        Ok(_) => Ok(ask.go_on(Address::Settings, Said::FactorRemoved)),
        Err(error) => refused(app, ask, error),
    }
}

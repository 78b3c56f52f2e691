//! What the use cases refuse, as codes; and the two faces of a refusal: a problem for programs, a page for people.

use honnin_access::SignInError;
use honnin_care::{Error, WishRefusal};
use honnin_overload::Wants;
use honnin_pages::page::{ClosedPage, Problem, ProblemPage, Shell, SignInNote};
use honnin_terms::{Audience, Mode, Moment};
use http::StatusCode;
use http::header::SET_COOKIE;

use super::answer::{Answer, Kind, Refusal};
use super::app::{App, Ask};
use super::code::Code;
use super::room::Door;

/// Seconds after which to try again when the store or the hashers have no room.
const BUSY: u32 = 5;

/// Seconds after which to try again where as many exports are kept as may be: some of them expire.
const EXPORTS: u32 = 60;

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::NotThere => Code::NotFound.into(),
            Error::SignedOut => Code::SignInRequired.into(),
            Error::NotByToken => Code::NotByToken.into(),
            Error::Unproven => Code::ProofRequired.into(),
            Error::DoesNotOpen => Self::bare(),
            Error::Closed(mode @ (Mode::Brownout(_) | Mode::ReadOnly(_))) => {
                Self::after(Code::Paused, mode.again_seconds())
            }
            Error::Closed(mode) => Self::after(Code::Stopped, mode.again_seconds()),
            Error::Store | Error::Busy => Self::after(Code::Busy, BUSY),
            Error::Refused(told) => match told.what() {
                WishRefusal::LineSuspended => Code::LineSuspended.into(),
                WishRefusal::LineEnded => Code::LineEnded.into(),
                WishRefusal::LineUpcoming => Code::LineUpcoming.into(),
                WishRefusal::TooSoon(seconds) => {
                    Self::after(Code::TooOften, u32::try_from(seconds).unwrap_or(BUSY))
                }
            },
            Error::KeyReused => Code::KeyReused.into(),
            Error::ExportGone => Code::ExportExpired.into(),
            Error::ExportNotReady => Code::ExportNotReady.into(),
            Error::ExportsFull => Self::after(Code::ExportsBusy, EXPORTS),
            Error::Pruned => Code::Pruned.into(),
        }
    }
}

impl From<SignInError> for Refusal {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Wrong => Code::SignInRefused.into(),
            SignInError::WrongCode => Code::SecondFactorRefused.into(),
            SignInError::SecondFactor(ticket) => Self::with_ticket(&ticket),
            SignInError::SetUpFirst(_) => Code::SecondFactorSetUp.into(),
            SignInError::StartOver => Code::SecondFactorLate.into(),
            SignInError::Unproven => Code::ProofRequired.into(),
            SignInError::Delayed(seconds) => {
                Self::after(Code::TooOften, u32::try_from(seconds).unwrap_or(BUSY))
            }
            SignInError::Busy => Self::after(Code::Busy, BUSY),
            SignInError::DoesNotOpen => Self::bare(),
            SignInError::Rows(error) => Error::from(error).into(),
        }
    }
}

/// When to come back to a form, where a right password would be refused as well.
pub(super) struct NotNow {
    /// The moment; `None` where the server has no room.
    pub(super) at: Option<Moment>,
    pub(super) status: StatusCode,
    pub(super) seconds: i64,
}

/// Of a sign-in that is not done though its password may be right.
///
/// # Errors
/// [`Refusal`] where there is nothing to say on the form.
pub(super) fn not_now(error: SignInError, now: Moment) -> Result<NotNow, Refusal> {
    match error {
        SignInError::Delayed(seconds) => {
            let at = Some(now.plus_seconds(seconds));
            Ok(NotNow { at, status: StatusCode::TOO_MANY_REQUESTS, seconds })
        }
        SignInError::Busy => {
            Ok(NotNow { at: None, status: StatusCode::SERVICE_UNAVAILABLE, seconds: BUSY.into() })
        }
        SignInError::Wrong
        | SignInError::WrongCode
        | SignInError::SecondFactor(_)
        | SignInError::SetUpFirst(_)
        | SignInError::StartOver
        | SignInError::Unproven
        | SignInError::DoesNotOpen
        | SignInError::Rows(_) => Err(error.into()),
    }
}

impl App {
    /// The answer to a request that is not done.
    pub(super) fn refused(&self, ask: &Ask, refusal: &Refusal, signed_in: bool) -> Answer {
        if ask.is_for_programs() || refusal.is_bare() {
            return refusal.problem(ask.stream.request());
        }
        let after =
            refusal.retry_after().map(|seconds| self.wiring.care.now().plus_seconds(i64::from(seconds)));
        let code = refusal.code();
        if code == Code::ProofRequired && signed_in {
            return self.confirm_first(ask);
        }
        if code == Code::SignInRequired {
            let mode = self.wiring.care.house().mode();
            if mode.audience() != Audience::Everybody {
                return self.refused(ask, &Refusal::from(Error::Closed(mode)), signed_in);
            }
        }
        let page = if code == Code::SignInRequired {
            match self.door(ask, Wants::Look) {
                Door::Placed(answer) => return answer,
                Door::Open(None) => self.sign_in_first(ask),
                Door::Open(Some(cookie)) => self.sign_in_first(ask).with(SET_COOKIE, cookie),
            }
        } else if matches!(
            code,
            Code::Busy
                | Code::DocumentsBusy
                | Code::ExportsBusy
                | Code::Deadline
                | Code::Untold
                | Code::Stopped
        ) {
            let html = ClosedPage { shell: self.frame(ask), come_back: after, place: None }.render();
            Answer { kind: Kind::Alone, ..Answer::form(html) }
        } else {
            self.problem_page(ask, problem_of(code, after), refusal.is_ours(), signed_in)
        };
        refusal.headers(page.status(refusal.code().status()))
    }

    /// The page to sign in on, in place of the one that was asked for and comes after it.
    fn sign_in_first(&self, ask: &Ask) -> Answer {
        let ended = super::cookie::find(&ask.parts.headers, self.session_cookie()).is_some();
        let next = if ask.parts.method == http::Method::GET {
            self.frame(ask).path.to_owned()
        } else {
            String::new()
        };
        self.sign_in_page(ask, ended.then_some(SignInNote::Ended), "", &next)
    }

    fn problem_page(&self, ask: &Ask, problem: Problem, ours: bool, signed_in: bool) -> Answer {
        let mut shell = Shell { signed_in, ..self.frame(ask) };
        if problem == Problem::NotFound {
            // The same octets for what is not hers as for what is not there: the path asked for is not repeated.
            shell.path = "/";
        }
        Answer::form(ProblemPage { shell, problem, request: ours.then_some(ask.stream.request()) }.render())
    }
}

fn problem_of(code: Code, after: Option<Moment>) -> Problem {
    match code {
        Code::SignInRequired
        | Code::SignInRefused
        | Code::SecondFactorRequired
        | Code::SecondFactorRefused
        | Code::SecondFactorSetUp
        | Code::SecondFactorLate
        | Code::PasskeyRefused
        | Code::PasskeyLate => Problem::SignIn,
        Code::CrossOrigin | Code::NotByToken | Code::ProofRequired => Problem::Forbidden,
        Code::NotFound | Code::MethodNotAllowed | Code::Pruned => Problem::NotFound,
        Code::LineSuspended | Code::LineEnded | Code::LineUpcoming | Code::TokensFull => Problem::Conflict,
        Code::DocumentTooLarge => Problem::TooLarge,
        Code::ExportNotReady | Code::ExportExpired => Problem::ExportGone,
        Code::KeyMissing
        | Code::BodyTimeout
        | Code::BodyMalformed
        | Code::BodyTooLarge
        | Code::MediaType
        | Code::Invalid
        | Code::KeyReused => Problem::Invalid,
        Code::TooOften | Code::Waiting => Problem::TooOften(after),
        Code::Paused => Problem::Paused(after),
        Code::Internal
        | Code::Busy
        | Code::DocumentsBusy
        | Code::ExportsBusy
        | Code::Deadline
        | Code::Untold
        | Code::Stopped => Problem::Unavailable(after),
    }
}

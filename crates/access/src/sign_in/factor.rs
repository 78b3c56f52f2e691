//! The second factor of password people: an app's code (TOTP), or a recovery code where the app is lost.
//!
//! A session of an account that has one is made after both steps and never after one. A code of six digits is guessed
//! in a day by who may try as often as with a password, so that of those so many a day are looked at and no more; she
//! is shut out by none of them, because her known devices are counted apart and recovery codes are counted nowhere.

use std::fmt;

use honnin_seal::TotpSecret;
use honnin_terms::{AccountId, Entropy, Moment, Stream};

use super::begin::Entered;
use super::device::PasswordRecord;
use super::factor_record::{FactorRecord, Judged, TypedFactor};
use super::ticket::{Stub, Ticket};
use super::{CodeText, NewDevice, ProvenBy, Remembered, SignInError, SignedIn};
use crate::policy::{Deed, may};
use crate::ports::CredentialRow;
use crate::{Session, SessionKind, SubscriberAuthority};

/// Whether subscribers have a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FactorPolicy {
    /// None is offered; who has one is asked for it.
    Off,
    /// Whoever wants one sets it up.
    #[default]
    Offered,
    /// Nobody signs in by password without one: who has none sets it up then.
    Required,
}

/// The second step of a sign-in.
pub struct SecondStep<'a> {
    /// 会員ID as typed in the first.
    pub login: &'a str,
    /// What the first step gave.
    pub ticket: &'a Ticket,
    /// The code as typed.
    pub code: &'a str,
    /// The device.
    pub device: NewDevice,
    /// Now.
    pub now: Moment,
    /// The request it comes with, whose randomness it draws.
    pub stream: &'a Stream,
}

impl fmt::Debug for SecondStep<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecondStep(..)")
    }
}

/// A second factor that is about to be: nothing is kept of it before its first code.
#[derive(Debug)]
pub struct NewFactor {
    /// What the app takes.
    pub secret: TotpSecret,
    /// The name the app shows beside it.
    pub login: String,
    /// What to send back with the first code.
    pub ticket: Ticket,
}

/// What she is told of her second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactorState {
    /// Since when there is one.
    pub since: Moment,
    /// Recovery codes that are left.
    pub recovery_left: u64,
}

/// What is asked of a second factor that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactorChange {
    /// Take it away.
    Remove,
    /// New recovery codes; the ones before are void.
    NewCodes,
}

/// That a change of the second factor may be made: what was asked for was given.
pub struct FactorProof {
    pub(super) account: AccountId,
    pub(super) new: Option<(FactorRecord, Vec<CodeText>)>,
    pub(super) change: Option<FactorChange>,
}

impl fmt::Debug for FactorProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FactorProof(..)")
    }
}

impl FactorProof {
    /// Whose.
    pub const fn account(&self) -> AccountId {
        self.account
    }
}

/// Why a second factor is not set up or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FactorError {
    /// What is asked for was not given, or cannot be looked at now.
    #[error("change the second factor: what is asked for was not given")]
    SignIn(#[from] SignInError),
    /// There is one already.
    #[error("set up a second factor: there is one already")]
    There,
    /// There is none.
    #[error("change the second factor: there is none")]
    NotThere,
    /// It may not be: by a token, or because the operator offers none.
    #[error("set up a second factor: it is not offered")]
    NotOffered,
}

const fn refused(judged: Judged) -> SignInError {
    match judged {
        Judged::UsedUp(seconds) => SignInError::Delayed(seconds),
        Judged::App(_) | Judged::Recovery(_) | Judged::Wrong | Judged::Unlike => SignInError::WrongCode,
    }
}

impl SubscriberAuthority {
    /// Whether second factors are set up here, and by whom.
    pub const fn factor_policy(&self) -> FactorPolicy {
        self.factors
    }

    /// What is still asked for after a right password: nothing where nothing is.
    ///
    /// A first factor is a strong proof from its first code on: who has stolen a password sets up none of his own. It is
    /// set up by a one-time code, on a device that has settled, or where no device was ever known.
    ///
    /// # Errors
    /// [`SignInError::SecondFactor`], [`SignInError::SetUpFirst`] and [`SignInError::Unproven`].
    pub(super) fn after_password(
        &self,
        account: AccountId,
        record: &PasswordRecord,
        (device, by, now): (&NewDevice, ProvenBy, Moment),
        entropy: &dyn Entropy,
    ) -> Result<(), SignInError> {
        let may_set_up = || {
            let has_settled = record.kept(device.mark).is_some_and(|kept| now >= kept.settled);
            by.is_strong() || has_settled || record.known.is_empty()
        };
        match (&record.factor, self.factors) {
            (Some(_), _) => {
                let ticket = self.ticket(account, record, (&Stub::Code, now), entropy)?;
                Err(SignInError::SecondFactor(ticket))
            }
            // A program shows nobody a picture: it is told, and its person sets it up on a page.
            (None, FactorPolicy::Required) if device.is_program => Err(SignInError::SetUpFirst(None)),
            (None, FactorPolicy::Required) if !may_set_up() => Err(SignInError::Unproven),
            (None, FactorPolicy::Required) => {
                let stub = Stub::SetUp(TotpSecret::random(entropy));
                Err(SignInError::SetUpFirst(Some(self.ticket(account, record, (&stub, now), entropy)?)))
            }
            (None, FactorPolicy::Off | FactorPolicy::Offered) => Ok(()),
        }
    }

    /// The account of a sign-in that is between its steps, where there is one with a password.
    pub(super) async fn between(
        &self,
        login: &str,
    ) -> Result<(AccountId, CredentialRow, PasswordRecord), SignInError> {
        if !Self::is_login(login) {
            return Err(SignInError::StartOver);
        }
        let account = self.account_of(login);
        let row = self.row(account).await?;
        let record = self.password_of(account, row.as_ref())?;
        row.zip(record).map(|(row, record)| (account, row, record)).ok_or(SignInError::StartOver)
    }

    /// Signs in by the code that follows a password.
    ///
    /// # Errors
    /// [`SignInError::WrongCode`], [`SignInError::Delayed`] where as many were wrong today as may be, and
    /// [`SignInError::StartOver`] where the ticket is none or can no longer be used.
    pub async fn second_step(&self, step: SecondStep<'_>) -> Result<SignedIn, SignInError> {
        self.at_its_time(self.stepped(&step)).await
    }

    async fn stepped(&self, step: &SecondStep<'_>) -> Result<SignedIn, SignInError> {
        let SecondStep { login, ticket, code, device, now, stream } = step;
        let (account, row, record) = self.between(login).await?;
        let Stub::Code = self.stub(account, &record, (ticket, *now))? else {
            return Err(SignInError::StartOver);
        };
        let known = record.device(device.mark);
        let typed = TypedFactor::parse(code).ok_or(SignInError::WrongCode)?;
        let (kept, since) = (record.kept(device.mark), (*now, *now));
        let mark = |record: &mut PasswordRecord| kept.unwrap_or_else(|| record.mark(device, since, *stream));
        let judging = (&typed, known.is_some(), *now);
        let (row, marked) = self.judged(account, (row, record), judging, *stream, mark).await?;
        let entered = Entered { marked: Some(marked), ..Entered::of(device, typed.proves(), None) };
        self.begin_session((account, stream.request()), row, entered, *now, *stream).await
    }

    /// Judges a code and writes down what became of it before anybody is told: of two that come at once one is later.
    /// With a right one that is done as well.
    pub(super) async fn judged<T: Send>(
        &self,
        account: AccountId,
        (row, record): (CredentialRow, PasswordRecord),
        (typed, is_known, now): (&TypedFactor, bool, Moment),
        entropy: &dyn Entropy,
        then: impl Fn(&mut PasswordRecord) -> T + Send + Sync,
    ) -> Result<(CredentialRow, T), SignInError> {
        let most = self.tries.bounds().codes_a_day;
        let judge = |record: &PasswordRecord| {
            record.factor.as_ref().map_or(Judged::Unlike, |factor| factor.judge(typed, is_known, now, most))
        };
        // What counts nowhere is not written.
        match judge(&record) {
            Judged::App(_) | Judged::Recovery(_) | Judged::Wrong => {}
            judged @ (Judged::Unlike | Judged::UsedUp(_)) => return Err(refused(judged)),
        }
        let change = |record: &mut PasswordRecord| {
            let judged = judge(record);
            if let Some(factor) = &mut record.factor {
                factor.note(judged, is_known, now);
            }
            if judged.is_right() { Ok(then(record)) } else { Err(judged) }
        };
        match self.remember(account, row, record, entropy, change).await? {
            Remembered::Written((row, Ok(done))) => Ok((row, done)),
            Remembered::Written((_, Err(judged))) => Err(refused(judged)),
            Remembered::Replaced => Err(SignInError::StartOver),
        }
    }

    /// Begins to set up a second factor: asks a signed-in person for her password, and keeps nothing yet.
    ///
    /// # Errors
    /// [`FactorError`].
    pub async fn new_factor(&self, session: &Session, password: &str) -> Result<NewFactor, FactorError> {
        if self.factors == FactorPolicy::Off || !may(session.role(), session.kind(), Deed::ManageFactor) {
            return Err(FactorError::NotOffered);
        }
        let (_, record) = self.confirmed_in_time(session, password).await?;
        if record.factor.is_some() {
            return Err(FactorError::There);
        }
        let secret = TotpSecret::random(session.entropy());
        let stub = Stub::SetUp(TotpSecret::from_octets(*secret.expose()));
        let ticket = self.ticket(session.account(), &record, (&stub, session.at()), session.entropy())?;
        Ok(NewFactor { secret, login: record.login, ticket })
    }

    /// The secret of a set-up that has begun, to be shown once more to who has its ticket: after a code that was wrong,
    /// or at a sign-in that asks for one first.
    ///
    /// # Errors
    /// [`SignInError::StartOver`] where the ticket can no longer be used.
    pub async fn factor_to_be(
        &self,
        account: AccountId,
        ticket: &Ticket,
        now: Moment,
    ) -> Result<NewFactor, SignInError> {
        let row = self.row(account).await?;
        let record = self.password_of(account, row.as_ref())?.ok_or(SignInError::StartOver)?;
        match self.stub(account, &record, (ticket, now))? {
            Stub::SetUp(secret) => Ok(NewFactor { secret, login: record.login, ticket: *ticket }),
            Stub::Code => Err(SignInError::StartOver),
        }
    }

    /// Looks at the first code of a new second factor.
    ///
    /// # Errors
    /// [`FactorError`]: [`SignInError::WrongCode`] where it is none of that app's, now.
    pub async fn prove_factor(
        &self,
        account: AccountId,
        shown: (&Ticket, &str),
        now: Moment,
        entropy: &dyn Entropy,
    ) -> Result<FactorProof, FactorError> {
        // Names are not told apart by it either.
        self.at_its_time(self.first_code(account, shown, now, entropy)).await
    }

    async fn first_code(
        &self,
        account: AccountId,
        (ticket, code): (&Ticket, &str),
        now: Moment,
        entropy: &dyn Entropy,
    ) -> Result<FactorProof, FactorError> {
        let row = self.row(account).await?;
        let record = self.password_of(account, row.as_ref())?.ok_or(SignInError::StartOver)?;
        let Stub::SetUp(secret) = self.stub(account, &record, (ticket, now))? else {
            return Err(SignInError::StartOver.into());
        };
        if record.factor.is_some() {
            return Err(FactorError::There);
        }
        let Some(TypedFactor::App(code)) = TypedFactor::parse(code) else {
            return Err(SignInError::WrongCode.into());
        };
        let new = FactorRecord::new(&secret, code, now, entropy).ok_or(SignInError::WrongCode)?;
        Ok(FactorProof { account, new: Some(new), change: None })
    }

    /// Gives a signed-in person a fresh proof: a new session in the place of hers, which the caller ends. With a second
    /// factor both are asked for; without one the password is enough, on a device that was known for a while.
    ///
    /// # Errors
    /// [`SignInError`]; [`SignInError::Unproven`] where the password alone is not enough on this device yet.
    pub async fn step_up(
        &self,
        session: &Session,
        (password, code): (&str, &str),
        device: &NewDevice,
        stream: &Stream,
    ) -> Result<SignedIn, SignInError> {
        self.at_its_time(self.stepped_up(session, (password, code), device, stream)).await
    }

    async fn stepped_up(
        &self,
        session: &Session,
        (password, code): (&str, &str),
        device: &NewDevice,
        stream: &Stream,
    ) -> Result<SignedIn, SignInError> {
        // What a token may do asks for no proof.
        if session.kind() == SessionKind::Token {
            return Err(SignInError::Wrong);
        }
        let (account, now) = (session.account(), session.at());
        let (row, record) = self.right_password(session, password, false).await?;
        let marked = record.kept(device.mark);
        let (row, by) = if record.factor.is_some() {
            let typed = TypedFactor::parse(code).ok_or(SignInError::WrongCode)?;
            let judging = (&typed, true, now);
            let (row, ()) = self.judged(account, (row, record), judging, stream, |_| ()).await?;
            (row, typed.proves())
        } else if session.has_settled() {
            (row, ProvenBy::Password)
        } else {
            return Err(SignInError::Unproven);
        };
        let entered = Entered { marked, before: Some(session), ..Entered::of(device, by, None) };
        self.begin_session((account, stream.request()), row, entered, now, stream).await
    }

    /// What she is told of her second factor; `None` where there is none.
    ///
    /// # Errors
    /// [`SignInError`] where the store does not answer or the record does not open.
    pub async fn factor_state(&self, session: &Session) -> Result<Option<FactorState>, SignInError> {
        let row = self.row(session.account()).await?;
        let record = self.password_of(session.account(), row.as_ref())?;
        Ok(record.and_then(|record| record.factor.as_ref().map(FactorRecord::state)))
    }
}

//! Signing in and out, activation, devices.

use honnin_access::ports::SessionRow;
use honnin_access::{
    ActivateError, Forget, ManageSessions, NewDevice, Operate, Owned, Permit, Session, SessionError,
    SessionKind, SignIn, SignInError, SignedIn, SubscriberAuthority,
};
use honnin_figures::{self as figures, AlarmKind};
use honnin_journal::{Details, Kind};
use honnin_seal::SessionToken;
use honnin_terms::{AccountId, DeviceId, Moment, NoticeId, SessionId, Stream};

use crate::care::{Care, Error, Visit, permitted, proven};
use crate::facts::{Device, Notice, Shown};
use crate::{Channel, Disclosed, What};

impl Care {
    /// Signs in by password.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn sign_in(
        &self,
        login: &str,
        password: &str,
        device: NewDevice,
        stream: &Stream,
    ) -> Result<SignedIn, SignInError> {
        let now = self.now();
        let request = SignIn { login, password, device: device.clone(), now, stream };
        let result = self.parts.subscriber.sign_in(request).await;
        count("sign_in", result.as_ref().err(), stream);
        if matches!(result, Err(SignInError::Wrong)) {
            self.failed(login, &device, ("password", now, stream)).await;
        }
        result
    }

    /// Signs in without a password: one of the canaries that look at the public path. The permit is given at the
    /// operator's own hands only; nothing that answers requests has one.
    ///
    /// # Errors
    /// [`SignInError`]; [`SignInError::Wrong`] where there is no such account.
    pub async fn sign_in_canary(
        &self,
        permit: &Permit<Operate>,
        login: &str,
        device: NewDevice,
        stream: &Stream,
    ) -> Result<SignedIn, SignInError> {
        self.parts.subscriber.sign_in_without_password(permit, login, device, stream).await
    }

    /// Sets a new password by one-time code and signs in; all other sessions of the account end.
    ///
    /// # Errors
    /// [`ActivateError`].
    pub async fn activate(
        &self,
        login: &str,
        code: &str,
        password: &str,
        device: NewDevice,
        stream: &Stream,
    ) -> Result<SignedIn, ActivateError> {
        let now = self.now();
        let request = SignIn { login, password, device: device.clone(), now, stream };
        let result = self.parts.subscriber.activate(request, code).await;
        if matches!(result, Err(ActivateError::Wrong)) {
            self.failed(login, &device, ("one-time code", now, stream)).await;
        }
        if let Err(ActivateError::SignIn(error)) = &result {
            count("activate", Some(error), stream);
        }
        result
    }

    /// Changes the password of a signed-in person. All sessions end and all devices are strangers again but hers, which
    /// is given a new session and a new mark.
    ///
    /// # Errors
    /// [`ActivateError::SignIn`] for the old password, [`ActivateError::Password`] for the new one.
    pub async fn change_password(
        &self,
        session: &Session,
        old: &str,
        new: &str,
        device: NewDevice,
        stream: &Stream,
    ) -> Result<SignedIn, ActivateError> {
        let result = self.parts.subscriber.change_password(session, old, new, device.clone(), stream).await;
        if let Err(ActivateError::SignIn(error)) = &result {
            count("change_password", Some(error), stream);
            if matches!(error, SignInError::Wrong) {
                self.failed_in(session, &device, ("password change", stream)).await;
            }
        }
        result
    }

    /// Gives a signed-in person a fresh proof, for a dangerous act: a new session, which takes the place of hers.
    ///
    /// # Errors
    /// [`SignInError`]; [`SignInError::Unproven`] where the password alone is not enough on this device yet.
    pub async fn step_up(
        &self,
        visit: Visit<'_>,
        shown: (&str, &str),
        device: &NewDevice,
        stream: &Stream,
    ) -> Result<SignedIn, SignInError> {
        let result = self.parts.subscriber.step_up(visit.session, shown, device, stream).await;
        self.stepped_up(visit, result, device, stream).await
    }

    /// Writes down what became of a proof, and ends the session it was asked in.
    pub(crate) async fn stepped_up(
        &self,
        visit: Visit<'_>,
        result: Result<SignedIn, SignInError>,
        device: &NewDevice,
        stream: &Stream,
    ) -> Result<SignedIn, SignInError> {
        count("step_up", result.as_ref().err(), stream);
        if matches!(result, Err(SignInError::Wrong | SignInError::WrongCode)) {
            self.failed_in(visit.session, device, ("step-up", stream)).await;
        }
        let signed_in = result?;
        if let Err(error) = self.sign_out(visit).await {
            tracing::warn!(%error, request = %stream.request(), "the session a proof replaces was not ended");
        }
        Ok(signed_in)
    }

    /// Writes down that somebody did not get in.
    pub(crate) async fn failed(&self, login: &str, device: &NewDevice, how: (&'static str, Moment, &Stream)) {
        if SubscriberAuthority::is_login(login) {
            self.failed_at(self.parts.subscriber.account_of(login), device, how).await;
        }
    }

    /// The same, of an account that was named as it is and not by what its holder types.
    pub(crate) async fn failed_at(
        &self,
        account: AccountId,
        device: &NewDevice,
        how: (&'static str, Moment, &Stream),
    ) {
        self.failures.write(self.parts.gate.recorder(), account, device, how).await;
    }

    /// Writes down that somebody in her session did not show who she is: whoever holds a stolen one guesses there.
    async fn failed_in(&self, session: &Session, device: &NewDevice, (way, stream): (&'static str, &Stream)) {
        self.failed_at(session.account(), device, (way, session.at(), stream)).await;
    }

    /// Writes down what a signed-in person is about to do; it may be done once this has returned.
    pub(crate) async fn about_to(
        &self,
        Visit { session, channel }: Visit<'_>,
        (kind, what): (Kind, Option<What>),
        note: String,
    ) -> Result<(), Error> {
        let details = Details { note, ..Details::default() };
        let act = (kind, what, channel);
        self.parts.gate.recorder().of_session(session, act, details).await.map(drop)
    }

    /// How many passwords were hashed, and how many wait for it.
    pub fn hashes(&self) -> (u64, usize) {
        self.parts.subscriber.hashes()
    }

    /// How long whoever signs in now would wait for her password to be hashed.
    pub fn hashes_ahead(&self) -> honnin_access::Ahead {
        self.parts.subscriber.hashes_ahead()
    }

    /// The fewest characters of a new password, for saying so before one is refused.
    pub fn fewest_password_characters(&self) -> u64 {
        u64::try_from(self.parts.subscriber.password_rules().fewest).unwrap_or(u64::MAX)
    }

    /// Ends the session.
    ///
    /// # Errors
    /// [`Error::Store`]: the session then still lives.
    pub async fn sign_out(&self, visit: Visit<'_>) -> Result<(), Error> {
        let session = visit.session;
        self.about_to(visit, (Kind::SignedOut, None), String::new()).await?;
        self.parts.subscriber.sign_out(session).await.map_err(|_| Error::Store)?;
        self.forget_exports(session).await;
        Ok(())
    }

    /// Ends the session whose token came with a sign-in: the new one takes its place on that device. Where it cannot be
    /// ended it lives on beside the new one, and the log says so.
    pub async fn end_replaced(&self, token: &SessionToken, stream: Stream, channel: Channel) {
        let (now, request) = (self.now(), stream.request());
        let ended = match self.parts.subscriber.session(token, stream, now).await {
            // A token is ended by nobody but its owner.
            Ok(session) if session.kind() == SessionKind::Token => Ok(()),
            Ok(session) => self.sign_out(Visit { session: &session, channel }).await,
            Err(SessionError::Unknown) => Ok(()),
            Err(error) => Err(self.session_fault(error, now, request)),
        };
        if let Err(error) = ended {
            tracing::warn!(%error, %request, "the session a sign-in replaces was not ended");
        }
    }

    /// The account's devices, newest first.
    ///
    /// # Errors
    /// As all use cases: [`Error`].
    pub async fn devices(&self, visit: Visit<'_>) -> Result<Disclosed<Shown<Vec<Device>>>, Error> {
        let devices = self.own_devices(visit.session).await?;
        self.show(visit, What::Devices, devices).await
    }

    pub(crate) async fn own_devices(&self, session: &Session) -> Result<Owned<Vec<Device>>, Error> {
        let permit = permitted(self.parts.subscriber.manage_sessions(session))?;
        let rows = self.parts.store.sessions(&permit).await?;
        // What the rows say of who is signed in can be edited; what the ring says cannot.
        let living = rows.iter().filter(|row| row.until > session.at());
        let living = living.filter_map(|row| Some((row, session.kind_of(row.session)?)));
        let device = |(row, kind): (&SessionRow, SessionKind)| {
            Ok(Device {
                session: row.session,
                kind,
                name: permit.device(row)?.name,
                since: row.since,
                last_seen: row.last_seen,
                until: row.until,
                current: row.session == session.id(),
            })
        };
        let devices = self.opened(session, living.map(device).collect())?;
        Ok(Owned::of_permit(&permit, devices))
    }

    /// Ends one session of the account.
    ///
    /// # Errors
    /// [`Error::NotThere`] where the account has no such session, [`Error::Unproven`] without a fresh proof.
    pub async fn end_device(&self, visit: Visit<'_>, device: SessionId) -> Result<(), Error> {
        let session = visit.session;
        let permit = permitted(self.parts.subscriber.manage_sessions(session))?;
        let may_end = proven(session, self.parts.subscriber.end_sessions(session))?;
        let known = self.device_of(session, &permit, device).await?;
        self.about_to(visit, (Kind::SessionEnded, None), device.to_string()).await?;
        let ended = self.parts.subscriber.end_device(session, &may_end, device).await;
        if !self.ended(session, ended)? {
            return Err(Error::NotThere);
        }
        // Somebody who has it is not to come back by its mark either.
        match known {
            Some(known) => self.forget(session, Forget::One(known)).await,
            None => Ok(()),
        }
    }

    /// Ends all sessions of the account but this one; how many.
    ///
    /// # Errors
    /// As all use cases: [`Error`].
    pub async fn end_other_devices(&self, visit: Visit<'_>) -> Result<usize, Error> {
        let session = visit.session;
        let permit = permitted(self.parts.subscriber.manage_sessions(session))?;
        let may_end = proven(session, self.parts.subscriber.end_sessions(session))?;
        let own = self.device_of(session, &permit, session.id()).await?;
        self.about_to(visit, (Kind::AllEnded, None), String::new()).await?;
        let ended = self.parts.subscriber.end_others(session, &may_end).await;
        let ended = self.ended(session, ended)?;
        self.forget(session, Forget::AllBut(own)).await?;
        Ok(ended)
    }

    /// The known device that session is on.
    async fn device_of(
        &self,
        session: &Session,
        permit: &Permit<ManageSessions>,
        wanted: SessionId,
    ) -> Result<Option<DeviceId>, Error> {
        let rows = self.parts.store.sessions(permit).await?;
        let row = rows.iter().find(|row| row.session == wanted);
        let device = row.map(|row| permit.device(row)).transpose();
        Ok(self.opened(session, device)?.and_then(|device| device.device))
    }

    async fn forget(&self, session: &Session, which: Forget) -> Result<(), Error> {
        let forgotten = self.parts.subscriber.forget_devices(session, which).await;
        forgotten.map(|_| ()).map_err(|_| Error::Store)
    }

    /// Notices to everybody, newest first. Public.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn notices(&self) -> Result<Vec<Notice>, Error> {
        let rows = self.parts.store.notices(self.parts.subscriber.tenant(), self.now()).await?;
        Ok(rows.into_iter().map(notice).collect())
    }

    /// One notice. Public.
    ///
    /// # Errors
    /// [`Error::NotThere`], [`Error::Store`].
    pub async fn notice(&self, wanted: NoticeId) -> Result<Notice, Error> {
        let now: Moment = self.now();
        let row = self.parts.store.notice(self.parts.subscriber.tenant(), wanted, now).await?;
        row.map(notice).ok_or(Error::NotThere)
    }
}

pub(crate) fn count(act: &'static str, error: Option<&SignInError>, stream: &Stream) {
    let result = match error {
        None => "done",
        Some(SignInError::Wrong) => "wrong",
        Some(SignInError::WrongCode) => "wrong_code",
        Some(SignInError::SecondFactor(_)) => "second_factor",
        Some(SignInError::SetUpFirst(_)) => "set_up_first",
        Some(SignInError::StartOver) => "start_over",
        Some(SignInError::Unproven) => "unproven",
        Some(SignInError::Delayed(_)) => "delayed",
        Some(SignInError::Busy) => "busy",
        Some(SignInError::DoesNotOpen) => "does_not_open",
        Some(SignInError::Rows(_)) => "store",
    };
    figures::sign_ins(act, result).increment(1);
    if result == "does_not_open" {
        // Nobody is signed in, so no account can be named; the alarm stands by itself.
        let request = stream.request();
        figures::alarm!(AlarmKind::DoesNotOpen, %request, "a credential does not open; the sign-in was refused");
    }
}

fn notice(row: honnin_store::NoticeRow) -> Notice {
    let honnin_store::NoticeRow { notice, code, published_at, kind, title, body } = row;
    Notice { notice, code, published_at, kind, title, body }
}

/// What is kept of the ways an account signs in cannot be read.
pub(crate) fn unreadable(error: SignInError) -> Error {
    match error {
        SignInError::Rows(error) => error.into(),
        SignInError::DoesNotOpen
        | SignInError::Wrong
        | SignInError::WrongCode
        | SignInError::SecondFactor(_)
        | SignInError::SetUpFirst(_)
        | SignInError::StartOver
        | SignInError::Unproven
        | SignInError::Delayed(_)
        | SignInError::Busy => Error::DoesNotOpen,
    }
}

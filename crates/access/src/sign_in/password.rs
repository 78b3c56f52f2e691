//! Signing in by password, asking for it again, changing it.

use std::sync::Arc;

use honnin_seal::{PasswordHash, PasswordVerdict};
use honnin_terms::{AccountId, Entropy, Id, Moment, Stream};

use super::begin::Entered;
use super::device::PasswordRecord;
use super::{
    ActivateError, LONGEST_PASSWORD, Marked, NewDevice, ProvenBy, READ_AGAIN, ReleasedFor, Remembered,
    SignIn, SignInError, SignInProof, SignedIn,
};
use crate::delay::{ComeBack, Lane, Try};
use crate::passwords::Typed;
use crate::permit::Operate;
use crate::policy::{Deed, may};
use crate::pool::turns::{Share, Who};
use crate::ports::{CredentialRow, RowError};
use crate::works::ExpectedWork;
use crate::{Permit, Session, Source, SubscriberAuthority};

impl From<ComeBack> for SignInError {
    fn from(ComeBack(seconds): ComeBack) -> Self {
        Self::Delayed(seconds)
    }
}

/// The hash a password is compared with where there is none, so that both ways cost the same.
fn dummy(pool_cost: honnin_seal::HashCost) -> Option<PasswordHash> {
    let honnin_seal::HashCost { memory_kib, passes, lanes } = pool_cost;
    let text = format!(
        "$argon2id$v=19$m={memory_kib},t={passes},p={lanes}$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    );
    PasswordHash::parse(&text).ok()
}

/// Where a signed-in person's password waits: each session by itself.
pub(super) fn source_of_session(session: &Session) -> Source {
    let first = session.id().octets().first_chunk::<8>().map_or(0, |octets| u64::from_be_bytes(*octets));
    Source { site: first, prefix: first, address: first }
}

impl SubscriberAuthority {
    /// Signs in by password.
    ///
    /// # Errors
    /// [`SignInError`]; the same for a name nobody has as for a wrong password.
    pub async fn sign_in(&self, request: SignIn<'_>) -> Result<SignedIn, SignInError> {
        self.at_its_time(self.sign_in_now(&request)).await
    }

    async fn sign_in_now(&self, request: &SignIn<'_>) -> Result<SignedIn, SignInError> {
        let SignIn { login, password, device, now, stream } = request;
        if !Self::is_login(login) || password.chars().count() > LONGEST_PASSWORD {
            return Err(SignInError::Wrong);
        }
        let account = self.account_of(login);
        let typed = Typed::new(password);
        let mut entered: Option<Try> = None;
        for _ in 0..READ_AGAIN {
            let row = self.row(account).await?;
            let record = self.password_of(account, row.as_ref())?;
            let known = record.as_ref().and_then(|record| record.device(device.mark));
            let lane = known.map_or(Lane::Stranger(device.source), Lane::Device);
            let begun = match entered.take() {
                Some(entered) => entered,
                None => self.held(account, lane, *now).await?,
            };
            let who = begun.who(Share::SignIn, device.source);
            let stored = record.as_ref().map(PasswordRecord::hash);
            let verdict = self.verify(who, &begun, stored, &typed).await?;
            let (Some(row), Some(record), true) = (row, record, verdict != PasswordVerdict::Wrong) else {
                return Err(SignInError::Wrong);
            };
            let old = verdict == PasswordVerdict::RightButOld;
            let renewed = if old { self.hash(who, &typed, stream).await.ok() } else { None };
            let by = ProvenBy::Password;
            if let Err(more) = self.after_password(account, &record, (device, by, *now), *stream) {
                // The password was right: it is not counted as a wrong one, and the device becomes known by the second step.
                begun.right();
                return Err(more);
            }
            match self.remembered(account, row, record, (device, by), (renewed, *now), *stream).await? {
                Remembered::Written((row, marked)) => {
                    let who = (account, stream.request());
                    let entered = Entered { marked: Some(marked), ..Entered::of(device, by, None) };
                    match self.begin_session(who, row, entered, *now, *stream).await {
                        // The row was written between: whether it is the same password is looked at once more.
                        Err(SignInError::Rows(RowError::Conflict)) => {}
                        other => {
                            begun.right();
                            return other;
                        }
                    }
                }
                Remembered::Replaced => {}
            }
            entered = Some(begun);
        }
        Err(SignInError::Busy)
    }

    /// Writes down what a right sign-in changes: a device that was not known, a hash that is made anew.
    pub(super) async fn remembered(
        &self,
        account: AccountId,
        row: CredentialRow,
        record: PasswordRecord,
        (device, by): (&NewDevice, ProvenBy),
        (renewed, now): (Option<PasswordHash>, Moment),
        entropy: &dyn Entropy,
    ) -> Result<Remembered<(CredentialRow, Marked)>, SignInError> {
        let kept = record.kept(device.mark);
        let since = (now, self.settles(by, now));
        if let (Some(kept), None) = (kept, &renewed) {
            // A factor that is set up meanwhile changes the credential: no session is begun with that row then.
            return Ok(Remembered::Written((row, kept)));
        }
        let has_factor = record.factor.is_some();
        let change = |record: &mut PasswordRecord| {
            // What was asked for is not what is to be asked for now.
            if record.factor.is_some() != has_factor {
                return None;
            }
            if let Some(hash) = &renewed {
                record.renew(hash);
            }
            Some(kept.unwrap_or_else(|| record.mark(device, since, entropy)))
        };
        match self.remember(account, row, record, entropy, change).await? {
            Remembered::Written((row, Some(marked))) => Ok(Remembered::Written((row, marked))),
            Remembered::Written((_, None)) | Remembered::Replaced => Ok(Remembered::Replaced),
        }
    }

    /// Holds a try as long as its lane says and counts it, before anything is hashed.
    pub(super) async fn held(&self, account: AccountId, lane: Lane, now: Moment) -> Result<Try, SignInError> {
        let mut entered = self.tries.enter(account, lane, now)?;
        if !entered.hold().is_zero() {
            tokio::time::sleep(entered.hold()).await;
        }
        entered.count(self.tenant, self.guesses.as_deref()).await?;
        Ok(entered)
    }

    /// Compares a password, in its one form and as it was typed, with a stored hash; with one of ours where there is none.
    /// A right one is done then. A wrong one goes on until all the work is done that any hash of the house costs, so that
    /// what is computed follows from what was typed and from nothing else, however many are compared at once.
    pub(super) async fn verify(
        &self,
        who: Who,
        entered: &Try,
        stored: Option<PasswordHash>,
        typed: &Typed,
    ) -> Result<PasswordVerdict, SignInError> {
        let known = stored.is_some();
        let hash = stored.or_else(|| dummy(self.pool.cost())).ok_or(SignInError::DoesNotOpen)?;
        let work = hash.work().map_err(|_| SignInError::DoesNotOpen)?;
        let house = self.works.house(known.then_some(work));
        #[cfg(honnin_faults)]
        let house = crate::planted::house(house, work);
        let normal = zeroize::Zeroizing::new(typed.normal().to_owned());
        let raw = typed.raw().map(|raw| zeroize::Zeroizing::new(raw.to_owned()));
        let job = move |hasher: &mut honnin_seal::Hasher| {
            let mut verdict = hasher.verify(&hash, normal.as_bytes())?;
            if let Some(raw) = &raw {
                // Hashes made elsewhere may be of what was typed; where that is right it is hashed anew in our form.
                let other = hasher.verify(&hash, raw.as_bytes())?;
                if verdict == PasswordVerdict::Wrong && other != PasswordVerdict::Wrong {
                    verdict = PasswordVerdict::RightButOld;
                }
            }
            if !known || verdict == PasswordVerdict::Wrong {
                for form in [Some(&normal), raw.as_ref()].into_iter().flatten() {
                    hasher.make_up(work, &house, form.as_bytes())?;
                }
            }
            Ok(verdict)
        };
        let verdict = self.pool.run(who, Arc::clone(&entered.begun), job).await;
        let verdict = verdict.map_err(|_| SignInError::Busy)?.map_err(|_| SignInError::DoesNotOpen)?;
        Ok(if known { verdict } else { PasswordVerdict::Wrong })
    }

    pub(super) async fn hash(
        &self,
        who: Who,
        typed: &Typed,
        stream: &Stream,
    ) -> Result<PasswordHash, SignInError> {
        let (normal, stream) = (zeroize::Zeroizing::new(typed.normal().to_owned()), stream.clone());
        let job = move |hasher: &mut honnin_seal::Hasher| hasher.hash(normal.as_bytes(), &stream);
        let hash = self.pool.run(who, Arc::default(), job).await;
        hash.map_err(|_| SignInError::Busy)?.map_err(|_| SignInError::DoesNotOpen)
    }

    /// Asks a signed-in person for her password again, before an act that a borrowed browser must not do.
    ///
    /// The lane is the session's own: nobody slows her down, and she slows nobody down.
    ///
    /// # Errors
    /// [`SignInError`] as for a sign-in.
    pub(crate) async fn confirm_password(
        &self,
        session: &Session,
        password: &str,
    ) -> Result<(), SignInError> {
        self.confirmed_in_time(session, password).await.map(drop)
    }

    /// The same, with what is stored of it.
    pub(super) async fn confirmed_in_time(
        &self,
        session: &Session,
        password: &str,
    ) -> Result<(CredentialRow, PasswordRecord), SignInError> {
        self.at_its_time(self.confirmed(session, password)).await
    }

    async fn confirmed(
        &self,
        session: &Session,
        password: &str,
    ) -> Result<(CredentialRow, PasswordRecord), SignInError> {
        self.right_password(session, password, true).await
    }

    /// The password of a signed-in person; where it is to be the whole proof, only if it may be.
    pub(super) async fn right_password(
        &self,
        session: &Session,
        password: &str,
        is_alone: bool,
    ) -> Result<(CredentialRow, PasswordRecord), SignInError> {
        if password.chars().count() > LONGEST_PASSWORD {
            return Err(SignInError::Wrong);
        }
        let account = session.account();
        let row = self.row(account).await?;
        let record = self.password_of(account, row.as_ref())?;
        let has_factor = record.as_ref().is_some_and(|record| record.factor.is_some());
        if is_alone && !self.may_confirm(session, has_factor) {
            return Err(SignInError::Unproven);
        }
        let stored = record.as_ref().map(PasswordRecord::hash);
        let entered = self.held(account, Lane::Session(session.id()), session.at()).await?;
        let who = entered.who(Share::Confirm, source_of_session(session));
        let typed = Typed::new(password);
        if self.verify(who, &entered, stored, &typed).await? == PasswordVerdict::Wrong {
            return Err(SignInError::Wrong);
        }
        entered.right();
        row.zip(record).ok_or(SignInError::Wrong)
    }

    /// Changes the password of a signed-in person: the old one is asked for, all sessions end and all devices are
    /// strangers again but the one that asks, which has a new session and a new mark. Her passkeys stay: she has shown the
    /// old password, and has them in a list. By a one-time code they end: nothing of before was shown.
    ///
    /// # Errors
    /// [`ActivateError::Password`] where the new one is refused, [`ActivateError::SignIn`] where the old one is wrong
    /// or cannot be checked now.
    pub async fn change_password(
        &self,
        session: &Session,
        old: &str,
        new: &str,
        device: NewDevice,
        stream: &Stream,
    ) -> Result<SignedIn, ActivateError> {
        self.at_its_time(self.changed(session, (old, new), &device, stream)).await
    }

    async fn changed(
        &self,
        session: &Session,
        (old, new): (&str, &str),
        device: &NewDevice,
        stream: &Stream,
    ) -> Result<SignedIn, ActivateError> {
        if !may(session.role(), session.kind(), Deed::ChangePassword) {
            return Err(SignInError::Wrong.into());
        }
        let account = session.account();
        let (row, before) = self.confirmed(session, old).await?;
        let login = before.login.clone();
        self.password_rules.check(&login, new)?;
        let source = source_of_session(session);
        let rank = crate::pool::turns::Rank::Device;
        let who = Who { share: Share::Confirm, rank, is_fresh: true, source };
        let hash = self.hash(who, &Typed::new(new), stream).await?;
        // Where there is a factor its code was shown, and the session goes on with that.
        let shown = session.inside().proof.by;
        let by = if before.factor.is_some() { shown } else { ProvenBy::Password };
        let passkeys = before.passkeys.under_another_password(session.keys().ring.credential());
        let mut record = PasswordRecord::new(&login, hash, Some(before));
        record.passkeys = passkeys;
        let marked = record.mark(device, (session.at(), session.at()), stream);
        let password = Some(self.seal_password(account, &record, stream)?);
        let changed = CredentialRow { password, ..row };
        let purpose = ReleasedFor::NewPassword;
        let (at, request) = (session.at(), stream.request());
        let is_program = device.is_program;
        let proof = SignInProof { tenant: self.tenant, account, request, at, purpose, is_program };
        let row = match self.replace_password(&proof, changed, Some(session.at()), stream).await {
            Err(SignInError::Rows(RowError::Conflict)) => {
                return Ok(self.changed_before(session, new, device, stream).await?);
            }
            done => done?,
        };
        let entered = Entered { marked: Some(marked), ..Entered::of(device, by, None) };
        Ok(self.begin_session((account, request), row, entered, at, stream).await?)
    }

    /// The row was written in between. Where the password is the one that was asked for, the form came twice and the
    /// first has made it true; where it is another, somebody else changed it, and neither is guessed to be meant.
    async fn changed_before(
        &self,
        session: &Session,
        new: &str,
        device: &NewDevice,
        stream: &Stream,
    ) -> Result<SignedIn, SignInError> {
        let who = (session.account(), stream.request());
        for _ in 0..READ_AGAIN {
            let row = match self.confirmed(session, new).await {
                Err(SignInError::Wrong) => break,
                confirmed => confirmed?.0,
            };
            let entered = Entered::of(device, ProvenBy::Password, None);
            match self.begin_session(who, row, entered, session.at(), stream).await {
                Err(SignInError::Rows(RowError::Conflict)) => {}
                other => return other,
            }
        }
        Err(SignInError::Busy)
    }

    /// Whether an account has a password, for an operator's command.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn has_password(&self, _: &Permit<Operate>, login: &str) -> Result<bool, SignInError> {
        let row = self.row(self.account_of(login)).await?;
        Ok(row.is_some_and(|row| row.password.is_some()))
    }

    /// Takes note, for all nodes, that a hash which costs as much is to be imported. Nodes hear of it within
    /// [`HASH_WORK_HEARD`](crate::HASH_WORK_HEARD); whoever imports it sooner has the first guesses at it told from others.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn expect_hash(
        &self,
        permit: &Permit<Operate>,
        hash: &PasswordHash,
    ) -> Result<ExpectedWork, SignInError> {
        let work = hash.work().map_err(|_| SignInError::DoesNotOpen)?;
        Ok(self.works.expect(self.guesses.as_deref(), (self.tenant, permit.at()), work).await?)
    }

    /// Takes over a password hash made elsewhere, which was [expected](Self::expect_hash); `false` where the ledger knows
    /// no such account. Where there was a password already it is replaced as any other is: nothing that was begun with it
    /// goes on.
    ///
    /// # Errors
    /// The store does not answer, or the cipher refuses.
    pub async fn import_password(
        &self,
        permit: &Permit<Operate>,
        login: &str,
        hash: &PasswordHash,
        entropy: &dyn Entropy,
    ) -> Result<bool, SignInError> {
        let account = self.account_of(login);
        for _ in 0..READ_AGAIN {
            let Some(row) = self.row(account).await? else { return Ok(false) };
            let had_one = row.password.is_some();
            let before = self.password_of(account, Some(&row))?;
            let record = PasswordRecord::new(login, hash.clone(), before);
            let password = Some(self.seal_password(account, &record, entropy)?);
            let row = CredentialRow { password, ..row };
            let written = if had_one {
                let (request, purpose) = (permit.request(), ReleasedFor::Import);
                let (at, is_program) = (permit.at(), false);
                let proof = SignInProof { tenant: self.tenant, account, request, at, purpose, is_program };
                self.replace_password(&proof, row, None, entropy).await.map(drop)
            } else {
                let written = self.credentials.replace_credential(self.tenant, account, row, None);
                written.await.map_err(SignInError::from)
            };
            match written {
                Ok(()) => return Ok(true),
                Err(SignInError::Rows(RowError::Conflict)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(SignInError::Busy)
    }
}

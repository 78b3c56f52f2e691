//! Setting up a second factor, changing one, taking one away.
//!
//! What was begun before there was one goes on nowhere but where it was set up: other sessions end, passkeys too, and other
//! devices are strangers, as with a new password. So nothing rests on a password alone where there is a factor.

use honnin_terms::Entropy;

use super::begin::Entered;
use super::device::PasswordRecord;
use super::factor::{FactorChange, FactorError, FactorProof, SecondStep};
use super::factor_record::TypedFactor;
use super::passkey_record::Passkeys;
use super::ticket::Stub;
use super::{
    CodeText, Forget, NewDevice, ProvenBy, READ_AGAIN, Remembered, SignInError, SignedIn, of_session,
};
use crate::ending::Ending;
use crate::policy::{Deed, may};
use crate::ports::{CredentialRow, RowError};
use crate::proof::Proof;
use crate::{Session, SubscriberAuthority};

/// Does it in the record; with the recovery codes that are made then.
fn done(
    record: &mut PasswordRecord,
    proof: &FactorProof,
    entropy: &dyn Entropy,
) -> Result<Vec<CodeText>, FactorError> {
    match (&proof.new, proof.change, &mut record.factor) {
        (Some(_), _, Some(_)) => Err(FactorError::There),
        (Some((new, _)), _, place @ None) => {
            *place = Some(new.clone());
            record.passkeys = Passkeys::default();
            Ok(Vec::new())
        }
        (None, Some(FactorChange::Remove), place @ Some(_)) => {
            *place = None;
            Ok(Vec::new())
        }
        (None, Some(FactorChange::NewCodes), Some(factor)) => Ok(factor.renew(entropy)),
        (None, ..) => Err(FactorError::NotThere),
    }
}

/// The recovery codes that were made with a new one.
fn codes_of(proof: FactorProof) -> Vec<CodeText> {
    proof.new.map(|(_, codes)| codes).unwrap_or_default()
}

impl SubscriberAuthority {
    /// Asks for password and code before a second factor that is there is changed. The code counts as one of a known
    /// device: who asks is signed in.
    ///
    /// # Errors
    /// [`FactorError`].
    pub async fn prove_factor_change(
        &self,
        session: &Session,
        (password, code): (&str, &str),
        change: FactorChange,
    ) -> Result<FactorProof, FactorError> {
        if !may(session.role(), session.kind(), Deed::ManageFactor) {
            return Err(FactorError::NotOffered);
        }
        let account = session.account();
        // Password and code together are a proof by themselves.
        let asked = self.right_password(session, password, false);
        let (row, record) = self.at_its_time(asked).await?;
        if record.factor.is_none() {
            return Err(FactorError::NotThere);
        }
        let typed = TypedFactor::parse(code).ok_or(SignInError::WrongCode)?;
        let judging = (&typed, true, session.at());
        self.judged(account, (row, record), judging, session.entropy(), |_| ()).await?;
        Ok(FactorProof { account, new: None, change: Some(change) })
    }

    /// Does what was proven; with the recovery codes, where there are new ones. Where one is set up all other sessions
    /// end, other devices are strangers, and this session's proof is the code.
    ///
    /// # Errors
    /// [`FactorError`]; nothing has changed then.
    pub async fn change_factor(
        &self,
        session: &Session,
        proof: FactorProof,
    ) -> Result<Vec<CodeText>, FactorError> {
        let (account, entropy) = (session.account(), session.entropy());
        if proof.account != account {
            return Err(SignInError::StartOver.into());
        }
        if proof.new.is_some() {
            return self.factor_set(session, proof).await;
        }
        let row = self.row(account).await?;
        let record = self.password_of(account, row.as_ref())?;
        let (Some(row), Some(record)) = (row, record) else { return Err(SignInError::StartOver.into()) };
        let change = |record: &mut PasswordRecord| done(record, &proof, entropy);
        match self.remember(account, row, record, entropy, change).await? {
            Remembered::Written((_, codes)) => codes,
            Remembered::Replaced => Err(SignInError::StartOver.into()),
        }
    }

    async fn factor_set(&self, session: &Session, proof: FactorProof) -> Result<Vec<CodeText>, FactorError> {
        let (account, entropy, at) = (session.account(), session.entropy(), session.at());
        for _ in 0..READ_AGAIN {
            let current = self.current(session).await.map_err(of_session)?;
            let current = current.filter(|(_, ring)| ring.kind_of(session.id()).is_some());
            let Some((row, ring)) = current else { return Err(SignInError::StartOver.into()) };
            let record = self.password_of(account, Some(&row))?;
            let Some(mut record) = record else { return Err(SignInError::StartOver.into()) };
            done(&mut record, &proof, entropy)?;
            record.forget(Forget::AllBut(Some(session.device())));
            let password = Some(self.seal_password(account, &record, entropy)?);
            let shown = Proof { by: ProvenBy::AppCode, at, settled: session.settles_at() };
            let ending = Ending { keep: Some(session), shown: Some(shown), credential: true, told: None };
            let keys = self.new_keys(account, (&row, &ring), ending, entropy);
            let keys = keys.map_err(|_| SignInError::DoesNotOpen)?;
            let row = CredentialRow { password, ..row };
            match self.credentials.replace_credential(session.tenant(), account, row, Some(keys)).await {
                Ok(()) => return Ok(codes_of(proof)),
                Err(RowError::Conflict) => {}
                Err(error) => return Err(SignInError::from(error).into()),
            }
        }
        Err(SignInError::Busy.into())
    }

    /// Sets up the first one, at a sign-in that asked for it; with the recovery codes. Other devices are strangers from
    /// then on, and other sessions end with the sign-in that follows.
    ///
    /// # Errors
    /// [`FactorError`]; nothing has changed then.
    pub async fn set_first_factor(
        &self,
        proof: FactorProof,
        device: &NewDevice,
        entropy: &dyn Entropy,
    ) -> Result<Vec<CodeText>, FactorError> {
        let account = proof.account;
        let row = self.row(account).await?;
        let record = self.password_of(account, row.as_ref())?;
        let (Some(row), Some(record)) = (row, record) else { return Err(SignInError::StartOver.into()) };
        let change = |record: &mut PasswordRecord| {
            done(record, &proof, entropy)?;
            record.forget(Forget::AllBut(record.device(device.mark)));
            Ok(())
        };
        match self.remember(account, row, record, entropy, change).await? {
            Remembered::Written((_, Ok(()))) => Ok(codes_of(proof)),
            Remembered::Written((_, Err(error))) => Err(error),
            Remembered::Replaced => Err(SignInError::StartOver.into()),
        }
    }

    /// Signs in who has just set up the second factor that a sign-in asked for first, by the ticket of that sign-in.
    /// All other sessions end.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn sign_in_with_new_factor(&self, step: SecondStep<'_>) -> Result<SignedIn, SignInError> {
        self.at_its_time(self.signed_in_with_new_factor(step)).await
    }

    async fn signed_in_with_new_factor(&self, step: SecondStep<'_>) -> Result<SignedIn, SignInError> {
        let SecondStep { login, ticket, device, now, stream, .. } = step;
        let (account, row, record) = self.between(login).await?;
        let (Stub::SetUp(secret), Some(factor)) =
            (self.stub(account, &record, (ticket, now))?, &record.factor)
        else {
            return Err(SignInError::StartOver);
        };
        if !factor.is_of(&secret) {
            return Err(SignInError::StartOver);
        }
        let (by, nothing) = (ProvenBy::AppCode, (None, now));
        match self.remembered(account, row, record, (&device, by), nothing, stream).await? {
            Remembered::Written((row, marked)) => {
                let entered =
                    Entered { marked: Some(marked), is_alone: true, ..Entered::of(&device, by, None) };
                self.begin_session((account, stream.request()), row, entered, now, stream).await
            }
            Remembered::Replaced => Err(SignInError::StartOver),
        }
    }
}

//! Consent to a merge of accounts: each owner, signed in, leaves a short-lived code; both together allow one merge.
//!
//! A code stands for one account and one side of a merge. It opens nothing by itself, and nobody but the keeper can
//! make use of two of them ([`MergeConsent`] is made only here).

use std::fmt;

use honnin_seal::OpenError;
use honnin_terms::{AccountId, Moment, RequestId, TenantId};
use serde::{Deserialize, Serialize};

use crate::permit::{AgreeToMerge, Operate};
use crate::ports::RecordKind;
use crate::sign_in::CodeRecord;
use crate::{CodeText, Permit, Session, SignInError, SubscriberAuthority};

/// Which side of a merge an owner agrees to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MergeSide {
    /// Her lines go to the other account.
    Gives,
    /// The other account's lines come to hers.
    Takes,
}

impl MergeSide {
    /// Both sides.
    pub const ALL: &'static [Self] = &[Self::Gives, Self::Takes];

    /// The word of forms and messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gives => "gives",
            Self::Takes => "takes",
        }
    }

    /// The side of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|side| side.word() == word)
    }
}

/// A consent as stored, one for each account: a new one replaces the old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentRow {
    /// The record under the keeper's key.
    pub sealed: Vec<u8>,
    /// Until when it can be used.
    pub until: Moment,
}

/// Before every record of a consent, so that none is taken for a one-time code, which the keeper seals alike.
const MARK: &[u8] = b"honnin consent to a merge v1\0";

/// What is sealed in a [`ConsentRow`], after its mark.
#[derive(Serialize, Deserialize)]
struct ConsentRecord {
    side: MergeSide,
    code: CodeRecord,
}

/// A consent that was just given.
pub struct Consent {
    /// What the store is to keep, with the permit to do so.
    pub row: (Permit<AgreeToMerge>, ConsentRow),
    /// The code, for its owner's eyes; there is no other copy.
    pub code: CodeText,
    /// Which side it stands for.
    pub side: MergeSide,
    /// Until when it can be used.
    pub until: Moment,
}

impl fmt::Debug for Consent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Consent(..)")
    }
}

/// What somebody hands over as consent: a sign-in name, the code given for it, and what the store has of it.
pub struct Proven<'a> {
    /// 会員ID as typed.
    pub login: &'a str,
    /// The code as typed.
    pub code: &'a str,
    /// The stored consent of the account; `None` where there is none.
    pub row: Option<&'a ConsentRow>,
}

impl fmt::Debug for Proven<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proven(..)")
    }
}

/// Why two accounts are not merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MergeRefused {
    /// Both names are one account.
    #[error("merge accounts: both names are the same account")]
    OneAccount,
    /// An owner has not agreed: there is no consent, or the code is not hers, too old, used, or for the other side.
    #[error(
        "merge accounts: the owner whose account {} has not agreed (the code is wrong, expired, used, or for the other side)",
        if *.0 == MergeSide::Gives { "gives its lines" } else { "takes the lines" }
    )]
    NoConsent(MergeSide),
    /// A consent does not open: an alarm.
    #[error("merge accounts: a stored consent does not open; run `honnin doctor`")]
    DoesNotOpen,
}

impl From<OpenError> for MergeRefused {
    fn from(_: OpenError) -> Self {
        Self::DoesNotOpen
    }
}

/// Both owners have agreed to this one merge. Cannot be made outside this room; the keeper asks for it.
pub struct MergeConsent {
    tenant: TenantId,
    gives: AccountId,
    takes: AccountId,
    used: [(AccountId, Vec<u8>); 2],
    at: Moment,
    request: RequestId,
}

impl fmt::Debug for MergeConsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MergeConsent(..)")
    }
}

impl MergeConsent {
    /// The tenant.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The account whose lines go.
    pub const fn gives(&self) -> AccountId {
        self.gives
    }

    /// The account they go to.
    pub const fn takes(&self) -> AccountId {
        self.takes
    }

    /// The two stored consents it was proven by: used up in the transaction of the merge.
    pub const fn used(&self) -> &[(AccountId, Vec<u8>); 2] {
        &self.used
    }

    /// When.
    pub const fn at(&self) -> Moment {
        self.at
    }

    /// The command.
    pub const fn request(&self) -> RequestId {
        self.request
    }
}

impl SubscriberAuthority {
    /// Takes a signed-in owner's consent to one side of a merge; her password is asked for again.
    ///
    /// # Errors
    /// [`SignInError`] where the password is wrong or cannot be checked now.
    pub async fn consent_to_merge(
        &self,
        session: &Session,
        permit: Permit<AgreeToMerge>,
        password: &str,
        side: MergeSide,
    ) -> Result<Consent, SignInError> {
        self.confirm_password(session, password).await?;
        let until = session.at().plus_seconds(self.consent_seconds);
        let (code, record) = CodeRecord::issue(session.entropy(), until);
        let record = postcard::to_extend(&ConsentRecord { side, code: record }, MARK.to_vec());
        let record = record.map_err(|_| SignInError::DoesNotOpen)?;
        let sealed = self.keys.seal_record(
            self.tenant,
            session.account(),
            RecordKind::Code,
            &record,
            session.entropy(),
        );
        let sealed = sealed.map_err(|_| SignInError::DoesNotOpen)?;
        Ok(Consent { row: (permit, ConsentRow { sealed, until }), code, side, until })
    }

    /// Proves that both owners have agreed.
    ///
    /// # Errors
    /// [`MergeRefused`].
    pub fn prove_merge(
        &self,
        permit: &Permit<Operate>,
        giver: &Proven<'_>,
        taker: &Proven<'_>,
    ) -> Result<MergeConsent, MergeRefused> {
        let [from, into] = [giver, taker].map(|side| self.account_of(side.login));
        if from == into {
            return Err(MergeRefused::OneAccount);
        }
        let first = self.proven(from, giver, MergeSide::Gives, permit.at())?;
        let second = self.proven(into, taker, MergeSide::Takes, permit.at())?;
        Ok(MergeConsent {
            tenant: self.tenant,
            gives: from,
            takes: into,
            used: [(from, first), (into, second)],
            at: permit.at(),
            request: permit.request(),
        })
    }

    fn proven(
        &self,
        account: AccountId,
        shown: &Proven<'_>,
        side: MergeSide,
        now: Moment,
    ) -> Result<Vec<u8>, MergeRefused> {
        let row = shown.row.ok_or(MergeRefused::NoConsent(side))?;
        let record = self.keys.open_record(self.tenant, account, RecordKind::Code, &row.sealed)?;
        let record = record.strip_prefix(MARK).ok_or(MergeRefused::DoesNotOpen)?;
        let record: ConsentRecord = postcard::from_bytes(record).map_err(|_| MergeRefused::DoesNotOpen)?;
        let agreed = record.side == side && record.code.is(shown.code, now);
        #[cfg(honnin_faults)]
        let agreed = agreed || honnin_terms::faults::UNASKED_OWNER.is_on();
        if agreed { Ok(row.sealed.clone()) } else { Err(MergeRefused::NoConsent(side)) }
    }
}

//! Moving lines from one account to another: a merge that both owners agreed to, and its undoing.
//!
//! The documents of each line are opened, sealed again with their new owner inside under a key made for it, and the
//! old keys are left out. Nothing else of either account moves: bills and profile stay whose they are.

use std::fmt;

use honnin_access::{Document, DocumentError, MergeConsent, Operate, OwnerTag, Permit, Subject};
use honnin_access::{open_document, seal_document};
use honnin_seal::{OpenError, Place, Purpose};
use honnin_store::document::{Line, LineEntry, Profile, Purchases, UsageMonth, Wish};
use honnin_store::{
    MergeMaterial, MergeRow, Move, MoveReason, MovedWish, SpeedRow, StoredAccount, StoredDocument,
};
use honnin_terms::{AccountId, HoldingId, Id, TenantId};
use serde::{Deserialize, Serialize};

use crate::feed::AccountKeys;
use crate::{Deed, Keeper};

/// Why lines are not moved. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// A key or a record does not open: an alarm.
    #[error("cannot move lines: a key does not open")]
    Key(#[from] OpenError),
    /// A document does not open: an alarm.
    #[error("cannot move lines: a document does not open")]
    Document(#[from] DocumentError),
    /// An account has no profile: the ledger has not named it yet.
    #[error("cannot move lines: an account has no profile; import the ledger first")]
    NoProfile,
    /// There is nothing to move.
    #[error("cannot move lines: the account has no lines")]
    NoLines,
    /// Not all lines of the merge are where it put them.
    #[error("cannot undo a merge: lines of it went on by a later merge; undo that one first")]
    MovedOn,
}

/// What the keeper remembers of a merge. Without it no merge is undone, and it is made only of a consent.
#[derive(Serialize, Deserialize)]
struct Record {
    gave: [u8; 16],
    took: [u8; 16],
    holdings: Vec<[u8; 16]>,
}

/// Lines that may be moved: made of a consent, or of the record of an earlier merge.
pub struct LinesMove<'a> {
    keeper: &'a Keeper,
    from: AccountId,
    into: AccountId,
    reason: Why<'a>,
}

enum Why<'a> {
    Consent(&'a MergeConsent),
    Undoing { merge: u64, holdings: Vec<HoldingId> },
}

impl fmt::Debug for LinesMove<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinesMove(..)")
    }
}

fn record_place(tenant: TenantId, merge: &[u8; 8]) -> Place<'_> {
    Place { row: merge, ..Place::of_tenant(tenant, Purpose::KeeperRecord("merge")) }
}

impl Keeper {
    /// All lines of the account that gives, to the account that takes.
    pub const fn merge<'a>(&'a self, consent: &'a MergeConsent) -> LinesMove<'a> {
        LinesMove {
            keeper: self,
            from: consent.gives(),
            into: consent.takes(),
            reason: Why::Consent(consent),
        }
    }

    /// The lines of a merge, back to where they came from. The operator may do this alone: it gives nobody anything
    /// but what was hers.
    ///
    /// # Errors
    /// [`MergeError::Key`] where the record is not one of this keeper's; an alarm.
    pub fn undo_merge(&self, permit: &Permit<Operate>, row: &MergeRow) -> Result<LinesMove<'_>, MergeError> {
        self.serves(permit.subject().tenant)?;
        self.may(Deed::MoveLines)?;
        let number = row.merge.to_be_bytes();
        let plain = self.records.open(&record_place(self.tenant, &number), &row.sealed)?;
        let Record { gave, took, holdings } = postcard::from_bytes(&plain).map_err(|_| OpenError)?;
        let holdings = holdings.into_iter().map(HoldingId::from_octets).collect();
        let reason = Why::Undoing { merge: row.merge, holdings };
        let (from, into) = (AccountId::from_octets(took), AccountId::from_octets(gave));
        Ok(LinesMove { keeper: self, from, into, reason })
    }
}

impl LinesMove<'_> {
    /// The account the lines leave.
    pub const fn from(&self) -> AccountId {
        self.from
    }

    /// The account they go to.
    pub const fn into(&self) -> AccountId {
        self.into
    }

    /// Seals everything for its new place.
    ///
    /// # Errors
    /// [`MergeError`].
    pub fn seal(&self, material: &MergeMaterial) -> Result<(Move, MoveReason), MergeError> {
        if let Why::Consent(consent) = &self.reason {
            self.keeper.serves(consent.tenant())?;
        }
        self.keeper.may(Deed::MoveLines)?;
        let MergeMaterial { steps, from, into, wishes, next, ring_version } = material;
        let position = steps.saturating_add(1);
        let (from_keys, mut into_keys) = (self.keeper.account_keys(from)?, self.keeper.account_keys(into)?);
        let mut losing = profile(&from_keys, from)?;
        let mut gaining = profile(&into_keys, into)?;
        let holdings = self.holdings(&losing)?;
        let (moving, staying) = losing.lines.into_iter().partition(|entry| holdings.contains(&entry.holding));
        losing.lines = staying;
        gaining.lines.extend::<Vec<LineEntry>>(moving);
        gaining.lines.sort_by_key(|LineEntry { holding, held, .. }| (held.from, *holding));
        for holding in &holdings {
            // A number above the last, so that no two keys of a line were ever called the same.
            let epoch = from_keys.epoch_of(Some(*holding)).ok_or(DocumentError::NoKey)?.saturating_add(1);
            into_keys.make(Some(*holding), epoch);
        }
        let is_moving = |holding: Option<HoldingId>| holding.is_some_and(|one| holdings.contains(&one));
        let mut into_documents = vec![into_keys.seal(None, &[], &gaining, position)?];
        for document in from.documents.iter().filter(|document| is_moving(document.key.holding)) {
            into_documents.push(again(&from_keys, &into_keys, document, position)?);
        }
        let from_documents = vec![from_keys.seal(None, &[], &losing, position)?];
        let moving_wishes = wishes.iter().filter(|(holding, _)| holdings.contains(holding));
        let wishes = moving_wishes
            .map(|(holding, row)| wish_again(&from_keys, &into_keys, *holding, row))
            .collect::<Result<_, _>>()?;
        let (_, keys) = into_keys.take_new();
        let reason = self.reason(*next, &holdings)?;
        let keeper = self.keeper;
        let epoch = from.account_key.epoch.checked_add(1).ok_or(OpenError)?;
        let new = keeper.make_account_key(self.from, epoch, &*keeper.entropy)?;
        let place = (keeper.tenant, self.from, epoch);
        let ending = from_keys.ring().end_all(place, (&new.0, new.1), *ring_version, &*keeper.entropy)?;
        let (from, into) = (self.from, self.into);
        Ok((Move { from, ending, into, holdings, keys, into_documents, from_documents, wishes }, reason))
    }

    fn holdings(&self, losing: &Profile) -> Result<Vec<HoldingId>, MergeError> {
        let held: Vec<HoldingId> = losing.lines.iter().map(|entry| entry.holding).collect();
        match &self.reason {
            Why::Consent(_) if held.is_empty() => Err(MergeError::NoLines),
            Why::Consent(_) => Ok(held),
            Why::Undoing { holdings, .. } if holdings.iter().all(|one| held.contains(one)) => {
                Ok(holdings.clone())
            }
            Why::Undoing { .. } => Err(MergeError::MovedOn),
        }
    }

    fn reason(&self, next: u64, holdings: &[HoldingId]) -> Result<MoveReason, MergeError> {
        let consent = match &self.reason {
            Why::Consent(consent) => consent,
            Why::Undoing { merge, .. } => return Ok(MoveReason::Undoing { merge: *merge }),
        };
        let record = Record {
            gave: *self.from.octets(),
            took: *self.into.octets(),
            holdings: holdings.iter().map(|holding| *holding.octets()).collect(),
        };
        let plain = postcard::to_allocvec(&record).map_err(|_| OpenError)?;
        let keeper = self.keeper;
        let number = next.to_be_bytes();
        let sealed = keeper.records.seal(&record_place(keeper.tenant, &number), &plain, &*keeper.entropy)?;
        Ok(MoveReason::Merge { merge: next, sealed, consents: consent.used().clone() })
    }
}

fn profile(keys: &AccountKeys<'_>, stored: &StoredAccount) -> Result<Profile, MergeError> {
    let own = |document: &&StoredDocument| {
        document.key.holding.is_none() && document.key.kind == Profile::KIND && document.key.row.is_empty()
    };
    let found = stored.documents.iter().find(own).ok_or(MergeError::NoProfile)?;
    Ok(keys.open(found)?)
}

/// Opens a document of one account and seals it for another. A kind this does not know stops the merge: nothing of
/// a line is left behind.
fn again(
    from: &AccountKeys<'_>,
    into: &AccountKeys<'_>,
    document: &StoredDocument,
    position: u64,
) -> Result<StoredDocument, DocumentError> {
    fn as_kind<D: Document + Serialize>(
        from: &AccountKeys<'_>,
        into: &AccountKeys<'_>,
        document: &StoredDocument,
        position: u64,
    ) -> Result<StoredDocument, DocumentError> {
        let opened: D = from.open(document)?;
        into.seal(document.key.holding, &document.key.row, &opened, position)
    }
    match document.key.kind {
        Line::KIND => as_kind::<Line>(from, into, document, position),
        UsageMonth::KIND => as_kind::<UsageMonth>(from, into, document, position),
        Purchases::KIND => as_kind::<Purchases>(from, into, document, position),
        _ => Err(DocumentError::Malformed),
    }
}

fn wish_again(
    from: &AccountKeys<'_>,
    into: &AccountKeys<'_>,
    holding: HoldingId,
    row: &SpeedRow,
) -> Result<MovedWish, DocumentError> {
    let subject = from.subject(Some(holding));
    let (owner, wish): (OwnerTag, Wish) = open_document(from.ring(), &subject, &[], &row.blob)?;
    if !owner.is_of(&subject) {
        return Err(DocumentError::Malformed);
    }
    let Subject { tenant, account, holding: line } = into.subject(Some(holding));
    let epoch = into.epoch_of(line).ok_or(DocumentError::NoKey)?;
    let owner = OwnerTag { tenant, account, holding: line, position: wish.version };
    let blob = seal_document(into.ring(), epoch, &owner, &[], &wish, into.entropy())?;
    Ok(MovedWish { holding, read_revision: row.revision, blob })
}

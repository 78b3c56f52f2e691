//! Permits: this act, on this subject, by this account, at this moment, with the key that opens it.

use std::fmt;
use std::marker::PhantomData;

use honnin_seal::{Epoch, RingKey};
use honnin_terms::{AccountId, Basis, Entropy, HoldingId, Moment, RequestId, TenantId};
use serde::Serialize;

use crate::document::{Document, DocumentError, epoch_of, open_with, seal_with};
use crate::ring::FIRST_EPOCH;
use crate::{Owned, OwnerTag};

mod sealed {
    pub trait Sealed {}
}

/// What a permit allows. The list is closed.
pub trait Act: sealed::Sealed + Send + Sync + 'static {}

macro_rules! acts {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}
        impl sealed::Sealed for $name {}
        impl Act for $name {}
    )+};
}

acts! {
    /// Read the views of one subject.
    Read
    /// Ask for another speed of one line.
    SetSpeed
    /// List the account's own sessions.
    ManageSessions
    /// End the account's own sessions.
    EndSessions
    /// Name the account's own lines.
    NameLines
    /// Make an export of the account's own data, and fetch it.
    Export
    /// Leave the account's consent to a merge of accounts.
    AgreeToMerge
    /// Make a passkey of the account, or take one away.
    ManagePasskeys
    /// Append what the ledger said. Can show nothing.
    Append
    /// Drive the network to what was asked.
    Drive
    /// Do what the operator does at the command line: invite, list, re-try.
    Operate
    /// Keep what the nodes of an installation know together, and the work that outlives a request. Shows nothing.
    Keep
}

/// Whose documents: one account's own, or one holding's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subject {
    /// The tenant.
    pub tenant: TenantId,
    /// The account.
    pub account: AccountId,
    /// The holding; `None` for the account itself.
    pub holding: Option<HoldingId>,
}

/// Who looks, and on what basis: carried from the permit through what it opens to the gate and the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Who looks.
    pub viewer: AccountId,
    /// Why she may.
    pub basis: Basis,
}

impl Look {
    /// Whether the basis fits the owner: her own is the viewer's, and what was granted or is looked at for a case is
    /// somebody else's.
    pub fn fits(&self, owner: AccountId) -> bool {
        match self.basis {
            Basis::Own => owner == self.viewer,
            Basis::Grant(_) | Basis::Case(_) => owner != self.viewer,
        }
    }
}

/// Proof that one act on one subject was allowed. Cannot be made outside this room, copied or kept in a cache
/// key; store methods take the subject from it and never from a request.
pub struct Permit<A: Act> {
    subject: Subject,
    look: Look,
    /// Opens what is at the subject's places, and nothing a method of the permit does not name.
    key: Option<RingKey>,
    at: Moment,
    request: RequestId,
    act: PhantomData<fn() -> A>,
}

impl<A: Act> fmt::Debug for Permit<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("request", &self.request).finish_non_exhaustive()
    }
}

impl<A: Act> Permit<A> {
    pub(crate) const fn new(
        subject: Subject,
        look: Look,
        key: Option<RingKey>,
        at: Moment,
        request: RequestId,
    ) -> Self {
        Self { subject, look, key, at, request, act: PhantomData }
    }

    /// Whose documents.
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Who acts.
    pub const fn viewer(&self) -> AccountId {
        self.look.viewer
    }

    /// Who acts, and on what basis.
    pub const fn look(&self) -> Look {
        self.look
    }

    /// The moment it was given.
    pub const fn at(&self) -> Moment {
        self.at
    }

    /// The request it was given for.
    pub const fn request(&self) -> RequestId {
        self.request
    }

    pub(crate) fn ring(&self) -> Result<&RingKey, DocumentError> {
        self.key.as_ref().ok_or(DocumentError::NoKey)
    }

    fn open_own<D: Document>(&self, row: &[u8], blob: &[u8]) -> Result<Owned<D>, DocumentError> {
        let (tag, value) = open_with(self.ring()?, &self.subject, row, blob)?;
        Ok(Owned::new(tag, self, value))
    }
}

impl Permit<Read> {
    /// Opens a sealed document of the permit's subject.
    ///
    /// # Errors
    /// [`DocumentError`]; always an alarm, never "nothing there".
    pub fn open<D: Document>(&self, row: &[u8], blob: &[u8]) -> Result<Owned<D>, DocumentError> {
        self.open_own(row, blob)
    }
}

impl Permit<Export> {
    /// Seals what was gathered, without anybody looking into it.
    ///
    /// # Errors
    /// [`DocumentError`]; what is of another owner than the permit's subject is malformed.
    pub fn seal_gathered<D: Document + Serialize>(
        &self,
        row: &[u8],
        gathered: &Owned<D>,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, DocumentError> {
        let (tag, value) = gathered.for_sealing();
        if !tag.is_of(&self.subject) {
            return Err(DocumentError::Malformed);
        }
        seal_with(self.ring()?, FIRST_EPOCH, tag, row, value, entropy)
    }

    /// Opens an export of the permit's subject.
    ///
    /// # Errors
    /// [`DocumentError`]; always an alarm.
    pub fn open_export<D: Document>(&self, row: &[u8], blob: &[u8]) -> Result<Owned<D>, DocumentError> {
        self.open_own(row, blob)
    }
}

impl Permit<SetSpeed> {
    /// Opens the line's contract and its wish so far, for judging the next one. They stay within the use case: a
    /// wish is answered with its receipt only. The epoch is the contract's: the next wish is sealed under the same.
    ///
    /// # Errors
    /// As [`Permit::open`]; a document of another owner is malformed.
    pub fn judge<C: Document, W: Document>(
        &self,
        contract: &[u8],
        wish: Option<&[u8]>,
    ) -> Result<(C, Option<W>, Epoch), DocumentError> {
        let epoch = epoch_of(contract).ok_or(DocumentError::DoesNotOpen)?;
        Ok((self.open_plain(contract)?, wish.map(|blob| self.open_plain(blob)).transpose()?, epoch))
    }

    fn open_plain<D: Document>(&self, blob: &[u8]) -> Result<D, DocumentError> {
        let (tag, value) = open_with(self.ring()?, &self.subject, &[], blob)?;
        if tag.is_of(&self.subject) { Ok(value) } else { Err(DocumentError::Malformed) }
    }

    /// Seals the line's next wish.
    ///
    /// # Errors
    /// [`DocumentError`] where the permit carries no key or the cipher refuses.
    pub fn seal<D: Document + Serialize>(
        &self,
        (epoch, row): (Epoch, &[u8]),
        document: &D,
        position: u64,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, DocumentError> {
        let Subject { tenant, account, holding } = self.subject;
        seal_with(
            self.ring()?,
            epoch,
            &OwnerTag { tenant, account, holding, position },
            row,
            document,
            entropy,
        )
    }
}

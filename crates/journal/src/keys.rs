//! The keys of one epoch: pseudonyms of people, seal of the details.

use honnin_seal::{Epoch, IndexKey, KeeperKey, OpenError, Place, Purpose};
use honnin_terms::{AccountId, Basis, Entropy, EntryRef, Id, Moment, TenantId};

use crate::{Details, Entry, Kind, Pseudonym};

/// The keys of one epoch. Destroyed, they leave entries nobody can link to a person; proofs stay valid.
#[derive(Debug)]
pub struct EpochKeys {
    /// The tenant whose journal it is.
    pub tenant: TenantId,
    /// The epoch.
    pub epoch: Epoch,
    /// Makes pseudonyms.
    pub pseudonym: IndexKey,
    /// Seals the details.
    pub body: KeeperKey,
}

/// Who stands on one side of an act, before it gets a pseudonym.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party<'a> {
    /// Nobody.
    Nobody,
    /// An account.
    Account(AccountId),
    /// An agent of the operator, by the name the operator gave.
    Agent(&'a str),
    /// A person of the operator, by the name given with the act.
    Operator(&'a str),
    /// Where a stranger came from: a network prefix.
    Source(&'a [u8]),
    /// Whoever that pseudonym of the epoch is.
    Known(Pseudonym),
}

/// An act or a look, to be sealed: an entry with everything still in clear.
///
/// One that rests on or ends another entry is sealed with the keys of *its* epoch, so that the pseudonyms of both are
/// the same and the verifier needs no key to compare them.
#[derive(Debug, Clone, Copy)]
pub struct Act<'a> {
    /// What it is.
    pub kind: Kind,
    /// When.
    pub moment: Moment,
    /// Who looks or acts.
    pub viewer: Party<'a>,
    /// Whose data or account it is.
    pub owner: Party<'a>,
    /// On what basis.
    pub basis: Basis,
    /// The entry it is about.
    pub about: Option<EntryRef>,
    /// The last moment at which it is valid, where its kind has one.
    pub until: Option<Moment>,
    /// Which data or act.
    pub what: u16,
    /// By which way.
    pub channel: u8,
    /// Details for the owner and the operator.
    pub details: &'a Details,
}

impl<'a> Act<'a> {
    /// An act of the viewer on what is the owner's, about no other entry.
    pub const fn new(
        kind: Kind,
        moment: Moment,
        viewer: Party<'a>,
        owner: Party<'a>,
        details: &'a Details,
    ) -> Self {
        let basis = Basis::Own;
        Self { kind, moment, viewer, owner, basis, about: None, until: None, what: 0, channel: 0, details }
    }
}

impl EpochKeys {
    /// The pseudonym of an account.
    pub fn account(&self, account: AccountId) -> Pseudonym {
        self.party(Party::Account(account))
    }

    /// The pseudonym of whoever it is.
    pub fn party(&self, party: Party<'_>) -> Pseudonym {
        let (sort, name) = match &party {
            Party::Nobody => return Pseudonym::NOBODY,
            Party::Known(name) => return *name,
            Party::Account(account) => (&b"account"[..], &account.octets()[..]),
            Party::Agent(name) => (&b"agent"[..], name.as_bytes()),
            Party::Operator(name) => (&b"operator"[..], name.as_bytes()),
            Party::Source(prefix) => (&b"source"[..], *prefix),
        };
        Pseudonym(self.pseudonym.index(&[sort, name]))
    }

    /// Seals the details of an act, bound to all its other parts. Without details the body is empty.
    ///
    /// # Errors
    /// As [`honnin_seal::KeyMaterial::seal`].
    pub fn seal(&self, act: &Act<'_>, entropy: &dyn Entropy) -> Result<Entry, OpenError> {
        let Act { kind, moment, viewer, owner, basis, about, until, what, channel, details } = *act;
        let viewed = self.party(viewer);
        let owned = if owner == viewer { viewed } else { self.party(owner) };
        let blank = Entry::blank(kind, moment, self.epoch);
        let mut entry = Entry { viewer: viewed, owner: owned, basis, about, until, what, channel, ..blank };
        if !details.is_empty() {
            entry.body = self.body.seal(&self.place(&entry.place()), &details.octets(), entropy)?;
        }
        Ok(entry)
    }

    /// Opens the details of an entry of this epoch.
    ///
    /// # Errors
    /// [`OpenError`] where the entry is of another epoch or was altered.
    pub fn open(&self, entry: &Entry) -> Result<Details, OpenError> {
        match entry.body.as_slice() {
            [] => Ok(Details::default()),
            body => {
                Details::parse(&self.body.open(&self.place(&entry.place()), body)?).map_err(|_| OpenError)
            }
        }
    }

    fn place<'a>(&self, header: &'a [u8]) -> Place<'a> {
        let purpose = Purpose::KeeperRecord("journal entry");
        Place { row: header, epoch: self.epoch, ..Place::of_tenant(self.tenant, purpose) }
    }
}

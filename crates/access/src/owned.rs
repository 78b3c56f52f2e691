//! Values that know whose they are.

use std::fmt;

use honnin_terms::{AccountId, HoldingId, Id, RequestId, TenantId};

use crate::permit::{Look, Subject};
use crate::{GateAuthority, Permit, Session};

/// Whose a document is, written into it by its writer before it was sealed: the second witness, independent of
/// the reader's keys and queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnerTag {
    /// The tenant.
    pub tenant: TenantId,
    /// The account.
    pub account: AccountId,
    /// The holding; `None` for a document of the account itself.
    pub holding: Option<HoldingId>,
    /// The feed position (or version) the document was made at.
    pub position: u64,
}

const TAG: usize = 4 + 16 + 1 + 16 + 8;

impl OwnerTag {
    /// The first octets of every sealed plaintext.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let Self { tenant, account, holding, position } = self;
        out.extend_from_slice(&tenant.number().to_be_bytes());
        out.extend_from_slice(account.octets());
        out.push(u8::from(holding.is_some()));
        out.extend_from_slice(holding.as_ref().map_or(&[0; 16][..], |id| id.octets()));
        out.extend_from_slice(&position.to_be_bytes());
    }

    /// Reads a tag off the front of a plaintext.
    pub(crate) fn read(plain: &[u8]) -> Option<(Self, &[u8])> {
        let (tag, rest) = plain.split_first_chunk::<TAG>()?;
        let (tenant, tag) = tag.split_first_chunk::<4>()?;
        let (account, tag) = tag.split_first_chunk::<16>()?;
        let (has_holding, tag) = tag.split_first()?;
        let (holding, position) = tag.split_first_chunk::<16>()?;
        let holding = match has_holding {
            0 => None,
            1 => Some(HoldingId::from_octets(*holding)),
            _ => return None,
        };
        let tag = Self {
            tenant: TenantId::new(u32::from_be_bytes(*tenant)),
            account: AccountId::from_octets(*account),
            holding,
            position: u64::from_be_bytes(position.try_into().ok()?),
        };
        Some((tag, rest))
    }

    /// Whether the document is of that subject.
    pub fn is_of(&self, subject: &Subject) -> bool {
        let Subject { tenant, account, holding } = subject;
        let same = self.tenant == *tenant && self.account == *account && self.holding == *holding;
        #[cfg(honnin_faults)]
        let same = crate::planted::owner(same);
        same
    }

    /// Whether the document is of that account, be it its own or one of its holdings'.
    pub fn is_of_account(&self, tenant: TenantId, account: AccountId) -> bool {
        let same = self.tenant == tenant && self.account == account;
        #[cfg(honnin_faults)]
        let same = crate::planted::owner(same);
        same
    }
}

mod name {
    pub trait Sealed {}
    impl Sealed for honnin_terms::HoldingId {}
    impl Sealed for honnin_terms::Month {}
}

/// What names a document and says nothing of what is in it. The list is closed.
pub trait Name: name::Sealed {}
impl Name for HoldingId {}
impl Name for honnin_terms::Month {}

/// Two values that are not of one account were put together: an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("join two documents: they are of different accounts")]
pub struct NotTogether;

/// A personal value, with the owner found inside it, the subject it was asked for and the request that asked.
///
/// It cannot be serialised, displayed or looked into; its `Debug` has no content. Only the egress gate, which
/// holds the one [`GateAuthority`], can take the value out.
pub struct Owned<T> {
    tag: OwnerTag,
    asked: Subject,
    look: Look,
    request: RequestId,
    value: T,
}

/// An owned value opened at the gate, with everything that has to agree before it may leave.
pub struct Opened<T> {
    /// The owner found inside.
    pub owner: OwnerTag,
    /// The subject it was asked for.
    pub asked: Subject,
    /// Who looks, and on what basis.
    pub look: Look,
    /// The request of the permit it was opened with.
    pub request: RequestId,
    /// The value.
    pub value: T,
}

impl<T> Opened<T> {
    /// The rule of the gate: what was found inside is what was asked for; who looks is who the session is of, and the
    /// basis of the look fits the owner; and the session is of who signed in.
    pub fn may_leave_to(&self, session: &Session) -> bool {
        let Self { owner, asked, look, .. } = self;
        let hers = owner.tenant == session.tenant() && look.viewer == session.look().viewer;
        let fits = hers && look.fits(owner.account);
        #[cfg(honnin_faults)]
        let fits = crate::planted::owner(fits);
        owner.is_of(asked) && fits && session.is_of_who_signed_in()
    }
}

impl<T> fmt::Debug for Opened<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opened(..)")
    }
}

impl<T> fmt::Debug for Owned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Owned(..)")
    }
}

impl<T> Owned<T> {
    pub(crate) fn new<A: crate::Act>(tag: OwnerTag, permit: &Permit<A>, value: T) -> Self {
        Self { tag, asked: *permit.subject(), look: permit.look(), request: permit.request(), value }
    }

    /// A value that was never sealed but is this person's own by construction, such as the list of her sessions.
    pub fn of_permit<A: crate::Act>(permit: &Permit<A>, value: T) -> Self {
        let Subject { tenant, account, holding } = *permit.subject();
        Self::new(OwnerTag { tenant, account, holding, position: 0 }, permit, value)
    }

    /// Computes another value out of this one; the owner stays. A plain function, so that nothing can be carried out.
    pub fn map<C: Copy + 'static, U>(self, context: C, f: fn(T, C) -> U) -> Owned<U> {
        let Self { tag, asked, look, request, value } = self;
        Owned { tag, asked, look, request, value: f(value, context) }
    }

    /// Puts a value of the same account beside this one.
    ///
    /// # Errors
    /// [`NotTogether`] where the owners found inside are of different accounts, or where others look or on another basis.
    pub fn join<U>(self, other: Owned<U>) -> Result<Owned<(T, U)>, NotTogether> {
        let OwnerTag { tenant, account, .. } = self.tag;
        let one_look = other.look == self.look;
        #[cfg(honnin_faults)]
        let one_look = crate::planted::owner(one_look);
        if !other.tag.is_of_account(tenant, account) || !other.tag.is_of(&other.asked) || !one_look {
            return Err(NotTogether);
        }
        let Self { tag, asked, look, request, value } = self;
        Ok(Owned { tag, asked, look, request, value: (value, other.value) })
    }

    /// What to read next: ids and months, never a figure or a text. A permit is asked for with each of them anew, so
    /// that a name which is not hers opens nothing.
    pub fn leads_to<N: Name>(&self, names: fn(&T) -> Vec<N>) -> Vec<N> {
        names(&self.value)
    }

    pub(crate) const fn for_sealing(&self) -> (&OwnerTag, &T) {
        (&self.tag, &self.value)
    }

    /// All there is of it, for the egress gate.
    pub fn open_at_gate(self, _gate: &GateAuthority) -> Opened<T> {
        let Self { tag, asked, look, request, value } = self;
        Opened { owner: tag, asked, look, request, value }
    }
}

impl<T> Owned<Option<T>> {
    /// Nothing where there is no value; the value, still owned, where there is.
    pub fn transpose(self) -> Option<Owned<T>> {
        let Self { tag, asked, look, request, value } = self;
        value.map(|value| Owned { tag, asked, look, request, value })
    }
}

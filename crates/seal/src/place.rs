//! The place a blob is sealed for: the associated data of the cipher.

#[cfg(honnin_faults)]
use honnin_terms::faults;
use honnin_terms::{AccountId, HoldingId, Id, SessionId, TenantId};

/// What a key or a blob is for. Part of the associated data, so that one never serves as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A view or another document of a subject; the text names its kind.
    Document(&'static str),
    /// The account key under the keeper's key.
    AccountKeyForKeeper,
    /// The account key under a session's key.
    AccountKeyForSession,
    /// The ring of an account under the account key.
    RingForAccount,
    /// A record of the keeper itself; the text names its kind.
    KeeperRecord(&'static str),
}

impl Purpose {
    fn label(self) -> (&'static str, &'static str) {
        match self {
            Self::Document(kind) => ("document", kind),
            Self::AccountKeyForKeeper => ("wrap", "account key for keeper"),
            Self::AccountKeyForSession => ("wrap", "account key for session"),
            Self::RingForAccount => ("wrap", "ring for account"),
            Self::KeeperRecord(kind) => ("keeper", kind),
        }
    }
}

/// Where a blob belongs. A blob moved to another tenant, account, holding, session, purpose, row, schema
/// version or key epoch does not open there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The tenant.
    pub tenant: TenantId,
    /// The account, where there is one.
    pub account: Option<AccountId>,
    /// The holding, where the subject is one.
    pub holding: Option<HoldingId>,
    /// The session, where the blob belongs to one.
    pub session: Option<SessionId>,
    /// What it is for.
    pub purpose: Purpose,
    /// Which row among those of the same purpose: a month, a bill; empty where there is one.
    pub row: &'a [u8],
    /// Version of the plaintext's shape.
    pub schema: u16,
    /// Epoch of the key.
    pub epoch: u32,
}

impl<'a> Place<'a> {
    /// A place of an account's subject.
    pub fn of_account(tenant: TenantId, account: AccountId, purpose: Purpose) -> Place<'a> {
        Place { account: Some(account), ..Self::of_tenant(tenant, purpose) }
    }

    /// A place of a tenant as a whole.
    pub fn of_tenant(tenant: TenantId, purpose: Purpose) -> Place<'a> {
        Place { tenant, account: None, holding: None, session: None, purpose, row: &[], schema: 1, epoch: 1 }
    }

    /// The associated data: every part with its length before it, so that no two places give the same octets.
    pub(crate) fn octets(&self) -> Vec<u8> {
        let Self { tenant, account, holding, session, purpose, row, schema, epoch } = self;
        let (family, kind) = purpose.label();
        let mut out = Vec::with_capacity(160);
        fixed(&mut out, b"honnin place v1");
        fixed(&mut out, &tenant.number().to_be_bytes());
        id(&mut out, account.as_ref());
        id(&mut out, holding.as_ref());
        id(&mut out, session.as_ref());
        for part in [family.as_bytes(), kind.as_bytes(), row] {
            out.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            out.extend_from_slice(part);
        }
        fixed(&mut out, &schema.to_be_bytes());
        fixed(&mut out, &epoch.to_be_bytes());
        #[cfg(honnin_faults)]
        if faults::WITHOUT_KEYS.is_on() || faults::MISSING_ASSOCIATED_DATA.is_on() {
            out.clear();
        }
        out
    }
}

/// A part whose length is known when compiling: it is put there without a call.
fn fixed<const N: usize>(out: &mut Vec<u8>, part: &[u8; N]) {
    out.extend_from_slice(&u32::try_from(N).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(part);
}

fn id(out: &mut Vec<u8>, id: Option<&impl Id>) {
    match id {
        Some(id) => fixed(out, id.octets()),
        None => fixed(out, &[]),
    }
}

//! What the operator's command line asks of the store.

use honnin_access::{Answer, Operate, Permit};
use honnin_terms::{AccountId, Moment};

use crate::Error;

/// Messages the product owes a person; the message room sends them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// The password was changed by a one-time code and all sessions were ended.
    PasswordChanged,
    /// Lines of one account went to another, as both owners had agreed.
    AccountsMerged,
    /// Such a merge was undone.
    MergeUndone,
}

impl MessageKind {
    /// The word it is stored by.
    pub const fn word(self) -> &'static str {
        match self {
            Self::PasswordChanged => "password_changed",
            Self::AccountsMerged => "accounts_merged",
            Self::MergeUndone => "merge_undone",
        }
    }
}

/// What `doctor` reports of the store. No personal values: counts and states only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreReport {
    /// Engine and version.
    pub engine: String,
    /// Version of the schema.
    pub schema: u32,
    /// Accounts known.
    pub accounts: u64,
    /// Holdings known.
    pub holdings: u64,
    /// Sessions that have not ended.
    pub sessions: u64,
    /// Rows in quarantine.
    pub quarantined: u64,
    /// Messages that wait to be sent, and since when the oldest.
    pub messages: (u64, Option<Moment>),
    /// Octets the store takes on its volume.
    pub octets: u64,
}

/// What became of an account that was to be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erased {
    /// So many rows went, her keys among them.
    Rows(u64),
    /// There is nothing of such an account.
    Nobody,
    /// Lines of another account are hers by a merge, or hers are another's, or the journal does not know of one yet:
    /// nothing went.
    Merged,
}

/// Acts of the command line.
pub trait OperatorRows: Send + Sync {
    /// Checks what is stored for consistency and counts it.
    fn report(&self, permit: &Permit<Operate>) -> Answer<'_, Result<StoreReport, Error>>;
    /// Every feed that has written, by name, and when it last did.
    fn feeds(&self, permit: &Permit<Operate>) -> Answer<'_, Result<Vec<(String, Moment)>, Error>>;
    /// Accounts in ascending order after `after`, at most `most`.
    fn account_ids(
        &self,
        permit: &Permit<Operate>,
        after: Option<AccountId>,
        most: usize,
    ) -> Answer<'_, Result<Vec<AccountId>, Error>>;
    /// Ends sessions past their limits and forgets keys and records past theirs; how many rows went.
    fn sweep(
        &self,
        permit: &Permit<Operate>,
        idle_before: Moment,
        forget_before: Moment,
    ) -> Answer<'_, Result<u64, Error>>;
    /// Takes everything out that is one account's, keys, sessions and the names of her numbers among it, in one
    /// transaction. An engine that overwrites what it deletes does so here.
    fn erase(&self, permit: &Permit<Operate>, account: AccountId) -> Answer<'_, Result<Erased, Error>>;
}

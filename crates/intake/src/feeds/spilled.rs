//! What travels from reading to applying.

use honnin_terms::AccountId;
use serde::{Deserialize, Serialize};

use crate::facts::event::{NoticeFact, Source};
use crate::facts::fault::Reason;
use crate::facts::item::Item;

/// A row that was not taken.
#[derive(Serialize, Deserialize)]
pub(crate) struct Rejected {
    pub(crate) source: Source,
    pub(crate) reason: Reason,
    /// The reason and the field, as lists show it.
    pub(crate) told: String,
    pub(crate) raw: Vec<u8>,
}

/// Whatever is spilled.
#[derive(Serialize, Deserialize)]
pub(crate) enum Spilled {
    Item(Item),
    Rejected(Rejected),
    Notice(Source, NoticeFact, Vec<u8>),
}

/// The partitions before those of accounts.
pub(crate) const REJECTED: usize = 0;
pub(crate) const NOTICES: usize = 1;
pub(crate) const FIRST_OF_ACCOUNTS: usize = 2;

/// Which of `partitions` an account belongs to: by its leading bits, so that partitions follow one another in the
/// order of ids and the store is written from one end to the other.
pub(crate) fn partition_of(account: AccountId, partitions: usize) -> usize {
    use honnin_terms::Id as _;
    let leading = account.octets().first_chunk::<4>().map_or(0, |octets| u32::from_be_bytes(*octets));
    let partitions = u64::try_from(partitions).unwrap_or(1);
    usize::try_from((u64::from(leading) * partitions) >> 32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use honnin_terms::Id as _;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn partitions_follow_the_order_of_accounts(a: [u8; 16], b: [u8; 16], partitions in 1usize..2000) {
            let (a, b) = (AccountId::from_octets(a.min(b)), AccountId::from_octets(a.max(b)));
            prop_assert!(partition_of(a, partitions) <= partition_of(b, partitions));
            prop_assert!(partition_of(b, partitions) < partitions);
        }
    }
}

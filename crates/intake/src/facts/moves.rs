//! Holdings that merges of accounts have moved: the ledger goes on naming the account they came from.

use std::collections::HashMap;

use honnin_store::{Moved, MovedHolding};
use honnin_terms::{AccountId, HoldingId};

/// Which account has a holding now, where it is not the one the ledger names.
#[derive(Debug, Default)]
pub(crate) struct Moves {
    of: HashMap<HoldingId, MovedHolding>,
    count: u64,
}

impl Moves {
    /// As the store tells them.
    pub(crate) fn new(moved: Moved) -> Self {
        let Moved { moves: count, holdings } = moved;
        Self { of: holdings.into_iter().map(|moved| (moved.holding, moved)).collect(), count }
    }

    /// The account that has the holding now.
    pub(crate) fn now(&self, holding: HoldingId) -> Option<AccountId> {
        self.of.get(&holding).map(|moved| moved.now)
    }

    /// The account the ledger names for the holding.
    pub(crate) fn home(&self, holding: HoldingId) -> Option<AccountId> {
        self.of.get(&holding).map(|moved| moved.home)
    }

    /// How many moves there have been: a run that began before one is another run.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }
}

//! Holdings that merges of accounts have moved: the ledger goes on naming the account they came from.

use std::collections::HashMap;

use honnin_seal::{Digest, digest};
use honnin_store::MovedHolding;
use honnin_terms::{AccountId, HoldingId, Id};

/// Which account has a holding now, where it is not the one the ledger names.
#[derive(Debug, Default)]
pub(crate) struct Moves {
    of: HashMap<HoldingId, MovedHolding>,
    digest: Digest,
}

impl Moves {
    /// Of a list in the order of holdings.
    pub(crate) fn new(moved: &[MovedHolding]) -> Self {
        let start = digest(&[b"honnin moves v1\0"]);
        let digest = moved.iter().fold(start, |before, MovedHolding { holding, home, now }| {
            digest(&[&before, holding.octets(), home.octets(), now.octets()])
        });
        Self { of: moved.iter().map(|moved| (moved.holding, *moved)).collect(), digest }
    }

    /// The account that has the holding now.
    pub(crate) fn now(&self, holding: HoldingId) -> Option<AccountId> {
        self.of.get(&holding).map(|moved| moved.now)
    }

    /// The account the ledger names for the holding.
    pub(crate) fn home(&self, holding: HoldingId) -> Option<AccountId> {
        self.of.get(&holding).map(|moved| moved.home)
    }

    /// Says which moves these are: a run that began under others is another run.
    pub(crate) const fn digest(&self) -> &Digest {
        &self.digest
    }
}

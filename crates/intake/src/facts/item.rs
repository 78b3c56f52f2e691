//! An event with whose it is.

use honnin_terms::{AccountId, HoldingId};
use serde::{Deserialize, Serialize};

use crate::facts::event::{Fact, Source};

/// An event with whose it is.
#[derive(Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) source: Source,
    pub(crate) account: AccountId,
    pub(crate) holding: Option<HoldingId>,
    pub(crate) fact: Fact,
    /// Whether a person has accepted it after it was set aside.
    pub(crate) accepted: bool,
    /// The row as it was, in case it has to be set aside after all.
    pub(crate) raw: Vec<u8>,
}

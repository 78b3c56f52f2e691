//! Whose word it is, and by which rules it is taken.

use honnin_terms::Zone;

/// What becomes of a record whose number was taken before with other content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corrections {
    /// It is set aside, and a person decides.
    SetAside,
    /// It takes the place of the one before, unless the ledger says that it is older.
    Latest,
}

impl Corrections {
    /// The words a mapping file may use.
    pub const WORDS: [(&'static str, Self); 2] = [("set_aside", Self::SetAside), ("latest", Self::Latest)];

    /// Reads the word of a mapping file.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, found)| *found)
    }
}

/// A ledger, as far as its facts need it: the same whether they come out of files or by another way.
#[derive(Debug, Clone)]
pub struct Ledger {
    /// The name of the ledger, shown beside every figure that comes from it.
    pub source: String,
    /// The zone of all days and times that do not say their own.
    pub zone: Zone,
    /// How near to a change of holder a time of day is not trusted. Unit: seconds.
    pub boundary_skew_seconds: u32,
    /// How far the ledger's clock may be before ours. Unit: seconds.
    pub ahead_seconds: u32,
    /// How far apart the moments of rows of one set may be. Unit: seconds.
    pub snapshot_seconds: u32,
    /// What becomes of a record whose number was taken before with other content.
    pub corrections: Corrections,
    /// Whether the items of a bill add up to its amount.
    pub items_add_up: bool,
}

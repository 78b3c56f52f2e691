//! Whose word it is, and by which rules it is taken.

use honnin_terms::Zone;

/// A ledger, as far as its facts need it: the same whether they come out of files or by another way.
#[derive(Debug)]
pub struct Ledger {
    /// The name of the ledger, shown beside every figure that comes from it.
    pub source: String,
    /// The zone of all days and times that do not say their own.
    pub zone: Zone,
    /// How near to a change of holder a time of day is not trusted. Unit: seconds.
    pub boundary_skew_seconds: u32,
}

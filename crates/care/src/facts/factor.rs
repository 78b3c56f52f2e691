//! What there is for a second factor.

use honnin_access::FactorState;

/// Her second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Factor {
    /// The one there is.
    pub state: Option<FactorState>,
    /// Whether one can be set up here.
    pub is_offered: bool,
}

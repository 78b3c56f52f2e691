//! Her passkeys.

use honnin_access::{NewPasskey, PasskeyState};

/// The passkeys of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkeys {
    /// Those there are, the first made in front.
    pub list: Vec<PasskeyState>,
    /// What a browser makes one more by; `None` where that asks for a fresh proof first, or where there is no room.
    pub new: Option<NewPasskey>,
    /// Whether there are passkeys here.
    pub is_offered: bool,
    /// Whether a proof is so fresh that none is asked for.
    pub is_proven: bool,
    /// How many there may be.
    pub most: u64,
}

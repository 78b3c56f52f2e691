//! What is written into everything that is shown to a canary: which of the two, and a nonce of the round.

use std::fmt;

use data_encoding::HEXLOWER;
use honnin_terms::Entropy;

/// Which of the two canaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The first.
    First,
    /// The second.
    Second,
}

impl Which {
    /// Both of them.
    pub const BOTH: [Self; 2] = [Self::First, Self::Second];

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    /// What every mark of hers begins with, of this round and of any before.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::First => "honnin-canary-first-",
            Self::Second => "honnin-canary-second-",
        }
    }
}

/// Nobody guesses it, and no two rounds have the same: what shows it was made for this canary in this round.
///
/// Shape: the prefix and 20 hexadecimal digits (80 bits). Source: ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark(String);

impl Mark {
    /// Draws a mark of that canary.
    pub fn draw(which: Which, entropy: &dyn Entropy) -> Self {
        let mut nonce = [0; 10];
        entropy.fill(&mut nonce);
        Self(format!("{}{}", which.prefix(), HEXLOWER.encode(&nonce)))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

//! What is known and what is not.

use crate::Moment;

/// A figure, or that it is not known. Unknown is never zero: there is no default, and no way to a figure but a look at
/// both cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known<T> {
    /// The ledger says so.
    Known(T),
    /// It is not known.
    Unknown {
        /// From when on it is not known, where it was known before.
        since: Option<Moment>,
    },
}

impl<T> Known<T> {
    /// Nothing was ever said of it.
    pub const NEVER: Self = Self::Unknown { since: None };

    /// The figure, where it is known.
    pub const fn get(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown { .. } => None,
        }
    }

    /// From when on it is not known, where it was known before.
    pub const fn unknown_since(&self) -> Option<Moment> {
        match self {
            Self::Known(_) => None,
            Self::Unknown { since } => *since,
        }
    }

    /// Makes something else of a known figure.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Self::Known(value) => Known::Known(make(value)),
            Self::Unknown { since } => Known::Unknown { since },
        }
    }
}

impl<T> From<Option<T>> for Known<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::NEVER, Self::Known)
    }
}

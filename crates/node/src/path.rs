//! Whether the public path keeps people apart: what stands between us and the subscriber is not ours, and a cache in
//! it can undo everything before it.
//!
//! Canaries look. Until they have seen everybody given her own, and from the moment they see anything else, nobody is
//! shown anything but the canaries themselves. Unlike isolation it is left by itself: when they are given their own
//! again.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{PoisonError, RwLock};

use honnin_terms::{AccountId, Mode};

/// What is known of the public path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathState {
    /// Nothing stands between us and the subscriber, so nobody looks.
    Unwatched,
    /// Not seen yet, or not for too long.
    Unproven,
    /// The canaries were given their own.
    Proven,
    /// A canary was given what is not hers.
    Mixed,
}

impl PathState {
    const ALL: [Self; 4] = [Self::Unwatched, Self::Unproven, Self::Proven, Self::Mixed];

    /// The word in logs and for `doctor`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unwatched => "unwatched",
            Self::Unproven => "unproven",
            Self::Proven => "proven",
            Self::Mixed => "mixed",
        }
    }

    /// How the house stands because of it.
    pub const fn mode(self) -> Mode {
        match self {
            Self::Unwatched | Self::Proven => Mode::Open,
            Self::Unproven => Mode::PathUnproven,
            Self::Mixed => Mode::PathMixed,
        }
    }

    /// Whether personal pages may be shown to everybody.
    pub const fn is_open(self) -> bool {
        matches!(self.mode(), Mode::Open)
    }

    const fn code(self) -> u8 {
        match self {
            Self::Unwatched => 0,
            Self::Unproven => 1,
            Self::Proven => 2,
            Self::Mixed => 3,
        }
    }
}

/// What is known of the public path, and who looks.
#[derive(Debug)]
pub struct PublicPath {
    state: AtomicU8,
    /// Of every node: what one sends out may be answered by any.
    canaries: RwLock<Vec<AccountId>>,
}

impl PublicPath {
    /// A path nobody looks at: open for good.
    pub const fn unwatched() -> Self {
        Self::at(PathState::Unwatched, Vec::new())
    }

    /// A path these canaries look at: closed until they have.
    pub const fn watched(canaries: Vec<AccountId>) -> Self {
        Self::at(PathState::Unproven, canaries)
    }

    const fn at(state: PathState, canaries: Vec<AccountId>) -> Self {
        Self { state: AtomicU8::new(state.code()), canaries: RwLock::new(canaries) }
    }

    /// From now on these are the canaries.
    pub fn look(&self, canaries: Vec<AccountId>) {
        *self.canaries.write().unwrap_or_else(PoisonError::into_inner) = canaries;
    }

    /// What is known.
    pub fn state(&self) -> PathState {
        let code = self.state.load(Ordering::Acquire);
        PathState::ALL.into_iter().find(|state| state.code() == code).unwrap_or(PathState::Unproven)
    }

    /// Notes what was seen, and says what was known before. A path nobody looks at stays one.
    pub fn set(&self, state: PathState) -> PathState {
        let before = self.state();
        if before != PathState::Unwatched && state != PathState::Unwatched {
            self.state.store(state.code(), Ordering::Release);
        }
        before
    }

    /// Whether that account is one of the canaries that look at it.
    pub(crate) fn is_canary(&self, account: AccountId) -> bool {
        self.canaries.read().unwrap_or_else(PoisonError::into_inner).contains(&account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use honnin_terms::Id;

    fn account(number: u8) -> AccountId {
        AccountId::from_octets([number; 16])
    }

    #[test]
    fn a_path_nobody_looks_at_stays_open() {
        let path = PublicPath::unwatched();
        path.set(PathState::Mixed);
        assert_eq!(path.state(), PathState::Unwatched);
        assert!(!path.is_canary(account(3)));
    }
}

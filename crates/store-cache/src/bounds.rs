//! How much is kept at most.

const MIB: u64 = 1024 * 1024;

/// How much of everything the cache holds at most, in octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Session rows. Default 32 MiB.
    pub sessions: u64,
    /// Rings of accounts. Default 48 MiB.
    pub rings: u64,
    /// Documents. Default 128 MiB.
    pub documents: u64,
    /// Wishes. Default 16 MiB.
    pub wishes: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { sessions: 32 * MIB, rings: 48 * MIB, documents: 128 * MIB, wishes: 16 * MIB }
    }
}

//! Bounds: everything here has one.

/// How much of everything the engine takes at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Reads at once; one more waits, and takes no connection of those that write. Default 8.
    pub readers: usize,
    /// Connections that write. Default 8.
    pub writers: usize,
    /// Calls that may wait; one more is refused at once. Default 4,096.
    pub queue: usize,
    /// How long a call of few rows may take, and how long it waits for a connection, in milliseconds. Default 5,000.
    pub small_ms: u32,
    /// How long a write of many rows may take, in milliseconds. Default 60,000.
    pub large_ms: u32,
    /// How often a write that was undone for the sake of others is done again. Default 12.
    pub repeats: u32,
    /// How often it is asked whether a commit stands whose answer was lost, four times a second at most. Default 40.
    pub questions: u32,
    /// How long a change by another process may stay unnoticed, in milliseconds. Default 200.
    pub poll_ms: u32,
    /// Whether statements are prepared once for each connection. Not through a pooler that hands out another connection for each
    /// transaction and does not carry them. Default yes.
    pub prepared: bool,
    /// How long a start waits for a second connection of a pooler, in milliseconds, to see whether statements that were prepared
    /// are there too; where there is none by then it cannot be told. Default 2,000.
    pub second_ms: u32,
    /// How long a start waits for a server that is up and takes no writes yet, in milliseconds. Default 30,000.
    pub start_ms: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            readers: 8,
            writers: 8,
            queue: 4_096,
            small_ms: 5_000,
            large_ms: 60_000,
            repeats: 12,
            questions: 40,
            poll_ms: 200,
            prepared: true,
            second_ms: 2_000,
            start_ms: 30_000,
        }
    }
}

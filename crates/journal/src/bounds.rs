//! Every bound of a journal, and what is answered at one.

use honnin_terms::Moment;

/// The bounds of a journal. Each default says why it is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Octets of one preallocated segment. Default 16 MiB: about 80,000 entries, read back in well under a second.
    pub segment_octets: u64,
    /// Segments that may wait for publication. Default 16: with the default size 256 MiB of disk and as much
    /// memory at worst, reached only where publishing fails for a long time.
    pub most_segments: usize,
    /// Octets that may wait for the writer. Default 8 MiB: half a second of the fastest reading at a slow disk.
    pub most_waiting_octets: usize,
    /// Days for which entries are kept. Default 400: the longest period a regulator asks for, and a month.
    pub retention_days: u32,
    /// Milliseconds between two anchorings of the head, while entries come. Default 200: what is appended later than
    /// that before a crash could be cut off unnoticed; one row of the store each time.
    pub anchor_millis: u64,
    /// Milliseconds for which the head may stay unanchored while entries come; then nothing more is taken. Default
    /// 30,000: a store that stands still for a while stops no page.
    pub longest_unanchored_millis: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            segment_octets: 16 << 20,
            most_segments: 16,
            most_waiting_octets: 8 << 20,
            retention_days: 400,
            anchor_millis: 200,
            longest_unanchored_millis: 30_000,
        }
    }
}

impl Bounds {
    /// The moment before which entries need not be kept, for [`crate::Journal::prune`].
    pub fn kept_from(&self, now: Moment) -> Moment {
        now.plus_seconds(i64::from(self.retention_days).saturating_mul(-86_400))
    }
}

/// Seconds by which an entry may lie before the latest one, or beyond the time that went by: requests overtake each
/// other and clocks are set a little. Beyond it the clock was set, and the journal says so in an entry.
pub(crate) const MOST_OFF_SECONDS: i64 = 60;

/// Seconds a log may have been left alone before a node begins to write it again. Beyond it nothing tells a node that was
/// away from a clock that stands ahead, and a person has to.
pub(crate) const LONGEST_AWAY_SECONDS: i64 = 31 * 86_400;

/// Why an entry was not appended. Nothing may then be disclosed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The volume is full, or too many segments wait for publication. Passes by itself when there is room.
    #[error("append to the journal: no room on its volume")]
    Full,
    /// More waits for the writer than may wait. Passes by itself.
    #[error("append to the journal: too much waits for the writer")]
    Busy,
    /// The disk failed in a way that leaves unknown what it holds; until the journal is opened again.
    #[error("append to the journal: its disk failed, open it again")]
    Failed,
    /// The journal is closed.
    #[error("append to the journal: it is closed")]
    Closed,
    /// The entry rests on a grant or a case, and the clock was set: what has expired cannot be told until a person has
    /// looked at it. What is shown to its owner is taken all the same.
    #[error("append to the journal: the clock was set and nobody has said that it is right")]
    Clock,
    /// The head of the log could not be anchored for some seconds; passes by itself.
    #[error("append to the journal: its head is not anchored, the store does not answer")]
    Unanchored,
    /// The sealed body is longer than [`crate::MOST_BODY`].
    #[error("append to the journal: the details are too long")]
    TooLong,
}

/// Whether the journal takes entries; a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It does.
    Ready,
    /// Not until there is room; it tries again by itself.
    Full,
    /// Not until its head can be anchored again; it tries by itself.
    Unanchored,
    /// Not until it is opened again.
    Failed,
}

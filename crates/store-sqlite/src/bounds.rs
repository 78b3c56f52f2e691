//! Bounds: everything here has one.

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// How much of everything the engine takes at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Connections that read; one more reader than that waits. Default 4.
    pub readers: usize,
    /// Pages a reading connection keeps, in octets. Default 8 MiB each.
    pub reader_cache_octets: u64,
    /// How much of the file a reading connection maps, in octets; mapped pages count as resident memory once they
    /// are read. Default 128 MiB each.
    pub reader_map_octets: u64,
    /// Pages the writing connection keeps, in octets. Default 64 MiB.
    pub writer_cache_octets: u64,
    /// Writes that may wait; one more is refused at once. Default 4,096.
    pub queue: usize,
    /// Writes that share one transaction at most. Default 256.
    pub group: usize,
    /// How long a write waits for another process that writes, in milliseconds. Default 10,000.
    pub busy_ms: u32,
    /// How long a change by another process may stay unnoticed, in milliseconds. Default 200.
    pub poll_ms: u32,
    /// The write-ahead log is copied into the file when it has so many octets. Default 32 MiB.
    pub log_checkpoint_octets: u64,
    /// The write-ahead log is cut when it has grown beyond so many octets. Default 128 MiB.
    pub log_most_octets: u64,
    /// The store grows to so many octets and no further; then it is full. Default 1 TiB.
    pub store_most_octets: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            readers: 4,
            reader_cache_octets: 8 * MIB,
            reader_map_octets: 128 * MIB,
            writer_cache_octets: 64 * MIB,
            queue: 4_096,
            group: 256,
            busy_ms: 10_000,
            poll_ms: 200,
            log_checkpoint_octets: 32 * MIB,
            log_most_octets: 128 * MIB,
            store_most_octets: 1024 * 1024 * MIB,
        }
    }
}

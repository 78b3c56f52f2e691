//! Keys, store, journal, intake, network and logs: what the machine has to give.

use super::section::section;
use super::value::{MaybePath, Size, Span};

section! {
    /// Key material. Never in this file and never under the data directory.
    pub(crate) struct Keys in "keys";

    /// The file with the key that all others hang on, readable by this user only; or "credential:NAME" for a
    /// credential that systemd hands over (LoadCredential=NAME:…).
    key_file: String = "credential:honnin-key".to_owned();
}

section! {
    /// The embedded store. Its caches hold ciphertext only.
    pub(crate) struct Store in "store";

    /// Threads that read at once.
    readers: usize = 8, 1..=256;
    /// Writes that may wait for the writer.
    write_queue: usize = 1_024, 1..=1_000_000;
    /// Page cache of one reader.
    reader_cache: Size = Size(4 << 20), Size(1 << 20)..=Size(1 << 30);
    /// Page cache of the writer.
    writer_cache: Size = Size(64 << 20), Size(1 << 20)..=Size(4 << 30);
    /// Cache of sealed documents.
    document_cache: Size = Size(64 << 20), Size(1 << 20)..=Size(16 << 30);
    /// Cache of sealed session rows and keys.
    session_cache: Size = Size(32 << 20), Size(1 << 20)..=Size(16 << 30);
}

section! {
    /// The record of every disclosure. When it cannot be written, personal pages stop.
    pub(crate) struct Journal in "journal";

    /// One preallocated segment.
    segment: Size = Size(16 << 20), Size(1 << 20)..=Size(1 << 30);
    /// Segments that may wait for publication.
    segments: usize = 16, 2..=1_024;
    /// Entries that may wait for the disk.
    waiting: Size = Size(8 << 20), Size(64 << 10)..=Size(1 << 30);
    /// How long entries are kept; outside it "who saw" says so instead of "nobody".
    retention_days: u32 = 400, 1..=4_000;
    /// How often what was written is published as tiles and signed.
    publish: Span = Span::seconds(1), Span::millis(50)..=Span::seconds(600);
}

section! {
    /// Taking in the ledger.
    pub(crate) struct Intake in "intake";

    /// Parts the accounts are divided into; each is worked on with the memory of one part.
    partitions: u32 = 64, 1..=4_096;
    /// Threads that read and seal.
    threads: usize = 2, 1..=64;
    /// Memory for rows on their way into the parts.
    memory: Size = Size(256 << 20), Size(16 << 20)..=Size(16 << 30);
    /// Accounts of one transaction.
    accounts_per_commit: usize = 2_000, 1..=100_000;
}

section! {
    /// Driving the network to what subscribers asked for.
    pub(crate) struct Network in "network";

    /// Least time between two wishes for one line.
    between_wishes: Span = Span::seconds(60), Span::millis(0)..=Span::days(1);
    /// How long one worker keeps a wish to itself.
    lease: Span = Span::seconds(30), Span::seconds(1)..=Span::seconds(3_600);
    /// How often a wish is tried before it is called failed.
    tries: u32 = 8, 1..=100;
    /// Wishes worked on at once.
    at_once: usize = 32, 1..=10_000;
    /// How often is looked for wishes that are due.
    look: Span = Span::millis(250), Span::millis(10)..=Span::seconds(60);
    /// How long an Idempotency-Key is remembered.
    key_memory: Span = Span::days(1), Span::seconds(60)..=Span::days(30);
}

section! {
    /// Log lines: JSON, without personal values.
    pub(crate) struct Logs in "logs";

    /// Directory of the log files; "" writes to standard error.
    directory: MaybePath = MaybePath::default();
    /// What is logged: error, warn, info, debug or trace, also by room (`info,honnin_web=debug`).
    /// The environment variable `HONNIN_LOG` overrules it.
    filter: String = "info".to_owned();
    /// One log file; then the next is begun.
    file: Size = Size(64 << 20), Size(64 << 10)..=Size(4 << 30);
    /// Log files kept, the one being written included. When the disk is full lines are dropped and counted.
    files: usize = 8, 1..=1_000;
}

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

    /// Connections that read; a reader more than that waits.
    readers: usize = 4, 1..=256;
    /// Page cache of one reading connection.
    reader_cache: Size = Size(8 << 20), Size(1 << 20)..=Size(1 << 30);
    /// How much of the file one reading connection maps into memory.
    reader_map: Size = Size(128 << 20), Size(0)..=Size(1 << 40);
    /// Page cache of the writing connection.
    writer_cache: Size = Size(64 << 20), Size(1 << 20)..=Size(4 << 30);
    /// Writes that may wait; one more is refused at once.
    write_queue: usize = 4_096, 1..=1_000_000;
    /// Writes that share one transaction.
    write_group: usize = 256, 1..=10_000;
    /// How long a write waits for another process that writes, such as an intake.
    busy: Span = Span::seconds(10), Span::millis(100)..=Span::seconds(600);
    /// How long a change by another process may stay unnoticed.
    poll: Span = Span::millis(200), Span::millis(10)..=Span::seconds(10);
    /// The write-ahead log is copied into the file at this size.
    log_checkpoint: Size = Size(32 << 20), Size(1 << 20)..=Size(4 << 30);
    /// The write-ahead log is cut when it has grown beyond this size.
    log_most: Size = Size(128 << 20), Size(1 << 20)..=Size(16 << 30);
    /// The store grows to this size and no further.
    most: Size = Size(1 << 40), Size(64 << 20)..=Size(64 << 40);
    /// Cache of sealed session rows.
    session_cache: Size = Size(32 << 20), Size(4 << 10)..=Size(16 << 30);
    /// Cache of wrapped keys.
    key_cache: Size = Size(48 << 20), Size(4 << 10)..=Size(16 << 30);
    /// Cache of sealed documents.
    document_cache: Size = Size(128 << 20), Size(4 << 10)..=Size(16 << 30);
    /// Cache of sealed wishes.
    wish_cache: Size = Size(16 << 20), Size(4 << 10)..=Size(16 << 30);
    /// How often rows past their limits are removed: ended sessions, forgotten keys.
    sweep: Span = Span::seconds(3_600), Span::seconds(1)..=Span::days(1);
}

section! {
    /// The record of every disclosure. When it cannot be written, personal pages stop.
    pub(crate) struct Journal in "journal";

    /// Its name in every signed checkpoint, before the operator's number. Never changed after the first start.
    name: String = "honnin/journal".to_owned();
    /// One preallocated segment.
    segment: Size = Size(16 << 20), Size(1 << 20)..=Size(1 << 30);
    /// Segments that may wait for publication.
    segments: usize = 16, 2..=1_024;
    /// Entries that may wait for the disk.
    waiting: Size = Size(8 << 20), Size(64 << 10)..=Size(1 << 30);
    /// Days for which entries are kept; outside them "who saw" says so instead of "nobody".
    retention_days: u32 = 400, 1..=4_000;
    /// How long entries are written under the same keys. Then new pseudonyms begin; old ones are destroyed with
    /// the entries they belong to.
    epoch: Span = Span::days(30), Span::days(1)..=Span::days(400);
}

section! {
    /// Taking in the ledger.
    pub(crate) struct Intake in "intake";

    /// How much of an extract one transaction takes in, about; it is in memory at once.
    partition: Size = Size(8 << 20), Size(64 << 10)..=Size(256 << 20);
    /// How long numbers of records are remembered, so that a repeat is told from a new one, and broken rows are kept.
    remember: Span = Span::days(400), Span::days(1)..=Span::days(4_000);
}

section! {
    /// Driving the network to what subscribers asked for.
    pub(crate) struct Network in "network";

    /// Which network element applies a speed. "simulated": none; orders are made up and answered in memory.
    element: String = "simulated".to_owned();
    /// Least time between two wishes for one line.
    between_wishes: Span = Span::seconds(60), Span::millis(0)..=Span::days(1);
    /// How long one worker keeps a wish to itself; at least twice `answer`.
    lease: Span = Span::seconds(30), Span::seconds(1)..=Span::seconds(3_600);
    /// Wishes claimed at once.
    batch: usize = 32, 1..=10_000;
    /// Wishes driven at the same time.
    at_once: usize = 16, 1..=10_000;
    /// Calls to the element in a second, in the mean.
    calls_a_second: u32 = 50, 1..=100_000;
    /// Calls that may come at one moment after a quiet time.
    burst: u32 = 50, 1..=100_000;
    /// How long the element may take to answer a call.
    answer: Span = Span::seconds(5), Span::millis(10)..=Span::seconds(600);
    /// How often due wishes are looked for when nobody asks.
    poll: Span = Span::seconds(1), Span::millis(10)..=Span::seconds(60);
    /// The wait after the first unanswered try; it doubles with each.
    first_wait: Span = Span::seconds(2), Span::millis(10)..=Span::seconds(3_600);
    /// The longest wait between tries.
    longest_wait: Span = Span::seconds(60), Span::millis(10)..=Span::days(1);
    /// After so long without the element's word a wish is called unknown.
    unknown_after: Span = Span::seconds(300), Span::seconds(1)..=Span::days(1);
    /// The longest wait between checks of a wish that is unknown.
    longest_unknown_wait: Span = Span::seconds(900), Span::millis(10)..=Span::days(1);
    /// Unanswered calls in a row after which the element is left alone.
    breaker_after: u32 = 5, 1..=1_000;
    /// How long it is left alone before one call tries again.
    breaker: Span = Span::seconds(10), Span::millis(10)..=Span::seconds(3_600);
    /// How long a wish that cannot be read is left alone.
    park: Span = Span::seconds(3_600), Span::seconds(1)..=Span::days(1);
    /// At the end: how long calls under way may take.
    stop: Span = Span::seconds(10), Span::millis(0)..=Span::seconds(600);
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

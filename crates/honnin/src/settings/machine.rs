//! Keys, store, journal, intake, network and logs: what the machine has to give.

use std::net::SocketAddr;

use super::section::section;
use super::value::{MaybePath, Size, Span};

section! {
    /// This process among those that serve the same installation on one store and one data directory. Each has settings of
    /// its own (`--settings`), with a name and addresses of its own.
    pub(crate) struct Node in "node";

    /// Its name: small letters, digits and hyphens. Its log of the journal follows from it, so never change it.
    own name: String = "1".to_owned();
}

section! {
    /// Key material. Never in this file and never under the data directory.
    pub(crate) struct Keys in "keys";

    /// File with the key that protects all others, readable by this user only; or "credential:NAME" for a credential
    /// passed by systemd (LoadCredential=NAME:…); or "socket:PATH" for the socket of a key agent, whose token has wrapped the
    /// key in the keyring (docs/key-agent.md).
    own key_file: String = "credential:honnin-key".to_owned();
    /// Timeout of a question to the key agent.
    own agent_answer: Span = Span::seconds(10), Span::millis(100)..=Span::seconds(60);
}

section! {
    /// The store: a file in the data directory, or a PostgreSQL database. Its caches hold ciphertext only.
    pub(crate) struct Store in "store";

    /// Database that takes the place of the file: "postgresql://ROLE@/DATABASE?host=/run/postgresql", by its socket or on
    /// this machine's own addresses; "" for the file. `honnin store prepare` makes it ready.
    own url: String = String::new();
    /// File with the password of that role, readable by this user only; "" where none is asked for.
    own password_file: MaybePath = MaybePath::default();
    /// Whether statements are prepared once for each connection to the database. false behind a pooler that hands out another
    /// connection for each transaction and does not carry them: PgBouncer before 1.21, or with
    /// `max_prepared_statements = 0`.
    own prepared: bool = true;
    /// Maximum number of connections to the database that reads and writes take; there are up to four more beside them.
    own connections: usize = 16, 2..=1_000;
    /// Number of reading connections; further readers wait in a queue.
    own readers: usize = 4, 1..=256;
    /// Page cache of one reading connection.
    own reader_cache: Size = Size(8 << 20), Size(1 << 20)..=Size(1 << 30);
    /// Maximum size of the file that one reading connection maps into memory.
    own reader_map: Size = Size(128 << 20), Size(0)..=Size(1 << 40);
    /// Page cache of the writing connection.
    own writer_cache: Size = Size(64 << 20), Size(1 << 20)..=Size(4 << 30);
    /// Maximum length of the write queue; further writes are refused.
    own write_queue: usize = 4_096, 1..=1_000_000;
    /// Maximum number of writes in one transaction.
    own write_group: usize = 256, 1..=10_000;
    /// Timeout of a write while another process writes, such as an import.
    own busy: Span = Span::seconds(10), Span::millis(100)..=Span::seconds(600);
    /// Interval at which changes by other processes are looked for.
    same poll: Span = Span::millis(200), Span::millis(10)..=Span::seconds(10);
    /// Size of the write-ahead log at which it is copied into the file.
    own log_checkpoint: Size = Size(32 << 20), Size(1 << 20)..=Size(4 << 30);
    /// Size of the write-ahead log beyond which it is truncated.
    own log_most: Size = Size(128 << 20), Size(1 << 20)..=Size(16 << 30);
    /// Maximum size of the store.
    own most: Size = Size(1 << 40), Size(64 << 20)..=Size(64 << 40);
    /// Cache of sealed session rows.
    own session_cache: Size = Size(32 << 20), Size(4 << 10)..=Size(16 << 30);
    /// Cache of wrapped keys.
    own key_cache: Size = Size(48 << 20), Size(4 << 10)..=Size(16 << 30);
    /// Cache of sealed documents.
    own document_cache: Size = Size(128 << 20), Size(4 << 10)..=Size(16 << 30);
    /// Cache of sealed wishes.
    own wish_cache: Size = Size(16 << 20), Size(4 << 10)..=Size(16 << 30);
    /// Interval at which expired rows are removed: ended sessions, forgotten keys.
    own sweep: Span = Span::seconds(3_600), Span::seconds(1)..=Span::days(1);
}

section! {
    /// The record of every disclosure. When it cannot be written, personal pages stop.
    pub(crate) struct Journal in "journal";

    /// Name in every signed checkpoint, before the operator's number: never change it after the first start.
    same name: String = "honnin/journal".to_owned();
    /// Size of one preallocated segment.
    own segment: Size = Size(16 << 20), Size(1 << 20)..=Size(1 << 30);
    /// Maximum number of segments waiting for publication.
    own segments: usize = 16, 2..=1_024;
    /// Maximum size of entries waiting for the disk.
    own waiting: Size = Size(8 << 20), Size(64 << 10)..=Size(1 << 30);
    /// Retention of entries in days; for an earlier period "who saw" is refused instead of answering "nobody".
    same retention_days: u32 = 400, 1..=4_000;
    /// Lifetime of the keys entries are written under. New pseudonyms begin with new keys; old keys are destroyed with
    /// the entries they belong to.
    same epoch: Span = Span::days(30), Span::days(1)..=Span::days(400);
    /// Directory that signed checkpoints are copied to, on another machine or a volume that this machine's administrators
    /// cannot change; "" for none. A journal that does not go on from what is there is refused at the start.
    own checkpoints: MaybePath = MaybePath::default();
    /// Witnesses that cosign checkpoints (C2SP tlog-witness), an address and a key each: "https://… name+hash+base64". The
    /// keys a witness has to know are printed by `honnin journal verify`.
    own witnesses: Vec<String> = Vec::new();
    /// Interval between checkpoints that leave.
    own checkpoint_every: Span = Span::seconds(60), Span::seconds(1)..=Span::days(1);
    /// Age of the last checkpoint that left from which on `honnin doctor` calls for attention.
    same checkpoint_age: Span = Span::seconds(900), Span::seconds(1)..=Span::days(30);
    /// Refuse personal pages while no checkpoint has left for `checkpoint_age`.
    same checkpoint_required: bool = false;
}

section! {
    /// Imports of the ledger.
    pub(crate) struct Intake in "intake";

    /// Approximate size of the part of an extract that one transaction imports, held in memory.
    own partition: Size = Size(8 << 20), Size(64 << 10)..=Size(256 << 20);
    /// Retention of record numbers, which tell a repeat from a new record, and of rows in quarantine.
    same remember: Span = Span::days(400), Span::days(1)..=Span::days(4_000);
}

section! {
    /// Changes of the network that subscribers request.
    pub(crate) struct Network in "network";

    /// Network element that applies a speed. "simulated": none; no network is changed.
    same element: String = "simulated".to_owned();
    /// Minimum interval between two requests for one line.
    same between_wishes: Span = Span::seconds(60), Span::millis(0)..=Span::days(1);
    /// Lease of a worker on a request; at least twice `answer`.
    own lease: Span = Span::seconds(30), Span::seconds(1)..=Span::seconds(3_600);
    /// Maximum number of requests claimed at once.
    own batch: usize = 32, 1..=10_000;
    /// Maximum number of requests in progress.
    own at_once: usize = 16, 1..=10_000;
    /// Maximum mean rate of calls to the element, per second.
    own calls_a_second: u32 = 50, 1..=100_000;
    /// Maximum burst of calls after a quiet time.
    own burst: u32 = 50, 1..=100_000;
    /// Timeout of a call to the element.
    own answer: Span = Span::seconds(5), Span::millis(10)..=Span::seconds(600);
    /// Interval at which due requests are looked for.
    own poll: Span = Span::seconds(1), Span::millis(10)..=Span::seconds(60);
    /// Interval before the first retry; it doubles with each.
    own first_wait: Span = Span::seconds(2), Span::millis(10)..=Span::seconds(3_600);
    /// Maximum interval between retries.
    own longest_wait: Span = Span::seconds(60), Span::millis(10)..=Span::days(1);
    /// Timeout after which a request without an answer from the element is shown as unknown.
    same unknown_after: Span = Span::seconds(300), Span::seconds(1)..=Span::days(1);
    /// Maximum interval between checks of an unknown request.
    own longest_unknown_wait: Span = Span::seconds(900), Span::millis(10)..=Span::days(1);
    /// Number of unanswered calls in a row that opens the circuit breaker.
    own breaker_after: u32 = 5, 1..=1_000;
    /// Interval before an open circuit breaker lets one call through.
    own breaker: Span = Span::seconds(10), Span::millis(10)..=Span::seconds(3_600);
    /// Interval before a request that cannot be decrypted is retried.
    own park: Span = Span::seconds(3_600), Span::seconds(1)..=Span::days(1);
    /// Timeout at shutdown for calls in progress.
    own stop: Span = Span::seconds(10), Span::millis(0)..=Span::seconds(600);
}

section! {
    /// Log lines: JSON, without personal values.
    pub(crate) struct Logs in "logs";

    /// Directory of the log files; "" writes to standard error.
    own directory: MaybePath = MaybePath::default();
    /// Level: error, warn, info, debug or trace, also by crate (`info,honnin_web=debug`). The environment variable
    /// `HONNIN_LOG` overrides it.
    own filter: String = "info".to_owned();
    /// Maximum size of one log file; then the next is begun.
    own file: Size = Size(64 << 20), Size(64 << 10)..=Size(4 << 30);
    /// Maximum number of log files, including the current one. When the disk is full, lines are dropped and counted.
    own files: usize = 8, 1..=1_000;
}

section! {
    /// Traces of requests (OpenTelemetry), for finding out where time goes. No personal value is in them.
    pub(crate) struct Traces in "traces";

    /// Address of a collector on this machine that takes OTLP by HTTP, such as "127.0.0.1:4318"; "" for none.
    own collector: String = String::new();
    /// Requests out of a thousand that are traced, chosen by their request id.
    own share: u32 = 10, 1..=1_000;
}

impl Traces {
    /// The collector, where one is named and its address can be read; others are reported by `config check`.
    pub(crate) fn collector(&self) -> Option<SocketAddr> {
        self.collector.parse().ok()
    }
}

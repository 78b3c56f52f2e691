//! The table. A row makes a function that gives the figure by the values of its labels.

use metrics::{Counter, Gauge, Histogram};

use crate::alarm::AlarmKind;
use crate::{Figure, Kind, Label};

/// What a figure of that name takes for a value.
fn is_listed(values: &[&str], value: &str) -> bool {
    values.is_empty() || values.contains(&value)
}

macro_rules! figures {
    ($($function:ident: $kind:ident $name:literal ($($label:ident: $values:expr),*) $says:literal;)*) => {
        $(figures!(@function $kind $function $name ($($label: $values),*) $says);)*

        /// Every figure there is.
        pub const TABLE: &[Figure] = &[$(Figure {
            name: $name,
            kind: Kind::$kind,
            says: $says,
            labels: &[$(Label { name: stringify!($label), values: $values }),*],
        }),*];
    };
    // The system tells these when somebody reads them.
    (@function Process $function:ident $name:literal () $says:literal) => {};
    (@function Counter $function:ident $name:literal ($($label:ident: $values:expr),*) $says:literal) => {
        figures!(@labelled Counter counter $function $name ($($label: $values),*) $says);
    };
    (@function Gauge $function:ident $name:literal ($($label:ident: $values:expr),*) $says:literal) => {
        figures!(@labelled Gauge gauge $function $name ($($label: $values),*) $says);
    };
    (@function Histogram $function:ident $name:literal ($($label:ident: $values:expr),*) $says:literal) => {
        figures!(@labelled Histogram histogram $function $name ($($label: $values),*) $says);
    };
    (@labelled $type:ident $made:ident $function:ident $name:literal ($($label:ident: $values:expr),*) $says:literal) => {
        #[doc = $says]
        pub fn $function($($label: &'static str),*) -> $type {
            $(debug_assert!(is_listed($values, $label), "{}: {:?} is not in the table", $name, $label);)*
            metrics::$made!($name $(, stringify!($label) => $label)*)
        }
    };
}

figures! {
    accept_failures: Counter "honnin_accept_failures_total" () "Times the system gave no connection";
    alarms: Counter "honnin_alarm_total" (kind: &AlarmKind::WORDS) "Alarms: a person has to look (docs/alarms.md)";
    build_info: Gauge "honnin_build_info" (version: &[]) "1; the version stands in the label";
    canary_rounds: Counter "honnin_canary_rounds_total" (result: &["mixed", "passed", "unanswered"])
        "Rounds of the canaries, by what they found";
    certificate_expires: Gauge "honnin_certificate_expires_timestamp_seconds" ()
        "When the certificate expires, in seconds since 1970; only where TLS ends here";
    checkpoint_age: Gauge "honnin_checkpoint_age_seconds" ()
        "Age of the last checkpoint that left; only where one has to leave";
    checkpoints_stayed: Counter "honnin_checkpoints_stayed_total" () "Checkpoints of the journal that could not leave";
    clock_apart: Gauge "honnin_clock_apart" () "1 while a clock that jumped waits for `honnin clock accept`";
    connections_ended: Counter "honnin_connections_ended_total"
        (cause: &["broken", "closed", "handshake", "idle", "not_http", "old", "slow", "stopped", "taken_back"])
        "Connections that ended, by cause";
    connections_open: Gauge "honnin_connections_open" () "Connections of subscribers that are open";
    connections_refused: Counter "honnin_connections_refused_total" (cause: &["clear", "gone", "proxy_header", "share"])
        "Connections that were refused, by cause";
    volume_free: Gauge "honnin_data_volume_free_bytes" () "Space left on the volume of the data directory";
    documents_refused: Counter "honnin_documents_refused_total" (code: &[])
        "Documents that were refused because too many are being made, by error code";
    door_connections: Counter "honnin_door_connections_total"
        (outcome: &["absent", "full", "handed", "left", "share", "slow", "taken_back", "unknown", "unreadable"])
        "Connections at the door of several houses, by what became of them";
    door_waiting: Gauge "honnin_door_waiting" () "Connections at the door that are not handed over yet";
    breaker_open: Gauge "honnin_element_breaker_open" (element: &[])
        "1 while the circuit breaker of a silent network element is open";
    element_calls: Counter "honnin_element_calls_total" (element: &[], call: &[], answer: &[])
        "Calls to a network element, by call and answer";
    exports_failed: Counter "honnin_exports_failed_total"
        (fault: &["deadline", "failed", "interrupted", "no_room", "too_large"])
        "Exports that failed, by fault";
    frame_floods: Counter "honnin_frame_floods_total" ()
        "HTTP/2 connections that were closed because of a flood of control frames";
    goodput: Counter "honnin_goodput_total" (class: CLASSES)
        "Requests that were answered with what was asked for while people wait for it, by class";
    isolated: Gauge "honnin_isolated" () "1 while personal pages are stopped on every node";
    journal_entries: Gauge "honnin_journal_entries" () "Entries in this node's log of the journal";
    journal_ready: Gauge "honnin_journal_ready" () "1 while the journal takes entries";
    unanchored_entries: Gauge "honnin_journal_unanchored_entries" () "Entries that are durable and not yet anchored";
    unanchored_longest: Gauge "honnin_journal_unanchored_longest_seconds" ()
        "Longest time since the start that an entry waited for its anchor";
    unanchored: Gauge "honnin_journal_unanchored_seconds" () "How long the oldest entry has been waiting for its anchor";
    keeper_deeds: Counter "honnin_keeper_deeds_total" (deed: DEEDS) "What the keeper of keys was asked for";
    keeper_refused: Counter "honnin_keeper_refused_total" (deed: DEEDS) "What the keeper of keys refused";
    ledger_taken_in: Gauge "honnin_ledger_taken_in_timestamp_seconds" ()
        "When the ledger was last taken in, in seconds since 1970; absent before the first intake";
    log_lines_dropped: Counter "honnin_log_lines_dropped_total" () "Log lines that could not be written";
    placed: Counter "honnin_placed_total" (who: &["person", "program"], why: &["turn", "waiting_room"])
        "Requests that were answered with a place in line";
    public_path_proven: Gauge "honnin_public_path_proven" () "1 while both canaries receive their own pages";
    ready: Gauge "honnin_ready" () "1 while requests should be sent here (/readyz)";
    request_duration: Histogram "honnin_request_duration_seconds" (method: &[], route: &[])
        "From the head of a request to its answer, by route";
    requests: Counter "honnin_requests_total" (method: &[], route: &[], status: &[])
        "Requests that were answered, by route and class of status";
    requests_untold: Counter "honnin_requests_untold_total" (why: &["missing", "unreadable"])
        "Requests refused because a listed proxy does not say who asks";
    sign_ins: Counter "honnin_sign_in_total"
        (
            act: &["activate", "change_password", "passkey", "second_step", "sign_in", "step_up"],
            result: &[
                "busy",
                "delayed",
                "does_not_open",
                "done",
                "second_factor",
                "set_up_first",
                "start_over",
                "store",
                "unproven",
                "wrong",
                "wrong_code"
            ]
        )
        "Passwords, codes and passkeys that were tried, by act and result";
    spans: Counter "honnin_spans_total" (outcome: &["lost", "sent"])
        "Spans that the collector of traces took, or did not";
    cache_bytes: Gauge "honnin_store_cache_bytes" () "Size of the caches, which hold ciphertext only";
    cache_entries: Gauge "honnin_store_cache_entries" () "Entries of the caches";
    cache_misses: Counter "honnin_store_cache_misses_total" () "Reads that the caches could not answer";
    queue_depth: Gauge "honnin_store_queue_depth" () "Writes that wait for the store";
    handshakes_failed: Counter "honnin_tls_handshakes_failed_total" () "TLS handshakes that failed";
    turns_left: Counter "honnin_turns_left_total" () "Requests whose sender left before their turn";
    turns_limit: Gauge "honnin_turns_limit" () "Requests that may be worked on at once";
    turns_told: Counter "honnin_turns_told_total" () "Requests that waited too long and were told so";
    turns_waiting: Gauge "honnin_turns_waiting" () "Requests that wait for their turn";
    upkeep_failed: Counter "honnin_upkeep_failed_total"
        (what: &["clock", "epochs", "logs", "merges", "mode", "nodes", "prune", "sweep"])
        "Parts of the upkeep that failed and are tried again";
    waiting_room_rate: Gauge "honnin_waiting_room_calls_per_second" ()
        "People a second whom this node lets in while the waiting room is open";
    waiting_room_open: Gauge "honnin_waiting_room_open" () "1 while people wait in line to sign in";
    waiting_room_waiting: Gauge "honnin_waiting_room_people" () "People in line to sign in, on all nodes";
    wish_backlog: Gauge "honnin_wish_backlog" () "Requests to the network that wait";
    claims_failed: Counter "honnin_wish_claims_failed_total" () "Times the store gave out no requests to the network";
    wish_oldest: Gauge "honnin_wish_oldest_seconds" () "Age of the oldest request to the network that waits";
    wishes_driven: Counter "honnin_wishes_driven_total" (state: &[])
        "Requests to the network that were worked on, by what became of them";
    process_cpu: Process "process_cpu_seconds_total" () "Processor time of the process, user and system";
    process_max_fds: Process "process_max_fds" () "Files the process may have open";
    process_open_fds: Process "process_open_fds" () "Files the process has open";
    process_resident: Process "process_resident_memory_bytes" () "Memory of the process that is in use";
    process_start: Process "process_start_time_seconds" () "When the process began, in seconds since 1970";
    process_threads: Process "process_threads" () "Threads of the process";
    process_virtual: Process "process_virtual_memory_bytes" () "Address space of the process";
    process_virtual_max: Process "process_virtual_memory_max_bytes" () "Most address space the process may have";
}

/// Classes of requests, in the order in which they are given up: the last first.
const CLASSES: &[&str] = &["begun", "document", "read", "sign-in", "static"];

/// Deeds of the keeper of keys.
const DEEDS: &[&str] = &[
    "create_key",
    "credential",
    "element_address",
    "journal_epoch",
    "leave_work",
    "mode",
    "move_lines",
    "quarantine",
    "release_account_key",
    "seal_from_feed",
    "take_up_work",
];

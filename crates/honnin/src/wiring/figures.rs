//! Every figure of our own: its name, what it says, its labels. What is not in this table is not counted anywhere
//! (`every_figure_is_in_the_table`), and docs/reference/metrics.md is this table.

use metrics::{Label, counter, describe_counter, describe_gauge, describe_histogram};

/// How a figure moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// It tells how many were how long.
    Histogram,
}

/// One figure: name, kind, what it says, and its labels with the values they stand at from the start. A counter whose
/// first sight is 1 has not grown for whoever watches it, so that those that call somebody begin at 0.
struct Figure(&'static str, Kind, &'static str, &'static [(&'static str, &'static [&'static str])]);

/// Causes that a person has to look at.
const ALARMS: &[&str] = &[
    "canaries",
    "certificate",
    "clock",
    "does_not_open",
    "foreign_answer",
    "foreign_owner",
    "journal",
    "public_path",
    "reconciler_panic",
];

use Kind::{Counter, Gauge, Histogram};

const FIGURES: &[Figure] = &[
    Figure("honnin_accept_failures_total", Counter, "Times the system gave no connection", &[]),
    Figure("honnin_alarm_total", Counter, "Alarms: a person has to look", &[("kind", ALARMS)]),
    Figure("honnin_build_info", Gauge, "1; the version stands in its label", &[("version", &[])]),
    Figure(
        "honnin_canary_rounds_total",
        Counter,
        "Rounds of the canaries by what became of them",
        &[("result", &[])],
    ),
    Figure(
        "honnin_certificate_expires_timestamp_seconds",
        Gauge,
        "When the certificate ends, in seconds since 1970",
        &[],
    ),
    Figure("honnin_checkpoint_age_seconds", Gauge, "Age of the newest checkpoint that left", &[]),
    Figure("honnin_checkpoints_stayed_total", Counter, "Checkpoints that could not be taken elsewhere", &[]),
    Figure(
        "honnin_clock_apart",
        Gauge,
        "1 after the clock jumped, until somebody says that it is right",
        &[],
    ),
    Figure(
        "honnin_connections_ended_total",
        Counter,
        "Connections that were ended, by cause",
        &[("cause", &[])],
    ),
    Figure("honnin_connections_open", Gauge, "Open connections", &[]),
    Figure(
        "honnin_connections_refused_total",
        Counter,
        "Connections that were refused, by cause",
        &[("cause", &[])],
    ),
    Figure("honnin_data_volume_free_octets", Gauge, "Room left on the data volume", &[]),
    Figure(
        "honnin_documents_refused_total",
        Counter,
        "Documents refused because too many were being made",
        &[("code", &[])],
    ),
    Figure(
        "honnin_element_breaker_open",
        Gauge,
        "1 while a silent element is left alone",
        &[("element", &[])],
    ),
    Figure(
        "honnin_element_calls_total",
        Counter,
        "Calls to the network element, by call and answer",
        &[("element", &[]), ("call", &[]), ("answer", &[])],
    ),
    Figure("honnin_exports_failed_total", Counter, "Exports that were not made, by fault", &[("fault", &[])]),
    Figure(
        "honnin_frame_floods_total",
        Counter,
        "HTTP/2 connections ended because of what they were flooded with",
        &[],
    ),
    Figure("honnin_isolated", Gauge, "1 while personal pages are stopped on every node", &[]),
    Figure("honnin_journal_entries", Gauge, "Entries of this node's log", &[]),
    Figure("honnin_journal_ready", Gauge, "1 while the journal takes entries", &[]),
    Figure("honnin_journal_unanchored_entries", Gauge, "Entries written and not yet anchored", &[]),
    Figure(
        "honnin_journal_unanchored_longest_seconds",
        Gauge,
        "The longest an entry has waited for its anchor",
        &[],
    ),
    Figure("honnin_journal_unanchored_seconds", Gauge, "How long the oldest entry waits for its anchor", &[]),
    Figure("honnin_keeper_deeds_total", Counter, "Deeds of the keeper of keys", &[("deed", &[])]),
    Figure(
        "honnin_keeper_refused_total",
        Counter,
        "Deeds the keeper refused because nobody bore witness",
        &[("deed", &[])],
    ),
    Figure("honnin_log_lines_dropped_total", Counter, "Lines of the log that found no room", &[]),
    Figure("honnin_public_path_proven", Gauge, "1 while both canaries receive their own pages", &[]),
    Figure("honnin_ready", Gauge, "1 while requests should be sent here", &[]),
    Figure(
        "honnin_request_duration_seconds",
        Histogram,
        "From the request's head to its answer, by route",
        &[("method", &[]), ("route", &[])],
    ),
    Figure(
        "honnin_requests_total",
        Counter,
        "Answers by route and first digit of the status",
        &[("method", &[]), ("route", &[]), ("status", &[])],
    ),
    Figure(
        "honnin_requests_untold_total",
        Counter,
        "Requests refused because a listed proxy does not say who asks",
        &[("why", &["missing", "unreadable"])],
    ),
    Figure("honnin_sign_in_total", Counter, "Sign-ins, by act and result", &[("act", &[]), ("result", &[])]),
    Figure("honnin_store_cache_entries", Gauge, "Entries kept in memory, sealed", &[]),
    Figure("honnin_store_cache_misses_total", Counter, "Reads that had to ask the engine", &[]),
    Figure("honnin_store_cache_octets", Gauge, "Octets kept in memory, sealed", &[]),
    Figure("honnin_store_queue_depth", Gauge, "Writes that wait for the engine", &[]),
    Figure("honnin_tls_handshakes_failed_total", Counter, "TLS handshakes that failed", &[]),
    Figure(
        "honnin_upkeep_failed_total",
        Counter,
        "Upkeep that failed and is tried again",
        &[("what", &["clock", "epochs", "logs", "merges", "mode", "nodes", "prune", "sweep"])],
    ),
    Figure("honnin_wish_backlog", Gauge, "Wishes that wait to be driven", &[]),
    Figure("honnin_wish_claims_failed_total", Counter, "Times no wish could be claimed", &[]),
    Figure("honnin_wish_oldest_seconds", Gauge, "Age of the oldest wish that waits", &[]),
    Figure("honnin_wishes_driven_total", Counter, "Wishes driven, by what became of them", &[("state", &[])]),
];

/// Says what every figure is, and sets those to 0 whose growing calls somebody.
pub(super) fn declare() {
    for Figure(name, kind, says, labels) in FIGURES {
        match kind {
            Counter => describe_counter!(*name, *says),
            Gauge => describe_gauge!(*name, *says),
            Histogram => describe_histogram!(*name, *says),
        }
        match (kind, labels) {
            (Counter, []) => counter!(*name).increment(0),
            (Counter, [(label, values)]) => {
                for value in *values {
                    counter!(*name, vec![Label::new(*label, *value)]).increment(0);
                }
            }
            (Counter | Gauge | Histogram, _) => {}
        }
    }
    metrics::gauge!("honnin_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    fn sources(dir: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs")
                && !path.ends_with("figures.rs")
                && !path.strip_prefix(root()).unwrap().to_str().unwrap().contains("test")
            {
                found.push(fs::read_to_string(path).unwrap());
            }
        }
    }

    fn shipped() -> Vec<String> {
        let mut found = Vec::new();
        for entry in fs::read_dir(root().join("crates")).unwrap() {
            let room = entry.unwrap();
            let src = room.path().join("src");
            if src.is_dir() && room.file_name() != "drill" {
                sources(&src, &mut found);
            }
        }
        found
    }

    /// The texts in quotes that follow that text.
    fn after<'a>(source: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
        source.match_indices(before).filter_map(move |(at, _)| {
            let rest = source.get(at + before.len()..)?.trim_start();
            rest.strip_prefix('"')?.split('"').next()
        })
    }

    #[test]
    fn every_figure_is_in_the_table() {
        let mut counted = BTreeSet::from(["honnin_build_info".to_owned()]);
        let sources = shipped();
        for source in &sources {
            for before in ["counter!(", "gauge!(", "gauge(", "seconds(", "histogram!(", "DROPPED: &str ="] {
                counted.extend(after(source, before).map(str::to_owned));
            }
        }
        let declared: BTreeSet<String> = FIGURES.iter().map(|Figure(name, ..)| (*name).to_owned()).collect();
        assert_eq!(counted.difference(&declared).collect::<Vec<_>>(), Vec::<&String>::new(), "not declared");
        assert_eq!(declared.difference(&counted).collect::<Vec<_>>(), Vec::<&String>::new(), "not counted");
        for source in &sources {
            for before in ["\"honnin_alarm_total\", \"kind\" =>", " alarm("] {
                for kind in after(source, before) {
                    assert!(ALARMS.contains(&kind), "{kind} does not stand at 0 from the start");
                }
            }
            for what in after(source, " told(") {
                let upkeep = FIGURES.iter().find(|Figure(name, ..)| *name == "honnin_upkeep_failed_total");
                let Some(Figure(_, _, _, [(_, known)])) = upkeep else { panic!("one label") };
                assert!(known.contains(&what), "{what} does not stand at 0 from the start");
            }
        }
    }

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "a test that writes a reference file is asked to by the environment"
    )]
    fn the_reference_lists_every_figure() {
        let mut text = String::from(
            "# Metrics\n\nWhat `/metrics` on `listen.metrics` says, made from the table of the program and compared by a \
             test. Beside these stand `process_*`, of the process itself. None names anybody. Values of labels that stand here are at 0 from the start.\n\n\
             | name | kind | what | labels |\n|---|---|---|---|\n",
        );
        for Figure(name, kind, says, labels) in FIGURES {
            let labels: Vec<String> = labels
                .iter()
                .map(|(label, values)| {
                    if values.is_empty() {
                        format!("`{label}`")
                    } else {
                        format!("`{label}`: {}", values.join(", "))
                    }
                })
                .collect();
            let kind = format!("{kind:?}").to_lowercase();
            writeln!(text, "| `{name}` | {kind} | {says} | {} |", labels.join("; ")).unwrap();
        }
        let file = root().join("docs/reference/metrics.md");
        if std::env::var_os("HONNIN_WRITE_REFERENCE").is_some() {
            fs::write(&file, &text).unwrap();
        }
        let written = fs::read_to_string(&file).unwrap_or_default();
        assert!(written == text, "docs/reference/metrics.md: run the tests with HONNIN_WRITE_REFERENCE=1");
    }

    #[test]
    fn every_alarm_has_a_page_and_a_rule_that_sees_it() {
        let page = fs::read_to_string(root().join("docs/alarms.md")).unwrap();
        let tried = fs::read_to_string(root().join("examples/monitoring/alerts.test.yml")).unwrap();
        for kind in ALARMS {
            assert!(
                page.contains(&format!("\n## {kind}\n")),
                "docs/alarms.md does not say what to do on {kind}"
            );
            assert!(
                tried.contains(&format!("honnin_alarm_total{{kind=\"{kind}\"}}")),
                "no rule is tried on {kind}"
            );
        }
    }
}

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::*;

#[expect(
    clippy::disallowed_methods,
    reason = "a test that writes a reference file is asked to by the environment"
)]
pub(super) fn is_to_write() -> bool {
    std::env::var_os("HONNIN_WRITE_REFERENCE").is_some()
}

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Figures of which every series that the table knows, and one of each it does not, has been counted.
fn all() -> Figures {
    let figures = Figures::apart();
    figures.with(|| {
        for Figure { name, kind, labels, .. } in TABLE {
            let labels: Vec<metrics::Label> = labels
                .iter()
                .map(|label| metrics::Label::new(label.name, label.values.first().copied().unwrap_or("any")))
                .collect();
            match kind {
                Kind::Counter => metrics::counter!(*name, labels).increment(1),
                Kind::Gauge => metrics::gauge!(*name, labels).set(1.5),
                Kind::Histogram => metrics::histogram!(*name, labels).record(0.003),
                Kind::Process => {}
            }
        }
    });
    figures.upkeep();
    figures
}

/// What `promtool` (Debian: prometheus) says to that; nothing where it is not on this machine.
pub(super) fn promtool(words: &[&str], input: &str) -> Option<Output> {
    let mut asked = Command::new("promtool");
    asked.args(words).current_dir(root()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut running) = asked.spawn() else {
        println!("skipped: promtool (Debian package prometheus) is not on this machine");
        return None;
    };
    running.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    Some(running.wait_with_output().unwrap())
}

pub(super) fn clean(output: &Output) {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
}

/// The first of our names in that text which no figure has.
pub(super) fn uncounted(text: &str) -> Option<&str> {
    let mut named = text.match_indices("honnin_").map(|(at, _)| {
        let rest = &text[at..];
        &rest[..rest.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(rest.len())]
    });
    named.find(|name| TABLE.iter().all(|figure| figure.name != *name))
}

#[test]
fn promtool_finds_nothing_to_say_of_any_figure() {
    let figures = all();
    let text = figures.render(Format::Text);
    for Figure { name, says, .. } in TABLE {
        assert!(text.contains(&format!("# HELP {name} {says}\n# TYPE {name} ")), "{name}: {text}");
    }
    if let Some(output) = promtool(&["check", "metrics"], &text) {
        clean(&output);
        assert!(output.stderr.is_empty() && output.stdout.is_empty(), "{output:?}");
    }
}

#[test]
fn promtool_would_find_a_figure_without_help() {
    if let Some(output) = promtool(&["check", "metrics"], "# TYPE a_total counter\na_total 1\n") {
        assert!(!output.status.success(), "{output:?}");
    }
}

#[test]
fn who_asks_for_openmetrics_is_told_units_and_the_end() {
    let figures = all();
    assert_eq!(
        Format::wanted("application/openmetrics-text;version=1.0.0,text/plain;q=0.5"),
        Format::OpenMetrics
    );
    assert_eq!(Format::wanted("text/plain"), Format::Text);
    let text = figures.render(Format::OpenMetrics);
    for wanted in [
        "# TYPE honnin_alarm counter\n",
        "\nhonnin_alarm_total{kind=\"canaries\"} 1\n",
        "# TYPE honnin_request_duration_seconds histogram\n# UNIT honnin_request_duration_seconds seconds\n",
        "# TYPE process_cpu_seconds counter\n# UNIT process_cpu_seconds seconds\nprocess_cpu_seconds_total ",
        "# UNIT honnin_store_cache_bytes bytes\n",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    assert!(
        text.ends_with("\n# EOF\n") && !text.contains("\n\n") && !text.contains("_total counter"),
        "{text}"
    );
}

#[test]
fn every_alarm_stands_at_0_from_the_start() {
    let figures = Figures::apart();
    for kind in AlarmKind::ALL {
        let series = format!("honnin_alarm_total{{kind=\"{}\"}}", kind.word());
        assert_eq!(figures.value(&series).as_deref(), Some("0"), "{series}");
        assert_eq!(figures.with(|| kind.raise()), kind.word());
        assert_eq!(figures.value(&series).as_deref(), Some("1"), "{series}");
    }
    let known = figures.value("honnin_sign_in_total{act=\"sign_in\",result=\"wrong\"}");
    assert_eq!(known.as_deref(), Some("0"), "a series of two labels");
}

#[test]
fn rows_are_in_order_and_names_fit_what_they_are() {
    let names: Vec<&str> = TABLE.iter().map(|figure| figure.name).collect();
    let in_order: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(names, in_order.into_iter().collect::<Vec<_>>());
    for figure in TABLE {
        let Figure { name, says, labels, .. } = figure;
        assert_eq!(figure.word() == "counter", name.ends_with("_total"), "{name}");
        assert!(!says.contains(['"', '\\', '\n', '|']), "{name}: OpenMetrics would want it escaped");
        for label in *labels {
            assert!(label.values.is_sorted(), "{name}: {label}");
        }
    }
}

#[test]
fn the_reference_of_figures_is_the_table() {
    let mut text = String::from(
        "# Metrics\n\nWhat `/metrics` on `listen.metrics` says, in the text format of Prometheus, or in OpenMetrics where it \
         is asked for; made from\nthe table in `crates/figures`. None names anybody. Counters whose labels have their \
         values listed here stand at 0 from\nthe start.\n\n| name | type | unit | what | labels |\n|---|---|---|---|---|\n",
    );
    for figure in TABLE {
        let labels: Vec<String> = figure.labels.iter().map(ToString::to_string).collect();
        let (name, word, unit, says) =
            (figure.name, figure.word(), figure.unit().unwrap_or("–"), figure.says);
        writeln!(text, "| `{name}` | {word} | {unit} | {says} | {} |", labels.join("; ")).unwrap();
    }
    let file = root().join("docs/reference/metrics.md");
    if is_to_write() {
        fs::write(&file, &text).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert!(written == text, "docs/reference/metrics.md: run the tests with HONNIN_WRITE_REFERENCE=1");
}

/// What is asked of the rules, for each alarm: at 0, then raised once.
fn tried() -> String {
    let mut text = String::from(
        "# Each alarm raised once, and seen by its rule: promtool test rules alarms.test.yml\n\
         # Made from the alarms of crates/figures.\nrule_files:\n  - alerts.yml\n\nevaluation_interval: 1m\n\ntests:\n",
    );
    for kind in AlarmKind::ALL {
        let (word, rule) = (kind.word(), kind.rule());
        let of_its_own = rule != "HonninAlarm";
        let (state, label, summary) = if of_its_own {
            let state = format!("      - series: 'honnin_{word}'\n        values: \"0 0 1 1 1\"\n");
            (state, String::new(), "Personal pages are stopped".to_owned())
        } else {
            (String::new(), format!("              kind: {word}\n"), format!("Honnin raised {word}"))
        };
        write!(
            text,
            "  - interval: 1m\n    input_series:\n      - series: 'honnin_alarm_total{{kind=\"{word}\"}}'\n        \
             values: \"0 0 1 1 1\"\n{state}    alert_rule_test:\n      - eval_time: 1m\n        alertname: {rule}\n        \
             exp_alerts: []\n      - eval_time: 3m\n        alertname: {rule}\n        exp_alerts:\n          \
             - exp_labels:\n              severity: page\n{label}            exp_annotations:\n              \
             summary: \"{summary}\"\n              runbook: \"docs/alarms.md#{word}\"\n"
        )
        .unwrap();
        if of_its_own {
            text.push_str("      - eval_time: 3m\n        alertname: HonninAlarm\n        exp_alerts: []\n");
        }
    }
    text
}

#[test]
fn every_alarm_is_raised_for_a_rule_and_seen() {
    let (text, file) = (tried(), root().join("examples/monitoring/alarms.test.yml"));
    if is_to_write() {
        fs::write(&file, &text).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == text,
        "examples/monitoring/alarms.test.yml: run the tests with HONNIN_WRITE_REFERENCE=1"
    );
    for words in [
        ["check", "rules", "examples/monitoring/alerts.yml"],
        ["test", "rules", "examples/monitoring/alarms.test.yml"],
        ["test", "rules", "examples/monitoring/alerts.test.yml"],
    ] {
        if let Some(output) = promtool(&words, "") {
            clean(&output);
        }
    }
}

#[test]
fn every_alarm_has_its_page_and_every_rule_leads_to_one() {
    let page = fs::read_to_string(root().join("docs/alarms.md")).unwrap();
    for kind in AlarmKind::ALL.map(AlarmKind::word) {
        assert!(page.contains(&format!("\n## {kind}\n")), "docs/alarms.md does not say what to do on {kind}");
    }
    let rules = fs::read_to_string(root().join("examples/monitoring/alerts.yml")).unwrap();
    assert_eq!(uncounted(&rules), None, "a rule asks for what nobody counts");
    for section in page.split("\n## ").skip(1).filter_map(|section| section.lines().next()) {
        let known = AlarmKind::ALL.iter().any(|kind| kind.word() == section);
        assert!(
            known || rules.contains(&format!("docs/alarms.md#{section}\"")),
            "{section}: no rule leads here"
        );
    }
    for anchor in rules.split("docs/alarms.md#").skip(1).filter_map(|rest| rest.split('"').next()) {
        let there = anchor.starts_with("{{") || page.contains(&format!("\n## {anchor}\n"));
        assert!(there, "a rule leads to docs/alarms.md#{anchor}, which is not there");
    }
}

#[test]
fn an_alarm_is_counted_though_nobody_logs() {
    // No subscriber is there: nothing is logged, and the macro's fields are not looked at.
    let figures = counted_by(|| crate::alarm!(AlarmKind::Journal, "the journal takes no entry"));
    assert_eq!(figures.value("honnin_alarm_total{kind=\"journal\"}").as_deref(), Some("1"));
}

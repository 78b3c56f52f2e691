//! What monitors are told: every series stands from the start, and Prometheus' own tool has nothing to say against it.

use std::io::Write;
use std::process::{Command, Stdio};

use honnin_figures::AlarmKind;

use crate::support::{Browser, Demo, PASSWORD};

/// Runs Debian's `promtool`; `None` where it is not on this machine.
#[expect(clippy::print_stdout, reason = "what a test skips it says aloud")]
fn promtool(args: &[&str], input: &str) -> Option<(bool, String)> {
    let mut tool = Command::new("promtool");
    tool.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut running) = tool.spawn() else {
        println!("skipped: promtool (Debian's package prometheus) is not on this machine");
        return None;
    };
    running.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let done = running.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    Some((done.status.success(), said))
}

#[test]
fn every_alarm_stands_at_nothing_from_the_start_and_the_figures_are_well_formed() {
    let demo = Demo::start([""; 0]);
    for kind in AlarmKind::ALL.map(AlarmKind::word) {
        assert_eq!(demo.metric(&format!("honnin_alarm_total{{kind=\"{kind}\"}}")), Some(0.0), "{kind}");
    }
    let mut browser = demo.browser();
    let login = demo.logins().first().cloned().unwrap();
    assert_eq!(browser.sign_in(&login, PASSWORD).status, 201);
    assert_eq!(browser.get("/lines").status, 200);
    let told = Browser::new(demo.monitor()).get("/metrics").body;
    let undeclared: Vec<&str> = told
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['{', ' ']).next())
        .map(|name| name.trim_end_matches("_bucket").trim_end_matches("_sum").trim_end_matches("_count"))
        .filter(|name| !name.is_empty() && !told.contains(&format!("# HELP {name} ")))
        .collect();
    assert_eq!(undeclared, [""; 0], "figures that say nothing of themselves");
    assert!(demo.metric("process_resident_memory_bytes").is_some_and(|octets| octets > 0.0));
    let today = demo.metric("honnin_ledger_taken_in_timestamp_seconds").unwrap();
    assert!(today > 1_767_225_600.0, "the demo's ledger was taken in: {today}");
    let mut monitor = Browser::new(demo.monitor());
    let open =
        monitor.ask("GET", "/metrics", &[("accept", "application/openmetrics-text; version=1.0.0")], "");
    assert!(open.headers["content-type"].starts_with("application/openmetrics-text"), "{open:?}");
    assert!(open.body.contains("\n# UNIT honnin_request_duration_seconds seconds\n"), "{}", open.body);
    assert!(open.body.ends_with("# EOF\n"), "{}", open.body);
    if let Some((well, said)) = promtool(&["check", "metrics"], &told) {
        assert!(well, "{said}");
    }
}

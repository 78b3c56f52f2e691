//! What monitors are told: every series stands from the start, and Prometheus' own tool has nothing to say against it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Browser, Demo, PASSWORD};

/// Runs Debian's `promtool`; `None` where it is not on this machine.
#[expect(clippy::print_stdout, reason = "what a test skips it says aloud")]
fn promtool(args: &[&str], input: &str) -> Option<(bool, String)> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/monitoring");
    let mut tool = Command::new("promtool");
    tool.args(args).current_dir(place).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
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
    for kind in ["canaries", "clock", "does_not_open", "foreign_owner", "journal", "reconciler_panic"] {
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
    if let Some((well, said)) = promtool(&["check", "metrics"], &told) {
        assert!(well, "{said}");
    }
}

#[test]
fn each_alarm_is_seen_by_a_rule_of_the_examples() {
    for args in [["check", "rules", "alerts.yml"], ["test", "rules", "alerts.test.yml"]] {
        if let Some((well, said)) = promtool(&args, "") {
            assert!(well, "{said}");
        }
    }
}

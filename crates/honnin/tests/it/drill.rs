//! `honnin drill`: every drill that is built, run short against the binary of these tests.

use std::sync::{PoisonError, RwLock};

use honnin_testkit::TestDir;
use serde_json::Value;

use crate::support::honnin;

/// Drills that need nginx and Varnish, the right to mount a small volume, or PostgreSQL, one or two; without them they are skipped, and
/// say so.
const NEED_MORE: [&str; 7] = ["D07", "D10", "D11", "D15", "D25", "D26", "D30"];

/// Drills that measure time are run alone.
static ALONE: RwLock<()> = RwLock::new(());

/// Runs one drill for some seconds and says what its report holds.
fn run(drill: &str, more: &[&str]) -> Value {
    let _beside_others = ALONE.read().unwrap_or_else(PoisonError::into_inner);
    ran(drill, more)
}

/// The same while no other drill of these tests runs.
fn run_alone(drill: &str) -> Value {
    let _alone = ALONE.write().unwrap_or_else(PoisonError::into_inner);
    ran(drill, &[])
}

fn ran(drill: &str, more: &[&str]) -> Value {
    let dir = TestDir::new();
    let report = dir.join("report.json");
    let file = report.to_str().unwrap();
    let words = ["drill", "run", drill, "--seconds", "5", "--subjects", "60", "--connections", "20"];
    let ran = honnin(words.iter().chain(&["--report", file]).chain(more));
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let report: Value = serde_json::from_str(&std::fs::read_to_string(report).unwrap()).unwrap();
    if report["drills"][0]["state"] == "skipped" {
        // What is left out, and what to install, was said by `cargo xtask test` before.
        assert!(NEED_MORE.contains(&drill), "{report}");
        #[expect(clippy::print_stdout, reason = "what was not tried is said aloud")]
        {
            println!("skipped: {drill}: what it stands behind is not on this machine");
        }
        return report;
    }
    let verdicts = report["drills"][0]["verdicts"].as_array().unwrap();
    assert!(verdicts.len() > 1, "{report}");
    for verdict in verdicts {
        assert!(verdict["pass"] == true && verdict["times"].as_u64().unwrap() > 0, "{verdict}");
    }
    report
}

#[test]
fn d01_nobody_is_shown_another_under_load() {
    let page = TestDir::new();
    let file = page.join("report.html");
    let report = run("D01", &["--page", file.to_str().unwrap(), "--seed", "7"]);
    let page = std::fs::read_to_string(file).unwrap();
    for said in ["build", "configuration"] {
        let hash = report[said].as_str().unwrap();
        assert!(hash.len() == 64 && page.contains(hash), "{said}: {hash}");
    }
    assert!(page.contains("<dt>Seed</dt><dd>7</dd>"), "{page}");
    assert_eq!(report["seed"], 7);
}

#[test]
fn d02_a_forged_identity_changes_nothing() {
    run("D02", &[]);
}

#[test]
fn d03_every_cookie_belongs_to_its_request() {
    run("D03", &[]);
}

#[test]
fn d13_what_is_torn_is_refused_and_shows_nobody() {
    run("D13", &[]);
}

#[test]
fn d04_documents_asked_at_one_moment_are_everybodys_own() {
    run("D04", &[]);
}

#[test]
fn d10_a_cache_that_mixes_people_up_is_found_and_told_nothing_more() {
    run("D10", &[]);
}

#[test]
fn d11_a_cache_that_is_changed_while_it_runs_is_found_as_well() {
    run("D11", &[]);
}

#[test]
fn d14_workers_with_every_place_taken_give_everybody_her_own() {
    run("D14", &[]);
}

#[test]
fn d05_what_a_deadline_ends_is_done_whole_or_not_at_all() {
    run("D05", &[]);
}

#[test]
fn d06_another_build_serves_beside_no_other_unless_it_was_admitted() {
    run("D06", &[]);
}

#[test]
fn d07_two_nodes_refuse_what_one_would() {
    run_alone("D07");
}

#[test]
fn d08_what_a_client_left_is_answered_to_nobody() {
    run("D08", &[]);
}

#[test]
fn d09_caches_that_hold_nothing_mix_nobody_up() {
    run("D09", &[]);
}

#[test]
fn d12_no_mode_shows_anybody_else() {
    run("D12", &[]);
}

#[test]
fn d15_nodes_are_started_again_with_another_build_and_no_request_fails() {
    run_alone("D15");
}

#[test]
fn d16_a_recycled_number_shows_no_old_usage() {
    run("D16", &[]);
}

#[test]
fn d17_accounts_are_merged_with_both_owners_only() {
    run("D17", &[]);
}

#[test]
fn d20_who_saw_names_every_disclosure_of_a_walk() {
    run("D20", &[]);
}

#[test]
fn d21_not_yours_and_not_there_are_the_same_octets() {
    run("D21", &[]);
}

#[test]
fn d23_a_stolen_password_does_nothing_that_outlives_it() {
    run("D23", &[]);
}

#[test]
fn d24_a_stolen_directory_tells_nothing() {
    run("D24", &[]);
}

#[test]
fn d25_full_volumes_and_a_dead_node_are_told_and_end_by_themselves() {
    run_alone("D25");
}

#[test]
fn d26_a_store_that_stood_still_is_back_in_seconds_and_nobody_signs_in_again() {
    run_alone("D26");
}

#[test]
fn d27_after_an_outage_everybody_is_let_in_step_by_step() {
    run_alone("D27");
}

#[test]
fn d28_everybody_at_one_moment_is_let_in_in_turn() {
    run_alone("D28");
}

#[test]
fn d30_a_primary_that_dies_or_freezes_loses_nothing_that_was_acknowledged() {
    run_alone("D30");
}

#[test]
fn d31_a_storm_on_one_account_keeps_nobody_out() {
    run_alone("D31");
}

#[test]
fn d32_made_up_names_delay_no_right_sign_in() {
    run_alone("D32");
}

#[test]
fn d33_what_an_insider_does_to_the_files_is_noticed() {
    run("D33", &[]);
}

#[test]
fn d34_what_an_insider_does_at_the_command_line_is_an_entry() {
    run("D34", &[]);
}

#[test]
fn d35_a_clock_that_jumps_is_said_and_accepted() {
    run("D35", &[]);
}

#[test]
fn d18_rows_of_another_brand_are_set_aside_and_told() {
    run("D18", &[]);
}

#[test]
fn d22_who_walks_through_others_lines_is_stopped_within_the_budget() {
    run("D22", &[]);
}

#[test]
fn every_incident_is_listed_and_what_is_not_built_is_no_pass() {
    let listed = honnin(["drill", "list"]);
    assert_eq!(listed.code, Some(0), "{}", listed.err);
    assert_eq!(listed.out.lines().count(), 36);
    assert!(listed.out.contains("D19  not yet"), "{}", listed.out);
    let ran = honnin(["drill", "run", "D19"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(
        ran.out.contains("D19  not yet") && ran.out.contains("0 passed, 0 failed, 1 not implemented"),
        "{}",
        ran.out
    );
    assert_eq!(honnin(["drill", "run", "D99"]).code, Some(1));
}

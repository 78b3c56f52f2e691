//! Killed while it takes in the ledger.

use std::path::Path;
use std::process::Stdio;

use honnin_testkit::SeededEntropy;
use serde_json::Value;

use super::wait_up_to;
use crate::support::{Browser, Demo, Place, command, ledger, run_in};

fn args<'a>(data: &'a Path, mapping: &'a Path, extract: &'a Path) -> [&'a str; 7] {
    let [data, mapping, extract] = [data, mapping, extract].map(|path| path.to_str().unwrap());
    ["--data", data, "intake", "files", "--mapping", mapping, extract]
}

/// Takes the ledger in and kills it again and again until it comes to its end; how often, and what it said then.
fn take_killed(data: &Path, seed: u64) -> (u32, String) {
    let random = SeededEntropy::new(seed);
    let (mapping, extract) = (ledger::mapping(), ledger::directory());
    for kills in 0.. {
        let mut taking = command();
        taking.args(args(data, &mapping, &extract)).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut taking = taking.spawn().unwrap();
        // A little longer each time, so that a slow machine comes to the end as well.
        wait_up_to(&random, 40 * (u64::from(kills) + 1));
        if taking.try_wait().unwrap().is_none() {
            taking.kill().unwrap();
        }
        let ended = taking.wait_with_output().unwrap();
        if ended.status.code().is_some() {
            return (kills, String::from_utf8(ended.stdout).unwrap());
        }
    }
    unreachable!("the loop ends with the run that is not killed")
}

/// An answer without the moments of taking in, which rows show that say none of their own: two installations took them in
/// at different times.
fn as_the_ledger_said(body: &str) -> String {
    let mut parts = body.split("as_of\":\"");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (moment, rest) = part.split_once('"').expect("a moment ends");
        kept.push_str("as_of\":\"");
        if moment.starts_with("2026-11-20T") {
            kept.push_str(moment);
        }
        kept.push('"');
        kept.push_str(rest);
    }
    kept
}

/// Every answer about an account, one after the other.
fn answers(browser: &mut Browser) -> String {
    let mut all = String::new();
    let mut get = |path: &str| {
        let answer = browser.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        all.push_str(&as_the_ledger_said(&answer.body));
        all.push('\n');
        serde_json::from_str::<Value>(&answer.body).unwrap()
    };
    let me = get("/api/v1/me");
    for line in me["lines"].as_array().unwrap() {
        let line = line["line"].as_str().unwrap();
        for what in ["home", "buckets", "usage?month=2026-10", "usage?month=2026-11", "purchases", "contract"]
        {
            get(&format!("/api/v1/lines/{line}/{what}"));
        }
    }
    for bill in get("/api/v1/bills")["bills"].as_array().unwrap() {
        get(&format!("/api/v1/bills/{}", bill["bill"].as_str().unwrap()));
    }
    all
}

#[test]
fn an_intake_killed_again_and_again_ends_where_an_undisturbed_one_does() {
    // Small steps, so that there are many moments between two of them.
    let place = Place::for_demo(&[("partition", "\"64 KiB\"")]);
    let other = place.copy("other");
    let (mapping, extract) = (ledger::mapping(), ledger::directory());
    let undisturbed = run_in(&place.data, &args(&place.data, &mapping, &extract)[2..]);
    assert_eq!(undisturbed.code, Some(4), "{}", undisturbed.err);
    let (kills, said) = take_killed(&other, 20_261_120);
    assert!(kills >= 5, "killed {kills} times only");
    let again = [&place.data, &other].map(|data| run_in(data, &args(data, &mapping, &extract)[2..]));
    // One that was killed between its last commit and its last word has nothing to do when started again.
    assert!([&undisturbed.out, &again[0].out].contains(&&said), "after {kills} kills: {said}");
    assert!(again[0].out.contains("in all: taken 0, repeated 52937, "), "{}", again[0].out);
    assert_eq!(again[0].out, again[1].out, "after {kills} kills");
    let serve = |data: &Path, sessions: &Path| {
        let [data, extract, sessions] = [data, &extract, sessions].map(|path| path.to_str().unwrap());
        let sessions = ["--sessions", "600", "--sessions-out", sessions];
        Demo::start(["--data", data, "--ledger", extract].into_iter().chain(sessions))
    };
    let files = ["one.csv", "two.csv"].map(|name| place.beside(name));
    let one = serve(&place.data, &files[0]);
    let two = serve(&other, &files[1]);
    let (mut here, mut there) = (one.browsers(&files[0]), two.browsers(&files[1]));
    assert_eq!((here.len(), there.len()), (600, 600));
    for (account, browser) in &mut here {
        let (here, there) = (answers(browser), answers(there.get_mut(account).unwrap()));
        assert!(here == there, "{account} is told otherwise after the kills:\n{here}\n{there}");
    }
}

//! The ledger that ships, taken in whole: every count and every figure that a right reading gives.

use std::path::PathBuf;

use honnin_intake::fault::Reason;
use honnin_terms::Day;
use serde_json::Value;

use crate::reading::project;
use crate::world::World;

pub(crate) fn extract() -> Vec<PathBuf> {
    vec![project("tests/data/ledger-a")]
}

fn expected() -> Value {
    serde_json::from_slice(&std::fs::read(project("tests/data/ledger-a/expected.json")).unwrap()).unwrap()
}

fn taken() -> World {
    let world = World::new("ledger-a");
    world.take(&extract()).unwrap();
    world
}

#[test]
fn every_count_of_the_ledger_is_met() {
    let world = World::new("ledger-a");
    let summary = world.take(&extract()).unwrap();
    let expected = &expected()["counts"];
    let count = |key: &str| expected[key].as_u64().unwrap();
    let usage = summary.of_kind("usage");
    assert_eq!(usage.taken + usage.repeated + usage.unknown_number, count("usage_rows"));
    assert_eq!(usage.repeated, count("usage_duplicates"));
    assert_eq!(usage.unknown_number, count("usage_orphans"));
    assert_eq!(usage.quarantined_in_all(), count("usage_broken"));
    for (kind, key) in [
        ("account", "accounts"),
        ("holding", "holdings"),
        ("bucket", "buckets"),
        ("purchase", "purchases"),
        ("bill", "bills"),
    ] {
        let counts = summary.of_kind(kind);
        assert_eq!((counts.taken, counts.rows()), (count(key), count(key)), "{kind}");
    }
    assert_eq!(summary.newest_as_of, expected_moment());
    assert_eq!(
        summary.unknown_files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(),
        ["README.md", "expected.json"]
    );
    assert!(summary.unknown_files.iter().all(|file| file.suspect.is_none()));
    let kept: Vec<_> = world.with_feed(|feed| feed.quarantined(0, 100)).unwrap();
    assert_eq!(kept.len(), 7, "five broken rows and two orphans");
    assert_eq!(kept.iter().filter(|row| row.reason == Reason::UnknownNumber.code()).count(), 2);
}

fn expected_moment() -> Option<honnin_terms::Moment> {
    expected()["as_of"].as_str().unwrap().parse().ok()
}

#[test]
fn every_figure_of_every_expected_account_is_stored() {
    let (world, expected) = (taken(), expected());
    for (login, account) in expected["accounts"].as_object().unwrap() {
        let shown = world.shown(login);
        assert_eq!(shown.profile.name, account["name"]);
        assert_eq!(shown.profile.mail.as_deref(), account["mail"].as_str());
        let lines = account["lines"].as_object().unwrap();
        assert_eq!(shown.lines.len(), lines.len());
        for line in lines.values() {
            line_is(&world, login, line);
        }
        let bills: Vec<Value> = shown
            .bills
            .unwrap()
            .bills
            .iter()
            .rev()
            .map(|(bill, items)| {
                let month = bill.month.to_string().replace('-', "");
                let items = items.shown();
                assert_eq!(items.len(), 2);
                assert_eq!(items.iter().map(|item| item.amount.get()).sum::<i64>(), bill.amount.get());
                serde_json::json!({"no": bill.code, "month": month, "total_yen": bill.amount.get()})
            })
            .collect();
        assert_eq!(Value::Array(bills), account["bills"]);
        assert_eq!(shown.profile.standing[0].month.to_string(), "2026-10");
    }
}

fn line_is(world: &World, login: &str, expected: &Value) {
    let code = expected["line"].as_str().unwrap();
    let shown = world.line(login, code, expected["from_"].as_str().unwrap());
    let line = &shown.line;
    assert_eq!(line.terms.service_code.as_deref(), expected["service"].as_str());
    assert_eq!(line.held.to.map(|day| day.to_string()).as_deref(), expected["to"].as_str());
    assert_eq!(line.number.masked(), expected["number_masked"]);
    assert_eq!(line.terms.plan, expected["plan"]);
    assert_eq!(line.terms.sim_kind.as_deref(), expected["sim"].as_str());
    assert_eq!(line.terms.five_g, expected["five_g"]);
    assert_eq!(line.high_speed, expected["high_speed"]);
    assert_eq!(line.share.as_ref().map(|share| share.group.as_str()), expected["share"].as_str());
    let status = match expected["status"].as_str().unwrap() {
        "利用中" => "active",
        "利用停止中" => "suspended",
        _ => "ended",
    };
    assert_eq!(line.status.word(), status);
    buckets_are(world, login, code, line, &expected["buckets"]);
    let days = shown.months.iter().flat_map(honnin_store::document::UsageMonth::days);
    let days: serde_json::Map<String, Value> = days
        .map(|day| {
            let kb = |octets: honnin_terms::Octets| octets.get() / 1000;
            (day.day.to_string(), serde_json::json!({"high_kb": kb(day.high), "low_kb": kb(day.low)}))
        })
        .collect();
    assert_eq!(Value::Object(days), expected["usage"], "{login} {code}");
    let newest = line.usage_months.last().map_or(0, |month| month.number());
    let recent = shown.months.iter().flat_map(honnin_store::document::UsageMonth::days);
    let recent: Vec<_> = recent.filter(|day| day.day.month().number() >= newest - 1).collect();
    assert_eq!(line.recent_days, recent);
    let purchases = shown.purchases.map(|purchases| purchases.purchases).unwrap_or_default();
    let mut wanted: Vec<_> =
        expected["purchases"].as_array().unwrap().iter().map(|p| p["id"].as_str()).collect();
    let mut found: Vec<_> = purchases.iter().map(|purchase| Some(purchase.code.as_str())).collect();
    wanted.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, wanted);
}

fn buckets_are(
    world: &World,
    login: &str,
    code: &str,
    line: &honnin_store::document::Line,
    expected: &Value,
) {
    let holding = world.keeper.holding_id(world.keeper.account_id(login), code, line.held.from);
    let wanted = expected.as_array().unwrap();
    let own: Vec<_> = line.buckets.iter().filter(|bucket| bucket.holding == holding).collect();
    assert_eq!(own.len(), wanted.len());
    for bucket in wanted {
        let kind = match bucket["kind"].as_str().unwrap() {
            "繰越" => "carried_over",
            "基本" => "basic",
            "プレゼント" => "gift",
            _ => "top_up",
        };
        let purchase = bucket["purchase"].as_str().map(|code| world.keeper.purchase_id(code));
        assert!(own.iter().any(|own| {
            own.kind.word() == kind
                && own.granted.get() == bucket["granted_kb"].as_u64().unwrap() * 1000
                && own.remaining.get() == bucket["remaining_kb"].as_u64().unwrap() * 1000
                && own.expires_on == bucket["expires_on"].as_str().unwrap().parse::<Day>().ok()
                && own.purchase == purchase
        }));
    }
    let lines = line.share.as_ref().map_or(1, |share| share.lines);
    assert!(line.buckets.len() >= own.len() && (lines > 1 || line.buckets.len() == own.len()));
}

#[test]
fn a_number_reissued_shows_no_old_usage_and_a_line_handed_over_neither() {
    let (world, expected) = (taken(), expected());
    let shown = |pair: &Value, place: usize| world.shown(pair[place].as_str().unwrap());
    for pair in expected["recycled"].as_array().unwrap().iter().chain(expected["moved"].as_array().unwrap()) {
        for (holding, new) in &shown(pair, 2).lines {
            let days = new.months.iter().flat_map(honnin_store::document::UsageMonth::days);
            assert!(days.into_iter().all(|day| new.line.held.contains(day.day)), "{holding:?}");
        }
        let old = shown(pair, 1);
        let ended = old.lines.values().find(|line| line.line.held.to.is_some()).unwrap();
        let days: Vec<_> = ended.months.iter().flat_map(honnin_store::document::UsageMonth::days).collect();
        assert!(!days.is_empty() && days.iter().all(|day| ended.line.held.contains(day.day)));
        assert!(ended.line.buckets.is_empty());
    }
}

#[test]
fn taken_twice_it_changes_nothing_and_counts_repeats() {
    let world = taken();
    let before = world.everything();
    let summary = world.take(&extract()).unwrap();
    assert_eq!(world.everything(), before);
    let all = summary.in_all();
    assert_eq!((all.taken, all.unknown_number, all.quarantined_in_all()), (0, 2, 5));
    assert_eq!(all.repeated + 7, all.rows());
}

#[test]
fn nothing_of_a_row_set_aside_can_be_read() {
    let world = taken();
    let content = world.store.content();
    assert!(content.quarantine.iter().all(|row| row.sealed.len() > 60));
    for row in &content.quarantine {
        for value in ["0901234", "U9000000", "07001864836", "通番"] {
            let value = encoding_rs::SHIFT_JIS.encode(value).0;
            assert!(!row.sealed.windows(value.len()).any(|window| window == &*value));
        }
    }
}

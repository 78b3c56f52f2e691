//! The pages say the same, in the exact values beside the rounded ones.

use super::Visitor;
use super::api::Found;
use super::expect::{Account, MONTH};
use crate::support::data_values;

/// Whether all of these stand among the values, each as often.
fn holds(values: &[u64], wanted: &[u64]) -> bool {
    let mut left = values.to_vec();
    wanted.iter().all(|value| match left.iter().position(|other| other == value) {
        Some(place) => {
            left.swap_remove(place);
            true
        }
        None => false,
    })
}

/// What stands between two marks.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    text.split_once(from).and_then(|(_, rest)| rest.split_once(to)).map_or("", |(inner, _)| inner)
}

pub(super) fn account_is(visitor: &Visitor<'_>, account: &Account<'_>, lines: &[Found<'_>]) {
    let page = |path: &str| {
        let page = visitor.get(path).body;
        assert!(page.contains(account.name()), "{path} does not say whose it is");
        page
    };
    let all = page("/lines");
    for (id, line) in lines {
        assert!(all.contains(&format!("/lines/{id}")) && all.contains(line.text("number_masked")));
        home_is(&page(&format!("/lines/{id}")), account, line);
        buckets_are(&page(&format!("/lines/{id}/buckets")), line);
        for month in ["2026-10", MONTH] {
            usage_is(&page(&format!("/lines/{id}/usage?month={month}")), line, month);
        }
        let bought = line.told["purchases"].as_array().unwrap();
        let wanted: Vec<u64> = bought
            .iter()
            .flat_map(|one| [one["mb"].as_u64().unwrap() * 1_000_000, one["yen"].as_u64().unwrap()])
            .collect();
        let path = format!("/lines/{id}/purchases");
        assert!(holds(&data_values(&page(&path)), &wanted), "{path}");
        let contract = page(&format!("/lines/{id}/contract"));
        for key in ["service", "line", "plan", "sim", "number_masked"] {
            assert!(contract.contains(line.text(key)), "{key} in the contract {id}");
        }
    }
    let amounts: Vec<u64> = account.bills().into_iter().map(|(_, _, amount)| amount).collect();
    let list = page("/bills");
    // Above the list the newest month is held against the one before.
    let told = data_values(&list);
    assert!(told.ends_with(&amounts), "{}: {told:?}, {amounts:?}", account.login);
    assert!(told.iter().all(|amount| amounts.contains(amount)), "{}: {told:?}", account.login);
    for ((code, _, amount), link) in account.bills().into_iter().zip(list.split("href=\"/bills/").skip(1)) {
        let bill = page(&format!("/bills/{}", link.split('"').next().unwrap()));
        assert!(bill.contains(code) && data_values(&bill)[0] == amount, "{code}");
    }
}

fn home_is(page: &str, account: &Account<'_>, line: &super::expect::Line<'_>) {
    let mut wanted = Vec::new();
    if let Some((remaining, granted)) = line.balance() {
        wanted.extend([remaining, granted, granted - remaining]);
    }
    wanted.extend(line.next_expiry().map(|(octets, _)| octets));
    let days = line.days(MONTH);
    // A month without any row is unknown, not zero.
    if let Some((day, (high, low))) = days.iter().next_back() {
        wanted.push(line.octets_of(MONTH));
        // The ledger is of the morning of the 20th: today, or the day before where today is not known yet.
        let day = day.to_string();
        wanted.extend(["19", "20"].iter().any(|near| day.ends_with(near)).then_some(high + low));
    }
    let values = data_values(page);
    assert!(holds(&values, &wanted), "home of {}: {values:?}, {wanted:?}", line.text("line"));
    // No bill of the ledger says that it was paid: the one that is due first stands on home, and no other.
    let bills: Vec<u64> = account.bills().into_iter().map(|(_, _, amount)| amount).collect();
    let shown = values.last().copied().unwrap();
    assert!(bills.contains(&shown), "home of {}: {values:?}, {bills:?}", line.text("line"));
    assert!(page.contains(line.text("plan")) && page.contains(line.text("number_masked")));
}

fn buckets_are(page: &str, line: &super::expect::Line<'_>) {
    let mut wanted: Vec<u64> = line.balance().map(|(remaining, _)| remaining).into_iter().collect();
    wanted.extend(line.buckets().into_iter().flat_map(|(_, granted, remaining, _)| [remaining, granted]));
    let values = data_values(page);
    assert_eq!(values.len(), wanted.len(), "buckets of {}", line.text("line"));
    assert!(holds(&values, &wanted), "buckets of {}: {values:?}, {wanted:?}", line.text("line"));
}

fn usage_is(page: &str, line: &super::expect::Line<'_>, month: &str) {
    let days = line.days(month);
    let by_day: Vec<u64> = days.values().flat_map(|(high, low)| [*high, *low, high + low]).collect();
    assert_eq!(data_values(between(page, "<tbody>", "</tbody>")), by_day, "{month} of {}", line.text("line"));
    let sum = |of: fn(&(u64, u64)) -> u64| days.values().map(of).sum::<u64>();
    let sums = [sum(|day| day.0), sum(|day| day.1), sum(|day| day.0 + day.1)];
    let told = data_values(between(page, "<tfoot>", "</tfoot>"));
    assert_eq!(told, if days.is_empty() { Vec::new() } else { sums.to_vec() }, "{month}");
}

//! The JSON API says what must be shown, figure by figure.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Visitor;
use super::expect::{Account, Bucket, Line, MONTH, rank};
use crate::support::ledger::{self, Row};

/// A holding with its name outside.
pub(super) type Found<'a> = (String, Line<'a>);

/// The row of a file whose column has that value.
fn row_of(file: &str, heading: &str, value: &str) -> Row {
    ledger::rows(file).into_iter().find(|row| row[heading] == value).unwrap()
}

/// Checks everything of an account and gives its holdings.
pub(super) fn account_is<'a>(visitor: &Visitor<'_>, account: &Account<'a>) -> Vec<Found<'a>> {
    let me = visitor.json("/api/v1/me");
    assert_eq!(me["name"], account.name());
    let mut wanted = account.lines();
    let mut found = Vec::new();
    for head in me["lines"].as_array().unwrap() {
        let path = format!("/api/v1/lines/{}", head["line"].as_str().unwrap());
        let contract = visitor.json(&format!("{path}/contract"));
        let key =
            format!("{}@{}", contract["line_code"].as_str().unwrap(), contract["from"].as_str().unwrap());
        let line = wanted.remove(key.as_str()).unwrap_or_else(|| panic!("{}: {key}", account.login));
        head_is(head, line);
        contract_is(&contract, head, line);
        home_is(&visitor.json(&format!("{path}/home")), line);
        buckets_are(&visitor.json(&format!("{path}/buckets")), line);
        for month in ["2026-08", "2026-09", "2026-10", MONTH, "2026-12"] {
            usage_is(&visitor.json(&format!("{path}/usage?month={month}")), line, month);
        }
        assert_eq!(
            visitor.json(&format!("{path}/usage"))["month"],
            MONTH,
            "the present month where not said"
        );
        purchases_are(&visitor.json(&format!("{path}/purchases")), line);
        found.push((head["line"].as_str().unwrap().to_owned(), line));
    }
    assert!(wanted.is_empty(), "{} does not see {:?}", account.login, wanted.keys());
    bills_are(visitor, account);
    found
}

fn head_is(head: &Value, line: Line<'_>) {
    let wanted = json!({
        "line": head["line"], "role": "holder", "status": line.status(), "plan": line.text("plan"),
        "number_masked": line.text("number_masked"), "from": line.text("from_"), "to": line.told["to"],
    });
    assert_eq!(*head, wanted);
}

fn contract_is(contract: &Value, head: &Value, line: Line<'_>) {
    let rows = ledger::rows("回線.csv");
    let row = rows.into_iter().find(|row| {
        row["回線コード"] == line.text("line")
            && ledger::day(&row["利用開始日"]).as_deref() == Some(line.text("from_"))
    });
    let row = row.unwrap();
    let iccid = &row["ICCID"];
    let hidden = iccid.len() - 4;
    for (key, wanted) in [
        ("line", head["line"].clone()),
        ("number_masked", line.told["number_masked"].clone()),
        ("plan", line.told["plan"].clone()),
        ("status", line.status().into()),
        ("from", line.told["from_"].clone()),
        ("to", line.told["to"].clone()),
        ("service_code", line.told["service"].clone()),
        ("line_code", line.told["line"].clone()),
        ("sim", line.told["sim"].clone()),
        ("iccid_masked", format!("{}{}", "*".repeat(hidden), &iccid[hidden..]).into()),
        ("monthly_yen", row["月額"].parse::<u64>().unwrap().into()),
        ("applied_on", ledger::day(&row["申込日"]).into()),
        ("five_g", line.told["five_g"].clone()),
        ("share", line.share().map(|lines| json!({"lines": lines})).into()),
    ] {
        assert_eq!(contract[key], wanted, "{key} in the contract of {}", line.text("line"));
    }
}

fn home_is(home: &Value, line: Line<'_>) {
    let (code, high) = (line.text("line"), line.told["high_speed"].as_bool().unwrap());
    let shared = line.told["share"].is_string();
    let balance = line.balance();
    let reason = match (line.status(), balance) {
        ("suspended", _) => "suspended",
        (_, Some((0, _))) if high => "exhausted",
        _ => "chosen",
    };
    let effective = match (line.status(), balance) {
        ("active", Some((left, _))) => Some(if high && left > 0 { "high" } else { "low" }),
        ("active", None) => None,
        _ => Some("none"),
    };
    let (_, month, amount) = line.account.bills().remove(0);
    let told = |(remaining, granted)| json!({"remaining_octets": remaining, "granted_octets": granted, "shared": shared, "current": true});
    for (key, wanted) in [
        ("balance", balance.map(told).into()),
        (
            "next_expiry",
            line.next_expiry().map(|(octets, day)| json!({"octets": octets, "expires_on": day})).into(),
        ),
        (
            "speed",
            json!({
                "version": 0, "desired": high, "state": "confirmed", "reason": reason, "effective": effective,
                "changeable": line.status() == "active", "changed_at": null,
            }),
        ),
        ("five_g", line.told["five_g"].clone()),
        ("share", line.share().map(|lines| json!({"lines": lines})).into()),
        (
            "bill",
            json!({"bill": home["bill"]["bill"], "month": month, "amount_yen": amount, "state": "final", "as_of": "2026-11-20T06:00:00+09:00", "as_of_by": "ledger"}),
        ),
        ("plan", line.told["plan"].clone()),
    ] {
        assert_eq!(home[key], wanted, "{key} at home of {code}");
    }
    // A month without any row is unknown, not zero.
    let month = (!line.days(MONTH).is_empty()).then(|| line.octets_of(MONTH));
    let usage = &home["usage"];
    assert_eq!((&usage["today_octets"], &usage["month_octets"]), (&Value::Null, &month.into()), "{code}");
    if !line.is_ended() {
        assert_eq!(home["as_of"], "2026-11-20T06:00:00+09:00", "{code}");
    }
    assert!(home["source"].as_str().is_some_and(|source| !source.is_empty()));
}

fn buckets_are(told: &Value, line: Line<'_>) {
    let code = line.text("line");
    let read = |bucket: &Value| -> Bucket {
        let kind =
            ["carried_over", "basic", "gift", "top_up"].into_iter().find(|kind| bucket["kind"] == *kind);
        let octets = |key: &str| bucket[key].as_u64().unwrap();
        let until = bucket["expires_on"].as_str().unwrap().to_owned();
        (kind.unwrap(), octets("granted_octets"), octets("remaining_octets"), until)
    };
    let all = told["buckets"].as_array().unwrap();
    let mut shown: Vec<Bucket> = all.iter().map(read).collect();
    let order = |bucket: &Bucket| (bucket.3.clone(), rank(bucket.0));
    assert!(shown.is_sorted_by_key(order), "the order of use of {code}: {shown:?}");
    let mut place = 0;
    for (bucket, told) in shown.iter().zip(all) {
        place += u64::from(bucket.2 > 0);
        assert_eq!(told["order"], if bucket.2 > 0 { json!(place) } else { Value::Null }, "{code}");
    }
    shown.sort_by_key(|bucket| (order(bucket), bucket.1, bucket.2));
    assert_eq!(shown, line.buckets(), "{code}");
}

fn usage_is(told: &Value, line: Line<'_>, month: &str) {
    assert_eq!(told["month"], month);
    let days = told["days"].as_array().unwrap();
    let read = |day: &Value| {
        let octets = |key: &str| day[key].as_u64().unwrap();
        (day["date"].as_str().unwrap().to_owned(), (octets("high_octets"), octets("low_octets")))
    };
    let shown: Vec<_> = days.iter().map(read).collect();
    let wanted: Vec<_> = line.days(month).into_iter().map(|(day, used)| (day.to_owned(), used)).collect();
    assert_eq!(shown, wanted, "{} in {month}", line.text("line"));
}

fn purchases_are(told: &Value, line: Line<'_>) {
    let shown = told["purchases"].as_array().unwrap().iter();
    let shown: Vec<_> = shown
        .map(|bought| (bought["at"].as_str(), bought["octets"].as_u64(), bought["amount_yen"].as_u64()))
        .collect();
    let mut wanted: Vec<_> = line.told["purchases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bought| {
            let at = format!("{}+09:00", bought["at"].as_str().unwrap());
            (at, bought["mb"].as_u64().map(|mb| mb * 1_000_000), bought["yen"].as_u64())
        })
        .collect();
    wanted.sort_by(|a, b| b.0.cmp(&a.0));
    let wanted: Vec<_> = wanted.iter().map(|(at, octets, yen)| (Some(at.as_str()), *octets, *yen)).collect();
    assert_eq!(shown, wanted, "purchases of {}", line.text("line"));
}

fn bills_are(visitor: &Visitor<'_>, account: &Account<'_>) {
    let told = visitor.json("/api/v1/bills");
    let told = told["bills"].as_array().unwrap();
    let wanted = account.bills();
    assert_eq!(told.len(), wanted.len(), "{}", account.login);
    let items: BTreeMap<(String, u64), (String, i64)> = ledger::rows("請求明細.csv")
        .into_iter()
        .map(|row| {
            let place = (row["請求番号"].clone(), row["行"].parse().unwrap());
            (place, (row["項目"].clone(), row["金額"].parse().unwrap()))
        })
        .collect();
    for (head, (code, month, amount)) in told.iter().zip(wanted) {
        let same = json!({
            "bill": head["bill"], "month": month, "amount_yen": amount, "state": "final",
            "as_of": "2026-11-20T06:00:00+09:00", "as_of_by": "ledger",
        });
        assert_eq!(*head, same, "{}", account.login);
        let bill = visitor.json(&format!("/api/v1/bills/{}", head["bill"].as_str().unwrap()));
        let row = row_of("請求.csv", "請求番号", code);
        let (year, number): (i32, i32) = (month[..4].parse().unwrap(), month[5..].parse().unwrap());
        let used = if number == 1 { format!("{}-12", year - 1) } else { format!("{year}-{:02}", number - 1) };
        let lines: Vec<Value> = (1..)
            .map_while(|place| items.get(&(code.to_owned(), place)))
            .map(|(item, yen)| json!({"item": item, "amount_yen": yen}))
            .collect();
        assert!(!lines.is_empty());
        for (key, wanted) in [
            ("bill", head["bill"].clone()),
            ("month", month.clone().into()),
            ("used_in", used.into()),
            ("amount_yen", amount.into()),
            ("tax_yen", row["うち消費税"].parse::<u64>().unwrap().into()),
            ("state", "final".into()),
            ("due_on", ledger::day(&row["支払期日"]).into()),
            ("code", code.into()),
            ("items_complete", true.into()),
            ("items", lines.into()),
        ] {
            assert_eq!(bill[key], wanted, "{key} of {code}");
        }
    }
}

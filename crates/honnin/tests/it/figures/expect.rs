//! What must be shown, worked out from `expected.json` and the rules beside it.

use std::collections::BTreeMap;

use serde_json::Value;

/// The day and the month of the extract.
pub(super) const TODAY: &str = "2026-11-20";
pub(super) const MONTH: &str = "2026-11";

/// An account of `expected.json`.
#[derive(Clone, Copy)]
pub(super) struct Account<'a> {
    pub(super) login: &'a str,
    pub(super) told: &'a Value,
}

/// A holding of `expected.json`.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) account: Account<'a>,
    pub(super) told: &'a Value,
}

/// A bucket as it must be shown: kind, granted and remaining octets, last day.
pub(super) type Bucket = (&'static str, u64, u64, String);

impl<'a> Account<'a> {
    /// Its holdings: line code @ first day, and what they show.
    pub(super) fn lines(self) -> BTreeMap<&'a str, Line<'a>> {
        let lines = self.told["lines"].as_object().unwrap();
        lines.iter().map(|(key, told)| (key.as_str(), Line { account: self, told })).collect()
    }

    pub(super) fn name(self) -> &'a str {
        self.told["name"].as_str().unwrap()
    }

    /// Bills, newest first: number, month of the bill, amount.
    pub(super) fn bills(self) -> Vec<(&'a str, String, u64)> {
        let bill = |bill: &'a Value| {
            let month = bill["month"].as_str().unwrap();
            let month = format!("{}-{}", &month[..4], &month[4..]);
            (bill["no"].as_str().unwrap(), month, bill["total_yen"].as_u64().unwrap())
        };
        let mut bills: Vec<_> = self.told["bills"].as_array().unwrap().iter().map(bill).collect();
        bills.sort_by(|a, b| b.1.cmp(&a.1));
        bills
    }
}

impl<'a> Line<'a> {
    pub(super) fn text(self, key: &str) -> &'a str {
        self.told[key].as_str().unwrap()
    }

    pub(super) fn status(self) -> &'static str {
        match self.text("status") {
            "利用中" => "active",
            "利用停止中" => "suspended",
            "解約" | "譲渡" => "ended",
            other => panic!("a status this test does not know: {other}"),
        }
    }

    pub(super) fn is_ended(self) -> bool {
        self.status() == "ended"
    }

    /// The lines that draw from the same data, this one among them.
    fn sharing(self) -> Vec<Line<'a>> {
        let group = self.told["share"].as_str();
        let all = self.account.lines().into_values();
        match group {
            None => vec![self],
            Some(group) => all.filter(|line| line.told["share"].as_str() == Some(group)).collect(),
        }
    }

    /// How many lines share the data, where they do.
    pub(super) fn share(self) -> Option<usize> {
        self.told["share"].as_str().map(|_| self.sharing().len())
    }

    /// The buckets of all lines of the share group, in the order of use.
    pub(super) fn buckets(self) -> Vec<Bucket> {
        if self.is_ended() {
            return Vec::new();
        }
        let of_line = |line: Line<'a>| line.told["buckets"].as_array().unwrap().iter();
        let mut all: Vec<Bucket> = self.sharing().into_iter().flat_map(of_line).map(bucket).collect();
        all.sort_by_key(|(kind, granted, remaining, until)| {
            (until.clone(), rank(kind), *granted, *remaining)
        });
        all
    }

    /// Those that can still be drawn from.
    fn living(self) -> Vec<Bucket> {
        self.buckets().into_iter().filter(|(_, _, _, until)| until.as_str() >= TODAY).collect()
    }

    /// What remains and what the gauge is full at; of carried-over data only what came over.
    pub(super) fn balance(self) -> Option<(u64, u64)> {
        let full = |(kind, granted, remaining, _): &Bucket| {
            if *kind == "carried_over" { *remaining } else { *granted }
        };
        let living = self.living();
        let sums = (living.iter().map(|bucket| bucket.2).sum(), living.iter().map(full).sum());
        (!self.is_ended()).then_some(sums)
    }

    /// What expires first, and when.
    pub(super) fn next_expiry(self) -> Option<(u64, String)> {
        let some: Vec<Bucket> = self.living().into_iter().filter(|bucket| bucket.2 > 0).collect();
        let first = some.iter().map(|bucket| bucket.3.clone()).min()?;
        Some((some.iter().filter(|bucket| bucket.3 == first).map(|bucket| bucket.2).sum(), first))
    }

    /// Known days: high and low speed octets.
    pub(super) fn days(self, month: &str) -> BTreeMap<&'a str, (u64, u64)> {
        let octets = |day: &Value, key: &str| day[key].as_u64().unwrap() * 1_000;
        let days = self.told["usage"].as_object().unwrap().iter();
        let of_month = days.filter(|(day, _)| day.starts_with(month));
        of_month
            .map(|(day, used)| (day.as_str(), (octets(used, "high_kb"), octets(used, "low_kb"))))
            .collect()
    }

    /// Every figure of usage that may be shown: of days, and of months summed.
    pub(super) fn usage_figures(self) -> Vec<u64> {
        let mut figures = Vec::new();
        for month in ["2026-10", MONTH] {
            let days: Vec<(u64, u64)> = self.days(month).into_values().collect();
            let sum = (days.iter().map(|day| day.0).sum(), days.iter().map(|day| day.1).sum());
            let each: Vec<(u64, u64)> = days.into_iter().chain([sum]).collect();
            figures.extend(each.into_iter().flat_map(|(high, low)| [high, low, high + low]));
        }
        figures
    }

    pub(super) fn octets_of(self, month: &str) -> u64 {
        self.days(month).values().map(|(high, low)| high + low).sum()
    }
}

fn bucket(told: &Value) -> Bucket {
    let octets = |key: &str| told[key].as_u64().unwrap() * 1_000;
    let kind = match told["kind"].as_str().unwrap() {
        "繰越" => "carried_over",
        "基本" => "basic",
        "プレゼント" => "gift",
        "追加" => "top_up",
        other => panic!("a kind of bucket this test does not know: {other}"),
    };
    (kind, octets("granted_kb"), octets("remaining_kb"), told["expires_on"].as_str().unwrap().to_owned())
}

/// The place of a kind among those that expire on the same day.
pub(super) fn rank(kind: &str) -> usize {
    ["carried_over", "basic", "gift", "top_up"].iter().position(|known| *known == kind).unwrap()
}

//! Values that occur for one account of the ledger only, and where somebody else's would stand in an answer.

use std::collections::{BTreeMap, BTreeSet};

use super::ledger::{Row, rows};

/// Amounts below this many yen are looked for where an answer states an amount, not in every run of digits: a
/// coordinate of a drawing may be 459 too.
const TOLD_APART: u64 = 10_000;

/// The watermarks of a ledger.
#[derive(Debug, Default)]
pub(crate) struct Watermarks {
    mails: BTreeMap<String, String>,
    numbers: BTreeMap<u64, String>,
    /// Numbers in each account's own rows: its bills' lines may be as high as another's whole bill.
    own: BTreeMap<String, BTreeSet<u64>>,
}

impl Watermarks {
    /// Those of the ledger that ships.
    pub(crate) fn of_ledger() -> Self {
        let mut marks = Self::default();
        let get = |row: &Row, heading: &str| row[heading].clone();
        for row in rows("契約者.csv") {
            marks.mails.insert(get(&row, "メールアドレス"), get(&row, "会員ID"));
        }
        let mut bills = BTreeMap::new();
        for row in rows("請求.csv") {
            marks.number(&row["合計金額"], 1, &row["会員ID"]);
            marks.owns(&row["会員ID"], &row["うち消費税"]);
            bills.insert(get(&row, "請求番号"), get(&row, "会員ID"));
        }
        for row in rows("請求明細.csv") {
            marks.owns(&bills[&row["請求番号"]], &row["金額"]);
        }
        // A bucket belongs to who holds the line at the moment of the extract: to whom nobody has followed.
        let mut holders = BTreeMap::new();
        for row in rows("回線.csv") {
            marks.owns(&row["会員ID"], &row["月額"]);
            if row["解約日"].is_empty() {
                holders.insert(get(&row, "回線コード"), get(&row, "会員ID"));
            }
        }
        for row in rows("データ残量.csv") {
            let account = &holders[&row["回線コード"]];
            marks.number(&row["残量KB"], 1_000, account);
            // As the ledger writes it, where no bill can be as high.
            if row["残量KB"].len() > 5 {
                marks.number(&row["残量KB"], 1, account);
            }
        }
        for row in rows("購入履歴.csv") {
            if let Some(account) = holders.get(&row["回線コード"]) {
                marks.owns(account, &row["金額"]);
            }
        }
        marks
    }

    fn number(&mut self, text: &str, times: u64, account: &str) {
        let value = text.parse::<u64>().unwrap() * times;
        let before = self.numbers.insert(value, account.to_owned());
        assert!(before.is_none(), "{value} stands for one account alone");
        self.own.entry(account.to_owned()).or_default().insert(value);
    }

    fn owns(&mut self, account: &str, text: &str) {
        self.expect(account, text.parse().ok());
    }

    /// Figures that may be shown to that account, although somebody else's are as high by chance.
    pub(crate) fn expect(&mut self, account: &str, values: impl IntoIterator<Item = u64>) {
        self.own.entry(account.to_owned()).or_default().extend(values);
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.mails.len() + self.numbers.len()
    }

    /// What of other accounts stands in an answer to this one.
    pub(crate) fn foreign(&self, account: &str, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        let word = |c: char| c.is_ascii_alphanumeric() || "@.-_+".contains(c);
        for token in text.split(|c| !word(c)) {
            if self.mails.get(token).is_some_and(|owner| owner != account) {
                found.push(format!("mail {token}"));
            }
        }
        let own = self.own.get(account);
        let mut judge = |value: u64| {
            let foreign = self.numbers.get(&value).is_some_and(|owner| owner != account);
            if foreign && !own.is_some_and(|own| own.contains(&value)) {
                found.push(format!("number {value}"));
            }
        };
        let ungrouped = without_grouping(text);
        for text in [text, &ungrouped] {
            let tokens = text.split(|c: char| !c.is_ascii_alphanumeric());
            tokens
                .filter_map(|token| token.parse().ok())
                .filter(|value| *value >= TOLD_APART)
                .for_each(&mut judge);
        }
        stated(&ungrouped).into_iter().for_each(&mut judge);
        found
    }
}

/// The text without commas between a digit and three more.
fn without_grouping(text: &str) -> String {
    let octets = text.as_bytes();
    let digit = |place: usize| octets.get(place).is_some_and(u8::is_ascii_digit);
    let groups = |place: usize| {
        place > 0 && digit(place - 1) && (1..=3).all(|step| digit(place + step)) && !digit(place + 4)
    };
    let kept = text.char_indices().filter(|(place, c)| !(*c == ',' && groups(*place)));
    kept.map(|(_, c)| c).collect()
}

/// Numbers an answer states as amounts: fields of JSON, values of pages, digits before 円 and after ¥.
fn stated(text: &str) -> Vec<u64> {
    let mut all: Vec<u64> = data_values(text);
    for (before, after) in [("_octets\":", ""), ("_yen\":", ""), ("¥", ""), ("", "円")] {
        if after.is_empty() {
            let parts = text.split(before).skip(1);
            all.extend(parts.filter_map(|part| {
                let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
                part[..end].parse::<u64>().ok()
            }));
        } else {
            let parts: Vec<&str> = text.split(after).collect();
            all.extend(parts.iter().take(parts.len() - 1).filter_map(|part| {
                let begin = part.rfind(|c: char| !c.is_ascii_digit());
                part[begin
                    .map_or(0, |place| place + part[place..].chars().next().map_or(1, char::len_utf8))..]
                    .parse::<u64>()
                    .ok()
            }));
        }
    }
    all
}

/// The exact values that stand in a page: `<data value="…">`, in order.
pub(crate) fn data_values(page: &str) -> Vec<u64> {
    let parts = page.split("<data value=\"").skip(1);
    parts.filter_map(|part| part.split('"').next()?.parse().ok()).collect()
}

#[test]
fn another_accounts_value_is_found_in_every_way_it_can_be_written() {
    let marks = Watermarks::of_ledger();
    let bills = rows("請求.csv");
    let low = bills.iter().find(|row| row["合計金額"].len() == 3).unwrap();
    let high = bills.iter().find(|row| row["合計金額"].len() == 5 && row["会員ID"] != low["会員ID"]).unwrap();
    let amount: u64 = high["合計金額"].parse().unwrap();
    let grouped = format!("{},{:03}", amount / 1000, amount % 1000);
    for text in [
        format!("{{\"amount_yen\":{amount}}}"),
        format!("about {amount}."),
        format!("<b>{grouped}円</b>"),
        format!("{{\"amount_yen\":{}}}", low["合計金額"]),
        format!("<data value=\"{}\">", low["合計金額"]),
        format!("{}円", low["合計金額"]),
        format!("¥{}", low["合計金額"]),
        format!("mailto:{}?", rows("契約者.csv")[0]["メールアドレス"]),
    ] {
        assert_eq!(marks.foreign("mio00000000", &text).len().min(1), 1, "{text}");
    }
    assert!(marks.foreign(&high["会員ID"], &format!("{grouped}円")).is_empty());
    assert!(marks.foreign("mio00000000", &format!("x{amount} {amount}0 {}", low["合計金額"])).is_empty());
}

//! Large ledgers, for measuring: every line has the same shape, no two accounts share a figure.
//!
//! Rows are written as they are made, so that the size is bounded by the disk and not by memory.

use honnin_drill::ledger::{
    Files, Joined, NUMBERS, Number, Shuffle, Slashed, Stamp, days_before, month_from, tax_within,
};
use jiff::civil::{Date, DateTime};

use super::Asked;
use super::draw::Draw;
use super::people::{FAMILY, GIVEN};
use super::plan::PLANS;
use crate::Failure;

const MOST_USAGE_DAYS: u64 = 400;

/// `cargo xtask ledger`.
pub(crate) fn command(asked: Asked) -> Result<(), Failure> {
    let Asked { lines, out, seed, as_of, usage_days, .. } = asked;
    let (lines, usage_days) = (lines.unwrap_or(0), usage_days.unwrap_or(1));
    if lines == 0 || lines > NUMBERS {
        return Err(format!(
            "--lines {lines}: expect 1 to {NUMBERS}, as many as there are unassigned numbers (070-0…, 080-0…, 090-0…)"
        )
        .into());
    }
    if usage_days > MOST_USAGE_DAYS {
        return Err(format!("--usage-days {usage_days}: expect at most {MOST_USAGE_DAYS}").into());
    }
    let mut writer = Writer::new(Files::create(&out)?, lines, usage_days, seed, as_of)?;
    while writer.line < lines {
        writer.account()?;
    }
    let accounts = writer.account;
    writer.notice()?;
    writer.files.finish()?;
    println!(
        "wrote {lines} lines of {accounts} accounts, {} rows of usage, to {}",
        lines * usage_days,
        out.display()
    );
    Ok(())
}

#[derive(Debug)]
struct Writer {
    files: Files,
    draw: Draw,
    lines: u64,
    as_of: DateTime,
    usage_days: Vec<Date>,
    /// Accounts and lines written so far.
    account: u64,
    line: u64,
    usage_rows: u64,
    // Three runs of places each, as long as the numbers last, so that no two codes share their digits.
    ids: Shuffle,
    services: Shuffle,
    numbers: Shuffle,
    mails: Shuffle,
    amounts: Shuffle,
    remainders: Shuffle,
}

impl Writer {
    fn new(files: Files, lines: u64, usage_days: u64, seed: u64, as_of: DateTime) -> Result<Self, Failure> {
        let draw = Draw::new(seed);
        let fresh = |bound| Shuffle::new(bound, draw.below(u64::MAX));
        let (ids, services, numbers) = (fresh(100_000_000), fresh(100_000_000), fresh(NUMBERS));
        let (mails, amounts, remainders) =
            (fresh(1 << 31), fresh(lines.max(60_000)), fresh((2 * lines).max(6_000_000)));
        let usage_days =
            (1..=usage_days).rev().map(|days| days_before(as_of.date(), days)).collect::<Result<_, _>>()?;
        let (account, line, usage_rows) = (0, 0, 0);
        Ok(Self {
            files,
            draw,
            lines,
            as_of,
            usage_days,
            account,
            line,
            usage_rows,
            ids,
            services,
            numbers,
            mails,
            amounts,
            remainders,
        })
    }

    /// Writes an account with its one to four lines.
    fn account(&mut self) -> Result<(), Failure> {
        let id = format!("mio{:08}", self.ids.at(self.account));
        let (family, family_kana) = self.draw.of(&FAMILY).ok_or("name somebody")?;
        let (given, given_kana) = self.draw.of(&GIVEN).ok_or("name somebody")?;
        let born = days_before(self.as_of.date(), 20 * 365 + self.draw.below(60 * 365))?;
        let since = days_before(self.as_of.date(), MOST_USAGE_DAYS + 2000 + self.draw.below(2000))?;
        self.files.accounts.row(&[
            &id,
            &format_args!("{family}　{given}"),
            &format_args!("{family_kana} {given_kana}"),
            &format_args!("wm-{:08x}@example.jp", self.mails.at(self.account)),
            &Slashed(born),
            &Slashed(since),
            &"有効",
            &Stamp(self.as_of),
        ])?;
        let count = self.draw.of(&[1, 1, 1, 2, 2, 3, 4]).unwrap_or(1).min(self.lines - self.line);
        let shared = count > 1 && self.draw.below(2) == 0;
        let share =
            if shared { format!("grp{:08}", self.ids.at(2 * NUMBERS + self.account)) } else { String::new() };
        self.account += 1;
        for nth in 0..count {
            self.line(&id, &share)?;
            self.bill(&id, nth)?;
            self.line += 1;
        }
        Ok(())
    }

    /// Writes a line with its two buckets and its usage.
    fn line(&mut self, account: &str, share: &str) -> Result<(), Failure> {
        let code = format!("hdo{:08}", self.ids.at(NUMBERS + self.line));
        let number = Number(self.numbers.at(self.line));
        let (basic, carried) = (self.remainders.at(2 * self.line), self.remainders.at(2 * self.line + 1));
        let fitting = PLANS.partition_point(|plan| plan.granted_kb < basic.max(carried));
        // The largest plan is left to lines whose remainder needs it.
        let ordinary = PLANS.get(fitting..PLANS.len() - 1).and_then(|plans| self.draw.of(plans));
        let plan = ordinary.or(PLANS.last().copied()).ok_or("choose a plan")?;
        let from = days_before(self.as_of.date(), MOST_USAGE_DAYS + self.draw.below(2000))?;
        let ordered = days_before(from, self.draw.below(10))?;
        let written = if self.draw.below(2) == 0 { number.plain() } else { number.hyphenated() };
        self.files.lines.row(&[
            &format_args!("hdc{:08}", self.services.at(self.line)),
            &code,
            &account,
            &written,
            &format_args!(
                "8981{:08}{:07}",
                self.services.at(2 * NUMBERS + self.line),
                self.draw.below(10_000_000)
            ),
            &self.draw.of(&["音声SIM", "音声eSIM", "データSIM"]).unwrap_or_default(),
            &plan.name,
            &plan.monthly_yen,
            &Slashed(ordered),
            &Slashed(from),
            &"",
            &"利用中",
            &self.draw.of(&["あり", "なし"]).unwrap_or_default(),
            &share,
            &self.draw.of(&["ON", "ON", "ON", "OFF"]).unwrap_or_default(),
        ])?;
        let this_month = self.as_of.date().last_of_month();
        let next_month = month_from(self.as_of.date(), 1)?.last_of_month();
        for (kind, remaining, expires) in [("基本", basic, next_month), ("繰越", carried, this_month)] {
            let (expires, as_of) = (Slashed(expires), Stamp(self.as_of));
            self.files.buckets.row(&[
                &code,
                &share,
                &kind,
                &plan.granted_kb,
                &remaining,
                &expires,
                &"",
                &as_of,
            ])?;
        }
        let digits = number.plain();
        for &day in &self.usage_days {
            let slow = if self.draw.below(8) == 0 { self.draw.below(90_000) } else { 0 };
            self.files.usage_of(day)?.row(&[
                &format_args!("U{:08}", self.usage_rows),
                &digits,
                &Slashed(day),
                &self.draw.below(1_800_000),
                &slow,
            ])?;
            self.usage_rows += 1;
        }
        Ok(())
    }

    /// Writes a bill with its one line; an account's bills lie one month behind the other.
    fn bill(&mut self, account: &str, nth: u64) -> Result<(), Failure> {
        let id = format!("bil{:08}", self.services.at(NUMBERS + self.line));
        let month = month_from(self.as_of.date(), -1 - i64::try_from(nth)?)?;
        let due = format!("{}26", Joined(month_from(month, 1)?));
        let total = 980 + self.amounts.at(self.line);
        self.files.bills.row(&[&id, &account, &Joined(month), &total, &tax_within(total), &"確定", &due])?;
        Ok(self.files.bill_lines.row(&[&id, &1, &"基本料金", &total])?)
    }

    fn notice(&mut self) -> Result<(), Failure> {
        Ok(self.files.notices.row(&[
            &"N-0001",
            &"2026/11/18 10:00",
            &"重要",
            &"年末年始の電話窓口について",
            &"12月30日から1月3日まで、電話窓口はお休みです。マイページはいつもどおりお使いいただけます。",
        ])?)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::fs;
    use std::path::Path;

    use clap::Parser as _;
    use encoding_rs::SHIFT_JIS;
    use honnin_testkit::TestDir;

    use super::*;

    /// The flags as the command line takes them.
    #[derive(Debug, clap::Parser)]
    struct Flags {
        #[command(flatten)]
        asked: Asked,
    }

    fn written(flags: &[&str]) -> Result<TestDir, Failure> {
        let dir = TestDir::new();
        let out = dir.path().to_str().unwrap();
        let words = ["ledger"].into_iter().chain(flags.iter().copied()).chain(["--out", out]);
        command(Flags::try_parse_from(words)?.asked)?;
        Ok(dir)
    }

    /// The fields of one column, without the heading.
    fn column(dir: &Path, file: &str, column: usize) -> Vec<String> {
        let octets = fs::read(dir.join(file)).unwrap();
        let (text, _, _) = SHIFT_JIS.decode(&octets);
        let field = |row: &str| row.trim_matches('"').split("\",\"").nth(column).unwrap().to_owned();
        text.split_terminator("\r\n").skip(1).map(field).collect()
    }

    #[test]
    fn every_line_has_its_rows_and_no_figure_comes_twice() {
        let dir = written(&["--lines", "3000", "--usage-days", "47"]).unwrap();
        let rows = |file: &str| column(dir.path(), file, 0).len();
        assert_eq!(
            ["回線.csv", "データ残量.csv", "請求.csv", "請求明細.csv"].map(rows),
            [3000, 6000, 3000, 3000]
        );
        assert_eq!(rows("利用量_202610.csv") + rows("利用量_202611.csv"), 3000 * 47);
        for (file, place) in [
            ("契約者.csv", 0),
            ("契約者.csv", 3),
            ("回線.csv", 1),
            ("回線.csv", 3),
            ("回線.csv", 4),
            ("データ残量.csv", 4),
            ("請求.csv", 0),
            ("請求.csv", 3),
            ("利用量_202611.csv", 0),
        ] {
            let fields: Vec<String> =
                column(dir.path(), file, place).iter().map(|f| f.replace('-', "")).collect();
            let distinct: HashSet<&String> = fields.iter().collect();
            assert_eq!(distinct.len(), fields.len(), "{file} {place}");
        }
        let remaining = column(dir.path(), "データ残量.csv", 4);
        let granted = column(dir.path(), "データ残量.csv", 3);
        let kb = |text: &String| text.parse::<u64>().unwrap();
        assert!(remaining.iter().zip(&granted).all(|(left, all)| kb(left) <= kb(all)));
    }

    #[test]
    fn the_seed_alone_decides() {
        let of = |seed| {
            let dir = written(&["--lines", "200", "--seed", seed]).unwrap();
            fs::read(dir.join("回線.csv")).unwrap()
        };
        assert!(of("5") == of("5"));
        assert!(of("5") != of("6"));
    }

    #[test]
    fn more_lines_than_numbers_are_refused() {
        let error = written(&["--lines", "30000001"]).unwrap_err().to_string();
        assert!(error.starts_with("--lines 30000001: expect 1 to 30000000"), "{error}");
        assert!(written(&["--lines", "0"]).is_err());
        assert!(written(&["--lines", "1", "--usage-days", "401"]).is_err());
        assert!(written(&[]).is_err());
    }
}

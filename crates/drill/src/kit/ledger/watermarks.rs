//! A ledger in which every field of every subject is unique: text carries a code, numbers are nobody else's.
//!
//! Figures of one kind share their last three digits, and no two kinds share them. A page adds figures up: the
//! balance of a share group, the usage of a month. The last digits of such sums and differences belong to no kind
//! (the test adds up what pages add up), so that one's own sum is never somebody else's figure.
//!
//! Not unique, because their kind of value cannot be: days, times, states, kinds of bucket, ON and OFF.

mod recycled;

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use data_encoding::{Encoding, Specification};
use honnin_terms::Moment;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

use super::{
    Failure, Files, Joined, NUMBERS, Number, Shuffle, Slashed, Stamp, days_before, month_from, tax_within,
};
use crate::scan::{CODE_LENGTH, MarkFile, Marked, PREFIX};
use crate::seed::Draw;

/// The file beside the extract that says which mark is whose.
pub const MARKS_FILE: &str = "marks.json";

/// How many accounts a ledger may have: as many as there are figures in yen for (900,000 of each kind, at most
/// three lines per account, two of them with bills).
pub const MOST_ACCOUNTS: u64 = 100_000;
/// How many days of usage: sums of more than two months would end in digits of another kind.
pub const MOST_USAGE_DAYS: u64 = 62;

/// Last three digits of figures in KB, by kind.
const GRANTED: u64 = 1;
const REMAINING: u64 = 3;
const HIGH: u64 = 11;
const LOW: u64 = 17;
/// Last three digits of figures in yen, by kind. The second line of a bill is the rest of it: ends in 998.
const BILL: u64 = 1;
const BILL_LINE: u64 = 3;
const MONTHLY: u64 = 7;
const PURCHASE: u64 = 11;

/// Lines of an account, by turns; from two on every other account shares its data.
const LINES: [u64; 4] = [1, 2, 1, 3];
const BILLS: u64 = 2;

/// The day of a month and the hour of an extract.
const DAY: i8 = 20;
const HOUR: i8 = 6;

/// What ledger to write.
#[derive(Debug, Clone, Copy)]
pub struct Watermarks {
    /// How many accounts.
    pub accounts: u64,
    /// Another seed, other marks.
    pub seed: u64,
    /// The moment of the extract.
    pub as_of: DateTime,
    /// Rows of usage per line, one a day up to the day before.
    pub usage_days: u64,
    /// So many numbers more that were one account's and are another's now, with usage that arrived late.
    pub recycled: u64,
    /// The lines of so many accounts, the first of them, are suspended.
    pub suspended: u64,
}

/// What was written.
#[derive(Debug)]
pub struct Watermarked {
    /// Every mark and whose it is, as in [`MARKS_FILE`].
    pub marks: MarkFile,
    /// 会員ID of every account.
    pub accounts: Vec<String>,
    /// How many lines.
    pub lines: u64,
    /// How many rows of usage.
    pub usage_rows: u64,
    /// Who had a number before, and who has it now.
    pub recycled: Vec<(String, String)>,
}

impl Watermarks {
    /// A ledger of that many accounts as of 2026-11-20, with a month of usage.
    ///
    /// For a product with a clock of its own. One that goes by the clock of the machine gets [`Self::lately`] too: what a
    /// ledger of a fixed day holds is out of date or out of sight some day, and a check of it fails that day.
    pub const fn of(accounts: u64, seed: u64) -> Self {
        Self {
            accounts,
            seed,
            as_of: DateTime::constant(2026, 11, DAY, HOUR, 0, 0, 0),
            usage_days: 30,
            recycled: 0,
            suspended: 0,
        }
    }

    /// The same as of six in the morning, in Japan, of the newest 20th before that moment: whenever it is asked, it has days of
    /// two months, and neither the first day of a month nor the last.
    ///
    /// # Errors
    /// [`Failure`] beyond the years that can be counted.
    pub fn lately(self, now: Moment) -> Result<Self, Failure> {
        let now = Timestamp::from_millisecond(now.millis()).map_err(|_| Failure::BeyondTime)?;
        let now = Offset::constant(9).to_datetime(now);
        let of = |month: Date| month.with().day(DAY).build().map(|day| day.at(HOUR, 0, 0, 0));
        let newest = of(now.date().first_of_month()).map_err(|_| Failure::BeyondTime)?;
        let as_of = if newest <= now {
            newest
        } else {
            of(month_from(now.date(), -1)?).map_err(|_| Failure::BeyondTime)?
        };
        Ok(Self { as_of, ..self })
    }

    /// The first days of the newest month that has usage and of the one before.
    ///
    /// # Errors
    /// [`Failure`] beyond the years that can be counted.
    pub fn months(self) -> Result<[Date; 2], Failure> {
        let newest = days_before(self.as_of.date(), 1)?.first_of_month();
        Ok([newest, month_from(newest, -1)?])
    }

    /// Writes the extract and its marks.
    ///
    /// # Errors
    /// [`Failure`]; what was written until then stays.
    pub fn write(self, dir: &Path) -> Result<Watermarked, Failure> {
        if self.accounts == 0 || self.accounts > MOST_ACCOUNTS {
            return Err(Failure::TooMany(format!("1 to {MOST_ACCOUNTS} accounts, not {}", self.accounts)));
        }
        if self.recycled > MOST_ACCOUNTS {
            let asked = self.recycled;
            return Err(Failure::TooMany(format!("at most {MOST_ACCOUNTS} recycled numbers, not {asked}")));
        }
        if self.usage_days > MOST_USAGE_DAYS {
            let asked = self.usage_days;
            return Err(Failure::TooMany(format!("at most {MOST_USAGE_DAYS} days of usage, not {asked}")));
        }
        let mut writer = Writer::new(self, dir)?;
        let mut accounts =
            (0..self.accounts).map(|place| writer.account(place)).collect::<Result<Vec<_>, _>>()?;
        let recycled = (0..self.recycled).map(|_| writer.passed_on()).collect::<Result<Vec<_>, _>>()?;
        accounts.extend(recycled.iter().flat_map(|(former, next)| [former.clone(), next.clone()]));
        let Writer { files, marked, lines, usage_rows, .. } = writer;
        files.finish()?;
        let marks = MarkFile { seed: self.seed, marked };
        let path = dir.join(MARKS_FILE);
        let text = serde_json::to_vec(&marks).map_err(|error| Failure::Row(error.into()))?;
        fs::write(&path, text).map_err(Failure::at("write", &path))?;
        Ok(Watermarked { marks, accounts, lines, usage_rows, recycled })
    }
}

struct Writer {
    files: Files,
    asked: Watermarks,
    draw: Draw,
    encoding: Encoding,
    codes: HashSet<String>,
    marked: Vec<Marked>,
    lines: u64,
    given: u64,
    usage_rows: u64,
    buckets: u64,
    bills: u64,
    usage_days: Vec<Date>,
    numbers: Shuffle,
    chips: Shuffle,
    granted: Shuffle,
    remaining: Shuffle,
    used: Shuffle,
    yen: Shuffle,
    capacities: Shuffle,
    rests: HashSet<u64>,
}

/// An account's time with a line.
#[derive(Debug, Clone, Copy)]
struct Holding<'a> {
    account: &'a str,
    share: &'a str,
    number: Number,
    /// Whether nobody else ever had the number; otherwise it marks nobody.
    is_hers_alone: bool,
    is_suspended: bool,
    from: Date,
    to: Option<Date>,
    bought: Date,
}

/// First and count of the figures in yen of each kind, in thousands: nine digits, 100,000,··· to 999,999,···.
const YEN: (u64, u64) = (100_000, 900_000);

impl Writer {
    fn new(asked: Watermarks, dir: &Path) -> Result<Self, Failure> {
        let mut draw = Draw::new(asked.seed);
        let mut fresh = |bound| Shuffle::new(bound, draw.any());
        let mut specification = Specification::new();
        specification.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
        let encoding = specification.encoding().map_err(|error| Failure::TooMany(error.to_string()))?;
        let days = (1..=asked.usage_days).rev().map(|days| days_before(asked.as_of.date(), days));
        Ok(Self {
            files: Files::create(dir)?,
            asked,
            numbers: fresh(NUMBERS),
            chips: fresh(1_000_000_000),
            granted: fresh(4_000_000),
            remaining: fresh(3_000_000),
            used: fresh(9_000_000),
            yen: fresh(YEN.1),
            capacities: fresh(900_000),
            usage_days: days.collect::<Result<_, _>>()?,
            draw,
            encoding,
            codes: HashSet::new(),
            marked: Vec::new(),
            lines: 0,
            given: 0,
            usage_rows: 0,
            buckets: 0,
            bills: 0,
            rests: HashSet::new(),
        })
    }

    /// A code nobody has yet.
    fn code(&mut self) -> String {
        loop {
            let text = self.encoding.encode(&self.draw.any().to_be_bytes());
            let code = format!("{PREFIX}{}", text.get(..CODE_LENGTH).unwrap_or_default());
            if self.codes.insert(code.clone()) {
                return code;
            }
        }
    }

    /// A telephone number that is no round number, for a round one is a capacity in octets too: 81 70 0100 0000.
    fn number(&mut self) -> Number {
        loop {
            let number = Number(self.numbers.at(self.given));
            self.given += 1;
            if !number.plain().ends_with("000000") {
                return number;
            }
        }
    }

    /// A figure in yen of that kind.
    fn yen(&self, place: u64, kind: u64) -> u64 {
        (YEN.0 + self.yen.at(place)) * 1000 + kind
    }

    /// Writes an account without anything of it; says its 会員ID and where its marks are.
    fn person(&mut self, place: u64) -> Result<(String, usize), Failure> {
        let [id, name, kana, mail] = [(); 4].map(|()| self.code());
        let day = self.asked.as_of.date();
        self.files.accounts.row(&[
            &id,
            &format_args!("検査　{name}"),
            &format_args!("ｹﾝｻ {kana}"),
            &format_args!("{mail}@example.jp"),
            &Slashed(days_before(day, 9000 + place % 9000)?),
            &Slashed(days_before(day, 3000 + place % 900)?),
            &"有効",
            &Stamp(self.asked.as_of),
        ])?;
        let at = self.marked.len();
        let text = vec![id.clone(), name, kana, mail];
        self.marked.push(Marked { account: id.clone(), line: None, text, numbers: Vec::new() });
        Ok((id, at))
    }

    fn account(&mut self, place: u64) -> Result<String, Failure> {
        let (id, at) = self.person(place)?;
        let turn = usize::try_from(place).unwrap_or(usize::MAX) % LINES.len();
        let count = LINES.get(turn).copied().unwrap_or(1);
        let share = if count > 1 && (place / 4).is_multiple_of(2) { self.code() } else { String::new() };
        if !share.is_empty()
            && let Some(marked) = self.marked.get_mut(at)
        {
            marked.text.push(share.clone());
        }
        for _ in 0..count {
            self.line(&id, &share, place < self.asked.suspended)?;
        }
        for nth in 1..=BILLS {
            self.bill(&id, at, nth)?;
        }
        Ok(id)
    }

    fn line(&mut self, account: &str, share: &str, is_suspended: bool) -> Result<(), Failure> {
        let today = self.asked.as_of.date();
        let holding = Holding {
            account,
            share,
            number: self.number(),
            is_hers_alone: true,
            is_suspended,
            from: days_before(today, 100 + self.lines % 2000)?,
            to: None,
            bought: days_before(today, 1 + self.lines % 20)?,
        };
        let mut marked = self.holding(&holding)?;
        for day in self.usage_days.clone() {
            self.usage(holding.number, day, day, &mut marked)?;
        }
        self.marked.push(marked);
        Ok(())
    }

    /// Writes a holding with its purchase, and its buckets where it goes on.
    fn holding(&mut self, holding: &Holding<'_>) -> Result<Marked, Failure> {
        let Holding { account, share, number, is_hers_alone, is_suspended, from, to, bought } = *holding;
        let status = if is_suspended { "利用停止中" } else { "利用中" };
        let [service, code, sim, plan] = [(); 4].map(|()| self.code());
        let iccid = format!("8981{:09}{:06}", self.chips.at(self.lines), self.lines);
        let monthly = self.yen(self.lines, MONTHLY);
        let written = if self.lines.is_multiple_of(2) { number.plain() } else { number.hyphenated() };
        self.files.lines.row(&[
            &service,
            &code,
            &account,
            &written,
            &iccid,
            &format_args!("音声SIM {sim}"),
            &format_args!("検査プラン {plan}"),
            &monthly,
            &Slashed(days_before(from, 5)?),
            &Slashed(from),
            &to.map(|to| Slashed(to).to_string()).unwrap_or_default(),
            &if to.is_some() { "解約" } else { status },
            &if self.lines.is_multiple_of(3) { "なし" } else { "あり" },
            &share,
            &if self.lines.is_multiple_of(4) { "OFF" } else { "ON" },
        ])?;
        let digits = number.plain();
        let international = format!("81{}", digits.trim_start_matches('0'));
        let mut marked = Marked {
            account: account.to_owned(),
            line: Some(code.clone()),
            text: vec![service, code.clone(), sim, plan],
            numbers: if is_hers_alone { vec![digits, international] } else { Vec::new() },
        };
        marked.numbers.extend([iccid, monthly.to_string()]);
        let purchase = self.purchase(&code, bought, &mut marked)?;
        if to.is_none() {
            self.buckets(&code, share, &purchase, &mut marked)?;
        }
        self.lines += 1;
        Ok(marked)
    }

    fn purchase(&mut self, line: &str, bought: Date, marked: &mut Marked) -> Result<String, Failure> {
        let [purchase, item] = [(); 2].map(|()| self.code());
        let megabytes = 100_000 + self.capacities.at(self.lines);
        let amount = self.yen(self.lines, PURCHASE);
        let at = format!("{} 10:00", Slashed(bought));
        let item_text = format!("データ追加 {item}");
        self.files.purchases.row(&[&purchase, &line, &at, &item_text, &megabytes, &amount])?;
        marked.text.extend([purchase.clone(), item]);
        // As octets only: its six digits are too few for pages that also tell times and places.
        marked.numbers.extend([(megabytes * 1_000_000).to_string(), amount.to_string()]);
        Ok(purchase)
    }

    fn buckets(
        &mut self,
        line: &str,
        share: &str,
        purchase: &str,
        marked: &mut Marked,
    ) -> Result<(), Failure> {
        let this_month = self.asked.as_of.date().last_of_month();
        let next_month = month_from(this_month, 1)?.last_of_month();
        let later = month_from(this_month, 3)?.last_of_month();
        for (kind, expires, bought) in
            [("繰越", this_month, ""), ("基本", next_month, ""), ("追加", later, purchase)]
        {
            // What remains is less than any grant.
            let granted = (5_000_000 + self.granted.at(self.buckets)) * 1000 + GRANTED;
            let remaining = (1_000_000 + self.remaining.at(self.buckets)) * 1000 + REMAINING;
            let (expires, as_of) = (Slashed(expires), Stamp(self.asked.as_of));
            self.files
                .buckets
                .row(&[&line, &share, &kind, &granted, &remaining, &expires, &bought, &as_of])?;
            marked.numbers.extend(in_kilobytes_and_octets(granted));
            marked.numbers.extend(in_kilobytes_and_octets(remaining));
            self.buckets += 1;
        }
        Ok(())
    }

    /// Writes the usage of a number on a day, into the file of the month in which it arrives.
    fn usage(
        &mut self,
        number: Number,
        day: Date,
        arrives: Date,
        marked: &mut Marked,
    ) -> Result<(), Failure> {
        let record = self.code();
        let place = 1_000_000 + self.used.at(self.usage_rows);
        let (high, low) = (place * 1000 + HIGH, place * 1000 + LOW);
        self.files.usage_of(arrives)?.row(&[&record, &number.plain(), &Slashed(day), &high, &low])?;
        marked.text.push(record);
        marked.numbers.extend(in_kilobytes_and_octets(high));
        marked.numbers.extend(in_kilobytes_and_octets(low));
        self.usage_rows += 1;
        Ok(())
    }

    /// Writes a bill of two lines; the second is what the first leaves of the total.
    fn bill(&mut self, account: &str, at: usize, months_ago: u64) -> Result<(), Failure> {
        let [bill, first_item, second_item] = [(); 3].map(|()| self.code());
        // The tax has no last digits of its own kind: a total whose tax is somebody's or says a time is passed over.
        let (total, tax) = loop {
            let total = self.yen(self.bills, BILL);
            self.bills += 1;
            if !says_a_time(tax_within(total)) && self.rests.insert(tax_within(total)) {
                break (total, tax_within(total));
            }
        };
        let first = loop {
            let first = (10_000 + self.draw.below(total / 1000 - 20_000)) * 1000 + BILL_LINE;
            if !says_a_time(first)
                && !says_a_time(total - first)
                && self.rests.insert(total - first)
                && self.rests.insert(first)
            {
                break first;
            }
        };
        let rest = total - first;
        let months = i64::try_from(months_ago).map_err(|_| Failure::BeyondTime)?;
        let month = month_from(self.asked.as_of.date(), -months)?;
        let due = format!("{}26", Joined(month_from(month, 1)?));
        let state = if months_ago == 1 { "確定" } else { "支払済" };
        self.files.bills.row(&[&bill, &account, &Joined(month), &total, &tax, &state, &due])?;
        for (position, item, amount) in [(1, &first_item, first), (2, &second_item, rest)] {
            self.files.bill_lines.row(&[&bill, &position, &format_args!("検査料 {item}"), &amount])?;
        }
        if let Some(marked) = self.marked.get_mut(at) {
            marked.text.extend([bill, first_item, second_item]);
            marked.numbers.extend([total, first, rest, tax].map(|yen| yen.to_string()));
        }
        Ok(())
    }
}

/// Whether a figure of eight digits could be a day (20261120) or a time in seconds (34560000: how long a cookie
/// lasts), which are in answers to everybody.
const fn says_a_time(yen: u64) -> bool {
    yen.is_multiple_of(100) || (yen >= 19_000_000 && yen < 21_000_000)
}

/// A figure as the ledger says it and as pages do.
fn in_kilobytes_and_octets(kilobytes: u64) -> [String; 2] {
    [kilobytes.to_string(), (kilobytes * 1000).to_string()]
}

#[cfg(test)]
mod tests;

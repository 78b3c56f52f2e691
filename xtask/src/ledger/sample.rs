//! The sample ledger that ships with the project: eight accounts one can tell apart.

mod cast;

use std::path::Path;

use honnin_drill::ledger::{Files, Joined, Number, Slashed, Stamp, month_from, tax_within};
use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime, date};

use super::draw::Draw;
use super::plan::PLANS;
use crate::Failure;

/// The moment of the extract.
const AS_OF: DateTime = DateTime::constant(2026, 11, 20, 6, 0, 0, 0);
/// The first day with usage, and the last: today has no row yet.
const USAGE: (Date, Date) = (date(2026, 10, 1), date(2026, 11, 19));
const SEED: u64 = 20_261_120;

struct Account {
    id: &'static str,
    name: &'static str,
    kana: &'static str,
    mail: &'static str,
    born: Date,
    since: Date,
    lines: &'static [Line],
    bills: &'static [Bill],
}

struct Line {
    service: &'static str,
    code: &'static str,
    number: u64,
    iccid: &'static str,
    sim: &'static str,
    plan: usize,
    from: Date,
    to: Option<Date>,
    status: &'static str,
    five_g: bool,
    share: &'static str,
    high_speed: bool,
    /// What is used on an ordinary day.
    daily_kb: u64,
    /// From when on the line was slow.
    slow_from: Option<Date>,
    /// Days without a row.
    missing: &'static [Date],
    buckets: &'static [Bucket],
    purchases: &'static [Purchase],
}

struct Bucket {
    kind: &'static str,
    granted_kb: u64,
    remaining_kb: u64,
    expires: Date,
    purchase: &'static str,
}

struct Purchase {
    id: &'static str,
    at: &'static str,
    gigabytes: u64,
}

struct Bill {
    id: &'static str,
    month: Date,
    state: &'static str,
    lines: &'static [(&'static str, i64)],
}

/// `cargo xtask sample-ledger`.
pub(crate) fn command(out: &Path) -> Result<(), Failure> {
    write(out)?;
    println!("wrote the sample ledger to {}", out.display());
    Ok(())
}

/// Writes the sample ledger; the same octets each time.
pub(crate) fn write(out: &Path) -> Result<(), Failure> {
    let mut files = Files::create(out)?;
    let mut usage = Usage { draw: Draw::new(SEED), written: 0 };
    for account in &cast::CAST {
        files.accounts.row(&[
            &account.id,
            &account.name,
            &account.kana,
            &account.mail,
            &Slashed(account.born),
            &Slashed(account.since),
            &"有効",
            &Stamp(AS_OF),
        ])?;
        for line in account.lines {
            write_line(&mut files, account, line)?;
            usage.write(&mut files, line)?;
        }
        account.bills.iter().try_for_each(|bill| write_bill(&mut files, account, bill))?;
    }
    usage.write_what_came_late(&mut files)?;
    for [number, from, kind, subject, text] in &cast::NOTICES {
        files.notices.row(&[number, from, kind, subject, text])?;
    }
    Ok(files.finish()?)
}

fn write_line(files: &mut Files, account: &Account, line: &Line) -> Result<(), Failure> {
    let plan = PLANS.get(line.plan).ok_or("name a plan that is sold")?;
    let until = line.to.map(|day| Slashed(day).to_string()).unwrap_or_default();
    files.lines.row(&[
        &line.service,
        &line.code,
        &account.id,
        &Number(line.number).hyphenated(),
        &line.iccid,
        &line.sim,
        &plan.name,
        &plan.monthly_yen,
        &Slashed(line.from.checked_sub(4.days())?),
        &Slashed(line.from),
        &until,
        &line.status,
        &if line.five_g { "あり" } else { "なし" },
        &line.share,
        &if line.high_speed { "ON" } else { "OFF" },
    ])?;
    for bucket in line.buckets {
        files.buckets.row(&[
            &line.code,
            &line.share,
            &bucket.kind,
            &bucket.granted_kb,
            &bucket.remaining_kb,
            &Slashed(bucket.expires),
            &bucket.purchase,
            &Stamp(AS_OF),
        ])?;
    }
    for &Purchase { id, at, gigabytes } in line.purchases {
        let product = format!("データ追加{gigabytes}GB");
        files.purchases.row(&[&id, &line.code, &at, &product, &(gigabytes * 1000), &(gigabytes * 220)])?;
    }
    Ok(())
}

fn write_bill(files: &mut Files, account: &Account, bill: &Bill) -> Result<(), Failure> {
    let total: i64 = bill.lines.iter().map(|(_, yen)| yen).sum();
    let tax = tax_within(u64::try_from(total)?);
    let due = format!("{}26", Joined(month_from(bill.month, 1)?));
    files.bills.row(&[&bill.id, &account.id, &Joined(bill.month), &total, &tax, &bill.state, &due])?;
    for (number, (item, yen)) in (1..).zip(bill.lines) {
        let number: u32 = number;
        files.bill_lines.row(&[&bill.id, &number, item, yen])?;
    }
    Ok(())
}

struct Usage {
    draw: Draw,
    written: u64,
}

impl Usage {
    /// Writes the days of a line.
    fn write(&mut self, files: &mut Files, line: &Line) -> Result<(), Failure> {
        let last = line.to.unwrap_or(USAGE.1).min(USAGE.1);
        let mut day = line.from.max(USAGE.0);
        while day <= last {
            // From half of an ordinary day to one and a half.
            let high = line.daily_kb / 2 + self.draw.below(line.daily_kb);
            let low = if self.draw.below(5) == 0 { self.draw.below(30_000) } else { 0 };
            if !line.missing.contains(&day) {
                let slow = line.slow_from.is_some_and(|from| from <= day);
                // At 300 kbit/s a day carries a good tenth of what it otherwise would.
                let (high, low) = if slow { (0, high / 8 + low) } else { (high, low) };
                self.row(files, day, line.number, day, high, low)?;
            }
            day = day.tomorrow()?;
        }
        Ok(())
    }

    /// Writes what reaches the operator long after the day: of the former holder of a number, and a second
    /// record of a day that adds to the first.
    fn write_what_came_late(&mut self, files: &mut Files) -> Result<(), Failure> {
        let [minato, _, aoi, ..] = &cast::CAST;
        let (Some(given_up), Some(own)) = (aoi.lines.first(), minato.lines.first()) else {
            return Err("the cast has its lines".into());
        };
        self.row(files, USAGE.1, given_up.number, date(2026, 10, 18), 187_422, 0)?;
        self.row(files, USAGE.1, own.number, date(2026, 11, 15), 26_519, 0)
    }

    fn row(
        &mut self,
        files: &mut Files,
        arrives: Date,
        number: u64,
        day: Date,
        high: u64,
        low: u64,
    ) -> Result<(), Failure> {
        let serial = format!("U{:08}", self.written);
        self.written += 1;
        Ok(files.usage_of(arrives)?.row(&[&serial, &Number(number).plain(), &Slashed(day), &high, &low])?)
    }
}

#[cfg(test)]
mod tests;

//! How values are written into a page: straight into the page's buffer, as HTML, exact value beside the rounded.
//!
//! [`Html`] is the only type whose text is not escaped again. What a person or a ledger wrote goes through
//! [`Text`] or through the template's own escaping.

use std::fmt::{self, Write as _};

use askama::filters::HtmlSafe;
use askama::{FastWritable, Values};
use honnin_terms::{Day, EntryRef, Id as _, Moment, Month, Octets, Yen, Zone};

use crate::piece::{Pieces, Told};
use crate::words::Language;

/// Writes itself as HTML that is safe in text, and in an attribute where its type says so.
pub trait Show {
    /// Writes the HTML.
    ///
    /// # Errors
    /// Those of the buffer; a `String` has none.
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result;
}

/// A value that has been made safe by its own [`Show`].
#[derive(Debug, Clone, Copy)]
pub struct Html<T>(pub T);

impl<T: Show> Show for Html<T> {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        self.0.show(out)
    }
}

impl<T: Show> fmt::Display for Html<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Pieces::put(f, |pieces| self.0.show(pieces))
    }
}

impl<T: Show> FastWritable for Html<T> {
    fn write_into(&self, out: &mut dyn fmt::Write, _: &dyn Values) -> askama::Result<()> {
        Ok(Pieces::put(out, |pieces| self.0.show(pieces))?)
    }
}

impl<T: Show> HtmlSafe for Html<T> {}

impl<T: Show> Html<T> {
    /// The same, told now: for what stands in several places of one page.
    pub fn told(&self) -> Told {
        Told::of(self.to_string())
    }
}

impl Show for () {
    fn show(&self, _: &mut Pieces<'_>) -> fmt::Result {
        Ok(())
    }
}

/// Text of a person or a ledger, escaped.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a>(pub &'a str);

impl Show for Text<'_> {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(['<', '>', '&', '"', '\'']) {
            let (plain, tail) = rest.split_at(at);
            out.write_str(plain)?;
            let mut characters = tail.chars();
            out.write_str(match characters.next() {
                Some('<') => "&lt;",
                Some('>') => "&gt;",
                Some('&') => "&amp;",
                Some('"') => "&quot;",
                _ => "&#39;",
            })?;
            rest = characters.as_str();
        }
        out.write_str(rest)
    }
}

/// A count. Safe in attributes.
#[derive(Debug, Clone, Copy)]
pub struct Count(pub u64);

impl Show for Count {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        digits(out, self.0, 1)
    }
}

/// An entry of the journal: its number in its log, and enough of the log's name to tell it from others. Safe in
/// attributes.
#[derive(Debug, Clone, Copy)]
pub struct Place(pub EntryRef);

impl Show for Place {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        Count(self.0.index).show(out)?;
        let [a, b, c, ..] = *self.0.log.octets();
        write!(out, " ({a:02x}{b:02x}{c:02x})")
    }
}

/// Which way an amount of data is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Down: what remains is never said to be more than it is.
    Down,
    /// Up: what was used is never said to be less than it is.
    Up,
    /// To so many hundredths, so that it adds up with what stands beside it (see [`adding_up`]).
    To(u64),
}

/// The hundredths of a gigabyte by which parts are told, so that they add up to their sum as it is told: each part is off
/// by less than one hundredth, and a part of nothing stays nothing.
pub fn adding_up(parts: impl Iterator<Item = Octets>, rounding: Rounding) -> Vec<Rounding> {
    let (mut sum, mut told) = (Octets::ZERO, 0);
    parts
        .map(|part| {
            sum = sum.plus(part);
            let up_to_here = centi(Gb(sum, rounding));
            let this = up_to_here.saturating_sub(told);
            told = up_to_here;
            Rounding::To(this)
        })
        .collect()
}

/// Gigabytes (10^9 octets) with two decimals: `3.42 GB`. Safe in attributes.
#[derive(Debug, Clone, Copy)]
pub struct Gb(pub Octets, pub Rounding);

impl Show for Gb {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        hundredths(out, *self)?;
        out.write_str(" GB")
    }
}

/// The same as an element with the exact octets: `<data value="3429999999">3.42 GB</data>`.
#[derive(Debug, Clone, Copy)]
pub struct GbData(pub Gb);

impl Show for GbData {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        out.write_str("<data value=\"")?;
        digits(out, self.0.0.get(), 1)?;
        out.write_str("\">")?;
        self.0.show(out)?;
        out.write_str("</data>")
    }
}

/// The same with a small unit, for the figure of a page.
#[derive(Debug, Clone, Copy)]
pub struct GbBig(pub Gb);

impl Show for GbBig {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        out.write_str("<data value=\"")?;
        digits(out, self.0.0.get(), 1)?;
        out.write_str("\">")?;
        hundredths(out, self.0)?;
        out.write_str(" <small>GB</small></data>")
    }
}

/// Gigabytes with one decimal, rounded down: for what is only estimated.
#[derive(Debug, Clone, Copy)]
pub struct AboutGb(pub Octets);

impl Show for AboutGb {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        let tenths = self.0.centi_gb_floor() / 10;
        digits(out, tenths / 10, 1)?;
        out.write_str(".")?;
        digits(out, tenths % 10, 1)?;
        out.write_str(" GB")
    }
}

/// Money of the tenant: its code, its sign, and how many decimals it has (ISO 4217).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Currency {
    /// The code: `JPY`.
    pub code: &'static str,
    sign: &'static str,
    decimals: u32,
}

impl Currency {
    /// The yen.
    pub const JPY: Self = Self { code: "JPY", sign: "¥", decimals: 0 };

    const KNOWN: [Self; 12] = [
        Self::JPY,
        Self { code: "AUD", sign: "A$", decimals: 2 },
        Self { code: "EUR", sign: "€", decimals: 2 },
        Self { code: "GBP", sign: "£", decimals: 2 },
        Self { code: "HKD", sign: "HK$", decimals: 2 },
        Self { code: "IDR", sign: "Rp ", decimals: 2 },
        Self { code: "KRW", sign: "₩", decimals: 0 },
        Self { code: "PHP", sign: "₱", decimals: 2 },
        Self { code: "SGD", sign: "S$", decimals: 2 },
        Self { code: "THB", sign: "฿", decimals: 2 },
        Self { code: "TWD", sign: "NT$", decimals: 2 },
        Self { code: "USD", sign: "US$", decimals: 2 },
    ];

    /// The currency of that code, where it is one of those known.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::KNOWN.into_iter().find(|currency| currency.code == code)
    }

    /// The codes that are known.
    pub fn codes() -> impl Iterator<Item = &'static str> {
        Self::KNOWN.into_iter().map(|currency| currency.code)
    }
}

/// Money with the exact count of its smallest unit: `<data value="2178">2,178円</data>`.
#[derive(Debug, Clone, Copy)]
pub struct Price(pub PriceWord);

impl Show for Price {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        let units = self.0.0.get();
        out.write_str("<data value=\"")?;
        if units < 0 {
            out.write_str("-")?;
        }
        digits(out, units.unsigned_abs(), 1)?;
        out.write_str("\">")?;
        self.0.show(out)?;
        out.write_str("</data>")
    }
}

/// Money as plain words: `2,178円`, `S$21.78`. The amount counts the currency's smallest unit. Safe in attributes.
#[derive(Debug, Clone, Copy)]
pub struct PriceWord(pub Yen, pub Currency, pub Language);

impl Show for PriceWord {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        let Self(amount, currency, language) = *self;
        let manner = &language.words().manner;
        let own = manner.money.iter().find(|(code, ..)| *code == currency.code);
        let (before, behind) = own.map_or((currency.sign, ""), |(_, before, behind)| (*before, *behind));
        if amount.get() < 0 {
            out.write_str("-")?;
        }
        out.write_str(before)?;
        let units = amount.get().unsigned_abs();
        let whole = 10u64.pow(currency.decimals);
        grouped(out, units / whole, manner.group)?;
        if currency.decimals > 0 {
            out.write_str(manner.point)?;
            digits(out, units % whole, usize::try_from(currency.decimals).unwrap_or_default())?;
        }
        out.write_str(behind)
    }
}

/// How much of a day is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayLook {
    /// `11月30日`, `30 Nov`.
    Short,
    /// `11月30日（月）`, `Mon 30 Nov`.
    Weekday,
    /// `2026年11月30日`, `30 Nov 2026`.
    Year,
}

/// A day as plain words. Safe in attributes.
#[derive(Debug, Clone, Copy)]
pub struct DayWord(pub Day, pub Language, pub DayLook);

impl Show for DayWord {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        let Self(day, language, look) = *self;
        let (date, words) = (day.date(), language.words());
        let month = name_of(date.month().saturating_sub(1), &words.manner.months);
        let number = Number(day.day_of_month(), 1);
        match look {
            DayLook::Short => words.dates.short.with(month, number).show(out),
            DayLook::Weekday => {
                let weekday = name_of(date.weekday().to_monday_zero_offset(), &words.manner.weekdays);
                words.dates.weekday.with(month, number, weekday).show(out)
            }
            DayLook::Year => words.dates.year.with(Year(date.year()), month, number).show(out),
        }
    }
}

/// A day as an element: `<time datetime="2026-11-30">11月30日（月）</time>`.
#[derive(Debug, Clone, Copy)]
pub struct DayTime(pub DayWord);

impl Show for DayTime {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        let date = self.0.0.date();
        out.write_str("<time datetime=\"")?;
        Year(date.year()).show(out)?;
        out.write_str("-")?;
        Number(date.month(), 2).show(out)?;
        out.write_str("-")?;
        Number(date.day(), 2).show(out)?;
        out.write_str("\">")?;
        self.0.show(out)?;
        out.write_str("</time>")
    }
}

/// A month as plain words: `2026年11月`, `Nov 2026`. Safe in attributes.
#[derive(Debug, Clone, Copy)]
pub struct MonthWord(pub Month, pub Language);

impl Show for MonthWord {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        let words = self.1.words();
        let month = name_of(self.0.month().saturating_sub(1), &words.manner.months);
        words.dates.month.with(Year(self.0.year()), month).show(out)
    }
}

/// A month, with or without its year: `11月`, `Nov`, `2025年11月`. Safe in attributes.
#[derive(Debug, Clone, Copy)]
pub struct ShortMonth(pub Month, pub Language, pub bool);

impl Show for ShortMonth {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        if self.2 {
            return MonthWord(self.0, self.1).show(out);
        }
        let words = self.1.words();
        words
            .dates
            .short_month
            .with(name_of(self.0.month().saturating_sub(1), &words.manner.months))
            .show(out)
    }
}

/// A moment as an element: the time alone on the day of `now`, else with its day, in another year with that.
#[derive(Debug, Clone, Copy)]
pub struct When<'a> {
    /// The moment.
    pub at: Moment,
    /// What is told as today.
    pub now: Moment,
    /// Where days and hours are told.
    pub zone: &'a Zone,
    /// The language.
    pub language: Language,
}

impl Show for When<'_> {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        out.write_str("<time datetime=\"")?;
        out.write_str(&self.zone.rfc3339(self.at))?;
        out.write_str("\">")?;
        let local = self.zone.local(self.at);
        let (day, today) = (Day::from(local.date()), self.zone.day(self.now));
        if day != today {
            let look =
                if day.month().year() == today.month().year() { DayLook::Short } else { DayLook::Year };
            DayWord(day, self.language, look).show(out)?;
            out.write_str(" ")?;
        }
        Number(local.hour(), self.language.words().manner.hour_digits).show(out)?;
        out.write_str(":")?;
        Number(local.minute(), 2).show(out)?;
        out.write_str("</time>")
    }
}

/// A text of ours, as it stands.
#[derive(Debug, Clone, Copy)]
struct Ours(&'static str);

impl Show for Ours {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        out.write_str(self.0)
    }
}

fn name_of<const N: usize>(place: i8, names: &[&'static str; N]) -> Ours {
    Ours(usize::try_from(place).ok().and_then(|place| names.get(place)).copied().unwrap_or(""))
}

/// A number of the calendar with that many digits at least; these are never negative where they are shown.
#[derive(Debug, Clone, Copy)]
struct Number(i8, usize);

impl Show for Number {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        digits(out, u64::from(self.0.unsigned_abs()), self.1)
    }
}

#[derive(Debug, Clone, Copy)]
struct Year(i16);

impl Show for Year {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        digits(out, u64::from(self.0.unsigned_abs()), 4)
    }
}

/// Hundredths of a gigabyte as they are told.
pub(crate) const fn centi(amount: Gb) -> u64 {
    match amount.1 {
        Rounding::Down => amount.0.centi_gb_floor(),
        Rounding::Up => amount.0.centi_gb_ceil(),
        Rounding::To(centi) => centi,
    }
}

fn hundredths(out: &mut Pieces<'_>, amount: Gb) -> fmt::Result {
    let centi = centi(amount);
    digits(out, centi / 100, 1)?;
    out.write_str(".")?;
    digits(out, centi % 100, 2)
}

/// Decimal digits, at least that many.
pub(crate) fn digits(out: &mut Pieces<'_>, value: u64, least: usize) -> fmt::Result {
    let mut text = itoa::Buffer::new();
    let text = text.format(value);
    (text.len()..least).try_for_each(|_| out.write_str("0"))?;
    out.write_str(text)
}

/// Decimal digits in groups of three.
fn grouped(out: &mut Pieces<'_>, value: u64, between: &str) -> fmt::Result {
    if value < 1000 {
        return digits(out, value, 1);
    }
    grouped(out, value / 1000, between)?;
    out.write_str(between)?;
    digits(out, value % 1000, 3)
}

#[cfg(test)]
#[path = "format_tests.rs"]
mod tests;

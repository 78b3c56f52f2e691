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

/// Yen with the exact value: `<data value="2178">2,178円</data>`, `¥2,178`.
#[derive(Debug, Clone, Copy)]
pub struct Price(pub Yen, pub Language);

impl Show for Price {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        let yen = self.0.get();
        let minus = if yen < 0 { "-" } else { "" };
        out.write_str("<data value=\"")?;
        out.write_str(minus)?;
        digits(out, yen.unsigned_abs(), 1)?;
        out.write_str("\">")?;
        PriceWord(self.0, self.1).show(out)?;
        out.write_str("</data>")
    }
}

/// Yen as plain words: `2,178円`, `¥2,178`. Safe in attributes.
#[derive(Debug, Clone, Copy)]
pub struct PriceWord(pub Yen, pub Language);

impl Show for PriceWord {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        let yen = self.0.get();
        if yen < 0 {
            out.write_str("-")?;
        }
        if self.1 == Language::En {
            out.write_str("¥")?;
        }
        grouped(out, yen.unsigned_abs())?;
        if self.1 == Language::Ja {
            out.write_str("円")?;
        }
        Ok(())
    }
}

/// How much of a day is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayLook {
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
        let date = day.date();
        let weekday = date.weekday().to_monday_zero_offset();
        match (language, look) {
            (Language::Ja, DayLook::Year) => {
                small(out, date.year(), 4)?;
                out.write_str("年")?;
                month_and_day(out, day)
            }
            (Language::Ja, DayLook::Weekday) => {
                month_and_day(out, day)?;
                out.write_str("（")?;
                out.write_str(name_of(weekday, &["月", "火", "水", "木", "金", "土", "日"]))?;
                out.write_str("）")
            }
            (Language::En, DayLook::Weekday) => {
                out.write_str(name_of(weekday, &["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]))?;
                out.write_str(" ")?;
                day_and_month(out, day)
            }
            (Language::En, DayLook::Year) => {
                day_and_month(out, day)?;
                out.write_str(" ")?;
                small(out, date.year(), 4)
            }
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
        small(out, date.year(), 4)?;
        out.write_str("-")?;
        small(out, date.month(), 2)?;
        out.write_str("-")?;
        small(out, date.day(), 2)?;
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
        let Self(month, language) = *self;
        match language {
            Language::Ja => {
                small(out, month.year(), 4)?;
                out.write_str("年")?;
                small(out, month.month(), 1)?;
                out.write_str("月")
            }
            Language::En => {
                out.write_str(english_month(month.month()))?;
                out.write_str(" ")?;
                small(out, month.year(), 4)
            }
        }
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
        match self.1 {
            Language::Ja => {
                small(out, self.0.month(), 1)?;
                out.write_str("月")
            }
            Language::En => out.write_str(english_month(self.0.month())),
        }
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
            if day.month().year() == today.month().year() {
                match self.language {
                    Language::Ja => month_and_day(out, day)?,
                    Language::En => day_and_month(out, day)?,
                }
            } else {
                DayWord(day, self.language, DayLook::Year).show(out)?;
            }
            out.write_str(" ")?;
        }
        small(out, local.hour(), if self.language == Language::Ja { 1 } else { 2 })?;
        out.write_str(":")?;
        small(out, local.minute(), 2)?;
        out.write_str("</time>")
    }
}

fn month_and_day(out: &mut Pieces<'_>, day: Day) -> fmt::Result {
    small(out, day.date().month(), 1)?;
    out.write_str("月")?;
    small(out, day.day_of_month(), 1)?;
    out.write_str("日")
}

fn day_and_month(out: &mut Pieces<'_>, day: Day) -> fmt::Result {
    small(out, day.day_of_month(), 1)?;
    out.write_str(" ")?;
    out.write_str(english_month(day.date().month()))
}

fn english_month(month: i8) -> &'static str {
    let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    name_of(month.saturating_sub(1), &names)
}

fn name_of<const N: usize>(place: i8, names: &[&'static str; N]) -> &'static str {
    usize::try_from(place).ok().and_then(|place| names.get(place)).copied().unwrap_or("")
}

fn hundredths(out: &mut Pieces<'_>, amount: Gb) -> fmt::Result {
    let centi = match amount.1 {
        Rounding::Down => amount.0.centi_gb_floor(),
        Rounding::Up => amount.0.centi_gb_ceil(),
    };
    digits(out, centi / 100, 1)?;
    out.write_str(".")?;
    digits(out, centi % 100, 2)
}

/// A number of the calendar; these are never negative where they are shown.
fn small(out: &mut Pieces<'_>, value: impl Into<i64>, least: usize) -> fmt::Result {
    digits(out, value.into().unsigned_abs(), least)
}

/// Decimal digits, at least that many.
pub(crate) fn digits(out: &mut Pieces<'_>, value: u64, least: usize) -> fmt::Result {
    let mut text = itoa::Buffer::new();
    let text = text.format(value);
    (text.len()..least).try_for_each(|_| out.write_str("0"))?;
    out.write_str(text)
}

/// Decimal digits in groups of three.
fn grouped(out: &mut Pieces<'_>, value: u64) -> fmt::Result {
    if value < 1000 {
        return digits(out, value, 1);
    }
    grouped(out, value / 1000)?;
    out.write_str(",")?;
    digits(out, value % 1000, 3)
}

#[cfg(test)]
#[path = "format_tests.rs"]
mod tests;

//! Usage of one line in one month, by day.

use askama::Template;
use honnin_care::facts::{Usage, UsageDay};
use honnin_terms::{LineStatus, Month, Octets};

use super::paths::{Address, UsageOf};
use super::{Nav, Shell, Theme, rendered};
use crate::chart::DayBars;
use crate::format::{AboutGb, Count, Gb, Html, Rounding, adding_up, centi};

/// Usage of one line in one month.
#[derive(Debug, Clone, Template)]
#[template(path = "usage.html", whitespace = "minimize")]
pub struct UsagePage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// What is shown.
    pub facts: &'a Usage,
}

/// One day, with how its amounts are told.
struct Row<'a> {
    day: &'a UsageDay,
    high: Rounding,
    low: Rounding,
}

impl Row<'_> {
    const fn used(&self) -> Octets {
        self.day.high.plus(self.day.low)
    }

    fn sum(&self) -> Rounding {
        let hundredths = |octets, told| centi(Gb(octets, told));
        Rounding::To(hundredths(self.day.high, self.high) + hundredths(self.day.low, self.low))
    }
}

impl UsagePage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 16 * 1024)
    }

    fn bars(&self) -> DayBars {
        DayBars::new(self.facts.month, self.facts.today, self.facts.head.held, &self.facts.days)
            .with_average(self.average())
    }

    /// Each day's amounts of high and low speed as they are told, so that rows and columns add up.
    fn rows(&self) -> Vec<Row<'_>> {
        let high = adding_up(self.facts.days.iter().map(|day| day.high), Rounding::Up);
        let low = adding_up(self.facts.days.iter().map(|day| day.low), self.low_rounding());
        self.facts.days.iter().zip(high).zip(low).map(|((day, high), low)| Row { day, high, low }).collect()
    }

    /// Whether the moment of a day is another one than that of the page.
    fn of_its_own(&self, day: &UsageDay) -> bool {
        self.facts.origin.as_ref().is_none_or(|origin| origin.beside(Some(day.as_of)).is_some())
    }

    /// How low speed is told, so that it and high speed come to the total, which is the one of home.
    fn low_rounding(&self) -> Rounding {
        let up = |octets| centi(Gb(octets, Rounding::Up));
        if up(self.high()) + up(self.low()) > up(self.total()) { Rounding::Down } else { Rounding::Up }
    }

    /// What the month comes to at this pace, where days enough are known.
    fn pace(&self) -> Option<Octets> {
        let known = u64::try_from(self.facts.days.len()).ok().filter(|days| *days > 3)?;
        let days = u64::try_from(self.facts.month.days()).unwrap_or(30);
        let told = self.is_this_month() && known < days && self.facts.head.status == LineStatus::Active;
        let whole = u128::from(self.total().get()) * u128::from(days) / u128::from(known);
        told.then(|| Octets::new(u64::try_from(whole).unwrap_or(u64::MAX)))
    }

    fn high(&self) -> Octets {
        self.facts.days.iter().map(|day| day.high).sum()
    }

    fn low(&self) -> Octets {
        self.facts.days.iter().map(|day| day.low).sum()
    }

    fn total(&self) -> Octets {
        self.high().plus(self.low())
    }

    /// What a known day used on average, rounded up.
    fn average(&self) -> Option<Octets> {
        let days = u64::try_from(self.facts.days.len()).ok().filter(|days| *days > 0)?;
        Some(Octets::new(self.total().get().div_ceil(days)))
    }

    /// The day of most, told as its row of the table.
    fn most(&self) -> Option<Row<'_>> {
        // The earliest of equal days.
        self.rows().into_iter().rev().max_by_key(Row::used)
    }

    /// Past days of the month within the holding that have no row. Today has its own word.
    fn missing(&self) -> u64 {
        let first = self.facts.month.first();
        let past = (0..i32::from(self.facts.month.days()))
            .map(|number| first.plus(number))
            .filter(|day| *day < self.facts.today && self.facts.head.held.contains(*day));
        past.filter(|day| !self.facts.days.iter().any(|known| known.date == *day && known.whole))
            .map(|_| 1)
            .sum()
    }

    fn is_this_month(&self) -> bool {
        self.facts.month == self.facts.today.month()
    }

    /// The known month before this one.
    fn earlier(&self) -> Option<Month> {
        self.facts.months.iter().rev().find(|month| **month < self.facts.month).copied()
    }

    /// The known month after this one; this month may always be asked for.
    fn later(&self) -> Option<Month> {
        let now = Some(self.facts.today.month()).filter(|month| *month > self.facts.month);
        self.facts.months.iter().find(|month| **month > self.facts.month).copied().or(now)
    }

    fn link(&self, month: Month) -> Html<UsageOf> {
        Html(UsageOf(self.facts.head.line, month))
    }

    /// Days of the month with a word under them: every seventh, without those beside today.
    fn ticks(&self) -> impl Iterator<Item = i8> {
        let today = self.is_this_month().then(|| self.facts.today.day_of_month());
        let last = self.facts.month.days();
        [1, 8, 15, 22, 29]
            .into_iter()
            .filter(move |day| *day <= last && today.is_none_or(|t| (t - *day).abs() > 3))
    }
}

//! Geometry of the charts, in whole numbers of the drawing's own units. Knows nothing of words or colours.

use std::fmt::{self, Write as _};

use honnin_care::facts::UsageDay;
use honnin_terms::{Day, Held, Month, Octets, Yen};

use crate::format::{Show, digits};
use crate::piece::Pieces;

/// Width of one day with its gap.
const SLOT: u64 = 10;
/// Width of a bar.
const BAR: u64 = 8;
/// Height of the drawing.
const HEIGHT: u64 = 100;

/// A month of days as bars: 31 places wide whatever the month, `viewBox="0 0 310 100"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayBars {
    high: Vec<Bar>,
    low: Vec<Bar>,
    today: Vec<Bar>,
    missing: Vec<Bar>,
    weekend: Vec<Bar>,
    average: Option<u64>,
    /// What the upper edge of the drawing stands for.
    pub top: Octets,
}

/// One bar: from the left, from the top, how high.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bar {
    x: u64,
    y: u64,
    height: u64,
}

/// Bars as the `d` of one path. Safe in attributes.
#[derive(Debug, Clone, Copy)]
pub struct Bars<'a>(&'a [Bar]);

impl Bars<'_> {
    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Show for Bars<'_> {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        for bar in self.0 {
            out.write_str("M")?;
            digits(out, bar.x, 1)?;
            out.write_str(" ")?;
            digits(out, bar.y, 1)?;
            out.write_str("h8v")?;
            digits(out, bar.height, 1)?;
            out.write_str("h-8z")?;
        }
        Ok(())
    }
}

impl DayBars {
    /// Lays out the known days of `month`; days of the holding before `today` without a row are drawn as missing,
    /// others without a row are left empty.
    pub fn new(month: Month, today: Day, held: Held, days: &[UsageDay]) -> Self {
        let most = days.iter().map(|day| day.high.plus(day.low)).max().unwrap_or(Octets::ZERO);
        let top = round_top(most);
        let mut bars = Self {
            high: Vec::with_capacity(31),
            low: Vec::new(),
            today: Vec::new(),
            missing: Vec::new(),
            weekend: Vec::with_capacity(10),
            average: None,
            top,
        };
        let mut known = days.iter().filter(|day| day.date.month() == month).peekable();
        for number in 0..i32::from(month.days()) {
            let date = month.first().plus(number);
            let x = u64::try_from(number).unwrap_or(0) * SLOT + (SLOT - BAR) / 2;
            if date.date().weekday().to_monday_zero_offset() > 4 {
                bars.weekend.push(Bar { x, y: 0, height: HEIGHT });
            }
            while known.next_if(|day| day.date < date).is_some() {}
            if let Some(day) = known.next_if(|day| day.date == date) {
                let high = height_of(day.high, top);
                let both = height_of(day.high.plus(day.low), top);
                let into = if date == today { &mut bars.today } else { &mut bars.high };
                if high > 0 {
                    into.push(Bar { x, y: HEIGHT - high, height: high });
                }
                if both > high {
                    bars.low.push(Bar { x, y: HEIGHT - both, height: both - high });
                }
            } else if date < today && held.contains(date) {
                bars.missing.push(Bar { x, y: 0, height: HEIGHT });
            }
        }
        bars
    }

    /// The same with a line at what a known day used on average.
    #[must_use]
    pub fn with_average(mut self, average: Option<Octets>) -> Self {
        self.average = average.map(|average| HEIGHT - height_of(average, self.top));
        self
    }

    /// The middle of the scale.
    pub const fn middle(&self) -> Octets {
        Octets::new(self.top.get() / 2)
    }

    /// Where the line of the average stands, from the top.
    pub const fn average(&self) -> Option<u64> {
        self.average
    }

    /// Saturdays and Sundays, over the whole height.
    pub fn weekend(&self) -> Bars<'_> {
        Bars(&self.weekend)
    }

    /// High speed, without today.
    pub fn high(&self) -> Bars<'_> {
        Bars(&self.high)
    }

    /// Low speed, on top of high speed.
    pub fn low(&self) -> Bars<'_> {
        Bars(&self.low)
    }

    /// High speed of today.
    pub fn today(&self) -> Bars<'_> {
        Bars(&self.today)
    }

    /// Days of which nothing is known.
    pub fn missing(&self) -> Bars<'_> {
        Bars(&self.missing)
    }
}

/// The latest days in little room, `viewBox="0 0 140 40"`: fourteen places, the last one of today or of yesterday.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spark {
    before: Vec<Bar>,
    last: Vec<Bar>,
    average: u64,
    /// What a known day of these used on average, rounded up.
    pub per_day: Octets,
    /// The first day.
    pub first: Day,
    /// The last day.
    pub latest: Day,
}

/// Days of a spark.
const SPARK_DAYS: i32 = 14;
/// Height of a spark.
const SPARK_HEIGHT: u64 = 40;

impl Spark {
    /// Lays out the known days up to `today`; `None` where fewer than two are known. Days without a row stay empty.
    pub fn new(today: Day, days: &[UsageDay]) -> Option<Self> {
        let latest = if days.iter().any(|day| day.date == today) { today } else { today.plus(-1) };
        let first = latest.plus(1 - SPARK_DAYS);
        let shown = || days.iter().filter(|day| first <= day.date && day.date <= latest);
        let count = u64::try_from(shown().count()).ok().filter(|count| *count > 1)?;
        let used = |day: &UsageDay| day.high.plus(day.low);
        let per_day = Octets::new(shown().map(used).sum::<Octets>().get().div_ceil(count));
        let top = shown().map(used).max().unwrap_or(Octets::ZERO);
        let height = |amount: Octets| height_of(amount, top) * SPARK_HEIGHT / HEIGHT;
        let mut spark = Self {
            before: Vec::with_capacity(14),
            last: Vec::with_capacity(1),
            average: SPARK_HEIGHT - height(per_day),
            per_day,
            first,
            latest,
        };
        for day in shown() {
            let place = u64::try_from(day.date.number() - first.number()).unwrap_or(0);
            let height = height(used(day)).max(u64::from(used(day) > Octets::ZERO));
            let into = if day.date == latest { &mut spark.last } else { &mut spark.before };
            if height > 0 {
                into.push(Bar { x: place * SLOT + (SLOT - BAR) / 2, y: SPARK_HEIGHT - height, height });
            }
        }
        Some(spark)
    }

    /// All days but the last.
    pub fn before(&self) -> Bars<'_> {
        Bars(&self.before)
    }

    /// The last day.
    pub fn last(&self) -> Bars<'_> {
        Bars(&self.last)
    }

    /// Where the line of the average stands, from the top.
    pub const fn average(&self) -> u64 {
        self.average
    }
}

/// Amounts of money side by side, twelve places wide, the newest at the right: `viewBox="0 0 120 100"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyBars {
    before: Vec<Bar>,
    newest: Vec<Bar>,
}

impl MoneyBars {
    /// Lays out amounts, newest first; amounts below zero have no bar.
    pub fn new(amounts: &[Yen]) -> Self {
        let shown = amounts.get(..amounts.len().min(12)).unwrap_or(amounts);
        let most = shown.iter().map(|amount| amount.get()).max().unwrap_or(0).max(1).unsigned_abs();
        let mut bars = Self { before: Vec::with_capacity(12), newest: Vec::with_capacity(1) };
        for (back, amount) in (0u64..).zip(shown) {
            let parts = u128::from(amount.get().max(0).unsigned_abs()) * u128::from(HEIGHT);
            let height = u64::try_from(parts.div_ceil(u128::from(most))).unwrap_or(HEIGHT);
            if height > 0 {
                let bar = Bar { x: (11 - back) * SLOT + (SLOT - BAR) / 2, y: HEIGHT - height, height };
                if back == 0 { bars.newest.push(bar) } else { bars.before.push(bar) }
            }
        }
        bars
    }

    /// All but the newest.
    pub fn before(&self) -> Bars<'_> {
        Bars(&self.before)
    }

    /// The newest.
    pub fn newest(&self) -> Bars<'_> {
        Bars(&self.newest)
    }
}

/// The height of an amount, rounded up so that no use is invisible.
fn height_of(amount: Octets, top: Octets) -> u64 {
    let parts = u128::from(amount.get()) * u128::from(HEIGHT);
    u64::try_from(parts.div_ceil(u128::from(top.get().max(1)))).unwrap_or(HEIGHT).min(HEIGHT)
}

/// The next of 1, 2 or 5 times a power of ten from 0.1 GB on: a scale a person can read.
fn round_top(most: Octets) -> Octets {
    let mut unit = 100_000_000u64;
    loop {
        for times in [1, 2, 5] {
            let top = unit.saturating_mul(times);
            if top >= most.get() || top == u64::MAX {
                return Octets::new(top);
            }
        }
        unit = unit.saturating_mul(10);
    }
}

/// How full a gauge is, in thousandths, rounded down; a remainder is never drawn as nothing.
pub fn permille(part: Octets, whole: Octets) -> u64 {
    if part == Octets::ZERO || whole == Octets::ZERO {
        return 0;
    }
    let share = u128::from(part.get()) * 1000 / u128::from(whole.get());
    u64::try_from(share).unwrap_or(1000).clamp(1, 1000)
}

/// Places of parts in one stacked bar of 1,000 units: from the left and how wide, with gaps of 4 between.
pub fn stack(parts: &[Octets]) -> Vec<(u64, u64)> {
    let whole: Octets = parts.iter().copied().sum();
    let mut before = Octets::ZERO;
    let mut places = Vec::with_capacity(parts.len());
    for part in parts {
        let from = permille_edge(before, whole);
        before = before.plus(*part);
        let to = permille_edge(before, whole);
        let gap = if to < 1000 { 4 } else { 0 };
        places.push((from, to.saturating_sub(from).saturating_sub(gap).max(u64::from(part.get() > 0))));
    }
    places
}

fn permille_edge(part: Octets, whole: Octets) -> u64 {
    let share = u128::from(part.get()) * 1000 / u128::from(whole.get().max(1));
    u64::try_from(share).unwrap_or(1000).min(1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Html;

    const GB: u64 = 1_000_000_000;

    const SAID: honnin_terms::Said = honnin_terms::Said::by_ledger(honnin_terms::Moment::EPOCH);

    fn day(date: &str, high: u64, low: u64) -> UsageDay {
        UsageDay {
            date: date.parse().unwrap(),
            high: Octets::new(high),
            low: Octets::new(low),
            whole: true,
            as_of: SAID,
        }
    }

    fn bars(month: &str, today: &str, days: &[UsageDay]) -> DayBars {
        let held = Held { from: "2020-01-01".parse().unwrap(), to: None };
        DayBars::new(month.parse().unwrap(), today.parse().unwrap(), held, days)
    }

    #[test]
    fn a_day_of_nothing_is_no_bar_and_a_missing_day_is_hatched() {
        let drawn = bars("2026-11", "2026-11-04", &[day("2026-11-01", 0, 0), day("2026-11-03", GB, 0)]);
        assert_eq!(drawn.high, [Bar { x: 21, y: 0, height: 100 }]);
        assert_eq!(drawn.missing, [Bar { x: 11, y: 0, height: 100 }]);
        assert!(drawn.today().is_empty() && drawn.low().is_empty());
        assert_eq!(Html(drawn.high()).to_string(), "M21 0h8v100h-8z");
    }

    #[test]
    fn a_day_outside_the_holding_is_not_missing() {
        let held = Held { from: "2026-11-03".parse().unwrap(), to: "2026-11-04".parse().ok() };
        let drawn = DayBars::new("2026-11".parse().unwrap(), "2026-11-20".parse().unwrap(), held, &[]);
        assert_eq!(drawn.missing.iter().map(|bar| bar.x).collect::<Vec<_>>(), [21, 31]);
    }

    #[test]
    fn low_speed_stands_on_high_speed_and_today_apart() {
        let drawn = bars("2026-11", "2026-11-02", &[day("2026-11-02", GB, GB)]);
        assert_eq!(drawn.top, Octets::new(2 * GB));
        assert_eq!(drawn.today, [Bar { x: 11, y: 50, height: 50 }]);
        assert_eq!(drawn.low, [Bar { x: 11, y: 0, height: 50 }]);
    }

    #[test]
    fn one_huge_day_leaves_the_others_visible() {
        let days = [day("2026-10-01", 1, 0), day("2026-10-31", 900 * GB, 0)];
        let drawn = bars("2026-10", "2026-11-20", &days);
        assert_eq!(drawn.top, Octets::new(1000 * GB));
        assert_eq!(drawn.high.first().map(|bar| bar.height), Some(1));
        assert_eq!(drawn.high.last().map(|bar| bar.x), Some(301));
        assert_eq!(drawn.missing.len(), 29);
    }

    #[test]
    fn every_length_of_month_fits_and_equal_days_are_equal() {
        for (month, count) in [("2026-02", 28), ("2024-02", 29), ("2026-04", 30), ("2026-05", 31)] {
            let first = month.parse::<Month>().unwrap().first();
            let days: Vec<_> = (0..count)
                .map(|n| UsageDay {
                    date: first.plus(n),
                    high: Octets::new(5),
                    low: Octets::ZERO,
                    whole: true,
                    as_of: SAID,
                })
                .collect();
            let drawn = bars(month, "2027-01-01", &days);
            assert_eq!(drawn.high.len(), usize::try_from(count).unwrap());
            assert!(drawn.high.iter().all(|bar| bar.x + BAR <= 310 && bar.height == drawn.high[0].height));
        }
    }

    #[test]
    fn the_largest_amounts_do_not_overflow() {
        let drawn = bars("2026-11", "2026-11-30", &[day("2026-11-01", u64::MAX, u64::MAX)]);
        assert_eq!(drawn.high, [Bar { x: 1, y: 0, height: 100 }]);
        assert_eq!(permille(Octets::new(u64::MAX), Octets::new(1)), 1000);
    }

    #[test]
    fn the_latest_days_end_with_today_or_with_yesterday() {
        let days = [day("2026-11-06", 9 * GB, 0), day("2026-11-18", GB, 0), day("2026-11-19", GB, GB)];
        let spark = Spark::new("2026-11-20".parse().unwrap(), &days).unwrap();
        assert_eq!(
            (spark.first.to_string(), spark.latest.to_string()),
            ("2026-11-06".into(), "2026-11-19".into())
        );
        assert_eq!(spark.last, [Bar { x: 131, y: 31, height: 9 }]);
        assert_eq!(spark.before.len(), 2);
        assert_eq!(spark.per_day, Octets::new(4 * GB));
        let today = [days[2], day("2026-11-20", 0, 0)];
        let spark = Spark::new("2026-11-20".parse().unwrap(), &today).unwrap();
        assert!(spark.last().is_empty() && spark.before.len() == 1, "a day of nothing is no bar");
        assert_eq!(Spark::new("2026-11-20".parse().unwrap(), &days[..1]), None);
    }

    #[test]
    fn months_of_money_stand_from_the_right() {
        let bars = MoneyBars::new(&[Yen::new(500), Yen::new(1000), Yen::new(-5), Yen::new(1)]);
        assert_eq!(bars.newest, [Bar { x: 111, y: 50, height: 50 }]);
        assert_eq!(bars.before, [Bar { x: 101, y: 0, height: 100 }, Bar { x: 81, y: 99, height: 1 }]);
        assert_eq!(MoneyBars::new(&[Yen::new(1); 40]).before.len(), 11);
    }

    #[test]
    fn a_stack_fills_its_width_and_shows_the_smallest_part() {
        let places = stack(&[Octets::new(1), Octets::new(GB), Octets::new(GB)]);
        assert_eq!(places, [(0, 1), (0, 496), (500, 500)]);
        assert_eq!(stack(&[Octets::ZERO]), [(0, 0)]);
        assert_eq!(permille(Octets::new(1), Octets::new(GB)), 1);
    }
}

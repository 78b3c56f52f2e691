//! Civil days and months, by counting.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::BadTime;

/// A civil day in the tenant's zone.
///
/// As text `YYYY-MM-DD` (ISO 8601); in documents a count of days since 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

/// -9999-01-01 and 9999-12-31, the first and last day of the calendar, in days since 1970-01-01.
const FIRST_DAY: i32 = -4_371_587;
const LAST_DAY: i32 = 2_932_896;
/// The first of March of year 0, in days since 1970-01-01.
const FIRST_OF_MARCH: i32 = -719_468;
const EPOCH_DATE: Date = jiff::civil::date(1970, 1, 1);

impl Day {
    /// 1970-01-01.
    pub const EPOCH: Self = Self(0);

    /// The day of that year, month (1–12) and day of month.
    ///
    /// # Errors
    /// [`BadTime`] where the calendar has no such day.
    pub fn new(year: i16, month: i8, day: i8) -> Result<Self, BadTime> {
        Date::new(year, month, day).map(Self::from).map_err(|_| BadTime("a day of the calendar"))
    }

    /// The civil date.
    pub fn date(self) -> Date {
        let (year, month, day) = self.parts();
        // Days stay within the calendar, so that this is always one of its dates.
        Date::new(year, month, day).unwrap_or(EPOCH_DATE)
    }

    /// Year, month and day of the month, by counting: a page tells dozens of days, and the calendar's own arithmetic
    /// weighs spans, units and bounds for each.
    ///
    /// Counted from the first of a March, because a leap day is then the last of its year: 400 years have 146,097 days, a
    /// century 36,524 and its last one a day more, four years 1,461.
    fn parts(self) -> (i16, i8, i8) {
        let days = self.0 - FIRST_OF_MARCH;
        let (era, days) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let century = (days / 36_524).min(3);
        let days = days - century * 36_524;
        let (fours, days) = (days / 1_461, days % 1_461);
        let year = (days / 365).min(3);
        let days = days - year * 365;
        // Months from March have 31, 30, 31, 30, 31 days, and over again: 153 days in five months.
        let month = (5 * days + 2) / 153;
        let day = days - (153 * month + 2) / 5 + 1;
        let year = 400 * era + 100 * century + 4 * fours + year;
        let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
        let small = |number: i32| i8::try_from(number).unwrap_or(1);
        (i16::try_from(year).unwrap_or(1970), small(month), small(day))
    }

    /// The day of a date of the calendar; the other way round of [`Self::parts`].
    fn of_parts(year: i16, month: i8, day: i8) -> Self {
        let (year, month, day) = (i32::from(year), i32::from(month), i32::from(day));
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
        let of_year = (153 * month + 2) / 5 + day - 1;
        Self(FIRST_OF_MARCH + 146_097 * era + 365 * year + year / 4 - year / 100 + of_year)
    }

    /// Days since 1970-01-01.
    pub const fn number(self) -> i32 {
        self.0
    }

    /// The day that is so many days after 1970-01-01.
    ///
    /// # Errors
    /// [`BadTime`] beyond the years that can be counted.
    pub const fn from_number(days: i32) -> Result<Self, BadTime> {
        // Compared rather than converted: a document holds many days, and few of them are written out.
        if days < FIRST_DAY || days > LAST_DAY {
            Err(BadTime("a day within year 9999"))
        } else {
            Ok(Self(days))
        }
    }

    /// That many days later (earlier, where negative); stays within the calendar.
    #[must_use]
    pub fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days).clamp(FIRST_DAY, LAST_DAY))
    }

    /// As [`fmt::Display`] writes it, where the year has four digits. Digit by digit: a page tells dozens of days.
    pub(super) fn digits(self) -> Option<[u8; 10]> {
        let (year, month, day) = self.parts();
        let year = u16::try_from(year).ok()?;
        let small = |number: i8| two(u16::try_from(number).unwrap_or(0));
        let pairs = [two(year / 100), two(year % 100), small(month), small(day)];
        let mut text = *b"0000-00-00";
        let places = text.iter_mut().filter(|octet| **octet == b'0');
        places.zip(pairs.as_flattened()).for_each(|(place, digit)| *place = *digit);
        Some(text)
    }

    /// The month this day lies in.
    pub fn month(self) -> Month {
        let (year, month, _) = self.parts();
        Month { year, month }
    }

    /// Day of the month, from 1.
    pub fn day_of_month(self) -> i8 {
        self.parts().2
    }
}

impl From<Date> for Day {
    fn from(date: Date) -> Self {
        Self::of_parts(date.year(), date.month(), date.day())
    }
}

impl FromStr for Day {
    type Err = BadTime;
    fn from_str(text: &str) -> Result<Self, BadTime> {
        let shape = BadTime("a day such as 2026-11-20");
        if text.len() != 10 {
            return Err(shape);
        }
        text.parse::<Date>().map(Self::from).map_err(|_| shape)
    }
}

/// A number below a hundred in two digits.
pub(super) fn two(number: u16) -> [u8; 2] {
    [number / 10 % 10, number % 10].map(|digit| b'0' + u8::try_from(digit).unwrap_or(0))
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits();
        match digits.as_ref().and_then(|digits| std::str::from_utf8(digits).ok()) {
            Some(text) => f.write_str(text),
            None => self.date().fmt(f),
        }
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date().fmt(f)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.number().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_number(i32::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// A calendar month. As text `YYYY-MM`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// That month (1–12) of that year.
    ///
    /// # Errors
    /// [`BadTime`] where the calendar has no such month.
    pub fn new(year: i16, month: i8) -> Result<Self, BadTime> {
        if (-9999..=9999).contains(&year) && (1..=12).contains(&month) {
            Ok(Self { year, month })
        } else {
            Err(BadTime("a month of the calendar"))
        }
    }

    /// The year.
    pub const fn year(self) -> i16 {
        self.year
    }

    /// The month of the year, from 1.
    pub const fn month(self) -> i8 {
        self.month
    }

    /// Months since January of year 0.
    pub fn number(self) -> i32 {
        i32::from(self.year) * 12 + i32::from(self.month) - 1
    }

    /// The month that is so many months after January of year 0.
    ///
    /// # Errors
    /// [`BadTime`] beyond the years that can be counted.
    pub fn from_number(months: i32) -> Result<Self, BadTime> {
        let part = |value: i32| i16::try_from(value).map_err(|_| BadTime("a month within year 9999"));
        let month =
            i8::try_from(months.rem_euclid(12) + 1).map_err(|_| BadTime("a month of the calendar"))?;
        Self::new(part(months.div_euclid(12))?, month)
    }

    /// That many months later (earlier, where negative); stays within the calendar.
    #[must_use]
    pub fn plus(self, months: i32) -> Self {
        Self::from_number(self.number().saturating_add(months)).unwrap_or(self)
    }

    /// Its first day.
    pub fn first(self) -> Day {
        Day::of_parts(self.year, self.month, 1)
    }

    /// Its last day.
    pub fn last(self) -> Day {
        Day::from(self.first().date().last_of_month())
    }

    /// How many days it has.
    pub fn days(self) -> i8 {
        self.first().date().days_in_month()
    }
}

impl FromStr for Month {
    type Err = BadTime;
    fn from_str(text: &str) -> Result<Self, BadTime> {
        let shape = BadTime("a month such as 2026-11");
        let (year, month) = text.split_once('-').ok_or(shape)?;
        let digits = |text: &str, len: usize| text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(shape);
        }
        Self::new(year.parse().map_err(|_| shape)?, month.parse().map_err(|_| shape)?).map_err(|_| shape)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.number().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_number(i32::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan as _;
    use proptest::prelude::*;

    #[test]
    fn the_calendar_ends_where_it_is_said_to_end() {
        assert_eq!(Day::from(Date::MIN), Day(FIRST_DAY));
        assert_eq!(Day::from(Date::MAX), Day(LAST_DAY));
        assert!(Day::from_number(LAST_DAY + 1).is_err() && Day::from_number(FIRST_DAY - 1).is_err());
        assert_eq!(Day(LAST_DAY).plus(1), Day(LAST_DAY));
    }

    /// The calendar's own arithmetic, which this room does not use because it is slow.
    fn by_the_calendar(number: i32) -> Date {
        EPOCH_DATE.saturating_add(i64::from(number).days())
    }

    #[test]
    fn days_are_the_calendars_days() {
        let ends = (FIRST_DAY..FIRST_DAY + 1_000).chain(LAST_DAY - 1_000..=LAST_DAY);
        // Two whole turns of the leap years, before and after year 0, and the years that matter.
        let turns = (-900_000..-600_000).chain(-60_000..60_000);
        for number in ends.chain(turns.step_by(3)) {
            let date = by_the_calendar(number);
            assert_eq!((Day(number).date(), Day::from(date)), (date, Day(number)));
            assert_eq!(Day(number).to_string(), date.to_string());
        }
        let leap = ["1600-02-29", "1900-02-28", "1900-03-01", "2000-02-29", "2100-03-01", "-000001-12-31"];
        for text in leap {
            let date: Date = text.parse().unwrap();
            assert_eq!(Day::from(date).date(), date);
        }
    }

    #[test]
    fn months_step_over_years() {
        let december = Month::new(2026, 12).unwrap();
        assert_eq!(december.plus(1).to_string(), "2027-01");
        assert_eq!(december.plus(1).plus(-1), december);
        assert_eq!(Month::new(2024, 2).unwrap().days(), 29);
        for text in ["2026-13", "2026-1", "26-01", "+026-01", "2026-01-01"] {
            assert!(text.parse::<Month>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn days_and_months_count_both_ways(number in -700_000i32..2_900_000) {
            let day = Day::from_number(number).unwrap();
            prop_assert_eq!(day.number(), number);
            prop_assert_eq!(day.to_string().len() == 10, day.to_string().parse() == Ok(day));
            let month = day.month();
            prop_assert_eq!(Month::from_number(month.number()), Ok(month));
            prop_assert!(month.first() <= day && day <= month.last());
        }
    }
}

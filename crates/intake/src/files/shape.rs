//! Shapes of days, times and months, as an operator writes them: `%Y/%m/%d`, `%Y%m%d`, `%d-%b-%Y %H:%M`.
//!
//! Strict on purpose: a text either has exactly the shape or is refused. A lenient reader would take
//! `2026115` for some day, and which one is a guess.

use honnin_terms::{Day, Moment, Month, Zone};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use crate::facts::event::When;

/// A shape that cannot be used; the text says why and what to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadShape(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Literal(char),
    Year,
    Month,
    MonthShort,
    MonthName,
    Day,
    DayShort,
    Hour,
    Minute,
    Second,
    Offset,
}

/// A compiled shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeShape {
    parts: Vec<Part>,
}

#[derive(Default)]
struct Read {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    hour: i8,
    minute: i8,
    second: i8,
    offset: Option<Offset>,
}

impl TimeShape {
    /// Compiles a shape.
    ///
    /// `%Y` year (4 digits), `%m` `%d` `%H` `%M` `%S` two digits each, `%-m` `%-d` one or two, `%b` English
    /// month (`Nov`), `%:z` offset (`+09:00` or `Z`), `%%` a percent sign; everything else stands for itself.
    ///
    /// # Errors
    /// [`BadShape`] where a part is unknown, missing, doubled, or could be read in two ways.
    pub fn parse(text: &str) -> Result<Self, BadShape> {
        let bad = |why: &str| BadShape(format!("shape \"{text}\" {why}"));
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            let (part, length) = if character == '%' {
                directive(rest).map_err(bad)?
            } else {
                (Part::Literal(character), character.len_utf8())
            };
            if !matches!(part, Part::Literal(_)) && parts.contains(&part) {
                return Err(bad("says the same part twice"));
            }
            let open_ended = matches!(parts.last(), Some(Part::MonthShort | Part::DayShort));
            if open_ended && !matches!(part, Part::Literal(_)) {
                return Err(bad(
                    "has a part of one or two digits with nothing to end it: put a separator after it",
                ));
            }
            parts.push(part);
            rest = rest.get(length..).unwrap_or("");
        }
        let shape = Self { parts };
        let months = [Part::Month, Part::MonthShort, Part::MonthName];
        if !shape.has(Part::Year) || months.iter().filter(|part| shape.has(**part)).count() != 1 {
            return Err(bad("must have a year (%Y) and one month (%m, %-m or %b)"));
        }
        if shape.has(Part::Day) && shape.has(Part::DayShort) {
            return Err(bad("says the day twice"));
        }
        if (shape.has(Part::Minute) && !shape.has(Part::Hour))
            || (shape.has(Part::Second) && !shape.has(Part::Minute))
        {
            return Err(bad("has minutes without hours or seconds without minutes"));
        }
        if shape.has_time() && !shape.has_day() {
            return Err(bad("has a time of day without a day"));
        }
        Ok(shape)
    }

    /// Whether it says a day.
    pub fn has_day(&self) -> bool {
        self.has(Part::Day) || self.has(Part::DayShort)
    }

    /// Whether it says a time of day.
    pub fn has_time(&self) -> bool {
        self.has(Part::Hour) || self.has(Part::Offset)
    }

    fn has(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    /// Reads a day; a time of day that follows is passed over.
    pub fn read_day(&self, text: &str) -> Option<Day> {
        let read = self.read(text)?;
        Day::new(read.year?, read.month?, read.day?).ok()
    }

    /// Reads a month; a day that follows must be a day of it and is passed over.
    pub fn read_month(&self, text: &str) -> Option<Month> {
        let read = self.read(text)?;
        if let Some(day) = read.day {
            Day::new(read.year?, read.month?, day).ok()?;
        }
        Month::new(read.year?, read.month?).ok()
    }

    /// Reads a moment, or a whole day where the shape has no time of day.
    pub fn read_when(&self, text: &str, zone: &Zone) -> Option<When> {
        let read = self.read(text)?;
        let date = Date::new(read.year?, read.month?, read.day?).ok()?;
        if !self.has_time() {
            return Some(When::Day(Day::from(date)));
        }
        let time = Time::new(read.hour, read.minute, read.second, 0).ok()?;
        let local = DateTime::from_parts(date, time);
        match read.offset {
            Some(offset) => offset.to_timestamp(local).ok().map(|at| When::Moment(Moment::from(at))),
            None => zone.moment(local).ok().map(When::Moment),
        }
    }

    fn read(&self, text: &str) -> Option<Read> {
        let mut read = Read::default();
        let mut rest = text;
        for part in &self.parts {
            rest = match part {
                Part::Literal(character) => rest.strip_prefix(*character)?,
                Part::Year => {
                    digits(rest, 4, 4, &mut |n| i16::try_from(n).map(|n| read.year = Some(n)).ok())?
                }
                Part::Month => digits(rest, 2, 2, &mut |n| small(n).map(|n| read.month = Some(n)))?,
                Part::MonthShort => digits(rest, 1, 2, &mut |n| small(n).map(|n| read.month = Some(n)))?,
                Part::Day => digits(rest, 2, 2, &mut |n| small(n).map(|n| read.day = Some(n)))?,
                Part::DayShort => digits(rest, 1, 2, &mut |n| small(n).map(|n| read.day = Some(n)))?,
                Part::Hour => digits(rest, 2, 2, &mut |n| small(n).map(|n| read.hour = n))?,
                Part::Minute => digits(rest, 2, 2, &mut |n| small(n).map(|n| read.minute = n))?,
                Part::Second => digits(rest, 2, 2, &mut |n| small(n).map(|n| read.second = n))?,
                Part::MonthName => {
                    let (month, rest) = month_name(rest)?;
                    read.month = Some(month);
                    rest
                }
                Part::Offset => {
                    let (offset, rest) = offset(rest)?;
                    read.offset = Some(offset);
                    rest
                }
            };
        }
        rest.is_empty().then_some(read)
    }
}

fn directive(rest: &str) -> Result<(Part, usize), &'static str> {
    const DIRECTIVES: [(&str, Part); 11] = [
        ("%Y", Part::Year),
        ("%m", Part::Month),
        ("%-m", Part::MonthShort),
        ("%b", Part::MonthName),
        ("%d", Part::Day),
        ("%-d", Part::DayShort),
        ("%H", Part::Hour),
        ("%M", Part::Minute),
        ("%S", Part::Second),
        ("%:z", Part::Offset),
        ("%%", Part::Literal('%')),
    ];
    let found = DIRECTIVES.iter().find(|(text, _)| rest.starts_with(text));
    found
        .map(|(text, part)| (*part, text.len()))
        .ok_or("has an unknown part: use %Y %m %-m %b %d %-d %H %M %S %:z %%")
}

fn digits<'a>(
    rest: &'a str,
    least: usize,
    most: usize,
    take: &mut dyn FnMut(u32) -> Option<()>,
) -> Option<&'a str> {
    let length = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if length < least {
        return None;
    }
    let (number, rest) = rest.split_at_checked(length)?;
    take(number.parse().ok()?)?;
    Some(rest)
}

fn small(number: u32) -> Option<i8> {
    i8::try_from(number).ok()
}

fn month_name(rest: &str) -> Option<(i8, &str)> {
    const NAMES: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let (name, rest) = rest.split_at_checked(3)?;
    let place = NAMES.iter().position(|known| known.eq_ignore_ascii_case(name))?;
    Some((i8::try_from(place + 1).ok()?, rest))
}

fn offset(rest: &str) -> Option<(Offset, &str)> {
    if let Some(rest) = rest.strip_prefix('Z') {
        return Some((Offset::UTC, rest));
    }
    let (sign, rest) = match rest.strip_prefix('+') {
        Some(rest) => (1, rest),
        None => (-1, rest.strip_prefix('-')?),
    };
    let (mut hours, mut minutes) = (0i32, 0i32);
    let rest = digits(rest, 2, 2, &mut |n| i32::try_from(n).map(|n| hours = n).ok())?;
    let rest = digits(rest.strip_prefix(':').unwrap_or(rest), 2, 2, &mut |n| {
        i32::try_from(n).map(|n| minutes = n).ok()
    })?;
    let within = hours < 24 && minutes < 60;
    let offset = within.then(|| Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok())??;
    Some((offset, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shape(text: &str) -> TimeShape {
        TimeShape::parse(text).unwrap()
    }

    #[test]
    fn a_day_is_read_only_in_its_own_shape() {
        let day = Day::new(2026, 11, 5).ok();
        for (pattern, text) in [
            ("%Y/%m/%d", "2026/11/05"),
            ("%Y%m%d", "20261105"),
            ("%Y/%-m/%-d", "2026/11/5"),
            ("%d-%b-%Y", "05-Nov-2026"),
            ("%Y年%-m月%-d日", "2026年11月5日"),
        ] {
            assert_eq!(shape(pattern).read_day(text), day, "{pattern}");
        }
        for text in
            ["2026/11/31", "2026/11/5", "2026-11-05", " 2026/11/05", "2026/11/05 ", "２０２６/11/05", ""]
        {
            assert_eq!(shape("%Y/%m/%d").read_day(text), None, "{text}");
        }
        assert_eq!(shape("%Y%m%d").read_day("2026115"), None);
    }

    #[test]
    fn a_time_is_in_the_zone_of_the_tenant_unless_it_says_its_own() {
        let zone = Zone::named("Asia/Tokyo").unwrap();
        let six: Moment = "2026-11-20T06:00:00+09:00".parse().unwrap();
        let local = shape("%Y/%m/%d %H:%M:%S").read_when("2026/11/20 06:00:00", &zone);
        assert!(local == Some(When::Moment(six)));
        let utc = shape("%Y-%m-%dT%H:%M:%S%:z").read_when("2026-11-19T21:00:00Z", &zone);
        assert!(utc == Some(When::Moment(six)));
        assert!(shape("%Y%m%d").read_when("20261120", &zone) == Day::new(2026, 11, 20).ok().map(When::Day));
        assert!(shape("%Y/%m/%d %H:%M").read_when("2026/11/20 24:00", &zone).is_none());
    }

    #[test]
    fn a_month_is_read_with_or_without_a_day() {
        let august = Month::new(2026, 8).ok();
        assert_eq!(shape("%Y%m").read_month("202608"), august);
        assert_eq!(shape("%Y-%m-%d").read_month("2026-08-01"), august);
        assert_eq!(shape("%Y%m").read_month("202613"), None);
    }

    #[test]
    fn a_shape_that_can_be_read_in_two_ways_is_refused() {
        for text in ["", "%Y", "%Y%-m%d", "%Y/%m/%d/%d", "%Y/%m/%d %S", "%Y/%m %H", "%Q", "%Y/%m/%-d%H", "%"]
        {
            assert!(TimeShape::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn reading_any_text_in_any_shape_never_panics(pattern in "(%[YmdHMSb]|%-[md]|%:z|[/ :年-]){0,9}", text in "\\PC{0,24}") {
            if let Ok(shape) = TimeShape::parse(&pattern) {
                let zone = Zone::named("America/New_York").unwrap();
                let _ = (shape.read_day(&text), shape.read_month(&text));
                let _ = shape.read_when(&text, &zone);
            }
        }

        #[test]
        fn a_written_day_reads_back(number in 0i32..60_000) {
            let day = Day::from_number(number).unwrap();
            prop_assert_eq!(shape("%Y-%m-%d").read_day(&day.to_string()), Some(day));
        }
    }
}

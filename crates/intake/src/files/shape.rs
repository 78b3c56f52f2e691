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
    HourShort,
    Hour12,
    Hour12Short,
    Half,
    Minute,
    MinuteShort,
    Second,
    SecondShort,
    Fraction,
    Epoch,
    Offset,
}

impl Part {
    /// Whether it may end after one digit, so that no digit may follow.
    const fn is_open_ended(self) -> bool {
        matches!(
            self,
            Self::MonthShort
                | Self::DayShort
                | Self::HourShort
                | Self::Hour12Short
                | Self::MinuteShort
                | Self::SecondShort
                | Self::Fraction
                | Self::Epoch
        )
    }
}

/// A compiled shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeShape {
    parts: Vec<Part>,
}

/// Why a text says no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoMoment {
    /// It is not written in the shape, or no day or time of the calendar.
    Shape,
    /// The clocks of the zone skip it or show it twice that day: which moment is meant is not said.
    Local,
}

#[derive(Default)]
struct Read {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    hour: i8,
    /// Whether the hour is of the afternoon, where hours go to twelve.
    after_noon: Option<bool>,
    minute: i8,
    second: i8,
    millis: i16,
    /// Seconds since 1970-01-01T00:00:00Z.
    epoch: Option<i64>,
    offset: Option<Offset>,
}

impl Read {
    /// The time of day. An hour of twelve goes from 1 to 12, and 12 comes first.
    fn time(&self) -> Option<Time> {
        let hour = match self.after_noon {
            None => self.hour,
            Some(after_noon) if (1..=12).contains(&self.hour) => {
                self.hour % 12 + if after_noon { 12 } else { 0 }
            }
            Some(_) => return None,
        };
        Time::new(hour, self.minute, self.second, i32::from(self.millis) * 1_000_000).ok()
    }
}

impl TimeShape {
    /// The parts a shape can be made of, as they are written.
    pub fn parts() -> impl Iterator<Item = &'static str> {
        PARTS.iter().map(|(text, _)| *text)
    }

    /// Compiles a shape.
    ///
    /// `%Y` year (4 digits), `%m` `%d` `%H` `%M` `%S` two digits each, `%-m` `%-d` `%-H` `%-M` `%-S` one or two,
    /// `%I` `%-I` the hour of twelve with `%p` (`AM`, `PM`, `午前`, `午後`), `%.f` a point and decimals of the second
    /// or nothing, `%b` English month (`Nov`), `%:z` offset (`+09:00`, `+0900`, `+09` or `Z`), `%s` seconds since
    /// 1970 in place of all these, `%%` a percent sign; everything else stands for itself.
    ///
    /// # Errors
    /// [`BadShape`] where a part is unknown, missing, doubled, or could be read in two ways.
    pub fn parse(text: &str) -> Result<Self, BadShape> {
        let bad = |why: &str| BadShape(format!("shape \"{text}\" {why}"));
        let mut parts: Vec<Part> = Vec::new();
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            let (part, length) = if character == '%' {
                directive(rest).map_err(|why| bad(&why))?
            } else {
                (Part::Literal(character), character.len_utf8())
            };
            if !matches!(part, Part::Literal(_)) && parts.contains(&part) {
                return Err(bad("says the same part twice"));
            }
            // What comes after a part of one or two digits must not begin with a digit; a fraction begins with its
            // point, and `午前` or `AM` with a letter.
            let ends = if let Part::Literal(character) = part {
                !character.is_ascii_digit()
            } else {
                matches!(part, Part::Fraction | Part::Half | Part::Offset | Part::MonthName)
            };
            if parts.last().is_some_and(|last| last.is_open_ended()) && !ends {
                return Err(bad(
                    "has a part of one or two digits with nothing to end it: put a separator after it",
                ));
            }
            parts.push(part);
            rest = rest.get(length..).unwrap_or("");
        }
        let shape = Self { parts };
        shape.check().map_err(bad)?;
        Ok(shape)
    }

    /// Whether its parts together say one thing.
    fn check(&self) -> Result<(), &'static str> {
        let count = |of: &[Part]| of.iter().filter(|part| self.has(**part)).count();
        let hours = count(&[Part::Hour, Part::HourShort]);
        let hours12 = count(&[Part::Hour12, Part::Hour12Short]);
        let minutes = count(&[Part::Minute, Part::MinuteShort]);
        let seconds = count(&[Part::Second, Part::SecondShort]);
        let months = count(&[Part::Month, Part::MonthShort, Part::MonthName]);
        if self.has(Part::Epoch) {
            let alone =
                self.parts.iter().all(|part| matches!(part, Part::Literal(_) | Part::Epoch | Part::Fraction));
            return if alone { Ok(()) } else { Err("has seconds since 1970 (%s) beside other parts") };
        }
        if !self.has(Part::Year) || months != 1 {
            return Err("must have a year (%Y) and one month (%m, %-m or %b), or seconds since 1970 (%s)");
        }
        if count(&[Part::Day, Part::DayShort]) > 1 || hours + hours12 > 1 || minutes > 1 || seconds > 1 {
            return Err("says the same part twice");
        }
        if (hours12 == 1) != self.has(Part::Half) {
            return Err("must have an hour of twelve (%I, %-I) together with %p, or neither");
        }
        if (minutes == 1 && hours + hours12 == 0) || (seconds == 1 && minutes == 0) {
            return Err("has minutes without hours or seconds without minutes");
        }
        if self.has(Part::Fraction) && seconds == 0 {
            return Err("has decimals of a second without seconds");
        }
        if self.has_time() && !self.has_day() {
            return Err("has a time of day without a day");
        }
        Ok(())
    }

    /// Whether it says a day.
    pub fn has_day(&self) -> bool {
        [Part::Day, Part::DayShort, Part::Epoch].iter().any(|part| self.has(*part))
    }

    /// Whether it says a time of day.
    pub fn has_time(&self) -> bool {
        let parts = [Part::Hour, Part::HourShort, Part::Hour12, Part::Hour12Short, Part::Offset, Part::Epoch];
        parts.iter().any(|part| self.has(*part))
    }

    fn has(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    /// Reads a day; a time of day that follows is passed over.
    pub fn read_day(&self, text: &str) -> Option<Day> {
        let read = self.read(text)?;
        // A time of day that is none spoils the day too.
        read.time()?;
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
    ///
    /// # Errors
    /// [`NoMoment`] where it says none, or where the clocks of the zone skip or repeat the time it says.
    pub fn read_when(&self, text: &str, zone: &Zone) -> Result<When, NoMoment> {
        let read = self.read(text).ok_or(NoMoment::Shape)?;
        if let Some(seconds) = read.epoch {
            let millis = seconds.checked_mul(1_000).and_then(|millis| millis.checked_add(read.millis.into()));
            let moment = millis.and_then(|millis| Moment::from_millis(millis).ok());
            return moment.map(When::Moment).ok_or(NoMoment::Shape);
        }
        let date = read.year.zip(read.month).zip(read.day);
        let date = date.and_then(|((year, month), day)| Date::new(year, month, day).ok());
        let date = date.ok_or(NoMoment::Shape)?;
        if !self.has_time() {
            return Ok(When::Day(Day::from(date)));
        }
        let local = DateTime::from_parts(date, read.time().ok_or(NoMoment::Shape)?);
        let moment = match read.offset {
            Some(offset) => offset.to_timestamp(local).map_err(|_| NoMoment::Shape)?.into(),
            None => zone.only_moment(local).ok_or(NoMoment::Local)?,
        };
        Ok(When::Moment(moment))
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
                Part::Hour | Part::Hour12 => digits(rest, 2, 2, &mut |n| small(n).map(|n| read.hour = n))?,
                Part::HourShort | Part::Hour12Short => {
                    digits(rest, 1, 2, &mut |n| small(n).map(|n| read.hour = n))?
                }
                Part::Minute => digits(rest, 2, 2, &mut |n| small(n).map(|n| read.minute = n))?,
                Part::MinuteShort => digits(rest, 1, 2, &mut |n| small(n).map(|n| read.minute = n))?,
                Part::Second => digits(rest, 2, 2, &mut |n| small(n).map(|n| read.second = n))?,
                Part::SecondShort => digits(rest, 1, 2, &mut |n| small(n).map(|n| read.second = n))?,
                Part::Fraction => {
                    let (millis, rest) = fraction(rest)?;
                    read.millis = millis;
                    rest
                }
                Part::Half => {
                    let (after_noon, rest) = half(rest)?;
                    read.after_noon = Some(after_noon);
                    rest
                }
                // Fewer are no seconds of this century: a spreadsheet's number of a day has five.
                Part::Epoch => digits(rest, 9, 10, &mut |n| {
                    read.epoch = Some(n.into());
                    Some(())
                })?,
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

/// Every part that a shape can be made of.
const PARTS: [(&str, Part); 19] = [
    ("%Y", Part::Year),
    ("%m", Part::Month),
    ("%-m", Part::MonthShort),
    ("%b", Part::MonthName),
    ("%d", Part::Day),
    ("%-d", Part::DayShort),
    ("%H", Part::Hour),
    ("%-H", Part::HourShort),
    ("%I", Part::Hour12),
    ("%-I", Part::Hour12Short),
    ("%p", Part::Half),
    ("%M", Part::Minute),
    ("%-M", Part::MinuteShort),
    ("%S", Part::Second),
    ("%-S", Part::SecondShort),
    ("%.f", Part::Fraction),
    ("%s", Part::Epoch),
    ("%:z", Part::Offset),
    ("%%", Part::Literal('%')),
];

fn directive(rest: &str) -> Result<(Part, usize), String> {
    let found = PARTS.iter().find(|(text, _)| rest.starts_with(text));
    found.map(|(text, part)| (*part, text.len())).ok_or_else(|| {
        let parts: Vec<&str> = TimeShape::parts().collect();
        format!("has an unknown part: use {}", parts.join(" "))
    })
}

/// A point and up to nine decimals of a second, or nothing. What is finer than a millisecond is passed over.
fn fraction(rest: &str) -> Option<(i16, &str)> {
    let Some(rest) = rest.strip_prefix('.') else { return Some((0, rest)) };
    let length = rest.bytes().take(9).take_while(u8::is_ascii_digit).count();
    let (decimals, rest) = rest.split_at_checked(length).filter(|_| length > 0)?;
    let millis: String = decimals.chars().chain(['0', '0']).take(3).collect();
    Some((millis.parse().ok()?, rest))
}

/// The half of the day.
fn half(rest: &str) -> Option<(bool, &str)> {
    const HALVES: [(&str, bool); 6] =
        [("AM", false), ("PM", true), ("am", false), ("pm", true), ("午前", false), ("午後", true)];
    HALVES.iter().find_map(|(text, after_noon)| Some((*after_noon, rest.strip_prefix(text)?)))
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
    let mut rest = digits(rest, 2, 2, &mut |n| i32::try_from(n).map(|n| hours = n).ok())?;
    // Databases leave minutes out where there are none.
    if rest.starts_with(|next: char| next == ':' || next.is_ascii_digit()) {
        rest = digits(rest.strip_prefix(':').unwrap_or(rest), 2, 2, &mut |n| {
            i32::try_from(n).map(|n| minutes = n).ok()
        })?;
    }
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
        assert!(local == Ok(When::Moment(six)));
        let utc = shape("%Y-%m-%dT%H:%M:%S%:z").read_when("2026-11-19T21:00:00Z", &zone);
        assert!(utc == Ok(When::Moment(six)));
        assert!(
            shape("%Y%m%d").read_when("20261120", &zone) == Ok(When::Day(Day::new(2026, 11, 20).unwrap()))
        );
        assert!(shape("%Y/%m/%d %H:%M").read_when("2026/11/20 24:00", &zone) == Err(NoMoment::Shape));
    }

    #[test]
    fn what_databases_network_elements_and_spreadsheets_write_can_be_said() {
        let zone = Zone::named("Asia/Tokyo").unwrap();
        let six = "2026-11-20T06:00:00+09:00";
        for (pattern, text, at) in [
            ("%Y-%m-%d %H:%M:%S%.f", "2026-11-20 06:00:00.123456", "2026-11-20T06:00:00.123+09:00"),
            ("%Y-%m-%d %H:%M:%S%.f", "2026-11-20 06:00:00.5", "2026-11-20T06:00:00.5+09:00"),
            ("%Y-%m-%d %H:%M:%S%.f", "2026-11-20 06:00:00", six),
            ("%Y-%m-%d %H:%M:%S%.f%:z", "2026-11-19 21:00:00.000001+00", six),
            ("%Y-%m-%d %H:%M:%S%:z", "2026-11-20 06:00:00+0900", six),
            ("%Y/%-m/%-d %-H:%M", "2026/11/20 6:00", six),
            ("%Y/%-m/%-d %-H:%M", "2026/11/20 16:00", "2026-11-20T16:00:00+09:00"),
            ("%Y/%-m/%-d %-H:%-M:%-S", "2026/11/20 6:0:0", six),
            ("%m/%d/%Y %-I:%M %p", "11/20/2026 6:00 AM", six),
            ("%m/%d/%Y %I:%M:%S %p", "11/20/2026 12:00:00 AM", "2026-11-20T00:00:00+09:00"),
            ("%m/%d/%Y %I:%M:%S %p", "11/20/2026 12:00:00 PM", "2026-11-20T12:00:00+09:00"),
            ("%Y/%-m/%-d %p%-I:%M", "2026/11/20 午後6:00", "2026-11-20T18:00:00+09:00"),
            ("%s", "1795122000", "2026-11-20T06:00:00+09:00"),
            ("%s%.f", "1795122000.25", "2026-11-20T06:00:00.25+09:00"),
        ] {
            let at: Moment = at.parse().unwrap();
            assert_eq!(shape(pattern).read_when(text, &zone), Ok(When::Moment(at)), "{pattern}: {text}");
        }
        for (pattern, text) in [
            ("%Y-%m-%d %H:%M:%S%.f", "2026-11-20 06:00:00."),
            ("%Y-%m-%d %H:%M:%S", "2026-11-20 06:00:00.5"),
            ("%m/%d/%Y %-I:%M %p", "11/20/2026 0:00 AM"),
            ("%m/%d/%Y %-I:%M %p", "11/20/2026 13:00 PM"),
            ("%s", "1795122000000"),
            ("%s", "-1"),
        ] {
            assert_eq!(shape(pattern).read_when(text, &zone), Err(NoMoment::Shape), "{pattern}: {text}");
        }
    }

    #[test]
    fn a_time_the_clocks_skip_or_repeat_is_not_taken_silently() {
        let zone = Zone::named("America/New_York").unwrap();
        let plain = shape("%Y-%m-%d %H:%M");
        assert_eq!(plain.read_when("2026-03-08 02:30", &zone), Err(NoMoment::Local), "skipped");
        assert_eq!(plain.read_when("2026-11-01 01:30", &zone), Err(NoMoment::Local), "shown twice");
        assert!(plain.read_when("2026-11-01 02:00", &zone).is_ok());
        let first: Moment = "2026-11-01T05:30:00Z".parse().unwrap();
        let told = shape("%Y-%m-%d %H:%M%:z").read_when("2026-11-01 01:30-04:00", &zone);
        assert_eq!(told, Ok(When::Moment(first)), "with its offset it is one moment");
        assert!(shape("%Y-%m-%d").read_when("2026-03-08", &zone).is_ok(), "a day is whole");
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
        for text in [
            "",
            "%Y",
            "%Y%-m%d",
            "%Y/%m/%d/%d",
            "%Y/%m/%d %S",
            "%Y/%m %H",
            "%Q",
            "%Y/%m/%-d%H",
            "%",
            "%Y/%m/%d %H:%-H",
            "%Y/%m/%d %I:%M",
            "%Y/%m/%d %H:%M %p",
            "%Y/%m/%d %H:%M%.f",
            "%s %Y",
            "%Y/%m/%d %-H1",
        ] {
            assert!(TimeShape::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn reading_any_text_in_any_shape_never_panics(pattern in "(%[YmdHMSbIps]|%-[mdHIMS]|%:z|%[.]f|[/ :年-]){0,9}", text in "\\PC{0,24}") {
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

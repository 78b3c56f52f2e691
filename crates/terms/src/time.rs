//! Time: moments, the zone whose days and months they lie in, and the passed-in clock.

mod calendar;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use calendar::two;
pub use calendar::{Day, Month};

/// A text or number that is not a time of the wanted shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expect {0}")]
pub struct BadTime(&'static str);

/// Tells the time. Passed in everywhere; only the binary makes a real one.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Moment;
}

/// A moment, exact to the millisecond.
///
/// As text RFC 3339; in documents a count of milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

/// The first and the last millisecond that [`Timestamp`] counts.
const FIRST_MILLI: i64 = -377_705_023_201_000;
const LAST_MILLI: i64 = 253_402_207_200_000;

impl Moment {
    /// The first moment that is counted: 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// That many milliseconds after the epoch.
    ///
    /// # Errors
    /// [`BadTime`] beyond the years that can be counted.
    pub const fn from_millis(millis: i64) -> Result<Self, BadTime> {
        // Compared rather than converted: a document holds many moments, and few of them are written out.
        if millis < FIRST_MILLI || millis > LAST_MILLI {
            Err(BadTime("milliseconds within year 9999"))
        } else {
            Ok(Self(millis))
        }
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// As the calendar counts it.
    fn timestamp(self) -> Timestamp {
        // Moments stay within the calendar, so that this is always one of its own.
        Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// That many seconds later (earlier, where negative); stays within what can be counted.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        let millis = self.0.saturating_add(seconds.saturating_mul(1000));
        Self(millis.clamp(FIRST_MILLI, LAST_MILLI))
    }

    /// Seconds from `earlier` to this moment, rounded toward zero.
    pub fn seconds_since(self, earlier: Self) -> i64 {
        self.millis().saturating_sub(earlier.millis()) / 1000
    }
}

/// When something was said, and by whose clock. Ordered by the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Said {
    /// The moment.
    pub at: Moment,
    /// Whether the ledger gave it; else it is only when its row was taken in.
    pub by_ledger: bool,
}

impl Said {
    /// A moment the ledger gave.
    pub const fn by_ledger(at: Moment) -> Self {
        Self { at, by_ledger: true }
    }

    /// When a row was taken in that has no moment of its own.
    pub const fn at_intake(at: Moment) -> Self {
        Self { at, by_ledger: false }
    }

    /// Whose moment it is, in the word of the JSON API.
    pub const fn by(self) -> &'static str {
        if self.by_ledger { "ledger" } else { "intake" }
    }
}

impl From<Timestamp> for Moment {
    fn from(timestamp: Timestamp) -> Self {
        // Exact to the millisecond on both ways, so that what is stored equals what was compared.
        Self(timestamp.as_millisecond().min(LAST_MILLI))
    }
}

impl FromStr for Moment {
    type Err = BadTime;
    fn from_str(text: &str) -> Result<Self, BadTime> {
        text.parse::<Timestamp>()
            .map(Self::from)
            .map_err(|_| BadTime("a time such as 2026-11-20T06:00:00+09:00"))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timestamp().fmt(f)
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timestamp().fmt(f)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.millis().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_millis(i64::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// A tenant's time zone: days, months and expiries are in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone of that name in the IANA database, such as `Asia/Tokyo`.
    ///
    /// # Errors
    /// [`BadTime`] where the database has no such zone.
    pub fn named(name: &str) -> Result<Self, BadTime> {
        TimeZone::get(name).map(Self).map_err(|_| BadTime("a zone of the IANA database such as Asia/Tokyo"))
    }

    /// The civil day at that moment.
    pub fn day(&self, moment: Moment) -> Day {
        let millis = moment.millis() + i64::from(self.0.to_offset(moment.timestamp()).seconds()) * 1000;
        // A moment is of years that can be counted, and an offset is hours.
        Day::EPOCH.plus(i32::try_from(millis.div_euclid(86_400_000)).unwrap_or(i32::MAX))
    }

    /// The civil date and time at that moment.
    pub fn local(&self, moment: Moment) -> jiff::civil::DateTime {
        self.0.to_datetime(moment.timestamp())
    }

    /// The moment of that civil date and time; the earlier one where the clock was set back.
    ///
    /// # Errors
    /// [`BadTime`] beyond the years that can be counted.
    pub fn moment(&self, local: jiff::civil::DateTime) -> Result<Moment, BadTime> {
        let timestamp = self.0.to_ambiguous_timestamp(local).compatible();
        timestamp.map(Moment::from).map_err(|_| BadTime("a time within year 9999"))
    }

    /// The moment of a local time of day, where there is exactly one: clocks that are put forward skip some, clocks
    /// that are put back show some twice.
    pub fn only_moment(&self, local: jiff::civil::DateTime) -> Option<Moment> {
        self.0.to_ambiguous_timestamp(local).unambiguous().ok().map(Moment::from)
    }

    /// The first moment of that day.
    ///
    /// # Errors
    /// [`BadTime`] beyond the years that can be counted.
    pub fn start_of(&self, day: Day) -> Result<Moment, BadTime> {
        self.moment(day.date().to_datetime(jiff::civil::Time::midnight()))
    }

    /// That moment as RFC 3339 with this zone's offset: `2026-11-20T06:00:00+09:00`. Where the zone had an offset that
    /// RFC 3339 cannot write (Tokyo before 1888: `+09:18:59`), without one: `+00:00`.
    pub fn rfc3339(&self, moment: Moment) -> String {
        let offset = self.0.to_offset(moment.timestamp());
        let whole = if offset.seconds() % 60 == 0 { offset } else { Offset::UTC };
        written(moment, whole).unwrap_or_else(|| moment.timestamp().display_with_offset(whole).to_string())
    }

    /// The name of the zone, for people.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }
}

/// A moment as the calendar's own printer writes it, for years of four digits. Each answer tells a few moments, and the
/// printer asks for each what it may have been told to do otherwise.
fn written(moment: Moment, offset: Offset) -> Option<String> {
    const DAY: i64 = 86_400_000;
    let millis = moment.millis() + i64::from(offset.seconds()) * 1000;
    let day = Day::from_number(i32::try_from(millis.div_euclid(DAY)).ok()?).ok()?.digits()?;
    let of_day = u32::try_from(millis.rem_euclid(DAY)).ok()?;
    let (seconds, thousandths) = (of_day / 1000, of_day % 1000);
    let pair = |number: u32| two(u16::try_from(number).unwrap_or(0));
    let mut text = Vec::with_capacity(32);
    text.extend_from_slice(&day);
    for (before, number) in [(b'T', seconds / 3600), (b':', seconds / 60 % 60), (b':', seconds % 60)] {
        text.push(before);
        text.extend_from_slice(&pair(number));
    }
    if thousandths > 0 {
        let [hundredths, [_, last]] = [thousandths / 10, thousandths % 10].map(pair);
        text.push(b'.');
        text.extend_from_slice(&hundredths);
        text.push(last);
        // No more digits than it has.
        while text.last() == Some(&b'0') {
            text.pop();
        }
    }
    let minutes = offset.seconds().unsigned_abs() / 60;
    text.push(if offset.seconds() < 0 { b'-' } else { b'+' });
    text.extend_from_slice(&pair(minutes / 60));
    text.push(b':');
    text.extend_from_slice(&pair(minutes % 60));
    String::from_utf8(text).ok()
}

/// From when to when a holding lasts: whole days, both ends within; no end means still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// First day.
    pub from: Day,
    /// Last day, where it has ended or will end.
    pub to: Option<Day>,
}

impl Held {
    /// Whether that day lies within.
    pub fn contains(&self, day: Day) -> bool {
        self.from <= day && self.to.is_none_or(|to| day <= to)
    }

    /// How many days of it lie from the one day on and before the other.
    pub fn days_between(&self, from: Day, before: Day) -> u32 {
        let first = self.from.max(from).number();
        let end = self.to.map_or(before, |to| to.plus(1).min(before)).number();
        u32::try_from(end.saturating_sub(first)).unwrap_or(0)
    }

    /// Whether the two share a day.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.to.is_none_or(|to| other.from <= to) && other.to.is_none_or(|to| self.from <= to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_day_is_the_tenants_day() {
        let tokyo = Zone::named("Asia/Tokyo").unwrap();
        let moment: Moment = "2026-11-19T15:00:00Z".parse().unwrap();
        assert_eq!(tokyo.day(moment).to_string(), "2026-11-20");
        assert_eq!(tokyo.rfc3339(moment), "2026-11-20T00:00:00+09:00");
        assert_eq!(tokyo.start_of(tokyo.day(moment)), Ok(moment));
    }

    #[test]
    fn a_moment_is_written_as_itself_where_the_zone_had_an_odd_offset() {
        let tokyo = Zone::named("Asia/Tokyo").unwrap();
        let moment: Moment = "1013-11-20T06:00:00.312Z".parse().unwrap();
        assert_eq!(tokyo.rfc3339(moment), "1013-11-20T06:00:00.312+00:00");
        assert_eq!(tokyo.rfc3339(moment).parse(), Ok(moment));
    }

    proptest! {
        #[test]
        fn days_held_are_counted_as_one_by_one(from in -50i32..50, long in 0i32..60, first in -60i32..60, span in 0i32..60, open: bool) {
            let day = |number| Day::from_number(number).unwrap();
            let held = Held { from: day(from), to: (!open).then_some(day(from + long)) };
            let one_by_one = (first..first + span).filter(|number| held.contains(day(*number))).count();
            prop_assert_eq!(usize::try_from(held.days_between(day(first), day(first + span))).unwrap(), one_by_one);
        }
    }

    #[test]
    fn moments_step_by_seconds_and_stay_where_they_can_be_counted() {
        let moment: Moment = "1969-12-31T23:59:59.500Z".parse().unwrap();
        assert_eq!(moment.plus_seconds(1).to_string(), "1970-01-01T00:00:00.5Z");
        assert_eq!(moment.plus_seconds(-86_400).to_string(), "1969-12-30T23:59:59.5Z");
        for (seconds, end, last) in
            [(i64::MAX, Timestamp::MAX, LAST_MILLI), (i64::MIN, Timestamp::MIN, FIRST_MILLI)]
        {
            assert_eq!(moment.plus_seconds(seconds).millis(), last);
            assert_eq!(Moment::from(end).millis(), last);
            assert_eq!(Moment(last).timestamp(), Timestamp::from_millisecond(last).unwrap());
            let beyond = last + seconds.signum();
            assert!(Moment::from_millis(beyond).is_err() && Timestamp::from_millisecond(beyond).is_err());
        }
    }

    proptest! {
        #[test]
        fn a_day_of_a_zone_is_that_of_its_clocks(millis in -90_000_000_000_000i64..90_000_000_000_000, zone in 0usize..4) {
            let zone = ["Asia/Tokyo", "America/St_Johns", "Pacific/Apia", "UTC"][zone];
            let (zone, moment) = (Zone::named(zone).unwrap(), Moment::from_millis(millis).unwrap());
            prop_assert_eq!(zone.day(moment), Day::from(zone.local(moment).date()));
            let offset = zone.0.to_offset(moment.timestamp());
            let told = if offset.seconds() % 60 == 0 { offset } else { Offset::UTC };
            prop_assert_eq!(zone.rfc3339(moment), moment.timestamp().display_with_offset(told).to_string());
        }

        #[test]
        fn two_periods_overlap_when_they_share_a_day(a in 0i32..40, la in 0i32..9, b in 0i32..40, lb in 0i32..9) {
            let held = |from: i32, len: i32| Held {
                from: Day::from_number(from).unwrap(),
                to: (len < 8).then(|| Day::from_number(from + len).unwrap()),
            };
            let (x, y) = (held(a, la), held(b, lb));
            let shares = (0..60).map(|n| Day::from_number(n).unwrap()).any(|d| x.contains(d) && y.contains(d));
            prop_assert_eq!(x.overlaps(&y), shares);
        }
    }
}

//! Days of usage within a document, each in fixed places: a line has some sixty of them, and every read of it reads all.
//!
//! A day, big-endian: its number (4 octets), at high speed (8), at low speed (8), when the ledger said so in
//! milliseconds (8), marks (1): whether every record of it was understood, whether the ledger gave the moment.

use std::fmt;

use honnin_terms::{Day, Moment, Octets, Said};
use serde::{Deserializer, Serializer, de};

use crate::document::DayEntry;

const ONE: usize = 4 + 8 + 8 + 8 + 1;
const WHOLE: u8 = 1;
const BY_LEDGER: u8 = 2;

pub(crate) fn serialize<S: Serializer>(days: &[DayEntry], serializer: S) -> Result<S::Ok, S::Error> {
    let mut octets = Vec::with_capacity(days.len() * ONE);
    for DayEntry { day, high, low, whole, as_of } in days {
        let mark = |is: bool, mark: u8| if is { mark } else { 0 };
        octets.extend_from_slice(&day.number().to_be_bytes());
        octets.extend_from_slice(&high.get().to_be_bytes());
        octets.extend_from_slice(&low.get().to_be_bytes());
        octets.extend_from_slice(&as_of.at.millis().to_be_bytes());
        octets.push(mark(*whole, WHOLE) | mark(as_of.by_ledger, BY_LEDGER));
    }
    serializer.serialize_bytes(&octets)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<DayEntry>, D::Error> {
    deserializer.deserialize_bytes(Days)
}

struct Days;

impl de::Visitor<'_> for Days {
    type Value = Vec<DayEntry>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "days of {ONE} octets each")
    }

    fn visit_bytes<E: de::Error>(self, octets: &[u8]) -> Result<Self::Value, E> {
        let (days, rest) = octets.as_chunks::<ONE>();
        let others = || E::invalid_value(de::Unexpected::Other("others"), &self);
        if !rest.is_empty() {
            return Err(others());
        }
        // Room for all of them at once.
        let mut read = Vec::with_capacity(days.len());
        for day in days {
            read.push(self::read(day).ok_or_else(others)?);
        }
        Ok(read)
    }
}

fn read(octets: &[u8; ONE]) -> Option<DayEntry> {
    let (day, rest) = octets.split_first_chunk::<4>()?;
    let (high, rest) = rest.split_first_chunk::<8>()?;
    let (low, rest) = rest.split_first_chunk::<8>()?;
    let (at, marks) = rest.split_first_chunk::<8>()?;
    let marks = *marks.first()?;
    // One day, one text: no mark without a meaning.
    (marks & !(WHOLE | BY_LEDGER) == 0).then_some(())?;
    let at = Moment::from_millis(i64::from_be_bytes(*at)).ok()?;
    Some(DayEntry {
        day: Day::from_number(i32::from_be_bytes(*day)).ok()?,
        high: Octets::new(u64::from_be_bytes(*high)),
        low: Octets::new(u64::from_be_bytes(*low)),
        whole: marks & WHOLE != 0,
        as_of: Said { at, by_ledger: marks & BY_LEDGER != 0 },
    })
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Holds(#[serde(with = "super")] Vec<DayEntry>);

    fn day(number: i32, octets: u64, millis: i64, whole: bool, by_ledger: bool) -> DayEntry {
        let (day, at) = (Day::from_number(number).unwrap(), Moment::from_millis(millis).unwrap());
        let as_of = Said { at, by_ledger };
        DayEntry { day, high: Octets::new(octets), low: Octets::new(octets / 3), whole, as_of }
    }

    #[test]
    fn days_are_read_as_they_were_written_and_nothing_else_is() {
        let days = vec![
            day(20_000, u64::MAX, 1_790_000_000_123, true, true),
            day(-1, 0, -1, false, true),
            day(0, 7, 0, true, false),
            day(1, 300, 1, false, false),
        ];
        for days in [Vec::new(), days] {
            let written = postcard::to_allocvec(&Holds(days.clone())).unwrap();
            assert_eq!(postcard::from_bytes::<Holds>(&written).unwrap(), Holds(days.clone()));
            let wrong = |octets: &[u8]| assert!(postcard::from_bytes::<Holds>(octets).is_err(), "{octets:?}");
            if let Some((last, rest)) = written.split_last() {
                wrong(rest);
                if !days.is_empty() {
                    wrong(&[rest, &[last | 4][..]].concat());
                    wrong(&[&[28][..], &written[1..29]].concat());
                }
            }
        }
    }
}

//! How one setting is written and read: typed units in text, so that no number stands without its unit.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A kind of value a setting can have.
pub(crate) trait Value: Sized {
    /// Reads it; otherwise what is expected in its place.
    fn read(value: &toml::Value) -> Result<Self, String>;
    /// As it stands in the file.
    fn write(&self) -> String;
}

/// How long something may take: "250 ms", "60 s", "30 min", "24 h", "400 days".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span(Duration);

/// How many octets: "16 KiB", "64 MiB", "2 GiB".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size(pub u64);

/// A file or directory, relative to the settings file; empty for none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Default)]
pub(crate) struct MaybePath(Option<PathBuf>);

/// Whether subscribers have a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SecondFactor {
    /// None is offered.
    Off,
    /// Whoever wants one sets it up.
    Offered,
    /// Everybody has one.
    Required,
}

impl Value for SecondFactor {
    fn read(value: &toml::Value) -> Result<Self, String> {
        match value.as_str() {
            Some("off") => Ok(Self::Off),
            Some("offered") => Ok(Self::Offered),
            Some("required") => Ok(Self::Required),
            _ => Err("\"off\", \"offered\" or \"required\"".to_owned()),
        }
    }

    fn write(&self) -> String {
        let word = match self {
            Self::Off => "off",
            Self::Offered => "offered",
            Self::Required => "required",
        };
        format!("\"{word}\"")
    }
}

/// Milliseconds of each unit, longest first.
const SPAN_UNITS: &[(&str, u64)] =
    &[("days", DAY), ("day", DAY), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1)];
const DAY: u64 = 86_400_000;
const SIZE_UNITS: &[(&str, u64)] =
    &[("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl Span {
    /// So many milliseconds.
    pub(crate) const fn millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// So many seconds.
    pub(crate) const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// So many days.
    pub(crate) const fn days(days: u64) -> Self {
        Self::seconds(days.saturating_mul(86_400))
    }

    /// As it is written on a command line: "1h", "30min", with a blank between or without.
    pub(crate) fn of_word(text: &str) -> Option<Self> {
        let unit = text.find(|letter: char| !letter.is_ascii_digit())?;
        let (number, unit) = text.split_at_checked(unit)?;
        let factor = SPAN_UNITS.iter().find(|(name, _)| *name == unit.trim()).map(|(_, factor)| *factor)?;
        number.parse::<u64>().ok()?.checked_mul(factor).map(Self::millis)
    }

    /// As a duration.
    pub(crate) const fn duration(self) -> Duration {
        self.0
    }

    /// In whole seconds.
    pub(crate) fn whole_seconds(self) -> i64 {
        i64::try_from(self.0.as_secs()).unwrap_or(i64::MAX)
    }
}

impl Size {
    /// As a count in memory.
    pub(crate) fn octets(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl MaybePath {
    /// That path.
    pub(crate) fn of(path: &str) -> Self {
        Self(Some(PathBuf::from(path)))
    }

    /// The path, where there is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.0.as_deref()
    }
}

/// Reads "64 MiB" as a count of the smallest unit.
fn read_units(value: &toml::Value, units: &[(&str, u64)]) -> Option<u64> {
    let (number, unit) = value.as_str()?.split_once(' ')?;
    let digits = number.bytes().all(|b| b.is_ascii_digit());
    let factor = units.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor)?;
    digits.then(|| number.parse::<u64>().ok()?.checked_mul(factor))?
}

/// Writes a count in the longest unit that needs no fraction.
fn write_units(count: u64, units: &[(&str, u64)], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let whole = |(_, factor): &&(&str, u64)| count > 0 && count.is_multiple_of(*factor);
    match units.iter().find(whole).or(units.last()) {
        Some((unit, factor)) => write!(f, "{} {unit}", count / factor),
        None => write!(f, "{count}"),
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX) {
            DAY => f.write_str("1 day"),
            millis => write_units(millis, SPAN_UNITS, f),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_units(self.0, SIZE_UNITS, f)
    }
}

impl Value for Span {
    fn read(value: &toml::Value) -> Result<Self, String> {
        let expected = || {
            "a time with its unit such as \"250 ms\", \"60 s\", \"30 min\", \"24 h\" or \"30 days\""
                .to_owned()
        };
        read_units(value, SPAN_UNITS).map(Self::millis).ok_or_else(expected)
    }

    fn write(&self) -> String {
        format!("\"{self}\"")
    }
}

impl Value for Size {
    fn read(value: &toml::Value) -> Result<Self, String> {
        let expected =
            || "a size with its unit such as \"512 B\", \"16 KiB\", \"64 MiB\" or \"2 GiB\"".to_owned();
        read_units(value, SIZE_UNITS).map(Self).ok_or_else(expected)
    }

    fn write(&self) -> String {
        format!("\"{self}\"")
    }
}

macro_rules! counts {
    ($($count:ty)+) => {$(
        impl Value for $count {
            fn read(value: &toml::Value) -> Result<Self, String> {
                value.as_integer().and_then(|count| count.try_into().ok()).ok_or_else(|| "a whole number".to_owned())
            }

            fn write(&self) -> String {
                // TOML reads `10_000` as a person does.
                let digits = self.to_string();
                let mut text = String::with_capacity(digits.len() * 2);
                for (place, digit) in digits.chars().enumerate() {
                    if place > 0 && (digits.len() - place).is_multiple_of(3) {
                        text.push('_');
                    }
                    text.push(digit);
                }
                text
            }
        }
    )+};
}
counts!(u32 usize);

impl Value for bool {
    fn read(value: &toml::Value) -> Result<Self, String> {
        value.as_bool().ok_or_else(|| "true or false".to_owned())
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Value for String {
    fn read(value: &toml::Value) -> Result<Self, String> {
        value.as_str().map(str::to_owned).ok_or_else(|| "a text in quotes".to_owned())
    }

    fn write(&self) -> String {
        toml::Value::String(self.clone()).to_string()
    }
}

impl Value for MaybePath {
    fn read(value: &toml::Value) -> Result<Self, String> {
        let text = value.as_str().ok_or("the path of a file in quotes, or \"\" for none")?;
        Ok(Self((!text.is_empty()).then(|| PathBuf::from(text))))
    }

    fn write(&self) -> String {
        self.0.as_ref().map_or_else(String::new, |path| path.display().to_string()).write()
    }
}

impl Value for SocketAddr {
    fn read(value: &toml::Value) -> Result<Self, String> {
        let address = value.as_str().and_then(|text| text.parse().ok());
        address
            .ok_or_else(|| "an address with its port such as \"127.0.0.1:8080\" or \"[::1]:8080\"".to_owned())
    }

    fn write(&self) -> String {
        format!("\"{self}\"")
    }
}

impl<T: Value> Value for Vec<T> {
    fn read(value: &toml::Value) -> Result<Self, String> {
        let parts = value.as_array().ok_or("a list in [brackets]")?;
        parts
            .iter()
            .map(|part| T::read(part).map_err(|expected| format!("a list; each part is {expected}")))
            .collect()
    }

    fn write(&self) -> String {
        let parts: Vec<String> = self.iter().map(T::write).collect();
        format!("[{}]", parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads_back<T: Value + PartialEq + fmt::Debug>(value: &T) -> String {
        let text = value.write();
        let table: toml::Table = format!("key = {text}").parse().unwrap();
        assert_eq!(T::read(&table["key"]).as_ref(), Ok(value), "{text}");
        text
    }

    #[test]
    fn what_is_written_is_read_back_in_its_longest_unit() {
        assert_eq!(reads_back(&Span::millis(250)), "\"250 ms\"");
        assert_eq!(reads_back(&Span::seconds(90)), "\"90 s\"");
        assert_eq!(reads_back(&Span::days(400)), "\"400 days\"");
        assert_eq!(reads_back(&Span::days(1)), "\"1 day\"");
        assert_eq!(reads_back(&Span::millis(0)), "\"0 ms\"");
        assert_eq!(reads_back(&Size(64 << 20)), "\"64 MiB\"");
        assert_eq!(reads_back(&Size(1_000)), "\"1000 B\"");
        assert_eq!(reads_back(&262_144_usize), "262_144");
        assert_eq!(reads_back(&"a \"quoted\" \\ text".to_owned()), r#"'a "quoted" \ text'"#);
        assert_eq!(reads_back(&MaybePath::default()), "\"\"");
        assert_eq!(reads_back(&vec!["a".to_owned(), "b".to_owned()]), "[\"a\", \"b\"]");
        reads_back(&vec!["[::1]:8080".parse::<SocketAddr>().unwrap()]);
    }

    #[test]
    fn a_number_without_its_unit_is_refused() {
        for text in [
            "60",
            "\"60\"",
            "\"60s\"",
            "\"-1 s\"",
            "\"1.5 s\"",
            "\"1 week\"",
            "\"99999999999999999999 s\"",
            "\"999999999999999999 days\"",
        ] {
            let table: toml::Table = format!("key = {text}").parse().unwrap();
            let refused = Span::read(&table["key"]).unwrap_err();
            assert!(refused.contains("\"60 s\""), "{text}");
            assert!(Size::read(&table["key"]).is_err(), "{text}");
        }
    }
}

//! How a section is declared once and from that read, checked and printed.

use std::fmt;
use std::ops::RangeInclusive;

use super::value::Value;

/// Something wrong in the settings file. Told with all others at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Where: `server.connections`.
    pub key: String,
    /// What was found there and what to do.
    pub says: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.says)
    }
}

/// One key as it is printed.
#[derive(Debug)]
pub(crate) struct Line {
    /// Its meaning, one line of the comment each.
    pub meaning: &'static [&'static str],
    /// Its name.
    pub key: &'static str,
    /// Its value as it stands in the file.
    pub value: String,
    /// From what to what it may be set.
    pub within: Option<String>,
}

/// A section of the settings file.
pub(crate) trait Section: Default {
    /// Its name in brackets.
    const NAME: &'static str;
    /// Its meaning.
    const MEANING: &'static [&'static str];
    /// Reads it; what is not there keeps its default.
    fn read(table: toml::Table, problems: &mut Vec<Problem>) -> Self;
    /// Its keys with their values.
    fn lines(&self) -> Vec<Line>;
}

/// Reads one key of a section where it is there.
pub(crate) fn read_key<T: Value + PartialOrd>(
    section: &str,
    key: &'static str,
    table: &mut toml::Table,
    setting: &mut T,
    within: Option<RangeInclusive<T>>,
    problems: &mut Vec<Problem>,
) {
    let Some(found) = table.remove(key) else { return };
    let mut refuse = |expected: &str| {
        problems.push(Problem {
            key: format!("{section}.{key}"),
            says: format!("found {found}, write {expected}"),
        });
    };
    match (T::read(&found), within) {
        (Err(expected), _) => refuse(&expected),
        (Ok(value), Some(within)) if !within.contains(&value) => refuse(&bounds(&within)),
        (Ok(value), _) => *setting = value,
    }
}

/// `from 1 to 65_536`, in the words of the file.
pub(crate) fn bounds<T: Value>(within: &RangeInclusive<T>) -> String {
    format!("from {} to {}", within.start().write(), within.end().write())
}

/// What is left in a table once every known key was taken out.
pub(crate) fn refuse_unknown(prefix: &str, left: &toml::Table, known: &[&str], problems: &mut Vec<Problem>) {
    for key in left.keys() {
        let says = format!("is not known; known here: {}", known.join(", "));
        problems.push(Problem { key: format!("{prefix}{key}"), says });
    }
}

/// Declares a section: name, keys with meaning, kind, default and where it matters from what to what.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        pub(crate) struct $name:ident in $section:literal;
        $($(#[doc = $meaning:literal])+ $key:ident: $kind:ty = $default:expr $(, $within:expr)?;)+
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(crate) struct $name {
            $($(#[doc = $meaning])+ pub $key: $kind,)+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)+ }
            }
        }

        impl $crate::settings::section::Section for $name {
            const NAME: &'static str = $section;
            const MEANING: &'static [&'static str] = &[$($about),+];

            fn read(mut table: toml::Table, problems: &mut Vec<$crate::settings::section::Problem>) -> Self {
                use $crate::settings::section::{read_key, refuse_unknown};
                let mut read = Self::default();
                $(
                    let within = [$($within)?].into_iter().next();
                    read_key($section, stringify!($key), &mut table, &mut read.$key, within, problems);
                )+
                refuse_unknown(concat!($section, "."), &table, &[$(stringify!($key)),+], problems);
                read
            }

            fn lines(&self) -> Vec<$crate::settings::section::Line> {
                use $crate::settings::{section, value::Value};
                vec![$(section::Line {
                    meaning: &[$($meaning),+],
                    key: stringify!($key),
                    value: self.$key.write(),
                    within: [$($within)?].iter().map(section::bounds::<$kind>).next(),
                }),+]
            }
        }
    };
}
pub(super) use section;

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

/// Whether all nodes of an installation have to have the same value of a setting. What a new setting is has to be said
/// where it is declared, or it does not compile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The same on every node: it decides what people see, what they may, or what is kept of them.
    Same,
    /// Whether it is set has to be the same on every node; what it names is each node's own.
    Named,
    /// Each node's own: its name, addresses and files, what its machine can do, and how long it takes over it.
    Own,
}

/// The scope a declaration names.
macro_rules! scope {
    (same) => {
        $crate::settings::section::Scope::Same
    };
    (named) => {
        $crate::settings::section::Scope::Named
    };
    (own) => {
        $crate::settings::section::Scope::Own
    };
}
pub(super) use scope;

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
    /// Whether all nodes have to have the same.
    pub scope: Scope,
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

/// Declares a section: name, keys with meaning, scope, kind, default and where it matters from what to what.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        pub(crate) struct $name:ident in $section:literal;
        $($(#[doc = $meaning:literal])+ $scope:ident $key:ident: $kind:ty = $default:expr $(, $within:expr)?;)+
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
                    scope: section::scope!($scope),
                }),+]
            }
        }
    };
}
pub(super) use section;

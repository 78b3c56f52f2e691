//! The only room that counts: every figure of the product is a row of [`TABLE`], and only a row can be counted, because
//! no other room has the crate that counts. From the table come the reference, the lines HELP, TYPE and UNIT of what a
//! monitor reads, and the series that stand at 0 from the start.

mod alarm;
mod exposition;
mod table;

use std::fmt;

pub use alarm::AlarmKind;
pub use exposition::{Figures, Format, NotStarted};
pub use metrics::{Counter, Gauge, Histogram};
pub use table::*;
// For what `alarm!` writes elsewhere.
#[doc(hidden)]
pub use tracing;

/// How a figure moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// How many took how long.
    Histogram,
    /// Of the process: asked of the system when somebody reads it.
    Process,
}

/// A label, and the values it has; none are listed where they are those of another table, such as the routes.
#[derive(Debug, Clone, Copy)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// Its values.
    pub values: &'static [&'static str],
}

/// One figure.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    /// Its name.
    pub name: &'static str,
    /// How it moves.
    pub kind: Kind,
    /// What it says.
    pub says: &'static str,
    /// What tells its series apart.
    pub labels: &'static [Label],
}

/// Units, as `OpenMetrics` names them: the end of the name.
const UNITS: [&str; 2] = ["seconds", "bytes"];

impl Figure {
    /// What a monitor is told of how it moves.
    pub fn word(&self) -> &'static str {
        match self.kind {
            Kind::Counter => "counter",
            Kind::Process if self.name != self.family() => "counter",
            Kind::Gauge | Kind::Process => "gauge",
            Kind::Histogram => "histogram",
        }
    }

    /// The name without the ending that says that it is a sum.
    pub fn family(&self) -> &'static str {
        self.name.strip_suffix("_total").unwrap_or(self.name)
    }

    /// Its unit, which ends the name of its family.
    pub fn unit(&self) -> Option<&'static str> {
        let last = self.family().rsplit('_').next();
        UNITS.into_iter().find(|unit| last == Some(unit))
    }

    /// Every series that is known before anything is counted.
    fn series(&self) -> Vec<Vec<metrics::Label>> {
        let none = vec![Vec::new()];
        self.labels.iter().fold(none, |before, label| {
            let with = |value: &&'static str| {
                let label = metrics::Label::new(label.name, *value);
                before.iter().map(move |labels| [labels.as_slice(), std::slice::from_ref(&label)].concat())
            };
            label.values.iter().flat_map(with).collect()
        })
    }
}

/// Sets a gauge to a whole number.
#[expect(
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "a figure for people; 2^53 is beyond any of them"
)]
pub fn set(gauge: &Gauge, value: u64) {
    gauge.set(value as f64);
}

/// Sets a gauge of seconds to so many milliseconds.
pub fn set_millis(gauge: &Gauge, millis: u64) {
    gauge.set(std::time::Duration::from_millis(millis).as_secs_f64());
}

/// What was counted while that work was done by this thread, for tests.
pub fn counted_by(work: impl FnOnce()) -> Figures {
    let figures = Figures::apart();
    figures.with(work);
    figures
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.name)?;
        for (place, value) in self.values.iter().enumerate() {
            write!(f, "{}{value}", if place == 0 { ": " } else { ", " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod dashboard;
#[cfg(test)]
mod tests;

//! A figure: what was measured, beside what of the same run, and how far it may move from one page to the next.

use std::fmt;

/// A figure may be worse than on the page before by this share of it.
pub(super) const MOST_WORSE: f64 = 0.15;

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Better {
    Less,
    More,
}

/// What a figure is to reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Aim {
    /// Its ratio to the baseline.
    Ratio(f64),
    /// The value itself.
    Value(f64),
    /// Nobody has said.
    None,
}

/// A figure of a step.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Figure {
    /// Its name, the same from run to run.
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) unit: &'static str,
    /// What it is divided by: its name, and its value in the same unit.
    pub(super) baseline: (&'static str, f64),
    pub(super) better: Better,
    pub(super) aim: Aim,
}

impl Figure {
    /// Value by baseline.
    pub(super) fn ratio(&self) -> f64 {
        self.value / self.baseline.1
    }

    fn keeps(&self, reached: f64, aim: f64) -> bool {
        match self.better {
            Better::Less => reached <= aim,
            Better::More => reached >= aim,
        }
    }

    /// Whether the aim is reached, where there is one.
    pub(super) fn reached(&self) -> Option<bool> {
        match self.aim {
            Aim::Ratio(aim) => Some(self.keeps(self.ratio(), aim)),
            Aim::Value(aim) => Some(self.keeps(self.value, aim)),
            Aim::None => None,
        }
    }

    /// How it is worse than before by more than is allowed, in one sentence.
    pub(super) fn worse_than(&self, before: f64) -> Option<String> {
        let now = self.ratio();
        let share = match self.better {
            Better::Less => now / before - 1.0,
            Better::More => 1.0 - now / before,
        };
        // What is no number is no figure, and not as good as before.
        let allowed = share <= MOST_WORSE;
        (!allowed).then(|| {
            format!(
                "{}: its ratio is {} and was {}, which is {:.0} % worse; {:.0} % are allowed",
                self.name,
                Short(now),
                Short(before),
                share * 100.0,
                MOST_WORSE * 100.0
            )
        })
    }

    /// Its row of the table.
    pub(super) fn row(&self) -> String {
        let limit = match self.better {
            Better::Less => "≤",
            Better::More => "≥",
        };
        let aim = match self.aim {
            Aim::Ratio(aim) => format!("{limit} {} ×", Short(aim)),
            Aim::Value(aim) => format!("{limit} {} {}", Short(aim), self.unit),
            Aim::None => "–".to_owned(),
        };
        let reached = match self.reached() {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "–",
        };
        let (name, baseline) = self.baseline;
        format!(
            "| {} | {} {unit} | {name}: {} {unit} | {} × | {aim} | {reached} |",
            self.name,
            Short(self.value),
            Short(baseline),
            Short(self.ratio()),
            unit = self.unit
        )
    }
}

/// The heading of a table of figures.
pub(super) const HEADING: &str =
    "| figure | measured | baseline | ratio | aim | reached |\n|---|---|---|---|---|---|";

/// Name and ratio of each figure on a page.
pub(super) fn on_page(page: &str) -> Vec<(String, f64)> {
    let row = |line: &str| {
        let cells: Vec<&str> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
        let [name, _, _, ratio, _, _] = cells.as_slice() else { return None };
        let ratio = ratio.strip_suffix(" ×")?.replace(',', "").parse().ok()?;
        Some(((*name).to_owned(), ratio))
    };
    page.lines().filter_map(row).collect()
}

/// A number with three figures that count, thousands set apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Short(pub(super) f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        let digits = match size {
            size if size >= 99.95 || size == 0.0 => 0,
            size if size >= 9.995 => 1,
            size if size >= 0.9995 => 2,
            size if size >= 0.09995 => 3,
            size if size >= 0.009_995 => 4,
            _ => 5,
        };
        let plain = format!("{:.digits$}", self.0);
        let Some((whole, _)) = plain.split_once('.').or(Some((&plain, ""))) else { return Ok(()) };
        if whole.len() <= 3 || !whole.bytes().all(|octet| octet.is_ascii_digit()) {
            return f.write_str(&plain);
        }
        let first = whole.len() % 3;
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && at % 3 == first {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(value: f64, better: Better) -> Figure {
        let (name, aim) = ("reads".to_owned(), Aim::Ratio(2.2));
        Figure { name, value, unit: "µs", baseline: ("bare handler", 10.0), better, aim }
    }

    #[test]
    fn a_ratio_that_is_worse_by_more_than_fifteen_percent_is_told_by_name() {
        assert_eq!(figure(22.9, Better::Less).worse_than(2.0), None);
        let told = figure(23.2, Better::Less).worse_than(2.0).unwrap();
        assert_eq!(told, "reads: its ratio is 2.32 and was 2.00, which is 16 % worse; 15 % are allowed");
        assert_eq!(figure(17.1, Better::More).worse_than(2.0), None);
        assert!(figure(16.9, Better::More).worse_than(2.0).unwrap().starts_with("reads: "));
        assert_eq!(figure(30.0, Better::More).worse_than(2.0), None, "better is no fault");
        assert!(figure(f64::NAN, Better::Less).worse_than(2.0).is_some(), "no number is no figure");
    }

    #[test]
    fn aims_are_reached_or_missed() {
        assert_eq!(figure(22.0, Better::Less).reached(), Some(true));
        assert_eq!(figure(22.1, Better::Less).reached(), Some(false));
        assert_eq!(figure(21.9, Better::More).reached(), Some(false));
        assert_eq!(Figure { aim: Aim::Value(25.0), ..figure(24.0, Better::Less) }.reached(), Some(true));
        assert_eq!(Figure { aim: Aim::None, ..figure(24.0, Better::Less) }.reached(), None);
    }

    #[test]
    fn a_page_is_read_as_it_was_written() {
        let figure = Figure { value: 23_456.0, ..figure(0.0, Better::Less) };
        let page = format!("# Performance\n\n{HEADING}\n{}\n\n| a | b |\n", figure.row());
        assert_eq!(on_page(&page), [("reads".to_owned(), 2346.0)]);
        assert_eq!(
            figure.row(),
            "| reads | 23,456 µs | bare handler: 10.0 µs | 2,346 × | ≤ 2.20 × | **no** |"
        );
    }

    #[test]
    fn numbers_have_three_figures_that_count() {
        let short = |number| Short(number).to_string();
        assert_eq!(
            [1_234_567.0, 123.4, 12.34, 1.234, 0.1234, 0.012_34, 0.0].map(short),
            ["1,234,567", "123", "12.3", "1.23", "0.123", "0.0123", "0"]
        );
        assert_eq!(short(-1234.0), "-1234");
    }
}

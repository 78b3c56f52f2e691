//! The lines of the account on one board: whose is whose, and how much of the month each has used.

use askama::Template;
use honnin_care::facts::{Board, BoardLine, LineHead};
use honnin_terms::{BadLineName, HoldingId, LONGEST_LINE_NAME, LineStatus, Octets, Said};

use super::paths::Address;
use super::{Nav, Shell, Theme, rendered};
use crate::chart::permille;
use crate::format::{Count, Text};
use crate::words::Phrase;

/// The lines of the account, to choose from.
#[derive(Debug, Clone, Template)]
#[template(path = "lines.html", whitespace = "minimize")]
pub struct LinesPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// What is shown.
    pub facts: &'a Board,
    /// The line that was not named, and why.
    pub unnamed: Option<(HoldingId, BadLineName)>,
}

impl LinesPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 8 * 1024)
    }

    /// Lines still held, then those that ended, each with its heading.
    fn groups(&self) -> [(Phrase<0>, Vec<&BoardLine>); 2] {
        let words = &self.shell.words().lines;
        let (ended, current) =
            self.facts.lines.iter().partition(|line| line.head.status == LineStatus::Ended);
        [(words.current, current), (words.ended, ended)]
    }

    fn is_here(&self, head: &LineHead) -> bool {
        self.shell.line.is_some_and(|line| line.line == head.line)
    }

    /// The most characters of a name.
    fn most_characters() -> Count {
        Count(u64::try_from(LONGEST_LINE_NAME).unwrap_or(u64::MAX))
    }

    /// Why that line was not named, where it was not.
    fn problem(&self, head: &LineHead) -> Option<BadLineName> {
        self.unnamed.filter(|(line, _)| *line == head.line).map(|(_, why)| why)
    }

    /// What the line that used most has used: the whole width of the bars.
    fn most(&self) -> Octets {
        self.facts.lines.iter().filter_map(|line| self.used(line)).max().unwrap_or(Octets::ZERO)
    }

    fn bar(&self, used: Octets) -> u64 {
        permille(used, self.most())
    }

    /// The moment of what a line has used, where it is not that of the page: then it is said beside it.
    fn of_its_own(&self, line: &BoardLine) -> Option<Said> {
        self.facts.me.origin.beside(line.usage.as_ref().and_then(|usage| usage.as_of))
    }

    /// What a line has used this month, where that is known.
    #[expect(clippy::unused_self, reason = "a template calls methods")]
    fn used(&self, line: &BoardLine) -> Option<Octets> {
        line.usage.as_ref().and_then(|usage| usage.month.get().copied())
    }
}

//! Agreeing to a merge of accounts.

use askama::Template;
use honnin_care::facts::Agreement;
use honnin_care::facts::MergeSide;
use honnin_terms::Moment;

use super::paths::Address;
use super::{Nav, Shell, Theme, rendered};
use crate::format::{Html, Text};
use crate::words::Phrase;

/// Why a consent was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeProblem {
    /// The password is wrong.
    Wrong,
    /// Too many failures: not before that moment.
    Wait(Moment),
    /// The server has no room to check a password now.
    Busy,
}

/// Agreeing to a merge of accounts. Fields: `side`, `password`.
#[derive(Debug, Clone, Template)]
#[template(path = "merge.html", whitespace = "minimize")]
pub struct MergePage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// What was wrong.
    pub problem: Option<MergeProblem>,
    /// The consent that was just given.
    pub given: Option<&'a Agreement>,
}

impl MergePage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 6 * 1024)
    }

    /// Both sides: heading, what will happen, the button's word.
    fn sides(&self) -> [(MergeSide, Phrase<0>, Phrase<0>, Phrase<0>); 2] {
        let words = &self.shell.words().merge;
        [
            (MergeSide::Gives, words.gives, words.gives_text, words.gives_submit),
            (MergeSide::Takes, words.takes, words.takes_text, words.takes_submit),
        ]
    }
}

//! Tokens of programs.

use askama::Template;
use honnin_care::facts::Device;
use honnin_terms::Moment;

use super::paths::Address;
use super::{Nav, Shell, Theme, rendered};
use crate::format::{Html, Text};

/// Why there is no new token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenProblem {
    /// The name is none.
    Name,
    /// The days are none, or more than may be.
    Days,
    /// The password is wrong.
    Wrong,
    /// Too many failures: not before that moment.
    Wait(Moment),
    /// The server has no room to check a password now.
    Busy,
    /// There are as many as may be.
    TooMany,
}

/// A token that was just made: shown once.
#[derive(Debug, Clone, Copy)]
pub struct NewToken<'a> {
    /// The token itself.
    pub token: &'a str,
    /// What she called it.
    pub name: &'a str,
    /// When it ends.
    pub until: Moment,
}

/// Tokens of programs. Fields: `name`, `days`, `password`.
#[derive(Debug, Clone, Template)]
#[template(path = "tokens.html", whitespace = "minimize")]
pub struct TokensPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// Those there are, where they are listed.
    pub tokens: Option<&'a [&'a Device]>,
    /// What was wrong.
    pub problem: Option<TokenProblem>,
    /// The one that was just made.
    pub made: Option<NewToken<'a>>,
}

impl TokensPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 8 * 1024)
    }
}

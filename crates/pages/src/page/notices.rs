//! Notices of the operator.

use askama::Template;
use honnin_care::facts::Notice;

use super::paths::Address;
use super::{Nav, Shell, Theme, rendered};
use crate::format::Text;

/// All notices that are up.
#[derive(Debug, Clone, Template)]
#[template(path = "notices.html", whitespace = "minimize")]
pub struct NoticesPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// What is shown, newest first.
    pub facts: &'a [Notice],
}

impl NoticesPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 8 * 1024)
    }
}

/// One notice.
#[derive(Debug, Clone, Template)]
#[template(path = "notice.html", whitespace = "minimize")]
pub struct NoticePage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// What is shown.
    pub facts: &'a Notice,
}

impl NoticePage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 6 * 1024)
    }
}

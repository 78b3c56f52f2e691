//! The contract of one line.

use askama::Template;
use honnin_care::facts::Contract;
use honnin_terms::LineStatus;

use super::paths::Address;
use super::{Nav, Shell, Theme, rendered};
use crate::format::Count;

/// The contract of one line.
#[derive(Debug, Clone, Template)]
#[template(path = "contract.html", whitespace = "minimize")]
pub struct ContractPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// What is shown.
    pub facts: &'a Contract,
}

impl ContractPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 8 * 1024)
    }
}

//! Money: bills, one bill, purchases.

use askama::Template;
use honnin_care::facts::{Bill, BillLines, Bills, Purchases};
use honnin_terms::{BillState, LineStatus};

use super::paths::Address;
use super::{BannerKind, Nav, Shell, Theme, rendered};
use crate::assets;
use crate::format::Text;
use crate::words::Language;

/// All bills of the account.
#[derive(Debug, Clone, Template)]
#[template(path = "bills.html", whitespace = "minimize")]
pub struct BillsPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// What is shown.
    pub facts: &'a Bills,
}

impl BillsPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 8 * 1024)
    }
}

/// One bill.
#[derive(Debug, Clone, Template)]
#[template(path = "bill.html", whitespace = "minimize")]
pub struct BillPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// What is shown.
    pub facts: &'a Bill,
}

impl BillPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 8 * 1024)
    }
}

/// The purchases of one line.
#[derive(Debug, Clone, Template)]
#[template(path = "purchases.html", whitespace = "minimize")]
pub struct PurchasesPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// What is shown.
    pub facts: &'a Purchases,
}

impl PurchasesPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 8 * 1024)
    }
}

//! Money: bills, one bill, purchases.

use askama::Template;
use honnin_care::facts::{Bill, BillHead, BillLine, BillLines, Bills, Purchase, Purchases};
use honnin_terms::{BillState, LineStatus, Month, Said, Yen};

use super::paths::Address;
use super::{Nav, Shell, Theme, rendered};
use crate::chart::MoneyBars;
use crate::format::{Html, Text};

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

    /// Whether a bill has a moment that is not that of the list: then it is said beside it.
    fn of_its_own(&self, bill: &BillHead) -> bool {
        self.facts.origin.as_ref().is_none_or(|origin| origin.as_of != bill.as_of)
    }

    /// The latest months side by side, with the first and the last of them, where there are several.
    fn bars(&self) -> Option<(MoneyBars, Month, Month)> {
        let amounts: Vec<Yen> = self.facts.bills.iter().take(12).map(|bill| bill.amount).collect();
        let (last, first) = (self.facts.bills.first()?, self.facts.bills.iter().take(12).next_back()?);
        (amounts.len() > 1).then(|| (MoneyBars::new(&amounts), first.month, last.month))
    }
}

/// How an amount stands to that of the month before.
enum Against {
    /// The same.
    Same,
    /// More by so much.
    More(Yen),
    /// Less by so much.
    Less(Yen),
}

/// An item that is not as it was in the month before.
struct Change<'a> {
    item: &'a str,
    now: Option<Yen>,
    was: Option<Yen>,
}

/// One bill.
#[derive(Debug, Clone, Template)]
#[template(path = "bill.html", whitespace = "minimize")]
pub struct BillPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// What is shown.
    pub facts: &'a Bill,
    /// The member number, where it is known whose bill it is.
    pub member: Option<&'a str>,
}

impl BillPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 8 * 1024)
    }

    /// The moment of the items, where it is not that of the bill: then it is said beside them.
    fn items_said(&self) -> Option<Said> {
        self.facts.origin.beside(self.facts.lines.as_of())
    }

    fn against(&self, before: Yen) -> Against {
        let more = self.facts.head.amount.get().saturating_sub(before.get());
        match more {
            0 => Against::Same,
            1.. => Against::More(Yen::new(more)),
            _ => Against::Less(Yen::new(more.saturating_neg())),
        }
    }

    /// The items that are not as they were, in the order of this bill; items that are gone at the end.
    fn changes<'a>(&'a self, before: &'a [BillLine]) -> Vec<Change<'a>> {
        let sum = |lines: &[BillLine], item: &str| {
            let of_item = || lines.iter().filter(|line| line.item == item).map(|line| line.amount.get());
            of_item().next().map(|_| Yen::new(of_item().fold(0, i64::saturating_add)))
        };
        let mut seen: Vec<&str> = Vec::new();
        let mut changes = Vec::new();
        for line in self.facts.lines.shown().iter().chain(before) {
            if seen.contains(&line.item.as_str()) {
                continue;
            }
            seen.push(&line.item);
            let (now, was) = (sum(self.facts.lines.shown(), &line.item), sum(before, &line.item));
            if now != was {
                changes.push(Change { item: &line.item, now, was });
            }
        }
        changes
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

    /// Whether a purchase has a moment that is not that of the list: then it is said beside it.
    fn of_its_own(&self, purchase: &Purchase) -> bool {
        self.facts.origin.as_ref().is_none_or(|origin| origin.as_of != purchase.as_of)
    }
}

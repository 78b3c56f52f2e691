//! Home: what is left, until when, high speed, usage, the bill, all of one line.

use askama::Template;
use honnin_care::facts::Home;
use honnin_terms::{BillState, HoldingId, LineStatus, SpeedReason, SpeedState};

use super::paths::Address;
use super::speed::stands_high;
use super::{BannerKind, Nav, Outlook, Shell, Theme, outlook, rendered};
use crate::assets;
use crate::chart::permille;
use crate::format::Count;
use crate::words::{Language, Phrase};

/// Home of one line.
#[derive(Debug, Clone, Template)]
#[template(path = "home.html", whitespace = "minimize")]
pub struct HomePage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// What is shown.
    pub facts: &'a Home,
    /// How many notices are up now.
    pub notices: usize,
}

impl HomePage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 6 * 1024)
    }

    fn line(&self) -> HoldingId {
        self.facts.head.line
    }

    fn outlook(&self) -> Option<Outlook> {
        outlook(self.facts, self.shell.zone.day(self.facts.origin.as_of))
    }

    fn gauge(&self) -> u64 {
        self.facts.balance.get().map_or(0, |balance| permille(balance.remaining, balance.granted))
    }

    /// What the line stands at by choice, so that the button offers the other.
    fn stands_high(&self) -> bool {
        stands_high(&self.facts.speed)
    }

    /// Whether the line is slow although it is set to high speed.
    fn is_held_down(&self) -> bool {
        let speed = &self.facts.speed;
        speed.applied_high == Some(false)
            && speed.desired_high
            && speed.state == SpeedState::Confirmed
            && speed.reason != SpeedReason::Chosen
    }

    /// Whether the line is slow because its holder wants it so.
    fn is_chosen_low(&self) -> bool {
        let speed = &self.facts.speed;
        speed.applied_high == Some(false) && speed.reason == SpeedReason::Chosen && !self.changing()
    }

    /// Whether a wish is on its way.
    fn changing(&self) -> bool {
        matches!(self.facts.speed.state, SpeedState::Accepted | SpeedState::Pending)
    }

    /// Why the speed is low although nobody chose it; said beside the balance.
    fn held_down(&self) -> Option<Phrase> {
        let words = &self.shell.words().home;
        match self.facts.speed.reason {
            SpeedReason::Exhausted => Some(words.exhausted),
            SpeedReason::FairUse => Some(words.fair_use),
            SpeedReason::Chosen | SpeedReason::Suspended => None,
        }
    }

    /// Whether the month has begun and the ledger has no day of it yet.
    fn is_first_day(&self) -> bool {
        let today = self.shell.today();
        self.facts.usage.known_days == 0 && today.day_of_month() == 1 && self.facts.usage.of == today.month()
    }
}

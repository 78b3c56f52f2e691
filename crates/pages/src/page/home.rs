//! Home: one sentence that answers, what is left, the next step where there is one; the rest below.

use askama::Template;
use honnin_care::facts::{BADGE_DAYS, Balance, BillHead, Home, NextExpiry};
use honnin_terms::{BillState, Day, HoldingId, LineStatus, Octets, Said, SpeedReason, SpeedState, Yen};

use super::paths::Address;
use super::speed::stands_high;
use super::{Nav, Outlook, Shell, Theme, outlook, rendered};
use crate::chart::{Spark, permille};
use crate::format::{AboutGb, Count, Gb, Html, Rounding};
use crate::piece::Told;
use crate::words::{Phrase, Words};

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
    /// How many lines the account holds now.
    pub held: usize,
}

/// How a sentence is meant: its colour, and the sign beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    /// Nothing to do.
    Well,
    /// Something to know.
    Plain,
    /// Something to look after.
    Warn,
    /// Something that does not work, or soon will not.
    Bad,
}

impl Tone {
    const fn word(self) -> &'static str {
        match self {
            Self::Well => "ok",
            Self::Plain => "",
            Self::Warn => "warn",
            Self::Bad => "err",
        }
    }
}

/// The one thing to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The line is suspended.
    Resume,
    /// A bill is overdue.
    Pay(BillHead),
    /// Nothing is left.
    Refill,
    /// Little is left.
    Spare,
    /// Much lapses soon.
    Use(NextExpiry),
}

/// Below so many thousandths of the grant the balance is low.
const LOW: u64 = 200;
/// Below so many it is very low.
const VERY_LOW: u64 = 50;
/// So many days before it lapses, data is said to lapse soon.
const SOON_DAYS: i32 = 10;
/// From so many octets on it is worth a step of its own where nobody knows the pace: one gigabyte.
const WORTH: u64 = 1_000_000_000;
/// The least surplus that is said as an amount: a tenth of a gigabyte.
const TENTH: u64 = 100_000_000;

impl HomePage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 10 * 1024)
    }

    fn line(&self) -> HoldingId {
        self.facts.head.line
    }

    fn outlook(&self) -> Option<Outlook> {
        outlook(self.facts, self.shell.zone.day(self.facts.origin.as_of.at))
    }

    fn balance(&self) -> Option<Balance> {
        self.facts.balance.get().copied()
    }

    fn gauge(&self) -> u64 {
        self.balance().map_or(0, |balance| permille(balance.remaining, balance.granted))
    }

    fn held_count(&self) -> u64 {
        u64::try_from(self.held).unwrap_or(u64::MAX)
    }

    fn notice_count(&self) -> u64 {
        u64::try_from(self.notices).unwrap_or(u64::MAX)
    }

    /// The days that looks by others are counted of.
    fn badge_days() -> Count {
        Count(BADGE_DAYS.unsigned_abs())
    }

    /// How looks by others are told: nobody's is well.
    fn seen_tone(&self) -> Tone {
        if self.facts.seen_by_others.is_some_and(|times| times > 0) { Tone::Warn } else { Tone::Well }
    }

    /// The moment of a figure, where it is not that of the page: then it is said beside it.
    fn of_its_own(&self, as_of: Option<Said>) -> Option<Said> {
        self.facts.origin.beside(as_of)
    }

    /// The oldest moment of the bills that are shown.
    fn bills_as_of(&self) -> Option<Said> {
        self.facts.bills.iter().map(|bill| bill.as_of).min()
    }

    /// The colour of the gauge: by what is left.
    fn level(&self) -> &'static str {
        match self.gauge() {
            0..VERY_LOW => "err",
            VERY_LOW..LOW => "warn",
            _ => "",
        }
    }

    fn overdue(&self) -> impl Iterator<Item = &BillHead> {
        self.facts.bills.iter().filter(|bill| bill.state == BillState::Overdue)
    }

    /// The final bill that is due next.
    fn next_bill(&self) -> Option<&BillHead> {
        let waiting = self.facts.bills.iter().filter(|bill| bill.state == BillState::Final);
        waiting.min_by_key(|bill| (bill.due_on.is_none(), bill.due_on))
    }

    /// The bill of the month that is not final yet.
    fn estimate(&self) -> Option<&BillHead> {
        self.facts.bills.iter().find(|bill| bill.state == BillState::Open)
    }

    /// The newest bill, where nothing has to be paid.
    fn paid(&self) -> Option<&BillHead> {
        let newest = self.facts.bills.first().filter(|bill| bill.state == BillState::Paid);
        newest.filter(|_| self.overdue().next().is_none() && self.next_bill().is_none())
    }

    /// What is left lapses within days, and how.
    fn lapsing(&self) -> Option<NextExpiry> {
        let today = self.shell.today();
        self.facts.next_expiry.filter(|next| next.expires_on.number() - today.number() <= SOON_DAYS)
    }

    /// What lapses next, where the next step does not say it.
    fn next_expiry(&self) -> Option<NextExpiry> {
        self.facts.next_expiry.filter(|_| !matches!(self.step(), Some(Step::Use(_))))
    }

    /// Whether more lapses than the pace would use until then; where the pace is not known, whether it is much.
    fn is_lapse_grave(&self, next: &NextExpiry) -> bool {
        let usage = &self.facts.usage;
        let shared = self.balance().is_some_and(|balance| balance.shared);
        let month = usage.month.get().filter(|month| **month > Octets::ZERO);
        let Some(month) = month.filter(|_| !shared && usage.known_days > 0) else {
            return next.octets.get() >= WORTH;
        };
        let days = u64::try_from(next.expires_on.number() - self.shell.today().number() + 1).unwrap_or(0);
        let used = u128::from(month.get()) * u128::from(days) / u128::from(usage.known_days);
        u128::from(next.octets.get()) >= used + u128::from(WORTH)
    }

    /// The sentence that answers, with its tone. The gravest thing is said.
    fn say(&self) -> (Tone, Told) {
        let (words, shell) = (self.shell.words(), &self.shell);
        let home = &words.home;
        let left = |balance: &Balance| Html(Gb(balance.remaining, Rounding::Down));
        match self.facts.head.status {
            LineStatus::Suspended => return (Tone::Bad, told(home.say_suspended)),
            LineStatus::Ended => return (Tone::Plain, told(home.say_ended)),
            LineStatus::Upcoming => return (Tone::Plain, self.begins()),
            LineStatus::Active => {}
        }
        if let Some(overdue) = self.overdue_said(words) {
            return (Tone::Bad, overdue);
        }
        let Some(balance) = self.balance() else { return (Tone::Warn, told(home.say_unknown)) };
        match self.facts.speed.reason {
            SpeedReason::Exhausted => return (Tone::Bad, told(home.say_exhausted)),
            SpeedReason::FairUse => return (Tone::Warn, told(home.say_fair_use)),
            SpeedReason::Chosen | SpeedReason::Suspended => {}
        }
        if balance.remaining == Octets::ZERO {
            return (Tone::Bad, told(home.say_exhausted));
        }
        if self.is_chosen_low() {
            return (Tone::Plain, home.say_chosen_low.with(left(&balance)).told());
        }
        let day_after = |days| shell.today().plus(days);
        match (self.outlook(), self.gauge()) {
            (Some(Outlook::RunsOut(day)), _) if day <= shell.today() => {
                (Tone::Bad, home.say_today.with(left(&balance)).told())
            }
            (Some(Outlook::RunsOut(day)), _) if day <= day_after(1) => {
                (Tone::Bad, home.say_tomorrow.with(left(&balance)).told())
            }
            (_, 0..VERY_LOW) => (Tone::Bad, home.say_very_low.with(left(&balance)).told()),
            (Some(Outlook::RunsOut(day)), _) => {
                (Tone::Warn, home.say_runs_out.with(shell.day_text(day)).told())
            }
            (Some(Outlook::Lasts(spare)), _) if spare.get() >= TENTH => {
                (Tone::Well, home.say_enough.with(AboutGb(spare)).told())
            }
            (Some(Outlook::Lasts(_)), _) => (Tone::Well, told(home.say_lasts)),
            (None, VERY_LOW..LOW) => (Tone::Warn, home.say_low.with(left(&balance)).told()),
            (None, _) => (Tone::Plain, home.say_left.with(Count(self.gauge() / 10)).told()),
        }
    }

    /// When a line that has not begun begins.
    fn begins(&self) -> Told {
        self.shell.words().shell.begins.with(self.shell.day_of_year(self.facts.head.held.from)).told()
    }

    fn overdue_said(&self, words: &Words) -> Option<Told> {
        let first = self.overdue().next()?;
        let (count, sum) = self
            .overdue()
            .fold((0, 0i64), |(count, sum), bill| (count + 1, sum.saturating_add(bill.amount.get())));
        let amount = self.shell.yen_text(Yen::new(sum));
        Some(if count > 1 {
            words.home.say_overdue_many.of_count(count, words).with(Count(count), amount).told()
        } else {
            words.home.say_overdue.with(self.shell.short_month(first.month), amount).told()
        })
    }

    /// The one thing to do next, where there is one.
    fn step(&self) -> Option<Step> {
        let speed = &self.facts.speed;
        match self.facts.head.status {
            LineStatus::Suspended => return Some(Step::Resume),
            LineStatus::Ended | LineStatus::Upcoming => return None,
            LineStatus::Active => {}
        }
        if let Some(bill) = self.overdue().min_by_key(|bill| bill.month) {
            return Some(Step::Pay(*bill));
        }
        let balance = self.balance()?;
        if balance.remaining == Octets::ZERO {
            return speed.desired_high.then_some(Step::Refill);
        }
        let soon = matches!(self.outlook(), Some(Outlook::RunsOut(_)));
        if (soon || self.gauge() < LOW) && self.stands_high() && speed.changeable && !self.changing() {
            return Some(Step::Spare);
        }
        self.lapsing().filter(|next| self.is_lapse_grave(next)).map(Step::Use)
    }

    /// What the line stands at by choice, so that the button offers the other.
    fn stands_high(&self) -> bool {
        stands_high(&self.facts.speed)
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

    /// The state of high speed in a word with its class, and what it means. Never ON where it is slow.
    fn speed_said(&self) -> (Phrase<0>, &'static str, Option<Phrase<0>>) {
        let (words, speed) = (self.shell.words(), &self.facts.speed);
        let home = &words.home;
        let setting = if speed.desired_high { home.set_on } else { home.set_off };
        let none_left = self.balance().is_some_and(|balance| balance.remaining == Octets::ZERO);
        match (speed.reason, speed.applied_high) {
            _ if self.facts.head.status == LineStatus::Suspended => (home.paused, "", Some(home.paused_text)),
            (SpeedReason::Suspended, _) => (home.paused, "", Some(home.paused_text)),
            (SpeedReason::Exhausted, _) => (home.low_exhausted, "", Some(setting)),
            (SpeedReason::FairUse, _) => (home.low_fair_use, "", Some(setting)),
            (SpeedReason::Chosen, Some(true)) if none_left => (home.low_exhausted, "", Some(setting)),
            (SpeedReason::Chosen, Some(true)) => (words.shell.on, " on", Some(home.uses_data)),
            (SpeedReason::Chosen, Some(false)) => (words.shell.off, "", Some(home.saves_data)),
            (SpeedReason::Chosen, None) => (words.speed.never_asked, "", None),
        }
    }

    fn spark(&self) -> Option<Spark> {
        Spark::new(self.shell.today(), &self.facts.recent)
    }

    /// What was used today, else yesterday, where that is known.
    fn latest_use(&self) -> Option<Told> {
        let words = &self.shell.words().home;
        let used = |date: Day| {
            let day = self.facts.recent.iter().find(|day| day.date == date)?;
            Some(self.shell.used(day.high.plus(day.low)))
        };
        let today = self.shell.today();
        let of_today = used(today).map(|amount| words.today_used.with(amount).told());
        of_today.or_else(|| used(today.plus(-1)).map(|amount| words.yesterday_used.with(amount).told()))
    }

    /// Whether the month has begun and the ledger has no day of it yet.
    fn is_first_day(&self) -> bool {
        let today = self.shell.today();
        self.facts.usage.known_days == 0 && today.day_of_month() == 1 && self.facts.usage.of == today.month()
    }

    /// When a bill is due, in words of about now.
    fn due(&self, due: Day) -> Told {
        let (words, days) = (self.shell.words(), self.shell.days_until(due));
        match due.number() - self.shell.today().number() {
            ..0 => words.home.was_due.with(self.shell.day(due)).told(),
            0 => words.home.due_today.with(self.shell.day(due)).told(),
            _ => {
                let phrase = words.home.due_in.of_count(days, words);
                phrase.with(Count(days), self.shell.day(due)).told()
            }
        }
    }
}

fn told(phrase: Phrase<0>) -> Told {
    Html(phrase).told()
}

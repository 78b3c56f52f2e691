//! Whether what is left will last to the end of the month.
//!
//! The rule, in whole octets and days:
//! 1. Pace = what this line used this month ÷ the days of the month up to the day of the ledger's figures.
//! 2. What expires before the end of the month counts only as far as the pace would use it until then.
//! 3. Usable ÷ pace = days it lasts, counted from the day of the figures.
//!
//! Nothing is said where the rule would be a guess: in the first three days of a month, where other lines draw
//! from the same data, where the line is not at high speed by choice, where nothing was used or nothing is left.

use honnin_care::facts::Home;
use honnin_terms::{Day, LineStatus, SpeedReason};

/// What the pace of this month comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// It lasts to the end of the month.
    Lasts,
    /// It runs out on about that day.
    RunsOut(Day),
}

/// Days of a month after which its pace says something.
const FIRST_DAYS: i8 = 3;

/// The outlook at the day of the ledger's figures, where there is one.
pub fn outlook(home: &Home, as_of: Day) -> Option<Outlook> {
    let balance = home.balance?;
    let at_high_speed = home.speed.applied_high == Some(true) && home.speed.reason == SpeedReason::Chosen;
    let told = home.head.status == LineStatus::Active
        && at_high_speed
        && !balance.shared
        && home.usage.of == as_of.month()
        && as_of.day_of_month() > FIRST_DAYS
        && home.head.held.from <= as_of.month().first();
    let used = u128::from(home.usage.month.get());
    let left = u128::from(balance.remaining.get());
    if !told || used == 0 || left == 0 {
        return None;
    }
    let elapsed = u128::from(as_of.day_of_month().unsigned_abs());
    let month_end = as_of.month().last();
    let days_to = |day: Day| u128::try_from(day.number() - as_of.number()).unwrap_or(0);
    let expiring = home.next_expiry.filter(|next| next.expires_on < month_end).map_or(0, |next| {
        let used_by_then = used * days_to(next.expires_on) / elapsed;
        u128::from(next.octets.get()).saturating_sub(used_by_then)
    });
    let lasts_days = left.saturating_sub(expiring) * elapsed / used;
    if lasts_days >= days_to(month_end) {
        return Some(Outlook::Lasts);
    }
    Some(Outlook::RunsOut(as_of.plus(i32::try_from(lasts_days).unwrap_or(i32::MAX))))
}

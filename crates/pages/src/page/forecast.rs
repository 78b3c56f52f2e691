//! Whether what is left will last to the end of the month.
//!
//! The rule, in whole octets and days:
//! 1. Pace = what this line used this month ÷ the days of this month that are known.
//! 2. What expires before the end of the month counts only as far as the pace would use it until then.
//! 3. Usable ÷ pace = days it lasts, counted from the day of the figures.
//!
//! Nothing is said where the rule would be a guess: with three known days or fewer, where other lines draw from the
//! same data, where the line is not at high speed by choice, where nothing was used or nothing is left.

use honnin_care::facts::Home;
use honnin_terms::{Day, LineStatus, Octets, SpeedReason};

/// What the pace of this month comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// It lasts to the end of the month, and so much is left over then.
    Lasts(Octets),
    /// It runs out on about that day.
    RunsOut(Day),
}

/// So many known days say nothing of a pace yet.
const TOO_FEW_DAYS: u32 = 3;

/// The outlook at the day of the ledger's figures, where there is one.
pub fn outlook(home: &Home, as_of: Day) -> Option<Outlook> {
    let balance = *home.balance.get()?;
    let month = *home.usage.month.get()?;
    let at_high_speed = home.speed.applied_high == Some(true) && home.speed.reason == SpeedReason::Chosen;
    let told = home.head.status == LineStatus::Active
        && at_high_speed
        && !balance.shared
        && balance.current
        && home.usage.of == as_of.month()
        && home.usage.known_days > TOO_FEW_DAYS;
    let used = u128::from(month.get());
    let left = u128::from(balance.remaining.get());
    if !told || used == 0 || left == 0 {
        return None;
    }
    let known = u128::from(home.usage.known_days);
    let month_end = as_of.month().last();
    let days_to = |day: Day| u128::try_from(day.number() - as_of.number()).unwrap_or(0);
    let expiring = home.next_expiry.filter(|next| next.expires_on < month_end).map_or(0, |next| {
        let used_by_then = used * days_to(next.expires_on) / known;
        u128::from(next.octets.get()).saturating_sub(used_by_then)
    });
    let usable = left.saturating_sub(expiring);
    let lasts_days = usable * known / used;
    if lasts_days >= days_to(month_end) {
        let spare = usable.saturating_sub((used * days_to(month_end)).div_ceil(known));
        return Some(Outlook::Lasts(Octets::new(u64::try_from(spare).unwrap_or(u64::MAX))));
    }
    Some(Outlook::RunsOut(as_of.plus(i32::try_from(lasts_days).unwrap_or(i32::MAX))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use honnin_care::facts::{Balance, Effective, LineHead, NextExpiry, Origin, Speed, UsageHead};
    use honnin_terms::{Held, HoldingId, Id as _, Known, Moment, SpeedState};

    const GB: u64 = 1_000_000_000;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    /// A line that used 1 GB on each of 20 days of November.
    fn home(left: u64) -> Home {
        Home {
            head: LineHead {
                line: HoldingId::from_octets([1; 16]),
                number_masked: String::new(),
                nickname: None,
                plan: String::new(),
                status: LineStatus::Active,
                held: Held { from: day("2024-01-01"), to: None },
            },
            origin: Origin { as_of: honnin_terms::Said::by_ledger(Moment::EPOCH), source: String::new() },
            balance: Known::Known(Balance {
                remaining: Octets::new(left * GB),
                granted: Octets::new(99 * GB),
                shared: false,
                current: true,
            }),
            next_expiry: None,
            speed: Speed {
                desired_high: true,
                applied_high: Some(true),
                state: SpeedState::Confirmed,
                reason: SpeedReason::Chosen,
                effective: Some(Effective::High),
                version: 0,
                changed_at: None,
                changeable: true,
            },
            five_g: false,
            share_lines: None,
            usage: UsageHead {
                today: None,
                month: Known::Known(Octets::new(20 * GB)),
                known_days: 20,
                missing_days: 0,
                as_of: None,
                of: day("2026-11-20").month(),
            },
            recent: Vec::new(),
            bills: Vec::new(),
            seen_by_others: None,
        }
    }

    fn on_the_20th(home: &Home) -> Option<Outlook> {
        outlook(home, day("2026-11-20"))
    }

    #[test]
    fn what_covers_the_days_left_lasts_and_less_runs_out_on_its_day() {
        assert_eq!(on_the_20th(&home(10)), Some(Outlook::Lasts(Octets::ZERO)));
        assert_eq!(on_the_20th(&home(12)), Some(Outlook::Lasts(Octets::new(2 * GB))));
        assert_eq!(on_the_20th(&home(9)), Some(Outlook::RunsOut(day("2026-11-29"))));
    }

    #[test]
    fn what_expires_unused_does_not_count() {
        let expiring =
            |octets| Some(NextExpiry { octets: Octets::new(octets * GB), expires_on: day("2026-11-22") });
        assert!(matches!(
            on_the_20th(&Home { next_expiry: expiring(2), ..home(12) }),
            Some(Outlook::Lasts(_))
        ));
        let most = Home { next_expiry: expiring(9), ..home(12) };
        assert_eq!(on_the_20th(&most), Some(Outlook::RunsOut(day("2026-11-25"))));
    }

    #[test]
    fn where_it_would_be_a_guess_nothing_is_said() {
        let shared = |balance: Balance| Balance { shared: true, ..balance };
        let few = UsageHead { known_days: 3, ..home(9).usage };
        let unused = UsageHead { month: Known::Known(Octets::ZERO), ..home(9).usage };
        let low = Speed { applied_high: Some(false), ..home(9).speed };
        for home in [
            home(0),
            Home { balance: Known::NEVER, ..home(9) },
            Home { balance: home(9).balance.map(shared), ..home(9) },
            Home { usage: few, ..home(9) },
            Home { usage: unused, ..home(9) },
            Home { speed: low, ..home(9) },
        ] {
            assert_eq!(on_the_20th(&home), None);
        }
        assert_eq!(outlook(&home(9), day("2026-12-05")), None);
    }
}

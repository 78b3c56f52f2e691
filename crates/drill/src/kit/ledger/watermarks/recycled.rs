//! A number that was one account's and is another's now, with days between on which it was nobody's.

use super::{Holding, Writer, days_before};
use crate::ledger::Failure;
use crate::scan::Marked;

/// Before the moment of the extract: how many days ago the former holder gave the number up, and the next got it.
const GIVEN_UP: u64 = 20;
const TAKEN: u64 = 8;
/// Of the former holder's days so many arrive in the file of the newest month, after the next holder began.
const LATE: u64 = 5;
/// Who holds the number between the two.
pub(super) const NOBODY: &str = "nobody";

impl Writer {
    /// Writes two accounts that had the same number one after the other; says their 会員ID.
    pub(super) fn passed_on(&mut self) -> Result<(String, String), Failure> {
        let today = self.asked.as_of.date();
        let (given_up, taken) = (days_before(today, GIVEN_UP)?, days_before(today, TAKEN)?);
        let number = self.number();
        let (former, former_at) = self.person(self.lines)?;
        let (next, next_at) = self.person(self.lines)?;
        let of_former = Holding {
            account: &former,
            share: "",
            number,
            is_hers_alone: false,
            is_suspended: false,
            from: days_before(today, 1000)?,
            to: Some(given_up),
            bought: days_before(given_up, 5)?,
        };
        let of_next =
            Holding { account: &next, from: taken, to: None, bought: days_before(today, 3)?, ..of_former };
        let mut hers = self.holding(&of_former)?;
        let mut theirs = self.holding(&of_next)?;
        let mut nobodys =
            Marked { account: NOBODY.to_owned(), line: None, text: Vec::new(), numbers: Vec::new() };
        let on_time = days_before(given_up, LATE)?;
        let mut late = Vec::new();
        for day in self.usage_days.clone() {
            if day > on_time && day <= given_up {
                late.push(day);
                continue;
            }
            let marked = match day {
                day if day <= given_up => &mut hers,
                day if day >= taken => &mut theirs,
                _ => &mut nobodys,
            };
            self.usage(number, day, day, marked)?;
        }
        // The next holder has used the number by the time these arrive.
        for day in late {
            self.usage(number, day, days_before(today, 1)?, &mut hers)?;
        }
        self.marked.extend([hers, theirs, nobodys]);
        self.bill(&former, former_at, 1)?;
        self.bill(&next, next_at, 1)?;
        Ok((former, next))
    }
}

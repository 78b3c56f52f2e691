//! What all nodes know of the waiting room: one small value that each of them replaces by compare-and-swap.

use std::fmt::Write as _;

use super::line::{Bucket, Line};
use super::{Micros, RoomBounds, SETTLED, micros};

/// When the operator has it open, whatever is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// From then on.
    pub from: Micros,
    /// Until then; it stays open afterwards while somebody waits.
    pub until: Micros,
}

/// What one node has to say: whom it has placed, and how many it can take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub(super) opens: bool,
    pub(super) arrivals: Line,
    pub(super) entered: u32,
    pub(super) placed_at: Option<Micros>,
    pub(super) call: u32,
}

impl Step {
    /// How many it can take.
    pub const fn call(&self) -> u32 {
        self.call
    }

    /// The same with another number.
    #[must_use]
    pub fn calling(self, call: u32) -> Self {
        Self { call, ..self }
    }

    /// Whether nothing is said.
    fn is_nothing(&self) -> bool {
        !self.opens && self.arrivals.is_empty() && self.entered == 0 && self.placed_at.is_none()
    }
}

/// The line as all nodes know it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Book {
    /// Since when it is open; `None` where it is not.
    opened: Option<Micros>,
    /// The watermark: who came before may enter.
    called: Micros,
    /// When somebody was last placed.
    placed_at: Micros,
    /// What the operator wants.
    plan: Option<Plan>,
    /// How many were called since it opened, and how many of them have come.
    people: u64,
    entered: u64,
    line: Line,
}

/// A text that is no such value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadBook;

/// What the value begins with.
const FORMAT: &str = "1";

impl Book {
    /// Whether people are placed.
    pub fn is_open(&self, now: Micros) -> bool {
        self.opened.is_some() || self.is_planned(now)
    }

    pub(super) fn is_planned(&self, now: Micros) -> bool {
        self.plan.is_some_and(|plan| plan.from <= now && now < plan.until)
    }

    /// What the operator wants.
    pub const fn plan(&self) -> Option<Plan> {
        self.plan
    }

    /// The watermark.
    pub const fn called(&self) -> Micros {
        self.called
    }

    /// How many wait.
    pub fn waiting(&self) -> u64 {
        self.line.people()
    }

    /// How many were called since it opened.
    pub const fn called_people(&self) -> u64 {
        self.people
    }

    /// How many of a thousand come, of so many who were called long enough ago; all of them while those are hardly any.
    pub(super) fn shows(&self, called: u64) -> u64 {
        if called < 50 { 1_000 } else { (self.entered.saturating_mul(1_000) / called).min(1_000) }
    }

    pub(super) fn ahead(&self, came: Micros) -> u64 {
        self.line.before(came)
    }

    /// With another plan. Where it is taken away the room closes; it opens again by itself where it has to.
    #[must_use]
    pub fn planned(self, plan: Option<Plan>) -> Self {
        match plan {
            Some(_) => Self { plan, ..self },
            None => Self { plan: None, opened: None, line: Line::default(), ..self },
        }
    }

    /// With what a node has to say; and how many of those it can take were not there. `None` where nothing changes.
    pub fn after(&self, now: Micros, step: &Step, bounds: &RoomBounds) -> Option<(Self, u32)> {
        let is_planned = self.is_planned(now);
        if self.opened.is_none() && step.is_nothing() && !is_planned {
            return None;
        }
        let mut next = self.clone();
        if next.plan.is_some_and(|plan| plan.until <= now) {
            next.plan = None;
        }
        if next.opened.is_none() {
            if !step.opens && !is_planned {
                // It was closed meanwhile: whoever was placed enters.
                return (next != *self).then_some((next, 0));
            }
            next.opened = Some(now);
            // Nobody has a place yet, but for those of its first moments.
            let first = step.arrivals.buckets().first().map_or(now, |bucket| bucket.from);
            next.called = next.called.max(first.min(now.saturating_sub(SETTLED)));
            (next.people, next.entered) = (0, 0);
            next.placed_at = now;
        }
        next.line.take(step.arrivals.clone());
        // Who came before the watermark is called already: another node's clock, or its word came late.
        let late = next.line.leave_before(next.called);
        next.people = next.people.saturating_add(late);
        next.entered = next.entered.saturating_add(u64::from(step.entered));
        let settled = now.saturating_sub(SETTLED).max(next.called);
        let moment = next.line.moment_of(u64::from(step.call), settled);
        let gone = next.line.leave_before(moment);
        next.called = next.called.max(moment);
        next.people = next.people.saturating_add(gone);
        let unused = u64::from(step.call).saturating_sub(gone.saturating_add(late));
        let unused = if next.line.is_empty() { u32::try_from(unused).unwrap_or(u32::MAX) } else { 0 };
        // Who came just now is in the line whatever is free; only who could not be called although the watermark might have
        // passed her shows that there are too many.
        let is_short = next.line.before(settled) > 0;
        if is_short || step.opens {
            next.placed_at = next.placed_at.max(step.placed_at.unwrap_or(0));
        }
        let calm = now.saturating_sub(next.placed_at) >= micros(bounds.closes);
        if calm && !is_short && !is_planned {
            // Whoever came just now enters when she asks again.
            (next.opened, next.people, next.entered) = (None, 0, 0);
            next.line = Line::default();
        }
        Some((next, unused))
    }

    /// As it is stored.
    pub fn write(&self) -> String {
        let Self { opened, called, placed_at, plan, people, entered, line } = self;
        let (from, until) = plan.map_or((0, 0), |plan| (plan.from, plan.until));
        let opened = opened.unwrap_or(0);
        let mut text = format!("{FORMAT} {opened} {called} {placed_at} {from} {until} {people} {entered}");
        // Each from the end of the one before, so that the numbers are short.
        let mut at = *called;
        for Bucket { from, to, people } in line.buckets() {
            // A string takes whatever is written to it.
            let _written = write!(text, " {}+{}:{people}", from.saturating_sub(at), to.saturating_sub(*from));
            at = *to;
        }
        text
    }

    /// What was stored.
    ///
    /// # Errors
    /// [`BadBook`] where nobody of us wrote it.
    pub fn read(text: &str) -> Result<Self, BadBook> {
        let mut words = text.split(' ');
        if words.next() != Some(FORMAT) {
            return Err(BadBook);
        }
        let mut number = || words.next().and_then(|word| word.parse::<u64>().ok()).ok_or(BadBook);
        let (opened, called, placed_at) = (number()?, number()?, number()?);
        let (from, until, people, entered) = (number()?, number()?, number()?, number()?);
        let (mut buckets, mut at) = (Vec::new(), called);
        for word in words {
            let (after, rest) = word.split_once('+').ok_or(BadBook)?;
            let (width, people) = rest.split_once(':').ok_or(BadBook)?;
            let number = |text: &str| text.parse::<u64>().map_err(|_| BadBook);
            let from = at.checked_add(number(after)?).ok_or(BadBook)?;
            let to = from.checked_add(number(width)?).ok_or(BadBook)?;
            buckets.push(Bucket { from, to, people: number(people)? });
            at = to;
        }
        Ok(Self {
            opened: (opened > 0).then_some(opened),
            called,
            placed_at,
            plan: (from < until).then_some(Plan { from, until }),
            people,
            entered,
            line: Line::of(buckets).ok_or(BadBook)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::SECOND;
    use super::*;
    use proptest::prelude::*;

    fn step(came: &[(Micros, u64)], call: u32) -> Step {
        let mut arrivals = Line::default();
        for (came, people) in came {
            arrivals.add(*came, *people);
        }
        Step { opens: true, arrivals, entered: 0, placed_at: came.last().map(|(came, _)| *came), call }
    }

    const NOW: Micros = 1_800_000_000 * SECOND;

    #[test]
    fn it_closes_when_nobody_has_been_placed_for_a_while_and_not_before() {
        let bounds = RoomBounds::default();
        let (mut book, _) = Book::default().after(NOW, &step(&[(NOW, 10)], 0), &bounds).unwrap();
        let nothing = |call| Step { opens: false, placed_at: None, ..step(&[], call) };
        for second in 1..60 {
            let now = NOW + second * SECOND;
            (book, _) = book.after(now, &nothing(0), &bounds).unwrap();
            assert!(book.is_open(now), "somebody waits");
        }
        let now = NOW + 60 * SECOND;
        let (book, _) = book.after(now, &nothing(10), &bounds).unwrap();
        assert!(!book.is_open(now) && book.waiting() == 0);
        assert_eq!(book.after(now, &nothing(10), &bounds), None, "nothing is written where nothing happens");
    }

    #[test]
    fn a_plan_opens_it_and_keeps_it_open() {
        let bounds = RoomBounds::default();
        let plan = Plan { from: NOW + 10 * SECOND, until: NOW + 100 * SECOND };
        let book = Book::default().planned(Some(plan));
        let nothing = Step { opens: false, placed_at: None, ..step(&[], 5) };
        assert!(!book.is_open(NOW) && book.after(NOW, &nothing, &bounds).is_none());
        let at = |second: u64| NOW + second * SECOND;
        assert!(book.is_open(at(10)) && book.is_open(at(99)));
        let (book, unused) = book.after(at(10), &nothing, &bounds).unwrap();
        assert_eq!(unused, 5, "who comes may enter while nobody waits");
        let (book, _) = book.after(at(99), &nothing, &bounds).unwrap();
        assert!(book.is_open(at(99)));
        let (book, _) = book.after(at(100), &nothing, &bounds).unwrap();
        assert!(!book.is_open(at(100)) && book.plan().is_none());
    }

    proptest! {
        #[test]
        fn the_watermark_goes_forward_by_no_more_than_were_called(
            seconds in proptest::collection::vec((0u64..60, 0u32..40, 0u64..3), 1..120),
        ) {
            let bounds = RoomBounds::default();
            let (mut book, mut came, mut called) = (Book::default(), 0, 0);
            for (number, (people, call, nodes)) in seconds.iter().enumerate() {
                let now = NOW + u64::try_from(number).unwrap() * SECOND;
                for node in 0..=*nodes {
                    let arrivals: Vec<(Micros, u64)> = (0..*people).map(|one| (now + one * 10_000 + node, 1)).collect();
                    came += people;
                    called += u64::from(*call);
                    let before = book.called();
                    let (next, unused) = book.after(now + SECOND, &step(&arrivals, *call), &bounds).unwrap();
                    prop_assert!(next.called() >= before && unused <= *call);
                    prop_assert!(next.called() <= now + SECOND - SETTLED || next.called() == before);
                    prop_assert_eq!(next.waiting() + next.called_people(), came);
                    prop_assert!(next.called_people() <= called);
                    prop_assert_eq!(Book::read(&next.write()), Ok(next.clone()));
                    book = next;
                }
            }
        }

        #[test]
        fn what_nobody_of_us_wrote_is_refused_or_harmless(text in "[0-9 +:]{0,80}") {
            if let Ok(book) = Book::read(&format!("1 {text}")) {
                prop_assert_eq!(Book::read(&book.write()), Ok(book));
            }
        }
    }
}

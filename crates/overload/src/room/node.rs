//! One node's part of the waiting room: tickets, and what it has seen of those who signed in.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::line::Line;
use super::pace::{Pace, Second};
use super::sources::{Ends, Sites, Takers};
use super::ticket::{Kind, Stamp, Ticket};
use super::{Ahead, Book, Micros, Placed, RoomBounds, SECOND, SETTLED, Said, Step, Wants, micros};

/// Sign-ins that are remembered for judging: those of so long.
const LATELY: Micros = 2 * SECOND;

/// The most that are remembered for it.
const MOST_SEEN: usize = 1_024;

/// After so many looks whoever was called has come, where she comes at all and did not close the page.
const COMING: usize = 8;

/// Tickets whose tries are counted at once.
const MOST_TRIED: usize = 8_192;

/// How a sign-in ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// She is in: when, and how long it took.
    In(Micros, Duration),
    /// She was told that she is not.
    Answered,
    /// She had left.
    Left,
}

/// One node's part of the waiting room. Pure: time is passed in.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) bounds: RoomBounds,
    /// What all nodes knew when it was last read.
    pub(super) book: Book,
    /// Whom this node has placed since.
    pub(super) own: Line,
    /// Whom it has let in since, with a ticket that was called.
    entered: u32,
    /// Newcomers who may enter at once: nobody waits, and there is room.
    direct: u32,
    placed_at: Option<Micros>,
    last: Micros,
    /// How long those who signed in lately took.
    seen: VecDeque<(Micros, Duration)>,
    /// Sign-ins under way.
    pub(super) sites: Sites,
    /// How they ended.
    ends: Ends,
    /// Who was given places in this second.
    takers: Takers,
    done: u32,
    /// Since the last look somebody would have waited too long, and was given a place.
    is_overrun: bool,
    /// So it was in the look before.
    was_overrun: bool,
    pub(super) pace: Pace,
    /// How fast people are called on all nodes, in thousandths of one a second.
    speed: u64,
    followed: Option<(Micros, u64)>,
    /// How many had been called by then, in the looks in which whoever was called comes.
    coming: VecDeque<u64>,
    /// How often a ticket was used.
    tried: BTreeMap<Micros, u32>,
}

impl Room {
    pub(super) fn new(bounds: RoomBounds) -> Self {
        let pace = Pace::new(bounds.first, bounds.holds);
        Self {
            bounds,
            book: Book::default(),
            own: Line::default(),
            entered: 0,
            direct: 0,
            placed_at: None,
            last: 0,
            seen: VecDeque::new(),
            sites: Sites::default(),
            ends: Ends::default(),
            takers: Takers::default(),
            done: 0,
            is_overrun: false,
            was_overrun: false,
            pace,
            speed: 0,
            followed: None,
            coming: VecDeque::new(),
            tried: BTreeMap::new(),
        }
    }

    pub(super) fn ask(
        &mut self,
        now: Micros,
        shown: Option<&[u8]>,
        wants: Wants,
        stamp: &dyn Stamp,
        (chance, source): (u32, Option<u64>),
        ahead: Ahead,
    ) -> Said {
        if !self.book.is_open(now) && !self.is_full() && !self.overruns(ahead) {
            return Said::Enter(None);
        }
        let ticket = shown.and_then(|text| Ticket::read(text, stamp)).filter(|ticket| now < ticket.until);
        match ticket {
            Some(ticket) if ticket.kind == Kind::Entry || ticket.came < self.book.called() => {
                if self.may_try(ticket.came, wants) {
                    Said::Enter(None)
                } else {
                    self.place(now, stamp, chance, source)
                }
            }
            Some(ticket) => Said::Wait(self.placed(now, ticket.came, stamp, chance)),
            None if self.enters_at_once(now, source) => {
                self.direct -= 1;
                let until = now.saturating_add(micros(self.bounds.keeps));
                let came = self.next(now);
                self.takers.took(source, came);
                Said::Enter(Some(Ticket { kind: Kind::Entry, came, until }.write(stamp)))
            }
            None => self.place(now, stamp, chance, source),
        }
    }

    /// Whether there is no room for one more, whatever the others know.
    const fn is_full(&self) -> bool {
        self.sites.counted() >= self.bounds.under_way
    }

    /// Whether a crowd signs in here and whoever comes now would be answered too late: the hashers take in no more than they can
    /// do in time. Until the next look everybody who comes has a place then, so that nobody enters before those who have one.
    /// Where that was so in the look before, those who were signed in had to give way to others since: the queue is enough.
    fn overruns(&mut self, ahead: Ahead) -> bool {
        self.is_overrun |= ahead.crowd > self.bounds.opens / 2
            && (self.was_overrun || self.ends.are_a_crowd(self.bounds.crowd, ahead.each));
        self.is_overrun
    }

    /// Whether a newcomer need not wait: nobody does, and there is room.
    fn enters_at_once(&mut self, now: Micros, source: Option<u64>) -> bool {
        let is_empty = self.direct > 0 && self.own.is_empty() && self.book.waiting() == 0;
        is_empty && self.takers.may_enter(now, source)
    }

    /// Gives somebody the last place, or the one that is shared where she comes from.
    fn place(&mut self, now: Micros, stamp: &dyn Stamp, chance: u32, source: Option<u64>) -> Said {
        let came = self.takers.shared(now, source).unwrap_or_else(|| {
            let came = self.next(now);
            self.own.add(came, 1);
            self.placed_at = Some(now);
            self.takers.took(source, came);
            came
        });
        Said::Wait(self.placed(now, came, stamp, chance))
    }

    /// A moment of coming that no other has, on this node.
    fn next(&mut self, now: Micros) -> Micros {
        self.last = now.max(self.last.saturating_add(1));
        self.last
    }

    fn placed(&self, now: Micros, came: Micros, stamp: &dyn Stamp, chance: u32) -> Placed {
        let until = now.saturating_add(micros(self.bounds.keeps));
        let ticket = Ticket { kind: Kind::Place, came, until }.write(stamp);
        let ahead = self.book.ahead(came).saturating_add(self.own.before(came));
        // As all nodes have gone of late; where nobody was called yet as this one will.
        let speed = self.speed.max(self.pace.rate()).max(1);
        let seconds = (ahead.saturating_mul(1_000) / speed).saturating_add(SETTLED / SECOND);
        Placed { ticket, ahead, seconds, again: self.again(seconds, chance) }
    }

    /// When to ask again: in a third of the time that is left, so that nobody asks much more often than things change; not
    /// all at the same moment.
    fn again(&self, seconds: u64, chance: u32) -> u32 {
        let (least, most) = self.bounds.asks;
        let wanted = Duration::from_secs(seconds / 3);
        let wanted = wanted.clamp(least, most.max(least)).as_millis();
        let wanted = u64::try_from(wanted).unwrap_or(u64::MAX);
        // Up to a quarter more or less.
        let shifted = wanted.saturating_mul(750 + u64::from(chance % 500)) / 1_000;
        u32::try_from(shifted.div_ceil(1_000)).unwrap_or(u32::MAX).max(1)
    }

    /// Whether a ticket that was called lets in once more; the first time somebody has come who was called.
    fn may_try(&mut self, came: Micros, wants: Wants) -> bool {
        if let Some(tries) = self.tried.get_mut(&came) {
            if wants == Wants::Act {
                *tries = tries.saturating_add(1);
            }
            return *tries <= self.bounds.tries;
        }
        if self.tried.len() >= MOST_TRIED {
            self.tried.pop_first();
        }
        self.tried.insert(came, u32::from(wants == Wants::Act));
        self.entered = self.entered.saturating_add(1);
        true
    }

    /// A sign-in from there begins; what [`Self::ended`] is to be told of it.
    pub(super) fn began(&mut self, site: u64) -> u64 {
        self.sites.began(site);
        self.ends.looks()
    }

    /// A sign-in from there has ended.
    pub(super) fn ended(&mut self, (site, began): (u64, u64), end: End) {
        self.sites.ended(site);
        match end {
            End::Left => self.ends.left(site, began),
            End::Answered | End::In(..) => self.ends.answered(),
        }
        if let End::In(now, took) = end {
            self.done = self.done.saturating_add(1);
            self.ends.was_right();
            // Whoever they are and wherever they come from: a crowd behind one translated address has one site.
            self.seen.push_back((now, took));
            if self.seen.len() > MOST_SEEN {
                self.seen.pop_front();
            }
        }
    }

    /// Whether more than half of those who signed in lately waited longer than that.
    fn waited(&self, longer: Duration, at_least: usize) -> bool {
        let late = self.seen.iter().filter(|(_, took)| *took > longer).count();
        self.seen.len() >= at_least.max(1) && late.saturating_mul(2) > self.seen.len()
    }

    /// What this node has to say since it last did, and how many it can call.
    pub(super) fn step(&mut self, now: Micros, elapsed: Duration, ahead: Ahead) -> Step {
        while self.seen.front().is_some_and(|(at, _)| now.saturating_sub(*at) > LATELY) {
            self.seen.pop_front();
        }
        let second = Second {
            elapsed,
            done: std::mem::take(&mut self.done),
            late: self.waited(self.bounds.holds, 1),
            ahead,
            stands: self.sites.counted() > 0,
            shows: self.book.shows(self.coming.front().copied().unwrap_or(0)),
        };
        let call = self.pace.call(&second);
        // Of those who leave nobody signs in late: what they waited is not seen.
        let leave = self.ends.look();
        // For all nodes only where it was so in two looks running: one may be strangers at once beside a busy moment.
        let overran = std::mem::replace(&mut self.was_overrun, std::mem::take(&mut self.is_overrun));
        let opens = leave
            || (overran && self.was_overrun)
            || self.is_full()
            || self.waited(self.bounds.opens, self.bounds.crowd);
        // Whom one look alone has placed is told once it opens.
        let waits = self.was_overrun && !opens && !self.book.is_open(now);
        let (arrivals, placed_at) = if waits {
            (Line::default(), None)
        } else {
            (std::mem::take(&mut self.own), self.placed_at.take())
        };
        Step {
            opens,
            arrivals,
            entered: std::mem::take(&mut self.entered),
            placed_at,
            call: if self.book.is_open(now) { call } else { 0 },
        }
    }

    /// The store did not take it: it is said again the next time.
    pub(super) fn give_back(&mut self, step: Step) {
        let Step { arrivals, entered, placed_at, call: _, opens: _ } = step;
        let mut own = arrivals;
        own.take(std::mem::take(&mut self.own));
        self.own = own;
        self.entered = self.entered.saturating_add(entered);
        self.placed_at = self.placed_at.max(placed_at);
        self.direct = 0;
    }

    /// Goes on from what all nodes know now; so many of those who may be called were not there.
    pub(super) fn follow(&mut self, now: Micros, book: Book, unused: u32) {
        let total = book.called_people();
        if let Some((at, before)) = self.followed
            && let Some(gone) = now.checked_sub(at).filter(|gone| *gone > 0)
        {
            let fresh = total.saturating_sub(before).saturating_mul(1_000).saturating_mul(SECOND) / gone;
            // Over some seconds; at once where it was not known.
            self.speed = if self.speed == 0 {
                fresh
            } else {
                (self.speed.saturating_mul(3).saturating_add(fresh)) / 4
            };
        }
        if !book.is_open(now) {
            self.speed = 0;
            self.tried.clear();
            if !self.was_overrun {
                self.own = Line::default();
            }
        }
        // A plan opens it before anybody has come, and whoever is started again finds it open: both begin slowly.
        let by_itself = book.is_open(now) && !book.is_planned(now);
        if by_itself && self.followed.is_some() && !self.book.is_open(now) {
            self.pace.opens();
        }
        self.followed = Some((now, total));
        if !book.is_open(now) || self.coming.back().is_some_and(|before| *before > total) {
            self.coming.clear();
        }
        self.coming.push_back(total);
        if self.coming.len() > COMING {
            self.coming.pop_front();
        }
        self.direct = if book.is_open(now) { unused } else { 0 };
        self.book = book;
    }
}

//! The loop: who is due asks, who was answered is written down, whose patience is over leaves.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io;
use std::time::{Duration, Instant};

use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;

use super::answer::{self, Answer};
use super::connection::{self, Read};
use super::{Come, Kind, Met, Plan, Seen};
use crate::ledger::draw::Draw;

/// Somebody who asks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Person {
    due: Duration,
    number: u64,
    kind: usize,
    /// The place in line they were given.
    place: Option<String>,
    /// Whether a connection that was used before has broken under them: then another is tried once, as browsers do.
    tried: bool,
}

/// A place for a connection.
#[derive(Debug, Default)]
struct Slot {
    socket: Option<OwnedFd>,
    /// Which connection of all it is: events of the one before in this place are for nobody.
    connection: u32,
    opening: bool,
    used: bool,
    person: Option<Person>,
    /// Which person of all those of this place.
    turn: u64,
    late: Duration,
    read: Vec<u8>,
}

struct Play<'a> {
    plan: Plan,
    kinds: &'a [Kind],
    epoll: OwnedFd,
    began: Instant,
    slots: Vec<Slot>,
    free: Vec<usize>,
    idle: Vec<usize>,
    open: usize,
    connections: u32,
    turns: u64,
    /// Who asks, in the order in which patience ends.
    under_way: VecDeque<(Duration, usize, u64)>,
    /// Who was placed and asks again.
    later: BinaryHeap<Reverse<Person>>,
    draw: Draw,
    next: u64,
    seen: Vec<Seen>,
}

/// Plays until everybody has an answer or has left.
#[expect(clippy::disallowed_methods, reason = "a crowd measures time")]
pub(super) fn play(plan: Plan, kinds: &[Kind]) -> io::Result<Vec<Seen>> {
    let mut crowd = Play {
        plan,
        kinds,
        epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
        began: Instant::now(),
        slots: Vec::new(),
        free: Vec::new(),
        idle: Vec::new(),
        open: 0,
        connections: 0,
        turns: 0,
        under_way: VecDeque::new(),
        later: BinaryHeap::new(),
        draw: Draw::new(plan.first),
        next: plan.first,
        seen: Vec::new(),
    };
    crowd.run()?;
    Ok(crowd.seen)
}

impl Play<'_> {
    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn run(&mut self) -> io::Result<()> {
        let end = self.plan.warm + self.plan.time;
        let mut arrival = Duration::ZERO;
        if let Come::Closed(people) = self.plan.come {
            for _ in 0..people {
                self.comes(Duration::ZERO);
            }
        }
        let mut events = Vec::with_capacity(512);
        let mut piece = vec![0; 16 << 10];
        loop {
            let now = self.now();
            let sent = arrival >= end || matches!(self.plan.come, Come::Closed(_));
            if now >= end && ((sent && self.under_way.is_empty()) || now >= end + self.plan.patience) {
                self.leave(Duration::MAX);
                self.not_sent(arrival, end);
                return Ok(());
            }
            while let Some(rate) = rate(self.plan.come, arrival).filter(|_| arrival <= now && arrival < end) {
                self.comes(arrival);
                arrival += self.pause(rate);
            }
            while self.later.peek().is_some_and(|Reverse(person)| person.due <= now.min(end)) {
                if let Some(Reverse(person)) = self.later.pop() {
                    self.asks(person);
                }
            }
            self.leave(now);
            events.clear();
            epoll::wait(
                &self.epoll,
                rustix::buffer::spare_capacity(&mut events),
                Some(&Timespec::default()),
            )?;
            for event in &events {
                let data = event.data.u64();
                let slot = usize::try_from(data & u64::from(u32::MAX)).unwrap_or(usize::MAX);
                if self.slots.get(slot).is_some_and(|found| u64::from(found.connection) == data >> 32) {
                    self.happens(slot, &mut piece);
                }
            }
        }
    }

    /// Whoever was due and could not be sent any more is not forgotten: the crowd was too slow.
    fn not_sent(&mut self, mut arrival: Duration, end: Duration) {
        while let Some(rate) = rate(self.plan.come, arrival).filter(|_| arrival < end) {
            let took = self.now().saturating_sub(arrival);
            let seen = Seen { kind: 0, due: arrival, took, met: Met::NotSent, again: false, late: took };
            self.seen.push(seen);
            arrival += self.pause(rate);
        }
    }

    /// Time to the next arrival.
    fn pause(&self, rate: f64) -> Duration {
        let chance = u32::try_from(self.draw.below(1 << 32)).map_or(0.0, f64::from) / 4_294_967_296.0;
        Duration::try_from_secs_f64(-(1.0 - chance).ln() / rate).unwrap_or(Duration::from_secs(1))
    }

    fn comes(&mut self, due: Duration) {
        let all: u32 = self.kinds.iter().map(|kind| kind.share).sum();
        let mut drawn = u32::try_from(self.draw.below(u64::from(all))).unwrap_or(0);
        let kind = self.kinds.iter().position(|kind| {
            let is = drawn < kind.share;
            drawn = drawn.saturating_sub(kind.share);
            is
        });
        let number = self.next;
        self.next += 1;
        self.asks(Person { due, number, kind: kind.unwrap_or(0), place: None, tried: false });
    }

    /// Sends somebody's request over an idle connection or over a new one.
    fn asks(&mut self, person: Person) {
        let own = self.kinds.get(person.kind).is_some_and(|kind| kind.own);
        while let Some(slot) = if own || person.tried { None } else { self.idle.pop() } {
            let Some(request) = request(self.kinds, &person) else { return };
            let now = self.now();
            let Some(found) = self.slots.get_mut(slot) else { continue };
            let Some(socket) = found.socket.as_ref().filter(|_| found.person.is_none()) else { continue };
            if connection::ask(socket, &request) {
                self.begins(slot, person, now);
                return;
            }
            self.close(slot);
        }
        if self.open >= self.plan.most {
            self.note(&person, Met::NotSent, Duration::ZERO);
            return;
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() - 1
        });
        self.connections = self.connections.wrapping_add(1);
        let token = u64::from(self.connections) << 32 | u64::try_from(slot).unwrap_or(0);
        let opened = connection::open(self.plan.address, u64::from(self.connections), &self.epoll, token);
        let connection = self.connections;
        let (Ok(socket), Some(found)) = (opened, self.slots.get_mut(slot)) else {
            self.free.push(slot);
            self.note(&person, Met::Broken, Duration::ZERO);
            return;
        };
        *found = Slot {
            socket: Some(socket),
            connection,
            opening: true,
            read: std::mem::take(&mut found.read),
            ..Slot::default()
        };
        self.open += 1;
        let now = self.now();
        self.begins(slot, person, now);
    }

    /// Somebody waits for an answer there.
    fn begins(&mut self, slot: usize, person: Person, now: Duration) {
        self.turns += 1;
        self.under_way.push_back((person.due + self.plan.patience, slot, self.turns));
        if let Some(found) = self.slots.get_mut(slot) {
            found.read.clear();
            found.turn = self.turns;
            found.late = now.saturating_sub(person.due);
            found.person = Some(person);
        }
    }

    fn close(&mut self, slot: usize) {
        if let Some(found) = self.slots.get_mut(slot)
            && found.socket.take().is_some()
        {
            // No event of it is anybody's any more.
            found.connection = 0;
            self.open -= 1;
            self.free.push(slot);
        }
    }

    fn note(&mut self, person: &Person, met: Met, late: Duration) {
        let took = self.now().saturating_sub(person.due);
        let Person { due, kind, .. } = *person;
        self.seen.push(Seen { kind, due, took, met, again: person.place.is_some(), late });
    }

    /// Whoever has no patience left takes the connection along.
    fn leave(&mut self, now: Duration) {
        while let Some((until, slot, turn)) = self.under_way.front().copied() {
            let waits =
                self.slots.get(slot).is_some_and(|found| found.turn == turn && found.person.is_some());
            if waits && until > now {
                return;
            }
            self.under_way.pop_front();
            if waits && let Some(found) = self.slots.get_mut(slot) {
                let (person, late) = (found.person.take(), found.late);
                self.close(slot);
                if let Some(person) = person {
                    self.note(&person, Met::Left, late);
                    self.anew();
                }
            }
        }
    }

    fn happens(&mut self, slot: usize, piece: &mut [u8]) {
        if self.slots.get(slot).is_some_and(|found| found.opening) && !self.opened(slot) {
            self.breaks(slot);
            return;
        }
        // What opened may have ended already, and nothing tells it a second time.
        let Some(found) = self.slots.get_mut(slot) else { return };
        let Some(socket) = &found.socket else { return };
        let ended = connection::read(socket, &mut found.read, piece) == Read::End;
        if found.person.is_some()
            && let Some(answer) = answer::whole(&found.read)
        {
            self.answered(slot, &answer, ended);
        } else if ended {
            self.breaks(slot);
        }
    }

    /// A connection is there, or is not to be had: sends the request of whoever opened it.
    fn opened(&mut self, slot: usize) -> bool {
        let Some(found) = self.slots.get_mut(slot) else { return false };
        found.opening = false;
        let (Some(socket), Some(person)) = (&found.socket, &found.person) else { return false };
        let request = request(self.kinds, person);
        connection::is_open(socket) && request.is_some_and(|request| connection::ask(socket, &request))
    }

    /// The connection is gone. Somebody who took one that was idle, and saw nothing of an answer, tries another once.
    fn breaks(&mut self, slot: usize) {
        let Some(found) = self.slots.get_mut(slot) else { return };
        let (person, late) = (found.person.take(), found.late);
        let anew = found.used && found.read.is_empty();
        self.close(slot);
        match person {
            Some(person) if anew && !person.tried => self.asks(Person { tried: true, ..person }),
            Some(person) => {
                self.note(&person, Met::Broken, late);
                self.anew();
            }
            None => {}
        }
    }

    fn answered(&mut self, slot: usize, answer: &Answer, ended: bool) {
        let Some(found) = self.slots.get_mut(slot) else { return };
        let Some(person) = found.person.take() else { return };
        found.used = true;
        let late = found.late;
        let kind = self.kinds.get(person.kind);
        let met = match answer.status {
            status if kind.is_some_and(|kind| kind.wanted == status) => Met::Served,
            202 | 429 => Met::Placed,
            503 => Met::Refused,
            status => Met::Wrong(status),
        };
        self.note(&person, met, late);
        if answer.closes || ended || kind.is_some_and(|kind| kind.own) {
            self.close(slot);
        } else {
            self.idle.push(slot);
        }
        if let (Met::Placed, true, Some(again), Some(place)) =
            (met, self.plan.returns, answer.again, &answer.place)
        {
            let due = self.now() + again;
            self.later.push(Reverse(Person { due, place: Some(place.clone()), tried: false, ..person }));
        }
        self.anew();
    }

    /// In the closed loop the next one comes as soon as somebody is done.
    fn anew(&mut self) {
        let now = self.now();
        if matches!(self.plan.come, Come::Closed(_)) && now < self.plan.warm + self.plan.time {
            self.comes(now);
        }
    }
}

/// People a second who come at that moment, where they come by themselves.
fn rate(come: Come, now: Duration) -> Option<f64> {
    match come {
        Come::Open(rate) => Some(rate),
        Come::Falling { from, at, .. } if now < at => Some(from),
        Come::Falling { to, .. } => Some(to),
        Come::Closed(_) => None,
    }
}

fn request(kinds: &[Kind], person: &Person) -> Option<Vec<u8>> {
    let request = (kinds.get(person.kind)?.request)(person.number);
    Some(match &person.place {
        // Behind the first line, which ends the same in all of them.
        Some(place) => request.replacen("\r\n", &format!("\r\nCookie: {place}\r\n"), 1).into_bytes(),
        None => request.into_bytes(),
    })
}

//! A house with one processor, and people who leave after a while: who is begun, who is let in, and what reaches somebody
//! who is still there.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::time::Duration;

use honnin_overload::{Admission, Bounds, Call, Outside, Place};

/// Processor time of an answer; of letting somebody wait; of telling her that it takes longer.
pub(crate) const ANSWER: Duration = Duration::from_micros(50);
pub(crate) const LET_WAIT: Duration = Duration::from_micros(2);
const TELL: Duration = Duration::from_micros(25);
/// Processor time of letting in a newcomer with a connection of her own; of one who turns out to be gone; of the end of a
/// connection.
const LET_IN: Duration = Duration::from_micros(100);
const GONE: Duration = Duration::from_micros(4);
const CLOSE: Duration = Duration::from_micros(8);
/// Newcomers the system keeps outside at most: more it turns away by itself.
const OUTSIDE: usize = 256;
/// Newcomers who are taken one after the other where nobody holds the door.
const AT_ONCE: usize = 64;
/// Who have gone, of those outside, that are passed over for one who is let in.
const PASSED_OVER: usize = 4;
/// How long the disk takes, which costs no processor time.
const DISK: Duration = Duration::from_millis(2);
/// Answers a second at the most.
pub(crate) const PEAK: f64 = 20_000.0;

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Comes(usize),
    /// Her patience is at its end.
    Leaves(usize),
    /// The processor is done with the job it had.
    Free,
    /// The disk has it: her answer is there.
    Answered(usize),
}

/// What the processor does.
#[derive(Debug, Clone, Copy)]
enum Job {
    LetIn,
    Close,
    LetWait,
    Begin { who: usize, called: Option<Duration> },
    Tell(usize),
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Fate {
    #[default]
    Waits,
    Left,
    Served,
    Told,
}

/// What became of people.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) served: usize,
    pub(crate) told: usize,
    pub(crate) left: usize,
    /// The longest of a hundred waits of those who were served, from the 99th.
    pub(crate) slow: Duration,
    seconds: f64,
    peak: f64,
}

/// How people come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// All of them are inside.
    None,
    /// Whoever finds no connection that is idle opens one, and all are let in.
    Open,
    /// They are let in as the admission says, from a queue as long as that of the system.
    Held,
    /// The same, from a queue that is as long as the admission says.
    Watched,
}

pub(crate) struct Storm {
    now: Duration,
    admission: Option<Admission>,
    events: BinaryHeap<Reverse<(Duration, Event)>>,
    jobs: VecDeque<Job>,
    running: bool,
    /// When each came, and what became of her and when.
    people: Vec<(Duration, Fate, Duration)>,
    places: HashMap<Place, usize>,
    place_of: HashMap<usize, Place>,
    begun: HashMap<usize, Duration>,
    stays: Duration,
    random: u64,
    door: Door,
    /// How many times slower the processor is.
    slow: u32,
    /// Whether connections are kept for whoever comes next.
    kept: bool,
    /// How many may wait outside.
    most: usize,
    watched: Outside,
    /// Connections that are idle inside, people who wait outside, and whether somebody is at the door.
    idle: usize,
    outside: VecDeque<usize>,
    at_door: bool,
}

impl Storm {
    pub(crate) fn new(admission: Option<Admission>, stays: Duration, door: Door) -> Self {
        Self {
            now: Duration::ZERO,
            admission,
            events: BinaryHeap::new(),
            jobs: VecDeque::new(),
            running: false,
            people: Vec::new(),
            places: HashMap::new(),
            place_of: HashMap::new(),
            begun: HashMap::new(),
            stays,
            random: 7,
            door,
            slow: 1,
            kept: true,
            most: OUTSIDE,
            watched: Outside::new(u32::try_from(OUTSIDE).unwrap(), Bounds::default().fresh),
            idle: 0,
            outside: VecDeque::new(),
            at_door: false,
        }
    }

    /// On a processor that is so many times slower; and so many times fewer come.
    pub(crate) const fn slow(mut self, times: u32) -> Self {
        self.slow = times;
        self
    }

    /// Each with a connection of her own, which nobody uses after her.
    pub(crate) const fn each_her_own(mut self) -> Self {
        self.kept = false;
        self
    }

    /// A number from 0 to 1, the same ones in every run.
    fn random(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        f64::from(u32::try_from(self.random >> 32).unwrap()) / f64::from(u32::MAX)
    }

    fn at(&mut self, when: Duration, event: Event) {
        self.events.push(Reverse((when, event)));
    }

    /// So many a second come for so many seconds.
    pub(crate) fn come(&mut self, rate: f64, from: f64, to: f64) {
        let rate = rate / f64::from(self.slow);
        let mut when = from;
        while when < to {
            when += -(1.0 - self.random() * 0.999_999).ln() / rate;
            let at = Duration::from_secs_f64(when);
            self.people.push((at, Fate::Waits, at));
            self.at(at, Event::Comes(self.people.len() - 1));
        }
    }

    pub(crate) fn run(&mut self) {
        while let Some(Reverse((when, event))) = self.events.pop() {
            self.now = when;
            match event {
                Event::Comes(who) => self.comes(who),
                Event::Leaves(who) => self.leaves(who),
                Event::Free => self.running = false,
                Event::Answered(who) => self.answered(who),
            }
            self.work();
        }
    }

    fn comes(&mut self, who: usize) {
        self.at(self.now + self.stays, Event::Leaves(who));
        if self.door == Door::None {
            self.asks(who);
        } else if self.idle > 0 {
            self.idle -= 1;
            self.asks(who);
        } else if self.outside.len() < self.most {
            self.outside.push_back(who);
        }
    }

    /// Whether a newcomer is let in now.
    fn opens(&mut self) -> bool {
        match (self.door, &mut self.admission) {
            (Door::Watched | Door::Held, Some(admission)) => admission.let_in(self.now),
            _ => true,
        }
    }

    /// Lets in by the door as it is; says what it cost.
    fn let_in(&mut self) -> Duration {
        // A runtime goes on accepting for so long as anybody is there, to a bound.
        let turns = if self.door == Door::Open { AT_ONCE } else { 1 };
        (0..turns).map(|_| self.enters()).sum()
    }

    /// The next of those outside who is still there, and what it cost to find her.
    fn enters(&mut self) -> Duration {
        let mut cost = Duration::ZERO;
        for _ in 0..=PASSED_OVER {
            if let Some(most) = self.watched.changed(self.now).filter(|_| self.door == Door::Watched) {
                self.most = usize::try_from(most).unwrap();
            }
            let Some(who) = self.outside.pop_front() else { break };
            self.watched.took_one();
            if self.outside.is_empty() {
                self.watched.is_empty();
            }
            if self.people.get(who).is_some_and(|(_, fate, _)| *fate == Fate::Waits) {
                self.asks(who);
                return cost + LET_IN;
            }
            cost += if self.door == Door::Open { LET_IN + CLOSE } else { GONE };
        }
        cost
    }

    /// Somebody's request has come.
    fn asks(&mut self, who: usize) {
        match self.admission.as_mut().map(|admission| admission.arrive(self.now)) {
            None | Some(None) => self.jobs.push_back(Job::Begin { who, called: None }),
            Some(Some(place)) => {
                self.places.insert(place, who);
                self.place_of.insert(who, place);
                self.jobs.push_back(Job::LetWait);
            }
        }
    }

    /// Whether she was still waiting.
    fn becomes(&mut self, who: usize, what: Fate) -> bool {
        let (_, fate, when) = self.people.get_mut(who).unwrap();
        let waits = *fate == Fate::Waits;
        if waits {
            (*fate, *when) = (what, self.now);
        }
        waits
    }

    fn leaves(&mut self, who: usize) {
        if !self.becomes(who, Fate::Left) {
            return;
        }
        if let Some(place) = self.place_of.remove(&who) {
            self.places.remove(&place);
            self.admission.as_mut().unwrap().leave(place);
            self.closes();
        }
    }

    /// Somebody's connection ends.
    fn closes(&mut self) {
        if self.door != Door::None {
            self.jobs.push_back(Job::Close);
        }
    }

    fn answered(&mut self, who: usize) {
        if let (Some(admission), Some(begun)) = (&mut self.admission, self.begun.remove(&who)) {
            admission.end(Call::Begin, self.now, begun);
        }
        if self.becomes(who, Fate::Served) && self.kept {
            self.idle += 1;
        } else {
            self.closes();
        }
        self.call();
    }

    fn call(&mut self) {
        while let Some((place, call)) = self.admission.as_mut().and_then(|admission| admission.call(self.now))
        {
            let who = self.places.remove(&place).unwrap();
            self.place_of.remove(&who);
            self.jobs.push_back(match call {
                Call::Begin => Job::Begin { who, called: Some(self.now) },
                Call::Tell => Job::Tell(who),
            });
        }
    }

    /// Takes the next job, where the processor has none.
    fn work(&mut self) {
        if self.running {
            return;
        }
        if !self.at_door && !self.outside.is_empty() && self.opens() {
            self.at_door = true;
            self.jobs.push_back(Job::LetIn);
        }
        let Some(job) = self.jobs.pop_front() else { return };
        self.running = true;
        let cost = match job {
            Job::LetIn => {
                self.at_door = false;
                self.let_in()
            }
            Job::Close => CLOSE,
            Job::LetWait => LET_WAIT,
            Job::Begin { who, called } => {
                self.begun.insert(who, self.now);
                if let (Some(admission), Some(called)) = (&mut self.admission, called) {
                    admission.begun(self.now, called);
                }
                self.at(self.now + ANSWER * self.slow + DISK, Event::Answered(who));
                ANSWER
            }
            Job::Tell(who) => {
                if self.becomes(who, Fate::Told) && self.kept {
                    self.idle += 1;
                }
                self.admission.as_mut().unwrap().give_back(Call::Tell);
                TELL
            }
        };
        self.at(self.now + cost * self.slow, Event::Free);
    }

    /// What became of those who came between these seconds.
    pub(crate) fn outcome(&self, from: f64, to: f64) -> Outcome {
        let mut outcome =
            Outcome { seconds: to - from, peak: PEAK / f64::from(self.slow), ..Outcome::default() };
        let mut waits = Vec::new();
        let of = |when: &Duration| (from..to).contains(&when.as_secs_f64());
        for (came, fate, when) in self.people.iter().filter(|(came, ..)| of(came)) {
            match fate {
                Fate::Served => {
                    outcome.served += 1;
                    waits.push(when.saturating_sub(*came));
                }
                Fate::Told => outcome.told += 1,
                Fate::Left => outcome.left += 1,
                Fate::Waits => panic!("nobody waits for ever"),
            }
        }
        waits.sort();
        outcome.slow = waits.get(waits.len() * 99 / 100).copied().unwrap_or_default();
        outcome
    }
}

impl Outcome {
    /// Answers that reached somebody, against as many as could be made.
    pub(crate) fn of_peak(&self) -> f64 {
        f64::from(u32::try_from(self.served).unwrap()) / self.seconds / self.peak
    }
}

/// What letting everybody wait leaves of the processor.
pub(crate) fn left_by_waits(times: f64) -> f64 {
    1.0 - LET_WAIT.as_secs_f64() * PEAK * times
}

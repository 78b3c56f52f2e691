//! One thread, and people who leave after a second: how many answers reach somebody who is still there.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::time::Duration;

use honnin_overload::{Admission, Bounds, Call, Place};

/// Processor time of an answer; of letting somebody wait; of telling her that it takes longer.
const ANSWER: Duration = Duration::from_micros(50);
const LET_WAIT: Duration = Duration::from_micros(2);
const TELL: Duration = Duration::from_micros(25);
/// How long the disk takes, which costs no processor time.
const DISK: Duration = Duration::from_millis(2);
/// Answers a second at the most.
const PEAK: f64 = 20_000.0;

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
struct Outcome {
    served: usize,
    told: usize,
    left: usize,
    /// The longest of a hundred waits of those who were served, from the 99th.
    slow: Duration,
    seconds: f64,
}

struct Storm {
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
}

impl Storm {
    fn new(admission: Option<Admission>, stays: Duration) -> Self {
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
        }
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
    fn come(&mut self, rate: f64, from: f64, to: f64) {
        let mut when = from;
        while when < to {
            when += -(1.0 - self.random() * 0.999_999).ln() / rate;
            let at = Duration::from_secs_f64(when);
            self.people.push((at, Fate::Waits, at));
            self.at(at, Event::Comes(self.people.len() - 1));
        }
    }

    fn run(&mut self) {
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
        }
    }

    fn answered(&mut self, who: usize) {
        if let (Some(admission), Some(begun)) = (&mut self.admission, self.begun.remove(&who)) {
            admission.end(Call::Begin, self.now, begun);
        }
        self.becomes(who, Fate::Served);
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
        let Some(job) = self.jobs.pop_front() else { return };
        self.running = true;
        let cost = match job {
            Job::LetWait => LET_WAIT,
            Job::Begin { who, called } => {
                self.begun.insert(who, self.now);
                if let (Some(admission), Some(called)) = (&mut self.admission, called) {
                    admission.begun(self.now, called);
                }
                self.at(self.now + ANSWER + DISK, Event::Answered(who));
                ANSWER
            }
            Job::Tell(who) => {
                self.becomes(who, Fate::Told);
                self.admission.as_mut().unwrap().give_back(Call::Tell);
                TELL
            }
        };
        self.at(self.now + cost, Event::Free);
    }

    /// What became of those who came between these seconds.
    fn outcome(&self, from: f64, to: f64) -> Outcome {
        let mut outcome = Outcome { seconds: to - from, ..Outcome::default() };
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
    fn of_peak(&self) -> f64 {
        f64::from(u32::try_from(self.served).unwrap()) / self.seconds / PEAK
    }
}

/// What letting everybody wait leaves of the processor.
fn left_by_waits(times: f64) -> f64 {
    1.0 - LET_WAIT.as_secs_f64() * PEAK * times
}

const IMPATIENT: Duration = Duration::from_secs(1);
const PATIENT: Duration = Duration::from_secs(30);

fn admission() -> Admission {
    Admission::new(Bounds::default())
}

/// What became of those who came in the middle of four seconds of so many times the peak.
fn storm(admission: Option<Admission>, stays: Duration, times: f64) -> Outcome {
    let mut storm = Storm::new(admission, stays);
    storm.come(PEAK * times, 0.0, 4.0);
    storm.run();
    storm.outcome(1.7, 2.7)
}

#[test]
fn who_begins_whatever_comes_answers_nobody_in_time() {
    let outcome = storm(None, IMPATIENT, 3.0);
    assert!(outcome.of_peak() < 0.05, "{outcome:?}");
}

#[test]
fn in_the_order_they_came_nobody_is_answered_in_time_either() {
    let never = Duration::from_hours(1);
    let bounds = Bounds { calm: never, patience: never, ..Bounds::default() };
    let outcome = storm(Some(Admission::new(bounds)), IMPATIENT, 3.0);
    assert!(outcome.of_peak() < 0.05, "{outcome:?}");
}

#[test]
fn at_three_times_the_load_all_that_can_be_done_reaches_somebody() {
    let outcome = storm(Some(admission()), IMPATIENT, 3.0);
    assert!(outcome.of_peak() > 0.97 * left_by_waits(3.0), "{outcome:?}");
    assert!(outcome.slow < Duration::from_millis(100), "{outcome:?}");
}

#[test]
fn at_ten_times_the_load_what_letting_wait_leaves_reaches_somebody() {
    let outcome = storm(Some(admission()), IMPATIENT, 10.0);
    assert!(outcome.of_peak() > 0.95 * left_by_waits(10.0), "{outcome:?}");
}

#[test]
fn who_stays_is_answered_or_told() {
    let mut storm = Storm::new(Some(admission()), PATIENT);
    storm.come(PEAK * 3.0, 0.0, 3.0);
    storm.run();
    let outcome = storm.outcome(0.0, 3.0);
    assert_eq!(outcome.left, 0, "{outcome:?}");
    assert!(outcome.told > 0 && outcome.of_peak() > 0.6, "{outcome:?}");
}

#[test]
fn a_calm_house_lets_nobody_wait() {
    let outcome = storm(Some(admission()), IMPATIENT, 0.5);
    assert_eq!((outcome.told, outcome.left), (0, 0), "{outcome:?}");
    assert!(outcome.slow < Duration::from_millis(10), "{outcome:?}");
}

#[test]
fn after_the_storm_it_is_as_before() {
    let mut storm = Storm::new(Some(admission()), IMPATIENT);
    storm.come(PEAK * 10.0, 0.0, 2.0);
    storm.come(PEAK * 0.8, 2.0, 5.0);
    storm.run();
    let after = storm.outcome(4.0, 5.0);
    assert_eq!((after.told, after.left), (0, 0), "{after:?}");
    assert!(after.slow < Duration::from_millis(50), "{after:?}");
}

//! People who come to sign in and wait in line where they are told to: what D27 and D28 share.

use std::net::IpAddr;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::guesses::address;
use super::stage::{PASSWORD, sign_in_with};
use super::tally::Findings;
use crate::client::{Answer, Connection, Limits, Request, Target};
use crate::harness::Verdict;
use crate::seed::Draw;

/// Within this time one process knows what another has told the store, and a little more.
const HEARD: Duration = Duration::from_millis(1_300);
/// The kept order is as exact as people are counted: by tenths of a second.
const TENTH: Duration = Duration::from_millis(100);
/// Where nobody answers she tries again after so long.
const AGAIN: Duration = Duration::from_millis(150);
/// Where people's prefixes begin, each with one of its own.
const PREFIXES: u16 = 30_000;
/// One in so many is a program.
const PROGRAMS: usize = 10;

/// Somebody in line.
#[derive(Debug)]
pub(crate) struct Person {
    login: String,
    from: IpAddr,
    is_program: bool,
    /// After she was placed she closes the page for so long.
    away: Duration,
    ticket: Option<String>,
    /// When she asked for the answer by which she was placed.
    pub(crate) placed: Option<Instant>,
    /// When she last asked and was told to wait.
    waits: Option<Instant>,
    pub(crate) entered: Option<Instant>,
    pub(crate) done: Option<Instant>,
    /// How often nobody answered.
    pub(crate) unanswered: u64,
    /// Answers of which a page of a place lacks something.
    wanting: Vec<String>,
    faults: Vec<String>,
}

/// What she met.
enum Met {
    Nobody,
    Wait(Duration),
    Entered,
    Done,
    Wrong,
}

impl Person {
    fn new(number: usize, login: &str) -> Self {
        Self {
            login: login.to_owned(),
            from: address(PREFIXES.saturating_add(u16::try_from(number).unwrap_or(0)), 1),
            is_program: number % PROGRAMS == PROGRAMS - 1,
            away: if number.is_multiple_of(PROGRAMS) { Duration::from_secs(4) } else { Duration::ZERO },
            ticket: None,
            placed: None,
            waits: None,
            entered: None,
            done: None,
            unanswered: 0,
            wanting: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// Comes, and goes on until she is in or her time is over.
    async fn comes(mut self, mut at: watch::Receiver<Target>, after: Duration, patience: Duration) -> Self {
        sleep(after).await;
        let until = Instant::now() + patience;
        let mut was_away = false;
        while self.done.is_none() && self.faults.is_empty() && Instant::now() < until {
            let target = *at.borrow_and_update();
            let pause = match self.asks(target).await {
                Met::Nobody => {
                    self.unanswered += 1;
                    AGAIN
                }
                Met::Wait(again) if !was_away && !self.away.is_zero() => {
                    was_away = true;
                    again.max(self.away)
                }
                Met::Wait(again) => again,
                Met::Entered | Met::Done | Met::Wrong => Duration::ZERO,
            };
            if !pause.is_zero() {
                // Whoever has a page open tries at once where the product is there again.
                tokio::select! {
                    () = sleep(pause) => {}
                    changed = at.changed() => drop(changed),
                }
            }
        }
        self
    }

    fn request(&self) -> Request {
        let request = if self.is_program {
            sign_in_with(&self.login, PASSWORD)
        } else if self.entered.is_some() {
            let body = format!("login={}&password={PASSWORD}", self.login);
            let kind = "application/x-www-form-urlencoded";
            Request::new("POST", "/sign-in").header("content-type", kind).body(body.as_bytes())
        } else {
            Request::get("/sign-in")
        };
        self.ticket.iter().fold(request, |request, ticket| request.header("cookie", ticket))
    }

    async fn asks(&mut self, target: Target) -> Met {
        let asked = Instant::now();
        let opened = Connection::open_from(self.from, target, Limits::default()).await;
        let Ok(mut connection) = opened else { return Met::Nobody };
        let exchange = connection.exchange(&self.request()).await;
        if exchange.broken.is_some() {
            return Met::Nobody;
        }
        let answer = exchange.answer;
        let tickets = answer.header("set-cookie").filter_map(|cookie| cookie.split(';').next());
        if let Some(ticket) = tickets.map(str::to_owned).find(|pair| pair.starts_with("place=")) {
            self.ticket = Some(ticket);
        }
        match (answer.status, self.is_program, self.entered.is_some()) {
            (202, false, _) | (429, true, _) => self.waits(asked, &answer),
            (200, false, false) => {
                self.entered = Some(Instant::now());
                Met::Entered
            }
            (201, true, _) | (303, false, true) => {
                self.entered = self.entered.or(Some(Instant::now()));
                self.done = Some(Instant::now());
                Met::Done
            }
            (status, ..) => {
                self.faults.push(format!("{} was answered {status}", self.login));
                Met::Wrong
            }
        }
    }

    fn waits(&mut self, asked: Instant, answer: &Answer) -> Met {
        self.entered = None;
        self.placed = self.placed.or(Some(asked));
        self.waits = Some(asked);
        let again = answer.header("retry-after").next().and_then(|seconds| seconds.parse().ok());
        let text = answer.text();
        let length = answer.head.len().saturating_add(answer.body.len());
        if again.is_none() || self.ticket.is_none() {
            self.wanting.push("an answer without a place or a time".to_owned());
        }
        let says = text.contains("通話・データ通信は") && text.contains("人お待ちです");
        if !self.is_program && (length > 2_048 || !says) {
            self.wanting.push(format!("the page of a place has {length} octets: {text}"));
        }
        // Bounded: a time that is not one is found by her patience.
        Met::Wait(Duration::from_secs(again.unwrap_or(1)).min(Duration::from_mins(1)))
    }
}

/// A wave of people on their way.
#[derive(Debug)]
pub(crate) struct Wave(JoinSet<Person>);

/// What came of a wave.
#[derive(Debug)]
pub(crate) struct Came(pub(crate) Vec<Person>);

impl Wave {
    /// They come at any moment within that time, each asking where the product is at that moment.
    pub(crate) fn comes(
        logins: &[String],
        at: &watch::Receiver<Target>,
        within: Duration,
        patience: Duration,
        draw: &Draw,
    ) -> Self {
        let mut draw = draw.of_part(28);
        let mut wave = JoinSet::new();
        for (number, login) in logins.iter().enumerate() {
            wave.spawn(Person::new(number, login).comes(at.clone(), draw.time_below(within), patience));
        }
        Self(wave)
    }

    /// When all of them are in, or their patience is over.
    pub(crate) async fn ends(mut self) -> Came {
        let mut people = Vec::new();
        while let Some(person) = self.0.join_next().await {
            people.extend(person);
        }
        Came(people)
    }
}

impl Came {
    fn count(&self) -> u64 {
        u64::try_from(self.0.len()).unwrap_or(u64::MAX)
    }

    /// How many were placed.
    pub(crate) fn placed(&self) -> usize {
        self.0.iter().filter(|person| person.placed.is_some()).count()
    }

    /// How many were let in within that time after that moment.
    pub(crate) fn entered_within(&self, from: Instant, time: Duration) -> usize {
        let within = |moment: Instant| moment >= from && moment <= from + time;
        self.0.iter().filter(|person| person.entered.is_some_and(within)).count()
    }

    /// Everybody is in, nobody was told that it is a fault, and each place had a page, a number and a time.
    pub(crate) fn all_in(&self, tried: &str) -> Verdict {
        let mut found = Findings::default();
        for person in &self.0 {
            person.faults.iter().chain(&person.wanting).for_each(|what| found.add(what.clone()));
            if person.done.is_none() {
                found.add(format!("{} is not in", person.login));
            }
        }
        let check = "everybody gets in; whoever waits has a page, a place and a time, and nobody an error";
        Verdict::of(check, tried, self.count(), found.told()).noting(format!("{} were placed", self.placed()))
    }

    /// The last is in within that time after that moment.
    pub(crate) fn in_time(&self, check: &str, tried: &str, from: Instant, bound: Duration) -> Verdict {
        let last = self.0.iter().map(|person| person.done).max().flatten();
        let took = last.map_or(Duration::MAX, |last| last.saturating_duration_since(from));
        let late = (took > bound || self.0.iter().any(|person| person.done.is_none())).then(|| {
            format!("the last was in after {:.1} s, and {:.1} s were computed", seconds(took), seconds(bound))
        });
        let note = format!("the last was in after {:.1} s; computed: {:.1} s", seconds(took), seconds(bound));
        Verdict::of(check, tried, self.count(), late.into_iter().collect()).noting(note)
    }

    /// Nobody was let in while somebody who had come before her was still told to wait.
    pub(crate) fn in_order(&self, tried: &str, nodes: usize) -> Verdict {
        // One process hears within a second whom another has called, and tells people to wait until then.
        let apart = if nodes > 1 { HEARD } else { Duration::ZERO };
        let (mut pairs, mut found) = (0, Findings::default());
        for person in &self.0 {
            let (Some(placed), Some(waits)) = (person.placed, person.waits) else { continue };
            for later in &self.0 {
                let (Some(came), Some(entered)) = (later.placed, later.entered) else { continue };
                if came <= placed + TENTH {
                    continue;
                }
                pairs += 1;
                if entered + apart < waits {
                    found.add(format!(
                        "{} came {:.1} s after {} and was in while she was told to wait",
                        later.login,
                        seconds(came.saturating_duration_since(placed)),
                        person.login
                    ));
                }
            }
        }
        let check = "nobody is let in while somebody who came before her is told to wait";
        Verdict::of(check, tried, pairs, found.told())
    }
}

fn seconds(time: Duration) -> f32 {
    if time == Duration::MAX { f32::INFINITY } else { time.as_secs_f32() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(placed: u64, waits: u64, entered: u64) -> Person {
        let origin = Instant::now() + Duration::from_secs(10);
        let at = |millis| Some(origin + Duration::from_millis(millis));
        Person {
            placed: at(placed),
            waits: at(waits),
            entered: at(entered),
            done: at(entered),
            ..Person::new(1, "a")
        }
    }

    #[tokio::test]
    async fn who_is_passed_is_found_and_who_only_asks_late_is_not() {
        let order = |people| Came(people).in_order("a", 1).pass;
        assert!(order(vec![person(0, 1_000, 3_000), person(500, 1_500, 2_000)]), "she asks again later");
        assert!(!order(vec![person(0, 2_500, 3_000), person(500, 1_500, 2_000)]));
        assert!(!order(vec![person(0, 0, 1_000)]), "one alone proves nothing");
        assert!(!order(vec![person(0, 2_500, 3_000), person(50, 1_500, 2_000)]), "nor two who came together");
    }
}

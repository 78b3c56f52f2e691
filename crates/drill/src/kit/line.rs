//! People who come to sign in and wait in line where they are told to: what D27 and D28 share.

mod came;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

pub(crate) use self::came::Came;
use super::guesses::address;
use super::late::Late;
use super::stage::{PASSWORD, figure, sign_in_with};
use crate::client::{Answer, Connection, Limits, Request, Target};
use crate::harness::{Failure, House};
use crate::seed::Draw;

/// How often it is looked whether something is so.
const LOOK: Duration = Duration::from_millis(50);
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
    /// When she came, in microseconds, as the product says on her first ticket; and between which moments she asked for it.
    came: Option<u64>,
    asked: Option<(Instant, Instant)>,
    is_placed: bool,
    /// When she last asked and was told to wait.
    waits: Option<Instant>,
    entered: Option<Instant>,
    /// When she last sent her password.
    acted: Option<Instant>,
    done: Option<Instant>,
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
            came: None,
            asked: None,
            is_placed: false,
            waits: None,
            entered: None,
            acted: None,
            done: None,
            unanswered: 0,
            wanting: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// Comes, and goes on until she is in or her time is over.
    async fn comes(mut self, mut road: Road, after: Duration) -> Self {
        sleep(after).await;
        let until = Instant::now() + road.patience;
        let (mut was_away, mut was_answered) = (false, false);
        while self.done.is_none() && self.faults.is_empty() && Instant::now() < until {
            let target = *road.at.borrow_and_update();
            let met = self.asks(target).await;
            if !was_answered && !matches!(met, Met::Nobody) {
                was_answered = true;
                road.placed.fetch_add(usize::from(self.is_placed), Ordering::Relaxed);
                road.answered.fetch_add(1, Ordering::Release);
            }
            let pause = match met {
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
                    changed = road.at.changed() => drop(changed),
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
        if self.is_program || self.entered.is_some() {
            self.acted = Some(asked);
        }
        let opened = Connection::open_from(self.from, target, Limits::default()).await;
        let Ok(mut connection) = opened else { return Met::Nobody };
        let exchange = connection.exchange(&self.request()).await;
        if exchange.broken.is_some() {
            return Met::Nobody;
        }
        let answer = exchange.answer;
        let tickets = answer.header("set-cookie").filter_map(|cookie| cookie.split(';').next());
        if let Some(ticket) = tickets.map(str::to_owned).find(|pair| pair.starts_with("place=")) {
            if self.came.is_none() {
                self.came = came_of(&ticket);
                self.asked = Some((asked, Instant::now()));
            }
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
        self.is_placed = true;
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

/// The moment a ticket says: `place=`, its kind, and then the moment.
fn came_of(ticket: &str) -> Option<u64> {
    ticket.split('.').nth(1)?.parse().ok()
}

/// What all people of a wave go by.
#[derive(Clone)]
struct Road {
    at: watch::Receiver<Target>,
    patience: Duration,
    /// How many have had an answer, and how many of them a place.
    answered: Arc<AtomicUsize>,
    placed: Arc<AtomicUsize>,
}

/// A wave of people on their way.
pub(crate) struct Wave {
    people: JoinSet<Person>,
    road: Road,
    /// How busy the machine is while they are on their way.
    late: Late,
}

impl Wave {
    /// They come at any moment within that time, each asking where the product is at that moment.
    pub(crate) fn comes(
        logins: &[String],
        at: &watch::Receiver<Target>,
        (within, patience): (Duration, Duration),
        draw: &Draw,
    ) -> Self {
        let mut draw = draw.of_part(28);
        let road = Road { at: at.clone(), patience, answered: Arc::default(), placed: Arc::default() };
        let mut people = JoinSet::new();
        for (number, login) in logins.iter().enumerate() {
            people.spawn(Person::new(number, login).comes(road.clone(), draw.time_below(within)));
        }
        Self { people, road, late: Late::watched() }
    }

    /// Waits until each of them has been answered once: she has a place, or is let in.
    pub(crate) async fn all_are_answered(&self) -> Result<(), Failure> {
        let deadline = Instant::now() + self.road.patience;
        while self.road.answered.load(Ordering::Acquire) < self.people.len() {
            if Instant::now() > deadline {
                return Err(Failure::Product("not everybody who came was answered".to_owned()));
            }
            sleep(LOOK).await;
        }
        Ok(())
    }

    /// How many had a place when they were first answered.
    pub(crate) fn placed(&self) -> usize {
        self.road.placed.load(Ordering::Relaxed)
    }

    /// When all of them are in, or their patience is over.
    pub(crate) async fn ends(mut self) -> Came {
        let mut people = Vec::new();
        while let Some(person) = self.people.join_next().await {
            people.extend(person);
        }
        Came { people, late: self.late.most() }
    }
}

/// Waits until every process of the product says that its waiting room is open, or closed.
pub(crate) async fn opened(house: &House, open: bool) -> Result<(), Failure> {
    let deadline = Instant::now() + Duration::from_secs(30);
    for monitor in house.monitors() {
        while figure(monitor, "honnin_waiting_room_open").await? != Some(u64::from(open)) {
            if Instant::now() > deadline {
                let word = if open { "opened" } else { "closed" };
                return Err(Failure::Product(format!("the waiting room was not {word} in time")));
            }
            sleep(LOOK).await;
        }
    }
    Ok(())
}

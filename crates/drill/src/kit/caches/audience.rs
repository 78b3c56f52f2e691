//! Subscribers who ask for their pages all the time, through whatever stands in front, and what they are shown.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::super::stage::{World, get_as};
use super::super::tally::Findings;
use crate::client::{Connection, Limits, Request, Target};
use crate::harness::{Failure, SignedIn, Verdict};

/// Personal pages whose address is the same for everybody.
pub(crate) const PAGES: [&str; 4] = ["/lines", "/bills", "/api/v1/me", "/api/v1/bills"];
/// How long one waits between two requests.
const PACE: Duration = Duration::from_millis(15);
/// How long one waits for a proxy that is being started.
const AGAIN: Duration = Duration::from_millis(50);

/// An answer that showed somebody else.
#[derive(Debug, Clone)]
struct Leak {
    at: Instant,
    what: String,
}

/// What was heard up to a moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard {
    /// Answers that came.
    pub(crate) answers: u64,
    /// Those that showed their viewer her own.
    pub(crate) shown: u64,
    leaks: Vec<Leak>,
    /// When each answer came, for counting those after a moment.
    moments: Vec<Instant>,
}

impl Heard {
    /// What came after that.
    pub(crate) fn since(&self, before: &Self) -> Self {
        Self {
            answers: self.answers.saturating_sub(before.answers),
            shown: self.shown.saturating_sub(before.shown),
            leaks: self.leaks.iter().skip(before.leaks.len()).cloned().collect(),
            moments: self.moments.iter().skip(before.moments.len()).copied().collect(),
        }
    }

    /// What came after that moment.
    pub(crate) fn after(&self, moment: Instant) -> Self {
        let moments: Vec<Instant> = self.moments.iter().filter(|at| **at > moment).copied().collect();
        Self {
            answers: u64::try_from(moments.len()).unwrap_or(u64::MAX),
            shown: 0,
            leaks: self.leaks.iter().filter(|leak| leak.at > moment).cloned().collect(),
            moments,
        }
    }

    /// Passes where nobody was shown another.
    pub(crate) fn verdict(&self, check: &str, tried: &str) -> Verdict {
        let mut found = Findings::default();
        self.leaks.iter().for_each(|leak| found.add(leak.what.clone()));
        let note = format!("{} of them showed their viewers' own", self.shown);
        Verdict::of(check, tried, self.answers, found.told()).noting(note)
    }

    /// The same where personal pages have to be there: nobody is mixed up while nobody is shown anything.
    pub(crate) fn shown_verdict(&self, check: &str, tried: &str) -> Verdict {
        let mut verdict = self.verdict(check, tried);
        if self.shown == 0 {
            verdict.pass = false;
            verdict.found.push("nobody was shown her own".to_owned());
        }
        verdict
    }

    /// How many showed somebody else before that moment, and after it.
    pub(crate) fn leaked_around(&self, moment: Instant) -> (usize, usize) {
        let before = self.leaks.iter().filter(|leak| leak.at <= moment).count();
        (before, self.leaks.len() - before)
    }

    /// When somebody else was shown for the last time.
    pub(crate) fn last_leak(&self) -> Option<Instant> {
        self.leaks.iter().map(|leak| leak.at).max()
    }
}

/// Subscribers who ask until they are dismissed.
#[derive(Debug)]
pub(crate) struct Audience {
    heard: Arc<Mutex<Heard>>,
    over: Arc<AtomicBool>,
    listeners: JoinSet<()>,
}

impl Audience {
    pub(crate) fn gather(world: &Arc<World>, sessions: &[SignedIn], target: Target) -> Self {
        let (heard, over) = (Arc::new(Mutex::new(Heard::default())), Arc::new(AtomicBool::new(false)));
        let mut listeners = JoinSet::new();
        for (place, session) in sessions.iter().enumerate() {
            let (world, session) = (Arc::clone(world), session.clone());
            let (heard, over) = (Arc::clone(&heard), Arc::clone(&over));
            listeners.spawn(async move {
                listen(&world, &session, target, place, &heard, &over).await;
            });
        }
        Self { heard, over, listeners }
    }

    /// What was heard so far.
    pub(crate) fn heard(&self) -> Heard {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until somebody is shown something: a proxy may still keep refusals of before.
    pub(crate) async fn is_shown(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        while self.heard().shown == 0 && Instant::now() < deadline {
            sleep(AGAIN).await;
        }
    }

    /// Ends it.
    pub(crate) async fn dismiss(mut self) -> Result<(), Failure> {
        self.over.store(true, Ordering::Release);
        while let Some(ended) = self.listeners.join_next().await {
            ended.map_err(|error| Failure::Product(error.to_string()))?;
        }
        Ok(())
    }
}

/// Browsers say who they are by cookie; every second program says it in a header of its own (RFC 6750).
fn asked(session: &SignedIn, page: &str, place: usize) -> Request {
    match session.cookie.split_once('=') {
        Some((_, token)) if page.starts_with("/api/") && !place.is_multiple_of(2) => {
            Request::get(page).header("authorization", &format!("Bearer {token}"))
        }
        _ => get_as(session, page),
    }
}

async fn listen(
    world: &World,
    session: &SignedIn,
    target: Target,
    place: usize,
    heard: &Mutex<Heard>,
    over: &AtomicBool,
) {
    let mut kept: Option<Connection> = None;
    // All go through the pages in the same order, so that many ask for the same one at the same moment.
    for page in PAGES.iter().cycle().skip(place % 2) {
        if over.load(Ordering::Acquire) {
            return;
        }
        let Some(mut connection) = (match kept.take() {
            Some(connection) => Some(connection),
            None => Connection::open(target, Limits::default()).await.ok(),
        }) else {
            sleep(AGAIN).await;
            continue;
        };
        let exchange = connection.exchange(&asked(session, page, place)).await;
        let at = Instant::now();
        let scan = world.scan(Some(session), &exchange.answer);
        if exchange.broken.is_none() && exchange.answer.keeps_connection() {
            kept = Some(connection);
        }
        if exchange.answer.status != 0 {
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            heard.answers += 1;
            heard.moments.push(at);
            heard.shown += u64::from(exchange.answer.status == 200 && !scan.own.is_empty());
            if let Some(first) = scan.foreign.first() {
                let what = format!(
                    "{} asked {page} and was shown {} of {}",
                    session.account, first.mark, first.account
                );
                heard.leaks.push(Leak { at, what });
            }
        }
        sleep(PACE).await;
    }
}

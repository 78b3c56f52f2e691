//! Subscribers who ask for everything of their own, one after the other or all the time, and a tally of what they were
//! shown. Where the product is started anew they follow it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::paths::Paths;
use super::stage::{World, get_as};
use super::tally::Tally;
use crate::client::{Connection, Limits, Request, Target};
use crate::harness::{Failure, House, SignedIn};
use crate::seed::Draw;

/// Before somebody whom nobody answers asks again.
const AGAIN: Duration = Duration::from_millis(20);

/// A subject and what she can read.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) session: SignedIn,
    pub(crate) paths: Paths,
}

/// Everybody.
#[derive(Debug)]
pub(crate) struct Crowd {
    pub(crate) world: World,
    pub(crate) subjects: Vec<Subject>,
    target: Mutex<Target>,
    /// What was shown while everybody was gathered.
    looked_up: Mutex<Tally>,
    tally: Mutex<Tally>,
    stop: AtomicBool,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Crowd {
    /// Everybody who is signed in, each with what she can read; documents are among it where `documents` says so.
    pub(crate) async fn gather(world: World, house: &House, documents: bool) -> Result<Arc<Self>, Failure> {
        let (mut subjects, mut tally) = (Vec::new(), Tally::default());
        for session in house.sessions().to_vec() {
            let mut paths = Paths::of(&world, house.target(), &session, &mut tally).await?;
            if documents {
                let of_bill = |bill: &String| ["pdf", "csv"].map(|kind| format!("/bills/{bill}/{kind}"));
                paths.reads.extend(paths.bills.iter().take(1).flat_map(of_bill));
            }
            subjects.push(Subject { session, paths });
        }
        let (target, looked_up) = (Mutex::new(house.target()), Mutex::new(tally));
        let (tally, stop) = (Mutex::new(Tally::default()), AtomicBool::new(false));
        Ok(Arc::new(Self { world, subjects, target, looked_up, tally, stop }))
    }

    /// Where the product is.
    pub(crate) fn target(&self) -> Target {
        *locked(&self.target)
    }

    /// The product has another address from now on.
    pub(crate) fn follow(&self, house: &House) {
        self.go_to(house.target());
    }

    /// The product is asked there from now on.
    pub(crate) fn go_to(&self, target: Target) {
        *locked(&self.target) = target;
    }

    /// Notes what somebody was shown.
    pub(crate) fn note(&self, tally: Tally) {
        locked(&self.tally).take(tally);
    }

    /// What was noted since it was last asked for; the first time also what was shown to begin with.
    pub(crate) fn noted(&self) -> Tally {
        let mut noted = std::mem::take(&mut *locked(&self.tally));
        noted.take(std::mem::take(&mut *locked(&self.looked_up)));
        noted
    }

    /// Has so many ask all the time, each request as another subject.
    pub(crate) fn ask(self: &Arc<Self>, connections: usize, draw: &Draw) -> JoinSet<()> {
        let mut asking = JoinSet::new();
        for number in 0..u64::try_from(connections.max(1)).unwrap_or(1) {
            let (crowd, draw) = (Arc::clone(self), draw.of_part(number));
            asking.spawn(async move { crowd.one(draw).await });
        }
        asking
    }

    async fn one(&self, mut draw: Draw) {
        let mut connection: Option<Connection> = None;
        while !self.stop.load(Ordering::Acquire) {
            if connection.is_none() {
                connection = Connection::open(self.target(), Limits::default()).await.ok();
            }
            let (Some(mut open), Some(subject)) = (connection.take(), draw.of(&self.subjects)) else {
                sleep(AGAIN).await;
                continue;
            };
            let kept = self.read(&mut open, subject, &mut draw).await;
            connection = kept.then_some(open);
        }
    }

    /// One request of a subject; whether the connection can be used again.
    pub(crate) async fn read(&self, open: &mut Connection, subject: &Subject, draw: &mut Draw) -> bool {
        let Some(path) = draw.of(&subject.paths.reads) else { return true };
        let exchange = open.exchange(&get_as(&subject.session, path)).await;
        let mut tally = Tally::default();
        tally.look(&self.world, Some(&subject.session), path, &exchange);
        if !open.stray().is_empty() {
            tally.foreign.add(format!("{path}: octets came behind the answer that nobody asked for"));
        }
        self.note(tally);
        exchange.broken.is_none() && exchange.answer.keeps_connection()
    }

    /// Lets everybody who asks all the time come to an end.
    pub(crate) async fn rest(&self, mut asking: JoinSet<()>) {
        self.stop.store(true, Ordering::Release);
        while asking.join_next().await.is_some() {}
    }
}

/// A wish for another speed.
pub(crate) fn wish(subject: &Subject, line: &str, key: &str, high: bool) -> Request {
    let body = format!(r#"{{"high":{high}}}"#);
    Request::new("PUT", &format!("/api/v1/lines/{line}/speed"))
        .header("cookie", &subject.session.cookie)
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .body(body.as_bytes())
}

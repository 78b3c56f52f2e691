//! Turns: who of those that ask is begun, as the room `overload` says; here with wakers and the clock.
//!
//! A request under HTTP/1.1 takes its turn before its first octet is read, a handshake before its first message is, a
//! request under HTTP/2 when its head is there. Who waits for a turn has cost next to nothing so far.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use honnin_overload::{Admission, Bounds, Call, Class, Place};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

/// How often those are looked for who have waited too long, where no end of a work does it.
const TICK: Duration = Duration::from_millis(50);

/// All turns of one server.
#[derive(Debug)]
pub(crate) struct Turns {
    since: Instant,
    line: Mutex<Line>,
    /// Tells those at the door that it may be open.
    opens: Notify,
}

#[derive(Debug)]
struct Line {
    admission: Admission,
    /// Those who wait, and those who were called and have not come yet.
    waiting: HashMap<Place, Waiting>,
    /// Whether somebody waits at the door.
    at_door: bool,
}

#[derive(Debug)]
struct Waiting {
    waker: Waker,
    called: Option<(Call, Duration)>,
}

/// A place in work; dropping it ends it.
#[derive(Debug)]
pub struct Turn {
    turns: Option<Arc<Turns>>,
    /// What it was called for; nothing where the place was given back.
    call: Option<Call>,
    begun: Duration,
    /// The least of the classes that are given up at this moment.
    given_up: Option<Class>,
    /// How many wait.
    waiting: usize,
}

/// Somebody's wait for her turn; dropping it leaves the line.
#[derive(Debug)]
pub(crate) struct Wait {
    turns: Arc<Turns>,
    place: Option<Place>,
}

impl Turns {
    pub(crate) fn new(bounds: Bounds) -> Arc<Self> {
        let line = Line { admission: Admission::new(bounds), waiting: HashMap::new(), at_door: false };
        Arc::new(Self { since: Instant::now(), line: Mutex::new(line), opens: Notify::new() })
    }

    /// Begins to wait for a turn.
    pub(crate) fn wait(self: &Arc<Self>) -> Wait {
        Wait { turns: Arc::clone(self), place: None }
    }

    /// Waits for a turn.
    pub(crate) async fn turn(self: &Arc<Self>) -> Turn {
        let mut wait = self.wait();
        poll_fn(|cx| wait.poll(cx)).await
    }

    /// Waits until a newcomer is let in.
    pub(crate) async fn let_in(&self) {
        loop {
            // Made before it is looked: what opens the door meanwhile is not missed.
            let opens = self.opens.notified();
            {
                let now = self.now();
                let mut line = self.line();
                if line.admission.let_in(now) {
                    return;
                }
                line.at_door = true;
            }
            // However little happens, from time to time it is open.
            let _opened_or_not = timeout(TICK, opens).await;
        }
    }

    /// Calls those who have waited too long, for ever, and tells the figures.
    pub(crate) async fn watch(&self) {
        let (waiting, limit) = (honnin_figures::turns_waiting(), honnin_figures::turns_limit());
        loop {
            self.call(|_| ());
            let (wait, (_, most)) = {
                let admission = &self.line().admission;
                (admission.waiting(), admission.in_work())
            };
            for (gauge, count) in [(&waiting, wait), (&limit, most)] {
                honnin_figures::set(gauge, u64::try_from(count).unwrap_or(u64::MAX));
            }
            sleep(TICK).await;
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time that all of this counts from.
    pub(crate) fn now(&self) -> Duration {
        self.since.elapsed()
    }

    /// Changes the line, then calls whoever is next.
    fn call(&self, change: impl FnOnce(&mut Admission)) {
        let mut wakers = Vec::new();
        let opens = {
            let now = self.now();
            let mut line = self.line();
            let Line { admission, waiting, at_door } = &mut *line;
            change(admission);
            while let Some((place, call)) = admission.call(now) {
                if let Some(waiting) = waiting.get_mut(&place) {
                    waiting.called = Some((call, now));
                    wakers.push(waiting.waker.clone());
                }
            }
            let opens = *at_door && admission.lets_in(now);
            *at_door &= !opens;
            opens
        };
        if opens {
            self.opens.notify_waiters();
        }
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Wait {
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        let now = self.turns.now();
        let mut line = self.turns.line();
        let Line { admission, waiting, .. } = &mut *line;
        let Some(place) = self.place else {
            let Some(place) = admission.arrive(now) else {
                return Poll::Ready(self.turn(Call::Begin, now, (None, 0)));
            };
            waiting.insert(place, Waiting { waker: cx.waker().clone(), called: None });
            self.place = Some(place);
            return Poll::Pending;
        };
        let Some(own) = waiting.get_mut(&place) else { return Poll::Pending };
        let Some((call, called)) = own.called else {
            own.waker.clone_from(cx.waker());
            return Poll::Pending;
        };
        waiting.remove(&place);
        admission.begun(now, called);
        let (given_up, waiting) = (admission.given_up(now), admission.waiting());
        drop(line);
        self.place = None;
        if call == Call::Tell {
            honnin_figures::turns_told().increment(1);
        }
        Poll::Ready(self.turn(call, now, (given_up, waiting)))
    }

    fn turn(&self, call: Call, begun: Duration, (given_up, waiting): (Option<Class>, usize)) -> Turn {
        Turn { turns: Some(Arc::clone(&self.turns)), call: Some(call), begun, given_up, waiting }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let Some(place) = self.place else { return };
        let own = self.turns.line().waiting.remove(&place);
        if let Some((call, _)) = own.and_then(|own| own.called) {
            self.turns.call(|admission| admission.give_back(call));
        } else {
            self.turns.call(|admission| admission.leave(place));
            honnin_figures::turns_left().increment(1);
        }
    }
}

impl Turn {
    /// A turn that nobody counts, called for that: for requests that came by no connection.
    pub const fn uncounted(call: Call) -> Self {
        Self { turns: None, call: Some(call), begun: Duration::ZERO, given_up: None, waiting: 0 }
    }

    /// Whether what is of that class is not begun now: it was called to be told so, or others wait too long for it.
    pub fn gives_up(&self, class: Class) -> bool {
        match self.call {
            Some(Call::Tell) => class > Class::Begun,
            Some(Call::Begin) | None => self.given_up.is_some_and(|least| class >= least),
        }
    }

    /// Whether it was called after the whole wait that a person bears, and for nothing but to be told so.
    pub fn waited_too_long(&self) -> bool {
        self.call == Some(Call::Tell)
    }

    /// How many waited when it came.
    pub const fn waiting(&self) -> usize {
        self.waiting
    }

    /// Gives the place back: what comes now waits in a line of its own, or there was nothing to do.
    pub fn give_back(&mut self) {
        if let Some(turns) = &self.turns
            && let Some(call) = self.call.take()
        {
            turns.call(|admission| admission.give_back(call));
        }
    }

    /// Waits for something that others may take their time with, without the place; then for a place again.
    pub async fn aside<T: Send>(&mut self, wait: impl Future<Output = T> + Send) -> T {
        self.give_back();
        let done = wait.await;
        if let Some(turns) = &self.turns {
            *self = turns.turn().await;
        }
        done
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let (Some(turns), Some(call)) = (self.turns.take(), self.call) {
            let now = turns.now();
            turns.call(|admission| admission.end(call, now, self.begun));
        }
    }
}

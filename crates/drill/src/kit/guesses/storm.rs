//! Strangers who try one after the other without a pause, and now and then leave in the middle.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::owner::request;
use crate::client::{Connection, Leave, Limits, Target};
use crate::seed::Draw;

/// Of a hundred tries, so many are left before they are answered.
const LEAVE: u64 = 10;
/// How long they wait at most before they leave.
const PATIENCE: Duration = Duration::from_millis(300);
/// Whoever is turned away tries again after so long, whatever it was told.
const AGAIN: Duration = Duration::from_millis(500);
/// Longer than any hold.
const LIMITS: Limits = Limits { time: Duration::from_secs(100), head_octets: 64 << 10, body_octets: 1 << 20 };

/// What a stranger tries.
#[derive(Debug, Clone)]
pub(crate) enum Tries {
    /// That account, with a device's cookie where the stranger has one.
    Account(String, Option<String>),
    /// Names that nobody has.
    MadeUp,
}

/// One of them.
#[derive(Debug, Clone)]
pub(crate) struct Stranger {
    pub(crate) from: IpAddr,
    pub(crate) tries: Tries,
}

/// What was done to them.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Told that it is wrong: guesses that were compared with something.
    pub(crate) wrong: AtomicU64,
    /// Told to come back.
    pub(crate) turned_away: AtomicU64,
    /// Left by themselves.
    pub(crate) left: AtomicU64,
    /// Without an answer.
    pub(crate) broken: AtomicU64,
    /// Let in.
    pub(crate) let_in: AtomicU64,
    /// Strangers that were answered at least once.
    answered: AtomicU64,
}

impl Counts {
    pub(crate) fn of(count: &AtomicU64) -> u64 {
        count.load(Ordering::Relaxed)
    }

    pub(crate) fn told(&self) -> String {
        let [wrong, turned_away, left, broken] =
            [&self.wrong, &self.turned_away, &self.left, &self.broken].map(Self::of);
        format!(
            "{wrong} guesses were answered as wrong, {turned_away} told to come back, {left} left before, {broken} \
             without an answer"
        )
    }
}

/// A storm that blows until it is dropped.
#[derive(Debug)]
pub(crate) struct Storm {
    pub(crate) counts: Arc<Counts>,
    strangers: u64,
    blowing: JoinSet<()>,
}

impl Storm {
    /// So many connections, one for each stranger.
    pub(crate) fn begin(target: Target, strangers: Vec<Stranger>, draw: &Draw) -> Self {
        let counts = Arc::new(Counts::default());
        let mut blowing = JoinSet::new();
        let number = u64::try_from(strangers.len()).unwrap_or(u64::MAX);
        for (part, stranger) in (0..).zip(strangers) {
            let (counts, draw) = (Arc::clone(&counts), draw.of_part(part));
            blowing.spawn(async move { stranger.guess(target, &counts, draw).await });
        }
        Self { counts, strangers: number, blowing }
    }

    /// Waits until nearly all of them have been answered once; whether they were in that time.
    pub(crate) async fn stands(&self, patience: Duration) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < patience {
            if Counts::of(&self.counts.answered) >= self.strangers.saturating_mul(98) / 100 {
                return true;
            }
            sleep(Duration::from_millis(50)).await;
        }
        false
    }

    /// Ends it; what was done to it.
    pub(crate) async fn end(mut self) -> Arc<Counts> {
        self.blowing.shutdown().await;
        self.counts
    }
}

impl Stranger {
    async fn guess(self, target: Target, counts: &Counts, mut draw: Draw) {
        let add = |count: &AtomicU64| count.fetch_add(1, Ordering::Relaxed);
        let mut connection = None;
        let mut first = true;
        loop {
            let Some(mut open) = connection.take() else {
                connection = Connection::open_from(self.from, target, LIMITS).await.ok();
                if connection.is_none() {
                    add(&counts.broken);
                    sleep(AGAIN).await;
                }
                continue;
            };
            let made_up = format!("mio{:08}", 90_000_000 + draw.below(9_999_999));
            let (login, device) = match &self.tries {
                Tries::Account(login, device) => (login, device.as_deref()),
                Tries::MadeUp => (&made_up, None),
            };
            let request = request(login, &format!("guess {}", draw.any()), device);
            // Whoever is not yet answered stays for the first answer.
            if !first && draw.percent(LEAVE) {
                let wait = Leave::AfterWaiting(draw.time_below(PATIENCE));
                open.leave(&request, wait).await;
                add(&counts.left);
                continue;
            }
            let exchange = open.exchange(&request).await;
            if std::mem::take(&mut first) {
                add(&counts.answered);
            }
            let turned_away = match exchange.answer.status {
                _ if exchange.broken.is_some() => {
                    add(&counts.broken);
                    continue;
                }
                401 => {
                    add(&counts.wrong);
                    false
                }
                200..300 => {
                    add(&counts.let_in);
                    false
                }
                _ => {
                    add(&counts.turned_away);
                    true
                }
            };
            if exchange.answer.keeps_connection() {
                connection = Some(open);
            }
            if turned_away {
                sleep(AGAIN).await;
            }
        }
    }
}

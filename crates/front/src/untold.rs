//! Listed proxies that do not say whom they pass on: refused, counted, and named to the operator.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::seldom::Seldom;
use crate::{Peer, Untold};

/// What has come of listed proxies without an address since the start.
#[derive(Debug, Default)]
pub struct Untolds(Mutex<Noted>);

#[derive(Default)]
struct Noted {
    seen: Option<Seen>,
    seldom: Seldom,
    /// Who is told of the first of them, and then once a minute.
    on_news: Option<Arc<dyn Fn(Seen) + Send + Sync>>,
}

impl fmt::Debug for Noted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Noted").field("seen", &self.seen).finish_non_exhaustive()
    }
}

/// The last of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The proxy.
    pub proxy: Peer,
    /// What was wrong.
    pub why: Untold,
    /// How many there were since the start, of all proxies.
    pub count: u64,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { proxy, why, count } = self;
        write!(f, "{proxy}: {why}; {count} refused so far")
    }
}

impl Untolds {
    /// Counts one. Everybody behind that proxy would be one source, and one guesser's wrong answers would hold up all
    /// of them.
    pub fn note(&self, proxy: Peer, why: Untold) {
        let mut noted = self.lock();
        let count = noted.seen.map_or(0, |seen| seen.count).saturating_add(1);
        let seen = Seen { proxy, why, count };
        noted.seen = Some(seen);
        // A flood of them is not one of lines, and whoever is called is called as long as it lasts.
        let is_due = noted.seldom.happened(Instant::now()).is_some();
        let on_news = noted.on_news.clone().filter(|_| is_due);
        drop(noted);
        if let Some(on_news) = on_news {
            on_news(seen);
        }
        honnin_figures::requests_untold(why.word()).increment(1);
        if is_due {
            honnin_figures::alarm!(
                honnin_figures::AlarmKind::Untold,
                %proxy,
                why = why.word(),
                count,
                "a listed proxy does not say who asks; its requests are refused (listen.proxies_tell)"
            );
        }
    }

    /// Has somebody be told at once of the first of them, and then once a minute.
    pub fn on_news(&self, tell: impl Fn(Seen) + Send + Sync + 'static) {
        self.lock().on_news = Some(Arc::new(tell));
    }

    /// The last, where there was one.
    pub fn seen(&self) -> Option<Seen> {
        self.lock().seen
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_requests_that_name_nobody_calls_somebody_once_a_minute() {
        let untolds = Untolds::default();
        let counted = honnin_figures::counted_by(|| {
            (0..1_000).for_each(|_| untolds.note(Peer::Socket, Untold::Missing));
        });
        let value = |series: &str| counted.value(series);
        assert_eq!(value("honnin_alarm_total{kind=\"untold\"}").as_deref(), Some("1"));
        assert_eq!(value("honnin_requests_untold_total{why=\"missing\"}").as_deref(), Some("1000"));
        assert_eq!(untolds.seen().unwrap().count, 1_000);
    }
}

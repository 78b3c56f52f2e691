//! Listed proxies that do not say whom they pass on: refused, counted, and named to the operator.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::Untold;

/// What has come of listed proxies without an address since the start.
#[derive(Debug, Default)]
pub struct Untolds(Mutex<Option<Seen>>);

/// The last of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The proxy.
    pub proxy: IpAddr,
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
    pub fn note(&self, proxy: IpAddr, why: Untold) {
        let mut seen = self.lock();
        let count = seen.map_or(0, |seen| seen.count).saturating_add(1);
        *seen = Some(Seen { proxy, why, count });
        drop(seen);
        honnin_figures::requests_untold(why.word()).increment(1);
        // The first, the second, the fourth: a flood of them is not one of lines.
        if count.is_power_of_two() {
            honnin_figures::alarm!(
                honnin_figures::AlarmKind::Untold,
                %proxy,
                why = why.word(),
                count,
                "a listed proxy does not say who asks; its requests are refused (listen.proxies_tell)"
            );
        }
    }

    /// The last, where there was one.
    pub fn seen(&self) -> Option<Seen> {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

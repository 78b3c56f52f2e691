//! A crowd: people who come when they come, whatever the server does (open loop), or who ask again as soon as they were
//! answered (closed loop). One thread, thousands of connections.
//!
//! In the open loop a time is counted from the moment somebody was due and not from the moment the request left: a server that
//! stands still makes everybody wait who would have come meanwhile, and is told so (no coordinated omission).

mod answer;
mod connection;
mod play;

use std::net::SocketAddr;
use std::time::Duration;

use super::stats;

/// One kind of request.
pub(super) struct Kind {
    /// How many of a hundred people ask this.
    pub(super) share: u32,
    /// The status of the answer that was asked for.
    pub(super) wanted: u16,
    /// Whether each brings a connection of their own, or whoever comes takes one that is idle.
    pub(super) own: bool,
    /// The request of the person with that number, and where its headers may have another put behind them.
    pub(super) request: Box<dyn Fn(u64) -> String + Send + Sync>,
}

/// When people come.
#[derive(Debug, Clone, Copy)]
pub(super) enum Come {
    /// So many a second, at moments of chance (Poisson).
    Open(f64),
    /// The same, and from some moment on so many: whoever waits in line then still waits.
    Falling { from: f64, at: Duration, to: f64 },
    /// So many at the beginning, each again as soon as the answer is there.
    Closed(usize),
}

/// What is played.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) address: SocketAddr,
    pub(super) come: Come,
    /// Time before anything is counted, and time that is.
    pub(super) warm: Duration,
    pub(super) time: Duration,
    /// After so long without an answer people leave.
    pub(super) patience: Duration,
    /// Whether people who were given a place in line ask again when they were told to.
    pub(super) returns: bool,
    /// Connections at most. Whoever finds none counts as not sent: then it is the crowd that is too small.
    pub(super) most: usize,
    /// The number of the first person: who comes later than another crowd is somebody else.
    pub(super) first: u64,
}

/// What became of somebody's request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    /// Answered with what was asked for.
    Served,
    /// Answered with a place in line, or when to come again.
    Placed,
    /// Answered with "busy".
    Refused,
    /// Answered with anything else.
    Wrong(u16),
    /// Not answered while there was patience.
    Left,
    /// The connection was refused or broke.
    Broken,
    /// The crowd had no connection left.
    NotSent,
}

/// One request, and what became of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) kind: usize,
    /// When it was due, from the beginning.
    pub(super) due: Duration,
    /// From then to its end.
    pub(super) took: Duration,
    pub(super) met: Met,
    /// Whether somebody asks again who was placed before.
    pub(super) again: bool,
    /// Whether there was a place before this end came.
    pub(super) late: Duration,
}

/// What a crowd met.
#[derive(Debug)]
pub(super) struct Crowd {
    plan: Plan,
    pub(super) seen: Vec<Seen>,
}

impl Crowd {
    /// Plays it on this thread.
    pub(super) fn play(plan: Plan, kinds: &[Kind]) -> std::io::Result<Self> {
        Ok(Self { plan, seen: play::play(plan, kinds)? })
    }

    fn counted(&self, moment: Duration) -> bool {
        moment >= self.plan.warm && moment < self.plan.warm + self.plan.time
    }

    /// How many of those who came in the time that counts met that, the first time they asked.
    pub(super) fn met(&self, is: impl Fn(Met) -> bool) -> usize {
        self.seen.iter().filter(|seen| !seen.again && self.counted(seen.due) && is(seen.met)).count()
    }

    /// People a second who came.
    pub(super) fn offered(&self) -> f64 {
        stats::count(self.met(|_| true)) / self.plan.time.as_secs_f64()
    }

    fn served(&self, kind: Option<usize>) -> impl Iterator<Item = &Seen> {
        self.seen.iter().filter(move |seen| {
            seen.met == Met::Served
                && self.counted(seen.due + seen.took)
                && kind.is_none_or(|kind| kind == seen.kind)
        })
    }

    /// People a second who were served, of one kind or of all, when they were served.
    pub(super) fn goodput(&self, kind: Option<usize>) -> f64 {
        stats::count(self.served(kind).count()) / self.plan.time.as_secs_f64()
    }

    /// The time within which so many of a thousand of those who were served had their answer.
    pub(super) fn within(&self, kind: Option<usize>, of_thousand: usize) -> Duration {
        let mut times: Vec<Duration> = self.served(kind).map(|seen| seen.took).collect();
        stats::within(&mut times, of_thousand)
    }

    /// Milliseconds within which 99 of 100 of those who were served had their answer; without end where nobody was.
    pub(super) fn slowest(&self, kind: Option<usize>) -> f64 {
        if self.goodput(kind) > 0.0 { stats::millis(self.within(kind, 990)) } else { f64::INFINITY }
    }

    /// How many were served in each second that counts.
    pub(super) fn by_second(&self) -> Vec<usize> {
        let seconds = usize::try_from(self.plan.time.as_secs()).unwrap_or(0);
        let mut counts = vec![0; seconds];
        for seen in self.served(None) {
            let second = (seen.due + seen.took).saturating_sub(self.plan.warm).as_secs();
            if let Some(count) = usize::try_from(second).ok().and_then(|second| counts.get_mut(second)) {
                *count += 1;
            }
        }
        counts
    }

    /// How late the crowd itself was with 99 of 100, and whether it was large and quick enough for what it was to play.
    pub(super) fn own_delay(&self) -> (Duration, bool) {
        let mut late: Vec<Duration> =
            self.seen.iter().filter(|seen| self.counted(seen.due)).map(|seen| seen.late).collect();
        let delay = stats::within(&mut late, 990);
        let not_sent = self.met(|met| met == Met::NotSent);
        (delay, delay <= SLOW && not_sent * 100 <= self.met(|_| true))
    }
}

/// A crowd that is later than this with one in a hundred measures itself.
const SLOW: Duration = Duration::from_millis(20);

#[cfg(test)]
pub(in crate::bench) mod tests;

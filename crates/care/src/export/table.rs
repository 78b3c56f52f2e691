//! Which export is whose and how far it is. In memory only.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use honnin_access::Session;
use honnin_terms::{AccountId, ExportId, Moment, SessionId};

use super::shelf::{Shelf, ShelfName};
use crate::care::Error;

/// What exports may take.
///
/// Shape: octets, seconds and counts. Source: ours; the reason stands at each default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportBounds {
    /// One export, sealed. Default 32 MiB: ten thousand disclosures and a hundred lines take about 3 MiB.
    pub most_octets: u64,
    /// All finished exports together. Default 1 GiB.
    pub space_octets: u64,
    /// A finished export is kept so many seconds. Default one hour: long enough to fetch it, too short to be left lying.
    pub keep_seconds: i64,
    /// An export may take so many seconds once it is begun. Default 60.
    pub deadline_seconds: i64,
    /// Sessions whose export is known. Default 10,000.
    pub most_kept: usize,
}

impl Default for ExportBounds {
    fn default() -> Self {
        Self {
            most_octets: 32 << 20,
            space_octets: 1 << 30,
            keep_seconds: 3_600,
            deadline_seconds: 60,
            most_kept: 10_000,
        }
    }
}

/// How long it is remembered that an export has expired, so that who comes late is told so.
const REMEMBERED_SECONDS: i64 = 86_400;

/// Why an export was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFault {
    /// There is more than one export may hold.
    TooLarge,
    /// The shelf has no room, or takes nothing.
    NoRoom,
    /// It took too long.
    Deadline,
    /// The worker was stopped on the way.
    Interrupted,
    /// Something that was to go into it could not be read.
    Failed,
}

impl ExportFault {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::TooLarge, Self::NoRoom, Self::Deadline, Self::Interrupted, Self::Failed];

    /// The word of the API and of metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::NoRoom => "no_room",
            Self::Deadline => "deadline",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }
}

/// How far an export is, for the one who asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportStage {
    /// So many are before it.
    Waiting(usize),
    /// It is being made.
    Working,
    /// It can be fetched until then.
    Ready(Moment),
    /// It has expired.
    Gone,
    /// It was not made.
    Failed(ExportFault),
}

impl ExportStage {
    /// Whether it waits or is being made.
    pub const fn is_under_way(self) -> bool {
        matches!(self, Self::Waiting(_) | Self::Working)
    }
}

/// The export of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportState {
    /// Its name in addresses.
    pub export: ExportId,
    /// How far it is.
    pub stage: ExportStage,
}

enum Stage {
    Waiting,
    /// Being made; so many octets of the shelf are its own already.
    Working(u64),
    Ready {
        name: ShelfName,
        octets: u64,
        until: Moment,
    },
    Gone {
        since: Moment,
    },
    Failed(ExportFault),
}

struct Entry {
    account: AccountId,
    session: SessionId,
    /// Counts the exports: the lower one is before the higher one.
    number: u64,
    asked: Moment,
    stage: Stage,
}

#[derive(Default)]
struct Known {
    next: u64,
    entries: HashMap<ExportId, Entry>,
}

/// The table of exports and their shelf. Cheap to clone: all clones are one.
#[derive(Clone)]
pub struct Exports {
    bounds: Arc<ExportBounds>,
    shelf: Arc<dyn Shelf>,
    known: Arc<Mutex<Known>>,
}

impl fmt::Debug for Exports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exports").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

impl Exports {
    /// An empty table over an empty shelf.
    pub fn new(bounds: ExportBounds, shelf: Arc<dyn Shelf>) -> Self {
        Self { bounds: Arc::new(bounds), shelf, known: Arc::default() }
    }

    pub(super) fn bounds(&self) -> &ExportBounds {
        &self.bounds
    }

    pub(super) fn shelf(&self) -> &dyn Shelf {
        &*self.shelf
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a new export, in place of an earlier one of this session; does not where one is under way.
    pub(super) fn begin(&self, session: &Session, export: ExportId) -> Result<bool, Error> {
        let mut known = self.known();
        let own = |entry: &Entry| entry.session == session.id();
        let earlier =
            known.entries.iter().find(|(_, entry)| own(entry)).map(|(id, entry)| (*id, &entry.stage));
        let earlier = match earlier {
            Some((_, Stage::Waiting | Stage::Working(_))) => return Ok(false),
            Some((earlier, _)) => Some(earlier),
            None if known.entries.len() >= self.bounds.most_kept => return Err(Error::ExportsFull),
            None => None,
        };
        let earlier = earlier.and_then(|earlier| known.entries.remove(&earlier));
        let number = known.next;
        known.next += 1;
        let (account, session, asked) = (session.account(), session.id(), session.at());
        known.entries.insert(export, Entry { account, session, number, asked, stage: Stage::Waiting });
        drop(known);
        if let Some(entry) = earlier {
            self.unshelve(&entry);
        }
        Ok(true)
    }

    pub(super) fn works(&self, export: ExportId) {
        if let Some(entry) = self.known().entries.get_mut(&export) {
            entry.stage = Stage::Working(0);
        }
    }

    pub(super) fn fails(&self, export: ExportId, fault: ExportFault) {
        if let Some(entry) = self.known().entries.get_mut(&export) {
            entry.stage = Stage::Failed(fault);
        }
    }

    /// Puts a sealed export on the shelf; only then it can be fetched.
    pub(super) fn finish(
        &self,
        export: ExportId,
        name: ShelfName,
        sealed: &[u8],
        until: Moment,
    ) -> Result<(), ExportFault> {
        let octets = u64::try_from(sealed.len()).unwrap_or(u64::MAX);
        if octets > self.bounds.most_octets {
            return Err(ExportFault::TooLarge);
        }
        self.reserve(export, octets)?;
        self.shelf.put(&name, sealed).map_err(|error| {
            tracing::error!(%error, "the shelf of exports takes nothing");
            ExportFault::NoRoom
        })?;
        let stage = Stage::Ready { name, octets, until };
        match self.known().entries.get_mut(&export) {
            Some(entry) => entry.stage = stage,
            // Who asked has signed out meanwhile.
            None => self.remove(&name),
        }
        Ok(())
    }

    /// Takes room on the shelf, before anything is written.
    fn reserve(&self, export: ExportId, octets: u64) -> Result<(), ExportFault> {
        let mut known = self.known();
        let taken: u64 = known.entries.values().map(Entry::octets).sum();
        if taken.saturating_add(octets) > self.bounds.space_octets {
            return Err(ExportFault::NoRoom);
        }
        if let Some(entry) = known.entries.get_mut(&export) {
            entry.stage = Stage::Working(octets);
        }
        Ok(())
    }

    pub(super) fn state(&self, session: &Session, now: Moment) -> Option<ExportState> {
        let known = self.known();
        let (export, entry) = known.entries.iter().find(|(_, entry)| entry.is_of(session))?;
        let before = |number: u64| known.entries.values().filter(|other| other.is_before(number)).count();
        let stage = match entry.stage {
            Stage::Waiting => ExportStage::Waiting(before(entry.number)),
            Stage::Working(_) => ExportStage::Working,
            Stage::Ready { until, .. } if until > now => ExportStage::Ready(until),
            Stage::Ready { .. } | Stage::Gone { .. } => ExportStage::Gone,
            Stage::Failed(fault) => ExportStage::Failed(fault),
        };
        Some(ExportState { export: *export, stage })
    }

    /// Where a finished export lies.
    pub(super) fn ready(&self, session: &Session, export: ExportId, now: Moment) -> Result<ShelfName, Error> {
        let known = self.known();
        let entry = known.entries.get(&export).filter(|entry| entry.is_of(session)).ok_or(Error::NotThere)?;
        match entry.stage {
            Stage::Ready { name, until, .. } if until > now => Ok(name),
            Stage::Ready { .. } | Stage::Gone { .. } => Err(Error::ExportGone),
            Stage::Waiting | Stage::Working(_) | Stage::Failed(_) => Err(Error::ExportNotReady),
        }
    }

    /// Gives up the export of a session that ends.
    pub(crate) fn forget(&self, session: &Session) {
        let mut known = self.known();
        let own = known.entries.iter().find(|(_, entry)| entry.is_of(session)).map(|(id, _)| *id);
        let own = own.and_then(|own| known.entries.remove(&own));
        drop(known);
        if let Some(entry) = own {
            self.unshelve(&entry);
        }
    }

    pub(super) fn sweep(&self, now: Moment) -> usize {
        let mut names = Vec::new();
        let mut known = self.known();
        for entry in known.entries.values_mut() {
            if let Stage::Ready { name, until, .. } = entry.stage
                && until <= now
            {
                names.push(name);
                entry.stage = Stage::Gone { since: until };
            }
        }
        known.entries.retain(|_, entry| match entry.stage {
            Stage::Gone { since } => now.seconds_since(since) < REMEMBERED_SECONDS,
            Stage::Failed(_) => now.seconds_since(entry.asked) < REMEMBERED_SECONDS,
            Stage::Waiting | Stage::Working(_) | Stage::Ready { .. } => true,
        });
        drop(known);
        for name in &names {
            self.remove(name);
        }
        names.len()
    }

    fn unshelve(&self, entry: &Entry) {
        if let Stage::Ready { name, .. } = entry.stage {
            self.remove(&name);
        }
    }

    fn remove(&self, name: &ShelfName) {
        if let Err(error) = self.shelf.remove(name) {
            // It opens for nobody any more, and goes at the next start.
            tracing::error!(%error, "an export was not removed from its shelf");
        }
    }
}

impl Entry {
    fn is_of(&self, session: &Session) -> bool {
        self.account == session.account() && self.session == session.id()
    }

    const fn octets(&self) -> u64 {
        match self.stage {
            Stage::Working(octets) | Stage::Ready { octets, .. } => octets,
            Stage::Waiting | Stage::Gone { .. } | Stage::Failed(_) => 0,
        }
    }

    const fn is_before(&self, number: u64) -> bool {
        self.number < number && matches!(self.stage, Stage::Waiting | Stage::Working(_))
    }
}

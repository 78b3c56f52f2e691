//! Work that outlives a request: put once, claimed under a lease, settled under a fence.
//!
//! Who claims work has it for the length of the lease; after that another may, and what the first then writes is refused
//! by its older fence. So a worker that stops, pauses or is cut off holds nothing up and spoils nothing. Whatever the work
//! does outside the store is done at least once: it has to stand being done again.

use honnin_access::{Answer, Keep, Permit};
use honnin_terms::{AccountId, Moment};

use crate::Error;

/// A queue. The list is closed: each has one worker, which says what its payloads mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Queue(&'static str);

impl Queue {
    /// Entries the journal is owed.
    pub const ENTRIES: Self = Self("entries");
    /// Exports that were asked for, until they are forgotten.
    pub const EXPORTS: Self = Self("exports");
    /// What finished exports hold, sealed. Nothing of it is ever due.
    pub const EXPORTED: Self = Self("exported");
    /// Which exports under way came from where. Nothing of it is ever due.
    pub const EXPORT_SOURCES: Self = Self("export_sources");
    /// What is done from time to time: forgetting, pruning.
    pub const SWEEPS: Self = Self("sweeps");

    /// The word it is stored by.
    pub const fn word(self) -> &'static str {
        self.0
    }
}

/// Names a piece of work within its queue.
pub type WorkId = [u8; 16];

/// Work to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWork {
    /// Where.
    pub queue: Queue,
    /// Which: the same work again has the same id.
    pub id: WorkId,
    /// Whose it is, where it is somebody's.
    pub owner: Option<AccountId>,
    /// What its worker needs; sealed where it is personal.
    pub payload: Vec<u8>,
    /// From when it can be claimed; `None` where there is nothing to do, and it is only kept.
    pub due: Option<Moment>,
    /// From when it is as if it were not there; `None` where it stays until it is done.
    pub until: Option<Moment>,
}

/// Work as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkRow {
    /// Which.
    pub id: WorkId,
    /// Whose it is, where it is somebody's.
    pub owner: Option<AccountId>,
    /// What its worker needs, or has left.
    pub payload: Vec<u8>,
    /// When it was put.
    pub at: Moment,
    /// From when it can be claimed; `None` where nothing more is to do.
    pub due: Option<Moment>,
    /// From when it is as if it were not there.
    pub until: Option<Moment>,
    /// How often it was claimed.
    pub tries: u32,
}

/// Work under a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedWork {
    /// The work; this claim is counted in its tries.
    pub work: WorkRow,
    /// Names this claim. Grows, and never comes twice, also where the work was done and put again in between.
    pub fence: u64,
}

/// What became of claimed work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// Done, and forgotten.
    Done,
    /// Not done with: it is claimed again from `due`, or kept as it is without being claimed.
    Again {
        /// What is kept from now on; `None` for what was.
        payload: Option<Vec<u8>>,
        /// From when it can be claimed; `None` where nothing more is to do.
        due: Option<Moment>,
    },
    /// Still at it: the lease lasts so much longer from now, under the same fence.
    Longer {
        /// Seconds.
        lease_seconds: i64,
    },
}

/// Work with leases and fences. What time it is is the permit's word.
pub trait ClaimRows: Send + Sync {
    /// Puts work; `false` where work of that id is there already, which stays as it is. A crash leaves it put or not.
    fn put_work(&self, permit: &Permit<Keep>, work: NewWork) -> Answer<'_, Result<bool, Error>>;
    /// Claims what is due and under no lease, the longest due first, at most `most`.
    fn claim_work(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
        lease_seconds: i64,
        most: usize,
    ) -> Answer<'_, Result<Vec<ClaimedWork>, Error>>;
    /// Writes what became of it. [`Error::Conflict`] where it was claimed by another since, or is gone; then it is the
    /// other's, and nothing was written. A lease that ran out without another claim still counts.
    fn settle_work(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
        id: &WorkId,
        fence: u64,
        settled: Settled,
    ) -> Answer<'_, Result<(), Error>>;
    /// Takes work away, whoever has claimed it: what its worker then settles is refused. Where `payload` is given, only
    /// while it is still that. Whether it was there.
    fn drop_work(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
        id: &WorkId,
        payload: Option<Vec<u8>>,
    ) -> Answer<'_, Result<bool, Error>>;
    /// One piece of work.
    fn work(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
        id: &WorkId,
    ) -> Answer<'_, Result<Option<WorkRow>, Error>>;
    /// Work of one owner or of all, by id after `after`, at most `most`.
    fn works(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
        owner: Option<AccountId>,
        after: Option<WorkId>,
        most: usize,
    ) -> Answer<'_, Result<Vec<WorkRow>, Error>>;
    /// How much is due or claimed, and since when the longest due of it.
    fn waiting(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
    ) -> Answer<'_, Result<(u64, Option<Moment>), Error>>;
}

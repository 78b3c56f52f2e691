//! What the threads of one journal share.

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use honnin_seal::SigningKey;
use honnin_terms::{LogId, Moment};

use crate::ReadError;
use crate::anchoring::Anchored;
use crate::bounds::{Bounds, State};
use crate::chain::{Anchor, Chain};
use crate::disk::Disk;
use crate::merkle::Edge;
use crate::queue::Queue;
use crate::tail::Tail;

/// What is kept: everything from the minimum index on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) minimum: u64,
    /// All entries from this moment on are kept; `None` where nothing was pruned.
    pub(crate) from: Option<Moment>,
}

impl Kept {
    /// Whether an entry of that index is kept.
    pub(crate) const fn answers(self, index: u64) -> Result<(), ReadError> {
        match self {
            Self { minimum, from: Some(from) } if index < minimum => {
                Err(ReadError::NotAnswerable { pruned_before: from })
            }
            Self { .. } => Ok(()),
        }
    }
}

/// The published side: who holds it may publish or prune.
pub(crate) struct Shelf {
    pub(crate) edge: Edge,
    /// The entries of the partial bundle.
    pub(crate) bundle: Vec<u8>,
    /// Size of the newest checkpoint in the history.
    pub(crate) history_size: u64,
    /// Day (UTC) of the last publication.
    pub(crate) day: Option<i64>,
}

/// A preallocated segment that nobody writes to yet.
pub(crate) struct Spare(pub(crate) File);

/// One open journal.
pub(crate) struct Shared {
    pub(crate) log: LogId,
    pub(crate) dir: PathBuf,
    pub(crate) origin: String,
    pub(crate) key: SigningKey,
    pub(crate) chain: Chain,
    pub(crate) anchor: Arc<dyn Anchor>,
    pub(crate) anchored: Mutex<Anchored>,
    /// Held while the head is anchored.
    pub(crate) anchoring: Mutex<()>,
    pub(crate) bounds: Bounds,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) queue: Queue,
    pub(crate) tail: Mutex<Tail>,
    pub(crate) shelf: Mutex<Shelf>,
    pub(crate) kept: Mutex<Kept>,
    pub(crate) spare: Mutex<Option<Spare>>,
    /// First indexes of the segments on disk, ascending.
    pub(crate) segments: Mutex<Vec<u64>>,
    pub(crate) state: AtomicU8,
    /// Whether the publisher must stop.
    pub(crate) stop: Mutex<bool>,
    pub(crate) wanted: Condvar,
    /// For those who only wait for the end.
    pub(crate) stopped: Condvar,
}

impl Shared {
    pub(crate) fn state(&self) -> State {
        match self.state.load(Ordering::Acquire) {
            0 => State::Ready,
            1 => State::Full,
            _ => State::Failed,
        }
    }

    /// Sets the state; a failed journal stays failed.
    pub(crate) fn set_state(&self, state: State) {
        let code = match state {
            State::Ready | State::Unanchored => 0,
            State::Full => 1,
            State::Failed => 2,
        };
        let keep = |now| if now == 2 { None } else { Some(code) };
        let _: Result<u8, u8> = self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, keep);
    }
}

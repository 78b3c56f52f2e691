//! When sessions were last seen, noted and not yet written: shown all the same.
//!
//! Such a note is written with the next write of anybody. Were it not shown before, what one person is told of her
//! devices would follow from whether somebody else has just written something.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use honnin_access::ports::SessionRow;
use honnin_seal::Digest;
use honnin_terms::{Moment, TenantId};

/// Names one session.
type SessionKey = (TenantId, Digest);

/// The notes on their way: at most as many as writes may wait.
#[derive(Debug, Clone, Default)]
pub struct Noted(Arc<Mutex<HashMap<SessionKey, Moment>>>);

/// One note; it counts until this is dropped, after it was written or refused.
#[derive(Debug)]
pub struct OnItsWay {
    noted: Noted,
    key: SessionKey,
    seen: Moment,
}

impl Noted {
    fn hold(&self) -> MutexGuard<'_, HashMap<SessionKey, Moment>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes when a session was seen, until what is given back is dropped.
    pub fn note(&self, key: SessionKey, seen: Moment) -> OnItsWay {
        self.hold().entry(key).and_modify(|latest| *latest = seen.max(*latest)).or_insert(seen);
        OnItsWay { noted: self.clone(), key, seen }
    }

    /// The note on one session. Taken before the row is read: a note that is written in between is in the row.
    pub fn of(&self, key: &SessionKey) -> Option<Moment> {
        self.hold().get(key).copied()
    }

    /// All notes; taken before rows are read, as above.
    pub fn all(&self) -> HashMap<SessionKey, Moment> {
        self.hold().clone()
    }
}

/// The row with what was noted of it.
pub fn with_note(row: SessionRow, noted: Option<Moment>) -> SessionRow {
    SessionRow { last_seen: noted.map_or(row.last_seen, |seen| seen.max(row.last_seen)), ..row }
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        let mut notes = self.noted.hold();
        if notes.get(&self.key).is_some_and(|latest| *latest <= self.seen) {
            notes.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_counts_until_the_latest_of_its_session_has_ended() {
        let (noted, key) = (Noted::default(), (TenantId::FIRST, [1; 32]));
        let (early, late) = (Moment::EPOCH, Moment::EPOCH.plus_seconds(60));
        let (first, second) = (noted.note(key, early), noted.note(key, late));
        assert_eq!(noted.of(&key), Some(late));
        drop(first);
        assert_eq!(noted.of(&key), Some(late), "the first is written, the second is not");
        drop(second);
        assert!(noted.all().is_empty(), "nothing is kept of what is written");
    }
}

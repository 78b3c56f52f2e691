//! All logs of a journal as one: this node's own, which it writes, and those of the others, which it reads.
//!
//! Entries of several logs come in the order of their moments (the later of a moment and of all before it in its log);
//! of one moment by the log, so that a page that begins where another ended shows each once.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use honnin_seal::{MacKey, VerifyingKey};
use honnin_terms::{EntryRef, LogId, Moment};

use crate::ask::{Source, find_rows};
use crate::chain::{Chain, Head};
use crate::follow::Followed;
use crate::index::{Query, Row, Side};
use crate::others;
use crate::{Entry, Journal, Pseudonym, ReadError};

/// Where the other logs lie, and what they are read with.
struct Place {
    root: PathBuf,
    key: VerifyingKey,
    chain: MacKey,
}

/// This node's log and the others'.
pub struct Logs {
    own: Arc<Journal>,
    place: Option<Place>,
    others: RwLock<Others>,
}

/// The logs of others, and whether these are all there are, as they are now.
#[derive(Default)]
struct Others {
    logs: Vec<Arc<Followed>>,
    is_known: bool,
}

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logs").field("own", &self.own).finish_non_exhaustive()
    }
}

/// A question to all logs.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// The pseudonyms of one person, one for each key epoch.
    pub names: &'a [Pseudonym],
    /// From this moment on.
    pub from: Moment,
    /// Before this moment.
    pub to: Moment,
    /// Only what comes after this entry: the last one of the page before.
    pub before: Option<EntryRef>,
    /// At most so many entries.
    pub limit: usize,
}

impl Logs {
    /// This log and no other.
    pub const fn alone(own: Arc<Journal>) -> Self {
        Self { own, place: None, others: RwLock::new(Others { logs: Vec::new(), is_known: true }) }
    }

    /// This log, and those in that directory that [`Self::follow`] names, signed and indexed with those keys.
    pub const fn new(own: Arc<Journal>, root: PathBuf, key: VerifyingKey, chain: MacKey) -> Self {
        let others = RwLock::new(Others { logs: Vec::new(), is_known: false });
        Self { own, place: Some(Place { root, key, chain }), others }
    }

    /// The log this node writes.
    pub const fn own(&self) -> &Arc<Journal> {
        &self.own
    }

    fn others(&self) -> Vec<Arc<Followed>> {
        self.others.read().unwrap_or_else(PoisonError::into_inner).logs.clone()
    }

    /// The logs of others, where all of them are known.
    fn all_others(&self) -> Option<Vec<Arc<Followed>>> {
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        others.is_known.then(|| others.logs.clone())
    }

    fn answering(&self) -> Result<Vec<Arc<Followed>>, ReadError> {
        let unknown = || io::Error::new(io::ErrorKind::InvalidData, "the logs of other nodes are not known");
        Ok(self.all_others().ok_or_else(unknown)?)
    }

    /// Takes in which logs there are, by their anchored heads, and what they have published of epochs up to that one. Until
    /// it has, and from when it has failed on, nothing is answered: never less than there is.
    ///
    /// # Errors
    /// What the system says; `InvalidData` where a log is missing or not as it was signed.
    pub fn follow(&self, heads: &[(LogId, Vec<u8>)], epoch: u32) -> io::Result<()> {
        let Some(place) = &self.place else { return Ok(()) };
        let mut logs = self.others();
        let followed = self.look_at(place, heads, &mut logs).and_then(|()| refresh(&logs, epoch));
        let others = Others { logs, is_known: followed.is_ok() };
        *self.others.write().unwrap_or_else(PoisonError::into_inner) = others;
        followed
    }

    fn look_at(
        &self,
        place: &Place,
        heads: &[(LogId, Vec<u8>)],
        logs: &mut Vec<Arc<Followed>>,
    ) -> io::Result<()> {
        let Place { root, key, chain } = place;
        let wrong = |what: &'static str| io::Error::new(io::ErrorKind::InvalidData, what);
        for (log, head) in heads.iter().filter(|(log, _)| *log != self.own.log()) {
            let head =
                Head::parse(head, &Chain::new(chain, *log)).map_err(|_| wrong("a head is not of its log"))?;
            if head.size > 0 && !root.join(log.to_string()).is_dir() {
                return Err(wrong("a log that was anchored is gone"));
            }
            if !logs.iter().any(|known| known.log() == *log) {
                logs.push(Arc::new(Followed::new(root.clone(), *log, *key, chain)));
            }
        }
        Ok(())
    }

    /// Takes in what the others have published since, of epochs up to that one.
    ///
    /// # Errors
    /// As [`Self::follow`].
    pub fn refresh(&self, epoch: u32) -> io::Result<()> {
        refresh(&self.others(), epoch)
    }

    /// From when on all entries of every log are kept; `None` where nothing was pruned.
    pub fn answerable_since(&self) -> Option<Moment> {
        let others = self.others().into_iter().filter_map(|log| log.kept().from);
        self.own.answerable_since().into_iter().chain(others).max()
    }

    /// The entry of that place.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn read(&self, entry: EntryRef) -> Result<Entry, ReadError> {
        if entry.log == self.own.log() {
            return self.own.read_at(entry.index);
        }
        let others = self.others();
        let log = others.iter().find(|log| log.log() == entry.log).ok_or(ReadError::NotWritten)?;
        log.entry_at(entry.index)
    }

    /// Entries with that owner, newest first: "who has seen my data".
    ///
    /// # Errors
    /// [`ReadError::NotAnswerable`] where the question begins before what is kept of any log.
    pub fn by_owner(&self, asking: &Asking<'_>) -> Result<Vec<EntryRef>, ReadError> {
        Ok(self.find(asking, Side::Owner)?.into_iter().map(|(entry, _)| entry).collect())
    }

    /// What was done to that owner's account, newest first: neither looks nor sign-ins that failed stand between.
    ///
    /// # Errors
    /// As [`Self::by_owner`].
    pub fn acts_on(&self, asking: &Asking<'_>) -> Result<Vec<EntryRef>, ReadError> {
        Ok(self.find(asking, Side::Act)?.into_iter().map(|(entry, _)| entry).collect())
    }

    /// When sign-ins to that owner's account failed, as far as they were written down, newest first.
    ///
    /// # Errors
    /// As [`Self::by_owner`].
    pub fn failures_on(&self, asking: &Asking<'_>) -> Result<Vec<Moment>, ReadError> {
        Ok(self.find(asking, Side::Failed)?.into_iter().map(|(_, row)| row.moment).collect())
    }

    fn find(&self, asking: &Asking<'_>, side: Side) -> Result<Vec<(EntryRef, Row)>, ReadError> {
        let cursor = match asking.before {
            Some(entry) => Some((entry, self.read(entry)?.order)),
            None => None,
        };
        let others = self.answering()?;
        let mut found = Self::rows((self.own.log(), &*self.own), asking, side, cursor)?;
        for log in others {
            found.extend(Self::rows((log.log(), &*log), asking, side, cursor)?);
        }
        // Within a log a later index is never of an earlier moment.
        found.sort_by(|(one, at), (other, then)| {
            then.order.cmp(&at.order).then(one.log.cmp(&other.log)).then(other.index.cmp(&one.index))
        });
        found.truncate(asking.limit);
        Ok(found)
    }

    /// What one log has of it.
    fn rows(
        (log, source): (LogId, &dyn Source),
        asking: &Asking<'_>,
        side: Side,
        cursor: Option<(EntryRef, Moment)>,
    ) -> Result<Vec<(EntryRef, Row)>, ReadError> {
        let before = match cursor {
            None => None,
            Some((entry, _)) if entry.log == log => Some(entry.index),
            // Of the cursor's own moment only what comes after it in the order of logs.
            Some((entry, order)) => {
                let end = first_of(source, |at| if entry.log < log { at > order } else { at >= order })?;
                Some(end)
            }
        };
        let Asking { names, from, to, limit, .. } = *asking;
        let query = Query { pseudonyms: names, from, to, before, limit };
        let rows = find_rows(source, &query, side)?;
        Ok(rows.into_iter().map(|(index, row)| (EntryRef { log, index }, row)).collect())
    }

    /// How often somebody else was shown data of this owner since a moment, by the owner's pseudonyms of all epochs;
    /// `None` where that is not known of every log. Reads nothing.
    pub fn by_others(&self, owners: &[Pseudonym], from: Moment) -> Option<u64> {
        let count = |others: &others::Others| {
            let looks = others.of_owners(owners, from)?;
            Some(u64::try_from(looks.count()).unwrap_or(u64::MAX))
        };
        let mut sum = self.own.by_others(owners, from)?;
        for log in self.all_others()? {
            sum = sum.saturating_add(log.others(count)?);
        }
        Some(sum)
    }

    /// The entries of those looks, newest first, the newest so many, and how many there are; `None` where not all are
    /// known.
    pub fn looks_by_others(
        &self,
        owners: &[Pseudonym],
        from: Moment,
        most: usize,
    ) -> Option<(Vec<EntryRef>, u64)> {
        let own = self.own.log();
        let mut found: Vec<(Moment, EntryRef)> = self
            .own
            .looks_by_others(owners, from)?
            .into_iter()
            .map(|(index, at)| (at, EntryRef { log: own, index }))
            .collect();
        for log in self.all_others()? {
            let of_log = |(index, at)| (at, EntryRef { log: log.log(), index });
            found.extend(log.others(|others| {
                others.of_owners(owners, from).map(|looks| looks.map(of_log).collect::<Vec<_>>())
            })?);
        }
        found.sort_by_key(|(at, entry)| std::cmp::Reverse((*at, *entry)));
        let count = u64::try_from(found.len()).unwrap_or(u64::MAX);
        found.truncate(most);
        Some((found.into_iter().map(|(_, entry)| entry).collect(), count))
    }
}

fn refresh(logs: &[Arc<Followed>], epoch: u32) -> io::Result<()> {
    logs.iter().try_for_each(|log| log.refresh(epoch))
}

/// The first index whose place in the order is such: the order never goes back.
fn first_of(source: &dyn Source, is_such: impl Fn(Moment) -> bool) -> Result<u64, ReadError> {
    let (mut low, mut high) = (source.kept().minimum, source.size());
    while low < high {
        let middle = low + (high - low) / 2;
        if is_such(source.entry_at(middle)?.order) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}

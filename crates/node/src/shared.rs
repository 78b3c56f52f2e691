//! Isolation as a fact of the installation: one row that every node reads and any node may write.
//!
//! The row is sealed by the keeper, so that who can only write the store can neither forge that it was lifted nor that
//! it was entered. It carries a count of alarms: lifting names the count it has looked at, so that what was seen
//! meanwhile is not lifted with it.

use std::fmt;
use std::sync::Arc;

use honnin_access::{ControlName, ControlRow, ControlRows, Keep, NewControl, NodeAuthority, Permit, Swapped};
use honnin_keeper::Keeper;
use honnin_store::Error;
use honnin_terms::{Clock, Entropy, Less, Stop};

use crate::request;

/// Seals what the installation writes down of itself.
pub trait Seals: Send + Sync {
    /// Seals the row's content.
    fn seal_mode(&self, content: &[u8]) -> Option<Vec<u8>>;
    /// Opens it; `None` where it was not sealed by us, or for another row.
    fn open_mode(&self, sealed: &[u8]) -> Option<Vec<u8>>;
}

impl Seals for Keeper {
    fn seal_mode(&self, content: &[u8]) -> Option<Vec<u8>> {
        Self::seal_mode(self, content).ok()
    }

    fn open_mode(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        Self::open_mode(self, sealed).ok()
    }
}

/// What the row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Why personal pages are stopped, where they are.
    pub stop: Option<Stop>,
    /// How many alarms there were.
    pub alarms: u64,
    /// How much less a person has said is to be offered.
    pub forced: Option<Less>,
}

impl Written {
    fn text(self) -> String {
        let stop = self.stop.map_or("open", Stop::word);
        match self.forced {
            Some(less) => format!("{} {} {stop}", self.alarms, less.word()),
            None => format!("{} {stop}", self.alarms),
        }
    }

    fn read(text: &[u8]) -> Option<Self> {
        let (alarms, rest) = str::from_utf8(text).ok()?.split_once(' ')?;
        let (forced, word) = match rest.split_once(' ') {
            Some((less, word)) => (Some(Less::of_word(less)?), word),
            None => (None, rest),
        };
        let stop = if word == "open" { None } else { Some(Stop::of_word(word)?) };
        Some(Self { stop, alarms: alarms.parse().ok()?, forced })
    }
}

/// The row as it was read: its revision, 0 where there is none, and what it says, where it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Names this writing of the row.
    pub revision: u64,
    /// What it says; `None` where it was altered.
    pub written: Option<Written>,
}

/// The row, and what it takes to read and write it.
#[derive(Clone)]
pub struct ModeRow {
    rows: Arc<dyn ControlRows>,
    authority: Arc<NodeAuthority>,
    seals: Arc<dyn Seals>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl fmt::Debug for ModeRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ModeRow(..)")
    }
}

impl ModeRow {
    /// The row in that store.
    pub fn new(
        rows: Arc<dyn ControlRows>,
        authority: Arc<NodeAuthority>,
        seals: Arc<dyn Seals>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { rows, authority, seals, clock, entropy }
    }

    fn permit(&self) -> Permit<Keep> {
        self.authority.keep(self.clock.now(), request(&*self.entropy))
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`Error`] where the store does not answer.
    pub async fn read(&self) -> Result<Seen, Error> {
        read_mode(&*self.rows, &self.permit(), &*self.seals).await
    }

    /// Writes it where it still is as it was seen; as it is now where it is not.
    async fn write(&self, seen: Seen, written: Written) -> Result<Result<u64, Seen>, Error> {
        write(&*self.rows, &self.permit(), &*self.seals, seen, written).await
    }

    /// Writes that personal pages are stopped, whatever the row says; its revision then.
    ///
    /// # Errors
    /// [`Error`] where the store does not answer: it may have been written all the same.
    pub(crate) async fn stop(&self, reason: Stop) -> Result<u64, Error> {
        let mut seen = self.read().await?;
        loop {
            let before = seen.written.unwrap_or_default();
            let stop = before.stop.or(Some(reason));
            match self
                .write(seen, Written { stop, alarms: before.alarms.saturating_add(1), ..before })
                .await?
            {
                Ok(revision) => return Ok(revision),
                Err(changed) => seen = changed,
            }
        }
    }
}

fn seen_in(row: Option<ControlRow>, seals: &dyn Seals) -> Seen {
    match row {
        None => Seen { revision: 0, written: Some(Written::default()) },
        Some(row) => {
            let opened = seals.open_mode(&row.value);
            Seen { revision: row.revision, written: opened.and_then(|text| Written::read(&text)) }
        }
    }
}

/// Reads the row: what the installation has written down of its mode.
///
/// # Errors
/// [`Error`] where the store does not answer.
pub async fn read_mode(
    rows: &dyn ControlRows,
    permit: &Permit<Keep>,
    seals: &dyn Seals,
) -> Result<Seen, Error> {
    Ok(seen_in(rows.control(permit, &name()).await?, seals))
}

async fn write(
    rows: &dyn ControlRows,
    permit: &Permit<Keep>,
    seals: &dyn Seals,
    seen: Seen,
    written: Written,
) -> Result<Result<u64, Seen>, Error> {
    let value = seals.seal_mode(written.text().as_bytes()).ok_or(Error::Corrupt)?;
    let new = NewControl { value, until: None };
    Ok(match rows.swap_control(permit, &name(), seen.revision, Some(new)).await? {
        Swapped::Done(revision) => Ok(revision),
        Swapped::Changed(row) => Err(seen_in(row, seals)),
    })
}

/// Lifts the isolation that was seen; `false` where something was seen since, which has to be looked at as well.
///
/// # Errors
/// [`Error`] where the store does not answer.
pub async fn lift_mode(
    rows: &dyn ControlRows,
    permit: &Permit<Keep>,
    seals: &dyn Seals,
    seen: Seen,
) -> Result<bool, Error> {
    let before = seen.written.unwrap_or_default();
    Ok(write(rows, permit, seals, seen, Written { stop: None, ..before }).await?.is_ok())
}

/// Has every node offer that much less, or as much as it can again; what it was before. A row that was altered is left as
/// it is: `None`.
///
/// # Errors
/// [`Error`] where the store does not answer.
pub async fn force_mode(
    rows: &dyn ControlRows,
    permit: &Permit<Keep>,
    seals: &dyn Seals,
    forced: Option<Less>,
) -> Result<Option<Written>, Error> {
    let mut seen = read_mode(rows, permit, seals).await?;
    loop {
        let Some(before) = seen.written else { return Ok(None) };
        match write(rows, permit, seals, seen, Written { forced, ..before }).await? {
            Ok(_) => return Ok(Some(before)),
            Err(changed) => seen = changed,
        }
    }
}

fn name() -> ControlName {
    ControlName::of("mode", &[])
}

//! Where the head of each log is kept: a row of the store. The journal lies in another place, so that whoever puts one
//! of them back is missed by the other.

use std::fmt;
use std::sync::Arc;

use honnin_access::{ControlName, ControlRows, Keep, NewControl, NodeAuthority, Permit, Swapped};
use honnin_journal::{Anchor, AnchorError};
use honnin_terms::{Clock, Entropy, Id, LogId};
use pollster::block_on;

use crate::nodes::log_of;
use crate::request;

const KIND: &str = "journal-head/";
/// Rows read at once.
const PAGE: usize = 100;
/// How often a row that was changed in between is read again: a log has one writer.
const TRIES: usize = 4;

/// Heads as rows of the store. What is in one only the keeper's key makes; the store never sees what it says.
pub struct StoreAnchor {
    rows: Arc<dyn ControlRows>,
    authority: NodeAuthority,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl fmt::Debug for StoreAnchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreAnchor(..)")
    }
}

fn name(log: LogId) -> ControlName {
    ControlName::of("journal-head", log.octets())
}

/// The head of every log there is.
///
/// # Errors
/// [`AnchorError`] where the store does not answer, or a row is of no log.
pub async fn heads(
    rows: &dyn ControlRows,
    permit: &Permit<Keep>,
) -> Result<Vec<(LogId, Vec<u8>)>, AnchorError> {
    let mut found = Vec::new();
    let mut after: Option<ControlName> = None;
    loop {
        let page = rows.controls(permit, KIND, after.as_ref(), PAGE).await;
        let page = page.map_err(|error| AnchorError(error.to_string()))?;
        let is_last = page.len() < PAGE;
        for (name, row) in page {
            let log = log_of(&name, KIND).ok_or_else(|| AnchorError(format!("{name} names no log")))?;
            found.push((log, row.value));
            after = Some(name);
        }
        if is_last {
            return Ok(found);
        }
    }
}

impl StoreAnchor {
    /// In that store.
    pub const fn new(
        rows: Arc<dyn ControlRows>,
        authority: NodeAuthority,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { rows, authority, clock, entropy }
    }
}

impl Anchor for StoreAnchor {
    fn read(&self, log: LogId) -> Result<Option<Vec<u8>>, AnchorError> {
        let permit = self.authority.keep(self.clock.now(), request(&*self.entropy));
        let row = block_on(self.rows.control(&permit, &name(log)));
        Ok(row.map_err(|error| AnchorError(error.to_string()))?.map(|row| row.value))
    }

    fn write(&self, log: LogId, head: &[u8]) -> Result<(), AnchorError> {
        let permit = self.authority.keep(self.clock.now(), request(&*self.entropy));
        let wrong = |error: honnin_store::Error| AnchorError(error.to_string());
        let (name, mut revision) = (name(log), None);
        for _ in 0..TRIES {
            let read = match revision {
                Some(revision) => revision,
                None => {
                    block_on(self.rows.control(&permit, &name)).map_err(wrong)?.map_or(0, |row| row.revision)
                }
            };
            let new = NewControl { value: head.to_vec(), until: None };
            match block_on(self.rows.swap_control(&permit, &name, read, Some(new))).map_err(wrong)? {
                Swapped::Done(_) => return Ok(()),
                Swapped::Changed(row) => revision = Some(row.map_or(0, |row| row.revision)),
            }
        }
        Err(AnchorError("somebody else writes the head of this log".to_owned()))
    }
}

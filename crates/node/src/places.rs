//! Where checkpoints of a log leave for, remembered: whoever edits the settings so that none leaves any more, or so that
//! they leave for an empty place, is found by the row that does not say so.

use std::iter;

use honnin_access::{ControlName, Keep, NewControl, Permit};
use honnin_keeper::Keeper;
use honnin_store::{Error, Store};
use honnin_terms::{Id, LogId};

fn name(log: LogId) -> ControlName {
    ControlName::of("checkpoint-places", log.octets())
}

/// The log stands inside the seal: the row of another log says nothing of this one.
fn text(log: LogId, places: &[String]) -> String {
    let lines: Vec<String> = iter::once(log.to_string()).chain(places.iter().cloned()).collect();
    lines.join("\n")
}

/// Where the checkpoints of that log left for, each place as the settings wrote it; `None` where that was never written
/// down.
///
/// # Errors
/// [`Error`] where the store does not answer, or the row is none of ours.
pub async fn left_for(
    store: &dyn Store,
    permit: &Permit<Keep>,
    keeper: &Keeper,
    log: LogId,
) -> Result<Option<Vec<String>>, Error> {
    let Some(row) = store.control(permit, &name(log)).await? else { return Ok(None) };
    let opened = keeper.open_places(&row.value).ok().and_then(|octets| String::from_utf8(octets).ok());
    let text = opened.ok_or(Error::Corrupt)?;
    let mut lines = text.split('\n');
    if lines.next() != Some(log.to_string().as_str()) {
        return Err(Error::Corrupt);
    }
    Ok(Some(lines.map(str::to_owned).collect()))
}

/// Writes down where they leave for from now on.
///
/// # Errors
/// [`Error`] where the store does not take it.
pub async fn leave_for(
    store: &dyn Store,
    permit: &Permit<Keep>,
    keeper: &Keeper,
    (log, places): (LogId, &[String]),
) -> Result<(), Error> {
    let value = keeper.seal_places(text(log, places).as_bytes()).map_err(|_| Error::Corrupt)?;
    let revision = store.control(permit, &name(log)).await?.map_or(0, |row| row.revision);
    // A log has one writer; whoever was faster said the same.
    store.swap_control(permit, &name(log), revision, Some(NewControl { value, until: None })).await.map(drop)
}

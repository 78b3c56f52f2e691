//! Which nodes there are: each says so in a row of its own, again and again. By it is decided whose canaries are let in,
//! and which nodes a new one is compared with; which logs there are the anchored heads say.

use honnin_access::{ControlName, ControlRows, Keep, NewControl, Permit};
use honnin_store::Error;
use honnin_terms::{Id, LogId, Moment};

const KIND: &str = "node/";
/// So often a node says that it is there, and so long it is believed, in seconds.
const AGAIN: i64 = 20;
const BELIEVED: i64 = 600;
/// Whoever has not said so for so many seconds serves nobody any more.
const SERVES: i64 = 90;
/// So far, in seconds, a row may be from the future. Less would have a node whose own clock is slow overlook the others, and join
/// beside whatever they run; more would have one row believed for longer than a minute.
const AHEAD: i64 = 60;
/// Nodes read at once.
const MOST: usize = 100;

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRow {
    /// Its name.
    pub name: String,
    /// The log it writes.
    pub log: LogId,
    /// When it last said so.
    pub at: Moment,
    revision: u64,
}

impl NodeRow {
    /// Whether it has said so at that moment or not long before.
    pub(crate) fn is_heard(&self, now: Moment) -> bool {
        is_of_late(self.at, now)
    }
}

/// Whether a node that began then may not have said so yet.
pub(crate) fn has_just_begun(at: Moment, now: Moment) -> bool {
    is_of_late(at, now)
}

/// Not long before, and not from a future that no clock of a ready node knows: such a row would be believed until its time came.
fn is_of_late(at: Moment, now: Moment) -> bool {
    (-AHEAD..SERVES).contains(&now.seconds_since(at))
}

/// The log that a row of such a kind is named after.
pub(crate) fn log_of(name: &ControlName, kind: &str) -> Option<LogId> {
    name.as_str().strip_prefix(kind)?.parse().ok()
}

/// The nodes that have said so lately.
///
/// # Errors
/// [`Error`] where the store does not answer.
pub async fn nodes(rows: &dyn ControlRows, permit: &Permit<Keep>) -> Result<Vec<NodeRow>, Error> {
    let found = rows.controls(permit, KIND, None, MOST).await?;
    let node = |(name, row): (ControlName, honnin_store::ControlRow)| {
        let (log, at, revision) = (log_of(&name, KIND)?, row.at, row.revision);
        Some(NodeRow { name: String::from_utf8(row.value).ok()?, log, at, revision })
    };
    Ok(found.into_iter().filter_map(node).collect())
}

/// Says that this node is there, where it has not lately; all that are.
pub(crate) async fn here(
    rows: &dyn ControlRows,
    permit: &Permit<Keep>,
    (name, log): (&str, LogId),
) -> Result<Vec<NodeRow>, Error> {
    let known = nodes(rows, permit).await?;
    let own = known.iter().find(|node| node.log == log);
    let is_young = |node: &NodeRow| (0..AGAIN).contains(&permit.at().seconds_since(node.at));
    if !own.is_some_and(is_young) {
        let until = Some(permit.at().plus_seconds(BELIEVED));
        let new = NewControl { value: name.as_bytes().to_vec(), until };
        let revision = own.map_or(0, |node| node.revision);
        // Nobody else writes this row: where it was changed it says the same.
        rows.swap_control(permit, &ControlName::of("node", log.octets()), revision, Some(new)).await?;
    }
    Ok(known)
}

//! Going on after a copy was restored: the logs that are there end where they are, and others are written from then on.
//!
//! Whoever it was copied from may have gone on with the same logs, and shown what the copy does not know. Two that write
//! one log would sign two trees of one size. So a restored log gets no entry more; the first entries of the new ones name
//! the last of the old, and the verifier holds both to it.

use std::collections::BTreeSet;

use data_encoding::BASE64;
use honnin_journal::{Kind, Party, Report, Trust, verify, verify_each};
use honnin_node::begin_course;
use honnin_terms::{EntryRef, LogId};
use tokio::runtime::Builder;

use super::acts::Deed;
use super::logs::{open_log_as, trust};
use super::{Rooms, leaving};
use crate::failure::Failure;

/// What the files of the journal were found to be: every one of them proven.
#[derive(Debug)]
pub(crate) struct Looked {
    /// What was proven.
    pub(crate) report: Report,
    /// The newest epoch that an entry is of.
    newest: u32,
    /// Logs that had ended before.
    ended: BTreeSet<LogId>,
}

/// A log that ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its last entry.
    pub(crate) last: EntryRef,
    /// How many entries of it were seen elsewhere.
    pub(crate) seen: u64,
}

impl Ended {
    /// Entries that were seen elsewhere and are not here: nobody can tell what they say.
    pub(crate) const fn missing(&self) -> u64 {
        self.seen.saturating_sub(self.last.index.saturating_add(1))
    }
}

/// Proves the journal as its files are: against these heads and no others.
///
/// # Errors
/// [`Failure`] where it does not verify.
pub(crate) fn looked_at(rooms: &Rooms, heads: Vec<(LogId, Vec<u8>)>) -> Result<Looked, Failure> {
    let trust = Trust { heads, ..trust(rooms)? };
    let (mut newest, mut ended) = (0, BTreeSet::new());
    let report = verify_each(&rooms.installation.journal(), &trust, None, &mut |_, entry| {
        newest = newest.max(entry.epoch);
        if entry.kind == Kind::Continued {
            ended.extend(entry.about.map(|last| last.log));
        }
    })?;
    Ok(Looked { report, newest, ended })
}

/// Ends the logs that were looked at and begins others. What is not done when a crash comes is done by doing it again.
///
/// # Errors
/// [`Failure`]: a log that a server has open, or what cannot be written.
pub(crate) fn go_on(
    rooms: &Rooms,
    operator: &str,
    looked: &Looked,
    note: &str,
) -> Result<Vec<Ended>, Failure> {
    let Looked { report, newest, ended } = looked;
    // Their heads are anchored as they are, and what was durable is published.
    for log in &report.logs {
        let opened = open_log_as(rooms, log.log, true);
        opened.map_err(|reason| Failure::from(reason).during("go on with the journal as it is"))?.close()?;
    }
    let published =
        verify(&rooms.installation.journal(), &Trust { heads: Vec::new(), ..trust(rooms)? }, None)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(begin_course(&*rooms.store, &rooms.keep(), &rooms.keeper, *newest))?;
    let (leaving, mut done) = (leaving(rooms)?, Vec::new());
    let acts = rooms.acts(operator)?;
    let deed = Deed { counts: &[published.entries()], note, ..Deed::default() };
    acts.record(Kind::Operated, Party::Nobody, deed)?;
    for log in published.logs.iter().filter(|log| !ended.contains(&log.log)) {
        let Some(index) = log.size.checked_sub(1) else { continue };
        let last = EntryRef { log: log.log, index };
        let seen = runtime.block_on(leaving.farthest(log.log)).unwrap_or(0);
        let deed = Deed {
            counts: &[log.size, seen],
            note: &format!("root {}", BASE64.encode(&log.root)),
            follows: Some(last),
            ..Deed::default()
        };
        acts.record(Kind::Continued, Party::Nobody, deed)?;
        done.push(Ended { last, seen });
    }
    acts.close()?;
    Ok(done)
}

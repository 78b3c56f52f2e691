//! The logs of the journal of one installation: opened, read beside each other, verified.

use std::sync::Arc;
use std::time::Instant;

use honnin_figures::{self as figures, AlarmKind};
use honnin_journal::{
    AnchorError, Breach, Entry, Journal, LogKeys, Logs, Opening, Report, StartError, Trust, verify_each,
};
use honnin_node::{Epochs, written_under};
use honnin_terms::{EntryRef, LogId, Moment};
use pollster::block_on;

use super::bounds;
use super::rooms::Rooms;
use crate::failure::Failure;
use crate::installation::Installation;

#[expect(
    clippy::disallowed_methods,
    reason = "the clock that only goes forward: by it a clock that was set is noticed"
)]
fn now() -> Instant {
    Instant::now()
}

/// The log of commands.
pub(crate) const COMMANDS: &str = "commands";

/// The smallest segment: commands write little.
const SMALL_SEGMENT: u64 = 1 << 20;

/// Opens this node's log.
///
/// # Errors
/// [`StartError::Locked`] where another process has it; the others need a person.
pub(super) fn start_journal(rooms: &Rooms) -> Result<Journal, StartError> {
    open_log(rooms, rooms.installation.node())
}

/// Opens a log of the journal by the name of who writes it.
///
/// # Errors
/// [`StartError::Locked`] where another process has it; the others need a person.
pub(crate) fn open_log(rooms: &Rooms, writer: &str) -> Result<Journal, StartError> {
    open_log_as(rooms, log(rooms, writer)?, false)
}

fn log(rooms: &Rooms, writer: &str) -> Result<LogId, StartError> {
    rooms.log(writer).map_err(|reason| AnchorError(reason.to_string()).into())
}

/// Opens that log; `as_it_is` where a person has looked and says that the files are what there is.
///
/// # Errors
/// As [`open_log`].
pub(crate) fn open_log_as(rooms: &Rooms, log: LogId, as_it_is: bool) -> Result<Journal, StartError> {
    let Rooms { installation, keeper, .. } = rooms;
    let Installation { settings, .. } = installation;
    let wrong = |_| StartError::Foreign;
    let mut bounds = bounds::journal(&settings.journal);
    // Nothing more is written to one that is taken as it is.
    if as_it_is || log == self::log(rooms, COMMANDS)? {
        bounds.segment_octets = SMALL_SEGMENT;
    }
    #[cfg(honnin_faults)]
    let as_it_is = as_it_is || honnin_terms::faults::UNASKED_ANCHOR.is_on();
    let started = now();
    Journal::open(Opening {
        root: installation.journal(),
        log,
        origin: format!("{}/{}", settings.journal.name, settings.tenant.id),
        keys: LogKeys {
            signing: keeper.journal_signing_key().map_err(wrong)?,
            chain: keeper.journal_chain_key().map_err(wrong)?,
        },
        bounds,
        anchor: Arc::new(rooms.anchor()),
        steady: Some(Arc::new(move || u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX))),
        as_it_is,
    })
}

/// What a journal is verified with: keys of the keyring, and the heads that were anchored. Nothing of it comes from the
/// directory that is checked.
///
/// # Errors
/// [`Failure`] where the keyring does not open, or a head cannot be read.
pub(crate) fn trust(rooms: &Rooms) -> Result<Trust, Failure> {
    let keeper = &rooms.keeper;
    let heads = rooms.heads()?;
    #[cfg(honnin_faults)]
    let heads = if honnin_terms::faults::UNASKED_ANCHOR.is_on() { Vec::new() } else { heads };
    Ok(Trust {
        key: keeper.journal_signing_key()?.verifying_key()?,
        chain: Some(keeper.journal_chain_key()?),
        heads,
    })
}

/// Verifies the journal of an installation, and hands over its entries. The heads are read before the files, so that what
/// is cut off them is missed, and once more after them, so that a head that was put back is.
///
/// # Errors
/// [`Failure`] where a head cannot be read, [`Breach`] where the journal does not verify.
pub(crate) fn proven(
    rooms: &Rooms,
    period: Option<(Moment, Moment)>,
    each: &mut dyn FnMut(EntryRef, &Entry),
) -> Result<Result<Report, Breach>, Failure> {
    let before = trust(rooms)?;
    let report = match verify_each(&rooms.installation.journal(), &before, period, each) {
        Ok(report) => report,
        Err(breach) => return Ok(Err(breach)),
    };
    let Trust { chain, heads, .. } = trust(rooms)?;
    #[cfg(honnin_faults)]
    let chain = chain.filter(|_| !honnin_terms::faults::UNASKED_ANCHOR.is_on());
    let compared = chain.map_or(Ok(()), |chain| report.was_anchored(&chain, &heads));
    Ok(compared.map(|()| report))
}

/// When the newest entry of the journal was written, where there is one.
///
/// # Errors
/// [`Failure`] where the journal does not open.
pub(crate) fn latest_entry(rooms: &Rooms) -> Result<Option<Moment>, Failure> {
    let mut latest = None;
    for writer in [rooms.installation.node(), COMMANDS] {
        let journal = open_log(rooms, writer)?;
        if let Some(last) = journal.size().checked_sub(1) {
            latest = latest.max(Some(journal.read_at(last)?.order));
        }
    }
    Ok(latest)
}

/// The epochs of the journal, for whoever has that log of it open; a new one is begun where it is time.
///
/// # Errors
/// [`Failure`] where their list cannot be read or written, or is older than the log.
pub(crate) fn epochs(rooms: &Rooms, journal: &Journal) -> Result<Epochs, Failure> {
    let longest = rooms.installation.settings.journal.epoch.whole_seconds();
    let newest = written_under(journal)?;
    Ok(block_on(Epochs::at(&*rooms.store, &rooms.keep(), &rooms.keeper, newest, longest))?)
}

/// That log with all others beside it. Where one of those cannot be read, whoever asks is not answered until it can.
///
/// # Errors
/// [`Failure`] where a key is refused, or the heads cannot be read.
pub(super) fn followed(rooms: &Rooms, own: Arc<Journal>, epoch: u32) -> Result<Arc<Logs>, Failure> {
    let keeper = &rooms.keeper;
    let key = keeper.journal_signing_key()?.verifying_key()?;
    let logs = Logs::new(own, rooms.installation.journal(), key, keeper.journal_chain_key()?);
    if let Err(error) = logs.follow(&rooms.heads()?, epoch) {
        figures::alarm!(
            AlarmKind::Journal,
            %error,
            "the log of another node cannot be read; who has seen what is not answered"
        );
    }
    Ok(Arc::new(logs))
}

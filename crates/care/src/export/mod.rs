//! An export of everything held of one account: begun by a session, made by a worker, fetched by that session alone.
//!
//! What is finished lies sealed on a shelf, under a random name that stands in no address, under the account's own key,
//! bound to the export and to the session that asked. Which export is whose is known in memory only: after a restart
//! nothing can be claimed, and the shelf is cleared. Decision 0015 says why.

mod gather;
mod held;
mod shelf;
mod table;

use honnin_access::Session;
use honnin_terms::{ExportId, Id, Moment};

pub use held::{Held, HeldDevice, HeldDisclosure, HeldLine};
use shelf::ShelfName;
pub use shelf::{Directory, Shelf};
pub use table::{ExportBounds, ExportFault, ExportStage, ExportState, Exports};

use crate::care::{Care, Error, Visit, permitted};
use crate::{Disclosed, What};

/// An export to be made. Dropped before it is made, it has failed.
#[derive(Debug)]
pub struct ExportWork {
    export: ExportId,
    session: Session,
    exports: Exports,
    done: bool,
}

impl ExportWork {
    /// Makes it: gathers, seals, puts on the shelf. Whatever stops it on the way leaves nothing that can be claimed.
    pub async fn make(mut self, care: &Care) {
        self.exports.works(self.export);
        let end = care.make_export(&self).await;
        if let Err(fault) = end {
            metrics::counter!("honnin_exports_failed_total", "fault" => fault.word()).increment(1);
            self.exports.fails(self.export, fault);
        }
        self.done = true;
    }
}

impl Drop for ExportWork {
    fn drop(&mut self) {
        if !self.done {
            self.exports.fails(self.export, ExportFault::Interrupted);
        }
    }
}

/// An export opens as itself and for the session that asked for it only.
fn row(export: ExportId, session: &Session) -> Vec<u8> {
    [export.octets().as_slice(), session.id().octets()].concat()
}

impl Care {
    /// Begins an export of the session's account, in place of an earlier one; nothing where one is under way.
    ///
    /// # Errors
    /// [`Error::ExportsFull`].
    pub fn begin_export(&self, session: &Session) -> Result<Option<ExportWork>, Error> {
        let (export, exports) = (random(session), self.parts.exports.clone());
        let is_new = exports.begin(session, export)?;
        Ok(is_new.then(|| ExportWork { export, session: session.for_work(), exports, done: false }))
    }

    /// The export of this session, where it has one.
    pub fn export_state(&self, session: &Session) -> Option<ExportState> {
        self.parts.exports.state(session, self.now())
    }

    /// Opens a finished export and lets it out.
    ///
    /// # Errors
    /// [`Error::NotThere`] for what this session did not ask for, [`Error::ExportNotReady`], [`Error::ExportGone`];
    /// and as all use cases.
    pub async fn fetch_export(&self, visit: Visit<'_>, export: ExportId) -> Result<Disclosed<Held>, Error> {
        let session = visit.session;
        let name = self.parts.exports.ready(session, export, self.now())?;
        let permit = permitted(self.parts.subscriber.export(session))?;
        let blob = self.parts.exports.shelf().read(&name).map_err(|_| Error::ExportGone)?;
        let held = self.opened(session, permit.open_export::<Held>(&row(export, session), &blob))?;
        self.parts.gate.disclose(session, held, What::Export, visit.channel).await
    }

    /// Removes exports that have expired; how many.
    pub fn sweep_exports(&self) -> usize {
        self.parts.exports.sweep(self.now())
    }

    async fn make_export(&self, work: &ExportWork) -> Result<(), ExportFault> {
        let (session, bounds) = (&work.session, work.exports.bounds());
        let deadline = self.now().plus_seconds(bounds.deadline_seconds);
        let permit = permitted(self.parts.subscriber.export(session))?;
        let held = self.gather(session, deadline).await?;
        let sealed = permit.seal_gathered(&row(work.export, session), &held, session.entropy());
        let sealed = self.opened(session, sealed)?;
        drop(held);
        self.in_time(deadline)?;
        let until: Moment = self.now().plus_seconds(bounds.keep_seconds);
        let name: ShelfName = *random::<ExportId>(session).octets();
        work.exports.finish(work.export, name, &sealed, until)
    }
}

fn random<I: Id>(session: &Session) -> I {
    let mut octets = [0; 16];
    session.entropy().fill(&mut octets);
    I::from_octets(octets)
}

//! The way out: the one gate that pages, the JSON API, documents and messages leave by.
//!
//! A value passes when the owner found inside it is the subject it was asked for, that subject is the viewer's own
//! (or there is a basis), and the journal has taken the entry about it. Its bytes are made while the entry becomes
//! durable, so that nobody waits for one after the other; they are handed over when it is, and not before.

use std::fmt;
use std::sync::Arc;

use honnin_access::{GateAuthority, Opened, Owned, Session, Source};
use honnin_figures::{self as figures, AlarmKind};
use honnin_journal::{Act, Append, Desk, Details, EpochKeys, Kind, Logs, Party};
use honnin_terms::{AccountId, EntryRef, Mode, RequestId, Stop};

use crate::answer::{Body, MadeFor};
use crate::recorder::{Recorder, refused_by_journal, viewer_of};
use crate::{Alarm, Channel, Error, House, Share, Shares, What};

/// A value that has passed the gate. Its entry is not durable yet: whoever makes no bytes of it has it [noted].
///
/// [noted]: crate::Care::noted
#[must_use = "nothing of it is acknowledged before the journal has its entry"]
pub struct Disclosed<T> {
    value: T,
    leave: Leave,
    made_for: MadeFor,
}

/// What has still to come before something leaves: its entry, durable.
#[derive(Debug)]
pub(crate) struct Leave {
    entry: Append,
    viewer: AccountId,
    request: RequestId,
}

impl<T> fmt::Debug for Disclosed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disclosed").finish_non_exhaustive()
    }
}

impl<T> Disclosed<T> {
    pub(crate) fn into_leave(self) -> Leave {
        self.leave
    }

    /// Makes the bytes of an answer of it.
    pub fn body(self, content_type: &'static str, write: impl FnOnce(&T) -> Vec<u8>) -> Body {
        Body::new(content_type, write(&self.value), self.made_for, self.leave)
    }

    /// Makes the bytes of an answer of it, or says why not.
    ///
    /// # Errors
    /// What `write` found.
    pub fn try_body<E>(
        self,
        content_type: &'static str,
        write: impl FnOnce(&T) -> Result<Vec<u8>, E>,
    ) -> Result<Body, E> {
        write(&self.value).map(|bytes| Body::new(content_type, bytes, self.made_for, self.leave))
    }
}

/// What was told of a personal fact by refusing: made only of what has passed the gate, and is in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told<T>(T);

impl<T: Copy> Told<T> {
    /// What was told.
    pub const fn what(&self) -> T {
        self.0
    }
}

/// The gate.
pub struct Gate {
    authority: GateAuthority,
    recorder: Arc<Recorder>,
    house: Arc<dyn House>,
    desk: Desk,
    shares: Shares,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}

impl Gate {
    /// Makes the gate of its authority, what writes into the journal, and the house it asks and tells.
    pub fn new(authority: GateAuthority, recorder: Recorder, house: Arc<dyn House>) -> Self {
        Self {
            authority,
            recorder: Arc::new(recorder),
            house,
            desk: Desk::default(),
            shares: Shares::of(Desk::PLACES),
        }
    }

    /// What writes into the journal, for whoever else writes there.
    pub const fn recorder(&self) -> &Arc<Recorder> {
        &self.recorder
    }

    /// Replaces the epochs' keys, when a new epoch has begun or an old one was destroyed.
    pub fn set_epochs(&self, epochs: Vec<EpochKeys>) {
        self.recorder.set_epochs(epochs);
    }

    pub(crate) fn house(&self) -> &dyn House {
        &*self.house
    }

    pub(crate) fn logs(&self) -> &Arc<Logs> {
        self.recorder.logs()
    }

    /// Where questions to the journal are answered.
    pub(crate) const fn desk(&self) -> &Desk {
        &self.desk
    }

    /// A share of that place.
    ///
    /// # Errors
    /// [`Error::Busy`] where the account or the source has as many questions there as it may have.
    pub(crate) fn share(&self, account: AccountId, source: Source) -> Result<Share, Error> {
        self.shares.take(account, source).ok_or(Error::Busy)
    }

    pub(crate) fn epochs(&self) -> Vec<Arc<EpochKeys>> {
        self.recorder.epochs()
    }

    /// Whether anything personal may leave to that session at this moment.
    async fn stands_open(&self, viewer: AccountId) -> Result<(), Error> {
        self.house.shows(viewer).await.map_err(Error::Closed)
    }

    /// Lets a value out to the session that asked for it.
    ///
    /// # Errors
    /// [`Error::Closed`] while nothing personal may leave to her, when this value stops personal pages, and where there
    /// are no keys for an entry. Nothing is disclosed then.
    pub(crate) async fn disclose<T>(
        &self,
        session: &Session,
        value: Owned<T>,
        what: What,
        channel: Channel,
    ) -> Result<Disclosed<T>, Error> {
        self.let_out(session, value, Kind::Disclosure, (what, channel)).await
    }

    /// The same for what its entry calls otherwise: a refusal that tells something, an act whose answer does.
    pub(crate) async fn let_out<T>(
        &self,
        session: &Session,
        value: Owned<T>,
        kind: Kind,
        (what, channel): (What, Channel),
    ) -> Result<Disclosed<T>, Error> {
        self.stands_open(session.account()).await?;
        let opened = value.open_at_gate(&self.authority);
        if !opened.may_leave_to(session) {
            self.house.hears(Alarm::ForeignOwner, session.request());
            return Err(Error::Closed(Mode::Isolated(Stop::ForeignOwner)));
        }
        let Opened { owner: tag, look, request, value, .. } = opened;
        let details = Details {
            operator: session.agent().unwrap_or_default().to_owned(),
            holding: tag.holding,
            request: Some(session.request()),
            session: Some(session.id()),
            device: Some(session.device()),
            new_device: session.is_on_new_device(),
            ..Details::default()
        };
        // Who looked is the session's word and whose it is the document's, so that the journal can name what the permit
        // got wrong.
        let (viewer, owner) = (viewer_of(session), Party::Account(tag.account));
        let act = Act::new(kind, session.at(), viewer, owner, &details);
        let act = Act { basis: look.basis, what: what.code(), channel: channel.code(), ..act };
        let entry = self.recorder.record(&act, session.entropy());
        let entry = entry.map_err(|error| Error::Closed(refused_by_journal(error)))?;
        let leave = Leave { entry, viewer: session.account(), request: session.request() };
        // The request is the permit's and the session is what the cookie opened: two witnesses, not one.
        Ok(Disclosed { value, leave, made_for: MadeFor::new(request, session.row_hash()) })
    }

    /// A refusal that may be told, once its entry is durable.
    ///
    /// # Errors
    /// As [`Self::recorded`].
    pub(crate) async fn told<T>(&self, refusal: Disclosed<T>) -> Result<Told<T>, Error> {
        let Disclosed { value, leave, made_for: _ } = refusal;
        self.recorded(leave).await?;
        Ok(Told(value))
    }

    /// Waits until what is about to leave stands in the journal, and asks once more whether it may.
    ///
    /// # Errors
    /// [`Error::Closed`] where the entry cannot be made durable, and while nothing personal may leave to her.
    pub(crate) async fn recorded(&self, leave: Leave) -> Result<EntryRef, Error> {
        let Leave { entry, viewer, request } = leave;
        let entry = entry.await.map_err(|error| {
            figures::alarm!(AlarmKind::Journal, %error, %request, "the journal takes no entry; personal answers are withheld");
            Error::Closed(refused_by_journal(error))
        })?;
        // The disk may have taken its time, and an alarm or the canaries may have spoken meanwhile.
        self.stands_open(viewer).await?;
        Ok(entry)
    }
}

#[cfg(test)]
#[path = "gate_tests/mod.rs"]
mod tests;

//! The way out: the one gate that pages, the JSON API, documents and messages leave by.
//!
//! A value passes when the owner found inside it is the subject it was asked for, that subject is the viewer's own
//! (or there is a basis), and the journal has taken the entry about it. Its bytes are made while the entry becomes
//! durable, so that nobody waits for one after the other; they are handed over when it is, and not before.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use honnin_access::{GateAuthority, Opened, Owned, Session};
use honnin_journal::{Act, Append, AppendError, Desk, Details, EpochKeys, Journal, Kind, Party};
use honnin_terms::{AccountId, EntryRef, Mode, RequestId, Stop};

use crate::answer::{Body, MadeFor};
use crate::{Alarm, Channel, Error, House, What};

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

/// The gate.
pub struct Gate {
    authority: GateAuthority,
    journal: Arc<Journal>,
    epochs: RwLock<Vec<Arc<EpochKeys>>>,
    house: Arc<dyn House>,
    desk: Desk,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}

impl Gate {
    /// Makes the gate of its authority, the journal, the keys of the journal's epochs (oldest first, the last one
    /// is written under) and the house it asks and tells.
    pub fn new(
        authority: GateAuthority,
        journal: Arc<Journal>,
        epochs: Vec<EpochKeys>,
        house: Arc<dyn House>,
    ) -> Self {
        let epochs = RwLock::new(epochs.into_iter().map(Arc::new).collect());
        Self { authority, journal, epochs, house, desk: Desk::default() }
    }

    /// Replaces the epochs' keys, when a new epoch has begun or an old one was destroyed.
    pub fn set_epochs(&self, epochs: Vec<EpochKeys>) {
        *self.epochs.write().unwrap_or_else(PoisonError::into_inner) =
            epochs.into_iter().map(Arc::new).collect();
    }

    pub(crate) fn house(&self) -> &dyn House {
        &*self.house
    }

    pub(crate) fn journal(&self) -> Arc<Journal> {
        Arc::clone(&self.journal)
    }

    /// Where questions to the journal are answered.
    pub(crate) const fn desk(&self) -> &Desk {
        &self.desk
    }

    pub(crate) fn epochs(&self) -> Vec<Arc<EpochKeys>> {
        self.epochs.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn present_epoch(&self) -> Option<Arc<EpochKeys>> {
        self.epochs.read().unwrap_or_else(PoisonError::into_inner).last().cloned()
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
        self.stands_open(session.account()).await?;
        let opened = value.open_at_gate(&self.authority);
        if !opened.may_leave_to(session) {
            self.house.hears(Alarm::ForeignOwner, session.request());
            return Err(Error::Closed(Mode::Isolated(Stop::ForeignOwner)));
        }
        let epoch = self.present_epoch().ok_or(Error::Closed(Mode::JournalFailed))?;
        let Opened { owner: tag, look, request, value, .. } = opened;
        let details = Details {
            holding: tag.holding,
            request: Some(session.request()),
            session: Some(session.id()),
            ..Details::default()
        };
        let (viewer, owner) = (Party::Account(look.viewer), Party::Account(tag.account));
        let act = Act::new(Kind::Disclosure, session.at(), viewer, owner, &details);
        let act = Act { basis: look.basis, what: what.code(), channel: channel.code(), ..act };
        let sealed = epoch.seal(&act, session.entropy());
        let entry = sealed.map_err(|_| Error::Closed(Mode::JournalFailed))?;
        let entry = self.journal.append(&entry);
        let leave = Leave { entry, viewer: session.account(), request: session.request() };
        // The request is the permit's and the session is what the cookie opened: two witnesses, not one.
        Ok(Disclosed { value, leave, made_for: MadeFor::new(request, session.row_hash()) })
    }

    /// Waits until what is about to leave stands in the journal, and asks once more whether it may.
    ///
    /// # Errors
    /// [`Error::Closed`] where the entry cannot be made durable, and while nothing personal may leave to her.
    pub(crate) async fn recorded(&self, leave: Leave) -> Result<EntryRef, Error> {
        let Leave { entry, viewer, request } = leave;
        let entry = entry.await.map_err(|error| {
            tracing::error!(alarm = "journal", %error, %request, "the journal takes no entry; personal answers are withheld");
            Error::Closed(refused_by_journal(error))
        })?;
        // The disk may have taken its time, and an alarm or the canaries may have spoken meanwhile.
        self.stands_open(viewer).await?;
        Ok(entry)
    }
}

/// How the house stands where the journal takes no entry.
const fn refused_by_journal(error: AppendError) -> Mode {
    match error {
        AppendError::Full | AppendError::Busy | AppendError::Unanchored => Mode::JournalFull,
        AppendError::Clock => Mode::ClockApart,
        AppendError::Failed | AppendError::Closed | AppendError::TooLong => Mode::JournalFailed,
    }
}

#[cfg(test)]
#[path = "gate_tests/mod.rs"]
mod tests;

//! Writing down what is done, before it is: by this node, in its own log, under the present keys.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use honnin_access::Session;
use honnin_figures::{self as figures, AlarmKind};
use honnin_journal::{Act, Append, AppendError, Details, EpochKeys, Journal, Kind, Logs, Party};
use honnin_terms::{Entropy, EntryRef, Mode};

use crate::{Channel, Error, What};

/// The journal with the keys of its epochs. Shared by everything of one process that writes into it.
pub struct Recorder {
    logs: Arc<Logs>,
    epochs: RwLock<Vec<Arc<EpochKeys>>>,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("logs", &self.logs).finish_non_exhaustive()
    }
}

impl Recorder {
    /// Of that journal and the keys of its epochs, oldest first; the last one is written under.
    pub fn new(journal: Arc<Journal>, epochs: Vec<EpochKeys>) -> Self {
        Self::among(Arc::new(Logs::alone(journal)), epochs)
    }

    /// The same where other logs are read beside its own: of other nodes, and of commands.
    pub fn among(logs: Arc<Logs>, epochs: Vec<EpochKeys>) -> Self {
        Self { logs, epochs: RwLock::new(epochs.into_iter().map(Arc::new).collect()) }
    }

    /// All logs there are.
    pub const fn logs(&self) -> &Arc<Logs> {
        &self.logs
    }

    /// Replaces the epochs' keys, when a new epoch has begun or an old one was destroyed.
    pub fn set_epochs(&self, epochs: Vec<EpochKeys>) {
        *self.epochs.write().unwrap_or_else(PoisonError::into_inner) =
            epochs.into_iter().map(Arc::new).collect();
    }

    fn journal(&self) -> &Journal {
        self.logs.own()
    }

    /// The epochs' keys, oldest first.
    pub fn epochs(&self) -> Vec<Arc<EpochKeys>> {
        self.epochs.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The number of the epoch that is written under; 0 where there is none.
    pub fn newest_epoch(&self) -> u32 {
        self.epochs.read().unwrap_or_else(PoisonError::into_inner).last().map_or(0, |keys| keys.epoch)
    }

    /// Takes an act. It is durable when the answer gives a place, and what it is of may be done from then on.
    ///
    /// # Errors
    /// [`AppendError::Failed`] where there is no epoch or the details cannot be sealed.
    pub(crate) fn record(&self, act: &Act<'_>, entropy: &dyn Entropy) -> Result<Append, AppendError> {
        let epoch = self.epochs.read().unwrap_or_else(PoisonError::into_inner).last().cloned();
        let epoch = epoch.ok_or(AppendError::Failed)?;
        let entry = epoch.seal(act, entropy).map_err(|_| AppendError::Failed)?;
        Ok(self.journal().append(&entry))
    }

    /// Takes an act and waits until it is durable: what it is of may be done once this has returned.
    ///
    /// # Errors
    /// [`AppendError`]: it may not be done then.
    pub async fn write(&self, act: &Act<'_>, entropy: &dyn Entropy) -> Result<EntryRef, AppendError> {
        self.record(act, entropy)?.await
    }

    /// Writes down an act of a signed-in person on what is hers, with her session and device.
    ///
    /// # Errors
    /// [`Error::Closed`] where the journal does not take it: it may not be done then.
    pub(crate) async fn of_session(
        &self,
        session: &Session,
        (kind, what, channel): (Kind, Option<What>, Channel),
        details: Details,
    ) -> Result<EntryRef, Error> {
        let details = Details {
            operator: session.agent().unwrap_or_default().to_owned(),
            request: Some(session.request()),
            session: Some(session.id()),
            device: Some(session.device()),
            new_device: session.is_on_new_device(),
            ..details
        };
        let owner = Party::Account(session.account());
        let act = Act::new(kind, session.at(), viewer_of(session), owner, &details);
        let basis = session.look().basis;
        let act = Act { basis, what: what.map_or(0, What::code), channel: channel.code(), ..act };
        self.write(&act, session.entropy()).await.map_err(|error| {
            let (request, act) = (session.request(), kind.row().word);
            figures::alarm!(AlarmKind::Journal, %error, %request, act, "the journal takes no entry; it is not done");
            Error::Closed(refused_by_journal(error))
        })
    }
}

/// Who looks or acts in a session: its account, or a person of the operator on a case.
pub(crate) fn viewer_of(session: &Session) -> Party<'_> {
    session.agent().map_or_else(|| Party::Account(session.account()), Party::Agent)
}

/// How the house stands where the journal takes no entry.
pub(crate) const fn refused_by_journal(error: AppendError) -> Mode {
    match error {
        AppendError::Full | AppendError::Busy | AppendError::Unanchored => Mode::JournalFull,
        AppendError::Clock => Mode::ClockApart,
        AppendError::Failed | AppendError::Closed | AppendError::TooLong => Mode::JournalFailed,
    }
}

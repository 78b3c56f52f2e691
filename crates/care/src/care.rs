//! The use cases' common ground: what they are made of, how they read, how they fail.

use std::fmt;
use std::sync::Arc;

use honnin_access::ports::RowError;
use honnin_access::{
    Document, DocumentError, LineNames, NotTogether, Owned, Permit, Read, Session, SessionError, SessionKind,
    SubscriberAuthority,
};
use honnin_seal::SessionToken;
use honnin_store::document::Profile;
use honnin_store::{Store, read_view};
use honnin_terms::{AccountId, Audience, Clock, Day, HoldingId, Mode, Moment, RequestId, Stop, Stream, Zone};

#[cfg(honnin_faults)]
use crate::answer::Framed;
use crate::export::Turns;
use crate::facts::{Me, Shown};
use crate::failures::Failures;
use crate::strays::Strays;
use crate::{Alarm, Channel, Disclosed, Exports, Gate, House, Told, What, WishRefusal, reckon};

/// Why a use case gives no answer. Each is a case its caller treats differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not hers or not there; which of them is not told.
    #[error("find it: there is no such thing for this account")]
    NotThere,
    /// A token asks for what its owner has to do herself.
    #[error("do it by a token: only a signed-in person may")]
    NotByToken,
    /// A dangerous act asks for a fresh proof that it is her.
    #[error("do it in this session: a fresh proof is asked for")]
    Unproven,
    /// The session is unknown or has ended.
    #[error("continue a session: it has ended")]
    SignedOut,
    /// Something sealed does not open. Answered without a body; an alarm was raised.
    #[error("open what is stored: it does not open")]
    DoesNotOpen,
    /// Nothing personal may be shown now; the mode says why.
    #[error("answer: personal pages are closed ({})", .0.word())]
    Closed(Mode),
    /// The store does not answer.
    #[error("answer: the store does not answer")]
    Store,
    /// A wish was refused; what it tells of the line has passed the gate.
    #[error("set the speed: {}", .0.what())]
    Refused(Told<WishRefusal>),
    /// An idempotency key was used for another request.
    #[error("set the speed: the key was used for another request")]
    KeyReused,
    /// An export has expired and is gone.
    #[error("fetch an export: it has expired")]
    ExportGone,
    /// An export is still being made, or was not made; its state says which.
    #[error("fetch an export: it is not there yet")]
    ExportNotReady,
    /// As many exports are kept as may be.
    #[error("make an export: too many are kept already")]
    ExportsFull,
    /// Too many ask at this moment, of her account or of all.
    #[error("answer: too many ask at this moment")]
    Busy,
    /// The journal cannot answer about that time any more.
    #[error("answer from the journal: entries of that time were pruned")]
    Pruned,
}

impl From<RowError> for Error {
    fn from(error: RowError) -> Self {
        match error {
            RowError::Unavailable | RowError::TryAgain | RowError::Conflict => Self::Store,
            RowError::Corrupt => Self::DoesNotOpen,
        }
    }
}

/// There was a permit, and the query found nothing of its subject.
pub(crate) fn not_under_the_account() -> Error {
    #[cfg(honnin_faults)]
    honnin_terms::faults::stopped("rows");
    Error::NotThere
}

/// A permit, where the policy gives one: to a holder it refuses nothing but what a token may not.
pub(crate) fn permitted<A: honnin_access::Act>(given: Option<Permit<A>>) -> Result<Permit<A>, Error> {
    given.ok_or(Error::NotByToken)
}

/// A permit for a dangerous act, where a fresh proof was given.
pub(crate) fn proven<A: honnin_access::Act>(
    session: &Session,
    given: Option<Permit<A>>,
) -> Result<Permit<A>, Error> {
    let is_token = session.kind() == SessionKind::Token;
    given.ok_or(if is_token { Error::NotByToken } else { Error::Unproven })
}

/// A profile with what its account calls its lines.
pub(crate) type Named = (Profile, LineNames);

/// A visit: the signed-in session and the way it came by.
#[derive(Debug, Clone, Copy)]
pub struct Visit<'a> {
    /// The session.
    pub session: &'a Session,
    /// Page or programming interface.
    pub channel: Channel,
}

/// What the use cases are made of.
pub struct CareParts {
    /// Gives permits.
    pub subscriber: SubscriberAuthority,
    /// The engine.
    pub store: Arc<dyn Store>,
    /// The way out.
    pub gate: Gate,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What exports are made with.
    pub exports: Exports,
    /// The tenant's zone.
    pub zone: Zone,
    /// Least time between two wishes of one line, in seconds.
    pub wish_seconds: i64,
    /// Lines and bills of others that one account may ask for in a day, at this node; with the next its session ends.
    pub most_strays: usize,
    /// Wakes the reconciler when a wish was written.
    pub wake: Arc<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for CareParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CareParts(..)")
    }
}

/// The use cases of subscribers.
#[derive(Debug)]
pub struct Care {
    pub(crate) parts: CareParts,
    pub(crate) failures: Failures,
    pub(crate) export_turns: Turns,
    pub(crate) strays: Strays,
    #[cfg(honnin_faults)]
    pub(crate) bodies: honnin_terms::faults::Kept<(), Framed>,
}

impl Care {
    /// Puts the parts together.
    pub const fn new(parts: CareParts) -> Self {
        let strays = Strays::new(parts.most_strays);
        Self {
            parts,
            failures: Failures::new(),
            export_turns: Turns::new(),
            strays,
            #[cfg(honnin_faults)]
            bodies: honnin_terms::faults::Kept::new(),
        }
    }

    /// The present moment.
    pub fn now(&self) -> Moment {
        self.parts.clock.now()
    }

    /// The tenant's zone.
    pub const fn zone(&self) -> &Zone {
        &self.parts.zone
    }

    /// Least time between two wishes of one line, in seconds.
    pub const fn wish_seconds(&self) -> i64 {
        self.parts.wish_seconds
    }

    /// The house it stands in: whether it is open, and whom to tell that it stops.
    pub fn house(&self) -> &dyn House {
        self.parts.gate.house()
    }

    /// The gate, for the one who renews its epochs.
    pub const fn gate(&self) -> &Gate {
        &self.parts.gate
    }

    /// The session of a token.
    ///
    /// # Errors
    /// [`Error::SignedOut`], [`Error::DoesNotOpen`], [`Error::Closed`], [`Error::Store`].
    pub async fn session(&self, token: &SessionToken, stream: Stream) -> Result<Session, Error> {
        // Before anything is read: where nobody is shown anything, nobody is looked for.
        let mode = self.house().mode();
        if mode.audience() == Audience::Nobody {
            return Err(Error::Closed(mode));
        }
        let (now, request) = (self.now(), stream.request());
        let session = self.parts.subscriber.session(token, stream, now).await;
        let session = session.map_err(|error| self.session_fault(error, now, request))?;
        self.house().shows(session.account()).await.map_err(Error::Closed)?;
        Ok(session)
    }

    /// The session with the account that a header names in place of its own.
    #[cfg(honnin_faults)]
    pub fn believing(&self, session: Session, login: &str) -> Session {
        self.parts.subscriber.believing(session, login)
    }

    /// What became of something done with a session.
    pub(crate) fn ended<T>(&self, session: &Session, done: Result<T, SessionError>) -> Result<T, Error> {
        done.map_err(|error| self.session_fault(error, session.at(), session.request()))
    }

    pub(crate) fn session_fault(&self, error: SessionError, now: Moment, request: RequestId) -> Error {
        match error {
            SessionError::Unknown => Error::SignedOut,
            SessionError::DoesNotOpen { account } => self.alarm(account, now, request),
            SessionError::Foreign => self.foreign_owner(request),
            SessionError::Rows(error) => error.into(),
        }
    }

    /// Counts that something of this account does not open.
    fn alarm(&self, account: AccountId, at: Moment, request: RequestId) -> Error {
        self.house().hears(Alarm::DoesNotOpen { account, at }, request);
        Error::DoesNotOpen
    }

    /// Stops personal pages: something opened and was of another owner.
    fn foreign_owner(&self, request: RequestId) -> Error {
        self.house().hears(Alarm::ForeignOwner, request);
        Error::Closed(Mode::Isolated(Stop::ForeignOwner))
    }

    pub(crate) fn line_permit(&self, session: &Session, line: HoldingId) -> Result<Permit<Read>, Error> {
        self.not_astray(session)?;
        permitted(self.parts.subscriber.read_line(session, line))
    }

    pub(crate) fn account_permit(&self, session: &Session) -> Result<Permit<Read>, Error> {
        permitted(self.parts.subscriber.read_account(session))
    }

    /// Reads and opens a document of the permit's subject.
    pub(crate) async fn open<D: Document>(
        &self,
        session: &Session,
        permit: &Permit<Read>,
        row: &[u8],
    ) -> Result<Option<Owned<D>>, Error> {
        let found = read_view::<D>(&*self.parts.store, permit, row).await?;
        self.opened_view(session, permit, row, found)
    }

    /// Opens what the store has of a document of the permit's subject.
    pub(crate) fn opened_view<D: Document>(
        &self,
        session: &Session,
        permit: &Permit<Read>,
        row: &[u8],
        found: Option<Arc<[u8]>>,
    ) -> Result<Option<Owned<D>>, Error> {
        found.map(|blob| self.opened(session, permit.open(row, &blob))).transpose()
    }

    pub(crate) fn opened<T>(&self, session: &Session, opened: Result<T, DocumentError>) -> Result<T, Error> {
        opened.map_err(|error| {
            tracing::error!(%error, request = %session.request(), "a document was not opened");
            self.alarm(session.account(), session.at(), session.request())
        })
    }

    pub(crate) fn joined<T>(&self, session: &Session, joined: Result<T, NotTogether>) -> Result<T, Error> {
        joined.map_err(|NotTogether| self.foreign_owner(session.request()))
    }

    pub(crate) fn today(&self, session: &Session) -> Day {
        self.parts.zone.day(session.at())
    }

    /// The profile of the session's account, with what it calls its lines.
    pub(crate) async fn profile(&self, session: &Session) -> Result<Owned<Named>, Error> {
        let permit = self.account_permit(session)?;
        let found = read_view::<Profile>(&*self.parts.store, &permit, &[]).await?;
        self.opened_profile(session, &permit, found)
    }

    /// The profile out of what the store has of it.
    pub(crate) fn opened_profile(
        &self,
        session: &Session,
        permit: &Permit<Read>,
        found: Option<Arc<[u8]>>,
    ) -> Result<Owned<Named>, Error> {
        let profile: Option<Owned<Profile>> = self.opened_view(session, permit, &[], found)?;
        let profile = profile.ok_or_else(not_under_the_account)?;
        self.joined(session, profile.join(Owned::of_permit(permit, session.line_names())))
    }

    /// Puts beside a value whose it is, where a page asks, and lets both out.
    pub(crate) async fn show<T: Send>(
        &self,
        visit: Visit<'_>,
        what: What,
        facts: Owned<T>,
    ) -> Result<Disclosed<Shown<T>>, Error> {
        match visit.channel {
            // Nothing is shown by the operator's way; it names entries about what was done.
            Channel::Api | Channel::Operator => {
                let shown = facts.map((), |facts, ()| Shown { me: None, facts });
                self.parts.gate.disclose(visit.session, shown, what, visit.channel).await
            }
            Channel::Page => self.show_with_owner(visit, what, facts).await,
        }
    }

    /// Puts beside a value whose it is, and lets both out.
    pub(crate) async fn show_with_owner<T: Send>(
        &self,
        visit: Visit<'_>,
        what: What,
        facts: Owned<T>,
    ) -> Result<Disclosed<Shown<T>>, Error> {
        let Visit { session, channel } = visit;
        let profile = self.profile(session).await?;
        let context = (session.account(), self.today(session));
        let shown =
            self.joined(session, facts.join(profile))?.map(context, |(facts, profile), (account, today)| {
                Shown { me: Some(reckon::me(profile, account, today)), facts }
            });
        self.parts.gate.disclose(session, shown, what, channel).await
    }

    /// The signed-in person and her lines.
    ///
    /// # Errors
    /// As all use cases: [`Error`].
    pub async fn me(&self, visit: Visit<'_>) -> Result<Disclosed<Me>, Error> {
        let context = (visit.session.account(), self.today(visit.session));
        let profile = self.profile(visit.session).await?;
        let me = profile.map(context, |profile, (account, today)| reckon::me(profile, account, today));
        self.parts.gate.disclose(visit.session, me, What::Me, visit.channel).await
    }
}

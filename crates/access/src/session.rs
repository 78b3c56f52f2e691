//! Sessions: what a cookie opens, for how long, and the permits that follow from it.

use std::fmt;

use honnin_seal::{AccountKey, Digest, Mark, Place, Purpose, SessionKey, SessionToken, SubjectKey, digest};
use honnin_terms::{AccountId, Entropy, HoldingId, Id, Moment, RequestId, SessionId, Stream, TenantId};

use crate::permit::{Act, AgreeToMerge, Export, ManageSessions, Read, SetSpeed, Subject};
use crate::policy::{Deed, Role, may};
use crate::ports::{RowError, SessionRow};
use crate::{Permit, SubscriberAuthority};

/// How long sessions last and how many an account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// Ends after so many seconds without a request. Default 30 days.
    pub idle_seconds: i64,
    /// Ends so many seconds after sign-in whatever happens. Default 180 days.
    pub absolute_seconds: i64,
    /// Sessions of one account; the oldest ends when one more signs in. Default 16.
    pub most_per_account: usize,
    /// `last_seen` is written at most once in so many seconds. Default 60.
    pub touch_seconds: i64,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            idle_seconds: 30 * 86_400,
            absolute_seconds: 180 * 86_400,
            most_per_account: 16,
            touch_seconds: 60,
        }
    }
}

/// Why a token gives no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// There is no such session, or it has ended.
    #[error("find a session: there is none for this token")]
    Unknown,
    /// The row or a key does not open with the token: an alarm.
    #[error("open a session: what is stored does not open with this token")]
    DoesNotOpen {
        /// The account the row names. That is not proven, and counts for the alarm only.
        account: AccountId,
    },
    /// The row opened and says that it is another token's or another account's: an alarm.
    #[error("open a session: what was opened is of another token or account")]
    Foreign,
    /// The store does not answer.
    #[error("find a session: the store does not answer")]
    Rows(#[from] RowError),
}

/// A signed-in account for the length of one request: it holds the account key and nothing else personal.
pub struct Session {
    tenant: TenantId,
    account: AccountId,
    id: SessionId,
    row_hash: Digest,
    /// What was found inside the row: see [`session_mark`].
    mark: Mark,
    account_key: AccountKey,
    since: Moment,
    at: Moment,
    stream: Stream,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("request", &self.stream.request()).finish_non_exhaustive()
    }
}

impl Session {
    /// The tenant.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The account that is signed in.
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// The session's public name.
    pub const fn id(&self) -> SessionId {
        self.id
    }

    /// What the account is to its own lines.
    pub const fn role(&self) -> Role {
        Role::Holder
    }

    /// When it signed in.
    pub const fn since(&self) -> Moment {
        self.since
    }

    /// The moment of the request.
    pub const fn at(&self) -> Moment {
        self.at
    }

    /// The request.
    pub const fn request(&self) -> RequestId {
        self.stream.request()
    }

    /// The randomness of the request.
    pub const fn entropy(&self) -> &dyn Entropy {
        &self.stream
    }

    /// The session once more, for work it has begun that goes on after the request: it holds the account key until
    /// that work is done.
    #[must_use]
    pub fn for_work(&self) -> Self {
        let Self { tenant, account, id, row_hash, mark, ref account_key, since, at, ref stream } = *self;
        let (account_key, stream) = (account_key.again(), stream.clone());
        Self { tenant, account, id, row_hash, mark, account_key, since, at, stream }
    }

    /// Whether the account is the one that signed in: it was written into the row before that was sealed.
    pub fn is_of_who_signed_in(&self) -> bool {
        let same = self.mark == session_mark(&self.row_hash, self.account);
        #[cfg(honnin_faults)]
        let same = crate::planted::owner(same);
        same
    }

    /// The hash of its token: names the session to whoever has the cookie, and to nobody else.
    pub const fn row_hash(&self) -> &Digest {
        &self.row_hash
    }

    /// The session under another account.
    #[cfg(honnin_faults)]
    pub(crate) fn of_account(self, account: AccountId) -> Self {
        Self { account, ..self }
    }

    fn subject(&self, holding: Option<HoldingId>) -> Subject {
        Subject { tenant: self.tenant, account: self.account, holding }
    }
}

/// Whose a session is, written into its row before that is sealed: 32 octets, source: ours.
///
/// The second witness, independent of the row's columns and of how the row was found. It gives nobody anything: only
/// what is sealed counts.
pub fn session_mark(row_hash: &Digest, account: AccountId) -> Mark {
    digest(&[b"honnin session mark v1\0", row_hash, account.octets()])
}

/// The place of the account key in a session's row.
pub(crate) fn session_place(
    tenant: TenantId,
    account: AccountId,
    session: SessionId,
    epoch: honnin_seal::Epoch,
) -> Place<'static> {
    let place = Place::of_account(tenant, account, Purpose::AccountKeyForSession);
    Place { session: Some(session), epoch, ..place }
}

/// The place of a subject's key under the account key.
pub(crate) fn subject_key_place(subject: &Subject, epoch: honnin_seal::Epoch) -> Place<'static> {
    let Subject { tenant, account, holding } = *subject;
    Place { holding, epoch, ..Place::of_account(tenant, account, Purpose::SubjectKeyForAccount) }
}

impl SubscriberAuthority {
    /// Opens the session of a token.
    ///
    /// # Errors
    /// [`SessionError::Unknown`] for a token without a living session; [`SessionError::DoesNotOpen`] is an alarm.
    pub async fn session(
        &self,
        token: &SessionToken,
        stream: Stream,
        now: Moment,
    ) -> Result<Session, SessionError> {
        let row_hash = token.row_hash();
        let row = self.sessions.session(self.tenant, &row_hash).await?.ok_or(SessionError::Unknown)?;
        let limits = &self.session_limits;
        let idle = now.seconds_since(row.last_seen);
        if row.until <= now || idle >= limits.idle_seconds {
            return Err(SessionError::Unknown);
        }
        let SessionRow { tenant, session, account, epoch, .. } = *row;
        let (account_key, mark) = SessionKey::of_session(token, session)
            .and_then(|key| {
                key.unwrap_marked(&session_place(tenant, account, session, epoch), &row.wrapped_key)
            })
            .map_err(|_| SessionError::DoesNotOpen { account })?;
        if idle >= limits.touch_seconds {
            self.sessions.touch_session(tenant, &row_hash, now).await?;
        }
        let opened = Session {
            tenant,
            account,
            id: session,
            row_hash,
            mark,
            account_key,
            since: row.since,
            at: now,
            stream,
        };
        if !opened.is_of_who_signed_in() {
            return Err(SessionError::Foreign);
        }
        #[cfg(honnin_faults)]
        let opened = self.kept.session(opened)?;
        Ok(opened)
    }

    /// A permit to read one line of the session's account; `None` where it is not hers or not there, which are not
    /// told apart because neither has a key the session opens.
    ///
    /// # Errors
    /// [`SessionError::DoesNotOpen`] is an alarm.
    pub async fn read_line(
        &self,
        session: &Session,
        line: HoldingId,
    ) -> Result<Option<Permit<Read>>, SessionError> {
        let permit = self.permit(session, Some(line), Deed::ReadLine).await?;
        #[cfg(honnin_faults)]
        let permit = self.kept.permit(permit);
        Ok(permit)
    }

    /// A permit to read the account's own documents.
    ///
    /// # Errors
    /// As [`Self::read_line`].
    pub async fn read_account(&self, session: &Session) -> Result<Option<Permit<Read>>, SessionError> {
        let permit = self.permit(session, None, Deed::ReadAccount).await?;
        #[cfg(honnin_faults)]
        let permit = self.kept.permit(permit);
        Ok(permit)
    }

    /// A permit to ask for another speed of one line.
    ///
    /// # Errors
    /// As [`Self::read_line`].
    pub async fn set_speed(
        &self,
        session: &Session,
        line: HoldingId,
    ) -> Result<Option<Permit<SetSpeed>>, SessionError> {
        self.permit(session, Some(line), Deed::SetSpeed).await
    }

    /// A permit to list and end the account's sessions.
    ///
    /// # Errors
    /// As [`Self::read_line`].
    pub async fn manage_sessions(
        &self,
        session: &Session,
    ) -> Result<Option<Permit<ManageSessions>>, SessionError> {
        self.permit(session, None, Deed::ManageSessions).await
    }

    /// A permit to make an export of the account's own data, and to fetch it.
    ///
    /// # Errors
    /// As [`Self::read_line`].
    pub async fn export(&self, session: &Session) -> Result<Option<Permit<Export>>, SessionError> {
        self.permit(session, None, Deed::Export).await
    }

    /// A permit to leave the account's consent to a merge.
    ///
    /// # Errors
    /// As [`Self::read_line`].
    pub async fn agree_to_merge(
        &self,
        session: &Session,
    ) -> Result<Option<Permit<AgreeToMerge>>, SessionError> {
        self.permit(session, None, Deed::AgreeToMerge).await
    }

    /// Ends the session itself: sign-out.
    ///
    /// # Errors
    /// [`SessionError::Rows`] where the store does not answer; the session then still lives.
    pub async fn sign_out(&self, session: &Session) -> Result<(), SessionError> {
        Ok(self.sessions.end_session(session.tenant, session.row_hash()).await?)
    }

    async fn permit<A: Act>(
        &self,
        session: &Session,
        holding: Option<HoldingId>,
        deed: Deed,
    ) -> Result<Option<Permit<A>>, SessionError> {
        if !may(session.role(), deed) {
            return Ok(None);
        }
        let subject = session.subject(holding);
        #[cfg(honnin_faults)]
        let subject = self.as_named(subject);
        let Some(row) = self.sessions.subject_key(subject.tenant, subject.account, holding).await? else {
            return Ok(None);
        };
        let key: SubjectKey = session
            .account_key
            .unwrap_key(&subject_key_place(&subject, row.epoch), &row.by_account)
            .map_err(|_| SessionError::DoesNotOpen { account: session.account })?;
        Ok(Some(Permit::new(subject, session.account, Some((row.epoch, key)), session.at, session.request())))
    }
}

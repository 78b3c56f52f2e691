//! Sessions: what a cookie opens, for how long, and the permits that follow from it.

use std::fmt;

use honnin_seal::{AccountKey, Digest, Epoch, OpenError, Place, Purpose, SessionKey, SessionToken};
use honnin_terms::{
    AccountId, Basis, DeviceId, Entropy, EntryRef, HoldingId, Id, Moment, RequestId, SessionId, Stream,
    TenantId,
};

use crate::naming::LineNames;
use crate::permit::{
    Act, AgreeToMerge, EndSessions, Export, Look, ManagePasskeys, ManageSessions, NameLines, Read, SetSpeed,
    Subject,
};
use crate::policy::{Deed, Role, asks_itself, asks_proof, may};
use crate::ports::{FoundSession, RowError, SeenSession, SessionRow};
use crate::proof::Proof;
use crate::ring::{Ring, take_count};
use crate::{Permit, ProvenBy, SubscriberAuthority};

/// What was signed in. It stands in the account's ring, beside the session's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionKind {
    /// A browser, on the pages.
    Browser,
    /// A program, by name and password.
    Program,
    /// A program by a token of its own, which a person made and named.
    Token,
}

impl SessionKind {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Browser, Self::Program, Self::Token];

    /// The word of the policy's table.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Program => "program",
            Self::Token => "token",
        }
    }

    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Browser => 1,
            Self::Program => 2,
            Self::Token => 3,
        }
    }

    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Browser),
            2 => Some(Self::Program),
            3 => Some(Self::Token),
            _ => None,
        }
    }
}

/// How long sessions last and how many an account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// Ends after so many seconds without a request. Default 30 days.
    pub idle_seconds: i64,
    /// Ends so many seconds after sign-in whatever happens. Default 180 days.
    pub absolute_seconds: i64,
    /// Sessions of one account, of browsers and of programs each; the oldest of them ends when one more signs in. So
    /// many tokens may there be beside them. Default 16.
    pub most_per_account: usize,
    /// `last_seen` is written at most once in so many seconds, and oftener where that is much beside the idle timeout:
    /// see [`SessionLimits::seen_every`]. Default 15 minutes.
    pub touch_seconds: i64,
}

/// No session is noted as seen less often: pages and answers say so of "last used".
const SELDOMEST_SECONDS: i64 = 900;

/// So many times within the idle timeout a session in use is noted as seen, where that is not less often than may be.
const NOTES_WHILE_IDLE: i64 = 2_880;

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            idle_seconds: 30 * 86_400,
            absolute_seconds: 180 * 86_400,
            most_per_account: 16,
            touch_seconds: SELDOMEST_SECONDS,
        }
    }
}

impl SessionLimits {
    /// Seconds after which a session in use is noted as seen again: a small part of the idle timeout, so that it ends at
    /// most that much too early, and none in use ends at all. Each note is a write, so it is no smaller than it has to be.
    pub fn seen_every(&self) -> i64 {
        let most = self.touch_seconds.clamp(1, SELDOMEST_SECONDS);
        (self.idle_seconds / NOTES_WHILE_IDLE).clamp(1, most)
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

/// What a session is, sealed in its row beside the account key: whatever the columns say, this decides. The owner and
/// the token's hash are the second witness, independent of the columns and of how the row was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inside {
    /// Of the token it was made with.
    pub(crate) row_hash: Digest,
    pub(crate) account: AccountId,
    /// How often the credential had been changed when it signed in.
    pub(crate) credential: u64,
    /// How often the account's ring had been written when this was sealed.
    pub(crate) count: u64,
    pub(crate) since: Moment,
    pub(crate) until: Moment,
    pub(crate) last_seen: Moment,
    pub(crate) device: DeviceId,
    /// Whether the account was not known to be used from that device when it signed in.
    pub(crate) is_new: bool,
    /// What was last shown by who has it.
    pub(crate) proof: Proof,
}

const INSIDE: usize = 32 + 16 + 2 * 8 + 3 * 8 + 16 + 1 + 1 + 2 * 8;

impl Inside {
    /// In fixed places, numbers big-endian.
    pub(crate) fn octets(&self) -> [u8; INSIDE] {
        let Self { row_hash, account, credential, count, since, until, last_seen, device, is_new, proof } =
            self;
        let numbers = [*credential, *count].map(u64::to_be_bytes);
        let moments = [since, until, last_seen].map(|moment| moment.millis().to_be_bytes());
        let by = [proof.by.code()];
        let proven = [proof.at, proof.settled].map(|moment| moment.millis().to_be_bytes());
        let mut out = [0; INSIDE];
        let parts = [&row_hash[..], account.octets()].into_iter();
        let parts = parts
            .chain(numbers.iter().chain(&moments).map(<[u8; 8]>::as_slice))
            .chain([&device.octets()[..], if *is_new { &[1] } else { &[0] }, &by])
            .chain(proven.iter().map(<[u8; 8]>::as_slice));
        out.iter_mut().zip(parts.flatten()).for_each(|(to, from)| *to = *from);
        out
    }

    fn read(octets: &[u8]) -> Option<Self> {
        let moment = |octets: &mut &[u8]| {
            let (moment, rest) = octets.split_first_chunk::<8>()?;
            *octets = rest;
            Moment::from_millis(i64::from_be_bytes(*moment)).ok()
        };
        let (row_hash, rest) = octets.split_first_chunk::<32>()?;
        let (account, rest) = rest.split_first_chunk::<16>()?;
        let (credential, rest) = take_count(rest)?;
        let (count, mut rest) = take_count(rest)?;
        let (since, until, last_seen) = (moment(&mut rest)?, moment(&mut rest)?, moment(&mut rest)?);
        let (device, rest) = rest.split_first_chunk::<16>()?;
        let (flags, mut rest) = rest.split_first_chunk::<2>()?;
        let [is_new, by] = *flags;
        let is_new = match is_new {
            0 => false,
            1 => true,
            _ => return None,
        };
        let by = ProvenBy::from_code(by)?;
        let (at, settled) = (moment(&mut rest)?, moment(&mut rest)?);
        rest.is_empty().then_some(())?;
        let proof = Proof { by, at, settled };
        let (account, device) = (AccountId::from_octets(*account), DeviceId::from_octets(*device));
        Some(Self {
            row_hash: *row_hash,
            account,
            credential,
            count,
            since,
            until,
            last_seen,
            device,
            is_new,
            proof,
        })
    }

    /// Seals it with the account key for a row.
    pub(crate) fn seal(
        &self,
        place: &Place<'_>,
        by: &SessionKey,
        account_key: &AccountKey,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, OpenError> {
        by.wrap_beside(place, account_key, &self.octets(), entropy)
    }
}

/// A signed-in account for the length of one request: it holds what opens the account's ring, and nothing else
/// personal.
pub struct Session {
    tenant: TenantId,
    account: AccountId,
    id: SessionId,
    kind: SessionKind,
    row_hash: Digest,
    inside: Inside,
    keys: Keys,
    at: Moment,
    stream: Stream,
    led_by_others: bool,
    on_case: Option<Box<OnCase>>,
}

/// Who looks at the account in place of its holder, and on which case.
pub(crate) struct OnCase {
    /// Nobody's account: drawn for this look alone.
    pub(crate) viewer: AccountId,
    /// The name the operator gave.
    pub(crate) agent: String,
    /// The entry by which the case was opened.
    pub(crate) opened: EntryRef,
}

/// What a token has opened.
pub(crate) struct Keys {
    pub(crate) session: SessionKey,
    pub(crate) epoch: Epoch,
    pub(crate) account: AccountKey,
    pub(crate) ring: Ring,
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

    /// What it is of.
    pub const fn kind(&self) -> SessionKind {
        self.kind
    }

    /// What who looks is to the account.
    pub const fn role(&self) -> Role {
        if self.on_case.is_some() { Role::Agent } else { Role::Holder }
    }

    /// Who looks, and on what basis.
    pub fn look(&self) -> Look {
        match &self.on_case {
            None => Look { viewer: self.account, basis: Basis::Own },
            Some(case) => Look { viewer: case.viewer, basis: Basis::Case(case.opened) },
        }
    }

    /// The person of the operator who looks, where it is not the holder.
    pub fn agent(&self) -> Option<&str> {
        self.on_case.as_ref().map(|case| case.agent.as_str())
    }

    /// A look on a case: of no row and of no token that anybody has, for as long as a command runs.
    pub(crate) fn of_case(
        case: OnCase,
        inside: Inside,
        tenant: TenantId,
        keys: Keys,
        stream: Stream,
    ) -> Self {
        Self {
            tenant,
            account: inside.account,
            id: SessionId::from_octets(*inside.device.octets()),
            kind: SessionKind::Program,
            row_hash: inside.row_hash,
            at: inside.since,
            inside,
            keys,
            stream,
            led_by_others: false,
            on_case: Some(Box::new(case)),
        }
    }

    /// When it signed in.
    pub const fn since(&self) -> Moment {
        self.inside.since
    }

    /// The device it signed in from.
    pub const fn device(&self) -> DeviceId {
        self.inside.device
    }

    /// Whether the account was not known to be used from that device when it signed in.
    pub const fn is_on_new_device(&self) -> bool {
        self.inside.is_new
    }

    /// As it is in a request to which somebody else's page led the browser: it was not she who chose what is asked for.
    #[must_use]
    pub fn led_by_others(self, is_led: bool) -> Self {
        Self { led_by_others: is_led, ..self }
    }

    /// Whether somebody else's page led here.
    pub const fn is_led_by_others(&self) -> bool {
        self.led_by_others
    }

    /// What another session of the account is, where it still counts, whatever its row says.
    pub fn kind_of(&self, session: SessionId) -> Option<SessionKind> {
        self.keys.ring.kind_of(session)
    }

    /// What the account calls its lines, as its ring has it: lines that it has no longer may be among them.
    pub fn line_names(&self) -> LineNames {
        LineNames(self.keys.ring.names().map(|(line, name)| (line, name.to_owned())).collect())
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

    /// The request's name and randomness.
    pub const fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Whether the account is the one that signed in, with the token that asks: both were written into the row before
    /// that was sealed.
    pub fn is_of_who_signed_in(&self) -> bool {
        let same = self.inside.row_hash == self.row_hash && self.inside.account == self.account;
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

    pub(crate) const fn keys(&self) -> &Keys {
        &self.keys
    }

    pub(crate) const fn inside(&self) -> &Inside {
        &self.inside
    }

    /// The session sealed anew, seen now.
    fn seen(&self, place: &Place<'_>) -> Result<SeenSession, OpenError> {
        let Self { inside, keys, at, stream, .. } = self;
        let inside = Inside { last_seen: *at, count: keys.ring.count(), ..*inside };
        let sealed = inside.seal(place, &keys.session, &keys.account, stream)?;
        Ok(SeenSession { at: *at, epoch: keys.epoch, sealed })
    }
}

/// The place of what is sealed in a session's row.
pub(crate) fn session_place(
    tenant: TenantId,
    account: AccountId,
    session: SessionId,
    epoch: Epoch,
) -> Place<'static> {
    let place = Place::of_account(tenant, account, Purpose::AccountKeyForSession);
    Place { session: Some(session), epoch, ..place }
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
        let key_of = |session| SessionKey::of_session(token, session);
        let (opened, last_seen) = self.open_session(token.row_hash(), key_of, stream, now).await?;
        let Session { tenant, account, id, ref row_hash, ref inside, ref keys, .. } = opened;
        let every = self.session_limits.seen_every();
        if [last_seen, inside.last_seen].iter().all(|seen| now.seconds_since(*seen) >= every) {
            let place = session_place(tenant, account, id, keys.epoch);
            let seen = opened.seen(&place).map_err(|_| SessionError::DoesNotOpen { account })?;
            self.sessions.touch_session(tenant, row_hash, seen);
        }
        #[cfg(honnin_faults)]
        let opened = self.kept.session(opened)?;
        Ok(opened)
    }

    /// What a session leaves with work that is done after its request, maybe on another node: what opens it once more,
    /// sealed by the keeper. It is worth nothing once the session has ended.
    ///
    /// # Errors
    /// [`OpenError`] where the cipher refuses.
    pub fn leave(&self, session: &Session) -> Result<Vec<u8>, OpenError> {
        let Session { tenant, account, row_hash, keys, stream, .. } = session;
        self.keys.leave(*tenant, *account, (&keys.session, row_hash), stream)
    }

    /// Opens the session that has left this with its work.
    ///
    /// # Errors
    /// As [`Self::session`].
    pub async fn take_up(
        &self,
        account: AccountId,
        left: &[u8],
        stream: Stream,
        now: Moment,
    ) -> Result<Session, SessionError> {
        let closed = |_: OpenError| SessionError::DoesNotOpen { account };
        let (key, row_hash) = self.keys.take_up(self.tenant, account, left).map_err(closed)?;
        let (session, _) = self.open_session(row_hash, |_| Ok(key), stream, now).await?;
        if session.account == account { Ok(session) } else { Err(SessionError::Foreign) }
    }

    /// The session, and when its row says that it was seen.
    async fn open_session(
        &self,
        row_hash: Digest,
        key_of: impl FnOnce(SessionId) -> Result<SessionKey, OpenError> + Send,
        stream: Stream,
        now: Moment,
    ) -> Result<(Session, Moment), SessionError> {
        let found = self.sessions.session(self.tenant, &row_hash).await?.ok_or(SessionError::Unknown)?;
        let FoundSession { session: row, ring: ring_row } = found;
        if !self.lasts(row.until, row.last_seen, now) {
            return Err(SessionError::Unknown);
        }
        let SessionRow { tenant, session, account, epoch, .. } = *row;
        let closed = |_: OpenError| SessionError::DoesNotOpen { account };
        let key = key_of(session).map_err(closed)?;
        let place = session_place(tenant, account, session, epoch);
        let (account_key, beside) = key.unwrap_beside(&place, &row.sealed).map_err(closed)?;
        let inside = Inside::read(beside.octets()).ok_or(OpenError).map_err(closed)?;
        drop(beside);
        if epoch != ring_row.epoch || !self.lasts(inside.until, inside.last_seen, now) {
            return Err(SessionError::Unknown);
        }
        let ring = Ring::of_row((tenant, account), &account_key, &ring_row).map_err(closed)?;
        let keys = Keys { session: key, epoch, account: account_key, ring };
        let kind = keys.ring.kind_of(session);
        let lives = kind.is_some();
        let kind = kind.unwrap_or(SessionKind::Browser);
        let opened = Session {
            tenant,
            account,
            id: session,
            kind,
            row_hash,
            inside,
            keys,
            at: now,
            stream,
            led_by_others: false,
            on_case: None,
        };
        if !opened.is_of_who_signed_in() {
            return Err(SessionError::Foreign);
        }
        let ring = &opened.keys.ring;
        if ring.count() < inside.count {
            // The ring is older than the session it names: somebody put it back.
            return Err(SessionError::DoesNotOpen { account });
        }
        #[cfg(honnin_faults)]
        let lives = crate::planted::owner(lives);
        if ring.credential() != inside.credential || !lives {
            return Err(SessionError::Unknown);
        }
        Ok((opened, row.last_seen))
    }

    fn lasts(&self, until: Moment, last_seen: Moment, now: Moment) -> bool {
        until > now && now.seconds_since(last_seen) < self.session_limits.idle_seconds
    }

    /// A permit to read one line of the session's account. A line that is not hers and one that is not there are not
    /// told apart: neither has a document under her account, and none that her ring would open.
    pub fn read_line(&self, session: &Session, line: HoldingId) -> Option<Permit<Read>> {
        let permit = self.permit(session, Some(line), Deed::ReadLine);
        #[cfg(honnin_faults)]
        let permit = self.kept.permit(permit);
        permit
    }

    /// A permit to read the account's own documents.
    pub fn read_account(&self, session: &Session) -> Option<Permit<Read>> {
        let permit = self.permit(session, None, Deed::ReadAccount);
        #[cfg(honnin_faults)]
        let permit = self.kept.permit(permit);
        permit
    }

    /// A permit to ask for another speed of one line.
    pub fn set_speed(&self, session: &Session, line: HoldingId) -> Option<Permit<SetSpeed>> {
        self.permit(session, Some(line), Deed::SetSpeed)
    }

    /// A permit to end sessions of the account, where a fresh proof was given.
    pub fn end_sessions(&self, session: &Session) -> Option<Permit<EndSessions>> {
        self.permit(session, None, Deed::EndSessions)
    }

    /// A permit to list the account's sessions.
    pub fn manage_sessions(&self, session: &Session) -> Option<Permit<ManageSessions>> {
        self.permit(session, None, Deed::ManageSessions)
    }

    /// A permit to name the account's own lines.
    pub fn name_lines(&self, session: &Session) -> Option<Permit<NameLines>> {
        self.permit(session, None, Deed::NameLines)
    }

    /// A permit to make an export of the account's own data, and to fetch it.
    pub fn export(&self, session: &Session) -> Option<Permit<Export>> {
        self.permit(session, None, Deed::Export)
    }

    /// A permit to leave the account's consent to a merge.
    pub fn agree_to_merge(&self, session: &Session) -> Option<Permit<AgreeToMerge>> {
        self.permit(session, None, Deed::AgreeToMerge)
    }

    /// A permit to make a passkey or to take one away, where a fresh proof was given.
    pub fn manage_passkeys(&self, session: &Session) -> Option<Permit<ManagePasskeys>> {
        self.permit(session, None, Deed::ManagePasskeys)
    }

    fn permit<A: Act>(&self, session: &Session, holding: Option<HoldingId>, deed: Deed) -> Option<Permit<A>> {
        if session.tenant != self.tenant || !may(session.role(), session.kind, deed) {
            return None;
        }
        // Where the password is asked for in the act itself, that is the proof.
        if asks_proof(deed) && !asks_itself(deed) && !self.is_proven(session) {
            return None;
        }
        let subject = session.subject(holding);
        #[cfg(honnin_faults)]
        let subject = self.as_named(subject);
        let key = session.keys.ring.key().again();
        Some(Permit::new(subject, session.look(), Some(key), session.at, session.request()))
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;

//! High speed: the state as shown, and a wish for another.

use honnin_access::{DocumentError, Owned, Permit, Session, SetSpeed};
use honnin_journal::{Details, Kind};
use honnin_seal::{Epoch, digest};
use honnin_store::document::{Line, Wish};
use honnin_store::{NewWish, SpeedRow, WishAnswer, WishKey};
use honnin_terms::{HoldingId, LineStatus, SpeedReason, SpeedState};

use crate::care::{Care, Error, Visit, permitted};
use crate::facts::{LineHead, Shown, Speed, WishReceipt};
use crate::{Disclosed, What, reckon};

/// How long an idempotency key is remembered, in seconds.
const KEY_SECONDS: i64 = 86_400;
/// How often a wish is judged anew when the row changed in between.
const ATTEMPTS: usize = 3;

/// A wish for another speed.
#[derive(Debug, Clone, Copy)]
pub struct SpeedWish<'a> {
    /// The line.
    pub line: HoldingId,
    /// High speed or low.
    pub high: bool,
    /// The idempotency key the client chose.
    pub key: Option<&'a str>,
}

/// Why a wish is not taken. Each tells something of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WishRefusal {
    /// The line is suspended.
    #[error("the line is suspended")]
    LineSuspended,
    /// The holding has ended.
    #[error("the line is no longer held")]
    LineEnded,
    /// The contract of the line has not begun: nothing of it can be changed.
    #[error("the contract of the line has not begun")]
    LineUpcoming,
    /// The last wish is too young; seconds to wait.
    #[error("wait {0} seconds")]
    TooSoon(i64),
}

/// Why a wish is not taken, or why that cannot be said.
enum Unwritten {
    /// The line, or the wish before it.
    Refused(WishRefusal),
    /// What every use case can fail for.
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Unwritten {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Care {
    /// The state of a line's speed.
    ///
    /// # Errors
    /// As all use cases: [`Error`].
    pub async fn speed(
        &self,
        visit: Visit<'_>,
        line: HoldingId,
    ) -> Result<Disclosed<Shown<(LineHead, Speed)>>, Error> {
        let document = self.line_and_wish(visit.session, line).await?;
        let context = (line, self.today(visit.session));
        let facts = document.map(context, |(line, wish), (holding, today)| {
            (reckon::head(&line, holding, today), reckon::speed(&line, wish.as_ref(), today))
        });
        self.show(visit, What::Speed, facts).await
    }

    /// Writes a wish for another speed: at most one a minute for a line, the latest counts.
    ///
    /// # Errors
    /// As all use cases, and [`Error::Refused`], [`Error::KeyReused`].
    pub async fn set_speed(
        &self,
        visit: Visit<'_>,
        wish: SpeedWish<'_>,
    ) -> Result<Disclosed<WishReceipt>, Error> {
        let session = visit.session;
        let permit = permitted(self.parts.subscriber.set_speed(session, wish.line))?;
        let key = wish.key.map(|key| WishKey {
            key: digest(&[b"honnin wish key v1\0", key.as_bytes()]),
            request: digest(&[b"honnin wish v1\0", &[u8::from(wish.high)]]),
        });
        let receipt = match self.known_key(&permit, key.as_ref()).await? {
            Some(version) => WishReceipt { state: SpeedState::Accepted, version },
            None => match self.write_wish(visit, &permit, wish.high, key).await {
                Ok(receipt) => receipt,
                Err(Unwritten::Failed(Error::NotThere)) => {
                    return Err(self.strayed(session, wish.line).await);
                }
                Err(Unwritten::Failed(error)) => return Err(error),
                Err(Unwritten::Refused(why)) => {
                    // That it is refused tells how the line stands: it leaves by the gate like anything else.
                    let why = Owned::of_permit(&permit, why);
                    let told = (What::Speed, visit.channel);
                    let let_out = self.parts.gate.let_out(session, why, Kind::Refused, told).await?;
                    return Err(Error::Refused(self.parts.gate.told(let_out).await?));
                }
            },
        };
        let receipt = Owned::of_permit(&permit, receipt);
        self.parts.gate.disclose(session, receipt, What::Speed, visit.channel).await
    }

    async fn known_key(
        &self,
        permit: &Permit<SetSpeed>,
        key: Option<&WishKey>,
    ) -> Result<Option<u64>, Error> {
        let Some(key) = key else { return Ok(None) };
        match self.parts.store.wish_of_key(permit, key).await? {
            Some(WishAnswer::Repeated(version)) => Ok(Some(version)),
            Some(WishAnswer::KeyReused) => Err(Error::KeyReused),
            Some(WishAnswer::Accepted | WishAnswer::TooSoon(_)) | None => Ok(None),
        }
    }

    async fn write_wish(
        &self,
        Visit { session, channel }: Visit<'_>,
        permit: &Permit<SetSpeed>,
        high: bool,
        key: Option<WishKey>,
    ) -> Result<WishReceipt, Unwritten> {
        let mut written_down = false;
        for _ in 0..ATTEMPTS {
            let contract = self.parts.store.contract_to_set(permit).await?.ok_or(Error::NotThere)?;
            let row = self.parts.store.speed_to_set(permit).await?;
            let context = WishContext { care: self, session, permit };
            let (next, epoch) = context.next(&contract, row.as_deref(), high)?;
            if !written_down {
                let details = Details { holding: permit.subject().holding, ..Details::default() };
                let act = (Kind::Changed, Some(What::Speed), channel);
                self.parts.gate.recorder().of_session(session, act, details).await?;
                written_down = true;
            }
            let wish = NewWish {
                read_revision: row.as_ref().map_or(0, |row| row.revision),
                blob: self
                    .opened(session, permit.seal((epoch, &[]), &next, next.version, session.entropy()))?,
                epoch,
                version: next.version,
                at: session.at(),
                least_seconds: self.parts.wish_seconds,
                key,
                key_seconds: KEY_SECONDS,
            };
            match self.parts.store.set_wish(permit, wish).await {
                Ok(WishAnswer::Accepted) => {
                    (self.parts.wake)();
                    return Ok(WishReceipt { state: SpeedState::Accepted, version: next.version });
                }
                Ok(WishAnswer::Repeated(version)) => {
                    return Ok(WishReceipt { state: SpeedState::Accepted, version });
                }
                Ok(WishAnswer::KeyReused) => return Err(Error::KeyReused.into()),
                Ok(WishAnswer::TooSoon(seconds)) => {
                    return Err(Unwritten::Refused(WishRefusal::TooSoon(seconds)));
                }
                // The reconciler or another device wrote in between: look again.
                Err(honnin_store::Error::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Store.into())
    }
}

struct WishContext<'a> {
    care: &'a Care,
    session: &'a Session,
    permit: &'a Permit<SetSpeed>,
}

impl WishContext<'_> {
    /// Judges a wish by the contract and the wish before it, and makes the next one.
    fn next(&self, contract: &[u8], row: Option<&SpeedRow>, high: bool) -> Result<(Wish, Epoch), Unwritten> {
        let Self { care, session, permit } = self;
        let opened =
            |result: Result<(Line, Option<Wish>, Epoch), DocumentError>| care.opened(session, result);
        let (line, before, epoch) = opened(permit.judge(contract, row.map(|row| &*row.blob)))?;
        let refused = match reckon::status_on(line.status, &line.held, care.today(session)) {
            LineStatus::Ended => Some(WishRefusal::LineEnded),
            LineStatus::Suspended => Some(WishRefusal::LineSuspended),
            LineStatus::Upcoming => Some(WishRefusal::LineUpcoming),
            LineStatus::Active => None,
        };
        if let Some(why) = refused {
            return Err(Unwritten::Refused(why));
        }
        let applied = before.as_ref().and_then(|wish| wish.applied_high).unwrap_or(line.high_speed);
        let wish = Wish {
            high,
            applied_high: Some(applied),
            state: SpeedState::Accepted,
            reason: SpeedReason::Chosen,
            version: before.as_ref().map_or(0, |wish| wish.version).saturating_add(1),
            asked_at: session.at(),
            changed_at: session.at(),
            session: before.and_then(|wish| wish.session),
        };
        Ok((wish, epoch))
    }
}

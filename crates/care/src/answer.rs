//! What leaves: the bytes of an answer, framed by whom they were made for, and taken out for nobody else.
//!
//! The gate looks at whose the value is. What happens to the bytes after it, in a worker, a buffer or a queue, it does
//! not see; so they say themselves which request and which session they are for, and are compared with what the
//! request itself brought when they are about to be sent.

use std::fmt;

use honnin_access::SignedIn;
use honnin_seal::{Digest, SessionToken};
use honnin_terms::{AccountId, Id, Mode, RequestId, Stop};

use crate::care::Care;
use crate::gate::{Disclosed, Leave};
use crate::{Alarm, Error, Gate};

/// The request of the permit and the session of the cookie that an answer is made for.
#[derive(Clone, Copy)]
pub(crate) struct MadeFor {
    request: RequestId,
    session: Digest,
}

impl MadeFor {
    pub(crate) const fn new(request: RequestId, session: &Digest) -> Self {
        Self { request, session: *session }
    }
}

/// Who asks, as the request itself says it.
pub struct Asker {
    request: RequestId,
    session: Option<Digest>,
}

impl fmt::Debug for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asker").field("request", &self.request).finish_non_exhaustive()
    }
}

impl Asker {
    /// The request of that number with the token that came with it.
    pub fn new(request: RequestId, token: Option<&SessionToken>) -> Self {
        Self { request, session: token.map(SessionToken::row_hash) }
    }
}

/// The bytes of a personal answer. Made only of a [`crate::Disclosed`] value, and opened only by
/// [`Care::hand_over`], once its entry is durable; `web` sends nothing personal that is not one.
pub struct Body {
    content_type: &'static str,
    framed: Framed,
    leave: Leave,
}

/// The bytes with what they were made for behind them.
#[cfg_attr(honnin_faults, derive(Clone))]
pub(crate) struct Framed(Vec<u8>);

#[cfg(honnin_faults)]
impl fmt::Debug for Framed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Framed(..)")
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("content_type", &self.content_type).finish_non_exhaustive()
    }
}

/// Behind the bytes: request (16), session (32), how many bytes came before (8). It stands in the same buffer, so
/// that it goes where the bytes go; with their number, so that what another answer left in the buffer is noticed.
const FRAME: usize = 16 + 32 + 8;

fn count(bytes: usize) -> [u8; 8] {
    u64::try_from(bytes).unwrap_or(u64::MAX).to_be_bytes()
}

impl Body {
    pub(crate) fn new(content_type: &'static str, bytes: Vec<u8>, made_for: MadeFor, leave: Leave) -> Self {
        Self { content_type, framed: Framed::new(bytes, made_for), leave }
    }

    /// The media type.
    pub const fn content_type(&self) -> &'static str {
        self.content_type
    }
}

impl Framed {
    fn new(bytes: Vec<u8>, made_for: MadeFor) -> Self {
        let MadeFor { request, session } = made_for;
        let mut framed = bytes;
        let length = count(framed.len());
        framed.reserve_exact(FRAME);
        framed.extend_from_slice(request.octets());
        framed.extend_from_slice(&session);
        framed.extend_from_slice(&length);
        Self(framed)
    }

    /// The bytes, where they were made for that asker.
    fn open_for(self, asker: &Asker) -> Option<Vec<u8>> {
        let mut bytes = self.0;
        let frame = bytes.split_last_chunk::<FRAME>().map(|(rest, frame)| (rest.len(), *frame));
        let (length, frame) = frame?;
        let (request, rest) = frame.split_first_chunk::<16>()?;
        let (session, counted) = rest.split_first_chunk::<32>()?;
        let same_request = request == asker.request.octets() && counted == count(length);
        #[cfg(honnin_faults)]
        let same_request = planted::held(same_request, &honnin_terms::faults::WITHOUT_REQUEST, "request");
        let same_session = asker.session.as_ref() == Some(session);
        #[cfg(honnin_faults)]
        let same_session = planted::held(same_session, &honnin_terms::faults::WITHOUT_ASKER, "asker");
        bytes.truncate(length);
        (same_request && same_session).then_some(bytes)
    }
}

impl Gate {
    /// The bytes of an answer, for the request they were made for, once the journal has the entry about them.
    ///
    /// # Errors
    /// [`Error::Closed`] where the entry cannot be made durable, while nothing personal may leave, and for another
    /// request: an alarm, and personal pages stop.
    pub(crate) async fn hand_over(&self, body: Body, asker: &Asker) -> Result<Vec<u8>, Error> {
        let Body { content_type: _, framed, leave } = body;
        self.recorded(leave).await?;
        framed.open_for(asker).ok_or_else(|| self.foreign_answer(asker.request))
    }

    /// Stops personal pages: an answer was about to leave by another request than it was made for.
    fn foreign_answer(&self, request: RequestId) -> Error {
        self.house().hears(Alarm::ForeignAnswer, request);
        Error::Closed(Mode::Isolated(Stop::ForeignAnswer))
    }
}

impl Care {
    /// Takes the bytes of an answer out for the request they are about to be sent to, once the journal has the entry
    /// about them.
    ///
    /// # Errors
    /// [`Error::Closed`] where the entry cannot be made durable, while nothing personal may leave, and where they were
    /// made for another request: an alarm, and personal pages stop.
    pub async fn hand_over(&self, body: Body, asker: &Asker) -> Result<Vec<u8>, Error> {
        #[cfg(honnin_faults)]
        let body = planted::reused(&self.bodies, body);
        self.parts.gate.hand_over(body, asker).await
    }

    /// Waits until the journal has the entry about something of which no bytes are made: what was done is not
    /// acknowledged before.
    ///
    /// # Errors
    /// [`Error::Closed`] where the entry cannot be made durable, and while nothing personal may leave.
    pub async fn noted<T>(&self, disclosed: Disclosed<T>) -> Result<(), Error> {
        self.parts.gate.recorded(disclosed.into_leave()).await.map(drop)
    }

    /// Whether a new session is for that request and of the account whose name was typed into it. Its token is all
    /// there is between her and another, so it is looked at like an answer.
    ///
    /// # Errors
    /// [`Error::Closed`] where not: an alarm, and personal pages stop.
    pub fn is_for(&self, signed_in: &SignedIn, request: RequestId, login: &str) -> Result<(), Error> {
        self.is_of(signed_in, request, self.parts.subscriber.account_of(login))
    }

    /// Checks that a new session may leave in the answer to that request, for that account.
    ///
    /// # Errors
    /// As [`Self::is_for`].
    pub fn is_of(&self, signed_in: &SignedIn, request: RequestId, account: AccountId) -> Result<(), Error> {
        let same_request = signed_in.request == request;
        #[cfg(honnin_faults)]
        let same_request = planted::held(same_request, &honnin_terms::faults::WITHOUT_REQUEST, "request");
        let same_account = account == signed_in.account;
        #[cfg(honnin_faults)]
        let same_account = planted::held(same_account, &honnin_terms::faults::WITHOUT_ASKER, "asker");
        if same_request && same_account {
            return Ok(());
        }
        Err(self.parts.gate.foreign_answer(request))
    }
}

#[cfg(honnin_faults)]
mod planted {
    use honnin_terms::faults::{self, Kept, Switch};

    use super::{Body, Framed};

    /// What a comparison comes to, with that layer or without it.
    pub(super) fn held(same: bool, without: &Switch, layer: &'static str) -> bool {
        if !same && !without.is_on() {
            faults::stopped(layer);
            return false;
        }
        true
    }

    /// The body that lay in the buffer before, where that fault is planted.
    pub(super) fn reused(buffers: &Kept<(), Framed>, own: Body) -> Body {
        if !faults::REUSED_BUFFER.is_on() {
            return own;
        }
        let framed = buffers.exchange((), own.framed.clone()).unwrap_or(own.framed);
        Body { framed, ..own }
    }
}

#[cfg(test)]
mod tests {
    use honnin_testkit::SeededEntropy;

    use super::*;

    fn token(seed: u64) -> SessionToken {
        SessionToken::random(&SeededEntropy::new(seed))
    }

    fn request(number: u8) -> RequestId {
        RequestId::from_octets([number; 16])
    }

    fn framed(bytes: &[u8], number: u8, seed: u64) -> Framed {
        Framed::new(bytes.to_vec(), MadeFor::new(request(number), &token(seed).row_hash()))
    }

    #[test]
    fn an_answer_comes_out_for_its_own_request_and_its_own_session_only() {
        let asker = |number, seed| Asker::new(request(number), Some(&token(seed)));
        for bytes in [&b""[..], b"hers"] {
            assert_eq!(framed(bytes, 1, 7).open_for(&asker(1, 7)).as_deref(), Some(bytes));
            assert_eq!(framed(bytes, 1, 7).open_for(&asker(2, 7)), None, "another request of hers");
            assert_eq!(framed(bytes, 1, 7).open_for(&asker(1, 8)), None, "another session");
            assert_eq!(framed(bytes, 1, 7).open_for(&Asker::new(request(1), None)), None, "nobody's");
        }
    }

    #[test]
    fn what_another_answer_left_in_the_buffer_is_noticed() {
        let asker = Asker::new(request(2), Some(&token(8)));
        let (before, own) = (framed(b"somebody's long page", 1, 7), framed(b"hers", 2, 8));
        let mut behind = before.0.clone();
        behind.extend_from_slice(&own.0);
        let mut over = before.0;
        over.splice(..own.0.len(), own.0.iter().copied());
        for octets in [behind, over, Vec::new()] {
            assert_eq!(Framed(octets).open_for(&asker), None);
        }
    }
}

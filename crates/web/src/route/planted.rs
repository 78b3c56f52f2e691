//! Requests and answers that are mixed up, in a build that can be told to.

use honnin_access::{Session, SignedIn};
use honnin_care::{Care, SessionToken};
use honnin_terms::faults::{self, Kept};
use http::header::{CACHE_CONTROL, HeaderValue, VARY};
use http::{HeaderMap, HeaderName};

use super::answer::Personal;
use super::app::Done;

/// The header that is believed.
const HEADER: &str = "x-account-id";

/// The session of the account that a header names, where that fault is planted.
pub(super) fn believing(care: &Care, headers: &HeaderMap, session: Session) -> Session {
    let named = headers.get(HEADER).and_then(|value| value.to_str().ok());
    match named {
        Some(login) if faults::BELIEVED_HEADER.is_on() => care.believing(session, login),
        Some(_) | None => session,
    }
}

/// What one request leaves behind for the next.
#[derive(Default)]
pub(super) struct KeptHere {
    done: Kept<(), Done>,
    signed_in: Kept<(), SignedIn>,
}

impl KeptHere {
    /// What became of the request before this one, where that fault is planted and both show something personal.
    pub(super) fn after_the_one_before(&self, own: Done) -> Done {
        let personal = own.result.as_ref().is_ok_and(|answer| matches!(answer.personal, Personal::Framed(_)));
        if !personal || !faults::LATE_ANSWER.is_on() {
            return own;
        }
        self.done.exchange((), own).unwrap_or_else(Done::late)
    }

    /// The session of the sign-in before this one, where that fault is planted; the first time it is its own again.
    pub(super) fn signed_in(&self, own: SignedIn) -> SignedIn {
        if !faults::ANOTHERS_COOKIE.is_on() {
            return own;
        }
        let SignedIn { session, account, device_mark, device, until, request, .. } = own;
        let Some(token) = SessionToken::parse(own.token.reveal().as_bytes()) else { return own };
        self.signed_in.exchange((), own).unwrap_or(SignedIn {
            token,
            session,
            account,
            device_mark,
            device,
            until,
            request,
        })
    }
}

/// The ticket that was shown: of one in two none, where that fault is planted. The others keep their places, so that they are
/// let in before whoever lost one.
pub(super) fn shown(own: Option<&[u8]>) -> Option<&[u8]> {
    let is_lost = |ticket: &[u8]| ticket.last().is_some_and(|octet| octet % 2 == 1);
    own.filter(|ticket| !faults::FORGOTTEN_PLACES.is_on() || !is_lost(ticket))
}

/// Takes out of the headers of personal answers what forbids to keep them, where that fault is planted.
pub(super) fn keepable(headers: &mut HeaderMap) {
    if faults::MISSING_NO_STORE.is_on() {
        for name in ["cache-control", "cdn-cache-control", "surrogate-control", "x-accel-expires"] {
            headers.remove(HeaderName::from_static(name));
        }
    }
}

/// Puts back what was said about keeping, and says nothing of cookies either, where that layer is left out.
pub(super) fn as_before(headers: &mut HeaderMap, before: Option<HeaderValue>) {
    if before.as_ref().is_some_and(|value| value.as_bytes().ends_with(b"no-store")) {
        return;
    }
    if !faults::WITHOUT_HEADERS.is_on() {
        faults::stopped("headers");
        return;
    }
    headers.remove(VARY);
    match before {
        Some(value) => headers.insert(CACHE_CONTROL, value),
        None => headers.remove(CACHE_CONTROL),
    };
}

//! Requests and answers that are mixed up, in a build that can be told to.

use honnin_access::Session;
use honnin_care::Care;
use honnin_terms::faults;
use http::HeaderMap;

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

//! What a mode takes away, route by route.

use honnin_terms::{Less, Mode, Strain};

use crate::route::routes::TABLE;
use crate::route::table::Load;

/// What changes something and is there in every mode: cookies of one's own browser, and the end of what is one's own
/// with the proof that it asks for.
const ALWAYS: [&str; 11] = [
    "POST /sign-out",
    "POST /devices/{session}/revoke",
    "POST /devices/revoke-others",
    "POST /account/confirm",
    "POST /api/v1/sessions/current/proof",
    "POST /settings/language",
    "POST /settings/theme",
    "DELETE /api/v1/sessions",
    "DELETE /api/v1/sessions/current",
    "DELETE /api/v1/sessions/{session}",
    "DELETE /api/v1/tokens/{id}",
];

#[test]
fn every_route_that_changes_something_is_taken_away_or_listed() {
    let refused = |mode: Mode| {
        let taken = TABLE.iter().filter(|route| route.offer().is_some_and(|offer| !mode.offers(offer)));
        taken.map(|route| format!("{} {}", route.verb.word(), route.path)).collect::<Vec<_>>()
    };
    let read_only = refused(Less::ReadOnly.because(Strain::Room));
    for route in TABLE.iter().filter(|route| !route.verb.is_safe()) {
        let name = format!("{} {}", route.verb.word(), route.path);
        assert_ne!(read_only.contains(&name), ALWAYS.contains(&name.as_str()), "{name}");
    }
    // Reads of one's own go on in every mode.
    for route in TABLE.iter().filter(|route| route.load == Load::Read || route.load == Load::Static) {
        assert_eq!(route.offer(), None, "{}", route.path);
    }
    let brownout = refused(Less::Brownout.because(Strain::Store));
    let documents = TABLE.iter().filter(|route| route.load == Load::Document);
    assert_eq!(brownout.len(), documents.count(), "{brownout:?}");
    assert!(refused(Mode::Open).is_empty());
}

//! What an account calls its lines: in its ring, so that a name is the account's own and goes nowhere with the line.

use std::fmt;

use honnin_terms::{HoldingId, LineName};

use crate::permit::NameLines;
use crate::{Permit, Session, SessionError, SubscriberAuthority};

/// What an account calls its lines.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct LineNames(pub(crate) Vec<(HoldingId, String)>);

impl fmt::Debug for LineNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LineNames(..)")
    }
}

impl LineNames {
    /// What a line is called, where it has a name.
    pub fn of(&self, line: HoldingId) -> Option<&str> {
        self.0.iter().find(|(of, _)| *of == line).map(|(_, name)| name.as_str())
    }
}

impl SubscriberAuthority {
    /// Names a line, or takes its name away. The caller has seen that the line is among those of the account, `held`.
    ///
    /// # Errors
    /// [`SessionError`]; the names are then as they were.
    pub async fn name_line(
        &self,
        session: &Session,
        _permit: &Permit<NameLines>,
        (line, name): (HoldingId, Option<&LineName>),
        held: &[HoldingId],
    ) -> Result<(), SessionError> {
        self.change_ring(session, |ring| Some(ring.named(line, name, held))).await.map(drop)
    }
}

//! What an account calls its lines: in its ring, so that a name is the account's own and goes nowhere with the line.

use std::fmt;

use honnin_terms::{HoldingId, LineName};

use crate::ending::ATTEMPTS;
use crate::permit::NameLines;
use crate::ports::RowError;
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
        let (tenant, account) = (session.tenant(), session.account());
        let closed = SessionError::DoesNotOpen { account };
        for _ in 0..ATTEMPTS {
            let Some((row, ring)) = self.current(session).await? else { return Err(SessionError::Unknown) };
            let (change, keys) = (ring.named(line, name, held), session.keys());
            let write = change
                .write((tenant, account, keys.epoch), &keys.account, row.ring_version, session.entropy())
                .map_err(|_| closed)?;
            match self.sessions.end_sessions(tenant, account, write).await {
                Err(RowError::Conflict) => {}
                done => return Ok(done?),
            }
        }
        Err(RowError::Conflict.into())
    }
}

//! Naming the lines of the account.

use honnin_journal::Kind;
use honnin_terms::{BadLineName, HoldingId, LineName};

use crate::What;
use crate::care::{Care, Error, Visit, permitted};

/// Why a line was not named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The text is no name.
    #[error(transparent)]
    Name(#[from] BadLineName),
    /// As all use cases.
    #[error(transparent)]
    Care(#[from] Error),
}

impl Care {
    /// Names a line of the account; a blank text takes the name away. The name is the account's own: it is kept with
    /// its sessions, shown to nobody else, and does not go with the line to another account.
    ///
    /// # Errors
    /// [`NameError`]; of a line that is not hers nothing else is told.
    pub async fn name_line(
        &self,
        visit: Visit<'_>,
        line: HoldingId,
        typed: Option<&str>,
    ) -> Result<(), NameError> {
        let session = visit.session;
        let permit = permitted(self.parts.subscriber.name_lines(session))?;
        let profile = self.profile(session).await?;
        let held: Vec<HoldingId> =
            profile.leads_to(|(profile, _)| profile.lines.iter().map(|line| line.holding).collect());
        if !held.contains(&line) {
            return Err(self.strayed(session, line).await.into());
        }
        let typed = typed.ok_or(BadLineName::Empty)?;
        let name: Option<LineName> = match typed.parse() {
            Err(BadLineName::Empty) => None,
            named => Some(named?),
        };
        self.about_to(visit, (Kind::Changed, Some(What::Board)), line.to_string()).await?;
        let named = self.parts.subscriber.name_line(session, &permit, (line, name.as_ref()), &held).await;
        #[cfg(honnin_faults)]
        if honnin_terms::faults::EARLY_WORD.is_on() {
            return Ok(());
        }
        Ok(self.ended(session, named)?)
    }
}

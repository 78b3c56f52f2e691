//! The house the use cases stand in: one question to it, and what it is told.

use honnin_access::Answer;
use honnin_terms::{AccountId, Mode, Moment, Offer, RequestId};

/// Something that may not be was seen. The answer it was seen in is withheld already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// Something of this account does not open.
    DoesNotOpen {
        /// Whose it is.
        account: AccountId,
        /// When.
        at: Moment,
    },
    /// Something opened and was of another owner.
    ForeignOwner,
    /// An answer was about to leave by another request than it was made for.
    ForeignAnswer,
}

/// Knows whether personal pages are shown. The room `node` is behind it; nobody else decides.
pub trait House: Send + Sync {
    /// How the house stands, as far as this node knows at once.
    fn mode(&self) -> Mode;
    /// Whether that is offered at this moment, or which mode takes it away. A house that knows of more than its one word
    /// says so here: what is taken away stays so whatever else is the case.
    ///
    /// # Errors
    /// The mode that takes it away.
    fn offers(&self, what: Offer) -> Result<(), Mode> {
        let mode = self.mode();
        if mode.offers(what) { Ok(()) } else { Err(mode) }
    }
    /// Whether something personal may be shown to that account at this moment, or why not.
    fn shows(&self, to: AccountId) -> Answer<'_, Result<(), Mode>>;
    /// Hears what was seen, in which request.
    fn hears(&self, alarm: Alarm, request: RequestId);
    /// From now on this node is about to stop.
    fn stops(&self);
}

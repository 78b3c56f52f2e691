//! Reading views, devices and notices.

use std::sync::Arc;

use honnin_access::ports::SessionRow;
use honnin_access::{Answer, Document, ManageSessions, Permit, Read};
use honnin_terms::{Moment, NoticeId, TenantId};

use crate::{Error, NoticeRow, SpeedRow};

/// Sealed views. The subject comes from the permit; another subject cannot be named.
pub trait ViewRows: Send + Sync {
    /// The blob of that kind and row; use [`read_view`] to name the kind by its type.
    fn view(
        &self,
        permit: &Permit<Read>,
        kind: &'static str,
        row: &[u8],
    ) -> Answer<'_, Result<Option<Arc<[u8]>>, Error>>;
    /// What home shows of a line, with the profile of the account: one question where an engine can ask it so. Both permits
    /// are of one account.
    fn home(&self, of_line: &Permit<Read>, of_account: &Permit<Read>) -> Answer<'_, Result<HomeRows, Error>>;
}

/// What home shows, as it lies in the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HomeRows {
    /// The sealed [`crate::document::Line`].
    pub line: Option<Arc<[u8]>>,
    /// The line's wish.
    pub wish: Option<Arc<SpeedRow>>,
    /// The account's sealed [`crate::document::Profile`].
    pub profile: Option<Arc<[u8]>>,
}

/// The blob of a document, to be opened with the same permit.
pub fn read_view<'a, D: Document>(
    store: &'a (impl ViewRows + ?Sized),
    permit: &Permit<Read>,
    row: &[u8],
) -> Answer<'a, Result<Option<Arc<[u8]>>, Error>> {
    store.view(permit, D::KIND, row)
}

/// The account's own sessions.
pub trait DeviceRows: Send + Sync {
    /// All that have not ended, newest first.
    fn sessions(&self, permit: &Permit<ManageSessions>) -> Answer<'_, Result<Vec<SessionRow>, Error>>;
}

/// Notices to everybody: public, so that no permit is asked for.
pub trait NoticeRows: Send + Sync {
    /// Those published by now, newest first, at most 200.
    fn notices(&self, tenant: TenantId, now: Moment) -> Answer<'_, Result<Vec<NoticeRow>, Error>>;
    /// One of them.
    fn notice(
        &self,
        tenant: TenantId,
        notice: NoticeId,
        now: Moment,
    ) -> Answer<'_, Result<Option<NoticeRow>, Error>>;
}

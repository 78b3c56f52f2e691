//! Appending what the ledger said: documents, keys, the directory and the feed's position in one transaction.

use std::sync::Arc;

use honnin_access::{Answer, Append, Permit};
use honnin_seal::Epoch;
use honnin_terms::{AccountId, Held, HoldingId, Moment, NoticeId};

use crate::{Error, Moved};

/// A keyed hash of a number or a line code: finds holdings without storing either.
pub type DirectoryKey = [u8; 16];

/// A keyed hash of the ledger's number of a record (通番).
pub type RecordKey = [u8; 16];

/// One entry of the directory: under this key, from when to when, which holding of which account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectoryRow {
    /// The keyed hash.
    pub key: DirectoryKey,
    /// The holding.
    pub holding: HoldingId,
    /// Its account.
    pub account: AccountId,
    /// From when to when.
    pub held: Held,
}

/// A record that was taken, and a hash of its content, so that a repeat is told from a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenRow {
    /// The record.
    pub record: RecordKey,
    /// Keyed hash of its content.
    pub content: [u8; 16],
}

/// The account key as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountKeyRow {
    /// Epoch.
    pub epoch: Epoch,
    /// The account key under the keeper's key.
    pub by_keeper: Vec<u8>,
    /// The account's ring under the account key.
    pub ring: Vec<u8>,
}

/// That a subject has a key, and of which epoch. The key itself is derived from the account's ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubjectKeyRow {
    /// The holding; `None` for the account's own documents.
    pub holding: Option<HoldingId>,
    /// Epoch of the key.
    pub epoch: Epoch,
}

/// Which document of an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentKey {
    /// The holding; `None` for the account's own.
    pub holding: Option<HoldingId>,
    /// Kind.
    pub kind: &'static str,
    /// Row.
    pub row: Vec<u8>,
}

/// A document with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDocument {
    /// Which.
    pub key: DocumentKey,
    /// The sealed document.
    pub blob: Arc<[u8]>,
}

/// All that is stored of an account, for re-making its views.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAccount {
    /// The account.
    pub account: AccountId,
    /// Its key.
    pub account_key: AccountKeyRow,
    /// Keys of its subjects, newest epoch of each.
    pub subject_keys: Vec<SubjectKeyRow>,
    /// Its documents.
    pub documents: Vec<StoredDocument>,
}

/// What changes of an account.
#[derive(Debug, Clone)]
pub struct AccountUpdate {
    /// The account.
    pub account: AccountId,
    /// Its key, where it is new. An existing key is never replaced.
    pub account_key: Option<AccountKeyRow>,
    /// Keys of new subjects. An existing key is never replaced.
    pub subject_keys: Vec<SubjectKeyRow>,
    /// Documents made anew.
    pub documents: Vec<StoredDocument>,
}

/// A notice to everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRow {
    /// The notice.
    pub notice: NoticeId,
    /// The operator's number of it.
    pub code: String,
    /// From when it is shown.
    pub published_at: Moment,
    /// Kind.
    pub kind: String,
    /// Heading.
    pub title: String,
    /// Text.
    pub body: String,
}

/// A row that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineRow {
    /// File.
    pub file: String,
    /// Line in it, from 1.
    pub line: u64,
    /// Reason code.
    pub reason: String,
    /// The row as it was, sealed by the keeper.
    pub sealed: Vec<u8>,
    /// Identifies the row, so that the same broken row is kept once.
    pub record: RecordKey,
    /// When it was put here.
    pub at: Moment,
}

/// How far a feed is. `position` only grows; `state` is the feed's own, opaque to the store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Counts the committed steps.
    pub position: u64,
    /// What the feed needs to go on: which files, which step, counts so far.
    pub state: Vec<u8>,
}

/// One transaction of a feed.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Accounts, ascending by id: the engine writes in this order.
    pub accounts: Vec<AccountUpdate>,
    /// Directory entries; an entry of the same key and holding is replaced.
    pub directory: Vec<DirectoryRow>,
    /// Records taken in this batch; of one that was taken before this content stands from now on.
    pub seen: Vec<SeenRow>,
    /// Notices; one of the same id is replaced.
    pub notices: Vec<NoticeRow>,
    /// Rows put into quarantine; one of the same record is kept as it is.
    pub quarantine: Vec<QuarantineRow>,
    /// Quarantined records that were taken after correction.
    pub released: Vec<RecordKey>,
    /// How many moves of holdings there had been when the feed read who has what: [`Moved::moves`].
    pub moves: u64,
    /// The feed's progress after this batch.
    pub progress: Progress,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// All of it is durable.
    Done,
    /// The feed stands at another position already: nothing was written.
    Stale {
        /// Where it stands.
        position: u64,
    },
    /// Holdings have moved since the feed read who has what: nothing was written, and what it has read is out of date.
    Overtaken,
}

/// The feed that says when an extract last had rows of another operator. It has no rows of its own.
pub const OTHERS_ROWS: &str = "others rows";

/// Feeds. Everything takes a permit to append; nothing here can be opened with it.
pub trait FeedRows: Send + Sync {
    /// How far a feed is.
    fn progress(&self, permit: &Permit<Append>, feed: &str) -> Answer<'_, Result<Option<Progress>, Error>>;
    /// The directory's entries of these keys, in the order of keys and holdings; those without any are absent.
    fn holders(
        &self,
        permit: &Permit<Append>,
        keys: &[DirectoryKey],
    ) -> Answer<'_, Result<Vec<DirectoryRow>, Error>>;
    /// The whole directory, page by page: entries in the order of keys and holdings after that one, at most `most`.
    /// Entries that are written while somebody walks are on a later page or on none.
    fn directory(
        &self,
        permit: &Permit<Append>,
        after: Option<(DirectoryKey, HoldingId)>,
        most: usize,
    ) -> Answer<'_, Result<Vec<DirectoryRow>, Error>>;
    /// Holdings that another account has now than the ledger names, by merges that hold.
    fn moved(&self, permit: &Permit<Append>) -> Answer<'_, Result<Moved, Error>>;
    /// What is stored of these accounts (ascending); unknown ones are absent.
    fn accounts(
        &self,
        permit: &Permit<Append>,
        accounts: &[AccountId],
    ) -> Answer<'_, Result<Vec<StoredAccount>, Error>>;
    /// The content hashes of those records that were taken before, in the order asked; `None` for a new one.
    fn seen(
        &self,
        permit: &Permit<Append>,
        records: &[RecordKey],
    ) -> Answer<'_, Result<Vec<Option<[u8; 16]>>, Error>>;
    /// Writes a batch where `feed` stands at `progress.position - 1` and no holding has moved since `moves`; all or
    /// nothing. So a move conflicts with every feed that runs, whatever its name, also with one that has never
    /// committed.
    fn commit(
        &self,
        permit: &Permit<Append>,
        feed: &str,
        batch: Batch,
    ) -> Answer<'_, Result<Committed, Error>>;
    /// Rows in quarantine, oldest first, at most `most` after the first `skip`.
    fn quarantined(
        &self,
        permit: &Permit<Append>,
        skip: u64,
        most: usize,
    ) -> Answer<'_, Result<Vec<QuarantineRow>, Error>>;
}

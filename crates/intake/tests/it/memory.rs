//! A store in memory that keeps its promises to feeds, and breaks down when told to.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard};

use honnin_access::ports::RowError;
use honnin_access::{Append, Permit};
use honnin_store::{
    Answer, Batch, Committed, DirectoryKey, DirectoryRow, Error, FeedRows, Moved, NoticeRow, OTHERS_ROWS,
    Progress, QuarantineRow, RecordKey, StoredAccount,
};
use honnin_terms::{AccountId, HoldingId, NoticeId};

/// How a commit breaks down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Breakdown {
    /// Nothing was written.
    Lost,
    /// Everything was written, but nobody was told.
    Kept,
}

#[derive(Debug, Default)]
pub(crate) struct Content {
    pub(crate) accounts: BTreeMap<AccountId, StoredAccount>,
    pub(crate) directory: BTreeMap<([u8; 16], HoldingId), DirectoryRow>,
    pub(crate) seen: HashMap<RecordKey, [u8; 16]>,
    pub(crate) notices: BTreeMap<NoticeId, NoticeRow>,
    pub(crate) quarantine: Vec<QuarantineRow>,
    pub(crate) progress: Progress,
    /// How far the feed is that says of rows of others, which has nothing but that.
    pub(crate) others_rows: Progress,
    pub(crate) commits: u64,
    breakdown: Option<(u64, Breakdown)>,
}

#[derive(Debug, Default)]
pub(crate) struct MemoryStore(Mutex<Content>);

impl MemoryStore {
    pub(crate) fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap()
    }

    /// Writes a batch, as a commit does.
    pub(crate) fn put(&self, batch: Batch) {
        self.content().write(batch);
    }

    /// Lets the commit after so many more break down.
    pub(crate) fn break_after(&self, commits: u64, how: Breakdown) {
        let mut content = self.content();
        content.breakdown = Some((content.commits + commits, how));
    }
}

impl Content {
    fn write(&mut self, batch: Batch) {
        let Batch { accounts, directory, seen, notices, quarantine, released, moves: _, progress } = batch;
        assert!(accounts.is_sorted_by_key(|update| update.account), "accounts come in ascending order");
        for update in accounts {
            let stored = self.accounts.entry(update.account).or_insert_with(|| StoredAccount {
                account: update.account,
                account_key: update.account_key.clone().unwrap(),
                subject_keys: Vec::new(),
                documents: Vec::new(),
            });
            stored.subject_keys.extend(update.subject_keys);
            for document in update.documents {
                stored.documents.retain(|old| old.key != document.key);
                stored.documents.push(document);
            }
        }
        self.directory.extend(directory.into_iter().map(|row| ((row.key, row.holding), row)));
        self.seen.extend(seen.into_iter().map(|row| (row.record, row.content)));
        self.notices.extend(notices.into_iter().map(|row| (row.notice, row)));
        for row in quarantine {
            if self.quarantine.iter().all(|old| old.record != row.record) {
                self.quarantine.push(row);
            }
        }
        self.quarantine.retain(|row| !released.contains(&row.record));
        self.progress = progress;
    }
}

impl FeedRows for MemoryStore {
    fn progress(&self, _: &Permit<Append>, feed: &str) -> Answer<'_, Result<Option<Progress>, Error>> {
        let content = self.content();
        let progress = if feed == OTHERS_ROWS { &content.others_rows } else { &content.progress };
        Answer::ready(Ok(Some(progress.clone())))
    }

    fn holders(
        &self,
        _: &Permit<Append>,
        keys: &[DirectoryKey],
    ) -> Answer<'_, Result<Vec<DirectoryRow>, Error>> {
        let content = self.content();
        let named = content.directory.values().filter(|row| keys.contains(&row.key));
        Answer::ready(Ok(named.copied().collect()))
    }

    fn directory(
        &self,
        _: &Permit<Append>,
        after: Option<(DirectoryKey, HoldingId)>,
        most: usize,
    ) -> Answer<'_, Result<Vec<DirectoryRow>, Error>> {
        let content = self.content();
        let mut rows: Vec<_> = content.directory.values().copied().collect();
        rows.sort_by_key(|row| (row.key, row.holding));
        rows.retain(|row| after.is_none_or(|after| (row.key, row.holding) > after));
        rows.truncate(most);
        Answer::ready(Ok(rows))
    }

    fn moved(&self, _: &Permit<Append>) -> Answer<'_, Result<Moved, Error>> {
        Answer::ready(Ok(Moved::default()))
    }

    fn accounts(
        &self,
        _: &Permit<Append>,
        accounts: &[AccountId],
    ) -> Answer<'_, Result<Vec<StoredAccount>, Error>> {
        assert!(accounts.is_sorted());
        let content = self.content();
        Answer::ready(Ok(accounts
            .iter()
            .filter_map(|account| content.accounts.get(account))
            .cloned()
            .collect()))
    }

    fn seen(
        &self,
        _: &Permit<Append>,
        records: &[RecordKey],
    ) -> Answer<'_, Result<Vec<Option<[u8; 16]>>, Error>> {
        let content = self.content();
        Answer::ready(Ok(records.iter().map(|record| content.seen.get(record).copied()).collect()))
    }

    fn commit(&self, _: &Permit<Append>, feed: &str, batch: Batch) -> Answer<'_, Result<Committed, Error>> {
        let mut content = self.content();
        if feed == OTHERS_ROWS {
            assert_eq!(content.others_rows.position + 1, batch.progress.position);
            content.others_rows = batch.progress;
            return Answer::ready(Ok(Committed::Done));
        }
        if content.progress.position + 1 != batch.progress.position {
            return Answer::ready(Ok(Committed::Stale { position: content.progress.position }));
        }
        let breaks = content.breakdown.filter(|(at, _)| *at == content.commits).map(|(_, how)| how);
        content.commits += 1;
        if breaks != Some(Breakdown::Lost) {
            content.write(batch);
        }
        Answer::ready(if breaks.is_some() { Err(RowError::Unavailable) } else { Ok(Committed::Done) })
    }

    fn quarantined(
        &self,
        _: &Permit<Append>,
        skip: u64,
        most: usize,
    ) -> Answer<'_, Result<Vec<QuarantineRow>, Error>> {
        let skip = usize::try_from(skip).unwrap();
        Answer::ready(Ok(self.content().quarantine.iter().skip(skip).take(most).cloned().collect()))
    }
}

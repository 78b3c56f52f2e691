//! Facts in, batch out.

use std::collections::HashMap;

use honnin_access::{Append, DocumentError, Permit};
use honnin_keeper::Keeper;
use honnin_seal::OpenError;
use honnin_store::{Batch, DirectoryKey, FeedRows, NoticeRow, RecordKey, StoredAccount};
use honnin_terms::AccountId;
use pollster::block_on;

use crate::facts::directory::Directory;
use crate::facts::event::{Fact, NoticeFact, Source};
use crate::facts::fault::{Fault, Reason};
use crate::facts::item::Item;
use crate::facts::ledger::Ledger;
use crate::facts::merge::{Ground, Merged, Verdict, merge};
use crate::facts::moves::Moves;
use crate::facts::records::{self, Known, Record, Records};
use crate::facts::whose::{Holders, Whose, keys_of, lost_of};

/// How many accounts are loaded at a time.
const ACCOUNTS_AT_A_TIME: usize = 256;

/// The place of a fact of our own, which has no verdict.
const NOBODY: u64 = u64::MAX;

/// Why facts were not taken. Nothing of them was written.
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    /// The store does not do its part.
    #[error("take in what the ledger says: the store failed")]
    Store(#[from] honnin_store::Error),
    /// A stored document or key does not open: an alarm.
    #[error("merge with what is stored: a document does not open; run `honnin doctor`")]
    Document(#[from] DocumentError),
    /// A key does not open: an alarm.
    #[error("merge with what is stored: a key does not open; run `honnin doctor`")]
    Key(#[from] OpenError),
}

/// What facts are taken with.
#[derive(Clone, Copy)]
pub struct Taking<'a> {
    /// Allows to append; its moment is the time of taking in.
    pub permit: &'a Permit<Append>,
    /// Makes keys and ids, seals.
    pub keeper: &'a Keeper,
    /// What is stored so far.
    pub store: &'a dyn FeedRows,
    /// Whose word it is.
    pub ledger: &'a Ledger,
}

impl std::fmt::Debug for Taking<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Taking(..)")
    }
}

/// What is to be written, and what became of each fact.
#[derive(Debug, Default)]
pub struct Taken {
    /// To be committed where the feed stands at the position it was made for; its progress is the feed's own.
    pub batch: Batch,
    /// One for each fact, in their order.
    pub verdicts: Vec<Verdict>,
}

impl Taking<'_> {
    /// Takes facts, from wherever they come, into one batch; `position` is where the feed will stand after it.
    ///
    /// Facts that name who holds what are best first: a fact about a line nobody held is refused.
    ///
    /// # Errors
    /// [`FactsError`].
    pub fn batch(&self, facts: Vec<Fact>, position: u64) -> Result<Taken, FactsError> {
        let Self { permit, keeper, store, ledger } = *self;
        let moves = Moves::new(block_on(store.moved(permit))?);
        let keys: Vec<DirectoryKey> = facts.iter().flat_map(|fact| keys_of(keeper, fact)).collect();
        let directory = Directory::of_keys(store, permit, &keys)?;
        let mut holders = Holders::new(ledger, keeper, &moves, directory, permit.at());
        let mut verdicts = vec![Verdict::Repeated; facts.len()];
        let (mut items, mut notices) = (Vec::new(), Vec::new());
        let item = |place, whose: Whose, fact| {
            let (source, (account, holding)) = (Source { file: 0, line: place }, whose);
            Item { source, account, holding, fact, accepted: false, raw: Vec::new() }
        };
        for ((place, fact), verdict) in (0u64..).zip(facts).zip(&mut verdicts) {
            match (holders.whose(&fact, false), fact) {
                (Err(fault), fact) => {
                    *verdict = Verdict::Refused(fault);
                    let lost = lost_of(&fact).map(Fact::Lost);
                    let whose = lost.as_ref().and_then(|lost| holders.whose(lost, false).ok().flatten());
                    items.extend(whose.zip(lost).map(|(whose, lost)| item(NOBODY, whose, lost)));
                }
                (Ok(Some(whose)), fact) => items.push(item(place, whose, fact)),
                (Ok(None), Fact::Notice(notice)) => notices.push((place, notice)),
                (Ok(None), _) => {}
            }
        }
        items.sort_by_key(|item| (item.account, item.fact.kind(), item.source));
        let noted = notices.iter().map(|(_, notice)| records::of_notice(keeper, notice));
        let recorded: Vec<Option<Record>> = items.iter().map(|item| record_of(keeper, &item.fact)).collect();
        let keys = recorded.iter().flatten().copied().chain(noted.clone()).map(|record| record.key).collect();
        let mut records = Records::default();
        known(self, keys, &mut records)?;
        let ground = Ground { ledger, keeper, permit, moves: &moves, position, doubtful: &[] };
        let noted: Vec<Record> = noted.collect();
        let Taken { mut batch, verdicts: found } = take(ground, store, &items, &recorded, &mut records)?;
        for (item, found) in items.iter().zip(found) {
            put(&mut verdicts, item.source.line, found);
        }
        for ((place, notice), record) in notices.iter().zip(noted) {
            put(&mut verdicts, *place, take_notice(keeper, notice, record, &mut records, &mut batch));
        }
        batch.seen = records.into_taken();
        batch.moves = moves.count();
        Ok(Taken { batch, verdicts })
    }
}

fn put(verdicts: &mut [Verdict], place: u64, found: Verdict) {
    if let Some(slot) = usize::try_from(place).ok().and_then(|place| verdicts.get_mut(place)) {
        *slot = found;
    }
}

/// Notes what the store knows of these records.
fn known(taking: &Taking<'_>, mut keys: Vec<RecordKey>, records: &mut Records) -> Result<(), FactsError> {
    keys.sort_unstable();
    keys.dedup();
    let contents = block_on(taking.store.seen(taking.permit, &keys))?;
    for (key, content) in keys.into_iter().zip(contents) {
        if let Some(content) = content {
            records.know(key, content);
        }
    }
    Ok(())
}

/// Takes items of whole accounts, which are in the order of accounts, kinds and sources. What was taken of records
/// stays in `records`.
pub(crate) fn take(
    ground: Ground<'_>,
    store: &dyn FeedRows,
    items: &[Item],
    recorded: &[Option<Record>],
    records: &mut Records,
) -> Result<Taken, FactsError> {
    let mut taken = Taken { batch: Batch::default(), verdicts: Vec::with_capacity(items.len()) };
    let mut rest = (items, recorded);
    while !rest.0.is_empty() {
        let (accounts, count) = first_accounts(rest.0);
        let stored = block_on(store.accounts(ground.permit, &accounts))?;
        let stored: HashMap<AccountId, &StoredAccount> =
            stored.iter().map(|stored| (stored.account, stored)).collect();
        let (now, later) = rest.0.split_at_checked(count).unwrap_or((rest.0, &[]));
        let (recorded, recorded_later) = rest.1.split_at_checked(count).unwrap_or((rest.1, &[]));
        rest = (later, recorded_later);
        let mut recorded = recorded;
        for of_account in now.chunk_by(|a, b| a.account == b.account) {
            let Some(account) = of_account.first().map(|item| item.account) else { continue };
            let (own, after) = recorded.split_at_checked(of_account.len()).unwrap_or((recorded, &[]));
            recorded = after;
            let found = stored.get(&account).copied();
            let Merged { update, directory, verdicts } =
                merge(ground, account, found, of_account, own, records)?;
            taken.batch.accounts.extend(update);
            taken.batch.directory.extend(directory);
            taken.verdicts.extend(verdicts);
        }
    }
    Ok(taken)
}

/// The first accounts among the items, and how many items are theirs.
fn first_accounts(items: &[Item]) -> (Vec<AccountId>, usize) {
    let mut accounts = Vec::with_capacity(ACCOUNTS_AT_A_TIME);
    let mut count = 0;
    for of_account in items.chunk_by(|a, b| a.account == b.account).take(ACCOUNTS_AT_A_TIME) {
        accounts.extend(of_account.first().map(|item| item.account));
        count += of_account.len();
    }
    (accounts, count)
}

/// The record of a fact that may be taken once.
pub(crate) fn record_of(keeper: &Keeper, fact: &Fact) -> Option<Record> {
    match fact {
        Fact::Usage(usage) => Some(records::of_usage(keeper, usage)),
        Fact::Purchase(purchase) => Some(records::of_purchase(keeper, purchase)),
        Fact::Account(_)
        | Fact::Holding(_)
        | Fact::Bucket(_)
        | Fact::Bill(_)
        | Fact::BillLine(_)
        | Fact::Notice(_)
        | Fact::Lost(_) => None,
    }
}

/// Takes a notice into the batch, once.
pub(crate) fn take_notice(
    keeper: &Keeper,
    fact: &NoticeFact,
    record: Record,
    records: &mut Records,
    batch: &mut Batch,
) -> Verdict {
    match records.known(record) {
        Known::New => {
            records.take(record);
            let NoticeFact { notice: code, published_at, kind, title, body } = fact.clone();
            let notice = keeper.notice_id(&code);
            batch.notices.push(NoticeRow { notice, code, published_at, kind, title, body });
            Verdict::Taken
        }
        Known::Same => Verdict::Repeated,
        Known::Other => Verdict::Refused(Fault::of_row(Reason::Conflict)),
    }
}

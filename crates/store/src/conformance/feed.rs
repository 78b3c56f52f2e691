//! Promises of `FeedRows` about batches and accounts.

use honnin_access::Document;
use honnin_terms::{AccountId, HoldingId, Id};

use super::{Stage, done};
use crate::document::{Bills, Line, Profile};
use crate::{
    AccountKeyRow, AccountUpdate, Batch, Committed, DirectoryRow, Error, NoticeRow, Progress, QuarantineRow,
    SeenRow, StoredAccount, SubjectKeyRow,
};

fn step(position: u64) -> Batch {
    Batch {
        progress: Progress { position, state: vec![u8::try_from(position).unwrap(); 3] },
        ..Batch::default()
    }
}

fn commit(stage: &Stage, feed: &str, batch: Batch) -> Result<Committed, Error> {
    done(stage.store.commit(&stage.append(0), feed, batch))
}

fn progress(stage: &Stage, feed: &str) -> Option<Progress> {
    done(stage.store.progress(&stage.append(0), feed)).unwrap()
}

fn accounts(stage: &Stage, ids: &[AccountId]) -> Vec<StoredAccount> {
    done(stage.store.accounts(&stage.append(0), ids)).unwrap()
}

fn key(holding: Option<HoldingId>, epoch: u32) -> SubjectKeyRow {
    SubjectKeyRow { holding, epoch }
}

pub fn a_feed_moves_by_one_from_one(stage: &Stage) {
    assert_eq!(progress(stage, "files"), None);
    assert_eq!(commit(stage, "files", step(2)), Ok(Committed::Stale { position: 0 }));
    assert_eq!(commit(stage, "files", step(0)), Ok(Committed::Stale { position: 0 }));
    assert_eq!(progress(stage, "files"), None);
    for position in 1..=3 {
        assert_eq!(commit(stage, "files", step(position)), Ok(Committed::Done));
        assert_eq!(progress(stage, "files"), Some(step(position).progress));
    }
    for wrong in [0, 2, 3, 5] {
        assert_eq!(commit(stage, "files", step(wrong)), Ok(Committed::Stale { position: 3 }));
    }
    assert_eq!(progress(stage, "files"), Some(step(3).progress));
}

/// A batch with one of everything, for an account.
fn one_of_each(stage: &Stage, position: u64, account: AccountId) -> Batch {
    let holding = stage.id();
    let held = honnin_terms::Held { from: honnin_terms::Day::from_number(20_000).unwrap(), to: None };
    Batch {
        accounts: vec![AccountUpdate {
            account,
            account_key: Some(AccountKeyRow { epoch: 1, by_keeper: vec![1; 72], ring: vec![2; 90] }),
            subject_keys: vec![key(Some(holding), 1)],
            documents: vec![stage.noise(Some(holding), Line::KIND, b"")],
        }],
        directory: vec![DirectoryRow { key: stage.octets(), holding, account, held }],
        seen: vec![SeenRow { record: [9; 16], content: stage.octets() }],
        notices: vec![NoticeRow {
            notice: stage.id(),
            code: "N1".to_owned(),
            published_at: stage.at(0),
            kind: "news".to_owned(),
            title: "お知らせ".to_owned(),
            body: String::new(),
        }],
        quarantine: vec![QuarantineRow {
            file: "usage.csv".to_owned(),
            line: 4,
            reason: "bad_date".to_owned(),
            sealed: vec![3; 40],
            record: stage.octets(),
            at: stage.at(0),
        }],
        released: Vec::new(),
        moves: 0,
        progress: step(position).progress,
    }
}

/// All a feed can see.
fn everything(stage: &Stage, account: AccountId) -> impl PartialEq + std::fmt::Debug + use<> {
    let permit = stage.append(0);
    let directory = done(stage.store.directory(&permit, None, 100)).unwrap();
    let seen = done(stage.store.seen(&permit, &[[9; 16]])).unwrap();
    let notices = done(stage.store.notices(stage.tenant, stage.at(0))).unwrap();
    let broken = done(stage.store.quarantined(&permit, 0, 100)).unwrap();
    (accounts(stage, &[account]), directory, seen, notices, broken, progress(stage, "files"))
}

pub fn a_stale_batch_changes_nothing(stage: &Stage) {
    let account: AccountId = stage.id();
    let nothing = everything(stage, account);
    assert_eq!(commit(stage, "files", one_of_each(stage, 2, account)), Ok(Committed::Stale { position: 0 }));
    assert_eq!(everything(stage, account), nothing);
    let first = one_of_each(stage, 1, account);
    let broken = first.quarantine[0].record;
    assert_eq!(commit(stage, "files", first), Ok(Committed::Done));
    let after = everything(stage, account);
    assert_ne!(after, nothing);
    for position in [1, 3] {
        let misplaced = Batch { released: vec![broken], ..one_of_each(stage, position, account) };
        assert_eq!(commit(stage, "files", misplaced), Ok(Committed::Stale { position: 1 }));
        assert_eq!(everything(stage, account), after);
    }
}

pub fn a_batch_applied_twice_changes_nothing(stage: &Stage) {
    let account: AccountId = stage.id();
    let batch = one_of_each(stage, 1, account);
    assert_eq!(commit(stage, "files", batch.clone()), Ok(Committed::Done));
    let after = everything(stage, account);
    assert_eq!(commit(stage, "files", batch.clone()), Ok(Committed::Stale { position: 1 }));
    assert_eq!(everything(stage, account), after);
    // Even its content in a step of its own, as a feed that lost its place would send it.
    let again = Batch { progress: Progress { position: 2, ..batch.progress.clone() }, ..batch };
    let before = accounts(stage, &[account]);
    assert_eq!(commit(stage, "files", again), Ok(Committed::Done));
    assert_eq!(accounts(stage, &[account]), before);
    assert_eq!(done(stage.store.quarantined(&stage.append(0), 0, 100)).unwrap().len(), 1);
}

pub fn two_feeds_have_positions_of_their_own(stage: &Stage) {
    assert_eq!(commit(stage, "files", step(1)), Ok(Committed::Done));
    assert_eq!(commit(stage, "files", step(2)), Ok(Committed::Done));
    assert_eq!(commit(stage, "stream", step(1)), Ok(Committed::Done));
    assert_eq!(progress(stage, "files"), Some(step(2).progress));
    assert_eq!(progress(stage, "stream"), Some(step(1).progress));
}

pub fn an_existing_key_is_never_replaced(stage: &Stage) {
    let account: AccountId = stage.id();
    let holding: HoldingId = stage.id();
    let update = |filler: u8| AccountUpdate {
        account,
        account_key: Some(AccountKeyRow { epoch: 1, by_keeper: vec![filler; 72], ring: vec![filler; 90] }),
        subject_keys: vec![key(None, 1), key(Some(holding), 1)],
        documents: Vec::new(),
    };
    for filler in [1, 50] {
        stage.commit(Batch { accounts: vec![update(filler)], ..Batch::default() });
        let stored = &accounts(stage, &[account])[0];
        assert_eq!(Some(&stored.account_key), update(1).account_key.as_ref());
        assert_eq!(stored.subject_keys, update(1).subject_keys);
    }
}

pub fn an_account_is_given_back_as_it_was_written(stage: &Stage) {
    let account: AccountId = stage.id();
    let holding: HoldingId = stage.id();
    let mut documents = vec![
        stage.noise(Some(holding), Line::KIND, b""),
        stage.noise(None, Profile::KIND, b""),
        stage.noise(None, Bills::KIND, b"row"),
    ];
    let account_key = AccountKeyRow { epoch: 4, by_keeper: vec![1; 72], ring: vec![2; 90] };
    let update = AccountUpdate {
        account,
        account_key: Some(account_key.clone()),
        subject_keys: vec![key(None, 1), key(Some(holding), 1), key(Some(holding), 2)],
        documents: documents.clone(),
    };
    stage.commit(Batch { accounts: vec![update], ..Batch::default() });
    let mut stored = accounts(stage, &[account]).remove(0);
    stored.documents.sort_by_key(|document| document.key.clone());
    documents.sort_by_key(|document| document.key.clone());
    stored.subject_keys.sort_by_key(|key| key.holding);
    let newest = vec![key(None, 1), key(Some(holding), 2)];
    assert_eq!(stored, StoredAccount { account, account_key, subject_keys: newest, documents });
}

pub fn unknown_accounts_are_absent(stage: &Stage) {
    let people = [stage.person(), stage.person(), stage.person()];
    let mut asked: Vec<AccountId> = people[..2].iter().map(|person| person.account).collect();
    asked.extend([stage.id::<AccountId>(), stage.id()]);
    asked.sort_unstable();
    let mut known: Vec<_> = people[..2].iter().map(|person| person.account).collect();
    known.sort_unstable();
    let found: Vec<_> = accounts(stage, &asked).iter().map(|stored| stored.account).collect();
    assert_eq!(found, known);
}

pub fn a_large_batch_is_written_whole(stage: &Stage) {
    let mut ids: Vec<AccountId> = (0..1_000).map(|_| stage.id()).collect();
    ids.sort_unstable();
    let update = |account: &AccountId| {
        let holding = HoldingId::from_octets(*account.octets());
        AccountUpdate {
            account: *account,
            account_key: Some(AccountKeyRow { epoch: 1, by_keeper: vec![1; 72], ring: vec![2; 90] }),
            subject_keys: vec![key(None, 1), key(Some(holding), 1)],
            documents: vec![
                stage.noise(None, Profile::KIND, b""),
                stage.noise(Some(holding), Line::KIND, b""),
            ],
        }
    };
    let updates: Vec<_> = ids.iter().map(update).collect();
    stage.commit(Batch { accounts: updates.clone(), ..Batch::default() });
    let stored = accounts(stage, &ids);
    assert_eq!(stored.len(), updates.len());
    for (stored, update) in stored.iter().zip(&updates) {
        assert_eq!(stored.account, update.account);
        assert_eq!(stored.documents, update.documents);
    }
}

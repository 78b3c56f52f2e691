//! Moves of lines for the promises of `MergeRows`: made as the keeper makes them, of what was read.

use std::sync::atomic::Ordering;

use honnin_access::ports::{KeyChange, RingWrite};
use honnin_access::{ConsentRow, Document, Owned, OwnerTag, Permit, Read, SetSpeed, seal_document};
use honnin_seal::Epoch;
use honnin_terms::{AccountId, HoldingId};

use super::{SignedIn, Stage, done};
use crate::document::{Profile, Purchases};
use crate::{
    AccountKeyRow, AccountUpdate, Batch, DocumentKey, Error, MergeMaterial, MergeRow, Move, MoveReason,
    MovedHolding, MovedWish, StoredAccount, StoredDocument, SubjectKeyRow, read_view,
};

/// The stage's own feed.
pub(super) const FEED: &str = "stage";

/// All there is of two accounts that a move could change.
#[derive(Debug, PartialEq)]
pub(super) struct Everything {
    pub(super) accounts: Vec<StoredAccount>,
    pub(super) moved: Vec<MovedHolding>,
    material: [Option<MergeMaterial>; 2],
    merges: Vec<MergeRow>,
    consents: [Option<ConsentRow>; 2],
    sessions: [bool; 2],
    messages: u64,
}

/// All sessions of who gives end; the ring is written once more as it was, so that the stage can go on with it.
fn ending(material: &MergeMaterial) -> KeyChange {
    let AccountKeyRow { epoch, by_keeper, ring } = material.from.account_key.clone();
    let ring = RingWrite { read_version: material.ring_version, sealed: ring, ended: Vec::new() };
    KeyChange { epoch, account_key: by_keeper, ring, keep: None, told: None }
}

impl Stage {
    /// A move that moves nothing: only its reason can be wrong.
    pub(super) fn of_nothing(&self, from: &SignedIn, into: &SignedIn) -> Move {
        let material = self.material(from, into).unwrap();
        Move {
            from: from.account,
            ending: ending(&material),
            into: into.account,
            holdings: Vec::new(),
            keys: Vec::new(),
            into_documents: Vec::new(),
            from_documents: Vec::new(),
            wishes: Vec::new(),
        }
    }

    /// Leaves her consent, good for so many seconds from the start, and gives what is stored of it.
    pub(super) fn consent(&self, person: &SignedIn, seconds: i64) -> Vec<u8> {
        let session = self.session(person, 0);
        let permit = self.authorities.subscriber.agree_to_merge(&session).unwrap();
        let row = ConsentRow { sealed: self.octets::<60>().to_vec(), until: self.at(seconds) };
        done(self.store.put_consent(&permit, row.clone())).unwrap();
        row.sealed
    }

    /// What is stored of an account's consent.
    pub(super) fn consent_of(&self, account: AccountId) -> Option<ConsentRow> {
        done(self.store.consent(&self.operate(0), account)).unwrap()
    }

    /// Writes her session again where it has ended.
    pub(super) fn sign_in_again(&self, person: &SignedIn) {
        if !self.is_signed_in(person) {
            self.insert(person.row_hash, person.session.clone()).unwrap();
        }
    }

    /// Whether she is still signed in.
    pub(super) fn is_signed_in(&self, person: &SignedIn) -> bool {
        done(self.store.session(self.tenant, &person.row_hash)).unwrap().is_some()
    }

    pub(super) fn material(&self, from: &SignedIn, into: &SignedIn) -> Option<MergeMaterial> {
        done(self.store.merge_material(&self.operate(0), from.account, into.account)).unwrap()
    }

    pub(super) fn moved(&self) -> Vec<MovedHolding> {
        done(self.store.moved(&self.append(0))).unwrap().holdings
    }

    pub(super) fn everything(&self, one: &SignedIn, other: &SignedIn) -> Everything {
        let mut accounts = [one.account, other.account];
        accounts.sort_unstable();
        let operate = self.operate(0);
        Everything {
            accounts: done(self.store.accounts(&self.append(0), &accounts)).unwrap(),
            moved: self.moved(),
            material: [self.material(one, other), self.material(other, one)],
            merges: done(self.store.merges(&operate, None, 100)).unwrap(),
            consents: [one, other].map(|person| self.consent_of(person.account)),
            sessions: [one, other].map(|person| self.is_signed_in(person)),
            messages: done(self.store.report(&operate)).unwrap().messages.0,
        }
    }

    /// Another line of hers, with a document.
    pub(super) fn another_line(&self, person: &SignedIn) -> HoldingId {
        let line = self.id();
        let row = SubjectKeyRow { holding: Some(line), epoch: 1 };
        let documents = vec![self.purchases(person, line, 1)];
        let account = person.account;
        let update = AccountUpdate { account, account_key: None, subject_keys: vec![row], documents };
        self.commit(Batch { accounts: vec![update], ..Batch::default() });
        line
    }

    /// A document of a line under one key of it.
    fn purchases(&self, of: &SignedIn, line: HoldingId, epoch: Epoch) -> StoredDocument {
        let document = Purchases {
            as_of: honnin_terms::Said::by_ledger(self.at(0)),
            source: "sample".to_owned(),
            purchases: Vec::new(),
        };
        let owner = OwnerTag { tenant: self.tenant, account: of.account, holding: Some(line), position: 1 };
        let blob = seal_document(&of.ring, epoch, &owner, &[], &document, &self.entropy).unwrap();
        let key = DocumentKey { holding: Some(line), kind: Purchases::KIND, row: Vec::new() };
        StoredDocument { key, blob: blob.into() }
    }

    /// Lines sealed for another account, of what is stored at this moment. Each has a document that opens with its new
    /// key; the others open nowhere.
    pub(super) fn sealed_for(&self, from: &SignedIn, into: &SignedIn, lines: &[HoldingId]) -> Move {
        let material = self.material(from, into).unwrap();
        let is_moving = |holding: &HoldingId| lines.contains(holding);
        let of_lines = material.from.documents.iter().filter(|document| {
            document.key.kind != Purchases::KIND && document.key.holding.as_ref().is_some_and(is_moving)
        });
        let mut into_documents: Vec<StoredDocument> =
            of_lines.map(|one| self.noise(one.key.holding, one.key.kind, &one.key.row)).collect();
        let mut keys = Vec::new();
        for line in lines {
            let of_line = material.from.subject_keys.iter().find(|row| row.holding == Some(*line));
            let epoch = of_line.unwrap().epoch + 1;
            into_documents.push(self.purchases(into, *line, epoch));
            keys.push(SubjectKeyRow { holding: Some(*line), epoch });
        }
        into_documents.push(self.noise(None, Profile::KIND, b""));
        let wishes = material.wishes.iter().filter(|(holding, _)| is_moving(holding));
        let wishes = wishes.map(|(holding, row)| {
            let blob = self.octets::<120>().to_vec();
            MovedWish { holding: *holding, read_revision: row.revision, blob }
        });
        Move {
            from: from.account,
            ending: ending(&material),
            into: into.account,
            holdings: lines.to_vec(),
            keys,
            into_documents,
            from_documents: vec![self.noise(None, Profile::KIND, b"")],
            wishes: wishes.collect(),
        }
    }

    /// Why a move by consent is made: those consents.
    pub(super) fn merge(&self, merge: u64, consents: [(AccountId, Vec<u8>); 2]) -> MoveReason {
        MoveReason::Merge { merge, sealed: self.octets::<80>().to_vec(), consents }
    }

    /// Commits a move where the stage's feed, which is the only one, stands at this moment.
    pub(super) fn commit_move(&self, moving: Move, reason: MoveReason, seconds: i64) -> Result<(), Error> {
        let steps = self.position.load(Ordering::SeqCst);
        self.commit_move_at(steps, moving, reason, seconds)
    }

    /// Commits a move that was made when so many steps had been committed.
    pub(super) fn commit_move_at(
        &self,
        steps: u64,
        moving: Move,
        reason: MoveReason,
        seconds: i64,
    ) -> Result<(), Error> {
        done(self.store.commit_move(&self.operate(seconds), steps, moving, reason))
    }

    /// A merge of lines with the consents of both.
    pub(super) fn merged(&self, merge: u64, from: &SignedIn, into: &SignedIn, lines: &[HoldingId]) {
        let consents = [from, into].map(|person| (person.account, self.consent(person, 600)));
        let moving = self.sealed_for(from, into, lines);
        assert_eq!(self.commit_move(moving, self.merge(merge, consents), 10), Ok(()));
    }

    /// A permit to read a line, whosever it is: one that is not hers has nothing there.
    pub(super) fn read_line(&self, person: &SignedIn, line: HoldingId) -> Permit<Read> {
        self.authorities.subscriber.read_line(&self.session(person, 0), line).unwrap()
    }

    /// A permit to ask for another speed of a line that is hers.
    pub(super) fn set_speed_of(&self, person: &SignedIn, line: HoldingId) -> Permit<SetSpeed> {
        self.authorities.subscriber.set_speed(&self.session(person, 0), line).unwrap()
    }

    /// The document of a line that opens.
    pub(super) fn opened(&self, permit: &Permit<Read>) -> Owned<Purchases> {
        let blob = done(read_view::<Purchases>(&*self.store, permit, &[])).unwrap().unwrap();
        permit.open(&[], &blob).unwrap()
    }
}

//! Documents: a blob opens at its own place, and says whose it is.

use honnin_access::{
    Document, DocumentError, Look, Opened, Owned, OwnerTag, Ring, Subject, open_document, seal_document,
};
use honnin_seal::{AccountKey, Place, Purpose};
use honnin_terms::{AccountId, Basis, EntryRef, HoldingId, Id, LogId, TenantId};
use honnin_testkit::SeededEntropy;
use serde::{Deserialize, Serialize};

use crate::stage::{EPOCH, Person, Stage, TENANT, person};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note(u32);

impl Document for Note {
    const KIND: &'static str = "note";
    const SCHEMA: u16 = 7;
}

/// A note of one of somebody's subjects, sealed with her ring.
pub(crate) fn note(person: &Person, holding: Option<HoldingId>) -> Vec<u8> {
    let subject = Subject { tenant: TENANT, account: person.account, holding };
    seal_document(&person.ring, EPOCH, &owner(&subject), &[], &Note(1), &SeededEntropy::new(3)).unwrap()
}

/// A ring of nobody in particular.
fn ring(seed: u64) -> Ring {
    let (entropy, account) = (SeededEntropy::new(seed), hers().account);
    Ring::make((TENANT, account, EPOCH), &AccountKey::random(&entropy), &entropy).unwrap().0
}

fn owner(subject: &Subject) -> OwnerTag {
    let Subject { tenant, account, holding } = *subject;
    OwnerTag { tenant, account, holding, position: 5 }
}

fn hers() -> Subject {
    let (account, line) = (AccountId::from_octets([1; 16]), HoldingId::from_octets([2; 16]));
    Subject { tenant: TENANT, account, holding: Some(line) }
}

fn sealed(ring: &Ring, subject: &Subject) -> Vec<u8> {
    seal_document(ring, EPOCH, &owner(subject), b"2026-11", &Note(42), &SeededEntropy::new(2)).unwrap()
}

#[test]
fn a_document_comes_back_with_the_owner_that_was_sealed_into_it() {
    let key = ring(1);
    for subject in [hers(), Subject { holding: None, ..hers() }] {
        let blob = sealed(&key, &subject);
        let opened = open_document::<Note>(&key, &subject, b"2026-11", &blob);
        assert_eq!(opened, Ok((owner(&subject), Note(42))));
    }
}

#[test]
fn a_document_opens_at_no_other_line_row_schema_or_epoch() {
    let (key, subject) = (ring(1), hers());
    let blob = sealed(&key, &subject);
    let open = |subject: &Subject, row: &[u8], blob: &[u8]| open_document::<Note>(&key, subject, row, blob);
    let closed = Err(DocumentError::DoesNotOpen);
    let other = Subject { holding: Some(HoldingId::from_octets([3; 16])), ..subject };
    assert_eq!(open(&other, b"2026-11", &blob), closed);
    assert_eq!(open(&Subject { holding: None, ..subject }, b"2026-11", &blob), closed);
    assert_eq!(open(&subject, b"2026-10", &blob), closed);
    // The schema stands in the first two octets, the epoch in the next four.
    let altered = |place: usize| {
        let mut blob = blob.clone();
        *blob.get_mut(place).unwrap() ^= 1;
        blob
    };
    assert_eq!(open(&subject, b"2026-11", &altered(1)), closed, "a schema of its own writing");
    assert_eq!(open(&subject, b"2026-11", &altered(5)), closed, "an epoch of its own writing");
    assert_eq!(open_document::<Note>(&ring(2), &subject, b"2026-11", &blob), closed, "another ring");
}

#[test]
fn a_document_is_sealed_under_a_key_of_its_kind() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Other(u32);
    impl Document for Other {
        const KIND: &'static str = "other";
        const SCHEMA: u16 = 7;
    }
    let (ring, subject) = (ring(1), hers());
    let blob = sealed(&ring, &subject);
    let key = |kind| ring.kind(subject.holding, EPOCH, kind).unwrap();
    let Subject { tenant, account, holding } = subject;
    let place = Place {
        holding,
        row: b"2026-11",
        schema: 7,
        epoch: EPOCH,
        ..Place::of_account(tenant, account, Purpose::Document("note"))
    };
    assert!(key("note").open(&place, &blob[6..]).is_ok(), "who has this one key can open notes");
    assert!(key("other").open(&place, &blob[6..]).is_err(), "and who has that one cannot");
    assert_eq!(open_document::<Other>(&ring, &subject, b"2026-11", &blob), Err(DocumentError::DoesNotOpen));
}

#[test]
fn a_document_of_another_build_is_told_apart() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Newer(u32);
    impl Document for Newer {
        const KIND: &'static str = "note";
        const SCHEMA: u16 = 8;
    }
    let (key, subject) = (ring(1), hers());
    let opened = open_document::<Newer>(&key, &subject, b"2026-11", &sealed(&key, &subject));
    assert_eq!(opened, Err(DocumentError::Schema { expected: 8, found: 7 }));
}

#[test]
fn an_owner_is_of_a_subject_only_in_every_part() {
    let subject = hers();
    let tag = owner(&subject);
    assert!(tag.is_of(&subject) && tag.is_of_account(subject.tenant, subject.account));
    let (tenant, account) = (TenantId::new(99), AccountId::from_octets([9; 16]));
    for other in [
        Subject { tenant, ..subject },
        Subject { account, ..subject },
        Subject { holding: None, ..subject },
        Subject { tenant, account, ..subject },
    ] {
        assert!(!tag.is_of(&other), "{other:?}");
    }
    assert!(!tag.is_of_account(tenant, subject.account) && !tag.is_of_account(subject.tenant, account));
}

#[tokio::test]
async fn what_a_permit_opens_is_joined_with_its_own_only() {
    let (hana, ken) = (person(1).await, person(2).await);
    let stage = Stage::of(&[&hana, &ken]);
    let mut permits = Vec::new();
    for who in [&hana, &ken] {
        let session = stage.session(who, 1).await.unwrap();
        permits.push(stage.authorities.subscriber.read_line(&session, who.line).unwrap());
    }
    let [hers, his] = permits.as_slice() else { unreachable!("two were asked for") };
    let open = |permit: &honnin_access::Permit<honnin_access::Read>, who: &Person| -> Owned<Note> {
        permit.open(&[], &note(who, Some(who.line))).unwrap()
    };
    assert!(open(hers, &hana).join(open(hers, &hana)).is_ok());
    assert!(open(hers, &hana).join(open(his, &ken)).is_err(), "two people");
    assert!(hers.open::<Note>(&[], &note(&ken, Some(ken.line))).is_err(), "another's blob");
    let opened = open(hers, &hana).open_at_gate(&stage.authorities.gate);
    assert_eq!((opened.owner.is_of(&opened.asked), &opened.value), (true, &Note(1)));
    assert_eq!(
        opened.look,
        Look { viewer: hana.account, basis: Basis::Own },
        "who looks and why comes with it"
    );
    let opened = Owned::of_permit(hers, ()).open_at_gate(&stage.authorities.gate);
    assert!(opened.owner.is_of(&opened.asked) && opened.asked == *hers.subject());
}

#[tokio::test]
async fn a_wish_is_sealed_for_the_line_of_its_permit_and_judged_by_its_own() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let session = stage.session(&hana, 1).await.unwrap();
    let permit = stage.authorities.subscriber.set_speed(&session, hana.line).unwrap();
    let wish = permit.seal((EPOCH, &[]), &Note(8), 3, &SeededEntropy::new(4)).unwrap();
    let judged = permit.judge::<Note, Note>(&wish, Some(&wish)).unwrap();
    assert_eq!(judged, (Note(8), Some(Note(8)), EPOCH));
    let (tag, _) = open_document::<Note>(&hana.ring, permit.subject(), &[], &wish).unwrap();
    assert_eq!((tag.is_of(permit.subject()), tag.position), (true, 3));
}

#[tokio::test]
async fn an_export_is_sealed_of_her_own_only_and_opens_for_nobody_else() {
    let (hana, ken) = (person(1).await, person(2).await);
    let stage = Stage::of(&[&hana, &ken]);
    let subscriber = &stage.authorities.subscriber;
    let mut permits = Vec::new();
    for who in [&hana, &ken] {
        let session = stage.session(who, 1).await.unwrap();
        let line = subscriber.read_line(&session, who.line).unwrap();
        let account = subscriber.read_account(&session).unwrap();
        permits.push((subscriber.export(&session).unwrap(), account, line));
    }
    let [(hers, account, line), (his, his_account, _)] = permits.as_slice() else {
        unreachable!("two were asked for")
    };
    let entropy = SeededEntropy::new(7);
    let seal = |of| hers.seal_gathered(b"1", &Owned::of_permit(of, Note(42)), &entropy);
    let export = seal(account).unwrap();
    let opened = hers.open_export::<Note>(b"1", &export).unwrap();
    let opened = opened.open_at_gate(&stage.authorities.gate);
    assert_eq!(
        (opened.owner.is_of(hers.subject()), opened.asked, opened.value),
        (true, *hers.subject(), Note(42))
    );
    assert_eq!(seal(his_account), Err(DocumentError::Malformed), "another person's");
    assert_eq!(seal(line), Err(DocumentError::Malformed), "of a line, and not of the whole account");
    assert!(his.open_export::<Note>(b"1", &export).is_err());
    assert!(hers.open_export::<Note>(b"2", &export).is_err(), "another export of hers");
}

#[tokio::test]
async fn what_is_opened_leaves_to_its_viewer_on_the_basis_it_was_opened_with() {
    let (hana, ken) = (person(1).await, person(2).await);
    let stage = Stage::of(&[&hana, &ken]);
    let session = stage.session(&hana, 1).await.unwrap();
    let entry = EntryRef { log: LogId::from_octets([1; 16]), index: 7 };
    let (hers, his) = ((&hana, hana.account), (&ken, ken.account));
    let cases = [
        (hers, hana.account, Basis::Own, true),
        (his, hana.account, Basis::Own, false),
        (his, hana.account, Basis::Grant(entry), true),
        (his, hana.account, Basis::Case(entry), true),
        (hers, hana.account, Basis::Grant(entry), false),
        (hers, hana.account, Basis::Case(entry), false),
        (hers, ken.account, Basis::Own, false),
        (hers, ken.account, Basis::Grant(entry), false),
    ];
    for ((owner, account), viewer, basis, leaves) in cases {
        let asked = Subject { tenant: TENANT, account, holding: Some(owner.line) };
        let look = Look { viewer, basis };
        let opened = |tag: &Subject| {
            let request = session.request();
            Opened { owner: self::owner(tag), asked, look, request, value: () }.may_leave_to(&session)
        };
        assert_eq!(opened(&asked), leaves, "{basis:?}");
        assert!(!opened(&Subject { holding: None, ..asked }), "of another subject than was asked for");
        assert!(!opened(&Subject { tenant: TenantId::new(99), ..asked }), "of another tenant");
    }
}

//! Documents: a blob opens at its own place, and says whose it is.

use honnin_access::{Document, DocumentError, Owned, OwnerTag, Subject, open_document, seal_document};
use honnin_seal::SubjectKey;
use honnin_terms::{AccountId, HoldingId, Id, TenantId};
use honnin_testkit::SeededEntropy;
use serde::{Deserialize, Serialize};

use crate::stage::{EPOCH, Stage, TENANT, person};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Note(u32);

impl Document for Note {
    const KIND: &'static str = "note";
    const SCHEMA: u16 = 7;
}

fn owner(subject: &Subject) -> OwnerTag {
    let Subject { tenant, account, holding } = *subject;
    OwnerTag { tenant, account, holding, position: 5 }
}

fn hers() -> Subject {
    let (account, line) = (AccountId::from_octets([1; 16]), HoldingId::from_octets([2; 16]));
    Subject { tenant: TENANT, account, holding: Some(line) }
}

fn sealed(key: &SubjectKey, subject: &Subject) -> Vec<u8> {
    seal_document(key, EPOCH, &owner(subject), b"2026-11", &Note(42), &SeededEntropy::new(2)).unwrap()
}

#[test]
fn a_document_comes_back_with_the_owner_that_was_sealed_into_it() {
    let key = SubjectKey::random(&SeededEntropy::new(1));
    for subject in [hers(), Subject { holding: None, ..hers() }] {
        let blob = sealed(&key, &subject);
        let opened = open_document::<Note>(&key, EPOCH, &subject, b"2026-11", &blob);
        assert_eq!(opened, Ok((owner(&subject), Note(42))));
    }
}

#[test]
fn a_document_opens_at_no_other_line_row_schema_or_epoch() {
    let (key, subject) = (SubjectKey::random(&SeededEntropy::new(1)), hers());
    let blob = sealed(&key, &subject);
    let open = |epoch, subject: &Subject, row: &[u8], blob: &[u8]| {
        open_document::<Note>(&key, epoch, subject, row, blob)
    };
    let closed = Err(DocumentError::DoesNotOpen);
    let other = Subject { holding: Some(HoldingId::from_octets([3; 16])), ..subject };
    assert_eq!(open(EPOCH, &other, b"2026-11", &blob), closed);
    assert_eq!(open(EPOCH, &Subject { holding: None, ..subject }, b"2026-11", &blob), closed);
    assert_eq!(open(EPOCH, &subject, b"2026-10", &blob), closed);
    // The schema stands in the first two octets, the epoch in the next four.
    let altered = |place: usize| {
        let mut blob = blob.clone();
        *blob.get_mut(place).unwrap() ^= 1;
        blob
    };
    assert_eq!(open(EPOCH, &subject, b"2026-11", &altered(1)), closed, "a schema of its own writing");
    assert_eq!(open(EPOCH, &subject, b"2026-11", &altered(5)), closed, "an epoch that was not asked for");
    assert_eq!(open(EPOCH ^ 1, &subject, b"2026-11", &altered(5)), closed, "an epoch of its own writing");
}

#[test]
fn a_document_of_another_build_is_told_apart() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Newer(u32);
    impl Document for Newer {
        const KIND: &'static str = "note";
        const SCHEMA: u16 = 8;
    }
    let (key, subject) = (SubjectKey::random(&SeededEntropy::new(1)), hers());
    let opened = open_document::<Newer>(&key, EPOCH, &subject, b"2026-11", &sealed(&key, &subject));
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
    let (hana, ken) = (person(1), person(2));
    let stage = Stage::of(&[&hana, &ken]);
    let mut permits = Vec::new();
    for who in [&hana, &ken] {
        let session = stage.session(who, 1).await.unwrap();
        permits.push(stage.authorities.subscriber.read_line(&session, who.line).await.unwrap().unwrap());
    }
    let [hers, his] = permits.as_slice() else { unreachable!("two were asked for") };
    let blob = |key: &SubjectKey, subject: &Subject, tag: &Subject| {
        assert_eq!((subject.account, subject.holding), (tag.account, tag.holding));
        seal_document(key, EPOCH, &owner(tag), &[], &Note(1), &SeededEntropy::new(3)).unwrap()
    };
    let open = |permit: &honnin_access::Permit<honnin_access::Read>, key| -> Owned<Note> {
        permit.open(&[], &blob(key, permit.subject(), permit.subject())).unwrap()
    };
    assert!(open(hers, &hana.key).join(open(hers, &hana.key)).is_ok());
    assert!(open(hers, &hana.key).join(open(his, &ken.key)).is_err(), "two people");
    assert!(hers.open::<Note>(&[], &blob(&ken.key, his.subject(), his.subject())).is_err(), "another's blob");
    let (tag, asked, note, _) = open(hers, &hana.key).open_at_gate(&stage.authorities.gate);
    assert_eq!((tag.is_of(&asked), note), (true, Note(1)));
    let (tag, asked, (), _) = Owned::of_permit(hers, ()).open_at_gate(&stage.authorities.gate);
    assert!(tag.is_of(&asked) && asked == *hers.subject());
}

#[tokio::test]
async fn a_wish_is_sealed_for_the_line_of_its_permit_and_judged_by_its_own() {
    let hana = person(1);
    let stage = Stage::of(&[&hana]);
    let session = stage.session(&hana, 1).await.unwrap();
    let permit = stage.authorities.subscriber.set_speed(&session, hana.line).await.unwrap().unwrap();
    let wish = permit.seal(&[], &Note(8), 3, &SeededEntropy::new(4)).unwrap();
    let judged = permit.judge::<Note, Note>(&wish, Some(&wish)).unwrap();
    assert_eq!(judged, (Note(8), Some(Note(8))));
    let (tag, _) = open_document::<Note>(&hana.key, EPOCH, permit.subject(), &[], &wish).unwrap();
    assert_eq!((tag.is_of(permit.subject()), tag.position), (true, 3));
}

#[tokio::test]
async fn an_export_is_sealed_of_her_own_only_and_opens_for_nobody_else() {
    let (hana, ken) = (person(1), person(2));
    let stage = Stage::of(&[&hana, &ken]);
    let subscriber = &stage.authorities.subscriber;
    let mut permits = Vec::new();
    for who in [&hana, &ken] {
        let session = stage.session(who, 1).await.unwrap();
        let line = subscriber.read_line(&session, who.line).await.unwrap().unwrap();
        let account = subscriber.read_account(&session).await.unwrap().unwrap();
        permits.push((subscriber.export(&session).await.unwrap().unwrap(), account, line));
    }
    let [(hers, account, line), (his, his_account, _)] = permits.as_slice() else {
        unreachable!("two were asked for")
    };
    let entropy = SeededEntropy::new(7);
    let seal = |of| hers.seal_gathered(b"1", &Owned::of_permit(of, Note(42)), &entropy);
    let export = seal(account).unwrap();
    let opened = hers.open_export::<Note>(b"1", &export).unwrap();
    let (tag, asked, note, _) = opened.open_at_gate(&stage.authorities.gate);
    assert_eq!((tag.is_of(hers.subject()), asked, note), (true, *hers.subject(), Note(42)));
    assert_eq!(seal(his_account), Err(DocumentError::Malformed), "another person's");
    assert_eq!(seal(line), Err(DocumentError::Malformed), "of a line, and not of the whole account");
    assert!(his.open_export::<Note>(b"1", &export).is_err());
    assert!(hers.open_export::<Note>(b"2", &export).is_err(), "another export of hers");
}

//! What a person of the operator may do on a support case: look, for an export, and nothing else.

use honnin_access::{Document, Owned, OwnerTag, Session, SupportCase, seal_document};
use honnin_seal::SessionToken;
use honnin_terms::{AccountId, Basis, EntryRef, Id, LogId, RequestId};
use honnin_testkit::SeededEntropy;
use serde::{Deserialize, Serialize};

use crate::stage::{Person, Stage, TENANT, person, start, stream};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Note(u8);

impl Document for Note {
    const KIND: &'static str = "note";
    const SCHEMA: u16 = 1;
}

fn opened() -> EntryRef {
    EntryRef { log: LogId::from_octets([4; 16]), index: 7 }
}

async fn look(stage: &Stage, account: AccountId, seed: u64) -> Option<(Session, SessionToken)> {
    let permit = stage.authorities.operator.operate(start(), RequestId::from_octets([8; 16]));
    let case = SupportCase { agent: "suzuki", opened: opened() };
    stage.authorities.subscriber.look_on_case(&permit, account, case, stream(seed)).await.unwrap()
}

/// A document of the account itself.
fn sealed(hana: &Person) -> Vec<u8> {
    let owner = OwnerTag { tenant: TENANT, account: hana.account, holding: None, position: 1 };
    seal_document(&hana.ring, 1, &owner, b"1", &Note(3), &SeededEntropy::new(2)).unwrap()
}

#[tokio::test]
async fn a_look_on_a_case_reads_and_does_nothing_else() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let (session, _) = look(&stage, hana.account, 50).await.unwrap();
    assert_eq!((session.agent(), session.account()), (Some("suzuki"), hana.account));
    assert_eq!((session.role().word(), session.look().basis), ("agent", Basis::Case(opened())));
    let subscriber = &stage.authorities.subscriber;
    let read = subscriber.read_account(&session).unwrap();
    assert_eq!(read.look(), session.look(), "what is read is looked at on the case");
    assert_ne!(read.viewer(), hana.account);
    assert!(read.look().fits(hana.account), "and fits nobody else's look at her own");
    assert!(subscriber.read_line(&session, hana.line).is_some());
    assert!(subscriber.export(&session).is_some() && subscriber.manage_sessions(&session).is_some());
    assert!(subscriber.set_speed(&session, hana.line).is_none());
    assert!(subscriber.end_sessions(&session).is_none() && subscriber.name_lines(&session).is_none());
    assert!(subscriber.agree_to_merge(&session).is_none() && subscriber.manage_passkeys(&session).is_none());
    assert!(look(&stage, AccountId::from_octets([9; 16]), 51).await.is_none(), "nobody of that name");
}

#[tokio::test]
async fn a_look_on_a_case_is_no_session_of_hers() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let (session, token) = look(&stage, hana.account, 50).await.unwrap();
    assert!(stage.session_of(&token, 1).await.is_err(), "nobody signs in with what it is made for");
    assert_eq!(session.kind_of(session.id()), None, "her ring knows nothing of it");
    assert_eq!(stage.rows.hold().sessions.len(), 1, "no row was written");
    assert!(stage.session(&hana, 1).await.is_ok(), "hers goes on");
}

#[tokio::test]
async fn what_is_looked_at_on_a_case_leaves_to_that_look_and_to_nobody_else() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let (session, _) = look(&stage, hana.account, 50).await.unwrap();
    let (other, _) = look(&stage, hana.account, 51).await.unwrap();
    let own = stage.session(&hana, 1).await.unwrap();
    let (subscriber, gate) = (&stage.authorities.subscriber, &stage.authorities.gate);
    let blob = sealed(&hana);
    let opened = |session: &Session| {
        let note: Owned<Note> = subscriber.read_account(session).unwrap().open(b"1", &blob).unwrap();
        note.open_at_gate(gate)
    };
    assert!(opened(&session).may_leave_to(&session));
    assert!(!opened(&session).may_leave_to(&other), "another look at the same account");
    assert!(!opened(&session).may_leave_to(&own), "herself: it would be written down as hers");
    assert!(!opened(&own).may_leave_to(&session), "what she opened is hers");
    // What she reads and what is looked at on a case is never put together.
    let hers: Owned<Note> = subscriber.read_account(&own).unwrap().open(b"1", &blob).unwrap();
    let theirs: Owned<Note> = subscriber.read_account(&session).unwrap().open(b"1", &blob).unwrap();
    assert!(hers.join(theirs).is_err());
}

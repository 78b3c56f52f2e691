//! Sessions: how long they last, and which permits follow from them.

use honnin_access::ports::SubjectKeyRow;
use honnin_access::{SessionError, SessionLimits, session_mark};
use honnin_seal::Digest;
use honnin_terms::{HoldingId, Id, SessionId};

use crate::stage::{Stage, marked, person, start};

#[tokio::test]
async fn a_session_lasts_until_it_is_idle_or_old_and_not_a_second_longer() {
    let (limits, mut hana) = (SessionLimits::default(), person(1));
    let stage = Stage::of(&[&hana]);
    let last = limits.idle_seconds - 1;
    assert_eq!(stage.session(&hana, last).await.unwrap().account(), hana.account);
    assert!(matches!(stage.session(&hana, last + 1).await, Err(SessionError::Unknown)), "idle");
    hana.row.last_seen = hana.row.until;
    let stage = Stage::of(&[&hana]);
    assert!(stage.session(&hana, limits.absolute_seconds - 1).await.is_ok());
    assert!(matches!(stage.session(&hana, limits.absolute_seconds).await, Err(SessionError::Unknown)), "old");
    assert!(matches!(stage.session(&person(2), 1).await, Err(SessionError::Unknown)), "nobody's");
}

#[tokio::test]
async fn a_session_is_noted_as_seen_once_a_minute() {
    let hana = person(1);
    let stage = Stage::of(&[&hana]);
    let minute = SessionLimits::default().touch_seconds;
    stage.session(&hana, minute - 1).await.unwrap();
    assert!(stage.rows.touched.lock().unwrap().is_empty());
    stage.session(&hana, minute).await.unwrap();
    assert_eq!(*stage.rows.touched.lock().unwrap(), [start().plus_seconds(minute)]);
}

#[tokio::test]
async fn a_row_that_is_another_session_another_epoch_or_another_persons_does_not_open() {
    let (hana, ken) = (person(1), person(2));
    for alter in [
        |row: &mut honnin_access::ports::SessionRow| row.session = SessionId::from_octets([8; 16]),
        |row: &mut honnin_access::ports::SessionRow| row.epoch += 1,
        |row: &mut honnin_access::ports::SessionRow| row.account = person(2).account,
    ] {
        let mut altered = person(1);
        alter(&mut altered.row);
        let stage = Stage::of(&[&altered]);
        assert!(matches!(stage.session(&hana, 1).await, Err(SessionError::DoesNotOpen { .. })));
    }
    let mut swapped = person(1);
    swapped.row = ken.row.clone();
    assert!(matches!(Stage::of(&[&swapped]).session(&hana, 1).await, Err(SessionError::DoesNotOpen { .. })));
}

#[tokio::test]
async fn a_session_that_opens_and_says_it_is_of_another_token_or_account_is_foreign() {
    for mark in [
        |_: &Digest, account| session_mark(&[8; 32], account),
        |row_hash: &Digest, _| session_mark(row_hash, person(2).account),
        |_: &Digest, _| [0; 32],
    ] {
        let hana = marked(1, mark);
        let session = Stage::of(&[&hana]).session(&hana, 1).await;
        assert!(matches!(session, Err(SessionError::Foreign)));
    }
    let hana = person(1);
    assert!(Stage::of(&[&hana]).session(&hana, 1).await.unwrap().is_of_who_signed_in());
}

#[tokio::test]
async fn a_session_gives_permits_for_its_own_and_for_nothing_else() {
    let (hana, ken) = (person(1), person(2));
    let stage = Stage::of(&[&hana, &ken]);
    let session = stage.session(&hana, 1).await.unwrap();
    let subscriber = &stage.authorities.subscriber;
    let read = subscriber.read_line(&session, hana.line).await.unwrap().unwrap();
    assert_eq!((read.subject().account, read.subject().holding), (hana.account, Some(hana.line)));
    let account = subscriber.read_account(&session).await.unwrap().unwrap();
    assert_eq!((account.subject().account, account.subject().holding), (hana.account, None));
    assert_eq!((account.viewer(), account.at()), (hana.account, start().plus_seconds(1)));
    let speed = subscriber.set_speed(&session, hana.line).await.unwrap().unwrap();
    assert_eq!(speed.subject().holding, Some(hana.line));
    assert_eq!(subscriber.manage_sessions(&session).await.unwrap().unwrap().subject().account, hana.account);
    for line in [ken.line, HoldingId::from_octets([77; 16])] {
        assert!(subscriber.read_line(&session, line).await.unwrap().is_none());
        assert!(subscriber.set_speed(&session, line).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_key_of_another_line_or_another_epoch_does_not_open() {
    let hana = person(1);
    let changes: [fn(&mut SubjectKeyRow, &SubjectKeyRow); 2] =
        [|row, own| row.by_account.clone_from(&own.by_account), |row, _| row.epoch += 1];
    for change in changes {
        let stage = Stage::of(&[&hana]);
        {
            let mut keys = stage.rows.keys.lock().unwrap();
            let own = keys.iter().find(|(_, row)| row.holding.is_none()).unwrap().1.clone();
            let line = keys.iter_mut().find(|(_, row)| row.holding.is_some()).unwrap();
            change(&mut line.1, &own);
        }
        let session = stage.session(&hana, 1).await.unwrap();
        let permit = stage.authorities.subscriber.read_line(&session, hana.line).await;
        assert!(matches!(permit, Err(SessionError::DoesNotOpen { .. })));
    }
}

//! What a session's seal says, read back and forged: only somebody with the token could seal such a thing.

#[path = "../tests/it/stage.rs"]
#[expect(dead_code, reason = "the stage of the tests from outside, of which this needs a part")]
mod stage;

use honnin_seal::Digest;
use honnin_testkit::SeededEntropy;

use self::stage::{Stage, person, start};
use super::*;

#[tokio::test]
async fn a_session_that_opens_and_says_it_is_of_another_token_or_account_is_foreign() {
    let edits: [fn(Inside) -> Inside; 3] = [
        |inside| Inside { row_hash: [8; 32], ..inside },
        |inside| Inside { account: AccountId::from_octets([2; 16]), ..inside },
        |inside| Inside { row_hash: Digest::default(), account: AccountId::from_octets([0; 16]), ..inside },
    ];
    let hana = person(1).await;
    for edit in edits {
        let stage = Stage::of(&[&hana]);
        let session = stage.session(&hana, 1).await.unwrap();
        assert!(session.is_of_who_signed_in());
        let (keys, entropy) = (session.keys(), SeededEntropy::new(3));
        let place = session_place(session.tenant, hana.account, session.id, keys.epoch);
        let forged = edit(*session.inside()).seal(&place, &keys.session, &keys.account, &entropy).unwrap();
        stage.rows.hold().sessions[0].1.sealed = forged;
        assert!(matches!(stage.session(&hana, 1).await, Err(SessionError::Foreign)));
    }
}

#[tokio::test]
async fn what_is_sealed_is_read_back_in_every_part() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let inside = *stage.session(&hana, 1).await.unwrap().inside();
    assert_eq!(Inside::read(&inside.octets()), Some(inside));
    assert_eq!((inside.row_hash, inside.account), (hana.token.row_hash(), hana.account));
    assert_eq!((inside.since, inside.last_seen, inside.until), (start(), start(), hana.row.until));
    assert_eq!((inside.credential, inside.count), (0, 1));
    for length in 0..INSIDE {
        assert_eq!(Inside::read(&inside.octets()[..length]), None, "{length}");
    }
    let device = honnin_terms::DeviceId::from_octets([9; 16]);
    let other = Inside { credential: 1, count: 2, until: start(), device, ..inside };
    assert_eq!(Inside::read(&other.octets()), Some(other));
}

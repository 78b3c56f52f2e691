//! Tokens of programs: what they open, what they may not do, and what ends them.

use honnin_access::{SessionError, SessionKind, SignInError, SignedIn};
use honnin_seal::SessionToken;
use honnin_terms::{LineName, Moment};

use crate::stage::{PASSWORD, Person, Stage, person, start, stream};

fn name() -> LineName {
    "家計簿".parse().unwrap()
}

fn until() -> Moment {
    start().plus_seconds(20 * 86_400)
}

/// Somebody with a password, and the token of her phone.
async fn signed_in() -> (Person, Stage, SignedIn) {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let phone = stage.activate(&hana.login, PASSWORD).await;
    (hana, stage, phone)
}

/// Makes a token; what is drawn for one is not drawn for another.
async fn token_of(stage: &Stage, by: &SessionToken, seed: u64) -> Result<Option<SignedIn>, SignInError> {
    let subscriber = &stage.authorities.subscriber;
    let session = subscriber.session(by, stream(9_000 + seed), start().plus_seconds(1)).await.unwrap();
    let proof = subscriber.prove_for_token(&session, PASSWORD).await?;
    subscriber.make_token(&session, &proof, (&name(), until())).await
}

#[tokio::test]
async fn a_token_reads_and_does_nothing_that_outlives_it() {
    let (hana, stage, phone) = signed_in().await;
    let made = token_of(&stage, &phone.token, 1).await.unwrap().unwrap();
    let token = stage.session_of(&made.token, 2).await.unwrap();
    let subscriber = &stage.authorities.subscriber;
    assert_eq!((token.kind(), token.account()), (SessionKind::Token, phone.account));
    assert!(subscriber.read_account(&token).is_some());
    assert!(subscriber.manage_sessions(&token).is_none() && subscriber.agree_to_merge(&token).is_none());
    assert!(subscriber.export(&token).is_none() && subscriber.name_lines(&token).is_none());
    let refused = subscriber.prove_for_token(&token, PASSWORD).await;
    assert!(matches!(refused, Err(SignInError::Wrong)), "a token makes no token");
    let device = crate::stage::stranger(1);
    let changed = subscriber.change_password(&token, PASSWORD, "yama no mieru ie", device, &stream(5)).await;
    assert!(changed.is_err(), "a token changes no password");
    assert!(stage.sign_in(&hana.login, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_script_that_signs_in_ends_no_browser_and_no_token() {
    let (hana, stage, phone) = signed_in().await;
    let token = token_of(&stage, &phone.token, 1).await.unwrap().unwrap();
    let mut scripts = Vec::new();
    for seed in 0..17 {
        scripts.push(stage.sign_in_as_program(&hana.login, PASSWORD, seed).await.unwrap());
    }
    assert!(stage.session_of(&phone.token, 3).await.is_ok(), "her phone is signed in");
    assert!(stage.session_of(&token.token, 3).await.is_ok(), "her token counts");
    let first = stage.session_of(&scripts[0].token, 3).await;
    assert!(matches!(first, Err(SessionError::Unknown)), "of programs the oldest has ended");
    assert!(stage.session_of(&scripts[16].token, 3).await.is_ok());
}

#[tokio::test]
async fn a_token_ends_when_it_says_by_its_owner_and_with_the_password() {
    let (hana, stage, phone) = signed_in().await;
    let ended = token_of(&stage, &phone.token, 1).await.unwrap().unwrap();
    let session = stage.session_of(&phone.token, 2).await.unwrap();
    let subscriber = &stage.authorities.subscriber;
    let permit = subscriber.end_sessions(&session).unwrap();
    assert!(subscriber.end_device(&session, &permit, ended.session).await.unwrap());
    assert!(matches!(stage.session_of(&ended.token, 3).await, Err(SessionError::Unknown)));
    let other = token_of(&stage, &phone.token, 2).await.unwrap().unwrap();
    let last = 20 * 86_400;
    assert!(stage.session_of(&other.token, last - 1).await.is_ok());
    assert!(matches!(stage.session_of(&other.token, last).await, Err(SessionError::Unknown)), "its end");
    stage.activate(&hana.login, "yama no mieru ie").await;
    assert!(matches!(stage.session_of(&other.token, 4).await, Err(SessionError::Unknown)), "a new password");
}

#[tokio::test]
async fn a_session_that_was_ended_meanwhile_leaves_no_token_behind() {
    let (hana, stage, phone) = signed_in().await;
    let laptop = stage.sign_in(&hana.login, PASSWORD).await.unwrap();
    let subscriber = &stage.authorities.subscriber;
    let stolen = stage.session_of(&laptop.token, 1).await.unwrap();
    let proof = subscriber.prove_for_token(&stolen, PASSWORD).await.unwrap();
    let hers = stage.session_of(&phone.token, 1).await.unwrap();
    let permit = subscriber.end_sessions(&hers).unwrap();
    assert!(subscriber.end_device(&hers, &permit, laptop.session).await.unwrap());
    let made = subscriber.make_token(&stolen, &proof, (&name(), until())).await;
    assert!(matches!(made, Err(SignInError::Wrong)), "made after its session had ended");
}

#[tokio::test]
async fn a_wrong_password_makes_no_token_and_full_is_said() {
    let (_, stage, phone) = signed_in().await;
    let session = stage.session_of(&phone.token, 1).await.unwrap();
    let refused = stage.authorities.subscriber.prove_for_token(&session, "another one").await;
    assert!(matches!(refused, Err(SignInError::Wrong)));
    for seed in 0..16 {
        assert!(token_of(&stage, &phone.token, seed).await.unwrap().is_some());
    }
    assert!(token_of(&stage, &phone.token, 16).await.unwrap().is_none(), "the seventeenth");
}

//! One-time codes: who guesses pays for it, and nobody else.

use honnin_access::{ActivateError, PasswordRefused, SignIn, SignInError, SignedIn};
use honnin_terms::{Id, RequestId};
use honnin_testkit::SeededEntropy;

use crate::stage::{Person, Stage, person, start, stranger, stream};

const NEW: &str = "kaze no tooru michi wo";

async fn invited(stage: &Stage, who: &Person, seed: u64) -> String {
    let permit = stage.authorities.operator.operate(start(), RequestId::from_octets([7; 16]));
    let entropy = SeededEntropy::new(seed);
    let subscriber = &stage.authorities.subscriber;
    let invitation = subscriber.invitation(&permit, &who.login, &entropy).await.unwrap().unwrap();
    let code = invitation.code().reveal().to_owned();
    subscriber.issue(invitation).await.unwrap();
    code
}

async fn activate(
    stage: &Stage,
    who: &Person,
    code: &str,
    password: &str,
    prefix: u64,
) -> Result<SignedIn, ActivateError> {
    let device = stranger(prefix);
    let (login, now, stream) = (who.login.as_str(), start().plus_seconds(1), &stream(prefix));
    let request = SignIn { login, password, device, now, stream };
    stage.authorities.subscriber.activate(request, code).await
}

async fn sign_in(stage: &Stage, who: &Person, password: &str) -> Result<SignedIn, SignInError> {
    let device = stranger(77);
    let (login, now, stream) = (who.login.as_str(), start().plus_seconds(2), &stream(77));
    stage.authorities.subscriber.sign_in(SignIn { login, password, device, now, stream }).await
}

#[tokio::test]
async fn wrong_codes_of_strangers_do_not_void_the_right_one() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let code = invited(&stage, &hana, 1).await;
    for prefix in 0..40 {
        let wrong = activate(&stage, &hana, "0000-0000-0000-0000-0000", NEW, prefix).await;
        assert!(matches!(wrong, Err(ActivateError::Wrong)), "{prefix}: {wrong:?}");
    }
    activate(&stage, &hana, &code, NEW, 99).await.unwrap();
    sign_in(&stage, &hana, NEW).await.unwrap();
}

#[tokio::test]
async fn a_code_ends_by_use_and_by_a_newer_one() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let first = invited(&stage, &hana, 1).await;
    let second = invited(&stage, &hana, 2).await;
    assert!(matches!(activate(&stage, &hana, &first, NEW, 1).await, Err(ActivateError::Wrong)), "newer");
    activate(&stage, &hana, &second, NEW, 1).await.unwrap();
    let again = activate(&stage, &hana, &second, "mado kara mieru umi", 1).await;
    assert!(matches!(again, Err(ActivateError::Wrong)), "used, and for another password");
    assert!(sign_in(&stage, &hana, "mado kara mieru umi").await.is_err());
    sign_in(&stage, &hana, NEW).await.unwrap();
}

#[tokio::test]
async fn a_wrong_code_costs_no_hash() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let code = invited(&stage, &hana, 1).await;
    let before = stage.authorities.subscriber.hashes();
    assert!(activate(&stage, &hana, "0000-0000-0000-0000-0000", NEW, 1).await.is_err());
    let weak = activate(&stage, &hana, &code, "aaaaaaaaaaaaaaab", 1).await;
    assert!(matches!(weak, Err(ActivateError::Password(PasswordRefused::Guessable))), "{weak:?}");
    assert_eq!(stage.authorities.subscriber.hashes(), before);
}

#[tokio::test]
async fn a_form_sent_twice_at_once_or_again_is_answered_alike() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let code = invited(&stage, &hana, 1).await;
    stage.rows.reading.forget_permits(1_000);
    let both = async {
        tokio::join!(activate(&stage, &hana, &code, NEW, 1), activate(&stage, &hana, &code, NEW, 2))
    };
    let open = async {
        tokio::task::yield_now().await;
        stage.rows.reading.add_permits(1_000);
    };
    let ((one, other), ()) = tokio::join!(both, open);
    let accounts = [one, other].map(|signed_in| signed_in.unwrap().account);
    assert_eq!(accounts, [hana.account; 2]);
    assert_eq!(activate(&stage, &hana, &code, NEW, 3).await.unwrap().account, hana.account, "a third click");
}

//! Merges: both owners agree, each for herself and for her side.

use honnin_access::{
    Consent, ConsentRow, MergeConsent, MergeRefused, MergeSide, Operate, Permit, Proven, SignInError,
};
use honnin_terms::{Id, RequestId};

use crate::stage::{PASSWORD, Person, Stage, person, start};

/// What somebody hands over.
struct Shown {
    login: String,
    code: String,
    row: ConsentRow,
}

async fn consent(
    stage: &Stage,
    who: &Person,
    password: &str,
    side: MergeSide,
) -> Result<Consent, SignInError> {
    let subscriber = &stage.authorities.subscriber;
    let session = stage.session(who, 1).await.unwrap();
    let permit = subscriber.agree_to_merge(&session).unwrap();
    assert_eq!((permit.subject().account, permit.subject().holding), (who.account, None));
    subscriber.consent_to_merge(&session, permit, password, side).await
}

async fn shown(stage: &Stage, who: &Person, side: MergeSide) -> Shown {
    let Consent { row: (_, row), code, .. } = consent(stage, who, PASSWORD, side).await.unwrap();
    Shown { login: who.login.clone(), code: code.reveal().to_owned(), row }
}

impl Shown {
    fn proven(&self) -> Proven<'_> {
        Proven { login: &self.login, code: &self.code, row: Some(&self.row) }
    }
}

fn at(stage: &Stage, seconds: i64) -> Permit<Operate> {
    stage.authorities.operator.operate(start().plus_seconds(seconds), RequestId::from_octets([7; 16]))
}

fn proven(stage: &Stage, giver: &Proven<'_>, taker: &Proven<'_>) -> Result<MergeConsent, MergeRefused> {
    stage.authorities.subscriber.prove_merge(&at(stage, 2), giver, taker)
}

#[tokio::test]
async fn a_merge_is_proven_by_what_both_owners_left_each_for_her_side() {
    let (hana, ken) = (person(1).await, person(2).await);
    let stage = Stage::of(&[&hana, &ken]);
    let gives = shown(&stage, &hana, MergeSide::Gives).await;
    let takes = shown(&stage, &ken, MergeSide::Takes).await;
    let merge = proven(&stage, &gives.proven(), &takes.proven()).unwrap();
    assert_eq!((merge.gives(), merge.takes()), (hana.account, ken.account));
    let used = [(hana.account, gives.row.sealed.clone()), (ken.account, takes.row.sealed.clone())];
    assert_eq!(*merge.used(), used, "what the merge uses up");
}

#[tokio::test]
async fn what_one_owner_left_stands_for_nobody_else_and_for_no_other_side() {
    let (hana, ken) = (person(1).await, person(2).await);
    let stage = Stage::of(&[&hana, &ken]);
    let gives = shown(&stage, &hana, MergeSide::Gives).await;
    let takes = shown(&stage, &ken, MergeSide::Takes).await;
    let (not_hers, not_his) =
        (MergeRefused::NoConsent(MergeSide::Gives), MergeRefused::NoConsent(MergeSide::Takes));
    let refused = |giver: &Proven<'_>, taker: &Proven<'_>| proven(&stage, giver, taker).unwrap_err();

    assert_eq!(refused(&takes.proven(), &gives.proven()), not_hers, "each for the other's side");
    assert_eq!(refused(&gives.proven(), &Proven { row: None, ..takes.proven() }), not_his);
    assert_eq!(refused(&Proven { row: None, ..gives.proven() }, &takes.proven()), not_hers);
    let his_code = Proven { code: &takes.code, ..gives.proven() };
    assert_eq!(refused(&his_code, &takes.proven()), not_hers, "his code is not hers");
    let her_code = Proven { code: &gives.code, ..takes.proven() };
    assert_eq!(refused(&gives.proven(), &her_code), not_his, "nor hers his");
    let also_gives = shown(&stage, &ken, MergeSide::Gives).await;
    assert_eq!(refused(&gives.proven(), &also_gives.proven()), not_his, "two who give");
    let his_row = Proven { row: Some(&takes.row), ..gives.proven() };
    assert_eq!(refused(&his_row, &takes.proven()), MergeRefused::DoesNotOpen);
    let herself = shown(&stage, &hana, MergeSide::Takes).await;
    assert_eq!(refused(&gives.proven(), &herself.proven()), MergeRefused::OneAccount);
}

#[tokio::test]
async fn a_consent_lasts_until_its_moment_and_not_a_second_longer() {
    let (hana, ken) = (person(1).await, person(2).await);
    let stage = Stage::of(&[&hana, &ken]);
    let gives = shown(&stage, &hana, MergeSide::Gives).await;
    let takes = shown(&stage, &ken, MergeSide::Takes).await;
    let prove = |seconds| {
        let permit = at(&stage, seconds);
        stage.authorities.subscriber.prove_merge(&permit, &gives.proven(), &takes.proven())
    };
    assert!(prove(60).is_ok());
    assert_eq!(prove(61).unwrap_err(), MergeRefused::NoConsent(MergeSide::Gives));
}

#[tokio::test]
async fn a_code_of_another_kind_is_no_consent() {
    let (hana, ken) = (person(1).await, person(2).await);
    let stage = Stage::of(&[&hana, &ken]);
    let mut gives = shown(&stage, &hana, MergeSide::Gives).await;
    let takes = shown(&stage, &ken, MergeSide::Takes).await;
    // The keeper seals one-time codes for sign-in with the same key; what it opens says itself what it is.
    let place = gives.row.sealed.iter().position(|octet| *octet == b'h').unwrap();
    *gives.row.sealed.get_mut(place).unwrap() = b'H';
    assert_eq!(proven(&stage, &gives.proven(), &takes.proven()).unwrap_err(), MergeRefused::DoesNotOpen);
}

#[tokio::test]
async fn nobody_agrees_without_her_password() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let refused = consent(&stage, &hana, "another password", MergeSide::Gives).await.unwrap_err();
    assert_eq!(refused, SignInError::Wrong);
    assert!(consent(&stage, &hana, PASSWORD, MergeSide::Gives).await.is_ok());
}

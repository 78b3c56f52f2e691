//! Step-up: what a stolen password opens on a device that nobody knows, and what it does not.

use honnin_access::{
    ActivateError, FactorError, MARK_OCTETS, MergeSide, NewDevice, Session, SignIn, SignInError, SignedIn,
};
use honnin_seal::TOTP_SECONDS;
use honnin_terms::{Id, Moment, RequestId};

use crate::stage::{PASSWORD, Person, Stage, person, start, stranger, stream};

const NEW: &str = "kaze no tooru michi wo";
const DAY: i64 = 86_400;

async fn sign_in(stage: &Stage, who: &Person, seconds: i64, mark: Option<[u8; MARK_OCTETS]>) -> SignedIn {
    let (login, now) = (who.login.as_str(), start().plus_seconds(seconds));
    let stream = stream(500 + seconds.unsigned_abs());
    let device = NewDevice { mark, ..stranger(4) };
    let request = SignIn { login, password: PASSWORD, device, now, stream: &stream };
    stage.authorities.subscriber.sign_in(request).await.unwrap()
}

/// Which dangerous acts go on in that session. None of them is done.
async fn open_acts(stage: &Stage, session: &Session) -> Vec<&'static str> {
    let subscriber = &stage.authorities.subscriber;
    let mut open = Vec::new();
    if subscriber.end_sessions(session).is_some() {
        open.push("ending sessions");
    }
    if !matches!(subscriber.prove_for_token(session, PASSWORD).await, Err(SignInError::Unproven)) {
        open.push("a token");
    }
    // The new password is refused, but only once the old one was taken.
    let changed = subscriber.change_password(session, PASSWORD, "short", stranger(4), &stream(9)).await;
    if !matches!(changed, Err(ActivateError::SignIn(SignInError::Unproven))) {
        open.push("a new password");
    }
    let permit = subscriber.agree_to_merge(session).unwrap();
    let agreed = subscriber.consent_to_merge(session, permit, PASSWORD, MergeSide::Gives).await;
    if !matches!(agreed, Err(SignInError::Unproven)) {
        open.push("a merge");
    }
    let factor = subscriber.new_factor(session, PASSWORD).await;
    if !matches!(factor, Err(FactorError::SignIn(SignInError::Unproven))) {
        open.push("a second factor");
    }
    if subscriber.manage_passkeys(session).is_some() {
        open.push("a passkey");
    }
    open
}

const ALL: [&str; 6] =
    ["ending sessions", "a token", "a new password", "a merge", "a second factor", "a passkey"];

#[tokio::test]
async fn a_stolen_password_does_nothing_dangerous_from_a_new_device_for_a_day() {
    let hana = person(1).await;
    let stage = Stage::wary(&[&hana]);
    let subscriber = &stage.authorities.subscriber;
    let first = sign_in(&stage, &hana, 10, None).await;
    let again = sign_in(&stage, &hana, 20, first.device_mark).await;
    for signed_in in [&first, &again] {
        let session = stage.session_of(&signed_in.token, 30).await.unwrap();
        assert_eq!(open_acts(&stage, &session).await, [""; 0]);
        let shown = subscriber.step_up(&session, (PASSWORD, ""), &stranger(4), &stream(7)).await;
        assert_eq!(shown.unwrap_err(), SignInError::Unproven, "the password once more is no more");
        assert_eq!(session.settles_at(), start().plus_seconds(10 + DAY), "of the device");
    }
    let session = stage.session_of(&first.token, 10 + DAY).await.unwrap();
    assert!(subscriber.end_sessions(&session).is_none(), "the proof is a day old");
    let shown = subscriber.step_up(&session, ("not hers", ""), &stranger(4), &stream(7)).await;
    assert_eq!(shown.unwrap_err(), SignInError::Wrong);
    let shown = subscriber.step_up(&session, (PASSWORD, ""), &stranger(4), &stream(8)).await.unwrap();
    let proven = stage.session_of(&shown.token, 10 + DAY).await.unwrap();
    assert_eq!(open_acts(&stage, &proven).await, ALL);
    let later = stage.session_of(&shown.token, 10 + DAY + 600).await.unwrap();
    assert!(subscriber.end_sessions(&later).is_none(), "fresh for ten minutes");
}

#[tokio::test]
async fn with_a_second_factor_a_dangerous_act_asks_for_both() {
    let hana = person(1).await;
    let stage = Stage::wary(&[&hana]);
    let subscriber = &stage.authorities.subscriber;
    let before = sign_in(&stage, &hana, -DAY, None).await;
    let hers = sign_in(&stage, &hana, -1, before.device_mark).await;
    let session = stage.session_of(&hers.token, 0).await.unwrap();
    let new = subscriber.new_factor(&session, PASSWORD).await.unwrap();
    let code = |seconds: i64| {
        let step = start().plus_seconds(seconds).seconds_since(Moment::EPOCH) / TOTP_SECONDS;
        format!("{:06}", new.secret.code(u64::try_from(step).unwrap()))
    };
    let (first, account) = (code(0), session.account());
    let shown = (&new.ticket, first.as_str());
    let proof = subscriber.prove_factor(account, shown, start(), session.entropy()).await.unwrap();
    subscriber.change_factor(&session, proof).await.unwrap();
    let now = stage.session_of(&hers.token, 1).await.unwrap();
    assert!(subscriber.is_proven(&now), "the code that set it up is a proof");
    // What was opened before it was set up: its key ends nothing any more, and its password is no proof.
    assert_eq!(open_acts(&stage, &session).await, ["ending sessions", "a passkey"]);
    let later = stage.session_of(&hers.token, DAY).await.unwrap();
    assert_eq!(open_acts(&stage, &later).await, [""; 0], "where she was before, too");
    for (password, code, error) in
        [(PASSWORD, String::new(), SignInError::WrongCode), ("not hers", code(DAY), SignInError::Wrong)]
    {
        let shown = subscriber.step_up(&later, (password, &code), &stranger(4), &stream(7)).await;
        assert_eq!(shown.unwrap_err(), error);
    }
    let shown = subscriber.step_up(&later, (PASSWORD, &code(DAY)), &stranger(4), &stream(8)).await.unwrap();
    let proven = stage.session_of(&shown.token, DAY).await.unwrap();
    assert!(subscriber.end_sessions(&proven).is_some() && subscriber.is_proven(&proven));
    assert!(!proven.is_on_new_device() || later.is_on_new_device(), "the device is the one it was");
}

#[tokio::test]
async fn a_one_time_code_is_a_proof_for_a_while() {
    let hana = person(1).await;
    let stage = Stage::wary(&[&hana]);
    let signed_in = stage.activate(&hana.login, NEW).await;
    let subscriber = &stage.authorities.subscriber;
    let session = stage.session_of(&signed_in.token, 599).await.unwrap();
    assert!(subscriber.is_proven(&session));
    let session = stage.session_of(&signed_in.token, 600).await.unwrap();
    assert!(!subscriber.is_proven(&session));
    let shown = subscriber.step_up(&session, (NEW, ""), &stranger(4), &stream(8)).await.unwrap();
    let proven = stage.session_of(&shown.token, 601).await.unwrap();
    assert!(subscriber.is_proven(&proven), "the device has settled with the code");
}

#[tokio::test]
async fn a_one_time_code_that_was_used_is_no_proof_a_second_time() {
    let hana = person(1).await;
    let stage = Stage::wary(&[&hana]);
    let subscriber = &stage.authorities.subscriber;
    let permit = stage.authorities.operator.operate(start(), RequestId::from_octets([7; 16]));
    let invitation = subscriber.invitation(&permit, &hana.login, &stream(70)).await.unwrap().unwrap();
    let code = invitation.code().reveal().to_owned();
    subscriber.issue(invitation).await.unwrap();
    let activate = |seed: u64| {
        let (login, code) = (hana.login.as_str(), code.as_str());
        async move {
            let stream = stream(70 + seed);
            let request =
                SignIn { login, password: NEW, device: stranger(seed), now: start(), stream: &stream };
            subscriber.activate(request, code).await.unwrap()
        }
    };
    let (hers, his) = (activate(1).await, activate(2).await);
    let session = stage.session_of(&hers.token, 1).await.unwrap();
    assert!(subscriber.is_proven(&session));
    let session = stage.session_of(&his.token, 1).await.unwrap();
    assert_eq!(open_acts(&stage, &session).await, [""; 0], "it opens what the password opens");
}

#[tokio::test]
async fn whoever_has_nothing_but_the_password_ends_nothing_of_hers() {
    let hana = person(1).await;
    let stage = Stage::wary(&[&hana]);
    let subscriber = &stage.authorities.subscriber;
    let hers = sign_in(&stage, &hana, 10, None).await;
    // A day of many, and a second one, after which the first have settled.
    for day in 1..=2 {
        for number in 0..40 {
            sign_in(&stage, &hana, day * DAY + 100 + number, None).await;
        }
    }
    let now = 2 * DAY + 200;
    let session = stage.session_of(&hers.token, now).await;
    assert!(session.is_ok(), "her session goes on: {session:?}");
    let again = sign_in(&stage, &hana, now, hers.device_mark).await;
    assert_eq!(again.device, hers.device.map(|(device, _)| (device, true)), "her device is known");
    let session = stage.session_of(&again.token, now + 700).await.unwrap();
    let shown = subscriber.step_up(&session, (PASSWORD, ""), &stranger(4), &stream(8)).await;
    assert!(shown.is_ok(), "and the password is enough on it: {shown:?}");
}

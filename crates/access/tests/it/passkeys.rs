//! Passkeys: two factors in one, each answer once, of our page and host and nobody else's, and gone when they are gone.

use honnin_access::{
    MOST_PASSKEYS, NewDevice, PasskeyError, PasskeyMade, PasskeyShown, PasskeySignIn, Session, SessionError,
    SignIn, SignInError, SignedIn,
};
use honnin_seal::{Secret, SigningKey, TOTP_SECONDS, digest};
use honnin_terms::{LineName, Moment};
use honnin_testkit::{Authenticator, Made, Presented};

use crate::stage::{ORIGIN, PASSWORD, Person, Stage, person, start, stranger, stream};

const NEW: &str = "kaze no tooru michi wo";

/// A passkey with a key of its own.
fn authenticator(number: u8) -> Authenticator {
    let key = SigningKey::of_seed(&Secret::from_octets([number; 32])).unwrap();
    let head = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    let public = [head.as_slice(), &key.verifying_key().unwrap().0].concat();
    Authenticator::new(ORIGIN, (public, -8), |octets| digest(&[octets]), Box::new(move |text| key.sign(text)))
}

fn made(made: &Made) -> PasskeyMade<'_> {
    PasskeyMade {
        id: &made.id,
        client_data: &made.client_data,
        authenticator_data: &made.authenticator_data,
        key: &made.key,
        algorithm: made.algorithm,
    }
}

fn shown(shown: &Presented) -> PasskeyShown<'_> {
    PasskeyShown {
        id: &shown.id,
        handle: &shown.handle,
        client_data: &shown.client_data,
        authenticator_data: &shown.authenticator_data,
        signature: &shown.signature,
    }
}

fn at(seconds: i64) -> Moment {
    start().plus_seconds(seconds)
}

fn name(text: &str) -> LineName {
    text.parse().unwrap()
}

/// A session whose proof is fresh, at the start.
async fn proven(stage: &Stage, who: &Person) -> Session {
    let (login, password, now) = (who.login.as_str(), PASSWORD, start());
    let stream = stream(2_000 + login.parse::<u64>().unwrap());
    let request = SignIn { login, password, device: stranger(1), now, stream: &stream };
    let signed_in = stage.authorities.subscriber.sign_in(request).await.unwrap();
    stage.session_of(&signed_in.token, 0).await.unwrap()
}

/// Makes a passkey in that session.
async fn add(stage: &Stage, session: &Session, passkey: &mut Authenticator) -> Result<(), PasskeyError> {
    let subscriber = &stage.authorities.subscriber;
    let permit = subscriber.manage_passkeys(session).unwrap();
    let new = subscriber.new_passkey(&permit, session).await.unwrap().ok_or(PasskeyError::Full)?;
    let told = passkey.make(&new.challenge, &new.handle);
    let proof = subscriber.prove_passkey(&permit, session, &made(&told))?;
    subscriber.add_passkey(session, proof, &name("Pixel")).await
}

fn challenge(stage: &Stage, seconds: i64) -> String {
    let given = stage.authorities.subscriber.passkey_challenge(at(seconds), &stream(3)).unwrap().unwrap();
    given.reveal().to_owned()
}

async fn enter(stage: &Stage, told: &Presented, seconds: i64) -> Result<SignedIn, SignInError> {
    let (shown, now, stream) = (shown(told), at(seconds), &stream(40 + seconds.unsigned_abs()));
    let request = PasskeySignIn { shown, device: stranger(6), now, stream };
    stage.authorities.subscriber.sign_in_by_passkey(request).await
}

/// Signs in by it with a challenge of that moment.
async fn sign_in(stage: &Stage, passkey: &mut Authenticator, seconds: i64) -> Result<SignedIn, SignInError> {
    enter(stage, &passkey.show(&challenge(stage, seconds)), seconds).await
}

#[tokio::test]
async fn a_passkey_signs_in_without_a_hash_and_is_a_strong_proof() {
    let hana = person(1).await;
    let stage = Stage::wary(&[&hana]);
    let subscriber = &stage.authorities.subscriber;
    // Not on a device that is new, where the password is no proof yet.
    let session = proven(&stage, &hana).await;
    assert!(subscriber.manage_passkeys(&session).is_none());
    let signed_in = stage.activate(&hana.login, NEW).await;
    let session = stage.session_of(&signed_in.token, 0).await.unwrap();
    let mut passkey = authenticator(1);
    add(&stage, &session, &mut passkey).await.unwrap();
    let listed = subscriber.passkeys(&session).await.unwrap();
    assert_eq!((listed.len(), listed[0].name.as_str(), listed[0].used), (1, "Pixel", None));
    let hashed = subscriber.hashes().0;
    let entered = sign_in(&stage, &mut passkey, 700).await.unwrap();
    assert_eq!((entered.account, subscriber.hashes().0), (hana.account, hashed));
    let by_passkey = stage.session_of(&entered.token, 700).await.unwrap();
    assert!(subscriber.is_proven(&by_passkey), "on a device nobody has seen, too");
    assert_eq!(subscriber.passkeys(&by_passkey).await.unwrap()[0].used, Some(at(700)));
    // The device is known from then on, and its session is ended by nobody who has only the password.
    assert!(entered.device_mark.is_some() && entered.device.is_some_and(|(_, known)| !known));
    let (shown, now, stream) = (passkey.show(&challenge(&stage, 800)), at(800), &stream(9));
    let device = NewDevice { mark: entered.device_mark, ..stranger(6) };
    let request = PasskeySignIn { shown: self::shown(&shown), device, now, stream };
    let again = subscriber.sign_in_by_passkey(request).await.unwrap();
    assert_eq!(again.device.unwrap(), (entered.device.unwrap().0, true));
}

#[tokio::test]
async fn an_answer_is_taken_once_and_for_what_it_was_given() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let subscriber = &stage.authorities.subscriber;
    let session = proven(&stage, &hana).await;
    let mut passkey = authenticator(1);
    add(&stage, &session, &mut passkey).await.unwrap();
    let [first, second, third] = [10, 20, 30].map(|seconds| passkey.show(&challenge(&stage, seconds)));
    enter(&stage, &second, 40).await.unwrap();
    for (what, told) in [("the same once more", &second), ("one that was given before it", &first)] {
        assert_eq!(enter(&stage, told, 41).await.unwrap_err(), SignInError::StartOver, "{what}");
    }
    enter(&stage, &third, 42).await.unwrap();
    // Both of two that come at once read the same record, and one of them is later.
    let told = passkey.show(&challenge(&stage, 50));
    let (one, other) = tokio::join!(enter(&stage, &told, 51), enter(&stage, &told, 51));
    assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1, "{one:?} {other:?}");

    let session = stage.session_of(&enter_at(&stage, &mut passkey, 60).await.token, 60).await.unwrap();
    let permit = subscriber.manage_passkeys(&session).unwrap();
    let making = subscriber.new_passkey(&permit, &session).await.unwrap().unwrap().challenge;
    let proving = subscriber.passkey_proof_challenge(&session).unwrap().unwrap();
    let late = challenge(&stage, 70);
    for (what, challenge, seconds) in [
        ("of making one", making.as_str(), 71),
        ("of a proof", proving.reveal(), 71),
        ("made up", "bWFkZSB1cCBieSBzb21lYm9keQ", 71),
        ("none", "", 71),
        ("too old", late.as_str(), 70 + 600),
        ("of a time to come", late.as_str(), 9),
    ] {
        let told = passkey.show(challenge);
        assert_eq!(enter(&stage, &told, seconds).await.unwrap_err(), SignInError::StartOver, "{what}");
    }
    let told = passkey.make(&late, &passkey.handle.clone());
    let refused = subscriber.prove_passkey(&permit, &session, &made(&told));
    let late = PasskeyError::SignIn(SignInError::StartOver);
    assert_eq!(refused.unwrap_err(), late, "a challenge of signing in makes none");
    let other = stage.session_of(&enter_at(&stage, &mut passkey, 80).await.token, 80).await.unwrap();
    let permit = subscriber.manage_passkeys(&other).unwrap();
    let told = passkey.make(&making, &passkey.handle.clone());
    let refused = subscriber.prove_passkey(&permit, &other, &made(&told));
    assert_eq!(refused.unwrap_err(), late, "nor one of another session");
}

async fn enter_at(stage: &Stage, passkey: &mut Authenticator, seconds: i64) -> SignedIn {
    sign_in(stage, passkey, seconds).await.unwrap()
}

#[tokio::test]
async fn what_is_not_her_own_passkey_on_our_page_signs_nobody_in() {
    let (hana, ken) = (person(1).await, person(2).await);
    let stage = Stage::of(&[&hana, &ken]);
    let (mut hers, mut his) = (authenticator(1), authenticator(2));
    add(&stage, &proven(&stage, &hana).await, &mut hers).await.unwrap();
    add(&stage, &proven(&stage, &ken).await, &mut his).await.unwrap();
    let altered = |alter: fn(&mut Authenticator)| {
        let mut passkey = authenticator(1);
        passkey.handle = hers.handle.clone();
        alter(&mut passkey);
        passkey
    };
    let mut as_her = authenticator(2);
    as_her.handle = hers.handle.clone();
    let mut with_her_id = authenticator(2);
    (with_her_id.handle, with_her_id.id) = (hers.handle.clone(), hers.id.clone());
    let none: [(&str, Authenticator); 9] = [
        ("another page", altered(|passkey| passkey.origin = "https://my.example.jp.evil.example".to_owned())),
        ("a page below ours", altered(|passkey| passkey.origin = "https://x.my.example.jp".to_owned())),
        ("another host", altered(|passkey| passkey.host = "example.jp".to_owned())),
        ("nobody recognised", altered(|_| ()).unverified()),
        ("his, under her name", as_her),
        ("another key under her passkey's name", with_her_id),
        ("an account nobody has", altered(|passkey| passkey.handle = "AAAAAAAAAAAAAAAAAAAAAA".to_owned())),
        ("no account", altered(|passkey| passkey.handle = "AAAA".to_owned())),
        ("a passkey nobody made", altered(|passkey| passkey.id = vec![7; 32])),
    ];
    for (seconds, (what, mut passkey)) in (10..).zip(none) {
        assert_eq!(sign_in(&stage, &mut passkey, seconds).await.unwrap_err(), SignInError::Wrong, "{what}");
    }
    let told = hers.show(&challenge(&stage, 30));
    for (what, other) in [
        ("no signature", Presented { signature: String::new(), ..told.clone() }),
        ("no base64", Presented { signature: "***".to_owned(), ..told.clone() }),
        ("very long", Presented { client_data: "A".repeat(9_000), ..told.clone() }),
        ("his account", Presented { handle: his.handle.clone(), ..told.clone() }),
    ] {
        assert_eq!(enter(&stage, &other, 30).await.unwrap_err(), SignInError::Wrong, "{what}");
    }
    assert_eq!(enter(&stage, &told, 30).await.unwrap().account, hana.account, "and hers does");
}

#[tokio::test]
async fn a_passkey_that_was_copied_is_refused_where_it_counts() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let mut passkey = authenticator(1);
    passkey.counter = 5;
    add(&stage, &proven(&stage, &hana).await, &mut passkey).await.unwrap();
    enter_at(&stage, &mut passkey, 10).await;
    let known = passkey.counter;
    for (seconds, (what, counter)) in (20..).zip([("as it was", known - 1), ("before", 1), ("none", 0)]) {
        passkey.counter = counter;
        assert_eq!(sign_in(&stage, &mut passkey, seconds).await.unwrap_err(), SignInError::Wrong, "{what}");
    }
    passkey.counter = known + 7;
    enter_at(&stage, &mut passkey, 30).await;
    // One that cannot be copied does not become one that can.
    passkey.flags |= 1 << 3;
    assert_eq!(sign_in(&stage, &mut passkey, 40).await.unwrap_err(), SignInError::Wrong);
}

#[tokio::test]
async fn a_passkey_taken_away_is_gone_though_its_row_is_put_back() {
    let (hana, ken) = (person(1).await, person(2).await);
    let stage = Stage::of(&[&hana, &ken]);
    let subscriber = &stage.authorities.subscriber;
    let (mut stolen, mut hers) = (authenticator(1), authenticator(2));
    let session = proven(&stage, &hana).await;
    add(&stage, &session, &mut stolen).await.unwrap();
    add(&stage, &session, &mut hers).await.unwrap();
    let thief = enter_at(&stage, &mut stolen, 10).await;
    let before = stage.rows.hold().credential(hana.account).clone();
    let mine = enter_at(&stage, &mut hers, 20).await;
    let session = stage.session_of(&mine.token, 21).await.unwrap();
    let permit = subscriber.manage_passkeys(&session).unwrap();
    let listed = subscriber.passkeys(&session).await.unwrap();
    assert!(subscriber.remove_passkey(&permit, &session, listed[0].passkey).await.unwrap());
    assert!(!subscriber.remove_passkey(&permit, &session, listed[0].passkey).await.unwrap_or(false));
    assert_eq!(stage.session_of(&thief.token, 22).await.unwrap_err(), SessionError::Unknown, "its session");
    let session = stage.session_of(&mine.token, 22).await.unwrap();
    let left = subscriber.passkeys(&session).await.unwrap();
    assert_eq!(left.iter().map(|kept| kept.passkey).collect::<Vec<_>>(), [listed[1].passkey]);
    assert_eq!(sign_in(&stage, &mut stolen, 30).await.unwrap_err(), SignInError::Wrong);
    enter_at(&stage, &mut hers, 31).await;

    // Whoever can write the database puts the record back, with its version or without.
    let after = stage.rows.hold().credential(hana.account).clone();
    stage.rows.hold().credential(hana.account).password.clone_from(&before.password);
    assert_eq!(sign_in(&stage, &mut stolen, 40).await.unwrap_err(), SignInError::Wrong, "put back");
    let session = stage.session_of(&mine.token, 41).await.unwrap();
    assert_eq!(subscriber.passkeys(&session).await.unwrap(), [], "nor is it listed");
    stage.rows.hold().credential(hana.account).password.clone_from(&after.password);
    enter_at(&stage, &mut hers, 50).await;

    // And gives hers to somebody else, who shows it as his.
    stage.rows.hold().credential(ken.account).password.clone_from(&after.password);
    let mut as_ken = authenticator(2);
    as_ken.handle = data_encoding::BASE64URL_NOPAD.encode(&[2; 16]);
    assert_eq!(sign_in(&stage, &mut as_ken, 60).await.unwrap_err(), SignInError::DoesNotOpen, "swapped");
}

#[tokio::test]
async fn there_are_as_many_as_may_be_and_each_is_made_once() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let subscriber = &stage.authorities.subscriber;
    let session = proven(&stage, &hana).await;
    let permit = subscriber.manage_passkeys(&session).unwrap();
    let new = subscriber.new_passkey(&permit, &session).await.unwrap().unwrap();
    let most = u8::try_from(MOST_PASSKEYS).unwrap();
    for number in 1..=most {
        let mut passkey = authenticator(number);
        let told = passkey.make(&new.challenge, &new.handle);
        for _ in 0..2 {
            let proof = subscriber.prove_passkey(&permit, &session, &made(&told)).unwrap();
            subscriber.add_passkey(&session, proof, &name("Pixel")).await.unwrap();
        }
    }
    assert_eq!(subscriber.passkeys(&session).await.unwrap().len(), MOST_PASSKEYS);
    assert!(subscriber.new_passkey(&permit, &session).await.unwrap().is_none());
    let told = authenticator(most + 1).make(&new.challenge, &new.handle);
    let proof = subscriber.prove_passkey(&permit, &session, &made(&told)).unwrap();
    let full = subscriber.add_passkey(&session, proof, &name("Pixel")).await;
    assert_eq!(full.unwrap_err(), PasskeyError::Full);
    let unverified = authenticator(1).unverified().make(&new.challenge, &new.handle);
    let refused = subscriber.prove_passkey(&permit, &session, &made(&unverified));
    assert_eq!(refused.unwrap_err(), PasskeyError::SignIn(SignInError::Wrong), "nobody was recognised");
    let later = stage.session_of(&stage.sign_in(&hana.login, PASSWORD).await.unwrap().token, 600).await;
    assert!(subscriber.manage_passkeys(&later.unwrap()).is_none(), "a proof of ten minutes ago");
}

#[tokio::test]
async fn passkeys_stay_with_a_changed_password_and_end_with_one_set_by_code_or_a_new_factor() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let subscriber = &stage.authorities.subscriber;
    let mut passkey = authenticator(1);
    let session = proven(&stage, &hana).await;
    add(&stage, &session, &mut passkey).await.unwrap();
    let device = stranger(1);
    let changed = subscriber.change_password(&session, PASSWORD, NEW, device, &stream(5)).await.unwrap();
    let entered = enter_at(&stage, &mut passkey, 10).await;
    let session = stage.session_of(&entered.token, 11).await.unwrap();
    assert_eq!(subscriber.passkeys(&session).await.unwrap().len(), 1);

    stage.activate(&hana.login, "ame no furu hi no machi").await;
    assert_eq!(sign_in(&stage, &mut passkey, 20).await.unwrap_err(), SignInError::Wrong, "by code");
    assert!(stage.session_of(&changed.token, 21).await.is_err());

    let signed_in = stage.sign_in(&hana.login, "ame no furu hi no machi").await.unwrap();
    let session = stage.session_of(&signed_in.token, 22).await.unwrap();
    add(&stage, &session, &mut passkey).await.unwrap();
    enter_at(&stage, &mut passkey, 30).await;
    let new = subscriber.new_factor(&session, "ame no furu hi no machi").await.unwrap();
    let step = session.at().seconds_since(Moment::EPOCH) / TOTP_SECONDS;
    let code = format!("{:06}", new.secret.code(u64::try_from(step).unwrap()));
    let shown = (&new.ticket, code.as_str());
    let proof = subscriber.prove_factor(hana.account, shown, session.at(), session.entropy()).await;
    subscriber.change_factor(&session, proof.unwrap()).await.unwrap();
    assert_eq!(sign_in(&stage, &mut passkey, 40).await.unwrap_err(), SignInError::Wrong, "before the factor");

    // Made under it, it asks for no code.
    let session = stage.session_of(&signed_in.token, 41).await.unwrap();
    add(&stage, &session, &mut passkey).await.unwrap();
    let entered = enter_at(&stage, &mut passkey, 50).await;
    let session = stage.session_of(&entered.token, 51).await.unwrap();
    let proof = subscriber.prove_for_token(&session, "ame no furu hi no machi").await;
    assert!(proof.is_ok(), "nor does what asks for both factors");
}

#[tokio::test]
async fn a_passkey_shows_who_she_is_in_the_session_that_asks() {
    let (hana, ken) = (person(1).await, person(2).await);
    let stage = Stage::of(&[&hana, &ken]);
    let subscriber = &stage.authorities.subscriber;
    let (mut hers, mut his) = (authenticator(1), authenticator(2));
    let signed_in = stage.sign_in(&hana.login, PASSWORD).await.unwrap();
    add(&stage, &stage.session_of(&signed_in.token, 0).await.unwrap(), &mut hers).await.unwrap();
    add(&stage, &proven(&stage, &ken).await, &mut his).await.unwrap();
    let later = stage.session_of(&signed_in.token, 900).await.unwrap();
    assert!(!subscriber.is_proven(&later));
    let asked = subscriber.passkey_proof_challenge(&later).unwrap().unwrap();
    let (device, stream) = (stranger(1), stream(8));
    let told = his.show(asked.reveal());
    let foreign = subscriber.step_up_by_passkey(&later, &shown(&told), &device, &stream).await;
    assert_eq!(foreign.unwrap_err(), SignInError::Wrong, "his");
    let told = hers.show(&challenge(&stage, 900));
    let other = subscriber.step_up_by_passkey(&later, &shown(&told), &device, &stream).await;
    assert_eq!(other.unwrap_err(), SignInError::StartOver, "of signing in");
    let told = hers.show(asked.reveal());
    let done = subscriber.step_up_by_passkey(&later, &shown(&told), &device, &stream).await.unwrap();
    assert!(subscriber.is_proven(&stage.session_of(&done.token, 901).await.unwrap()));
    let again = subscriber.step_up_by_passkey(&later, &shown(&told), &device, &stream).await;
    assert_eq!(again.unwrap_err(), SignInError::StartOver, "once");
}

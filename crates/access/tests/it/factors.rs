//! The second factor: no session without it, codes once, guesses within a bound that shuts nobody out.

use honnin_access::{
    ActivateError, CodeText, DelayBounds, FactorChange, FactorError, NewDevice, SecondStep, Session,
    SessionError, SignIn, SignInError, SignedIn, Ticket,
};
use honnin_seal::{TOTP_SECONDS, TotpSecret};
use honnin_terms::{AccountId, Id, Moment, RequestId};
use honnin_testkit::SeededEntropy;

use crate::stage::{PASSWORD, Person, Stage, person, start, stranger, stream};

const NEW: &str = "kaze no tooru michi wo";

fn at(seconds: i64) -> Moment {
    start().plus_seconds(seconds)
}

fn code(secret: &TotpSecret, seconds: i64) -> String {
    let step = at(seconds).seconds_since(Moment::EPOCH) / TOTP_SECONDS;
    format!("{:06}", secret.code(u64::try_from(step).unwrap()))
}

/// Another code than that one.
fn wrong(secret: &TotpSecret, seconds: i64) -> String {
    let right: Vec<String> = (-2..=2).map(|steps| code(secret, seconds + steps * TOTP_SECONDS)).collect();
    (0..100).map(|number| format!("{number:06}")).find(|other| !right.contains(other)).unwrap()
}

/// Sets one up in her session, at the start.
async fn set_up(stage: &Stage, who: &Person) -> (TotpSecret, Vec<CodeText>) {
    let session: Session = stage.session(who, 0).await.unwrap();
    let subscriber = &stage.authorities.subscriber;
    let new = subscriber.new_factor(&session, PASSWORD).await.unwrap();
    let first = code(&new.secret, 0);
    let proof =
        subscriber.prove_factor(session.account(), (&new.ticket, &first), at(0), session.entropy()).await;
    let codes = subscriber.change_factor(&session, proof.unwrap()).await.unwrap();
    (new.secret, codes)
}

async fn first_step(stage: &Stage, who: &Person, (password, device): (&str, NewDevice)) -> SignInError {
    let (login, now, stream) = (who.login.as_str(), at(60), &stream(9));
    let request = SignIn { login, password, device, now, stream };
    stage.authorities.subscriber.sign_in(request).await.unwrap_err()
}

async fn ticket(stage: &Stage, who: &Person) -> Ticket {
    let asked = first_step(stage, who, (PASSWORD, stranger(1))).await;
    let ticket = if let SignInError::SecondFactor(ticket) = asked { Some(ticket) } else { None };
    ticket.unwrap()
}

async fn second_step(
    stage: &Stage,
    who: &Person,
    (ticket, code): (&Ticket, &str),
    (seconds, device): (i64, NewDevice),
) -> Result<SignedIn, SignInError> {
    let (login, now, stream) = (who.login.as_str(), at(seconds), &stream(11));
    let step = SecondStep { login, ticket, code, device, now, stream };
    stage.authorities.subscriber.second_step(step).await
}

#[tokio::test]
async fn an_account_with_a_factor_has_a_session_after_both_steps_and_after_none_alone() {
    let (hana, ken) = (person(1).await, person(2).await);
    let stage = Stage::of(&[&hana, &ken]);
    let (secret, _) = set_up(&stage, &hana).await;
    let before = stage.rows.hold().sessions.len();
    assert_eq!(first_step(&stage, &hana, ("not her password", stranger(1))).await, SignInError::Wrong);
    let ticket = ticket(&stage, &hana).await;
    assert_eq!(stage.rows.hold().sessions.len(), before, "a password alone makes none");
    let right = code(&secret, 90);
    let of = |ticket: &Ticket, code: &str, seconds| {
        let (ticket, code) = (*ticket, code.to_owned());
        let (stage, hana) = (&stage, &hana);
        async move { second_step(stage, hana, (&ticket, &code), (seconds, stranger(1))).await }
    };
    assert_eq!(of(&ticket, &wrong(&secret, 90), 90).await.unwrap_err(), SignInError::WrongCode);
    let made_up = Ticket::parse(&ticket.reveal().chars().rev().collect::<String>());
    if let Some(made_up) = made_up {
        assert_eq!(of(&made_up, &right, 90).await.unwrap_err(), SignInError::StartOver);
    }
    let his = second_step(&stage, &ken, (&ticket, &right), (90, stranger(1))).await;
    assert_eq!(his.unwrap_err(), SignInError::StartOver, "a ticket is of one account");
    assert_eq!(of(&ticket, &right, 361).await.unwrap_err(), SignInError::StartOver, "and of five minutes");
    assert_eq!(stage.rows.hold().sessions.len(), before);
    assert_eq!(of(&ticket, &right, 90).await.unwrap().account, hana.account);
    assert_eq!(of(&ticket, &right, 90).await.unwrap_err(), SignInError::WrongCode, "a code counts once");
    assert_eq!(stage.rows.hold().sessions.len(), before + 1);
}

#[tokio::test]
async fn a_ticket_is_worth_nothing_under_another_password() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let (secret, _) = set_up(&stage, &hana).await;
    let ticket = ticket(&stage, &hana).await;
    let session = stage.session(&hana, 1).await.unwrap();
    let subscriber = &stage.authorities.subscriber;
    subscriber.change_password(&session, PASSWORD, NEW, stranger(3), &stream(4)).await.unwrap();
    let late = second_step(&stage, &hana, (&ticket, &code(&secret, 90)), (90, stranger(1))).await;
    assert_eq!(late.unwrap_err(), SignInError::StartOver);
    let asked = first_step(&stage, &hana, (NEW, stranger(1))).await;
    assert!(matches!(asked, SignInError::SecondFactor(_)), "the factor stays: {asked:?}");
}

#[tokio::test]
async fn guesses_at_the_code_are_bounded_and_the_owner_gets_in() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let (secret, codes) = set_up(&stage, &hana).await;
    let first = ticket(&stage, &hana).await;
    let known = second_step(&stage, &hana, (&first, &code(&secret, 90)), (90, stranger(1))).await.unwrap();
    let first = ticket(&stage, &hana).await;
    let mut looked_at = 0;
    for guess in 0..50 {
        match second_step(&stage, &hana, (&first, &wrong(&secret, 200)), (200, stranger(guess))).await {
            Err(SignInError::WrongCode) => looked_at += 1,
            Err(SignInError::Delayed(seconds)) => assert_eq!(seconds, 3 * 3_600 - 200),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(looked_at, 20, "so many a day and no more");
    let right = code(&secret, 200);
    let shut = second_step(&stage, &hana, (&first, &right), (200, stranger(99))).await;
    assert!(matches!(shut, Err(SignInError::Delayed(_))), "the right one is not looked at either: {shut:?}");
    let own = NewDevice { mark: known.device_mark, ..stranger(99) };
    assert!(
        second_step(&stage, &hana, (&first, &right), (200, own)).await.is_ok(),
        "on a device of hers it is"
    );
    let spare = codes[2].reveal();
    assert!(
        second_step(&stage, &hana, (&first, spare), (200, stranger(99))).await.is_ok(),
        "a recovery code"
    );
    let again = second_step(&stage, &hana, (&first, spare), (200, stranger(99))).await;
    assert_eq!(again.unwrap_err(), SignInError::WrongCode, "once");
}

#[tokio::test]
async fn guesses_that_come_at_once_are_counted_each() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let (secret, _) = set_up(&stage, &hana).await;
    let first = ticket(&stage, &hana).await;
    let guess = wrong(&secret, 200);
    let tries = (0..40).map(|number| second_step(&stage, &hana, (&first, &guess), (200, stranger(number))));
    let answers = honnin_access::all(tries).await;
    let looked_at = answers.iter().filter(|answer| matches!(answer, Err(SignInError::WrongCode))).count();
    assert!(looked_at <= 20 && answers.iter().all(Result::is_err), "{looked_at}");
}

#[tokio::test]
async fn a_factor_is_changed_by_password_and_code_and_by_neither_alone() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let session = stage.session(&hana, 0).await.unwrap();
    let subscriber = &stage.authorities.subscriber;
    let refused = subscriber.new_factor(&session, "not her password").await.unwrap_err();
    assert_eq!(refused, FactorError::SignIn(SignInError::Wrong));
    let none = subscriber.prove_factor_change(&session, (PASSWORD, "000000"), FactorChange::Remove).await;
    assert_eq!(none.unwrap_err(), FactorError::NotThere);
    let (secret, codes) = set_up(&stage, &hana).await;
    assert_eq!(subscriber.new_factor(&session, PASSWORD).await.unwrap_err(), FactorError::There);
    assert_eq!(subscriber.factor_state(&session).await.unwrap().unwrap().recovery_left, 8);
    let late = subscriber.session(&hana.token, stream(99), at(40)).await.unwrap();
    for (password, code, error) in [
        ("not her password", code(&secret, 40), SignInError::Wrong),
        (PASSWORD, wrong(&secret, 40), SignInError::WrongCode),
        (PASSWORD, String::new(), SignInError::WrongCode),
    ] {
        let shown = (password, code.as_str());
        let refused = subscriber.prove_factor_change(&late, shown, FactorChange::Remove).await;
        assert_eq!(refused.unwrap_err(), FactorError::SignIn(error));
    }
    let shown = (PASSWORD, codes[0].reveal());
    let proof = subscriber.prove_factor_change(&late, shown, FactorChange::NewCodes).await.unwrap();
    let newer = subscriber.change_factor(&late, proof).await.unwrap();
    assert_eq!((newer.len(), subscriber.factor_state(&late).await.unwrap().unwrap().recovery_left), (8, 8));
    let void = (PASSWORD, codes[1].reveal());
    let void = subscriber.prove_factor_change(&late, void, FactorChange::Remove).await;
    assert_eq!(void.unwrap_err(), FactorError::SignIn(SignInError::WrongCode), "the ones before are void");
    let right = code(&secret, 40);
    let proof =
        subscriber.prove_factor_change(&late, (PASSWORD, &right), FactorChange::Remove).await.unwrap();
    subscriber.change_factor(&late, proof).await.unwrap();
    assert!(subscriber.factor_state(&late).await.unwrap().is_none());
    stage.sign_in(&hana.login, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn where_everybody_has_one_a_sign_in_sets_it_up_first() {
    let hana = person(1).await;
    let stage = Stage::demanding(&[&hana]);
    let before = stage.rows.hold().sessions.len();
    let device = NewDevice { is_program: true, ..stranger(1) };
    assert_eq!(first_step(&stage, &hana, (PASSWORD, device)).await, SignInError::SetUpFirst(None));
    let SignInError::SetUpFirst(Some(ticket)) = first_step(&stage, &hana, (PASSWORD, stranger(1))).await
    else {
        panic!("it is not asked for")
    };
    let subscriber = &stage.authorities.subscriber;
    let new = subscriber.factor_to_be(hana.account, &ticket, at(61)).await.unwrap();
    let (login, device, stream) = (hana.login.as_str(), stranger(1), &stream(12));
    let step =
        || SecondStep { login, ticket: &ticket, code: "", device: device.clone(), now: at(62), stream };
    let early = subscriber.sign_in_with_new_factor(step()).await;
    assert_eq!(early.unwrap_err(), SignInError::StartOver, "it is not set up yet");
    let entropy = SeededEntropy::new(40);
    let guess = wrong(&new.secret, 62);
    let refused = subscriber.prove_factor(hana.account, (&ticket, &guess), at(62), &entropy).await;
    assert_eq!(refused.unwrap_err(), FactorError::SignIn(SignInError::WrongCode));
    assert_eq!(stage.rows.hold().sessions.len(), before);
    let first = code(&new.secret, 62);
    let proof = subscriber.prove_factor(hana.account, (&ticket, &first), at(62), &entropy).await.unwrap();
    assert_eq!(subscriber.set_first_factor(proof, &device, &entropy).await.unwrap().len(), 8);
    assert_eq!(subscriber.sign_in_with_new_factor(step()).await.unwrap().account, hana.account);
}

#[tokio::test]
async fn a_one_time_code_takes_the_factor_away_only_where_it_was_made_for_that() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let (secret, _) = set_up(&stage, &hana).await;
    let subscriber = &stage.authorities.subscriber;
    let permit = stage.authorities.operator.operate(start(), RequestId::from_octets([7; 16]));
    let entropy = SeededEntropy::new(77);
    let invitation = subscriber.invitation(&permit, &hana.login, &entropy).await.unwrap().unwrap();
    let plain = invitation.code().reveal().to_owned();
    subscriber.issue(invitation).await.unwrap();
    let activate = |code: String, password: &'static str| {
        let (login, now, stream) = (hana.login.as_str(), at(50), stream(13));
        async move {
            let request = SignIn { login, password, device: stranger(5), now, stream: &stream };
            subscriber.activate(request, &code).await
        }
    };
    for _ in 0..2 {
        let asked = activate(plain.clone(), NEW).await.unwrap_err();
        let ActivateError::SignIn(SignInError::SecondFactor(ticket)) = asked else { panic!("{asked:?}") };
        assert!(Ticket::parse(&ticket.reveal()) == Some(ticket));
    }
    let asked = first_step(&stage, &hana, (NEW, stranger(1))).await;
    let SignInError::SecondFactor(ticket) = asked else { panic!("{asked:?}") };
    second_step(&stage, &hana, (&ticket, &code(&secret, 90)), (90, stranger(1))).await.unwrap();
    let invitation = subscriber.invitation_without_factor(&permit, &hana.login, &entropy).await;
    let invitation = invitation.unwrap().unwrap();
    let lifting = invitation.code().reveal().to_owned();
    subscriber.issue(invitation).await.unwrap();
    activate(lifting, "mado kara mieru umi").await.unwrap();
    stage.sign_in(&hana.login, "mado kara mieru umi").await.unwrap();
}

/// Where everybody has one, after a day in which she was signed in without; gives the mark of her device.
async fn overtaken(hana: &Person) -> (Stage, SignedIn) {
    let before = Stage::wary(&[hana]);
    let signed_in = before.sign_in(&hana.login, PASSWORD).await.unwrap();
    let stage = Stage::demanding(&[]);
    let (sessions, credentials) = {
        let held = before.rows.hold();
        (held.sessions.clone(), held.credentials.clone())
    };
    let mut held = stage.rows.hold();
    (held.sessions, held.credentials) = (sessions, credentials);
    drop(held);
    (stage, signed_in)
}

#[tokio::test]
async fn a_stolen_password_sets_up_no_factor_where_everybody_has_one() {
    let hana = person(1).await;
    let (stage, hers) = overtaken(&hana).await;
    let subscriber = &stage.authorities.subscriber;
    let asked = |mark, seconds| {
        let login = hana.login.as_str();
        async move {
            let (device, stream) = (NewDevice { mark, ..stranger(1) }, stream(9));
            let request = SignIn { login, password: PASSWORD, device, now: at(seconds), stream: &stream };
            subscriber.sign_in(request).await.unwrap_err()
        }
    };
    let (day, mark) = (86_400, hers.device_mark);
    assert_eq!(asked(None, day).await, SignInError::Unproven, "on a device that nobody knows");
    assert_eq!(asked(Some([7; 16]), day).await, SignInError::Unproven);
    assert_eq!(asked(mark, day - 1).await, SignInError::Unproven, "nor on one that is known since today");
    let hers = asked(mark, day).await;
    assert!(matches!(hers, SignInError::SetUpFirst(Some(_))), "on her own: {hers:?}");
    let permit = stage.authorities.operator.operate(start(), RequestId::from_octets([7; 16]));
    let invitation = subscriber.invitation(&permit, &hana.login, &stream(7)).await.unwrap().unwrap();
    let code = invitation.code().reveal().to_owned();
    subscriber.issue(invitation).await.unwrap();
    for _ in 0..2 {
        let (login, stream) = (hana.login.as_str(), &stream(13));
        let request = SignIn { login, password: NEW, device: stranger(5), now: at(50), stream };
        let asked = subscriber.activate(request, &code).await.unwrap_err();
        let sets_up = matches!(asked, ActivateError::SignIn(SignInError::SetUpFirst(Some(_))));
        assert!(sets_up, "by a one-time code: {asked:?}");
    }
}

#[tokio::test]
async fn a_new_factor_ends_what_was_begun_without_it() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let subscriber = &stage.authorities.subscriber;
    let other = stage.sign_in(&hana.login, PASSWORD).await.unwrap();
    set_up(&stage, &hana).await;
    let ended = stage.session_of(&other.token, 1).await;
    assert!(matches!(ended, Err(SessionError::Unknown)), "another session: {ended:?}");
    let hers = stage.session(&hana, 1).await.unwrap();
    assert!(subscriber.known_devices(&hers).await.unwrap().is_empty(), "and another device");
}

#[tokio::test]
async fn no_session_is_made_by_one_step_while_a_factor_is_set_up() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let mark = stage.sign_in(&hana.login, PASSWORD).await.unwrap().device_mark;
    let taken = || {
        let held = stage.rows.hold();
        (held.sessions.clone(), held.credentials.clone())
    };
    let put = |(sessions, credentials)| {
        let mut held = stage.rows.hold();
        (held.sessions, held.credentials) = (sessions, credentials);
    };
    let without = taken();
    set_up(&stage, &hana).await;
    let with = taken();
    for mark in [None, mark] {
        put(without.clone());
        stage.rows.reading.forget_permits(1_000);
        let begins = first_step(&stage, &hana, (PASSWORD, NewDevice { mark, ..stranger(1) }));
        let sets_up = async {
            tokio::task::yield_now().await;
            put(with.clone());
            stage.rows.reading.add_permits(1_000);
        };
        let (refused, ()) = tokio::join!(begins, sets_up);
        assert!(matches!(refused, SignInError::SecondFactor(_) | SignInError::Wrong), "{refused:?}");
        assert_eq!(stage.rows.hold().sessions.len(), with.0.len(), "{}", mark.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_code_is_refused_at_the_same_moment_for_every_name() {
    let hana = person(1).await;
    let stage = Stage::with(&[&hana], DelayBounds { answer_millis: 400, ..DelayBounds::default() });
    let (subscriber, none) = (&stage.authorities.subscriber, Ticket::parse("AAAA").unwrap());
    for account in [hana.account, AccountId::from_octets([99; 16])] {
        let (came, entropy) = (tokio::time::Instant::now(), SeededEntropy::new(4));
        let refused = subscriber.prove_factor(account, (&none, "000000"), at(1), &entropy).await;
        assert_eq!(refused.unwrap_err(), FactorError::SignIn(SignInError::StartOver));
        assert_eq!(came.elapsed().as_millis(), 400);
    }
}

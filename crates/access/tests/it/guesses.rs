//! Guesses at passwords: what they cost the guesser, what they cost nobody else, and what they tell.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use honnin_access::ports::RowError;
use honnin_access::{
    ActivateError, Answer, ControlName, ControlRow, ControlRows, DelayBounds, Forget, Keep, MARK_OCTETS,
    MergeSide, NewControl, NewDevice, PasswordRefused, Permit, SignIn, SignInError, SignedIn, Swapped,
    UNASKED,
};
use honnin_seal::{HashCost, PasswordHash, Spent};
use honnin_terms::{DeviceId, Id, Moment};
use honnin_testkit::SeededEntropy;
use tokio::time::Instant;

use crate::stage::{COST, PASSWORD, Person, Stage, person, start, stranger, stream};

async fn sign_in_as(
    stage: &Stage,
    login: &str,
    password: &str,
    device: NewDevice,
) -> Result<SignedIn, SignInError> {
    let stream = &stream(device.source.prefix);
    let now = start().plus_seconds(2);
    stage.authorities.subscriber.sign_in(SignIn { login, password, device, now, stream }).await
}

async fn sign_in(
    stage: &Stage,
    who: &Person,
    password: &str,
    device: NewDevice,
) -> Result<SignedIn, SignInError> {
    sign_in_as(stage, &who.login, password, device).await
}

fn with_mark(mark: Option<[u8; MARK_OCTETS]>, prefix: u64) -> NewDevice {
    NewDevice { mark, ..stranger(prefix) }
}

#[tokio::test(start_paused = true)]
async fn strangers_of_many_prefixes_do_not_keep_the_right_password_out() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    for guess in 0..160 {
        assert_eq!(
            sign_in(&stage, &hana, "wrong", stranger(guess % 16)).await.unwrap_err(),
            SignInError::Wrong
        );
    }
    let came = Instant::now();
    sign_in(&stage, &hana, PASSWORD, stranger(99)).await.unwrap();
    assert_eq!(came.elapsed(), Duration::ZERO, "a prefix not yet used");
    sign_in(&stage, &hana, PASSWORD, stranger(3)).await.unwrap();
    assert!(came.elapsed() <= Duration::from_secs(20), "one of theirs: {:?}", came.elapsed());
}

#[tokio::test]
async fn a_guesser_at_the_same_address_does_not_keep_her_out() {
    let hana = person(1).await;
    let bounds = DelayBounds { longest_seconds: 1, answer_millis: 0, ..DelayBounds::default() };
    let stage = std::sync::Arc::new(Stage::with(&[&hana], bounds));
    for _ in 0..51 {
        let (stage, login) = (std::sync::Arc::clone(&stage), hana.login.clone());
        tokio::spawn(async move {
            loop {
                drop(sign_in_as(&stage, &login, "wrong", stranger(7)).await);
            }
        });
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    for _ in 0..3 {
        let signed_in =
            tokio::time::timeout(Duration::from_mins(2), sign_in(&stage, &hana, PASSWORD, stranger(7)));
        signed_in.await.expect("held for a second, not kept out").unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_known_device_is_slowed_by_itself_only_and_ends_with_its_password() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let mine = sign_in(&stage, &hana, PASSWORD, stranger(1)).await.unwrap();
    let other = sign_in(&stage, &hana, PASSWORD, stranger(2)).await.unwrap();
    let (mark, lost) = (mine.device_mark, other.device_mark);
    assert!(mark.is_some() && mark != lost, "each device has its own");
    assert_eq!((mine.device.unwrap().1, other.device.unwrap().1), (false, false));
    for _ in 0..12 {
        assert!(sign_in(&stage, &hana, "wrong", with_mark(lost, 1)).await.is_err());
        assert!(sign_in(&stage, &hana, "wrong", stranger(1)).await.is_err());
    }
    let came = Instant::now();
    let again = sign_in(&stage, &hana, PASSWORD, with_mark(mark, 1)).await.unwrap();
    assert_eq!((came.elapsed(), again.device_mark), (Duration::ZERO, mark));
    assert!(again.device.unwrap().1, "known");
    let session = stage.session_of(&again.token, 3).await.unwrap();
    let subscriber = &stage.authorities.subscriber;
    let known = subscriber.known_devices(&session).await.unwrap();
    assert_eq!(
        known.iter().map(|known| known.device).collect::<Vec<DeviceId>>(),
        [mine.device.unwrap().0, other.device.unwrap().0]
    );
    assert!(subscriber.forget_devices(&session, Forget::One(other.device.unwrap().0)).await.unwrap());
    let stranger_now = sign_in(&stage, &hana, PASSWORD, with_mark(lost, 50)).await.unwrap();
    assert!(!stranger_now.device.unwrap().1, "revoked");
    let changed = subscriber
        .change_password(&session, PASSWORD, "kaze no tooru michi wo", with_mark(mark, 1), &stream(9))
        .await
        .unwrap();
    assert!(!changed.device.unwrap().1);
    let after = sign_in(&stage, &hana, "kaze no tooru michi wo", with_mark(mark, 60)).await.unwrap();
    assert!(!after.device.unwrap().1, "a mark ends with its password");
}

#[tokio::test(start_paused = true)]
async fn a_script_that_signs_in_over_and_over_makes_no_phone_a_stranger() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let phone = sign_in(&stage, &hana, PASSWORD, stranger(1)).await.unwrap();
    for _ in 0..40 {
        let script = NewDevice { is_program: true, ..stranger(2) };
        sign_in(&stage, &hana, PASSWORD, script).await.unwrap();
    }
    let again = sign_in(&stage, &hana, PASSWORD, with_mark(phone.device_mark, 1)).await.unwrap();
    assert!(again.device.is_some_and(|(_, known)| known), "{:?}", again.device);
}

#[tokio::test(start_paused = true)]
async fn guesses_of_strangers_do_not_slow_who_is_signed_in() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    for guess in 0..40 {
        drop(sign_in(&stage, &hana, "wrong", stranger(guess)).await);
    }
    let session = stage.session(&hana, 1).await.unwrap();
    let permit = stage.authorities.subscriber.agree_to_merge(&session).unwrap();
    let came = Instant::now();
    let consent = stage.authorities.subscriber.consent_to_merge(&session, permit, PASSWORD, MergeSide::Gives);
    consent.await.unwrap();
    assert_eq!(came.elapsed(), Duration::ZERO);
}

/// What all nodes share.
#[derive(Default)]
struct Book(Mutex<BTreeMap<ControlName, ControlRow>>);

impl ControlRows for Book {
    fn control(
        &self,
        _: &Permit<Keep>,
        name: &ControlName,
    ) -> Answer<'_, Result<Option<ControlRow>, RowError>> {
        Answer::ready(Ok(self.0.lock().unwrap().get(name).cloned()))
    }
    fn controls(
        &self,
        _: &Permit<Keep>,
        _: &str,
        _: Option<&ControlName>,
        _: usize,
    ) -> Answer<'_, Result<Vec<(ControlName, ControlRow)>, RowError>> {
        Answer::ready(Err(RowError::Unavailable))
    }
    fn swap_control(
        &self,
        permit: &Permit<Keep>,
        name: &ControlName,
        read_revision: u64,
        write: Option<NewControl>,
    ) -> Answer<'_, Result<Swapped, RowError>> {
        let mut rows = self.0.lock().unwrap();
        let stands = rows.get(name).map_or(0, |row| row.revision);
        if stands != read_revision {
            return Answer::ready(Ok(Swapped::Changed(rows.get(name).cloned())));
        }
        let NewControl { value, until } = write.unwrap();
        rows.insert(name.clone(), ControlRow { revision: stands + 1, value, at: permit.at(), until });
        Answer::ready(Ok(Swapped::Done(stands + 1)))
    }
}

#[tokio::test(start_paused = true)]
async fn guesses_on_one_account_and_day_have_a_bound_at_once_and_on_all_nodes() {
    let hana = person(1).await;
    let bounds = DelayBounds {
        first_a_day: 70,
        at_once: 50,
        a_day: 86,
        answer_millis: 0,
        longest_seconds: 1,
        ..DelayBounds::default()
    };
    let book = std::sync::Arc::new(Book::default());
    let nodes = [(); 3].map(|()| {
        let book = std::sync::Arc::clone(&book);
        std::sync::Arc::new(Stage::with(&[&hana], bounds).counting(book))
    });
    let before: u64 = nodes.iter().map(|node| node.authorities.subscriber.hashes().0).sum();
    let mut all = tokio::task::JoinSet::new();
    for guess in 0..3_000_u64 {
        let (node, login) =
            (std::sync::Arc::clone(&nodes[usize::try_from(guess % 3).unwrap()]), hana.login.clone());
        all.spawn(async move { sign_in_as(&node, &login, "wrong", stranger(guess / 6)).await.unwrap_err() });
    }
    let answers = all.join_all().await;
    let hashed: u64 = nodes.iter().map(|node| node.authorities.subscriber.hashes().0).sum::<u64>() - before;
    let wrong =
        u64::try_from(answers.iter().filter(|answer| **answer == SignInError::Wrong).count()).unwrap();
    assert_eq!(hashed, wrong, "what was not hashed was not answered as wrong");
    assert!(hashed <= bounds.most_a_day(3), "{hashed} of {}", bounds.most_a_day(3));
    assert!(hashed >= u64::from(bounds.first_a_day + bounds.at_once + UNASKED), "{hashed}");
}

#[tokio::test(start_paused = true)]
async fn many_at_once_from_one_address_are_counted_before_they_are_hashed() {
    let hana = person(1).await;
    let stage = std::sync::Arc::new(Stage::of(&[&hana]));
    let before = stage.authorities.subscriber.hashes().0;
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let (stage, login) = (std::sync::Arc::clone(&stage), hana.login.clone());
        all.spawn(async move { sign_in_as(&stage, &login, "wrong", stranger(7)).await.unwrap_err() });
    }
    let answers = all.join_all().await;
    // The first few are held for no time and leave their places while the others still come.
    let most = u64::from(DelayBounds::default().places) + 8;
    let hashed = stage.authorities.subscriber.hashes().0 - before;
    assert!(hashed <= most, "{hashed}: no more than there are places");
    assert!(answers.iter().any(|answer| matches!(answer, SignInError::Delayed(20))));
}

fn hash_of(cost: HashCost) -> PasswordHash {
    cost.hasher().hash(PASSWORD.as_bytes(), &SeededEntropy::new(8)).unwrap()
}

#[tokio::test]
async fn known_unknown_and_suspended_cost_one_hash_and_leave_at_the_same_moment() {
    let mut people = Vec::new();
    for number in 1..=5 {
        people.push(person(number).await);
    }
    let bounds = DelayBounds { answer_millis: 400, ..DelayBounds::default() };
    let stage = Stage::with(&people.iter().collect::<Vec<_>>(), bounds);
    stage.give(&people[1].login, &hash_of(HashCost { memory_kib: 4_096, passes: 3, lanes: 1 })).await;
    let pbkdf2 = "$pbkdf2-sha256$i=200000$c2FsdHNhbHRzYWx0c2FsdA$8nX7hwFEzIB8aPajJTYK8weHQc5Ngz0pFVAKvSu4jQA";
    stage.give(&people[2].login, &PasswordHash::parse(pbkdf2).unwrap()).await;
    stage.suspend(&people[3]);
    let mut prefix = 0;
    for login in ["1", "2", "3", "4", "99"] {
        prefix += 1;
        let before = stage.authorities.subscriber.hashes().0;
        let came = Instant::now();
        let answer = sign_in_as(&stage, login, "not the password", stranger(prefix)).await.unwrap_err();
        let after = came.elapsed().as_millis();
        assert_eq!(
            (answer, stage.authorities.subscriber.hashes().0 - before),
            (SignInError::Wrong, 1),
            "{login}"
        );
        let slot = 400 * (after / 400);
        assert!(after >= 400 && after - slot < 200, "{login}: {after} ms");
    }
}

/// What so many wrong guesses of that password cost, all at one moment at one name, each from a prefix of its own.
async fn spent_on(stage: &std::sync::Arc<Stage>, login: &str, password: &'static str, first: u64) -> Spent {
    let before = stage.authorities.subscriber.spent();
    let mut all = tokio::task::JoinSet::new();
    for guess in 0..6 {
        let (stage, login) = (std::sync::Arc::clone(stage), login.to_owned());
        let device = stranger(first + guess);
        all.spawn(async move { sign_in_as(&stage, &login, password, device).await.unwrap_err() });
    }
    assert!(all.join_all().await.into_iter().all(|answer| answer == SignInError::Wrong));
    let Spent { argon2_kib, sha256, sha512 } = stage.authorities.subscriber.spent();
    Spent {
        argon2_kib: argon2_kib - before.argon2_kib,
        sha256: sha256 - before.sha256,
        sha512: sha512 - before.sha512,
    }
}

/// Hashes of nobody's password in every scheme that is taken, and what each costs.
const IMPORTED: [&str; 6] = [
    "$argon2id$v=19$m=64,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "$argon2i$v=19$m=64,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "$argon2d$v=16$m=32,t=1,p=2$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "$pbkdf2-sha256$i=2000$c2FsdHNhbHRzYWx0c2FsdA$8nX7hwFEzIB8aPajJTYK8weHQc5Ngz0pFVAKvSu4jQA",
    "$pbkdf2-sha256$i=700$c2FsdHNhbHRzYWx0c2FsdA$8nX7hwFEzIB8aPajJTYK8weHQc5Ngz0pFVAKvSu4jQA",
    "$pbkdf2-sha512$i=300$c2FsdHNhbHRzYWx0c2FsdA$8nX7hwFEzIB8aPajJTYK8weHQc5Ngz0pFVAKvSu4jQA",
];

#[tokio::test(start_paused = true)]
async fn many_guesses_at_once_cost_the_same_work_whoever_they_are_at() {
    let mut people = Vec::new();
    for number in 1..=8 {
        people.push(person(number).await);
    }
    let stage = std::sync::Arc::new(Stage::of(&people.iter().collect::<Vec<_>>()));
    for (who, hash) in people.iter().skip(2).zip(IMPORTED) {
        stage.give(&who.login, &PasswordHash::parse(hash).unwrap()).await;
    }
    stage.suspend(&people[1]);
    let mut prefix = 0;
    // What is typed in two forms is compared twice, with whatever there is.
    for (password, forms) in [("not the password", 1), ("not\u{3000}the password", 2)] {
        let ours = u64::from(COST.memory_kib * COST.passes);
        let each = Spent { argon2_kib: ours + 64 * 3 + 64 * 3 + 32, sha256: 2_000, sha512: 300 };
        let all = Spent {
            argon2_kib: 6 * forms * each.argon2_kib,
            sha256: 6 * forms * each.sha256,
            sha512: 6 * forms * each.sha512,
        };
        for login in ["1", "2", "3", "4", "5", "6", "7", "8", "99", "a name nobody has"] {
            prefix += 100;
            assert_eq!(spent_on(&stage, login, password, prefix).await, all, "{login}");
        }
    }
}

#[tokio::test]
async fn one_password_of_two_keyboards_signs_in_imported_or_not() {
    let (hana, ken) = (person(1).await, person(2).await);
    let stage = Stage::of(&[&hana, &ken]);
    let (composed, decomposed) = ("ガラスの靴をはいた猫 café", "ガラスの靴をはいた猫\u{3000}cafe\u{301}");
    let of = |text: &str| COST.hasher().hash(text.as_bytes(), &SeededEntropy::new(8)).unwrap();
    stage.give(&hana.login, &of(composed)).await;
    // Hashed elsewhere, as it was typed there.
    stage.give(&ken.login, &of(decomposed)).await;
    for typed in [decomposed, composed] {
        sign_in(&stage, &hana, typed, stranger(1)).await.unwrap();
        sign_in(&stage, &ken, typed, stranger(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_name_or_password_that_cannot_be_one_costs_no_hash() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let before = stage.authorities.subscriber.hashes();
    let long = "x".repeat(129);
    for login in ["", "a\u{0}b", long.as_str()] {
        assert_eq!(sign_in_as(&stage, login, "wrong", stranger(1)).await.unwrap_err(), SignInError::Wrong);
    }
    let password = "x".repeat(2_000);
    assert_eq!(sign_in(&stage, &hana, &password, stranger(1)).await.unwrap_err(), SignInError::Wrong);
    assert_eq!(stage.authorities.subscriber.hashes(), before);
}

/// Twenty rounds of so many guesses at one person, each from the prefix it is given, and then of so many made-up names,
/// each so often, from a prefix of its own. How many of the guesses were compared with anything.
async fn compared_between_names(
    bounds: DelayBounds,
    (guesses, prefix): (u64, fn(u64, u64) -> u64),
    (names, times): (u64, u64),
) -> u64 {
    let hana = person(1).await;
    let stage = Stage::with(&[&hana], bounds).counting(std::sync::Arc::new(Book::default()));
    let mut wrong = 0;
    for round in 0..20 {
        for guess in 0..guesses {
            let from = stranger(prefix(round, guess));
            let answer = sign_in(&stage, &hana, "wrong", from).await.unwrap_err();
            wrong += u64::from(answer == SignInError::Wrong);
        }
        for made_up in 0..names {
            let login = format!("made up {round} {made_up}");
            for _ in 0..times {
                drop(sign_in_as(&stage, &login, "wrong", stranger(1_000 + made_up)).await);
            }
        }
    }
    wrong
}

#[tokio::test(start_paused = true)]
async fn names_that_nobody_has_make_no_guess_forgotten() {
    let bounds = DelayBounds {
        most: 256,
        first_a_day: 40,
        at_once: 40,
        a_day: 86,
        longest_seconds: 1,
        answer_millis: 0,
        ..DelayBounds::default()
    };
    // Six of a prefix, each prefix its own: some of the first of their prefix, some not. Then so many made-up names that
    // all that is young is old, and what was old is gone.
    let six = |round: u64, guess: u64| round * 8 + guess / 6;
    let wrong = compared_between_names(bounds, (30, six), (400, 1)).await;
    assert!(wrong <= bounds.most_a_day(1), "{wrong} of {}", bounds.most_a_day(1));
    assert!(wrong >= u64::from(bounds.first_a_day), "{wrong}");
}

/// Guesses wrong at that moment; whether the guess was compared with anything.
async fn is_compared(stage: &Stage, who: &Person, prefix: u64, now: Moment) -> bool {
    let (device, stream) = (stranger(prefix), stream(prefix));
    let request = SignIn { login: &who.login, password: "wrong", device, now, stream: &stream };
    stage.authorities.subscriber.sign_in(request).await.unwrap_err() == SignInError::Wrong
}

#[tokio::test(start_paused = true)]
async fn tries_from_before_midnight_take_nothing_of_the_new_day_back() {
    let hana = person(1).await;
    let bounds = DelayBounds {
        first_a_day: 40,
        at_once: 40,
        a_day: 86_400,
        longest_seconds: 1,
        answer_millis: 0,
        ..DelayBounds::default()
    };
    let stage = Stage::with(&[&hana], bounds).counting(std::sync::Arc::new(Book::default()));
    let midnight: Moment = "2026-11-21T00:00:00Z".parse().unwrap();
    // Who came a second before and was held until after it, by turns with who came a second after.
    let mut compared = 0;
    for guess in 0..600_u64 {
        let now = midnight.plus_seconds(if guess % 2 == 0 { 1 } else { -1 });
        compared += u64::from(is_compared(&stage, &hana, guess, now).await);
    }
    let most = u64::from(bounds.first_a_day + bounds.at_once + 2 * UNASKED) + 2;
    assert!(compared <= most, "{compared} of {most}");
    // A day later there is as much again, and after a clock that went far ahead and came back as well.
    for days in [1, 400, 2] {
        let now = midnight.plus_seconds(days * 86_400 + 3_600);
        assert!(is_compared(&stage, &hana, 9_000, now).await, "{days} days later");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_thousand_prefixes_use_up_leaves_room_for_one_not_yet_used() {
    let hana = person(1).await;
    let bounds =
        DelayBounds { at_once: 200, a_day: 86, longest_seconds: 1, answer_millis: 0, ..Default::default() };
    let stage = Stage::with(&[&hana], bounds).counting(std::sync::Arc::new(Book::default()));
    let mut compared = 0;
    for _ in 0..7 {
        compared = 0;
        for prefix in 0..1_000 {
            compared += u64::from(is_compared(&stage, &hana, prefix, start()).await);
        }
    }
    assert_eq!(compared, 0, "they have used up all there is for them");
    let came = Instant::now();
    sign_in(&stage, &hana, PASSWORD, stranger(5_000)).await.unwrap();
    assert_eq!(came.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn names_tried_over_and_over_make_no_guess_forgotten() {
    let bounds = DelayBounds {
        most: 256,
        first_a_day: 400,
        at_once: 40,
        a_day: 86,
        longest_seconds: 1,
        answer_millis: 0,
        ..DelayBounds::default()
    };
    // The same ten prefixes: four first guesses each for the whole day. Then made-up names, each so often that something
    // is known of it, from as many prefixes.
    let wrong = compared_between_names(bounds, (100, |_, guess| guess % 10), (200, 5)).await;
    let first = 10 * u64::from(bounds.free);
    let most = first + u64::from(bounds.at_once + bounds.a_day + 2 * UNASKED);
    assert!(wrong >= first && wrong <= most, "{wrong} of {most}");
}

#[tokio::test]
async fn a_new_password_is_not_the_name_it_is_for_however_it_is_set() {
    let hana = person(123).await;
    let stage = Stage::of(&[&hana]);
    let session = stage.session(&hana, 1).await.unwrap();
    let subscriber = &stage.authorities.subscriber;
    let to = async |new: &str| {
        subscriber.change_password(&session, PASSWORD, new, stranger(1), &stream(9)).await.map(drop)
    };
    let refused = Err(ActivateError::Password(PasswordRefused::Guessable));
    assert_eq!(to("kz123wq123mx123v").await, refused, "the name three times and seven other letters");
    let stage = Stage::of(&[&hana]);
    stage.activate(&hana.login, "kaze no tooru michi wo").await;
    let signed_in = stage.sign_in(&hana.login, "kaze no tooru michi wo").await.unwrap();
    let session = stage.session_of(&signed_in.token, 1).await.unwrap();
    let (subscriber, stream) = (&stage.authorities.subscriber, stream(9));
    let again = subscriber.change_password(
        &session,
        "kaze no tooru michi wo",
        "kz123wq123mx123v",
        stranger(1),
        &stream,
    );
    assert_eq!(again.await.map(drop), refused, "set by one-time code before");
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_a_fault_and_not_a_wrong_answer() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    for octets in [&b"\x04what\x011\x00"[..], b"", b"\x04what"] {
        let sealed = [hana.account.octets().as_slice(), octets].concat();
        stage.rows.hold().credential(hana.account).password = Some(sealed.clone());
        assert_eq!(stage.sign_in(&hana.login, PASSWORD).await.unwrap_err(), SignInError::DoesNotOpen);
        stage.rows.hold().credential(hana.account).code = Some(sealed);
        let stream = stream(9);
        let (login, device) = (hana.login.as_str(), stranger(1));
        let request = SignIn { login, password: PASSWORD, device, now: start(), stream: &stream };
        let activated = stage.authorities.subscriber.activate(request, "0000-0000-0000-0000-0000").await;
        assert_eq!(activated.unwrap_err(), ActivateError::SignIn(SignInError::DoesNotOpen));
    }
}

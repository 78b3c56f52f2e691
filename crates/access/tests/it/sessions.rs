//! Sessions: how long they last, what ends them for ever, and which permits follow from them.

use honnin_access::ports::SessionRow;
use honnin_access::{Session, SessionError, SessionLimits, SignInError};
use honnin_terms::{HoldingId, Id, Moment, SessionId};

use crate::stage::{EPOCH, PASSWORD, Stage, TENANT, person, start};

fn is_unknown(session: &Result<Session, SessionError>) -> bool {
    matches!(session, Err(SessionError::Unknown))
}

fn is_closed(session: &Result<Session, SessionError>) -> bool {
    matches!(session, Err(SessionError::DoesNotOpen { .. }))
}

/// The end of time, as far as a row is concerned.
fn never() -> Moment {
    "2100-01-01T00:00:00Z".parse().unwrap()
}

#[tokio::test]
async fn a_session_lasts_until_it_is_idle_or_old_and_not_a_second_longer() {
    let (limits, hana) = (SessionLimits::default(), person(1).await);
    let stage = Stage::of(&[&hana]);
    let last = limits.idle_seconds - 1;
    assert_eq!(stage.session(&hana, last).await.unwrap().account(), hana.account);
    assert!(is_unknown(&stage.session(&hana, last + 1).await), "idle");
    assert!(is_unknown(&stage.session(&person(2).await, 1).await), "nobody's");
    // Seen again and again, it lasts to its end all the same.
    let (mut seconds, mut steps) = (0, 0);
    while seconds + last < limits.absolute_seconds {
        seconds += last;
        stage.session(&hana, seconds).await.unwrap();
        let mut held = stage.rows.hold();
        let (_, seen) = held.seen.pop().unwrap();
        let (_, row) = held.sessions.first_mut().unwrap();
        (row.last_seen, row.sealed) = (seen.at, seen.sealed);
        steps += 1;
    }
    assert!(steps > 2 && stage.session(&hana, limits.absolute_seconds - 1).await.is_ok());
    assert!(is_unknown(&stage.session(&hana, limits.absolute_seconds).await), "old");
}

#[tokio::test]
async fn what_is_written_beside_the_seal_only_shortens_a_session() {
    let (limits, hana) = (SessionLimits::default(), person(1).await);
    let outlives = async |edit: fn(&mut SessionRow), seconds| {
        let stage = Stage::of(&[&hana]);
        edit(&mut stage.rows.hold().sessions[0].1);
        stage.session(&hana, seconds).await.is_ok()
    };
    let edits: [fn(&mut SessionRow); 3] =
        [|row| row.until = never(), |row| row.last_seen = never(), |row| row.since = never()];
    for edit in edits {
        assert!(outlives(edit, limits.idle_seconds - 1).await, "it is as it was");
        assert!(!outlives(edit, limits.idle_seconds).await, "idle");
    }
    assert!(!outlives(|row| (row.until, row.last_seen) = (never(), never()), limits.absolute_seconds).await);
    assert!(!outlives(|row| row.until = start(), 1).await, "what ends sooner ends sooner");
    assert!(!outlives(|row| row.last_seen = Moment::EPOCH, 1).await);
}

/// Has the store take what was noted.
fn take_notes(stage: &Stage) {
    let mut held = stage.rows.hold();
    for (_, seen) in std::mem::take(&mut held.seen) {
        let (_, row) = held.sessions.first_mut().unwrap();
        (row.last_seen, row.sealed) = (seen.at, seen.sealed);
    }
}

#[tokio::test]
async fn a_session_in_constant_use_outlives_every_idle_timeout() {
    let hana = person(1).await;
    for idle_seconds in [60, 90, 3_600, 86_400] {
        let stage = Stage::lasting(&[&hana], SessionLimits { idle_seconds, ..SessionLimits::default() });
        let step = (idle_seconds / 60).max(1);
        for number in 1..=180 {
            let seen = stage.session(&hana, number * step).await;
            assert!(seen.is_ok(), "idle {idle_seconds} s: over after {} s of use", number * step);
            take_notes(&stage);
        }
    }
}

#[tokio::test]
async fn how_often_a_session_is_noted_as_seen_follows_from_how_long_it_may_be_idle() {
    let hana = person(1).await;
    let days = |days: i64| days * 86_400;
    let shipped = SessionLimits::default().touch_seconds;
    // Idle timeout, the interval that was set, the one that is kept.
    let cases = [
        (days(30), shipped, 900),
        (days(400), shipped, 900),
        (days(400), 3_600, 900),
        (days(1), shipped, 30),
        (60, shipped, 1),
        (60, 60, 1),
        (days(30), 60, 60),
        (days(30), 0, 1),
    ];
    for (idle_seconds, touch_seconds, every) in cases {
        let limits = SessionLimits { idle_seconds, touch_seconds, ..SessionLimits::default() };
        let stage = Stage::lasting(&[&hana], limits);
        let case = format!("idle {idle_seconds} s, at most {touch_seconds} s");
        stage.session(&hana, every - 1).await.unwrap();
        assert!(stage.rows.hold().seen.is_empty(), "{case}");
        stage.session(&hana, every).await.unwrap();
        let (hash, seen) = stage.rows.hold().seen.first().cloned().expect(&case);
        assert_eq!((hash, seen.at, seen.epoch), (hana.token.row_hash(), start().plus_seconds(every), EPOCH));
        stage.rows.hold().sessions[0].1.sealed = seen.sealed;
        stage.rows.hold().seen.clear();
        stage.session(&hana, 2 * every - 1).await.unwrap();
        assert!(stage.rows.hold().seen.is_empty(), "{case}: what is sealed says when it was seen");
    }
}

#[tokio::test]
async fn a_row_that_is_another_session_another_epoch_or_another_persons_does_not_open() {
    let (hana, ken) = (person(1).await, person(2).await);
    let edits: [fn(&mut SessionRow); 3] = [
        |row| row.session = SessionId::from_octets([8; 16]),
        |row| row.epoch += 1,
        |row| row.account = honnin_terms::AccountId::from_octets([2; 16]),
    ];
    for edit in edits {
        let stage = Stage::of(&[&hana, &ken]);
        edit(&mut stage.rows.hold().sessions[0].1);
        assert!(is_closed(&stage.session(&hana, 1).await));
    }
    let stage = Stage::of(&[&hana, &ken]);
    stage.rows.hold().sessions[0].1 = ken.row.clone();
    assert!(is_closed(&stage.session(&hana, 1).await));
    let stage = Stage::of(&[&hana, &ken]);
    let his = stage.rows.hold().credential(ken.account).ring.clone();
    stage.rows.hold().credential(hana.account).ring = his;
    assert!(is_closed(&stage.session(&hana, 1).await), "another's ring");
}

#[tokio::test]
async fn a_session_row_put_back_revives_no_session_that_was_signed_out() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let other = stage.begin(&hana.login, 30).await.unwrap().token;
    let before = stage.rows.hold().sessions.clone();
    let session = stage.session(&hana, 1).await.unwrap();
    stage.authorities.subscriber.sign_out(&session).await.unwrap();
    assert!(is_unknown(&stage.session(&hana, 1).await));
    stage.rows.hold().sessions = before;
    assert!(is_unknown(&stage.session(&hana, 1).await), "put back");
    assert!(stage.session_of(&other, 1).await.is_ok(), "the other goes on");
    // Signing out twice ends nothing more.
    stage.authorities.subscriber.sign_out(&session).await.unwrap();
    assert!(stage.session_of(&other, 1).await.is_ok());
}

#[tokio::test]
async fn all_others_end_with_the_account_key_and_stay_ended() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let other = stage.begin(&hana.login, 30).await.unwrap().token;
    let (sessions, credentials) = {
        let held = stage.rows.hold();
        (held.sessions.clone(), held.credentials.clone())
    };
    let subscriber = &stage.authorities.subscriber;
    let session = stage.session(&hana, 1).await.unwrap();
    let permit = subscriber.end_sessions(&session).unwrap();
    assert_eq!(subscriber.end_others(&session, &permit).await.unwrap(), 1);
    assert_eq!(stage.rows.hold().credential(hana.account).epoch, EPOCH + 1, "another account key");
    assert!(stage.session(&hana, 1).await.is_ok(), "this one goes on");
    stage.rows.hold().sessions.extend(sessions.clone());
    stage.rows.hold().sessions.dedup_by_key(|(hash, _)| *hash);
    assert!(is_unknown(&stage.session_of(&other, 1).await), "put back");
    // The row named the new epoch, it would have to be sealed for it.
    for (hash, row) in &mut stage.rows.hold().sessions {
        if *hash == other.row_hash() {
            row.epoch += 1;
        }
    }
    assert!(is_closed(&stage.session_of(&other, 1).await), "the row is given the new epoch");
    // The old ring beside the new sessions: older than what it names.
    let ring = credentials[0].1.ring.clone();
    stage.rows.hold().credential(hana.account).ring = ring;
    assert!(is_closed(&stage.session(&hana, 1).await), "the ring is put back");
    assert!(stage.rows.hold().told.is_empty(), "nobody's password was changed");
}

#[tokio::test]
async fn a_ring_that_is_older_than_its_session_is_an_alarm() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let before = stage.rows.hold().credential(hana.account).ring.clone();
    let later = stage.begin(&hana.login, 30).await.unwrap().token;
    stage.rows.hold().credential(hana.account).ring = before;
    assert!(is_closed(&stage.session_of(&later, 1).await));
}

#[tokio::test]
async fn one_device_is_ended_and_no_other() {
    let (hana, ken) = (person(1).await, person(2).await);
    let stage = Stage::of(&[&hana, &ken]);
    let other = stage.begin(&hana.login, 30).await.unwrap();
    let subscriber = &stage.authorities.subscriber;
    let session = stage.session(&hana, 1).await.unwrap();
    let permit = subscriber.end_sessions(&session).unwrap();
    assert!(session.kind_of(session.id()).is_some() && session.kind_of(ken.row.session).is_none());
    assert!(!subscriber.end_device(&session, &permit, ken.row.session).await.unwrap(), "not hers");
    assert!(stage.session(&ken, 1).await.is_ok());
    assert!(subscriber.end_device(&session, &permit, other.session).await.unwrap());
    assert!(!subscriber.end_device(&session, &permit, other.session).await.unwrap(), "it has ended");
    assert!(is_unknown(&stage.session_of(&other.token, 1).await) && stage.session(&hana, 1).await.is_ok());
}

#[tokio::test]
async fn a_session_begun_with_an_old_password_is_never_made() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    assert!(stage.sign_in(&hana.login, PASSWORD).await.is_ok());
    // Between the proof of the password and the session she sets another one.
    let (before, after) = (Stage::of(&[&hana]), Stage::of(&[&hana]));
    after.activate(&hana.login, "yama no mieru ie").await;
    let changed = after.rows.hold().credential(hana.account).clone();
    before.rows.hold().before = Some(|held| {
        let (_, row) = &mut held.credentials[0];
        let (_, changed) = held.changed.take().unwrap();
        *row = changed;
        held.sessions.clear();
    });
    before.rows.hold().changed = Some((hana.account, changed));
    assert_eq!(before.sign_in(&hana.login, PASSWORD).await.unwrap_err(), SignInError::Wrong);
    assert!(before.rows.hold().sessions.is_empty());
}

#[tokio::test]
async fn who_signs_in_beside_another_tries_again_and_both_are_signed_in() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let elsewhere = Stage::of(&[&hana]);
    let first = elsewhere.begin(&hana.login, 30).await.unwrap().token;
    let changed = elsewhere.rows.hold().credential(hana.account).clone();
    let row = elsewhere.rows.hold().sessions.last().unwrap().clone();
    {
        let mut held = stage.rows.hold();
        held.changed = Some((hana.account, changed));
        held.sessions.push(row);
        held.before = Some(|held| held.credentials[0].1 = held.changed.take().unwrap().1);
    }
    let second = stage.sign_in(&hana.login, PASSWORD).await.unwrap().token;
    for token in [&hana.token, &first, &second] {
        assert!(stage.session_of(token, 1).await.is_ok());
    }
}

#[tokio::test]
async fn a_new_password_ends_every_session_for_ever_and_tells_the_holder() {
    let hana = person(1).await;
    let stage = Stage::of(&[&hana]);
    let (sessions, ring) = {
        let mut held = stage.rows.hold();
        (held.sessions.clone(), held.credential(hana.account).ring.clone())
    };
    let new = stage.activate(&hana.login, "yama no mieru ie").await.token;
    assert!(stage.session_of(&new, 1).await.is_ok());
    assert_eq!(stage.rows.hold().told, [start()]);
    stage.rows.hold().sessions.extend(sessions);
    assert!(is_unknown(&stage.session(&hana, 1).await), "put back");
    stage.rows.hold().credential(hana.account).ring = ring;
    assert!(is_unknown(&stage.session(&hana, 1).await), "the ring is of another account key");
    assert!(is_closed(&stage.session_of(&new, 1).await));
}

#[tokio::test]
async fn no_more_sessions_live_than_may_and_the_oldest_ends() {
    let (hana, most) = (person(1).await, SessionLimits::default().most_per_account);
    let stage = Stage::of(&[&hana]);
    let before = stage.rows.hold().sessions.clone();
    for seed in 2..=u8::try_from(most).unwrap() {
        stage.begin(&hana.login, seed).await.unwrap();
        assert!(stage.session(&hana, 1).await.is_ok(), "{seed} of {most}");
    }
    let newest = stage.begin(&hana.login, 200).await.unwrap().token;
    assert_eq!(stage.rows.hold().sessions.len(), most);
    stage.rows.hold().sessions.extend(before);
    assert!(is_unknown(&stage.session(&hana, 1).await), "put back");
    assert!(stage.session_of(&newest, 1).await.is_ok());
}

#[tokio::test]
async fn a_session_gives_permits_that_open_its_own_and_nothing_else() {
    let (hana, ken) = (person(1).await, person(2).await);
    let stage = Stage::of(&[&hana, &ken]);
    let session = stage.session(&hana, 1).await.unwrap();
    let subscriber = &stage.authorities.subscriber;
    let read = subscriber.read_line(&session, hana.line).unwrap();
    assert_eq!((read.subject().account, read.subject().holding), (hana.account, Some(hana.line)));
    let account = subscriber.read_account(&session).unwrap();
    assert_eq!((account.subject().account, account.subject().holding), (hana.account, None));
    assert_eq!((account.viewer(), account.at()), (hana.account, start().plus_seconds(1)));
    let speed = subscriber.set_speed(&session, hana.line).unwrap();
    assert_eq!(speed.subject().holding, Some(hana.line));
    assert_eq!(subscriber.manage_sessions(&session).unwrap().subject().account, hana.account);
    // Another's line is asked for under her own account and with her own ring: nothing is there, and what would be
    // put there does not open.
    for line in [ken.line, HoldingId::from_octets([77; 16])] {
        let permit = subscriber.read_line(&session, line).unwrap();
        assert_eq!((permit.subject().tenant, permit.subject().account), (TENANT, hana.account));
        assert!(
            permit.open::<crate::documents::Note>(&[], &crate::documents::note(&ken, Some(line))).is_err()
        );
    }
}

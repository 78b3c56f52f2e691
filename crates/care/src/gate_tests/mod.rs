//! What the gate lets out, and everything it must not let out.

mod stage;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use honnin_access::{Session, Subject};
use honnin_terms::{Basis, Entropy, TenantId};
use honnin_testkit::SeededEntropy;

use self::stage::{Note, Person, Stage, epoch, person, request, start};
use super::*;
use crate::Asker;
use crate::disclosures::AuditRow;

const STOPPED: Error = Error::Closed(Mode::Isolated(Stop::ForeignOwner));
const FOREIGN: Error = Error::Closed(Mode::Isolated(Stop::ForeignAnswer));

/// Lets a value out as a page of the contract.
async fn let_out<T>(stage: &Stage, session: &Session, value: Owned<T>) -> Result<Disclosed<T>, Error> {
    stage.gate.disclose(session, value, What::Contract, Channel::Page).await
}

/// The entry about it, once it is durable.
async fn entry_of<T>(stage: &Stage, disclosed: Result<Disclosed<T>, Error>) -> Result<EntryRef, Error> {
    stage.gate.recorded(disclosed?.into_leave()).await
}

fn page(disclosed: Disclosed<Note>) -> Body {
    disclosed.body("text/plain", |Note(said)| vec![*said])
}

#[tokio::test]
async fn her_own_passes_once_the_journal_says_who_was_shown_what() {
    let hana = person(1);
    let stage = Stage::of(&[&hana]);
    for (number, line) in [(1, Some(hana.lines[0])), (2, None)] {
        let session = stage.session(&hana, number, i64::from(number)).await;
        let note = stage.note(&hana, &session, line);
        let disclosed = let_out(&stage, &session, note).await.unwrap();
        assert_eq!(disclosed.body("text/plain", |_| Vec::new()).content_type(), "text/plain");
        let note = stage.note(&hana, &session, line);
        let about = entry_of(&stage, let_out(&stage, &session, note).await).await.unwrap();
        let entry = stage.journal.read(about).unwrap();
        let hers = epoch(1).account(hana.account);
        assert_eq!((entry.viewer, entry.owner, entry.basis), (hers, hers, Basis::Own));
        assert_eq!((entry.kind, entry.moment), (Kind::Disclosure, start().plus_seconds(i64::from(number))));
        let row = AuditRow::of(about, &entry, &stage.gate.epochs());
        assert_eq!((row.what, row.channel, row.holding), (Some(What::Contract), Some(Channel::Page), line));
        let told = epoch(1).open(&entry).unwrap();
        assert_eq!(told.request, Some(request(number)), "which request it was");
        assert_eq!(told.session, Some(session.id()), "in which session");
    }
    assert_eq!(stage.journal.size(), 4);
    assert!(stage.heard().is_empty());
}

#[tokio::test]
async fn a_document_that_names_another_owner_leaves_for_nobody_and_stops_personal_pages() {
    let (hana, ken) = (person(1), person(2));
    let [first, second] = hana.lines;
    let own = hana.subject(Some(first));
    for (line, owner) in [
        (Some(first), ken.subject(Some(ken.lines[0]))),
        (Some(first), Subject { account: ken.account, ..own }),
        (Some(first), Subject { tenant: TenantId::new(99), ..own }),
        (Some(first), hana.subject(Some(second))),
        (Some(first), hana.subject(None)),
        (None, own),
    ] {
        let stage = Stage::of(&[&hana, &ken]);
        let session = stage.session(&hana, 1, 1).await;
        let note = stage.note_of(&hana, &session, line, &owner).unwrap();
        assert_eq!(let_out(&stage, &session, note).await.unwrap_err(), STOPPED, "{owner:?}");
        assert_eq!(stage.heard(), [Alarm::ForeignOwner]);
        assert_eq!(stage.journal.size(), 0, "nothing was disclosed, so nothing was written");
    }
}

#[tokio::test]
async fn what_another_person_has_opened_does_not_leave_by_her_session() {
    let (hana, ken) = (person(1), person(2));
    for line in [Some(ken.lines[0]), None] {
        let stage = Stage::of(&[&hana, &ken]);
        let (hers, his) = (stage.session(&hana, 1, 1).await, stage.session(&ken, 1, 1).await);
        let note = stage.note(&ken, &his, line);
        assert_eq!(let_out(&stage, &hers, note).await.unwrap_err(), STOPPED);
        assert_eq!(stage.heard(), [Alarm::ForeignOwner]);
        assert_eq!(stage.journal.size(), 0);
    }
}

#[tokio::test]
async fn after_somebody_elses_alarm_her_own_does_not_leave_either() {
    let (hana, ken) = (person(1), person(2));
    let stage = Stage::of(&[&hana, &ken]);
    let session = stage.session(&hana, 1, 1).await;
    let note = stage.note(&hana, &session, None);
    stage.house.hears(Alarm::ForeignOwner, request(2));
    assert_eq!(let_out(&stage, &session, note).await.unwrap_err(), STOPPED);
    assert_eq!(stage.journal.size(), 0);
}

#[tokio::test]
async fn while_the_path_is_not_proven_the_gate_opens_to_the_canaries_alone() {
    let (hana, canary) = (person(1), person(2));
    let stage = Stage::with_canary(&[&hana, &canary], Some(canary.account));
    let leaves = async |who: &Person| {
        let session = stage.session(who, 1, 1).await;
        let note = stage.note(who, &session, None);
        entry_of(&stage, let_out(&stage, &session, note).await).await.map(|entry| entry.index)
    };
    stage.house.set(Mode::PathUnproven);
    assert_eq!(leaves(&hana).await, Err(Error::Closed(Mode::PathUnproven)));
    assert_eq!(leaves(&canary).await, Ok(0));
    stage.house.set(Mode::Open);
    assert_eq!(leaves(&hana).await, Ok(1));
    stage.house.set(Mode::PathMixed);
    assert_eq!(leaves(&hana).await, Err(Error::Closed(Mode::PathMixed)));
    assert_eq!(stage.journal.size(), 2);
}

/// Randomness that does something the first time it is drawn: when the gate seals the entry.
struct Drawn<F> {
    entropy: SeededEntropy,
    done: AtomicBool,
    act: F,
}

impl<F: Fn() + Send + Sync> Entropy for Drawn<F> {
    fn fill(&self, bytes: &mut [u8]) {
        if !self.done.swap(true, Ordering::SeqCst) {
            (self.act)();
        }
        self.entropy.fill(bytes);
    }
}

#[tokio::test]
async fn an_alarm_raised_while_the_entry_is_written_is_heeded() {
    let hana = person(1);
    for mode in [Mode::PathMixed, Mode::Isolated(Stop::ForeignAnswer), Mode::Unsure] {
        let stage = Stage::of(&[&hana]);
        let house = Arc::clone(&stage.house);
        let act = move || house.set(mode);
        let entropy = Drawn { entropy: SeededEntropy::new(4), done: AtomicBool::new(false), act };
        let session = stage.session_drawing(&hana, 1, 1, Arc::new(entropy)).await;
        let note = stage.note(&hana, &session, None);
        let body = page(let_out(&stage, &session, note).await.unwrap());
        let asker = Asker::new(request(1), Some(&hana.token));
        assert_eq!(stage.gate.hand_over(body, &asker).await, Err(Error::Closed(mode)));
        assert_eq!(stage.journal.size(), 1, "an entry may stand for what was never sent");
    }
}

#[tokio::test]
async fn what_the_journal_does_not_take_is_not_shown() {
    let hana = person(1);
    let stage = Stage::of(&[&hana]);
    let leaves = async |seconds| {
        let session = stage.session(&hana, 1, seconds).await;
        let note = stage.note(&hana, &session, None);
        entry_of(&stage, let_out(&stage, &session, note).await).await.map(|entry| entry.index)
    };
    assert_eq!(leaves(1000).await, Ok(0));
    assert_eq!(leaves(1).await, Ok(2), "a clock that was set back stops nobody; the journal notes it first");
    stage.gate.set_epochs(Vec::new());
    assert_eq!(leaves(1000).await, Err(Error::Closed(Mode::JournalFailed)), "no keys to write an entry with");
    assert!(stage.journal.size() == 3 && stage.heard().is_empty());
}

#[tokio::test]
async fn bytes_made_before_their_entry_is_durable_stay_where_it_never_is() {
    let hana = person(1);
    let stage = Stage::without_room(&[&hana]);
    let session = stage.session(&hana, 1, 1).await;
    let note = stage.note(&hana, &session, None);
    let body = page(let_out(&stage, &session, note).await.unwrap());
    let asker = Asker::new(request(1), Some(&hana.token));
    assert_eq!(stage.gate.hand_over(body, &asker).await, Err(Error::Closed(Mode::JournalFull)));
    assert!(stage.journal.size() == 0 && stage.heard().is_empty());
}

#[tokio::test]
async fn entries_are_written_under_the_newest_epoch() {
    let hana = person(1);
    let stage = Stage::of(&[&hana]);
    stage.gate.set_epochs(vec![epoch(1), epoch(2)]);
    let session = stage.session(&hana, 1, 1).await;
    let note = stage.note(&hana, &session, None);
    let index = entry_of(&stage, let_out(&stage, &session, note).await).await.unwrap();
    let entry = stage.journal.read(index).unwrap();
    assert_eq!((entry.epoch, entry.owner), (2, epoch(2).account(hana.account)));
}

#[tokio::test]
async fn an_answer_is_handed_to_the_request_and_the_session_it_was_made_for_and_to_no_other() {
    let (hana, ken) = (person(1), person(2));
    let own = || Asker::new(request(1), Some(&hana.token));
    let others = [
        Asker::new(request(2), Some(&hana.token)),
        Asker::new(request(1), Some(&ken.token)),
        Asker::new(request(1), None),
    ];
    for asker in others {
        let stage = Stage::of(&[&hana, &ken]);
        let session = stage.session(&hana, 1, 1).await;
        let body = async || {
            let note = stage.note(&hana, &session, None);
            page(let_out(&stage, &session, note).await.unwrap())
        };
        assert_eq!(stage.gate.hand_over(body().await, &own()).await, Ok(vec![42]));
        let body = body().await;
        assert!(stage.heard().is_empty());
        assert_eq!(stage.gate.hand_over(body, &asker).await, Err(FOREIGN), "{asker:?}");
        assert_eq!(stage.heard(), [Alarm::ForeignAnswer]);
    }
}

#[tokio::test]
async fn what_was_opened_for_one_request_is_not_handed_to_another_of_the_same_session() {
    let hana = person(1);
    let stage = Stage::of(&[&hana]);
    let (before, now) = (stage.session(&hana, 1, 1).await, stage.session(&hana, 2, 1).await);
    let note = stage.note(&hana, &before, None);
    let body = page(let_out(&stage, &now, note).await.unwrap());
    let asker = Asker::new(request(2), Some(&hana.token));
    assert_eq!(stage.gate.hand_over(body, &asker).await, Err(FOREIGN));
}

#[tokio::test]
async fn one_account_that_asks_a_hundred_times_keeps_no_neighbour_from_an_answer() {
    let (hana, ken) = (person(1), person(2));
    let stage = Stage::of(&[&hana, &ken]);
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = Arc::new(std::sync::Mutex::new(held));
    let ask = |account, site| {
        let share = stage.gate.share(account, honnin_access::Source { site, prefix: 0, address: 0 })?;
        let held = Arc::clone(&held);
        Ok::<_, Error>(stage.gate.desk().ask(move || {
            let _share = share;
            // Until nobody holds it back any more.
            held.lock().unwrap().recv().is_err()
        }))
    };
    let hers: Vec<_> = (0..100).filter_map(|_| ask(hana.account, 1).ok()).collect();
    assert_eq!(ask(hana.account, 1).map(|_| ()).unwrap_err(), Error::Busy);
    let his = ask(ken.account, 2).unwrap();
    drop(release);
    assert!(his.await.expect("he waits behind the few of hers and is not refused"));
    for asked in hers {
        assert!(asked.await.unwrap());
    }
    assert!(ask(hana.account, 1).is_ok(), "and she may ask again");
}

#[test]
fn a_crowd_at_the_journal_is_not_told_as_a_journal_that_is_full() {
    assert_eq!(Error::from(honnin_journal::ReadError::Busy), Error::Busy);
}

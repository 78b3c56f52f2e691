use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use honnin_access::ports::RingWrite;
use honnin_access::{MergeSide, NewDevice, Permit, SetSpeed};
use honnin_intake::Mapping;
use honnin_seal::HashCost;
use honnin_store::NewWish;
use honnin_store::document::{Bills, Line, Profile, Purchases, UsageMonth, Wish};
use honnin_terms::{AccountId, Clock, HoldingId, SpeedReason, SpeedState, Stream};
use honnin_testkit::{FixedClock, TestDir};
use tokio::runtime::Runtime;

use super::*;
use crate::command::{Confirmed, Place};
use crate::installation::Installation;
use crate::machine::SystemEntropy;
use crate::run::demo::{MAPPING, write_sample};
use crate::run::serve::runtime;
use crate::settings::{FILE_NAME, Settings};
use crate::wiring::entropy;

/// Four lines, some of which share.
const GIVER: &str = "mio30617284";
/// One of their numbers.
const NUMBER: &str = "09007048120";
/// One line.
const TAKER: &str = "mio10482913";
const PASSWORD: &str = "a-password-of-a-test";
const NOW: &str = "2026-11-20T09:00:00+09:00";

/// An installation that has taken in the sample ledger.
struct Town {
    dir: TestDir,
    rooms: Rooms,
    clock: Arc<FixedClock>,
    runtime: Runtime,
}

fn opened(data: PathBuf, clock: &Arc<FixedClock>) -> Rooms {
    let settings = data.join(FILE_NAME);
    let installation = Installation::open(Place { data, settings }).unwrap();
    let rooms = Rooms::open(installation, Arc::<FixedClock>::clone(clock)).unwrap();
    // What the command writes down before it does anything is not what is tested here.
    rooms.witness.lets_everything();
    rooms
}

fn take(rooms: &Rooms, extract: &Path) {
    let mapping = Mapping::parse(MAPPING, Path::new("mapping")).unwrap();
    let dirs = [extract.to_owned()];
    let summary = rooms.with_feed(|feed| feed.take(&mapping, &dirs, &mut |_| {})).unwrap();
    assert!(summary.in_all().to_string().len() > 1);
}

impl Town {
    fn new() -> Self {
        let dir = TestDir::new();
        let sample = write_sample(dir.join("ledger")).unwrap();
        crate::machine::keep_files_to_owner();
        Installation::begin(&dir.join("data"), &dir.join("data.key"), Settings::default(), false).unwrap();
        let clock = Arc::new(FixedClock::at(NOW));
        let rooms = opened(dir.join("data"), &clock);
        take(&rooms, &sample);
        let town = Self { dir, rooms, clock, runtime: runtime(1).unwrap() };
        let cost = HashCost { memory_kib: 8, passes: 1, lanes: 1 };
        let hash = cost.hasher().hash(PASSWORD.as_bytes(), &SystemEntropy).unwrap();
        for login in [GIVER, TAKER] {
            let subscriber = &town.rooms.authorities.subscriber;
            let permit = town.rooms.operate();
            assert!(town.wait(subscriber.import_password(&permit, login, &hash, &SystemEntropy)).unwrap());
        }
        town
    }

    /// The same installation once more, as it is now.
    fn twin(&self) -> Rooms {
        let data = self.dir.join("twin");
        fs::create_dir(&data).unwrap();
        fs::create_dir(data.join("store")).unwrap();
        for file in
            [FILE_NAME, "keyring.toml", "journal.pub", "store/honnin.sqlite", "store/honnin.sqlite-wal"]
        {
            let from = self.dir.join("data").join(file);
            if from.exists() {
                fs::copy(from, data.join(file)).unwrap();
            }
        }
        opened(data, &self.clock)
    }

    fn wait<T>(&self, answer: impl Future<Output = T>) -> T {
        self.runtime.block_on(answer)
    }

    fn session(&self, login: &str) -> honnin_access::Session {
        let subscriber = &self.rooms.authorities.subscriber;
        let device = NewDevice::of_nobody("test".to_owned());
        let permit = self.rooms.operate();
        let signed_in =
            self.wait(subscriber.sign_in_without_password(&permit, login, device, &SystemEntropy)).unwrap();
        let stream = Stream::begin(&entropy());
        self.wait(subscriber.session(&signed_in.token, stream, self.clock.now())).unwrap()
    }

    fn code(&self, login: &str, side: MergeSide) -> String {
        let session = self.session(login);
        let subscriber = &self.rooms.authorities.subscriber;
        let permit = subscriber.agree_to_merge(&session).unwrap();
        let consent = self.wait(subscriber.consent_to_merge(&session, permit, PASSWORD, side)).unwrap();
        let (permit, row) = consent.row;
        self.wait(self.rooms.store.put_consent(&permit, row)).unwrap();
        consent.code.reveal().to_owned()
    }

    fn args(&self) -> Agreement {
        Agreement {
            from: GIVER.to_owned(),
            from_code: self.code(GIVER, MergeSide::Gives).into(),
            into: TAKER.to_owned(),
            into_code: self.code(TAKER, MergeSide::Takes).into(),
        }
    }

    fn wish_permit(&self, line: HoldingId) -> Permit<SetSpeed> {
        let session = self.session(GIVER);
        self.rooms.authorities.subscriber.set_speed(&session, line).unwrap()
    }

    fn set_wish(&self, permit: &Permit<SetSpeed>, version: u64) -> Result<(), Error> {
        let now = self.clock.now();
        let wish = Wish {
            high: false,
            applied_high: None,
            state: SpeedState::Accepted,
            reason: SpeedReason::Chosen,
            version,
            asked_at: now,
            changed_at: now,
            session: None,
        };
        let contract = self.wait(self.rooms.store.contract_to_set(permit))?;
        let epoch = contract.and_then(|contract| honnin_access::epoch_of(&contract)).unwrap_or(1);
        let wish = NewWish {
            read_revision: version - 1,
            blob: permit.seal((epoch, &[]), &wish, version, &SystemEntropy).unwrap(),
            epoch,
            version,
            at: now,
            least_seconds: 0,
            key: None,
            key_seconds: 60,
        };
        self.wait(self.rooms.store.set_wish(permit, wish)).map(|_| ())
    }
}

fn account(rooms: &Rooms, login: &str) -> AccountId {
    rooms.keeper.account_id(login)
}

/// Everything stored of every account, opened: by account, holding, kind and row.
fn everything(rooms: &Rooms) -> BTreeMap<String, String> {
    let append = rooms.authorities.feed.append(rooms.clock.0.now(), crate::wiring::request());
    let runtime = runtime(1).unwrap();
    let ids = runtime.block_on(rooms.store.account_ids(&rooms.operate(), None, 1_000)).unwrap();
    let mut all = BTreeMap::new();
    for stored in runtime.block_on(rooms.store.accounts(&append, &ids)).unwrap() {
        let keys = rooms.keeper.open_account(&append, &stored).unwrap();
        for document in &stored.documents {
            let opened = match document.key.kind {
                "profile" => format!("{:?}", keys.open::<Profile>(document).unwrap()),
                "bills" => format!("{:?}", keys.open::<Bills>(document).unwrap()),
                "line" => format!("{:?}", keys.open::<Line>(document).unwrap()),
                "usage" => format!("{:?}", keys.open::<UsageMonth>(document).unwrap()),
                "purchases" => format!("{:?}", keys.open::<Purchases>(document).unwrap()),
                other => panic!("{other}"),
            };
            let (holding, kind, row) = (document.key.holding, document.key.kind, &document.key.row);
            all.insert(format!("{} {holding:?} {kind} {row:?}", stored.account), opened);
        }
    }
    all
}

fn lines_of(rooms: &Rooms, login: &str) -> Vec<HoldingId> {
    let append = rooms.authorities.feed.append(rooms.clock.0.now(), crate::wiring::request());
    let runtime = runtime(1).unwrap();
    let stored = runtime.block_on(rooms.store.accounts(&append, &[account(rooms, login)])).unwrap();
    let keys = rooms.keeper.open_account(&append, &stored[0]).unwrap();
    let profile = stored[0].documents.iter().find(|document| document.key.kind == "profile").unwrap();
    keys.open::<Profile>(profile).unwrap().lines.iter().map(|entry| entry.holding).collect()
}

/// An extract with usage of the giver's line that nobody has taken in yet.
fn late_usage(town: &Town) -> PathBuf {
    let heading = fs::read(town.dir.join("ledger").join("利用量_202611.csv")).unwrap();
    let mut text: Vec<u8> = heading.split_inclusive(|octet| *octet == b'\n').next().unwrap().to_vec();
    text.extend(format!("\"U99000001\",\"{NUMBER}\",\"2026/11/19\",\"777001\",\"0\"\r\n").bytes());
    text.extend(format!("\"U99000002\",\"{NUMBER}\",\"2026/10/03\",\"777002\",\"0\"\r\n").bytes());
    let extract = town.dir.join("late");
    fs::create_dir_all(&extract).unwrap();
    fs::write(extract.join("利用量_202611.csv"), text).unwrap();
    extract
}

async fn undo(town: &Town, merge: u64) -> Result<Exit, Failure> {
    unmerge(Say::Text, &town.rooms, "a test", UnmergeArgs { merge, confirmed: Confirmed { yes: true } }).await
}

#[test]
fn what_arrives_while_merged_goes_with_its_line_and_comes_back_with_it() {
    let town = Town::new();
    let never_merged = town.twin();
    let (sample, late) = (town.dir.join("ledger"), late_usage(&town));
    let [given, kept] = [GIVER, TAKER].map(|login| lines_of(&town.rooms, login));
    assert_eq!((given.len(), kept.len()), (4, 1));

    town.wait(merge_agreed(Say::Text, &town.rooms, &town.args())).unwrap();
    assert!(lines_of(&town.rooms, GIVER).is_empty());
    let merged = lines_of(&town.rooms, TAKER);
    assert!(merged.len() == 5 && given.iter().all(|line| merged.contains(line)));
    let before = everything(&town.rooms);
    take(&town.rooms, &sample);
    assert_eq!(everything(&town.rooms), before, "the same extract again changes nothing");
    take(&town.rooms, &late);
    take(&town.rooms, &late);
    let after = everything(&town.rooms);
    let taker = account(&town.rooms, TAKER).to_string();
    let changed: Vec<&String> = after
        .iter()
        .filter(|(place, text)| before.get(*place) != Some(text))
        .map(|(place, _)| place)
        .collect();
    assert_eq!(changed.len(), 3, "the line and two months: {changed:?}");
    assert!(changed.iter().all(|place| place.starts_with(&taker)), "{changed:?}");

    town.wait(undo(&town, 1)).unwrap();
    for extract in [&late, &late] {
        take(&never_merged, extract);
    }
    assert_eq!(everything(&town.rooms), everything(&never_merged), "as if there had been no merge");
    take(&town.rooms, &sample);
    take(&town.rooms, &late);
    assert_eq!(everything(&town.rooms), everything(&never_merged));
    let verified = honnin_journal::verify(
        &town.rooms.installation.journal(),
        &crate::wiring::trust(&town.rooms).unwrap(),
        None,
    );
    assert_eq!(verified.unwrap().bases, 1, "the merge stands in the journal");
}

#[test]
fn a_consent_counts_for_its_time_and_once() {
    let town = Town::new();
    let before = everything(&town.rooms);
    let args = town.args();
    town.clock.advance_seconds(901);
    assert!(
        town.wait(merge_agreed(Say::Text, &town.rooms, &args)).is_err(),
        "a quarter of an hour has passed"
    );
    assert_eq!(everything(&town.rooms), before);
    let args = town.args();
    town.clock.advance_seconds(899);
    town.wait(merge_agreed(Say::Text, &town.rooms, &args)).unwrap();
    town.wait(undo(&town, 1)).unwrap();
    assert!(town.wait(merge_agreed(Say::Text, &town.rooms, &args)).is_err(), "both codes are used up");
    assert!(town.wait(undo(&town, 1)).is_err() && town.wait(undo(&town, 2)).is_err());
    assert_eq!(everything(&town.rooms), before);
}

#[test]
fn what_is_written_meanwhile_is_noticed_and_nothing_is_left_behind() {
    let town = Town::new();
    let line = lines_of(&town.rooms, GIVER)[0];
    let early = town.wish_permit(line);
    town.set_wish(&early, 1).unwrap();
    let args = town.args();
    let permit = town.rooms.operate();
    let subscriber = &town.rooms.authorities.subscriber;
    let prepared = |args: &Agreement| {
        let [from, into] = [GIVER, TAKER].map(|login| account(&town.rooms, login));
        let rows = [from, into].map(|one| town.wait(town.rooms.store.consent(&permit, one)).unwrap());
        let shown = |login, code, row| Proven { login, code, row };
        let giver = shown(GIVER, args.from_code.as_str(), rows[0].as_ref());
        let taker = shown(TAKER, args.into_code.as_str(), rows[1].as_ref());
        let consent = subscriber.prove_merge(&permit, &giver, &taker).unwrap();
        let material = town.wait(town.rooms.store.merge_material(&permit, from, into)).unwrap().unwrap();
        let (moving, reason) = town.rooms.keeper.merge(&consent).seal(&material).unwrap();
        (material.steps, moving, reason)
    };
    let commit =
        |(steps, moving, reason)| town.wait(town.rooms.store.commit_move(&permit, steps, moving, reason));

    let before = everything(&town.rooms);
    let stale = prepared(&args);
    town.set_wish(&early, 2).unwrap();
    assert_eq!(commit(stale), Err(Error::Conflict), "a wish was written");
    let stale = prepared(&args);
    take(&town.rooms, &late_usage(&town));
    assert_eq!(commit(stale), Err(Error::Conflict), "the feed has moved on");
    assert_ne!(everything(&town.rooms), before);
    let stale = prepared(&args);
    let args = Agreement { from_code: town.code(GIVER, MergeSide::Gives).into(), ..args };
    assert_eq!(commit(stale), Err(Error::Conflict), "the consent was replaced");

    let late = town.wish_permit(line);
    let twice = prepared(&args);
    assert_eq!(commit(prepared(&args)), Ok(()));
    assert_eq!(commit(twice), Err(Error::Conflict), "the consents are used up");
    assert_eq!(town.set_wish(&late, 3), Err(Error::Conflict), "a request that was on its way leaves no wish");

    let taker = account(&town.rooms, TAKER);
    let drive = town.rooms.authorities.element.drive_line(taker, line, town.clock.now(), permit.request());
    let material = town.wait(town.rooms.store.drive_material(&drive)).unwrap().unwrap();
    let driven = town.rooms.keeper.drive(&drive, &material).unwrap();
    let claim = honnin_store::Claim { now: town.clock.now(), lease_seconds: 60, most: 10 };
    let claimed = town.wait(town.rooms.store.claim(&drive, claim)).unwrap();
    assert_eq!((claimed.len(), claimed[0].account, claimed[0].holding), (1, taker, line));
    assert_eq!(driven.open_wish(&claimed[0].row).unwrap().version, 2, "the wish has gone with its line");
}

#[test]
fn an_intake_that_read_before_a_merge_writes_nothing_after_it() {
    let town = Town::new();
    let late = late_usage(&town);
    let mapping = Mapping::parse(MAPPING, Path::new("mapping")).unwrap();
    let args = town.args();
    let mut merged = false;
    let mut between = |_: honnin_intake::Tick<'_>| {
        if !std::mem::replace(&mut merged, true) {
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    runtime(1).unwrap().block_on(merge_agreed(Say::Text, &town.rooms, &args)).unwrap()
                });
            });
        }
    };
    let taken = town.rooms.with_feed(|feed| feed.take(&mapping, std::slice::from_ref(&late), &mut between));
    assert!(matches!(taken, Err(honnin_intake::RunError::Overtaken)), "{taken:?}");
    let before = everything(&town.rooms);
    take(&town.rooms, &late);
    let changed = everything(&town.rooms).iter().filter(|(at, text)| before.get(*at) != Some(text)).count();
    assert_eq!(changed, 3, "started again it takes all of it in, for whoever has the line now");
}

#[test]
fn a_session_of_who_gave_her_lines_is_in_no_ring_and_no_row_revives_it() {
    let town = Town::new();
    let subscriber = &town.rooms.authorities.subscriber;
    let args = town.args();
    let device = NewDevice::of_nobody("test".to_owned());
    let permit = town.rooms.operate();
    let signed_in = subscriber.sign_in_without_password(&permit, GIVER, device, &SystemEntropy);
    let token = town.wait(signed_in).unwrap().token;
    let tenant = town.rooms.installation.tenant();
    let found = || town.wait(town.rooms.store.session(tenant, &token.row_hash())).unwrap();
    let before = found().expect("she is signed in");
    town.wait(merge_agreed(Say::Text, &town.rooms, &args)).unwrap();
    assert!(found().is_none(), "her sessions end with the merge");
    // Who can write the store puts her row back, beside the ring as it is now.
    let giver = account(&town.rooms, GIVER);
    let now = town.wait(town.rooms.store.credential(tenant, giver)).unwrap().unwrap();
    let ring = RingWrite { read_version: now.ring_version, sealed: now.ring.clone(), ended: Vec::new() };
    let row = honnin_access::ports::SessionRow { ring_version: 0, ..(*before.session).clone() };
    town.wait(town.rooms.store.insert_session(token.row_hash(), row, ring)).unwrap();
    assert!(found().is_some(), "the row stands there again");
    let stream = Stream::begin(&entropy());
    let revived = town.wait(subscriber.session(&token, stream, town.clock.now()));
    assert!(revived.is_err(), "a cookie that had ended signs in again");
}

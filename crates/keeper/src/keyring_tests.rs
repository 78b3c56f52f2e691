use std::fs;

use honnin_seal::KeyShare;
use honnin_testkit::SeededEntropy;

use super::*;
use crate::{EpochList, Silent};

const KEY_FILE: &[u8] = b"a key file of more than thirty-two octets\n";

fn open(data: &Path, key_file: &[u8]) -> Result<Keeper, KeyringError> {
    Keeper::open(data, key_file, TenantId::FIRST, Arc::new(SeededEntropy::new(7)), Arc::new(Silent))
}

fn made() -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    Keeper::create(data.path(), KEY_FILE, &SeededEntropy::new(1)).unwrap();
    data
}

#[test]
fn a_keyring_opens_with_its_own_key_file_only() {
    let data = made();
    assert!(open(data.path(), KEY_FILE).is_ok());
    assert!(open(data.path(), KEY_FILE.trim_ascii()).is_ok(), "an editor's newline does not matter");
    assert!(matches!(
        open(data.path(), b"another key file of more than 32 octets"),
        Err(KeyringError::WrongKey(_))
    ));
    assert!(matches!(open(data.path(), b"short"), Err(KeyringError::ShortKey)));
    let elsewhere = tempfile::tempdir().unwrap();
    assert!(matches!(open(elsewhere.path(), KEY_FILE), Err(KeyringError::Missing(_))));
}

/// What a token has wrapped stands beside what it opens, through a change of the key and back to a key file.
#[test]
fn what_a_token_wrapped_goes_along_with_its_half_of_the_keyring() {
    let (data, entropy) = (tempfile::tempdir().unwrap(), SeededEntropy::new(1));
    let data = data.path();
    let (first, second): (&[u8], &[u8]) =
        (b"a first key that a token has wrapped", b"a second key that a token has wrapped");
    let held = |blob: &'static [u8], key| NewKey { key, held: Some(blob) };
    Keeper::create(data, held(b"one", first), &entropy).unwrap();
    assert_eq!(Keeper::held(data).unwrap(), [b"one"]);
    assert!(open(data, first).is_ok(), "whoever has the key itself needs no token: shares bring it back");

    Keeper::add_key(data, first, held(b"two", second), &entropy).unwrap();
    assert_eq!(Keeper::held(data).unwrap(), [b"two", b"one"], "the newest is asked for first");
    assert_eq!(Keeper::finish_key(data, second).unwrap(), Finished::Newer);
    assert_eq!(Keeper::held(data).unwrap(), [b"two"]);
    assert!(matches!(open(data, first), Err(KeyringError::WrongKey(_))));

    Keeper::add_key(data, second, KEY_FILE, &entropy).unwrap();
    assert_eq!(Keeper::held(data).unwrap(), [b"two"]);
    assert_eq!(Keeper::finish_key(data, KEY_FILE).unwrap(), Finished::Newer);
    assert!(Keeper::held(data).unwrap().is_empty());
    assert!(open(data, KEY_FILE).is_ok());
}

#[test]
fn a_keyring_is_never_overwritten() {
    let data = made();
    let before = fs::read(data.path().join(FILE)).unwrap();
    let again = Keeper::create(data.path(), KEY_FILE, &SeededEntropy::new(2));
    assert!(matches!(again, Err(KeyringError::Exists(_))));
    assert_eq!(fs::read(data.path().join(FILE)).unwrap(), before);
}

#[test]
fn a_demo_says_so_inside_its_seal() {
    let (real, demo) = (made(), tempfile::tempdir().unwrap());
    Keeper::create_demo(demo.path(), KEY_FILE, &SeededEntropy::new(1)).unwrap();
    for (data, is_demo) in [(real.path(), false), (demo.path(), true)] {
        assert_eq!(open(data, KEY_FILE).unwrap().is_demo(), is_demo);
        let says = Keeper::outline(data).unwrap();
        assert_eq!(says, Outline { demo: is_demo, two_keys: false });
        let path = data.join(FILE);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace(&format!("demo = {is_demo}"), &format!("demo = {}", !is_demo)))
            .unwrap();
        assert!(matches!(open(data, KEY_FILE), Err(KeyringError::WrongKey(_))), "{is_demo}");
    }
}

#[test]
fn an_altered_keyring_is_refused() {
    let data = made();
    let path = data.path().join(FILE);
    let text = fs::read_to_string(&path).unwrap();
    for (from, to) in [("format = 1", "format = 2"), ("root = \"", "root = \"AAAA"), ("salt", "pepper")] {
        fs::write(&path, text.replace(from, to)).unwrap();
        assert!(open(data.path(), KEY_FILE).is_err(), "{from}");
    }
}

#[test]
fn ids_are_the_same_after_opening_again_and_differ_by_tenant() {
    let data = made();
    let (one, two) = (open(data.path(), KEY_FILE).unwrap(), open(data.path(), KEY_FILE).unwrap());
    assert_eq!(one.account_id("mio55598548"), two.account_id(" ＭＩＯ５５５９８５４８ "));
    let other = Keeper::open(
        data.path(),
        KEY_FILE,
        TenantId::new(2),
        Arc::new(SeededEntropy::new(7)),
        Arc::new(Silent),
    )
    .unwrap();
    assert_ne!(one.account_id("mio55598548"), other.account_id("mio55598548"));
    let day = Day::new(2026, 10, 22).unwrap();
    let (a, b) = (one.account_id("a"), one.account_id("b"));
    assert_ne!(
        one.holding_id(a, "hdo1", day),
        one.holding_id(b, "hdo1", day),
        "a line handed over is another holding"
    );
    assert_ne!(one.holding_id(a, "hdo1", day), one.holding_id(a, "hdo1", day.plus(1)));
}

#[test]
fn an_epoch_lasts_its_time_and_is_then_followed_by_another() {
    let data = made();
    let keeper = open(data.path(), KEY_FILE).unwrap();
    let month = 30 * 86_400;
    let start = honnin_terms::Moment::EPOCH;
    let none = EpochList::default();
    assert!(none.is_due(start, month));
    let first = keeper.begin_epoch(&none, start).unwrap();
    assert!(!first.is_due(start.plus_seconds(month - 1), month));
    assert!(first.is_due(start.plus_seconds(month), month));
    let second = keeper.begin_epoch(&first, start.plus_seconds(month)).unwrap();
    assert_eq!((first.present(), second.present()), (1, 2));

    // Any node reads what one has written.
    let sealed = keeper.seal_epochs(&second).unwrap();
    let again = open(data.path(), KEY_FILE).unwrap();
    let read = again.open_epochs(&sealed).unwrap();
    assert_eq!(read, second);
    let names = |keeper: &Keeper, list: &EpochList| -> Vec<(u32, [u8; 16])> {
        let keys = keeper.epoch_keys(list).unwrap();
        keys.iter().map(|epoch| (epoch.number, epoch.pseudonyms.index(&[b"x"]))).collect()
    };
    assert_eq!(names(&again, &read), names(&keeper, &second));
    assert_ne!(names(&keeper, &second)[0].1, names(&keeper, &second)[1].1);

    let rest = read.without(start.plus_seconds(10 * month)).unwrap();
    assert_eq!(names(&again, &rest), names(&again, &read)[1..], "the present epoch is kept");
    assert_eq!(rest.without(start.plus_seconds(10 * month)), None, "there is nothing more");
    assert!(again.open_epochs(&sealed[..sealed.len() - 1]).is_err());
    assert!(again.open_epochs(&again.seal_mode(b"0 open").unwrap()).is_err(), "another row");
}

#[test]
fn a_keeper_acts_for_its_own_tenant_only() {
    use honnin_access::ports::{KeyRelease as _, RecordKind};

    let data = made();
    let keeper = open(data.path(), KEY_FILE).unwrap();
    let (account, entropy) = (keeper.account_id("mio1"), SeededEntropy::new(3));
    let (own, other) = (TenantId::FIRST, TenantId::new(2));
    let sealed = keeper.seal_record(own, account, RecordKind::Code, b"code", &entropy).unwrap();
    assert_eq!(keeper.open_record(own, account, RecordKind::Code, &sealed).unwrap(), b"code");
    assert!(keeper.open_record(other, account, RecordKind::Code, &sealed).is_err());
    let challenge = keeper.seal_record(own, account, RecordKind::Challenge, b"code", &entropy).unwrap();
    for kind in [RecordKind::Ticket, RecordKind::Code, RecordKind::Password] {
        assert!(keeper.open_record(own, account, kind, &challenge).is_err(), "a challenge is no {kind:?}");
    }
    assert!(
        keeper.seal_record(other, account, RecordKind::Code, b"code", &entropy).is_err(),
        "nothing is sealed for another"
    );
    assert!(keeper.new_account_key(own, account, 1, &entropy).is_ok());
    assert!(keeper.new_account_key(other, account, 1, &entropy).is_err());
    let token = honnin_seal::SessionToken::random(&entropy);
    let key =
        honnin_seal::SessionKey::of_session(&token, honnin_terms::SessionId::from_octets([1; 16])).unwrap();
    let hash = token.row_hash();
    let left = keeper.leave(own, account, (&key, &hash), &entropy).unwrap();
    assert!(keeper.take_up(own, account, &left).is_ok());
    assert!(keeper.take_up(other, account, &left).is_err());
    assert!(keeper.leave(other, account, (&key, &hash), &entropy).is_err(), "nothing is left for another");
}

/// Lets nothing be done.
struct Closed;

impl Witness for Closed {
    fn about_to(&self, _: Deed) -> Result<(), crate::Refused> {
        Err(crate::Refused::NotRecorded)
    }

    fn about_to_release(
        &self,
        _: &honnin_access::SignInProof,
    ) -> honnin_access::Answer<'_, Result<(), crate::Refused>> {
        honnin_access::Answer::ready(Err(crate::Refused::NotRecorded))
    }
}

#[test]
fn what_sign_in_asks_for_is_done_only_where_the_witness_lets_it() {
    use honnin_access::ports::{KeyRelease as _, RecordKind};
    let data = made();
    let (entropy, tenant) = (SeededEntropy::new(7), TenantId::FIRST);
    let open_with = |witness: Arc<dyn Witness>| {
        Keeper::open(data.path(), KEY_FILE, tenant, Arc::new(SeededEntropy::new(7)), witness).unwrap()
    };
    let (open, closed) = (open_with(Arc::new(Silent)), open_with(Arc::new(Closed)));
    let account = open.account_id("mio1");
    let token = honnin_seal::SessionToken::random(&entropy);
    let key =
        honnin_seal::SessionKey::of_session(&token, honnin_terms::SessionId::from_octets([1; 16])).unwrap();
    let sealed = open.seal_record(tenant, account, RecordKind::Code, b"x", &entropy).unwrap();
    let left = open.leave(tenant, account, (&key, &token.row_hash()), &entropy).unwrap();
    assert!(open.take_up(tenant, account, &left).is_ok());
    assert!(closed.seal_record(tenant, account, RecordKind::Code, b"x", &entropy).is_err());
    assert!(closed.open_record(tenant, account, RecordKind::Code, &sealed).is_err());
    assert!(closed.leave(tenant, account, (&key, &token.row_hash()), &entropy).is_err());
    assert!(closed.take_up(tenant, account, &left).is_err());
    assert!(closed.new_account_key(tenant, account, 1, &entropy).is_err());
}

#[test]
fn another_course_has_other_logs_and_keeps_the_epochs_that_are_known() {
    let data = made();
    let keeper = open(data.path(), KEY_FILE).unwrap();
    let now = honnin_terms::Moment::EPOCH.plus_seconds(1_000);
    let first = keeper.begin_epoch(&EpochList::default(), now).unwrap();
    // Entries of epochs 2 and 3 outlived the store that knew them.
    let second = keeper.begin_course(&first, 3, now).unwrap();
    let third = keeper.begin_course(&second, 3, now).unwrap();
    let log = |list: &EpochList| keeper.journal_log("1", &list.course().unwrap()).unwrap();
    assert_eq!(log(&first), log(&EpochList::default()));
    assert!(log(&first) != log(&second) && log(&second) != log(&third) && log(&first) != log(&third));
    assert_ne!(
        log(&second),
        log(&keeper.begin_course(&first, 3, now).unwrap()),
        "two that go on from one copy"
    );
    let numbers = |list: &EpochList| -> Vec<u32> {
        keeper.epoch_keys(list).unwrap().into_iter().map(|keys| keys.number).collect()
    };
    assert_eq!((numbers(&first), numbers(&second)), (vec![1], vec![1, 4]));
    assert_eq!(second.present(), 4);
    let read = keeper.open_epochs(&keeper.seal_epochs(&third).unwrap()).unwrap();
    assert_eq!(read, third);
    assert!(keeper.begin_course(&first, u32::MAX, now).is_err(), "no journal of ours");
}

#[test]
fn a_rotation_changes_the_key_file_and_nothing_that_hangs_on_the_root() {
    const ANOTHER: &[u8] = b"another key file of more than 32 octets";
    let data = made();
    let (opens, two) = (
        |key| open(data.path(), key).map(|keeper| keeper.account_id("somebody")),
        || Keeper::outline(data.path()).unwrap().two_keys,
    );
    let before = opens(KEY_FILE).unwrap();
    let add = |key| Keeper::add_key(data.path(), key, ANOTHER, &SeededEntropy::new(3));
    assert!(matches!(add(b"a third one that opens nothing at all"), Err(KeyringError::WrongKey(_))));
    assert!(!two() && opens(ANOTHER).is_err());
    // What was left by one that was killed is in nobody's way; doing it again changes nothing.
    fs::write(data.path().join("keyring.toml.new"), "half").unwrap();
    add(KEY_FILE).unwrap();
    let text = || fs::read(data.path().join(FILE)).unwrap();
    let once = text();
    add(KEY_FILE).unwrap();
    assert_eq!(text(), once);
    assert!(two() && opens(KEY_FILE).unwrap() == before && opens(ANOTHER).unwrap() == before);
    let third = b"a third key file of more than 32 octets";
    let refused = Keeper::add_key(data.path(), KEY_FILE, third, &SeededEntropy::new(4));
    assert!(matches!(refused, Err(KeyringError::UnderWay(_))), "the second one would open nothing more");
    assert!(opens(ANOTHER).unwrap() == before);
    assert_eq!(Keeper::finish_key(data.path(), ANOTHER).unwrap(), Finished::Newer);
    assert!(!two() && opens(ANOTHER).unwrap() == before);
    assert!(matches!(opens(KEY_FILE), Err(KeyringError::WrongKey(_))), "the old one opens nothing more");
    assert_eq!(Keeper::finish_key(data.path(), ANOTHER).unwrap(), Finished::Already);
    assert!(matches!(Keeper::finish_key(data.path(), KEY_FILE), Err(KeyringError::WrongKey(_))));
}

#[test]
fn a_rotation_that_is_finished_with_the_older_key_is_taken_back() {
    let (data, newer) = (made(), b"a newer key file of more than 32 octets");
    Keeper::add_key(data.path(), KEY_FILE, newer, &SeededEntropy::new(3)).unwrap();
    assert_eq!(Keeper::finish_key(data.path(), KEY_FILE).unwrap(), Finished::Older);
    assert!(open(data.path(), KEY_FILE).is_ok());
    assert!(matches!(open(data.path(), newer), Err(KeyringError::WrongKey(_))));
}

#[test]
fn shares_bring_back_the_key_file_that_opens_the_keyring() {
    let data = made();
    let entropy = SeededEntropy::new(9);
    let other = Keeper::deal(data.path(), b"another key file of more than 32 octets", (2, 3), &entropy);
    assert!(matches!(other, Err(KeyringError::WrongKey(_))));
    let shares = Keeper::deal(data.path(), KEY_FILE, (2, 3), &entropy).unwrap();
    let key = open(data.path(), KEY_FILE).unwrap().key();
    assert!(shares.iter().all(|share| share.key() == key), "they are named as the key is");
    let back = KeyShare::join(&shares[1..]).unwrap();
    assert_eq!(open(data.path(), &back).unwrap().key(), key);
}

#[test]
fn another_key_file_is_called_otherwise() {
    let (data, another) = (made(), b"the key file to come, of more than 32 octets");
    let before = open(data.path(), KEY_FILE).unwrap().key();
    Keeper::add_key(data.path(), KEY_FILE, another, &SeededEntropy::new(3)).unwrap();
    let after = open(data.path(), another).unwrap().key();
    assert_ne!(before, after);
    assert_eq!(open(data.path(), KEY_FILE).unwrap().key(), before, "each its own while both open it");
    Keeper::finish_key(data.path(), another).unwrap();
    assert_eq!(open(data.path(), another).unwrap().key(), after, "and the same when the other is gone");
}

//! What a key opens, and everything it must not open.

use honnin_terms::{AccountId, HoldingId};
use proptest::prelude::*;

use super::*;
use crate::Purpose;

struct Fixed(u8);
impl Entropy for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

fn place(row: &[u8]) -> Place<'_> {
    Place {
        tenant: TenantId::FIRST,
        account: Some(AccountId::from_octets([1; 16])),
        holding: Some(HoldingId::from_octets([2; 16])),
        session: Some(SessionId::from_octets([3; 16])),
        purpose: Purpose::Document("home"),
        row,
        schema: 1,
        epoch: 1,
    }
}

/// The same place with each part changed in turn.
fn other_places(place: Place<'_>) -> Vec<(&'static str, Place<'_>)> {
    vec![
        ("tenant", Place { tenant: TenantId::new(2), ..place }),
        ("account", Place { account: Some(AccountId::from_octets([9; 16])), ..place }),
        ("no account", Place { account: None, ..place }),
        ("holding", Place { holding: Some(HoldingId::from_octets([9; 16])), ..place }),
        ("no holding", Place { holding: None, ..place }),
        ("session", Place { session: Some(SessionId::from_octets([9; 16])), ..place }),
        ("no session", Place { session: None, ..place }),
        ("kind", Place { purpose: Purpose::Document("usage"), ..place }),
        ("purpose", Place { purpose: Purpose::KeeperRecord("home"), ..place }),
        ("row", Place { row: b"2026-12", ..place }),
        ("no row", Place { row: b"", ..place }),
        ("schema", Place { schema: 2, ..place }),
        ("epoch", Place { epoch: 2, ..place }),
    ]
}

#[test]
fn a_blob_opens_at_its_own_place_only() {
    let key = KindKey::random(&Fixed(7));
    let here = place(b"2026-11");
    let blob = key.seal(&here, b"3.42 GB", &Fixed(1)).unwrap();
    assert_eq!(key.open(&here, &blob).unwrap(), b"3.42 GB");
    for (part, elsewhere) in other_places(here) {
        assert_eq!(key.open(&elsewhere, &blob), Err(OpenError), "{part}");
    }
    assert_eq!(KindKey::random(&Fixed(8)).open(&here, &blob), Err(OpenError));
}

#[test]
fn parts_of_a_place_do_not_run_into_each_other() {
    let key = KindKey::random(&Fixed(7));
    let account = Place { account: Some(AccountId::from_octets([5; 16])), holding: None, ..place(b"") };
    let holding = Place { account: None, holding: Some(HoldingId::from_octets([5; 16])), ..place(b"") };
    let blob = key.seal(&account, b"x", &Fixed(1)).unwrap();
    assert_eq!(key.open(&holding, &blob), Err(OpenError));
}

#[test]
fn a_wrapped_key_opens_for_its_own_session_only() {
    let (token, other) = (SessionToken::random(&Fixed(1)), SessionToken::random(&Fixed(2)));
    let session = SessionId::from_octets([3; 16]);
    let here = Place { purpose: Purpose::AccountKeyForSession, ..place(b"") };
    let account_key = AccountKey::random(&Fixed(9));
    let wrapped =
        SessionKey::of_session(&token, session).unwrap().wrap(&here, &account_key, &Fixed(4)).unwrap();
    let opened =
        SessionKey::of_session(&token, session).unwrap().unwrap_key::<OfAccount>(&here, &wrapped).unwrap();
    assert_eq!(opened.commitment(), account_key.commitment());
    for key in [
        SessionKey::of_session(&other, session).unwrap(),
        SessionKey::of_session(&token, SessionId::from_octets([4; 16])).unwrap(),
    ] {
        assert!(key.unwrap_key::<OfAccount>(&here, &wrapped).is_err());
    }
}

#[test]
fn a_key_comes_out_with_the_octets_it_was_wrapped_beside() {
    let (keeper, key) = (KeeperKey::random(&Fixed(1)), AccountKey::random(&Fixed(2)));
    let here = Place { purpose: Purpose::AccountKeyForSession, ..place(b"") };
    for beside in [&b"until 2026"[..], b""] {
        let wrapped = keeper.wrap_beside(&here, &key, beside, &Fixed(3)).unwrap();
        let (opened, told) = keeper.unwrap_beside::<OfAccount>(&here, &wrapped).unwrap();
        assert_eq!((opened.commitment(), told.octets()), (key.commitment(), beside));
        assert_eq!(keeper.unwrap_key::<OfAccount>(&here, &wrapped).is_ok(), beside.is_empty());
        assert!(keeper.unwrap_beside::<OfAccount>(&place(b"elsewhere"), &wrapped).is_err());
        assert!(keeper.unwrap_beside::<OfRing>(&here, &wrapped).is_err(), "a key of another family");
    }
}

#[test]
fn a_kind_of_document_opens_with_the_key_of_its_own_kind_only() {
    let ring = RingKey::random(&Fixed(7));
    let line = HoldingId::from_octets([2; 16]);
    let key =
        |ring: &RingKey, holding, epoch, kind: &str| KindKey::of_ring(ring, holding, epoch, kind).unwrap();
    let here = place(b"");
    let blob = key(&ring, Some(line), 1, "bills").seal(&here, b"3,480", &Fixed(1)).unwrap();
    assert_eq!(key(&ring, Some(line), 1, "bills").open(&here, &blob).unwrap(), b"3,480");
    for (what, other) in [
        ("kind", key(&ring, Some(line), 1, "usage")),
        ("epoch", key(&ring, Some(line), 2, "bills")),
        ("line", key(&ring, Some(HoldingId::from_octets([3; 16])), 1, "bills")),
        ("the account itself", key(&ring, None, 1, "bills")),
        ("account", key(&RingKey::random(&Fixed(8)), Some(line), 1, "bills")),
    ] {
        assert!(other.open(&here, &blob).is_err(), "{what}");
    }
}

#[test]
fn a_commitment_of_another_key_is_refused() {
    let keeper = KeeperKey::random(&Fixed(1));
    let here = Place { purpose: Purpose::RingForAccount, ..place(b"") };
    let one = keeper.wrap(&here, &KindKey::random(&Fixed(2)), &Fixed(3)).unwrap();
    let two = keeper.wrap(&here, &KindKey::random(&Fixed(4)), &Fixed(3)).unwrap();
    let crossed =
        [one.split_last_chunk::<32>().unwrap().0, two.split_last_chunk::<32>().unwrap().1.as_slice()]
            .concat();
    assert!(keeper.unwrap_key::<OfKind>(&here, &one).is_ok());
    assert!(keeper.unwrap_key::<OfKind>(&here, &crossed).is_err());
    assert!(
        keeper.unwrap_key::<OfAccount>(&here, &one).is_err(),
        "a key of one family never serves as another"
    );
}

#[test]
fn fixed_vectors_hold_so_that_a_new_build_opens_old_data() {
    let root = Secret::from_octets([0x11; 32]);
    let key = KeeperKey::of_root(&root, TenantId::FIRST, "wrap").unwrap();
    let index = IndexKey::of_root(&root, TenantId::FIRST, "lookup").unwrap();
    let blob = key.seal(&place(b"2026-11"), b"vector", &Fixed(0x22)).unwrap();
    let line = Some(HoldingId::from_octets([2; 16]));
    let ring = RingKey::new(Secret::from_octets([0x44; 32]));
    let kind = KindKey::of_ring(&ring, line, 1, "home").unwrap();
    let hex = |octets: &[u8]| data_encoding::HEXLOWER.encode(octets);
    assert_eq!(hex(&blob), include_str!("vectors/blob.hex").trim());
    assert_eq!(hex(kind.secret.expose()), include_str!("vectors/kind_key.hex").trim());
    assert_eq!(hex(&index.index(&[b"number", b"817012345678"])), include_str!("vectors/index.hex").trim());
    assert_eq!(
        hex(&SessionToken::random(&Fixed(0x33)).row_hash()),
        include_str!("vectors/row_hash.hex").trim()
    );
}

#[test]
fn nothing_secret_is_printed() {
    let key = AccountKey::random(&Fixed(0xab));
    let printed =
        format!("{key:?} {:?} {:?}", Secret::from_octets([0xab; 32]), SessionToken::random(&Fixed(0xab)));
    assert!(!printed.contains("ab, ") && !printed.contains("171"), "{printed}");
}

proptest! {
    #[test]
    fn what_is_sealed_opens_and_every_altered_octet_is_refused(plain: Vec<u8>, at: prop::sample::Index, bit in 0u8..8) {
        let key = KindKey::random(&Fixed(7));
        let mut blob = key.seal(&place(b""), &plain, &Fixed(1)).unwrap();
        prop_assert_eq!(key.open(&place(b""), &blob).unwrap(), plain);
        let at = at.index(blob.len());
        blob[at] ^= 1 << bit;
        prop_assert_eq!(key.open(&place(b""), &blob), Err(OpenError));
    }

    #[test]
    fn octets_from_anywhere_never_panic(blob: Vec<u8>) {
        prop_assert!(KindKey::random(&Fixed(7)).open(&place(b""), &blob).is_err());
        prop_assert!(KeeperKey::random(&Fixed(7)).unwrap_key::<OfKind>(&place(b""), &blob).is_err());
    }
}

#[test]
fn a_token_is_read_as_it_was_written_and_nothing_else_is_one() {
    let token = SessionToken::random(&Fixed(7));
    let text = token.reveal();
    let read = SessionToken::parse(text.as_bytes()).unwrap();
    assert_eq!((read.reveal(), read.row_hash()), (text.clone(), token.row_hash()));
    for other in
        ["", &text[1..], &format!("{text}A"), &format!("{}=", &text[..42]), &format!("{} ", &text[..42])]
    {
        assert!(SessionToken::parse(other.as_bytes()).is_none(), "{other:?}");
    }
}

#[test]
fn a_signature_of_another_text_or_of_another_key_is_refused() {
    let key = |octet| crate::SigningKey::of_seed(&Secret::from_octets([octet; 32])).unwrap();
    let (hers, signature) = (key(1).verifying_key().unwrap(), key(1).sign(b"text"));
    assert!(hers.verify(b"text", &signature).is_ok());
    assert!(hers.verify(b"test", &signature).is_err());
    assert!(hers.verify(b"text", &key(2).sign(b"text")).is_err());
    assert!(hers.verify(b"text", &[]).is_err());
}

#[test]
fn a_place_of_an_account_is_of_that_account() {
    let of = |octet| {
        Place::of_account(TenantId::FIRST, AccountId::from_octets([octet; 16]), Purpose::Document("a"))
    };
    assert_ne!(of(1).octets(), of(2).octets());
    assert_ne!(of(1).octets(), Place::of_tenant(TenantId::FIRST, Purpose::Document("a")).octets());
}

//! Passkeys on pages and for programs.

use std::fmt::Write as _;

use honnin_access::SignInSettings;
use honnin_journal::Kind;
use honnin_seal::{Secret, SigningKey, digest};
use honnin_stand::sign_in;
use honnin_testkit::{Authenticator, Made, Presented};
use serde_json::{Value, json};

use super::house::{House, PASSWORD, Subscriber};
use super::wire::Reply;

const JSON_TYPE: &str = "Content-Type: application/json\r\n";
const ORIGIN: &str = "https://my.example.jp";
const CHALLENGE: &str = "/api/v1/sessions/passkey/challenge";

/// A passkey with a key of its own.
pub(super) fn authenticator(number: u8) -> Authenticator {
    let key = SigningKey::of_seed(&Secret::from_octets([number; 32])).unwrap();
    let head = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    let public = [head.as_slice(), &key.verifying_key().unwrap().0].concat();
    Authenticator::new(ORIGIN, (public, -8), |octets| digest(&[octets]), Box::new(move |text| key.sign(text)))
}

/// What a program sends.
pub(super) fn body(shown: &Presented) -> Value {
    json!({
        "id": shown.id,
        "user_handle": shown.handle,
        "client_data": shown.client_data,
        "authenticator_data": shown.authenticator_data,
        "signature": shown.signature,
    })
}

/// What a page sends.
fn form(shown: &Presented) -> String {
    let object = body(shown);
    let mut text = "next=%2Fbills".to_owned();
    for (name, value) in object.as_object().unwrap() {
        write!(text, "&{name}={}", value.as_str().unwrap()).unwrap();
    }
    text
}

fn made(made: &Made, name: &str) -> String {
    let Made { id, client_data, authenticator_data, key, algorithm } = made;
    format!(
        "name={name}&id={id}&client_data={client_data}&authenticator_data={authenticator_data}&key={key}&algorithm={algorithm}"
    )
}

/// What stands in a page between those.
fn between<'a>(page: &'a str, before: &str, behind: &str) -> &'a str {
    let (_, rest) = page.split_once(before).unwrap_or_else(|| panic!("{before} is not in {page}"));
    rest.split_once(behind).unwrap().0
}

fn has_session(reply: &Reply) -> bool {
    reply.head.lines().any(|line| line.starts_with("set-cookie: session="))
}

impl House {
    /// A challenge, for who sends those header fields.
    pub(super) async fn passkey_challenge(&self, headers: &str) -> String {
        let given = self.ask("GET", CHALLENGE, headers, "").await;
        assert_eq!(given.status, 200, "{}", given.text());
        given.json()["challenge"].as_str().unwrap().to_owned()
    }

    /// Makes a passkey on her page.
    pub(super) async fn add_passkey(&self, who: &Subscriber, number: u8) -> Authenticator {
        let mut passkey = authenticator(number);
        let page = self.get(who, "/account/passkeys").await.text();
        let (challenge, handle) =
            (between(&page, "data-challenge=\"", "\""), between(&page, "data-handle=\"", "\""));
        let told = passkey.make(challenge, handle);
        let kept = self.post(Some(who), "/account/passkeys", &made(&told, "Pixel")).await;
        assert_eq!(kept.header("location"), Some("/account/passkeys?said=passkey"), "{}", kept.text());
        passkey
    }

    fn entries(&self, kind: Kind) -> usize {
        (0..self.journal.size()).filter(|at| self.journal.read_at(*at).unwrap().kind == kind).count()
    }
}

#[tokio::test]
async fn a_passkey_is_made_used_and_taken_away_on_pages() {
    let house = House::open().await;
    let cookie = format!("Cookie: {}\r\n", house.hana.cookie);
    assert!(house.get(&house.hana, "/settings").await.text().contains("/account/passkeys"));
    let none = house.get(&house.hana, "/account/passkeys").await.text();
    assert!(none.contains("登録されているパスキーはありません") && none.contains("10個まで"), "{none}");
    for (what, sent) in [("nothing", "name=x"), ("no name", "name=")] {
        let refused = house.post(Some(&house.hana), "/account/passkeys", sent).await;
        assert!(refused.status == 422 && !refused.text().contains("data-challenge"), "{what}");
    }
    let mut passkey = house.add_passkey(&house.hana, 1).await;
    assert_eq!(house.entries(Kind::PasskeyMade), 1);
    let listed = house.get(&house.hana, "/account/passkeys").await.text();
    assert!(listed.contains("Pixel") && listed.contains("まだ使われていません"), "{listed}");

    let page = house.ask("GET", "/sign-in", "", "").await.text();
    assert!(page.contains("action=\"/sign-in/passkey\"") && page.contains("username webauthn"), "{page}");
    let hashes = house.hashes();
    let shown = passkey.show(&house.passkey_challenge("").await);
    let done = house.post(None, "/sign-in/passkey", &form(&shown)).await;
    assert_eq!((done.status, done.header("location"), has_session(&done)), (303, Some("/bills"), true));
    assert_eq!(house.hashes(), hashes, "nothing was hashed");
    let again = house.post(None, "/sign-in/passkey", &form(&shown)).await;
    assert!(again.status == 401 && !has_session(&again) && again.text().contains("はじめからログイン"));
    let foreign = authenticator(2).show(&house.passkey_challenge("").await);
    let foreign = Presented { handle: shown.handle.clone(), ..foreign };
    let refused = house.post(None, "/sign-in/passkey", &form(&foreign)).await;
    assert!(refused.status == 401 && refused.text().contains("このパスキーではログインできません"));
    let failed = house.get(&house.hana, "/disclosures").await.text();
    assert!(failed.contains("ログインの失敗（1件）") && failed.contains("パスキーの登録"), "{failed}");

    house.clock.advance_seconds(601);
    let listed = house.get(&house.hana, "/account/passkeys").await.text();
    let remove = "/account/passkeys/";
    assert!(listed.contains("最終利用") && !listed.contains(remove) && !listed.contains("data-challenge"));
    let asks = house.post(Some(&house.hana), "/account/passkeys", "name=x").await;
    assert!(asks.header("location").unwrap().starts_with("/account/confirm"), "{}", asks.status);
    let proof = passkey.show(&house.passkey_challenge(&cookie).await);
    let next = form(&proof).replace("%2Fbills", "%2Faccount%2Fpasskeys");
    let shown = house.post(Some(&house.hana), "/account/confirm/passkey", &next).await;
    assert_eq!(
        (shown.status, shown.header("location")),
        (303, Some("/account/passkeys")),
        "{}",
        shown.text()
    );
    let anew = between(&shown.head, "set-cookie: ", ";").to_owned();
    let anew = format!("Cookie: {anew}\r\nContent-Type: application/x-www-form-urlencoded\r\n");
    let listed = house.ask("GET", "/account/passkeys", &anew, "").await.text();
    let path = format!("{remove}{}/remove", between(&listed, remove, "/remove"));
    let gone = house.ask("POST", &path, &anew, "").await;
    assert_eq!(gone.header("location"), Some("/account/passkeys?said=passkey-removed"), "{}", gone.text());
    assert_eq!(
        (house.entries(Kind::PasskeyRemoved), house.ask("POST", &path, &anew, "").await.status),
        (1, 404)
    );
    let shown = passkey.show(&house.passkey_challenge("").await);
    assert!(!has_session(&house.post(None, "/sign-in/passkey", &form(&shown)).await));
}

#[tokio::test]
async fn a_program_signs_in_by_a_passkey_in_one_call() {
    let house = House::open().await;
    let mut passkey = house.add_passkey(&house.hana, 1).await;
    let given = house.ask("GET", CHALLENGE, "", "").await.json();
    assert_eq!(given["rp_id"], json!("my.example.jp"), "{given}");
    let shown = passkey.show(given["challenge"].as_str().unwrap());
    let sent = body(&shown);
    for (change, code) in [
        (("signature", json!(shown.signature.replacen(&shown.signature[..4], "AAAA", 1))), "passkey_refused"),
        (("id", json!("AAAA")), "passkey_refused"),
        (("client_data", json!(passkey.show("bWFkZSB1cA").client_data)), "passkey_late"),
    ] {
        let mut other = sent.clone();
        other[change.0] = change.1;
        let refused = house.ask("POST", "/api/v1/sessions/passkey", JSON_TYPE, &other.to_string()).await;
        assert_eq!((refused.status, &refused.json()["code"]), (401, &json!(code)), "{}", change.0);
        assert!(!has_session(&refused));
    }
    let done = house.ask("POST", "/api/v1/sessions/passkey", JSON_TYPE, &sent.to_string()).await;
    assert_eq!(done.status, 201, "{}", done.text());
    let bearer = format!("Authorization: Bearer {}\r\n", done.json()["token"].as_str().unwrap());
    assert_eq!(house.ask("GET", "/api/v1/me", &bearer, "").await.status, 200);
    let again = house.ask("POST", "/api/v1/sessions/passkey", JSON_TYPE, &sent.to_string()).await;
    assert_eq!(again.json()["code"], json!("passkey_late"), "once");
    let unproven = house.ask("DELETE", "/api/v1/sessions", &bearer, "").await;
    assert_eq!(unproven.status, 204, "it is a proof");
}

#[tokio::test]
async fn where_there_are_no_passkeys_none_is_offered_or_taken() {
    let house = House::open_signing_in(SignInSettings { passkeys: None, ..sign_in() }).await;
    assert!(!house.ask("GET", "/sign-in", "", "").await.text().contains("passkey"));
    assert_eq!(house.ask("GET", CHALLENGE, "", "").await.status, 404);
    let page = house.get(&house.hana, "/account/passkeys").await.text();
    assert!(
        page.contains("現在、パスキーはご利用いただけません") && !page.contains("data-passkey"),
        "{page}"
    );
    let mut passkey = authenticator(1);
    let told = passkey.make("AAAA", "AAAAAAAAAAAAAAAAAAAAAA");
    let kept = house.post(Some(&house.hana), "/account/passkeys", &made(&told, "x")).await;
    let shown = house.post(None, "/sign-in/passkey", &form(&passkey.show("AAAA"))).await;
    assert_eq!((kept.status, shown.status), (422, 401));
    let form = format!("login=mio-hana&password={}", PASSWORD.replace(' ', "+"));
    assert!(has_session(&house.post(None, "/sign-in", &form).await), "the password works as always");
}

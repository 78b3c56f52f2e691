//! The second factor on pages and for programs: nobody is signed in by a password alone where there is one.

use honnin_access::{FactorPolicy, SignInSettings};
use honnin_journal::Kind;
use honnin_seal::{TOTP_SECONDS, TotpSecret};
use honnin_stand::sign_in;
use honnin_terms::{Clock, Moment};
use serde_json::json;

use super::house::{House, PASSWORD, Subscriber};
use super::wire::Reply;

const JSON_TYPE: &str = "Content-Type: application/json\r\n";

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// What stands in a page between those.
fn between<'a>(page: &'a str, before: &str, behind: &str) -> &'a str {
    let (_, rest) = page.split_once(before).unwrap_or_else(|| panic!("{before} is not in {page}"));
    rest.split_once(behind).unwrap().0
}

pub(super) fn ticket(page: &str) -> String {
    between(page, "name=\"ticket\" value=\"", "\"").to_owned()
}

fn secret(page: &str) -> TotpSecret {
    let typed = between(page, "<code>", "</code>").replace(' ', "");
    let octets = data_encoding::BASE32_NOPAD.decode(typed.as_bytes()).unwrap();
    TotpSecret::from_octets(octets.try_into().unwrap())
}

impl House {
    pub(super) fn code(&self, secret: &TotpSecret) -> String {
        let step = self.clock.now().seconds_since(Moment::EPOCH) / TOTP_SECONDS;
        format!("{:06}", secret.code(u64::try_from(step).unwrap()))
    }

    fn acts(&self, kind: Kind) -> usize {
        (0..self.journal.size()).filter(|at| self.journal.read_at(*at).unwrap().kind == kind).count()
    }

    /// Sets up a second factor on her pages; with its recovery codes.
    pub(super) async fn set_up_factor(&self, who: &Subscriber) -> (TotpSecret, Vec<String>) {
        let form = format!("password={}", encoded(PASSWORD));
        let page = self.post(Some(who), "/account/second-factor", &form).await.text();
        let secret = secret(&page);
        let confirm = format!("ticket={}&code={}", ticket(&page), self.code(&secret));
        let shown = self.post(Some(who), "/account/second-factor/confirm", &confirm).await;
        assert_eq!(shown.status, 200, "{}", shown.text());
        let codes = shown
            .text()
            .split("<code>")
            .skip(1)
            .map(|rest| rest.split('<').next().unwrap().to_owned())
            .collect();
        self.clock.advance_seconds(TOTP_SECONDS);
        (secret, codes)
    }
}

fn has_session(reply: &Reply) -> bool {
    reply.head.lines().any(|line| line.starts_with("set-cookie: session="))
}

async fn first_step(house: &House) -> Reply {
    house
        .post(None, "/sign-in", &format!("login=mio-hana&password={}&next=%2Fbills", encoded(PASSWORD)))
        .await
}

#[tokio::test]
async fn a_factor_is_set_up_used_and_taken_away_on_pages() {
    let house = House::open().await;
    assert!(house.get(&house.hana, "/settings").await.text().contains("/account/second-factor"));
    let none = house.get(&house.hana, "/account/second-factor").await.text();
    assert!(none.contains("2段階認証を設定する"), "{none}");
    let wrong = house.post(Some(&house.hana), "/account/second-factor", "password=x").await;
    assert!(wrong.status == 401 && wrong.text().contains("パスワードが違います"), "{}", wrong.text());
    let form = format!("password={}", encoded(PASSWORD));
    let page = house.post(Some(&house.hana), "/account/second-factor", &form).await.text();
    assert!(page.contains("href=\"otpauth://totp/") && page.contains("<svg class=\"qr\""), "{page}");
    let early = format!("ticket={}&code=000000", ticket(&page));
    let again = house.post(Some(&house.hana), "/account/second-factor/confirm", &early).await;
    assert!(
        again.status == 422 && secret(&again.text()).base32() == secret(&page).base32(),
        "{}",
        again.text()
    );
    let (secret, codes) = house.set_up_factor(&house.hana).await;
    assert_eq!((codes.len(), house.acts(Kind::FactorSet)), (8, 1));
    let state = house.get(&house.hana, "/account/second-factor").await.text();
    assert!(state.contains("設定済み") && state.contains("8個") && !state.contains(&codes[0]), "{state}");

    let asked = first_step(&house).await;
    let page = asked.text();
    assert!(asked.status == 200 && !has_session(&asked) && page.contains("認証コードの入力"), "{page}");
    let fields = format!("login=mio-hana&ticket={}&next=%2Fbills", ticket(&page));
    let wrong = house.post(None, "/sign-in/code", &format!("{fields}&code=000000")).await;
    assert!(wrong.status == 401 && !has_session(&wrong) && wrong.text().contains("認証コードが違います"));
    let done = house.post(None, "/sign-in/code", &format!("{fields}&code={}", house.code(&secret))).await;
    assert_eq!((done.status, done.header("location"), has_session(&done)), (303, Some("/bills"), true));
    let other = fields.replace("mio-hana", "mio-ken");
    let other = house.post(None, "/sign-in/code", &format!("{other}&code={}", codes[1])).await;
    assert!(
        other.status == 401 && !has_session(&other) && other.text().contains("はじめから"),
        "{}",
        other.text()
    );
    let spare = house.post(None, "/sign-in/code", &format!("{fields}&code={}", codes[1])).await;
    assert_eq!((spare.status, has_session(&spare)), (303, true), "{}", spare.text());
    let failed = house.get(&house.hana, "/disclosures").await.text();
    assert!(failed.contains("ログインの失敗（1件）") && failed.contains("2段階認証の設定"), "{failed}");

    house.clock.advance_seconds(TOTP_SECONDS);
    let change = |code: &str| format!("password={}&code={code}", encoded(PASSWORD));
    let codes = house.post(Some(&house.hana), "/account/second-factor/codes", &change(&codes[2])).await;
    assert_eq!((codes.status, codes.text().matches("<code>").count()), (200, 8));
    let right = change(&house.code(&secret));
    let gone = house.post(Some(&house.hana), "/account/second-factor/remove", &right).await;
    assert_eq!(gone.header("location"), Some("/settings?said=factor-removed"), "{}", gone.text());
    assert_eq!((house.acts(Kind::RecoveryCodesMade), house.acts(Kind::FactorRemoved)), (1, 1));
    assert_eq!(first_step(&house).await.status, 303);
}

#[tokio::test]
async fn a_program_sends_the_code_in_a_second_call() {
    let house = House::open().await;
    let (secret, _) = house.set_up_factor(&house.hana).await;
    let body = json!({ "login": "mio-hana", "password": PASSWORD }).to_string();
    let asked = house.ask("POST", "/api/v1/sessions", JSON_TYPE, &body).await;
    let problem = asked.json();
    assert_eq!((asked.status, &problem["code"]), (401, &json!("second_factor_required")), "{problem}");
    assert!(!has_session(&asked));
    let step =
        |code: &str, ticket: &str| json!({ "login": "mio-hana", "ticket": ticket, "code": code }).to_string();
    let ticket = problem["ticket"].as_str().unwrap();
    for (body, code) in [
        (step("000000", ticket), "second_factor_refused"),
        (step(&house.code(&secret), "made-up"), "second_factor_late"),
        (step(&house.code(&secret), &ticket.replacen(&ticket[20..24], "AAAA", 1)), "second_factor_late"),
    ] {
        let refused = house.ask("POST", "/api/v1/sessions/second-factor", JSON_TYPE, &body).await;
        assert_eq!((refused.status, &refused.json()["code"]), (401, &json!(code)), "{}", refused.text());
    }
    let body = step(&house.code(&secret), ticket);
    let done = house.ask("POST", "/api/v1/sessions/second-factor", JSON_TYPE, &body).await;
    assert_eq!(done.status, 201, "{}", done.text());
    let bearer = format!("Authorization: Bearer {}\r\n", done.json()["token"].as_str().unwrap());
    assert_eq!(house.ask("GET", "/api/v1/me", &bearer, "").await.status, 200);
}

#[tokio::test]
async fn where_everybody_has_one_it_is_set_up_before_anything_is_shown() {
    let settings = SignInSettings { factors: FactorPolicy::Required, ..sign_in() };
    let house = House::open_signing_in(settings).await;
    let body = json!({ "login": "mio-hana", "password": PASSWORD }).to_string();
    let program = house.ask("POST", "/api/v1/sessions", JSON_TYPE, &body).await;
    assert_eq!(program.json()["code"], "second_factor_set_up");
    let asked = first_step(&house).await;
    let page = asked.text();
    assert!(!has_session(&asked) && page.contains("2段階認証の設定が必要です"), "{page}");
    let fields = format!("login=mio-hana&ticket={}&next=%2Fbills", ticket(&page));
    let wrong = house.post(None, "/sign-in/second-factor", &format!("{fields}&code=000000")).await;
    assert!(wrong.status == 401 && !has_session(&wrong), "{}", wrong.text());
    let code = house.code(&secret(&page));
    let done = house.post(None, "/sign-in/second-factor", &format!("{fields}&code={code}")).await;
    assert!(done.status == 200 && has_session(&done), "{}", done.text());
    assert!(done.text().matches("<code>").count() == 8 && done.text().contains("href=\"/bills\""));
    assert_eq!(house.acts(Kind::FactorSet), 1);
}

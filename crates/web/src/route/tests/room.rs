//! The waiting room, as people and programs meet it.

use std::sync::Arc;
use std::time::Duration;

use honnin_node::{Machine, Usher, micros, plan_room};
use honnin_overload::{Plan, SECOND};
use honnin_terms::{Clock, Id as _, RequestId};
use honnin_testkit::SeededEntropy;

use super::house::{House, PASSWORD};
use super::wire::Reply;
use crate::route::app::{App, Wiring};
use crate::route::routes::TABLE;

/// What moves the watermark of a house, by hand.
fn usher(house: &House) -> Usher {
    let (rows, clock) = (Arc::clone(&house.store), Arc::clone(&house.clock));
    Usher {
        room: Arc::clone(&house.app.wiring.room),
        rows,
        authority: Arc::clone(&house.node),
        clock,
        entropy: Arc::new(SeededEntropy::new(4)),
        steady: Arc::new(Machine::new()),
    }
}

/// A house whose waiting room is open by plan from this moment on.
async fn open() -> (House, Usher) {
    let house = House::open().await;
    let now = micros(house.clock.now());
    let permit = house.node.keep(house.clock.now(), RequestId::from_octets([9; 16]));
    plan_room(&*house.store, &permit, Some(Plan { from: now, until: now + 3_600 * SECOND })).await.unwrap();
    let usher = usher(&house);
    usher.look(Duration::from_secs(1)).await;
    // Whom this second lets in is of this second.
    usher.look(Duration::from_millis(1)).await;
    (house, usher)
}

/// `Cookie:` with the ticket of an answer.
fn ticket(reply: &Reply) -> String {
    let cookie = reply.header("set-cookie").unwrap();
    format!("Cookie: {}\r\n", cookie.split(';').next().unwrap())
}

/// Time goes on, second after second.
async fn seconds(house: &House, usher: &Usher, count: u32) {
    for _ in 0..count {
        house.clock.advance_seconds(1);
        usher.look(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn who_is_not_signed_in_is_placed_and_let_in_in_turn() {
    let (house, usher) = open().await;
    let placed = house.ask("GET", "/sign-in", "", "").await;
    assert_eq!(placed.status, 202, "{}", placed.text());
    assert!(
        placed.text().contains("お客様の前に 0 人") && placed.text().contains("通話・データ通信は"),
        "{}",
        placed.text()
    );
    assert!(placed.header("refresh").is_some() && placed.header("retry-after").is_some(), "{}", placed.head);
    assert_eq!(placed.header("cache-control"), Some("private, no-store"));
    let cookie = ticket(&placed);
    // People are counted by tenths of a second.
    house.clock.advance_millis(150);
    let later = house.ask("GET", "/sign-in", "Accept-Language: en\r\n", "").await;
    assert!(later.text().contains("1 person is ahead of you"), "{}", later.text());
    // The same place, however often she asks.
    let again = house.ask("GET", "/sign-in", &cookie, "").await;
    assert!(again.status == 202 && again.text().contains("お客様の前に 0 人"), "{}", again.text());
    seconds(&house, &usher, 4).await;
    let entered = house.ask("GET", "/sign-in", &cookie, "").await;
    assert_eq!((entered.status, entered.text().contains("<form")), (200, true), "{}", entered.text());
    let form = format!("login=mio-hana&password={}", PASSWORD.replace(' ', "+"));
    let headers = format!("{cookie}Content-Type: application/x-www-form-urlencoded\r\n");
    assert_eq!(house.ask("POST", "/sign-in", &headers, &form).await.status, 303);
}

#[tokio::test]
async fn the_page_of_a_place_is_small_and_needs_nothing_more() {
    let (house, _usher) = open().await;
    for language in ["ja", "en"] {
        let reply = house.ask("GET", "/sign-in", &format!("Accept-Language: {language}\r\n"), "").await;
        let length = reply.head.len() + reply.body.len();
        assert!(
            reply.status == 202 && length <= 2_048,
            "{language}: {} and {}",
            reply.head.len(),
            reply.body.len()
        );
        let text = reply.text();
        let rest = text.replace("href=\"/sign-in/passkey\"", "");
        assert!(rest.len() < text.len(), "it leads past the line: {text}");
        assert!(!rest.contains("<script") && !rest.contains("src=") && !rest.contains("href="), "{text}");
        assert!(text.contains(&format!("lang=\"{language}\"")), "{text}");
    }
}

#[tokio::test]
async fn who_is_signed_in_is_never_placed() {
    let (house, _usher) = open().await;
    let home = format!("/lines/{}", house.hana.lines[0]);
    for path in ["/lines", home.as_str(), "/bills", "/api/v1/me"] {
        assert_eq!(house.get(&house.hana, path).await.status, 200, "{path}");
    }
    assert_eq!(house.get(&house.hana, "/sign-in").await.status, 303, "she is led on");
    assert_eq!(house.get(&house.hana, "/activate").await.status, 200, "a form that anybody may read");
    let acts = house.post(Some(&house.hana), "/settings/password", "").await;
    assert_ne!(acts.status, 202, "a new password is an act of who is signed in");
    // Somebody else's cookie, or an old one, is no session.
    let stale = format!("Cookie: session={}\r\n", "A".repeat(43));
    for path in ["/sign-in", "/activate", "/lines", home.as_str()] {
        assert_eq!(house.ask("GET", path, &stale, "").await.status, 202, "{path}");
        assert_eq!(house.ask("GET", path, "", "").await.status, 202, "{path}");
    }
    for path in ["/help", "/notices", "/healthz", "/robots.txt"] {
        assert_eq!(house.ask("GET", path, "", "").await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_program_is_told_when_to_come_back_and_keeps_its_place() {
    let (house, usher) = open().await;
    let body = format!(r#"{{"login":"mio-hana","password":"{PASSWORD}"}}"#);
    let ask = |cookie: String| {
        let (house, body) = (&house, &body);
        async move {
            let headers = format!("Content-Type: application/json\r\n{cookie}");
            house.ask("POST", "/api/v1/sessions", &headers, body).await
        }
    };
    let before = house.hashes();
    let refused = ask(String::new()).await;
    assert_eq!((refused.status, refused.header("content-type")), (429, Some("application/problem+json")));
    assert_eq!(refused.json()["code"], "waiting");
    assert!(refused.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    let cookie = ticket(&refused);
    assert_eq!(ask(cookie.clone()).await.status, 429);
    assert_eq!(house.hashes(), before, "who waits costs no hash");
    seconds(&house, &usher, 4).await;
    assert_eq!(ask(cookie).await.status, 201);
}

#[tokio::test]
async fn a_ticket_that_is_forged_altered_or_used_up_is_the_last_place() {
    let (house, usher) = open().await;
    let cookie = ticket(&house.ask("GET", "/sign-in", "", "").await);
    let early = cookie.replacen("place=p.1", "place=p.0", 1);
    assert_ne!(early, cookie);
    seconds(&house, &usher, 5).await;
    let forged = format!("Cookie: place=e.1.{}.{}\r\n", u64::MAX, "0".repeat(32));
    for wrong in [early, forged, "Cookie: place=\r\n".to_owned(), cookie.replace("place=p", "place=e")] {
        usher.look(Duration::from_millis(1)).await;
        assert_eq!(house.ask("GET", "/sign-in", &wrong, "").await.status, 202, "{wrong}");
    }
    // Whoever is given a copy of it has a share of its tries, and no more.
    let headers = format!("{cookie}Content-Type: application/x-www-form-urlencoded\r\n");
    let mut statuses = Vec::new();
    for _ in 0..25 {
        statuses.push(house.ask("POST", "/sign-in", &headers, "login=&password=").await.status);
    }
    assert_eq!(
        (
            statuses[..20].iter().all(|status| *status == 422),
            statuses[20..].iter().all(|status| *status == 202)
        ),
        (true, true),
        "{statuses:?}"
    );
    // Half an hour after she last asked the place is another's.
    let kept = ticket(&house.ask("GET", "/sign-in", "", "").await);
    house.clock.advance_seconds(1_700);
    usher.look(Duration::from_secs(1)).await;
    assert_eq!(house.ask("GET", "/sign-in", &kept, "").await.status, 200);
    house.clock.advance_seconds(101);
    usher.look(Duration::from_millis(1)).await;
    assert_eq!(house.ask("GET", "/sign-in", &kept, "").await.status, 202);
}

#[tokio::test]
async fn placing_somebody_asks_the_store_for_nothing() {
    let (house, _usher) = open().await;
    house.store.take();
    for path in ["/sign-in", "/lines", "/activate"] {
        assert_eq!(house.ask("GET", path, "", "").await.status, 202, "{path}");
    }
    let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
    let sent = house.ask("POST", "/sign-in", headers, "login=mio-hana&password=x").await;
    assert_eq!((sent.status, sent.header("refresh").unwrap().ends_with(";url=/sign-in")), (202, true));
    assert_eq!(house.store.take(), (0, Vec::new()));
}

#[tokio::test]
async fn a_sign_in_is_placed_before_it_begins_and_never_in_the_middle() {
    let steps = TABLE.iter().filter(|route| route.leads_in() && !route.is_door());
    let steps: Vec<&str> = steps.map(|route| route.path).collect();
    let codes = ["/sign-in/code", "/sign-in/second-factor", "/api/v1/sessions/second-factor"];
    let (passkeys, others): (Vec<&str>, Vec<&str>) = steps.iter().partition(|step| step.contains("/passkey"));
    assert_eq!((passkeys.len(), others), (4, codes.to_vec()), "{passkeys:?}");
    let (house, _usher) = open().await;
    assert_eq!(house.post(None, "/sign-in", "login=mio-hana&password=x").await.status, 202);
    let past = house.ask("GET", "/sign-in/passkey", "", "").await;
    let page = past.text();
    assert!(past.status == 200 && page.contains("data-passkey") && !page.contains("password"), "{page}");
    for step in ["/sign-in/code", "/sign-in/second-factor", "/sign-in/passkey"] {
        let reply = house.post(None, step, "ticket=x&code=000000").await;
        assert!(reply.status != 202 && reply.header("refresh").is_none(), "{step}: {}", reply.head);
    }
}

#[tokio::test]
async fn two_nodes_keep_one_line() {
    let (house, one) = open().await;
    // Another node has a room of its own, with the same key, and reads the same row.
    let room = super::house::wiring_of(Arc::clone(&house.app.wiring.care), None).room;
    let other = Usher { room: Arc::clone(&room), ..usher(&house) };
    let now = || micros(house.clock.now());
    let cookie = ticket(&house.ask("GET", "/sign-in", "", "").await);
    let text = cookie.trim_start_matches("Cookie: place=").trim().to_owned();
    let ask = || room.ask(now(), Some(text.as_bytes()), honnin_overload::Wants::Look, 7, None);
    other.look(Duration::from_millis(1)).await;
    assert!(matches!(ask(), honnin_overload::Said::Wait(_)), "a ticket of the other node is one here");
    for _ in 0..4 {
        seconds(&house, &one, 1).await;
        other.look(Duration::from_millis(1)).await;
    }
    assert_eq!(ask(), honnin_overload::Said::Enter(None), "and is called on both");
    assert_eq!(house.ask("GET", "/sign-in", &cookie, "").await.status, 200);
}

#[tokio::test]
async fn whoever_asks_without_end_from_one_place_takes_a_few_places() {
    let (house, usher) = open().await;
    for number in 0..60 {
        let path = if number % 2 == 0 { "/sign-in" } else { "/lines" };
        assert_eq!(house.ask("GET", path, "", "").await.status, 202);
    }
    let waiting = || house.app.wiring.room.figures(micros(house.clock.now())).waiting;
    assert_eq!(waiting(), 5);
    // Whoever comes from elsewhere at that moment is behind five and not behind sixty.
    let other = super::wire::ask_from([127, 0, 7, 1], house.at, ("GET", "/sign-in"), "").await;
    let cookie = ticket(&other);
    assert_eq!(waiting(), 6);
    seconds(&house, &usher, 5).await;
    assert_eq!(house.ask("GET", "/sign-in", &cookie, "").await.status, 200);
}

#[tokio::test]
async fn who_has_a_second_factor_counts_as_somebody_who_gets_in() {
    let house = House::open().await;
    let (_, codes) = house.set_up_factor(&house.hana).await;
    let usher = usher(&house);
    let pace = || house.app.wiring.room.figures(micros(house.clock.now())).rate;
    seconds(&house, &usher, 40).await;
    let before = pace();
    let form = format!("login=mio-hana&password={}", PASSWORD.replace(' ', "+"));
    let body = format!(r#"{{"login":"mio-hana","password":"{PASSWORD}"}}"#);
    let mut shown = String::new();
    for _ in 0..3 {
        shown = house.post(None, "/sign-in", &form).await.text();
        assert!(shown.contains("認証コードの入力"), "{shown}");
        seconds(&house, &usher, 2).await;
    }
    let pages = pace();
    assert!(pages > before, "{pages} after pages, {before} before");
    // Once that is forgotten the second step tells nothing of how many can be signed in.
    seconds(&house, &usher, 150).await;
    assert_eq!(pace(), before);
    let step = format!("login=mio-hana&ticket={}&code={}", super::factors::ticket(&shown), codes[0]);
    assert_eq!(house.post(None, "/sign-in/code", &step).await.status, 303);
    seconds(&house, &usher, 3).await;
    assert_eq!(pace(), before);
    for _ in 0..20 {
        let step = house.ask("POST", "/api/v1/sessions", "Content-Type: application/json\r\n", &body).await;
        assert_eq!(step.json()["code"], "second_factor_required");
    }
    seconds(&house, &usher, 20).await;
    assert!(pace() > pages + 5, "{} after programs, {pages} before", pace());
}

#[tokio::test]
async fn where_many_people_share_an_address_each_has_a_place() {
    let house = House::open().await;
    let wiring = super::house::wiring_of(Arc::clone(&house.app.wiring.care), None);
    let shared_prefixes = vec!["10.0.0.0/8".parse().unwrap(), "2001:db8:1::/48".parse().unwrap()];
    let app = App::new(Wiring { shared_prefixes, ..wiring }, Arc::new(SeededEntropy::new(5))).unwrap();
    let taker = |address: &str| app.taker(address.parse().unwrap());
    assert_eq!((taker("10.1.2.3"), taker("2001:db8:1:2::3"), taker("::ffff:10.1.2.3")), (None, None, None));
    assert_eq!(taker("2001:db8:2:3::4"), taker("2001:db8:2:3:5::6"), "one customer has a /64");
    assert!(taker("192.0.2.1").is_some() && taker("192.0.2.1") != taker("192.0.2.2"));
    assert_ne!(taker("2001:db8:2:3::4"), taker("2001:db8:2:4::4"));
}

//! What is the account's own to change: its password, and what it calls its lines.

use honnin_journal::{Act, Details, Kind, Party};
use honnin_stand::{epoch, the_log};
use honnin_terms::{Basis, Clock, EntryRef};
use honnin_testkit::SeededEntropy;

use super::house::{House, PASSWORD, Subscriber};
use super::wire::Reply;

const NEW: &str = "kaze no tooru michi wo";

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn change(old: &str, new: &str) -> String {
    format!("old={}&password={}", encoded(old), encoded(new))
}

fn session(reply: &Reply) -> Option<String> {
    let mut cookies = reply.head.lines().filter_map(|line| line.strip_prefix("set-cookie: session="));
    cookies.next().map(|cookie| format!("Cookie: session={}\r\n", cookie.split(';').next().unwrap()))
}

async fn sign_in(house: &House, password: &str) -> Reply {
    house.post(None, "/sign-in", &format!("login=mio-hana&password={}", encoded(password))).await
}

async fn in_english(house: &House, who: &Subscriber, path: &str, form: &str) -> Reply {
    let headers =
        format!("Cookie: {}; language=en\r\nContent-Type: application/x-www-form-urlencoded\r\n", who.cookie);
    house.ask("POST", path, &headers, form).await
}

#[tokio::test]
async fn a_password_is_changed_while_signed_in() {
    for (language, said, title) in [
        ("ja", "パスワードを変更しました。ほかの端末はすべてログアウトしました。", "パスワードの変更"),
        ("en", "Your password is changed. All other devices are signed out.", "Change your password"),
    ] {
        let house = House::open().await;
        let other = session(&sign_in(&house, PASSWORD).await).unwrap();
        let own = format!("Cookie: {}; language={language}\r\n", house.hana.cookie);
        let settings = house.ask("GET", "/settings", &own, "").await.text();
        assert!(settings.contains("/account/password"), "{settings}");
        let form = house.ask("GET", "/account/password", &own, "").await;
        assert!(form.status == 200 && form.text().contains(title), "{}", form.text());
        let headers = format!("{own}Content-Type: application/x-www-form-urlencoded\r\n");
        let path = format!("/account/password?line={}", house.hana.lines[1]);
        let done = house.ask("POST", &path, &headers, &change(PASSWORD, NEW)).await;
        let to = format!("/settings?line={}&said=password", house.hana.lines[1]);
        assert_eq!((done.status, done.header("location")), (303, Some(to.as_str())), "{}", done.text());
        let anew = session(&done).unwrap();
        let page =
            house.ask("GET", &to, &anew.replace("\r\n", &format!("; language={language}\r\n")), "").await;
        assert!(page.status == 200 && page.text().contains(said), "{}", page.text());
        for past in [&own, &other] {
            assert_eq!(
                house.ask("GET", "/settings", past, "").await.status,
                401,
                "other sessions have ended"
            );
        }
        assert_eq!(sign_in(&house, PASSWORD).await.status, 401, "the old one is none");
        assert_eq!(sign_in(&house, NEW).await.status, 303);
    }
}

#[tokio::test]
async fn a_password_that_is_not_changed_says_why_and_ends_nothing() {
    let house = House::open().await;
    for (form, japanese, english) in [
        (change("x", NEW), "いまのパスワードが違います。", "The current password is wrong."),
        (change("", ""), "いまのパスワードが違います。", "The current password is wrong."),
        (change(PASSWORD, "short"), "文字以上にしてください。", "Please use at least"),
        (change(PASSWORD, "passwordpassword"), "推測されやすい", "easy to guess"),
        (change(PASSWORD, &"x".repeat(5_000)), "長すぎます", "too long"),
        (change(PASSWORD, PASSWORD), "いまのパスワードと同じです", "This is your current password"),
    ] {
        for (reply, said) in [
            (house.post(Some(&house.hana), "/account/password", &form).await, japanese),
            (in_english(&house, &house.hana, "/account/password", &form).await, english),
        ] {
            let text = reply.text();
            assert_eq!(reply.status, 422, "{form}");
            assert!(text.contains("role=\"alert\"") && text.contains(said), "{said}: {text}");
            assert!(!text.contains(NEW) && !text.contains(PASSWORD) && session(&reply).is_none(), "{text}");
        }
    }
    assert_eq!(house.get(&house.hana, "/settings").await.status, 200);
    assert_eq!(sign_in(&house, PASSWORD).await.status, 303);
}

#[tokio::test]
async fn a_password_manager_is_led_to_the_change() {
    let house = House::open().await;
    let led = house.ask("GET", "/.well-known/change-password", "", "").await;
    assert_eq!((led.status, led.header("location")), (303, Some("/account/password")));
}

#[tokio::test]
async fn a_line_is_named_and_shown_by_its_name() {
    let house = House::open().await;
    let (first, second) = (house.hana.lines[0], house.hana.lines[1]);
    let path = format!("/lines/{first}/name");
    let back = format!("/lines?line={second}&said=named");
    let (act, form) = (format!("{path}?line={second}"), format!("name={}", encoded("  はな の ")));
    let named = house.post(Some(&house.hana), &act, &form).await;
    assert_eq!((named.status, named.header("location")), (303, Some(back.as_str())));
    let board = house.get(&house.hana, &back).await.text();
    assert!(board.contains("<b>はな の</b>") && board.contains("呼び名を保存しました"), "{board}");
    assert!(board.contains("090-****-5678"), "the number stands beside it: {board}");
    for page in ["", "/usage", "/buckets", "/contract", "/speed"] {
        let page = house.get(&house.hana, &format!("/lines/{first}{page}")).await.text();
        let title = page.split("<title>").nth(1).unwrap().split('<').next().unwrap();
        assert!(title.contains("はな の"), "{title}");
        assert!(page.contains("<b>はな の<i></i></b><span class=\"sub\">090-****-5678</span>"), "{page}");
    }
    assert!(house.get(&house.hana, &format!("/bills?line={first}")).await.text().contains("はな の"));
    let state = house.export(&house.hana).await;
    let export = format!("/export/{}", state["export"].as_str().unwrap());
    let export = house.get(&house.hana, &export).await.json();
    assert_eq!((&export["lines"][0]["name"], &export["lines"][1]["name"]), (&"はな の".into(), &().into()));
    // A new password and another device change nothing about it; an empty field takes it away.
    let done = house.post(Some(&house.hana), "/account/password", &change(PASSWORD, NEW)).await;
    let cookie = session(&done).unwrap();
    assert!(house.ask("GET", "/lines", &cookie, "").await.text().contains("はな の"));
    let headers = format!("{cookie}Content-Type: application/x-www-form-urlencoded\r\n");
    assert_eq!(house.ask("POST", &path, &headers, "name=+").await.status, 303);
    let bare = house.ask("GET", "/lines", &cookie, "").await.text();
    assert!(!bare.contains("はな の") && bare.contains("<b>090-****-5678</b>"), "{bare}");
}

#[tokio::test]
async fn a_name_is_the_accounts_own_and_only_of_its_own_lines() {
    let house = House::open().await;
    let (hers, his) = (house.hana.lines[0], house.ken.lines[0]);
    let name = format!("name={}", encoded("ばあば"));
    assert_eq!(house.post(Some(&house.hana), &format!("/lines/{hers}/name"), &name).await.status, 303);
    assert_eq!(house.post(Some(&house.ken), &format!("/lines/{hers}/name"), &name).await.status, 404);
    assert_eq!(
        house.post(Some(&house.hana), &format!("/lines/{his}/name"), "name=%E2%80%AE").await.status,
        404
    );
    assert!(!house.get(&house.ken, "/lines").await.text().contains("ばあば"));
    for (form, said) in [
        (format!("name={}", "a".repeat(21)), "20文字までです"),
        ("name=%E2%80%AEabc".to_owned(), "表示できない文字"),
    ] {
        let refused = house.post(Some(&house.hana), &format!("/lines/{hers}/name"), &form).await;
        assert!(refused.status == 422 && refused.text().contains(said), "{}", refused.text());
        assert!(refused.text().contains("<b>ばあば</b>"), "the name before stays");
    }
    let marked = format!("name={}", encoded("<b>&\"'"));
    assert_eq!(house.post(Some(&house.hana), &format!("/lines/{hers}/name"), &marked).await.status, 303);
    let page = house.get(&house.hana, &format!("/lines/{hers}")).await.text();
    assert!(page.contains("&#60;b&#62;&#38;&#34;&#39;") && !page.contains("<b>&\""), "{page}");
}

/// Somebody whom she allowed it was shown her contract.
pub(super) async fn looked_at_by_other(house: &House, hers: &Subscriber, other: &Subscriber) -> EntryRef {
    let basis = Basis::Grant(EntryRef { log: the_log(), index: 0 });
    let (viewer, owner) = (Party::Account(other.stored.account), Party::Account(hers.stored.account));
    let details = Details::default();
    let act = Act::new(Kind::Disclosure, house.clock.now(), viewer, owner, &details);
    let act = Act { basis, what: 6, channel: 1, ..act };
    let entry = epoch().seal(&act, &SeededEntropy::new(3)).unwrap();
    house.journal.append(&entry).await.unwrap()
}

#[tokio::test]
async fn acts_between_looks_end_no_page_before_the_last_look() {
    const ACTS: [Kind; 5] =
        [Kind::Merged, Kind::Changed, Kind::Refused, Kind::ExportMade, Kind::CredentialImported];
    let house = House::open().await;
    let (keys, first, details) = (epoch(), house.journal.size(), Details::default());
    let her = Party::Account(house.hana.stored.account);
    let (mut looks, mut taken) = (Vec::new(), Vec::new());
    for number in 0..180_u64 {
        // Acts stand alone and by many, so that a page may meet nothing else.
        let is_act = number % 9 == 0 || (40..80).contains(&number);
        let kind = if is_act { ACTS[usize::try_from(number % 5).unwrap()] } else { Kind::Disclosure };
        let act = Act { what: 6, channel: 1, ..Act::new(kind, house.clock.now(), her, her, &details) };
        taken.push(house.journal.append(&keys.seal(&act, &SeededEntropy::new(number)).unwrap()));
        looks.extend((!is_act).then_some(first + number));
    }
    for entry in taken {
        entry.await.unwrap();
    }
    assert!(looks.len() > 110 && 180 - looks.len() > 50, "{}", looks.len());
    for limit in [7, 50, 100] {
        let mut path = format!("/api/v1/disclosures?limit={limit}");
        let (mut found, mut pages) = (Vec::new(), 0);
        loop {
            let page = house.get(&house.hana, &path).await.json();
            let rows = page["disclosures"].as_array().unwrap();
            found.extend(
                rows.iter().map(|row| row["entry"].as_str().unwrap().parse::<EntryRef>().unwrap().index),
            );
            pages += 1;
            let Some(next) = page["next"].as_str() else { break };
            assert_eq!(rows.len(), limit, "a page that is not the last is full");
            path = format!("/api/v1/disclosures?limit={limit}&cursor={next}");
        }
        // Each page is a look of its own, and stands after these.
        let found: Vec<u64> =
            found.into_iter().filter(|index| (first..first + 180).contains(index)).collect();
        assert!(found.iter().rev().eq(&looks), "{limit} a page, {pages} pages: {found:?}");
    }
}

#[tokio::test]
async fn failed_sign_ins_stand_on_her_page_by_day_and_hide_no_act() {
    let house = House::open().await;
    let headers = format!("Cookie: {}\r\n", house.hana.cookie);
    assert_eq!(house.ask("DELETE", "/api/v1/sessions", &headers, "").await.status, 204);
    for _ in 0..7 {
        assert_eq!(sign_in(&house, "not her password").await.status, 401);
    }
    let page = house.get(&house.hana, "/disclosures").await.text();
    assert!(page.contains("ログインの失敗（5件）"), "five an hour of one prefix are written: {page}");
    assert!(page.contains("一部のみ記録") && !page.contains("127.0.0"), "{page}");
    let english = format!("Cookie: {}; language=en\r\n", house.hana.cookie);
    assert!(house.ask("GET", "/disclosures", &english, "").await.text().contains("5 failed sign-ins"));
    let his = house.get(&house.ken, "/disclosures").await.text();
    assert!(!his.contains("ログインの失敗（"), "{his}");
    // A stranger with many prefixes buries nothing.
    house.clock.advance_seconds(86_400);
    let (keys, details) = (epoch(), Details::default());
    let mut taken = Vec::new();
    for number in 0..600_u64 {
        let source = number.to_be_bytes();
        let owner = Party::Account(house.hana.stored.account);
        let act = Act::new(Kind::SignInFailed, house.clock.now(), Party::Source(&source), owner, &details);
        taken.push(house.journal.append(&keys.seal(&act, &SeededEntropy::new(number)).unwrap()));
    }
    for entry in taken {
        entry.await.unwrap();
    }
    let page = house.get(&house.hana, "/disclosures").await.text();
    let acts = page.split("<h2>ログインと手続きの記録</h2>").nth(1).unwrap();
    assert!(acts.contains("ログインの失敗（500件以上）") && acts.contains("<b>ログアウト</b>"), "{acts}");
}

#[tokio::test]
async fn a_look_from_a_device_not_used_before_is_said_to_be_one() {
    let house = House::open().await;
    let cookie = |reply: &Reply, name: &str| {
        let prefix = format!("set-cookie: {name}=");
        let value = reply.head.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap();
        format!("{name}={}", value.split(';').next().unwrap())
    };
    let form = format!("login=mio-hana&password={}", encoded(PASSWORD));
    let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
    let (mut device, mut said) = (String::new(), Vec::new());
    for _ in 0..2 {
        let signed_in = house.ask("POST", "/sign-in", &format!("Cookie: {device}\r\n{kind}"), &form).await;
        assert_eq!(signed_in.status, 303, "{}", signed_in.text());
        if device.is_empty() {
            device = cookie(&signed_in, "device");
        }
        let session = format!("Cookie: {}\r\n", cookie(&signed_in, "session"));
        assert_eq!(house.ask("GET", "/settings", &session, "").await.status, 200);
        let page = house.ask("GET", "/disclosures", &session, "").await.text();
        said.push(page.matches("はじめての端末").count());
        house.clock.advance_seconds(86_400);
    }
    assert_eq!(said, [1, 2], "both looks of the first day, and none of the second");
}

#[tokio::test]
async fn looks_by_others_stand_first_however_many_of_hers_came_later() {
    let house = House::open().await;
    let home = format!("/lines/{}", house.hana.lines[0]);
    let none = house.get(&house.hana, &home).await.text();
    assert!(none.contains("ご本人以外の閲覧") && none.contains(">0件<"), "{none}");
    let entry = looked_at_by_other(&house, &house.hana, &house.ken).await;
    for _ in 0..60 {
        assert_eq!(house.get(&house.hana, "/settings").await.status, 200);
    }
    let page = house.get(&house.hana, "/disclosures").await.text();
    let others = page.split("<h2>ご本人</h2>").next().unwrap();
    assert!(
        others.contains("許可された人") && others.contains(&format!("記録番号 {} (", entry.index)),
        "{page}"
    );
    assert!(!others.contains("ご本人以外の閲覧の記録はありません"));
    let home = house.get(&house.hana, &home).await.text();
    assert!(home.contains(">1件<") && home.contains("この90日間"), "{home}");
    // Who looked has not been looked at.
    let his = house.get(&house.ken, &format!("/lines/{}", house.ken.lines[0])).await.text();
    assert!(his.contains(">0件<"), "{his}");
    let none = house.get(&house.ken, "/disclosures").await.text();
    assert!(none.contains("ご本人以外の閲覧の記録はありません。"), "{none}");
}

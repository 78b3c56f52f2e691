//! Pages as people use them, without scripts.

use super::house::{House, PASSWORD};
use super::wire::Reply;

fn value<'a>(reply: &'a Reply, name: &str) -> Vec<&'a str> {
    let prefix = format!("set-cookie: {name}=");
    reply.head.lines().filter_map(|line| line.strip_prefix(&prefix)).collect()
}

#[tokio::test]
async fn a_person_signs_in_goes_on_to_where_she_was_and_signs_out() {
    let house = House::open().await;
    assert_eq!(house.ask("GET", "/", "", "").await.header("location"), Some("/sign-in"));
    let refused = house.ask("GET", "/bills?x=1", "", "").await;
    assert_eq!(refused.status, 401);
    assert!(refused.text().contains(r#"name="next" value="/bills?x=1""#), "{}", refused.text());
    let form = format!("login=mio-hana&password={}&next=/bills?x=1", PASSWORD.replace(' ', "+"));
    let signed_in = house.post(None, "/sign-in", &form).await;
    assert_eq!((signed_in.status, signed_in.header("location")), (303, Some("/bills?x=1")));
    let session = value(&signed_in, "session")[0].split(';').next().unwrap().to_owned();
    let device = value(&signed_in, "device")[0].split(';').next().unwrap().to_owned();
    let cookie = format!("Cookie: device={device}; session={session}\r\n");
    let root = house.ask("GET", "/", &cookie, "").await;
    let home = format!("/lines/{}", house.hana.lines[0]);
    assert_eq!((root.status, root.header("location")), (303, Some(home.as_str())));
    let page = house.ask("GET", &home, &cookie, "").await;
    assert!(page.text().contains("090-****-5678") && page.text().contains("名前 HANA"));
    let out = house.ask("POST", "/sign-out", &cookie, "").await;
    assert_eq!((out.status, out.header("location")), (303, Some("/sign-in?signed-out")));
    assert_eq!(out.header("clear-site-data"), Some("\"cache\""));
    assert!(value(&out, "session")[0].starts_with("; Path=/; Max-Age=0;"));
    assert_eq!(house.ask("GET", &home, &cookie, "").await.status, 401);
}

#[tokio::test]
async fn what_is_wrong_at_sign_in_is_said_above_the_form() {
    let house = House::open().await;
    for (form, status) in [
        ("login=mio-hana&password=x", 401),
        ("login=mio-nobody&password=x", 401),
        ("login=mio-hana", 422),
        ("", 422),
    ] {
        let reply = house.post(None, "/sign-in", form).await;
        assert_eq!(reply.status, status, "{form}");
        assert!(reply.text().contains("role=\"alert\""), "{form}");
        assert!(value(&reply, "session").is_empty());
    }
}

#[tokio::test]
async fn one_goes_on_to_pages_of_ours_only() {
    let house = House::open().await;
    for next in [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/nothing",
        "/api/v1/me",
        "/sign-out",
        "javascript:alert(1)",
        "/bills%0d%0aSet-Cookie:x=y",
        "",
    ] {
        let form = format!("login=mio-hana&password={}&next={next}", PASSWORD.replace(' ', "+"));
        let reply = house.post(None, "/sign-in", &form).await;
        assert_eq!((reply.status, reply.header("location")), (303, Some("/")), "{next}");
    }
}

#[tokio::test]
async fn high_speed_is_switched_by_confirming_and_followed() {
    let house = House::open().await;
    let path = format!("/lines/{}/speed", house.hana.lines[0]);
    let confirm = house.get(&house.hana, &path).await.text();
    let key = confirm.split(r#"name="key" value=""#).nth(1).unwrap().split('"').next().unwrap();
    let form = format!("high=false&key={key}");
    for _ in 0..2 {
        let reply = house.post(Some(&house.hana), &path, &form).await;
        assert_eq!((reply.status, reply.header("location")), (303, Some(format!("{path}/state").as_str())));
    }
    let state = house.get(&house.hana, &format!("{path}/state")).await;
    assert_eq!(state.header("content-type"), Some("text/html; charset=utf-8"));
    let headers = format!("Cookie: {}\r\nAccept: application/json\r\n", house.hana.cookie);
    let polled = house.ask("GET", &format!("{path}/state"), &headers, "").await;
    assert_eq!(polled.header("content-type"), Some("application/json"));
    assert_eq!((&polled.json()["state"], &polled.json()["version"]), (&"accepted".into(), &1.into()));
    let soon = house.post(Some(&house.hana), &path, "high=true&key=other").await;
    assert_eq!((soon.status, soon.header("retry-after")), (429, Some("60")));
    assert_eq!(house.post(Some(&house.hana), &path, "high=perhaps").await.status, 422);
    let suspended = format!("/lines/{}/speed", house.hana.lines[1]);
    assert_eq!(house.post(Some(&house.hana), &suspended, "high=false&key=k").await.status, 409);
}

#[tokio::test]
async fn a_device_is_signed_out_from_another_one() {
    let house = House::open().await;
    let form = format!("login=mio-hana&password={}", PASSWORD.replace(' ', "+"));
    let other = house.post(None, "/sign-in", &form).await;
    let cookie = format!("Cookie: session={}\r\n", value(&other, "session")[0].split(';').next().unwrap());
    let devices = house.get(&house.hana, "/devices").await.text();
    let revoke = devices.split("action=\"/devices/").nth(1).unwrap().split('"').next().unwrap();
    let back = format!("/devices?line={}&said=device", house.hana.lines[0]);
    let foreign = house.post(Some(&house.ken), &format!("/devices/{revoke}"), "").await;
    assert_eq!(foreign.status, 404, "another account cannot");
    let reply = house.post(Some(&house.hana), &format!("/devices/{revoke}"), "").await;
    assert_eq!((reply.status, reply.header("location")), (303, Some(back.as_str())));
    assert_eq!(house.ask("GET", "/bills", &cookie, "").await.status, 401);
    assert_eq!(house.get(&house.hana, "/bills").await.status, 200);
    assert_eq!(house.post(Some(&house.hana), "/devices/revoke-others", "").await.status, 303);
}

#[tokio::test]
async fn a_choice_is_kept_by_the_device() {
    let house = House::open().await;
    let reply = house.post(None, "/settings/language", "language=en&back=/sign-in").await;
    assert_eq!((reply.status, reply.header("location")), (303, Some("/sign-in?said=saved")));
    assert!(value(&reply, "language")[0].starts_with("en; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax"));
    let english = house.ask("GET", "/sign-in", "Cookie: language=en; theme=dark\r\n", "").await.text();
    assert!(english.contains("lang=\"en\"") && english.contains("data-theme=\"dark\""));
    let wished = house.ask("GET", "/sign-in", "Accept-Language: en-GB,ja;q=0.5\r\n", "").await.text();
    assert!(wished.contains("lang=\"en\""));
    assert_eq!(
        house.post(None, "/settings/theme", "theme=dark&back=//evil").await.header("location"),
        Some("/?said=saved")
    );
    assert_eq!(house.post(None, "/settings/theme", "theme=pink").await.status, 422);
}

#[tokio::test]
async fn pages_carry_their_policy_and_may_run_nothing_inline() {
    let house = House::open().await;
    let page = house.get(&house.hana, &format!("/lines/{}", house.hana.lines[0])).await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.contains("script-src 'self'") && policy.contains("require-trusted-types-for 'script'"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"));
}

#[tokio::test]
async fn a_notice_is_for_everybody() {
    let house = House::open().await;
    let path = format!("/notices/{}", house.notice);
    for who in [None, Some(&house.hana)] {
        let cookie = who.map(|who| format!("Cookie: {}\r\n", who.cookie)).unwrap_or_default();
        let list = house.ask("GET", "/notices", &cookie, "").await;
        assert!(list.text().contains("保守のお知らせ"));
        let one = house.ask("GET", &path, &cookie, "").await.text();
        assert!(one.contains("夜間に保守を行います。"));
        assert_eq!(one.contains("action=\"/sign-out\"") || one.contains("class=\"bar\""), who.is_some());
    }
    assert_eq!(house.ask("GET", "/notices/00000000000000000000000000000000", "", "").await.status, 404);
}

#[tokio::test]
async fn the_worker_may_fetch_what_it_keeps() {
    let house = House::open().await;
    let worker = house.ask("GET", "/sw.js", "", "").await;
    let policy = worker.header("content-security-policy").unwrap();
    assert!(policy.contains("connect-src 'self'") && policy.contains("default-src 'none'"), "{policy}");
    let style = house.ask("GET", "/robots.txt", "", "").await;
    assert!(!style.header("content-security-policy").unwrap().contains("connect-src"));
}

#[tokio::test]
async fn the_chosen_line_is_kept_from_page_to_page() {
    let house = House::open().await;
    let second = house.hana.lines[1];
    let (mut path, mut moves) = (format!("/lines/{second}"), 0);
    // Bills, notices, help, settings: each reached from the one before, and each leads home to the same line.
    for next in
        ["/bills", "/notices", "/help", "/settings", "/disclosures", "/devices", "/account/merge", "/export"]
    {
        let page = house.get(&house.hana, &path).await;
        assert_eq!(page.status, 200, "{path}");
        let text = page.text();
        assert!(text.contains(&format!("href=\"/lines/{second}\"")), "{path} does not lead home to its line");
        let wanted = format!("{next}?line={second}");
        if text.contains(&format!("\"{wanted}")) {
            path = wanted;
            moves += 1;
        }
    }
    assert!(moves > 4, "{moves}");
    let titled = house.get(&house.hana, &format!("/bills?line={second}")).await.text();
    let end = titled.split("<title>").nth(1).unwrap().split(" | ").next().unwrap().to_owned();
    assert!(end.split(' ').count() == 2, "{end}");
    // A line of somebody else is no line of hers: the menu leads to her first.
    let foreign = house.ken.lines[0];
    let page = house.get(&house.hana, &format!("/bills?line={foreign}")).await.text();
    assert!(!page.contains(&format!("/lines/{foreign}")) && page.contains(&house.hana.lines[0].to_string()));
}

#[tokio::test]
async fn help_is_there_signed_out_and_while_personal_pages_are_stopped() {
    for stopped in [false, true] {
        let house = House::open_as(stopped, None).await;
        let page = house.ask("GET", "/help", "", "").await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains("tel:0120-000-000"), "{}", page.text());
    }
    let house = House::open().await;
    let sign_in = house.ask("GET", "/sign-in", "", "").await.text();
    assert!(sign_in.contains("href=\"/help\""), "{sign_in}");
}

#[tokio::test]
async fn a_reload_of_a_consent_shows_the_same_code() {
    let house = House::open().await;
    let form = format!("side=gives&password={}", PASSWORD.replace(' ', "+"));
    let given = house.post(Some(&house.hana), "/account/merge", &form).await;
    assert_eq!((given.status, given.header("location")), (303, Some("/account/merge")));
    let brought = value(&given, "merge")[0].split(';').next().unwrap().to_owned();
    let code = brought.rsplit('.').next().unwrap().to_owned();
    let with = |who: &str| format!("Cookie: {who}; merge={brought}\r\n");
    let hers = with(&house.hana.cookie);
    for _ in 0..2 {
        let page = house.ask("GET", "/account/merge", &hers, "").await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains(&format!("<code>{code}</code>")), "{}", page.text());
    }
    let other = house.ask("GET", "/account/merge", &with(&house.ken.cookie), "").await;
    assert!(!other.text().contains(&code), "another sign-in of the same browser is shown nothing of it");
    let again = house.ask("GET", "/account/merge?again=1", &hers, "").await.text();
    assert!(!again.contains(&code) && again.contains("name=\"password\""));
    let out = house.ask("POST", "/sign-out", &hers, "").await;
    assert!(value(&out, "merge")[0].starts_with("; Path=/; Max-Age=0"));
}

#[tokio::test]
async fn what_was_saved_is_said_once_it_is() {
    let house = House::open().await;
    let kept = house.post(Some(&house.hana), "/settings/theme", "theme=dark&back=/settings").await;
    assert_eq!((kept.status, kept.header("location")), (303, Some("/settings?said=saved")));
    let page = house.get(&house.hana, "/settings?said=saved").await.text();
    assert!(page.contains("role=\"status\"><p>設定を保存しました。"), "{page}");
    for path in ["/settings", "/settings?said=<b>"] {
        assert!(!house.get(&house.hana, path).await.text().contains("note ok"), "{path}");
    }
}

//! Signing in, as strangers try it: what reaches whom, what is said, what is said beside what is hers.

use super::house::{House, PASSWORD};
use super::wire::Reply;

fn form(login: &str, password: &str) -> String {
    format!("login={login}&password={}", password.replace(' ', "+"))
}

fn device(reply: &Reply) -> Option<&str> {
    let mut cookies = reply.head.lines().filter_map(|line| line.strip_prefix("set-cookie: device="));
    cookies.next().and_then(|cookie| cookie.split(';').next())
}

#[tokio::test]
async fn what_a_stranger_puts_into_a_link_changes_no_octet_of_a_personal_page() {
    let house = House::open().await;
    let line = house.hana.lines[0];
    for path in [
        "/lines".to_owned(),
        format!("/lines/{line}"),
        format!("/lines/{line}/buckets"),
        format!("/lines/{line}/usage"),
        format!("/lines/{line}/contract"),
        "/bills".to_owned(),
        format!("/bills/{}", house.hana.bill),
        "/devices".to_owned(),
        "/settings".to_owned(),
    ] {
        let plain = house.get(&house.hana, &path).await;
        assert_eq!(plain.status, 200, "{path}");
        let guess = house.get(&house.hana, &format!("{path}?x=090-1234-5678&y=090-")).await;
        assert_eq!(guess.text(), plain.text(), "{path}");
        // Nor does it have our page say what never happened.
        for site in ["cross-site", "same-site", "none"] {
            let headers = format!("Cookie: {}\r\nSec-Fetch-Site: {site}\r\n", house.hana.cookie);
            let said = house.ask("GET", &format!("{path}?said=password"), &headers, "").await;
            assert_eq!(said.text(), plain.text(), "{path}");
        }
        let headers = format!("Cookie: {}\r\nSec-Fetch-Site: same-origin\r\n", house.hana.cookie);
        let said = house.ask("GET", &format!("{path}?said=password"), &headers, "").await.text();
        assert!(said.contains("パスワードを変更しました。"), "{path}: {said}");
    }
}

#[tokio::test]
async fn a_choice_made_on_any_page_leads_back_to_it() {
    let house = House::open().await;
    for (from, to) in [
        ("https://a.example/bills", "/bills"),
        ("https://a.example/bills?x=1", "/bills"),
        ("https://a.example/nothing", "/"),
        ("nonsense", "/"),
    ] {
        let headers = format!("Referer: {from}\r\nContent-Type: application/x-www-form-urlencoded\r\n");
        let reply = house.ask("POST", "/settings/language", &headers, "language=en").await;
        let path = reply.header("location").and_then(|location| location.split('?').next());
        assert_eq!((reply.status, path), (303, Some(to)), "{from}");
    }
}

#[tokio::test]
async fn a_form_of_a_new_password_sent_twice_at_once_is_answered_twice_alike() {
    let house = House::open().await;
    let code = &house.hana.code;
    let form = format!("login=mio-hana&code={code}&password=kaze+no+tooru+michi+wo");
    let (one, other) =
        tokio::join!(house.post(None, "/activate", &form), house.post(None, "/activate", &form));
    for reply in [&one, &other, &house.post(None, "/activate", &form).await] {
        assert_eq!((reply.status, reply.header("location")), (303, Some("/")), "{}", reply.text());
    }
    let old = house.post(None, "/sign-in", &self::form("mio-hana", PASSWORD)).await;
    assert_eq!(old.status, 401);
    let new = house.post(None, "/sign-in", &self::form("mio-hana", "kaze no tooru michi wo")).await;
    assert_eq!(new.status, 303);
}

#[tokio::test]
async fn wrong_codes_do_not_void_the_right_one() {
    let house = House::open().await;
    let code = &house.hana.code;
    for _ in 0..12 {
        let wrong = "login=mio-hana&code=0000-0000-0000-0000-0000&password=kaze+no+tooru+michi+wo";
        assert_eq!(house.post(None, "/activate", wrong).await.status, 401);
    }
    let right = format!("login=mio-hana&code={code}&password=kaze+no+tooru+michi+wo");
    assert_eq!(house.post(None, "/activate", &right).await.status, 303);
}

#[tokio::test]
async fn passwords_that_are_soon_guessed_are_refused_with_the_reason() {
    let house = House::open().await;
    let code = &house.hana.code;
    for password in ["aaaaaaaaaaaaaaab", "1q2w3e4r5t6y7u8i", "honnin-demo-only", "mio-hana-mio-hana1"] {
        let form = format!("login=mio-hana&code={code}&password={password}");
        assert_eq!(house.post(None, "/activate", &form).await.status, 422, "{password}");
    }
    let form = format!("login=mio-hana&code={code}&password=kaze+no+tooru+michi+wo");
    assert_eq!(house.post(None, "/activate", &form).await.status, 303, "the code is as good as before");
}

#[tokio::test]
async fn each_device_has_a_mark_of_its_own_and_keeps_it() {
    let house = House::open().await;
    let sign_in = || async { house.post(None, "/sign-in", &form("mio-hana", PASSWORD)).await };
    let (one, other) = (sign_in().await, sign_in().await);
    let (mark, another) = (device(&one).unwrap().to_owned(), device(&other).unwrap());
    assert_ne!(mark, another);
    let headers = format!("Cookie: device={mark}\r\nContent-Type: application/x-www-form-urlencoded\r\n");
    let again = house.ask("POST", "/sign-in", &headers, &form("mio-hana", PASSWORD)).await;
    assert_eq!(device(&again), Some(mark.as_str()));
    let ken = house.ask("POST", "/sign-in", &headers, &form("mio-ken", PASSWORD)).await;
    assert_ne!(device(&ken).unwrap(), mark, "a mark is worth nothing on another account");
}

#[tokio::test]
async fn names_and_passwords_are_as_long_in_forms_as_everywhere() {
    use honnin_terms::{LONGEST_LOGIN, LONGEST_PASSWORD};
    let house = House::open().await;
    for path in ["/sign-in", "/activate"] {
        let page = house.ask("GET", path, "", "").await.text();
        let longest = format!("maxlength=\"{LONGEST_LOGIN}\"");
        let field = page.split("name=\"login\"").nth(1).unwrap().split('>').next().unwrap();
        assert!(field.contains(&longest), "{field}");
    }
    assert!(honnin_access::SubscriberAuthority::is_login(&"x".repeat(80)));
    let forms = [
        "/sign-in",
        "/activate",
        "/account/password",
        "/account/confirm",
        "/account/merge",
        "/devices/tokens",
    ];
    let mut fields = 0;
    for path in forms {
        let page = house.get(&house.hana, path).await.text();
        for field in page.split("type=\"password\"").skip(1).map(|rest| rest.split('>').next().unwrap()) {
            assert!(field.contains(&format!("maxlength=\"{LONGEST_PASSWORD}\"")), "{path}: {field}");
            fields += 1;
        }
    }
    assert!(fields >= forms.len(), "{fields}");
    let described = house.ask("GET", "/openapi.json", "", "").await.json();
    let mut bodies = 0;
    for schema in described["components"]["schemas"].as_object().unwrap().values() {
        for (name, longest) in [("login", LONGEST_LOGIN), ("password", LONGEST_PASSWORD)] {
            let field = &schema["properties"][name];
            if field.is_object() {
                assert_eq!(field["maxLength"], longest, "{name}: {schema}");
                bodies += 1;
            }
        }
    }
    assert!(bodies >= 5, "{bodies}");
}

#[tokio::test]
async fn who_has_left_is_not_hashed_for() {
    let house = House::open_slow().await;
    let before = house.hashes();
    let body = form("mio-nobody", "wrong");
    let octets = format!(
        "POST /sign-in HTTP/1.1\r\nHost: a.example\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let until = async |is_so: &dyn Fn(u64, usize) -> bool| {
        for _ in 0..60_000 {
            let (hashed, waiting) = house.app.wiring.care.hashes();
            if is_so(hashed, waiting) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        panic!("a minute, and {:?} have been hashed and wait", house.app.wiring.care.hashes());
    };
    for _ in 0..40 {
        let hashed_before = house.hashes();
        let mut stream = tokio::net::TcpStream::connect(house.at).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, octets.as_bytes()).await.unwrap();
        // It is read, and waits or has its turn.
        until(&|hashed, waiting| hashed > hashed_before || waiting > 0).await;
        drop(stream);
        until(&|_, waiting| waiting == 0).await;
    }
    let right = house.post(None, "/sign-in", &form("mio-ken", PASSWORD)).await;
    assert_eq!(right.status, 303);
    assert!(house.hashes() - before < 20, "{} of 41", house.hashes() - before);
}

//! Tricks on the wire: messages whose length is told twice, answers that could be mixed up, cookies beside cookies,
//! names that look like others. All over the real accept loop.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Duration, timeout};

use super::house::{House, PASSWORD, Subscriber};

const PATIENCE: Duration = Duration::from_mins(2);

/// The last request of a connection; its answer shows that the connection was not given up before.
const LAST: &str = "GET /healthz HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n";

/// Sends octets in one piece and gives what comes until the connection ends, as one status and body after the other.
async fn exchange(at: SocketAddr, octets: &str) -> Vec<(u16, String)> {
    let mut stream = TcpStream::connect(at).await.unwrap();
    // A server that has seen enough may have closed already.
    drop(stream.write_all(octets.as_bytes()).await);
    let mut all = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut all)).await.expect("the connection ends");
    drop(read);
    let mut rest = String::from_utf8_lossy(&all).into_owned();
    let mut answers = Vec::new();
    while let Some((head, after)) = rest.split_once("\r\n\r\n") {
        let lower = head.to_ascii_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        let status = head[9..12].parse().unwrap();
        answers.push((status, after[..length].to_owned()));
        rest = after[length..].to_owned();
    }
    assert_eq!(rest, "", "nothing comes beside whole answers");
    answers
}

/// A request for the lines of somebody.
fn lines_of(who: &Subscriber) -> String {
    format!("GET /lines HTTP/1.1\r\nHost: a.example\r\nCookie: {}\r\n\r\n", who.cookie)
}

#[track_caller]
fn shows_nobody(answers: &[(u16, String)], trick: &str) {
    for (status, body) in answers {
        assert!(!body.contains("名前"), "{trick:?}: {status} {body}");
    }
}

#[tokio::test]
async fn answers_to_requests_in_one_piece_come_in_order_and_to_whom_they_are_due() {
    let house = House::open().await;
    let people = || [&house.hana, &house.ken].into_iter().cycle().take(40);
    let octets: String = people().map(lines_of).collect();
    let answers = exchange(house.at, &format!("{octets}{LAST}")).await;
    assert_eq!(answers.len(), 41);
    for (who, (status, body)) in people().zip(&answers) {
        let other = if who.mark == "HANA" { "KEN" } else { "HANA" };
        assert_eq!(*status, 200);
        assert!(body.contains(who.mark) && !body.contains(other), "{}: {body}", who.mark);
    }
}

#[tokio::test]
async fn what_follows_a_body_of_doubtful_length_is_not_read() {
    let house = House::open().await;
    let hidden = lines_of(&house.ken);
    let length = hidden.len() + 5;
    for fields in [
        format!("Content-Length: {length}\r\nTransfer-Encoding: chunked"),
        format!("Transfer-Encoding: chunked\r\nContent-Length: {length}"),
        "Transfer-Encoding: chunked".to_owned(),
        "Content-Length: 5\r\nContent-Length: 6".to_owned(),
        "Content-Length: 5, 6".to_owned(),
        "Content-Length: +5".to_owned(),
        "Content-Length: 0x5".to_owned(),
        "Content-Length : 5".to_owned(),
        "Content-Length: 18446744073709551621".to_owned(),
        "Transfer-Encoding: xchunked".to_owned(),
        "Transfer-Encoding: chunked, identity".to_owned(),
        "Transfer-Encoding: identity\r\nTransfer-Encoding: cow".to_owned(),
        "Transfer-Encoding : chunked".to_owned(),
        "Transfer-Encoding:\r\n chunked".to_owned(),
        "Transfer-Encoding: \u{b}chunked".to_owned(),
    ] {
        let octets = format!(
            "POST /settings/theme HTTP/1.1\r\nHost: a.example\r\n{fields}\r\n\r\n0\r\n\r\n{hidden}{LAST}"
        );
        let answers = exchange(house.at, &octets).await;
        assert!(answers.len() <= 1, "{fields:?}: {answers:?}");
        shows_nobody(&answers, &fields);
    }
}

#[tokio::test]
async fn a_body_whose_framing_is_none_is_a_bad_request() {
    let house = House::open().await;
    for chunks in [
        "x\r\n",
        "5\r\nabc\r\n0\r\n\r\n",
        "5;\n\r\nabcde\r\n0\r\n\r\n",
        "fffffffffffffffff\r\n",
        "-1\r\n",
        "3\r\nabcxx",
    ] {
        let octets = format!(
            "POST /settings/theme HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}{LAST}"
        );
        let statuses: Vec<u16> =
            exchange(house.at, &octets).await.iter().map(|(status, _)| *status).collect();
        assert_eq!(statuses, [400], "{chunks:?}");
    }
}

#[tokio::test]
async fn a_body_is_never_taken_for_a_request() {
    let house = House::open().await;
    let hidden = lines_of(&house.ken);
    let with_body = |line: &str, fields: &str| {
        let length = hidden.len();
        format!(
            "{line} HTTP/1.1\r\nHost: a.example\r\nContent-Length: {length}\r\n{fields}\r\n{hidden}{LAST}"
        )
    };
    for (line, fields) in [
        ("GET /healthz", ""),
        ("HEAD /healthz", ""),
        ("GET /lines", ""),
        ("POST /sign-out", "Origin: https://evil.example\r\n"),
        ("POST /nothing", ""),
        ("POST /healthz", ""),
        ("OPTIONS /lines", ""),
        ("DELETE /api/v1/sessions/current", ""),
        ("POST /settings/theme", "Expect: 100-continue\r\n"),
    ] {
        // HEAD answers tell a length and send none of it, so only what is shown is judged.
        let octets = with_body(line, fields);
        let mut stream = TcpStream::connect(house.at).await.unwrap();
        drop(stream.write_all(octets.as_bytes()).await);
        let mut all = Vec::new();
        drop(timeout(PATIENCE, stream.read_to_end(&mut all)).await.expect("the connection ends"));
        assert!(!String::from_utf8_lossy(&all).contains("名前"), "{line}");
    }
    let much = "x".repeat(2 << 20);
    let octets = format!(
        "POST /settings/theme HTTP/1.1\r\nHost: a.example\r\nContent-Length: {}\r\n\r\n{much}{hidden}",
        much.len()
    );
    shows_nobody(&exchange(house.at, &octets).await, "too much");
}

#[tokio::test]
async fn a_cookie_in_a_trailer_is_nobodys() {
    let house = House::open().await;
    let octets = format!(
        "POST /sign-out HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\nTrailer: Cookie\r\n\r\n\
         0\r\nCookie: {}\r\n\r\n",
        house.ken.cookie
    );
    assert_eq!(exchange(house.at, &octets).await[0].0, 303);
    assert_eq!(house.get(&house.ken, "/lines").await.status, 200, "the session in the trailer still lives");
}

#[tokio::test]
async fn two_sessions_in_one_request_are_nobodys() {
    let house = House::open().await;
    let (hana, ken) = (&house.hana.cookie, &house.ken.cookie);
    let bearer =
        |cookie: &str| format!("Authorization: Bearer {}\r\n", cookie.trim_start_matches("session="));
    for fields in [
        format!("Cookie: {hana}; {ken}\r\n"),
        format!("Cookie: {ken}; {hana}\r\n"),
        format!("Cookie: {hana}\r\nCookie: {ken}\r\n"),
        format!("{}{}", bearer(hana), bearer(ken)),
    ] {
        for path in ["/lines", "/api/v1/me"] {
            let reply = house.ask("GET", path, &fields, "").await;
            assert_eq!(reply.status, 401, "{path} {fields}");
            assert!(!reply.text().contains("名前"));
        }
    }
    let twice = format!("Cookie: {hana}; {hana}\r\n");
    assert_eq!(house.ask("GET", "/lines", &twice, "").await.status, 200);
}

#[tokio::test]
async fn cookies_beyond_the_bound_are_refused_and_the_connection_ends() {
    let house = House::open().await;
    let octets = format!(
        "GET /lines HTTP/1.1\r\nHost: a.example\r\nCookie: x={}; {}\r\n\r\n{}",
        "y".repeat(256 << 10),
        house.hana.cookie,
        lines_of(&house.ken)
    );
    let answers = exchange(house.at, &octets).await;
    assert!(answers.iter().all(|(status, _)| *status == 431), "{answers:?}");
}

#[tokio::test]
async fn a_name_that_looks_like_hers_is_not_hers() {
    let house = House::open().await;
    let unknown = house.post(None, "/sign-in", "login=mio-nobody&password=x").await;
    let sign_in = |login: &str| format!("login={login}&password={}", PASSWORD.replace(' ', "+"));
    for login in [
        "mio-hаna",
        "mio-hana%E2%80%8B",
        "mio-hana%00",
        "mio%E2%80%90hana",
        "mio-hana%0A.",
        "%EF%BB%BFmio-hana",
        "mio-han%61%CC%81",
    ] {
        let reply = house.post(None, "/sign-in", &sign_in(login)).await;
        assert_eq!(reply.status, unknown.status, "{login}");
        assert!(reply.header("set-cookie").is_none(), "{login}");
    }
    // Width and case are how a keyboard was set, and spaces come with copying: by design they do not matter.
    for login in ["ｍｉｏ-hana", "MIO-HANA", "+mio-hana+"] {
        assert_eq!(house.post(None, "/sign-in", &sign_in(login)).await.status, 303, "{login}");
    }
}

#[tokio::test]
async fn conditions_and_ranges_change_nothing_of_a_personal_page() {
    let house = House::open().await;
    let cookie = format!("Cookie: {}\r\n", house.hana.cookie);
    let plain = house.ask("GET", "/lines", &cookie, "").await;
    for condition in [
        "If-None-Match: *\r\n",
        "If-None-Match: \"x\"\r\n",
        "If-Modified-Since: Fri, 20 Nov 2099 00:00:00 GMT\r\n",
        "Range: bytes=0-10\r\n",
        "Range: bytes=0-1\r\nIf-Range: \"x\"\r\n",
        "Cache-Control: only-if-cached\r\n",
        "X-HTTP-Method-Override: POST\r\n",
        "X-Original-URL: /bills\r\n",
    ] {
        let reply = house.ask("GET", "/lines", &format!("{cookie}{condition}"), "").await;
        assert_eq!((reply.status, &reply.body), (200, &plain.body), "{condition}");
        assert_eq!(reply.header("cache-control"), Some("private, no-store"), "{condition}");
        for name in ["etag", "last-modified", "accept-ranges", "age", "content-range"] {
            assert_eq!(reply.header(name), None, "{condition}");
        }
    }
    let head = house.ask("HEAD", "/lines", &cookie, "").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some(plain.body.len().to_string().as_str()));
}

#[tokio::test]
async fn a_host_that_is_claimed_stands_nowhere_in_an_answer() {
    let house = House::open().await;
    for target in
        ["/", "/lines", "http://evil.example/lines", "http://evil.example/sign-in", "//evil.example/lines"]
    {
        let octets = format!(
            "GET {target} HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\nCookie: {}\r\n\
             Connection: close\r\n\r\n",
            house.hana.cookie
        );
        let mut stream = TcpStream::connect(house.at).await.unwrap();
        stream.write_all(octets.as_bytes()).await.unwrap();
        let mut all = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut all)).await.unwrap().unwrap();
        assert!(!String::from_utf8_lossy(&all).contains("evil.example"), "{target}");
    }
}

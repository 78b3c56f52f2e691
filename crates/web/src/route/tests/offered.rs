//! What a mode takes away, route by route.

use std::time::Duration;

use honnin_terms::{Less, Mode, Strain};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::house::House;
use crate::route::routes::TABLE;
use crate::route::table::Load;

/// How long nothing comes from who waits for a body: less than it waits.
const SILENT: Duration = Duration::from_secs(1);

/// What changes something and is there in every mode: cookies of one's own browser, and the end of what is one's own
/// with the proof that it asks for.
const ALWAYS: [&str; 13] = [
    "POST /sign-out",
    "POST /devices/{session}/revoke",
    "POST /devices/revoke-others",
    "POST /account/confirm",
    "POST /account/confirm/passkey",
    "POST /account/passkeys/{passkey}/remove",
    "POST /api/v1/sessions/current/proof",
    "POST /settings/language",
    "POST /settings/theme",
    "DELETE /api/v1/sessions",
    "DELETE /api/v1/sessions/current",
    "DELETE /api/v1/sessions/{session}",
    "DELETE /api/v1/tokens/{id}",
];

#[test]
fn every_route_that_changes_something_is_taken_away_or_listed() {
    let refused = |mode: Mode| {
        let taken = TABLE.iter().filter(|route| route.offer().is_some_and(|offer| !mode.offers(offer)));
        taken.map(|route| format!("{} {}", route.verb.word(), route.path)).collect::<Vec<_>>()
    };
    let read_only = refused(Less::ReadOnly.because(Strain::Room));
    for route in TABLE.iter().filter(|route| !route.verb.is_safe()) {
        let name = format!("{} {}", route.verb.word(), route.path);
        assert_ne!(read_only.contains(&name), ALWAYS.contains(&name.as_str()), "{name}");
    }
    // Reads of one's own go on in every mode.
    for route in TABLE.iter().filter(|route| route.load == Load::Read || route.load == Load::Static) {
        assert_eq!(route.offer(), None, "{}", route.path);
    }
    let brownout = refused(Less::Brownout.because(Strain::Store));
    let documents = TABLE.iter().filter(|route| route.load == Load::Document);
    assert_eq!(brownout.len(), documents.count(), "{brownout:?}");
    assert!(refused(Mode::Open).is_empty());
}

#[tokio::test]
async fn what_a_mode_takes_away_is_refused_before_its_body_is_read() {
    let house = House::open_as(false, None).await;
    // Nothing follows: whoever waited for what was announced would wait as long as a body may take.
    let ask = async |path: &str| {
        let (octets, host) = (house.app.wiring.bounds.body_octets, house.at);
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {}\r\nContent-Length: {octets}\r\n\r\n",
            house.hana.cookie
        );
        let mut stream = TcpStream::connect(host).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    };
    let status = async |mut stream: TcpStream| {
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.unwrap();
        String::from_utf8_lossy(&status).into_owned()
    };
    let is_read_whole = async |path: &str| timeout(SILENT, status(ask(path).await)).await.is_err();
    let line = format!("/lines/{}/speed", house.hana.lines[0]);
    assert!(is_read_whole(&line).await, "an act that is offered is read whole");
    house.standing.strained(Some((Less::ReadOnly, Strain::Room)));
    for path in [line.as_str(), "/sign-in", "/api/v1/sessions", "/api/v1/exports"] {
        // However long this machine takes: who waited for the body would be told of that (408), and never that it is off.
        assert_eq!(status(ask(path).await).await, "HTTP/1.1 503", "{path}");
    }
    assert!(is_read_whole("/sign-out").await, "what is there in every mode is read whole");
}

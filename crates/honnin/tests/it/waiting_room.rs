//! `honnin waiting-room`, while the product serves and over a restart.

use std::thread;
use std::time::Duration;

use crate::support::Place;

const PORTS: [(&str, &str); 3] =
    [("public", "[\"127.0.0.1:0\"]"), ("metrics", "\"127.0.0.1:0\""), ("first", "1")];

/// Waits for that, half a minute at most.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..300 {
        if is_so() {
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("{what}: not within half a minute");
}

#[test]
fn a_planned_waiting_room_is_an_act_and_keeps_places_over_a_restart() {
    let place = Place::begin(&PORTS);
    for wrong in [
        &["waiting-room", "open", "--until", "soon"][..],
        &["waiting-room", "open", "--until", "2020-01-01T00:00"],
    ] {
        let refused = place.run(wrong);
        assert!(
            refused.code == Some(1) && refused.err.contains("cannot open the waiting room"),
            "{}",
            refused.err
        );
    }
    let closed = place.run(&["waiting-room", "show"]);
    assert!(closed.out.contains("closed, 0 people in line"), "{}{}", closed.out, closed.err);
    let opened = place.run(&["--as", "suzuki", "waiting-room", "open", "--until", "2999-01-01T00:00"]);
    assert!(opened.code == Some(0) && opened.out.contains("open, 0 people"), "{}{}", opened.out, opened.err);
    let acts = place.run(&["journal", "acts"]).out;
    assert!(acts.lines().any(|line| line.contains("suzuki") && line.contains("waiting-room open")), "{acts}");

    let serving = place.serve();
    let mut first = serving.browser();
    let placed = first.get("/sign-in");
    assert!(placed.status == 202 && first.cookies.contains_key("place"), "{placed:?}");
    // Others come after her, until the node has written down that they did.
    let mut others: Vec<_> = (0..8).map(|_| serving.browser()).collect();
    assert!(others.iter_mut().all(|other| other.get("/sign-in").status == 202));
    thread::sleep(Duration::from_millis(1_200));
    serving.0.kill();

    let serving = place.serve();
    let site = format!("http://{}", serving.0.after("serving on "));
    first.moved_to(&site);
    let mut last = serving.browser();
    assert_eq!(last.get("/sign-in").status, 202);
    until("her place is kept", || first.get("/sign-in").status != 202);
    assert_eq!(last.get("/sign-in").status, 202, "nine are before her, and one a second is let in");
    let shown = place.run(&["waiting-room", "show", "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
    assert!(shown["open"] == true && shown["waiting"].as_u64().unwrap() > 0, "{shown}");
    let closed = place.run(&["waiting-room", "close"]);
    assert!(closed.out.contains("closed"), "{}{}", closed.out, closed.err);
    until("it closes", || last.get("/sign-in").status == 200);
}

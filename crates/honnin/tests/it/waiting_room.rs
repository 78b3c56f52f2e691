//! `honnin waiting-room`, while the product serves and over a restart.

use crate::support::{Browser, Place, soon};

const PORTS: [(&str, &str); 3] =
    [("public", "[\"127.0.0.1:0\"]"), ("metrics", "\"127.0.0.1:0\""), ("first", "1")];

/// The moment at which she came, as it stands on her ticket: of a place, or of entry once she was called.
fn came(browser: &Browser) -> &str {
    let ticket = &browser.cookies["place"];
    ticket.split('.').nth(1).unwrap_or_else(|| panic!("{ticket}"))
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
    let hers = came(&first).to_owned();
    // Others come after her, until the node has written down that somebody waits.
    let mut shown = serde_json::Value::Null;
    let is_known = soon(|| {
        serving.browser().get("/sign-in");
        let told = place.run(&["waiting-room", "show", "--json"]);
        shown = serde_json::from_str(&told.out).unwrap();
        shown["waiting"].as_u64().unwrap() > 0
    });
    assert!(is_known && shown["open"] == true, "{shown}");
    serving.0.kill();

    let serving = place.serve();
    let site = format!("http://{}", serving.0.after("serving on "));
    first.moved_to(&site);
    let mut last = serving.browser();
    last.get("/sign-in");
    let mut is_in = first.get("/sign-in").status != 202;
    assert_eq!(came(&first), hers, "her place is kept");
    assert!(came(&last).parse::<u64>().unwrap() > hers.parse().unwrap(), "who comes now is behind her");
    // However fast this machine is: nobody is in before her who came later.
    let is_let_in = soon(|| {
        let last_is_in = last.get("/sign-in").status != 202;
        is_in = is_in || first.get("/sign-in").status != 202;
        assert!(is_in || !last_is_in, "who came last is in, and she is not");
        is_in
    });
    assert!(is_let_in, "she is never let in");
    assert_eq!(came(&first), hers);
    let closed = place.run(&["waiting-room", "close"]);
    assert!(closed.out.contains("closed"), "{}{}", closed.out, closed.err);
    assert!(soon(|| last.get("/sign-in").status == 200), "it does not close");
}

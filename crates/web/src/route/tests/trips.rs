//! How often an answer waits for the store before it can ask on: what it costs on an engine behind a socket.

use std::fmt::Write;

use super::coverage::{is_signed_in, path_of};
use super::house::House;
use crate::route::reference;
use crate::route::routes::TABLE;
use crate::route::table::Verb;

const HEAD: &str = "\
# Round trips

Written by a test, which counts them on an engine that is asked through a counter with nothing cached: how long the
longest chain of calls of the store is of which each could only be made once the one before was answered. Calls under
way together are one trip. Every row is what a subscriber with a session asks for a minute after she was last seen.
Home needs two at most.

| path | trips | calls |
|---|---|---|
";

/// Home of a line, as a page and for programs.
const HOME: [&str; 2] = ["/lines/{line}", "/api/v1/lines/{line}/home"];

#[tokio::test]
async fn a_home_read_needs_two_round_trips_at_most() {
    let house = House::open().await;
    let mut text = String::from(HEAD);
    let mut homes = Vec::new();
    for route in TABLE.iter().filter(|route| route.verb == Verb::Get) {
        let path = path_of(route, &house.hana, &house);
        if is_signed_in(route) {
            house.clock.advance_seconds(61);
        }
        house.store.take();
        let reply = house.get(&house.hana, &path).await;
        if reply.status >= 400 {
            // What is not there without more about the house: security.txt, a made-up file.
            assert!(!is_signed_in(route), "{path}: {}", reply.status);
            continue;
        }
        let (trips, calls) = house.store.take();
        writeln!(text, "| `{}` | {trips} | {} |", route.path, calls.join(", ")).unwrap();
        homes.extend(HOME.contains(&route.path).then_some((route.path, trips)));
    }
    assert_eq!(homes.len(), HOME.len());
    for (path, trips) in homes {
        assert!((1..=2).contains(&trips), "{path} needs {trips}:\n{text}");
    }
    reference::compare("round-trips.md", &text);
}

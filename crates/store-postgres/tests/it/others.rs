//! Another process on the same server.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use honnin_access::ports::SessionRows;
use honnin_access::{Document, Subject};
use honnin_store::conformance::done;
use honnin_store::document::Line;
use honnin_store::{Changed, Engine};
use honnin_testkit::{PostgresServer, soon};

use crate::opened;
use crate::told::Told;

#[test]
fn what_another_process_writes_is_told_and_our_own_writes_are_told_exactly() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    let (serving, other) = (opened::open(&server, &database, 1), opened::open(&server, &database, 2));
    let told = Arc::new(Told::default());
    serving.watch(Arc::<Told>::clone(&told));
    let stage = opened::stage(&serving);
    let one = stage.person();
    let subject = Subject { tenant: stage.tenant, account: one.account, holding: Some(one.line) };
    // The first look of all tells everything, and so does one that a busy machine kept from its answer. Of our own writes
    // each look would, so that there would be no time at all in which nobody is told.
    let is_told_exactly = |_: &u32| {
        let before = told.everything();
        for row in 0..5_u8 {
            let length = told.length();
            stage.write(one.account, vec![stage.noise(Some(one.line), Line::KIND, &[row])]);
            let change = Changed::View { subject, kind: Line::KIND, row: vec![row] };
            assert!(told.since(length).contains(&change), "{row}: {:?}", told.since(length));
        }
        thread::sleep(Duration::from_millis(500));
        told.everything() == before
    };
    let quiet = (0..60).filter(is_told_exactly).take(5).count();
    assert_eq!(quiet, 5, "of our own writes somebody is told everything");
    let before = told.everything();
    let ring = stage.ring(one.account, vec![one.session.session]);
    done(other.end_sessions(stage.tenant, one.account, ring)).unwrap();
    assert!(soon(|| told.everything() > before), "nobody is told");
    assert_eq!(done(serving.session(stage.tenant, &one.row_hash)), Ok(None));
}

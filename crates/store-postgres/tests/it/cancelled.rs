//! A caller that goes away, such as a browser that is closed.

use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use honnin_access::ports::{CredentialRows, RingWrite, SessionRows};
use honnin_store::Engine;
use honnin_store::conformance::done;
use honnin_store_postgres::Bounds;
use honnin_testkit::PostgresServer;

use crate::opened;

#[test]
fn a_call_that_nobody_waits_for_is_done_whole_and_spoils_no_other() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    // One connection of each kind: whatever a call leaves behind on it the next one finds.
    let bounds = Bounds { readers: 1, writers: 1, ..Bounds::default() };
    let store = opened::open_with(&server, &database, 1, bounds);
    let stage = opened::stage(&store);
    let (one, other) = (stage.person(), stage.person());
    let version = || done(store.credential(stage.tenant, one.account)).unwrap().unwrap().ring_version;
    let mut context = Context::from_waker(Waker::noop());
    for turn in 0..24_u8 {
        let (before, hash) = (version(), [turn; 32]);
        let ring = RingWrite { read_version: before, ..stage.ring(one.account, Vec::new()) };
        {
            let row = stage.session_row(one.account, 1);
            let mut write = pin!(store.insert_session(hash, row, ring));
            let mut read = pin!(store.session(stage.tenant, &one.row_hash));
            // It is answered later nearly always; where this thread stood still meanwhile it may be there at once.
            let _begun = write.as_mut().poll(&mut context);
            drop(read.as_mut().poll(&mut context));
            thread::sleep(Duration::from_micros(150 * u64::from(turn)));
        }
        // Somebody else's call on the same connection.
        let found = done(store.session(stage.tenant, &other.row_hash)).unwrap().unwrap();
        assert_eq!(found.session.account, other.account);
        while store.figures().waiting_writes > 0 {
            thread::sleep(Duration::from_millis(1));
        }
        let written = done(store.session(stage.tenant, &hash)).unwrap().is_some();
        assert_eq!((version(), written), (before + 1, true), "turn {turn}");
    }
}

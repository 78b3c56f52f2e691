//! Many at once, in two processes.

use std::thread;

use honnin_store::conformance::done;
use honnin_store::{ControlName, ControlRows, Error, NewControl, Swapped};
use honnin_testkit::PostgresServer;

use crate::opened;

#[test]
fn what_many_write_at_once_is_as_if_they_had_written_in_turn() {
    const EACH: u32 = 12;
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    let stores = [1, 2].map(|process| opened::open(&server, &database, process));
    let stage = opened::stage(&stores[0]);
    let name = ControlName::new("counted").unwrap();
    thread::scope(|scope| {
        for store in stores.iter().cycle().take(6) {
            scope.spawn(|| {
                let mut left = EACH;
                while left > 0 {
                    let found = done(store.control(&stage.keep(0), &name)).unwrap();
                    let (revision, count) = found.map_or((0, 0), |row| {
                        (row.revision, u32::from_be_bytes(row.value.try_into().unwrap()))
                    });
                    let write = NewControl { value: (count + 1).to_be_bytes().into(), until: None };
                    match done(store.swap_control(&stage.keep(0), &name, revision, Some(write))) {
                        Ok(Swapped::Done(_)) => left -= 1,
                        Ok(Swapped::Changed(_)) | Err(Error::TryAgain) => {}
                        refused => panic!("{refused:?}"),
                    }
                }
            });
        }
    });
    let found = done(stores[1].control(&stage.keep(0), &name)).unwrap().unwrap();
    assert_eq!(found.value, (EACH * 6).to_be_bytes());
}

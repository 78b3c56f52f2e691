//! How the engine goes about statements that it went about wrongly: each of them once went through all rows of a table, in the
//! one thread that writes.

use rusqlite::Connection;

use crate::{schema, sessions, speed, sweep};

#[test]
fn no_statement_goes_through_the_rows_of_others() {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::migrate(&mut connection).unwrap();
    for (statement, way) in [
        (sessions::END, "session USING INDEX session_of_account (tenant=? AND account=?)"),
        (speed::CLAIM, "speed USING PRIMARY KEY (tenant=? AND account=? AND holding=?)"),
        (speed::BACKLOG, "speed USING INDEX speed_due (tenant=? AND due_at>?)"),
        (sweep::KEYS, "wish_key USING PRIMARY KEY (tenant=? AND account=? AND holding=? AND key=?)"),
    ] {
        let mut asked = connection.prepare(&format!("explain query plan {statement}")).unwrap();
        let unknown = vec![1; asked.parameter_count()];
        let plan = asked.query_map(rusqlite::params_from_iter(unknown), |row| row.get("detail")).unwrap();
        let plan: Vec<String> = plan.map(Result::unwrap).collect();
        assert_eq!(plan.first(), Some(&format!("SEARCH {way}")), "{statement}: {plan:#?}");
    }
}

//! What somebody left on a connection, such as a pooler that hands it on with its settings, changes nothing.

use std::sync::Arc;

use honnin_access::ports::SessionRows;
use honnin_store::conformance::{SignedIn, Stage, done};
use honnin_store::{OperatorRows, SpeedRows, StoredDocument, ViewRows};
use honnin_testkit::PostgresServer;

use crate::opened;

/// What every connection of the role begins with from now on; `reset all` brings it back.
const LEFT: &str = "\
    create role neighbour; grant neighbour to honnin; \
    create schema evil; grant usage on schema evil to public; \
    create function evil.set_config(text, text, boolean) returns text language sql as 'select $2'; \
    create table evil.session (like honnin.session); create table evil.account (like honnin.account); \
    grant all on all tables in schema evil to public; \
    alter role honnin set role = 'neighbour'; \
    alter role honnin set search_path = 'evil', 'pg_catalog'; \
    alter role honnin set row_security = off; \
    alter role honnin set synchronous_commit = off; \
    alter role honnin set default_transaction_isolation = 'read uncommitted'; \
    alter role honnin set statement_timeout = 250; \
    alter role honnin set lock_timeout = 1; \
    alter role honnin set honnin.tenant = '1'; \
    alter role honnin set honnin.reach = 'house'; \
    alter role honnin set honnin.account = 'ff'; \
    alter role honnin set honnin.session = 'ff'";

/// A database of that server, and somebody in it with a document of her line.
fn lived_in(server: &PostgresServer) -> (String, Stage, SignedIn, StoredDocument) {
    let database = opened::prepared(server);
    let stage = opened::stage(&opened::open(server, &database, 1));
    let one = stage.person();
    let written = stage.noise(Some(one.line), "line", b"");
    stage.write(one.account, vec![written.clone()]);
    (database, stage, one, written)
}

#[test]
fn a_setting_or_role_left_on_a_connection_changes_nothing() {
    // Roles are the server's: this one is nobody else's.
    let Some(server) = PostgresServer::start() else { return };
    let (database, before, one, written) = lived_in(&server);
    done(before.store.close());
    server.sql(&database, LEFT);
    let store = opened::open(&server, &database, 2);
    let stage = opened::stage(&store);
    let found = done(store.session(stage.tenant, &one.row_hash)).unwrap().unwrap();
    assert_eq!(found.session.account, one.account);
    assert_eq!(done(store.session(stage.tenant, &[0xff; 32])), Ok(None));
    let read = stage.read(&one);
    assert_eq!(done(store.view(&read, "line", b"")), Ok(Some(written.blob)));
    assert_eq!(done(store.speed(&read)), Ok(None));
    let ring = stage.ring(one.account, vec![one.session.session]);
    done(store.end_sessions(stage.tenant, one.account, ring)).unwrap();
    assert_eq!(done(store.session(stage.tenant, &one.row_hash)), Ok(None));
    // A tenant is what a transaction says, not what was left.
    let neighbour: Stage = stage.neighbour();
    assert_eq!(done(store.report(&neighbour.operate(0))).unwrap().accounts, 0);
    assert_eq!(done(store.report(&stage.operate(0))).unwrap().accounts, 1);
    // What was planted is there: a connection that says nothing for itself begins with it.
    assert_eq!(
        server.sql(&database, "select count(*) from evil.session"),
        "0",
        "and nothing was written there"
    );
}

/// A role under which a row is not there: nothing is refused, and only the role itself tells.
#[test]
fn a_role_left_on_a_connection_hides_nothing() {
    let Some(server) = PostgresServer::start() else { return };
    let (database, stage, one, written) = lived_in(&server);
    let (read, of_account) = (stage.read(&one), stage.read_account(&one));
    let store = opened::open(&server, &database, 2);
    // Given after the start, which refuses it, and before the first connection that is shared. Who inherits has the policies too.
    server.sql(
        &database,
        "create role neighbour; alter role honnin noinherit; grant neighbour to honnin; grant usage on schema honnin to neighbour; \
         grant select on all tables in schema honnin to neighbour; \
         create policy hidden on honnin.session as restrictive to neighbour using (false); \
         create policy hidden on honnin.document as restrictive to neighbour using (false); \
         alter role honnin set role = 'neighbour'",
    );
    assert_eq!(done(store.view(&read, "line", b"")), Ok(Some(Arc::clone(&written.blob))));
    assert_eq!(done(store.home(&read, &of_account)).unwrap().line, Some(written.blob));
    assert!(done(store.session(stage.tenant, &one.row_hash)).unwrap().is_some());
}

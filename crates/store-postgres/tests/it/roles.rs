//! Who may serve: a role for which row-level security holds, on a schema that is as it was made.

use honnin_store_postgres::{Bounds, StartError};
use honnin_testkit::{PostgresServer, SeededEntropy};

use crate::opened;

fn open_as(server: &PostgresServer, role: &str, database: &str) -> Result<(), StartError> {
    let target = opened::target(server, role, database);
    honnin_store_postgres::open(&target, Bounds::default(), opened::clock(), &SeededEntropy::new(1)).map(drop)
}

#[test]
fn a_role_for_which_row_level_security_does_not_hold_is_refused() {
    let Some(server) = PostgresServer::start() else { return };
    let database = opened::prepared(&server);
    open_as(&server, "honnin", &database).unwrap();
    let grant = |role: &str| {
        server.sql(
            &database,
            &format!(
                "grant usage on schema honnin to {role}; \
                 grant select, insert, update, delete on all tables in schema honnin to {role}"
            ),
        )
    };
    for (make, role, may) in [
        ("", "owner", "is a superuser"),
        ("create role bypassing login bypassrls", "bypassing", "may bypass row-level security"),
        (
            "create role half; create role owning login; grant half to owning; alter table honnin.document owner to half",
            "owning",
            "owns the schema or its tables",
        ),
        (
            "create role deep login noinherit; grant bypassing to deep",
            "deep",
            "may bypass row-level security",
        ),
        ("create role hiring login createrole", "hiring", "may make roles"),
        ("create role copying login replication", "copying", "may copy the whole server"),
        ("create role making login; grant create on schema honnin to making", "making", "may create things"),
    ] {
        if !make.is_empty() {
            server.sql(&database, make);
            grant(role);
        }
        let told = open_as(&server, role, &database).unwrap_err().to_string();
        assert!(told.contains(may) && told.contains(role), "{role}: {told}");
    }
}

#[test]
fn a_table_that_stands_open_is_refused() {
    let Some(server) = PostgresServer::shared() else { return };
    for (spoil, table) in [
        ("alter table honnin.session no force row level security", "session"),
        ("alter table honnin.document disable row level security", "document"),
        ("drop policy floor on honnin.speed", "speed"),
        ("drop policy floor on honnin.work; create policy floor on honnin.work using (true)", "work"),
        ("alter policy floor on honnin.session using (true)", "session"),
        ("alter policy floor on honnin.message with check (true)", "message"),
        (
            "alter policy floor on honnin.notice using \
                (true or tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint)",
            "notice",
        ),
        ("alter table honnin.tick rename to tock", "tock"),
        ("create view honnin.everything as select * from honnin.account", "everything"),
        ("create table honnin.more (tenant bigint)", "more"),
    ] {
        let database = opened::prepared(&server);
        open_as(&server, "honnin", &database).unwrap();
        server.sql(&database, spoil);
        let refused = open_as(&server, "honnin", &database).unwrap_err();
        assert!(matches!(&refused, StartError::Open(open) if open == table), "{spoil}: {refused}");
    }
}

#[test]
fn a_store_that_is_not_made_or_not_ours_is_refused() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = server.database();
    assert!(matches!(open_as(&server, "honnin", &database), Err(StartError::Missing)));
    let prepare =
        |role: &str| honnin_store_postgres::prepare(&opened::target(&server, "owner", &database), role);
    assert!(matches!(prepare("nobody"), Err(StartError::NoRole(role)) if role == "nobody"));
    server.sql(&database, "create schema honnin; create table honnin.theirs (a int)");
    assert!(matches!(prepare("honnin"), Err(StartError::Foreign)));
    server.sql(&database, "drop schema honnin cascade");
    prepare("honnin").unwrap();
    open_as(&server, "honnin", &database).unwrap();
    server.sql(&database, "update honnin.schema_version set version = 7");
    let told = open_as(&server, "honnin", &database).unwrap_err().to_string();
    assert_eq!(
        told,
        "open the store: its schema has version 7, this build knows up to 2; use the newer build"
    );
    assert!(matches!(prepare("honnin"), Err(StartError::Newer { found: 7, known: 2 })));
    server.sql(&database, "update honnin.schema_version set version = 0");
    assert!(matches!(open_as(&server, "honnin", &database), Err(StartError::Older { found: 0, needed: 2 })));
}

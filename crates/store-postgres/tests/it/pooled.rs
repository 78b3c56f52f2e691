//! Through PgBouncer in transaction mode: another connection for each transaction.

use std::sync::Arc;
use std::thread;

use honnin_store::conformance::{Stage, done};
use honnin_store_postgres::{Bounds, Postgres, StartError, Target};
use honnin_terms::TenantId;
use honnin_testkit::{Pooler, PostgresServer, SeededEntropy};

use crate::opened;

fn open(pooler: &Pooler, database: &str, process: u64, prepared: bool) -> Result<Postgres, StartError> {
    let target: Target = pooler.url("honnin", database).parse().unwrap();
    // However slow the pooler is here: what is looked for is what it says, and not how soon.
    let bounds = Bounds { prepared, second_ms: 30_000, ..Bounds::default() };
    honnin_store_postgres::open(&target, bounds, opened::clock(), &SeededEntropy::new(process))
}

/// Whether that release carries prepared statements by itself (1.21; on by default from 1.24).
fn carries(pooler: &Pooler) -> bool {
    let numbers = pooler.version.rsplit(' ').next().unwrap().split('.').map(str::parse::<u32>);
    numbers.collect::<Result<Vec<_>, _>>().unwrap() >= vec![1, 24]
}

#[test]
fn a_pooler_that_does_not_carry_statements_is_told_at_the_start() {
    let Some(server) = PostgresServer::shared() else { return };
    let Some(pooler) = Pooler::before(&server) else { return };
    let database = opened::prepared(&server);
    let opened = open(&pooler, &database, 1, true);
    if carries(&pooler) {
        assert!(opened.is_ok());
        return;
    }
    let told = opened.unwrap_err();
    assert!(matches!(told, StartError::Pooler), "{told:?}");
    assert!(told.to_string().contains("set store.prepared = false"), "{told}");
}

#[test]
fn two_processes_work_through_a_pooler_without_prepared_statements() {
    let Some(server) = PostgresServer::shared() else { return };
    let Some(pooler) = Pooler::before(&server) else { return };
    let database = opened::prepared(&server);
    let stores = [1, 2].map(|process| Arc::new(open(&pooler, &database, process, false).unwrap()));
    // Each is asked for several tenants at once, so that no connection stays with one of them.
    thread::scope(|scope| {
        for (store, tenant) in stores.iter().cycle().zip(1..=8) {
            let stage = Stage::of_tenant(Arc::<Postgres>::clone(store), TenantId::new(tenant));
            scope.spawn(move || {
                for _ in 0..20 {
                    let one = stage.person();
                    let found = done(stage.store.session(stage.tenant, &one.row_hash)).unwrap().unwrap();
                    assert_eq!(found.session.account, one.account);
                    let written = stage.noise(Some(one.line), "line", b"");
                    stage.write(one.account, vec![written.clone()]);
                    let (read, of_account) = (stage.read(&one), stage.read_account(&one));
                    let home = done(stage.store.home(&read, &of_account)).unwrap();
                    assert_eq!((home.line, home.profile), (Some(written.blob), None));
                }
                assert_eq!(done(stage.store.report(&stage.operate(0))).unwrap().accounts, 20);
            });
        }
    });
    let left = server.sql(&database, "select count(*) from pg_stat_activity where usename = 'honnin'");
    assert_ne!(left, "0", "the pooler keeps its connections");
}

//! Row-level security itself, asked by the role that serves: behind types, keys and gate, it hides what they did not ask for.

use data_encoding::HEXLOWER;
use honnin_access::ports::SessionRows;
use honnin_store::conformance::done;
use honnin_store::{ClaimRows, NewWork, Queue};
use honnin_store_postgres::statements;
use honnin_terms::Id;
use honnin_testkit::{PostgresServer, soon};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls};

use crate::opened;

/// Every table with rows of somebody.
const PERSONAL: [&str; 9] =
    ["account", "session", "subject_key", "document", "speed", "wish_key", "message", "consent", "work"];

async fn connect(server: &PostgresServer, database: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(&server.url("honnin", database), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn counted(client: &Client, table: &str) -> i64 {
    client.query_one(&format!("select count(*) from honnin.{table}"), &[]).await.unwrap().get(0)
}

#[test]
fn a_transaction_sees_the_rows_it_says_it_is_about_and_no_others() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    let store = opened::open(&server, &database, 1);
    let stage = opened::stage(&store);
    let (one, other) = (stage.person(), stage.person());
    for person in [&one, &other] {
        stage.write(person.account, vec![stage.noise(Some(person.line), "line", b"")]);
        let work = NewWork {
            queue: Queue::EXPORTS,
            id: stage.octets(),
            owner: Some(person.account),
            payload: vec![1],
            due: None,
            until: None,
        };
        assert_eq!(done(store.put_work(&stage.keep(0), work)), Ok(true));
    }
    let tenant = stage.tenant.number().to_string();
    let hex = |octets: &[u8]| HEXLOWER.encode(octets);
    let (account, session) = (hex(one.account.octets()), hex(&one.row_hash));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut client = connect(&server, &database).await;
        let about = async |client: &mut Client, settings: &[(&str, &str)], tables: &[&str]| {
            let tx = client.transaction().await.unwrap();
            for (name, value) in settings {
                tx.execute("select set_config($1, $2, true)", &[name, value]).await.unwrap();
            }
            let mut found = Vec::new();
            for table in tables {
                let asked = format!("select count(*) from honnin.{table}");
                found.push(tx.query_one(&asked, &[]).await.unwrap().get::<_, i64>(0));
            }
            found
        };
        let seen = ["account", "session", "document", "subject_key", "work"];
        let house = [("honnin.tenant", &*tenant), ("honnin.reach", "house")];
        assert_eq!(about(&mut client, &house, &seen).await, [2, 2, 2, 4, 2]);
        // What a transaction before said counts no longer, whether its value reads as nothing or as an empty text.
        for table in PERSONAL {
            assert_eq!(counted(&client, table).await, 0, "{table}");
        }
        let hers = [("honnin.tenant", &*tenant), ("honnin.account", &*account)];
        assert_eq!(about(&mut client, &hers, &seen).await, [1, 1, 1, 2, 0]);
        let by_hash = [("honnin.tenant", &*tenant), ("honnin.session", &*session)];
        assert_eq!(about(&mut client, &by_hash, &seen).await, [0, 1, 0, 0, 0]);
        let elsewhere = [("honnin.tenant", "2"), ("honnin.account", &*account), ("honnin.reach", "house")];
        assert_eq!(about(&mut client, &elsewhere, &seen).await, [0; 5]);
        assert_eq!(about(&mut client, &[("honnin.reach", "house")], &seen).await, [0; 5], "of no tenant");
        // Nor can one write what one would not see.
        let tx = client.transaction().await.unwrap();
        tx.batch_execute(&format!(
            "set local honnin.tenant = '{tenant}'; set local honnin.account = '{account}'"
        ))
        .await
        .unwrap();
        let stolen = tx
            .execute(
                "update honnin.session set account = $1 where account = $2",
                &[&other.account.octets().as_slice(), &one.account.octets().as_slice()],
            )
            .await;
        let refused = stolen.unwrap_err();
        assert_eq!(refused.code().map(tokio_postgres::error::SqlState::code), Some("42501"));
    });
}

#[test]
fn a_careless_policy_opens_nothing() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    opened::stage(&opened::open(&server, &database, 1)).person();
    server.sql(&database, "create policy careless on honnin.session using (true)");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        assert_eq!(counted(&connect(&server, &database).await, "session").await, 0);
    });
}

/// What a planner may be told to do otherwise.
const PLANS: [&str; 9] = [
    "set plan_cache_mode = force_generic_plan",
    "set plan_cache_mode = force_custom_plan",
    "set enable_indexscan = off",
    "set enable_bitmapscan = off",
    "set enable_nestloop = off",
    "set join_collapse_limit = 1; set from_collapse_limit = 1",
    "set geqo_threshold = 2",
    // Its name before release 16, and since.
    "do $$ begin perform set_config(name, 'on', false) from pg_catalog.pg_settings where name = 'force_parallel_mode'; end $$",
    "do $$ begin perform set_config(name, 'on', false) from pg_catalog.pg_settings where name = 'debug_parallel_query'; end $$",
];

fn sql_of(name: &str) -> &'static str {
    statements().iter().find(|statement| statement.name == name).unwrap().sql
}

/// A statement, what it is asked with, and what stands in columns of its answers to each of those it is about.
type Question<'a> = (&'a str, &'a [&'a (dyn ToSql + Sync)], [&'a [(usize, &'a [u8])]; 2]);

/// What a statement says of whose rows they are, each time it is careless in one thing or in all.
fn careless(name: &str) -> Vec<String> {
    let tenant = ["s", "d", "a"].map(|table| format!("{table}.tenant operator(pg_catalog.=) c.tenant"));
    let whom = [
        "s.account operator(pg_catalog.=) c.account",
        "d.account operator(pg_catalog.=) c.account",
        "s.row_hash operator(pg_catalog.=) c.session",
        "a.account operator(pg_catalog.=) s.account",
    ];
    let without =
        |sql: &str, said: &[&str]| said.iter().fold(sql.to_owned(), |sql, said| sql.replace(said, "true"));
    let sql = sql_of(name);
    let tenant = tenant.each_ref().map(String::as_str);
    let each = [without(sql, &tenant), without(sql, &whom), without(&without(sql, &tenant), &whom)];
    assert!(each.iter().all(|careless| careless != sql), "{name}");
    assert!(!each[2].contains("tenant operator") && !each[2].contains("account operator"), "{name}");
    each.into()
}

/// The policy has to know whom the statement is about by the time it reads, whatever the plan and whatever was left on the
/// connection: so the statement's own conditions are taken away here, and the policy stands alone.
#[test]
fn a_statement_that_says_for_itself_is_held_to_it_by_the_policy() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    let stage = opened::stage(&opened::open(&server, &database, 1));
    let neighbour = stage.neighbour();
    let line = stage.id();
    let (one, other) = (stage.person_with_line(line), stage.person_with_line(line));
    // The same account and line of another tenant.
    neighbour.person_of(one.account, line);
    let written = [stage.noise(Some(line), "line", b""), stage.noise(None, "profile", b"")];
    stage.write(one.account, written.to_vec());
    let others = || [stage.noise(Some(line), "line", b""), stage.noise(None, "profile", b"")];
    let theirs = others();
    stage.write(other.account, theirs.to_vec());
    neighbour.write(one.account, others().to_vec());
    server.sql(
        &database,
        "insert into honnin.speed (tenant, account, holding, revision, blob, asked_at, due_at) \
            select tenant, account, holding, 7, account || int8send(tenant), 1, 1 \
            from honnin.document where kind = 'line'",
    );
    let hex = |octets: &[u8]| HEXLOWER.encode(octets);
    let tenant = stage.tenant.number().to_string();
    let number = i64::from(stage.tenant.number()).to_be_bytes();
    let wishes = [&one, &other].map(|person| [person.account.octets().as_slice(), &number].concat());
    let left = format!(
        "set honnin.tenant = '{tenant}'; set honnin.account = '{}'; set honnin.session = '{}'; set honnin.reach = 'house'",
        hex(other.account.octets()),
        hex(&other.row_hash)
    );
    let accounts = vec![hex(one.account.octets()), hex(other.account.octets())];
    let sessions = vec![hex(&one.row_hash), hex(&other.row_hash)];
    let (holdings, nothing): (Vec<&[u8]>, Vec<&[u8]>) = (vec![line.octets().as_slice(); 2], vec![&[]; 2]);
    let [line_blob, profile_blob] = written.each_ref().map(|written| &*written.blob);
    let [their_line, their_profile] = theirs.each_ref().map(|written| &*written.blob);
    let asked: [Question<'_>; 4] = [
        ("SESSION", &[&tenant, &sessions], [&[(6, one.account.octets())], &[(6, other.account.octets())]]),
        (
            "DOCUMENT",
            &[&tenant, &accounts, &holdings, &nothing, &"line"],
            [&[(5, line_blob)], &[(5, their_line)]],
        ),
        ("SPEED", &[&tenant, &accounts, &holdings], [&[(6, &wishes[0])], &[(6, &wishes[1])]]),
        (
            "HOME",
            &[&tenant, &accounts, &holdings, &"line", &"profile"],
            [
                &[(5, line_blob), (7, &wishes[0]), (8, profile_blob)],
                &[(5, their_line), (7, &wishes[1]), (8, their_profile)],
            ],
        ),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = connect(&server, &database).await;
        for (plan, leftover) in PLANS.iter().flat_map(|plan| [(plan, ""), (plan, &*left)]) {
            client.batch_execute("reset all").await.unwrap();
            client.batch_execute(leftover).await.unwrap();
            client.batch_execute(plan).await.unwrap();
            for (name, values, expected) in asked {
                for careless in careless(name) {
                    let found = client.query(&careless, values).await.unwrap();
                    assert_eq!(found.len(), 2, "{name} {plan}: {careless}");
                    for row in &found {
                        let turn = usize::try_from(row.get::<_, i64>(3)).unwrap() - 1;
                        for (column, blob) in expected[turn] {
                            let found: Option<&[u8]> = row.get(*column);
                            assert_eq!(found, Some(*blob), "{name} {plan}: {careless}");
                        }
                        let said = if name == "SESSION" { &sessions } else { &accounts };
                        assert_eq!(row.get::<_, &str>(4), said[turn], "{name} {plan}: {careless}");
                        assert!(name != "SESSION" || row.get::<_, Option<&[u8]>>(16).is_some(), "{plan}");
                    }
                }
            }
            // Nothing of what a statement said outlives it.
            if leftover.is_empty() {
                for table in PERSONAL {
                    assert_eq!(counted(&client, table).await, 0, "{table}");
                }
            }
        }
    });
}

#[test]
fn a_statement_that_says_for_itself_tells_of_a_role_that_was_left() {
    let Some(server) = PostgresServer::start() else { return };
    let database = opened::prepared(&server);
    let store = opened::open(&server, &database, 1);
    let stage = opened::stage(&store);
    let one = stage.person();
    // Given after the start, which refuses it.
    server.sql(
        &database,
        "create role mighty bypassrls; grant mighty to honnin; grant usage on schema honnin to mighty; \
         grant select on all tables in schema honnin to mighty",
    );
    let tenant = stage.tenant.number().to_string();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = connect(&server, &database).await;
        for (left, plain) in [("reset role", true), ("set role mighty", false)] {
            client.batch_execute(left).await.unwrap();
            let session = HEXLOWER.encode(&one.row_hash);
            let row = client.query_one(sql_of("SESSION"), &[&tenant, &vec![session]]).await.unwrap();
            assert_eq!(row.get::<_, bool>(0), plain, "{left}");
        }
    });
}

/// A session is all that is known before its account is, and there may be very many.
#[test]
fn no_session_is_found_by_going_through_all_of_them() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    let store = opened::open(&server, &database, 1);
    let stage = opened::stage(&store);
    let one = stage.person();
    drop(stage);
    drop(store);
    server.sql(
        &database,
        "insert into honnin.session select 1, decode(md5('a' || i) || md5('b' || i), 'hex'), decode(md5('c' || i), 'hex'), \
             decode(md5('d' || i), 'hex'), 1, '', 1, 1, 1, 1, '' from generate_series(1, 20000) i; analyze honnin.session",
    );
    let scans =
        || server.sql(&database, "select seq_scan from pg_stat_user_tables where relname = 'session'");
    let alone = || {
        let asked =
            "select count(*) from pg_stat_activity where datname = current_database() and usename = 'honnin'";
        server.sql(&database, asked) == "0"
    };
    // What a connection counted is told by its end at the latest.
    assert!(soon(alone), "the store has not left the server");
    let before = scans();
    let store = opened::open(&server, &database, 2);
    for _ in 0..20 {
        assert!(done(store.session(honnin_terms::TenantId::FIRST, &one.row_hash)).unwrap().is_some());
    }
    drop(store);
    assert!(soon(alone), "the store has not left the server");
    assert_eq!(scans(), before);
}

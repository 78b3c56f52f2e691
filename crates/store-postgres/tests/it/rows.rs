//! Row-level security itself, asked by the role that serves: behind types, keys and gate, it hides what they did not ask for.

use data_encoding::HEXLOWER;
use honnin_store::conformance::done;
use honnin_store::{ClaimRows, NewWork, Queue};
use honnin_terms::Id;
use honnin_testkit::PostgresServer;
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
        assert_eq!(about(&mut client, &by_hash, &seen).await, [1, 1, 0, 0, 0]);
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

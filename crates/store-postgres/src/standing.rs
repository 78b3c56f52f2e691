//! What is looked at before anything is asked: that the store is ours and of our time, and that row-level security holds
//! for the role it is reached by.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use crate::prepare::NEWEST;
use crate::{StartError, Target, hosts};

/// A connection of its own, ended when the client is dropped.
pub(crate) async fn connect(target: &Target) -> Result<Client, StartError> {
    let connecting = timeout(Duration::from_secs(10), hosts::open(&target.config));
    let (client, connection) = connecting.await.map_err(|_| StartError::Silent)??;
    drop(tokio::spawn(async move {
        // What ends it is told to whoever asks.
        drop(connection.await);
    }));
    Ok(client)
}

/// Tables whose rows are nobody's.
pub(crate) const NOBODYS: [&str; 2] = ["change", "schema_version"];

/// The oldest releases whose row-level security can be relied on: major version, and the number of the release.
const SOUND: [(i32, i32); 3] = [(15, 150_009), (16, 160_004), (17, 170_001)];

/// Before a server that takes no writes yet is asked again.
const AGAIN: Duration = Duration::from_millis(500);

/// The same as [`check`], waiting for a server that is up and takes no writes yet: it starts, or another is about to take
/// over. One that is not there at all is no reason to wait.
pub(crate) async fn stands(target: &Target, patience: Duration) -> Result<(), StartError> {
    let (begun, mut waited) = (Instant::now(), false);
    loop {
        match check(target).await {
            Err(why) if why.passes() && begun.elapsed() < patience => {
                if !waited {
                    tracing::warn!(reason = %why, "the database takes no writes yet; waiting for it");
                }
                waited = true;
                sleep(AGAIN).await;
            }
            stands => return stands,
        }
    }
}

/// Whether a statement that was prepared is there in the next transaction, on whichever connection that is: a pooler that does
/// not carry it would have a statement refused now and then, or another of the same name done in its place.
///
/// The first connection's is asked while another transaction stands where it was prepared. Where the pooler has no second
/// connection within `patience` nothing is said.
pub(crate) async fn carries(target: &Target, patience: Duration) -> Result<(), StartError> {
    let (one, other) = (connect(target).await?, connect(target).await?);
    let asked = async {
        let prepared = one.prepare("select 1").await?;
        other.batch_execute("begin").await?;
        let answer = timeout(patience, one.query(&prepared, &[])).await;
        answer.map_or(Ok(()), |answer| answer.map(drop))
    };
    let refused = asked.await.err();
    let lost = [&SqlState::INVALID_SQL_STATEMENT_NAME, &SqlState::DUPLICATE_PSTATEMENT];
    match refused.as_ref().and_then(tokio_postgres::Error::code) {
        Some(state) if lost.contains(&state) => Err(StartError::Pooler),
        _ => refused.map_or(Ok(()), |refused| Err(refused.into())),
    }
}

async fn check(target: &Target) -> Result<(), StartError> {
    let client = connect(target).await?;
    // Nothing that the role or the connection brings along decides what these questions mean.
    client
        .batch_execute("begin read only; set local role none; set local search_path = pg_catalog, pg_temp")
        .await?;
    release(&client).await?;
    version(&client).await?;
    role(&client).await?;
    policies(&client).await?;
    client.batch_execute("commit").await?;
    Ok(())
}

async fn release(client: &Client) -> Result<(), StartError> {
    let asked = "select current_setting('server_version_num')::int, current_setting('server_version')";
    let row = client.query_typed_one(asked, &[]).await?;
    let (number, text): (i32, String) = (row.try_get(0)?, row.try_get(1)?);
    let sound = match SOUND.iter().find(|(major, _)| *major == number / 10_000) {
        Some((_, least)) => number >= *least,
        None => number / 10_000 > 17,
    };
    if sound { Ok(()) } else { Err(StartError::OldServer(text)) }
}

async fn version(client: &Client) -> Result<(), StartError> {
    let there =
        client.query_typed_one("select to_regclass('honnin.schema_version') is not null", &[]).await?;
    if !there.try_get::<_, bool>(0)? {
        return Err(StartError::Missing);
    }
    let row = client.query_typed_opt("select version from honnin.schema_version", &[]).await?;
    let found: i64 = row.map_or(Ok(0), |row| row.try_get(0))?;
    if found > NEWEST {
        return Err(StartError::Newer { found, known: NEWEST });
    }
    if found < NEWEST {
        return Err(StartError::Older { found, needed: NEWEST });
    }
    Ok(())
}

/// What the role may not be, or be a member of.
async fn role(client: &Client) -> Result<(), StartError> {
    let asked = "select session_user::text, \
        exists (select 1 from pg_roles r where r.rolsuper and pg_has_role(session_user, r.oid, 'member')), \
        exists (select 1 from pg_roles r where r.rolbypassrls and pg_has_role(session_user, r.oid, 'member')), \
        exists (select 1 from pg_namespace n where n.nspname = 'honnin' \
            and pg_has_role(session_user, n.nspowner, 'member')) \
        or exists (select 1 from pg_class c where c.relnamespace = 'honnin'::regnamespace \
            and pg_has_role(session_user, c.relowner, 'member')), \
        has_schema_privilege(session_user, 'honnin', 'create'), \
        exists (select 1 from pg_roles r where r.rolcreaterole and pg_has_role(session_user, r.oid, 'member')), \
        exists (select 1 from pg_roles r where r.rolreplication and pg_has_role(session_user, r.oid, 'member'))";
    let row = client.query_typed_one(asked, &[]).await?;
    let role: String = row.try_get(0)?;
    for (column, may) in [
        (1, "is a superuser or a member of one"),
        (2, "may bypass row-level security, or is a member of a role that may"),
        (3, "owns the schema or its tables, or is a member of a role that does"),
        (4, "may create things in the schema"),
        (5, "may make roles and give itself others, or is a member of a role that may"),
        (6, "may copy the whole server (replication), or is a member of a role that may"),
    ] {
        if row.try_get(column)? {
            return Err(StartError::TooMighty { role, may });
        }
    }
    Ok(())
}

/// What the server says of a value that a transaction has set for itself, looked at once for each statement.
macro_rules! set {
    ($name:literal) => {
        concat!("( SELECT current_setting('honnin.", $name, "'::text, true))")
    };
}

/// An octet string that is set when a row is looked at.
macro_rules! octets {
    ($name:literal) => {
        concat!("decode(NULLIF(current_setting('honnin.", $name, "'::text, true), ''::text), 'hex'::text)")
    };
}

macro_rules! tenant {
    () => {
        concat!("(tenant = (NULLIF(", set!("tenant"), ", ''::text))::bigint)")
    };
}

macro_rules! house {
    () => {
        concat!("(", set!("reach"), " = 'house'::text)")
    };
}

/// Every table with rows of somebody, and the condition of its policy in the server's own words.
const FLOORS: [(&[&str], &str); 4] = [
    (&["notice"], tenant!()),
    (
        &[
            "account_merge",
            "control",
            "directory",
            "merged_holding",
            "progress",
            "quarantine",
            "seen",
            "tick",
            "work",
        ],
        concat!("(", tenant!(), " AND ", house!(), ")"),
    ),
    (
        &["account", "consent", "document", "message", "speed", "subject_key", "wish_key"],
        concat!("(", tenant!(), " AND (", house!(), " OR (account = ", octets!("account"), ")))"),
    ),
    (
        &["session"],
        concat!(
            "(",
            tenant!(),
            " AND (",
            house!(),
            " OR (account = ",
            octets!("account"),
            ") OR (row_hash = ",
            octets!("session"),
            ")))"
        ),
    ),
];

/// Every table has row-level security on and forced, and the condition it came with, which no other restrictive policy
/// stands beside.
async fn policies(client: &Client) -> Result<(), StartError> {
    // A column of a subquery has a name that differs from release to release and means nothing.
    let asked = "select c.relname::text, c.relkind = 'r' and c.relrowsecurity and c.relforcerowsecurity \
            and not exists (select 1 from pg_policy p \
                where p.polrelid = c.oid and not p.polpermissive and p.polname <> 'floor'), \
            (select regexp_replace(replace(pg_get_expr(p.polqual, p.polrelid), ' AS current_setting', ''), '\\s+', ' ', 'g') \
                from pg_policy p where p.polrelid = c.oid and p.polname = 'floor' and not p.polpermissive \
                and p.polcmd = '*' and p.polroles = '{0}' and p.polwithcheck is null) \
        from pg_class c where c.relnamespace = 'honnin'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f') \
            and not c.relname::text = any($1) order by 1";
    for row in client.query_typed(asked, &[(&NOBODYS.as_slice(), Type::TEXT_ARRAY)]).await? {
        let (table, closed, found): (String, bool, Option<String>) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let floor = FLOORS.iter().find(|(tables, _)| tables.contains(&table.as_str()));
        if !closed || found.is_none() || found.as_deref() != floor.map(|(_, floor)| *floor) {
            return Err(StartError::Open(table));
        }
    }
    Ok(())
}

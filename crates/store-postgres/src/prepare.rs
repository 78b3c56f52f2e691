//! How the store is made and brought up to date: by its owner, and by nobody who serves.

use tokio_postgres::Client;

use crate::standing::connect;
use crate::{StartError, Target};

/// All migrations in order; the first has number 1. Never edited once released.
const MIGRATIONS: &[&str] =
    &[include_str!("../migrations/0001_first.sql"), include_str!("../migrations/0002_each_by_itself.sql")];

/// The newest schema this build knows.
pub(crate) const NEWEST: i64 = 2;

/// Makes the store, or brings it up to date, and grants the role that serves what it needs and nothing more. Everything of
/// it in one transaction; done again, it changes nothing.
///
/// # Errors
/// [`StartError`] where a newer build has written it, the role is not there, or the owner may not do it.
pub fn prepare(owner: &Target, role: &str) -> Result<(), StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut client = connect(owner).await?;
        prepare_with(&mut client, role).await
    })
}

async fn prepare_with(client: &mut Client, role: &str) -> Result<(), StartError> {
    let tx = client.transaction().await?;
    tx.batch_execute("set local search_path = pg_catalog, pg_temp").await?;
    let known = tx.query_one("select exists (select 1 from pg_roles where rolname = $1)", &[&role]).await?;
    if !known.try_get::<_, bool>(0)? {
        return Err(StartError::NoRole(role.to_owned()));
    }
    let asked = "select exists (select 1 from pg_namespace where nspname = 'honnin'), \
        exists (select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'honnin'), \
        exists (select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace \
            where n.nspname = 'honnin' and c.relname = 'schema_version')";
    let row = tx.query_one(asked, &[]).await?;
    let (schema, things, ours): (bool, bool, bool) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    if things && !ours {
        return Err(StartError::Foreign);
    }
    if !schema {
        tx.batch_execute("create schema honnin").await?;
    }
    if !ours {
        tx.batch_execute(
            "create table honnin.schema_version (one boolean primary key default true check (one), version bigint not null); \
             insert into honnin.schema_version (version) values (0)",
        )
        .await?;
    }
    // Whoever else prepares waits here.
    let row = tx.query_one("select version from honnin.schema_version for update", &[]).await?;
    let found: i64 = row.try_get(0)?;
    if found > NEWEST {
        return Err(StartError::Newer { found, known: NEWEST });
    }
    for (migration, number) in MIGRATIONS.iter().zip(1_i64..) {
        if number > found {
            tx.batch_execute(migration).await?;
            tx.execute("update honnin.schema_version set version = $1", &[&number]).await?;
        }
    }
    let role = format!("\"{}\"", role.replace('"', "\"\""));
    tx.batch_execute(&format!(
        "revoke all on schema honnin from public; grant usage on schema honnin to {role}; \
         grant select, insert, update, delete on all tables in schema honnin to {role}; \
         revoke insert, update, delete on honnin.schema_version from {role}"
    ))
    .await?;
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_schema_is_the_last_migration() {
        assert_eq!(NEWEST, i64::try_from(MIGRATIONS.len()).unwrap());
    }
}

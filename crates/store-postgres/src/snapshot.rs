//! Every row of one moment, for a backup: read in one transaction of a connection of its own, so that nobody waits for it.

use honnin_access::{Operate, Permit};
use honnin_store::Error;
use honnin_store::copying::{Cell, CopiedRow, Stretch, TABLES};
use tokio_postgres::Client;

use crate::copying::{lent, page, read};
use crate::fault::Fault;
use crate::reach::{Mode, Reach};
use crate::standing::connect;
use crate::typed::typed;
use crate::{StartError, Target};

/// How long one statement may take, and how long whoever takes the rows may take for a page.
const PAGE_MS: u32 = 60_000;

/// What takes a page of rows, with the stretch it is all of.
pub type Take<'a> = dyn FnMut(&Stretch, Vec<CopiedRow>) -> Result<(), Error> + 'a;

/// Reads every row there was at one moment, page by page in the order of their keys; sessions are left out.
///
/// It is an act of the operator, about everybody. Until it ends the server keeps what is deleted or replaced meanwhile.
///
/// # Errors
/// [`StartError`] where the server does not answer, and what `take` says.
pub fn each_page(permit: &Permit<Operate>, target: &Target, take: &mut Take<'_>) -> Result<(), StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = connect(target).await?;
        client.batch_execute(&Reach::house(permit.subject()).begin(Mode::ReadAtOnce, PAGE_MS)).await?;
        for table in TABLES.iter().filter(|table| table.name != "session") {
            let mut after = None;
            loop {
                let rest = Stretch { table, after: after.take(), through: None };
                let rows = one(&client, permit, &rest).await?;
                let last = rows.last().filter(|_| rows.len() == table.page);
                let key =
                    |row: &CopiedRow| -> Vec<Cell> { row.iter().take(table.key.len()).cloned().collect() };
                let through = last.map(key);
                let stretch = Stretch { through, ..rest };
                take(&stretch, rows).map_err(StartError::Row)?;
                match stretch.through {
                    Some(last) => after = Some(last),
                    None => break,
                }
            }
        }
        client.batch_execute("commit").await?;
        Ok(())
    })
}

async fn one(
    client: &Client,
    permit: &Permit<Operate>,
    rest: &Stretch,
) -> Result<Vec<CopiedRow>, StartError> {
    let (asked, bound) = page(permit.subject().tenant, rest, rest.table.page);
    let row = |fault: Fault| StartError::Row(fault.told());
    let found = client.query_typed(&asked, &typed(&lent(&bound)).map_err(row)?).await?;
    read(rest.table, &found).map_err(row)
}

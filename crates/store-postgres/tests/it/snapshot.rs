//! What a backup reads of a database that is written meanwhile.

use honnin_store::copying::{CopiedRow, TABLES};
use honnin_store_postgres::each_page;
use honnin_terms::Id;
use honnin_testkit::PostgresServer;

use crate::opened;

fn names(row: &CopiedRow, id: &[u8]) -> bool {
    row.iter().any(|cell| cell.octets() == Some(id))
}

#[test]
fn a_backup_reads_every_row_of_one_moment_but_the_sessions() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    let stage = opened::stage(&opened::open(&server, &database, 1));
    let people = honnin_store::conformance::fill(&stage);
    stage.neighbour().person();
    let (mut tables, mut rows, mut late) = (Vec::new(), Vec::new(), Vec::new());
    let target = opened::target(&server, "honnin", &database);
    each_page(&stage.operate(0), &target, &mut |stretch, page| {
        // Whoever comes while it is read is of a later moment, in whichever table.
        late.push(stage.person().account);
        tables.push((stretch.table.name, stretch.through.is_none()));
        rows.extend(page.into_iter().map(|row| (stretch.table.name, row)));
        Ok(())
    })
    .unwrap();
    for table in TABLES {
        let ends = tables.iter().filter(|(name, is_end)| name == &table.name && *is_end).count();
        assert_eq!(ends, usize::from(table.name != "session"), "{}", table.name);
    }
    let accounts = rows.iter().filter(|(table, _)| *table == "account").count();
    assert_eq!(accounts, people.len(), "of this tenant, each once");
    assert!(tables.iter().filter(|(name, _)| *name == "document").count() > 1, "page by page");
    let documents = rows.iter().filter(|(table, _)| *table == "document").count();
    assert_eq!(documents, 300);
    for account in late {
        assert!(!rows.iter().any(|(_, row)| names(row, account.octets())), "of a later moment");
    }
}

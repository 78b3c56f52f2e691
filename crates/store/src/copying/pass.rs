//! One table after another, page by page: what the copy has as the source has it stays, what it has otherwise is replaced.
//!
//! What was copied before is known by reading it and by nothing else. So it does not matter where a copy was killed, and no
//! row can be there twice or be left from before.

use std::collections::BTreeMap;
use std::fmt;

use honnin_access::{ControlRow, Operate, Permit};

use super::{Cell, CopiedRow, CopyRows, Stretch, TABLES, Table, mark};
use crate::Error;

/// One of the two stores, and what lets it be read and written whole.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// Its rows.
    pub rows: &'a dyn CopyRows,
    /// The operator's word.
    pub permit: &'a Permit<Operate>,
}

impl fmt::Debug for Side<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Side(..)")
    }
}

/// What came of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Copied {
    /// Rows the source has.
    pub rows: u64,
    /// Rows that were missing in the copy, stood there otherwise, or stood only there.
    pub differed: u64,
}

/// A table whose copy has rows, where it has one: it is not empty.
///
/// # Errors
/// [`Error`] where the store does not answer.
pub async fn first_filled(
    copy: &dyn CopyRows,
    permit: &Permit<Operate>,
) -> Result<Option<&'static str>, Error> {
    for table in TABLES {
        if !copy.rows_of(permit, &Stretch::whole(table), 1).await?.is_empty() {
            return Ok(Some(table.name));
        }
    }
    Ok(None)
}

/// Has the copy hold of a table what the source holds, but for its mark.
///
/// # Errors
/// [`Error::Conflict`] where the mark is another by now: another run goes on with the copy, or has ended it. Others where one
/// of them does not answer; what was copied until then stays.
pub async fn copy_table(
    source: Side<'_>,
    copy: Side<'_>,
    table: &'static Table,
    mark: &ControlRow,
) -> Result<Copied, Error> {
    pass(source, copy, table, Some(mark), true).await
}

/// Compares every row of a table; nothing is written. `mark` is what the copy has beside the source's rows.
///
/// # Errors
/// [`Error`] where one of them does not answer.
pub async fn compare_table(
    source: Side<'_>,
    copy: Side<'_>,
    table: &'static Table,
    mark: Option<&ControlRow>,
) -> Result<Copied, Error> {
    pass(source, copy, table, mark, false).await
}

async fn pass(
    source: Side<'_>,
    copy: Side<'_>,
    table: &'static Table,
    mark: Option<&ControlRow>,
    writes: bool,
) -> Result<Copied, Error> {
    let mut copied = Copied::default();
    let mut after: Option<Vec<Cell>> = None;
    loop {
        let rest = Stretch { table, after: after.take(), through: None };
        let mut wanted = source.rows.rows_of(source.permit, &rest, table.page).await?;
        copied.rows += u64::try_from(wanted.len()).unwrap_or(u64::MAX);
        // The last page reaches to the end, so that rows behind it that only the copy has are seen.
        let through =
            if wanted.len() < table.page { None } else { wanted.last().map(|row| key(table, row).to_vec()) };
        let stretch = Stretch { through, ..rest };
        if let Some(mark) = mark.filter(|_| table.name == "control") {
            put_in_place(&stretch, &mut wanted, mark::row(mark)?);
        }
        // One more than there should be: of whatever stands there beyond, it is enough to know that there is something.
        let found = copy.rows.rows_of(copy.permit, &stretch, wanted.len() + 1).await?;
        if found != wanted {
            copied.differed += differing(table, &wanted, &found);
            if writes {
                copy.rows.replace_rows(copy.permit, &stretch, wanted, mark.cloned()).await?;
            }
        }
        match stretch.through {
            Some(last) => after = Some(last),
            None => return Ok(copied),
        }
    }
}

fn key<'a>(table: &Table, row: &'a CopiedRow) -> &'a [Cell] {
    row.get(..table.key.len()).unwrap_or(row)
}

/// Puts a row among those of its stretch, in their order.
fn put_in_place(stretch: &Stretch, rows: &mut Vec<CopiedRow>, row: CopiedRow) {
    let (table, own) = (stretch.table, key(stretch.table, &row).to_vec());
    let is_before = stretch.after.as_ref().is_some_and(|after| own <= *after);
    let is_behind = stretch.through.as_ref().is_some_and(|through| own > *through);
    if !is_before && !is_behind {
        rows.insert(rows.partition_point(|other| key(table, other) < own.as_slice()), row);
    }
}

fn differing(table: &Table, wanted: &[CopiedRow], found: &[CopiedRow]) -> u64 {
    let mut left: BTreeMap<&[Cell], &CopiedRow> = found.iter().map(|row| (key(table, row), row)).collect();
    let mut count = 0;
    for row in wanted {
        if left.remove(key(table, row)) != Some(row) {
            count += 1;
        }
    }
    count + u64::try_from(left.len()).unwrap_or(u64::MAX)
}

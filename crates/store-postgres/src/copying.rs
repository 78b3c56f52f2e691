//! Rows out and in for a copy of the whole store. Statements are made of the list of tables and of nothing else.

use std::fmt::Write as _;

use honnin_access::{ControlRow, Operate, Permit};
use honnin_store::copying::{
    Cell, Column, ColumnKind, CopiedRow, FoundColumn, Stretch, TABLES, Table, mark_name,
};
use honnin_store::{Answer, Changed, CopyRows, Error};
use honnin_terms::TenantId;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::fault::Fault;
use crate::reach::Reach;
use crate::statements as sql;
use crate::transaction::Tx;
use crate::watched::Written;
use crate::{Kind, Postgres, control, rows};

pub(crate) type Bound<'a> = Box<dyn ToSql + Sync + 'a>;

impl CopyRows for Postgres {
    fn columns(&self, _permit: &Permit<Operate>) -> Answer<'_, Result<Vec<FoundColumn>, Error>> {
        self.at_once(Reach::Nobody, async move |tx| {
            let found = tx.query(&sql::COLUMNS, &[]).await?;
            rows::gather(&found, |row| {
                Ok(FoundColumn {
                    table: rows::text(row, 0)?,
                    name: rows::text(row, 1)?,
                    key: rows::count(row, 2)?,
                    kind: match rows::text(row, 3)?.as_str() {
                        "bigint" => Some(ColumnKind::Number),
                        "bytea" => Some(ColumnKind::Octets),
                        "text" => Some(ColumnKind::Text),
                        _ => None,
                    },
                    may_be_absent: rows::count::<u8>(row, 4)? == 0,
                })
            })
        })
    }

    fn rows_of(
        &self,
        permit: &Permit<Operate>,
        stretch: &Stretch,
        most: usize,
    ) -> Answer<'_, Result<Vec<CopiedRow>, Error>> {
        let (tenant, stretch) = (permit.subject().tenant, stretch.clone());
        self.at_once(Reach::House(tenant), async move |tx| {
            let (asked, bound) = page(tenant, &stretch, most);
            read(stretch.table, &tx.query_text(&asked, &lent(&bound)).await?)
        })
    }

    fn put_mark(
        &self,
        permit: &Permit<Operate>,
        value: Vec<u8>,
        found: Option<ControlRow>,
    ) -> Answer<'_, Result<ControlRow, Error>> {
        let (tenant, now) = (permit.subject().tenant, permit.at());
        self.write(Kind::Large, Reach::House(tenant), async move |tx| {
            match &found {
                Some(found) => control::stands(tx, tenant, &mark_name(), found).await?,
                // Serializable: what another writes into one of them meanwhile comes after the mark, or this is undone.
                None => refuse_filled(tx, tenant).await?,
            }
            let mark = control::put(tx, tenant, &mark_name(), &value, now).await?;
            Ok(Written::uncached(mark))
        })
    }

    fn replace_rows(
        &self,
        permit: &Permit<Operate>,
        stretch: &Stretch,
        rows: Vec<CopiedRow>,
        mark: Option<ControlRow>,
    ) -> Answer<'_, Result<(), Error>> {
        let (tenant, stretch) = (permit.subject().tenant, stretch.clone());
        self.write(Kind::Large, Reach::House(tenant), async move |tx| {
            let number = rows::tenant(tenant);
            if let Some(mark) = &mark {
                control::stands(tx, tenant, &mark_name(), mark).await?;
            }
            let mut bound: Vec<Bound<'_>> = vec![Box::new(number)];
            bound.extend(ends(&stretch));
            let asked = delete(stretch.table, stretch.after.is_some(), stretch.through.is_some());
            tx.execute_text(&asked, &lent(&bound)).await?;
            if !rows.is_empty() {
                let mut bound: Vec<Bound<'_>> = vec![Box::new(number)];
                for (place, column) in stretch.table.columns().enumerate() {
                    bound.push(list(column, &rows, place)?);
                }
                tx.execute_text(&insert(stretch.table), &lent(&bound)).await?;
            }
            Ok(Written { answer: (), changed: vec![Changed::Everything] })
        })
    }
}

/// Refuses where any table has a row.
async fn refuse_filled(tx: &Tx, tenant: TenantId) -> Result<(), Fault> {
    for table in TABLES {
        let stretch = Stretch::whole(table);
        let (asked, bound) = page(tenant, &stretch, 1);
        if !tx.query_text(&asked, &lent(&bound)).await?.is_empty() {
            return Err(Error::Conflict.into());
        }
    }
    Ok(())
}

/// What is asked for the first rows of a stretch, and with what.
pub(crate) fn page(tenant: TenantId, stretch: &Stretch, most: usize) -> (String, Vec<Bound<'_>>) {
    let mut bound: Vec<Bound<'_>> = vec![Box::new(rows::tenant(tenant))];
    bound.extend(ends(stretch));
    bound.push(Box::new(rows::limit(most)));
    (select(stretch.table, stretch.after.is_some(), stretch.through.is_some()), bound)
}

/// Rows of a table as they were answered.
pub(crate) fn read(table: &Table, found: &[Row]) -> Result<Vec<CopiedRow>, Fault> {
    rows::gather(found, |row| {
        table.columns().enumerate().map(|(place, column)| cell(column, row, place)).collect()
    })
}

pub(crate) fn lent<'a>(bound: &'a [Bound<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    let lend = |bound: &'a Bound<'_>| -> &'a (dyn ToSql + Sync) { &**bound };
    bound.iter().map(lend).collect()
}

/// The keys a stretch begins after and ends with, as they are bound.
fn ends(stretch: &Stretch) -> impl Iterator<Item = Bound<'_>> {
    stretch.after.iter().chain(&stretch.through).flatten().map(|cell| -> Bound<'_> {
        match cell {
            // No key has a cell with nothing in it.
            Cell::Nothing => Box::new(None::<i64>),
            Cell::Number(number) => Box::new(*number),
            Cell::Octets(octets) => Box::new(octets.as_slice()),
            Cell::Text(text) => Box::new(text.as_str()),
        }
    })
}

/// One column of many rows, as it is bound.
fn list<'a>(column: &Column, rows: &'a [CopiedRow], place: usize) -> Result<Bound<'a>, Fault> {
    match column.kind {
        ColumnKind::Number => gathered(rows, place, Cell::number),
        ColumnKind::Octets => gathered(rows, place, Cell::octets),
        ColumnKind::Text => gathered(rows, place, Cell::text),
    }
}

fn gathered<'a, T: ToSql + Sync + 'a>(
    rows: &'a [CopiedRow],
    place: usize,
    take: impl Fn(&'a Cell) -> Option<T>,
) -> Result<Bound<'a>, Fault> {
    let mut values: Vec<Option<T>> = Vec::with_capacity(rows.len());
    for row in rows {
        let cell = row.get(place).ok_or(Error::Corrupt)?;
        let is_there = *cell != Cell::Nothing;
        values.push(is_there.then(|| take(cell).ok_or(Error::Corrupt)).transpose()?);
    }
    Ok(Box::new(values))
}

fn cell(column: &Column, row: &Row, place: usize) -> Result<Cell, Fault> {
    let cell = match column.kind {
        ColumnKind::Number => rows::number_or_none(row, place)?.map(Cell::Number),
        ColumnKind::Octets => rows::blob_or_none(row, place)?.map(Cell::Octets),
        ColumnKind::Text => rows::text_or_none(row, place)?.map(Cell::Text),
    };
    Ok(cell.unwrap_or(Cell::Nothing))
}

fn names(columns: impl IntoIterator<Item = &'static Column>) -> String {
    let names: Vec<String> = columns.into_iter().map(|column| format!("\"{}\"", column.name)).collect();
    names.join(", ")
}

/// The condition of a stretch with those ends, and how many values it takes.
fn within(table: &Table, after: bool, through: bool) -> (String, usize) {
    let (mut condition, mut taken) = ("tenant = $1".to_owned(), 1);
    for compare in [after.then_some(">"), through.then_some("<=")].into_iter().flatten() {
        let places: Vec<String> =
            table.key.iter().zip(taken + 1..).map(|(_, place)| format!("${place}")).collect();
        // Writing into a text does not fail.
        write!(condition, " and ({}) {compare} ({})", names(table.key), places.join(", "))
            .unwrap_or_default();
        taken += places.len();
    }
    (condition, taken)
}

fn select(table: &Table, after: bool, through: bool) -> String {
    let (within, taken) = within(table, after, through);
    let order = if table.key.is_empty() { String::new() } else { format!("order by {}", names(table.key)) };
    let columns = names(table.columns());
    format!("select {columns} from honnin.{} where {within} {order} limit ${}", table.name, taken + 1)
}

fn delete(table: &Table, after: bool, through: bool) -> String {
    format!("delete from honnin.{} where {}", table.name, within(table, after, through).0)
}

fn insert(table: &Table) -> String {
    let (mut lists, mut aliases) = (Vec::new(), Vec::new());
    for (column, place) in table.columns().zip(2..) {
        let kind = match column.kind {
            ColumnKind::Number => "bigint",
            ColumnKind::Octets => "bytea",
            ColumnKind::Text => "text",
        };
        lists.push(format!("${place}::{kind}[]"));
        aliases.push(format!("c{place}"));
    }
    let (columns, lists, aliases) = (names(table.columns()), lists.join(", "), aliases.join(", "));
    format!(
        "insert into honnin.{} (tenant, {columns}) select $1::bigint, {aliases} from unnest({lists}) as t({aliases})",
        table.name
    )
}

/// Every statement a copy asks, by a name of its own: they are held to the same as those that are written out.
pub fn copying_statements() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for table in TABLES {
        let name = table.name.to_uppercase();
        let both = if table.key.is_empty() { &[false][..] } else { &[false, true][..] };
        for after in both {
            for through in both {
                all.push((format!("COPY_{name}_{after}_{through}"), select(table, *after, *through)));
                all.push((format!("CLEAR_{name}_{after}_{through}"), delete(table, *after, *through)));
            }
        }
        all.push((format!("FILL_{name}"), insert(table)));
    }
    all
}

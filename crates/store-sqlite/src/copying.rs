//! Rows out and in for a copy of the whole store. Statements are made of the list of tables and of nothing else.

use std::fmt::Write as _;

use honnin_access::{ControlRow, Operate, Permit};
use honnin_store::copying::{
    Cell, Column, ColumnKind, CopiedRow, FoundColumn, Stretch, TABLES, Table, mark_name,
};
use honnin_store::{Answer, Changed, CopyRows, Error, NewControl};
use honnin_terms::TenantId;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, ToSql, params, params_from_iter};

use crate::fault::Fault;
use crate::writer::{Kind, Written};
use crate::{Sqlite, control, rows};

impl CopyRows for Sqlite {
    fn columns(&self, _permit: &Permit<Operate>) -> Answer<'_, Result<Vec<FoundColumn>, Error>> {
        Answer::ready(self.readers.with(columns))
    }

    fn rows_of(
        &self,
        permit: &Permit<Operate>,
        stretch: &Stretch,
        most: usize,
    ) -> Answer<'_, Result<Vec<CopiedRow>, Error>> {
        let tenant = permit.subject().tenant;
        Answer::ready(self.readers.with(|connection| {
            let table = stretch.table;
            let (within, mut asked) = within(tenant, stretch);
            asked.push(Bound::Number(rows::limit(most)));
            let order =
                if table.key.is_empty() { String::new() } else { format!("order by {}", names(table.key)) };
            let columns = names(table.columns());
            let sql = format!(
                "select {columns} from \"{}\" where {within} {order} limit ?{}",
                table.name,
                asked.len()
            );
            let mut statement = connection.prepare_cached(&sql)?;
            rows::gather(statement.query(params_from_iter(asked))?, |row| {
                table.columns().enumerate().map(|(place, column)| cell(column, row.get_ref(place)?)).collect()
            })
        }))
    }

    fn put_mark(
        &self,
        permit: &Permit<Operate>,
        value: Vec<u8>,
        found: Option<ControlRow>,
    ) -> Answer<'_, Result<ControlRow, Error>> {
        let (tenant, now) = (permit.subject().tenant, permit.at());
        self.write(Kind::Large, move |connection| {
            match &found {
                Some(found) => stands(connection, tenant, found)?,
                None => refuse_filled(connection, tenant)?,
            }
            let new = NewControl { value, until: None };
            let revision = control::replace(connection, tenant, &mark_name(), &new, now)?;
            let NewControl { value, until } = new;
            Ok(Written::uncached(ControlRow { revision, value, at: now, until }))
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
        self.write(Kind::Large, move |connection| {
            if let Some(mark) = &mark {
                stands(connection, tenant, mark)?;
            }
            replace(connection, tenant, &stretch, &rows)?;
            Ok(Written { answer: (), changed: vec![Changed::Everything] })
        })
    }
}

/// A value as it is bound.
enum Bound<'a> {
    Number(i64),
    Cell(&'a Cell),
}

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Number(number) | Self::Cell(Cell::Number(number)) => {
                ToSqlOutput::Owned(Value::Integer(*number))
            }
            Self::Cell(Cell::Nothing) => ToSqlOutput::Owned(Value::Null),
            Self::Cell(Cell::Octets(octets)) => ToSqlOutput::Borrowed(ValueRef::Blob(octets)),
            Self::Cell(Cell::Text(text)) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

fn cell(column: &Column, value: ValueRef<'_>) -> Result<Cell, Fault> {
    match (column.kind, value) {
        (_, ValueRef::Null) if column.may_be_absent => Ok(Cell::Nothing),
        (ColumnKind::Number, ValueRef::Integer(number)) => Ok(Cell::Number(number)),
        (ColumnKind::Octets, ValueRef::Blob(octets)) => Ok(Cell::Octets(octets.to_vec())),
        (ColumnKind::Text, ValueRef::Text(text)) => {
            let text = str::from_utf8(text).map_err(|_| Error::Corrupt)?;
            Ok(Cell::Text(text.to_owned()))
        }
        _ => Err(Error::Corrupt.into()),
    }
}

fn names(columns: impl IntoIterator<Item = &'static Column>) -> String {
    let names: Vec<String> = columns.into_iter().map(|column| format!("\"{}\"", column.name)).collect();
    names.join(", ")
}

/// The condition of a stretch, and what is bound to it.
fn within(tenant: TenantId, stretch: &Stretch) -> (String, Vec<Bound<'_>>) {
    let mut asked = vec![Bound::Number(i64::from(tenant.number()))];
    let mut condition = "tenant = ?1".to_owned();
    for (compare, key) in [(">", &stretch.after), ("<=", &stretch.through)] {
        let Some(key) = key else { continue };
        let mut places = Vec::new();
        for cell in key {
            asked.push(Bound::Cell(cell));
            places.push(format!("?{}", asked.len()));
        }
        // Writing into a text does not fail.
        write!(condition, " and ({}) {compare} ({})", names(stretch.table.key), places.join(", "))
            .unwrap_or_default();
    }
    (condition, asked)
}

/// Refuses where the mark of a copy is another by now. Nobody changes it within the transaction.
fn stands(connection: &Connection, tenant: TenantId, mark: &ControlRow) -> Result<(), Fault> {
    let mut asked =
        connection.prepare_cached("select revision, value from control where tenant = ?1 and name = ?2")?;
    let found: Option<(i64, Vec<u8>)> = asked
        .query_row(params![tenant.number(), mark_name().as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let is_it = |(revision, value): (i64, Vec<u8>)| {
        u64::try_from(revision) == Ok(mark.revision) && value == mark.value
    };
    if found.is_some_and(is_it) { Ok(()) } else { Err(Error::Conflict.into()) }
}

/// Refuses where any table has a row. Nobody writes one within the transaction.
fn refuse_filled(connection: &Connection, tenant: TenantId) -> Result<(), Fault> {
    for table in TABLES {
        let sql = format!("select exists (select 1 from \"{}\" where tenant = ?1)", table.name);
        let is_filled: bool =
            connection.prepare_cached(&sql)?.query_row(params![tenant.number()], |row| row.get(0))?;
        if is_filled {
            return Err(Error::Conflict.into());
        }
    }
    Ok(())
}

fn replace(
    connection: &Connection,
    tenant: TenantId,
    stretch: &Stretch,
    rows: &[CopiedRow],
) -> Result<(), Fault> {
    let table: &Table = stretch.table;
    let (within, asked) = within(tenant, stretch);
    connection
        .prepare_cached(&format!("delete from \"{}\" where {within}", table.name))?
        .execute(params_from_iter(asked))?;
    let places: Vec<String> = (2..).take(table.columns().count()).map(|place| format!("?{place}")).collect();
    let (columns, places) = (names(table.columns()), places.join(", "));
    let mut insert = connection.prepare_cached(&format!(
        "insert into \"{}\" (tenant, {columns}) values (?1, {places})",
        table.name
    ))?;
    for row in rows {
        if row.len() != table.columns().count() {
            return Err(Error::Corrupt.into());
        }
        let tenant = std::iter::once(Bound::Number(i64::from(tenant.number())));
        insert.execute(params_from_iter(tenant.chain(row.iter().map(Bound::Cell))))?;
    }
    Ok(())
}

fn columns(connection: &Connection) -> Result<Vec<FoundColumn>, Fault> {
    let mut statement = connection.prepare_cached(
        "select t.name, c.name, c.pk, c.type, c.\"notnull\" from sqlite_schema t join pragma_table_info(t.name) c \
         where t.type = 'table' order by 1, 2",
    )?;
    rows::gather(statement.query([])?, |row| {
        let kind: String = row.get(3)?;
        Ok(FoundColumn {
            table: row.get(0)?,
            name: row.get(1)?,
            key: rows::count(row, 2)?,
            kind: match kind.to_ascii_lowercase().as_str() {
                "integer" => Some(ColumnKind::Number),
                "blob" => Some(ColumnKind::Octets),
                "text" => Some(ColumnKind::Text),
                _ => None,
            },
            may_be_absent: !row.get::<_, bool>(4)?,
        })
    })
}

//! From columns to the field's words and back. A value that is no such word is [`Error::Corrupt`].

use std::sync::Arc;

use honnin_store::Error;
use honnin_store::document::{Bills, Line, Profile, Purchases, UsageMonth, Wish};
use honnin_terms::{Day, HoldingId, Id, Moment, TenantId};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::fault::Fault;

/// A tenant as it is stored.
pub(crate) fn tenant(tenant: TenantId) -> i64 {
    i64::from(tenant.number())
}

/// The octets of a holding; empty for the account's own.
pub(crate) fn holding_octets(holding: Option<&HoldingId>) -> &[u8] {
    holding.map_or(&[], |id| id.octets())
}

/// A count as it is stored.
pub(crate) fn stored_count(count: u64) -> Result<i64, Fault> {
    i64::try_from(count).map_err(|_| Error::Corrupt.into())
}

/// A most-so-many for `limit`.
pub(crate) fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

fn value<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, Fault> {
    row.try_get(column).map_err(|_| Error::Corrupt.into())
}

/// A count out of a column.
pub(crate) fn count<T: TryFrom<i64>>(row: &Row, column: usize) -> Result<T, Fault> {
    T::try_from(value(row, column)?).map_err(|_| Error::Corrupt.into())
}

/// Yes or no out of a column.
pub(crate) fn is_so(row: &Row, column: usize) -> Result<bool, Fault> {
    value(row, column)
}

/// Whether there is anything in a column.
pub(crate) fn is_there(row: &Row, column: usize) -> Result<bool, Fault> {
    Ok(value::<Option<&[u8]>>(row, column)?.is_some())
}

/// Whether these are the octets of a column.
pub(crate) fn octets_are(row: &Row, column: usize, octets: &[u8]) -> Result<bool, Fault> {
    Ok(value::<&[u8]>(row, column)? == octets)
}

/// Whether this is the text of a column.
pub(crate) fn text_is(row: &Row, column: usize, text: &str) -> Result<bool, Fault> {
    Ok(value::<Option<&str>>(row, column)? == Some(text))
}

/// Octets out of a column.
pub(crate) fn blob(row: &Row, column: usize) -> Result<Vec<u8>, Fault> {
    value(row, column)
}

/// Octets that may be absent out of a column.
pub(crate) fn blob_or_none(row: &Row, column: usize) -> Result<Option<Vec<u8>>, Fault> {
    value(row, column)
}

/// Octets that are shared out of a column.
pub(crate) fn shared(row: &Row, column: usize) -> Result<Arc<[u8]>, Fault> {
    Ok(Arc::from(value::<&[u8]>(row, column)?))
}

/// Octets that are shared, and may be absent, out of a column.
pub(crate) fn shared_or_none(row: &Row, column: usize) -> Result<Option<Arc<[u8]>>, Fault> {
    Ok(value::<Option<&[u8]>>(row, column)?.map(Arc::from))
}

/// A text out of a column.
pub(crate) fn text(row: &Row, column: usize) -> Result<String, Fault> {
    value(row, column)
}

/// A text that may be absent out of a column.
pub(crate) fn text_or_none(row: &Row, column: usize) -> Result<Option<String>, Fault> {
    value(row, column)
}

/// A number that may be absent out of a column.
pub(crate) fn number_or_none(row: &Row, column: usize) -> Result<Option<i64>, Fault> {
    value(row, column)
}

/// So many octets out of a column.
pub(crate) fn octets<const N: usize>(row: &Row, column: usize) -> Result<[u8; N], Fault> {
    value::<&[u8]>(row, column)?.try_into().map_err(|_| Error::Corrupt.into())
}

/// An id out of a column.
pub(crate) fn id<T: Id>(row: &Row, column: usize) -> Result<T, Fault> {
    Ok(T::from_octets(octets(row, column)?))
}

/// An id, or none where there are no octets, out of a column.
pub(crate) fn id_or_none<T: Id>(row: &Row, column: usize) -> Result<Option<T>, Fault> {
    if value::<&[u8]>(row, column)?.is_empty() {
        return Ok(None);
    }
    id(row, column).map(Some)
}

/// A moment out of a column.
pub(crate) fn moment(row: &Row, column: usize) -> Result<Moment, Fault> {
    Moment::from_millis(value(row, column)?).map_err(|_| Error::Corrupt.into())
}

/// A moment that may be absent out of a column.
pub(crate) fn moment_or_none(row: &Row, column: usize) -> Result<Option<Moment>, Fault> {
    let millis: Option<i64> = value(row, column)?;
    millis.map(Moment::from_millis).transpose().map_err(|_| Error::Corrupt.into())
}

fn day_of(number: i64) -> Result<Day, Fault> {
    let number = i32::try_from(number).map_err(|_| Error::Corrupt)?;
    Day::from_number(number).map_err(|_| Error::Corrupt.into())
}

/// A day out of a column.
pub(crate) fn day(row: &Row, column: usize) -> Result<Day, Fault> {
    day_of(value(row, column)?)
}

/// A day that may be absent out of a column.
pub(crate) fn day_or_none(row: &Row, column: usize) -> Result<Option<Day>, Fault> {
    value::<Option<i64>>(row, column)?.map(day_of).transpose()
}

/// The kinds this build knows; a stored word becomes one of these.
const KINDS: [&str; 6] = {
    use honnin_access::Document;
    [Profile::KIND, Bills::KIND, Line::KIND, UsageMonth::KIND, Purchases::KIND, Wish::KIND]
};

/// A kind of document out of a column.
pub(crate) fn kind(row: &Row, column: usize) -> Result<&'static str, Fault> {
    let word: &str = value(row, column)?;
    KINDS.into_iter().find(|kind| *kind == word).ok_or_else(|| Error::Corrupt.into())
}

/// What `read` gives of each row.
pub(crate) fn gather<T>(rows: &[Row], read: impl FnMut(&Row) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
    rows.iter().map(read).collect()
}

//! From columns to the field's words and back. A value that is no such word is [`Error::Corrupt`].

use honnin_store::Error;
use honnin_store::document::{Bills, Line, Profile, Purchases, UsageMonth, Wish};
use honnin_terms::{Day, HoldingId, Id, Moment};
use rusqlite::Row;

use crate::fault::Fault;

/// The octets of a holding; empty for the account's own.
pub(crate) fn holding_octets(holding: Option<&HoldingId>) -> &[u8] {
    holding.map_or(&[], |id| id.octets())
}

/// A count as the engine keeps it.
pub(crate) fn stored_count(count: u64) -> Result<i64, Fault> {
    i64::try_from(count).map_err(|_| Error::Corrupt.into())
}

/// A most-so-many for `limit`.
pub(crate) fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

/// A count out of a column.
pub(crate) fn count<T: TryFrom<i64>>(row: &Row<'_>, column: usize) -> Result<T, Fault> {
    T::try_from(row.get(column)?).map_err(|_| Error::Corrupt.into())
}

/// An id out of a column.
pub(crate) fn id<T: Id>(row: &Row<'_>, column: usize) -> Result<T, Fault> {
    Ok(T::from_octets(row.get(column)?))
}

/// A holding, or the account's own, out of a column.
pub(crate) fn holding(row: &Row<'_>, column: usize) -> Result<Option<HoldingId>, Fault> {
    let octets = row.get_ref(column)?.as_blob().map_err(|_| Error::Corrupt)?;
    if octets.is_empty() {
        return Ok(None);
    }
    Ok(Some(HoldingId::from_octets(octets.try_into().map_err(|_| Error::Corrupt)?)))
}

/// A moment out of a column.
pub(crate) fn moment(row: &Row<'_>, column: usize) -> Result<Moment, Fault> {
    Moment::from_millis(row.get(column)?).map_err(|_| Error::Corrupt.into())
}

/// A moment that may be absent out of a column.
pub(crate) fn moment_or_none(row: &Row<'_>, column: usize) -> Result<Option<Moment>, Fault> {
    let millis: Option<i64> = row.get(column)?;
    millis.map(Moment::from_millis).transpose().map_err(|_| Error::Corrupt.into())
}

/// A day out of a column.
pub(crate) fn day(row: &Row<'_>, column: usize) -> Result<Day, Fault> {
    Day::from_number(row.get(column)?).map_err(|_| Error::Corrupt.into())
}

/// A day that may be absent out of a column.
pub(crate) fn day_or_none(row: &Row<'_>, column: usize) -> Result<Option<Day>, Fault> {
    let number: Option<i32> = row.get(column)?;
    number.map(Day::from_number).transpose().map_err(|_| Error::Corrupt.into())
}

/// The kinds this build knows; a stored word becomes one of these.
const KINDS: [&str; 6] = {
    use honnin_access::Document;
    [Profile::KIND, Bills::KIND, Line::KIND, UsageMonth::KIND, Purchases::KIND, Wish::KIND]
};

/// A kind of document out of a column.
pub(crate) fn kind(row: &Row<'_>, column: usize) -> Result<&'static str, Fault> {
    let word = row.get_ref(column)?.as_str().map_err(|_| Error::Corrupt)?;
    KINDS.into_iter().find(|kind| *kind == word).ok_or_else(|| Error::Corrupt.into())
}

/// Runs `read` over each row of a query and gathers what it gives.
pub(crate) fn gather<T>(
    mut rows: rusqlite::Rows<'_>,
    mut read: impl FnMut(&Row<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(read(row)?);
    }
    Ok(all)
}

//! Statements that leave nothing on a connection: asked whole, with the kinds of what they are asked with, in place of a
//! prepared one that a pooler may not carry from one connection to another.

use honnin_store::Error;
use tokio_postgres::types::{ToSql, Type};

use crate::fault::Fault;

/// Every kind of value that a statement is asked with. No value is of two of them.
const KINDS: [Type; 7] =
    [Type::INT8, Type::BYTEA, Type::TEXT, Type::INT8_ARRAY, Type::BYTEA_ARRAY, Type::TEXT_ARRAY, Type::BOOL];

/// A value and its kind.
pub(crate) type Typed<'a> = (&'a (dyn ToSql + Sync), Type);

/// Values with the kinds that the server would find for them: each is of the kind that it can be written as.
#[expect(
    clippy::default_trait_access,
    reason = "the buffer is of the driver's own kind, and its crate is not needed for one that is thrown away"
)]
pub(crate) fn typed<'a>(asked: &[&'a (dyn ToSql + Sync)]) -> Result<Vec<Typed<'a>>, Fault> {
    let kind_of = |value: &'a (dyn ToSql + Sync)| {
        let fits = |kind: &&Type| value.to_sql_checked(kind, &mut Default::default()).is_ok();
        let kind = KINDS.iter().find(fits).cloned().ok_or(Error::Corrupt)?;
        Ok((value, kind))
    };
    asked.iter().map(|value| kind_of(*value)).collect()
}

//! Made-up ledger extracts in the layout of `examples/ledger-a`: CP932, CRLF, every field quoted.
//!
//! Phone numbers lie in ranges nobody is given (070-0…, 080-0…, 090-0…); people and figures are invented.

pub(crate) mod bulk;
mod draw;
mod people;
mod plan;
pub(crate) mod sample;
pub(crate) mod watermarks;

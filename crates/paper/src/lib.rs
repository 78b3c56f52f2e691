//! The only room with a typeface and the formats of documents: sheets as PDF, rows as CSV.
//!
//! It is handed words and figures that are already written, and knows nothing of whose they are, of HTTP or of
//! stores. Decision 0011 says why there is no larger typesetter.

mod file;
mod layout;
mod picture;
mod rows;
mod sheet;
mod typeface;

pub use picture::{BadPicture, Picture};
pub use rows::{Cell, Rows};
pub use sheet::{Block, PrintError, Sheet, Table};
pub use typeface::{BadTypeface, Press};

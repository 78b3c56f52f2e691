//! What real systems do to files, seen from outside: the pages, the PDF, the CSV and the API say what the ledger said,
//! or that it is not known.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that fails here has told where"
)]

mod cases;
mod faces;
mod mangled;
mod world;

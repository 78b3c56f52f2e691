//! What the public is told.

use super::section::section;
use super::value::{MaybePath, Span};

section! {
    /// Public notices: a record that can only grow, shown on the status page, in the banner and at sign-in. The status page
    /// is another process (`honnin status serve`) that reads the directory of the record and needs nothing else.
    pub(crate) struct Status in "status";

    /// Directory of the record; "" for `status` in the data directory, which no other user can read.
    own directory: MaybePath = MaybePath::default();
    /// Address of the status page (https:), linked from the banner; "" for none.
    same url: String = String::new();
    /// Interval at which the service writes down that it is there; the status page says so when it is silent for a minute.
    own every: Span = Span::seconds(5), Span::seconds(1)..=Span::seconds(20);
}

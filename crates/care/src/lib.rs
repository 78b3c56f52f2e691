//! What a subscriber can do, as use cases, and the one gate everything personal leaves by.

pub mod facts;

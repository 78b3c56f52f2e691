//! What a subscriber can do, as use cases, and the one gate everything personal leaves by.
//!
//! Shared by pages, the JSON API, documents and messages. Knows nothing of status codes, of HTML, of SQL.

mod act;
mod answer;
mod bills;
mod care;
mod disclosures;
mod export;
pub mod facts;
mod gate;
mod isolation;
mod line;
mod merging;
mod path;
mod reckon;
mod sessions;
mod speed;

pub use act::{Channel, What};
pub use answer::{Asker, Body};
pub use bills::BillForm;
pub use care::{Care, CareParts, Error, Visit};
pub use disclosures::{AuditRow, AuditSide, audit};
pub use export::{
    Directory, ExportBounds, ExportFault, ExportStage, ExportState, ExportWork, Exports, Held, HeldDevice,
    HeldDisclosure, HeldLine, Shelf,
};
pub use gate::{Disclosed, Gate};
pub use honnin_seal::SessionToken;
pub use isolation::{Isolation, IsolationReason};
pub use merging::AgreeError;
pub use path::{PathState, PublicPath};
pub use speed::SpeedWish;

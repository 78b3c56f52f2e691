//! What a subscriber can do, as use cases, and the one gate everything personal leaves by.
//!
//! Shared by pages, the JSON API, documents and messages. Knows nothing of status codes, of HTML, of SQL.

mod act;
mod answer;
mod bills;
mod care;
mod disclosures;
mod export;
mod factors;
pub mod facts;
mod failures;
mod gate;
mod house;
mod line;
mod merging;
mod naming;
mod passkeys;
mod reckon;
mod recorder;
mod sessions;
mod share;
mod speed;
mod strays;
mod tokens;

pub use act::{Channel, What};
pub use answer::{Asker, Body};
pub use bills::BillForm;
pub use care::{Care, CareParts, Error, Visit};
pub use disclosures::AuditRow;
pub use export::{
    Asking, Claimed, ExportBounds, ExportFault, ExportStage, ExportState, ExportWork, Exports, Held, HeldAct,
    HeldDevice, HeldDisclosure, HeldLine, NotExported, Outcome, Sealed, Shelf,
};
pub use factors::FactorRefused;
pub use gate::{Disclosed, Gate, Told};
pub use honnin_seal::SessionToken;
pub use house::{Alarm, House};
pub use merging::AgreeError;
pub use naming::NameError;
pub use passkeys::PasskeyRefused;
pub use recorder::Recorder;
pub use share::{Share, Shares};
pub use speed::{SpeedWish, WishRefusal};
pub use strays::STOPPED;
pub use tokens::{TOKEN_DAYS, TokenError};

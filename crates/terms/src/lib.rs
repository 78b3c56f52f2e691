//! The field's words as types: ids, numbers, octets, yen, days, months, moments and states.
//!
//! Knows nothing of input and output, of async, of ciphers.
//!
//! Words follow ITU-T E.164 (numbers), 3GPP TS 32.298 (usage) and TM Forum TMF654/TMF677/TMF678
//! (buckets, consumption, bills); where none fits the word is ours and is explained at its type.

mod amount;
mod basis;
mod element;
#[cfg(honnin_faults)]
pub mod faults;
mod id;
mod known;
mod mode;
mod name;
mod number;
mod state;
mod stream;
mod time;

pub use amount::{Octets, Yen};
pub use basis::{BadEntryRef, Basis, EntryRef};
pub use element::{BadElementSession, ElementSession};
pub use id::{
    AccountId, BadId, BillId, BuildId, CaseId, ConfigurationId, DeviceId, ExportId, HoldingId, Id, LineId,
    LogId, NoticeId, PasskeyId, PurchaseId, ReleaseId, RequestId, SessionId, TenantId,
};
pub use known::Known;
pub use mode::{Audience, Less, Mode, Offer, Stop, Strain};
pub use name::{BadLineName, LONGEST_LINE_NAME, LineName};
pub use number::{BadNumber, Msisdn};
pub use state::{BillState, BucketKind, LineStatus, SpeedReason, SpeedState};
pub use stream::{Entropy, Stream};
pub use time::{BadTime, Clock, Day, Held, Moment, Month, Said, Zone};

/// Longest sign-in name (会員ID) that is taken, in characters: by pages, API and command line alike.
pub const LONGEST_LOGIN: usize = 128;

/// Longest password that is looked at, in characters: by forms, by the API and by who judges it. Beyond any rule for new
/// ones, because imported ones are as long as they are.
pub const LONGEST_PASSWORD: usize = 1_024;

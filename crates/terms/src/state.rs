//! States and kinds the ledger and the subscriber speak of.

use serde::{Deserialize, Serialize};

macro_rules! named {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word of the JSON API and of mapping files.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// Reads the word of the JSON API and of mapping files.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    )+};
}

named! {
    /// What a holding's line can do now. Source: TMF637 `Product.status`, those we need.
    LineStatus {
        /// In use.
        Active = "active",
        /// Held, but the operator has stopped it; its figures stay.
        Suspended = "suspended",
        /// Not held yet: its first day is to come. Never said by a ledger, only by the days of the contract.
        Upcoming = "upcoming",
        /// No longer held by this account; shown to its former holder as it was.
        Ended = "ended",
    }

    /// Where a bucket of data comes from. The order is the order of use among equal expiries. Source: ours.
    BucketKind {
        /// What remained of last month's.
        CarriedOver = "carried_over",
        /// This month's.
        Basic = "basic",
        /// A gift of another line or of the operator.
        Gift = "gift",
        /// Bought.
        TopUp = "top_up",
    }

    /// How far a bill is. Source: TMF678 `CustomerBill.state`, told in the subscriber's words.
    BillState {
        /// Still being counted; the amount may change.
        Open = "open",
        /// Settled in amount, not yet paid.
        Final = "final",
        /// Paid.
        Paid = "paid",
        /// Not paid by its due date.
        Overdue = "overdue",
    }

    /// How far a wish for another speed is. Source: ours (`ARCHITECTURE.md`, a toggle).
    SpeedState {
        /// Written down, not yet sent.
        Accepted = "accepted",
        /// Sent; the network has not confirmed it.
        Pending = "pending",
        /// The network has confirmed it.
        Confirmed = "confirmed",
        /// The network has refused it; the speed is what it was.
        Failed = "failed",
        /// No answer for long; we keep asking and do not guess.
        Unknown = "unknown",
    }

    /// Why the speed is what it is. Source: ours.
    SpeedReason {
        /// The subscriber chose it.
        Chosen = "chosen",
        /// No data is left.
        Exhausted = "exhausted",
        /// The operator has stopped the line.
        Suspended = "suspended",
        /// The fair-use rule of the operator holds it down.
        FairUse = "fair_use",
    }
}

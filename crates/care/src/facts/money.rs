//! What is shown of bills.

use honnin_terms::{BillId, BillState, Day, Month, Said, Yen};

use super::Origin;

/// A bill in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BillHead {
    /// The bill.
    pub bill: BillId,
    /// The month it is billed in (請求月).
    pub month: Month,
    /// The amount, tax included.
    pub amount: Yen,
    /// How far it is.
    pub state: BillState,
    /// When it is due, where known.
    pub due_on: Option<Day>,
    /// The month the usage was in, where the ledger says so.
    pub used_in: Option<Month>,
    /// When the ledger said so.
    pub as_of: Said,
}

/// All bills of the account, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bills {
    /// Where the figures come from; `None` where the ledger has none.
    pub origin: Option<Origin>,
    /// All of them.
    pub bills: Vec<BillHead>,
}

/// One line of a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillLine {
    /// What for, as the ledger names it.
    pub item: String,
    /// How much.
    pub amount: Yen,
}

/// The lines of a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BillLines {
    /// The ledger has said nothing of them.
    Unsaid,
    /// All of them, and when the ledger said so: that may be before it last spoke of the bill.
    Whole(Vec<BillLine>, Said),
    /// Not all have arrived, or they do not come to the amount: none is shown, so that a part is not taken for all.
    Incomplete,
}

impl BillLines {
    /// Those that are shown.
    pub fn shown(&self) -> &[BillLine] {
        match self {
            Self::Whole(lines, _) => lines,
            Self::Unsaid | Self::Incomplete => &[],
        }
    }

    /// When the ledger said so, where they are shown.
    pub const fn as_of(&self) -> Option<Said> {
        match self {
            Self::Whole(_, as_of) => Some(*as_of),
            Self::Unsaid | Self::Incomplete => None,
        }
    }
}

/// The bill of the month before, to compare with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillBefore {
    /// The month it is billed in.
    pub month: Month,
    /// The amount, tax included.
    pub amount: Yen,
    /// Its lines.
    pub lines: BillLines,
    /// When the ledger said so.
    pub as_of: Said,
}

/// One bill in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// The bill.
    pub head: BillHead,
    /// The operator's number of it.
    pub code: String,
    /// The tax within the amount, where known.
    pub tax: Option<Yen>,
    /// Its lines, in the ledger's order.
    pub lines: BillLines,
    /// The bill of the month before, where there is one.
    pub before: Option<BillBefore>,
    /// Where the figures come from.
    pub origin: Origin,
}

//! The price plans of the made-up operator.

/// A price plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Its name in the ledger.
    pub(crate) name: &'static str,
    /// What it grants each month, in KB of 1,000 octets.
    pub(crate) granted_kb: u64,
    /// What it costs each month, in yen.
    pub(crate) monthly_yen: u64,
}

/// The plans, smallest first. The last is sold only in ledgers so large that smaller remainders run out.
pub(crate) const PLANS: [Plan; 7] = [
    Plan { name: "2ギガプラン", granted_kb: 2_000_000, monthly_yen: 850 },
    Plan { name: "5ギガプラン", granted_kb: 5_000_000, monthly_yen: 990 },
    Plan { name: "10ギガプラン", granted_kb: 10_000_000, monthly_yen: 1500 },
    Plan { name: "15ギガプラン", granted_kb: 15_000_000, monthly_yen: 1800 },
    Plan { name: "25ギガプラン", granted_kb: 25_000_000, monthly_yen: 2000 },
    Plan { name: "35ギガプラン", granted_kb: 35_000_000, monthly_yen: 2400 },
    Plan { name: "70ギガプラン", granted_kb: 70_000_000, monthly_yen: 4200 },
];

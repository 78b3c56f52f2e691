//! Ids: opaque, typed, never a number or a code that a person knows.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that is not an id: ids are 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expect 32 lower-case hexadecimal digits")]
pub struct BadId;

/// What every id can do; see the concrete types.
pub trait Id: Copy + Eq + fmt::Display + FromStr<Err = BadId> {
    /// Makes the id from its 16 octets.
    fn from_octets(octets: [u8; 16]) -> Self;
    /// The 16 octets of the id.
    fn octets(&self) -> &[u8; 16];
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        ///
        /// Shape: 16 octets; as text 32 lower-case hexadecimal digits. Source: ours.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name([u8; 16]);

        impl Id for $name {
            fn from_octets(octets: [u8; 16]) -> Self {
                Self(octets)
            }
            fn octets(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "("))?;
                write_hex(&self.0, f)?;
                f.write_str(")")
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                read_hex(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// One contract holder who can sign in.
    AccountId
    /// One SIM or eSIM subscription, whoever holds it.
    LineId
    /// Account X holds line L from t1 to t2: the pivot of the system.
    HoldingId
    /// One signed-in device.
    SessionId
    /// One device that signed in before, as the mark it keeps says.
    DeviceId
    /// One passkey of an account: a hash of what its authenticator calls it.
    PasskeyId
    /// One bill of one account.
    BillId
    /// One build of the program: the first half of the SHA-256 of its file.
    BuildId
    /// The settings that have to be the same on every node: a hash of their names and values.
    ConfigurationId
    /// A build with such settings: what one node has in common with another, and what a person admits.
    ReleaseId
    /// One purchase on one holding.
    PurchaseId
    /// One export of an account's own data; random.
    ExportId
    /// One notice of the operator to everybody.
    NoticeId
    /// One request, named in logs, error pages and the journal.
    RequestId
    /// One support case.
    CaseId
    /// One log of the journal: what one node has written.
    LogId
}

/// One operator or MVNO. Part of every key, row and associated data.
///
/// Shape: a positive number given by the installation. Source: ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TenantId(u32);

impl TenantId {
    /// The tenant of an installation that serves one.
    pub const FIRST: Self = Self(1);

    /// Makes the id from its number.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number of the tenant.
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn write_hex(octets: &[u8; 16], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' - 10 + half };
    let mut digits = [[0; 2]; 16];
    for (to, octet) in digits.iter_mut().zip(octets) {
        *to = [digit(octet >> 4), digit(octet & 15)];
    }
    f.write_str(std::str::from_utf8(digits.as_flattened()).unwrap_or_default())
}

fn read_hex(text: &str) -> Result<[u8; 16], BadId> {
    let lower = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if text.len() != 32 || !text.bytes().all(lower) {
        return Err(BadId);
    }
    u128::from_str_radix(text, 16).map(u128::to_be_bytes).map_err(|_| BadId)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_id_reads_back_what_it_writes(octets: [u8; 16]) {
            let id = HoldingId::from_octets(octets);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }

        #[test]
        fn a_text_that_is_read_is_the_text_that_is_written(text in "[0-9a-fA-F+]{30,34}") {
            if let Ok(id) = text.parse::<HoldingId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}

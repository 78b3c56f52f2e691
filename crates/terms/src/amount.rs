//! Amounts: octets of data and yen of money, both whole numbers.

use std::fmt;
use std::iter::Sum;

use serde::{Deserialize, Serialize};

/// An amount of data.
///
/// Unit: octets (3GPP TS 32.298 counts data volume in octets). Decimal multiples: 1 KB = 1,000 octets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Octets(u64);

impl Octets {
    /// Nothing at all; not the same as unknown, which is `None`.
    pub const ZERO: Self = Self(0);

    /// That many octets.
    pub const fn new(octets: u64) -> Self {
        Self(octets)
    }

    /// `amount` times `unit` octets, or nothing where that is more than can be counted.
    pub fn checked_units(amount: u64, unit: u64) -> Option<Self> {
        amount.checked_mul(unit).map(Self)
    }

    /// The number of octets.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The sum; stays at the largest number that can be counted rather than wrapping.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Hundredths of a gigabyte (10^9 octets), rounded down: for what remains.
    pub const fn centi_gb_floor(self) -> u64 {
        self.0 / 10_000_000
    }

    /// Hundredths of a gigabyte (10^9 octets), rounded up: for what was used.
    pub const fn centi_gb_ceil(self) -> u64 {
        self.0.div_ceil(10_000_000)
    }
}

impl Sum for Octets {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Self::plus)
    }
}

/// An amount of money, tax included unless said otherwise.
///
/// Unit: yen (ISO 4217 JPY, no minor unit). Negative for a credit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Yen(i64);

impl Yen {
    /// That many yen.
    pub const fn new(yen: i64) -> Self {
        Self(yen)
    }

    /// The number of yen.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Yen {
    /// Groups of three digits: `12,345`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.unsigned_abs().to_string();
        let sign = if self.0 < 0 { "-" } else { "" };
        let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        f.pad_integral(true, "", &format!("{sign}{text}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yen_are_written_in_groups_of_three() {
        for (yen, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567")] {
            assert_eq!(Yen::new(yen).to_string(), text);
        }
    }

    #[test]
    fn remaining_rounds_down_and_used_rounds_up() {
        let nearly = Octets::new(3_429_999_999);
        assert_eq!((nearly.centi_gb_floor(), nearly.centi_gb_ceil()), (342, 343));
        assert_eq!(Octets::new(10_000_000).centi_gb_ceil(), 1);
    }
}

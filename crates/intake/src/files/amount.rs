//! Amounts as an operator writes them: units, group separators, decimals, signs.

use honnin_terms::{Octets, Yen};

/// The unit of an amount of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Octets.
    Octets,
    /// 1,000 octets.
    Kilo,
    /// 1,000,000 octets.
    Mega,
    /// 1,000,000,000 octets.
    Giga,
    /// 1,024 octets.
    Kibi,
    /// 1,024² octets.
    Mebi,
    /// 1,024³ octets.
    Gibi,
}

impl Unit {
    /// The words a mapping file may use.
    pub const WORDS: [(&'static str, Self); 7] = [
        ("octets", Self::Octets),
        ("KB", Self::Kilo),
        ("MB", Self::Mega),
        ("GB", Self::Giga),
        ("KiB", Self::Kibi),
        ("MiB", Self::Mebi),
        ("GiB", Self::Gibi),
    ];

    /// Reads the word of a mapping file.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, unit)| *unit)
    }

    const fn octets(self) -> u64 {
        match self {
            Self::Octets => 1,
            Self::Kilo => 1_000,
            Self::Mega => 1_000_000,
            Self::Giga => 1_000_000_000,
            Self::Kibi => 1 << 10,
            Self::Mebi => 1 << 20,
            Self::Gibi => 1 << 30,
        }
    }
}

/// How an amount is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmountShape {
    /// The unit of an amount of data.
    pub unit: Unit,
    /// What stands between groups of three digits, where anything does.
    pub group: Option<char>,
    /// What stands before decimals, where there are any.
    pub decimal: Option<char>,
    /// How many of the last digits are decimals though nothing stands before them: money in hundredths. An amount with a
    /// mark before decimals of its own is then none.
    pub implied: u32,
    /// What stands before a negative amount.
    pub negative: String,
    /// What may stand after the amount: `円`, `GB`.
    pub suffix: String,
}

impl Default for AmountShape {
    fn default() -> Self {
        Self {
            unit: Unit::Octets,
            group: None,
            decimal: None,
            implied: 0,
            negative: "-".to_owned(),
            suffix: String::new(),
        }
    }
}

struct Written {
    negative: bool,
    digits: u128,
    /// How many of the digits are decimals.
    decimals: u32,
}

impl AmountShape {
    /// Reads an amount of data; nothing where it is negative, not written so, or not a whole number of octets.
    pub fn read_octets(&self, text: &str) -> Option<Octets> {
        let written = self.read(text)?;
        let scale = 10u128.checked_pow(written.decimals)?;
        let octets = written.digits.checked_mul(u128::from(self.unit.octets()))?;
        let whole = octets.is_multiple_of(scale) && !written.negative;
        whole.then(|| u64::try_from(octets / scale).ok().map(Octets::new))?
    }

    /// Reads an amount of money in yen; decimals may only be zeros.
    pub fn read_yen(&self, text: &str) -> Option<Yen> {
        let written = self.read(text)?;
        let scale = 10u128.checked_pow(written.decimals)?;
        let yen =
            i64::try_from(written.digits.is_multiple_of(scale).then(|| written.digits / scale)?).ok()?;
        Some(Yen::new(if written.negative { -yen } else { yen }))
    }

    /// Reads a count, such as the place of a line in a bill.
    pub fn read_count(&self, text: &str) -> Option<u32> {
        let written = self.read(text)?;
        let whole = written.decimals == 0 && !written.negative;
        whole.then(|| u32::try_from(written.digits).ok())?
    }

    fn read(&self, text: &str) -> Option<Written> {
        let text = text.strip_suffix(self.suffix.as_str()).unwrap_or(text);
        let (negative, text) = match text.strip_prefix(self.negative.as_str()) {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, decimals) = match self.decimal.and_then(|mark| text.split_once(mark)) {
            Some((whole, decimals)) if !decimals.is_empty() => (whole, decimals),
            Some(_) => return None,
            None => (text, ""),
        };
        if self.implied > 0 && !decimals.is_empty() {
            return None;
        }
        let mut digits = 0u128;
        let mut groups = whole.split(|character| Some(character) == self.group);
        let first = groups.next()?;
        let mut add = |group: &str| {
            for character in group.chars() {
                let digit = character.to_digit(10)?;
                digits = digits.checked_mul(10)?.checked_add(u128::from(digit))?;
            }
            Some(())
        };
        add(first)?;
        let grouped = whole.len() != first.len();
        if first.is_empty() || (grouped && first.len() > 3) {
            return None;
        }
        for group in groups {
            add((group.len() == 3).then_some(group)?)?;
        }
        add(decimals)?;
        let decimals = u32::try_from(decimals.len()).ok()?;
        Some(Written { negative, digits, decimals: decimals.checked_add(self.implied)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kilo() -> AmountShape {
        AmountShape { unit: Unit::Kilo, ..AmountShape::default() }
    }

    #[test]
    fn a_kilobyte_of_the_ledger_is_a_thousand_octets() {
        assert_eq!(kilo().read_octets("9676461"), Some(Octets::new(9_676_461_000)));
        assert_eq!(AmountShape { unit: Unit::Mebi, ..kilo() }.read_octets("3"), Some(Octets::new(3 << 20)));
    }

    #[test]
    fn what_is_not_written_as_agreed_is_refused() {
        for text in ["", "-5", "１２３", "1,000", "1.5", "1e3", " 1", "+1", "99999999999999999999"] {
            assert_eq!(kilo().read_octets(text), None, "{text}");
        }
    }

    #[test]
    fn groups_decimals_signs_and_suffixes_are_read_exactly() {
        let giga = AmountShape { unit: Unit::Giga, decimal: Some('.'), suffix: " GB".into(), ..kilo() };
        assert_eq!(giga.read_octets("1.25 GB"), Some(Octets::new(1_250_000_000)));
        assert_eq!(giga.read_octets("0.0000000001"), None, "a tenth of an octet");
        assert_eq!(giga.read_octets("1."), None);
        let yen = AmountShape {
            group: Some(','),
            negative: "▲".into(),
            suffix: "円".into(),
            ..AmountShape::default()
        };
        assert_eq!(yen.read_yen("▲1,234円"), Some(Yen::new(-1234)));
        assert_eq!(yen.read_yen("12,34"), None);
        assert_eq!(yen.read_yen("1234,567"), None);
        assert_eq!(yen.read_yen(",567"), None);
    }

    #[test]
    fn money_in_hundredths_is_read_where_the_mapping_says_so_and_whole() {
        let sen = AmountShape { implied: 2, group: Some(','), decimal: Some('.'), ..AmountShape::default() };
        assert_eq!(sen.read_yen("537800"), Some(Yen::new(5_378)));
        assert_eq!(sen.read_yen("-1,234,500"), Some(Yen::new(-12_345)));
        assert_eq!(sen.read_yen("0"), Some(Yen::new(0)));
        assert_eq!(sen.read_yen("537850"), None, "half a yen");
        assert_eq!(sen.read_yen("5378.00"), None, "which of the two it is, nobody can know");
        assert_eq!(AmountShape { implied: 3, ..kilo() }.read_octets("1500"), Some(Octets::new(1_500)));
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in "[0-9,.▲円-]{0,50}") {
            let shape = AmountShape { group: Some(','), decimal: Some('.'), negative: "▲".into(), suffix: "円".into(), unit: Unit::Gibi, implied: 2 };
            let _ = (shape.read_octets(&text), shape.read_yen(&text), shape.read_count(&text));
        }

        #[test]
        fn a_written_amount_reads_back(yen: i32) {
            let shape = AmountShape { group: Some(','), ..AmountShape::default() };
            let yen = Yen::new(yen.into());
            prop_assert_eq!(shape.read_yen(&yen.to_string()), Some(yen));
        }
    }
}

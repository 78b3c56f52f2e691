//! Numbers that look drawn and never come twice.

/// A shuffle of the numbers below a bound: every place has a number of its own.
///
/// An affine map, so that ten million of them need no memory to tell which were given.
#[derive(Debug, Clone, Copy)]
pub struct Shuffle {
    bound: u64,
    step: u64,
    start: u64,
}

impl Shuffle {
    /// A shuffle of `0..bound`, another for another seed. `bound` is at most 2³¹.
    pub fn new(bound: u64, seed: u64) -> Self {
        let bound = bound.clamp(1, 1 << 31);
        // About 0.618 of the bound spreads neighbours far apart; the seed moves it, the loop makes it coprime.
        let mut step = (bound / 1000 * 618 + seed % 9973).max(1);
        while common_divisor(step, bound) != 1 {
            step += 1;
        }
        Self { bound, step: step % bound, start: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) % bound }
    }

    /// The number at that place; places beyond the bound begin again.
    pub fn at(self, place: u64) -> u64 {
        ((place % self.bound) * self.step + self.start) % self.bound
    }
}

fn common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

/// How many phone numbers the three unassigned ranges hold.
pub const NUMBERS: u64 = 30_000_000;

/// A phone number of the unassigned ranges: `070-0…`, `080-0…`, `090-0…`, ten million each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number(pub u64);

impl Number {
    /// The digits, without hyphens.
    pub fn plain(self) -> String {
        let Self(place) = self;
        format!("0{}0{:08}", 7 + place / 10_000_000 % 3, place % 10_000_000)
    }

    /// The digits as people write them.
    pub fn hyphenated(self) -> String {
        let plain = self.plain();
        let (carrier, rest) = plain.split_at(3);
        let (middle, last) = rest.split_at(4);
        format!("{carrier}-{middle}-{last}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_a_number_of_its_own() {
        for (bound, seed) in [(1, 0), (2, 5), (1000, 1), (9973, 9973), (30_030, 77), (1000, u64::MAX)] {
            let shuffle = Shuffle::new(bound, seed);
            let mut numbers: Vec<u64> = (0..bound).map(|place| shuffle.at(place)).collect();
            numbers.sort_unstable();
            assert_eq!(numbers, (0..bound).collect::<Vec<_>>(), "{bound} {seed}");
        }
    }

    #[test]
    fn numbers_lie_in_the_unassigned_ranges() {
        assert_eq!(Number(0).plain(), "07000000000");
        assert_eq!(Number(10_000_000).plain(), "08000000000");
        assert_eq!(Number(NUMBERS - 1).hyphenated(), "090-0999-9999");
    }
}

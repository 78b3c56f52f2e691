//! Chance that can be repeated: one seed, one run.

use std::time::Duration;

/// Draws that depend on a seed alone.
///
/// `SplitMix64` (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014). Of no use against anybody
/// who guesses.
#[derive(Debug, Clone)]
pub struct Draw {
    state: u64,
}

impl Draw {
    /// The draws of that seed.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Draws of their own for a part of the run, whatever the other parts draw.
    #[must_use]
    pub fn of_part(&self, part: u64) -> Self {
        let mut draw = Self::new(self.state ^ part.wrapping_mul(0xd1b5_4a32_d192_ed03));
        let state = draw.any();
        Self::new(state)
    }

    /// The next 64 bits.
    pub const fn any(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below the bound; 0 where the bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.any().checked_rem(bound).unwrap_or(0)
    }

    /// A place in something of that length.
    pub fn place(&mut self, length: usize) -> usize {
        usize::try_from(self.below(u64::try_from(length).unwrap_or(u64::MAX))).unwrap_or(0)
    }

    /// One of them; nothing where there is none.
    pub fn of<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        choices.get(self.place(choices.len()))
    }

    /// Whether something happens that does so many times in a hundred.
    pub fn percent(&mut self, times: u64) -> bool {
        self.below(100) < times
    }

    /// A time below the bound, exact to the microsecond.
    pub fn time_below(&mut self, bound: Duration) -> Duration {
        Duration::from_micros(self.below(u64::try_from(bound.as_micros()).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_the_published_sequence_and_parts_go_their_own_way() {
        // The first outputs of the authors' reference code for seed 1234567.
        let mut draw = Draw::new(1_234_567);
        assert_eq!(draw.any(), 6_457_827_717_110_365_317);
        assert_eq!(draw.any(), 3_203_168_211_198_807_973);
        let draw = Draw::new(7);
        assert_eq!(draw.of_part(3).any(), draw.of_part(3).any());
        assert_ne!(draw.of_part(3).any(), draw.of_part(4).any());
    }
}

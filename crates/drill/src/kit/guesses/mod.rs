//! Strangers who guess, each from an address of its own, and owners who sign in beside them: what D31 and D32 share.
//!
//! All of 127.0.0.0/8 is this machine's own, so that a thousand prefixes are a thousand real sockets.

pub(crate) mod hashes;
pub(crate) mod owner;
pub(crate) mod storm;
pub(crate) mod times;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use owner::Entered;

use super::tally::Findings;
use crate::harness::Verdict;

/// From so many seconds on a run is long: with the costs and holds a new installation has, and a thousand prefixes.
pub(crate) const LONG: u64 = 40;

/// What a short run sets: hashes as cheap as may be and short holds, so that the same things happen in less time.
const SHORT: &str = "[sign_in]\nhash_memory = \"8 MiB\"\nhash_passes = 1\ndelay_longest = \"6 s\"\n";

/// What is promised of whoever signs in from where nobody has guessed.
pub(crate) const SOON: Duration = Duration::from_secs(2);

/// How a run is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) is_long: bool,
}

impl Shape {
    pub(crate) const fn of(seconds: u64) -> Self {
        Self { is_long: seconds >= LONG }
    }

    pub(crate) const fn settings(self) -> &'static str {
        if self.is_long { "" } else { SHORT }
    }

    /// The longest hold.
    pub(crate) const fn hold(self) -> Duration {
        Duration::from_secs(if self.is_long { 20 } else { 6 })
    }

    pub(crate) const fn words(self) -> &'static str {
        if self.is_long {
            "hashes and holds as by default"
        } else {
            "short: cheap hashes, holds of 6 s at most"
        }
    }
}

/// An address of this machine by the number of its /24.
pub(crate) fn address(prefix: u16, host: u8) -> IpAddr {
    let [high, low] = prefix.to_be_bytes();
    // 127.0.0.0/24 is where the product itself is.
    Ipv4Addr::new(127, high.saturating_add(1), low, host.max(1)).into()
}

/// What came of owners' sign-ins, and how long they took.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    pub(crate) took: Vec<Duration>,
    pub(crate) out: Findings,
    pub(crate) refused: u64,
}

impl Owners {
    pub(crate) fn add(&mut self, entered: &Entered) {
        self.refused += entered.refused;
        match &entered.why_not {
            None => self.took.push(entered.took),
            Some(why) => self.out.add(format!("not in after {:.1} s: {why}", entered.took.as_secs_f32())),
        }
    }

    pub(crate) fn count(&self) -> u64 {
        u64::try_from(self.took.len()).unwrap_or(u64::MAX).saturating_add(self.out.count())
    }

    /// All but one in a hundred got in within that time.
    pub(crate) fn within(mut self, check: &str, tried: &str, bound: Duration) -> Verdict {
        self.took.sort_unstable();
        let count = self.count();
        let at = |share: usize| {
            let last = self.took.len().saturating_sub(1);
            let at = last.saturating_mul(share).div_ceil(100);
            self.took.get(at).map_or(0.0, Duration::as_secs_f32)
        };
        let (half, most, all) = (at(50), at(99), at(100));
        let late = self.took.iter().filter(|took| **took > bound).count();
        let allowed = count / 100;
        let mut found = self.out;
        let missing = u64::try_from(late).unwrap_or(u64::MAX).saturating_add(found.count());
        if missing > allowed && late > 0 {
            found.add(format!("{late} of {count} took longer than {} s, up to {all:.1} s", bound.as_secs()));
        }
        let told = if missing > allowed { found.told() } else { Vec::new() };
        let in_time = count.saturating_sub(missing);
        let note = format!(
            "{in_time} of {count} in within {} s; half within {half:.2} s, 99 of 100 within {most:.2} s, all within \
             {all:.2} s; told to come back {} times",
            bound.as_secs(),
            self.refused
        );
        Verdict::of(check, tried, count, told).noting(note)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners(millis: &[u64], out: u64) -> Owners {
        let mut owners = Owners::default();
        for took in millis {
            owners.add(&Entered { took: Duration::from_millis(*took), ..Entered::default() });
        }
        for _ in 0..out {
            owners.add(&Entered { why_not: Some("429".to_owned()), ..Entered::default() });
        }
        owners
    }

    #[test]
    fn one_of_a_hundred_may_be_late_and_no_more() {
        let passes = |millis: &[u64], out| owners(millis, out).within("a", "b", SOON).pass;
        assert!(passes(&[100; 20], 0));
        assert!(
            !passes(&[&[100; 20][..], &[2_001]].concat(), 0),
            "one of twenty-one is more than one of a hundred"
        );
        assert!(passes(&[&[100; 99][..], &[2_001]].concat(), 0));
        assert!(!passes(&[&[100; 99][..], &[2_001, 2_001]].concat(), 0));
        assert!(passes(&[100; 99], 1), "not in at all is late");
        assert!(!passes(&[100; 20], 1));
        assert!(!passes(&[], 0), "nobody who tried proves nothing");
    }

    #[test]
    fn a_prefix_is_a_network_of_this_machine_beside_the_products_own() {
        let of = |prefix, host| address(prefix, host).to_string();
        assert_eq!((of(0, 0), of(999, 7)), ("127.1.0.1".to_owned(), "127.4.231.7".to_owned()));
    }
}

//! Looks for thousands of values in octets at once.

use std::collections::{BTreeSet, HashMap};

/// The first octets of a value, by which candidates are found.
const HEAD: usize = 5;
/// Values shorter than this may stand in ciphertext by chance, once in hundreds of runs.
const LONG: usize = 7;
/// How often a short value may: three at once would be once in a million runs, and a column that lies open has
/// hundreds.
const BY_CHANCE: usize = 2;

/// Values to look for.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    values: HashMap<Vec<u8>, String>,
    /// How long the values are that begin so.
    lengths: HashMap<[u8; HEAD], BTreeSet<usize>>,
    /// Which heads there may be, by a few bits of each: most octets are passed over by this alone.
    heads: Vec<u64>,
}

/// Where a value was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) at: usize,
    pub(super) octets: usize,
    pub(super) what: String,
}

const BITS: u32 = 22;

fn bit(head: [u8; HEAD]) -> usize {
    let number = head.iter().fold(0_u64, |number, octet| (number << 8) | u64::from(*octet));
    usize::try_from(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BITS)).unwrap()
}

impl Scanner {
    /// Adds a value; `what` says what it is without saying it.
    pub(super) fn add(&mut self, value: Vec<u8>, what: &str) {
        let Some(head) = value.first_chunk::<HEAD>().copied() else { return };
        if self.heads.is_empty() {
            self.heads = vec![0; 1 << (BITS - 6)];
        }
        self.heads[bit(head) / 64] |= 1 << (bit(head) % 64);
        self.lengths.entry(head).or_default().insert(value.len());
        self.values.insert(value, what.to_owned());
    }

    /// How many different values there are.
    pub(super) fn count(&self) -> usize {
        self.values.len()
    }

    /// Everything that stands in these octets.
    pub(super) fn find(&self, octets: &[u8]) -> Vec<Found> {
        let mut found = Vec::new();
        for (at, head) in octets.array_windows::<HEAD>().enumerate() {
            if self.heads[bit(*head) / 64] & (1 << (bit(*head) % 64)) == 0 {
                continue;
            }
            for length in self.lengths.get(head).into_iter().flatten() {
                let value = octets.get(at..at + length);
                if let Some(what) = value.and_then(|value| self.values.get(value)) {
                    found.push(Found { at, octets: *length, what: what.clone() });
                }
            }
        }
        found
    }
}

/// Whether what was found is more than chance puts into ciphertext.
pub(super) fn is_too_much(found: &[Found]) -> bool {
    found.iter().any(|one| one.octets >= LONG) || found.len() > BY_CHANCE
}

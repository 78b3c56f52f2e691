//! What computing a password hash costs: its work. A wrong guess is made to cost all the work there is in a house, so that
//! nothing tells by which hash it was compared with, nor whether with any.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use argon2::{Algorithm, Params, Version};
use aws_lc_rs::pbkdf2;

use crate::password::{BadPhc, HashCost, MOST_ITERATIONS, MOST_LANES, MOST_MEMORY_KIB, MOST_PASSES, Scheme};

/// Kinds of work there may be in one house beside its own: each makes every wrong guess dearer.
const MOST_WORKS: usize = 8;
/// What all of them may come to, in KiB of argon2 times passes: thirty-two times our own hash at its default cost. Whoever
/// imports what is dearer would have strangers' guesses take the places of everybody.
const MOST_WEIGHT: u64 = 32 * 19 * 1_024 * 2;
/// Octets of an output that is thrown away: no more than one block of any hash.
pub(crate) const OUTPUT: usize = 32;
/// Blocks that an output can have: a PHC string holds 64 octets.
const MOST_BLOCKS: u32 = 2;

/// The hash of PBKDF2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sha {
    Of256,
    Of512,
}

impl Sha {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "pbkdf2-sha256" => Some(Self::Of256),
            "pbkdf2-sha512" => Some(Self::Of512),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Of256 => "pbkdf2-sha256",
            Self::Of512 => "pbkdf2-sha512",
        }
    }

    pub(crate) const fn pbkdf2(self) -> pbkdf2::Algorithm {
        match self {
            Self::Of256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Of512 => pbkdf2::PBKDF2_HMAC_SHA512,
        }
    }

    /// What so many iterations come to for an output of so many octets.
    pub(crate) fn rounds(self, iterations: NonZeroU32, octets: usize) -> u32 {
        let block = match self {
            Self::Of256 => 32,
            Self::Of512 => 64,
        };
        let blocks = u32::try_from(octets.div_ceil(block)).unwrap_or(u32::MAX);
        iterations.get().saturating_mul(blocks)
    }
}

/// How one hash is computed, apart from salt and password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HashWork(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Argon2 {
        name: &'static str,
        version: u32,
        memory_kib: u32,
        passes: u32,
        lanes: u32,
    },
    /// So many iterations, for all blocks of the output together.
    Pbkdf2 {
        sha: Sha,
        rounds: u32,
    },
}

impl HashWork {
    pub(crate) fn argon2(algorithm: Algorithm, version: Version, params: &Params) -> Self {
        let (memory_kib, passes, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
        Self(Kind::Argon2 { name: algorithm.as_str(), version: version.into(), memory_kib, passes, lanes })
    }

    pub(crate) const fn pbkdf2(sha: Sha, rounds: u32) -> Self {
        Self(Kind::Pbkdf2 { sha, rounds })
    }

    /// Of our own hashes at that cost.
    pub fn of_ours(cost: HashCost) -> Self {
        let HashCost { memory_kib, passes, lanes } = cost;
        let (name, version) = (Algorithm::Argon2id.as_str(), Version::V0x13.into());
        Self(Kind::Argon2 { name, version, memory_kib, passes, lanes })
    }

    /// Its name, of lower-case letters, digits, points and hyphens: `argon2id.19.19456.2.1` says version, memory in KiB,
    /// passes and lanes, `pbkdf2-sha256.600000` iterations.
    pub fn name(self) -> String {
        match self.0 {
            Kind::Argon2 { name, version, memory_kib, passes, lanes } => {
                format!("{name}.{version}.{memory_kib}.{passes}.{lanes}")
            }
            Kind::Pbkdf2 { sha, rounds } => format!("{}.{rounds}", sha.name()),
        }
    }

    /// The work of that name; `None` where it is none, or more than a hash may ask for.
    pub fn named(text: &str) -> Option<Self> {
        let (name, numbers) = text.split_once('.')?;
        let numbers = numbers.split('.').map(|number| number.parse().ok()).collect::<Option<Vec<u32>>>()?;
        match (Sha::named(name), numbers.as_slice()) {
            (Some(sha), [rounds]) => {
                let fits = (1..=MOST_ITERATIONS.saturating_mul(MOST_BLOCKS)).contains(rounds);
                fits.then_some(Self::pbkdf2(sha, *rounds))
            }
            (None, [version, memory_kib, passes, lanes]) => {
                let (algorithm, version) = (Algorithm::new(name).ok()?, Version::try_from(*version).ok()?);
                let fits = *memory_kib <= MOST_MEMORY_KIB && *passes <= MOST_PASSES && *lanes <= MOST_LANES;
                let params = Params::new(*memory_kib, *passes, *lanes, Some(OUTPUT)).ok()?;
                fits.then_some(Self::argon2(algorithm, version, &params))
            }
            _ => None,
        }
    }

    /// How it is computed, for an output that is thrown away.
    pub(crate) fn scheme(self) -> Result<Scheme, BadPhc> {
        match self.0 {
            Kind::Argon2 { name, version, memory_kib, passes, lanes } => {
                let algorithm = Algorithm::new(name).map_err(|_| BadPhc)?;
                let version = Version::try_from(version).map_err(|_| BadPhc)?;
                let params = Params::new(memory_kib, passes, lanes, Some(OUTPUT)).map_err(|_| BadPhc)?;
                Ok(Scheme::Argon2(algorithm, version, params))
            }
            Kind::Pbkdf2 { sha, rounds } => {
                NonZeroU32::new(rounds).map(|rounds| Scheme::Pbkdf2(sha, rounds)).ok_or(BadPhc)
            }
        }
    }

    /// What it weighs, in KiB of argon2 times passes: about three rounds of PBKDF2 take as long as one.
    fn weight(self) -> u64 {
        match self.0 {
            Kind::Argon2 { memory_kib, passes, .. } => u64::from(memory_kib).saturating_mul(passes.into()),
            Kind::Pbkdf2 { sha: Sha::Of256, rounds } => u64::from(rounds) / 3,
            Kind::Pbkdf2 { sha: Sha::Of512, rounds } => u64::from(rounds) / 2,
        }
    }

    /// What is left of it for who has done that much; nothing where that is as much.
    fn after(self, done: Self) -> Option<Self> {
        match (self.0, done.0) {
            (Kind::Pbkdf2 { sha, rounds }, Kind::Pbkdf2 { sha: of, rounds: done }) if sha == of => {
                rounds.checked_sub(done).filter(|left| *left > 0).map(|left| Self::pbkdf2(sha, left))
            }
            _ => (self != done).then_some(self),
        }
    }
}

/// What was computed: KiB of argon2 times passes, and rounds of PBKDF2.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// KiB of memory filled by argon2, once for each pass.
    pub argon2_kib: u64,
    /// Rounds of PBKDF2 with SHA-256.
    pub sha256: u64,
    /// Rounds of PBKDF2 with SHA-512.
    pub sha512: u64,
}

impl Spent {
    pub(crate) fn add(&mut self, work: HashWork) {
        let (sum, by) = match work.0 {
            Kind::Argon2 { memory_kib, passes, .. } => {
                (&mut self.argon2_kib, u64::from(memory_kib) * u64::from(passes))
            }
            Kind::Pbkdf2 { sha: Sha::Of256, rounds } => (&mut self.sha256, rounds.into()),
            Kind::Pbkdf2 { sha: Sha::Of512, rounds } => (&mut self.sha512, rounds.into()),
        };
        *sum = sum.saturating_add(by);
    }
}

impl std::ops::AddAssign for Spent {
    fn add_assign(&mut self, more: Self) {
        let Self { argon2_kib, sha256, sha512 } = more;
        self.argon2_kib = self.argon2_kib.saturating_add(argon2_kib);
        self.sha256 = self.sha256.saturating_add(sha256);
        self.sha512 = self.sha512.saturating_add(sha512);
    }
}

/// All the work there is in a house. Of PBKDF2 with one hash only the most counts: less can be made as much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HouseWork(BTreeSet<HashWork>);

impl HouseWork {
    /// Of a house that has hashes at its own cost only.
    pub fn of(cost: HashCost) -> Self {
        Self::of_one(HashWork::of_ours(cost))
    }

    /// Of a house where nothing else is computed.
    pub fn of_one(work: HashWork) -> Self {
        Self(BTreeSet::from([work]))
    }

    /// Takes in what one more hash costs. `false` where it was not there and there is no room for it.
    pub fn add(&mut self, work: HashWork) -> bool {
        if self.covers(work) {
            return true;
        }
        // What this one makes up for goes.
        let rest: BTreeSet<HashWork> =
            self.0.iter().copied().filter(|there| there.after(work) == Some(*there)).collect();
        let weight = rest.iter().fold(work.weight(), |sum, there| sum.saturating_add(there.weight()));
        if rest.len() > MOST_WORKS || weight > MOST_WEIGHT.max(self.weight()) {
            return false;
        }
        self.0 = rest;
        self.0.insert(work)
    }

    fn weight(&self) -> u64 {
        self.0.iter().fold(0, |sum, work| sum.saturating_add(work.weight()))
    }

    /// Whether a hash of that work costs nothing that is not there.
    pub fn covers(&self, work: HashWork) -> bool {
        self.covering(work).is_some()
    }

    /// The work that is at least as much.
    pub fn covering(&self, work: HashWork) -> Option<HashWork> {
        self.0.iter().copied().find(|there| work.after(*there).is_none())
    }

    /// The names of all of it.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|work| work.name())
    }

    /// What is left of it for who has done that much.
    pub(crate) fn after(&self, done: HashWork) -> impl Iterator<Item = HashWork> {
        self.0.iter().filter_map(move |work| work.after(done))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PasswordHash;

    const CHEAP: HashCost = HashCost { memory_kib: 64, passes: 1, lanes: 1 };

    fn works(names: &[&str]) -> HouseWork {
        let mut house = HouseWork::of(CHEAP);
        for name in names {
            assert!(house.add(HashWork::named(name).unwrap()), "{name}");
        }
        house
    }

    #[test]
    fn a_work_is_read_by_its_name_and_no_more_than_a_hash_may_ask() {
        for name in ["argon2id.19.19456.2.1", "argon2i.16.4096.3.4", "argon2d.19.8.1.1", "pbkdf2-sha512.9"] {
            assert_eq!(HashWork::named(name).unwrap().name(), name);
        }
        for name in [
            "",
            "pbkdf2-sha256",
            "pbkdf2-sha256.0",
            "pbkdf2-sha256.10000001",
            "pbkdf2-sha1.1000",
            "argon2id.19.262145.2.1",
            "argon2id.19.64.17.1",
            "argon2id.18.64.1.1",
            "argon2id.19.64.1",
            "argon2.19.64.1.1",
        ] {
            assert_eq!(HashWork::named(name), None, "{name}");
        }
    }

    #[test]
    fn whatever_hash_it_is_all_work_of_the_house_is_left_or_done() {
        let house =
            works(&["pbkdf2-sha256.1000", "pbkdf2-sha256.400", "argon2i.19.64.1.1", "pbkdf2-sha512.7"]);
        assert!(house.covers(HashWork::named("pbkdf2-sha256.999").unwrap()));
        assert!(!house.covers(HashWork::named("pbkdf2-sha256.1001").unwrap()));
        assert!(!house.covers(HashWork::named("argon2d.19.64.1.1").unwrap()));
        let left = |done: &str| {
            let left = house.after(HashWork::named(done).unwrap());
            left.map(HashWork::name).collect::<Vec<_>>().join(" ")
        };
        let (ours, imported) = ("argon2id.19.64.1.1", "argon2i.19.64.1.1");
        assert_eq!(left(ours), format!("{imported} pbkdf2-sha256.1000 pbkdf2-sha512.7"));
        assert_eq!(left(imported), format!("{ours} pbkdf2-sha256.1000 pbkdf2-sha512.7"));
        assert_eq!(left("pbkdf2-sha256.400"), format!("{imported} {ours} pbkdf2-sha256.600 pbkdf2-sha512.7"));
        assert_eq!(left("pbkdf2-sha512.7"), format!("{imported} {ours} pbkdf2-sha256.1000"));
    }

    #[test]
    fn a_house_has_so_many_kinds_of_work_and_no_more() {
        let names: Vec<String> = (1..=8).map(|passes| format!("argon2i.19.64.{passes}.1")).collect();
        let mut house = works(&names.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(house.add(HashWork::named("argon2i.19.64.8.1").unwrap()), "it is there");
        assert!(!house.add(HashWork::named("argon2i.19.64.9.1").unwrap()));
        assert!(!house.add(HashWork::named("pbkdf2-sha256.1").unwrap()));
        assert_eq!(house.names().count(), 9);
    }

    #[test]
    fn all_work_of_a_house_together_is_bounded() {
        let mut house = HouseWork::of(HashCost::default());
        let mut takes = |name: &str| house.add(HashWork::named(name).unwrap());
        assert!(takes("pbkdf2-sha256.600000") && takes("argon2id.19.65536.3.4"), "what others use");
        assert!(!takes("argon2id.19.262144.16.1") && !takes("pbkdf2-sha512.5000000"));
        assert!(takes("pbkdf2-sha256.1000000"), "in place of what it makes up for");
        let mut dear = HouseWork::of(HashCost { memory_kib: 262_144, passes: 16, lanes: 1 });
        assert!(
            !dear.add(HashWork::named("pbkdf2-sha256.600000").unwrap()),
            "its own cost is all there may be"
        );
    }

    #[test]
    fn an_output_of_two_blocks_is_twice_the_work() {
        let salt_and_hash = "c2FsdHNhbHRzYWx0c2FsdA$8nX7hwFEzIB8aPajJTYK8weHQc5Ngz0pFVAKvSu4jQDxdfuHAUTMgHxo9qMlNgrzB4dBzk2DPSkVUAq9K7iNAA";
        let work = |text: &str| PasswordHash::parse(text).unwrap().work().unwrap().name();
        assert_eq!(work(&format!("$pbkdf2-sha256$i=10${salt_and_hash}")), "pbkdf2-sha256.20");
        assert_eq!(work(&format!("$pbkdf2-sha512$i=10${salt_and_hash}")), "pbkdf2-sha512.10");
    }
}

//! Password hashes as PHC strings: argon2id for our own, argon2i/d/id and PBKDF2 taken over from elsewhere, the latter
//! also in the notations of Django and passlib.
//!
//! Every hash is computed in a [`Hasher`](HashCost::hasher) that owns its memory: a fixed pool holds a fixed
//! number of them, so that a launch day cannot ask for more memory than was planned.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU32;

use argon2::password_hash::phc::{self, Ident, Output, ParamsString, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::pbkdf2;
use data_encoding::BASE64_NOPAD;
use honnin_terms::Entropy;

use crate::work::{HashWork, HouseWork, OUTPUT, Sha, Spent};
use crate::{Secret, same_octets};

/// The most memory an imported hash may ask for: 256 MiB in blocks of 1 KiB.
pub(crate) const MOST_MEMORY_KIB: u32 = 256 * 1024;
pub(crate) const MOST_PASSES: u32 = 16;
pub(crate) const MOST_LANES: u32 = 16;
pub(crate) const MOST_ITERATIONS: u32 = 5_000_000;

/// A text that is not a password hash we can verify within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "read a password hash: expect a PHC string of argon2id, argon2i, argon2d, pbkdf2-sha256 or pbkdf2-sha512, \
         or PBKDF2 as Django or passlib write it, with at most 256 MiB, 16 passes, 16 lanes, 5,000,000 iterations"
)]
pub struct BadPhc;

/// What verifying a password found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordVerdict {
    /// The right password, hashed as strongly as we hash now.
    Right,
    /// The right password under an older or weaker hash: hash it anew.
    RightButOld,
    /// Not the password.
    Wrong,
}

/// How costly our own hashes are (OWASP Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane, or more).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for HashCost {
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 }
    }
}

impl HashCost {
    /// Memory for computing hashes one after another at this cost.
    pub fn hasher(self) -> Hasher {
        Hasher { cost: self, blocks: Vec::new(), spent: Spent::default() }
    }
}

/// A password hash as a PHC string. Secret enough to be stored sealed; its `Debug` has no content.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Box<str>);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

impl PasswordHash {
    /// Reads a PHC string, or PBKDF2 as Django or passlib write it, and checks that we could verify it within bounds.
    ///
    /// # Errors
    /// [`BadPhc`] for another scheme or parameters beyond our bounds.
    pub fn parse(text: &str) -> Result<Self, BadPhc> {
        let text = pbkdf2_of_others(text).map_or(Cow::Borrowed(text), Cow::Owned);
        Scheme::read(&phc::PasswordHash::new(&text).map_err(|_| BadPhc)?)?;
        Ok(Self(text.into()))
    }

    /// What computing it costs.
    ///
    /// # Errors
    /// [`BadPhc`], which [`Self::parse`] has ruled out.
    pub fn work(&self) -> Result<HashWork, BadPhc> {
        let hash = phc::PasswordHash::new(&self.0).map_err(|_| BadPhc)?;
        let octets = hash.hash.ok_or(BadPhc)?.as_bytes().len();
        Ok(Scheme::read(&hash)?.work(octets))
    }

    /// The PHC string, for sealing.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// PBKDF2 as Django (`pbkdf2_sha256$1000$salt$hash`: the salt as it stands, the hash in base64) or passlib
/// (`$pbkdf2-sha256$1000$salt$hash`: both in base64 with a point for the plus) write it, as a PHC string.
fn pbkdf2_of_others(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split('$').collect();
    let (algorithm, rounds, salt, hash) = match *parts.as_slice() {
        [name, rounds, salt, hash] => {
            let algorithm = match name {
                "pbkdf2_sha256" => "pbkdf2-sha256",
                "pbkdf2_sha512" => "pbkdf2-sha512",
                _ => return None,
            };
            (algorithm, rounds, BASE64_NOPAD.encode(salt.as_bytes()), hash.trim_end_matches('=').to_owned())
        }
        ["", name @ ("pbkdf2-sha256" | "pbkdf2-sha512"), rounds, salt, hash] => {
            (name, rounds, salt.replace('.', "+"), hash.replace('.', "+"))
        }
        _ => return None,
    };
    // A PHC string names its parameters.
    let rounds: u32 = rounds.parse().ok()?;
    Some(format!("${algorithm}$i={rounds}${salt}${hash}"))
}

pub(crate) enum Scheme {
    Argon2(Algorithm, Version, Params),
    Pbkdf2(Sha, NonZeroU32),
}

impl Scheme {
    fn read(hash: &phc::PasswordHash) -> Result<Self, BadPhc> {
        let number = |name: &str| hash.params.get_decimal(name);
        let output = hash.hash.ok_or(BadPhc)?;
        if hash.salt.is_none() || output.as_bytes().len() < 16 {
            return Err(BadPhc);
        }
        let name = hash.algorithm.as_str();
        if let Some(sha) = Sha::named(name) {
            let count = number("i").and_then(NonZeroU32::new).filter(|i| i.get() <= MOST_ITERATIONS);
            return Ok(Self::Pbkdf2(sha, count.ok_or(BadPhc)?));
        }
        let algorithm = Algorithm::new(name).map_err(|_| BadPhc)?;
        let version = hash.version.map_or(Ok(Version::V0x13), Version::try_from).map_err(|_| BadPhc)?;
        let (memory, passes, lanes) = (number("m"), number("t"), number("p"));
        let (Some(memory), Some(passes), Some(lanes)) = (memory, passes, lanes) else {
            return Err(BadPhc);
        };
        if memory > MOST_MEMORY_KIB || passes > MOST_PASSES || lanes > MOST_LANES {
            return Err(BadPhc);
        }
        let params = Params::new(memory, passes, lanes, Some(output.as_bytes().len())).map_err(|_| BadPhc)?;
        Ok(Self::Argon2(algorithm, version, params))
    }
}

impl Scheme {
    /// What it costs for an output of so many octets.
    fn work(&self, octets: usize) -> HashWork {
        match self {
            Self::Argon2(algorithm, version, params) => HashWork::argon2(*algorithm, *version, params),
            Self::Pbkdf2(sha, iterations) => HashWork::pbkdf2(*sha, sha.rounds(*iterations, octets)),
        }
    }
}

/// Computes password hashes in memory of its own.
pub struct Hasher {
    cost: HashCost,
    blocks: Vec<Block>,
    spent: Spent,
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").field("cost", &self.cost).finish_non_exhaustive()
    }
}

impl Hasher {
    /// Hashes a password at this hasher's cost with a fresh salt.
    ///
    /// # Errors
    /// [`BadPhc`] where the cost is outside what argon2 allows.
    pub fn hash(&mut self, password: &[u8], entropy: &dyn Entropy) -> Result<PasswordHash, BadPhc> {
        let mut salt = [0; 16];
        entropy.fill(&mut salt);
        let HashCost { memory_kib, passes, lanes } = self.cost;
        let params = Params::new(memory_kib, passes, lanes, Some(OUTPUT)).map_err(|_| BadPhc)?;
        let mut out = [0; OUTPUT];
        let scheme = Scheme::Argon2(Algorithm::Argon2id, Version::V0x13, params.clone());
        self.compute(&scheme, password, &salt, &mut out)?;
        let string = phc::PasswordHash {
            algorithm: Ident::new("argon2id").map_err(|_| BadPhc)?,
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params).map_err(|_| BadPhc)?,
            salt: Some(Salt::new(&salt).map_err(|_| BadPhc)?),
            hash: Some(Output::new(&out).map_err(|_| BadPhc)?),
        };
        Ok(PasswordHash(string.to_string().into()))
    }

    /// Verifies a password.
    ///
    /// # Errors
    /// [`BadPhc`] where the stored hash cannot be verified, which [`PasswordHash::parse`] has ruled out.
    pub fn verify(&mut self, hash: &PasswordHash, password: &[u8]) -> Result<PasswordVerdict, BadPhc> {
        let parsed = phc::PasswordHash::new(hash.expose()).map_err(|_| BadPhc)?;
        let (salt, expected) = (parsed.salt.ok_or(BadPhc)?, parsed.hash.ok_or(BadPhc)?);
        let mut computed = vec![0; expected.as_bytes().len()];
        let scheme = Scheme::read(&parsed)?;
        self.compute(&scheme, password, salt.as_ref(), &mut computed)?;
        self.give_back();
        let current = match scheme {
            Scheme::Argon2(algorithm, _, params) => {
                let HashCost { memory_kib, passes, lanes } = self.cost;
                algorithm == Algorithm::Argon2id
                    && params.m_cost() >= memory_kib
                    && params.t_cost() >= passes
                    && params.p_cost() >= lanes
            }
            Scheme::Pbkdf2(..) => false,
        };
        Ok(match (same_octets(&computed, expected.as_bytes()), current) {
            (false, _) => PasswordVerdict::Wrong,
            (true, true) => PasswordVerdict::Right,
            (true, false) => PasswordVerdict::RightButOld,
        })
    }

    /// Goes on after a wrong guess, until all the work of the house is done whatever hash it was compared with.
    ///
    /// # Errors
    /// [`BadPhc`] where a work cannot be computed, which its reading has ruled out.
    pub fn make_up(&mut self, done: HashWork, house: &HouseWork, password: &[u8]) -> Result<(), BadPhc> {
        for work in house.after(done) {
            let mut out = [0; OUTPUT];
            self.compute(&work.scheme()?, password, &[0; 16], &mut out)?;
            // What nobody looks at need not be computed: the compiler is told that somebody does.
            std::hint::black_box(&out);
        }
        self.give_back();
        Ok(())
    }

    /// Memory beyond what our own hashes take is not kept: one dear hash would have every thread hold as much for good.
    fn give_back(&mut self) {
        let own = usize::try_from(self.cost.memory_kib).unwrap_or(usize::MAX);
        self.blocks.truncate(own);
        self.blocks.shrink_to(own);
    }

    /// What was computed since it was last asked.
    pub fn take_spent(&mut self) -> Spent {
        std::mem::take(&mut self.spent)
    }

    fn compute(
        &mut self,
        scheme: &Scheme,
        password: &[u8],
        salt: &[u8],
        out: &mut [u8],
    ) -> Result<(), BadPhc> {
        match scheme {
            Scheme::Argon2(algorithm, version, params) => {
                self.argon2(*algorithm, *version, params, password, salt, out)?;
            }
            Scheme::Pbkdf2(sha, iterations) => {
                pbkdf2::derive(sha.pbkdf2(), *iterations, salt, password, out);
            }
        }
        self.spent.add(scheme.work(out.len()));
        Ok(())
    }

    fn argon2(
        &mut self,
        algorithm: Algorithm,
        version: Version,
        params: &Params,
        password: &[u8],
        salt: &[u8],
        out: &mut [u8],
    ) -> Result<(), BadPhc> {
        if self.blocks.len() < params.block_count() {
            self.blocks.resize(params.block_count(), Block::default());
        }
        Argon2::new(algorithm, version, params.clone())
            .hash_password_into_with_memory(password, salt, out, &mut self.blocks)
            .map_err(|_| BadPhc)
    }
}

/// Makes a key of a key file's octets.
pub(crate) fn stretch(content: &[u8], salt: &[u8; 16]) -> Option<Secret> {
    let params = Params::new(64 * 1024, 3, 1, Some(32)).ok()?;
    let mut out = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(content, salt, &mut out)
        .ok()?;
    Some(Secret::from_octets(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;
    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.iter_mut().zip(0u8..).for_each(|(b, n)| *b = n);
        }
    }

    const CHEAP: HashCost = HashCost { memory_kib: 64, passes: 1, lanes: 1 };

    #[test]
    fn a_password_verifies_against_its_own_hash_only() {
        let mut hasher = CHEAP.hasher();
        let hash = hasher.hash("正しい馬の電池".as_bytes(), &Counting).unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{}", hash.expose());
        assert_eq!(hasher.verify(&hash, "正しい馬の電池".as_bytes()), Ok(PasswordVerdict::Right));
        assert_eq!(hasher.verify(&hash, b"another"), Ok(PasswordVerdict::Wrong));
        assert_eq!(
            HashCost::default().hasher().verify(&hash, "正しい馬の電池".as_bytes()),
            Ok(PasswordVerdict::RightButOld)
        );
    }

    #[test]
    fn hashes_of_other_makers_verify_and_ask_to_be_renewed() {
        // Made with Python: hashlib.pbkdf2_hmac("sha256", b"password", b"saltsaltsaltsalt", 1000, 32).
        let pbkdf2 =
            "$pbkdf2-sha256$i=1000$c2FsdHNhbHRzYWx0c2FsdA$8nX7hwFEzIB8aPajJTYK8weHQc5Ngz0pFVAKvSu4jQA";
        let hash = PasswordHash::parse(pbkdf2).unwrap();
        let mut hasher = CHEAP.hasher();
        assert_eq!(hasher.verify(&hash, b"password"), Ok(PasswordVerdict::RightButOld));
        assert_eq!(hasher.verify(&hash, b"other"), Ok(PasswordVerdict::Wrong));
    }

    #[test]
    fn pbkdf2_as_django_and_passlib_write_it_is_read() {
        // Made with Python's hashlib.pbkdf2_hmac of that password and 1,000 rounds; the second salt begins FB EF BE FF.
        for text in [
            "pbkdf2_sha256$1000$tnIQx5cLpRJ2dQyG3nWf0v$KbnmKwWUDjaVpKXFOB172q6WnCfv/MH1wPfumpxVqTk=",
            "$pbkdf2-sha256$1000$..../wECAwQFBgcICQoLDA$IOqssRdJ88vNjHOxnZKdwVQ37WHOkljhOg1s4qM9Dxg",
            "$pbkdf2-sha512$1000$..../wECAwQFBgcICQoLDA$rPTmU29Mq4933A3Ha1rgSnsOvlhQUDwWRVmAqgGbiVwipdkQRoES.cnzZ8LW32/qgJrXZ7vK02sSkXnDPBbGfg",
        ] {
            let hash = PasswordHash::parse(text).unwrap();
            let mut hasher = CHEAP.hasher();
            assert_eq!(
                hasher.verify(&hash, b"umi no mieru ie de"),
                Ok(PasswordVerdict::RightButOld),
                "{text}"
            );
            assert_eq!(hasher.verify(&hash, b"umi no mieru ie"), Ok(PasswordVerdict::Wrong), "{text}");
            assert_eq!(PasswordHash::parse(hash.expose()).as_ref(), Ok(&hash), "it is kept as a PHC string");
        }
        for text in [
            "pbkdf2_sha256$5000001$salt$KbnmKwWUDjaVpKXFOB172q6WnCfv/MH1wPfumpxVqTk=",
            "pbkdf2_sha1$1000$salt$KbnmKwWUDjaVpKXFOB172q6WnCc=",
            "pbkdf2_sha256$1000$salt$",
            "bcrypt_sha256$$2b$12$x",
        ] {
            assert_eq!(PasswordHash::parse(text), Err(BadPhc), "{text}");
        }
    }

    #[test]
    fn a_hash_that_asks_for_too_much_is_refused() {
        for text in [
            "",
            "password",
            "$2b$12$abcdefghijklmnopqrstuuW2HFCvdBYbhYbZf3Eq4Mc4DGS4nGGqa",
            "$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHRzYWx0$SCeF5rmvmhN8KCEUwlk5FkunY1thWlFeLRBiFfe5Yvk",
            "$pbkdf2-sha256$i=4000000000$c2FsdHNhbHRzYWx0$SCeF5rmvmhN8KCEUwlk5FkunY1thWlFeLRBiFfe5Yvk",
            "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0",
        ] {
            assert_eq!(PasswordHash::parse(text), Err(BadPhc), "{text}");
        }
    }
}

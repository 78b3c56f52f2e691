//! Hashes and signatures alone, one after another on one thread: what sign-ins are compared with.
//!
//! `cargo bench -p honnin-seal --bench primitives` says how many argon2id hashes a second the default cost allows, in memory
//! that is kept, and how many signatures of a passkey (ES256, the test vector of the standard) are verified in a second.
//! `-- --seconds N` changes how long each is counted.
#![expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a benchmark stops at the first surprise")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use honnin_seal::{HashCost, PasskeyKey, digest};
use honnin_terms::Entropy;

/// Salts that need not be secret.
struct Counting;

impl Entropy for Counting {
    fn fill(&self, octets: &mut [u8]) {
        octets.fill(7);
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let seconds = arguments.iter().position(|argument| argument == "--seconds");
    let seconds = seconds.map_or(3, |place| arguments[place + 1].parse().expect("a number after the flag"));
    let time = Duration::from_secs(seconds);

    let mut hasher = HashCost::default().hasher();
    let hash =
        hasher.hash(b"a password of a made-up person", &Counting).expect("the default cost is allowed");
    println!(
        "argon2id: {:.1} a second",
        a_second(time, || {
            hasher.verify(&hash, b"a password of a made-up person").expect("a hash of our own");
        })
    );

    let vector = es256();
    let octets = |name: &str| HEXLOWER.decode(vector[name].as_bytes()).expect("hexadecimal digits");
    let key = octets("key");
    let key = PasskeyKey::kept(-7, &key).expect("an algorithm that is taken");
    let text = [octets("authenticator_data").as_slice(), &digest(&[&octets("client_data")])].concat();
    let signature = octets("signature");
    println!(
        "ES256 verified: {:.0} a second",
        a_second(time, || {
            key.verify(&text, &signature).expect("the signature of the standard");
        })
    );
}

/// How often it is done in a second, after a first time that warms up.
fn a_second(time: Duration, mut done: impl FnMut()) -> f64 {
    done();
    let begun = Instant::now();
    let mut times = 0_u32;
    while begun.elapsed() < time {
        done();
        times += 1;
    }
    f64::from(times) / begun.elapsed().as_secs_f64()
}

/// The standard's test vector of that algorithm, its values by name.
fn es256() -> BTreeMap<&'static str, &'static str> {
    let lines = include_str!("../src/vectors/webauthn.txt").lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once(' '));
    pairs
        .skip_while(|pair| *pair != ("algorithm", "-7"))
        .take_while(|(name, value)| *name != "algorithm" || *value == "-7")
        .collect()
}

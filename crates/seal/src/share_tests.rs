//! Any K of N bring the key file back, fewer do not, and a mistake is told where it is.

use honnin_testkit::SeededEntropy;
use proptest::prelude::*;
use proptest::sample::subsequence;

use super::*;
use crate::ShareError;

const KEY_FILE: &[u8] = b"hunG3Zp3m2yYc1lM0x4Qv8wJ5kR7tB9dF6sA2eHnUoI=";
const SALT: [u8; 16] = [7; 16];

fn dealt(parts: (u8, u8), seed: u64) -> Vec<KeyShare> {
    KeyShare::deal(KEY_FILE, &SALT, parts, &SeededEntropy::new(seed)).unwrap()
}

/// Those shares, counted from 0.
fn some(shares: &[KeyShare], which: &[usize]) -> Vec<KeyShare> {
    which.iter().map(|at| shares[*at].clone()).collect()
}

/// The text of a share with its line of that number changed.
fn changed(share: &KeyShare, number: usize, change: impl Fn(&str) -> String) -> String {
    let (text, begins) = (share.text(), format!("{number:02}  "));
    let line = |line: &str| if line.starts_with(&begins) { change(line) } else { line.to_owned() };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn any_three_of_five_bring_the_key_file_back_and_no_two_do() {
    let shares = dealt((3, 5), 1);
    for one in 0..5 {
        for two in one + 1..5 {
            let too_few = KeyShare::join(&some(&shares, &[two, one]));
            assert_eq!(too_few, Err(EscrowError::TooFew { needed: 3, have: 2 }));
            for three in two + 1..5 {
                let back = KeyShare::join(&some(&shares, &[three, one, two])).unwrap();
                assert_eq!(*back, KEY_FILE, "{one} {two} {three}");
            }
        }
    }
    assert_eq!(*KeyShare::join(&shares).unwrap(), KEY_FILE, "more than are needed do no harm");
    assert_eq!(KeyShare::join(&[]), Err(EscrowError::TooFew { needed: 2, have: 0 }));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn so_many_bring_back_what_was_dealt_and_one_fewer_is_something_else(
        key_file in proptest::collection::vec(any::<u8>(), 1..200),
        (needed, which) in (2_usize..9).prop_flat_map(|needed| {
            (Just(needed), subsequence((0..12).collect::<Vec<usize>>(), needed).prop_shuffle())
        }),
        seed in any::<u64>(),
    ) {
        let few = u8::try_from(needed).unwrap();
        let shares = KeyShare::deal(&key_file, &SALT, (few, 12), &SeededEntropy::new(seed)).unwrap();
        // Read back from paper, so that the whole way is gone.
        let typed = some(&shares, &which).iter().map(|share| KeyShare::parse(&share.text())).collect::<Result<Vec<_>, _>>();
        let typed = typed.unwrap();
        let back = KeyShare::join(&typed).unwrap();
        prop_assert_eq!(&back[..], &key_file[..]);
        // Somebody who has one fewer, and says that they are enough.
        let plain = padded(&key_file, &SALT).unwrap();
        let fewer = &typed[..needed - 1];
        prop_assert_ne!(&*KeyShare::recovered(fewer, few - 1).unwrap(), &*plain);
        prop_assert!(KeyShare::recovered(fewer, few).is_err());
        prop_assert!(fewer.iter().all(|share| *share.value != *plain));
    }
}

/// The values that one octet of a share can have for one secret are all there are: none tells what the octet is not. (A
/// dealer that never draws zero never gives the octet itself: RUSTSEC-2024-0398.)
#[test]
fn a_share_rules_out_no_value_of_the_secret() {
    let (secret, mut drawn) = ([0; 64], Drawn(&SeededEntropy::new(3)));
    let mut seen = [0_u32; 256];
    for _ in 0..256 {
        let share = Sharks(2).dealer_rng(&secret, &mut drawn).next().unwrap();
        Vec::<u8>::from(&share)[1..].iter().for_each(|octet| seen[usize::from(*octet)] += 1);
    }
    // 16,384 draws, 64 of each value on average.
    assert!(seen.iter().all(|times| (20..140).contains(times)), "{seen:?}");
}

#[test]
fn a_share_tells_the_length_of_a_key_file_in_steps_only() {
    let long = |octets: usize| padded(&vec![1; octets], &SALT).unwrap().len();
    assert_eq!((long(32), long(46), long(47), long(LONGEST_ESCROWED)), (64, 64, 128, 1_088));
    let entropy = SeededEntropy::new(1);
    let too_long = KeyShare::deal(&[1; LONGEST_ESCROWED + 1], &SALT, (2, 3), &entropy);
    assert_eq!(too_long.unwrap_err(), EscrowError::TooLong);
    for parts in [(0, 3), (1, 3), (4, 3)] {
        let refused = KeyShare::deal(KEY_FILE, &SALT, parts, &entropy);
        assert_eq!(refused.unwrap_err(), EscrowError::Parts, "{parts:?}");
    }
}

#[test]
fn shares_of_two_sets_or_twice_the_same_are_told_apart() {
    let (ours, others) = (dealt((2, 3), 1), dealt((2, 3), 2));
    let mixed = [ours[0].clone(), ours[1].clone(), others[2].clone()];
    assert_eq!(KeyShare::join(&mixed), Err(EscrowError::Mixed(2)), "of the same key, dealt another time");
    assert_eq!(KeyShare::join(&some(&ours, &[1, 1])), Err(EscrowError::Twice(2)));
}

/// The fingerprint stands in a share. It is of a key made with a salt, and whoever has that too can try passphrases by it.
#[test]
fn one_share_is_nothing_to_try_a_passphrase_by() {
    for share in dealt((2, 3), 1) {
        let octets = share.octets();
        assert!(!octets.windows(4).any(|some| some == &SALT[..4]), "share {}", share.number());
        assert!(octets.windows(10).any(|some| some == share.key().octets()));
    }
}

#[test]
fn a_share_that_somebody_altered_brings_nothing_back() {
    let shares = dealt((2, 3), 1);
    for at in [0, 1, 30, 63] {
        let mut altered = shares[1].clone();
        altered.value[at] ^= 1;
        // Written anew with its checks, as who means it would.
        let altered = KeyShare::parse(&altered.text()).unwrap();
        let back = KeyShare::join(&[shares[0].clone(), altered]);
        assert_eq!(back, Err(EscrowError::AnotherKey), "{at}");
    }
}

#[test]
fn a_typing_mistake_is_told_by_its_line() {
    let share = &dealt((2, 3), 1)[0];
    let lines = share.text().lines().count() - 2;
    assert_eq!(lines, 5);
    for number in 1..=lines {
        let line = changed(share, number, str::to_owned);
        let line = line.lines().nth(number).unwrap();
        let signs = line.char_indices().skip(3).filter(|(_, sign)| sign.is_ascii_alphanumeric());
        for (at, sign) in signs {
            let other = if sign == '7' { '8' } else { '7' };
            let typed = changed(share, number, |line| format!("{}{other}{}", &line[..at], &line[at + 1..]));
            assert_eq!(KeyShare::parse(&typed).unwrap_err(), ShareError::Line(number), "{at}");
        }
        let cut = changed(share, number, |line| line[..line.len() - 1].to_owned());
        assert_eq!(KeyShare::parse(&cut).unwrap_err(), ShareError::Line(number));
        let gone = if number == lines { ShareError::NotWhole } else { ShareError::Missing(number) };
        assert_eq!(KeyShare::parse(&changed(share, number, |_| String::new())).unwrap_err(), gone);
    }
    let text = share.text();
    let (head, _) = text.rsplit_once("-----END").unwrap();
    assert_eq!(KeyShare::parse(head).unwrap_err(), ShareError::NotWhole);
    assert_eq!(KeyShare::parse("nothing of the kind\n").unwrap_err(), ShareError::None);
    // Two lines of another share of the set, each right by itself.
    let other = dealt((2, 3), 1)[1].text().lines().nth(4).unwrap().to_owned();
    assert_eq!(KeyShare::parse(&changed(share, 4, |_| other.clone())).unwrap_err(), ShareError::NotWhole);
}

#[test]
fn a_share_is_typed_as_people_type() {
    let share = &dealt((2, 3), 1)[2];
    let typed = share.text().to_lowercase().replace('0', "o").replace("  ", " - ");
    // The numbers of lines are digits.
    let typed: Vec<String> =
        typed.lines().map(|line| line.replacen('o', "0", usize::from(line.starts_with('o')))).collect();
    let typed = format!("Some words.\r\n{}\r\nMore.", typed.join("\r\n"))
        .replace("begin honnin key share", "BEGIN HONNIN KEY SHARE")
        .replace("end honnin key share", "END HONNIN KEY SHARE");
    let back = KeyShare::parse(&typed).unwrap();
    assert_eq!((back.number(), back.of(), back.needed(), back.key()), (3, 3, 2, share.key()));
    assert_eq!(*back.value, *share.value);
    assert!(!format!("{back:?}").contains(&format!("{:?}", share.value)));
}

#[test]
fn a_fingerprint_is_of_one_key_made_of_one_file_and_one_salt() {
    let of = |key_file: &[u8], salt: u8| fingerprint(key_file, &[salt; 16]).unwrap();
    let one = of(KEY_FILE, 1);
    assert_eq!(one, of(KEY_FILE, 1));
    assert_ne!(one, of(KEY_FILE, 2));
    assert_ne!(one, of(&KEY_FILE[1..], 1));
    assert_eq!(one.to_string().len(), 19, "{one}");
    assert_eq!(KeyFingerprint::from_octets(*one.octets()), one);
}

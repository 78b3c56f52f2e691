//! What a whole sign-in by passkey costs, for `cargo xtask bench` to hold against one by password.

use super::house::House;
use super::passkeys::body;

const JSON_TYPE: &str = "Content-Type: application/json\r\n";

/// Sign-ins that are measured.
const TIMES: usize = 1_000;

/// Challenge and answer through the real routes, each over a connection of its own; what the client does for it is counted as
/// well, all but the signature, so that it costs less than is said here.
#[tokio::test]
#[ignore = "measures: cargo xtask bench --only sign-ins runs it"]
async fn a_whole_sign_in_by_passkey_is_measured() {
    let house = House::open().await;
    let mut passkey = house.add_passkey(&house.hana, 1).await;
    let hashes = house.hashes();
    let begun = processor_micros();
    let mut challenges = Vec::new();
    for _ in 0..TIMES {
        // A passkey answers no challenge that is not newer than the last one it answered.
        house.clock.advance_millis(1);
        challenges.push(house.passkey_challenge("").await);
    }
    let given = processor_micros() - begun;
    let shown: Vec<String> =
        challenges.iter().map(|challenge| body(&passkey.show(challenge)).to_string()).collect();
    let begun = processor_micros();
    for sent in &shown {
        let done = house.ask("POST", "/api/v1/sessions/passkey", JSON_TYPE, sent).await;
        assert_eq!(done.status, 201, "{}", done.text());
    }
    let each = (given + processor_micros() - begun) / u64::try_from(TIMES).unwrap();
    assert_eq!(house.hashes(), hashes, "nothing was hashed");
    assert!(each > 0, "time passes");
    println!("passkey sign-in: {each} µs of processor time");
}

/// Processor time of this process so far: fields 14 and 15 of proc(5), in hundredths of a second.
fn processor_micros() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let behind_name = stat.rsplit_once(')').unwrap().1;
    let ticks = behind_name.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().unwrap());
    ticks.sum::<u64>() * 10_000
}

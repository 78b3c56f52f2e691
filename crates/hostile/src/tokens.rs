//! Tokens, ids, hashes and the small words of addresses: what a cookie, a path or a command line may hold.

use honnin_seal::{HashCost, PasswordHash, PasswordVerdict, SessionToken};
use honnin_terms::{Day, HoldingId, Moment, Month, Msisdn, Zone};

use crate::{Failure, Target, hold};

/// Every reader of one short text. What is read is written the same again.
#[derive(Debug)]
pub struct Tokens {
    zone: Zone,
}

/// The most an imported hash may cost here: what the rules of the seal allow is looked at, not waited for.
const CHEAP: usize = 160;

impl Target for Tokens {
    const NAME: &'static str = "tokens";

    fn open() -> Result<Self, Failure> {
        Ok(Self { zone: Zone::named("Asia/Tokyo")? })
    }

    fn play(&mut self, octets: &[u8]) -> Result<(), String> {
        if let Some(token) = SessionToken::parse(octets) {
            hold(token.reveal().as_bytes() == octets, || "two cookies are one token".to_owned())?;
            hold(!format!("{token:?}").contains(&token.reveal()), || "a token prints itself".to_owned())?;
        }
        let Ok(text) = std::str::from_utf8(octets) else { return Ok(()) };
        same(text, text.parse::<HoldingId>().ok().map(|id| id.to_string()), "id")?;
        same(text, text.parse::<Month>().ok().map(|month| month.to_string()), "month")?;
        same(text, text.parse::<Day>().ok().map(|day| day.to_string()), "day")?;
        if let Ok(moment) = text.parse::<Moment>() {
            let again = self.zone.rfc3339(moment).parse::<Moment>();
            hold(again == Ok(moment), || format!("{moment} is written as another moment"))?;
        }
        if let Ok(number) = Msisdn::parse(text, "81") {
            let digits = number.digits();
            let right = digits.len() <= 15 && digits.bytes().all(|octet| octet.is_ascii_digit());
            hold(right, || "a number is no number".to_owned())?;
        }
        if let Ok(hash) = PasswordHash::parse(text) {
            hold(hash.expose() == text, || "a password hash is kept as another".to_owned())?;
            if text.len() <= CHEAP && is_cheap(text) {
                let cost = HashCost { memory_kib: 8, passes: 1, lanes: 1 };
                let verdict = cost.hasher().verify(&hash, b"nobody has this password");
                let is_wrong = matches!(verdict, Ok(PasswordVerdict::Wrong) | Err(_));
                hold(is_wrong, || "any password is right".to_owned())?;
            }
        }
        Ok(())
    }
}

/// Whether checking against that hash takes no time to speak of.
fn is_cheap(text: &str) -> bool {
    ["$m=8,t=1,p=1$", "$i=1000$"].iter().any(|cheap| text.contains(cheap))
}

fn same(text: &str, again: Option<String>, what: &str) -> Result<(), String> {
    hold(again.is_none_or(|again| again == text), || format!("two texts are one {what}"))
}

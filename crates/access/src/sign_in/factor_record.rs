//! What is kept of a second factor: an app's secret, and the codes for when the app is lost.
//!
//! It stands in the sealed record of the password: whoever can only write the store takes neither away and leaves the
//! other. What was used and what was guessed stands there too, so that all nodes count as one.

use honnin_seal::{Digest, TOTP_OCTETS, TOTP_SECONDS, TotpSecret, same_octets};
use honnin_terms::{Entropy, Moment};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

use super::ProvenBy;
use super::code_record::{CodeText, is_whole, recovery_hash};
use super::factor::FactorState;

/// Recovery codes that are made at once.
const RECOVERY: usize = 8;

/// Steps a clock of an app may be ahead or behind.
const APART: u64 = 1;

const DAY: i64 = 86_400;

/// Codes of an app that were wrong on one day (UTC). A node whose clock is behind counts on.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Wrong {
    day: i64,
    count: u32,
}

impl Wrong {
    fn on(self, day: i64) -> u32 {
        if day <= self.day { self.count } else { 0 }
    }

    fn one_more(&mut self, day: i64) {
        *self = Self { day: self.day.max(day), count: self.on(day).saturating_add(1) };
    }
}

/// A second factor as it is kept, sealed with the password.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct FactorRecord {
    secret: [u8; TOTP_OCTETS],
    since: Moment,
    /// The step of the last code that was taken: it is taken once, and none before it.
    taken: u64,
    /// Recovery codes that were not used.
    recovery: Vec<Digest>,
    /// Of devices that are not known, and of those that are: no stranger uses up what is hers.
    strangers: Wrong,
    known: Wrong,
}

impl Drop for FactorRecord {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

/// A code as it was typed: of the app, or one of those for when it is lost.
pub(crate) enum TypedFactor {
    App(u32),
    Recovery(Digest),
}

impl TypedFactor {
    /// Spaces, hyphens and the width of digits do not matter. `None` for what can be neither.
    pub(crate) fn parse(typed: &str) -> Option<Self> {
        let plain: String = typed
            .chars()
            .take(64)
            .map(|letter| match u32::from(letter) {
                code @ 0xff10..=0xff19 => char::from_u32(code - 0xfee0).unwrap_or(letter),
                _ => letter,
            })
            .filter(char::is_ascii_alphanumeric)
            .collect();
        if plain.len() == 6 && plain.bytes().all(|octet| octet.is_ascii_digit()) {
            return plain.parse().ok().map(Self::App);
        }
        is_whole(&plain).then(|| Self::Recovery(recovery_hash(&plain)))
    }

    /// What a right one proves.
    pub(crate) const fn proves(&self) -> ProvenBy {
        match self {
            Self::App(_) => ProvenBy::AppCode,
            Self::Recovery(_) => ProvenBy::RecoveryCode,
        }
    }
}

/// What became of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judged {
    /// It is the app's, of that step.
    App(u64),
    /// It is the recovery code in that place.
    Recovery(usize),
    /// It is none, and counts.
    Wrong,
    /// It is none; it is too long to be guessed, and counts nowhere.
    Unlike,
    /// As many were wrong today as may be; none of the app is looked at for so many seconds.
    UsedUp(i64),
}

impl Judged {
    pub(crate) const fn is_right(self) -> bool {
        matches!(self, Self::App(_) | Self::Recovery(_))
    }
}

/// The step of a moment.
fn step_of(now: Moment) -> u64 {
    let seconds = now.seconds_since(Moment::EPOCH);
    u64::try_from(seconds.div_euclid(TOTP_SECONDS)).unwrap_or(0)
}

fn day_of(now: Moment) -> i64 {
    now.seconds_since(Moment::EPOCH).div_euclid(DAY)
}

/// The step that code is of, among those a clock may show at that moment and after the one that was taken.
fn step_with(secret: &TotpSecret, code: u32, now: Moment, taken: u64) -> Option<u64> {
    let present = step_of(now);
    let steps = present.saturating_sub(APART)..=present.saturating_add(APART);
    // All of them are compared, whichever is right.
    steps.fold(None, |found, step| {
        let same = same_octets(&secret.code(step).to_be_bytes(), &code.to_be_bytes());
        if same && step > taken { Some(step) } else { found }
    })
}

impl FactorRecord {
    /// Of an app that has shown its first code; with the recovery codes, of which there is no other copy.
    pub(crate) fn new(
        secret: &TotpSecret,
        code: u32,
        now: Moment,
        entropy: &dyn Entropy,
    ) -> Option<(Self, Vec<CodeText>)> {
        let taken = step_with(secret, code, now, 0)?;
        let (recovery, strangers, known) = (Vec::new(), Wrong::default(), Wrong::default());
        let mut record = Self { secret: *secret.expose(), since: now, taken, recovery, strangers, known };
        let codes = record.renew(entropy);
        Some((record, codes))
    }

    /// New recovery codes; the ones before are void.
    pub(crate) fn renew(&mut self, entropy: &dyn Entropy) -> Vec<CodeText> {
        let codes: Vec<CodeText> = (0..RECOVERY).map(|_| CodeText::random(entropy)).collect();
        self.recovery = codes.iter().map(|code| recovery_hash(code.reveal())).collect();
        codes
    }

    /// Whether it is of that secret.
    pub(crate) fn is_of(&self, secret: &TotpSecret) -> bool {
        same_octets(&self.secret, secret.expose())
    }

    /// What its person is told of it.
    pub(crate) fn state(&self) -> FactorState {
        let recovery_left = u64::try_from(self.recovery.len()).unwrap_or(u64::MAX);
        FactorState { since: self.since, recovery_left }
    }

    /// The same under another password: who guessed at it has to guess that first.
    pub(crate) fn under_another_password(mut self) -> Self {
        (self.strangers, self.known) = (Wrong::default(), Wrong::default());
        self
    }

    /// What that code is, where a device that is known or not has typed it.
    pub(crate) fn judge(&self, typed: &TypedFactor, is_known: bool, now: Moment, most: u32) -> Judged {
        match typed {
            TypedFactor::Recovery(hash) => {
                let place = self.recovery.iter().position(|kept| same_octets(kept, hash));
                place.map_or(Judged::Unlike, Judged::Recovery)
            }
            TypedFactor::App(code) => {
                let (wrong, day) = (if is_known { self.known } else { self.strangers }, day_of(now));
                if wrong.on(day) >= most {
                    let passed = now.seconds_since(Moment::EPOCH).rem_euclid(DAY);
                    return Judged::UsedUp(DAY - passed);
                }
                let secret = TotpSecret::from_octets(self.secret);
                step_with(&secret, *code, now, self.taken).map_or(Judged::Wrong, Judged::App)
            }
        }
    }

    /// Writes down what became of one.
    pub(crate) fn note(&mut self, judged: Judged, is_known: bool, now: Moment) {
        match judged {
            Judged::App(step) => self.taken = step,
            Judged::Recovery(place) => {
                if place < self.recovery.len() {
                    self.recovery.remove(place);
                }
            }
            Judged::Wrong => {
                let wrong = if is_known { &mut self.known } else { &mut self.strangers };
                wrong.one_more(day_of(now));
            }
            Judged::Unlike | Judged::UsedUp(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use honnin_testkit::SeededEntropy;

    use super::*;

    fn now() -> Moment {
        "2026-11-20T06:00:00+09:00".parse().unwrap()
    }

    fn factor() -> (TotpSecret, FactorRecord, Vec<CodeText>) {
        let secret = TotpSecret::random(&SeededEntropy::new(1));
        let code = secret.code(step_of(now()));
        let (record, codes) = FactorRecord::new(&secret, code, now(), &SeededEntropy::new(2)).unwrap();
        (secret, record, codes)
    }

    fn app(text: &str) -> TypedFactor {
        TypedFactor::parse(text).unwrap()
    }

    #[test]
    fn a_code_of_the_app_counts_once_and_none_before_it() {
        let (secret, mut record, _) = factor();
        let typed = |step: u64| TypedFactor::App(secret.code(step));
        let present = step_of(now());
        assert_eq!(
            record.judge(&typed(present), false, now(), 20),
            Judged::Wrong,
            "it was shown to set it up"
        );
        let next = now().plus_seconds(TOTP_SECONDS);
        assert_eq!(record.judge(&typed(present + 2), false, next, 20), Judged::App(present + 2), "ahead");
        let right = record.judge(&typed(present + 1), false, next, 20);
        assert_eq!(right, Judged::App(present + 1));
        record.note(right, false, next);
        assert_eq!(record.judge(&typed(present + 1), false, next, 20), Judged::Wrong, "once");
        let late = next.plus_seconds(2 * TOTP_SECONDS);
        assert_eq!(record.judge(&typed(present + 1), false, late, 20), Judged::Wrong, "too old");
    }

    #[test]
    fn guesses_of_a_day_are_bounded_and_hers_are_counted_apart() {
        let (secret, mut record, codes) = factor();
        let wrong = TypedFactor::App((secret.code(step_of(now()) + 1) + 1) % CODES_OF_TEST);
        for _ in 0..20 {
            let judged = record.judge(&wrong, false, now(), 20);
            assert_eq!(judged, Judged::Wrong);
            record.note(judged, false, now());
        }
        let later = now().plus_seconds(TOTP_SECONDS);
        let right = TypedFactor::App(secret.code(step_of(later)));
        assert_eq!(record.judge(&right, false, later, 20), Judged::UsedUp(3 * 3_600 - TOTP_SECONDS));
        assert!(record.judge(&right, true, later, 20).is_right(), "a device of hers");
        let spare = app(codes[3].reveal());
        assert_eq!(record.judge(&spare, false, later, 20), Judged::Recovery(3), "a recovery code");
        for typed in [&wrong, &right] {
            let yesterday = record.judge(typed, false, later.plus_seconds(-DAY), 20);
            assert!(matches!(yesterday, Judged::UsedUp(_)), "by a clock that is behind: {yesterday:?}");
        }
        let tomorrow = later.plus_seconds(DAY);
        assert!(
            record.judge(&TypedFactor::App(secret.code(step_of(tomorrow))), false, tomorrow, 20).is_right()
        );
        let record = record.under_another_password();
        assert!(record.judge(&right, false, later, 20).is_right(), "the password is another");
    }

    const CODES_OF_TEST: u32 = 1_000_000;

    #[test]
    fn a_recovery_code_is_used_once_and_typed_any_way() {
        let (_, mut record, codes) = factor();
        assert_eq!((codes.len(), record.state().recovery_left), (RECOVERY, 8));
        let sloppy = codes[0].reveal().to_lowercase().replace('-', " ");
        let used = record.judge(&app(&sloppy), false, now(), 20);
        assert_eq!(used, Judged::Recovery(0));
        record.note(used, false, now());
        assert_eq!(record.judge(&app(&sloppy), false, now(), 20), Judged::Unlike);
        assert_eq!(record.state().recovery_left, 7);
        record.renew(&SeededEntropy::new(9));
        assert_eq!(record.judge(&app(codes[1].reveal()), false, now(), 20), Judged::Unlike, "void");
    }

    #[test]
    fn digits_of_every_keyboard_are_read_and_nothing_else() {
        assert!(matches!(TypedFactor::parse(" 012 345 "), Some(TypedFactor::App(12_345))));
        assert!(matches!(TypedFactor::parse("０１２３４５"), Some(TypedFactor::App(12_345))));
        for none in ["", "12345", "1234567", "abcdef", "0123-4567-89AB"] {
            assert!(TypedFactor::parse(none).is_none(), "{none}");
        }
    }
}

//! What a new password must be, and the one form passwords are hashed in.

use std::fmt;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// What a new password must be (NIST SP 800-63B-4: length, a judgement of how soon it is guessed, no rules of
/// composition).
#[derive(Debug, Clone)]
pub struct PasswordRules {
    /// Fewest characters. Default 15, the least where a password is the only factor.
    pub fewest: usize,
    /// Most characters. Default 256.
    pub most: usize,
    /// Words a guesser of this operator's passwords would try, such as its name.
    pub context: Vec<String>,
    /// Passwords that are known to have leaked.
    pub leaked: Option<Arc<LeakList>>,
}

impl Default for PasswordRules {
    fn default() -> Self {
        Self { fewest: 15, most: 256, context: Vec::new(), leaked: None }
    }
}

/// Why a new password is refused; told to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefused {
    /// Too short.
    #[error("choose a longer password")]
    TooShort,
    /// Too long.
    #[error("choose a shorter password")]
    TooLong,
    /// It would be guessed soon.
    #[error("choose a password that is harder to guess")]
    Guessable,
    /// It is in the list of leaked passwords.
    #[error("choose another password: this one has leaked from some other service")]
    Leaked,
}

/// Guesses a password must withstand, as a power of ten: [`DelayBounds::most_a_day`](crate::DelayBounds::most_a_day)
/// for a hundred years is less than that.
const POWER: f64 = 10.0;

/// What was published with this program, and its name.
const OURS: [&str; 3] = ["honnin", "本人", "honnin-demo-only"];

/// Characters of a password that are judged; beyond them it is long enough, and judging costs their square.
const JUDGED: usize = 64;

impl PasswordRules {
    /// Whether a new password may be taken, for that sign-in name.
    ///
    /// # Errors
    /// [`PasswordRefused`] with the reason.
    pub fn check(&self, login: &str, password: &str) -> Result<(), PasswordRefused> {
        let password = Typed::new(password);
        let length = password.normal().chars().count();
        if length < self.fewest {
            return Err(PasswordRefused::TooShort);
        }
        if length > self.most {
            return Err(PasswordRefused::TooLong);
        }
        let judged: Zeroizing<String> = Zeroizing::new(password.normal().chars().take(JUDGED).collect());
        let mut context: Vec<&str> = OURS.to_vec();
        context.extend(self.context.iter().map(String::as_str).chain([login]));
        let context: Vec<&str> = context.into_iter().filter(|word| word.chars().count() >= 3).collect();
        if zxcvbn::zxcvbn(&judged, &context).guesses_log10() < POWER || is_told(&judged, &context) {
            return Err(PasswordRefused::Guessable);
        }
        if self.leaked.as_deref().is_some_and(|list| list.has(password.normal())) {
            return Err(PasswordRefused::Leaked);
        }
        Ok(())
    }
}

/// Whether it is little more than words of its context, or one thing repeated: fewer than eight other characters.
fn is_told(password: &str, context: &[&str]) -> bool {
    let lower = password.to_lowercase();
    let rest = context.iter().fold(lower.clone(), |rest, word| rest.replace(&word.to_lowercase(), ""));
    let kinds: std::collections::BTreeSet<char> = lower.chars().collect();
    rest.chars().count() < 8 || kinds.len() < 5
}

/// A password as typed, and in the form it is hashed in.
///
/// Two keyboards write one text in different octets. RFC 8265 §4.2 (`OpaqueString`): every space is the one of ASCII,
/// and the text is in normalisation form C. What was typed is kept beside it where it differs, for hashes that were
/// made elsewhere of other forms.
pub(crate) struct Typed {
    normal: Zeroizing<String>,
    raw: Option<Zeroizing<String>>,
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Typed(..)")
    }
}

impl Typed {
    pub(crate) fn new(text: &str) -> Self {
        let spaced = |letter: char| if is_space(letter) { ' ' } else { letter };
        let normal: Zeroizing<String> = Zeroizing::new(text.chars().map(spaced).nfc().collect());
        let raw = (normal.as_str() != text).then(|| Zeroizing::new(text.to_owned()));
        Self { normal, raw }
    }

    pub(crate) fn normal(&self) -> &str {
        &self.normal
    }

    /// What was typed, where that is another text.
    pub(crate) fn raw(&self) -> Option<&str> {
        self.raw.as_deref().map(String::as_str)
    }
}

/// The spaces of Unicode (general category Zs).
const fn is_space(letter: char) -> bool {
    matches!(
        letter,
        ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

/// A sorted file of SHA-1 hashes of leaked passwords.
///
/// One a line in upper-case hexadecimal, each with or without a count after a colon: what downloaders of public lists
/// write. It is searched where it lies; nothing leaves the machine.
#[derive(Debug)]
pub struct LeakList {
    file: File,
    octets: u64,
}

/// Longest line that is read: 40 digits, a colon, a count, an end.
const LINE: usize = 64;

impl LeakList {
    /// Opens the list and looks whether it is one.
    ///
    /// # Errors
    /// The system's reason; [`std::io::ErrorKind::InvalidData`] where its first line is no hash.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        let file = File::open(path)?;
        let octets = file.metadata()?.len();
        let list = Self { file, octets };
        match list.line_from(0) {
            Some((hash, _)) if hash.len() == 40 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => Ok(list),
            Some(_) | None => Err(std::io::Error::new(
                std::io::ErrorKind::InvalidData,
                "expect lines of 40 hexadecimal digits (SHA-1), sorted, each with or without :COUNT",
            )),
        }
    }

    /// The hash of the first line that begins at or after that octet, and where the line after it begins.
    fn line_from(&self, at: u64) -> Option<(String, u64)> {
        let mut buffer = [0; 2 * LINE];
        let from = at.saturating_sub(1);
        let read = self.file.read_at(&mut buffer, from).ok()?;
        let mut text = buffer.get(..read)?;
        let mut begin = from;
        if at > 0 {
            let end = text.iter().position(|octet| *octet == b'\n')? + 1;
            text = text.get(end..)?;
            begin += u64::try_from(end).ok()?;
        }
        let end = text.iter().position(|octet| *octet == b'\n').unwrap_or(text.len());
        let line = std::str::from_utf8(text.get(..end)?).ok()?;
        let hash = line.split(':').next().unwrap_or_default().trim();
        let next = begin + u64::try_from(end).ok()? + 1;
        (!hash.is_empty()).then(|| (hash.to_ascii_uppercase(), next))
    }

    /// Whether that password is in it. What cannot be read is not in it.
    pub fn has(&self, password: &str) -> bool {
        let wanted = honnin_seal::sha1_hex(password.as_bytes());
        let (mut low, mut high) = (0, self.octets);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.line_from(middle) {
                Some((hash, _)) if hash == wanted => return true,
                Some((hash, next)) if hash < wanted => low = next,
                Some(_) | None => high = middle,
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_judged_by_length_and_guessing_only() {
        let context = vec!["海鳴モバイル".to_owned(), "uminari".to_owned()];
        let rules = PasswordRules { context, ..PasswordRules::default() };
        assert_eq!(rules.check("mio123", "short"), Err(PasswordRefused::TooShort));
        assert_eq!(rules.check("mio123", &"長".repeat(257)), Err(PasswordRefused::TooLong));
        for guessable in [
            "aaaaaaaaaaaaaaaa",
            "aaaaaaaaaaaaaaab",
            "abcabcabcabcabcabc",
            "passwordpassword",
            "mio55598548mio55598548",
            "mio55598548-2026",
            "1234567890123456",
            "1q2w3e4r5t6y7u8i",
            "qwertyuiopasdfgh",
            "honnin-demo-only",
            "Honnin-Demo-Only1",
            "海鳴モバイル海鳴モバイル海鳴モバ",
            "uminari-uminari-1",
            "ああああああああああああああああ",
        ] {
            assert_eq!(rules.check("mio55598548", guessable), Err(PasswordRefused::Guessable), "{guessable}");
        }
        for fine in [
            "正しい馬と電池とホチキスの針束",
            "correct horse battery",
            "umi no mieru ie",
            "kaze no tooru michi wo",
        ] {
            assert_eq!(rules.check("mio55598548", fine), Ok(()), "{fine}");
        }
    }

    #[test]
    fn the_same_text_of_another_keyboard_is_the_same_password() {
        let composed = Typed::new("ガラスの靴と café");
        let decomposed = Typed::new("ガラスの靴と\u{3000}cafe\u{301}");
        assert_eq!(composed.normal(), decomposed.normal());
        assert_eq!((composed.raw(), decomposed.raw()), (None, Some("ガラスの靴と\u{3000}cafe\u{301}")));
        assert_ne!(Typed::new("Ａ").normal(), Typed::new("A").normal(), "widths stay apart: RFC 8265");
    }

    #[test]
    fn what_has_leaked_is_found_wherever_it_stands_in_the_list() {
        let dir = honnin_testkit::TestDir::new();
        let password = |n: u32| format!("leaked password no. {n}");
        for ending in ["\n", "\r\n"] {
            let mut lines: Vec<String> = (0..300)
                .map(|n| format!("{}:{}", honnin_seal::sha1_hex(password(n).as_bytes()), n * n))
                .collect();
            lines.sort();
            let path = dir.join("leaked");
            std::fs::write(&path, lines.join(ending) + ending).unwrap();
            let list = LeakList::open(&path).unwrap();
            assert!((0..300).all(|n| list.has(&password(n))));
            assert!((300..600).all(|n| !list.has(&password(n))));
            let rules = PasswordRules { leaked: Some(Arc::new(list)), ..PasswordRules::default() };
            assert_eq!(rules.check("mio", "leaked password no. 7"), Err(PasswordRefused::Leaked));
        }
        std::fs::write(dir.join("none"), "password\n").unwrap();
        assert!(LeakList::open(&dir.join("none")).is_err());
    }
}

//! The service's word: a small signed file that says at which moment it was alive, how it stood, and how far the record had
//! come. Whoever reads the record elsewhere tells by it that the service is silent, and that the record was cut.

use data_encoding::BASE64;
use honnin_journal::{SeenHead, Unlike, sign_text, signed_text};
use honnin_seal::{BadSignature, SigningKey, VerifyingKey};
use honnin_terms::Moment;

/// A word that is older than that many seconds is said to be late.
pub const LATE_SECONDS: i64 = 60;

/// What the service last said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// When.
    pub at: Moment,
    /// How it stood: a word of [`honnin_terms::Mode`].
    pub mode: String,
    /// How far the record had come.
    pub head: SeenHead,
    /// The operator's name.
    pub operator: String,
    /// The zone its hours are told in.
    pub zone: String,
    /// Where the service is.
    pub url: String,
}

impl Word {
    /// The text that is signed: a checkpoint of another origin with lines of its own, so that it is none of the record.
    fn text(&self, origin: &str) -> String {
        let Self { at, mode, head: (size, root), operator, zone, url } = self;
        let plain = |text: &str| text.chars().filter(|c| !c.is_control()).collect::<String>();
        format!(
            "{origin}/word\n{size}\n{}\nat {at}\nmode {}\noperator {}\nzone {}\nurl {}\n",
            BASE64.encode(root),
            plain(mode),
            plain(operator),
            plain(zone),
            plain(url)
        )
    }

    /// The file.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn sign(&self, origin: &str, key: &SigningKey) -> Result<Vec<u8>, BadSignature> {
        sign_text(&self.text(origin), origin, key)
    }

    /// Reads the file; `None` where it was signed and is of no shape we know.
    ///
    /// # Errors
    /// [`Unlike`] where it is not signed with that key.
    pub fn read(octets: &[u8], origin: &str, key: &VerifyingKey) -> Result<Option<Self>, Unlike> {
        let text = signed_text(octets, origin, key)?;
        Ok(Self::parse(&text).filter(|word| word.text(origin) == text))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.split_terminator('\n').skip(1);
        let size = lines.next()?.parse().ok()?;
        let root = BASE64.decode(lines.next()?.as_bytes()).ok()?.try_into().ok()?;
        let mut named = |name: &str| {
            let line = lines.next()?;
            line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned)
        };
        let at = named("at")?.parse().ok()?;
        let (mode, operator, zone, url) = (named("mode")?, named("operator")?, named("zone")?, named("url")?);
        Some(Self { at, mode, head: (size, root), operator, zone, url })
    }
}

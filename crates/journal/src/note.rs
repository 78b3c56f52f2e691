//! Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint).

use data_encoding::BASE64;
use honnin_seal::{BadSignature, Digest, SigningKey, VerifyingKey, digest};

/// Octets that are not of the wanted shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expect {0}")]
pub struct BadFormat(pub(crate) &'static str);

/// Longest note, in octets: 16 signatures must be taken, and the longest kind in use is below 5 kB.
pub(crate) const MOST_NOTE: usize = 96 * 1024;
const MOST_SIGNATURES: usize = 64;
/// Most entries a journal may have: a million a second for twelve days; keeps every sum below 64 bits.
pub(crate) const MOST_SIZE: u64 = 1 << 40;

/// What a line of a signature begins with.
pub(crate) const DASH: &str = "\u{2014} ";
/// The kind of an Ed25519 key in a signed note.
pub(crate) const ED25519: u8 = 1;

/// A text with signatures that nobody has verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) text: String,
    signatures: Vec<(String, Vec<u8>)>,
}

pub(crate) fn key_id(name: &str, kind: u8, key: &VerifyingKey) -> [u8; 4] {
    let [a, b, c, d, ..] = digest(&[name.as_bytes(), b"\n", &[kind], &key.0]);
    [a, b, c, d]
}

/// Whether a text may name a key and an origin: not empty, no space, no plus, no control character.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

impl Note {
    /// Signs a text that ends in a line feed.
    pub(crate) fn sign(text: &str, name: &str, key: &SigningKey) -> Result<Vec<u8>, BadSignature> {
        let mut signature = key_id(name, ED25519, &key.verifying_key()?).to_vec();
        signature.extend_from_slice(&key.sign(text.as_bytes()));
        Ok(format!("{text}\n{DASH}{name} {}\n", BASE64.encode(&signature)).into_bytes())
    }

    pub(crate) fn parse(octets: &[u8]) -> Result<Self, BadFormat> {
        if octets.len() > MOST_NOTE {
            return Err(BadFormat("a note within its bound"));
        }
        let note = std::str::from_utf8(octets).map_err(|_| BadFormat("UTF-8"))?;
        if note.bytes().any(|b| b < 0x20 && b != b'\n') {
            return Err(BadFormat("no control characters"));
        }
        let at = note.rfind("\n\n").ok_or(BadFormat("an empty line before the signatures"))?;
        let (text, rest) = note.split_at_checked(at + 1).ok_or(BadFormat("a text"))?;
        let lines = rest
            .strip_prefix('\n')
            .and_then(|l| l.strip_suffix('\n'))
            .ok_or(BadFormat("a last line feed"))?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            let (name, value) = line
                .strip_prefix(DASH)
                .and_then(|line| line.split_once(' '))
                .filter(|(name, _)| is_name(name))
                .ok_or(BadFormat("a signature line"))?;
            let value = BASE64.decode(value.as_bytes()).map_err(|_| BadFormat("base64"))?;
            if value.len() <= 4 || signatures.len() == MOST_SIGNATURES {
                return Err(BadFormat("a signature"));
            }
            signatures.push((name.to_owned(), value));
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// Whether that key signed; signatures of other keys are passed over.
    pub(crate) fn verify(&self, name: &str, key: &VerifyingKey) -> Result<(), BadSignature> {
        let id = key_id(name, ED25519, key);
        let own = |(signer, value): &&(String, Vec<u8>)| signer == name && value.starts_with(&id);
        let (_, value) = self.signatures.iter().find(own).ok_or(BadSignature)?;
        key.verify(self.text.as_bytes(), value.get(4..).ok_or(BadSignature)?)
    }
}

/// What a signed checkpoint states: this tree, at this size, has this root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The journal's name.
    pub origin: String,
    /// Entries in the tree.
    pub size: u64,
    /// The root hash (RFC 6962).
    pub root: Digest,
    note: Note,
}

impl Checkpoint {
    /// Signs a checkpoint; the octets are a note.
    pub(crate) fn sign(
        origin: &str,
        size: u64,
        root: &Digest,
        key: &SigningKey,
    ) -> Result<Vec<u8>, BadSignature> {
        Note::sign(&format!("{origin}\n{size}\n{}\n", BASE64.encode(root)), origin, key)
    }

    /// Whether the checkpoint is signed with that key under the name of its origin.
    ///
    /// # Errors
    /// [`BadSignature`] where it is not.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), BadSignature> {
        self.note.verify(&self.origin, key)
    }
}

/// Reads a checkpoint; its signature is not verified.
///
/// # Errors
/// [`BadFormat`] where the octets are no note, or its text is no checkpoint. Extension lines are refused.
pub fn parse_checkpoint(octets: &[u8]) -> Result<Checkpoint, BadFormat> {
    let note = Note::parse(octets)?;
    let mut lines = note.text.split_terminator('\n');
    let (Some(origin), Some(size), Some(root), None) =
        (lines.next(), lines.next(), lines.next(), lines.next())
    else {
        return Err(BadFormat("three lines"));
    };
    if !is_name(origin) {
        return Err(BadFormat("an origin"));
    }
    let (origin, size) = (origin.to_owned(), parse_size(size)?);
    let root = BASE64.decode(root.as_bytes()).map_err(|_| BadFormat("base64"))?;
    let root = Digest::try_from(root.as_slice()).map_err(|_| BadFormat("a root of 32 octets"))?;
    Ok(Checkpoint { origin, size, root, note })
}

/// Reads a count of entries: decimal, no leading zero, within the bound.
pub(crate) fn parse_size(text: &str) -> Result<u64, BadFormat> {
    let bad = BadFormat("a tree size");
    let size: u64 = text.parse().map_err(|_| bad)?;
    if size > MOST_SIZE || size.to_string() != text { Err(bad) } else { Ok(size) }
}

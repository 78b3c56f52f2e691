//! Checkpoints that leave the machine: what a witness is asked (C2SP tlog-witness), what it answers (tlog-cosignature),
//! and whether a log goes on from a checkpoint that left before.
//!
//! All of it is made of the published files, so that whoever sends it needs no open log.

use std::io;
use std::path::Path;

use data_encoding::{BASE64, HEXLOWER};
use honnin_seal::{BadSignature, VerifyingKey};
use honnin_terms::{LogId, Moment};

use crate::layout::{self, CHECKPOINT};
use crate::merkle::{consistency_path, verify_consistency};
use crate::note::{
    BadFormat, Checkpoint, DASH, ED25519, MOST_NOTE, Note, is_name, key_id, parse_checkpoint, parse_size,
};
use crate::tiles::Tiles;

/// The kind of a key that cosigns.
const COSIGNATURE: u8 = 4;

/// The key of a log as others are told it: a verifier key of signed-note.
pub fn verifier_key(origin: &str, key: &VerifyingKey) -> String {
    vkey(origin, ED25519, key)
}

fn vkey(name: &str, kind: u8, key: &VerifyingKey) -> String {
    let id = HEXLOWER.encode(&key_id(name, kind, key));
    format!("{name}+{id}+{}", BASE64.encode(&[&[kind][..], &key.0].concat()))
}

/// A witness: whoever cosigns what it has seen to go on from what it cosigned before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigner {
    /// Its name.
    pub name: String,
    key: VerifyingKey,
}

/// What a cosigner says: that it has seen this tree, at that time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// The signature's line, with its line feed.
    pub line: String,
    /// When, by the clock of the witness.
    pub at: Moment,
}

impl Cosigner {
    /// Reads a verifier key of kind 4 (Ed25519 cosignatures).
    ///
    /// # Errors
    /// [`BadFormat`] where it is none.
    pub fn parse(text: &str) -> Result<Self, BadFormat> {
        let bad = BadFormat("a verifier key of an Ed25519 cosigner: name+hash+base64");
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(bad);
        };
        let octets = BASE64.decode(key.as_bytes()).map_err(|_| bad)?;
        let Some((&COSIGNATURE, key)) = octets.split_first() else { return Err(bad) };
        let key = VerifyingKey(key.try_into().map_err(|_| bad)?);
        if !is_name(name)
            || vkey(name, COSIGNATURE, &key) != format!("{name}+{id}+{}", BASE64.encode(&octets))
        {
            return Err(bad);
        }
        Ok(Self { name: name.to_owned(), key })
    }

    /// Its name and the hash of name and key: no two witnesses share both.
    pub fn id(&self) -> String {
        format!("{}+{}", self.name, HEXLOWER.encode(&key_id(&self.name, COSIGNATURE, &self.key)))
    }

    /// The cosignature of this witness among the lines of an answer, or of a note; others are passed over.
    ///
    /// # Errors
    /// [`BadSignature`] where there is none of its, or it is of another text.
    pub fn find(&self, checkpoint: &[u8], answer: &[u8]) -> Result<Cosigned, BadSignature> {
        let note = Note::parse(checkpoint).map_err(|_| BadSignature)?;
        let answer = str::from_utf8(answer).map_err(|_| BadSignature)?;
        let id = key_id(&self.name, COSIGNATURE, &self.key);
        for line in answer.split_inclusive('\n') {
            let Some((name, value)) = line.trim_end().strip_prefix(DASH).and_then(|l| l.split_once(' '))
            else {
                continue;
            };
            let octets = BASE64.decode(value.as_bytes()).unwrap_or_default();
            let Some(rest) = octets.strip_prefix(&id).filter(|_| name == self.name) else { continue };
            let (seconds, signature) = rest.split_first_chunk::<8>().ok_or(BadSignature)?;
            let seconds = u64::from_be_bytes(*seconds);
            let message = format!("cosignature/v1\ntime {seconds}\n{}", note.text);
            self.key.verify(message.as_bytes(), signature)?;
            let seconds = i64::try_from(seconds).map_err(|_| BadSignature)?;
            let at = Moment::EPOCH.plus_seconds(seconds);
            return Ok(Cosigned { line: format!("{}\n", line.trim_end()), at });
        }
        Err(BadSignature)
    }
}

/// The checkpoint of a log as it is published now.
#[derive(Debug, Clone)]
pub struct Published {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The note.
    pub octets: Vec<u8>,
}

/// Reads the published checkpoint of a log; `None` where there is none, or an empty one.
///
/// # Errors
/// What the system says; `InvalidData` where it is no checkpoint of that key and log.
pub fn published(root: &Path, log: LogId, key: &VerifyingKey) -> io::Result<Option<Published>> {
    let path = root.join(log.to_string()).join(CHECKPOINT);
    let Some(octets) = layout::read(&path, MOST_NOTE)? else { return Ok(None) };
    let checkpoint = of_log(&octets, log, key)?;
    Ok((checkpoint.size > 0).then_some(Published { checkpoint, octets }))
}

fn wrong(what: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn of_log(octets: &[u8], log: LogId, key: &VerifyingKey) -> io::Result<Checkpoint> {
    let checkpoint = parse_checkpoint(octets).map_err(wrong)?;
    checkpoint.verify(key).map_err(wrong)?;
    if checkpoint.origin.ends_with(&format!("/{log}")) { Ok(checkpoint) } else { Err(wrong("another log's")) }
}

/// What is sent to a witness that has last cosigned a tree of `old` entries.
///
/// # Errors
/// `InvalidInput` where the log has fewer; what the system says where tiles of the proof cannot be read.
pub fn witness_request(root: &Path, log: LogId, published: &Published, old: u64) -> io::Result<Vec<u8>> {
    let size = published.checkpoint.size;
    if old > size {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the witness has seen more than there is"));
    }
    let dir = root.join(log.to_string());
    let tiles = Tiles { dir: &dir, size };
    let path = consistency_path(&|level, number| tiles.node(level, number), old, size)?;
    let mut out = format!("old {old}\n");
    for hash in path {
        out.push_str(&BASE64.encode(&hash));
        out.push('\n');
    }
    out.push('\n');
    let mut out = out.into_bytes();
    out.extend_from_slice(&published.octets);
    Ok(out)
}

/// The size a witness names where it has seen another than was thought.
///
/// # Errors
/// [`BadFormat`] where it names none.
pub fn named_size(answer: &[u8]) -> Result<u64, BadFormat> {
    parse_size(str::from_utf8(answer).map_err(|_| BadFormat("UTF-8"))?.trim_end_matches('\n'))
}

/// Whether the log goes on from a checkpoint that left before; `None` where it is no checkpoint of this log and key.
///
/// # Errors
/// What the system says where the proof cannot be read.
pub fn goes_on(root: &Path, log: LogId, key: &VerifyingKey, left: &[u8]) -> io::Result<Option<bool>> {
    let Ok(left) = of_log(left, log, key) else { return Ok(None) };
    let Some(now) = published(root, log, key)? else { return Ok(Some(left.size == 0)) };
    let (old, new) = ((left.size, &left.root), (now.checkpoint.size, &now.checkpoint.root));
    if old.0 > new.0 {
        return Ok(Some(false));
    }
    let dir = root.join(log.to_string());
    let tiles = Tiles { dir: &dir, size: new.0 };
    let path = consistency_path(&|level, number| tiles.node(level, number), old.0, new.0)?;
    Ok(Some(verify_consistency(old, new, &path)))
}

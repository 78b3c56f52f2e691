//! What only the keeper's key can make: the checks that tie frames and index blocks to one log, and the head that is
//! anchored outside of it.
//!
//! The files of a log lie where others may write. A frame carries the check of the frame before it and its own, so that
//! none can be forged, edited, taken from another log or left out. Cutting off the last ones leaves a shorter log of
//! right frames: against that the head, size and check of the last frame, is kept in another place.

use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;

use honnin_seal::{Digest, MacKey, SigningKey, same_octets};
use honnin_terms::{Id, LogId};

use crate::disk::{Durable, RealDisk};
use crate::entry::take;
use crate::{BadFormat, layout};

/// The keys of an installation's logs.
#[derive(Debug)]
pub struct LogKeys {
    /// Signs checkpoints; its public half is what others verify with.
    pub signing: SigningKey,
    /// Makes the checks of frames and index blocks.
    pub chain: MacKey,
}

/// The key of checks, for one log.
pub(crate) struct Chain {
    key: MacKey,
    log: LogId,
}

/// What a check is of: eight octets, so that no two run into what follows.
#[derive(Clone, Copy)]
struct Label(&'static [u8]);

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain").field("log", &self.log).finish_non_exhaustive()
    }
}

impl Chain {
    pub(crate) fn new(key: &MacKey, log: LogId) -> Self {
        Self { key: key.again(), log }
    }

    fn tag<'a>(&'a self, label: Label, parts: impl IntoIterator<Item = &'a [u8]>) -> Digest {
        self.key.tag([label.0, &self.log.octets()[..]].into_iter().chain(parts))
    }

    /// What stands before the first frame after a signed tree, where no earlier frame is left.
    pub(crate) fn start(&self, size: u64, root: &Digest) -> Digest {
        self.tag(Label(b"hj start"), [&size.to_be_bytes()[..], root])
    }

    /// The check of a frame: over the one before, its head and the hashes of its entries.
    pub(crate) fn frame(&self, before: &Digest, head: &[u8; 24], leaves: &[Digest]) -> Digest {
        self.tag(Label(b"hj frame"), [&before[..], &head[..], leaves.as_flattened()])
    }
}

impl Chain {
    /// The check of a block of an index run, cut to what a block has room for.
    pub(crate) fn block(&self, place: &[u8; 24], octets: &[u8]) -> [u8; 16] {
        let tag = self.tag(Label(b"hj block"), [&place[..], octets]);
        tag.first_chunk().copied().unwrap_or_default()
    }
}

/// How far a log has come: what is anchored outside of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Entries that are durable.
    pub size: u64,
    /// The check of the last frame.
    pub(crate) tag: Digest,
}

impl Head {
    /// The octets to be kept elsewhere; nobody without the key can make others.
    pub(crate) fn octets(&self, chain: &Chain) -> Vec<u8> {
        let size = self.size.to_be_bytes();
        let check = chain.tag(Label(b"hj head "), [&size[..], &self.tag]);
        [&size[..], &self.tag, &check].concat()
    }

    pub(crate) fn parse(octets: &[u8], chain: &Chain) -> Result<Self, BadFormat> {
        let mut rest = octets;
        let size = u64::from_be_bytes(take(&mut rest)?);
        let head = Self { size, tag: take(&mut rest)? };
        if same_octets(&head.octets(chain), octets) { Ok(head) } else { Err(BadFormat("a head of this log")) }
    }
}

/// A place that cannot be asked or written now.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AnchorError(pub String);

/// Where the head of each log is kept, outside its directory: what is cut off a log is missed by it.
///
/// Called from a thread of the journal; it may wait. The octets tell nothing and are checked when read.
pub trait Anchor: Send + Sync {
    /// What was last kept for that log.
    ///
    /// # Errors
    /// [`AnchorError`]; nothing is then appended.
    fn read(&self, log: LogId) -> Result<Option<Vec<u8>>, AnchorError>;

    /// Keeps that for the log, durably, in place of what was kept.
    ///
    /// # Errors
    /// [`AnchorError`]; it is tried again, and after a while nothing more is appended.
    fn write(&self, log: LogId, head: &[u8]) -> Result<(), AnchorError>;
}

/// Keeps heads as files in a directory. It has to be a place that whoever can write to the journal cannot.
#[derive(Debug)]
pub struct FileAnchor(pub PathBuf);

impl Anchor for FileAnchor {
    fn read(&self, log: LogId) -> Result<Option<Vec<u8>>, AnchorError> {
        layout::read(&self.0.join(log.to_string()), 4096).map_err(wrong)
    }

    fn write(&self, log: LogId, head: &[u8]) -> Result<(), AnchorError> {
        let write = || {
            fs::create_dir_all(&self.0)?;
            let mut out = Durable::new(&RealDisk, &self.0)?;
            out.write(&self.0.join(log.to_string()), head)?;
            out.finish()
        };
        write().map_err(wrong)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "a function for `map_err`")]
fn wrong(error: io::Error) -> AnchorError {
    AnchorError(error.to_string())
}

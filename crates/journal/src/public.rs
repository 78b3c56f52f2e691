//! A log of few entries whose content is public: the tree, bundles, tiles and signed checkpoints of the journal, without
//! its epochs, segments and index. An entry is durable and published when [`PublicLog::append`] returns.
//!
//! Whoever has the public key can verify it from the files alone ([`read_public`]), and whoever has kept a checkpoint of it
//! can see that nothing of that time was changed or taken away since.
//!
//! ```text
//! lock, checkpoint, tile/…   as in a log of the journal
//! history/<size>             every checkpoint there ever was
//! ```

use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use data_encoding::{BASE64, HEXLOWER};
use honnin_seal::{BadSignature, Digest, SigningKey, VerifyingKey, leaf_digest};

use crate::bundle::{self, WIDE, WIDTH};
use crate::layout::{self, CHECKPOINT, HISTORY, LOCK, numbered};
use crate::merkle::{Edge, Tile};
use crate::note::{BadFormat, Checkpoint, ED25519, MOST_NOTE, Note, is_name, key_id, parse_checkpoint};

/// Longest entry of a public log, in octets.
pub const MOST_PUBLIC: usize = 60_000;
/// Entries it may have: a notice every ten minutes for ten years.
const MOST_ENTRIES: u64 = 1 << 19;
/// How long a writer waits for another one.
const TRIES: u32 = 200;
const AGAIN: Duration = Duration::from_millis(10);
/// Tests of this room write hundreds of entries, and pull no plug.
const DURABLE: bool = !cfg!(test);
/// How often a reader begins again because the log grew while it read.
const READS: usize = 5;

/// Why a public log is not what it has to be.
#[derive(Debug, thiserror::Error)]
pub enum Unlike {
    /// A file of it cannot be read.
    #[error("read the log's {0}: {1}")]
    Unreadable(&'static str, #[source] io::Error),
    /// A file of it is not of the shape it has to be.
    #[error("read the log's {0}: {1}")]
    Malformed(&'static str, #[source] BadFormat),
    /// A checkpoint is of another log.
    #[error("the log is of another name: {0}")]
    OtherName(String),
    /// A checkpoint is not signed with the key that is trusted.
    #[error("a checkpoint is not signed with the key that is trusted")]
    NotSigned,
    /// Entries are other than what was signed.
    #[error("the entries are not those that were signed: the log was changed")]
    Changed,
    /// What was signed or seen earlier is not the beginning of what there is.
    #[error("the first {0} entries are not what they were: the log was rewritten")]
    Rewritten(u64),
    /// The log had more entries.
    #[error("the log has {has} entries and had {had}: its end was cut off")]
    Shorter {
        /// How many it has.
        has: u64,
        /// How many it is known to have had.
        had: u64,
    },
}

/// Why nothing was appended.
#[derive(Debug, thiserror::Error)]
pub enum NotAppended {
    /// The log is not what it has to be; nothing is added to it.
    #[error(transparent)]
    Unlike(#[from] Unlike),
    /// A file could not be written.
    #[error("write the log")]
    Io(#[from] io::Error),
    /// The checkpoint could not be signed.
    #[error("sign a checkpoint")]
    Sign(#[from] BadSignature),
    /// Another writer does not let go of it.
    #[error("another process is writing the log")]
    Locked,
    /// The entry is too long, or there are too many.
    #[error("the entry is too long, or the log has no room for more")]
    NoRoom,
}

/// What a public log says, verified.
#[derive(Debug, Clone, Default)]
pub struct Public {
    /// Its entries, oldest first.
    pub entries: Vec<Vec<u8>>,
    /// The root over them.
    pub root: Digest,
    /// The signed checkpoint as it was found; empty where there is none yet.
    pub checkpoint: Vec<u8>,
}

/// A tree head somebody has seen.
pub type SeenHead = (u64, Digest);

/// A public log, open for its one writer.
#[derive(Debug)]
pub struct PublicLog {
    dir: PathBuf,
    origin: String,
    key: SigningKey,
    edge: Edge,
    bundle: Vec<u8>,
    known: Public,
    /// Held as long as it is open.
    _lock: File,
}

impl PublicLog {
    /// Opens it for writing; what is there is verified first, and has to go on from those heads.
    ///
    /// # Errors
    /// [`NotAppended`].
    pub fn open(dir: &Path, origin: &str, key: SigningKey, heads: &[SeenHead]) -> Result<Self, NotAppended> {
        fs::create_dir_all(dir)?;
        let lock = lock(dir)?;
        let known = read_public(dir, origin, &key.verifying_key()?, heads)?;
        let (mut edge, mut open) = (Edge::default(), Vec::new());
        for entry in &known.entries {
            add(&mut edge, &mut open, entry, &mut Vec::new())
                .map_err(|reason| Unlike::Malformed("entries", reason))?;
        }
        let (dir, origin) = (dir.to_owned(), origin.to_owned());
        Ok(Self { dir, origin, key, edge, bundle: open, known, _lock: lock })
    }

    /// What it says.
    pub const fn known(&self) -> &Public {
        &self.known
    }

    /// Adds an entry and publishes it; the index it has from then on.
    ///
    /// # Errors
    /// [`NotAppended`]: it may or may not be there then.
    pub fn append(&mut self, entry: &[u8]) -> Result<u64, NotAppended> {
        if entry.len() > MOST_PUBLIC || self.edge.size() >= MOST_ENTRIES {
            return Err(NotAppended::NoRoom);
        }
        let index = self.edge.size();
        let (mut edge, mut open, mut full) = (self.edge.clone(), self.bundle.clone(), Vec::new());
        let whole = add(&mut edge, &mut open, entry, &mut full).map_err(|_| NotAppended::NoRoom)?;
        let out = Out::of(&self.dir)?;
        if let Some(whole) = whole {
            out.put(&layout::bundle(&self.dir, index / WIDE, WIDTH), &whole)?;
        }
        let partial: Vec<Tile> = edge.partial().collect();
        if let Some(lowest) = partial.first().filter(|tile| tile.level == 0) {
            out.put(&layout::bundle(&self.dir, lowest.number, lowest.hashes.len()), &open)?;
        }
        for tile in full.iter().chain(&partial) {
            let path = layout::tile(&self.dir, tile.level, tile.number, tile.hashes.len());
            out.put(&path, tile.hashes.as_flattened())?;
        }
        // Until here a crash leaves files that no checkpoint names; the next entry writes them anew.
        let root = edge.root();
        let checkpoint = Checkpoint::sign(&self.origin, edge.size(), &root, &self.key)?;
        // First where the reader looks: a history beyond the checkpoint would say that something was cut off.
        out.put(&self.dir.join(CHECKPOINT), &checkpoint)?;
        out.put(&numbered(&self.dir, HISTORY, edge.size()), &checkpoint)?;
        self.tidy(&edge);
        (self.edge, self.bundle) = (edge, open);
        self.known.entries.push(entry.to_vec());
        (self.known.root, self.known.checkpoint) = (root, checkpoint);
        Ok(index)
    }

    /// Removes narrower forms of the lowest tile, but for the last: a reader may be at it.
    fn tidy(&self, edge: &Edge) {
        let width = usize::try_from(edge.size() % WIDE).unwrap_or(0);
        if let Some(old) = width.checked_sub(2).filter(|old| *old > 0) {
            let number = edge.size() / WIDE;
            drop(fs::remove_file(layout::bundle(&self.dir, number, old)));
            drop(fs::remove_file(layout::tile(&self.dir, 0, number, old)));
        }
    }
}

/// Adds an entry to edge and open bundle; the bundle that became full.
fn add(
    edge: &mut Edge,
    open: &mut Vec<u8>,
    entry: &[u8],
    full: &mut Vec<Tile>,
) -> Result<Option<Vec<u8>>, BadFormat> {
    bundle::push(open, entry)?;
    edge.push(leaf_digest(entry), full);
    Ok(edge.size().is_multiple_of(WIDE).then(|| std::mem::take(open)))
}

fn lock(dir: &Path) -> Result<File, NotAppended> {
    let out = Out::of(dir)?;
    let file = File::options().write(true).create(true).truncate(false).open(dir.join(LOCK))?;
    file.set_permissions(out.of_files.clone())?;
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => thread::sleep(AGAIN),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
    }
    Err(NotAppended::Locked)
}

/// Writes files that are there whole or not at all, as open to others as the directory of the log is.
#[derive(Debug)]
struct Out {
    of_files: Permissions,
    of_directories: Permissions,
}

impl Out {
    fn of(dir: &Path) -> io::Result<Self> {
        let mode = fs::metadata(dir)?.permissions().mode();
        let (of_files, of_directories) = (mode & 0o644 | 0o600, mode & 0o755 | 0o700);
        Ok(Self {
            of_files: Permissions::from_mode(of_files),
            of_directories: Permissions::from_mode(of_directories),
        })
    }

    fn put(&self, path: &Path, octets: &[u8]) -> io::Result<()> {
        let parent = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        self.make(parent)?;
        // Its own: two processes, or two nodes of one process, may be writing the same file.
        let own = format!("{}-{:?}.tmp", std::process::id(), thread::current().id());
        let beside = path.with_extension(own);
        let mut file = File::create(&beside)?;
        file.set_permissions(self.of_files.clone())?;
        file.write_all(octets)?;
        if DURABLE {
            file.sync_data()?;
        }
        fs::rename(&beside, path)?;
        if DURABLE { File::open(parent)?.sync_all() } else { Ok(()) }
    }

    fn make(&self, directory: &Path) -> io::Result<()> {
        if directory.is_dir() {
            return Ok(());
        }
        if let Some(parent) = directory.parent() {
            self.make(parent)?;
        }
        fs::create_dir(directory)?;
        fs::set_permissions(directory, self.of_directories.clone())
    }
}

/// Writes a file so that it is there whole or not at all, as open to others as its directory.
///
/// # Errors
/// What the system says.
pub fn put_file(path: &Path, octets: &[u8]) -> io::Result<()> {
    let parent = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    Out::of(parent)?.put(path, octets)
}

/// Reads a public log and verifies it: signatures, tree, every checkpoint there ever was, and that it goes on from those
/// heads. A log that was not begun has no entries.
///
/// # Errors
/// [`Unlike`]: the first thing found.
pub fn read_public(
    dir: &Path,
    origin: &str,
    key: &VerifyingKey,
    heads: &[SeenHead],
) -> Result<Public, Unlike> {
    let mut read = read_once(dir, origin, key, heads);
    for _ in 0..READS {
        // Whoever writes replaces files that are being read; what is wrong stays wrong.
        if read.is_ok() {
            break;
        }
        thread::sleep(AGAIN);
        read = read_once(dir, origin, key, heads);
    }
    read
}

fn read_once(dir: &Path, origin: &str, key: &VerifyingKey, heads: &[SeenHead]) -> Result<Public, Unlike> {
    let mut heads = heads.to_vec();
    // Before the checkpoint: it is never behind what is in the history. What is below a head that was seen, the head covers.
    let seen = heads.iter().map(|(size, _)| *size).max().unwrap_or(0);
    heads.extend(history(dir, origin, key, seen)?);
    heads.sort_unstable_by_key(|(size, _)| *size);
    let most = heads.last().map_or(0, |(size, _)| *size);
    let found = layout::read(&dir.join(CHECKPOINT), MOST_NOTE);
    let Some(octets) = found.map_err(|error| Unlike::Unreadable("checkpoint", error))? else {
        return if most == 0 { Ok(Public::default()) } else { Err(Unlike::Shorter { has: 0, had: most }) };
    };
    let (size, root) = signed(&octets, origin, key)?;
    if size < most {
        return Err(Unlike::Shorter { has: size, had: most });
    }
    let entries = entries(dir, size)?;
    let edge = compared(&entries, &heads)?;
    if edge.root() != root {
        return Err(Unlike::Changed);
    }
    Ok(Public { entries, root, checkpoint: octets })
}

/// The tree over those entries, with each of those heads on the way.
fn compared(entries: &[Vec<u8>], heads: &[SeenHead]) -> Result<Edge, Unlike> {
    let (mut edge, mut heads) = (Edge::default(), heads.iter().peekable());
    for entry in entries {
        edge.push(leaf_digest(entry), &mut Vec::new());
        while let Some((size, root)) = heads.next_if(|(size, _)| *size <= edge.size()) {
            if *size == edge.size() && *root != edge.root() {
                return Err(Unlike::Rewritten(*size));
            }
        }
    }
    Ok(edge)
}

/// What a checkpoint of that log states, where it is signed with that key.
///
/// # Errors
/// [`Unlike`].
pub fn signed(octets: &[u8], origin: &str, key: &VerifyingKey) -> Result<SeenHead, Unlike> {
    let checkpoint = parse_checkpoint(octets).map_err(|reason| Unlike::Malformed("checkpoint", reason))?;
    if checkpoint.origin != origin {
        return Err(Unlike::OtherName(checkpoint.origin));
    }
    checkpoint.verify(key).map_err(|_| Unlike::NotSigned)?;
    Ok((checkpoint.size, checkpoint.root))
}

fn history(dir: &Path, origin: &str, key: &VerifyingKey, beyond: u64) -> Result<Vec<SeenHead>, Unlike> {
    let unreadable = |error| Unlike::Unreadable("history", error);
    let mut heads = Vec::new();
    for size in layout::numbers(dir, HISTORY).map_err(unreadable)?.into_iter().filter(|size| *size > beyond) {
        let path = numbered(dir, HISTORY, size);
        if let Some(octets) = layout::read(&path, MOST_NOTE).map_err(unreadable)? {
            heads.push(signed(&octets, origin, key)?);
        }
    }
    Ok(heads)
}

fn entries(dir: &Path, size: u64) -> Result<Vec<Vec<u8>>, Unlike> {
    let missing = || Unlike::Unreadable("entries", io::ErrorKind::NotFound.into());
    if size > MOST_ENTRIES {
        return Err(Unlike::Malformed("checkpoint", BadFormat("fewer entries")));
    }
    let mut entries = Vec::new();
    for number in 0..size.div_ceil(WIDE) {
        let width = usize::try_from((size - number * WIDE).min(WIDE)).unwrap_or(WIDTH);
        let (partial, full) = (layout::bundle(dir, number, width), layout::bundle(dir, number, WIDTH));
        let read = layout::read_either(&partial, &full, WIDTH * (2 + MOST_PUBLIC));
        let octets = read.map_err(|error| Unlike::Unreadable("entries", error))?.ok_or_else(missing)?;
        let cut = crate::parse_bundle(&octets).map_err(|reason| Unlike::Malformed("entries", reason))?;
        if cut.len() < width {
            return Err(missing());
        }
        entries.extend(cut.into_iter().take(width).map(<[u8]>::to_vec));
    }
    Ok(entries)
}

/// Packs a log into one file: its checkpoint and its entries, so that somebody can keep what was once verified.
///
/// # Errors
/// [`BadFormat`] for an entry that is too long.
pub fn pack(public: &Public) -> Result<Vec<u8>, BadFormat> {
    let mut out = Vec::new();
    bundle::push(&mut out, &public.checkpoint)?;
    public.entries.iter().try_for_each(|entry| bundle::push(&mut out, entry))?;
    Ok(out)
}

/// Reads what [`pack`] wrote, verified as [`read_public`] does.
///
/// # Errors
/// [`Unlike`].
pub fn unpack(octets: &[u8], origin: &str, key: &VerifyingKey) -> Result<Public, Unlike> {
    let malformed = |reason| Unlike::Malformed("kept copy", reason);
    let parts = bundle::split(octets).map_err(malformed)?;
    let Some((checkpoint, entries)) = parts.split_first() else { return Ok(Public::default()) };
    let (size, root) = signed(checkpoint, origin, key)?;
    let entries: Vec<Vec<u8>> = entries.iter().map(|entry| entry.to_vec()).collect();
    if compared(&entries, &[])?.root() != root || u64::try_from(entries.len()) != Ok(size) {
        return Err(Unlike::Changed);
    }
    Ok(Public { entries, root, checkpoint: checkpoint.to_vec() })
}

/// Signs a text of that log that is no checkpoint: its origin is another.
///
/// # Errors
/// [`BadSignature`].
pub fn sign_text(text: &str, name: &str, key: &SigningKey) -> Result<Vec<u8>, BadSignature> {
    Note::sign(text, name, key)
}

/// The text that was signed by [`sign_text`], where it was with that key.
///
/// # Errors
/// [`Unlike`].
pub fn signed_text(octets: &[u8], name: &str, key: &VerifyingKey) -> Result<String, Unlike> {
    let note = Note::parse(octets).map_err(|reason| Unlike::Malformed("signed text", reason))?;
    note.verify(name, key).map_err(|_| Unlike::NotSigned)?;
    Ok(note.text)
}

/// Reads a key as [`crate::verifier_key`] writes it: the name it signs under, and the key.
///
/// # Errors
/// [`BadFormat`].
pub fn parse_verifier_key(text: &str) -> Result<(String, VerifyingKey), BadFormat> {
    let bad = BadFormat("a key as name+hash+base64");
    let mut parts = text.trim().splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(bad);
    };
    let octets = BASE64.decode(key.as_bytes()).map_err(|_| bad)?;
    let Some((&ED25519, key)) = octets.split_first() else { return Err(bad) };
    let key = VerifyingKey(<[u8; 32]>::try_from(key).map_err(|_| bad)?);
    let expected = HEXLOWER.encode(&key_id(name, ED25519, &key));
    if !is_name(name) || expected != id { Err(bad) } else { Ok((name.to_owned(), key)) }
}

//! What a reader of the record knows: the status page, and whoever else watches it from outside.
//!
//! A [`Watcher`] has the public key and a memory of its own. What it has once verified it shows for good: where the record
//! does not go on from that, it says so and since when, and goes on showing what it knew.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use honnin_journal::{Public, SeenHead, Unlike, pack, put_file, unpack};
use honnin_seal::VerifyingKey;
use honnin_terms::Moment;

use crate::board::Board;
use crate::record::{BadRecord, read_record, settled};
use crate::word::{LATE_SECONDS, Word};

/// The service's word in the directory of the record.
pub(crate) const WORD: &str = "word";
/// A word so many seconds old is silence, however new it is here: words that were held back speak no longer than this.
const MOST_APART: i64 = 10 * LATE_SECONDS;
/// The longest file that is read of it.
const MOST_WORD: u64 = 16 * 1024;
/// The longest memory: twice the whole record.
const MOST_MEMORY: u64 = 64 << 20;

/// What is wrong with the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Something in it is other than what was signed, or than what was seen.
    Changed,
    /// Its end was cut off.
    Cut,
    /// It is signed with another key, or under another name.
    OtherKey,
    /// It cannot be read.
    Unreadable,
}

impl Trouble {
    /// The word in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Cut => "cut",
            Self::OtherKey => "other_key",
            Self::Unreadable => "unreadable",
        }
    }

    /// What that means for the record.
    pub const fn of(bad: &BadRecord) -> Self {
        match bad {
            BadRecord::Unlike(Unlike::Shorter { .. }) => Self::Cut,
            BadRecord::Unlike(Unlike::NotSigned | Unlike::OtherName(_)) => Self::OtherKey,
            BadRecord::Unlike(Unlike::Unreadable(..)) => Self::Unreadable,
            BadRecord::Unlike(Unlike::Changed | Unlike::Rewritten(_) | Unlike::Malformed(..))
            | BadRecord::Entry(..) => Self::Changed,
        }
    }
}

/// What a reader knows at a moment.
#[derive(Debug, Clone)]
pub struct View {
    /// What stands in the record, as far as it was ever verified.
    pub board: Board,
    /// The service's last word, where it was heard.
    pub word: Option<Word>,
    /// Since when the service is silent: `Some(None)` where it was never heard.
    pub silent_since: Option<Option<Moment>>,
    /// What is wrong with the record, since when.
    pub trouble: Option<(Trouble, Moment)>,
    /// The checkpoint up to which it was verified.
    pub checkpoint: Vec<u8>,
    /// When this was so.
    pub now: Moment,
}

impl View {
    /// The same at a later moment, where no look was finished since: after a minute the service is not heard any more,
    /// whatever it said last.
    #[must_use]
    pub fn not_seen_since(&self, now: Moment) -> Option<Self> {
        let apart = now.seconds_since(self.now);
        if apart.abs() <= LATE_SECONDS {
            return None;
        }
        let since = self.silent_since.unwrap_or(Some(self.now));
        Some(Self { silent_since: Some(since), now, ..self.clone() })
    }
}

/// What was verified.
#[derive(Debug, Default)]
pub struct Kept {
    public: Public,
    board: Board,
}

impl Kept {
    fn head(&self) -> Option<SeenHead> {
        let size = u64::try_from(self.public.entries.len()).ok()?;
        (size > 0).then_some((size, self.public.root))
    }
}

/// Reads the record again and again.
#[derive(Debug)]
pub struct Watcher {
    dir: PathBuf,
    origin: String,
    key: VerifyingKey,
    memory: Option<PathBuf>,
    kept: Kept,
    /// The last word, and when it was first heard, by the reader's clock.
    heard: Option<(Word, Moment)>,
    trouble: Option<(Trouble, Moment)>,
}

impl Watcher {
    /// A reader of that record who trusts that key and remembers in that file.
    ///
    /// # Errors
    /// What the system says of the memory. One that was not written with that key is no error: it is told as what it is.
    pub fn new(
        dir: &Path,
        (origin, key): (String, VerifyingKey),
        memory: Option<PathBuf>,
        now: Moment,
    ) -> io::Result<Self> {
        let (mut kept, mut trouble) = (Kept::default(), None);
        let remembered = memory.as_deref().map_or(Ok(None), |file| read(file, MOST_MEMORY))?;
        if let Some(octets) = remembered {
            let opened = unpack(&octets, &origin, &key).map_err(BadRecord::from);
            match opened.and_then(|public| settled(&public).map(|board| Kept { public, board })) {
                Ok(known) => kept = known,
                // The memory is this reader's own: a key that does not fit it is not the one it began with.
                Err(bad) => trouble = Some((Trouble::of(&bad), now)),
            }
        }
        let spoilt = trouble.is_some();
        let memory = memory.filter(|_| !spoilt);
        let mut watcher = Self { dir: dir.to_owned(), origin, key, memory, kept, heard: None, trouble };
        if spoilt {
            // Nothing is taken for good that does not go on from what was known.
            watcher.dir = PathBuf::new();
        }
        Ok(watcher)
    }

    /// Looks.
    pub fn look(&mut self, now: Moment) -> View {
        if !self.dir.as_os_str().is_empty() {
            self.look_at_record(now);
        }
        let Self { kept, heard, trouble, .. } = self;
        let silent_since = match heard {
            // By the reader's clock: one that is ahead where the service is does not make it speak longer.
            Some((word, heard))
                if now.seconds_since(*heard) > LATE_SECONDS || now.seconds_since(word.at) > MOST_APART =>
            {
                Some(Some(word.at.min(*heard)))
            }
            Some(_) => None,
            None => Some(None),
        };
        View {
            board: kept.board.clone(),
            word: heard.as_ref().map(|(word, _)| word.clone()),
            silent_since,
            trouble: *trouble,
            checkpoint: kept.public.checkpoint.clone(),
            now,
        }
    }

    fn look_at_record(&mut self, now: Moment) {
        // The word first: the record is never behind it.
        let word = self.hear(now);
        let looked = word.and_then(|()| self.verify());
        match looked {
            Ok(()) => self.trouble = None,
            Err(bad) => {
                let what = Trouble::of(&bad);
                let since = self.trouble.map_or(now, |(_, since)| since);
                self.trouble = Some((what, since));
            }
        }
    }

    fn hear(&mut self, now: Moment) -> Result<(), BadRecord> {
        let found = read(&self.dir.join(WORD), MOST_WORD);
        let Some(octets) = found.map_err(|error| Unlike::Unreadable("word", error))? else { return Ok(()) };
        let Some(word) = Word::read(&octets, &self.origin, &self.key)? else { return Ok(()) };
        let is_newer = self.heard.as_ref().is_none_or(|(known, _)| word.at > known.at);
        if is_newer {
            // Of the first word nobody here knows how long it has lain there. A later one was written since the look before,
            // whatever time it is for whoever wrote it: a clock that is ahead here makes nobody silent.
            let heard = if self.heard.is_some() { now } else { word.at.min(now) };
            self.heard = Some((word, heard));
        }
        Ok(())
    }

    /// Verifies all of it, each time: the files are few, and who changes them is not outrun by a shortcut.
    fn verify(&mut self) -> Result<(), BadRecord> {
        let mut heads: Vec<SeenHead> = self.kept.head().into_iter().collect();
        heads.extend(self.heard.as_ref().map(|(word, _)| word.head).filter(|(size, _)| *size > 0));
        let (public, board) = read_record(&self.dir, &self.origin, &self.key, &heads)?;
        if public.entries.len() > self.kept.public.entries.len() {
            if let Some(memory) = &self.memory {
                let packed = pack(&public).map_err(|reason| Unlike::Malformed("memory", reason))?;
                put_file(memory, &packed).map_err(|error| Unlike::Unreadable("memory", error))?;
            }
            self.kept = Kept { public, board };
        }
        Ok(())
    }

    /// What was verified so far.
    pub const fn kept(&self) -> &Public {
        &self.kept.public
    }
}

/// Reads a file that is one: of a link or a pipe in its place nothing is read, and nothing is waited for.
fn read(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        Ok(known) if !known.is_file() => Err(io::Error::new(io::ErrorKind::InvalidData, "no regular file")),
        Ok(known) if known.len() > most => {
            Err(io::Error::new(io::ErrorKind::InvalidData, "file beyond its bound"))
        }
        Ok(_) => fs::read(path).map(Some),
    }
}

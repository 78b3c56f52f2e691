//! The record as a log: opened by whoever has its key, read by anybody.

use std::path::Path;

use honnin_journal::{NotAppended, Public, PublicLog, SeenHead, Unlike, read_public};
use honnin_seal::{SigningKey, VerifyingKey};
use honnin_terms::Moment;

use crate::board::Board;
use crate::post::{By, Change, Opening, Post, Refused};

/// Why the record cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BadRecord {
    /// The log is not what it has to be.
    #[error(transparent)]
    Unlike(#[from] Unlike),
    /// An entry is none of this record.
    #[error("entry {0} is none of a record of notices: {1}")]
    Entry(usize, String),
}

/// Why nothing was said.
#[derive(Debug, thiserror::Error)]
pub enum NotSaid {
    /// It may not be said.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The record is not what it has to be; nothing is added to it.
    #[error(transparent)]
    Bad(#[from] BadRecord),
    /// It was not written.
    #[error(transparent)]
    NotAppended(#[from] NotAppended),
    /// It cannot be put into words.
    #[error("write the entry: {0}")]
    Json(#[from] serde_json::Error),
}

/// The board of a log that was verified.
///
/// # Errors
/// [`BadRecord::Entry`]: the first entry that is none.
pub fn settled(public: &Public) -> Result<Board, BadRecord> {
    let mut board = Board::default();
    for (index, octets) in public.entries.iter().enumerate() {
        let post: Post =
            serde_json::from_slice(octets).map_err(|wrong| BadRecord::Entry(index, wrong.to_string()))?;
        board.add(post).map_err(|wrong| BadRecord::Entry(index, wrong.to_string()))?;
    }
    Ok(board)
}

/// Reads and verifies the record in a directory.
///
/// # Errors
/// [`BadRecord`].
pub fn read_record(
    dir: &Path,
    origin: &str,
    key: &VerifyingKey,
    heads: &[SeenHead],
) -> Result<(Public, Board), BadRecord> {
    let public = read_public(dir, origin, key, heads)?;
    let board = settled(&public)?;
    Ok((public, board))
}

/// The record, open for one writer.
#[derive(Debug)]
pub struct Record {
    log: PublicLog,
    board: Board,
}

impl Record {
    /// Opens it; what is there is verified first and has to go on from those heads.
    ///
    /// # Errors
    /// [`NotSaid`].
    pub fn open(dir: &Path, origin: &str, key: SigningKey, heads: &[SeenHead]) -> Result<Self, NotSaid> {
        let log = PublicLog::open(dir, origin, key, heads)?;
        let board = settled(log.known())?;
        Ok(Self { log, board })
    }

    /// What stands in it.
    pub const fn board(&self) -> &Board {
        &self.board
    }

    /// The log it is.
    pub const fn public(&self) -> &Public {
        self.log.known()
    }

    /// What would be said by opening an incident now.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn opening(&self, now: Moment, by: By, opening: Opening) -> Result<Post, Refused> {
        let post = self.board.opening(now, by, opening);
        self.board.admits(&post)?;
        Ok(post)
    }

    /// What would be said next of an incident.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn changing(&self, now: Moment, by: By, id: u64, change: Change) -> Result<Post, Refused> {
        let post = self.board.changing(now, by, id, change)?;
        self.board.admits(&post)?;
        Ok(post)
    }

    /// Says it: from then on it stands for good. Its index.
    ///
    /// # Errors
    /// [`NotSaid`].
    pub fn say(&mut self, post: Post) -> Result<u64, NotSaid> {
        self.board.admits(&post)?;
        let index = self.log.append(&serde_json::to_vec(&post)?)?;
        self.board.add(post)?;
        Ok(index)
    }
}

//! What the verifier proves, and what it finds to be wrong.

use std::io;

use honnin_seal::{Digest, MacKey};
use honnin_terms::{LogId, Moment};

use crate::chain::{Chain, Head};

/// What was proven of all logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Each log.
    pub logs: Vec<LogReport>,
    /// Disclosures in the period to the owner.
    pub to_owner: u64,
    /// Disclosures in the period on the basis of a grant or a case.
    pub on_basis: u64,
    /// Grants, cases and merges of the whole journal, carried ones included.
    pub bases: u64,
}

impl Report {
    /// Entries that were proven.
    pub fn entries(&self) -> u64 {
        self.logs.iter().map(|log| log.size + log.unpublished).sum()
    }

    /// From when on all entries of every log are kept; `None` where nothing was pruned.
    pub fn kept_from(&self) -> Option<Moment> {
        self.logs.iter().filter_map(|log| log.kept_from).max()
    }
}

impl Report {
    /// Compares heads that were read after the files with what the files say was anchored.
    ///
    /// # Errors
    /// [`Violation::Older`] where a head was put back, [`Violation::Head`] where it is not of its log and key.
    pub fn was_anchored(&self, chain: &MacKey, heads: &[(LogId, Vec<u8>)]) -> Result<(), Breach> {
        for report in &self.logs {
            let breach = |violation| Breach { log: Some(report.log), violation };
            let Some((log, octets)) = heads.iter().find(|(log, _)| *log == report.log) else {
                // A log is anchored before its first entry: where there are entries and no head, it was taken away.
                if report.size + report.unpublished > 0 {
                    return Err(breach(Violation::Unanchored));
                }
                continue;
            };
            let head = Head::parse(octets, &Chain::new(chain, *log)).map_err(|_| breach(Violation::Head))?;
            if head.size < report.anchored {
                return Err(breach(Violation::Older(head.size, report.anchored)));
            }
        }
        Ok(())
    }
}

/// What was proven of one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogReport {
    /// The log.
    pub log: LogId,
    /// Its name in its checkpoint. The caller compares it with the one it expects.
    pub origin: String,
    /// Its key as others are told it (signed-note).
    pub verifier_key: String,
    /// Entries in the signed tree.
    pub size: u64,
    /// Root of the signed tree; to be compared with a checkpoint kept elsewhere.
    pub root: Digest,
    /// Entries below this index were pruned.
    pub minimum: u64,
    /// All entries from this moment on are kept; `None` where nothing was pruned.
    pub kept_from: Option<Moment>,
    /// Entries that are durable and not yet in the signed tree; none are seen without the key of the checks.
    pub unpublished: u64,
    /// Whether a batch stands unfinished at the end of a segment: a crash, a writer at work, or somebody's hand.
    pub unfinished: bool,
    /// Older checkpoints that were found to be of the same tree.
    pub history: u64,
    /// So much was anchored when its last frame was written; 0 without the key of the checks. A head that is read after
    /// this and says less was put back.
    pub anchored: u64,
    /// How often the clock was set.
    pub clock_sets: u64,
    /// Whether it was set and nobody has said since that it is right.
    pub unsettled: bool,
}

/// What is wrong, and in which log.
#[derive(Debug, thiserror::Error)]
#[error("verify the log {}", log.map_or_else(|| "(none)".to_owned(), |log| log.to_string()))]
pub struct Breach {
    /// The log; `None` where it is about all of them.
    pub log: Option<LogId>,
    /// What is wrong.
    #[source]
    pub violation: Violation,
}

/// What was found to be wrong. Indexes name entries, never people.
#[derive(Debug, thiserror::Error)]
pub enum Violation {
    /// A file is missing or cannot be read.
    #[error("read {0}")]
    Unreadable(&'static str, #[source] io::Error),
    /// A file is not of its shape.
    #[error("read {what}, from entry {index} on")]
    Malformed {
        /// Which kind of file.
        what: &'static str,
        /// The first entry the file stands for.
        index: u64,
    },
    /// A note is not signed with the key.
    #[error("verify the signature of {0}")]
    Signature(&'static str),
    /// Two files do not agree.
    #[error("compare {what}, from entry {index} on: the octets differ")]
    Differs {
        /// Which files.
        what: &'static str,
        /// The first entry they stand for.
        index: u64,
    },
    /// The tree is not the one that was signed.
    #[error("compare the root of {0} entries with the signed one")]
    Root(u64),
    /// A log has entries after the one that it ended with, as another log says: two went on from one copy.
    #[error(
        "find the end of a log after {0} entries: there others went on from it, and it goes on all the same"
    )]
    GoesOn(u64),
    /// A disclosure without a basis that was valid at that moment.
    #[error("find a valid basis for entry {index}: {why}")]
    NoBasis {
        /// The disclosure, or the end of a basis that does not exist.
        index: u64,
        /// What is wrong with its basis.
        why: &'static str,
    },
    /// An entry lies more than a minute before an earlier one.
    #[error("compare the times of entries: entry {0} goes back by more than a minute")]
    TimeWentBack(u64),
    /// The log is not there, or does not reach what was anchored.
    #[error("find the {0} entries that were anchored")]
    Shorter(u64),
    /// Less is anchored than the log says there was once.
    #[error("compare what is anchored: {0} entries are, and {1} were; the store is older than the journal")]
    Older(u64, u64),
    /// The log has entries, and nothing is anchored for it.
    #[error(
        "find the anchored head: the log has entries and none; the store is not the one that belongs to the journal"
    )]
    Unanchored,
    /// A head that was anchored is not of this log and key.
    #[error("verify the anchored head")]
    Head,
    /// The period begins before what is kept.
    #[error("prove the period: entries before {before} were pruned")]
    Pruned {
        /// All entries from this moment on are kept.
        before: Moment,
    },
}

//! `honnin account`.
//!
//! # Security
//! Codes are never words of the command line, where every user of the machine can read them.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Confirmed;
use crate::run::Input;

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Issue one-time codes, for activation or a forgotten password
    ///
    /// With the code the subscriber sets a new password, and all their sessions end. An earlier code is void once the
    /// new one has been written to standard output; where it cannot be written, the earlier code stays valid.
    #[command(after_help = "Examples:\n  honnin account invite mio00000001\n  \
        honnin account invite --list new.csv > codes.csv")]
    Invite(InviteArgs),

    /// Import password hashes made elsewhere; each is hashed again at its first use
    #[command(after_help = "Examples:\n  honnin account import-hashes hashes.csv\n  \
        gpg -d hashes.csv.gpg | honnin account import-hashes --yes -")]
    ImportHashes(ImportArgs),

    /// Move the lines of one account to another, with the consent of both owners
    ///
    /// Each owner signs in, opens /account/merge and reads you the code shown there. May run beside `serve`.
    #[command(after_help = "Examples:\n  honnin account merge --from mio00000001 --into mio00000002\n  \
        honnin account merge --from mio00000001 --into mio00000002 --codes - --yes < codes")]
    Merge(MergeArgs),

    /// Move the lines of a merge back where they came from
    #[command(after_help = "Examples:\n  honnin account merges\n  honnin account unmerge 7")]
    Unmerge(UnmergeArgs),

    /// Take an account out, for good: documents, keys, sessions, the names of its numbers
    ///
    /// Take it out of the ledger first: an extract that still has it brings it back. What it was shown, and who was shown
    /// it, stays in the journal under a pseudonym until the retention ends. Backups made before hold it until you delete
    /// them.
    #[command(
        after_help = "Examples:\n  honnin account erase mio00000001\n  honnin account erase --yes - < login"
    )]
    Erase(EraseArgs),

    /// Write everything held of an account into a file, for a request for disclosure on a support case
    ///
    /// The same file as the subscriber's own export. The case is opened under your name and the look is in the journal before
    /// the file appears, and both stand on the subscriber's page 閲覧の記録. Nothing of it is printed.
    #[command(
        after_help = "Examples:\n  honnin account export mio00000001 --case 2026-0117 --to /media/usb/2026-0117.json\n  \
        honnin --as sato account export - --case 2026-0117 --to 2026-0117.json < login"
    )]
    Export(ExportArgs),

    /// List merges, newest first (CSV)
    #[command(after_help = "Examples:\n  honnin account merges\n  honnin account merges - < login")]
    Merges {
        /// Only merges of this account (会員ID); `-` reads it from standard input
        #[arg(value_name = "LOGIN")]
        login: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct InviteArgs {
    #[command(flatten)]
    pub(crate) who: Invited,

    /// The code also takes the second factor away: for a subscriber who has lost the app and the recovery codes, once you
    /// know who is asking
    #[arg(long, requires = "login")]
    pub(crate) without_second_factor: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Invited {
    /// The account's sign-in name (会員ID); `-` reads it from standard input
    #[arg(value_name = "LOGIN")]
    pub(crate) login: Option<String>,

    /// Issue a code for each sign-in name of this file, one on a line, or CSV with the heading `login`; `-` is
    /// standard input. Prints CSV: login, code, until
    #[arg(long, value_name = "FILE")]
    pub(crate) list: Option<Input>,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// CSV with the headings `login` and `phc` (argon2id, argon2i, argon2d, pbkdf2-sha256 or pbkdf2-sha512; PBKDF2 also as Django and passlib write it); `-` is
    /// standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: Input,

    #[command(flatten)]
    pub(crate) confirmed: Confirmed,
}

#[derive(Debug, Args)]
pub(crate) struct EraseArgs {
    /// The account's sign-in name (会員ID); `-` reads it from standard input
    #[arg(value_name = "LOGIN")]
    pub(crate) login: String,

    #[command(flatten)]
    pub(crate) confirmed: Confirmed,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The account's sign-in name (会員ID); `-` reads it from standard input
    #[arg(value_name = "LOGIN")]
    pub(crate) login: String,

    /// Number of the support case in your own records, such as 2026-0117: letters, digits and -_./# and no name of anybody.
    /// It is in the journal
    #[arg(long, value_name = "NUMBER", value_parser = case_number)]
    pub(crate) case: String,

    /// File to write, outside the data directory, readable by this user only; never overwritten
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
}

/// Longest number of a case.
const LONGEST_CASE: usize = 40;

/// A number of a case, as it may stand in the journal.
fn case_number(word: &str) -> Result<String, String> {
    let is_of_it = |letter: char| letter.is_ascii_alphanumeric() || "-_./#".contains(letter);
    if (1..=LONGEST_CASE).contains(&word.len()) && word.chars().all(is_of_it) {
        return Ok(word.to_owned());
    }
    Err(format!("write up to {LONGEST_CASE} letters, digits and -_./#"))
}

#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// The account that gives its lines (会員ID)
    #[arg(long, value_name = "LOGIN")]
    pub(crate) from: String,

    /// The account that takes them (会員ID)
    #[arg(long, value_name = "LOGIN")]
    pub(crate) into: String,

    /// Where the codes are read from, a line each: first that of the account that gives, then that of the account
    /// that takes
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) codes: Input,

    #[command(flatten)]
    pub(crate) confirmed: Confirmed,
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct UnmergeArgs {
    /// Number of the merge, as printed by `merge` and `merges`
    #[arg(value_name = "MERGE")]
    pub(crate) merge: u64,

    #[command(flatten)]
    pub(crate) confirmed: Confirmed,
}

//! Commands that work on the data of an installation: `intake`, `journal`, `isolation`, `key`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use honnin_terms::{Day, Moment};

use super::{Confirmed, EscrowCommand};
use crate::run::Input;

#[derive(Debug, Subcommand)]
pub(crate) enum IntakeCommand {
    /// Import an extract: files in directories
    ///
    /// Importing the same files again changes nothing, nor does an import that was killed and started again.
    #[command(after_help = "Examples:\n  honnin intake files --mapping mapping.toml --check extract/\n  \
        honnin intake files --mapping mapping.toml extract/\n  honnin intake files --mapping mapping.toml --retry")]
    Files(IntakeArgs),
    /// Check a mapping on an extract without importing anything: what is not understood, and what it makes of a few
    /// subscribers
    ///
    /// On a terminal the facts of ten subscribers are shown as they would be imported; they are personal and go nowhere
    /// else. With --explain one row is explained: what is wrong with it, and which key of the mapping would take it.
    #[command(after_help = "Examples:\n  honnin intake check --mapping mapping.toml extract/\n  \
        honnin intake check --mapping mapping.toml --explain buckets.csv:3 extract/\n  \
        honnin intake check --mapping mapping.toml --explain 4be1c20a77")]
    Check(CheckArgs),
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Mapping file; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: Input,

    /// Explain one row: `FILE:LINE` of the extract, or the name of a row set aside
    #[arg(long, value_name = "ROW")]
    pub(crate) explain: Option<String>,

    /// Number of subscribers whose facts are shown
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) preview: usize,

    /// Directories (or files) of the extract
    #[arg(value_name = "DIR", required_unless_present = "explain")]
    pub(crate) directories: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineCommand {
    /// List rows set aside: name, file, line, reason; nothing of what they say
    #[command(
        after_help = "Examples:\n  honnin quarantine list\n  honnin quarantine list --json | jq -r '.rows[].reason'"
    )]
    List,
    /// Show what a row says, on a terminal only: its values are personal
    #[command(after_help = "Examples:\n  honnin quarantine show --mapping mapping.toml 4be1c20a77")]
    Show {
        /// Mapping file; `-` is standard input
        #[arg(long, value_name = "FILE")]
        mapping: Input,
        /// Name of the row, or its beginning
        #[arg(value_name = "ROW")]
        row: String,
    },
    /// Import rows although they were set aside
    ///
    /// A conflict takes the place of what was imported before, a row near a change of holder goes to who held it at that
    /// time, an incomplete set counts as whole. Other rows set aside are tried again along with them.
    #[command(
        after_help = "Examples:\n  honnin quarantine accept --mapping mapping.toml 4be1c20a77 91d0f3a2b6"
    )]
    Accept {
        /// Mapping file; `-` is standard input
        #[arg(long, value_name = "FILE")]
        mapping: Input,
        /// Names of the rows, or their beginnings
        #[arg(value_name = "ROW", required = true)]
        rows: Vec<String>,
    },
    /// Drop rows: they are no word of the ledger. This cannot be undone but by importing their file again
    #[command(after_help = "Examples:\n  honnin quarantine drop --mapping mapping.toml 4be1c20a77\n  \
        honnin quarantine drop --mapping mapping.toml --yes 4be1c20a77 91d0f3a2b6")]
    Drop {
        /// Mapping file; `-` is standard input
        #[arg(long, value_name = "FILE")]
        mapping: Input,
        /// Names of the rows, or their beginnings
        #[arg(value_name = "ROW", required = true)]
        rows: Vec<String>,
        #[command(flatten)]
        confirmed: Confirmed,
    },
}

#[derive(Debug, Args)]
pub(crate) struct IntakeArgs {
    /// Mapping file: what the operator's files, headings and values mean; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: Input,

    /// Read everything, write nothing, and report what would not be understood
    #[arg(long, conflicts_with = "retry")]
    pub(crate) check: bool,

    /// Process the rows in quarantine again instead of reading files, after the mapping or the ledger was corrected
    #[arg(long, conflicts_with = "directories")]
    pub(crate) retry: bool,

    /// When the extract was written, such as 2026-11-20T06:00:00+09:00: the time of rows that say none, in files whose
    /// names say none [default: now]
    #[arg(long, value_name = "TIME", conflicts_with = "retry")]
    pub(crate) as_of: Option<Moment>,

    /// Directories (or files) of the extract
    #[arg(value_name = "DIR", required_unless_present = "retry")]
    pub(crate) directories: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Make the PostgreSQL database of `store.url` ready, or bring it up to date, as its owner
    ///
    /// Makes the schema and grants the role of the address what it needs. That role must exist and may own nothing. Running it
    /// again changes nothing.
    #[command(
        after_help = "Examples:\n  honnin store prepare --owner 'postgresql://postgres@/honnin?host=/run/postgresql'"
    )]
    Prepare(PrepareArgs),
    /// Copy the store from the file to a database, or from a database to the file; nothing is decrypted on the way
    ///
    /// From the store of the settings to another that is empty. Forces `read_only`, which stays until `honnin mode release`.
    /// Beside a server it copies nearly all, and ends with exit code 4; with every server stopped it copies what has changed
    /// since, reads every row back, and the copy is whole. One that was killed goes on where it was. Until it is whole no
    /// command opens the copy.
    #[command(
        after_help = "Examples:\n  honnin store copy --to 'postgresql://honnin@/honnin?host=/run/postgresql'\n  \
        honnin store copy --to file\n  honnin store copy --check --to file"
    )]
    Copy(CopyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct CopyArgs {
    /// Where to: `file`, or the address of a database that `honnin store prepare --for` has made ready
    #[arg(long, value_name = "URL|file")]
    pub(crate) to: String,

    /// File with the password of the role of that address, readable by this user only
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,

    /// Compare every row and write nothing
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PrepareArgs {
    /// Address of the database for the role that is to serve it [default: store.url]
    #[arg(long = "for", value_name = "URL")]
    pub(crate) serves: Option<String>,

    /// Address of the same database for the role that is to own the schema
    #[arg(long, value_name = "URL")]
    pub(crate) owner: String,

    /// File with that role's password, readable by this user only
    #[arg(long, value_name = "FILE")]
    pub(crate) owner_password_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Verify that the key file opens the keyring and every key in it
    #[command(after_help = "Examples:\n  honnin key check\n  honnin --data /restored key check")]
    Check,
    /// Change the key file, in two steps, while the server runs
    ///
    /// First with --to: another key file opens the keyring as well. Then set `keys.key_file` (or the credential) to it,
    /// and with --finish the old one opens nothing more. Nothing that is stored is written anew. A step that was killed is done
    /// by giving it again; in between either key file starts a server.
    #[command(
        after_help = "Examples:\n  honnin key rotate --to /etc/honnin/key.2027\n  honnin key rotate --finish"
    )]
    Rotate(RotateArgs),
    /// Split the key file into shares for people who keep them, or bring it back from shares
    #[command(subcommand)]
    Escrow(EscrowCommand),
}

#[derive(Debug, Args)]
#[group(id = "step", required = true, multiple = false, args = ["to", "finish"])]
pub(crate) struct RotateArgs {
    /// The key file to come, outside the data directory; created where absent, never overwritten. Or `socket:PATH`: a key
    /// agent's, whose token wraps a new key
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,

    /// Let the key file of the settings be the only one
    #[arg(long)]
    pub(crate) finish: bool,

    #[command(flatten)]
    pub(crate) confirmed: Confirmed,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// Verify the journal: nothing was changed, and every viewer was the owner or had a basis valid at that moment
    ///
    /// Trusts the keyring, or the key that is given; never what lies beside the journal. May run beside `serve`. Exit
    /// code 5 where there is no journal yet, 6 where it does not verify.
    #[command(
        after_help = "Examples:\n  honnin journal verify\n  honnin journal verify --from 2026-11-01 --to 2026-11-30"
    )]
    Verify {
        /// The key that signs the journal, as `journal.pub` had it when the journal was begun: needs no key file. What
        /// is not yet in a signed tree, or cut off its end, is then not seen
        #[arg(long, value_name = "BASE64")]
        key: Option<String>,
        #[command(flatten)]
        period: Period,
    },
    /// List who was shown this account's data, oldest first (CSV); verifies what it answers from
    #[command(after_help = "Examples:\n  honnin journal who-saw mio00000001 --from 2026-11-01\n  \
        honnin journal who-saw - < login")]
    WhoSaw(Question),
    /// List what this account was shown, oldest first (CSV); verifies what it answers from
    #[command(after_help = "Examples:\n  honnin journal seen-by mio00000001 --from 2026-11-01\n  \
        honnin journal seen-by - < login")]
    SeenBy(Question),
    /// Go on with the journal as its files are, after the store or the journal was restored from a copy
    ///
    /// For the person who restored it, with the server stopped. Everything in the files is proven first; what was written
    /// after the copy was made is given up, and the journal names who said so.
    #[command(after_help = "Examples:\n  honnin journal accept")]
    Accept(Confirmed),
    /// Let checkpoints of the journal leave for where the settings say now
    ///
    /// For the person who changed journal.checkpoints or journal.witnesses: a start is refused where a place is missing
    /// that they left for before. The journal names who said so.
    #[command(after_help = "Examples:\n  honnin journal redirect")]
    Redirect(Confirmed),
    /// List what operators did at the command line, oldest first (CSV); verifies what it answers from
    #[command(after_help = "Examples:\n  honnin journal acts --from 2026-11-01")]
    Acts {
        #[command(flatten)]
        period: Period,
    },
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum ClockCommand {
    /// Take the present time for the right one, after the clock has jumped
    ///
    /// For the person who has looked at it. A jump of more than a minute is in the journal, in /readyz, in the metrics and
    /// in `honnin doctor` until then; what rests on a grant or a case waits.
    #[command(after_help = "Examples:\n  honnin clock accept")]
    Accept(Confirmed),
}

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum WaitingRoomCommand {
    /// Show whether people wait in line to sign in, how many, and what is planned
    #[command(after_help = "Examples:\n  honnin waiting-room show")]
    Show,

    /// Have the waiting room open at a time, such as before a launch mail, whatever is measured
    ///
    /// Who is signed in is never placed in line. Afterwards it stays open while somebody waits, and opens by itself when
    /// it has to. A later plan takes the place of this one.
    #[command(
        after_help = "Examples:\n  honnin waiting-room open --at 2026-12-01T09:55 --until 2026-12-01T12:00\n  \
        honnin waiting-room open --until 2026-12-01T12:00"
    )]
    Open(OpenRoomArgs),

    /// Take the plan back and close it now; it opens again by itself when it has to
    #[command(after_help = "Examples:\n  honnin waiting-room close")]
    Close,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct OpenRoomArgs {
    /// From when on, in the operator's zone or with an offset [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,

    /// Until when
    #[arg(long, value_name = "TIME")]
    pub(crate) until: String,
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum IsolationCommand {
    /// Verify the journal and, where it verifies, let every node show personal pages again
    ///
    /// For the person who has found the cause of the alarm. Nothing has to be started again.
    #[command(after_help = "Examples:\n  honnin isolation lift\n  honnin isolation lift --yes --as sato")]
    Lift(LiftArgs),
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct LiftArgs {
    #[command(flatten)]
    pub(crate) confirmed: Confirmed,
}

#[derive(Debug, Args)]
pub(crate) struct Question {
    /// The account's sign-in name (会員ID); `-` reads it from standard input
    #[arg(value_name = "LOGIN")]
    pub(crate) login: String,

    #[command(flatten)]
    pub(crate) period: Period,
}

/// Days of the operator's zone, both within.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Period {
    /// First day, such as 2026-11-01
    #[arg(long, value_name = "DAY")]
    pub(crate) from: Option<Day>,

    /// Last day
    #[arg(long, value_name = "DAY")]
    pub(crate) to: Option<Day>,
}

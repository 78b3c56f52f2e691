//! `honnin notice` and `honnin status`: what the public is told, and the page that tells it.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use honnin_notices::{Impact, Part, State};
use honnin_terms::Moment;

#[derive(Debug, Subcommand)]
pub(crate) enum NoticeCommand {
    /// Open an incident, or announce planned work
    ///
    /// What is said is public from then on and stays: it can be added to, never changed.
    #[command(after_help = "Examples:\n  honnin notice open slow\n  \
        honnin notice open maintenance --started 2026-12-01T01:00:00+09:00 --ends 2026-12-01T05:00:00+09:00\n  \
        honnin notice open --title-ja … --title-en … --ja … --en … --impact major")]
    Open(OpenArgs),
    /// Say more about an incident: its state, a new expected end, the time of the next update
    #[command(after_help = "Examples:\n  honnin notice update 3 --ja … --en … --next 30\n  \
        honnin notice update 3 --ends 2026-12-01T07:00:00+09:00 --ja … --en …")]
    Update(UpdateArgs),
    /// Say that an incident is over
    #[command(after_help = "Examples:\n  honnin notice resolve 3\n  \
        honnin notice resolve 3 --ended 2026-12-01T06:40:00+09:00 --ja … --en …")]
    Resolve(ResolveArgs),
    /// List incidents, newest first
    #[command(after_help = "Examples:\n  honnin notice list\n  honnin notice list --json | jq .incidents[0]")]
    List,
    /// List the templates: words that are ready, in both languages
    #[command(after_help = "Examples:\n  honnin notice templates")]
    Templates,
}

/// What is said, in both languages.
#[derive(Debug, Args)]
pub(crate) struct Words {
    /// Text in Japanese [default: that of the template]
    #[arg(long, value_name = "TEXT", requires = "en")]
    pub(crate) ja: Option<String>,

    /// Text in English
    #[arg(long, value_name = "TEXT", requires = "ja")]
    pub(crate) en: Option<String>,
}

/// What is promised, and whether it is written down who said it.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Promised {
    /// Minutes until the next update, which is shown overdue when it does not come; 0 promises none
    #[arg(long, value_name = "MINUTES", default_value_t = 30, value_parser = clap::value_parser!(u32).range(0..=10_080))]
    pub(crate) next: u32,

    /// Say it although the journal takes no entry: who said it is then not recorded
    #[arg(long)]
    pub(crate) unrecorded: bool,
}

#[derive(Debug, Args)]
pub(crate) struct OpenArgs {
    /// Template (see `honnin notice templates`); without one title, text and impact are required
    #[arg(value_name = "TEMPLATE", required_unless_present_all = ["title_ja", "ja", "impact"])]
    pub(crate) template: Option<String>,

    /// Title in Japanese
    #[arg(long, value_name = "TEXT", requires = "title_en")]
    pub(crate) title_ja: Option<String>,

    /// Title in English
    #[arg(long, value_name = "TEXT", requires = "title_ja")]
    pub(crate) title_en: Option<String>,

    #[command(flatten)]
    pub(crate) words: Words,

    /// none, minor, major, critical, or maintenance for planned work
    #[arg(long, value_name = "IMPACT")]
    pub(crate) impact: Option<Impact>,

    /// Part of the service it affects: `sign_in`, pages, acts, documents; may be repeated
    #[arg(long = "part", value_name = "PART")]
    pub(crate) parts: Vec<Part>,

    /// Since when, or from when planned work is, such as 2026-12-01T01:00:00+09:00 [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) started: Option<Moment>,

    /// Expected end
    #[arg(long, value_name = "TIME")]
    pub(crate) ends: Option<Moment>,

    #[command(flatten)]
    pub(crate) promised: Promised,
}

#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    /// Number of the incident, as printed by `open` and `list`
    #[arg(value_name = "INCIDENT")]
    pub(crate) incident: u64,

    #[command(flatten)]
    pub(crate) words: Words,

    /// investigating, identified or monitoring; `scheduled` or `in_progress` for planned work
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Option<State>,

    /// none, minor, major or critical
    #[arg(long, value_name = "IMPACT")]
    pub(crate) impact: Option<Impact>,

    /// New expected end; the one before stays visible beside it
    #[arg(long, value_name = "TIME", conflicts_with = "no_end")]
    pub(crate) ends: Option<Moment>,

    /// Take the expected end back: it is not known
    #[arg(long)]
    pub(crate) no_end: bool,

    #[command(flatten)]
    pub(crate) promised: Promised,
}

#[derive(Debug, Args)]
pub(crate) struct ResolveArgs {
    /// Number of the incident
    #[arg(value_name = "INCIDENT")]
    pub(crate) incident: u64,

    #[command(flatten)]
    pub(crate) words: Words,

    /// When it was over [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) ended: Option<Moment>,

    /// Say it although the journal takes no entry: who said it is then not recorded
    #[arg(long)]
    pub(crate) unrecorded: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StatusCommand {
    /// Serve the status page: another process, which works with everything else dead
    ///
    /// Reads the directory of the record and a public key, and needs nothing else of the installation. Remembers what it
    /// has verified: where the record does not go on from that, the page says so and shows what it knew.
    #[command(after_help = "Examples:\n  \
        honnin status serve /var/lib/honnin-status --key /etc/honnin/notices.pub --memory /var/lib/honnin-page/kept\n  \
        honnin status serve /srv/record --key notices.pub --memory kept --out /srv/www")]
    Serve(ServeArgs),
    /// Write the status page as static files, to be published elsewhere
    #[command(
        after_help = "Examples:\n  honnin status write /srv/www --record /var/lib/honnin-status --key notices.pub"
    )]
    Write(WriteArgs),
    /// Verify the record: nothing in it was changed, and nothing taken away that was signed or seen before
    ///
    /// Without a record that of the installation, by its keyring, its own memory and the acts in the journal. Exit code 6
    /// where it does not verify.
    #[command(after_help = "Examples:\n  honnin status verify\n  \
        honnin status verify --record copy --key notices.pub --checkpoint checkpoint-of-last-week")]
    Verify(VerifyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Directory of the record
    #[arg(value_name = "RECORD")]
    pub(crate) record: PathBuf,

    /// File with the key that signs it: `notices.pub` of the installation, copied by hand
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,

    /// File in which this process remembers what it has verified
    #[arg(long, value_name = "FILE")]
    pub(crate) memory: PathBuf,

    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8089")]
    pub(crate) listen: SocketAddr,

    /// Directory to which the page is also written as static files, whenever it changes
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct WriteArgs {
    /// Directory to write to
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,

    /// Directory of the record
    #[arg(long, value_name = "DIR")]
    pub(crate) record: PathBuf,

    /// File with the key that signs it
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,

    /// File in which is remembered what was verified
    #[arg(long, value_name = "FILE")]
    pub(crate) memory: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Directory of the record [default: that of the installation]
    #[arg(long, value_name = "DIR", requires = "key")]
    pub(crate) record: Option<PathBuf>,

    /// File with the key that signs it
    #[arg(long, value_name = "FILE", requires = "record")]
    pub(crate) key: Option<PathBuf>,

    /// A checkpoint of it that was kept elsewhere; may be repeated
    #[arg(long = "checkpoint", value_name = "FILE")]
    pub(crate) checkpoints: Vec<PathBuf>,
}

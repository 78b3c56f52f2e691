//! Commands that need no installation, or make one: `init`, `config`, `demo`, `drill`, `man`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use honnin_terms::Moment;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  honnin init /var/lib/honnin --key-file /etc/honnin/key")]
pub(crate) struct InitArgs {
    /// Data directory to create; it must be empty or absent
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,

    /// Key file, outside the data directory; created where absent, never overwritten. Or `socket:PATH`: a key agent's
    ///
    /// Without it nothing in the data directory can be read: keep a copy apart, or shares where a token holds the key.
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: PathBuf,

    /// Create an installation for demos: its keyring says so for good, and so does every page and command
    #[arg(long)]
    pub(crate) demo: bool,

    /// Use this PostgreSQL database instead of a file in the data directory, such as
    /// postgresql://honnin@/honnin?host=/run/postgresql
    #[arg(long, value_name = "URL")]
    pub(crate) store_url: Option<String>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check the settings file and the files it names, as `serve` does; reports every mistake at once
    #[command(after_help = "Examples:\n  honnin config check\n  \
        honnin config check --settings /etc/honnin/new.toml --data /var/lib/honnin")]
    Check,
    /// Print the effective values, defaults included
    #[command(after_help = "Examples:\n  honnin config print\n  honnin config print --json | jq .server")]
    Print,
    /// Print the settings file of a new installation
    #[command(after_help = "Examples:\n  honnin config default > honnin.toml")]
    Default,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  honnin demo\n  honnin demo --data /tmp/shop --listen 127.0.0.1:9000\n  \
    honnin demo --sessions 100 --sessions-out sessions.csv"
)]
pub(crate) struct DemoArgs {
    /// Import this ledger instead of the sample
    #[arg(long, value_name = "DIR")]
    pub(crate) ledger: Option<PathBuf>,

    /// Mapping file of that ledger [default: that of the sample]
    #[arg(long, value_name = "FILE", requires = "ledger")]
    pub(crate) mapping: Option<PathBuf>,

    /// Time of the demo's clock at its start, such as 2026-11-20T06:00:00+09:00 [default: the newest time in the
    /// ledger]
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<Moment>,

    /// Address to listen on; loopback only, because a demo has no TLS
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,

    /// Create N signed-in sessions, round-robin over the accounts, for load tools
    #[arg(long, value_name = "N", requires = "sessions_out", default_value_t = 0)]
    pub(crate) sessions: usize,

    /// Write these sessions to a file when ready: CSV with the headings account and cookie
    #[arg(long, value_name = "FILE", requires = "sessions")]
    pub(crate) sessions_out: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DrillCommand {
    /// List all drills, including those not yet implemented
    #[command(
        after_help = "Examples:\n  honnin drill list\n  honnin drill list --json | jq -r '.drills[].name'"
    )]
    List,
    /// Run drills: one line for every check, exit code 4 where one fails
    #[command(after_help = "Examples:\n  honnin drill run D01\n  \
        honnin drill run all --seconds 60 --report drills.json --page drills.html")]
    Run(DrillArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DrillArgs {
    /// Names such as D01, or `all`
    #[arg(value_name = "DRILL", required = true)]
    pub(crate) names: Vec<String>,

    /// Duration of load in seconds, for each drill that makes load
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) seconds: u64,

    /// Seed of every random choice; the same seed repeats a run
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    pub(crate) seed: u64,

    /// Number of subscribers in a drill that makes load; others take as many as they need
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=20_000))]
    pub(crate) subjects: u64,

    /// Number of connections in a drill that makes load
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) connections: u16,

    /// Number of processes in drills that run `serve`: 1, or 2 on one database behind a balancer
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
    pub(crate) nodes: u8,

    /// Another build of this program, for drills that have two of them (D06, D15) [default: a copy of this one that differs
    /// in its hash]
    #[arg(long, value_name = "FILE")]
    pub(crate) other_build: Option<PathBuf>,

    /// Write the report as JSON to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// Write the report as one HTML page to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) page: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  honnin man /usr/local/share/man/man1\n  honnin man --markdown > commands.md"
)]
pub(crate) struct ManualArgs {
    /// Directory to write to; it must exist
    #[arg(value_name = "DIR", required_unless_present = "markdown")]
    pub(crate) directory: Option<PathBuf>,

    /// Print all pages as one Markdown page instead: docs/reference/commands.md
    #[arg(long, conflicts_with = "directory")]
    pub(crate) markdown: bool,
}

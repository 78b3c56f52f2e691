//! `honnin tenant` and `honnin door`: many brands on one machine, a house each behind one door.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use honnin_front::Prefix;

use super::Confirmed;

#[derive(Debug, Subcommand)]
pub(crate) enum TenantCommand {
    /// Make a tenant: a house with its own settings, keys, data, journal and log, and a card by which the door finds it
    ///
    /// The house is a data directory as `honnin init` makes it, and every other command works on it with `--data`.
    #[command(
        after_help = "Examples:\n  honnin tenant make umi --houses /srv/honnin --host my.umi.example\n  \
        honnin tenant make yama --houses /srv/honnin --host my.yama.example --host www.yama.example \\\n    \
        --key-file /etc/honnin/yama.key --socket /run/honnin-yama/door.sock"
    )]
    Make(MakeArgs),
    /// List the tenants, the hosts they are found at, and whether they serve
    #[command(after_help = "Examples:\n  honnin tenant list --houses /srv/honnin\n  \
        honnin tenant list --houses /srv/honnin --json | jq -r '.tenants[] | select(.serves == false) | .name'")]
    List(HousesArgs),
    /// Take a tenant away: destroy its keys, then everything in its house
    ///
    /// Refused while it serves. A backup opens with the key file it was made under, from before a `key rotate` too: copies
    /// of those are yours to destroy, and a key file that only its settings name.
    #[command(after_help = "Examples:\n  honnin tenant remove umi --houses /srv/honnin --as sato")]
    Remove(RemoveArgs),
}

#[derive(Debug, Args)]
pub(crate) struct HousesArgs {
    /// Directory of the houses
    #[arg(long, value_name = "DIR")]
    pub(crate) houses: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct MakeArgs {
    /// Name of the house: small letters, digits and hyphens
    #[arg(value_name = "NAME")]
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) houses: HousesArgs,

    /// Name at which its subscribers find it, such as my.example.jp; may be repeated
    #[arg(long = "host", value_name = "HOST", required = true)]
    pub(crate) hosts: Vec<String>,

    /// Key file of its own, created; one that is there is refused [default: NAME.key beside the house]
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,

    /// Where it takes connections from the door [default: NAME.sock beside the house]
    #[arg(long, value_name = "FILE")]
    pub(crate) socket: Option<PathBuf>,

    /// Use this PostgreSQL database instead of a file in the house, such as
    /// postgresql://honnin-umi@/honnin-umi?host=/run/postgresql; database and role are this tenant's alone
    #[arg(long, value_name = "URL")]
    pub(crate) store_url: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    /// Name of the house
    #[arg(value_name = "NAME")]
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) houses: HousesArgs,

    #[command(flatten)]
    pub(crate) confirmed: Confirmed,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DoorCommand {
    /// Accept connections for all houses and hand each to the house it names, until SIGTERM or Ctrl-C
    ///
    /// Looks at the name in the hello of TLS, or at the host of a plain request, reads nothing and has no key. Houses that
    /// are made or taken away are noticed within a second. Connections that were handed over outlive it.
    #[command(
        after_help = "Examples:\n  honnin door serve --houses /srv/honnin --listen 0.0.0.0:443 --listen [::]:443"
    )]
    Serve(DoorArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DoorArgs {
    #[command(flatten)]
    pub(crate) houses: HousesArgs,

    /// Address to accept connections on; may be repeated. An IPv6 address takes IPv6 alone. A socket that a supervisor hands
    /// over is taken for its address
    #[arg(long = "listen", value_name = "ADDRESS", required = true)]
    pub(crate) listen: Vec<SocketAddr>,

    /// Address for monitoring: /metrics, /healthz and /readyz; loopback only
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9089", value_parser = loopback)]
    pub(crate) metrics: SocketAddr,

    /// Maximum number of connections that are not handed over yet; further ones wait in the system's queue
    #[arg(long, value_name = "N", default_value_t = 4_096, value_parser = clap::value_parser!(u32).range(16..=1_000_000))]
    pub(crate) waiting: u32,

    /// Timeout of a connection that does not say whom it is for, in seconds
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(crate) seconds: u64,

    /// Prefix shared by many subscribers, or of a balancer that sends PROXY v2; the maximum per address does not apply to
    /// it; may be repeated
    #[arg(long = "shared", value_name = "PREFIX")]
    pub(crate) shared: Vec<Prefix>,
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address = text.parse::<SocketAddr>().ok();
    address
        .filter(|address| address.ip().is_loopback())
        .ok_or_else(|| "expect a loopback address and a port, such as 127.0.0.1:9089".to_owned())
}

//! `honnin tenant make`: a house of its own for one brand.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use honnin_terms::Clock as _;
use serde::Serialize;

use crate::command::MakeArgs;
use crate::failure::{Exit, Failure};
use crate::houses::{Held, House};
use crate::installation::Installation;
use crate::machine::SystemClock;
use crate::say::Say;
use crate::settings::{MaybePath, Settings};

/// Monitors of houses are answered from this port on, by the numbers of the houses.
const FIRST_MONITOR: u32 = 9_090;

#[derive(Serialize)]
struct Made {
    name: String,
    number: u32,
    hosts: Vec<String>,
    data: PathBuf,
    key_file: PathBuf,
    card: PathBuf,
    socket: PathBuf,
    metrics: SocketAddr,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, hosts, data, key_file, card, socket, metrics, .. } = self;
        let (data, key_file, card, socket) =
            (data.display(), key_file.display(), card.display(), socket.display());
        write!(
            f,
            "tenant     {name}, found at {}\n\
             data       {data}\n\
             key file   {key_file} (created)\n\
             card       {card}: hosts, and the socket {socket}\n\
             metrics    {metrics}\n\n\
             Keep a copy of the key file apart from every copy of the data: without it nothing can be read again.\n\
             Next:\n  \
             1. edit {data}/honnin.toml (tenant: name, languages, zone, currency, colours; listen: certificate)\n  \
             2. honnin --data {data} config check\n  \
             3. honnin --data {data} intake files --mapping FILE LEDGER-DIR\n  \
             4. honnin --data {data} serve, as a user of its own, beside honnin door serve",
            hosts.join(", ")
        )
    }
}

/// The settings of a new house: what has to differ from those of every other one.
fn settings(house: &House) -> Result<Settings, Failure> {
    let card = house.card.to_str().ok_or_else(|| {
        let shown = house.card.display();
        Failure::cannot(format_args!(
            "use the card {shown}: its path must be UTF-8 to be written in the settings"
        ))
    })?;
    let mut settings = Settings::default();
    settings.tenant.id = house.number;
    settings.tenant.name.clone_from(&house.name);
    settings.listen.public = Vec::new();
    settings.listen.door = MaybePath::of(card);
    let port = FIRST_MONITOR.saturating_add(house.number);
    // Beyond the last port the system chooses one.
    settings.listen.metrics.set_port(u16::try_from(port).unwrap_or(0));
    settings.journal.name = format!("honnin/{}", house.name);
    settings.logs.directory = MaybePath::of("logs");
    Ok(settings)
}

pub(super) fn make(say: Say, operator: &str, args: &MakeArgs) -> Result<Exit, Failure> {
    let held = Held::take(&args.houses.houses, true)?;
    let house = held.plan(&args.name, args.hosts.clone(), [args.socket.clone(), args.key_file.clone()])?;
    let data = house.directory();
    let (installation, _) = Installation::begin(&data, &house.key_file, settings(&house)?, false)?;
    // The number is taken before anybody can find the house.
    held.record("made", &house, operator, SystemClock.now().to_string())?;
    held.write(&house)?;
    let made = Made {
        name: house.name.clone(),
        number: house.number,
        hosts: house.hosts.names().map(str::to_owned).collect(),
        data,
        key_file: house.key_file,
        card: house.card,
        socket: house.socket,
        metrics: installation.settings.listen.metrics,
    };
    say.tell(&made).map_err(|failure| failure.but("the tenant was made"))?;
    Ok(Exit::Done)
}

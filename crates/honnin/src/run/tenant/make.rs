//! `honnin tenant make`: a house of its own for one brand.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use honnin_terms::Clock as _;
use serde::Serialize;

use crate::command::MakeArgs;
use crate::failure::{Exit, Failure};
use crate::houses::{Held, House, Houses};
use crate::installation::Installation;
use crate::key_file;
use crate::machine::{SystemClock, SystemEntropy};
use crate::run::backup::KEYRING;
use crate::say::Say;
use crate::settings::{MaybePath, Settings, Store};
use crate::wiring::engine;

/// Monitors of houses are answered from this port on, by the numbers of the houses.
const FIRST_MONITOR: u32 = 9_090;
/// The token that its monitor requires, in a house: any user of the machine reaches an address of loopback.
const TOKEN: &str = "metrics.token";

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
    metrics_token: PathBuf,
    /// Whether the store is a database, which its owner has to make ready.
    #[serde(skip)]
    database: bool,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, hosts, data, key_file, card, socket, metrics, metrics_token, database, .. } = self;
        let [data, key_file, card, socket, metrics_token] =
            [data, key_file, card, socket, metrics_token].map(|path| path.display());
        let prepare = if *database {
            format!("  0. honnin --data {data} store prepare --owner URL, as the owner of the database\n")
        } else {
            String::new()
        };
        write!(
            f,
            "tenant     {name}, found at {}\n\
             data       {data}\n\
             key file   {key_file} (created)\n\
             card       {card}: hosts, and the socket {socket}\n\
             metrics    {metrics}, with the token in {metrics_token}\n\n\
             Keep a copy of the key file apart from every copy of the data: without it nothing can be read again.\n\
             Next:\n{prepare}  \
             1. edit {data}/honnin.toml (tenant: name, languages, zone, currency, colours; listen: certificate)\n  \
             2. honnin --data {data} config check\n  \
             3. honnin --data {data} intake files --mapping FILE LEDGER-DIR\n  \
             4. honnin --data {data} serve, as a user of its own, beside honnin door serve",
            hosts.join(", ")
        )
    }
}

/// The settings of a new house: what has to differ from those of every other one.
fn settings(house: &House, store_url: Option<&str>) -> Result<Settings, Failure> {
    let card = house.card.to_str().ok_or_else(|| {
        let shown = house.card.display();
        Failure::cannot(format_args!(
            "use the card {shown}: its path must be UTF-8 to be written in the settings"
        ))
    })?;
    let mut settings = Settings::default();
    store_url.unwrap_or_default().clone_into(&mut settings.store.url);
    settings.tenant.id = house.number;
    settings.tenant.name.clone_from(&house.name);
    settings.listen.public = Vec::new();
    settings.listen.door = MaybePath::of(card);
    let port = FIRST_MONITOR.saturating_add(house.number);
    // Beyond the last port the system chooses one.
    settings.listen.metrics.set_port(u16::try_from(port).unwrap_or(0));
    settings.listen.metrics_token = MaybePath::of(TOKEN);
    settings.journal.name = format!("honnin/{}", house.name);
    settings.logs.directory = MaybePath::of("logs");
    Ok(settings)
}

/// Refuses a database, or a role, that another house has: what keeps brands apart there is that neither reaches the other's.
fn refuse_taken(houses: &Houses, name: &str, url: &str) -> Result<(), Failure> {
    let making = |reason: Failure| reason.during(&format!("make the tenant {name:?}"));
    // It is an address, also where there is no other house.
    let has_of = |other: &Store| engine::has_of(other, url).map_err(|reason| making(reason.into()));
    has_of(&Store::default())?;
    let unknown = |why: &dyn fmt::Display| {
        Failure::cannot(format_args!(
            "make the tenant {name:?}: whether another has the database of store.url cannot be told; mend this first: {why}"
        ))
    };
    if let Some(problem) = houses.bad.values().next() {
        return Err(unknown(problem));
    }
    for other in &houses.all {
        let theirs = match super::settings(other).map_err(|reason| unknown(&reason))? {
            Some(theirs) => theirs.store,
            // Where the keyring is gone too nothing opens what may lie there.
            None if !other.directory().join(KEYRING).exists() => continue,
            None => return Err(unknown(&format_args!("{} is not there", other.settings().display()))),
        };
        // Nobody is told of another's address.
        let Some(same) = has_of(&theirs)? else { continue };
        return Err(Failure::cannot(format_args!(
            "make the tenant {name:?}: the {same} of store.url is that of {:?}, and each tenant has one of its own; create \
             another",
            other.name
        )));
    }
    Ok(())
}

pub(super) fn make(say: Say, operator: &str, args: &MakeArgs) -> Result<Exit, Failure> {
    let held = Held::take(&args.houses.houses, true)?;
    let house = held.plan(&args.name, args.hosts.clone(), [args.socket.clone(), args.key_file.clone()])?;
    let data = house.directory();
    if let Some(url) = &args.store_url {
        refuse_taken(&held.houses, &house.name, url)?;
    }
    // The number is taken before there is anything of the house, and whoever comes after an interruption is told what.
    held.record_making(&house, operator, SystemClock.now().to_string())?;
    let (installation, _) =
        Installation::begin(&data, &house.key_file, settings(&house, args.store_url.as_deref())?, false)?;
    let metrics_token = data.join(TOKEN);
    key_file::create_token(&metrics_token, &SystemEntropy).map_err(|reason| Failure::settings(&reason))?;
    held.write(&house)?;
    held.record("made", &house, operator, SystemClock.now().to_string())?;
    let made = Made {
        name: house.name.clone(),
        number: house.number,
        hosts: house.hosts.names().map(str::to_owned).collect(),
        data,
        key_file: house.key_file,
        card: house.card,
        socket: house.socket,
        metrics: installation.settings.listen.metrics,
        metrics_token,
        database: args.store_url.is_some(),
    };
    say.tell(&made).map_err(|failure| failure.but("the tenant was made"))?;
    Ok(Exit::Done)
}

//! `honnin tenant`: brands on one machine, made, listed and taken away.

mod destroy;
mod make;
mod remove;

use std::fmt;
use std::fs;
use std::io;

use serde::Serialize;

use crate::command::TenantCommand;
use crate::failure::{Exit, Failure};
use crate::houses::{House, Houses};
use crate::machine;
use crate::say::{self, Say};
use crate::settings::Settings;

pub(super) fn tenant(say: Say, operator: &str, command: &TenantCommand) -> Result<Exit, Failure> {
    machine::keep_files_to_owner();
    match command {
        TenantCommand::Make(args) => make::make(say, operator, args),
        TenantCommand::List(args) => list(say, &Houses::read(&args.houses)?),
        TenantCommand::Remove(args) => remove::remove(say, operator, args),
    }
}

#[derive(Serialize)]
struct Listed {
    tenants: Vec<Tenant>,
}

#[derive(Serialize)]
struct Tenant {
    name: String,
    number: u32,
    hosts: Vec<String>,
    /// `None` where whoever asks may not open its socket.
    serves: Option<bool>,
}

impl Tenant {
    fn of(house: &House) -> Self {
        let hosts = house.hosts.names().map(str::to_owned).collect();
        Self { name: house.name.clone(), number: house.number, hosts, serves: house.serves() }
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.tenants.is_empty() {
            return f.write_str("there are none");
        }
        for (place, Tenant { name, hosts, serves, .. }) in self.tenants.iter().enumerate() {
            let line = if place == 0 { "" } else { "\n" };
            let serves = match serves {
                Some(true) => "serves",
                Some(false) => "does not serve",
                None => "its socket may not be opened by who asks",
            };
            write!(f, "{line}{name}  {}  {serves}", hosts.join(", "))?;
        }
        Ok(())
    }
}

fn list(say: Say, houses: &Houses) -> Result<Exit, Failure> {
    say.tell(&Listed { tenants: houses.all.iter().map(Tenant::of).collect() })?;
    houses.problems.iter().for_each(say::error);
    Ok(if houses.problems.is_empty() { Exit::Done } else { Exit::Found })
}

/// The settings of a house; `None` where there are none. They are the house's user's, who may have put a pipe there.
fn settings(house: &House) -> Result<Option<Settings>, Failure> {
    let file = house.settings();
    let doing = format!("read the settings of {:?}", house.name);
    match fs::symlink_metadata(&file) {
        Err(reason) if reason.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(reason) => Err(Failure::from(reason).during(&doing)),
        Ok(known) if !known.is_file() => {
            Err(Failure::cannot(format_args!("{doing}: {} is no regular file", file.display())))
        }
        Ok(_) => Settings::load(&file).map(Some).map_err(|reason| Failure::from(reason).during(&doing)),
    }
}

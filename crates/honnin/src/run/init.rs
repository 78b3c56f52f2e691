//! `honnin init`: the beginning of an installation.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use crate::command::InitArgs;
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::machine;
use crate::say::Say;
use crate::settings::Settings;

#[derive(Serialize)]
struct Begun<'a> {
    data: &'a Path,
    settings: &'a Path,
    key_file: &'a str,
    key_file_created: bool,
    /// Whether the store is a database, which its owner has to make ready.
    #[serde(skip)]
    database: bool,
    /// Whether a key agent holds the key.
    #[serde(skip)]
    agent: bool,
}

impl fmt::Display for Begun<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { data, settings, key_file, key_file_created, database, agent } = self;
        let (file, data) = (settings.display(), data.display());
        let prepare = if *database {
            format!("  0. honnin --data {data} store prepare --owner URL, as the owner of the database\n")
        } else {
            String::new()
        };
        let fate = if *key_file_created { "created" } else { "existed, kept" };
        let keep = if *agent {
            "Without the token behind it nothing can be read again: make shares before there is data that counts (honnin key \
             escrow make)."
        } else {
            "Keep a copy of the key file apart from every copy of the data: without it nothing can be read again."
        };
        write!(
            f,
            "settings   {file}\nkey file   {key_file} ({fate})\n\n\
             {keep}\n\
             Next:\n{prepare}  \
             1. edit {file} (tenant, listen)\n  \
             2. honnin --data {data} config check\n  \
             3. honnin --data {data} intake files --mapping FILE LEDGER-DIR\n  \
             4. honnin --data {data} serve"
        )
    }
}

pub(super) fn init(say: Say, args: &InitArgs) -> Result<Exit, Failure> {
    let InitArgs { directory, key_file, demo, store_url } = args;
    machine::keep_files_to_owner();
    let mut settings = Settings::default();
    settings.store.url = store_url.clone().unwrap_or_default();
    let (installation, made) = Installation::begin(directory, key_file, settings, *demo)?;
    let told = say.tell(&Begun {
        data: directory,
        settings: &installation.place.settings,
        key_file: &installation.settings.keys.key_file,
        key_file_created: made,
        database: store_url.is_some(),
        agent: installation.key_source().is_agent(),
    });
    told.map_err(|failure| failure.but("the installation was created"))?;
    Ok(Exit::Done)
}

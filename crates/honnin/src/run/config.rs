//! `honnin config`: settings checked and printed.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use crate::command::{ConfigCommand, Place};
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::say::Say;
use crate::settings::Settings;
use crate::wiring::file_problems;

/// A settings file that can be used.
#[derive(Serialize)]
struct Usable<'a> {
    file: &'a Path,
    usable: bool,
}

impl fmt::Display for Usable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} can be used", self.file.display())
    }
}

/// Settings: a text of TOML either way; in JSON as the tree it means.
struct Printed(String);

impl fmt::Display for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Printed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tree: toml::Table = self.0.parse().map_err(serde::ser::Error::custom)?;
        tree.serialize(serializer)
    }
}

pub(super) fn config(say: Say, place: &Place, command: ConfigCommand) -> Result<Exit, Failure> {
    match command {
        ConfigCommand::Check => {
            let installation = Installation::open(place.clone())?;
            let problems = file_problems(&installation);
            if !problems.is_empty() {
                let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
                return Err(Failure::with(Exit::Settings, lines.join("\n")));
            }
            say.tell(&Usable { file: &place.settings, usable: true })?;
        }
        // Nothing secret is among the settings: key material is named by its path only.
        ConfigCommand::Print => {
            say.tell(&Printed(Installation::open(place.clone())?.settings.effective()))?;
        }
        ConfigCommand::Default => say.tell(&Printed(Settings::default().commented()))?,
    }
    Ok(Exit::Done)
}

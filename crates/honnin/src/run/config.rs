//! `honnin config`: settings checked and printed.

use crate::command::{ConfigCommand, Place};
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::say;
use crate::settings::Settings;

pub(super) fn config(place: &Place, command: ConfigCommand) -> Result<Exit, Failure> {
    match command {
        ConfigCommand::Check => {
            Installation::open(place.clone())?;
            say::line(format_args!("{} can be used", place.settings.display()));
        }
        // Nothing secret is among the settings: key material is named by its path only.
        ConfigCommand::Print => say::text(Installation::open(place.clone())?.settings.effective()),
        ConfigCommand::Default => say::text(Settings::default().commented()),
    }
    Ok(Exit::Done)
}

//! `honnin init`: the beginning of an installation.

use crate::command::InitArgs;
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::say;
use crate::settings::Settings;

pub(super) fn init(args: &InitArgs) -> Result<Exit, Failure> {
    let InitArgs { directory, key_file } = args;
    let (installation, made) = Installation::begin(directory, key_file, Settings::default())?;
    let (file, data) = (installation.place.settings.display(), directory.display());
    say::line(format_args!("settings   {file}"));
    let fate = if made { "made" } else { "was there, kept" };
    say::line(format_args!("key file   {} ({fate})", installation.settings.keys.key_file));
    say::text(format_args!(
        "\nKeep a copy of the key file apart from every copy of the data: without it nothing can be read again.\n\
         Next:\n  \
         1. edit {file} (tenant, listen)\n  \
         2. honnin --data {data} config check\n  \
         3. honnin --data {data} intake files --mapping FILE LEDGER-DIR\n  \
         4. honnin --data {data} serve\n",
    ));
    Ok(Exit::Done)
}

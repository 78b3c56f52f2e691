//! `honnin init`: the beginning of an installation.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::command::{InitArgs, Place};
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::machine::SystemEntropy;
use crate::settings::{FILE_NAME, Keys, Settings};
use crate::{key_file, say};

pub(super) fn init(args: &InitArgs) -> Result<Exit, Failure> {
    let InitArgs { directory, key_file } = args;
    let key_file = std::path::absolute(key_file)?;
    refuse_used(directory)?;
    let made = key_file::create_where_absent(&key_file, directory, &SystemEntropy)
        .map_err(|reason| Failure::settings(&reason))?;
    let in_settings = key_file.to_str().ok_or_else(|| {
        Failure::new(format!(
            "name the key file {}: its path must be UTF-8 to stand in the settings",
            key_file.display()
        ))
    })?;
    let settings = Settings { keys: Keys { key_file: in_settings.to_owned() }, ..Settings::default() };
    make_directory(directory).map_err(|reason| during(directory, reason))?;
    let file = directory.join(FILE_NAME);
    write_new(&file, &settings.commented()).map_err(|reason| during(&file, reason))?;
    let place = Place { data: directory.clone(), settings: file.clone() };
    Installation { place, settings }.create_keyring()?;
    say::line(format_args!("settings   {}", file.display()));
    say::line(format_args!(
        "key file   {} ({})",
        key_file.display(),
        if made { "made" } else { "was there, kept" }
    ));
    say::text(format_args!(
        "\nKeep a copy of the key file apart from every copy of the data: without it nothing can be read again.\n\
         Next:\n  \
         1. edit {file} (tenant, listen)\n  \
         2. honnin --data {data} config check\n  \
         3. honnin --data {data} intake files --mapping FILE LEDGER-DIR\n  \
         4. honnin --data {data} serve\n",
        file = file.display(),
        data = directory.display(),
    ));
    Ok(Exit::Done)
}

fn during(path: &Path, reason: io::Error) -> Failure {
    Failure::from(reason).during(&format!("write {}", path.display()))
}

/// Refuses a directory with anything in it: an installation is begun once.
fn refuse_used(directory: &Path) -> Result<(), Failure> {
    let used = match fs::read_dir(directory) {
        Ok(mut entries) => entries.next().is_some(),
        Err(reason) if reason.kind() == io::ErrorKind::NotFound => false,
        Err(reason) => {
            return Err(Failure::from(reason).during(&format!("look into {}", directory.display())));
        }
    };
    if used {
        return Err(Failure::new(format!(
            "begin an installation in {}: there is something in it already, and nothing is ever overwritten; \
             name an empty directory, or one that is not there",
            directory.display()
        )));
    }
    Ok(())
}

fn make_directory(directory: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

fn write_new(file: &Path, text: &str) -> io::Result<()> {
    let mut open = OpenOptions::new().write(true).create_new(true).mode(0o640).open(file)?;
    open.write_all(text.as_bytes())?;
    open.sync_all()
}

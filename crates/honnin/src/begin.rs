//! The beginning of an installation: directory, key material, keyring, store and, last of all, settings.
//!
//! The settings file is what makes an installation: a crash before it leaves a directory that is refused, never one
//! that half works.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::command::Place;
use crate::failure::Failure;
use crate::installation::Installation;
use crate::key_file::KeySource;
use crate::machine::SystemEntropy;
use crate::settings::{FILE_NAME, Keys, Settings};
use crate::wiring::engine;

impl Installation {
    /// Begins one in an empty directory or one that is not there. Says whether the key was made.
    ///
    /// # Errors
    /// [`Failure`]; nothing is ever overwritten.
    pub(crate) fn begin(
        directory: &Path,
        key_file: &Path,
        settings: Settings,
        demo: bool,
    ) -> Result<(Self, bool), Failure> {
        let directory = std::path::absolute(directory)?;
        refuse_used(&directory)?;
        let Some((source, in_settings)) = KeySource::named(key_file, &settings.keys)? else {
            let shown = key_file.display();
            return Err(Failure::cannot(format_args!(
                "use the key file {shown}: its path must be UTF-8 to be written in the settings"
            )));
        };
        let key = source.begin(&directory, &SystemEntropy).map_err(|reason| Failure::settings(&reason))?;
        let keys = Keys { key_file: in_settings, ..settings.keys };
        let settings = Settings { keys, ..settings };
        make_directory(&directory).map_err(|reason| during(&directory, reason))?;
        let file = directory.join(FILE_NAME);
        let installation = Self { place: Place { data: directory, settings: file }, settings, demo };
        installation.create_keyring(key.new_key())?;
        make_directory(&installation.store()).map_err(|reason| during(&installation.store(), reason))?;
        engine::create(&installation.store(), &installation.settings.store)?;
        let file = &installation.place.settings;
        write_new(file, &installation.settings.commented()).map_err(|reason| during(file, reason))?;
        Ok((installation, key.made))
    }
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
        return Err(Failure::cannot(format_args!(
            "create an installation in {}: it is not empty, and nothing is ever overwritten; use an empty or absent \
             directory",
            directory.display()
        )));
    }
    Ok(())
}

fn make_directory(directory: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    // One that was there and empty may be open to others.
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700))
}

fn write_new(file: &Path, text: &str) -> io::Result<()> {
    let mut open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    open.write_all(text.as_bytes())?;
    open.sync_all()
}

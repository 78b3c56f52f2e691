//! Where finished exports lie until they are fetched: sealed octets under random names.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

/// A random name, told to nobody.
pub(crate) type ShelfName = [u8; 16];

/// Keeps sealed octets. Whoever has the shelf has nothing that opens them.
pub trait Shelf: Send + Sync {
    /// Puts octets under a name that nothing lies under. After an error nothing lies there.
    ///
    /// # Errors
    /// What the system says; also where something lies there already.
    fn put(&self, name: &[u8; 16], octets: &[u8]) -> io::Result<()>;
    /// What lies under a name.
    ///
    /// # Errors
    /// What the system says.
    fn read(&self, name: &[u8; 16]) -> io::Result<Vec<u8>>;
    /// Removes what lies under a name; nothing there is no error.
    ///
    /// # Errors
    /// What the system says.
    fn remove(&self, name: &[u8; 16]) -> io::Result<()>;
}

/// A directory as a shelf.
#[derive(Debug)]
pub struct Directory(PathBuf);

impl Directory {
    /// Takes a directory, makes it where it is not there, and removes everything in it: nobody can claim what an
    /// earlier start of the program has left.
    ///
    /// # Errors
    /// What the system says.
    pub fn cleared(path: PathBuf) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
        for entry in fs::read_dir(&path)? {
            fs::remove_file(entry?.path())?;
        }
        Ok(Self(path))
    }

    fn path(&self, name: ShelfName) -> PathBuf {
        self.0.join(format!("{:032x}", u128::from_be_bytes(name)))
    }
}

impl Shelf for Directory {
    fn put(&self, name: &[u8; 16], octets: &[u8]) -> io::Result<()> {
        let path = self.path(*name);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(octets).inspect_err(|_| {
            // A part of an export is none. What cannot be removed either goes at the next start.
            drop(fs::remove_file(&path));
        })
    }

    fn read(&self, name: &[u8; 16]) -> io::Result<Vec<u8>> {
        fs::read(self.path(*name))
    }

    fn remove(&self, name: &[u8; 16]) -> io::Result<()> {
        match fs::remove_file(self.path(*name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }
}

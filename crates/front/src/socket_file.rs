//! The file of a socket that we listen on: taken from who left it dead, and taken away again while it is ours.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Our file; it goes with this value.
#[derive(Debug)]
pub(crate) struct OurFile {
    path: PathBuf,
    /// Device and number of the file: another may be there by the time this one ends.
    file: (u64, u64),
}

impl OurFile {
    /// Makes room at that path: what a server that was killed has left there is taken away.
    ///
    /// # Errors
    /// What the system says; `AddrInUse` where somebody answers there, or where it is another file.
    pub(crate) fn make_room(path: &Path, knock: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
        let Ok(there) = fs::symlink_metadata(path) else { return Ok(()) };
        if !there.file_type().is_socket() || is_answered(knock(path)).unwrap_or(true) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        fs::remove_file(path)
    }

    /// The file that was made there just now, which its owner may open, and with `group` the file's group as well.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn made(path: &Path, group: bool) -> io::Result<Self> {
        fs::set_permissions(path, fs::Permissions::from_mode(if group { 0o660 } else { 0o600 }))?;
        Ok(Self { path: path.to_owned(), file: number_at(path)? })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Has nobody find the way here any more.
    pub(crate) fn leave(&self) {
        // Where it is gone already there is nothing to do, and a file of whoever came after us is theirs. Ours keeps its
        // number while the socket is open.
        if number_at(&self.path).is_ok_and(|file| file == self.file) {
            fs::remove_file(&self.path).unwrap_or_default();
        }
    }
}

impl Drop for OurFile {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Whether somebody answers at a socket that was knocked at. Only two answers say that nobody does: a socket we may not
/// open, or one of another kind, is somebody's.
///
/// # Errors
/// What the system says where that cannot be known.
pub(crate) fn is_answered(knocked: io::Result<()>) -> io::Result<bool> {
    let nobody = [io::ErrorKind::ConnectionRefused, io::ErrorKind::NotFound];
    match knocked {
        Ok(()) => Ok(true),
        Err(error) if nobody.contains(&error.kind()) => Ok(false),
        Err(error) => Err(error),
    }
}

fn number_at(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|file| (file.dev(), file.ino()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixListener, UnixStream};

    use honnin_testkit::TestDir;

    use super::*;

    fn knock(path: &Path) -> io::Result<()> {
        UnixStream::connect(path).map(drop)
    }

    #[test]
    fn a_file_of_whoever_came_after_us_is_left_to_them() {
        let dir = TestDir::new();
        let path = dir.join("socket");
        let first = UnixListener::bind(&path).unwrap();
        let ours = OurFile::made(&path, false).unwrap();
        let refused = OurFile::make_room(&path, knock).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AddrInUse, "we answer there");
        fs::rename(&path, dir.join("aside")).unwrap();
        let _theirs = UnixListener::bind(&path).unwrap();
        drop((ours, first));
        assert!(knock(&path).is_ok(), "theirs is there");
    }

    #[test]
    fn what_is_dead_is_taken_away_and_nothing_else() {
        let dir = TestDir::new();
        let path = dir.join("socket");
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        OurFile::make_room(&path, knock).unwrap();
        assert!(!path.exists());
        fs::write(&path, "a file").unwrap();
        assert!(OurFile::make_room(&path, knock).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "a file");
    }

    #[test]
    fn a_socket_that_may_not_be_opened_is_somebodys() {
        let told = |kind: io::ErrorKind| is_answered(Err(kind.into())).ok();
        assert_eq!(told(io::ErrorKind::ConnectionRefused), Some(false));
        assert_eq!(told(io::ErrorKind::NotFound), Some(false));
        assert_eq!(told(io::ErrorKind::PermissionDenied), None);
        assert_eq!(is_answered(Ok(())).ok(), Some(true));
    }
}

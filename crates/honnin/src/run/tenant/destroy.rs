//! Files with keys, overwritten and removed.
//!
//! # Security
//! Whoever removes a tenant is root, and what is in a house belongs to the tenant's user, who may have put a link or a pipe
//! where a key was. So only what is a file under this one name is written to, looked at where it is open.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::failure::Failure;

/// What is written at once.
const PIECE: [u8; 4_096] = [0; 4_096];

/// A file with a key, open to be overwritten.
#[derive(Debug)]
pub(super) struct Doomed {
    path: PathBuf,
    file: File,
}

impl Doomed {
    /// Opens the file there; `None` where there is nothing.
    ///
    /// # Errors
    /// [`Failure`] where something else is there, or the system refuses.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, Failure> {
        let doing = format!("destroy the key {}", path.display());
        let another = || {
            Failure::cannot(format_args!(
                "{doing}: it is no regular file with this one name, and writing to it might destroy what is another's; \
                 remove it yourself and run it again"
            ))
        };
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Ok(None),
            // A link, a pipe that nobody reads, a directory.
            Err(Errno::LOOP | Errno::NXIO | Errno::ISDIR) => return Err(another()),
            Err(reason) => return Err(Failure::from(reason).during(&doing)),
        };
        let known = file.metadata().map_err(|reason| Failure::from(reason).during(&doing))?;
        if known.is_file() && known.nlink() == 1 {
            Ok(Some(Self { path: path.to_owned(), file }))
        } else {
            Err(another())
        }
    }

    /// Overwrites it and removes it; where it was. What a disk keeps of octets that were overwritten is not ours to say:
    /// without the other half, which is destroyed as well, it opens nothing.
    ///
    /// # Errors
    /// [`Failure`] where the system refuses.
    pub(super) fn destroy(self) -> Result<PathBuf, Failure> {
        let Self { path, mut file } = self;
        let mut write = || -> io::Result<()> {
            let mut rest = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
            while rest > 0 {
                let now = rest.min(PIECE.len());
                file.write_all(PIECE.get(..now).unwrap_or(&PIECE))?;
                rest = rest.saturating_sub(now);
            }
            file.sync_all()?;
            fs::remove_file(&path)?;
            path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
        };
        let done = write();
        done.map_err(|reason| Failure::from(reason).during(&format!("destroy the key {}", path.display())))?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use honnin_testkit::TestDir;
    use rustix::fs::{CWD, FileType, mknodat};

    use super::*;

    #[test]
    fn only_a_file_of_that_one_name_is_written_to() {
        let dir = TestDir::new();
        let foreign = dir.write("shadow", "root:*:");
        std::os::unix::fs::symlink(&foreign, dir.join("link")).unwrap();
        fs::hard_link(dir.write("ring", "ring"), dir.join("second")).unwrap();
        fs::create_dir(dir.join("directory")).unwrap();
        mknodat(CWD, dir.join("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        for name in ["link", "second", "directory", "pipe"] {
            let refused = Doomed::open(&dir.join(name)).unwrap_err().to_string();
            assert!(refused.contains("no regular file with this one name"), "{name}: {refused}");
        }
        // Also a pipe that somebody reads.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        let _reads = rustix::fs::open(dir.join("pipe"), flags, Mode::empty()).unwrap();
        assert!(Doomed::open(&dir.join("pipe")).is_err());
        assert_eq!(fs::read_to_string(&foreign).unwrap(), "root:*:");
        assert_eq!(fs::read_to_string(dir.join("second")).unwrap(), "ring");
        assert!(Doomed::open(&dir.join("none")).unwrap().is_none());
    }

    #[test]
    fn what_is_destroyed_is_overwritten_to_its_end() {
        let dir = TestDir::new();
        let key = dir.write("key", "k".repeat(PIECE.len() + 5));
        let open = File::open(&key).unwrap();
        assert_eq!(Doomed::open(&key).unwrap().unwrap().destroy().unwrap(), key);
        assert!(!key.exists());
        let octets = io::read_to_string(open).unwrap();
        assert_eq!(octets, "\0".repeat(PIECE.len() + 5));
    }
}

//! The data directory a restore goes into, as long as it is its own.
//!
//! A path is a name, and what it names may be another's once a run was stopped: the directory was moved away and another
//! restore has made one of the same name, which may be served by now. So the marker of an unfinished restore is held open, and
//! before anything is deleted by its path it is asked whether the marker there is that file.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::installation::RESTORING;

/// A data directory with the marker of this run in it.
pub(super) struct Ground {
    data: PathBuf,
    marker: PathBuf,
    /// No other file is of its number while it is open.
    held: File,
}

impl Ground {
    /// Puts the marker into a directory that has none.
    pub(super) fn take(data: &Path) -> Result<Self, Failure> {
        let marker = data.join(RESTORING);
        let held = File::create_new(&marker).and_then(|held| held.sync_all().map(|()| held));
        let held = held
            .map_err(|reason| Failure::from(reason).during(&format!("put {} in place", marker.display())))?;
        Ok(Self { data: data.to_owned(), marker, held })
    }

    /// Whether the marker there is still that of this run.
    pub(super) fn is_own(&self) -> bool {
        let Ok(held) = self.held.metadata() else { return false };
        fs::metadata(&self.marker).is_ok_and(|found| (found.dev(), found.ino()) == (held.dev(), held.ino()))
    }

    /// Refuses where it is not.
    pub(super) fn refuse_others(&self) -> Result<(), Failure> {
        if self.is_own() {
            return Ok(());
        }
        Err(Failure::cannot(format_args!(
            "restore into {}: it was moved away, or another restore has begun there since this one did; nothing more is written or \
             taken away by this one, see to that one",
            self.data.display()
        )))
    }

    /// Takes away a directory in it.
    pub(super) fn clear_of(&self, directory: &Path) -> Result<(), Failure> {
        self.refuse_others()?;
        fs::remove_dir_all(directory)
            .map_err(|reason| Failure::from(reason).during(&format!("remove {}", directory.display())))
    }

    /// Takes the marker away: from here on it is an installation.
    pub(super) fn end(&self) -> Result<(), Failure> {
        self.refuse_others()?;
        fs::remove_file(&self.marker).and_then(|()| File::open(&self.data)?.sync_all()).map_err(|reason| {
            Failure::from(reason).during(&format!("remove {}", self.marker.display())).but(
                "everything else is in place; move the data directory away, see why it cannot be written, and restore again",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use honnin_testkit::TestDir;

    use super::*;

    fn ground(data: &Path) -> Ground {
        fs::create_dir_all(data.join("store")).unwrap();
        fs::write(data.join("store/rows"), "rows").unwrap();
        Ground::take(data).unwrap()
    }

    #[test]
    fn a_restore_takes_away_what_is_its_own() {
        let dir = TestDir::new();
        let data = dir.path().join("data");
        let own = ground(&data);
        own.clear_of(&data.join("store")).unwrap();
        own.end().unwrap();
        assert!(data.exists() && !data.join("store").exists() && !data.join(RESTORING).exists());
        assert!(!own.is_own());
    }

    #[test]
    fn a_restore_takes_nothing_out_of_a_directory_that_is_anothers_by_now() {
        let dir = TestDir::new();
        let data = dir.path().join("data");
        let stopped = ground(&data);
        fs::rename(&data, dir.path().join("away")).unwrap();
        let other = ground(&data);
        let refused = |outcome: Result<(), Failure>| {
            let told = outcome.unwrap_err().to_string();
            assert!(told.contains("another restore has begun there"), "{told}");
        };
        refused(stopped.clear_of(&data.join("store")));
        refused(stopped.end());
        assert!(data.join("store/rows").exists() && other.is_own());
        // It has ended, and serves.
        other.end().unwrap();
        refused(stopped.clear_of(&data.join("store")));
        refused(stopped.end());
        assert!(data.join("store/rows").exists());
    }

    #[test]
    fn a_marker_that_cannot_be_taken_away_is_told_as_such() {
        let dir = TestDir::new();
        let data = dir.path().join("data");
        let own = ground(&data);
        // A directory stands in its place, and is not removed as a file.
        let away = dir.path().join("away");
        fs::rename(&data, &away).unwrap();
        fs::create_dir_all(data.join(RESTORING)).unwrap();
        let gone =
            Ground { marker: data.join(RESTORING), held: File::open(data.join(RESTORING)).unwrap(), ..own };
        let told = gone.end().unwrap_err().to_string();
        assert!(told.starts_with("cannot remove") && told.contains("restore again"), "{told}");
    }
}

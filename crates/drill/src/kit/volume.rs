//! A volume that is soon full.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::harness::Failure;

/// A small volume in the place of a directory; gone when dropped.
pub(crate) struct Volume(PathBuf);

impl Volume {
    /// Mounts one of so many MiB over a directory of a house that has ended; nothing where this user may not. What is in
    /// the directory goes on in it from where it was.
    pub(crate) fn over(directory: &Path, room: u32) -> Result<Option<Self>, Failure> {
        let aside = directory.with_extension("before");
        let machine = || Failure::machine(format!("put a volume over {}", directory.display()));
        fs::rename(directory, &aside).map_err(machine())?;
        DirBuilder::new().mode(0o700).create(directory).map_err(machine())?;
        let size = format!("size={room}m,mode=700");
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(directory)
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        if mount.status().is_ok_and(|ended| ended.success()) {
            let volume = Self(directory.to_owned());
            let mut copy = Command::new("cp");
            copy.arg("-a").arg(aside.join(".")).arg(directory);
            if !copy.status().is_ok_and(|ended| ended.success()) {
                return Err(Failure::Product(format!(
                    "{} does not fit into the volume",
                    directory.display()
                )));
            }
            fs::remove_dir_all(&aside).map_err(machine())?;
            return Ok(Some(volume));
        }
        fs::remove_dir(directory).map_err(machine())?;
        fs::rename(&aside, directory).map_err(machine())?;
        Ok(None)
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Writes until there is no room left.
    pub(crate) fn fill(&self) -> Result<(), Failure> {
        let filler = OpenOptions::new().append(true).create(true).open(self.filler());
        let mut filler = filler.map_err(Failure::machine("fill a volume"))?;
        for length in [1 << 16, 1 << 12, 1 << 9, 1] {
            while filler.write_all(&vec![7; length]).is_ok() {}
        }
        Ok(())
    }

    /// Makes room again.
    pub(crate) fn free(&self) -> Result<(), Failure> {
        fs::remove_file(self.filler()).map_err(Failure::machine("make room on a volume"))
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        // Lazily: the product may still have files open there.
        drop(Command::new("umount").arg("--lazy").arg(&self.0).stderr(Stdio::null()).status());
    }
}

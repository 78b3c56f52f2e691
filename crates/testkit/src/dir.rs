//! Directories that go when a test is over.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A directory of a test's own; removed with everything in it when dropped.
#[derive(Debug)]
pub struct TestDir {
    dir: TempDir,
}

impl TestDir {
    /// A fresh, empty directory that only this user can read.
    ///
    /// # Panics
    /// Where the system gives none.
    #[expect(
        clippy::expect_used,
        clippy::new_without_default,
        reason = "a test without a directory cannot go on"
    )]
    pub fn new() -> Self {
        let dir =
            tempfile::Builder::new().prefix("honnin-test-").tempdir().expect("make a directory for a test");
        Self { dir }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The path of that name in it; nothing is made.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file of that name, with the directories above it, and says where it is.
    ///
    /// # Panics
    /// Where it cannot be written.
    #[expect(clippy::expect_used, reason = "a test without its file cannot go on")]
    pub fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).expect("make the directories above a test's file");
        }
        fs::write(&path, content).expect("write a test's file");
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_gone_when_dropped() {
        let dir = TestDir::new();
        let file = dir.write("a/b.txt", "c");
        assert_eq!(fs::read(&file).unwrap(), b"c");
        drop(dir);
        assert!(!file.exists());
    }
}

//! Log files of a bounded size, so many and no more.
//!
//! A service must not stop because its log cannot be written: a line that does not fit on the disk is dropped and
//! counted, and the next one is tried again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Writes log lines to `honnin.log` in a directory; full files become `honnin.log.1`, `.2`, … and the oldest goes.
#[derive(Debug)]
pub(crate) struct CappedFiles {
    directory: PathBuf,
    file_octets: u64,
    files: usize,
    current: Mutex<Option<Current>>,
}

#[derive(Debug)]
struct Current {
    file: File,
    octets: u64,
}

impl CappedFiles {
    /// Begins to write there, making the directory.
    ///
    /// # Errors
    /// The system's reason where the directory or the first file cannot be made: told at start, when somebody listens.
    pub(crate) fn open(directory: PathBuf, file_octets: u64, files: usize) -> io::Result<Self> {
        fs::create_dir_all(&directory)?;
        let current = Mutex::new(Some(Current::open(&directory.join(name(0)))?));
        Ok(Self { directory, file_octets, files, current })
    }

    /// Opens the file anew before the next line.
    pub(super) fn reopen(&self) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Writes one line, whole or not at all.
    fn line(&self, line: &[u8]) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if self.try_line(&mut current, line).is_err() {
            // Opened anew for the next line: the disk may have room again, or the directory may be back.
            *current = None;
            honnin_figures::log_lines_dropped().increment(1);
        }
    }

    fn try_line(&self, current: &mut Option<Current>, line: &[u8]) -> io::Result<()> {
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
        let mut open = match current.take() {
            Some(open) => open,
            None => Current::open(&self.directory.join(name(0)))?,
        };
        if open.octets > 0 && open.octets.saturating_add(length) > self.file_octets {
            drop(open);
            self.turn()?;
            open = Current::open(&self.directory.join(name(0)))?;
        }
        if let Err(reason) = open.file.write_all(line) {
            // Half a line must not stand before the next one.
            open.file.set_len(open.octets)?;
            return Err(reason);
        }
        open.octets = open.octets.saturating_add(length);
        *current = Some(open);
        Ok(())
    }

    /// Makes room for a new first file: each moves on by one, the oldest goes.
    fn turn(&self) -> io::Result<()> {
        for number in (0..self.files).rev() {
            let from = self.directory.join(name(number));
            let moved = if number + 1 < self.files {
                fs::rename(from, self.directory.join(name(number + 1)))
            } else {
                fs::remove_file(from)
            };
            match moved {
                Err(reason) if reason.kind() != io::ErrorKind::NotFound => return Err(reason),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

impl Current {
    fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(0o640).open(path)?;
        let octets = file.metadata()?.len();
        Ok(Self { file, octets })
    }
}

fn name(number: usize) -> String {
    if number == 0 { "honnin.log".to_owned() } else { format!("honnin.log.{number}") }
}

impl Write for &CappedFiles {
    /// Takes a whole line; never fails, because a log that cannot be written must not stop the service.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.line(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use honnin_testkit::TestDir;

    use super::*;

    fn write(log: &CappedFiles, text: &str) {
        let mut log = log;
        log.write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn so_many_files_of_such_a_size_and_no_more() {
        let dir = TestDir::new();
        let log = CappedFiles::open(dir.join("logs"), 40, 3).unwrap();
        (0..20).for_each(|number| write(&log, &format!("line {number:04} ......\n")));
        let mut names: Vec<_> =
            fs::read_dir(dir.join("logs")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["honnin.log", "honnin.log.1", "honnin.log.2"]);
        let read = |name: &str| fs::read_to_string(dir.join("logs").join(name)).unwrap();
        assert_eq!(read("honnin.log"), "line 0018 ......\nline 0019 ......\n");
        assert_eq!(read("honnin.log.2"), "line 0014 ......\nline 0015 ......\n");
    }

    #[test]
    fn a_line_longer_than_a_file_is_written_whole() {
        let dir = TestDir::new();
        let log = CappedFiles::open(dir.join("logs"), 4, 2).unwrap();
        write(&log, "first and long\n");
        write(&log, "second and long\n");
        assert_eq!(fs::read_to_string(dir.join("logs/honnin.log")).unwrap(), "second and long\n");
    }

    #[test]
    fn writing_goes_on_in_the_file_that_is_there() {
        let dir = TestDir::new();
        for text in ["before\n", "after\n"] {
            write(&CappedFiles::open(dir.join("logs"), 100, 2).unwrap(), text);
        }
        assert_eq!(fs::read_to_string(dir.join("logs/honnin.log")).unwrap(), "before\nafter\n");
    }

    #[test]
    fn at_a_full_disk_lines_are_dropped_and_counted_and_later_ones_are_written() {
        let dir = TestDir::new();
        fs::create_dir(dir.join("logs")).unwrap();
        // The device that is always full.
        symlink("/dev/full", dir.join("logs/honnin.log")).unwrap();
        let log = CappedFiles::open(dir.join("logs"), 100, 2).unwrap();
        let counted = honnin_figures::counted_by(|| {
            write(&log, "lost\n");
            write(&log, "lost too\n");
            fs::remove_file(dir.join("logs/honnin.log")).unwrap();
            write(&log, "there is room again\n");
        });
        assert_eq!(fs::read_to_string(dir.join("logs/honnin.log")).unwrap(), "there is room again\n");
        assert_eq!(counted.value("honnin_log_lines_dropped_total").as_deref(), Some("2"));
    }
}

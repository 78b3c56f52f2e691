//! Where each file of a log stands; each log has a directory of its own, by its name, in that of the journal.
//!
//! ```text
//! lock                        held by the one writer
//! checkpoint                  the signed tree head
//! tile/<level>/<n>[.p/<w>]    hashes of the tree
//! tile/entries/<n>[.p/<w>]    the entries
//! segments/<first index>      entries as they came, before they are published
//! history/<size>              older tree heads, kept for ever
//! pruned                      the signed minimum index
//! carried                     grants below the minimum index that are still in force, with their proofs
//! index/<level>/<n>           derived; may be deleted
//! ```

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use honnin_terms::LogId;

use crate::bundle::WIDTH;

pub(crate) const CHECKPOINT: &str = "checkpoint";
pub(crate) const PRUNED: &str = "pruned";
pub(crate) const CARRIED: &str = "carried";
pub(crate) const LOCK: &str = "lock";
pub(crate) const SEGMENTS: &str = "segments";
pub(crate) const HISTORY: &str = "history";
pub(crate) const INDEX: &str = "index";
pub(crate) const SPARE: &str = "spare";

/// The logs of a journal: what is in its directory under the name of one, in order.
///
/// # Errors
/// What the system says; no directory is no log.
pub fn logs(root: &Path) -> io::Result<Vec<LogId>> {
    let mut found = Vec::new();
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(error),
    };
    for entry in entries {
        found.extend(entry?.file_name().to_str().and_then(|name| name.parse::<LogId>().ok()));
    }
    found.sort_unstable();
    Ok(found)
}

/// A number as path elements of three digits, all but the last with an `x` before them.
fn elements(number: u64) -> String {
    let (rest, last) = (number / 1000, number % 1000);
    if rest == 0 {
        return format!("{last:03}");
    }
    let mut path = String::new();
    let mut rest = rest;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    format!("{path}{last:03}")
}

fn with_width(dir: &Path, kind: &str, number: u64, width: usize) -> PathBuf {
    let number = elements(number);
    dir.join("tile").join(kind).join(if width < WIDTH { format!("{number}.p/{width}") } else { number })
}

/// A hash tile of that level, number and width (256 where full).
pub(crate) fn tile(dir: &Path, level: u8, number: u64, width: usize) -> PathBuf {
    with_width(dir, &level.to_string(), number, width)
}

/// An entry bundle of that number and width (256 where full).
pub(crate) fn bundle(dir: &Path, number: u64, width: usize) -> PathBuf {
    with_width(dir, "entries", number, width)
}

/// A file named by a number with 20 digits, so that names sort as numbers.
pub(crate) fn numbered(dir: &Path, folder: &str, number: u64) -> PathBuf {
    dir.join(folder).join(format!("{number:020}"))
}

/// The numbers of the files that [`numbered`] names in a folder, ascending. Other names are passed over.
pub(crate) fn numbers(dir: &Path, folder: &str) -> io::Result<Vec<u64>> {
    let mut found = Vec::new();
    let entries = match fs::read_dir(dir.join(folder)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(error),
    };
    for entry in entries {
        if let Some(name) = entry?.file_name().to_str().filter(|name| name.len() == 20) {
            found.extend(name.parse::<u64>().ok());
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// The segments there are, open: one that is removed from now on stays readable.
pub(crate) fn open_segments(dir: &Path) -> io::Result<Vec<(u64, fs::File)>> {
    let mut open = Vec::new();
    for first in numbers(dir, SEGMENTS)? {
        match fs::File::open(numbered(dir, SEGMENTS, first)) {
            Ok(file) => open.push((first, file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(open)
}

/// Reads a file of at most that many octets; `None` where there is none.
pub(crate) fn read(path: &Path, most: usize) -> io::Result<Option<Vec<u8>>> {
    match fs::File::open(path) {
        Ok(file) => read_open(&file, most).map(Some),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// As [`read`], of a file that is open.
pub(crate) fn read_open(file: &fs::File, most: usize) -> io::Result<Vec<u8>> {
    let bound = u64::try_from(most).unwrap_or(u64::MAX);
    let mut octets = Vec::new();
    file.take(bound.saturating_add(1)).read_to_end(&mut octets)?;
    if octets.len() > most {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "file beyond its bound"));
    }
    Ok(octets)
}

/// Reads a tile or bundle that has at least `width` items: the partial file, or the full one that replaced it.
pub(crate) fn read_either(partial: &Path, full: &Path, most: usize) -> io::Result<Option<Vec<u8>>> {
    match read(partial, most)? {
        Some(octets) => Ok(Some(octets)),
        None => read(full, most),
    }
}

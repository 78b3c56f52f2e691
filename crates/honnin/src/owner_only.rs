//! The files of an installation belong to its user and are read by nobody else.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use crate::command::Place;
use crate::failure::{Exit, Failure};

/// How deep is looked: store, journal and the log in it. What lies deeper lies in a directory nobody else can enter.
const DEPTH: usize = 3;
/// Files that are named; of more only how many.
const NAMED: usize = 8;
/// What others may read: the journal's public key, and what says why personal pages are stopped.
const PUBLIC: [&str; 5] = ["journal.pub", "notices.pub", "isolated", "public-path", "demo-clock"];

/// Checks that everything in the data directory is its owner's alone, and that the owner is who runs this.
///
/// # Errors
/// [`Failure`] with each file that others can read or change.
pub(crate) fn check(place: &Place) -> Result<(), Failure> {
    let mut open = Vec::new();
    let refuse = |text: String| Err(Failure::with(Exit::Settings, text));
    if let Ok(known) = fs::metadata(&place.data) {
        let (owner, runs) = (known.uid(), geteuid().as_raw());
        if owner != runs {
            return refuse(format!(
                "cannot use the data directory {}: it belongs to user {owner} and this process runs as user {runs}; run \
                 it as user {owner}",
                place.data.display()
            ));
        }
        look(&place.data, &known, &place.settings, 0, &mut open);
    }
    if let Ok(known) = fs::metadata(&place.settings)
        && known.mode() & 0o022 != 0
    {
        open.push((place.settings.clone(), known.mode() & 0o777));
    }
    if open.is_empty() {
        return Ok(());
    }
    let named =
        open.iter().take(NAMED).map(|(path, mode)| format!("\n  {} (mode {mode:03o})", path.display()));
    let more = open.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!("\n  and {more} more") };
    refuse(format!(
        "cannot use the data directory {}: other users can access it; run `chmod -R go= {0}`, and consider it disclosed if \
         others have had access:{}{more}",
        place.data.display(),
        named.collect::<String>()
    ))
}

fn look(path: &Path, known: &Metadata, settings: &Path, depth: usize, open: &mut Vec<(PathBuf, u32)>) {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let public = PUBLIC.contains(&name) || path == settings;
    let mode = known.mode() & 0o777;
    if mode & if public { 0o022 } else { 0o077 } != 0 {
        open.push((path.to_owned(), mode));
    }
    if known.is_dir() && depth < DEPTH {
        // What cannot be looked into cannot be used either; whoever uses it says so.
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            if let Ok(known) = fs::metadata(entry.path()) {
                look(&entry.path(), &known, settings, depth + 1, open);
            }
        }
    }
}

//! Which sources the table is about: what a request goes through, and what plants faults and reads what came of them.

use std::process::Command;

use crate::{tidy, tool};

/// Directories whose every file counts.
const PLACES: [&str; 21] = [
    "crates/access/src",
    "crates/canary/src",
    "crates/care/src",
    "crates/drill/src",
    "crates/front/src",
    "crates/honnin/src",
    "crates/intake/src",
    "crates/journal/src",
    "crates/keeper/src",
    "crates/node/src",
    "crates/overload/src",
    "crates/pages/src",
    "crates/seal/src",
    "crates/store/src",
    "crates/store-cache/src",
    "crates/store-postgres/src",
    "crates/store-sqlite/src",
    "crates/terms/src",
    "crates/web/src",
    "xtask/src/controls",
    "xtask/src/layers",
];

/// A digest of all of them as they lie here; `None` where git does not answer, and then nothing is left out.
pub(super) fn digest() -> Option<String> {
    let root = tidy::root();
    let git = |words: &[&str]| tool::said(Command::new("git").args(words).current_dir(&root)).ok();
    let there: Vec<&str> = PLACES.into_iter().filter(|place| root.join(place).is_dir()).collect();
    let listed = git(&[&["ls-files", "--"], there.as_slice()].concat())?;
    let files: Vec<&str> = listed.lines().filter(|file| root.join(file).is_file()).collect();
    let hashes = git(&[&["hash-object", "--"], files.as_slice()].concat())?;
    // The hash of a text that names each file and its hash; git makes it, so that no cipher is needed here.
    let text = files
        .iter()
        .zip(hashes.lines())
        .fold(String::new(), |text, (file, hash)| text + file + " " + hash + "\n");
    let file = tempfile::NamedTempFile::new().ok()?;
    std::fs::write(file.path(), text).ok()?;
    git(&["hash-object", file.path().to_str()?]).map(|digest| digest.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_where_a_fault_can_be_planted_runs_the_layers() {
        let root = tidy::root();
        let mut git = Command::new("git");
        git.args(["grep", "-l", "--untracked", "honnin_faults", "--", "crates/*/src/*"]).current_dir(&root);
        let planted = tool::said(&mut git).unwrap();
        assert!(planted.lines().count() > 20, "{planted}");
        for file in planted.lines() {
            let is_guarded = PLACES.iter().any(|place| file.starts_with(&format!("{place}/")));
            assert!(is_guarded, "{file} plants faults and its room is not among the places");
        }
        assert!(PLACES.iter().all(|place| root.join(place).is_dir()), "a place that is not there");
    }
}

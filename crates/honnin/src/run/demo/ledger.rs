//! The ledger of a demo: the sample that is part of the binary, or another in the same layout.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The mapping for the sample, and for other extracts where none is named.
pub(in crate::run) const MAPPING: &str = include_str!("../../../../../examples/ledger-a/mapping.toml");

macro_rules! sample {
    ($($name:literal)+) => {
        /// The files of the sample ledger. In the binary, so that a demo needs no other file.
        const SAMPLE: &[(&str, &[u8])] =
            &[$(($name, include_bytes!(concat!("../../../../../examples/sample-ledger/", $name)))),+];
    };
}
sample! {
    "お知らせ.csv"
    "データ残量.csv"
    "利用量_202610.csv"
    "利用量_202611.csv"
    "回線.csv"
    "契約者.csv"
    "請求.csv"
    "請求明細.csv"
    "購入履歴.csv"
}

/// Writes the sample ledger into a new directory.
///
/// # Errors
/// What the system says.
pub(in crate::run) fn write_sample(directory: PathBuf) -> io::Result<PathBuf> {
    fs::create_dir(&directory)?;
    for (name, content) in SAMPLE {
        fs::write(directory.join(name), content)?;
    }
    Ok(directory)
}

/// A name for the mapping in messages.
pub(super) fn mapping_name() -> &'static Path {
    Path::new("examples/ledger-a/mapping.toml (part of the binary)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_of_the_sample_is_forgotten() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/sample-ledger");
        let names =
            fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name != "README.md").collect();
        names.sort();
        assert_eq!(names, SAMPLE.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    }
}

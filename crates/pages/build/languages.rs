//! Finds the languages: each file of the folder is one, and nothing else names it.

use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

/// The language of readers who name none that we have; all others follow by name.
const FIRST: &str = "ja";

/// The Rust that takes the languages of a folder in.
pub(crate) fn listed(folder: &Path) -> io::Result<String> {
    let mut tags = Vec::new();
    for file in fs::read_dir(folder)? {
        let name = file?.file_name();
        tags.extend(name.to_string_lossy().strip_suffix(".rs").map(str::to_owned));
    }
    tags.sort_by_key(|tag| (tag != FIRST, tag.clone()));
    let (mut rust, mut all, mut named) = (String::new(), String::new(), String::new());
    let problem = io::Error::other;
    for tag in &tags {
        let path = folder.join(format!("{tag}.rs"));
        writeln!(rust, "/// Made of its file.\n#[path = {:?}]\npub mod {tag};", path.display().to_string())
            .map_err(problem)?;
        let name = tag.to_uppercase();
        write!(all, "Language::{name}, ").map_err(problem)?;
        writeln!(named, "/// The language of `{tag}.rs`.\npub const {name}: Self = Self(&{tag}::WORDS);")
            .map_err(problem)?;
    }
    writeln!(rust, "static ALL: &[Language] = &[{all}];\nimpl Language {{\n{named}}}").map_err(problem)?;
    Ok(rust)
}

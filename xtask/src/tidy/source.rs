//! The text files of the repository.

use std::fs;
use std::path::Path;

use crate::Failure;

/// A text file.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// From the root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

impl Source {
    /// Whether it is Rust.
    pub(super) fn is_rust(&self) -> bool {
        self.ends_in("rs")
    }

    /// Whether its name ends in that extension.
    pub(super) fn ends_in(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|own| own == extension)
    }
}

const LARGEST: u64 = 2 << 20;
const PASSED_OVER: [&str; 4] = [".git", "target", "wip", "node_modules"];

/// All of them, in order of their paths. Files that are not UTF-8 or larger than 2 MiB are data and left out.
pub(super) fn all(root: &Path) -> Result<Vec<Source>, Failure> {
    let mut sources = Vec::new();
    walk(root, "", &mut sources).map_err(|error| format!("read the files of {}: {error}", root.display()))?;
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

fn walk(dir: &Path, prefix: &str, sources: &mut Vec<Source>) -> std::io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() && !PASSED_OVER.contains(&name.as_str()) {
            walk(&entry.path(), &format!("{path}/"), sources)?;
        } else if kind.is_file()
            && !PASSED_OVER.contains(&name.as_str())
            && entry.metadata()?.len() <= LARGEST
            && let Ok(text) = String::from_utf8(fs::read(entry.path())?)
        {
            sources.push(Source { path, text });
        }
    }
    Ok(())
}

/// The entries of a list of exceptions: what is neither empty nor a comment.
pub(super) fn allowed(sources: &[Source], path: &str) -> Result<Vec<String>, Failure> {
    let list =
        sources.iter().find(|source| source.path == path).ok_or_else(|| format!("{path} is not there"))?;
    let entries = list.text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(entries.map(str::to_owned).collect())
}

#[cfg(test)]
pub(super) fn made_up(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), text: text.to_owned() }
}

//! The lines a target has to reach, and whether it did.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use crate::Failure;

/// Where they stand.
const LIST: &str = "fuzz/lines.txt";

/// A line that a target has to reach.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) target: String,
    /// From the root.
    path: String,
    /// How it begins.
    text: String,
    /// Where it stands, from 1.
    number: usize,
}

/// How often a line was reached.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) count: u64,
}

/// Reads the list and finds each line in its file: a line that is not there, or stands there twice, is a mistake.
pub(super) fn named(root: &Path) -> Result<Vec<Named>, Failure> {
    let list = fs::read_to_string(root.join(LIST)).map_err(|error| format!("read {LIST}: {error}"))?;
    let mut all = Vec::new();
    for line in list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (target, rest) = line.split_once(' ').ok_or_else(|| shape(line))?;
        let (path, text) = rest.split_once(": ").ok_or_else(|| shape(line))?;
        let source = fs::read_to_string(root.join(path)).map_err(|error| format!("read {path}: {error}"))?;
        let number = place(&source, text).map_err(|why| format!("{LIST}: {path}: {text:?} {why}"))?;
        let (target, path, text) = (target.to_owned(), path.to_owned(), text.to_owned());
        all.push(Named { target, path, text, number });
    }
    Ok(all)
}

fn shape(line: &str) -> String {
    format!("{LIST}: expect TARGET PATH: TEXT, found {line:?}")
}

/// The number of the one line that begins so.
fn place(source: &str, text: &str) -> Result<usize, &'static str> {
    let mut numbers = (1..).zip(source.lines()).filter(|(_, line)| line.trim_start().starts_with(text));
    match (numbers.next(), numbers.next()) {
        (Some((number, _)), None) => Ok(number),
        (None, _) => Err("stands nowhere"),
        (Some(_), Some(_)) => Err("stands there more than once"),
    }
}

/// Looks each line up in what `llvm-cov export --format=lcov` said.
pub(super) fn reached(root: &Path, named: &[&Named], told: &str) -> Result<Vec<Reached>, Failure> {
    let counts = counts(root, told);
    let each = named.iter().map(|named| {
        let Named { path, text, number, .. } = named;
        let count = counts.get(&(path.as_str(), *number)).copied();
        let count = count.ok_or_else(|| format!("{LIST}: {path}: {text:?} is no line that is ever run"))?;
        Ok(Reached { path: path.clone(), text: text.clone(), count })
    });
    each.collect()
}

/// How often each line of our own files was run: `SF:` names a file, `DA:` a line of it and its count.
fn counts<'a>(root: &Path, told: &'a str) -> HashMap<(&'a str, usize), u64> {
    let root = root.to_string_lossy();
    let (mut counts, mut file) = (HashMap::new(), None);
    for line in told.lines() {
        if let Some(path) = line.strip_prefix("SF:") {
            file = path.strip_prefix(&*root).map(|path| path.trim_start_matches('/'));
        } else if let (Some(file), Some((number, count))) =
            (file, line.strip_prefix("DA:").and_then(|pair| pair.split_once(',')))
            && let (Ok(number), Ok(count)) = (number.parse(), count.parse::<u64>())
        {
            *counts.entry((file, number)).or_default() += count;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_line_stands_in_its_file_once() {
        let source = "fn a() {\n    b();\n    c();\n    c();\n}\n";
        assert_eq!(place(source, "b()"), Ok(2));
        assert!(place(source, "c()").is_err() && place(source, "d()").is_err());
    }

    #[test]
    fn counts_are_read_and_a_line_that_is_no_code_is_a_mistake() {
        let told = "SF:/x/crates/a.rs\nDA:2,7\nDA:3,0\nend_of_record\nSF:/y/b.rs\nDA:2,9\n";
        let named = |number| Named {
            target: "t".to_owned(),
            path: "crates/a.rs".to_owned(),
            text: "b()".to_owned(),
            number,
        };
        let count = |number| reached(Path::new("/x"), &[&named(number)], told).map(|lines| lines[0].count);
        assert_eq!((count(2).unwrap(), count(3).unwrap()), (7, 0));
        assert!(count(4).is_err());
    }
}

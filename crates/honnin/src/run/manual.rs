//! `honnin completions` and `honnin man`: what packagers install beside the program.

use std::fmt;
use std::fs;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use serde::Serialize;

use crate::command::{Honnin, ManualArgs, markdown};
use crate::failure::{Exit, Failure};
use crate::say::Say;

/// A script for a shell.
#[derive(Serialize)]
struct Script {
    shell: String,
    script: String,
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.script)
    }
}

/// All pages as one.
#[derive(Serialize)]
struct Page {
    markdown: String,
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.markdown)
    }
}

/// The pages that were written.
#[derive(Serialize)]
struct Written<'a> {
    directory: &'a Path,
    pages: Vec<String>,
}

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} pages in {}", self.pages.len(), self.directory.display())
    }
}

pub(super) fn completions(say: Say, shell: Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Honnin::command(), "honnin", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    say.tell(&Script { shell: shell.to_string(), script })?;
    Ok(Exit::Done)
}

pub(super) fn manual(say: Say, args: &ManualArgs) -> Result<Exit, Failure> {
    match &args.directory {
        Some(directory) => say.tell(&pages(directory)?)?,
        None => say.tell(&Page { markdown: markdown()? })?,
    }
    Ok(Exit::Done)
}

/// One page for each command, as section 1 has them: `honnin-account-invite.1`.
fn pages(directory: &Path) -> Result<Written<'_>, Failure> {
    let failed = |reason: std::io::Error| {
        Failure::cannot(format_args!("write manual pages to {}: {reason}", directory.display()))
    };
    clap_mangen::generate_to(Honnin::command(), directory).map_err(failed)?;
    let mut pages = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if name.starts_with("honnin") && name.ends_with(".1") {
            pages.push(name);
        }
    }
    pages.sort_unstable();
    Ok(Written { directory, pages })
}

//! `honnin completions` and `honnin man`: what packagers install beside the program.

use std::fmt;
use std::io;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;
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
    let failed = |reason: io::Error| {
        Failure::cannot(format_args!("write manual pages to {}: {reason}", directory.display()))
    };
    let mut command = Honnin::command().disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    write_pages(command, directory, &mut pages).map_err(failed)?;
    pages.sort_unstable();
    Ok(Written { directory, pages })
}

/// As `clap_mangen::generate_to`, which does not say what it has written: pages of an earlier version may lie there too.
fn write_pages(command: clap::Command, directory: &Path, pages: &mut Vec<String>) -> io::Result<()> {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        write_pages(below.clone(), directory, pages)?;
    }
    let page = Man::new(command);
    page.generate_to(directory)?;
    pages.push(page.get_filename());
    Ok(())
}

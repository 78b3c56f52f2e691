//! Programs a chore needs beside cargo: found, or named with where they come from. Nothing is installed unasked.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::{Failure, tidy};

/// Sees that a program is there.
pub(crate) fn needs(program: &str, words: &[&str], from: &str) -> Result<(), Failure> {
    let mut asked = Command::new(program);
    asked.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if asked.status().is_ok_and(|status| status.success()) {
        return Ok(());
    }
    Err(format!("{program} {} is missing: {from}", words.join(" ")).into())
}

/// What a program says on its standard output.
pub(crate) fn said(command: &mut Command) -> Result<String, Failure> {
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| format!("run {command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr).trim()).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The day it is, for a page.
pub(crate) fn today() -> Result<String, Failure> {
    Ok(said(Command::new("date").args(["-u", "+%Y-%m-%d"]))?.trim().to_owned())
}

/// The moment it is (RFC 3339).
pub(crate) fn now() -> Result<String, Failure> {
    Ok(said(Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%SZ"]))?.trim().to_owned())
}

/// The commit that is checked out, for a page that is about it.
pub(crate) fn commit() -> Result<String, Failure> {
    let mut git = Command::new("git");
    git.args(["rev-parse", "--short=7", "HEAD"]).current_dir(tidy::root());
    Ok(said(&mut git)?.trim().to_owned())
}

/// A line of `rustc -vV`.
fn of_compiler(word: &str) -> Result<String, Failure> {
    let told = said(Command::new("rustc").arg("-vV"))?;
    let value = told.lines().find_map(|line| line.strip_prefix(word));
    value.map(|value| value.trim().to_owned()).ok_or_else(|| format!("rustc names no {word:?}").into())
}

/// The kind of machine this is, as the compiler calls it.
pub(crate) fn host() -> Result<String, Failure> {
    of_compiler("host:")
}

/// A tool of the compiler's own LLVM: beside the compiler, or Debian's of the same version. Others read its counts wrong.
pub(crate) fn llvm(name: &str) -> Result<PathBuf, Failure> {
    let version = of_compiler("LLVM version:")?;
    let major = version.split('.').next().unwrap_or(&version);
    let sysroot = said(Command::new("rustc").args(["--print", "sysroot"]))?;
    let beside = PathBuf::from(sysroot.trim()).join("lib/rustlib").join(host()?).join("bin").join(name);
    if beside.is_file() {
        return Ok(beside);
    }
    let debian = format!("{name}-{major}");
    let from = format!(
        "apt-get install -y --no-install-recommends llvm-{major}, or rustup component add llvm-tools"
    );
    needs(&debian, &["--version"], &from)?;
    Ok(debian.into())
}

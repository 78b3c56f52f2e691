//! The build with planted faults: the same sources with `--cfg honnin_faults`, beside the build without.
//!
//! `RUSTFLAGS` would compile every dependency a second time, the two C libraries too. So cargo is given this program
//! as a wrapper round rustc, which it asks for the crates of the workspace only; it keeps what comes of it apart by a
//! hash. The program itself goes to a directory of its own, so that it never stands where a release build is expected.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use serde_json::Value;

use crate::{Failure, tidy};

/// What is given to rustc beside what cargo gives it. Drills on such a build ask whether they notice, not how fast it
/// is, so that it is compiled quickly; what warns does not compile, because the gate lints the build without faults.
const MORE: [&str; 8] =
    ["--cfg", "honnin_faults", "-C", "opt-level=1", "-C", "codegen-units=16", "-D", "warnings"];

/// What cargo runs where it was given this program as a wrapper: rustc, with a few words more.
pub(crate) fn wrapped() -> Option<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    let rustc =
        words.next().filter(|word| Path::new(word).file_stem().is_some_and(|name| name == "rustc"))?;
    let status = Command::new(rustc).args(words).args(MORE).status();
    Some(if status.is_ok_and(|status| status.success()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `cargo xtask faults`.
pub(crate) fn command() -> Result<(), Failure> {
    let binary = build()?;
    for (name, what) in list(&binary)? {
        println!("{name:<28} {what}");
    }
    println!("HONNIN_FAULTS=name,name {} demo", binary.display());
    Ok(())
}

/// Builds it in the profile this program was built in, and says where it lies.
pub(crate) fn build() -> Result<PathBuf, Failure> {
    let (profile, directory) = if cfg!(debug_assertions) { ("dev", "debug") } else { ("release", "release") };
    let (build, target) = directories()?;
    let out = target.join("faults");
    let wrapper = this_program()?;
    let status = Command::new("cargo")
        .args(["build", "--locked", "--quiet", "--profile", profile, "--package", "honnin"])
        .current_dir(tidy::root())
        .stdin(Stdio::null())
        .env("RUSTC_WORKSPACE_WRAPPER", wrapper)
        .env("CARGO_BUILD_BUILD_DIR", build)
        .env("CARGO_TARGET_DIR", &out)
        .status()
        .map_err(|error| format!("run cargo: {error}"))?;
    if status.success() {
        Ok(out.join(directory).join("honnin"))
    } else {
        Err("build with faults: see above".into())
    }
}

/// Where this program lies, also where a step before has put a newer one in its place.
fn this_program() -> Result<PathBuf, Failure> {
    let path = std::env::current_exe().map_err(|error| format!("find this program: {error}"))?;
    let replaced = path.to_str().and_then(|text| text.strip_suffix(" (deleted)")).map(PathBuf::from);
    Ok(replaced.unwrap_or(path))
}

/// Everything such a build can be told to do wrong, and the layers it can leave out: name and what.
pub(crate) fn list(binary: &Path) -> Result<Vec<(String, String)>, Failure> {
    let ended = Command::new(binary).arg("faults").env_clear().stdin(Stdio::null()).output();
    let ended = ended.map_err(|error| format!("run {}: {error}", binary.display()))?;
    if !ended.status.success() {
        return Err(format!("{} names no faults", binary.display()).into());
    }
    let text = String::from_utf8(ended.stdout)?;
    let pairs = text.lines().filter_map(|line| line.split_once('\t'));
    Ok(pairs.map(|(name, what)| (name.to_owned(), what.to_owned())).collect())
}

/// Where cargo keeps what it compiles, and where it puts what it made.
fn directories() -> Result<(PathBuf, PathBuf), Failure> {
    let asked = Command::new("cargo")
        .args(["metadata", "--locked", "--no-deps", "--format-version", "1"])
        .current_dir(tidy::root())
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("run cargo: {error}"))?;
    let told: Value =
        serde_json::from_slice(&asked.stdout).map_err(|error| format!("cargo metadata: {error}"))?;
    let directory = |key: &str| told.get(key).and_then(Value::as_str).map(PathBuf::from);
    let target = directory("target_directory").ok_or("cargo metadata names no target directory")?;
    Ok((directory("build_directory").unwrap_or_else(|| target.clone()), target))
}

//! The programs that are measured, and those that measure, built before anything is.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{Failure, tidy, tool};

/// Where they lie.
#[derive(Debug)]
pub(super) struct Programs {
    pub(super) honnin: PathBuf,
    /// The benchmark of one read; it is the bare handler as well.
    pub(super) read_cost: PathBuf,
    /// Hashes and signatures alone.
    pub(super) primitives: PathBuf,
}

impl Programs {
    /// Builds all of them with that profile.
    pub(super) fn build(profile: &str) -> Result<Self, Failure> {
        println!("building with the profile {profile}; from nothing it takes some minutes");
        // What read_cost compares with, built where it looks for it. Where that fails, it says so itself and goes on.
        let root = tidy::root();
        let mut peer = Command::new("cargo");
        peer.args(["build", "--quiet", "--locked", "--release", "--manifest-path"]);
        peer.arg(root.join("peer/Cargo.toml")).arg("--target-dir").arg(root.join("target/tmp/peer"));
        if !peer.status().is_ok_and(|status| status.success()) {
            println!("the peer does not build");
        }
        // One call for both: each that is asked for alone may compile the ciphers anew.
        let packages = ["--package", "honnin", "--package", "honnin-seal"];
        let benches = ["--bench", "read_cost", "--bench", "primitives"];
        let said = built(&[&["bench", "--no-run"], &packages[..], &benches].concat(), profile)?;
        let [read_cost, primitives] = ["read_cost", "primitives"].map(|name| executable(&said, name));
        // The program itself last: what benchmarks are built with may have features of tests on.
        let said = built(&["build", "--package", "honnin"], profile)?;
        let all = (executable(&said, "honnin"), read_cost, primitives);
        let (Some(honnin), Some(read_cost), Some(primitives)) = all else {
            return Err(format!("cannot find what cargo built: it names {all:?}").into());
        };
        Ok(Self { honnin, read_cost, primitives })
    }

    /// Those of a directory.
    pub(super) fn of(directory: &Path) -> Result<Self, Failure> {
        let directory = directory.canonicalize()?;
        let [honnin, read_cost, primitives] =
            ["honnin", "read_cost", "primitives"].map(|name| directory.join(name));
        for program in [&honnin, &read_cost, &primitives] {
            if !program.is_file() {
                return Err(
                    format!("cannot find {}; build it, or leave --programs out", program.display()).into()
                );
            }
        }
        Ok(Self { honnin, read_cost, primitives })
    }
}

fn built(words: &[&str], profile: &str) -> Result<String, Failure> {
    let mut cargo = Command::new("cargo");
    cargo.args(words).args(["--locked", "--profile", profile, "--message-format", "json-render-diagnostics"]);
    // It takes minutes: how far it is, is told.
    tool::said(cargo.current_dir(tidy::root()).stderr(Stdio::inherit()))
}

/// The program of that name in what cargo says.
fn executable(said: &str, name: &str) -> Option<PathBuf> {
    let messages = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let of = |message: Value| {
        let named = message.pointer("/target/name").and_then(Value::as_str) == Some(name);
        let program = message.pointer("/executable").and_then(Value::as_str).map(PathBuf::from);
        program.filter(|_| named)
    };
    messages.filter_map(of).next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_in_what_cargo_says() {
        let said = "{\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"honnin\"},\"executable\":null}\n\
                    {\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"honnin\"},\"executable\":\"/x/honnin\"}\n\
                    {\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"other\"},\"executable\":\"/x/other\"}\n\
                    {\"reason\":\"build-finished\",\"success\":true}\n";
        assert_eq!(executable(said, "honnin"), Some(PathBuf::from("/x/honnin")));
        assert_eq!(executable(said, "none"), None);
    }
}

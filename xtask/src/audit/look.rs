//! What people do with the pages, done in a real browser by `look.mjs`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::{Failure, tidy};

/// What the script stands on, from the npm registry; pinned.
const PACKAGES: [&str; 2] = ["playwright-core@1.65.1", "axe-core@4.14.1"];

/// Lets the script look; says aloud where it cannot.
pub(super) fn run(
    base: &str,
    cookie: &str,
    lines: &[String],
    out: Option<&Path>,
) -> Result<(Vec<String>, Option<usize>), Failure> {
    let browser = PathBuf::from("/usr/bin/chromium");
    if !browser.is_file() {
        return Ok((vec!["skipped: no /usr/bin/chromium (package chromium)".to_owned()], None));
    }
    let home = packages()?;
    let mut command = Command::new("node");
    command.arg(tidy::root().join("xtask/src/audit/look.mjs")).args([base, cookie, &lines.join(",")]);
    if let Some(out) = out {
        command.arg(out.join("screens"));
    }
    let output = command.env("LOOK_HOME", &home).env("CHROMIUM", &browser).output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let looks: Vec<String> = said.lines().map(str::to_owned).collect();
    if looks.iter().all(|line| !line.starts_with("ok ")) {
        return Err(
            format!("the browser looked at nothing: {}", String::from_utf8_lossy(&output.stderr)).into()
        );
    }
    let failed = looks.iter().filter(|line| line.starts_with("FAIL ")).count();
    Ok((looks, Some(failed)))
}

/// The folder of the packages; they are installed on the first run, which is said aloud.
fn packages() -> Result<PathBuf, Failure> {
    #[expect(clippy::disallowed_methods, reason = "a chore keeps its tools in the user's own cache")]
    let home = env::var("HOME")?;
    let home = Path::new(&home).join(".cache/honnin-audit");
    if PACKAGES.iter().all(|package| {
        package.split('@').next().is_some_and(|name| home.join("node_modules").join(name).is_dir())
    }) {
        return Ok(home);
    }
    println!("installing {} into {}", PACKAGES.join(" "), home.display());
    fs::create_dir_all(&home)?;
    fs::write(home.join("package.json"), "{\"private\":true}\n")?;
    let npm = Command::new("npm")
        .args(["install", "--no-fund", "--no-audit", "--ignore-scripts", "--loglevel=error"])
        .args(PACKAGES)
        .current_dir(&home)
        .status()?;
    if npm.success() { Ok(home) } else { Err("npm did not install the packages".into()) }
}

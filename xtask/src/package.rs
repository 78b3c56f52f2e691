//! The Debian packages: a program, its service, manual pages, completions, what it is made of.
//!
//! Made with `dpkg-deb` from the few files below, so that what an operator installs can be read here. Two runs on one commit
//! and one machine make the same octets: every time in it is the commit's.

mod agent;
mod bill;
mod kind;
mod tried;

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tool::{needs, said};
use crate::{Failure, tidy};

use kind::{AGENT, HONNIN, Kind};
pub(crate) use tried::deep;

/// What is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Asked {
    /// Package this program instead of building one
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,

    /// Package this key agent instead of building one
    #[arg(long, value_name = "FILE")]
    agent: Option<PathBuf>,

    /// Directory to write to
    #[arg(long, value_name = "DIR", default_value = "target/package")]
    out: PathBuf,

    /// Try them in a clean Debian system instead: installed, begun, used, upgraded and purged
    #[arg(long = "try")]
    is_tried: bool,

    /// The package of an earlier build that is upgraded there [default: the same program as an earlier version]
    #[arg(long, value_name = "DEB", requires = "is_tried")]
    from: Option<PathBuf>,
}

/// How hard it is compressed: as Debian's own are.
const SMALL: [&str; 2] = ["-Zxz", "-z6"];

/// `cargo xtask package`.
pub(crate) fn command(asked: &Asked) -> Result<(), Failure> {
    if asked.is_tried {
        tried::tried(asked.binary.as_deref(), asked.agent.as_deref(), asked.from.as_deref())?;
        return Ok(());
    }
    let out = tidy::root().join(&asked.out);
    for (kind, program) in [(&HONNIN, &asked.binary), (&AGENT, &asked.agent)] {
        println!("{}", package(kind, program.as_deref(), &out, SMALL, version())?.display());
    }
    Ok(())
}

fn package(
    kind: &Kind,
    binary: Option<&Path>,
    out: &Path,
    how: [&str; 2],
    version: &str,
) -> Result<PathBuf, Failure> {
    let name = kind.name;
    needs("dpkg-deb", &["--version"], "apt-get install -y --no-install-recommends dpkg")?;
    needs("gzip", &["--version"], "apt-get install -y --no-install-recommends gzip")?;
    let binary = match binary {
        Some(binary) => binary.to_owned(),
        None => built(name)?,
    };
    let tree = tempfile::tempdir()?;
    let root = tree.path();
    fill(kind, root, &binary, version)?;
    fs::create_dir_all(out)?;
    let architecture = said(Command::new("dpkg").arg("--print-architecture"))?.trim().to_owned();
    let file = out.join(format!("{name}_{version}_{architecture}.deb"));
    let mut make = Command::new("dpkg-deb");
    make.env("SOURCE_DATE_EPOCH", moment()?)
        .args(["--root-owner-group"])
        .args(how)
        .arg("--build")
        .arg(root)
        .arg(&file);
    said(&mut make)?;
    let bill = format!("{name}.cdx.json");
    fs::copy(root.join("usr/share/doc").join(name).join(&bill), out.join(&bill))?;
    Ok(file)
}

const fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// When the commit was made, in seconds since 1970.
fn moment() -> Result<String, Failure> {
    let mut git = Command::new("git");
    git.args(["log", "-1", "--format=%ct"]).current_dir(tidy::root());
    Ok(said(&mut git)?.trim().to_owned())
}

fn built(name: &str) -> Result<PathBuf, Failure> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--locked", "--release", "--package", name]).current_dir(tidy::root());
    // Where it was built is nobody's business, and would make two builds differ.
    cargo.env("RUSTFLAGS", format!("--remap-path-prefix={}=.", tidy::root().display()));
    if !cargo.status()?.success() {
        return Err("the program does not build".into());
    }
    Ok(tidy::root().join("target/release").join(name))
}

/// Puts everything where it is installed.
fn fill(kind: &Kind, root: &Path, binary: &Path, version: &str) -> Result<(), Failure> {
    let name = kind.name;
    let repository = tidy::root();
    let program = root.join("usr/bin").join(name);
    put(&program, &fs::read(binary)?, 0o755)?;
    for file in [Some(kind.unit), kind.of_houses].into_iter().flatten() {
        let unit = fs::read_to_string(repository.join("examples/systemd").join(file))?;
        let installed = unit
            .replace("/usr/local/bin/", "/usr/bin/")
            .replace("/etc/systemd/system", "/usr/lib/systemd/system");
        put(&root.join("usr/lib/systemd/system").join(file), installed.as_bytes(), 0o644)?;
    }
    // The program itself tells its pages and completions.
    let pages = root.join("usr/share/man/man1");
    make(&pages)?;
    said(Command::new(&program).arg("man").arg(&pages))?;
    for page in sorted(&pages)? {
        gzip(&page)?;
    }
    for (shell, place) in [
        ("bash", format!("usr/share/bash-completion/completions/{name}")),
        ("zsh", format!("usr/share/zsh/vendor-completions/_{name}")),
        ("fish", format!("usr/share/fish/vendor_completions.d/{name}.fish")),
    ] {
        let script = said(Command::new(&program).args(["completions", shell]))?;
        put(&root.join(place), script.as_bytes(), 0o644)?;
    }
    let doc = root.join("usr/share/doc").join(name);
    for name in ["CHANGELOG.md", "SECURITY.md"] {
        put(&doc.join(name), &fs::read(repository.join(name))?, 0o644)?;
    }
    gzip(&doc.join("CHANGELOG.md"))?;
    for guide in kind.guides {
        put(&doc.join(guide), &fs::read(repository.join("docs").join(guide))?, 0o644)?;
    }
    put(&doc.join("copyright"), copyright(name)?.as_bytes(), 0o644)?;
    put(&doc.join(format!("{name}.cdx.json")), bill::of_materials(name)?.as_bytes(), 0o644)?;
    for example in kind.examples {
        for file in sorted(&repository.join("examples").join(example))? {
            let called = file.file_name().ok_or("an example without a name")?;
            put(&doc.join("examples").join(example).join(called), &fs::read(&file)?, 0o644)?;
        }
    }
    let control = root.join("DEBIAN");
    put(&control.join("control"), self::control(kind, root, version)?.as_bytes(), 0o644)?;
    for (name, script) in kind.scripts {
        put(&control.join(name), script.as_bytes(), 0o755)?;
    }
    Ok(())
}

fn control(kind: &Kind, root: &Path, version: &str) -> Result<String, Failure> {
    let architecture = said(Command::new("dpkg").arg("--print-architecture"))?;
    // What it was linked with here is what it needs there, or newer.
    let libc = said(Command::new("dpkg-query").args(["--show", "--showformat=${Version}", "libc6"]))?;
    let libc = libc.split('-').next().unwrap_or_default();
    let size = said(Command::new("du").args(["-sk", "--apparent-size"]).arg(root))?;
    let size = size.split_whitespace().next().unwrap_or("0");
    let Kind { name, depends, suggests, description, .. } = kind;
    Ok(format!(
        "Package: {name}\nVersion: {version}\nArchitecture: {}\nMaintainer: Honnin <security@honnin.example>\n\
         Installed-Size: {size}\nDepends: {depends}, libc6 (>= {libc}), libgcc-s1\nSuggests: {suggests}\n\
         Section: net\nPriority: optional\nDescription: {description}",
        architecture.trim(),
    ))
}

fn copyright(name: &str) -> Result<String, Failure> {
    let licence = fs::read_to_string(tidy::root().join("LICENSE"))?;
    let licence: Vec<String> = licence
        .lines()
        .map(|line| if line.trim().is_empty() { " .".to_owned() } else { format!(" {line}") })
        .collect();
    Ok(format!(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: Honnin\n\
         Comment: The libraries in the program and their licences stand in {name}.cdx.json beside this file.\n\n\
         Files: *\nCopyright: the founders of Honnin\nLicense: Apache-2.0\n\nLicense: Apache-2.0\n{}\n",
        licence.join("\n")
    ))
}

fn make(directory: &Path) -> Result<(), Failure> {
    Ok(DirBuilder::new().recursive(true).mode(0o755).create(directory)?)
}

fn put(path: &Path, octets: &[u8], mode: u32) -> Result<(), Failure> {
    make(path.parent().ok_or("a file without a directory")?)?;
    fs::write(path, octets)?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(mode))?)
}

fn sorted(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        found.push(entry?.path());
    }
    found.sort();
    Ok(found)
}

/// Without name and time in it, so that the same text is the same octets.
fn gzip(file: &Path) -> Result<(), Failure> {
    fs::set_permissions(file, fs::Permissions::from_mode(0o644))?;
    said(Command::new("gzip").args(["-9", "--no-name"]).arg(file)).map(drop)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use honnin_testkit::TestDir;

    use super::*;

    /// A program that was built beside this test, where it was.
    fn program(name: &str) -> Option<PathBuf> {
        let own = std::env::current_exe().ok()?;
        let program = own.parent()?.parent()?.join(name);
        let there = program.is_file() && Path::new("/usr/bin/dpkg-deb").is_file();
        if !there {
            println!(
                "SKIPPED: the package. cargo build --package {name}; apt-get install -y --no-install-recommends dpkg"
            );
        }
        there.then_some(program)
    }

    /// A package as it is unpacked, and what its control file says. Made twice it is the same.
    fn unpacked(kind: &Kind, program: &Path, dir: &TestDir) -> (PathBuf, String) {
        let made = ["first", "second"]
            .map(|name| package(kind, Some(program), &dir.join(name), ["-Zgzip", "-z1"], version()).unwrap());
        let [first, second] = made.each_ref().map(|file| fs::read(file).unwrap());
        assert!(first == second, "two of one commit differ");
        let root = dir.join("root");
        said(Command::new("dpkg-deb").arg("-x").arg(&made[0]).arg(&root)).unwrap();
        let told = said(Command::new(root.join("usr/bin").join(kind.name)).arg("--version")).unwrap();
        assert_eq!(told, format!("{} {}\n", kind.name, version()));
        // Readable by everybody and written by nobody.
        for page in sorted(&root.join("usr/share/man/man1")).unwrap() {
            assert_eq!(fs::metadata(page).unwrap().permissions().mode() & 0o777, 0o644);
        }
        for completion in [
            format!("bash-completion/completions/{}", kind.name),
            format!("zsh/vendor-completions/_{}", kind.name),
        ] {
            assert!(fs::metadata(root.join("usr/share").join(completion)).unwrap().len() > 1_000);
        }
        let starts = format!("ExecStart=/usr/bin/{} serve", kind.name);
        for file in [Some(kind.unit), kind.of_houses].into_iter().flatten() {
            let unit = fs::read_to_string(root.join("usr/lib/systemd/system").join(file)).unwrap();
            assert!(unit.contains(&starts) && !unit.contains("/usr/local"), "{unit}");
        }
        (root, said(Command::new("dpkg-deb").arg("-f").arg(&made[0])).unwrap())
    }

    /// What is linked in stands in the bill, by the lock file.
    fn bill(root: &Path, name: &str) -> BTreeSet<String> {
        let bill = root.join(format!("usr/share/doc/{name}/{name}.cdx.json"));
        let bill: serde_json::Value = serde_json::from_str(&fs::read_to_string(bill).unwrap()).unwrap();
        assert_eq!(bill["metadata"]["component"]["name"], name);
        let components = bill["components"].as_array().unwrap();
        assert!(
            components.iter().all(|one| one["licenses"][0]["expression"].as_str() != Some("")),
            "{components:?}"
        );
        components.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_package_holds_what_an_operator_needs_and_is_made_alike_twice() {
        let Some(program) = program(HONNIN.name) else { return };
        let dir = TestDir::new();
        let (root, fields) = unpacked(&HONNIN, &program, &dir);
        // A page for each command.
        let pages = sorted(&root.join("usr/share/man/man1")).unwrap();
        let reference = fs::read_to_string(tidy::root().join("docs/reference/commands.md")).unwrap();
        let commands = reference.lines().filter(|line| line.starts_with("## honnin ")).count();
        assert!(pages.len() > commands, "{} pages of {commands} commands and the program", pages.len());
        let names = bill(&root, HONNIN.name);
        for name in ["libsqlite3-sys", "aws-lc-rs", "tokio", "honnin-seal"] {
            assert!(names.contains(name), "{name}: {names:?}");
        }
        assert!(!names.contains("cryptoki"), "it loads no library of a token's maker");
        assert!(
            fields.contains("Package: honnin\n") && fields.contains("Depends: adduser, libc6 (>= "),
            "{fields}"
        );
    }

    #[test]
    fn the_key_agent_is_a_package_of_its_own_with_its_unit_and_its_bill() {
        let Some(program) = program(AGENT.name) else { return };
        let dir = TestDir::new();
        let (root, fields) = unpacked(&AGENT, &program, &dir);
        for page in ["", "-serve", "-make-key"] {
            let page = root.join(format!("usr/share/man/man1/honnin-key-agent{page}.1.gz"));
            assert!(page.is_file(), "{page:?}");
        }
        let names = bill(&root, AGENT.name);
        assert!(names.contains("cryptoki") && names.contains("honnin-key-socket"), "{names:?}");
        assert!(!names.contains("honnin-seal") && !names.contains("tokio"), "{names:?}");
        let doc = root.join("usr/share/doc/honnin-key-agent");
        for file in ["copyright", "key-agent.md", "examples/key-agent/network.conf"] {
            assert!(doc.join(file).is_file(), "{file}");
        }
        assert!(
            fields.contains("Package: honnin-key-agent\n")
                && fields.contains("Depends: adduser, honnin, libc6 (>= "),
            "{fields}"
        );
        assert!(!root.join("usr/bin/honnin").exists());
    }
}

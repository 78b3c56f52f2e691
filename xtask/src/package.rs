//! The Debian package: the program, its service, manual pages, completions, what it is made of.
//!
//! Made with `dpkg-deb` from the few files below, so that what an operator installs can be read here. Two runs on one commit
//! and one machine make the same octets: every time in it is the commit's.

mod bill;
mod tried;

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tool::{needs, said};
use crate::{Failure, tidy};

pub(crate) use tried::deep;

/// What is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Asked {
    /// Package this program instead of building one
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,

    /// Directory to write to
    #[arg(long, value_name = "DIR", default_value = "target/package")]
    out: PathBuf,

    /// Try it in a clean Debian system instead: installed, begun, used, upgraded and purged
    #[arg(long = "try")]
    is_tried: bool,

    /// The package of an earlier build that is upgraded there [default: the same program as an earlier version]
    #[arg(long, value_name = "DEB", requires = "is_tried")]
    from: Option<PathBuf>,
}

/// What the package is called in the file system.
const NAME: &str = "honnin";
/// The examples that go along.
const EXAMPLES: [&str; 7] =
    ["caddy", "haproxy", "ledger-a", "monitoring", "nginx", "sample-ledger", "systemd"];

/// How hard it is compressed: as Debian's own are.
const SMALL: [&str; 2] = ["-Zxz", "-z6"];

/// The user the service runs as is made once; its data and key are the operator's to begin.
const POSTINST: &str = "#!/bin/sh\nset -e\nif [ \"$1\" = configure ]; then\n\
    \x20   if ! getent passwd honnin >/dev/null; then\n\
    \x20       adduser --quiet --system --group --home /var/lib/honnin --no-create-home honnin\n    fi\n\
    \x20   install -d -m 0700 -o honnin -g honnin /var/lib/honnin /etc/honnin\n\
    \x20   if [ -d /run/systemd/system ]; then\n        systemctl daemon-reload\n\
    \x20       # Only where it runs: requests in progress end first (server.drain).\n\
    \x20       [ -z \"$2\" ] || systemctl try-restart honnin.service\n    fi\nfi\n";
const PRERM: &str = "#!/bin/sh\nset -e\nif [ \"$1\" = remove ] && [ -d /run/systemd/system ]; then\n\
    \x20   systemctl --no-reload disable --now honnin.service || true\nfi\n";
/// What subscribers' data and its key are worth no script decides.
const POSTRM: &str = "#!/bin/sh\nset -e\nif [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi\n\
    if [ \"$1\" = purge ] && [ -d /var/lib/honnin ]; then\n\
    \x20   echo 'honnin: /var/lib/honnin and its key file are left; remove them once no backup and no law needs them' >&2\nfi\n";

/// `cargo xtask package`.
pub(crate) fn command(asked: &Asked) -> Result<(), Failure> {
    if asked.is_tried {
        tried::tried(asked.binary.as_deref(), asked.from.as_deref())?;
        return Ok(());
    }
    let out = tidy::root().join(&asked.out);
    let package = package(asked.binary.as_deref(), &out, SMALL, version())?;
    println!("{}", package.display());
    Ok(())
}

fn package(binary: Option<&Path>, out: &Path, how: [&str; 2], version: &str) -> Result<PathBuf, Failure> {
    needs("dpkg-deb", &["--version"], "apt-get install -y --no-install-recommends dpkg")?;
    needs("gzip", &["--version"], "apt-get install -y --no-install-recommends gzip")?;
    let binary = match binary {
        Some(binary) => binary.to_owned(),
        None => built()?,
    };
    let tree = tempfile::tempdir()?;
    let root = tree.path();
    fill(root, &binary, version)?;
    fs::create_dir_all(out)?;
    let architecture = said(Command::new("dpkg").arg("--print-architecture"))?.trim().to_owned();
    let file = out.join(format!("{NAME}_{version}_{architecture}.deb"));
    let mut make = Command::new("dpkg-deb");
    make.env("SOURCE_DATE_EPOCH", moment()?)
        .args(["--root-owner-group"])
        .args(how)
        .arg("--build")
        .arg(root)
        .arg(&file);
    said(&mut make)?;
    fs::copy(
        root.join(format!("usr/share/doc/{NAME}/{NAME}.cdx.json")),
        out.join(format!("{NAME}.cdx.json")),
    )?;
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

fn built() -> Result<PathBuf, Failure> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--locked", "--release", "--package", NAME]).current_dir(tidy::root());
    // Where it was built is nobody's business, and would make two builds differ.
    cargo.env("RUSTFLAGS", format!("--remap-path-prefix={}=.", tidy::root().display()));
    if !cargo.status()?.success() {
        return Err("the program does not build".into());
    }
    Ok(tidy::root().join("target/release").join(NAME))
}

/// Puts everything where it is installed.
fn fill(root: &Path, binary: &Path, version: &str) -> Result<(), Failure> {
    let repository = tidy::root();
    let program = root.join("usr/bin").join(NAME);
    put(&program, &fs::read(binary)?, 0o755)?;
    let unit = fs::read_to_string(repository.join("examples/systemd/honnin.service"))?;
    let installed = unit
        .replace("/usr/local/bin/honnin", "/usr/bin/honnin")
        .replace("/etc/systemd/system", "/usr/lib/systemd/system");
    put(&root.join("usr/lib/systemd/system/honnin.service"), installed.as_bytes(), 0o644)?;
    // The program itself tells its pages and completions.
    let pages = root.join("usr/share/man/man1");
    make(&pages)?;
    said(Command::new(&program).arg("man").arg(&pages))?;
    for page in sorted(&pages)? {
        gzip(&page)?;
    }
    for (shell, place) in [
        ("bash", "usr/share/bash-completion/completions/honnin"),
        ("zsh", "usr/share/zsh/vendor-completions/_honnin"),
        ("fish", "usr/share/fish/vendor_completions.d/honnin.fish"),
    ] {
        let script = said(Command::new(&program).args(["completions", shell]))?;
        put(&root.join(place), script.as_bytes(), 0o644)?;
    }
    let doc = root.join("usr/share/doc").join(NAME);
    for name in ["CHANGELOG.md", "SECURITY.md"] {
        put(&doc.join(name), &fs::read(repository.join(name))?, 0o644)?;
    }
    gzip(&doc.join("CHANGELOG.md"))?;
    put(&doc.join("copyright"), copyright()?.as_bytes(), 0o644)?;
    put(&doc.join(format!("{NAME}.cdx.json")), bill::of_materials()?.as_bytes(), 0o644)?;
    for example in EXAMPLES {
        for file in sorted(&repository.join("examples").join(example))? {
            let name = file.file_name().ok_or("an example without a name")?;
            put(&doc.join("examples").join(example).join(name), &fs::read(&file)?, 0o644)?;
        }
    }
    let control = root.join("DEBIAN");
    put(&control.join("control"), self::control(root, version)?.as_bytes(), 0o644)?;
    for (name, script) in [("postinst", POSTINST), ("prerm", PRERM), ("postrm", POSTRM)] {
        put(&control.join(name), script.as_bytes(), 0o755)?;
    }
    Ok(())
}

fn control(root: &Path, version: &str) -> Result<String, Failure> {
    let architecture = said(Command::new("dpkg").arg("--print-architecture"))?;
    // What it was linked with here is what it needs there, or newer.
    let libc = said(Command::new("dpkg-query").args(["--show", "--showformat=${Version}", "libc6"]))?;
    let libc = libc.split('-').next().unwrap_or_default();
    let size = said(Command::new("du").args(["-sk", "--apparent-size"]).arg(root))?;
    let size = size.split_whitespace().next().unwrap_or("0");
    Ok(format!(
        "Package: {NAME}\nVersion: {version}\nArchitecture: {}\nMaintainer: Honnin <security@honnin.example>\n\
         Installed-Size: {size}\nDepends: adduser, libc6 (>= {libc}), libgcc-s1\nSuggests: nginx-light | haproxy | caddy\n\
         Section: net\nPriority: optional\n\
         Description: self-care for mobile subscribers\n \
         Takes in an operator's ledger and shows each subscriber her own figures, with a\n \
         verifiable record of every disclosure. After installation, as root:\n .\n \
         runuser -u honnin -- honnin init /var/lib/honnin --key-file /etc/honnin/key\n",
        architecture.trim(),
    ))
}

fn copyright() -> Result<String, Failure> {
    let licence = fs::read_to_string(tidy::root().join("LICENSE"))?;
    let licence: Vec<String> = licence
        .lines()
        .map(|line| if line.trim().is_empty() { " .".to_owned() } else { format!(" {line}") })
        .collect();
    Ok(format!(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: Honnin\n\
         Comment: The libraries in the program and their licences stand in {NAME}.cdx.json beside this file.\n\n\
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

    /// The program that was built beside this test, where it was.
    fn program() -> Option<PathBuf> {
        let own = std::env::current_exe().ok()?;
        let program = own.parent()?.parent()?.join(NAME);
        let there = program.is_file() && Path::new("/usr/bin/dpkg-deb").is_file();
        if !there {
            println!(
                "SKIPPED: the package. cargo build --package honnin; apt-get install -y --no-install-recommends dpkg"
            );
        }
        there.then_some(program)
    }

    #[test]
    fn the_package_holds_what_an_operator_needs_and_is_made_alike_twice() {
        let Some(program) = program() else { return };
        let dir = TestDir::new();
        let made = ["first", "second"]
            .map(|name| package(Some(&program), &dir.join(name), ["-Zgzip", "-z1"], version()).unwrap());
        let [first, second] = made.each_ref().map(|file| fs::read(file).unwrap());
        assert!(first == second, "two of one commit differ");
        let root = dir.join("root");
        said(Command::new("dpkg-deb").arg("-x").arg(&made[0]).arg(&root)).unwrap();
        let installed = root.join("usr/bin/honnin");
        let told = said(Command::new(&installed).arg("--version")).unwrap();
        assert_eq!(told, format!("honnin {}\n", version()));
        // A page for each command, readable by everybody and written by nobody.
        let pages = sorted(&root.join("usr/share/man/man1")).unwrap();
        let reference = fs::read_to_string(tidy::root().join("docs/reference/commands.md")).unwrap();
        let commands = reference.lines().filter(|line| line.starts_with("## honnin ")).count();
        assert!(pages.len() > commands, "{} pages of {commands} commands and the program", pages.len());
        for page in &pages {
            assert_eq!(fs::metadata(page).unwrap().permissions().mode() & 0o777, 0o644);
        }
        let unit = fs::read_to_string(root.join("usr/lib/systemd/system/honnin.service")).unwrap();
        assert!(unit.contains("ExecStart=/usr/bin/honnin serve") && !unit.contains("/usr/local"), "{unit}");
        for completion in ["bash-completion/completions/honnin", "zsh/vendor-completions/_honnin"] {
            assert!(fs::metadata(root.join("usr/share").join(completion)).unwrap().len() > 1_000);
        }
        // What is linked in stands in the bill, by the lock file.
        let bill = fs::read_to_string(root.join("usr/share/doc/honnin/honnin.cdx.json")).unwrap();
        let bill: serde_json::Value = serde_json::from_str(&bill).unwrap();
        let components = bill["components"].as_array().unwrap();
        let names: BTreeSet<&str> = components.iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert!(
            ["libsqlite3-sys", "aws-lc-rs", "tokio", "honnin-seal"].iter().all(|name| names.contains(name)),
            "{names:?}"
        );
        assert!(
            components.iter().all(|one| one["licenses"][0]["expression"].as_str() != Some("")),
            "{components:?}"
        );
        let fields = said(Command::new("dpkg-deb").arg("-f").arg(&made[0])).unwrap();
        assert!(
            fields.contains("Package: honnin\n") && fields.contains("Depends: adduser, libc6 (>= "),
            "{fields}"
        );
    }

    #[test]
    fn scripts_of_the_package_are_well_and_take_no_data_away() {
        let dir = TestDir::new();
        for (name, script) in [("postinst", POSTINST), ("prerm", PRERM), ("postrm", POSTRM)] {
            let file = dir.write(name, script);
            said(Command::new("sh").arg("-n").arg(&file)).unwrap();
            assert!(!script.contains("rm -"), "{name}");
        }
    }
}

//! The packages in a clean Debian: the product installed over an earlier one, begun as the guide says, used by a subscriber,
//! upgraded while it serves, moved to a key on a token by the key agent of the other package, and both purged.
//!
//! The system is made by debootstrap and entered by namespaces of its own, so that nothing of this machine is in it but the
//! compiler's output: a library that only this machine has would be missed here. It has no systemd; the service is started
//! as its unit says, by user and command line.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::kind::HONNIN;
use super::{SMALL, agent, package, version};
use crate::Failure;
use crate::demo::free_port;
use crate::tool::{needs, said};

/// Of the sample ledger: one line, and what is left of its newest bucket, in octets.
const LOGIN: &str = "mio10482913";
const LEFT: u64 = 6_214_370 * 1_000;
const PASSWORD: &str = "a package tried whole, 26";
pub(super) const DATA: &str = "/var/lib/honnin";
const EXAMPLES: &str = "/usr/share/doc/honnin/examples";
const NAME: &str = HONNIN.name;
/// How long a service may take to serve.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);
pub(super) const PAUSE: Duration = Duration::from_millis(200);

/// Tries the packages of those programs, the product's installed over that earlier one; gives what was done, a line each.
pub(super) fn tried(
    binary: Option<&Path>,
    key_agent: Option<&Path>,
    earlier: Option<&Path>,
) -> Result<Vec<String>, Failure> {
    needs("debootstrap", &["--version"], "apt-get install -y --no-install-recommends debootstrap")?;
    needs("unshare", &["--version"], "apt-get install -y --no-install-recommends util-linux")?;
    if said(Command::new("id").arg("-u"))?.trim() != "0" {
        return Err("cannot make a clean system: only root can; run it as root".into());
    }
    let made = tempfile::tempdir()?;
    let now = package(&HONNIN, binary, &made.path().join("now"), SMALL, version())?;
    let before = if let Some(file) = earlier {
        file.to_owned()
    } else {
        // Before every other of this version, by Debian's order.
        let before = format!("{}~before", version());
        package(&HONNIN, binary, &made.path().join("before"), SMALL, &before)?
    };
    let mut done = Vec::new();
    let mut step = |what: String| {
        println!("package: {what}");
        done.push(what);
    };
    let system = System::make(&made.path().join("root"))?;
    step(format!("a clean Debian system ({}) was made", system.suite));
    system.install(&before)?;
    let first = system.version()?;
    step(format!("the package {first} was installed, with what it depends on"));

    system.honnin(&["init", DATA, "--key-file", "/etc/honnin/key"])?;
    let port = free_port()?;
    system.listens_on(port)?;
    system.honnin(&["--data", DATA, "config", "check"])?;
    let (mapping, sample) =
        (format!("{EXAMPLES}/ledger-a/mapping.toml"), format!("{EXAMPLES}/sample-ledger"));
    system.honnin(&["--data", DATA, "intake", "files", "--mapping", &mapping, &sample])?;
    let invited = system.honnin(&["--data", DATA, "account", "invite", LOGIN, "--json"])?;
    let code: Value = serde_json::from_str(&invited)?;
    let code = code.get("code").and_then(Value::as_str).ok_or("invite told no code")?.to_owned();
    step(
        "by four commands as the user honnin it was begun, and had a ledger and a code for a subscriber"
            .to_owned(),
    );

    let service = system.serve(port)?;
    let site = format!("http://127.0.0.1:{port}");
    let activation = [("login", LOGIN), ("code", code.as_str()), ("password", PASSWORD)];
    ureq::post(format!("{site}/activate")).send_form(activation)?;
    let home = seen(&site)?;
    step("the fifth, the service as its unit starts it: she set a password, signed in, and saw what the ledger says".to_owned());

    system.install(&now)?;
    let second = system.version()?;
    if first == second {
        return Err(format!("the upgrade left {first} as it was").into());
    }
    if seen(&site)? != home {
        return Err("the running service answered otherwise after its files were replaced".into());
    }
    drop(service);
    let service = system.serve(port)?;
    if seen(&site)? != home {
        return Err("after the upgrade she sees other figures".into());
    }
    drop(service);
    system.honnin(&["--data", DATA, "journal", "verify"])?;
    step(format!(
        "{second} replaced it while it served; started again it showed the same, and the journal verifies"
    ));

    let holding = agent::moved(&system, key_agent, made.path(), &mut step)?;
    let service = system.serve(port)?;
    if seen(&site)? != home {
        return Err("with a key on a token she sees other figures".into());
    }
    drop((service, holding));
    agent::purged(&system, &mut step)?;

    let kept = [system.path(DATA).join("keyring.toml"), system.path("/etc/honnin/key")];
    let files = system.purge(NAME, 20, "/var/lib/honnin and its key file are left")?;
    if !kept.iter().all(|file| file.is_file()) {
        return Err("the purge took data away".into());
    }
    step(format!("purged: none of its {files} files is left, the data and the key file are, and it says so"));
    Ok(done)
}

/// Signs in and asks for home: what is left there, and everything that was said of it.
fn seen(site: &str) -> Result<Value, Failure> {
    let who = json!({ "login": LOGIN, "password": PASSWORD });
    let mut answer = ureq::post(format!("{site}/api/v1/sessions")).send_json(who)?;
    let session: Value = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
    let token = session.get("token").and_then(Value::as_str).ok_or("signing in told no token")?;
    let ask = |path: &str| -> Result<Value, Failure> {
        let ask = ureq::get(format!("{site}{path}")).header("authorization", format!("Bearer {token}"));
        Ok(serde_json::from_str(&ask.call()?.body_mut().read_to_string()?)?)
    };
    let me = ask("/api/v1/me")?;
    let line = me.pointer("/lines/0/line").and_then(Value::as_str);
    let line = line.ok_or_else(|| format!("she has no line: {me}"))?;
    let buckets = ask(&format!("/api/v1/lines/{line}/buckets"))?;
    if !buckets.to_string().contains(&LEFT.to_string()) {
        return Err(format!("{LEFT} octets are not among the buckets of {LOGIN}").into());
    }
    Ok(buckets)
}

/// A Debian system in a directory.
pub(super) struct System {
    root: PathBuf,
    suite: String,
}

impl System {
    fn make(root: &Path) -> Result<Self, Failure> {
        let about = fs::read_to_string("/etc/os-release")?;
        let suite = about.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
        let suite =
            suite.ok_or("cannot make a clean system: this one is no Debian; run it on Debian")?.to_owned();
        said(Command::new("debootstrap").args(["--variant=minbase", &suite]).arg(root))?;
        Ok(Self { root: root.to_owned(), suite })
    }

    pub(super) fn path(&self, inside: &str) -> PathBuf {
        self.root.join(inside.trim_start_matches('/'))
    }

    /// A command in it. Whatever that began ends with it.
    pub(super) fn enter(&self, words: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--root"])
            .arg(&self.root);
        command.args(words).env("DEBIAN_FRONTEND", "noninteractive").env("LC_ALL", "C.UTF-8");
        command
    }

    /// The program in it, as its user.
    pub(super) fn honnin(&self, words: &[&str]) -> Result<String, Failure> {
        said(&mut self.enter(&[&["runuser", "-u", NAME, "--", NAME], words].concat()))
    }

    pub(super) fn install(&self, file: &Path) -> Result<(), Failure> {
        let inside = self.path("/tmp/honnin.deb");
        if file != inside {
            fs::copy(file, inside)?;
        }
        said(&mut self.enter(&["apt-get", "install", "-y", "--no-install-recommends", "/tmp/honnin.deb"]))
            .map(drop)
    }

    fn version(&self) -> Result<String, Failure> {
        said(&mut self.enter(&["dpkg-query", "--show", "--showformat=${Version}", NAME]))
    }

    /// Purges that package, which says so at least; gives how many files it had, of which none is left.
    pub(super) fn purge(&self, name: &str, fewest: usize, says: &str) -> Result<usize, Failure> {
        let brought = said(&mut self.enter(&["dpkg", "--listfiles", name]))?;
        let brought: Vec<PathBuf> =
            brought.lines().map(|line| self.path(line)).filter(|path| !path.is_dir()).collect();
        let purged = self.enter(&["apt-get", "purge", "-y", name]).output()?;
        let told = String::from_utf8_lossy(&purged.stderr).into_owned();
        if !purged.status.success() || !told.contains(says) {
            return Err(format!("apt-get purge {name} failed, or did not say what is left: {told}").into());
        }
        let left: Vec<&PathBuf> = brought.iter().filter(|path| path.symlink_metadata().is_ok()).collect();
        if brought.len() < fewest || !left.is_empty() {
            return Err(format!("of {} files of {name} the purge left {left:?}", brought.len()).into());
        }
        Ok(brought.len())
    }

    /// Another port than the one that every installation begins with: something may serve there on this machine.
    fn listens_on(&self, port: u16) -> Result<(), Failure> {
        let file = self.path(DATA).join("honnin.toml");
        let settings = fs::read_to_string(&file)?;
        let moved = settings.replace("127.0.0.1:8080", &format!("127.0.0.1:{port}"));
        let moved = moved.replace("127.0.0.1:9090", &format!("127.0.0.1:{}", free_port()?));
        if moved == settings {
            return Err("the settings of a new installation name no 127.0.0.1:8080".into());
        }
        // Written, not replaced: it stays its owner's.
        Ok(fs::write(&file, moved)?)
    }

    /// Starts the service as its unit says, and waits until it serves.
    fn serve(&self, port: u16) -> Result<Service, Failure> {
        let unit = fs::read_to_string(self.path("/usr/lib/systemd/system/honnin.service"))?;
        let said = |key: &str| unit.lines().find_map(|line| line.strip_prefix(key));
        let (Some(user), Some(line)) = (said("User="), said("ExecStart=")) else {
            return Err("the unit names no user or no command".into());
        };
        let words: Vec<&str> =
            ["runuser", "-u", user, "--"].into_iter().chain(line.split_whitespace()).collect();
        let mut command = self.enter(&words);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut service = Service { child: command.spawn()?, port };
        service.serves()?;
        Ok(service)
    }
}

/// The service; ends when dropped.
struct Service {
    child: Child,
    port: u16,
}

impl Service {
    fn is_there(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).is_ok()
    }

    #[expect(clippy::disallowed_methods, reason = "a chore waits by the wall clock")]
    fn serves(&mut self) -> Result<(), Failure> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("the service ended at its start: {status}").into());
            }
            if self.is_there() {
                return Ok(());
            }
            thread::sleep(PAUSE);
        }
        Err(format!("the service did not serve within {} s", PATIENCE.as_secs()).into())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // As a crash ends it, and with it whatever runs in its namespace, a moment later. An error means that it is gone.
        let _gone = self.child.kill().and_then(|()| self.child.wait());
        for _ in 0..50 {
            if !self.is_there() {
                return;
            }
            thread::sleep(PAUSE);
        }
    }
}

/// The programs that `cargo xtask package` makes its packages of, where deep work tries it.
pub(crate) fn deep() -> Result<(bool, Vec<String>), Failure> {
    let done = tried(None, None, None)?;
    Ok((true, done.into_iter().map(|line| format!("- {line}")).collect()))
}

//! The key agent's package in the same clean Debian: installed beside the product, a house moved to a token, upgraded while
//! it serves, purged. Its token is `SoftHSM`'s.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;

use super::kind::AGENT;
use super::tried::{DATA, PATIENCE, PAUSE, System};
use super::{SMALL, package, version};
use crate::Failure;
use crate::tool::said;

const PLACE: &str = "/etc/honnin-key";
const SOCKET: &str = "/run/honnin-key/agent.sock";
const PIN: &str = "2611-3011";

/// Installs it, upgraded from an earlier version while it serves, and has the house's key held by a token. What serves the
/// house is told with what was done.
pub(super) fn moved(
    system: &System,
    binary: Option<&Path>,
    made: &Path,
    step: &mut dyn FnMut(String),
) -> Result<Serving, Failure> {
    let now = package(&AGENT, binary, &made.join("agent-now"), SMALL, version())?;
    let earlier = format!("{}~before", version());
    let before = package(&AGENT, binary, &made.join("agent-before"), SMALL, &earlier)?;
    system.install(&before)?;
    let mut softhsm = system.enter(&["apt-get", "install", "-y", "--no-install-recommends", "softhsm2"]);
    said(&mut softhsm)?;
    owned(system)?;

    // As docs/key-agent.md says.
    as_root(system, "adduser --quiet honnin-key softhsm")?;
    let write = format!("umask 077 && echo {PIN} > {PLACE}/pin && chown honnin-key:honnin-key {PLACE}/pin");
    as_root(system, &write)?;
    let as_agent =
        |words: &[&str]| said(&mut system.enter(&[&["runuser", "-u", "honnin-key", "--"], words].concat()));
    as_agent(&[
        "softhsm2-util",
        "--init-token",
        "--free",
        "--label",
        "honnin",
        "--so-pin",
        PIN,
        "--pin",
        PIN,
    ])?;
    let module = "/usr/lib/softhsm/libsofthsm2.so";
    let pin = format!("{PLACE}/pin");
    let key = ["--module", module, "--token", "honnin", "--key", "house", "--pin-file", &pin];
    as_agent(&[&["honnin-key-agent", "make-key"][..], &key].concat())?;
    let serving = Serving::start(system)?;
    let to = format!("socket:{SOCKET}");
    system.honnin(&["--data", DATA, "key", "rotate", "--to", &to])?;
    system.install(&now)?;
    let second = said(&mut system.enter(&["dpkg-query", "--show", "--showformat=${Version}", AGENT.name]))?;
    if second != version() {
        return Err(format!("the upgrade of the agent left {second} as it was").into());
    }
    let settings = system.path(DATA).join("honnin.toml");
    let text = fs::read_to_string(&settings)?;
    fs::write(&settings, text.replace("key_file = \"/etc/honnin/key\"", &format!("key_file = {to:?}")))?;
    drop(serving);
    let serving = Serving::start(system)?;
    system.honnin(&["--data", DATA, "key", "check"])?;
    system.honnin(&["--data", DATA, "key", "rotate", "--finish", "--yes"])?;
    // Who is in no group of the agent's does not even reach the socket.
    let stranger = format!("runuser -u nobody -- test -e {SOCKET}");
    if as_root(system, &stranger).is_ok() {
        return Err(format!("anybody reaches {SOCKET}").into());
    }
    step(format!(
        "the key agent {earlier} was installed beside it, the house moved to a token, and {second} replaced the agent"
    ));
    Ok(serving)
}

/// What it brought is root's, and what it made is as the guide says.
fn owned(system: &System) -> Result<(), Failure> {
    let listed = "dpkg --listfiles honnin-key-agent | xargs stat -c '%U %G %a %n' | grep -v '^root root [0-7]*[0145][0145] ' || true";
    let others = as_root(system, listed)?;
    if !others.is_empty() {
        return Err(
            format!("others than root own or write what the agent's package brought: {others}").into()
        );
    }
    let made = as_root(system, &format!("stat -c '%U %G %a' {PLACE} && id -nG honnin && id -nG honnin-key"))?;
    let told: Vec<&str> = made.lines().collect();
    if told != ["honnin-key honnin-key 700", "honnin honnin-key", "honnin-key"] {
        return Err(format!("the agent's package made its directory and users otherwise: {told:?}").into());
    }
    Ok(())
}

/// Takes it away: what is left is the PIN, which it says, and nothing at all where there is none.
pub(super) fn purged(system: &System, step: &mut dyn FnMut(String)) -> Result<(), Failure> {
    let (pin, place) = (system.path(PLACE).join("pin"), system.path(PLACE));
    let files = system.purge(AGENT.name, 10, &format!("{PLACE} with the PIN is left"))?;
    if !pin.is_file() {
        return Err("the purge took the PIN away".into());
    }
    fs::remove_file(&pin)?;
    system.install(&system.path("/tmp/honnin.deb"))?;
    system.purge(AGENT.name, 10, "")?;
    if place.exists() {
        return Err(format!("the purge left {PLACE}, which was empty").into());
    }
    step(format!("the agent was purged: none of its {files} files is left, the PIN is, and it says so"));
    Ok(())
}

fn as_root(system: &System, script: &str) -> Result<String, Failure> {
    said(&mut system.enter(&["sh", "-ec", script]))
}

/// The agent as its unit starts it; ends when dropped.
pub(super) struct Serving(Child);

impl Serving {
    #[expect(clippy::disallowed_methods, reason = "a chore waits by the wall clock")]
    fn start(system: &System) -> Result<Self, Failure> {
        let unit = fs::read_to_string(system.path("/usr/lib/systemd/system").join(AGENT.unit))?;
        let said = |key: &str| unit.lines().find_map(|line| line.strip_prefix(key)).map(str::to_owned);
        let needed = |key: &str| said(key).ok_or_else(|| format!("the agent's unit has no {key}"));
        let (user, group) = (needed("User=")?, needed("Group=")?);
        let (directory, mode) = (needed("RuntimeDirectory=")?, needed("RuntimeDirectoryMode=")?);
        let credential = needed("LoadCredential=pin:")?;
        // What systemd makes and passes, by hand.
        let passed = "/run/credentials/honnin-key-agent";
        as_root(
            system,
            &format!(
                "install -d -m {mode} -o {user} -g {group} /run/{directory}; install -d -m 0700 -o {user} {passed}; \
             install -m 0400 -o {user} {credential} {passed}/pin"
            ),
        )?;
        let mut line = needed("ExecStart=")?.replace("%d", passed);
        for value in needed("Environment=")?.split_whitespace() {
            let (name, value) = value.split_once('=').ok_or("an Environment= without a value")?;
            line = line.replace(&format!("${{{name}}}"), value);
        }
        let words: Vec<&str> =
            ["runuser", "-u", &user, "--"].into_iter().chain(line.split_whitespace()).collect();
        let socket: PathBuf = system.path(SOCKET);
        fs::remove_file(&socket).unwrap_or_default();
        let mut agent = system.enter(&words);
        let mut agent = Self(agent.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?);
        let begun = std::time::Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = agent.0.try_wait()? {
                return Err(format!("the agent ended at its start: {status}").into());
            }
            if socket.exists() {
                return Ok(agent);
            }
            thread::sleep(PAUSE);
        }
        Err(format!("the agent did not listen within {} s", PATIENCE.as_secs()).into())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // An error means that it is gone.
        let _gone = self.0.kill().and_then(|()| self.0.wait());
    }
}

//! The release demo, running for as long as a chore needs it.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use honnin_testkit::TestDir;
use serde_json::Value;

use crate::{Failure, tidy};

/// A demo on a free port; ends when dropped.
#[derive(Debug)]
pub(crate) struct Demo {
    process: Child,
    address: String,
    sessions: String,
}

/// How often we look whether the demo is ready, and how long in between.
const LOOKS: u32 = 600;
const PAUSE: Duration = Duration::from_millis(500);

impl Demo {
    /// Builds and starts the demo and waits until it is ready to serve.
    pub(crate) fn start(ledger: Option<&Path>) -> Result<Self, Failure> {
        let cargo = |words: &[&str]| {
            let mut cargo = Command::new("cargo");
            cargo.args(words).current_dir(tidy::root()).stdin(Stdio::null());
            cargo
        };
        // As this program itself was built.
        let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
        if !cargo(&["build", "--locked", "--profile", profile, "--package", "honnin"]).status()?.success() {
            return Err("the demo does not build".into());
        }
        let dir = TestDir::new();
        let file = dir.join("sessions.csv");
        let listen = format!("127.0.0.1:{}", free_port()?);
        // Once built, `cargo run` becomes the demo itself, so that ending the child ends the demo.
        let mut command =
            cargo(&["run", "--locked", "--quiet", "--profile", profile, "--package", "honnin", "--", "demo"]);
        command.args(["--listen", &listen, "--sessions", "1000", "--sessions-out"]).arg(&file);
        if let Some(ledger) = ledger {
            command.arg("--ledger").arg(ledger);
        }
        let process =
            command.stdout(Stdio::null()).spawn().map_err(|error| format!("start the demo: {error}"))?;
        let mut demo = Self { process, address: format!("http://{listen}"), sessions: String::new() };
        for _ in 0..LOOKS {
            if let Some(status) = demo.process.try_wait()? {
                return Err(format!("the demo ended before it was ready: {status}").into());
            }
            // The file is written when the demo is ready to serve; a last line without its end is still being written.
            demo.sessions = fs::read_to_string(&file).unwrap_or_default();
            if demo.sessions.ends_with('\n') && ureq::get(demo.address("/sign-in")).call().is_ok() {
                return Ok(demo);
            }
            thread::sleep(PAUSE);
        }
        Err(format!("the demo was not ready after {} s", (PAUSE * LOOKS).as_secs()).into())
    }

    /// The address of a page.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// The cookie of a session of that account.
    pub(crate) fn cookie_of(&self, account: &str) -> Result<String, Failure> {
        cookie_of(&self.sessions, account)
            .ok_or_else(|| format!("the demo made no session of {account}").into())
    }

    /// Asks the API as that session's account.
    pub(crate) fn ask(&self, path: &str, cookie: &str) -> Result<Value, Failure> {
        let answer = ureq::get(self.address(path)).header("cookie", cookie).call();
        let text = answer.and_then(|mut answer| answer.body_mut().read_to_string());
        Ok(serde_json::from_str(&text.map_err(|error| format!("ask {path}: {error}"))?)?)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Asked first, so that it removes its throw-away directory; ended where it does not listen or `kill` is missing.
        let asked = Command::new("kill")
            .arg(self.process.id().to_string())
            .status()
            .is_ok_and(|status| status.success());
        for _ in 0..if asked { 20 } else { 0 } {
            if matches!(self.process.try_wait(), Ok(Some(_))) {
                return;
            }
            thread::sleep(PAUSE);
        }
        // An error means that it is gone already.
        let _gone = self.process.kill().and_then(|()| self.process.wait());
    }
}

/// A port that nobody listens at now.
pub(crate) fn free_port() -> Result<u16, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Finds an account in lines of `account,cookie`.
fn cookie_of(sessions: &str, account: &str) -> Option<String> {
    let mut rows = sessions.lines().filter_map(|line| line.split_once(','));
    rows.find(|(name, _)| *name == account).map(|(_, cookie)| cookie.trim().trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_account() {
        let sessions = "account,cookie\nmio1,sid=abc\nmio2,\"sid=def\"\nmio1,sid=ghi\n";
        assert_eq!(cookie_of(sessions, "mio1").as_deref(), Some("sid=abc"));
        assert_eq!(cookie_of(sessions, "mio2").as_deref(), Some("sid=def"));
        assert_eq!(cookie_of(sessions, "mio3"), None);
    }
}

//! A demo running for the length of a test.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::path::Path;
use std::process::Command;

use super::binary::command;
use super::browser::Browser;
use super::running::Running;

/// The password a demo gives every account, as it prints it.
pub(crate) const PASSWORD: &str = "honnin-demo-only";

/// A running demo; asked to end when dropped, and waited for.
#[derive(Debug)]
pub(crate) struct Demo {
    running: Running,
    /// Where it serves: `http://127.0.0.1:40123`.
    pub(crate) address: String,
}

impl Demo {
    /// Starts a demo on a free port and waits until it serves.
    ///
    /// # Panics
    /// Where it ends instead; its standard error then stands in the test's.
    pub(crate) fn start<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Self {
        Self::start_as(command(), args)
    }

    /// The same with its log lines, from that level on, written to a file.
    pub(crate) fn start_logging<S: AsRef<OsStr>>(
        log: &Path,
        level: &str,
        args: impl IntoIterator<Item = S>,
    ) -> Self {
        let mut command = command();
        let log = OpenOptions::new().append(true).create(true).open(log).expect("a file for log lines");
        command.env("HONNIN_LOG", level).stderr(log);
        Self::start_as(command, args)
    }

    fn start_as<S: AsRef<OsStr>>(mut command: Command, args: impl IntoIterator<Item = S>) -> Self {
        command.args(["demo", "--listen", "127.0.0.1:0"]).args(args);
        let running = Running::start(command, "Stop with Ctrl-C.");
        let address = running.after("Honnin demo: ").trim_end_matches('/').to_owned();
        Self { running, address }
    }

    /// What it printed.
    pub(crate) fn said(&self) -> &str {
        &self.running.said
    }

    /// The word after that text in what it printed.
    pub(crate) fn after(&self, text: &str) -> &str {
        self.running.after(text)
    }

    /// The logins it names, in its order.
    pub(crate) fn logins(&self) -> Vec<String> {
        let words = self.said().split_whitespace();
        words.filter(|word| word.starts_with("mio")).map(str::to_owned).collect()
    }

    /// A browser without cookies.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.address)
    }

    /// A browser of each account in a file that `--sessions-out` wrote, by account.
    pub(crate) fn browsers(&self, sessions: &Path) -> BTreeMap<String, Browser> {
        let text = fs::read_to_string(sessions).expect("the file of the sessions");
        let rows = text.lines().skip(1).map(|line| line.split_once(',').expect("account,cookie"));
        rows.map(|(account, cookie)| (account.to_owned(), self.browser().with_cookie(cookie))).collect()
    }

    /// Where monitors ask.
    pub(crate) fn monitor(&self) -> &str {
        self.after("metrics ").trim_end_matches("/metrics")
    }

    /// A metric of that name (with its labels), as it stands now.
    pub(crate) fn metric(&self, name: &str) -> Option<f64> {
        let text = Browser::new(self.monitor()).get("/metrics").body;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.and_then(|value| value.parse().ok())
    }

    /// Asks it to end, as Ctrl-C does, and gives its exit code.
    pub(crate) fn stop(self) -> Option<i32> {
        self.running.stop("-INT")
    }

    /// Ends it as a power cut does.
    pub(crate) fn kill(self) {
        self.running.kill();
    }
}

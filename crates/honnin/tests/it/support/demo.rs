//! A demo running for the length of a test.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use super::binary::command;
use super::browser::Browser;

/// The password a demo gives every account, as it prints it.
pub(crate) const PASSWORD: &str = "honnin-demo-only";

/// A running demo; asked to end when dropped, and waited for.
#[derive(Debug)]
pub(crate) struct Demo {
    child: Child,
    out: BufReader<ChildStdout>,
    /// What it has printed so far.
    pub said: String,
    /// Where it serves: `http://127.0.0.1:40123`.
    pub address: String,
}

impl Demo {
    /// Starts a demo on a free port and waits until it serves.
    ///
    /// # Panics
    /// Where it ends instead; its standard error then stands in the test's.
    pub(crate) fn start<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Self {
        let mut command = command();
        command.args(["demo", "--listen", "127.0.0.1:0"]).args(args).stdout(Stdio::piped());
        let mut child = command.spawn().expect("run the binary");
        let out = BufReader::new(child.stdout.take().expect("its standard output"));
        let mut demo = Self { child, out, said: String::new(), address: String::new() };
        demo.read_until("Stop with Ctrl-C.");
        demo.address = demo.after("Honnin demo: ").trim_end_matches('/').to_owned();
        demo
    }

    fn read_until(&mut self, end: &str) {
        while !self.said.contains(end) {
            let read = self.out.read_line(&mut self.said).expect("read what the demo prints");
            assert!(read > 0, "the demo ended after saying:\n{}", self.said);
        }
    }

    /// The word after that text in what it printed.
    pub(crate) fn after(&self, text: &str) -> &str {
        let rest = self.said.split_once(text).map(|(_, rest)| rest);
        let word = rest.and_then(|rest| rest.split_whitespace().next());
        word.unwrap_or_else(|| panic!("{text:?} in {}", self.said))
    }

    /// The logins it names, in its order.
    pub(crate) fn logins(&self) -> Vec<String> {
        let words = self.said.split_whitespace();
        words.filter(|word| word.starts_with("mio")).map(str::to_owned).collect()
    }

    /// A browser without cookies.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.address)
    }

    /// A metric of that name (with its labels), as it stands now.
    pub(crate) fn metric(&self, name: &str) -> Option<f64> {
        let address = self.after("metrics ").trim_end_matches("/metrics");
        let text = Browser::new(address).get("/metrics").body;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.and_then(|value| value.parse().ok())
    }

    /// Asks it to end, as Ctrl-C does, and gives its exit code.
    pub(crate) fn stop(mut self) -> Option<i32> {
        self.interrupt();
        self.child.wait().expect("wait for the demo").code()
    }

    /// Ends it as a power cut does.
    #[expect(dead_code, reason = "for tests of what a crash leaves")]
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("kill the demo");
        self.child.wait().expect("wait for the demo");
    }

    fn interrupt(&self) {
        let asked = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        assert!(asked.expect("ask the demo to end").success());
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let lives = |child: &mut Child| child.try_wait().is_ok_and(|ended| ended.is_none());
        if lives(&mut self.child) {
            self.interrupt();
            // One that does not end when it is asked to is a failure of its own, not a reason to hang here.
            let mut patience = 300;
            while lives(&mut self.child) && patience > 0 {
                patience -= 1;
                thread::sleep(Duration::from_millis(100));
            }
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

//! The binary at work for the length of a test.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

/// A process that was asked to serve; asked to end when dropped, and waited for.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
    /// What it has printed so far.
    pub(crate) said: String,
}

impl Running {
    /// Starts it and waits until it has printed a line with that text.
    ///
    /// # Panics
    /// Where it ends instead; its standard error then stands in the test's.
    pub(crate) fn start(mut command: Command, until: &str) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("run the binary");
        let out = BufReader::new(child.stdout.take().expect("its standard output"));
        let mut running = Self { child, out, said: String::new() };
        while !running.said.contains(until) || !running.said.ends_with('\n') {
            let read = running.out.read_line(&mut running.said).expect("read what it prints");
            assert!(read > 0, "it ended after saying:\n{}", running.said);
        }
        running
    }

    /// The word after that text in what it printed.
    pub(crate) fn after(&self, text: &str) -> &str {
        let rest = self.said.split_once(text).map(|(_, rest)| rest);
        let word = rest.and_then(|rest| rest.split_whitespace().next());
        word.unwrap_or_else(|| panic!("{text:?} in {}", self.said))
    }

    /// Asks it to end by that signal and gives its exit code.
    pub(crate) fn stop(mut self, signal: &str) -> Option<i32> {
        self.signal(signal);
        self.child.wait().expect("wait for its end").code()
    }

    /// Ends it as a power cut does.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("kill it");
        self.child.wait().expect("wait for its end");
    }

    pub(crate) fn signal(&self, signal: &str) {
        let asked = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(asked.expect("ask it to end").success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let lives = |child: &mut Child| child.try_wait().is_ok_and(|ended| ended.is_none());
        if lives(&mut self.child) {
            self.signal("-INT");
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

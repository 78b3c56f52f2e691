//! Tokens of PKCS#11 in files of a test's own: Debian's `SoftHSM`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use crate::TestDir;

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const UTILITY: &str = "/usr/bin/softhsm2-util";
const SO_PIN: &str = "so-pin-of-a-test";
const CONF: &str = "softhsm2.conf";

/// A place for tokens, the PIN they all have, and agents that answer for them.
#[derive(Debug)]
pub struct Tokens {
    dir: TestDir,
    agent: PathBuf,
    module: PathBuf,
}

/// An agent at work; killed when dropped.
#[derive(Debug)]
pub struct ServingAgent(Child);

impl Drop for ServingAgent {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[expect(clippy::expect_used, reason = "a test without its token cannot go on")]
impl Tokens {
    /// The PIN.
    pub const PIN: &str = "4711-0815";

    /// No token yet, and the agent that is to ask them; `None`, said aloud, where `SoftHSM` is not installed.
    ///
    /// # Panics
    /// Where the place cannot be made.
    pub fn new(agent: &Path) -> Option<Self> {
        if !Path::new(MODULE).exists() || !Path::new(UTILITY).exists() {
            #[expect(clippy::print_stdout, reason = "what was not tried is said aloud")]
            {
                println!(
                    "skipped: SoftHSM is not on this machine: apt-get install -y --no-install-recommends softhsm2"
                );
            }
            return None;
        }
        let tokens = Self { dir: TestDir::new(), agent: agent.to_owned(), module: MODULE.into() };
        fs::create_dir(tokens.kept()).expect("a directory for tokens");
        tokens.dir.write(CONF, format!("directories.tokendir = {}\n", tokens.kept().display()));
        tokens.write_pin(Self::PIN);
        Some(tokens)
    }

    /// The same tokens by another module.
    #[must_use]
    pub fn by(self, module: PathBuf) -> Self {
        Self { module, ..self }
    }

    /// A path of that name beside the tokens.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Where the tokens are. A test takes it away as a hand does.
    pub fn kept(&self) -> PathBuf {
        self.dir.join("tokens")
    }

    /// Writes the PIN file.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn write_pin(&self, pin: &str) {
        let file = self.dir.write("pin", format!("{pin}\n"));
        fs::set_permissions(file, Permissions::from_mode(0o600)).expect("a PIN file closed to others");
    }

    /// The maker's tool.
    ///
    /// # Panics
    /// Where it cannot be run.
    pub fn utility(&self, words: &[&str]) -> Output {
        let mut command = Command::new(UTILITY);
        command.env_clear().env("SOFTHSM2_CONF", self.dir.join(CONF)).args(words);
        command.stdin(Stdio::null()).output().expect("run softhsm2-util")
    }

    /// A new token of that label, with a key "kek" that the agent makes.
    ///
    /// # Panics
    /// Where it cannot be made.
    pub fn make(&self, label: &str) {
        let words = ["--init-token", "--free", "--label", label, "--so-pin", SO_PIN, "--pin", Self::PIN];
        for made in
            [self.utility(&words), self.agent("make-key", label, "kek").output().expect("run the agent")]
        {
            assert!(made.status.success(), "{made:?}");
        }
    }

    /// Makes the token of that label anew, with another PIN.
    ///
    /// # Panics
    /// Where it cannot be made.
    pub fn make_again(&self, label: &str, pin: &str) {
        let words = ["--init-token", "--token", label, "--label", label, "--so-pin", SO_PIN, "--pin", pin];
        let made = self.utility(&words);
        assert!(made.status.success(), "{made:?}");
    }

    /// The agent, asked that of that key.
    pub fn agent(&self, command: &str, token: &str, key: &str) -> Command {
        let mut agent = Command::new(&self.agent);
        agent.env_clear().env("SOFTHSM2_CONF", self.dir.join(CONF)).stdin(Stdio::null());
        agent.arg(command).arg("--module").arg(&self.module).args(["--token", token, "--key", key]);
        agent.arg("--pin-file").arg(self.dir.join("pin"));
        agent
    }

    /// Serves the key "kek" of that token at that socket, in place of whoever was killed there.
    ///
    /// # Panics
    /// Where it does not come to serve.
    pub fn serve(&self, token: &str, socket: &Path, more: &[&str]) -> ServingAgent {
        let log = fs::File::create(self.dir.join("log")).expect("a file for its log");
        let mut agent = self.agent("serve", token, "kek");
        agent.arg("--socket").arg(socket).args(more).stderr(log);
        let mut serving = ServingAgent(agent.spawn().expect("run the agent"));
        while !self.log().contains("listening at") {
            let ended = serving.0.try_wait().expect("ask for its end");
            assert!(ended.is_none(), "it ended: {}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
        serving
    }

    /// What the agent that was started last has said.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }
}
